"""The gap report: read a spreadsheet, say what an examiner would find missing, write it as a page and as a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import to_plain
from dualtrack.errors import NotFoundError, WorkbookError
from dualtrack.intake import html_page, xlsx_book
from dualtrack.intake.catalogue import catalogue
from dualtrack.intake.columns import propose
from dualtrack.intake.gaps import find_gaps
from dualtrack.intake.lexicon import periods
from dualtrack.intake.reading import Reading
from dualtrack.intake.records import Finding, OtherSheet, Sheet, Workbook
from dualtrack.intake.result import Count, GapReport
from dualtrack.intake.rows import inventory_rows, table_columns
from dualtrack.intake.table import find_table, header_hits, merged_from
from dualtrack.intake.todo import todo
from dualtrack.intake.values import reader
from dualtrack.intake.workbook import read_workbook
from dualtrack.keys.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

__all__ = ["HTML_NAME", "XLSX_NAME", "as_records", "gap_report", "write_html", "write_xlsx"]

HTML_NAME, XLSX_NAME = "gap-report.html", "gap-report.xlsx"

_HITS_MIN = 2
"""Header names that make a sheet a candidate; the same number as for a header row."""


def gap_report(
    path: Path,
    *,
    at: date,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> GapReport:
    """Read the spreadsheet at `path` and return what is missing in it on the date `at`; nothing is written.

    `sheet` names the sheet to read, hidden or not; `mapping` gives columns to fields, `{"owner": "PIC"}` or
    `{"owner": "D"}`. Raises PathError, WorkbookError, NotFoundError (no such sheet) or FieldError (a wrong mapping).
    Equal files, dates and choices give equal reports, byte for byte.
    """
    book = read_workbook(path)
    chosen = _choose(book, sheet)
    table = find_table(chosen, book.name)
    if not table.rows:
        raise WorkbookError(
            "the table has a header and no rows",
            where=f"{book.name}, {chosen.name}, row {table.header_rows[-1]}",
            expected="at least one row below the header",
            fix="name the sheet that holds the inventory",
            code="input.workbook.no-rows",
        )
    matches = propose(
        table_columns(chosen, table), reader(epoch_1904=book.epoch_1904), mapping, f"{book.name}, {chosen.name}"
    )
    rows = inventory_rows(chosen, table, matches, merged_from(chosen))
    reading = Reading(sheet=chosen.name, rows=rows, matches=matches, at=at, epoch_1904=book.epoch_1904)
    findings, complete = find_gaps(reading)
    return GapReport(
        file=book.name,
        sha256=book.sha256,
        format=book.format,
        decoding=book.decoding,
        at=at,
        sheet=chosen.name,
        sheet_hidden=chosen.hidden,
        header_rows=table.header_rows,
        rows=rows,
        aside=table.aside,
        other_sheets=_others(book, chosen),
        matches=matches,
        findings=findings,
        counts=_counts(findings, len(rows)),
        todo=todo(findings),
        period=periods().at(at),
        names_compared=complete,
    )


def as_records(report: GapReport) -> object:
    """Return the report as plain JSON data; dates in ISO form."""
    return to_plain(report)


def write_html(report: GapReport, path: Path) -> None:
    """Write the report as one self-contained page, atomically; PathError when it cannot be written."""
    replace_file(path, html_page.page(report).encode())


def write_xlsx(report: GapReport, path: Path) -> None:
    """Write the report as a workbook of five sheets, atomically; PathError when it cannot be written."""
    replace_file(path, xlsx_book.book(report))


def _choose(book: Workbook, wanted: str | None) -> Sheet:
    if wanted is not None:
        return _named(book, wanted)
    visible = [sheet for sheet in book.sheets if sheet.cells and not sheet.hidden]
    if not visible:
        hidden = [sheet.name for sheet in book.sheets if sheet.cells]
        raise WorkbookError(
            "every sheet with content is hidden: " + ", ".join(hidden) if hidden else "every sheet is empty",
            where=book.name,
            expected="a sheet with a table",
            fix=f"read one by its name: --sheet '{hidden[0]}'" if hidden else "check that this is the right file",
            code="input.workbook.empty",
        )
    best = max(visible, key=lambda sheet: (header_hits(sheet), sheet.rows))
    return best if header_hits(best) >= _HITS_MIN else visible[0]


def _named(book: Workbook, wanted: str) -> Sheet:
    for fits in (str.__eq__, lambda one, other: one.casefold().strip() == other.casefold().strip()):
        found = [sheet for sheet in book.sheets if fits(sheet.name, wanted)]
        if len(found) == 1:
            return found[0]
    names = ", ".join(f"'{sheet.name}'" + (" (hidden)" if sheet.hidden else "") for sheet in book.sheets)
    raise NotFoundError(f"there is no sheet '{wanted}'", where=book.name, expected=f"one of {names}")


def _others(book: Workbook, chosen: Sheet) -> tuple[OtherSheet, ...]:
    return tuple(
        OtherSheet(name=one.name, hidden=one.hidden, rows=one.rows, columns=one.columns, hits=header_hits(one))
        for one in book.sheets
        if one is not chosen
    )


def _counts(findings: tuple[Finding, ...], total: int) -> tuple[Count, ...]:
    counts = []
    for kind in dict.fromkeys(finding.kind for finding in findings):
        found = [finding for finding in findings if finding.kind == kind]
        spec = catalogue().findings[kind]
        rows = {finding.row for finding in found if finding.row is not None}
        counts.append(
            Count(
                kind=kind,
                severity=spec.severity,
                title=spec.title,
                n=len(rows),
                of=total,
                findings=len(found),
                table=not rows,
            )
        )
    return tuple(counts)
