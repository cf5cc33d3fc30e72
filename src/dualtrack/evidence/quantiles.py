"""Quantiles of the normal and of Student's t, without scipy.

The normal comes from the standard library. Student's t is found by bisection on its distribution function, written through
the regularised incomplete beta function and its continued fraction (DLMF 8.17.22, evaluated by Lentz's method).
"""

from __future__ import annotations

import math
from statistics import NormalDist

from dualtrack.errors import FieldError

__all__ = ["normal_cdf", "student_cdf", "student_quantile", "z_two_sided"]

_TINY = 1e-300
_TERMS_MAX = 500
_NORMAL_FROM = 1e6
_STEPS = 80
_CLOSE = 1e-15


def z_two_sided(level: float) -> float:
    """Return z such that plus or minus z holds `level` of the standard normal; raises FieldError outside (0, 1)."""
    if not 0 < level < 1:
        raise FieldError(f"level {level}", where="interval", expected="between 0 and 1")
    return NormalDist().inv_cdf(0.5 + level / 2)


def normal_cdf(value: float) -> float:
    """Return the standard normal distribution function."""
    return NormalDist().cdf(value)


def student_cdf(value: float, degrees: float) -> float:
    """Return P(T <= value) for Student's t with `degrees` of freedom."""
    tail = 0.5 * _beta_regularised(degrees / (degrees + value * value), degrees / 2, 0.5)
    return 1 - tail if value >= 0 else tail


def student_quantile(probability: float, degrees: float) -> float:
    """Return the quantile of Student's t; beyond a million degrees it is the normal's to nine digits."""
    if not 0 < probability < 1 or degrees <= 0:
        raise FieldError(
            f"probability {probability}, degrees {degrees}", where="interval", expected="(0, 1) and above 0"
        )
    if degrees >= _NORMAL_FROM:
        return NormalDist().inv_cdf(probability)
    upper = max(probability, 1 - probability)
    low, high = 0.0, 1.0
    while student_cdf(high, degrees) < upper:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if student_cdf(middle, degrees) < upper else (low, middle)
    return high if probability == upper else -high


def _beta_regularised(x: float, a: float, b: float) -> float:
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a
    return 1 - front * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _TERMS_MAX):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            result *= d * c
        if abs(d * c - 1) < _CLOSE:
            break
    return result


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
