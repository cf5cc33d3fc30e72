"""The gap report as a record: counts, findings and to-do, with the cells they rest on. Writers read it, nothing else."""

from __future__ import annotations

from datetime import date

from dualtrack.domain.records import Record, Text
from dualtrack.intake.lexicon import Period
from dualtrack.intake.records import Aside, ColumnMatch, Finding, InventoryRow, OtherSheet
from dualtrack.intake.todo import Owner

__all__ = ["Count", "GapReport"]


class Count(Record, frozen=True):
    """How many rows a kind of finding is about: `n` of `of`; `table` findings are about the table itself, n is 0."""

    kind: str
    severity: str
    title: Text
    n: int
    of: int
    findings: int
    table: bool


class GapReport(Record, frozen=True):
    """Everything the report says, with the cells it rests on; JSON-able by `as_records`."""

    file: str
    sha256: str
    format: str
    decoding: Text | None
    at: date
    sheet: str
    sheet_hidden: bool
    header_rows: tuple[int, ...]
    rows: tuple[InventoryRow, ...]
    aside: tuple[Aside, ...]
    other_sheets: tuple[OtherSheet, ...]
    matches: tuple[ColumnMatch, ...]
    findings: tuple[Finding, ...]
    counts: tuple[Count, ...]
    todo: tuple[Owner, ...]
    period: Period
    names_compared: bool

    def rows_with(self, *kinds: str) -> int:
        """Return how many rows have a finding of one of these kinds."""
        return len({finding.row for finding in self.findings if finding.kind in kinds and finding.row is not None})

    def rows_of_severity(self, severity: str) -> int:
        """Return how many rows have a finding of this severity."""
        return len(
            {finding.row for finding in self.findings if finding.severity == severity and finding.row is not None}
        )
