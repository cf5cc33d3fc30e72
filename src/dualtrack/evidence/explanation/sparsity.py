"""How many features it takes to carry a stated share of a decision's reasons: few enough for a person to read, or not.

Source: F. Poursabzi-Sangdeh et al. (2021), CHI, 237 (the number of features that people can follow); the count by share is ours.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.explanation.reasons import reasoned
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.robustness.amounts import Amounts
from dualtrack.evidence.robustness.estimates import mean_measurement
from dualtrack.evidence.tally import SCALE_BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.sample import Sample

__all__ = ["Needed", "Sparsity", "SparsitySettings"]

_ROUNDING = 1e-12


class SparsitySettings(Record, frozen=True):
    """`share` of the sizes of all contributions that the features counted must carry; set by the firm."""

    share: float
    rows: int = 2_000
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise FieldError(f"{self.share}", where="settings.share", expected="above 0, at most 1")


class Needed(Record, frozen=True):
    """Rows by the number of features needed: none (all contributions are 0), one, two, ... all."""

    counts: tuple[int, ...]


class Sparsity(Measure[Needed, SparsitySettings]):
    """Mean number of features that carry the stated share of the reasons."""

    name: ClassVar[str] = "explanation.sparsity"
    family: ClassVar[Family] = "explanation"
    title: ClassVar[Text] = Text(en="Features needed for the reasons", zh="說明理由所需的特徵數目")
    unit: ClassVar[str] = "features"
    needs: ClassVar[tuple[str, ...]] = ("features", "model")
    cost: ClassVar[Cost] = "model"
    method: ClassVar[Method] = Method(
        name="mean over rows of the fewest features with the stated share of absolute contributions, Student interval",
        version="1",
        source="Poursabzi-Sangdeh et al. 2021; Student 1908",
    )
    misleads: ClassVar[Text] = Text(
        en="Few features are not understandable ones. Groups of columns that mean one thing count as several.",
        zh="特徵少不等於容易明白。同一含義的多個欄位會被計作多個。",
    )
    settings: ClassVar[type[Record]] = SparsitySettings
    statistics: ClassVar[type[Record]] = Needed

    def gather(self, sample: Sample, settings: SparsitySettings) -> Needed:
        """Count the rows by the number of features that they need."""
        values = reasoned(sample, rows_max=settings.rows, seed=settings.seed).reasons.values
        sizes = -np.sort(-np.abs(values), axis=1)
        total = sizes.sum(axis=1, keepdims=True)
        short = np.cumsum(sizes, axis=1) < settings.share * total * (1 - _ROUNDING)
        needed = np.where(total[:, 0] > 0, short.sum(axis=1) + 1, 0)
        return Needed(counts=tuple(np.bincount(needed, minlength=values.shape[1] + 1).tolist()))

    def merge(self, parts: Sequence[Needed]) -> Needed:
        """Add counts of separate rows."""
        if not parts or len({len(part.counts) for part in parts}) != 1:
            raise FieldError("other features in another part", where=self.name, expected="the same features")
        return Needed(counts=tuple(sum(each) for each in zip(*(part.counts for part in parts), strict=True)))

    def estimate(self, statistics: Needed, settings: SparsitySettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the mean number of features; facts hold the number that serves nine rows of ten."""
        counts = statistics.counts
        total = sum(place * count for place, count in enumerate(counts))
        squares = sum(place * place * count for place, count in enumerate(counts))
        n = sum(counts)
        sums = Amounts(n=n, total=str(total << SCALE_BITS), squares=str(squares << 2 * SCALE_BITS))
        nine_of_ten = int(np.searchsorted(np.cumsum(counts), math.ceil(0.9 * n)))
        return (
            mean_measurement(
                self.name,
                sums,
                statistics,
                how,
                unit=self.unit,
                facts={"share": settings.share, "features": len(counts) - 1, "nine_of_ten": nine_of_ten},
                bounds=(0.0, float(len(counts) - 1)),
                method=self.method,
            ),
        )
