"""Read a PDF: lines that are seen on the page, put under headings by their size or weight. A scan has none and is refused.

The file is read in a process of its own (pdf_child). A heading is a short line that is larger than the body, or bold among lines that are not.
Lines that stand at the edge of many pages, and page numbers, belong to the page. Tables are not recovered: rows stand as lines.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import msgspec

from dualtrack.apps.refusals import refused
from dualtrack.apps.service.sources.docx import POINTS_MIN
from dualtrack.apps.service.sources.sections import (
    CHARACTERS_MAX,
    FILE_BYTES_MAX,
    Line,
    Source,
    gather,
    one_line,
)
from dualtrack.errors import MissingExtraError

__all__ = ["PAGES_MAX", "read_pdf"]

PAGES_MAX = 300
"""Pages of one file: a corpus has at most 2,000 passages, some seven a page; a longer file is several documents."""

_MEMORY_BYTES = 1_500_000_000
"""Address space of the reader: a file, one page as text and one rendered."""

_CPU_SECONDS = 120
"""Processor time of the reader: PAGES_MAX at 0.4 s, several times what a full page took."""

_SECONDS = 300
"""What that may take on a busy machine."""

_HEAD = 1024
"""Bytes within which a PDF begins (ISO 32000-1, annex H, note 13)."""

_LARGER = 1.15
"""A heading's size over the body's, at least: 12 point over 10."""

_HEADING_CHARACTERS = 120
_PARAGRAPH_GAP = 0.6
"""Space between two lines, in heights of a line, from which a new paragraph begins: single spacing leaves 0 to 0.3."""

_EDGE = 0.09
"""Share of a page's height at its top and bottom where running lines stand."""

_RUNNING_PAGES = 3
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:page|p\.|第)?\s*\d{1,4}\s*(?:頁)?\s*(?:(?:of|/|,?\s*共)\s*\d{1,4}\s*頁?)?[-–—\s]*", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")
_ENDS = re.compile("[.!?:;。！？：；]$")
_BULLET = re.compile(r"[•●▪◦‣·∙\uf0b7\uf0a7]\s*")
_NO_SPACE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")


class _Placed(msgspec.Struct, array_like=True, frozen=True):
    text: str
    size: float
    bold: bool
    top: float
    bottom: float


class _Page(msgspec.Struct, array_like=True, frozen=True):
    height: float
    lines: list[_Placed]
    hidden: list[str]


class _Answer(msgspec.Struct, frozen=True):
    pages: list[_Page] = []
    error: str = ""
    page: int = 0
    says: str = ""


class _Body(NamedTuple):
    """What most of a document's letters look like."""

    size: float
    bold: bool


def read_pdf(data: bytes, where: str) -> Source:
    """Return the sections of a PDF; raises DocumentError that names the file and, where there is one, the page."""
    _check_head(data, where)
    answer = _ask(data, where)
    if answer.error:
        raise _error(answer, where)
    pages = answer.pages
    hidden = [text for page in pages for text in page.hidden]
    if not any(page.lines for page in pages):
        found = "its words lie in a layer that is not seen" if hidden else "no text in it: pictures of pages"
        raise refused(
            found,
            f"{where}, pages 1 to {len(pages):,}",
            fix="give the file that it was printed from, or recognise its text and look it over",
            code="no-text",
        )
    return gather(where, _lines(pages), hidden)


def _check_head(data: bytes, where: str) -> None:
    if len(data) > FILE_BYTES_MAX:
        raise refused(
            f"{len(data):,} bytes", where, expected=f"at most {FILE_BYTES_MAX:,}", fix="split it", code="too-much"
        )
    if b"%PDF-" in data[:_HEAD] and not data.startswith(b"PK"):
        return
    kinds = {
        b"\x89PNG": "a picture",
        b"\xff\xd8\xff": "a picture",
        b"GIF8": "a picture",
        b"II*": "a picture",
        b"PK": "a zip",
    }
    found = next((kind for start, kind in kinds.items() if data.startswith(start)), "no PDF")
    raise refused(
        f"it is {found}", where, expected="a file that begins with %PDF-", fix="give the PDF itself", code="not-pdf"
    )


def _ask(data: bytes, where: str) -> _Answer:
    if find_spec("pypdfium2") is None:
        raise MissingExtraError("service", "reading PDF files")
    bounds = [str(each) for each in (PAGES_MAX, CHARACTERS_MAX, _MEMORY_BYTES, _CPU_SECONDS, POINTS_MIN)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own file; the untrusted bytes go to its input
            [sys.executable, "-P", str(Path(__file__).with_name("pdf_child.py")), *bounds],
            input=data,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise refused(f"it was not read within {_SECONDS} s", where, fix="split it", code="too-much") from error
    try:
        if done.returncode == 0:
            return msgspec.json.decode(done.stdout, type=_Answer)
    except msgspec.DecodeError:
        pass
    raise refused(
        "its structure makes the reader fail, or it needs more memory or time than it may have",
        where,
        fix="open it in another program and print it to a new PDF",
        code="broken",
    )


def _error(answer: _Answer, where: str) -> Exception:
    place = f"{where}, page {answer.page}" if answer.page else where
    if answer.error == "password":
        return refused("it is protected by a password", place, fix="save a copy without the password", code="password")
    if answer.error == "too-much":
        expected = f"at most {PAGES_MAX} pages and {CHARACTERS_MAX:,} characters"
        return refused(answer.says, place, expected=expected, fix="split it into its parts", code="too-much")
    return refused(f"it is damaged: {answer.says}", place, fix="print it to a new PDF", code="broken")


def _lines(pages: list[_Page]) -> list[Line]:
    """Return headings and paragraphs in reading order."""
    running = _running(pages)
    body = _body(pages)
    found: list[Line] = []
    last: _Placed | None = None
    for page in pages:
        for number, line in enumerate(page.lines):
            if _edge(page, line) in running or (_edge(page, line) and _PAGE_NUMBER.fullmatch(line.text)):
                continue
            level = _level(line, body, page.lines[number + 1 :])
            text = _BULLET.sub("- ", line.text, count=1) if _BULLET.match(line.text) else line.text
            if level and found and found[-1].level == level and last is not None and _follows(last, line):
                found[-1] = Line(_joined(found[-1].text, text), level)
            elif level:
                found.append(Line(text.replace("\u00ad", "-"), level))
            elif _continues(found, last, line, text):
                found[-1] = Line(_joined(found[-1].text, text))
            else:
                found.append(Line(text))
            last = line
    return [Line(one_line(line.text.replace("\u00ad", "-")), line.level) for line in found]


def _continues(found: list[Line], last: _Placed | None, line: _Placed, text: str) -> bool:
    """Tell whether a line goes on with the paragraph before it; over the edge of a page where that has not ended."""
    if not found or found[-1].level or last is None or text.startswith("- "):
        return False
    return _follows(last, line) or (line.top < last.top and _ENDS.search(found[-1].text) is None)


def _follows(last: _Placed, line: _Placed) -> bool:
    height = max(1.0, line.bottom - line.top)
    return -height < line.top - last.bottom < _PARAGRAPH_GAP * height and abs(line.size - last.size) < 1


def _joined(before: str, text: str) -> str:
    """Join two lines: with nothing at a divided word, whose hyphen stays, nor between Chinese characters, else with a space."""
    if before.endswith("\u00ad"):
        return f"{before[:-1]}-{text}"
    if _NO_SPACE.match(before[-1:]) or _NO_SPACE.match(text[:1]):
        return before + text
    return f"{before} {text}"


def _body(pages: list[_Page]) -> _Body:
    sizes: Counter[tuple[float, bool]] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[line.size, line.bold] += len(line.text)
    return _Body(*sizes.most_common(1)[0][0])


def _level(line: _Placed, body: _Body, after: list[_Placed]) -> int:
    """Return 1 to 3 for a heading, by how much larger it is than the body; 0 for text."""
    if len(line.text) > _HEADING_CHARACTERS or not any(letter.isalpha() for letter in line.text):
        return 0
    ratio = line.size / body.size if body.size else 1.0
    if ratio >= _LARGER:
        return 1 if ratio >= _LARGER**4 else 2
    alone = not after or not after[0].bold
    return 3 if line.bold and not body.bold and alone and _ENDS.search(line.text) is None and ratio >= 1 else 0


def _edge(page: _Page, line: _Placed) -> tuple[str, int] | None:
    """Return what a line at the top or bottom of a page is known by: its words without digits, and where it stands."""
    if page.height * _EDGE < line.top and line.bottom < page.height * (1 - _EDGE):
        return None
    return _DIGITS.sub("#", line.text), round(line.top / 4)


def _running(pages: list[_Page]) -> set[tuple[str, int]]:
    """Return the lines that stand at the same edge of at least three pages, and of half of all."""
    counted: Counter[tuple[str, int]] = Counter()
    for page in pages:
        counted.update({edge for line in page.lines if (edge := _edge(page, line)) is not None})
    return {edge for edge, count in counted.items() if count >= max(_RUNNING_PAGES, len(pages) / 2)}
