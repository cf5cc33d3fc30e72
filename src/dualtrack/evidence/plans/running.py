"""Run a plan: each item measured, judged and kept; what cannot be measured is said with its reason and never yields a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack import __version__
from dualtrack.domain import canonical
from dualtrack.domain.records import read_record
from dualtrack.errors import DualtrackError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.plans.bench import open_bench
from dualtrack.evidence.plans.group_gate import widest_gap
from dualtrack.evidence.plans.judging import Judged, corrected_level, judge, picked
from dualtrack.evidence.plans.reading import item_settings, plan_digest
from dualtrack.evidence.plans.records import MeasurementResult
from dualtrack.evidence.registry import find_measure
from dualtrack.evidence.suppression import people_least

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.plans.bench import Bench
    from dualtrack.evidence.plans.given import Given
    from dualtrack.evidence.plans.journal import RunJournal
    from dualtrack.evidence.plans.records import Gate, MeasurementPlan, PlanItem, PlanReference

__all__ = ["Asked", "PlanRun", "chosen_measurement", "gated_measurement", "people_min", "run_plan"]


class Asked(NamedTuple):
    """For whom a plan is run: the release, the registered plan (None: exploratory), versions tried, and the instant."""

    release: str
    plan: PlanReference | None
    variants: int
    taken_at: str
    demo: bool = False


class PlanRun(NamedTuple):
    """All results of a run, in the plan's order; `settled` says that every threshold was met."""

    digest: str
    plan: MeasurementPlan
    results: list[MeasurementResult]

    @property
    def settled(self) -> bool:
        """Say whether each item with a threshold met it, and nothing was beyond measuring."""
        return all(result.standing in {"met", "reported"} for result in self.results)


def run_plan(
    plan: MeasurementPlan,
    given: Given | Bench,
    asked: Asked,
    *,
    journal: RunJournal | Callable[[str], RunJournal] | None = None,
    only: frozenset[str] | None = None,
    progress: Callable[[PlanItem, int, int], None] | None = None,
) -> PlanRun:
    """Measure and judge every item; raises FieldError or EvidenceError where no sample can be made at all.

    `given` are columns in memory, or a bench on an engine. `only` names the items to run, all if not given; `journal` (or what makes
    one from the run's digest) keeps finished items; `progress` is told of each item before it begins.
    """
    bench = open_bench(plan, given)
    run = _run_digest(plan, bench, asked)
    kept = journal(run) if callable(journal) else journal
    results = []
    wanted = [item for item in plan.items if only is None or item.id in only]
    for place, item in enumerate(wanted):
        if progress is not None:
            progress(item, place, len(wanted))
        result = kept.find(item.id) if kept is not None else None
        if result is None or not _follows(result, plan, item, bench, asked, run):
            result = _measure(plan, item, bench, asked, run)
            if kept is not None:
                kept.keep(result)
        results.append(result)
    return PlanRun(run, plan, results)


def _follows(
    kept: MeasurementResult, plan: MeasurementPlan, item: PlanItem, bench: Bench, asked: Asked, run: str
) -> bool:
    """Say whether a kept result is of this run and follows from its own statistics: a file on disk is not believed."""
    own = (kept.run, kept.use, kept.release, kept.plan, kept.item, kept.given_digest, kept.variants)
    if (
        own != (run, plan.use, asked.release, asked.plan, item, bench.given_digest, asked.variants)
        or not kept.measurements
    ):
        return False
    try:
        measure, settings = find_measure(item.measure), item_settings(item, where=item.id)
        statistics = read_record(kept.measurements[0].statistics, measure.statistics, where=item.id)
        how = _how(plan, kept.data_digest, corrected_level(plan.level, asked.variants))
        made = measure.estimate(statistics, settings, how)
        judged = _judge(plan, item, made)
    except DualtrackError:
        return False
    numbers = [(each.estimate, each.low, each.high, each.n, each.outcome) for each in made]
    held = [(each.estimate, each.low, each.high, each.n, each.outcome) for each in kept.measurements]
    return numbers == held and (judged.standing, judged.n_needed) == (kept.standing, kept.n_needed)


def _how(plan: MeasurementPlan, data_digest: str, level: float) -> Estimating:
    return Estimating(
        data_digest=data_digest, level=level, seed=plan.seed, draws=plan.draws, cell_size_min=plan.cell_size_min
    )


def _run_digest(plan: MeasurementPlan, bench: Bench, asked: Asked) -> str:
    """Name what the results depend on: an item kept by a run of other data, release, plan or software is not this run's."""
    return canonical.digest(
        canonical.encode(
            {
                "plan": plan_digest(plan),
                "release": asked.release,
                "data": bench.digest,
                "reference": bench.reference_digest,
                "registered": asked.plan.index if asked.plan else None,
                "variants": asked.variants,
                "engine": bench.engine,
                "scores_from": bench.scores_from,
                "software": __version__,
            }
        )
    )


def _measure(plan: MeasurementPlan, item: PlanItem, bench: Bench, asked: Asked, run: str) -> MeasurementResult:
    level = corrected_level(plan.level, asked.variants)
    digest, rows = bench.digest, bench.rows
    measurements: tuple[Measurement, ...] = ()
    try:
        measure = find_measure(item.measure)
        settings = item_settings(item, where=item.id)
        found = bench.gather(item, measure, settings)
        digest, rows = found.data_digest, found.rows
        how = _how(plan, digest, level)
        shown = measure.suppressed(found.statistics, settings, people_min(plan, asked.taken_at))
        made = measure.estimate(shown, settings, how)
        measurements = tuple(replace(each, facts=each.facts | found.facts) for each in made) if found.facts else made
        judged = _judge(plan, item, measurements)
    except DualtrackError as error:
        judged = Judged("not measurable", f"{error.where}: {error.found}" if error.where else error.found, None)
    except Exception as error:  # noqa: BLE001 - a measure of another package, or a model, may raise anything: no number comes of it
        judged = Judged("not measurable", f"{type(error).__name__}: {error}"[:500], None)
    return MeasurementResult(
        format="dualtrack.measurement-result/1",
        use=plan.use,
        release=asked.release,
        run=run,
        plan=asked.plan,
        item=item,
        exploratory=asked.plan is None,
        standing=judged.standing,
        reason=judged.reason,
        data_digest=digest,
        given_digest=bench.given_digest,
        scores_from=bench.scores_from,
        rows=rows,
        level=level,
        variants=asked.variants,
        n_needed=judged.n_needed,
        engine=bench.engine,
        software=__version__,
        people_min=people_min(plan, asked.taken_at),
        taken_at=asked.taken_at,
        measurements=list(measurements) if judged.standing != "not measurable" else [],
        demo=asked.demo,
    )


def people_min(plan: MeasurementPlan, taken_at: str) -> int:
    """Return the fewest people whom kept counts may tell apart: the plan's figure, else the one in force on that day."""
    return plan.people_min if plan.people_min is not None else people_least(taken_at)


def _judge(plan: MeasurementPlan, item: PlanItem, measurements: Sequence[Measurement]) -> Judged:
    if item.gate is None:
        return Judged("reported", None, None)
    chosen = chosen_measurement(measurements, item.gate)
    if chosen is None:
        return Judged("underpowered", "no attribute has groups that are all large enough", None)
    return judge(chosen, item.gate, rows_min=max(plan.rows_min, item.rows_min))


def chosen_measurement(measurements: Sequence[Measurement], gate: Gate) -> Measurement | None:
    """Return the measurement that a gate is about; None where groups are asked for and none is large enough."""
    return widest_gap(measurements, gate) if gate.topic == "group_outcomes" else picked(measurements, gate)


def gated_measurement(result: MeasurementResult) -> Measurement | None:
    """Return the measurement to show for a result: the one its gate is about, else the principal one; None where there is none."""
    if not result.measurements:
        return None
    chosen = chosen_measurement(result.measurements, result.item.gate) if result.item.gate is not None else None
    return chosen or result.measurements[0]
