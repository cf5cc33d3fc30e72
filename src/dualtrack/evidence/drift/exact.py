"""`drift.ks-exact`: the exact two-sample Kolmogorov-Smirnov distance of every number column, from rows in memory.

It is the only thing here that needs rows: the distance is found between two neighbouring values, which no histogram keeps. So
its statistics do not merge; where days or engines must add up, `drift.columns` has the distance on a grid instead.
Source: Smirnov (1948), Annals of Mathematical Statistics 19, 279-281; interval from the Dvoretzky-Kiefer-Wolfowitz bound with
Massart's constant (1990), Annals of Probability 18, 1269-1283.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text, to_plain
from dualtrack.errors import FieldError
from dualtrack.evidence.drift.distances import kolmogorov_p
from dualtrack.evidence.drift.histograms import sorted_values
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method, Part
from dualtrack.evidence.multiplicity import benjamini_hochberg, holm
from dualtrack.evidence.numeric import np
from dualtrack.evidence.roles import refuse_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Sample

__all__ = ["DriftKsExact", "KsExact", "KsSettings", "KsStatistics", "ks_steps"]


class KsSettings(Record, frozen=True):
    """Columns of numbers to compare."""

    columns: tuple[str, ...]


class KsExact(Record, frozen=True):
    """One column: rows with a value on both sides, and the distance in steps of 1/(n m), whole but too large for a number."""

    column: str
    n: int
    m: int
    steps: str


class KsStatistics(Record, frozen=True):
    """The columns' exact distances."""

    columns: tuple[KsExact, ...]


class DriftKsExact(Measure[KsStatistics, KsSettings]):
    """The exact distance; asymptotic p-values, which err to the safe side where values are tied."""

    name: ClassVar[str] = "drift.ks-exact"
    family = "drift"
    title = Text(en="Kolmogorov-Smirnov distance, exact", zh="柯爾莫哥洛夫－斯米爾諾夫距離（精確）")
    unit = "distance"
    needs = ("reference",)
    cost = "rows"
    method = Method(
        name="two-sample Kolmogorov-Smirnov from rows, DKW interval, Holm",
        version="1",
        source="Smirnov 1948; Massart 1990",
    )
    misleads = Text(
        en="With many rows every column moves by some amount that is certain and does not matter: set the distance that does.",
        zh="數據量大時，每個欄位都會測出確定但不重要的變動：應先訂明多大的距離才算重要。",
    )
    mergeable = False
    settings = KsSettings
    statistics = KsStatistics

    def gather(self, sample: Sample, settings: KsSettings) -> KsStatistics:
        """Sort both sides of each column once."""
        refuse_weights(sample.roles)
        if sample.reference is None:
            raise FieldError("no reference", where=self.name, fix="name the reference of the plan")
        if not settings.columns:
            raise FieldError("no column to compare", where=self.name, fix="name columns of numbers")
        return KsStatistics(columns=tuple(_exact(name, sample, sample.reference) for name in settings.columns))

    def estimate(self, statistics: KsStatistics, settings: KsSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the largest distance, with a part and adjusted p-values for each column."""
        if tuple(each.column for each in statistics.columns) != settings.columns:
            raise FieldError("statistics of other columns", where=self.name)
        if all(each.n == each.m >= how.cell_size_min and each.steps == "0" for each in statistics.columns):
            raise FieldError(
                "no column differs by a single row",
                where=self.name,
                expected="two samples",
                fix="name an earlier table as reference: these are the same rows",
            )
        parts = [_part(each, how) for each in statistics.columns]
        measured = [each for each in parts if each.outcome == "measured"]
        top = max(measured, key=lambda each: each.estimate or 0.0, default=None)
        p_values = [_p(each) for each in statistics.columns]
        gated, reported = holm(p_values), benjamini_hochberg(p_values)
        names = [each.column for each in statistics.columns]
        facts: dict[str, Fact] = {"p_holm_least": min(gated)}
        facts |= {f"p_holm: {name}": p for name, p in zip(names, gated, strict=True)}
        facts |= {f"p_benjamini_hochberg: {name}": p for name, p in zip(names, reported, strict=True)}
        whole = len(measured) == len(parts)
        return (
            Measurement(
                measure=self.name,
                unit=self.unit,
                n=max(each.m for each in statistics.columns),
                outcome="measured" if whole else "underpowered",
                method=self.method,
                data_digest=how.data_digest,
                level=how.level,
                estimate=top.estimate if top else None,
                low=top.low if top else None,
                high=top.high if top else None,
                facts=facts if whole else facts | {"n_needed": how.cell_size_min},
                parts=tuple(parts),
                statistics=to_plain(statistics),  # type: ignore[arg-type]
            ),
        )


def ks_steps(reference: NDArray[np.float64], current: NDArray[np.float64]) -> int:
    """Return the largest |m i - n j| over all values, for ordered samples of n and m: the distance times n m, exactly."""
    n, m = len(reference), len(current)
    at_reference = np.arange(1, n + 1) * m - np.searchsorted(current, reference, side="right") * n
    before_reference = np.arange(n) * m - np.searchsorted(current, reference, side="left") * n
    # Between two values of the reference the gap is largest just before the next one, or at it once all ties have been passed.
    last = np.append(reference[1:] != reference[:-1], True)
    first = np.insert(reference[1:] != reference[:-1], 0, True)
    return int(max(np.abs(at_reference[last]).max(), np.abs(before_reference[first]).max()))


def _exact(name: str, sample: Sample, reference: Sample) -> KsExact:
    for columns in (sample.columns, reference.columns):
        if name not in columns:
            raise FieldError(f"no column {name!r}", where="drift.ks-exact", expected=", ".join(list(columns)[:40]))
    old, _ = sorted_values(reference.columns[name], name)
    new, _ = sorted_values(sample.columns[name], name)
    steps = ks_steps(old, new) if len(old) and len(new) else 0
    return KsExact(column=name, n=len(old), m=len(new), steps=str(steps))


def _distance(each: KsExact) -> float | None:
    return int(each.steps) / (each.n * each.m) if each.n and each.m else None


def _p(each: KsExact) -> float:
    distance = _distance(each)
    return 1.0 if distance is None else kolmogorov_p(distance, each.n, each.m)


def _part(each: KsExact, how: Estimating) -> Part:
    distance = _distance(each)
    if distance is None:
        return Part(label=each.column, n=each.m, outcome="underpowered")
    # Each side's function lies within its band with half of the error; the distance moves by at most both bands.
    half = sum(math.sqrt(math.log(4 / (1 - how.level)) / (2 * rows)) for rows in (each.n, each.m))
    return Part(
        label=each.column,
        n=each.m,
        outcome="measured" if min(each.n, each.m) >= how.cell_size_min else "underpowered",
        estimate=distance,
        low=max(0.0, distance - half),
        high=min(1.0, distance + half),
    )
