"""Consistency: declared rules between the columns of a row, in a closed form that anybody can read.

Four forms: one number not above another, a number that is the sum of others, a column that must be filled where another holds
a given code, two columns that must be equal. Source: ISO/IEC 25012:2008, section 5.3.1.3.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.quality.rows import absent, numbers, texts
from dualtrack.evidence.quality.shares import Line, Shares, estimate_shares, merge_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.sample import Sample

__all__ = ["Consistency", "ConsistencySettings", "Rule"]

_Form = Literal["not_above", "sum_of", "equal", "filled_where"]


class Rule(Record, frozen=True):
    """One rule, named by `id`, over `columns`.

    `not_above`: the first is at most the second (numbers). `sum_of`: the first is the sum of the others, within `tolerance`.
    `equal`: the first and the second hold the same text or number. `filled_where`: the second holds a value in every row in
    which the first is one of `codes`; other rows are not judged. A row that lacks a value otherwise is not judged either.
    """

    id: str
    form: _Form
    columns: tuple[str, ...]
    codes: tuple[str, ...] = ()
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        enough = len(self.columns) >= 2 if self.form == "sum_of" else len(self.columns) == 2  # noqa: PLR2004
        if not enough or (self.form == "filled_where") != bool(self.codes):
            raise FieldError(
                f"{self.form} of {len(self.columns)} columns and {len(self.codes)} codes",
                where=f"rule {self.id}",
                expected="two columns (a sum: two or more), codes for filled_where only",
            )
        if not (self.tolerance >= 0 and math.isfinite(self.tolerance)):
            raise FieldError(f"tolerance {self.tolerance}", where=f"rule {self.id}", expected="0 or above")


class ConsistencySettings(Record, frozen=True):
    """The rules of the plan; at least one."""

    rules: tuple[Rule, ...]


class Consistency(Measure[Shares, ConsistencySettings]):
    """Share of rows that keep each rule; the estimate is that of the rule most often broken."""

    name: ClassVar[str] = "quality.consistency"
    family: ClassVar[Family] = "quality"
    title: ClassVar[Text] = Text(en="Consistency of the data", zh="數據一致性")
    unit: ClassVar[str] = "share"
    needs: ClassVar[tuple[str, ...]] = ()
    cost: ClassVar[Cost] = "rows"
    method: ClassVar[Method] = Method(
        name="lowest share of rows keeping a rule, simultaneous Wilson limits",
        version="1",
        source="ISO/IEC 25012:2008; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="Rows can agree with each other and all be wrong. Only declared rules are checked; rows that lack a value are not judged.",
        zh="資料彼此一致也可能全部有誤。只檢查已申報的規則；缺值的資料列不作評核。",
    )
    settings: ClassVar[type[Record]] = ConsistencySettings
    statistics: ClassVar[type[Record]] = Shares

    def gather(self, sample: Sample, settings: ConsistencySettings) -> Shares:
        """Count rows that keep each rule."""
        if not settings.rules:
            raise FieldError("no rule", where=self.name, fix="declare rules between columns in the plan")
        return Shares(lines=tuple(_line(sample, rule) for rule in settings.rules), rows=sample.n)

    def merge(self, parts: Sequence[Shares]) -> Shares:
        """Add rows of separate parts."""
        return merge_shares(parts)

    def estimate(self, statistics: Shares, settings: ConsistencySettings, how: Estimating) -> tuple[Measurement, ...]:  # noqa: ARG002 - the contract of a measure
        """Return the lowest share, parts by rule."""
        return (estimate_shares(self.name, self.method, statistics, how),)


def _line(sample: Sample, rule: Rule) -> Line:
    columns = [_column(sample, name, rule) for name in rule.columns]
    if rule.form == "filled_where":
        judged = np.isin(texts(columns[0]), list(rule.codes)) & ~absent(columns[0])
        kept = judged & ~absent(columns[1])
    else:
        judged = ~np.logical_or.reduce([absent(column) for column in columns])
        kept = judged & _holds(rule, columns)
    good, total = int(kept.sum()), int(judged.sum())
    return Line(label=rule.id, good=good, judged=total, absent=sample.n - total)


def _holds(rule: Rule, columns: list[NDArray[Any]]) -> NDArray[np.bool_]:
    kinds = {np.ma.getdata(column).dtype.kind in "biuf" for column in columns}
    if rule.form == "equal" and kinds != {True}:
        same: NDArray[np.bool_] = texts(columns[0]) == texts(columns[1])
        return same
    values = [numbers(column, where=name) for name, column in zip(rule.columns, columns, strict=True)]
    if rule.form == "not_above":
        return np.asarray(values[0] <= values[1] + rule.tolerance)
    rest = np.sum(values[1:], axis=0)
    return np.asarray(np.abs(values[0] - rest) <= rule.tolerance)


def _column(sample: Sample, name: str, rule: Rule) -> NDArray[Any]:
    if name not in sample.columns:
        raise FieldError(f"no column {name!r}", where=f"rule {rule.id}", expected=", ".join(list(sample.columns)[:40]))
    return sample.columns[name]
