"""A book as PDF, set by Typst, and the truth as JSON. The same book, fonts and Typst give the same bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from dualtrack.apps.research.generator.book import print_number
from dualtrack.apps.research.generator.truth import in_language
from dualtrack.apps.research.generator.wording import end_day, scale_words, year_words
from dualtrack.domain.records import Text, to_plain
from dualtrack.errors import MissingExtraError, NotFoundError
from dualtrack.evidence.reporting.typst import CHINESE_FONTS

if TYPE_CHECKING:
    from dualtrack.apps.research.documents.model import Language
    from dualtrack.apps.research.generator.book import Book, Page, Paragraph, Row, Table
    from dualtrack.apps.research.generator.issuer import Issuer
    from dualtrack.apps.research.generator.truth import Truth

__all__ = ["book_pdf", "truth_json"]

_LATIN = "Libertinus Serif"
"""Carried by Typst itself."""

_DOTS_PER_INCH = 110
"""Of a page that is printed as a picture: enough for recognition of characters."""

_FICTIONAL = Text(
    en="Fictional issuer. Made by a program for tests; no such company exists.",
    zh="虛構發行人。由程式製作供測試之用，並無此公司。",
)


def truth_json(truth: Truth) -> bytes:
    """Return the truth as JSON, to stand beside the PDF."""
    return json.dumps(to_plain(truth), ensure_ascii=False, indent=1).encode()


def book_pdf(book: Book, truth: Truth) -> bytes:
    """Return the PDF. Raises MissingExtraError without Typst, NotFoundError without a font for Chinese where it is needed."""
    issuer, language = truth.issuer, truth.language
    pages = [_page(page, at, issuer, language) for at, page in enumerate(book.pages, start=1)]
    pages[0]["cover"] = _cover(truth)
    listed = list(enumerate(book.pages, start=1))[2:]
    pages[1]["contents"] = [[in_language(page.title, language), str(at)] for at, page in listed]
    kept = [page for page, of in zip(pages, book.pages, strict=True) if not of.left_out]
    view: dict[str, Any] = {
        "language": language,
        "foot": in_language(_FICTIONAL, language),
        "issuer": in_language(issuer.name, language),
        "beside": issuer.manner.labels_beside,
    }
    stamp = datetime.fromisoformat(f"{end_day(issuer, truth.year)}T00:00:00").replace(tzinfo=UTC)
    for at, page in enumerate(kept):
        if page["image"]:
            picture = _set(view | {"pages": [page]}, stamp, picture=True)
            kept[at] = page | {"picture": list(picture)}
    return _set(view | {"pages": kept}, stamp)


def _set(view: dict[str, Any], stamp: datetime, *, picture: bool = False) -> bytes:
    try:
        import typst  # noqa: PLC0415 - an optional part
    except ImportError as error:
        raise MissingExtraError("reports", "a made report as PDF") from error
    text = json.dumps(view, ensure_ascii=False)
    made = typst.compile(
        _template(),
        sys_inputs={"view": text, "latin": _LATIN, "chinese": _chinese(text)},
        font_paths=_fonts(),
        format="png" if picture else "pdf",
        ppi=_DOTS_PER_INCH if picture else None,
        timestamp=stamp,
        pdf_tags=False,
    )
    assert isinstance(made, bytes)
    return made


@cache
def _template() -> bytes:
    return (resources.files("dualtrack.apps.research.generator") / "report.typ").read_bytes()


@cache
def _fonts() -> Any:  # noqa: ANN401 - a value of an optional part
    import typst  # noqa: PLC0415 - an optional part

    return typst.Fonts()


def _chinese(text: str) -> str:
    """Return a font for Chinese, or the Latin one where no Chinese is to be printed."""
    found = next((name for name in CHINESE_FONTS if name in _fonts().families()), None)
    if found is None and any("\u3400" <= letter <= "\u9fff" for letter in text):
        raise NotFoundError(
            "no font with Traditional Chinese is installed",
            where="a made report as PDF",
            expected=", ".join(CHINESE_FONTS[:4]),
            fix="install one (Debian and Ubuntu: apt install fonts-noto-cjk), or make the report in English",
        )
    return found or _LATIN


def _cover(truth: Truth) -> list[list[str]]:
    issuer = truth.issuer
    year = year_words(issuer, truth.year)
    named = Text(en=f"Annual report {year.en}", zh=f"{year.zh}年報")
    return [_heading(each, truth.language) for each in (issuer.name, named, _FICTIONAL)]


def _page(page: Page, at: int, issuer: Issuer, language: Language) -> dict[str, Any]:
    return {
        "number": at,
        "title": _heading(page.title, language),
        "paragraphs": [_paragraph(each, language) for each in page.paragraphs],
        "tables": [_table(each, page, issuer, language) for each in page.tables],
        "hidden": in_language(page.hidden, language) if page.hidden else "",
        "image": page.image,
    }


def _paragraph(each: Paragraph, language: Language) -> list[str]:
    return {"en": [each.text.en], "zh-Hant": [each.text.zh], "both": [each.text.en, each.text.zh]}[language]


def _table(table: Table, page: Page, issuer: Issuer, language: Language) -> dict[str, Any]:
    subtitles = [in_language(table.subtitle, language)] if table.subtitle.en else []
    if table.title != page.title:
        subtitles.insert(0, in_language(table.title, language))
    money = scale_words(table.currency, table.scale) if table.currency and table.scale is not None else None
    if money is not None and not issuer.manner.heading_in_columns:
        said = Text(en=f"(Expressed in {money.en})", zh=f"（以{money.zh}列示）")
        subtitles.append(in_language(said, language))
    return {
        "lines": subtitles,
        "columns": len(table.columns),
        "notes": _heading(Text(en="Note", zh="附註"), language) if table.notes else [],
        "heads": [_head(table, at, money, issuer, language) for at in range(len(table.columns))],
        "rows": [_row(row, table, issuer, language) for row in table.rows],
    }


def _heading(text: Text, language: Language) -> list[str]:
    if language == "both":
        return [text.en] if text.en == text.zh else [text.en, text.zh]
    return [in_language(text, language)]


def _head(table: Table, at: int, money: Text | None, issuer: Issuer, language: Language) -> list[str]:
    """Return the lines above a column: what it is, whether it is restated, and its money where columns say it."""
    column = table.columns[at]
    lines = _heading(column.head, language) if column.head.en else []
    if column.restated:
        lines += _heading(Text(en="(restated)", zh="（經重列）"), language)
    percent = any(len(row.cells) > at and (cell := row.cells[at]) is not None and cell.percent for row in table.rows)
    if money is not None and issuer.manner.heading_in_columns and not percent:
        lines += _heading(money, language)
    return lines


def _row(row: Row, table: Table, issuer: Issuer, language: Language) -> dict[str, Any]:
    labels = [row.label.en, row.label.zh] if language == "both" else [in_language(row.label, language)]
    cells = ["" if cell is None else print_number(cell, issuer.manner.nil)[0] for cell in row.cells]
    return {"kind": row.kind, "labels": labels, "note": row.note if table.notes else "", "cells": cells}
