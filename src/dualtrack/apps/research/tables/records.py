"""Tables as records: what is loaded, from which file, with which columns; and a result that is kept and checked again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from dualtrack.domain.records import Record, Text

if TYPE_CHECKING:
    import tempfile
    from pathlib import Path
    from types import TracebackType

__all__ = ["Checked", "ColumnInfo", "Desk", "Lineage", "Result", "ResultColumn", "Source", "TableInfo"]


class Source(Record, frozen=True):
    """A file to load: `table` is its name in SQL, `licence` under what terms it may be used, `personal` the columns about people.

    `header_row` is where to begin to look for the heading (1-based); `sheet` names that of a workbook with several.
    """

    path: str
    licence: str
    table: str = ""
    sheet: str = ""
    header_row: int = 1
    personal: tuple[str, ...] = ()


class ColumnInfo(Record, frozen=True):
    """A column: its name in SQL, its heading in the file, its DuckDB type (`left out` where not loaded), how many are empty."""

    name: str
    header: str
    kind: str
    personal: bool
    empty: int
    note: Text | None


class TableInfo(Record, frozen=True):
    """A table that was loaded, its file by SHA-256, and how it was asked for; of the path only the name is kept."""

    name: str
    source: Source
    file: str
    sha256: str
    sheet: str
    rows: int
    columns: tuple[ColumnInfo, ...]

    @property
    def kept(self) -> tuple[ColumnInfo, ...]:
        """The columns that can be asked for."""
        return tuple(each for each in self.columns if each.kind != "left out")


class Checked(Record, frozen=True):
    """SQL that passed the gate: `asked` is the text given, `sql` what was generated from it and is the only thing that runs.

    `people_min` is the least number of rows of a group that shows a figure about people, 0 where none does; `ordered` says
    whether the query fixes the order of its rows.
    """

    asked: str
    sql: str
    tables: tuple[str, ...]
    functions: tuple[str, ...]
    ordered: bool
    people_min: int


class Lineage(Record, frozen=True):
    """Where a column of a result comes from: columns as `table.column`, by what way, and what narrows its rows."""

    column: str
    sources: tuple[str, ...]
    expression: str
    filters: tuple[str, ...]


class ResultColumn(Record, frozen=True):
    """A column of a result and its DuckDB type."""

    name: str
    kind: str


class Result(Record, frozen=True):
    """An answer over tables, kept so that whoever has the files computes it again.

    Values are texts without loss (decimals, ISO dates, reals in shortest form), None where there is none. `cut` says that there
    are more rows than were kept. `seconds` is the query's time and proves nothing.
    """

    format: Literal["dualtrack.table-result/1"]
    query: Checked
    day: str
    tables: tuple[TableInfo, ...]
    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]
    rows_max: int
    cut: bool
    restated: Text
    lineage: tuple[Lineage, ...]
    seconds: float
    duckdb: str


@dataclass(frozen=True)
class Desk:
    """Loaded tables in a private database file. Close it, or use it as a context."""

    tables: tuple[TableInfo, ...]
    database: Path
    folder: tempfile.TemporaryDirectory[str]

    def close(self) -> None:
        """Remove the private folder."""
        self.folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
