"""Rows that look like a language model and are not marked as one: by product, term or task, with the word that said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.intake.catalogue import catalogue, phrase
from dualtrack.intake.lexicon import find_word, words
from dualtrack.intake.reading import Draft, Reading
from dualtrack.intake.values import yes_no
from dualtrack.present.text import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.domain.records import Text
    from dualtrack.intake.records import InventoryRow, Kept

__all__ = ["is_language", "language_models"]

_LOOKED_AT = ("name", "vendor", "purpose", "model_type")


def language_models(reading: Reading) -> Iterator[Draft]:
    """Yield a draft for each row that is not marked as a language model but names one, or a task they now do."""
    for row in reading.rows:
        if _marked(row):
            continue
        found = _named(row)
        answered = yes_no(row.text("is_language_model")) == "no"
        hint = ("", "") if found[0] or answered else _first(row, words().language_hints)
        kind = "language-model-not-marked" if found[0] else "language-model-possible"
        word, field = found if found[0] else hint
        if word:
            cell, (mark, mark_text) = reading.cell(row, field), _mark(reading, row)
            detail = fill(catalogue().findings[kind].detail, word=word, ref=cell.ref, mark=mark_text)
            yield Draft(kind=kind, row=row, cells=(cell, *mark), detail=detail)


def is_language(row: InventoryRow) -> bool:
    """Say whether a row is marked as a language model or names one: then what is addressed to them is cited too."""
    return _marked(row) or bool(_named(row)[0])


def _marked(row: InventoryRow) -> bool:
    said = yes_no(row.text("is_language_model")) == "yes"
    return said or bool(find_word(row.text("model_type"), words().language_terms))


def _named(row: InventoryRow) -> tuple[str, str]:
    return _first(row, words().language_terms + words().language_products)


def _first(row: InventoryRow, listed: tuple[str, ...]) -> tuple[str, str]:
    """Return the first listed word in the row and the field that has it."""
    for field in _LOOKED_AT:
        word = find_word(row.text(field), listed)
        if word:
            return word, field
    return "", ""


def _mark(reading: Reading, row: InventoryRow) -> tuple[tuple[Kept, ...], Text]:
    """Return the cell that should have marked the row, and what it says: the language-model column, else the AI one."""
    for field in ("is_language_model", "is_ai"):
        if not reading.column(field):
            continue
        cell = reading.cell(row, field)
        if field == "is_ai" and yes_no(cell.text) == "yes":
            break
        return (cell,), phrase("marked_no" if cell.text.strip() else "mark_empty", ref=cell.ref, text=cell.text)
    return (), phrase("no_mark")
