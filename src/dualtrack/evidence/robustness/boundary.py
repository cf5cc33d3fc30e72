"""How far a row is from the other decision: the median distance along a line to a row that is decided otherwise.

For each row the nearest of some rows with the other decision is taken and the line between them halved until the place where the decision
turns is known. Distance is in standard deviations of the columns, root of the sum of squares. Distances are counted in bins of a ninth of
an octave, so that the statistics hold no row; the median's limits are those of order statistics, at the edges of their bins.
Sources: W. Brendel, J. Rauber and M. Bethge (2018), arXiv:1712.04248 (binary search to the boundary); W. J.
Conover (1999), Practical Nonparametric Statistics, section 3.2 (limits of a quantile).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.models import ask
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.robustness.asking import asked, positive
from dualtrack.evidence.special import bdtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.robustness.asking import Asked
    from dualtrack.evidence.sample import Sample

__all__ = ["BINS", "BINS_PER_OCTAVE", "OCTAVES", "Boundary", "BoundarySettings", "Distances", "edge"]

BINS_PER_OCTAVE = 9
"""A bin is then 8 % wide: less than the error of a median of some hundred rows."""

OCTAVES = (-20, 12)
"""Distances from a millionth to some thousand standard deviations; what lies outside goes to the first or last bin."""

BINS = BINS_PER_OCTAVE * (OCTAVES[1] - OCTAVES[0])
"""Bins of the count."""


class BoundarySettings(Record, frozen=True):
    """`threshold` of the score from which the decision is 1; rows looked at, others each is compared with, halvings."""

    threshold: float
    rows: int = 500
    others: int = 64
    halvings: int = 20
    seed: int = 1

    def __post_init__(self) -> None:
        positive(self.others, "settings.others")
        positive(self.halvings, "settings.halvings")


class Distances(Record, frozen=True):
    """Rows looked at, rows for which there was another decision to look for, and the count of distances by bin."""

    rows: int
    counts: tuple[int, ...]


class Boundary(Measure[Distances, BoundarySettings]):
    """Median distance to the other decision."""

    name: ClassVar[str] = "robustness.boundary"
    family: ClassVar[Family] = "robustness"
    title: ClassVar[Text] = Text(en="Distance to the other decision", zh="與相反決定的距離")
    unit: ClassVar[str] = "standard deviations"
    needs: ClassVar[tuple[str, ...]] = ("features", "model")
    cost: ClassVar[Cost] = "model"
    method: ClassVar[Method] = Method(
        name="median over rows of the distance to the decision's turn on a line, order statistics",
        version="1",
        source="Brendel et al. 2018; Conover 1999, section 3.2",
    )
    misleads: ClassVar[Text] = Text(
        en="The true distance is at most this: another direction may be shorter. "
        "Points on the line may be cases that cannot exist (half a child, age after retirement date).",
        zh="真正的距離不會大於此數，其他方向可能更短。線上的點可能是不會存在的個案（例如半個子女）。",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = BoundarySettings
    statistics: ClassVar[type[Record]] = Distances

    def gather(self, sample: Sample, settings: BoundarySettings) -> Distances:
        """Search the turn for each row; rows with missing values are left out."""
        found = asked(sample, rows_max=settings.rows, seed=settings.seed)
        whole = np.isfinite(found.rows).all(axis=1)
        rows, decided = found.rows[whole], found.scores[whole] >= settings.threshold
        scale = np.where(found.spread > 0, found.spread, 1.0)
        counts = np.zeros(BINS, dtype=np.int64)
        for side in (False, True):
            here, there = rows[decided == side], rows[decided != side]
            if len(here) and len(there):
                nearest = _nearest(here / scale, there / scale, settings)
                counts += _binned(_search(found, here, there[nearest], side, settings, scale))
        return Distances(rows=len(found.rows), counts=tuple(counts.tolist()))

    def estimate(self, statistics: Distances, settings: BoundarySettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the median distance; underpowered where hardly any row had another decision to look for."""
        counts = np.array(statistics.counts)
        n = int(counts.sum())
        limits = _median_limits(counts, n, how.level)
        few = n < how.cell_size_min
        facts: dict[str, Fact] = {
            "threshold": settings.threshold,
            "rows": statistics.rows,
            "rows_without": statistics.rows - n,
        }
        if few:
            facts["n_needed"] = how.cell_size_min
        if limits is not None:
            facts["tenth"] = _quantile(counts, 0.1)
        return (
            Measurement(
                measure=self.name,
                unit=self.unit,
                n=n,
                outcome="underpowered" if few or limits is None else "measured",
                method=self.method,
                data_digest=how.data_digest,
                level=how.level,
                estimate=None if limits is None else limits[0],
                low=None if limits is None else limits[1],
                high=None if limits is None else limits[2],
                facts=facts,
                statistics=plain_statistics(statistics),
            ),
        )


def edge(place: int) -> float:
    """Return the lower edge of a bin; of the bin after the last, its upper edge."""
    return math.exp2(OCTAVES[0] + place / BINS_PER_OCTAVE)


def _nearest(here: NDArray[np.float64], there: NDArray[np.float64], settings: BoundarySettings) -> NDArray[np.intp]:
    """Return for each row the place of the nearest of some rows of the other decision."""
    few = len(there) <= settings.others
    some = np.arange(len(there)) if few else generator(settings.seed).choice(len(there), settings.others, replace=False)
    others = there[some]
    distance = (others**2).sum(
        axis=1
    ) - 2 * here @ others.T  # squared, without what is the same for all others of a row
    nearest: NDArray[np.intp] = some[distance.argmin(axis=1)]
    return nearest


def _search(
    found: Asked,
    here: NDArray[np.float64],
    there: NDArray[np.float64],
    side: bool,
    settings: BoundarySettings,
    scale: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the distance from each row to where the decision turns on the line to its partner."""
    low, high = np.zeros(len(here)), np.ones(len(here))
    for _ in range(settings.halvings):
        middle = (low + high) / 2
        scores = ask(found.model, here + middle[:, None] * (there - here))
        same = (scores >= settings.threshold) == side
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    distance: NDArray[np.float64] = high * np.sqrt((((there - here) / scale) ** 2).sum(axis=1))
    return distance


def _binned(distance: NDArray[np.float64]) -> NDArray[np.int64]:
    octave = np.log2(np.maximum(distance, math.exp2(OCTAVES[0])))
    place = np.floor((octave - OCTAVES[0]) * BINS_PER_OCTAVE).astype(np.int64)
    return np.bincount(np.clip(place, 0, BINS - 1), minlength=BINS).astype(np.int64)


def _quantile(counts: NDArray[np.int64], share: float) -> float:
    """Return the middle (geometric) of the bin that holds a quantile."""
    place = int(np.searchsorted(np.cumsum(counts), max(1, math.ceil(share * int(counts.sum())))))
    return math.sqrt(edge(place) * edge(place + 1))


def _median_limits(counts: NDArray[np.int64], n: int, level: float) -> tuple[float, float, float] | None:
    """Return the median and its limits; None where so few rows have none at this level."""
    rank = int(np.searchsorted(bdtr(np.arange(n + 1), n, 0.5), (1 - level) / 2, side="right")) if n else 0
    if rank < 1:
        return None
    filled = np.cumsum(counts)
    low, high = (int(np.searchsorted(filled, at)) for at in (rank, n - rank + 1))
    return _quantile(counts, 0.5), edge(low), edge(high + 1)
