"""Even edges: where the edges of bins follow a formula to the last bit, an engine needs no list of them.

Ten thousand edges as comparisons would take an engine minutes to plan. Edges made as `i / m`, `i * step` or `first + i * step` come
out the same wherever numbers are IEEE 754 doubles, so the place of a value is a guess by arithmetic held against two edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["Grid", "find_grid", "grid_edges"]

_EVEN_LEAST = 24  # fewer edges are quicker compared one by one


class Grid(NamedTuple):
    """Edge number `i`, from 0: `(i + shift) / by` (quotient), `(i + shift) * by` (multiple) or `origin + (i + shift) * by` (step)."""

    form: Literal["quotient", "multiple", "step"]
    by: float
    shift: float = 0.0
    origin: float = 0.0


def grid_edges(grid: Grid, count: int) -> NDArray[np.float64]:
    """Return the first edges of a grid."""
    number = np.arange(count, dtype=np.float64) + grid.shift
    if grid.form == "quotient":
        return number / grid.by
    return number * grid.by if grid.form == "multiple" else grid.origin + number * grid.by


def find_grid(edges: Sequence[float]) -> Grid | None:
    """Return the grid that gives exactly these edges, or None."""
    if len(edges) < _EVEN_LEAST:
        return None
    exact = np.asarray(edges, dtype=np.float64)
    for grid in _candidates(exact):
        if np.array_equal(grid_edges(grid, len(exact)), exact):
            return grid
    return None


def _candidates(edges: NDArray[np.float64]) -> Iterator[Grid]:
    first, second, last = float(edges[0]), float(edges[1]), float(edges[-1])
    mean = (last - first) / (len(edges) - 1)
    if not 0 < mean < np.inf:
        return
    parts = float(round(1 / mean)) if mean >= np.finfo(np.float64).tiny else 0.0
    if parts >= 1:
        yield Grid("quotient", parts, float(round(first * parts)))
    steps = dict.fromkeys([mean, second - first, *([1 / parts] if parts else []), float(round(mean)) or mean])
    for step in steps:
        yield Grid("multiple", step, float(round(first / step)))
        yield Grid("step", step, 0.0, first)
        for origin in dict.fromkeys([first - step, round(first - step, 9), float(round(first - step))]):
            yield Grid("step", step, 1.0, origin)
