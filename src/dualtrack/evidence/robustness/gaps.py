"""Each field missing in turn, and each number past the range that the model was trained on.

Source: ISO/IEC TR 24029-1:2021, section 5; E. Breck et al. (2017), The ML Test Score, tests of data and of monitoring.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.robustness.asking import asked, columns_of, need_reference, positive
from dualtrack.evidence.robustness.fields import FieldsTurned, estimate_fields, merge_fields, turn_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.sample import Sample

__all__ = ["GapSettings", "MissingFields", "OutOfRange", "RangeSettings"]


class GapSettings(Record, frozen=True):
    """`threshold` of the score from which the decision is 1; `columns` to take away, all where none is named."""

    threshold: float
    columns: tuple[str, ...] = ()
    rows: int = 1_000
    seed: int = 1


class RangeSettings(Record, frozen=True):
    """`beyond`: how far past the reference's range, as a share of that range; set by the firm, as `threshold` is."""

    threshold: float
    beyond: float
    columns: tuple[str, ...] = ()
    rows: int = 1_000
    seed: int = 1

    def __post_init__(self) -> None:
        positive(self.beyond, "settings.beyond")


class MissingFields(Measure[FieldsTurned, GapSettings]):
    """Share of decisions that turn without a word when a field is missing."""

    name: ClassVar[str] = "robustness.missing-fields"
    family: ClassVar[Family] = "robustness"
    title: ClassVar[Text] = Text(en="Decisions turned by a missing field", zh="因欄位缺值而改變的決定")
    unit: ClassVar[str] = "share of rows"
    needs: ClassVar[tuple[str, ...]] = ("features", "model")
    cost: ClassVar[Cost] = "model"
    method: ClassVar[Method] = Method(
        name="share of rows decided otherwise with any one field missing, refusals apart, Wilson interval",
        version="1",
        source="ISO/IEC TR 24029-1:2021; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="Fields go missing together in practice, here one at a time. A decision that stays may still be a guess. "
        "A refusal counts as handled, which is no use if nobody works the refused cases.",
        zh="現實中多個欄位常會同時缺值，這裏每次只缺一個。決定不變不代表有根據。模型拒絕回答視為已處理，但若無人跟進，拒絕並無用處。",
    )
    settings: ClassVar[type[Record]] = GapSettings
    statistics: ClassVar[type[Record]] = FieldsTurned

    def gather(self, sample: Sample, settings: GapSettings) -> FieldsTurned:
        """Take each field away in turn."""
        found = asked(sample, rows_max=settings.rows, seed=settings.seed)
        named = settings.columns or found.names
        changes = [(found.names[at], at, _gone) for at in columns_of(found, named, f"{self.name}, columns")]
        return turn_fields(found, changes, settings.threshold)

    def merge(self, parts: Sequence[FieldsTurned]) -> FieldsTurned:
        """Add counts of separate rows."""
        return merge_fields(parts)

    def estimate(self, statistics: FieldsTurned, settings: GapSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share of rows turned by any missing field."""
        return (estimate_fields(self.name, statistics, self.method, how, settings.threshold),)


class OutOfRange(Measure[FieldsTurned, RangeSettings]):
    """Share of decisions that turn without a word when a number lies past everything the model has seen."""

    name: ClassVar[str] = "robustness.out-of-range"
    family: ClassVar[Family] = "robustness"
    title: ClassVar[Text] = Text(en="Decisions turned by a value out of range", zh="因數值超出範圍而改變的決定")
    unit: ClassVar[str] = "share of rows"
    needs: ClassVar[tuple[str, ...]] = ("features", "model", "reference")
    cost: ClassVar[Cost] = "model"
    method: ClassVar[Method] = Method(
        name="share of rows decided otherwise with any one number past the reference's range, refusals apart, Wilson interval",
        version="1",
        source="ISO/IEC TR 24029-1:2021; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="A value past the range may deserve another decision: a turn is a case to look at, not a fault. "
        "Trees answer past their range as at its edge, which looks stable and is not knowledge.",
        zh="超出範圍的數值可能本應得出另一決定：決定改變只是值得查看的個案，未必是錯誤。樹模型在範圍以外的回答與邊界相同，看似穩定，其實並無根據。",
    )
    settings: ClassVar[type[Record]] = RangeSettings
    statistics: ClassVar[type[Record]] = FieldsTurned

    def gather(self, sample: Sample, settings: RangeSettings) -> FieldsTurned:
        """Put each number below and above the reference's range in turn."""
        if not need_reference(sample, self.name).roles.features:
            raise FieldError("a reference without features", where=self.name, fix="name them in the reference too")
        found = asked(sample, rows_max=settings.rows, seed=settings.seed)
        changes = []
        for place in columns_of(found, settings.columns, f"{self.name}, columns"):
            known = found.base[np.isfinite(found.base[:, place]), place]
            if len(known) == 0:
                raise FieldError("no value in the reference", where=found.names[place], fix="leave the column out")
            low, high = float(known.min()), float(known.max())
            step = settings.beyond * ((high - low) or 1.0)
            for label, value in (("below", low - step), ("above", high + step)):
                changes.append((f"{found.names[place]} {label}", place, partial(_put, value=value)))
        return turn_fields(found, changes, settings.threshold)

    def merge(self, parts: Sequence[FieldsTurned]) -> FieldsTurned:
        """Add counts of separate rows against the same reference."""
        return merge_fields(parts)

    def estimate(self, statistics: FieldsTurned, settings: RangeSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share of rows turned by any value out of range."""
        return (estimate_fields(self.name, statistics, self.method, how, settings.threshold),)


def _gone(column: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.full_like(column, np.nan)


def _put(column: NDArray[np.float64], *, value: float) -> NDArray[np.float64]:
    return np.full_like(column, value)
