"""`performance.segments`: is it as good everywhere? One metric in every value of a column, and the worst of them.

Who looks at many segments finds a bad one by chance. The worst one's interval therefore has the level that holds for all segments at once, and
whether it differs from the rest is a test corrected for their number (Bonferroni). Sources: Dunn (1961), Journal of the American Statistical
Association 56, 52-64; DeLong et al. (1988); Wilson (1927); Brier (1950).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, get_args

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answered import answered, part, unanswered
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Fact, Measurement, Method, Part
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.confusion import policy_key, read_policy
from dualtrack.evidence.performance.histogram import (
    Scale,
    label_key,
    outcome_of,
    read_histogram,
    score_keys,
    suppressed_bins,
)
from dualtrack.evidence.performance.segment_rows import Metric, Reading, Segment, merge_segments, read_segment
from dualtrack.evidence.quantiles import normal_cdf
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.suppression import POOLED, hidden_groups
from dualtrack.evidence.tally import Amount, Counted, Key, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.sample import Roles

__all__ = ["CELLS_MAX", "SEGMENTS_MAX", "SegmentSettings", "SegmentStatistics", "Segments"]

SEGMENTS_MAX = 100
"""Most values of one column: a finer breakdown has too few rows in each."""

CELLS_MAX = 14_000
"""Most bins held by all segments together: about 200 KB."""

_METHOD = Method(
    name="metric by segment, worst with Bonferroni correction over segments",
    version="1",
    source="Dunn 1961; DeLong et al. 1988; Wilson 1927; Brier 1950",
)
_HIGHER_IS_WORSE = {"brier"}


class SegmentSettings(Record, frozen=True):
    """Columns to break down by (each by itself; they need a role, such as feature or attribute), metrics, policy, bins."""

    by: tuple[str, ...]
    metrics: tuple[Metric, ...]
    threshold: float | None = None
    low: float = 0.0
    high: float = 1.0
    bins: int = 100

    def __post_init__(self) -> None:
        for name, values in (("by", self.by), ("metrics", self.metrics)):
            if not values or len(set(values)) != len(values):
                raise FieldError(f"{list(values)}", where=f"settings.{name}", expected="at least one, each once")
        if not set(self.metrics) <= set(get_args(Metric)):
            raise FieldError(f"{list(self.metrics)}", where="settings.metrics", expected=f"some of {get_args(Metric)}")
        if "brier" in self.metrics and (self.low, self.high) != (0.0, 1.0):
            raise FieldError("a Brier score on another scale", where="settings", expected="scores from 0 to 1")

    @property
    def scale(self) -> Scale:
        """The bins."""
        return Scale(low=self.low, high=self.high, bins=self.bins)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is counted in each column: `scores`, `squares`, `policy`."""
        asked = set(self.metrics)
        wanted = (
            ("scores", asked & {"auc", "brier"}),
            ("squares", asked & {"brier"}),
            ("policy", asked & {"selection", "sensitivity"}),
        )
        return tuple(name for name, needed in wanted if needed)


class SegmentStatistics(Record, frozen=True):
    """Counts by segment, sorted by column and value."""

    segments: tuple[Segment, ...]


class Segments(CountingMeasure[SegmentStatistics, SegmentSettings]):
    """AUC, Brier score, selection rate or sensitivity by segment, with the worst segment."""

    name = "performance.segments"
    family = "performance"
    title = Text(en="Is it as good in every segment?", zh="各分部的表現是否一致？")
    unit = "as the metric"
    needs = ("label",)
    cost = "counts"
    method = _METHOD
    misleads = Text(
        en="The worst of many small segments looks bad by chance: read its corrected interval and test. Segments chosen after seeing the "
        "results prove nothing. AUC within a segment is lower wherever the segment itself foretells the outcome.",
        zh="眾多細小分部中，最差者可能純屬偶然：應看經校正的區間及檢驗。看過結果才選的分部證明不了甚麼。若分部本身已能預示結果，分部內的 AUC 必然較低。",
    )
    settings = SegmentSettings
    statistics = SegmentStatistics

    def tallies(self, roles: Roles, settings: SegmentSettings) -> tuple[Tally, ...]:
        """Count, for each column, what the metrics need."""
        wanted: list[Tally] = []
        for column in settings.by:
            keys = (Key(column=column), label_key(roles))
            for kind in settings.kinds:
                name = f"{kind} by {column}"
                if kind == "scores":
                    wanted.append(Tally(name=name, keys=(*keys, *score_keys(roles, settings.scale))))
                elif kind == "squares":
                    score = counted_column(roles, "score")
                    amounts = (Amount(column=score), Amount(column=score, times=score))
                    wanted.append(Tally(name=name, keys=keys, amounts=amounts))
                else:
                    wanted.append(Tally(name=name, keys=(*keys, policy_key(roles, settings.threshold))))
        return tuple(wanted)

    def from_counted(self, counted: Sequence[Counted], settings: SegmentSettings) -> SegmentStatistics:
        """Return the counts by segment; raises FieldError for too many values or bins, or rows without outcome or score."""
        found: list[Segment] = []
        width = len(settings.kinds)
        for at, column in enumerate(settings.by):
            answers = dict(zip(settings.kinds, counted[at * width : (at + 1) * width], strict=True))
            values = sorted({cell[0] for cell in next(iter(answers.values())).cells})
            if len(values) > SEGMENTS_MAX:
                raise FieldError(
                    f"{len(values)} segments",
                    where=column,
                    expected=f"at most {SEGMENTS_MAX}",
                    fix="band or merge values",
                )
            found += [
                _segment(column, value, {kind: _only(each, value) for kind, each in answers.items()}, settings)
                for value in values
            ]
        return _checked(found)

    def merge(self, parts: Sequence[SegmentStatistics]) -> SegmentStatistics:
        """Add counts segment by segment; a value that some parts lack is zero there."""
        if not parts:
            raise FieldError("no parts", where=self.name, expected="at least one")
        same: dict[tuple[str, str], list[Segment]] = {}
        for each in parts:
            for segment in each.segments:
                same.setdefault((segment.column, segment.value), []).append(segment)
        return _checked([merge_segments(each) for each in same.values()])

    def suppressed(self, statistics: SegmentStatistics, settings: SegmentSettings, least: int) -> SegmentStatistics:
        """Pool segments of fewer people, and the next smallest where one alone would be given away; join bins of fewer."""
        shown: list[Segment] = []
        for column in settings.by:
            own = [each for each in statistics.segments if each.column == column]
            hidden = hidden_groups(np.array([_rows(each) for each in own], dtype=np.int64), least).tolist()
            shown += [each for each, left_out in zip(own, hidden, strict=True) if not left_out]
            if any(hidden):
                few = merge_segments([each for each, left_out in zip(own, hidden, strict=True) if left_out])
                shown.append(replace(few, value=POOLED))
        return _checked([_joined(each, least) for each in shown])

    def estimate(
        self, statistics: SegmentStatistics, settings: SegmentSettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return for each column and metric the worst segment, all segments being parts."""
        return tuple(
            _measure([each for each in statistics.segments if each.column == column], column, metric, statistics, how)
            for column in settings.by
            for metric in settings.metrics
        )


def _only(counted: Counted, value: str) -> Counted:
    """Return the answer for one value of the first key, without that key."""
    tally = counted.tally
    kept = [at for at, cell in enumerate(counted.cells) if cell[0] == value]
    return Counted(
        tally=Tally(name=tally.name, keys=tally.keys[1:], amounts=tally.amounts),
        cells=tuple(counted.cells[at][1:] for at in kept),
        counts=tuple(counted.counts[at] for at in kept),
        sums=tuple(counted.sums[at] for at in kept) if tally.amounts else (),
    )


def _segment(column: str, value: str, answers: dict[str, Counted], settings: SegmentSettings) -> Segment:
    squared = ""
    if "squares" in answers:  # (s - y)^2 is s^2 - 2 s y + y: added up in whole numbers
        counted, total = answers["squares"], 0
        for (truth,), count, (first, second) in zip(counted.cells, counted.counts, counted.sums, strict=True):
            total += second + outcome_of(truth, counted.tally.keys[0].column) * ((count << 40) - 2 * first)
        squared = str(max(total, 0))
    return Segment(
        column=column,
        value=value or "(missing)",
        histogram=read_histogram(answers["scores"], settings.scale) if "scores" in answers else None,
        squared=squared,
        policy=read_policy(answers["policy"]) if "policy" in answers else None,
    )


def _joined(segment: Segment, least: int) -> Segment:
    if segment.histogram is None:
        return segment
    return replace(segment, histogram=suppressed_bins(segment.histogram, least))


def _checked(segments: Sequence[Segment]) -> SegmentStatistics:
    held = sum(len(each.histogram.places) for each in segments if each.histogram)
    if held > CELLS_MAX:
        raise FieldError(
            f"{held} bins", where="segments", expected=f"at most {CELLS_MAX}", fix="fewer bins or segments"
        )
    return SegmentStatistics(segments=tuple(sorted(segments, key=lambda each: (each.column, each.value))))


def _measure(
    segments: list[Segment], column: str, metric: Metric, statistics: SegmentStatistics, how: Estimating
) -> Measurement:
    readings = {each.value: read_segment(each, metric, how.level) for each in segments}
    enough = {name: each for name, each in readings.items() if each and each.base >= how.cell_size_min}
    sure = {name: each for name, each in enough.items() if name != POOLED}
    small = [each.value for each in segments if each.value not in sure]
    facts: dict[str, Fact] = {
        "by": column,
        "segments": len(segments),
        "segments_underpowered": len(small),
        "underpowered": ", ".join(small)[:500],
        "cell_size_min": how.cell_size_min,
    }
    if small and (needed := _needed(segments, readings, how)):
        facts["n_needed"] = needed
    rows = sum(_rows(each) for each in segments)
    bare = unanswered(f"segments.{metric}", _unit(metric), rows, _METHOD, how, statistics, facts)
    if not sure:
        return bare
    corrected = 1 - (1 - how.level) / len(sure)
    worst = _worst(segments, sure, metric)
    reading = read_segment(worst, metric, corrected)
    assert reading is not None
    facts |= {"worst": worst.value, "worst_level": corrected, **_against_rest(segments, worst, metric, len(sure), how)}
    return answered(
        bare,
        reading.estimate,
        reading.limits,
        enough=not small and len(sure) > 1 and _both_classes(segments),
        facts=facts,
        parts=tuple(_part(each, readings[each.value], how) for each in segments),
    )


def _worst(segments: list[Segment], sure: dict[str, Reading], metric: Metric) -> Segment:
    """Return the segment with the worst value; a selection rate has no good end, so the one farthest from all rows together."""
    if metric == "selection":
        whole = read_segment(merge_segments(segments), metric, 0.5)
        middle = whole.estimate if whole else 0.0
        key = {name: abs(each.estimate - middle) for name, each in sure.items()}
    else:
        sign = 1 if metric in _HIGHER_IS_WORSE else -1
        key = {name: sign * each.estimate for name, each in sure.items()}
    name = max(sorted(key), key=lambda each: key[each])
    return next(each for each in segments if each.value == name)


def _against_rest(
    segments: list[Segment], worst: Segment, metric: Metric, tests: int, how: Estimating
) -> dict[str, Fact]:
    """Return the rest's value and whether the worst differs from it, at the level corrected for the number of segments."""
    others = [each for each in segments if each is not worst]
    rest = read_segment(merge_segments(others), metric, how.level) if others else None
    mine = read_segment(worst, metric, how.level)
    if rest is None or mine is None:
        return {}
    error = math.hypot(mine.error, rest.error)
    if metric in {"selection", "sensitivity"}:
        share = (mine.estimate * mine.base + rest.estimate * rest.base) / (mine.base + rest.base)
        error = math.sqrt(share * (1 - share) * (1 / mine.base + 1 / rest.base))
    if error <= 0:
        return {"rest": rest.estimate}
    p = min(1.0, 2 * tests * normal_cdf(-abs(mine.estimate - rest.estimate) / error))
    return {"rest": rest.estimate, "p_corrected": p, "worst_differs": p < 1 - how.level}


def _part(segment: Segment, reading: Reading | None, how: Estimating) -> Part:
    label, n = f"{segment.column}={segment.value}", _rows(segment)
    if reading is None:
        return Part(label=label, n=n, outcome="underpowered")
    least = 0 if reading.base >= how.cell_size_min else n + 1
    return part(label, n, least, reading.estimate, reading.limits)


def _both_classes(segments: list[Segment]) -> bool:
    """Say whether both outcomes occur at all: labels of one class are more often a fault than a fact."""
    held = [each.policy.table.sum(1) for each in segments if each.policy]
    held += [each.histogram.counts.sum(0) for each in segments if each.histogram]
    return bool(sum(held).all())


def _needed(segments: list[Segment], readings: dict[str, Reading | None], how: Estimating) -> int:
    """Return rows in all that would give the smallest segment enough, at the mix of these rows; 0 where one has no base at all."""
    rows = sum(_rows(each) for each in segments)
    bases = [reading.base if reading else 0 for name, reading in readings.items() if name != POOLED] or [0]
    return math.ceil(rows * how.cell_size_min / min(bases)) if min(bases) else 0


def _rows(segment: Segment) -> int:
    return segment.histogram.n if segment.histogram else segment.policy.n if segment.policy else 0


def _unit(metric: Metric) -> str:
    return {"auc": "probability", "brier": "squared probability"}.get(metric, "share")
