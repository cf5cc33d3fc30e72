"""Every threshold at once: utility and gap of thresholds by group, from histograms of scores, and the best ones under a bound.

A threshold is an edge of the histogram; a person is selected where the score is at or above it. Utility is one minus the cost of
the errors a row (both costs 1: accuracy), so it is a sum over groups, while rates fall as thresholds rise. Hence the search: for
every window of rates as wide as the bound each group takes its best threshold inside the window, and the best window wins. That
is exact for one rate and any number of groups. Two rates at once (equalised odds) take windows of both; where the groups have
more rates than WINDOWS_MAX, windows begin at evenly spread ones of them, and a slightly better pair may then exist.
Sources: Hardt, Price and Srebro (2016), Equality of Opportunity in Supervised Learning, section 3.2; Corbett-Davies et al. (2017),
Algorithmic Decision Making and the Cost of Fairness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "WINDOWS_MAX",
    "Gap",
    "Tails",
    "best_single",
    "best_under",
    "gap_of",
    "gaps_single",
    "make_tails",
    "selected_table",
    "utilities",
]

Gap = Literal["selection_rate", "true_positive_rate", "equalised_odds"]
"""What is to be near between groups; equalised odds is the larger of the gaps of true and false positive rates."""

WINDOWS_MAX = 200
"""Most beginnings of windows of each of two rates: 40,000 windows, a few milliseconds a group."""

_ROUNDING = 1e-12


class Tails(NamedTuple):
    """People at or above each threshold, shape (groups, thresholds, label 2); everybody, shape (groups, label 2); rates that count.

    `rates` has shape (kinds, groups, thresholds), one kind or two; `gain` (groups, thresholds) adds up over groups to the utility.
    """

    above: NDArray[np.int64]
    total: NDArray[np.int64]
    rates: NDArray[np.float64]
    gain: NDArray[np.float64]


def make_tails(counts: NDArray[np.int64], gap: Gap, costs: tuple[float, float]) -> Tails:
    """Return the tails of counts (groups, bins, label 2), one threshold more than bins; `costs` of a wrong 1 and of a wrong 0.

    Raises FieldError where a group has nobody to form the rate from.
    """
    above = np.zeros((counts.shape[0], counts.shape[1] + 1, 2), dtype=np.int64)
    above[:, :-1] = counts[:, ::-1].cumsum(1)[:, ::-1]
    total = above[:, 0]
    kinds = {
        "selection_rate": [(above.sum(2), total.sum(1))],
        "true_positive_rate": [(above[..., 1], total[:, 1])],
        "equalised_odds": [(above[..., 1], total[:, 1]), (above[..., 0], total[:, 0])],
    }[gap]
    if any((base == 0).any() for _, base in kinds):
        raise FieldError(
            "a group without rows of one label", where=f"rates of {gap}", expected="both labels in every group",
            fix="merge groups or gather more cases",
        )  # fmt: skip
    rates = np.stack([top / base[:, None] for top, base in kinds])
    false_positive, false_negative = costs
    loss = false_positive * above[..., 0] + false_negative * (total[:, None, 1] - above[..., 1])
    return Tails(above, total, rates, total.sum(1)[:, None] / total.sum() - loss / total.sum())


def best_single(tails: Tails, bound: float | None = None) -> int:
    """Return the best threshold that is the same for all groups; with a bound, of those that keep it (selecting nobody does)."""
    utility = tails.gain.sum(0)
    if bound is not None:
        utility = np.where(gaps_single(tails) <= bound + _ROUNDING, utility, -np.inf)
    return int(utility.argmax())


def gaps_single(tails: Tails) -> NDArray[np.float64]:
    """Return the gap of each threshold that is the same for all groups."""
    gaps: NDArray[np.float64] = np.ptp(tails.rates, axis=1).max(0)
    return gaps


def gap_of(tails: Tails, thresholds: NDArray[np.int64]) -> float:
    """Return the gap of one threshold a group."""
    return float(np.ptp(tails.rates[:, np.arange(len(thresholds)), thresholds], axis=1).max())


def best_under(tails: Tails, bound: float) -> NDArray[np.int64]:
    """Return the best threshold of each group under a bound on the gap, 0 or more."""
    windows = [_beginnings(kind, len(tails.rates)) for kind in tails.rates]
    grids = [begin.ravel() for begin in np.meshgrid(*windows, indexing="ij")]
    spans = [_span(tails, group, grids, bound) for group in range(len(tails.gain))]
    best = [_RangeBest(tails.gain[group]).at(*span) for group, span in enumerate(spans)]
    gain = [np.where(place < 0, -np.inf, tails.gain[group][np.maximum(place, 0)]) for group, place in enumerate(best)]
    window = int(np.sum(gain, axis=0).argmax())
    return np.array([place[window] for place in best], dtype=np.int64)


def selected_table(tails: Tails, thresholds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return counts (groups, label 2, decision 2) at one threshold a group."""
    chosen = tails.above[np.arange(len(thresholds)), thresholds]
    return np.stack([tails.total - chosen, chosen], axis=-1)


def utilities(tables: NDArray[np.float64], costs: tuple[float, float]) -> NDArray[np.float64]:
    """Return utility a row of tables (..., groups, label 2, decision 2)."""
    wrong = costs[0] * tables[..., 0, 1].sum(-1) + costs[1] * tables[..., 1, 0].sum(-1)
    value: NDArray[np.float64] = 1 - wrong / tables.sum((-1, -2, -3))
    return value


def _beginnings(rates: NDArray[np.float64], kinds: int) -> NDArray[np.float64]:
    found = np.unique(rates)
    if kinds == 1 or len(found) <= WINDOWS_MAX:
        return found
    return found[np.unique(np.linspace(0, len(found) - 1, WINDOWS_MAX).astype(np.int64))]


def _span(
    tails: Tails, group: int, begins: list[NDArray[np.float64]], bound: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each window the thresholds of a group whose rates lie in it: the first, and one past the last."""
    first = np.zeros(len(begins[0]), dtype=np.int64)
    last = np.full(len(begins[0]), tails.gain.shape[1], dtype=np.int64)
    for kind, begin in enumerate(begins):
        rising = tails.rates[kind, group, ::-1]
        size = len(rising)
        first = np.maximum(first, size - np.searchsorted(rising, begin + bound + _ROUNDING, side="right"))
        last = np.minimum(last, size - np.searchsorted(rising, begin - _ROUNDING, side="left"))
    return first, last


class _RangeBest:
    """Where the largest value of any range lies, by doubling ranges (a sparse table)."""

    def __init__(self, values: NDArray[np.float64]) -> None:
        self._values = values
        self._tables = [np.arange(len(values))]
        while (width := 1 << len(self._tables)) <= len(values):
            before = self._tables[-1]
            left, right = before[: len(values) - width + 1], before[width >> 1 :][: len(values) - width + 1]
            self._tables.append(np.where(values[left] >= values[right], left, right))

    def at(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the place of the largest value in each range (the end is outside); -1 for an empty one."""
        place = np.full(len(first), -1, dtype=np.int64)
        length = last - first
        for power, table in enumerate(self._tables):
            here = np.flatnonzero((length >= 1 << power) & (length < 2 << power))
            left, right = table[first[here]], table[last[here] - (1 << power)]
            place[here] = np.where(self._values[left] >= self._values[right], left, right)
        return place
