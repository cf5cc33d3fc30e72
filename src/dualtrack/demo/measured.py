"""The demo's three uses measured by their plans: registered before a model is trained, run, and recorded as any firm's would be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.demo.measuring import prepare_use, use_plan
from dualtrack.evidence.demo.uses import DEMO_SEED
from dualtrack.evidence.plans.reading import plan_digest
from dualtrack.evidence.plans.recording import find_plan, record_run, register_plan
from dualtrack.evidence.plans.running import Asked, gated_measurement, run_plan

if TYPE_CHECKING:
    from dualtrack.evidence.demo.measuring import Prepared
    from dualtrack.evidence.demo.portfolio import Portfolio
    from dualtrack.evidence.demo.uses import Use
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.plans.records import MeasurementPlan, MeasurementResult
    from dualtrack.evidence.plans.running import PlanRun
    from dualtrack.keys.signer import Signer
    from dualtrack.store.register import Register

__all__ = ["Planned", "item_result", "measure_release", "plan_use", "train_use"]


class Planned(NamedTuple):
    """A use with its registered plan and, once trained, the model and data."""

    use: Use
    plan: MeasurementPlan
    prepared: Prepared


def plan_use(register: Register, use: Use, name: str, collector: Signer) -> MeasurementPlan:
    """Register what will be measured of a use, before anything is trained."""
    return register_plan(register, use_plan(use, name), collector, where=f"{use.slug}.yaml").plan


def train_use(use: Use, plan: MeasurementPlan, book: Portfolio) -> Planned:
    """Train the model of a use."""
    return Planned(use, plan, prepare_use(use, book, seed=DEMO_SEED))


def measure_release(register: Register, planned: Planned, release: str, taken_at: str, collector: Signer) -> PlanRun:
    """Run the plan on a release and record every result; those with a threshold become evidence."""
    found = find_plan(register, planned.plan.use, plan_digest(planned.plan))
    assert found is not None
    asked = Asked(release=release, plan=found.reference, variants=planned.plan.variants, taken_at=taken_at, demo=True)
    run = run_plan(planned.plan, planned.prepared.given, asked)
    record_run(register, run, collector)
    return run


def item_result(run: PlanRun, item: str) -> tuple[MeasurementResult, Measurement | None]:
    """Return the result of one item and the measurement that its threshold is about."""
    result = next(each for each in run.results if each.item.id == item)
    return result, gated_measurement(result)
