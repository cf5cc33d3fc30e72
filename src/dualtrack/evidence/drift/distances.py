"""Distances between two histograms of one shape, and the tests that go with them. Every function takes draws as leading axes.

Population stability index: Siddiqi (2006), Credit Risk Scorecards, chapter 9; its size without drift is (bins - 1)(1/n + 1/m):
Yurdakul (2018), Statistical Properties of Population Stability Index. Kolmogorov-Smirnov: Smirnov (1948), Annals of
Mathematical Statistics 19, 279-281; on a grid the test errs to the safe side: Noether (1963), Technometrics 5, 515-516.
Wasserstein: Vallender (1974), Theory of Probability and its Applications 18, 784-786.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dualtrack.evidence.numeric import np
from dualtrack.evidence.special import chdtrc, kolmogorov

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.drift.settings import NumericColumn

__all__ = [
    "EXPECTED_LEAST",
    "chi_square",
    "grid_ks",
    "grid_wasserstein",
    "grouped",
    "kolmogorov_p",
    "psi",
    "reference_spread",
]

EXPECTED_LEAST = 5.0
"""Fewest expected rows of a level in the chi-square test; rarer ones are pooled: Cochran (1954), Biometrics 10, 417-451."""

_HALF_ROW = 0.5

_Counts = Any
"""Arrays of counts, draws in the leading axes."""


def grouped(counts: _Counts, setting: NumericColumn) -> NDArray[Any]:
    """Add fine bins up to the groups of the stability index."""
    starts = [0, *(place + 1 for place in setting.groups)]
    found: NDArray[Any] = np.add.reduceat(np.asarray(counts), starts, axis=-1)
    return found


def psi(reference: _Counts, current: _Counts) -> NDArray[np.float64]:
    """Return the population stability index; half a row is added to every bin, so that an empty one is no infinity."""
    old, new = (np.asarray(each, dtype=np.float64) + _HALF_ROW for each in (reference, current))
    old, new = (each / each.sum(-1, keepdims=True) for each in (old, new))
    found: NDArray[np.float64] = ((new - old) * np.log(new / old)).sum(-1)
    return found


def grid_ks(reference: _Counts, current: _Counts) -> NDArray[np.float64]:
    """Return the largest difference of the two distribution functions at the edges: at most the exact distance."""
    found: NDArray[np.float64] = np.abs(_gaps(reference, current)).max(-1)
    return found


def grid_wasserstein(reference: _Counts, current: _Counts, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area between the two distribution functions from the first to the last edge, in the column's unit.

    Within a bin the functions are taken as straight; what lies beyond the last edge counts as if it lay on it.
    """
    gaps = np.abs(_gaps(reference, current))
    found: NDArray[np.float64] = ((gaps[..., 1:] + gaps[..., :-1]) / 2 * np.diff(edges)).sum(-1)
    return found


def reference_spread(reference: _Counts, edges: NDArray[np.float64]) -> float:
    """Return the standard deviation of the reference from its bins; 0 for a constant."""
    counts = np.asarray(reference, dtype=np.float64)
    at = np.concatenate([edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]])
    total = counts.sum()
    if total == 0:
        return 0.0
    mean = float((counts * at).sum() / total)
    return math.sqrt(float((counts * (at - mean) ** 2).sum() / total))


def kolmogorov_p(distance: float, n: int, m: int) -> float:
    """Return the asymptotic p-value of a two-sample Kolmogorov-Smirnov distance."""
    return float(kolmogorov(math.sqrt(n * m / (n + m)) * distance))


def chi_square(reference: NDArray[Any], current: NDArray[Any]) -> tuple[float, int, float]:
    """Return statistic, degrees of freedom and p-value of homogeneity; rare levels are pooled, (0, 0, 1) where one is left."""
    table = np.stack([reference, current]).astype(np.float64)
    n, m = table.sum(1)
    expected = table.sum(0) * min(n, m) / (n + m)
    rare = expected < EXPECTED_LEAST
    table = np.column_stack([table[:, ~rare], table[:, rare].sum(1)]) if rare.any() else table
    table = table[:, table.sum(0) > 0]
    freedom = table.shape[1] - 1
    if freedom < 1 or min(n, m) == 0:
        return 0.0, 0, 1.0
    fair = table.sum(0) * np.array([[n], [m]]) / (n + m)
    statistic = float(((table - fair) ** 2 / fair).sum())
    return statistic, freedom, float(chdtrc(freedom, statistic))


def _gaps(reference: _Counts, current: _Counts) -> NDArray[np.float64]:
    """Return the difference of the distribution functions at every edge."""
    old, new = (np.cumsum(np.asarray(each), axis=-1, dtype=np.float64) for each in (reference, current))
    found: NDArray[np.float64] = new[..., :-1] / new[..., -1:] - old[..., :-1] / old[..., -1:]
    return found
