"""The reader of PDF files, run as a program of its own: bytes in on standard input, text with places out as JSON.

A PDF is an untrusted program for a page: a damaged one can crash the reader or ask for more memory than there is. So it is read in
this process, under limits, and imports nothing of ours. Arguments: most pages, most characters, memory in bytes, seconds.
A word that nobody sees (white on white, transparent, or under two points high) is left out.
Answer: `{"pages": [[width, height, lines, words]]}`, lines and words as `[text, left, top, right, bottom]` in tenths of a point from
the top left; words only of pages with numbers enough for a table. Or `{"error": "password" | "broken" | "too-much", "page": n, "says": words}`.
"""

from __future__ import annotations

import ctypes
import json
import re
import resource
import sys
from itertools import pairwise

import pypdfium2 as pdfium
from pypdfium2 import raw

__all__ = ["main"]

_ROWS_MIN = 2
"""Lines that look like rows of a table on a page that may hold one."""

_SIZE_MIN, _HEIGHT_MIN = 2.0, 20
"""Least size of letters in points, and least height of their box in tenths of a point: footnotes of reports have 5 points."""

_LIGHT, _OPAQUE = 235, 26
"""Lightness of 255 from which letters may be white on white, and opacity of 255 under which they are not drawn."""

_SCALE = 0.5
"""Pixels a point of the picture that such a line is looked up in."""

_NUMBER = re.compile(r"[(\[（-]?(?:[A-Z]{2,3})?\$?\d[\d,]*(?:\.\d+)?[)\]）%]?", re.ASCII)
_TOKEN = re.compile("[^\\s\x02\ufffe]+")
_LINE = re.compile("[^\r\n\x02\ufffe]+")
_BMP_LAST = "\uffff"


def main() -> None:
    """Read one file from standard input and print what is on its pages."""
    pages_max, chars_max, memory, seconds = (int(text) for text in sys.argv[1:5])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    answer = json.dumps(_read(sys.stdin.buffer.read(), pages_max, chars_max), separators=(",", ":"))
    sys.stdout.buffer.write(answer.encode())


def _read(data: bytes, pages_max: int, chars_max: int) -> dict[str, object]:
    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        password = getattr(error, "err_code", None) in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}
        return {"error": "password" if password else "broken", "page": 0, "says": str(error)}
    if len(pdf) > pages_max:
        return {"error": "too-much", "page": 0, "says": f"{len(pdf):,} pages"}
    pages: list[object] = []
    chars = 0
    for index in range(len(pdf)):
        try:
            read, length = _page(pdf, index)
        except (pdfium.PdfiumError, ValueError, OverflowError) as error:
            return {"error": "broken", "page": index + 1, "says": str(error)}
        chars += length
        if chars > chars_max:
            return {"error": "too-much", "page": index + 1, "says": f"more than {chars_max:,} characters"}
        pages.append(read)
    return {"pages": pages}


def _page(pdf: pdfium.PdfDocument, index: int) -> tuple[list[object], int]:
    page = pdf[index]
    width, height = page.get_size()
    textpage = page.get_textpage()
    try:
        text = textpage.get_text_range()
        places = _Places(page, textpage, text)
        seen = _without(text, _Sight(page, textpage, places).unseen(text))
        lines = [
            [_line(seen, found), *places.of(first, last)]
            for found in _LINE.finditer(seen)
            for first, last in [_ends(seen, found.start(), found.end())]
            if first < last
        ]
        words: list[object] = []
        if sum(_is_row(str(line[0])) for line in lines) >= _ROWS_MIN:
            words = [[found[0], *places.of(found.start(), found.end())] for found in _TOKEN.finditer(seen)]
    finally:
        textpage.close()
        page.close()
    return [round(width * 10), round(height * 10), lines, words], len(text)


def _without(text: str, unseen: list[tuple[int, int]]) -> str:
    """Return a text of the same length, with blanks where words are that nobody sees."""
    for first, last in unseen:
        text = text[:first] + " " * (last - first) + text[last:]
    return text


def _is_row(line: str) -> bool:
    """Tell whether a line may be a row of a table: it ends with a number, or has two side by side, as sentences seldom do."""
    numbers = [_NUMBER.fullmatch(word) is not None for word in line.split()]
    return bool(numbers) and (numbers[-1] or any(a and b for a, b in pairwise(numbers)))


def _ends(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the stretch without the blanks around it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _line(text: str, found: re.Match[str]) -> str:
    """Return a line; a mark for a word divided at its end becomes a hyphen."""
    hyphen = found.end() < len(text) and text[found.end()] in "\x02\ufffe"
    return found[0].strip().replace("\xa0", " ") + ("-" if hyphen else "")


class _Places:
    """Where stretches of a page's text stand, as the page is seen: crop and rotation taken into account."""

    def __init__(self, page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, text: str) -> None:
        self._raw, self._rect = textpage.raw, raw.FS_RECTF()
        self._pointer = ctypes.byref(self._rect)
        self._bounds, self._turn = page.get_bbox(), page.get_rotation()
        self._units: list[int] | None = None
        if any(letter > _BMP_LAST for letter in text):  # such letters are two places long for the reader
            self._units, unit = [], 0
            for letter in text:
                self._units.append(unit)
                unit += 2 if letter > _BMP_LAST else 1
        length = len(text) if self._units is None else unit
        self._same = textpage.count_chars() == length

    def of(self, start: int, end: int) -> list[int]:
        """Return the box around the first and last letter of a stretch, in tenths of a point."""
        left, top, right, bottom = self._letter(start)
        if end - start > 1:
            one = self._letter(end - 1)
            left, top = min(left, one[0]), min(top, one[1])
            right, bottom = max(right, one[2]), max(bottom, one[3])
        return [round(left * 10), round(top * 10), round(right * 10), round(bottom * 10)]

    def index(self, place: int) -> int:
        """Return the reader's own number of a letter."""
        unit = place if self._units is None else self._units[place]
        return max(0, unit if self._same else raw.FPDFText_GetCharIndexFromTextIndex(self._raw, unit))

    def _letter(self, place: int) -> tuple[float, float, float, float]:
        if not raw.FPDFText_GetLooseCharBox(self._raw, self.index(place), self._pointer):
            return (0.0, 0.0, 0.0, 0.0)
        box = self._rect
        left, bottom, right, top = self._bounds
        if self._turn == 0:
            return box.left - left, top - box.top, box.right - left, top - box.bottom
        if self._turn == 90:  # noqa: PLR2004 - degrees clockwise
            return box.bottom - bottom, box.left - left, box.top - bottom, box.right - left
        if self._turn == 180:  # noqa: PLR2004 - as above
            return right - box.right, box.bottom - bottom, right - box.left, box.top - bottom
        return top - box.top, right - box.right, top - box.bottom, right - box.left


class _Sight:
    """Which words can be seen. White letters stand in many headings, on a dark ground: only then is the page drawn, to look."""

    def __init__(self, page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, places: _Places) -> None:
        self._page, self._raw, self._places = page, textpage.raw, places
        self._colours = [ctypes.c_uint() for _ in range(4)]
        self._pointers = [ctypes.byref(each) for each in self._colours]
        self._picture: pdfium.PdfBitmap | None = None

    def unseen(self, text: str) -> list[tuple[int, int]]:
        """Return the stretches of words that are not seen, in order."""
        return [found.span() for found in _TOKEN.finditer(text) if not self._sees(*found.span())]

    def _sees(self, first: int, last: int) -> bool:
        index = self._places.index(first)
        small = raw.FPDFText_GetFontSize(self._raw, index) < _SIZE_MIN
        if not raw.FPDFText_GetFillColor(self._raw, index, *self._pointers):
            return True  # a mark of the reader, such as the end of a line
        red, green, blue, opacity = (each.value for each in self._colours)
        if not small and opacity >= _OPAQUE and min(red, green, blue) < _LIGHT:
            return True
        box = self._places.of(first, last)
        if small and box[3] - box[1] < _HEIGHT_MIN:  # the size alone may be scaled
            return False
        return opacity >= _OPAQUE and (min(red, green, blue) < _LIGHT or self._dark(box))

    def _dark(self, box: list[int]) -> bool:
        """Tell whether anything but white is drawn in a box."""
        if self._picture is None:
            self._picture = self._page.render(scale=_SCALE, grayscale=True, may_draw_forms=False)
        picture = self._picture
        left, top, right, bottom = (round(each / 10 * _SCALE) for each in box)
        data = memoryview(picture.buffer).cast("B")
        rows = range(max(0, top), min(picture.height, bottom + 1))
        columns = max(0, left), min(picture.width, right + 1)
        return columns[0] < columns[1] and any(
            min(data[row * picture.stride + columns[0] : row * picture.stride + columns[1]]) < _LIGHT for row in rows
        )


if __name__ == "__main__":
    main()
