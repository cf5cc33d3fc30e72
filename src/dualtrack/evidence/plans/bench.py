"""Where a run's statistics come from: columns in memory, or a table that stays where it is and is counted there.

In memory everything is possible, and the run may make scores and decisions. On an engine the table must have its columns already:
counting measures are answered by the engine from all rows, the rest from a sample of rows that any engine would draw, which is
said in their facts. Statistics of counting measures are equal bit for bit, so that it does not matter where they were counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dualtrack.errors import FieldError
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.plans.given import Given, given_sample, item_sample
from dualtrack.evidence.plans.reading import item_settings
from dualtrack.evidence.registry import find_measure
from dualtrack.evidence.sample import Sample, make_sample
from dualtrack.evidence.tables import table_digest

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.domain.records import Record
    from dualtrack.evidence.engines.engine import Engine
    from dualtrack.evidence.engines.gather import Gathered as SideGathered
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.plans.records import MeasurementPlan, PlanItem
    from dualtrack.evidence.registry import AnyMeasure
    from dualtrack.evidence.sample import Roles

__all__ = ["ROWS_SAMPLED", "Bench", "EngineBench", "Gathered", "MemoryBench", "open_bench"]

ROWS_SAMPLED = 200_000
"""Rows that a measure is given which needs rows, where the table stays on an engine: intervals shrink little beyond."""


class Gathered(NamedTuple):
    """Statistics of an item with the digest and number of the rows behind them, and what a reader must be told of these rows."""

    statistics: Record
    data_digest: str
    rows: int
    facts: dict[str, Fact]


class Bench(Protocol):
    """What a run asks."""

    engine: str
    digest: str
    given_digest: str
    scores_from: str
    reference_digest: str | None
    rows: int

    def gather(self, item: PlanItem, measure: AnyMeasure, settings: Record) -> Gathered:
        """Return the statistics of an item."""


class MemoryBench:
    """Columns in memory."""

    def __init__(self, plan: MeasurementPlan, given: Given) -> None:
        self.engine = "memory"
        self._given = given
        self._sample = given_sample(plan, given)
        reference = self._sample.reference
        self.digest, self.rows = self._sample.digest, self._sample.n
        score = plan.columns.score
        asked = score is not None and score not in given.table and given.model is not None
        self.scores_from = (
            (given.named or "the model that was given") if asked else f"column {score or 'none'} of the table"
        )
        if given.model is not None and not asked:
            self.scores_from += f"; the model asked by measures is {given.named or 'the one that was given'}"
        found = {name: given.table[name] for name in _names(plan.columns) if name in given.table}
        self.given_digest = table_digest(found)
        self.reference_digest = reference.digest if reference else None

    def gather(self, item: PlanItem, measure: AnyMeasure, settings: Record) -> Gathered:
        """Gather from the item's columns."""
        own = item_sample(self._sample, item, self._given)
        return Gathered(measure.gather(own, settings), own.digest, own.n, {})


class EngineBench:
    """A table on an engine. `table` and `reference` are what the engine knows them by: a path, or a name."""

    def __init__(
        self, plan: MeasurementPlan, engine: Engine, table: Path | str, reference: Path | str | None = None
    ) -> None:
        if plan.decision is not None and plan.columns.decision is None:
            raise FieldError(
                "decisions that the run would make",
                where="plan, field decision",
                fix="write them as a column of the table, or run with --engine memory",
            )
        self.engine = engine.name
        self._plan, self._on, self._table, self._reference = plan, engine, table, reference
        self._check(plan.columns)
        self.digest = engine.digest(table, _names(plan.columns))
        self.given_digest = self.digest
        self.scores_from = f"column {plan.columns.score or 'none'} of the table"
        self.reference_digest = engine.digest(reference) if reference is not None else None
        self.rows = engine.sample(table, 1, plan.seed, _names(plan.columns)[:1]).of
        if self.rows == 0:
            raise FieldError("no rows", where=str(table), fix="give a table with the rows to measure")
        self._drawn: dict[Roles, tuple[Sample, dict[str, Fact]]] = {}
        self._ready: dict[tuple[str, Path | str], SideGathered] = {}

    def gather(self, item: PlanItem, measure: AnyMeasure, settings: Record) -> Gathered:
        """Count on the engine where counting is all, else measure on sampled rows."""
        roles = item.columns or self._plan.columns
        self._check(roles)
        if isinstance(measure, CountingMeasure):
            return Gathered(self._counted(item, measure, settings, roles), self.digest, self.rows, {})
        sample, facts = self._sampled(roles)
        return Gathered(measure.gather(sample, settings), sample.digest, sample.n, facts)

    def _counted(self, item: PlanItem, measure: CountingMeasure[Any, Any], settings: Record, roles: Roles) -> Record:
        """Return an item's statistics; items of the plan's own columns are counted together, so that the table is read seldom."""
        compares = "reference" in measure.needs
        if compares and self._reference is None:
            raise FieldError("no reference", where=measure.name, fix="name it with --reference")
        current = self._side(item, measure, settings, roles, self._table)
        if not compares or self._reference is None:
            return current
        joined: Record = measure.with_reference(current, self._side(item, measure, settings, roles, self._reference))
        return joined

    def _side(
        self, item: PlanItem, measure: CountingMeasure[Any, Any], settings: Record, roles: Roles, table: Path | str
    ) -> Record:
        from dualtrack.evidence.engines.gather import gather_on  # noqa: PLC0415 - needs the parts of an engine

        if (item.id, table) not in self._ready:
            together = self._together(table) if item.columns is None else {}
            together.setdefault(item.id, (measure, settings))
            found = gather_on(self._on, table, list(together.values()), roles)
            self._ready.update({(name, table): each for name, each in zip(together, found, strict=True)})
        one = self._ready[item.id, table]
        if one.error is not None or one.statistics is None:
            raise one.error or FieldError("nothing was counted", where=measure.name)
        return one.statistics

    def _together(self, table: Path | str) -> dict[str, tuple[CountingMeasure[Any, Any], Record]]:
        """Return the counting items of the plan's own columns; of the reference only those that compare with it."""
        found: dict[str, tuple[CountingMeasure[Any, Any], Record]] = {}
        for item in self._plan.items:
            measure = find_measure(item.measure)
            wanted = table == self._table or "reference" in measure.needs
            if item.columns is None and wanted and isinstance(measure, CountingMeasure):
                found[item.id] = (measure, item_settings(item, where=item.id))
        return found

    def _sampled(self, roles: Roles) -> tuple[Sample, dict[str, Fact]]:
        if roles not in self._drawn:
            drawn = self._on.sample(self._table, ROWS_SAMPLED, self._plan.seed, _names(roles))
            reference = None
            if self._reference is not None:
                earlier = self._on.sample(self._reference, ROWS_SAMPLED, self._plan.seed, _names(roles))
                reference = make_sample(earlier.columns, roles)
            facts: dict[str, Fact] = dict(drawn.facts) if drawn.n < drawn.of else {}
            self._drawn[roles] = make_sample(drawn.columns, roles, reference=reference), facts
        return self._drawn[roles]

    def _check(self, roles: Roles) -> None:
        known = self._on.columns(self._table)
        for name in _names(roles):
            if name not in known:
                raise FieldError(
                    f"no column {name!r}",
                    where="plan, field columns",
                    expected=", ".join(list(known)[:40]),
                    fix="write it to the table, or run with --engine memory, which can make scores and decisions",
                )


def open_bench(plan: MeasurementPlan, given: Given | Bench) -> Bench:
    """Return a bench as it is, and columns in memory as one; raises FieldError where no sample can be made of them."""
    return MemoryBench(plan, given) if isinstance(given, Given) else given


def _names(roles: Roles) -> list[str]:
    values = [getattr(roles, role) for role in roles.__struct_fields__]
    named = [name for value in values if value for name in (value if isinstance(value, tuple) else (value,))]
    return list(dict.fromkeys(named))
