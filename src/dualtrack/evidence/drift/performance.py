"""`drift.performance`: how right the model probably is on rows whose outcome nobody knows yet.

Confidence-based performance estimation: if a score of 0.8 means eight in ten, then the scores alone say how many decisions are
right to be expected, and how well scores order the cases. Everything rests on that "if", so calibration is checked where labels
are: on the reference, and on the current rows that have one. Source: Garg et al. (2022), Leveraging Unlabeled Data to Predict
Out-of-Distribution Performance (average confidence); Kivimäki et al. (2025), Journal of Artificial Intelligence Research 82.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.counting import count
from dualtrack.evidence.intervals.answer import NoInterval
from dualtrack.evidence.intervals.multinomial import multinomial_bootstrap
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Measurement, Method, Part, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import rows_for_width
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.resampling import record_draws
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.suppression import middles, runs
from dualtrack.evidence.tally import Amount, Key, Tally, from_fixed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Roles, Sample
    from dualtrack.evidence.tally import Counted

__all__ = ["BINS", "DriftPerformance", "PerformanceSettings", "PerformanceStatistics", "ScoreCell", "ScoreSide"]

BINS = 100
"""Bins of the score from 0 to 1 behind the expected order; the expected share of right decisions needs only the threshold."""


class PerformanceSettings(Record, frozen=True):
    """The threshold from which a score selects, and the half width of an estimate that is precise enough, if the plan says one."""

    threshold: float
    half_width: float | None = None
    bins: int = BINS

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1 or not 2 <= self.bins <= 10_000:  # noqa: PLR2004 - two bins are the fewest
            raise FieldError(
                f"threshold {self.threshold}, {self.bins} bins",
                where="drift.performance",
                expected="inside 0 to 1; 2 to 10,000",
            )
        if self.half_width is not None and not 0 < self.half_width < 1:
            raise FieldError(
                f"{self.half_width}", where="drift.performance, field half_width", expected="inside 0 to 1"
            )


class ScoreCell(Record, frozen=True):
    """Rows of one bin and outcome (`""`: not known): count, and sums of score and its square in units of 2^-40, as text."""

    bin: int
    label: str
    n: int
    score: str
    square: str


class ScoreSide(Record, frozen=True):
    """One sample; `label` says whether it has a column of outcomes at all."""

    label: bool
    cells: tuple[ScoreCell, ...]


class PerformanceStatistics(Record, frozen=True):
    """The current sample, and the reference where there is one."""

    current: ScoreSide
    reference: ScoreSide | None = None


class _Sums(NamedTuple):
    """Confidence in the decision made (c) and whether it was right (r), summed over rows: n, c, c², and over labelled rows."""

    n: int
    confidence: float
    square: float
    known: int
    gap: float
    gap_square: float
    right: int


class DriftPerformance(CountingMeasure[PerformanceStatistics, PerformanceSettings]):
    """Expected share of right decisions and expected order of the scores, with the check of calibration where labels are."""

    name: ClassVar[str] = "drift.performance"
    family = "drift"
    title = Text(en="Performance without labels", zh="無標籤表現估計")
    unit = "share of decisions"
    needs = ("score",)
    cost = "counts"
    method = Method(
        name="confidence-based performance estimation, normal interval; order by multinomial bootstrap over bins",
        version="1",
        source="Garg et al. 2022; Kivimäki et al. 2025",
    )
    misleads = Text(
        en="It assumes that the scores are still calibrated: where customers of the same score now behave differently, it sees "
        "nothing. Its interval is about which rows came, not about that assumption. It replaces no label: compare it with what "
        "really happened as soon as that is known.",
        zh="此估計假設評分仍然準確校準：若相同評分的客戶如今表現不同，它不會察覺。區間只反映抽樣誤差，並不反映這個假設是否成立。"
        "它不能取代標籤：一旦知道實際結果，應即比較。",
    )
    settings = PerformanceSettings
    statistics = PerformanceStatistics

    def tallies(self, roles: Roles, settings: PerformanceSettings) -> tuple[Tally, ...]:
        """Return one tally: rows by bin of the score, and by outcome where a column has it."""
        score = counted_column(roles, "score")
        key = Key(column=score, how="bins", edges=_edges(settings))
        keys = (key,) if roles.label is None else (key, Key(column=roles.label))
        amounts = (Amount(column=score), Amount(column=score, times=score))
        return (Tally(name="score", keys=keys, amounts=amounts),)

    def from_counted(self, counted: Sequence[Counted], settings: PerformanceSettings) -> PerformanceStatistics:
        """Return one sample as the current side."""
        return PerformanceStatistics(current=_side(counted[0], settings))

    def gather(self, sample: Sample, settings: PerformanceSettings) -> PerformanceStatistics:
        """Count the sample and, where it has one, its reference."""
        current = _side(count(sample.columns, self.tallies(sample.roles, settings)[0]), settings)
        if sample.reference is None:
            return PerformanceStatistics(current=current)
        tally = self.tallies(sample.reference.roles, settings)[0]
        return PerformanceStatistics(current=current, reference=_side(count(sample.reference.columns, tally), settings))

    def merge(self, parts: Sequence[PerformanceStatistics]) -> PerformanceStatistics:
        """Add counts and sums of separate rows."""
        if not parts:
            raise FieldError("nothing to merge", where=self.name, expected="at least one part")
        held = [part.reference for part in parts if part.reference is not None]
        return PerformanceStatistics(
            current=_joined([part.current for part in parts]), reference=_joined(held) if held else None
        )

    def suppressed(
        self, statistics: PerformanceStatistics, settings: PerformanceSettings, least: int
    ) -> PerformanceStatistics:
        """Join bins of fewer people with their neighbours on the same side of the threshold."""
        sides = [
            None if each is None else _pooled(each, settings, least)
            for each in (statistics.current, statistics.reference)
        ]
        assert sides[0] is not None
        return PerformanceStatistics(current=sides[0], reference=sides[1])

    def estimate(
        self, statistics: PerformanceStatistics, settings: PerformanceSettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return the expected share of right decisions, the expected AUC, and realised minus expected where labels are."""
        sums = _sums(statistics.current, settings)
        spread = _deviation(sums.n, sums.confidence, sums.square)
        facts: dict[str, Fact] = {"assumes": "the scores are calibrated on these rows", "threshold": settings.threshold}
        facts |= _check("reference", statistics.reference, settings, how)
        facts |= _check("current", statistics.current, settings, how)
        bare = Measurement(
            measure=self.name,
            unit=self.unit,
            n=sums.n,
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            facts=facts,
            statistics=plain_statistics(statistics),
        )
        if spread is None or sums.n < how.cell_size_min:
            return (replace(bare, facts=facts | {"n_needed": how.cell_size_min}),)
        mean, half = sums.confidence / sums.n, z_two_sided(how.level) * spread / math.sqrt(sums.n)
        wide = settings.half_width is not None and half > settings.half_width
        if wide and settings.half_width is not None:
            facts = facts | {"n_needed": rows_for_width(spread, settings.half_width, level=how.level)}
        first = replace(
            bare,
            outcome="underpowered" if wide else "measured",
            estimate=mean,
            low=max(0.0, mean - half),
            high=min(1.0, mean + half),
            facts=facts,
            parts=_parts(statistics, settings, how),
        )
        return (first, *_order(statistics.current, first, how))


def _edges(settings: PerformanceSettings) -> tuple[float, ...]:
    """Return bins from 0 to 1 with the threshold among the edges; outside lie no probabilities."""
    inner = {step / settings.bins for step in range(1, settings.bins)} | {settings.threshold}
    return (0.0, *sorted(inner), math.nextafter(1.0, 2.0))


def _side(counted: Counted, settings: PerformanceSettings) -> ScoreSide:
    labelled, last, cells = len(counted.tally.keys) > 1, len(_edges(settings)), []
    where = counted.tally.keys[0].column
    for cell, n, sums in zip(counted.cells, counted.counts, counted.sums, strict=True):
        place, label = int(cell[0]), cell[1] if labelled else ""
        if place in {0, last}:
            raise FieldError(f"{n} scores outside 0 to 1", where=where, expected="probabilities", fix="calibrate them")
        if place < 0:
            raise FieldError(f"{n} rows without a score", where=where, fix="leave them out, and say how many")
        if label not in {"", "0", "1"}:
            raise FieldError(f"outcome {label!r}", where=counted.tally.keys[1].column, expected="0, 1 or missing")
        cells.append(ScoreCell(bin=place, label=label, n=n, score=str(sums[0]), square=str(sums[1])))
    return ScoreSide(label=labelled, cells=tuple(sorted(cells, key=lambda each: (each.bin, each.label))))


def _joined(sides: Sequence[ScoreSide]) -> ScoreSide:
    found: dict[tuple[int, str], list[int]] = {}
    for cell in (cell for side in sides for cell in side.cells):
        held = found.setdefault((cell.bin, cell.label), [0, 0, 0])
        for place, value in enumerate((cell.n, int(cell.score), int(cell.square))):
            held[place] += value
    cells = tuple(
        ScoreCell(bin=place, label=label, n=n, score=str(score), square=str(square))
        for (place, label), (n, score, square) in sorted(found.items())
    )
    return ScoreSide(label=any(side.label for side in sides), cells=cells)


def _pooled(side: ScoreSide, settings: PerformanceSettings, least: int) -> ScoreSide:
    places = sorted({cell.bin for cell in side.cells})
    if not places:
        return side
    rows = np.array([sum(cell.n for cell in side.cells if cell.bin == place) for place in places], dtype=np.int64)
    selecting = _edges(settings).index(settings.threshold) + 1
    run = runs(rows[None, :], least, (np.array(places) >= selecting).astype(np.int64))
    to = dict(zip(places, (places[at] for at in middles(run, rows)[run].tolist()), strict=True))
    return _joined([ScoreSide(label=side.label, cells=tuple(replace(cell, bin=to[cell.bin]) for cell in side.cells))])


def _number(total: str) -> float:
    return from_fixed(Amount(column="score"), int(total))


def _sums(side: ScoreSide, settings: PerformanceSettings) -> _Sums:
    """Add up confidences: the score where it selects, else one minus the score."""
    selecting = _edges(settings).index(settings.threshold) + 1
    n = known = right = 0
    confidence = square = gap = gap_square = 0.0
    for cell in side.cells:
        score, squared = _number(cell.score), _number(cell.square)
        c, c2 = (score, squared) if cell.bin >= selecting else (cell.n - score, cell.n - 2 * score + squared)
        n, confidence, square = n + cell.n, confidence + c, square + c2
        if cell.label:
            r = int((cell.bin >= selecting) == (cell.label == "1"))
            known, right = known + cell.n, right + r * cell.n
            gap, gap_square = gap + r * cell.n - c, gap_square + r * cell.n - 2 * r * c + c2
    return _Sums(n, confidence, square, known, gap, gap_square, right)


def _deviation(n: int, total: float, square: float) -> float | None:
    """Return the standard deviation of rows, None where there are fewer than two or they are all alike."""
    if n < 2:  # noqa: PLR2004 - a variance takes two
        return None
    variance = (square - total * total / n) / (n - 1)
    return math.sqrt(variance) if variance > 1e-12 else None  # noqa: PLR2004 - below it is rounding of 2^-40


def _check(name: str, side: ScoreSide | None, settings: PerformanceSettings, how: Estimating) -> dict[str, Fact]:
    """Return whether right decisions came as often as the scores said, where outcomes are known."""
    if side is None:
        return {}
    sums = _sums(side, settings)
    spread = _deviation(sums.known, sums.gap, sums.gap_square)
    if sums.known < how.cell_size_min or spread is None:
        return {f"{name}_labelled": sums.known}
    half = z_two_sided(how.level) * spread / math.sqrt(sums.known)
    gap = sums.gap / sums.known
    return {
        f"{name}_labelled": sums.known,
        f"{name}_realised": sums.right / sums.known,
        f"{name}_realised_minus_expected": gap,
        f"{name}_assumption_held": abs(gap) <= half,
    }


def _parts(statistics: PerformanceStatistics, settings: PerformanceSettings, how: Estimating) -> tuple[Part, ...]:
    """Return realised minus expected with its interval, for each side that has enough outcomes."""
    parts = []
    for name, side in (("current", statistics.current), ("reference", statistics.reference)):
        sums = None if side is None else _sums(side, settings)
        spread = None if sums is None else _deviation(sums.known, sums.gap, sums.gap_square)
        if sums is None or spread is None or sums.known < how.cell_size_min:
            continue
        gap, half = sums.gap / sums.known, z_two_sided(how.level) * spread / math.sqrt(sums.known)
        label = f"realised minus expected, {name}"
        parts.append(Part(label=label, n=sums.known, outcome="measured", estimate=gap, low=gap - half, high=gap + half))
    return tuple(parts)


def _order(side: ScoreSide, first: Measurement, how: Estimating) -> tuple[Measurement, ...]:
    """Return the expected AUC from bins; none where all rows share a bin or no outcome of one kind is to be expected."""
    by_bin: dict[int, list[float]] = {}
    for cell in side.cells:
        held = by_bin.setdefault(cell.bin, [0.0, 0.0])
        held[0] += cell.n
        held[1] += _number(cell.score)
    counts, scores = np.array([by_bin[place] for place in sorted(by_bin)]).T
    rates = scores / counts
    if len(counts) < 2 or not 0 < scores.sum() < counts.sum():  # noqa: PLR2004 - order takes two
        return ()
    point = float(_expected_auc(counts, rates))
    span = multinomial_bootstrap(
        counts.astype(np.int64),
        lambda drawn: _expected_auc(drawn.astype(np.float64), rates),
        seed=how.seed,
        draws=how.draws,
        level=how.level,
    )
    if isinstance(span, NoInterval):
        return ()
    facts = {"assumes": first.facts["assumes"]}
    return (
        replace(
            first,
            measure=f"{first.measure}.auc",
            unit="probability",
            outcome="measured",
            estimate=point,
            low=min(span.low, point),
            high=max(span.high, point),
            facts=facts,
            parts=(),
            draws=record_draws(how.seed, how.draws),
        ),
    )


def _expected_auc(counts: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance that a case to be expected scores above one that is not; cases of one bin are tied."""
    positives, negatives = counts * rates, counts * (1 - rates)
    below = np.cumsum(negatives, axis=-1) - negatives / 2
    pairs = np.asarray(positives.sum(-1) * negatives.sum(-1))
    found: NDArray[np.float64] = np.divide(
        (positives * below).sum(-1), pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0
    )
    return found
