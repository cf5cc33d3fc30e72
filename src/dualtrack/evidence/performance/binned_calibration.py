"""`performance.calibration`: does a stated probability come true as often as it says? From a histogram with sums of scores.

Brier score and calibration in the large are exact: sums of scores and of their squares are kept. The others see a score through the
mean of its bin. Sources: Brier (1950), Monthly Weather Review 78, 1-3; Murphy (1973), Journal of Applied Meteorology 12, 595-600
(decomposition); Cox (1958), Biometrika 45, 562-565 (slope); Nixon et al. (2019), Measuring Calibration in Deep Learning (bins of equal mass);
Good (1952), Journal of the Royal Statistical Society B 14, 107-114 (log loss).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answered import answered, part, unanswered
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.binned_line import fit_grouped_line
from dualtrack.evidence.performance.calibration import CLIP, ROWS_LEAST, expected_error
from dualtrack.evidence.performance.calibration_tables import decomposition, grouped, log_losses
from dualtrack.evidence.performance.histogram import (
    Histogram,
    Scale,
    draw_tables,
    label_key,
    merge_histograms,
    outcome_of,
    read_histogram,
    score_keys,
    suppressed_bins,
)
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.resampling import percentiles
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.tally import Amount, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["Calibration", "CalibrationSettings", "CalibrationStatistics"]

_ECE = Method(
    name="expected calibration error, equal-mass groups of bins, multinomial bootstrap over group and outcome",
    version="1",
    source="Nixon et al. 2019; Efron and Tibshirani 1993, 6.4",
)
_LARGE = Method(name="observed minus predicted rate, normal interval", version="1", source="Cox 1958")
_SLOPE = Method(name="calibration slope by grouped logistic regression, Wald interval", version="1", source="Cox 1958")
_BRIER = Method(
    name="Brier score, normal interval, Murphy decomposition over equal-mass groups",
    version="1",
    source="Brier 1950; Murphy 1973",
)
_LOG = Method(name="mean log loss of bin means, normal interval", version="1", source="Good 1952")


class CalibrationSettings(Record, frozen=True):
    """Bins of the histogram, and groups of equal mass that errors are averaged over."""

    bins: int = 1_000
    groups: int = 10

    def __post_init__(self) -> None:
        if not 1 < self.groups <= self.bins:
            raise FieldError(f"{self.groups} groups", where="settings.groups", expected=f"2 to {self.bins}")

    @property
    def scale(self) -> Scale:
        """The bins: a probability lies in 0 to 1."""
        return Scale(bins=self.bins)


class CalibrationStatistics(Record, frozen=True):
    """The histogram with sums of scores, and the sums of their squares by outcome in units of 2^-40, as text."""

    histogram: Histogram
    squares: tuple[str, str]


class Calibration(CountingMeasure[CalibrationStatistics, CalibrationSettings]):
    """Expected calibration error, calibration in the large, slope with intercept, Brier score with its parts, log loss."""

    name = "performance.calibration"
    family = "performance"
    title = Text(en="Do stated probabilities come true?", zh="所述概率是否兌現？")
    unit = "probability"
    needs = ("label", "score")
    cost = "counts"
    method = _ECE
    misleads = Text(
        en="Expected calibration error cannot be below zero and leans upwards in small samples: hold its high limit against a bound. "
        "A constant probability equal to the base rate is calibrated and useless. Calibration moves with the base rate of the period.",
        zh="預期校準誤差不會低於零，樣本細時偏高：應以上限與限額比較。只說整體比率的固定概率雖然校準，卻毫無用處。校準會隨期間的整體比率改變。",
    )
    settings = CalibrationSettings
    statistics = CalibrationStatistics

    def tallies(self, roles: Roles, settings: CalibrationSettings) -> tuple[Tally, ...]:
        """Count rows by outcome and bin with the sum of scores; the sum of squares by outcome."""
        label, score = label_key(roles), counted_column(roles, "score")
        return (
            Tally(name="scores", keys=(label, *score_keys(roles, settings.scale)), amounts=(Amount(column=score),)),
            Tally(name="squares", keys=(label,), amounts=(Amount(column=score, times=score),)),
        )

    def from_counted(self, counted: Sequence[Counted], settings: CalibrationSettings) -> CalibrationStatistics:
        """Return histogram and sums of squares."""
        squares = [0, 0]
        for (text,), (total,) in zip(counted[1].cells, counted[1].sums, strict=True):
            squares[outcome_of(text, counted[1].tally.keys[0].column)] += total
        return CalibrationStatistics(
            histogram=read_histogram(counted[0], settings.scale), squares=(str(squares[0]), str(squares[1]))
        )

    def merge(self, parts: Sequence[CalibrationStatistics]) -> CalibrationStatistics:
        """Add histograms and sums."""
        squares = [sum(int(each.squares[truth]) for each in parts) for truth in (0, 1)]
        return CalibrationStatistics(
            histogram=merge_histograms([each.histogram for each in parts]), squares=(str(squares[0]), str(squares[1]))
        )

    def suppressed(
        self, statistics: CalibrationStatistics, settings: CalibrationSettings, least: int
    ) -> CalibrationStatistics:
        """Join bins of fewer people with their neighbours."""
        del settings
        return replace(statistics, histogram=suppressed_bins(statistics.histogram, least))

    def estimate(
        self, statistics: CalibrationStatistics, settings: CalibrationSettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return expected error, in-the-large, slope, Brier score, log loss; the groups are parts of the first."""
        return (
            _expected_error(statistics, settings, how),
            _in_the_large(statistics, how),
            _slope(statistics, how),
            _brier(statistics, settings, how),
            _log_loss(statistics, how),
        )


def _bare(measure: str, unit: str, method: Method, statistics: CalibrationStatistics, how: Estimating) -> Measurement:
    return unanswered(f"calibration.{measure}", unit, statistics.histogram.n, method, how, statistics)


def _expected_error(statistics: CalibrationStatistics, settings: CalibrationSettings, how: Estimating) -> Measurement:
    bare = _bare("expected-error", "probability", _ECE, statistics, how)
    counts, sums = grouped(statistics.histogram, settings.groups)
    mean = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    needed = settings.groups * how.cell_size_min
    drawn = expected_error(draw_tables(counts, how), mean)
    if bare.n < ROWS_LEAST or no_spread(float(drawn.std())):
        return bare
    z = z_two_sided(how.level)
    parts = []
    for at, (row, total) in enumerate(zip(counts.tolist(), sums.sum(1).tolist(), strict=True), 1):
        n = sum(row)
        gap, half = (row[1] - total) / n, z * math.sqrt(row[0] * row[1] / n**3)
        parts.append(part(f"group {at}", n, how.cell_size_min, gap, Interval(gap - half, gap + half)))
    return answered(
        bare,
        float(expected_error(counts.astype(np.float64), mean)),
        percentiles(drawn, how.level),
        enough=bare.n >= needed and _can_tell(statistics),
        facts={"groups": len(counts)} | ({"n_needed": needed} if bare.n < needed else {}),
        parts=tuple(parts),
        drawn=how,
    )


def _sums(statistics: CalibrationStatistics) -> tuple[int, float, float]:
    """Return positives, the sum of scores and the sum of squared errors, the last from whole numbers without loss."""
    positives = sum(statistics.histogram.positives)
    scores = sum(int(each) for each in (*statistics.histogram.sums_negative, *statistics.histogram.sums_positive))
    hit = sum(int(each) for each in statistics.histogram.sums_positive)
    squared = sum(int(each) for each in statistics.squares) - 2 * hit + (positives << 40)
    return positives, math.ldexp(scores, -40), math.ldexp(max(squared, 0), -40)


def _in_the_large(statistics: CalibrationStatistics, how: Estimating) -> Measurement:
    bare = _bare("in-the-large", "probability", _LARGE, statistics, how)
    positives, scores, squared = _sums(statistics)
    gap = (positives - scores) / bare.n
    return _mean(bare, gap, squared - bare.n * gap * gap, statistics, how)


def _brier(statistics: CalibrationStatistics, settings: CalibrationSettings, how: Estimating) -> Measurement:
    bare = _bare("brier", "squared probability", _BRIER, statistics, how)
    score = _sums(statistics)[2] / bare.n
    counts = statistics.histogram.counts.astype(np.float64)
    mean = np.divide(statistics.histogram.sums, counts, out=np.zeros_like(counts), where=counts > 0)
    spread = float((counts * ((mean - np.array([0.0, 1.0])) ** 2 - score) ** 2).sum())
    facts = decomposition(*grouped(statistics.histogram, settings.groups), score)
    return _mean(bare, score, spread, statistics, how, facts=facts)


def _log_loss(statistics: CalibrationStatistics, how: Estimating) -> Measurement:
    bare = _bare("log-loss", "nats", _LOG, statistics, how)
    losses, wrong = log_losses(statistics.histogram)
    if wrong:  # certainty that failed has no finite loss; any number put in its place would be a choice
        return unanswered(
            bare.measure, bare.unit, bare.n, _LOG, how, statistics,
            {"certain_and_wrong": wrong, "reason": "rows stated as certain went the other way: the loss is infinite"},
        )  # fmt: skip
    counts = statistics.histogram.counts.astype(np.float64)
    mean = float((counts * losses).sum()) / bare.n
    return _mean(bare, mean, float((counts * (losses - mean) ** 2).sum()), statistics, how)


def _mean(
    bare: Measurement,
    mean: float,
    spread: float,
    statistics: CalibrationStatistics,
    how: Estimating,
    *,
    facts: dict[str, float] | None = None,
) -> Measurement:
    """Return a mean with its normal interval; `spread` is the sum of squared deviations."""
    if bare.n < ROWS_LEAST:
        return bare
    error = math.sqrt(max(spread, 0.0) / (bare.n - 1) / bare.n)
    if no_spread(error, scale=1e-6):  # sums are rounded to 2^-40: a spread below a millionth of a millionth is rounding
        return bare
    half = z_two_sided(how.level) * error
    short = bare.n < how.cell_size_min
    return answered(
        bare,
        mean,
        Interval(mean - half, mean + half),
        enough=not short and _can_tell(statistics),
        facts={"standard_error": error, **(facts or {}), **({"n_needed": how.cell_size_min} if short else {})},
    )


def _can_tell(statistics: CalibrationStatistics) -> bool:
    """Say whether both outcomes occur and scores vary: one class or one score is more often a fault than a fact."""
    counts = statistics.histogram.counts
    return bool(counts.sum(0).all()) and int((counts.sum(1) > 0).sum()) > 1


def _slope(statistics: CalibrationStatistics, how: Estimating) -> Measurement:
    bare = _bare("slope", "ratio of log-odds", _SLOPE, statistics, how)
    counts = statistics.histogram.counts
    smaller = int(counts.sum(0).min())
    line = fit_grouped_line(_log_odds(statistics.histogram), counts) if smaller >= ROWS_LEAST else None
    if line is None:
        return bare
    half = z_two_sided(how.level) * line.slope_error
    enough = smaller >= how.cell_size_min
    needed = {} if enough else {"n_needed": math.ceil(bare.n * how.cell_size_min / smaller)}
    return answered(
        bare,
        line.slope,
        Interval(line.slope - half, line.slope + half),
        enough=enough,
        facts={"intercept": line.intercept, "clip": CLIP, **needed},
    )


def _log_odds(histogram: Histogram) -> NDArray[np.float64]:
    mean = np.clip(histogram.sums.sum(1) / histogram.counts.sum(1), CLIP, 1 - CLIP)
    odds: NDArray[np.float64] = np.log(mean / (1 - mean))
    return odds
