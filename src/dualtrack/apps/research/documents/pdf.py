"""Read a PDF into a document: text with places by pdfium in a process of its own, tables by where numbers stand.

What is written in a PDF is text and nothing else: an instruction hidden in it is found like any other words and has no authority.
"""

from __future__ import annotations

import re
import subprocess
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dualtrack.apps.refusals import refused
from dualtrack.apps.research.documents.limits import (
    BYTES_MAX,
    CHARS_MAX,
    CPU_SECONDS_MAX,
    MEMORY_BYTES_MAX,
    PAGES_MAX,
    SECONDS_MAX,
)
from dualtrack.apps.research.documents.model import About, Box, Document, Language, Line, Page
from dualtrack.apps.research.documents.ocr import read_pictures
from dualtrack.apps.research.documents.tables import Word, page_tables
from dualtrack.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ask_pdf_reader", "language_of", "read_pdf"]

_TENTHS = 10.0
_HEAD = 1024
"""Bytes within which a PDF must begin (ISO 32000-1, annex H, note 13)."""

_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"BM")
_FAMILIES = frozenset({b"ftypheic", b"ftypheif", b"ftypmif1", b"ftypavif"})
"""How files of pictures begin: PNG, JPEG, GIF, TIFF, BMP; and, from the fifth byte, those of telephones."""

_BOTH_SHARE = 0.1
"""Share of Han characters, or of Latin words beside them, from which a document counts as in both languages."""

_NO_HAN = re.compile("[^\u3400-\u9fff]+")
_NO_LATIN = re.compile("[^A-Za-z]+")

_Placed = tuple[str, int, int, int, int]


class _Answer(msgspec.Struct, frozen=True):
    pages: list[tuple[int, int, list[_Placed], list[_Placed]]] = []
    error: str = ""
    page: int = 0
    says: str = ""


def read_pdf(data: bytes, about: About) -> Document:
    """Return the document; raises DocumentError that names the file and page for what cannot be read."""
    where = about.name
    _check_head(data, where)
    bounds = [str(each) for each in (PAGES_MAX, CHARS_MAX, MEMORY_BYTES_MAX, CPU_SECONDS_MAX)]
    done = ask_pdf_reader("pdf_child.py", bounds, data, where)
    try:
        answer = msgspec.json.decode(done, type=_Answer)
    except msgspec.DecodeError as error:
        raise refused(f"its text cannot be read: {error}", where, fix="print it to a new PDF", code="broken") from error
    if answer.error:
        raise _error(answer, where)
    pages = tuple(_page(number, each) for number, each in enumerate(answer.pages, 1))
    unread = tuple(page.number for page in pages if not page.lines)
    if unread and about.ocr:
        read = read_pictures(data, unread, where, ask_pdf_reader)
        pages = tuple(read.get(page.number, page) for page in pages)
        unread = tuple(number for number in unread if number not in read)
    if len(unread) == len(pages):
        raise refused(
            f"none of its {len(pages):,} pages has text: "
            + ("the pictures could not be read with enough certainty" if about.ocr else "it needs OCR"),
            f"{where}, pages 1 to {len(pages):,}" if len(pages) > 1 else f"{where}, page 1",
            fix="ask the issuer for the original"
            if about.ocr
            else "have it read by OCR (--ocr, or the box where it is loaded), or ask the issuer for the original",
            code="ocr-unsure" if about.ocr else "needs-ocr",
        )
    language = about.language or language_of(line.text for page in pages for line in page.lines)
    return Document(
        about=about, sha256=sha256(data).hexdigest(), kind="pdf", language=language, pages=pages, unread=unread
    )


def _check_head(data: bytes, where: str) -> None:
    if len(data) > BYTES_MAX:
        raise refused(f"{len(data):,} bytes", where, expected=f"at most {BYTES_MAX:,}", fix="split it", code="too-much")
    if b"%PDF-" in data[:_HEAD] and not data.startswith(b"PK"):
        return
    if data.startswith(_PICTURES) or data[4:12] in _FAMILIES:
        raise refused(
            "it is a picture",
            where,
            expected="a PDF",
            fix="print it to a PDF and have that read by OCR",
            code="picture",
        )
    found = "a zip archive" if data.startswith(b"PK") else "an empty file" if not data.strip() else "no PDF"
    raise refused(
        f"it is {found}", where, expected="a file that begins with %PDF-", fix="save the PDF itself", code="not-pdf"
    )


def ask_pdf_reader(child: str, arguments: list[str], data: bytes, where: str, seconds: int | None = None) -> bytes:
    """Return what a reader of ours says, run in a process of its own that a damaged file may end without ending ours."""
    if find_spec("pypdfium2") is None:
        raise MissingExtraError("research", "reading PDF files")
    seconds = SECONDS_MAX if seconds is None else seconds
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own file; the untrusted bytes go to its input
            [sys.executable, "-P", str(Path(__file__).with_name(child)), *arguments],
            input=data,
            capture_output=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise refused(f"it was not read within {seconds} s", where, fix="split it", code="too-much") from error
    if done.returncode != 0:
        raise refused(
            "its structure makes the reader fail, or it needs more memory or time than it may have",
            where,
            fix="open it in another program and print it to a new PDF",
            code="broken",
        )
    return done.stdout


def _error(answer: _Answer, where: str) -> Exception:
    place = f"{where}, page {answer.page}" if answer.page else where
    if answer.error == "password":
        return refused("it is protected by a password", place, fix="save a copy without the password", code="password")
    if answer.error == "too-much":
        expected = f"at most {PAGES_MAX:,} pages and {CHARS_MAX:,} characters"
        return refused(answer.says, place, expected=expected, fix="split it into its parts", code="too-much")
    return refused(
        f"it is damaged: {answer.says}", place, fix="fetch it again, or print it to a new PDF", code="broken"
    )


def _page(number: int, found: tuple[int, int, list[_Placed], list[_Placed]]) -> Page:
    width, height, lines, placed = found
    words = [Word(text, a / _TENTHS, b / _TENTHS, c / _TENTHS, d / _TENTHS) for text, a, b, c, d in placed]
    return Page(
        number=number,
        width=width / _TENTHS,
        height=height / _TENTHS,
        lines=tuple(Line(text, Box(a / _TENTHS, b / _TENTHS, c / _TENTHS, d / _TENTHS)) for text, a, b, c, d in lines),
        tables=page_tables(words, number) if words else (),
    )


def language_of(texts: Iterable[str]) -> Language:
    """Tell the language of texts by the share of Han characters among letters; a Chinese page with a few names stays Chinese."""
    whole = "".join(texts)
    han = len(_NO_HAN.sub("", whole))
    latin = len(_NO_LATIN.sub("", whole))
    words = latin / 5  # a Han character says about what a word of five letters does
    if han + words == 0 or han / (han + words) < _BOTH_SHARE:
        return "en"
    return "zh-Hant" if words / (han + words) < _BOTH_SHARE * 2 else "both"
