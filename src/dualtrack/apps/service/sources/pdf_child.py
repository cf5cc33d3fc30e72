"""The reader of PDF passages, run as a program of its own under limits: bytes in on standard input, lines that are seen out as JSON.

A letter is taken only if it is seen: drawn, within the page, not tiny, and different from what is behind it on the page as it is rendered.
Arguments: most pages, most characters, memory in bytes, seconds, smallest size in points. Answer: `{"pages": [[height, lines, hidden]]}`
with lines as `[text, size, bold, top, bottom]` in points from the top and hidden words as texts, or `{"error": kind, "page": n, "says": words}`.
It imports nothing of ours: a damaged file may end this process and no other.
"""

from __future__ import annotations

import ctypes
import json
import math
import resource
import sys
from collections import Counter

import pypdfium2 as pdfium
from pypdfium2 import raw

__all__ = ["main"]

_SCALE = 2.0
"""Pixels a point: a full stop of 5 point print still darkens one."""

_PIXELS_MAX = 8_000_000
"""Pixels of one rendered page: A3 at _SCALE has 4 million."""

_DIFFERENT = 40
"""Levels of 255 by which a letter differs from what is behind it, at least: a contrast of about 1.4 to 1, a third of what print needs."""

_REACHED = 6
"""A pixel has come at least one in so many of the way from the background to the letter's colour: thin strokes are drawn half-toned."""

_DRAWN_LEAST = 16
"""Levels of 255 between the darkest and the lightest pixel of a letter's box, at least: below, nothing was drawn in it."""

_LIGHT_MIN = 128
"""Lightness of 255 from which letters are held against what is most behind them: on white, light ones can hide among dark ones."""

_ALPHA_MIN = 26
"""Opacity of 255 below which a letter is not seen: a tenth."""

_BOLD = 600
_INVISIBLE_MODES = frozenset({raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP})
_FILL_MODES = frozenset({raw.FPDF_TEXTRENDERMODE_FILL, raw.FPDF_TEXTRENDERMODE_FILL_STROKE})


def main() -> None:
    """Read one file from standard input and print what is seen on its pages."""
    pages_max, chars_max, memory, seconds = (int(text) for text in sys.argv[1:5])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    answer = _read(sys.stdin.buffer.read(), pages_max, chars_max, float(sys.argv[5]))
    sys.stdout.buffer.write(json.dumps(answer, separators=(",", ":")).encode())


def _read(data: bytes, pages_max: int, chars_max: int, least: float) -> dict[str, object]:
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
            page = pdf[index]
            textpage = page.get_textpage()
            chars += textpage.count_chars()
            if chars > chars_max:
                return {"error": "too-much", "page": index + 1, "says": f"more than {chars_max:,} characters"}
            pages.append(_Seen(page, textpage, least).page() if textpage.count_chars() else [page.get_height(), [], []])
            textpage.close()
            page.close()
        except (pdfium.PdfiumError, ValueError, OverflowError, MemoryError) as error:
            return {"error": "broken", "page": index + 1, "says": str(error)[:200]}
    return {"pages": pages}


class _Style:
    """How one text object is drawn."""

    def __init__(self, textpage: pdfium.PdfTextPage, index: int, pointer: object) -> None:
        numbers = [ctypes.c_uint() for _ in range(4)]
        self.mode = raw.FPDFTextObj_GetTextRenderMode(pointer) if pointer else raw.FPDF_TEXTRENDERMODE_FILL
        known = raw.FPDFText_GetFillColor(textpage.raw, index, *(ctypes.byref(each) for each in numbers))
        red, green, blue, alpha = (each.value for each in numbers)
        self.alpha = alpha if known else 255
        self.light = round(0.299 * red + 0.587 * green + 0.114 * blue) if known and self.mode in _FILL_MODES else None
        matrix = raw.FS_MATRIX()
        scale = 1.0
        if raw.FPDFText_GetMatrix(textpage.raw, index, ctypes.byref(matrix)):
            scale = math.sqrt(abs(matrix.a * matrix.d - matrix.b * matrix.c)) or 1.0
        self.size = raw.FPDFText_GetFontSize(textpage.raw, index) * scale
        self.bold = raw.FPDFText_GetFontWeight(textpage.raw, index) >= _BOLD or "bold" in _font_name(textpage, index)

    def drawn(self, least: float) -> bool:
        """Tell whether it is drawn at all, and large enough to be read."""
        return self.mode not in _INVISIBLE_MODES and self.alpha >= _ALPHA_MIN and self.size >= least


def _font_name(textpage: pdfium.PdfTextPage, index: int) -> str:
    buffer, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    length = raw.FPDFText_GetFontInfo(textpage.raw, index, buffer, 128, ctypes.byref(flags))
    return buffer.raw[: min(length, 127)].decode("utf-8", "replace").casefold() if length else ""


class _Seen:
    """The letters of one page, each held against the page as it is rendered."""

    def __init__(self, page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, least: float) -> None:
        self._page, self._text, self._least = page, textpage, least
        self._points_high = page.get_height()
        points = max(1.0, page.get_width() * self._points_high)
        self._scale = min(_SCALE, math.sqrt(_PIXELS_MAX / points))
        self._bitmap = page.render(scale=self._scale, grayscale=True, may_draw_forms=False)
        self._wide, self._high, self._stride = self._bitmap.width, self._bitmap.height, self._bitmap.stride
        self._pixels = bytes(self._bitmap.buffer)
        self._styles: dict[int, _Style] = {}
        self._rect, self._x, self._y = raw.FS_RECTF(), ctypes.c_int(), ctypes.c_int()

    def page(self) -> list[object]:
        """Return the page's height in points, its lines that are seen, and the words that are not."""
        lines: list[object] = []
        hidden: list[str] = []
        line, unseen = _Line(), ""
        before = True
        for index in range(self._text.count_chars()):
            code = raw.FPDFText_GetUnicode(self._text.raw, index)
            letter = chr(code) if 0 < code <= sys.maxunicode else ""
            if letter in {"\r", "\n", "\x02", "\ufffe"}:
                if letter in {"\x02", "\ufffe"} and before:
                    line.text += "\u00ad"
                line.close(lines, self._scale)
                line, unseen = _Line(), _kept(hidden, unseen)
                continue
            if letter.isspace():
                line.text, unseen = (line.text + " ", unseen) if before else (line.text, unseen + " ")
                continue
            before = self._take(index, letter, line, before=before)
            unseen = unseen if before else unseen + letter
        line.close(lines, self._scale)
        _kept(hidden, unseen)
        self._bitmap.close()
        return [self._points_high, lines, hidden]

    def _take(self, index: int, letter: str, line: _Line, *, before: bool) -> bool:
        """Add a letter to its line if it is seen. A mark that is drawn too thin to tell goes with the letter before it, if drawn alike."""
        pointer = raw.FPDFText_GetTextObject(self._text.raw, index)
        address = ctypes.cast(pointer, ctypes.c_void_p).value or 0
        style = self._styles.get(address)
        if style is None:
            style = self._styles[address] = _Style(self._text, index, pointer)
        box = self._box(index)
        if box is None or not style.drawn(self._least):
            return False
        like_before = before and not letter.isalnum() and line.drawn_like(style)
        if not like_before and not self._differs(box, style.light):
            return False
        line.add(letter, style, box)
        return True

    def _box(self, index: int) -> tuple[int, int, int, int] | None:
        """Return the letter's box in pixels, left, top, right, bottom; None where it lies outside of the page."""
        if not raw.FPDFText_GetLooseCharBox(self._text.raw, index, ctypes.byref(self._rect)):
            return None
        rect = self._rect
        corners = [self._pixel(rect.left, rect.top), self._pixel(rect.right, rect.bottom)]
        left, right = sorted(corner[0] for corner in corners)
        top, bottom = sorted(corner[1] for corner in corners)
        left, top, right, bottom = max(0, left), max(0, top), min(self._wide, right + 1), min(self._high, bottom + 1)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        raw.FPDF_PageToDevice(
            self._page.raw, 0, 0, self._wide, self._high, 0, x, y, ctypes.byref(self._x), ctypes.byref(self._y)
        )
        return self._x.value, self._y.value

    def _differs(self, box: tuple[int, int, int, int], light: int | None) -> bool:
        """Tell whether a letter of this lightness stands out in its box: from what is most there, or from what is around it."""
        inside = self._window(box)
        darkest, lightest = min(inside), max(inside)
        if lightest - darkest < (_DIFFERENT if light is None else _DRAWN_LEAST):
            return False
        if light is None:
            return True
        if (
            light < _LIGHT_MIN
            and lightest - light >= _DIFFERENT
            and darkest <= light + (lightest - light) * (_REACHED - 1) // _REACHED
        ):
            return True  # dark letters, and something lighter behind them
        left, top, right, bottom = box
        more = max(2, (bottom - top) * 2 // 3)
        around = (left, max(0, top - more), right, min(self._high, bottom + more))
        return _stands_out(inside, inside, light) or _stands_out(inside, self._window(around), light)

    def _window(self, box: tuple[int, int, int, int]) -> bytes:
        left, top, right, bottom = box
        return b"".join(
            self._pixels[row * self._stride + left : row * self._stride + right] for row in range(top, bottom)
        )


def _stands_out(inside: bytes, behind: bytes, light: int) -> bool:
    most = Counter(behind).most_common(1)[0][0]
    if abs(light - most) < _DIFFERENT:
        return False
    reached = (light - most) / _REACHED
    return min(inside) <= most + reached if light < most else max(inside) >= most + reached


class _Line:
    """One line as it is put together."""

    def __init__(self) -> None:
        self.text = ""
        self._sizes: Counter[float] = Counter()
        self._bold = 0
        self._top, self._bottom = sys.maxsize, 0
        self._style: _Style | None = None

    def drawn_like(self, style: _Style) -> bool:
        """Tell whether the last letter was drawn in the same colour and size."""
        return self._style is not None and (self._style.light, self._style.size) == (style.light, style.size)

    def add(self, letter: str, style: _Style, box: tuple[int, int, int, int]) -> None:
        self.text += letter
        self._style = style
        self._sizes[round(style.size * 2) / 2] += 1
        self._bold += style.bold
        self._top, self._bottom = min(self._top, box[1]), max(self._bottom, box[3])

    def close(self, lines: list[object], scale: float) -> None:
        text = self.text.strip().encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if not self._sizes or not text:
            return
        size = self._sizes.most_common(1)[0][0]
        bold = self._bold * 2 > self._sizes.total()
        lines.append([text, size, bold, round(self._top / scale, 1), round(self._bottom / scale, 1)])


def _kept(hidden: list[str], unseen: str) -> str:
    """Put words that are not seen to the others; return the empty text to go on with."""
    text = " ".join(unseen.split()).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if text:
        hidden.append(text)
    return ""


if __name__ == "__main__":
    main()
