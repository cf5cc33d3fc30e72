"""Logistic regression of an outcome on one variable, from counts: the line by which a calibration is judged.

Lines of data are values with the negatives and positives that share them. Fitted by iteratively reweighted least squares.
Source: McCullagh and Nelder (1989), Generalized Linear Models, section 4.4 (grouped data).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.evidence.logistic import STEPS_MAX, Line
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fit_grouped_line"]

_CLOSE = 1e-10
_SLOPE_MAX = 1e4
_WEIGHT_LEAST = 1e-12


def fit_grouped_line(value: NDArray[np.float64], counts: NDArray[np.int64]) -> Line | None:
    """Return the maximum-likelihood line from values (lines) and counts (lines, 2), or None: constant values, separated classes."""
    rows, positive = counts.sum(1).astype(np.float64), counts[:, 1].astype(np.float64)
    if not rows.sum() or float(np.ptp(value)) == 0 or _separated(value, counts):
        return None
    middle = float((value * rows).sum() / rows.sum())
    design = np.column_stack([np.ones(len(value)), value - middle])
    beta = np.zeros(2)
    for _ in range(STEPS_MAX):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -500, 500)))
        information = design.T @ (design * (rows * fitted * (1 - fitted))[:, None])
        if np.linalg.det(information) < _WEIGHT_LEAST:
            return None
        step = np.linalg.solve(information, design.T @ (positive - rows * fitted))
        beta = beta + step
        if abs(beta[1]) > _SLOPE_MAX:
            return None
        if float(np.abs(step).max()) < _CLOSE:
            error = math.sqrt(float(np.linalg.inv(information)[1, 1]))
            return Line(float(beta[0] - beta[1] * middle), float(beta[1]), error)
    return None


def _separated(value: NDArray[np.float64], counts: NDArray[np.int64]) -> bool:
    negative, positive = (value[counts[:, at] > 0] for at in (0, 1))
    if not len(negative) or not len(positive):
        return True
    return bool(negative.max() <= positive.min() or positive.max() <= negative.min())
