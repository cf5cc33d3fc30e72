"""Histograms of a score by outcome: the statistics behind every measure of how a score orders and what it promises.

Bins have equal width on a declared scale, and the first and the last are cut again at ever smaller distances from the ends, because
probabilities of rare events crowd there. They are fixed before the data are seen, so that parts and engines add up. Thresholds
that a policy names become edges, so that what happens at them is exact. Only bins that hold rows are kept.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator, record_draws
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.suppression import middles, runs
from dualtrack.evidence.tally import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = [
    "CERTAIN",
    "DRAWN_MAX",
    "GROUPS",
    "Histogram",
    "Scale",
    "draw_tables",
    "edges",
    "grid_and_rest",
    "joined_bins",
    "label_key",
    "merge_histograms",
    "outcome_of",
    "pool",
    "read_histogram",
    "score_keys",
    "suppressed_bins",
]

CERTAIN = 2.0**-40
"""A probability nearer to 0 or 1 than this states certainty: it is the unit in which scores are added up."""

GROUPS = 400
"""Most groups of neighbouring bins that are drawn from: a cut is then placed to within a four-hundredth of the rows."""

DRAWN_MAX = 20_000_000
"""Most drawn counts, draws times cells: about 160 MB."""

_PARTS = (1.0, 1.25, 1.5, 1.75)
_BINS_LEAST, _BINS_MOST = 2, 10_000


class Scale(Record, frozen=True):
    """Where scores lie (`low` to `high`, both included), how many bins of equal width there are, and thresholds among the edges."""

    low: float = 0.0
    high: float = 1.0
    bins: int = 5_000
    thresholds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise FieldError(f"scores from {self.low} to {self.high}", where="settings", expected="low below high")
        if not _BINS_LEAST <= self.bins <= _BINS_MOST:
            raise FieldError(f"{self.bins} bins", where="settings", expected=f"{_BINS_LEAST} to {_BINS_MOST}")
        for value in self.thresholds:
            if not self.low <= value <= self.high:
                raise FieldError(f"threshold {value}", where="settings", expected=f"from {self.low} to {self.high}")


class Histogram(Record, frozen=True):
    """Rows by bin and outcome; `places` are numbers of bins (see `edges`), rising, each with at least one row.

    `sums_negative` and `sums_positive` are sums of the score in each cell in units of 2^-40, as text; empty where not asked for.
    """

    scale: Scale
    places: tuple[int, ...]
    negatives: tuple[int, ...]
    positives: tuple[int, ...]
    sums_negative: tuple[str, ...] = ()
    sums_positive: tuple[str, ...] = ()

    @property
    def counts(self) -> NDArray[np.int64]:
        """The counts, shape (bins held, 2), negatives first."""
        return np.array([self.negatives, self.positives], dtype=np.int64).T

    @property
    def sums(self) -> NDArray[np.float64]:
        """The sums of scores, shape (bins held, 2)."""
        both = (self.sums_negative, self.sums_positive)
        return np.array([[math.ldexp(int(each), -40) for each in sums] for sums in both], dtype=np.float64).T

    @property
    def n(self) -> int:
        """Rows."""
        return sum(self.negatives) + sum(self.positives)


def grid_and_rest(scale: Scale) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the edges that follow a formula (i / bins, or multiples of a power of two) and all others; no edge is in both.

    An engine finds the place on a long list of edges by formula only, hence two lists. On a scale other than 0 to 1 the step is
    the power of two at or above the width that was asked for.
    """
    octaves = 41 - int(math.log2(scale.bins))
    tails = [math.ldexp(each, -octave) / scale.bins for octave in range(1, octaves + 1) for each in _PARTS]
    if (scale.low, scale.high) == (0.0, 1.0):
        grid = [at / scale.bins for at in range(1, scale.bins)]
    else:
        step = 2.0 ** math.ceil(math.log2((scale.high - scale.low) / scale.bins))
        grid = [at * step for at in range(math.floor(scale.low / step), math.ceil(scale.high / step) + 1)]
        grid = [each for each in grid if scale.low < each < scale.high]
    spread = [scale.low + (scale.high - scale.low) * each for each in (*tails, *(1 - each for each in tails))]
    rest = {each for each in (*spread, *scale.thresholds) if scale.low < each < scale.high}
    rest |= {scale.low, scale.high, math.nextafter(scale.high, math.inf)}
    return tuple(grid), tuple(sorted(rest - set(grid)))


def edges(scale: Scale) -> tuple[float, ...]:
    """Return all edges. Bin 0 lies below `low` and the last above `high`: no row may be there; `high` has a bin of its own."""
    grid, rest = grid_and_rest(scale)
    return tuple(sorted((*grid, *rest)))


def label_key(roles: Roles) -> Key:
    """Return the axis of the outcome."""
    return Key(column=counted_column(roles, "label"))


def score_keys(roles: Roles, scale: Scale, name: str = "score") -> tuple[Key, Key]:
    """Return the two axes of the score: as the lists share no edge, the bin among all edges is the sum of the two places."""
    column, (grid, rest) = counted_column(roles, name), grid_and_rest(scale)
    return Key(column=column, how="bins", edges=grid), Key(column=column, how="bins", edges=rest)


def outcome_of(text: str, column: str) -> int:
    """Return 0 or 1 from the text of a level; raises FieldError for anything else, missing included."""
    if text not in {"0", "1"}:
        raise FieldError(f"value {text!r}" if text else "a missing value", where=column, expected="0 or 1 in every row")
    return int(text)


def read_histogram(counted: Counted, scale: Scale) -> Histogram:
    """Return the histogram from an answer with the keys (label, *score_keys); raises FieldError for rows that have no place in it."""
    label, score, rest = counted.tally.keys
    last = len(score.edges) + len(rest.edges)
    table: dict[int, list[int]] = {}
    for at, (text, *places) in enumerate(counted.cells):
        truth, place = outcome_of(text, label.column), sum(int(each) for each in places)
        if not 0 < place < last:
            found = "without a score" if place < 0 else "outside the scale"
            raise FieldError(
                f"{counted.counts[at]} rows {found}", where=score.column, expected=f"from {scale.low} to {scale.high}",
                fix="decide how such rows are treated before measuring, or set low and high to the scale of the score",
            )  # fmt: skip
        line = table.setdefault(place, [0, 0, 0, 0])
        line[truth] += counted.counts[at]
        if counted.sums and counted.sums[at]:
            line[2 + truth] += counted.sums[at][0]
    return _packed(scale, table, with_sums=bool(counted.tally.amounts))


def merge_histograms(parts: Sequence[Histogram]) -> Histogram:
    """Add histograms of separate rows; raises FieldError where their bins differ."""
    if not parts or any(part.scale != parts[0].scale for part in parts):
        raise FieldError("histograms with different bins", where="statistics", expected="one scale in every part")
    table: dict[int, list[int]] = {}
    with_sums = bool(parts[0].sums_negative)
    for each in parts:
        for at, place in enumerate(each.places):
            line = table.setdefault(place, [0, 0, 0, 0])
            added = [each.negatives[at], each.positives[at]]
            added += [int(each.sums_negative[at]), int(each.sums_positive[at])] if with_sums else [0, 0]
            for index, value in enumerate(added):
                line[index] += value
    return _packed(parts[0].scale, table, with_sums=with_sums)


def suppressed_bins(histogram: Histogram, least: int) -> Histogram:
    """Return the histogram with bins of fewer than `least` people joined to their neighbours, on the same side of each threshold.

    People move to the bin of the middle one among them, their sums with them. What orders them is lost within a bin only.
    """
    counts = histogram.counts
    if not len(counts):
        return histogram
    rows = counts.sum(1)
    lower = np.array((-math.inf, *edges(histogram.scale)))[list(histogram.places)]
    sides = np.searchsorted(np.array(sorted(histogram.scale.thresholds)), lower, side="right")
    return joined_bins(histogram, runs(rows[None, :], least, sides))


def joined_bins(histogram: Histogram, run: NDArray[np.int64]) -> Histogram:
    """Return the histogram with all bins of a run (numbered by `run`, one for each bin held) at the bin of its middle row."""
    to = middles(run, histogram.counts.sum(1))[run]
    with_sums = bool(histogram.sums_negative)
    table: dict[int, list[int]] = {}
    for at, place in enumerate(to.tolist()):
        line = table.setdefault(histogram.places[place], [0, 0, 0, 0])
        added = [histogram.negatives[at], histogram.positives[at]]
        added += [int(histogram.sums_negative[at]), int(histogram.sums_positive[at])] if with_sums else [0, 0]
        for index, value in enumerate(added):
            line[index] += value
    return _packed(histogram.scale, table, with_sums=with_sums)


def pool(counts: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """Return a group number for each bin: neighbours pooled to about equal mass, numbered from 0 without gaps.

    `counts` has the shape (bins, 2). A bin with more than a group's mass is a group by itself or with its neighbours.
    """
    rows = counts.sum(1)
    middle = np.cumsum(rows) - (rows + 1) / 2
    _, place = np.unique((middle * groups // rows.sum()).astype(np.int64), return_inverse=True)
    return place.astype(np.int64)


def draw_tables(counts: NDArray[np.int64], how: Estimating) -> NDArray[np.float64]:
    """Return tables drawn from the counts, shape (draws, *counts.shape): the bootstrap over rows of a table.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 6.4.
    """
    record_draws(how.seed, how.draws)
    if how.draws * counts.size > DRAWN_MAX:
        raise FieldError(f"{how.draws} draws over {counts.size} cells", where="bootstrap", fix="draw less")
    total = int(counts.sum())
    tables = generator(how.seed).multinomial(total, counts.ravel() / total, size=how.draws)
    return tables.reshape(how.draws, *counts.shape).astype(np.float64)


def _packed(scale: Scale, table: dict[int, list[int]], *, with_sums: bool) -> Histogram:
    places = tuple(sorted(table))
    columns = [tuple(table[place][index] for place in places) for index in range(4)]
    texts = [tuple(str(each) for each in column) if with_sums else () for column in columns[2:]]
    return Histogram(
        scale=scale,
        places=places,
        negatives=columns[0],
        positives=columns[1],
        sums_negative=texts[0],
        sums_positive=texts[1],
    )
