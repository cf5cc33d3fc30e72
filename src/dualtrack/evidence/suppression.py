"""Small cells: how few people a count that leaves the firm may tell apart, and how cells of fewer are pooled.

A cell here is a class of people: a group, a segment, a category, a place on a score. Within a class of enough people the counts of
outcomes stay as they are, since rates are made of them; what that leaves open is said in docs/measure.md. Pooling comes before any
estimate, so that whoever has the evidence computes the very numbers that were signed.
Sources: Brandt et al. (2010), Guidelines for the checking of output based on microdata research, ESSnet SDC; Hundepool et al.
(2012), Statistical Disclosure Control, chapter 4 (secondary suppression).
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["POOLED", "PeopleLeast", "hidden_groups", "middles", "people_least", "pooled", "runs"]

POOLED = "(pooled)"
"""What stands for levels of too few people, together; its own number says nothing about any of them."""

_FILE = "suppression.yaml"


class PeopleLeast(Record, frozen=True):
    """The fewest people of a published cell, since when (YYYY-MM-DD), and the guideline it follows."""

    since: str
    people: int
    cites: str


def people_least(day: str) -> int:
    """Return the figure in force on a day (YYYY-MM-DD, or an instant that begins so); before the first one, the first."""
    known = [each for each in _figures() if each.since <= day[:10]]
    return (max(known, key=lambda each: each.since) if known else _figures()[0]).people


@cache
def _figures() -> tuple[PeopleLeast, ...]:
    data = (resources.files("dualtrack.evidence") / "data" / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), tuple[PeopleLeast, ...], where=_FILE)


def runs(tables: NDArray[np.int64], least: int, sides: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return a run number for each bin: neighbours joined until each table has no row in the run, or `least` of them.

    `tables` are counts of shape (tables, bins), bins in order. `sides` are rising numbers of the bins; no run spans two of them,
    so what lies on either side of a threshold stays countable. A side of fewer rows is one run.
    """
    width = tables.shape[1]
    borders = [] if sides is None else (np.flatnonzero(np.diff(sides)) + 1).tolist()
    found, number = np.zeros(width, dtype=np.int64), 0
    for begin, end in pairwise([0, *borders, width]):
        cuts = _cuts(tables[:, begin:end], least)
        found[begin:end] = number + np.searchsorted(cuts, np.arange(end - begin), side="right") - 1
        number += len(cuts)
    return found


def _cuts(tables: NDArray[np.int64], least: int) -> list[int]:
    """Return where runs begin; the last run takes in those before it until it is large enough."""
    cuts, held = [0], np.zeros(len(tables), dtype=np.int64)
    for place in range(tables.shape[1] - 1):
        held = held + tables[:, place]
        if held.any() and not _small(held, least):
            cuts.append(place + 1)
            held = np.zeros(len(tables), dtype=np.int64)
    while len(cuts) > 1 and _small(tables[:, cuts[-1] :].sum(1), least):
        cuts.pop()
    return cuts


def _small(held: NDArray[np.int64], least: int) -> bool:
    return bool(((held > 0) & (held < least)).any())


def middles(run: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each run the bin of its middle row, the bin that the run's rows are moved to; its first bin where it has none."""
    found = []
    for number in range(int(run[-1]) + 1 if len(run) else 0):
        places = np.flatnonzero(run == number)
        below = np.cumsum(rows[places])
        found.append(int(places[np.searchsorted(below, (below[-1] + 1) // 2)]) if below[-1] else int(places[0]))
    return np.array(found, dtype=np.int64)


def pooled(counts: NDArray[Any], run: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return counts of the same shape, bins first, in which all of a run stands at the bin of its middle row."""
    moved = np.zeros_like(counts)
    np.add.at(moved, middles(run, rows)[run], counts)
    return moved


def hidden_groups(sizes: NDArray[np.int64], least: int) -> NDArray[np.bool_]:
    """Return which groups of a table must not be shown: those of fewer than `least` people, and as many more as hide them.

    `sizes` are people by group, one axis an attribute. Wherever a total over some attributes less the groups shown would leave fewer
    than `least` people, or one group by itself, the next smallest group of that total is hidden too. Totals themselves are taken to
    be known. What several totals give away together in three or more attributes is not searched for.
    """
    hidden: NDArray[np.bool_] = (sizes > 0) & (sizes < least)
    margins = [summed for width in range(1, sizes.ndim + 1) for summed in combinations(range(sizes.ndim), width)]
    while (more := _given_away(sizes, hidden, margins, least)) is not None:
        hidden[more] = True
    return hidden


def _given_away(
    sizes: NDArray[np.int64], hidden: NDArray[np.bool_], margins: list[tuple[int, ...]], least: int
) -> tuple[int, ...] | None:
    """Return the smallest group beside one that a total gives away, None where no total does."""
    for summed in margins:
        behind = np.where(hidden, sizes, 0).sum(axis=summed, keepdims=True)
        alone = hidden.sum(axis=summed, keepdims=True) == 1  # its size follows from the total, and then those of others
        beside = np.broadcast_to((behind > 0) & ((behind < least) | alone), sizes.shape) & ~hidden & (sizes > 0)
        if beside.any():
            flat = int(np.where(beside, sizes, np.iinfo(np.int64).max).argmin())
            return tuple(int(each) for each in np.unravel_index(flat, sizes.shape))
    return None
