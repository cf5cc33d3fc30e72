"""The measure of rates by group and intersection; what it computes stands in `groups`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.cells import merge_cells
from dualtrack.evidence.fairness.counts import attribute_names, cells_of, decision_key, label_key, levels_at, views
from dualtrack.evidence.fairness.groups import RATES, Rate, measure_groups
from dualtrack.evidence.fairness.shown import GroupTable, shown_table
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Fact, Measurement, Method, Part, plain_statistics
from dualtrack.evidence.suppression import POOLED, hidden_groups
from dualtrack.evidence.tally import Key, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["GroupCounts", "GroupRates", "GroupSettings"]


class GroupSettings(Record, frozen=True):
    """Which rates and groups.

    `by` names the ways of forming groups; without it, every attribute alone and every combination of up to `depth` of them.
    `threshold` makes the decision from the score; without it the column of decisions is used. `gap` is the difference that the
    firm would act on: with it, data that exclude neither the gap nor equality are `underpowered`. `levels` lists by attribute the
    levels that the plan expects: another one is refused as new, and one that nobody has makes the measurement `underpowered`.
    `no_group` lists by attribute the levels that are no group of people (a code that nobody explains): their rows are left out of
    every group, and counted.
    """

    rates: tuple[Rate, ...] = RATES
    by: tuple[tuple[str, ...], ...] = ()
    depth: int = 2
    threshold: float | None = None
    gap: float | None = None
    levels: dict[str, tuple[str, ...]] = {}
    no_group: dict[str, tuple[str, ...]] = {}


class GroupCounts(Record, frozen=True):
    """One table of all attributes together, or one for each way of forming groups; and the rows left out as of no group."""

    tables: tuple[GroupTable, ...]
    left_out: int = 0


class GroupRates(CountingMeasure[GroupCounts, GroupSettings]):
    """Largest minus smallest group rate, for each rate and each way of forming groups."""

    name = "fairness.groups"
    family = "fairness"
    title = Text(en="Rates by group and intersection", zh="按群組及其交叉劃分的比率")
    unit = "difference of rates"
    needs = ("label", "decision", "attributes")
    cost = "counts"
    method = Method(
        name="largest minus smallest group rate, multinomial bootstrap over cell counts",
        version="1",
        source="Hardt et al. 2016; Efron and Tibshirani 1993, section 6.4",
    )
    misleads = Text(
        en="A gap is never below zero and leans upwards in small groups; hold its high limit against a bound. Equal rates do "
        "not show that the labels are fair, and a gap does not show its cause.",
        zh="差距不會低於零，群組細小時會偏高，應以其上限與界線比較。比率相等並不證明標籤公平，出現差距亦不說明原因。",
    )
    settings = GroupSettings
    statistics = GroupCounts

    def tallies(self, roles: Roles, settings: GroupSettings) -> tuple[Tally, ...]:
        """Ask for one count by attributes, label and decision."""
        keys = tuple(Key(column=name) for name in attribute_names(roles))
        return (Tally(name="groups", keys=(*keys, label_key(roles), decision_key(roles, settings.threshold))),)

    def from_counted(self, counted: Sequence[Counted], settings: GroupSettings) -> GroupCounts:
        """Return the cells; raises FieldError for missing values, new levels, and labels or decisions other than 0 and 1."""
        for place, key in enumerate(counted[0].tally.keys[:-2]):
            new = set(levels_at(counted[0], place)) - set(settings.levels.get(key.column, levels_at(counted[0], place)))
            if new:
                raise FieldError(
                    f"a new level {min(new):.40}",
                    where=key.column,
                    expected=f"one of {list(settings.levels[key.column])[:20]}",
                    fix="correct the data, or register a plan that knows the level",
                )
        kept = _groups_only(counted[0], settings.no_group)
        return GroupCounts(tables=(GroupTable(cells=cells_of(kept)),), left_out=counted[0].n - kept.n)

    def merge(self, parts: Sequence[GroupCounts]) -> GroupCounts:
        """Add cells; levels are united. Raises FieldError for tables from which groups were left out: merge before."""
        if any(len(part.tables) != 1 or part.tables[0].groups_hidden for part in parts):
            raise FieldError("groups are left out", where="statistics", fix="add the counts up before pooling")
        cells = merge_cells([part.tables[0].cells for part in parts])
        return GroupCounts(tables=(GroupTable(cells=cells),), left_out=sum(part.left_out for part in parts))

    def suppressed(self, statistics: GroupCounts, settings: GroupSettings, least: int) -> GroupCounts:
        """Leave out groups of fewer people, and those that would give them away; all stay where every group is large enough."""
        whole = statistics.tables[0]
        if len(statistics.tables) > 1 or not hidden_groups(whole.cells.array.sum((-1, -2)), least).any():
            return statistics
        asked = settings.by or views(whole.cells.attributes, settings.depth)
        return replace(statistics, tables=tuple(shown_table(whole.cells, names, least) for names in asked))

    def estimate(self, statistics: GroupCounts, settings: GroupSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return one measurement a rate and way of forming groups, all from the same draws."""
        kept = plain_statistics(statistics)
        return tuple(
            replace(_with_absent(each, table, statistics.left_out, settings, how), statistics=kept)
            for table, by in _views(statistics, settings)
            for each in _measured(table, by, settings, how)
        )


def _views(statistics: GroupCounts, settings: GroupSettings) -> list[tuple[GroupTable, tuple[tuple[str, ...], ...]]]:
    """Return the ways of forming groups with the table that each is read from."""
    tables = statistics.tables
    if len(tables) == 1:
        return [(tables[0], settings.by or views(tables[0].cells.attributes, settings.depth))]
    asked = settings.by or tuple(table.cells.attributes for table in tables)
    return [(table, (names,)) for table, names in zip(tables, asked, strict=True)]


def _measured(
    table: GroupTable, by: Sequence[tuple[str, ...]], settings: GroupSettings, how: Estimating
) -> tuple[Measurement, ...]:
    if table.groups_hidden and not table.cells.n:
        return tuple(_nobody_shown(table, names, rate, how) for names in by for rate in settings.rates)
    return measure_groups(
        table.cells,
        by,
        cell_size_min=how.cell_size_min,
        seed=how.seed,
        rates=settings.rates,
        draws=how.draws,
        level=how.level,
        data_digest=how.data_digest,
        gap=settings.gap,
    )


def _nobody_shown(table: GroupTable, by: tuple[str, ...], rate: Rate, how: Estimating) -> Measurement:
    """Return what is left where every group has too few people."""
    facts: dict[str, Fact] = {
        "rate": rate,
        "attributes": ",".join(by),
        "groups": 0,
        "groups_underpowered": 0,
        "smallest_cell": 0,
        "cell_size_min": how.cell_size_min,
    }
    return Measurement(
        measure=f"groups.{rate}-gap",
        unit=GroupRates.unit,
        n=table.rows_hidden,
        outcome="underpowered",
        method=GroupRates.method,
        data_digest=how.data_digest,
        level=how.level,
        facts=facts,
        statistics={},
    )


def _groups_only(counted: Counted, no_group: dict[str, tuple[str, ...]]) -> Counted:
    """Return the count without rows of levels that are no group."""
    names = [key.column for key in counted.tally.keys]
    unknown = sorted(set(no_group) - set(names[:-2]))
    if unknown:
        raise FieldError(f"no attribute {unknown[0]!r}", where="settings.no_group", expected=", ".join(names[:-2]))
    kept = [
        place
        for place, cell in enumerate(counted.cells)
        if not any(level in no_group.get(name, ()) for name, level in zip(names, cell, strict=True))
    ]
    return replace(
        counted,
        cells=tuple(counted.cells[place] for place in kept),
        counts=tuple(counted.counts[place] for place in kept),
        sums=tuple(counted.sums[place] for place in kept) if counted.sums else (),
    )


def _with_absent(
    measured: Measurement, table: GroupTable, left_out: int, settings: GroupSettings, how: Estimating
) -> Measurement:
    """Return the measurement, `underpowered` where groups may not be shown or nobody has a level that the plan expects."""
    facts = measured.facts | ({"rows_left_out": left_out} if left_out else {})
    if table.groups_hidden:
        facts |= {"groups_hidden": table.groups_hidden, "rows_hidden": table.rows_hidden}
        few = Part(label=f"{facts['attributes']}={POOLED}", n=table.rows_hidden, outcome="underpowered")
        facts = {"n_needed": how.cell_size_min} | facts
        return replace(measured, outcome="underpowered", facts=facts, parts=(*measured.parts, few))
    absent = [
        f"{name}={level}"
        for name, held in zip(table.cells.attributes, table.cells.levels, strict=True)
        if name in str(measured.facts["attributes"]).split(",")
        for level in settings.levels.get(name, ())
        if level not in held
    ]
    if not absent:
        return replace(measured, facts=facts)
    facts = {"n_needed": how.cell_size_min, **facts, "levels_absent": ",".join(absent)}
    return replace(measured, outcome="underpowered", facts=facts)
