"""Curves from the sufficient statistics of a result: how the score orders, how it is spread, what it promises, what it captures.

Sources: Fawcett (2006), Pattern Recognition Letters 27, 861-874 (ROC); Niculescu-Mizil and Caruana (2005), ICML, 625-632
(reliability); Ling and Li (1998), KDD, 73-79 (gains); Wilson (1927) (intervals of the observed rates).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import read_record
from dualtrack.errors import DualtrackError
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.intervals.wilson import wilson
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.binned_calibration import CalibrationSettings, CalibrationStatistics
from dualtrack.evidence.performance.histogram import Histogram, edges, pool
from dualtrack.evidence.reporting.drawing import Axes, Line, Whisker, curve_plot
from dualtrack.evidence.reporting.pictures import Plot
from dualtrack.present.charts import plain_interval, plain_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.reporting.records import ItemReport
    from dualtrack.evidence.reporting.words import Words

__all__ = ["BARS", "LINE_POINTS_MAX", "curves_of"]

LINE_POINTS_MAX = 200
"""Points of a line: more are closer than a pixel, and would come close to listing cases."""

BARS = 20
"""Bins of the picture of a score's spread."""

_UNIT = ((0.0, 0.0), (1.0, 1.0))
_TABLE_SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


def curves_of(item: ItemReport, words: Words) -> list[Plot]:
    """Return the curves that an item's statistics allow; none where they are of another form than this version reads."""
    if not item.result.measurements:
        return []
    plain, name = item.result.measurements[0].statistics, item.result.item.measure
    try:
        if name == "performance.discrimination":
            histogram = read_record(plain, Histogram, where=name)
            roc = [_roc(item, histogram, words)] if histogram.counts.sum(0).all() else []  # of one class there is none
            return [*roc, _spread(item, histogram, words)]
        if name == "performance.calibration":
            statistics = read_record(plain, CalibrationStatistics, where=name)
            settings = read_record(item.result.item.settings, CalibrationSettings, where=name)
            return [_reliability(item, statistics.histogram, settings.groups, words)]
        if name == "performance.lift":
            histogram = read_record(plain, Histogram, where=name)
            return [_gains(item, histogram, words)] if sum(histogram.positives) else []
    except DualtrackError:
        return []
    return []


def _roc(item: ItemReport, histogram: Histogram, words: Words) -> Plot:
    counts = histogram.counts[::-1].astype(np.float64)
    shares = np.vstack([np.zeros(2), np.cumsum(counts, 0) / np.maximum(counts.sum(0), 1)])
    title = words("ROC: true positives against false positives at every cut", "ROC：各門檻的真陽性率與假陽性率")
    head = (words("False-positive rate", "假陽性率"), words("True-positive rate", "真陽性率"))
    return _rising(f"e{item.entry}-roc", title, head, shares, words("the score", "評分"), words)


def _gains(item: ItemReport, histogram: Histogram, words: Words) -> Plot:
    counts = histogram.counts[::-1].astype(np.float64)
    rows = np.cumsum(counts.sum(1)) / max(histogram.n, 1)
    caught = np.cumsum(counts[:, 1]) / max(counts[:, 1].sum(), 1)
    shares = np.vstack([np.zeros(2), np.column_stack([rows, caught])])
    title = words("Gains: outcomes caught among the highest scores", "增益：最高分個案所涵蓋的結果")
    head = (
        words("Share of rows, highest scores first", "行數比例，由最高分起"),
        words("Share of outcomes", "佔結果的比例"),
    )
    return _rising(f"e{item.entry}-gains", title, head, shares, words("the score", "評分"), words)


def _rising(key: str, title: str, head: tuple[str, str], shares: NDArray[np.float64], label: str, words: Words) -> Plot:
    """Draw a line from (0, 0) to (1, 1) against chance, with a table at a few shares."""
    kept = np.unique(np.linspace(0, len(shares) - 1, LINE_POINTS_MAX).astype(np.int64))
    points = tuple((float(across), float(up)) for across, up in shares[kept])
    at = [(share, float(np.interp(share, shares[:, 0], shares[:, 1]))) for share in _TABLE_SHARES]
    described = words(
        f"{title}. At 0.1 across it stands at {plain_number(at[1][1])}; chance would stand at 0.1.",
        f"{title}。橫軸為0.1時，縱軸為{plain_number(at[1][1])}；隨機評分為0.1。",
    )
    lines = (Line(label, points), Line(words("chance", "隨機"), ((0.0, 0.0), (1.0, 1.0)), thin=True))
    drawn = curve_plot(key, title, described, Axes(*head, *_UNIT), lines)
    return Plot(title, drawn, described, head, [(plain_number(x), plain_number(y)) for x, y in at], "")


def _spread(item: ItemReport, histogram: Histogram, words: Words) -> Plot:
    """Draw how scores lie by outcome, each outcome's shares adding up to 1."""
    cut, scale = np.asarray(edges(histogram.scale)), histogram.scale
    places = np.asarray(histogram.places)
    middle = np.clip((cut[places - 1] + cut[np.minimum(places, len(cut) - 1)]) / 2, scale.low, scale.high)
    bars = np.clip(((middle - scale.low) / (scale.high - scale.low) * BARS).astype(np.int64), 0, BARS - 1)
    counts = np.array([np.bincount(bars, histogram.counts[:, outcome], BARS) for outcome in (0, 1)])
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    bounds = np.linspace(scale.low, scale.high, BARS + 1)
    title = words("How scores lie, by outcome", "按結果劃分的評分分布")
    names = (words("outcome 0", "結果為0"), words("outcome 1", "結果為1"))
    lines = [Line(name, _steps(bounds, share)) for name, share in zip(names, shares, strict=True)]
    top = float(max(shares.max(), 0.01))
    axes = Axes(words("Score", "評分"), words("Share of the rows with this outcome", "佔該結果行數的比例"),
                (scale.low, 0.0), (scale.high, top))  # fmt: skip
    described = words(
        f"{title}: shares of rows in {BARS} bins of equal width.", f"{title}：以{BARS}個等寬區間計的行數比例。"
    )
    head = (words("Score from", "評分由"), words("to", "至"), *names)
    rows = [
        (plain_number(bounds[at]), plain_number(bounds[at + 1]), *(plain_number(float(share[at])) for share in shares))
        for at in range(BARS)
        if counts[:, at].any()
    ]
    return Plot(title, curve_plot(f"e{item.entry}-spread", title, described, axes, lines), described, head, rows, "")


def _steps(bounds: NDArray[np.float64], share: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    across = np.repeat(bounds, 2)
    upward = np.concatenate([[0.0], np.repeat(share, 2), [0.0]])
    return tuple((float(x), float(y)) for x, y in zip(across, upward, strict=True))


def _reliability(item: ItemReport, histogram: Histogram, groups: int, words: Words) -> Plot:
    """Draw the observed rate of each group of equal mass against its mean stated probability, with Wilson intervals."""
    place = pool(histogram.counts, groups)
    rows = np.bincount(place, histogram.counts.sum(1))
    happened = np.bincount(place, histogram.counts[:, 1])
    stated = np.bincount(place, histogram.sums.sum(1)) / rows
    whiskers, cells = [], []
    for n, k, mean in zip(rows.astype(int), happened.astype(int), stated, strict=True):
        limits = wilson(int(k), int(n), level=item.result.level)
        if not isinstance(limits, Interval):
            continue
        point = float(k / n)
        whiskers.append(Whisker(float(mean), point, min(limits.low, point), max(limits.high, point)))
        shown, low, high = plain_interval(point, limits.low, limits.high)
        cells.append((plain_number(float(mean)), shown, f"{low} – {high}", f"{n:,}"))
    title = words("Reliability: what was stated and what happened", "可靠度：所述概率與實際比率")
    widest = max((abs(each.estimate - each.across) for each in whiskers), default=0.0)
    described = words(
        f"{title}, in {len(whiskers)} groups of about equal size. The largest distance from the diagonal is {plain_number(widest)}.",
        f"{title}，分為{len(whiskers)}個大小相若的組別。與對角線的最大距離為{plain_number(widest)}。",
    )
    axes = Axes(words("Mean stated probability", "平均所述概率"), words("Observed rate", "實際比率"), *_UNIT)
    line = Line(words("stated and observed agree", "所述與實際一致"), ((0.0, 0.0), (1.0, 1.0)), thin=True)
    drawn = curve_plot(f"e{item.entry}-reliability", title, described, axes, [line], whiskers)
    head = (axes.across, axes.upward, words("Interval", "區間"), "n")
    return Plot(title, drawn, described, head, cells, "")
