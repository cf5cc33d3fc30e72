"""Completeness: of each column, the share of rows that hold a value. Source: ISO/IEC 25012:2008, section 5.3.1.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Method
from dualtrack.evidence.quality.shares import Line, Shares, estimate_shares, merge_shares
from dualtrack.evidence.tally import Key, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["Completeness", "CompletenessSettings", "role_columns"]

_TEXT_ROLES = ("question", "answer", "expected", "passages")


class CompletenessSettings(Record, frozen=True):
    """`columns` to look at, all that have a role unless named; in `blank` and in text roles a text of white space is missing too."""

    columns: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()


def role_columns(roles: Roles) -> tuple[str, ...]:
    """Return every column that has a role, each once, in the order of the roles."""
    values = [getattr(roles, name) for name in roles.__struct_fields__]
    named = [each for value in values if value for each in (value if isinstance(value, tuple) else (value,))]
    return tuple(dict.fromkeys(named))


class Completeness(CountingMeasure[Shares, CompletenessSettings]):
    """Share of rows that hold a value, by column; the estimate is the emptiest column's."""

    name: ClassVar[str] = "quality.completeness"
    family: ClassVar[Family] = "quality"
    title: ClassVar[Text] = Text(en="Completeness of the data", zh="數據完整性")
    unit: ClassVar[str] = "share"
    needs: ClassVar[tuple[str, ...]] = ()
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="lowest share of filled rows over columns, simultaneous Wilson limits",
        version="1",
        source="ISO/IEC 25012:2008; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="A default such as 0, 1900-01-01 or 'unknown' counts as a value. Rows that never reached the table are not seen.",
        zh="以 0、1900-01-01 或「不詳」等預設值填補的欄位會算作有值；從未進入數據表的資料列無從得知。",
    )
    settings: ClassVar[type[Record]] = CompletenessSettings
    statistics: ClassVar[type[Record]] = Shares

    def tallies(self, roles: Roles, settings: CompletenessSettings) -> tuple[Tally, ...]:
        """Count each column by whether it holds a value; a column that may be blank by its values."""
        columns = settings.columns or role_columns(roles)
        texts = {getattr(roles, role) for role in _TEXT_ROLES} | set(settings.blank)
        if not columns or set(settings.blank) - set(columns):
            raise FieldError(
                "no column" if not columns else f"blank {min(set(settings.blank) - set(columns))!r}",
                where=self.name,
                expected="columns that are looked at",
            )
        return tuple(
            Tally(name=name, keys=(Key(column=name, how="value" if name in texts else "missing"),)) for name in columns
        )

    def from_counted(self, counted: Sequence[Counted], settings: CompletenessSettings) -> Shares:  # noqa: ARG002 - the contract of a measure
        """Return filled rows by column; values that were read only to see whether they are blank are forgotten here."""
        return Shares(lines=tuple(_line(each) for each in counted), rows=counted[0].n)

    def merge(self, parts: Sequence[Shares]) -> Shares:
        """Add rows of separate parts."""
        return merge_shares(parts)

    def estimate(self, statistics: Shares, settings: CompletenessSettings, how: Estimating) -> tuple[Measurement, ...]:  # noqa: ARG002 - the contract of a measure
        """Return the lowest share, parts by column."""
        return (estimate_shares(self.name, self.method, statistics, how),)


def _line(counted: Counted) -> Line:
    key = counted.tally.keys[0]
    filled = sum(
        count
        for (level,), count in zip(counted.cells, counted.counts, strict=True)
        if (level == "0" if key.how == "missing" else level.strip())
    )
    return Line(label=key.column, good=filled, judged=counted.n)
