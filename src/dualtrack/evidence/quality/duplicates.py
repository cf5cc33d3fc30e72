"""Duplicates: rows that repeat another, exactly and nearly.

The statistics are sizes of groups of equal rows and how many groups of each size there are; nothing of a row is in them. The
interval takes a group as the unit, since twins come together. Source: Korn and Graubard (1998), Survey Methodology 24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.clustered_share import Clusters, clustered_share
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.quality.rows import column_of, group_rows, normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.sample import Sample

__all__ = ["DIGITS", "DuplicateSettings", "Duplicates", "Sizes"]

DIGITS = 3
"""Significant digits by which numbers are near, unless set: an amount typed twice differs in its cents."""


class DuplicateSettings(Record, frozen=True):
    """`columns` that make a row, those the model is given unless named, else all; `digits` for numbers that are near."""

    columns: tuple[str, ...] = ()
    digits: int = DIGITS


class Sizes(Record, frozen=True):
    """Groups of equal rows as (rows in the group, groups of that size), exactly equal and nearly."""

    exact: tuple[tuple[int, int], ...]
    near: tuple[tuple[int, int], ...]


class Duplicates(Measure[Sizes, DuplicateSettings]):
    """Share of rows that have a twin: exact, and near."""

    name: ClassVar[str] = "quality.duplicates"
    family: ClassVar[Family] = "quality"
    title: ClassVar[Text] = Text(en="Duplicate rows", zh="重複資料列")
    unit: ClassVar[str] = "share"
    needs: ClassVar[tuple[str, ...]] = ()
    cost: ClassVar[Cost] = "rows"
    method: ClassVar[Method] = Method(
        name="share of rows with a twin, exact interval at the effective number of rows",
        version="1",
        source="Korn and Graubard 1998",
    )
    misleads: ClassVar[Text] = Text(
        en="Few columns or coarse codes make honest rows equal; a number for each customer hides true duplicates, so leave it out. "
        "Shards are measured together, not added.",
        zh="欄位過少或代碼過粗會令真實而不同的資料列看似相同；客戶編號會掩蓋真正的重複，應予剔除。各分片須一併量度，不可相加。",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = DuplicateSettings
    statistics: ClassVar[type[Record]] = Sizes

    def gather(self, sample: Sample, settings: DuplicateSettings) -> Sizes:
        """Count groups of equal rows by size."""
        if settings.digits < 1:
            raise FieldError(f"{settings.digits} digits", where=self.name, expected="1 or more")
        names = settings.columns or sample.roles.features or tuple(sample.columns)
        columns = [column_of(sample.columns, name, where=self.name) for name in names]
        near = [normalised(column, settings.digits) for column in columns]
        return Sizes(exact=_sizes(group_rows(columns)), near=_sizes(group_rows(near)))

    def estimate(self, statistics: Sizes, settings: DuplicateSettings, how: Estimating) -> tuple[Measurement, ...]:  # noqa: ARG002 - the contract of a measure
        """Return the exact share, then the near one."""
        exact = self._estimate(statistics, statistics.exact, how)
        near = self._estimate(statistics, statistics.near, how)
        return exact, replace(near, measure=f"{self.name}-near")

    def _estimate(self, statistics: Sizes, sizes: tuple[tuple[int, int], ...], how: Estimating) -> Measurement:
        n = sum(size * groups for size, groups in sizes)
        twins = sum(size * groups for size, groups in sizes if size > 1)
        limits = clustered_share([Clusters(size if size > 1 else 0, size, groups) for size, groups in sizes], how.level)
        bare = Measurement(
            measure=self.name,
            unit=self.unit,
            n=n,
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            statistics=plain_statistics(statistics),
            facts={
                "rows_with_twin": twins,
                "rows_to_drop": sum((size - 1) * groups for size, groups in sizes),
                "largest_group": max(size for size, _ in sizes),
                "n_needed": how.cell_size_min,
            },
        )
        if limits is None or n < how.cell_size_min:
            return bare
        facts = {name: value for name, value in bare.facts.items() if name != "n_needed"}
        return replace(bare, outcome="measured", estimate=twins / n, low=limits.low, high=limits.high, facts=facts)


def _sizes(groups: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    size, times = np.unique(np.bincount(groups), return_counts=True)
    return tuple((int(a), int(b)) for a, b in zip(size, times, strict=True))
