"""Read a text table (csv): decide its encoding and its delimiter, and say how.

A csv file does not say how it is encoded. Byte order marks and valid UTF-8 decide by themselves; between Big5 (Hong
Kong) and GB 18030 (mainland) the share of everyday characters decides, and the report says by how much.
"""

from __future__ import annotations

import codecs
import csv
import io

from dualtrack.domain.records import Text
from dualtrack.intake.limits import CELL_CHARS_MAX, CELLS_MAX, broken, check_place, too_much
from dualtrack.intake.records import Cell
from dualtrack.present.text import fill

__all__ = ["decode", "read"]

_SAMPLE_BYTES = 200_000
"""Enough double-byte pairs to tell two encodings apart; a pair cut at its end does no harm to a share."""

_CLEAR_MARGIN = 0.1
"""Everyday sentences have nearly all pairs at level 1 in their own encoding and at most a third or so in the other."""

_BIG5_LEVEL_1, _GB_LEVEL_1 = (0xA4, 0xC6), (0xB0, 0xD7)
_BIG5_TRAIL, _GB_TRAIL = 0x40, 0xA1
_PUNCTUATION = range(0xA1, 0xA4)
_LEAD = 0x81
"""Lead bytes of everyday characters, lowest trail bytes, lead bytes of punctuation, and the lowest lead byte of all:
below it a byte is a character of its own in both encodings."""

_DELIMITERS = ",;\t|"
_STRAY_QUOTE = ("unexpected end of data", "expected after")
_QUOTE = "a quotation mark opens a cell that is not closed, or stands single inside a quoted cell"
"""What the csv reader says of a quotation mark out of place, and what we say."""

_MARK = Text(en="{name}, by its byte order mark", zh="{name}（按其位元組順序標記）")
_STRICT = Text(en="UTF-8: every byte is valid", zh="UTF-8（每個位元組均有效）")
_ASCII = Text(en="ASCII: no other characters", zh="ASCII（並無其他字元）")
_NULS = Text(
    en="{name}, without a byte order mark, by its zero bytes", zh="{name}（沒有位元組順序標記，按零位元組判斷）"
)
_SHARES = Text(
    en="{name}, by its everyday characters: {best} of the pairs against {other} in {rival}",
    zh="{name}（按常用字比例：{best}；{rival} 則為 {other}）",
)
_UNSURE = Text(
    en="{name}, but {rival} is nearly as likely ({best} against {other} everyday characters): check the Chinese",
    zh="{name}，但 {rival} 的可能性相若（常用字比例 {best} 對 {other}）：請核對中文內容",
)


def decode(data: bytes, where: str) -> tuple[str, Text]:
    """Return the text and how it was decoded; WorkbookError when no encoding fits."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _strict(data, name, where), fill(_MARK, name="UTF-8" if "8" in name else "UTF-16")
    if b"\0" in data[:1000]:
        name = "utf-16-le" if data[1:200:2].count(0) >= data[0:200:2].count(0) else "utf-16-be"
        return _strict(data, name, where), fill(_NULS, name=name.upper())
    try:
        return data.decode(), _ASCII if data.isascii() else _STRICT
    except UnicodeDecodeError:
        return _legacy(data, where)


def read(data: bytes, where: str) -> tuple[dict[tuple[int, int], Cell], Text]:
    """Return the non-empty cells by 1-based (row, column), and how the file was decoded."""
    text, how = decode(data, where)
    head = text[:200].lstrip().lower()
    if head.startswith(("<html", "<!doctype", "<?xml", "<table")):
        raise broken("it is a web page or XML under a spreadsheet's name", where)
    if "\0" in text:
        raise broken("it is not text: it has zero characters", where)
    cells: dict[tuple[int, int], Cell] = {}
    csv.field_size_limit(CELL_CHARS_MAX)
    row = 0
    try:
        # Strict: otherwise one stray quotation mark takes all that follows it into its cell, and nobody is told.
        lines = csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True)
        for row, values in enumerate(lines, start=1):
            for column, value in enumerate(values, start=1):
                if value.strip():
                    check_place(row, column, where)
                    cells[row, column] = Cell(row=row, column=column, text=value)
            if len(cells) > CELLS_MAX:
                raise too_much(f"more than {CELLS_MAX:,} filled cells", where, f"at most {CELLS_MAX:,}")
    except csv.Error as error:
        stray = any(words in str(error) for words in _STRAY_QUOTE)
        raise broken(f"row {row + 1}: {_QUOTE if stray else error}", where) from error
    return cells, how


def _strict(data: bytes, name: str, where: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise broken(f"it is marked as {name} but byte {error.start:,} does not fit", where) from error


def _legacy(data: bytes, where: str) -> tuple[str, Text]:
    readings = []
    for name, shown, first, last in (
        ("big5hkscs", "Big5-HKSCS", *_BIG5_LEVEL_1),
        ("gb18030", "GB 18030", *_GB_LEVEL_1),
    ):
        try:
            readings.append((_everyday(data, first, last), name, shown, data.decode(name)))
        except UnicodeDecodeError:
            readings.append((-1.0, name, shown, ""))
    best, rival = sorted(readings, key=lambda reading: -reading[0])
    if best[0] < 0:
        raise broken("its text is neither UTF-8, UTF-16, Big5-HKSCS nor GB 18030", where)
    words = _SHARES if best[0] - rival[0] >= _CLEAR_MARGIN else _UNSURE
    return best[3], fill(words, name=best[2], rival=rival[2], best=f"{best[0]:.0%}", other=f"{max(rival[0], 0):.0%}")


def _everyday(data: bytes, first: int, last: int) -> float:
    """Return the share of double-byte pairs whose lead byte lies in the standard's level 1 (its everyday characters).

    Level 1 is A4-C6 in Big5 and B0-D7 with trail bytes from A1 in GB 2312; punctuation (A1-A3) counts on both sides.
    """
    sample, position, pairs, everyday = data[:_SAMPLE_BYTES], 0, 0, 0
    low_trail = _BIG5_TRAIL if first == _BIG5_LEVEL_1[0] else _GB_TRAIL
    while position < len(sample) - 1:
        lead, trail = sample[position], sample[position + 1]
        if lead < _LEAD:
            position += 1
            continue
        pairs += 1
        everyday += trail >= low_trail and (first <= lead <= last or lead in _PUNCTUATION)
        position += 2
    return everyday / pairs if pairs else 0.0


def _delimiter(text: str) -> str:
    """Return the delimiter that splits the most of the first lines into the same number of cells."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]

    def fit(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in lines if line.count(mark)]
        common = max(set(counts), key=lambda n: (counts.count(n), n), default=0)
        return counts.count(common), common

    return max(_DELIMITERS, key=lambda mark: (fit(mark)[0], fit(mark)[1], -_DELIMITERS.index(mark)))
