"""Scores of groups as histograms: rows by group, bin of score and label. Enough for calibration and for every threshold.

Bins have equal width from 0 to 1; a score of exactly 1 has a bin of its own, so that the bins' lower edges are all the thresholds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.cells import level_order
from dualtrack.evidence.fairness.counts import TRUTH, label_key, levels_at, table, truth_at
from dualtrack.evidence.numeric import np
from dualtrack.evidence.roles import role_column
from dualtrack.evidence.suppression import hidden_groups, pooled, runs
from dualtrack.evidence.tally import BINS_MAX, SCALE_BITS, Amount, Counted, Key, Tally, from_fixed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Roles

__all__ = ["GroupScores", "ScoreTables", "merge_scores", "read_scores", "score_tally", "suppressed_scores"]

_AFTER_ONE = float(np.nextafter(1.0, 2.0))


class GroupScores(Record, frozen=True):
    """Counts by group, bin and label of one attribute.

    `counts` is the array of shape (levels, bins + 1, 2), flattened with the last index running fastest; `sums`, of the same shape
    or empty, are sums of scores in units of 2^-40, as text because they outgrow a JSON number.
    """

    attribute: str
    levels: tuple[str, ...]
    bins: int
    counts: tuple[int, ...]
    sums: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        size = len(self.levels) * (self.bins + 1) * 2
        fits = len(self.counts) == size and len(self.sums) in {0, size}
        if not fits or min(self.counts, default=0) < 0 or len(set(self.levels)) != len(self.levels):
            raise FieldError(
                f"{len(self.counts)} counts, {len(self.sums)} sums, {len(self.levels)} levels",
                where=f"scores by {self.attribute}",
                expected=f"{size} counts, none below zero, of distinct levels",
            )

    @property
    def array(self) -> NDArray[np.int64]:
        """The counts in their shape."""
        return np.array(self.counts, dtype=np.int64).reshape(len(self.levels), self.bins + 1, 2)

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean score of each cell, 0 where it holds no row."""
        amount = Amount(column=self.attribute, scale_bits=SCALE_BITS)
        total = np.array([from_fixed(amount, int(each)) for each in self.sums]).reshape(self.array.shape)
        mean: NDArray[np.float64] = np.divide(total, self.array, out=np.zeros_like(total), where=self.array > 0)
        return mean

    @property
    def n(self) -> int:
        """Rows counted."""
        return sum(self.counts)

    @property
    def nothing_to_tell(self) -> str:
        """Return why no gap can be told from these rows, empty where one can: one score for everybody, or labels of one class."""
        counts = self.array
        if int((counts.sum((0, 2)) > 0).sum()) <= 1:
            return "the score does not vary"
        return "" if counts.sum((0, 1)).all() else "labels of one class"


class ScoreTables(Record, frozen=True):
    """One histogram an attribute."""

    scores: tuple[GroupScores, ...]


def score_tally(roles: Roles, attribute: str, bins: int, *, sums: bool = False) -> Tally:
    """Ask for a histogram of the score by group and label; raises FieldError for a role that is not filled."""
    column = role_column(roles, "score")
    if not 1 <= bins <= BINS_MAX - 3:
        raise FieldError(f"{bins} bins", where="bins", expected=f"1 to {BINS_MAX - 3}")
    edges = (*(at / bins for at in range(bins + 1)), _AFTER_ONE)  # what is no probability falls outside and is seen
    score = Key(column=column, how="bins", edges=edges)
    amounts = (Amount(column=column),) if sums else ()
    return Tally(name=attribute, keys=(Key(column=attribute), score, label_key(roles)), amounts=amounts)


def read_scores(counted: Counted, bins: int) -> GroupScores:
    """Return the histogram; raises FieldError for missing values, labels other than 0 and 1, scores that are no probability."""
    levels, allowed = levels_at(counted, 0), tuple(str(at) for at in range(1, bins + 2))
    truth_at(counted, 2)
    wrong = {cell[1] for cell in counted.cells} - set(allowed)
    if wrong:
        what = "missing values" if "-1" in wrong else "values outside 0 to 1"
        raise FieldError(what, where=counted.tally.keys[1].column, expected="a probability in every row")
    axes = (levels, allowed, TRUTH)
    sums: list[str] = []
    if counted.tally.amounts:
        totals = dict(zip(counted.cells, counted.sums, strict=True))
        sums = [str(totals.get((a, b, c), (0,))[0]) for a in levels for b in allowed for c in TRUTH]
    return GroupScores(
        attribute=counted.tally.keys[0].column,
        levels=levels,
        bins=bins,
        counts=tuple(table(counted, axes).ravel().tolist()),
        sums=tuple(sums),
    )


def merge_scores(parts: Sequence[ScoreTables]) -> ScoreTables:
    """Add histograms of separate rows; levels are united. Raises FieldError where attributes or bins differ."""
    shapes = [[(each.attribute, each.bins, bool(each.sums)) for each in part.scores] for part in parts]
    if not parts or any(shape != shapes[0] for shape in shapes):
        raise FieldError("different attributes or bins", where="statistics", expected="the same in every part")
    return ScoreTables(scores=tuple(_merged(each) for each in zip(*(part.scores for part in parts), strict=True)))


def suppressed_scores(tables: ScoreTables, least: int) -> ScoreTables:
    """Return histograms in which each group's bin holds nobody or at least `least` people.

    A group of fewer, and the next smallest where it alone would be given away, stand there without rows: no gap can be told then.
    The bins of a larger one are joined to that of their middle row, so a threshold falls to within `least` of its people.
    """
    return ScoreTables(scores=tuple(_suppressed(each, least) for each in tables.scores))


def _suppressed(scores: GroupScores, least: int) -> GroupScores:
    counts = scores.array
    sums = np.array([int(each) for each in scores.sums], dtype=object).reshape(counts.shape) if scores.sums else None
    for group in np.flatnonzero(hidden_groups(counts.sum((1, 2)), least)).tolist():
        counts[group] = 0
        if sums is not None:
            sums[group] = 0
    for group in range(len(scores.levels)):
        rows = counts[group].sum(1)
        run = runs(rows[None, :], least)
        counts[group] = pooled(counts[group], run, rows)
        if sums is not None:
            sums[group] = pooled(sums[group], run, rows)
    texts = () if sums is None else tuple(str(each) for each in sums.ravel().tolist())
    return replace(scores, counts=tuple(counts.ravel().tolist()), sums=texts)


def _merged(parts: Sequence[GroupScores]) -> GroupScores:
    levels = tuple(sorted({level for part in parts for level in part.levels}, key=level_order))
    first = parts[0]
    width = (first.bins + 1) * 2
    counts = np.zeros((len(levels), width), dtype=np.int64)
    sums = [[0] * width for _ in levels]
    for part in parts:
        for at, level in enumerate(part.levels):
            to = levels.index(level)
            counts[to] += np.array(part.counts[at * width : (at + 1) * width])
            added = part.sums[at * width : (at + 1) * width]
            sums[to] = [total + int(more) for total, more in zip(sums[to], added, strict=True)] if added else sums[to]
    texts = tuple(str(total) for each in sums for total in each) if first.sums else ()
    return GroupScores(
        attribute=first.attribute, levels=levels, bins=first.bins, counts=tuple(counts.ravel().tolist()), sums=texts
    )
