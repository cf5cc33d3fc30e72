"""Association in tables of counts, its test, and the correction for many tests.

Sources: Cramér (1946), Mathematical Methods of Statistics, 21.9; Pearson (1900), Philosophical Magazine 50, 157-175; Holm (1979),
Scandinavian Journal of Statistics 6, 65-70.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.numeric import np
from dualtrack.evidence.special import chdtrc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cramers_v", "independence_p"]


def cramers_v(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return Cramér's V of tables (..., levels, bins), 0 to 1; NaN where fewer than two levels or two bins hold rows."""
    chi_square, rows, columns, n = _chi_square(counts)
    smaller = np.minimum(rows, columns) - 1.0
    v: NDArray[np.float64] = np.sqrt(
        np.divide(chi_square, n * smaller, out=np.full(chi_square.shape, np.nan), where=(smaller > 0) & (n > 0))
    )
    return np.minimum(v, 1.0)


def independence_p(counts: NDArray[Any]) -> float:
    """Return the p-value of Pearson's test of independence of one table; 1 where there is nothing to test."""
    chi_square, rows, columns, _ = _chi_square(counts)
    degrees = (int(rows) - 1) * (int(columns) - 1)
    return float(chdtrc(degrees, float(chi_square))) if degrees > 0 else 1.0


def _chi_square(
    counts: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return chi-square, levels and bins that hold rows, and the rows, of tables (..., levels, bins)."""
    held = counts.astype(np.float64)
    by_level, by_bin = held.sum(-1, keepdims=True), held.sum(-2, keepdims=True)
    n = held.sum((-1, -2))
    expected = by_level * by_bin / np.maximum(n, 1.0)[..., None, None]
    terms = np.divide((held - expected) ** 2, expected, out=np.zeros_like(held), where=expected > 0)
    return terms.sum((-1, -2)), (by_level > 0).sum((-1, -2)), (by_bin > 0).sum((-1, -2)), n
