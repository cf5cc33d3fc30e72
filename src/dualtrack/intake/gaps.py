"""What an examiner would find missing: the checks, and their findings in order with words, numbers and owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.intake import gap_dates, gap_duplicates, gap_language
from dualtrack.intake.catalogue import catalogue, cites, phrase
from dualtrack.intake.lexicon import columns, in_words, words
from dualtrack.intake.reading import Draft, Reading
from dualtrack.intake.records import Finding, InventoryRow
from dualtrack.intake.values import typed_verdict, yes_no
from dualtrack.present.text import fill, same

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_gaps"]

_REQUIRED = {
    "name": "no-name",
    "owner": "no-owner",
    "executive": "no-executive",
    "purpose": "no-purpose",
    "area": "no-area",
    "validation_date": "no-validation-date",
}
"""Fields that every row should fill, and the finding when it does not."""


def find_gaps(reading: Reading) -> tuple[tuple[Finding, ...], bool]:
    """Return the findings in page order, and whether every pair of similar names could be compared."""
    repeated, complete = gap_duplicates.duplicates(reading)
    drafts = [
        *_missing(reading),
        *gap_language.language_models(reading),
        *gap_dates.dates(reading),
        *_vendors(reading),
        *_disclosures(reading),
        *_validators(reading),
        *_marks(reading),
        *_errors(reading),
        *_verdicts(reading),
        *repeated,
    ]
    kinds = list(catalogue().findings)
    ranks = list(catalogue().severities)
    drafts.sort(key=lambda d: (ranks.index(catalogue().findings[d.kind].severity), kinds.index(d.kind), _row(d)))
    language = {row.row for row in reading.rows if gap_language.is_language(row)}
    return tuple(_finding(number, draft, reading, language) for number, draft in enumerate(drafts, start=1)), complete


def _row(draft: Draft) -> int:
    return draft.row.row if draft.row else 0


def _finding(number: int, draft: Draft, reading: Reading, language: set[int]) -> Finding:
    spec, row = catalogue().findings[draft.kind], draft.row
    named = row is not None and not reading.blank(row, "owner")
    return Finding(
        number=f"F{number:03d}",
        kind=draft.kind,
        severity=spec.severity,
        title=spec.title,
        detail=draft.detail,
        question=spec.question,
        action=draft.action or spec.action,
        owner=" ".join(row.text("owner").split()) if row and named else "",
        row=row.row if row else None,
        name=" ".join(row.text("name").split()) if row else "",
        cells=draft.cells,
        cites=cites(draft.kind, language=row.row in language if row else bool(language)),
    )


def _missing(reading: Reading) -> Iterator[Draft]:
    for field, kind in _REQUIRED.items():
        if not reading.column(field):
            yield _absent(reading, field, kind, len(reading.rows))
            continue
        for row in reading.rows:
            if reading.blank(row, field):
                cell = reading.cell(row, field)
                detail = fill(catalogue().findings[kind].detail, said=reading.said(cell))
                yield Draft(kind=kind, row=row, cells=(cell,), detail=detail)


def _absent(reading: Reading, field: str, kind: str, affected: int) -> Draft:
    """Return one finding for a field that no column holds, instead of one a row."""
    label = columns().fields[field].label
    detail = phrase("column_absent", field=label, n=affected, total=len(reading.rows))
    perhaps = [match for match in reading.matches if match.state == "asked" and field in match.candidates]
    if perhaps:
        more = phrase("column_perhaps", columns=", ".join(match.column for match in perhaps))
        detail = Text(en=detail.en + more.en, zh=detail.zh + more.zh)
    action = phrase("add_column", field=label, action=catalogue().findings[kind].action)
    return Draft(kind=kind, row=None, cells=(), detail=detail, action=action)


def _vendors(reading: Reading) -> Iterator[Draft]:
    bought = [row for row in reading.rows if not reading.blank(row, "vendor") and not _in_house(row)]
    if bought and not reading.column("diligence"):
        yield _absent(reading, "diligence", "no-due-diligence", len(bought))
        return
    for row in bought:
        if reading.blank(row, "diligence") or _refused(row.text("diligence"), words().no_diligence):
            cell, spec = reading.cell(row, "diligence"), catalogue().findings["no-due-diligence"]
            detail = fill(spec.detail, vendor=row.text("vendor"), said=reading.said(cell))
            yield Draft(kind="no-due-diligence", row=row, cells=(reading.cell(row, "vendor"), cell), detail=detail)


def _in_house(row: InventoryRow) -> bool:
    return in_words(row.text("vendor"), words().in_house)


def _refused(text: str, more: tuple[str, ...] = ()) -> bool:
    return yes_no(text) == "no" or in_words(text, more)


def _disclosures(reading: Reading) -> Iterator[Draft]:
    facing = [row for row in reading.rows if yes_no(row.text("customer_facing")) == "yes"]
    if facing and not reading.column("disclosure"):
        yield _absent(reading, "disclosure", "no-disclosure", len(facing))
        return
    for row in facing:
        if reading.blank(row, "disclosure") or _refused(row.text("disclosure")):
            mark, cell = reading.cell(row, "customer_facing"), reading.cell(row, "disclosure")
            detail = fill(catalogue().findings["no-disclosure"].detail, ref=mark.ref, said=reading.said(cell))
            yield Draft(kind="no-disclosure", row=row, cells=(mark, cell), detail=detail)


def _validators(reading: Reading) -> Iterator[Draft]:
    for row in reading.rows:
        owner, validator = (" ".join(row.text(field).split()) for field in ("owner", "validator"))
        if owner.casefold() == validator.casefold() and not reading.blank(row, "owner"):
            detail = fill(catalogue().findings["validator-is-owner"].detail, owner=owner)
            cells = (reading.cell(row, "owner"), reading.cell(row, "validator"))
            yield Draft(kind="validator-is-owner", row=row, cells=cells, detail=detail)


def _marks(reading: Reading) -> Iterator[Draft]:
    for field, spec in columns().fields.items():
        if spec.kind != "yesno" or not reading.column(field):
            continue
        for row in reading.rows:
            cell = reading.cell(row, field)
            if not reading.blank(row, field) and not yes_no(cell.text):
                detail = fill(catalogue().findings["unclear-mark"].detail, field=spec.label, text=cell.text)
                yield Draft(kind="unclear-mark", row=row, cells=(cell,), detail=detail)


def _errors(reading: Reading) -> Iterator[Draft]:
    for row in reading.rows:
        for cell in row.original:
            if cell.kind in ("error", "formula"):
                detail = fill(catalogue().findings["cell-error"].detail, ref=cell.ref, text=cell.text)
                yield Draft(kind="cell-error", row=row, cells=(cell,), detail=detail)


def _verdicts(reading: Reading) -> Iterator[Draft]:
    for row in reading.rows:
        cell = row.fields.get("status")
        word, rest = typed_verdict(cell.text) if cell else ("", "")
        if word:
            beside = phrase("with_rest", rest=rest) if rest else same("")
            detail = fill(catalogue().findings["typed-verdict"].detail, word=word, rest=beside)
            yield Draft(kind="typed-verdict", row=row, cells=(reading.cell(row, "status"),), detail=detail)
