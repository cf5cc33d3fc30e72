"""Compute a planned number again from its sufficient statistics, with no row of a customer: for whoever was not there.

What must agree: the estimate and its limits (to 1e-9 of their size, since the same draws are drawn again), the threshold with
the one registered, and the order of the ledger, in which the plan stands before its result.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dualtrack.domain.records import read_record
from dualtrack.errors import DualtrackError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.plans.judging import corrected_level
from dualtrack.evidence.plans.reading import item_settings
from dualtrack.evidence.plans.running import chosen_measurement
from dualtrack.evidence.registry import find_measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.evidence import Predicate
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.plans.records import MeasurementPlan, PlanItem

__all__ = ["TOLERANCE", "Agreement", "Recomputed", "recompute_evidence"]

TOLERANCE = 1e-9
"""Relative difference that is rounding: a sum in another order, another build of numpy."""

Agreement = Literal["equal", "differs", "cannot", "elsewhere"]

_LIMITS = ("estimate", "low", "high")
_NAMED = {"gap": "estimate", "gap_low": "low", "gap_high": "high"}


class Recomputed(NamedTuple):
    """Whether a number came out again, and in words what differed or why it could not be computed.

    `elsewhere`: it names no plan and carries no statistics of ours, as a measurement by other tools.
    """

    agreement: Agreement
    said: str


def recompute_evidence(predicate: Predicate, index: int, plans: Mapping[int, MeasurementPlan]) -> Recomputed:
    """Compute the evidence at a ledger index again; `plans` are the registered plans by index."""
    parts = predicate.statistics.get("parts")
    if not isinstance(parts, dict):
        return _recompute(predicate, predicate.statistics, None, index, plans)
    found = [_recompute(predicate, statistics, part, index, plans) for part, statistics in sorted(parts.items())]
    return next((each for each in found if each.agreement != "equal"), Recomputed("equal", ""))


def _recompute(
    predicate: Predicate, statistics: dict[str, Any], part: str | None, index: int, plans: Mapping[int, MeasurementPlan]
) -> Recomputed:
    reference = statistics.get("plan")
    if not isinstance(reference, dict):
        return Recomputed("elsewhere", "it names no plan")
    plan = plans.get(reference.get("index", -1))
    item = None if plan is None else next((each for each in plan.items if each.id == reference.get("item")), None)
    if plan is None or item is None:
        return Recomputed(
            "cannot", f"the plan at entry {reference.get('index')} with its item is not among what was received"
        )
    if reference["index"] >= index:
        return Recomputed(
            "differs", f"the plan (entry {reference['index']}) does not stand before the result (entry {index})"
        )
    try:
        measured = _again(predicate, statistics, plan, item, reference)
    except DualtrackError as error:
        return Recomputed("cannot", f"{error.where}: {error.found}" if error.where else error.found)
    return _compared(predicate, item, measured, part)


def _again(
    predicate: Predicate, kept: dict[str, Any], plan: MeasurementPlan, item: PlanItem, reference: dict[str, Any]
) -> Measurement | None:
    measure = find_measure(item.measure)
    settings = item_settings(item, where=item.id)
    statistics = read_record(kept["sufficient"], measure.statistics, where="statistics")
    how = Estimating(
        data_digest=str(predicate.data_digest),
        level=corrected_level(plan.level, int(reference["variants"])),
        seed=plan.seed,
        draws=plan.draws,
        cell_size_min=plan.cell_size_min,
    )
    assert item.gate is not None
    return chosen_measurement(measure.estimate(statistics, settings, how), item.gate)


def _compared(predicate: Predicate, item: PlanItem, measured: Measurement | None, part: str | None) -> Recomputed:
    assert item.gate is not None
    if measured is None or measured.estimate is None:
        return Recomputed("differs", "from the statistics no estimate can be formed")
    again = dict(zip(_LIMITS, (measured.estimate, measured.low, measured.high), strict=True))
    for name, value in predicate.fields.items():
        limit = measured.estimate if name == part else again.get(_NAMED.get(name, name))
        if (
            limit is not None
            and isinstance(value, float)
            and not math.isclose(value, limit, rel_tol=TOLERANCE, abs_tol=1e-12)
        ):
            if name in {"low", "high", "gap_low", "gap_high"} and _beyond(value, limit, measured, name):
                continue
            return Recomputed("differs", f"{name} is {value:.12g} in the evidence and {limit:.12g} from the statistics")
    for name in ("target", "limit", "limit_low", "limit_high"):
        registered, stated = getattr(item.gate, name), predicate.fields.get(f"{part}_{name}" if part else name)
        if registered is not None and stated is not None and registered != stated:
            return Recomputed("differs", f"{name} is {stated} in the evidence and was registered as {registered}")
    return Recomputed("equal", "")


def _beyond(value: float, limit: float, measured: Measurement, name: str) -> bool:
    """Say whether a limit was moved out to the estimate, as evidence must hold low <= estimate <= high."""
    assert measured.estimate is not None
    moved = min(limit, measured.estimate) if name.endswith("low") else max(limit, measured.estimate)
    return math.isclose(value, moved, rel_tol=TOLERANCE, abs_tol=1e-12)
