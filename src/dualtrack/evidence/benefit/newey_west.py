"""Least squares with Newey and West's variance: right for a series whose neighbours resemble each other.

Sources: Newey and West (1987), Econometrica 55, 703-708; (1994), Review of Economic Studies 61, 631-653, for the number of lags.
With few periods it is still somewhat too small, hence Student's degrees and the factor n / (n - k).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Fit", "fit_newey_west", "usual_lags"]


class Fit(NamedTuple):
    """Coefficients, their covariance, degrees of freedom, and how much neighbours resemble each other."""

    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    degrees: int
    neighbours: float


def usual_lags(periods: int) -> int:
    """Return the usual number of lags, 4 (n / 100)^(2/9), rounded down."""
    return math.floor(4 * math.pow(periods / 100, 2 / 9))


def fit_newey_west(design: NDArray[np.float64], values: NDArray[np.float64], *, lags: int) -> Fit:
    """Fit values (n,) on design (n, k); raises FieldError where the design does not tell its columns apart."""
    periods, width = design.shape
    if periods <= width or not 0 <= lags < periods or np.linalg.matrix_rank(design) < width:
        found = f"{periods} periods, {width} unknowns, {lags} lags"
        raise FieldError(found, where="newey-west", expected="more periods, independent columns, fewer lags")
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ values
    residual = values - design @ coefficients
    moved = design * residual[:, None]
    middle = moved.T @ moved
    for lag in range(1, lags + 1):
        step = moved[lag:].T @ moved[:-lag]
        middle += (1 - lag / (lags + 1)) * (step + step.T)
    covariance = inverse @ middle @ inverse * (periods / (periods - width))
    total = float((residual**2).sum())
    neighbours = float((residual[1:] * residual[:-1]).sum()) / total if total > 0 else 0.0
    return Fit(coefficients, covariance, periods - width, neighbours)
