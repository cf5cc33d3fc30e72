"""Logistic regression of an outcome on one variable, by iteratively reweighted least squares.

Only what a calibration slope needs: intercept, slope and the slope's standard error from the observed information.
Source: McCullagh and Nelder (1989), Generalized Linear Models, section 2.5.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STEPS_MAX", "Line", "fit_line"]

STEPS_MAX = 50
"""Most Newton steps: a fit that exists converges in about ten, one that does not (separated classes) never does."""

_CLOSE = 1e-10
_SLOPE_MAX = 1e4
_WEIGHT_LEAST = 1e-12


class Line(NamedTuple):
    """A fitted line on the log-odds scale."""

    intercept: float
    slope: float
    slope_error: float


def fit_line(x: NDArray[np.float64], truth: NDArray[np.bool_]) -> Line | None:
    """Return the maximum-likelihood line, or None where there is none: constant x, or classes separated by x."""
    if float(np.ptp(x)) == 0:
        return None
    middle = float(x.mean())
    design = np.column_stack([np.ones(len(x)), x - middle])
    beta = np.zeros(2)
    for _ in range(STEPS_MAX):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -500, 500)))
        weight = fitted * (1 - fitted)
        information = design.T @ (design * weight[:, None])
        if np.linalg.det(information) < _WEIGHT_LEAST:
            return None
        step = np.linalg.solve(information, design.T @ (truth - fitted))
        beta = beta + step
        if abs(beta[1]) > _SLOPE_MAX:
            return None
        if float(np.abs(step).max()) < _CLOSE:
            error = math.sqrt(float(np.linalg.inv(information)[1, 1]))
            return Line(float(beta[0] - beta[1] * middle), float(beta[1]), error)
    return None
