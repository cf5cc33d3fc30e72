"""`drift.columns` and `drift.score`: whether any column, or the score of the model, has moved away from the reference.

The principal number is the largest population stability index, with a part for each column; further measurements hold
Kolmogorov-Smirnov distances on the grid, Wasserstein distances on the grid, and changes of the missing rate. A gate reads
`p_holm_least`: below its level, at least one column has moved, with all columns accounted for.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Text
from dualtrack.errors import FieldError
from dualtrack.evidence.drift.comparing import Distance, Drifted, compare_column, ks_detectable, rows_for_ks
from dualtrack.evidence.drift.histograms import (
    DriftStatistics,
    as_reference,
    drift_tallies,
    histograms_counted,
    histograms_of,
    merge_histograms,
    suppressed_histograms,
)
from dualtrack.evidence.drift.settings import DriftSettings, NumericColumn
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Measurement, Method, Part, plain_statistics
from dualtrack.evidence.multiplicity import benjamini_hochberg, holm
from dualtrack.evidence.numeric import np
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.resampling import generator, percentiles, record_draws
from dualtrack.evidence.roles import refuse_weights, role_column

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.measurement import Fact, Outcome
    from dualtrack.evidence.sample import Roles, Sample
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["DriftColumns", "DriftScore"]


_PLACES_LEAST = 5  # samples of several rows a place hardly ever agree in so many counts


class DriftColumns(CountingMeasure[DriftStatistics, DriftSettings]):
    """Distances of every column between a reference and the current sample, with one error for all of them."""

    name: ClassVar[str] = "drift.columns"
    family = "drift"
    title = Text(en="Drift of the columns", zh="各欄位的漂移")
    unit = "population stability index"
    needs: ClassVar[tuple[str, ...]] = ("reference",)
    cost = "counts"
    method = Method(
        name="PSI, binned-grid KS and Wasserstein, chi-square; multinomial bootstrap; Holm and Benjamini-Hochberg",
        version="1",
        source="Yurdakul 2018; Smirnov 1948; Noether 1963; Holm 1979; Benjamini and Hochberg 1995",
    )
    misleads = Text(
        en="With many rows a shift too small to matter is certain to be found: read the distances, not the p-values alone. "
        "Each column is looked at by itself: columns that move together can change what a row means while no margin moves. "
        "Rows of one customer or one day are alike, so intervals are too narrow where such clusters are large.",
        zh="數據量大時，微小而不重要的偏移也必會測出：應看距離，不能只看p值。各欄位分開比較：欄位之間的關係改變時，單一欄位可能不見變動。"
        "同一客戶或同一日的記錄彼此相似，群組大時區間會過窄。",
    )
    settings = DriftSettings
    statistics = DriftStatistics

    def tallies(self, roles: Roles, settings: DriftSettings) -> tuple[Tally, ...]:
        """Return what is to be counted of one sample; the reference is counted in the same way."""
        refuse_weights(roles)
        return drift_tallies(self._chosen(roles, settings))

    def from_counted(self, counted: Sequence[Counted], settings: DriftSettings) -> DriftStatistics:
        """Return one sample as the current side; `as_reference` makes it the other, and `merge` joins the two."""
        return DriftStatistics(current=histograms_counted(counted, settings))

    def gather(self, sample: Sample, settings: DriftSettings) -> DriftStatistics:
        """Count the sample, and its reference where it has one."""
        refuse_weights(sample.roles)
        chosen = self._chosen(sample.roles, settings)
        reference = histograms_of(sample.reference.columns, chosen) if sample.reference is not None else ()
        return DriftStatistics(reference=reference, current=histograms_of(sample.columns, chosen))

    def with_reference(self, current: DriftStatistics, reference: DriftStatistics) -> DriftStatistics:
        """Put two samples side by side."""
        return merge_histograms([current, as_reference(reference)])

    def merge(self, parts: Sequence[DriftStatistics]) -> DriftStatistics:
        """Add histograms of separate rows."""
        return merge_histograms(parts)

    def suppressed(self, statistics: DriftStatistics, settings: DriftSettings, least: int) -> DriftStatistics:
        """Join bins and levels of fewer people, in both samples alike."""
        return suppressed_histograms(statistics, settings, least)

    def estimate(
        self, statistics: DriftStatistics, settings: DriftSettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return stability index, grid KS, grid Wasserstein and change of the missing rate; raises FieldError for a missing side."""
        if not statistics.reference or not statistics.current:
            raise FieldError(
                "one sample only",
                where=self.name,
                expected="a reference and a current sample",
                fix="name the reference",
            )
        if _same_rows(statistics, how):
            raise FieldError(
                "reference and sample are counted the same in every column",
                where=self.name,
                expected="two samples",
                fix="name an earlier table as reference: these are the same rows",
            )
        random = generator(how.seed)
        columns = settings.columns
        found = [
            compare_column(each, old, new, random, how.draws, how.level)
            for each, old, new in zip(columns, statistics.reference, statistics.current, strict=True)
        ]
        least = _rows_needed(settings, len(columns), how)
        first = self._principal(found, least, settings, how, statistics)
        part = partial(self._parts, found, least, statistics, how)
        others = [
            part("ks-binned", "distance", lambda each: each.ks),
            part("wasserstein-binned", "standard deviations", lambda each: each.wasserstein),
            part("missing", "share", lambda each: _missing(each, how.level)),
        ]
        return (first, *(each for each in others if each is not None))

    def _chosen(self, roles: Roles, settings: DriftSettings) -> DriftSettings:  # noqa: ARG002 - the score needs its role
        if not settings.numbers and not settings.categories:
            raise FieldError("no column to compare", where=self.name, fix="fix the edges with `reference_edges` first")
        return settings

    def _principal(
        self,
        found: list[Drifted],
        least: int,
        settings: DriftSettings,
        how: Estimating,
        statistics: DriftStatistics,
    ) -> Measurement:
        answered = [each.psi for each in found if each.psi is not None and _enough(each, least)]
        top = max(answered, key=lambda each: each.estimate, default=None)
        low = high = None
        if top is not None:
            span = percentiles(np.max(np.stack([each.shifted for each in answered]), axis=0), how.level)
            low, high = min(span.low, top.estimate), max(span.high, top.estimate)
        facts = _facts(found, least, settings, how)
        whole = len(answered) == len(found)
        return Measurement(
            measure=self.name,
            unit=self.unit,
            n=max((each.m + each.missing[1] for each in found), default=0),
            outcome="measured" if whole and top is not None else "underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            estimate=None if top is None else top.estimate,
            low=low,
            high=high,
            facts=facts if whole else facts | {"n_needed": least},
            parts=tuple(_part(each, each.psi, least) for each in found),
            statistics=plain_statistics(statistics),
            draws=record_draws(how.seed, how.draws),
        )

    def _parts(
        self,
        found: list[Drifted],
        least: int,
        statistics: DriftStatistics,
        how: Estimating,
        name: str,
        unit: str,
        of: Callable[[Drifted], Distance | None],
    ) -> Measurement | None:
        pairs = [(each, of(each)) for each in found]
        held = [(each, distance) for each, distance in pairs if distance is not None and _enough(each, least)]
        if not held:
            return None
        column, top = max(held, key=lambda pair: abs(pair[1].estimate))
        whole = all(_enough(each, least) for each in found)  # a column too small to say may be the one that moved
        return Measurement(
            measure=f"{self.name}.{name}",
            unit=unit,
            n=column.m + column.missing[1],
            outcome="measured" if whole else "underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            estimate=top.estimate,
            low=top.low,
            high=top.high,
            facts={"column": column.column} if whole else {"column": column.column, "n_needed": least},
            parts=tuple(_part(each, distance, least) for each, distance in pairs if distance is not None),
            statistics=plain_statistics(statistics),
            draws=None if name == "missing" else record_draws(how.seed, how.draws),
        )


class DriftScore(DriftColumns):
    """The same for the model's score alone: what the model says, whatever its inputs do."""

    name = "drift.score"
    title = Text(en="Drift of the model's score", zh="模型評分的漂移")
    needs = ("score", "reference")
    misleads = Text(
        en="A score that stays where it was says nothing about whether it is still right: what happens to customers may change "
        "while the scores do not. A score that moves need not be wrong: the customers may have changed.",
        zh="評分不變不等於評分仍然正確：客戶的實際結果可能已變而評分未變。評分改變亦不等於出錯：可能是客戶群變了。",
    )

    def _chosen(self, roles: Roles, settings: DriftSettings) -> DriftSettings:
        if len(settings.numbers) != 1 or settings.categories:
            raise FieldError(
                "not one column of numbers", where=self.name, expected="the edges of the score, from `reference_edges`"
            )
        chosen = settings.numbers[0]
        renamed = NumericColumn(column=role_column(roles, "score"), edges=chosen.edges, groups=chosen.groups)
        return DriftSettings(numbers=(renamed,), effect=settings.effect)


def _same_rows(statistics: DriftStatistics, how: Estimating) -> bool:
    """Say whether both sides agree in every count, though there are enough rows and places for chance to part them."""
    varied = any(sum(count > 0 for count in each.counts) >= _PLACES_LEAST for each in statistics.current)
    enough = max(sum(each.counts) for each in statistics.current) >= how.cell_size_min
    return statistics.reference == statistics.current and varied and enough


def _rows_needed(settings: DriftSettings, columns: int, how: Estimating) -> int:
    """Return the rows with a value that each side of a column needs: the plan's least, and those for its smallest effect."""
    if settings.effect is None:
        return how.cell_size_min
    return max(how.cell_size_min, rows_for_ks(settings.effect, 1 - (1 - how.level) / columns))


def _enough(column: Drifted, least: int) -> bool:
    """Tell whether the harmonic mean of both sides reaches what each of two equal ones would need."""
    return min(column.n, column.m) > 0 and 2 / (1 / column.n + 1 / column.m) >= least


def _part(column: Drifted, distance: Distance | None, least: int) -> Part:
    outcome: Outcome = "measured" if distance is not None and _enough(column, least) else "underpowered"
    if distance is None:
        return Part(label=column.column, n=column.m, outcome=outcome)
    return Part(
        label=column.column,
        n=column.m,
        outcome=outcome,
        estimate=distance.estimate,
        low=distance.low,
        high=distance.high,
    )


def _missing(column: Drifted, level: float) -> Distance | None:
    """Return the change of the missing rate with a normal interval; half a row is added so that none and all have a spread."""
    n, m = column.n + column.missing[0], column.m + column.missing[1]
    if not n or not m or not sum(column.missing):
        return None
    change = column.missing[1] / m - column.missing[0] / n
    rates = [(missing + 0.5) / (rows + 1) for missing, rows in ((column.missing[0], n), (column.missing[1], m))]
    half = z_two_sided(level) * math.sqrt(sum(p * (1 - p) / rows for p, rows in zip(rates, (n, m), strict=True)))
    return Distance(change, max(change - half, -1.0), min(change + half, 1.0), np.zeros(0))


def _facts(found: list[Drifted], least: int, settings: DriftSettings, how: Estimating) -> dict[str, Fact]:
    p_values = [each.p for each in found]
    gated, reported = holm(p_values), benjamini_hochberg(p_values)
    level = 1 - how.level
    tested = [each for each in found if _enough(each, least)]
    facts: dict[str, Fact] = {
        "columns": len(found),
        "columns_underpowered": len(found) - len(tested),
        "p_holm_least": min(gated),
        "moved_holm": sum(p <= level for p in gated),
        "moved_benjamini_hochberg": sum(p <= level for p in reported),
        "rows_outside_reference": max(each.outside for each in found),
        "levels_vanished": sum(each.vanished for each in found),
        "psi_expected_of_chance": max((each.psi_expected for each in tested), default=0.0),
    }
    if tested and settings.numbers:
        strictest = 1 - level / len(found)
        facts["ks_detectable"] = max(ks_detectable(each.n, each.m, strictest) for each in tested)
    for each, first, second in zip(found, gated, reported, strict=True):
        facts[f"p_holm: {each.column}"] = first
        facts[f"p_benjamini_hochberg: {each.column}"] = second
        if each.outside:
            facts[f"rows_outside_reference: {each.column}"] = each.outside
        if each.vanished:
            facts[f"levels_vanished: {each.column}"] = each.vanished
    return facts
