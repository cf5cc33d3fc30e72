"""The gap report as a workbook of five sheets: summary, to-do, findings, rows with their original cells, mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.intake.catalogue import catalogue
from dualtrack.intake.html_page import headline, limits, page_words
from dualtrack.intake.lexicon import columns
from dualtrack.present.text import date_text
from dualtrack.present.xlsx import SheetSpec, workbook_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.domain.records import Text
    from dualtrack.intake.records import Finding, Kept
    from dualtrack.intake.result import GapReport

__all__ = ["book"]

_Row = tuple[str | int | float, ...]


def book(report: GapReport) -> bytes:
    """Return the workbook as bytes; equal reports give equal bytes."""
    return workbook_bytes(
        [
            _sheet("Summary", ("item", "value"), _summary(report), (44, 80)),
            _sheet("To do", _TODO, _todo(report), (24, 7, 34, 10, 48, 36, 40, 8)),
            _sheet("Findings", _FINDINGS, _findings(report), (8, 10, 28, 24, 7, 34, 24, 40, 44, 34, 50, 40, 40)),
            _rows(report),
            _sheet("Mapping", _MAPPING, _mapping(report), (8, 30, 26, 11, 12, 48, 40)),
        ]
    )


_TODO = ("owner", "row", "use", "severity", "action", "action", "cells", "number")
_FINDINGS = (
    "number",
    "severity",
    "finding",
    "finding",
    "row",
    "use",
    "owner",
    "cells",
    "detail",
    "detail",
    "question",
    "question",
    "sources",
)
_MAPPING = ("column", "header_text", "read_as", "confidence", "item", "reason", "reason")


def _sheet(title: str, names: tuple[str, ...], rows: Iterator[_Row], widths: tuple[int, ...]) -> SheetSpec:
    """Return a sheet; of two columns of one name the first is in English and the second in Chinese."""
    header = []
    for position, name in enumerate(names):
        word = page_words()[name]
        twice = names.count(name) > 1
        header.append(word.zh if twice and name in names[:position] else word.en if twice else _both(word))
    return SheetSpec(title=title, header=tuple(header), rows=tuple(rows), widths=widths)


def _both(text: Text) -> str:
    return text.en if text.en == text.zh else f"{text.en} {text.zh}"


def _cells(cells: tuple[Kept, ...]) -> str:
    return "\n".join(f"{cell.ref}: {cell.text or '∅'}" for cell in cells)


def _severity(name: str) -> str:
    return _both(catalogue().severities[name])


def _summary(report: GapReport) -> Iterator[_Row]:
    words, head = page_words(), headline(report)
    yield _both(words["title"]), f"{head.en}\n{head.zh}"
    yield _both(words["file"]), report.file
    yield _both(words["digest"]), report.sha256
    yield _both(words["sheet"]), report.sheet
    yield _both(words["dated"]), _both(date_text(report.at))
    yield _both(words["rows"]), len(report.rows)
    yield _both(words["with_high"]), report.rows_of_severity("high")
    yield _both(words["findings_count"]), len(report.findings)
    for count in report.counts:
        share = _both(words["whole_table"]) if count.table else f"{count.n}/{count.of} ({count.n / count.of:.0%})"
        yield f"{_severity(count.severity)}: {_both(count.title)}", share
    for note in report.aside:
        reason = _both(words[f"aside_{note.reason}"])
        yield f"{_both(words['row'])} {note.row}: {reason}", _cells(note.cells)
    for limit in limits(report):
        yield _both(words["limits"]), f"{limit.en}\n{limit.zh}"


def _todo(report: GapReport) -> Iterator[_Row]:
    for owner in report.todo:
        for use in owner.uses:
            for step in use.steps:
                yield (
                    _both(owner.name),
                    use.row or "",
                    use.name,
                    _severity(step.severity),
                    step.action.en,
                    step.action.zh,
                    _cells(step.cells),
                    step.number,
                )


def _findings(report: GapReport) -> Iterator[_Row]:
    for one in report.findings:
        yield (
            one.number,
            _severity(one.severity),
            one.title.en,
            one.title.zh,
            one.row or "",
            one.name,
            one.owner,
            _cells(one.cells),
            one.detail.en,
            one.detail.zh,
            one.question.en,
            one.question.zh,
            _sources(one),
        )


def _sources(finding: Finding) -> str:
    return "\n".join(f"{cite.short.en}, {cite.place.en} {cite.short.zh}{cite.place.zh}" for cite in finding.cites)


def _rows(report: GapReport) -> SheetSpec:
    """Return the rows: each mapped field with its cell, then the original row, column by column, as it stood."""
    words, mapped = page_words(), [match for match in report.matches if match.field]
    header = [_both(words["row"]), _both(words["section"])]
    for match in mapped:
        header += [_both(columns().fields[match.field].label), f"{_both(words['cell'])} ({match.column})"]
    header += [f"{_both(words['original'])} {match.column}: {match.header}" for match in report.matches]
    rows = []
    for row in report.rows:
        original = {cell.ref.rpartition("!")[2].rstrip("0123456789"): cell.text for cell in row.original}
        values: list[str | int | float] = [row.row, row.section]
        for match in mapped:
            value = row.fields.get(match.field)
            values += [value.text, value.ref] if value else ["", ""]
        values += [original.get(match.column, "") for match in report.matches]
        rows.append(tuple(values))
    widths = (7, 16, *(22, 14) * len(mapped), *(22,) * len(report.matches))
    return SheetSpec(title="Rows", header=tuple(header), rows=tuple(rows), widths=widths)


def _mapping(report: GapReport) -> Iterator[_Row]:
    words = page_words()
    for match in report.matches:
        read_as = _both(columns().fields[match.field].label) if match.field else ""
        state = "" if match.state == "mapped" else _both(words[f"state_{match.state}"])
        yield match.column, match.header, read_as, match.confidence, state, match.reason.en, match.reason.zh
