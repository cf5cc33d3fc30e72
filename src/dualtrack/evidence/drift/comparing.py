"""One column compared: distances with their draws, the test of its values, the test of its missing rate.

Intervals are percentiles of multinomial draws over both histograms. A distance cannot be below zero, so its draws lie above it
on average even where nothing moved; they are shifted back by that bias. Source: Efron and Tibshirani (1993), chapters 10 and 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.errors import FieldError
from dualtrack.evidence.drift.distances import (
    chi_square,
    grid_ks,
    grid_wasserstein,
    grouped,
    kolmogorov_p,
    psi,
    reference_spread,
)
from dualtrack.evidence.drift.settings import NumericColumn
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import POWER
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.resampling import percentiles
from dualtrack.evidence.special import kolmogi

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.drift.histograms import Histogram
    from dualtrack.evidence.drift.settings import CategoryColumn

__all__ = ["Distance", "Drifted", "compare_column", "ks_detectable", "rows_for_ks"]

_DRAWS_AT_ONCE = 250

_Distances = Callable[[Any, Any], tuple["NDArray[np.float64]", ...]]
"""From counts of both sides, with draws in front, to distances."""


class Distance(NamedTuple):
    """A distance and its interval; `shifted` are the draws without their bias."""

    estimate: float
    low: float
    high: float
    shifted: NDArray[np.float64]


class Drifted(NamedTuple):
    """One column compared. `p` is that of the column: twice the smaller of values and missing rate, at most 1.

    Distances are None where a side has no value; `ks` and `wasserstein` for numbers only, the latter in standard deviations of
    the reference and None where that is constant. `outside` counts current rows beyond the reference's range or of a new level.
    """

    column: str
    n: int
    m: int
    missing: tuple[int, int]
    psi: Distance | None
    ks: Distance | None
    wasserstein: Distance | None
    p_values: float
    p_missing: float
    outside: int
    vanished: int
    freedom: int

    @property
    def p(self) -> float:
        """p-value of the column: its values or its missing rate moved (Bonferroni over the two)."""
        return min(1.0, 2 * min(self.p_values, self.p_missing))

    @property
    def psi_expected(self) -> float:
        """Size of the stability index to be expected of chance alone."""
        return self.freedom * (1 / self.n + 1 / self.m) if self.n and self.m else math.inf


def compare_column(
    setting: NumericColumn | CategoryColumn,
    reference: Histogram,
    current: Histogram,
    random: np.random.Generator,
    draws: int,
    level: float,
) -> Drifted:
    """Compare one column of the current sample with that of the reference."""
    old, new = np.array(reference.counts, dtype=np.int64), np.array(current.counts, dtype=np.int64)
    if len(old) != len(new) or len(old) != _width(setting):
        raise FieldError("histograms that do not fit the settings", where=setting.column)
    missing = (reference.missing, current.missing)
    p_missing = chi_square(np.array([missing[0], reference.n]), np.array([missing[1], current.n]))[2]
    bare = Drifted(
        setting.column, reference.n, current.n, missing, None, None, None, 1.0, p_missing, int(new[-1]), 0, 0
    )
    if not reference.n or not current.n:
        return bare
    if isinstance(setting, NumericColumn):
        return _numbers(setting, bare, old, new, random, draws, level)
    drawn = _drawn(old, new, random, draws, lambda a, b: (psi(a, b),))
    _, freedom, p_values = chi_square(old, new)
    share = current.n / reference.n
    vanished = int(((new == 0) & (old * share >= 1))[:-1].sum())
    return bare._replace(
        psi=_distance(float(psi(old, new)), drawn[0], level),
        p_values=p_values,
        vanished=vanished,
        freedom=max(freedom, 1),
    )


def ks_detectable(n: int, m: int, level: float, *, power: float = POWER) -> float:
    """Return the distance that two samples of these sizes show with this power at a test of this two-sided level."""
    return _ks_factor(level, power) * math.sqrt(1 / n + 1 / m)


def rows_for_ks(effect: float, level: float, *, power: float = POWER) -> int:
    """Return the rows of each of two equal samples that show a distance `effect`."""
    return math.ceil(2 * (_ks_factor(level, power) / effect) ** 2)


def _ks_factor(level: float, power: float) -> float:
    """Critical value of the test and, for the power, the normal quantile times the largest deviation of a share (one half)."""
    return float(kolmogi(1 - level)) + z_two_sided(2 * power - 1) / 2


def _numbers(
    setting: NumericColumn,
    bare: Drifted,
    old: NDArray[np.int64],
    new: NDArray[np.int64],
    random: np.random.Generator,
    draws: int,
    level: float,
) -> Drifted:
    edges = np.asarray(setting.edges)
    spread = reference_spread(old, edges)

    def distances(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[np.float64], ...]:
        return psi(grouped(a, setting), grouped(b, setting)), grid_ks(a, b), grid_wasserstein(a, b, edges)

    points = [float(each) for each in distances(old, new)]
    drawn = _drawn(old, new, random, draws, distances)
    ks = _distance(points[1], drawn[1], level)
    constant = int((old > 0).sum()) == 1
    return bare._replace(
        psi=_distance(points[0], drawn[0], level),
        ks=ks,
        wasserstein=None if constant or not spread else _distance(points[2] / spread, drawn[2] / spread, level),
        p_values=kolmogorov_p(ks.estimate, bare.n, bare.m),
        outside=int(new[0] + new[-1]),
        freedom=len(setting.groups),
    )


def _drawn(
    old: NDArray[np.int64], new: NDArray[np.int64], random: np.random.Generator, draws: int, distances: _Distances
) -> list[NDArray[np.float64]]:
    """Draw both histograms anew, a block at a time so that memory stays small, and return each distance's draws."""
    blocks = []
    for start in range(0, draws, _DRAWS_AT_ONCE):
        size = min(_DRAWS_AT_ONCE, draws - start)
        a, b = (random.multinomial(int(each.sum()), each / each.sum(), size=size) for each in (old, new))
        blocks.append(distances(a, b))
    return [np.concatenate(each) for each in zip(*blocks, strict=True)]


def _distance(estimate: float, drawn: NDArray[np.float64], level: float) -> Distance:
    shifted = np.maximum(drawn - max(float(drawn.mean()) - estimate, 0.0), 0.0)
    span = percentiles(shifted, level)
    return Distance(estimate, min(span.low, estimate), max(span.high, estimate), shifted)


def _width(setting: NumericColumn | CategoryColumn) -> int:
    return len(setting.edges if isinstance(setting, NumericColumn) else setting.levels) + 1
