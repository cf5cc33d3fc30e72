"""The measure of rates by group and intersection; what it computes stands in `groups`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.cells import Cells, merge_cells
from dualtrack.evidence.fairness.counts import attribute_names, cells_of, decision_key, label_key, levels_at, views
from dualtrack.evidence.fairness.groups import RATES, Rate, measure_groups
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Measurement, Method
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
    """The cells, as the measurements carry them, and the rows left out because they are of no group."""

    cells: Cells
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
        return GroupCounts(cells=cells_of(kept), left_out=counted[0].n - kept.n)

    def merge(self, parts: Sequence[GroupCounts]) -> GroupCounts:
        """Add cells; levels are united."""
        cells = merge_cells([part.cells for part in parts])
        return GroupCounts(cells=cells, left_out=sum(part.left_out for part in parts))

    def estimate(self, statistics: GroupCounts, settings: GroupSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return one measurement a rate and way of forming groups, all from the same draws."""
        measured = measure_groups(
            statistics.cells,
            settings.by or views(statistics.cells.attributes, settings.depth),
            cell_size_min=how.cell_size_min,
            seed=how.seed,
            rates=settings.rates,
            draws=how.draws,
            level=how.level,
            data_digest=how.data_digest,
            gap=settings.gap,
        )
        return tuple(_with_absent(each, statistics, settings, how) for each in measured)


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
    measured: Measurement, statistics: GroupCounts, settings: GroupSettings, how: Estimating
) -> Measurement:
    """Return the measurement, `underpowered` where nobody has a level that the plan expects of its attributes."""
    cells = statistics.cells
    measured = replace(
        measured,
        facts=measured.facts | ({"rows_left_out": statistics.left_out} if statistics.left_out else {}),
        statistics=measured.statistics | {"left_out": statistics.left_out},
    )
    absent = [
        f"{name}={level}"
        for name, held in zip(cells.attributes, cells.levels, strict=True)
        if name in str(measured.facts["attributes"]).split(",")
        for level in settings.levels.get(name, ())
        if level not in held
    ]
    if not absent:
        return measured
    facts = {"n_needed": how.cell_size_min, **measured.facts, "levels_absent": ",".join(absent)}
    return replace(measured, outcome="underpowered", facts=facts)
