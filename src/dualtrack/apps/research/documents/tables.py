"""Tables of a page, recovered from where its numbers stand: numbers of a column overlap, columns are apart.

Own geometry on the words of a page that has numbers enough; rules drawn on it are not needed. Rows of numbers with little but labels
between them are a table; what stands above the numbers is its header; a label over several lines is joined.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dualtrack.apps.research.documents.headers import REACH, Span, header_texts, is_header
from dualtrack.apps.research.documents.headings import is_note, read_heading
from dualtrack.apps.research.documents.labels import statement_named
from dualtrack.apps.research.documents.layout import Piece, Row, Word, is_blank, page_rows
from dualtrack.apps.research.documents.model import Box, Cell, Column, ColumnKind, Table
from dualtrack.apps.research.documents.rows import Place, TableRow, join_labels

__all__ = ["Word", "page_tables"]

_PROSE_WORDS = 9
"""Words in one piece that make it a line of a paragraph, where it is also wide."""

_PROSE_SHARE = 0.82
"""Share of the width of the page's text that a line of a paragraph reaches; a label ends before the columns of numbers."""

_BREAK = 8.0
"""Gap in heights of a row that ends a table: statements leave some empty lines between sections, and a new table has a header."""

_TITLE_GAP = 6.0
"""The same above a line of the title."""

_LABELS_MAX = 8
"""Rows without numbers in a table, one after another: headings of sections and labels over lines."""

_TITLE_ROWS = 5
"""Rows above a header that are kept as the title: issuer, statement, period, unit, and one more."""

_OVERLAP = 0.3
"""Share of the narrower number that two numbers of one column overlap at least."""

_YEAR = re.compile(r"(?:19[7-9]|20[0-9])\d")


class _Read(NamedTuple):
    """A row with its part in a table: `data`, `head`, `text` or `prose`; `figures` are places of its numbers."""

    row: Row
    part: str
    figures: tuple[int, ...]


def page_tables(words: list[Word], page: int) -> tuple[Table, ...]:
    """Return the tables of a page from the top."""
    rows = page_rows(words)
    if not rows:
        return ()
    left, right = min(word.left for word in words), max(word.right for word in words)
    reads = [_read(row, left, right - left, edge=place in {0, len(rows) - 1}) for place, row in enumerate(rows)]
    found: list[Table] = []
    for start, stop in _blocks(reads):
        table = _table(reads, start, stop, page, len(found) + 1)
        if table is not None:
            found.append(table)
    return tuple(found)


def _read(row: Row, left: float, width: float, *, edge: bool) -> _Read:
    pieces = row.pieces
    figures = [place for place, each in enumerate(pieces) if each.figure]
    if figures and figures[0] == 0 and len(pieces) > 1 and not pieces[1].figure:
        figures = figures[1:]  # the number of a note or an item, before its text
    real = [place for place in figures if _YEAR.fullmatch(pieces[place].text) is None]
    if edge and len(pieces) == 1 and figures:
        return _Read(row, "prose", ())  # the number of the page
    if real:
        label = "" if pieces[0].figure else pieces[0].text
        if len(real) < len(figures) and all(is_note(pieces[one].text) for one in real) and _all_say(pieces, real):
            return _Read(row, "head", ())
        return _Read(row, "data", tuple(figures)) if label or len(pieces) <= len(figures) else _Read(row, "text", ())
    wide = pieces[-1].right - left > _PROSE_SHARE * width
    prose = max(each.words for each in pieces) >= _PROSE_WORDS or (len(pieces) > _PROSE_WORDS and not figures)
    if wide and prose and not read_heading(row.text).says:
        return _Read(row, "prose", ())
    if any(read_heading(each.text).says for each in pieces) and _all_say(pieces, ()):
        return _Read(row, "head", ())
    return _Read(row, "text", ())


def _all_say(pieces: tuple[Piece, ...], but: list[int] | tuple[int, ...]) -> bool:
    """Tell whether what a row says besides its first piece is the heading of columns."""
    return all(
        read_heading(each.text).says for place, each in enumerate(pieces) if place not in but and (place or each.figure)
    )


def _blocks(reads: list[_Read]) -> list[tuple[int, int]]:
    """Return stretches of rows that are one table each, with what stands above its numbers."""
    found: list[tuple[int, int]] = []
    start, last, labels = 0, -1, 0  # `last` is the last row of numbers of the stretch that begins at `start`
    for place, each in enumerate(reads):
        above = reads[place - 1].row if place else each.row
        far = each.row.top - above.bottom > _BREAK * max(1.0, above.bottom - above.top)
        followed = place + 1 < len(reads) and reads[place + 1].part == "data"
        stacked = (
            followed and each.part == "head" and len(each.row.pieces) == 1 and _at_labels(each.row, reads, start, last)
        )
        ends = each.part == "prose" or (each.part == "head" and not stacked) or far or labels >= _LABELS_MAX
        if ends and last >= 0:
            found.append((start, last + 1))
            start, last = last + 1, -1
        if each.part == "prose":
            start, labels = place + 1, 0
        elif each.part == "data":
            last, labels = place, 0
        else:
            labels = labels + 1 if last >= 0 else 0
    if last >= 0:
        found.append((start, last + 1))
    return [(begin, _with_tail(reads, end)) for begin, end in found]


def _with_tail(reads: list[_Read], end: int) -> int:
    """Return the end of a stretch with the rest of a label that goes on below its last numbers."""
    while end < len(reads) and reads[end].part == "text":
        row, above = reads[end].row, reads[end - 1].row
        if row.top - above.bottom > 0.5 * (above.bottom - above.top) or not row.pieces[0].text[:1].islower():
            break
        if abs(row.pieces[0].left - above.pieces[0].left) > REACH * 3:
            break
        end += 1
    return end


def _at_labels(row: Row, reads: list[_Read], start: int, last: int) -> bool:
    """Tell whether a heading stands where the labels of the stretch do: a year above its rows, not above its columns."""
    if last < start:
        return False
    labels = [
        each.row.pieces[0].left
        for each in reads[start : last + 1]
        if each.part == "data" and not each.row.pieces[0].figure
    ]
    return bool(labels) and abs(row.pieces[0].left - min(labels)) <= REACH * 3


def _spans(reads: list[_Read]) -> list[Span]:
    """Return the columns of a table: where its numbers, its blanks and the numbers of its notes stand, from the left."""
    pieces = [
        each
        for read in reads
        if read.part == "data"
        for place, each in enumerate(read.row.pieces)
        if place in read.figures or (place and (is_blank(each.text) or is_note(each.text)))
    ]
    spans: list[Span] = []
    for each in sorted(pieces, key=lambda one: one.left + one.right):
        last = spans[-1] if spans else None
        if last is not None:
            shared = min(last.right, each.right) - max(last.left, each.left)
            if shared > _OVERLAP * min(last.right - last.left, each.right - each.left):
                spans[-1] = Span(min(last.left, each.left), max(last.right, each.right), last.n + 1)
                continue
        spans.append(Span(each.left, each.right, 1))
    rows = sum(read.part == "data" for read in reads)
    return [span for span in _merged(spans) if span.n > 1 or rows <= 3]  # noqa: PLR2004 - one number in a long table is part of a label


def _merged(spans: list[Span]) -> list[Span]:
    """Join columns that a wide number brought over one another."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and found[-1].right - span.left > _OVERLAP * min(
            found[-1].right - found[-1].left, span.right - span.left
        ):
            last = found.pop()
            span = Span(last.left, max(last.right, span.right), last.n + span.n)  # noqa: PLW2901 - joined
        found.append(span)
    return found


def _table(reads: list[_Read], start: int, stop: int, page: int, number: int) -> Table | None:
    block = reads[start:stop]
    spans = _spans(block)
    data = sum(read.part == "data" for read in block)
    if not spans or data < 2 or max(span.n for span in spans) < 2:  # noqa: PLR2004 - one row is a sentence with a number
        return None
    first = next(place for place, read in enumerate(block) if read.part == "data")
    notes = _note_columns(block, spans)
    head = [
        place for place in range(first) if block[place].part != "prose" and is_header(block[place].row, spans, notes)
    ]
    top = head[0] if head else first
    after = head[-1] + 1 if head else 0
    said = [
        place for place in range(after, first) if len(block[place].row.pieces) == 1 and _is_unit(block[place].row.text)
    ]
    label, *texts = header_texts([block[place].row for place in (*head, *said)], spans, notes)
    columns = [Column(1, label, "label")]
    columns += [Column(place + 2, text, _kind(text, place < notes)) for place, text in enumerate(texts)]
    body = [
        _places(read, spans, columns)
        for place, read in enumerate(block[after:] if head else block[first:], after)
        if place not in said
    ]
    rows = join_labels(body)
    return Table(
        page=page,
        number=number,
        title=_title(reads, start + top),
        columns=tuple(columns),
        rows=tuple(_cells(row, place) for place, row in enumerate(rows, 1)),
        box=_around(block[top:]),
    )


def _is_unit(text: str) -> bool:
    """Tell whether a line below a header says the unit of the table and nothing else."""
    heading = read_heading(text)
    return heading.says and (heading.scale is not None or heading.currency is not None)


def _note_columns(block: list[_Read], spans: list[Span]) -> int:
    """Return how many columns at the left hold nothing but numbers of notes: one or none, beside others."""
    first = spans[0]
    inside = [
        each.text
        for read in block
        if read.part == "data"
        for each in read.row.pieces[1:]
        if each.left < first.right and each.right > first.left
    ]
    return int(len(spans) > 1 and bool(inside) and all(is_note(each) and not each.startswith("(") for each in inside))


def _kind(text: str, note: bool) -> ColumnKind:
    """Return the kind of a column; small numbers under a year are numbers of the report."""
    heading = read_heading(text)
    return "note" if (heading.note or (note and not text)) and not heading.periods else "value"


def _places(read: _Read, spans: list[Span], columns: list[Column]) -> TableRow:
    """Put the pieces of a row into its columns; what is no number of a column belongs to the label, or to that at the right."""
    held: dict[int, Place] = {}
    labels: tuple[list[Piece], list[Piece]] = ([], [])
    for place, piece in enumerate(read.row.pieces):
        column = _column_of(piece, spans)
        fits = column and (place in read.figures or is_blank(piece.text) or is_note(piece.text) or read.part == "data")
        if not column or not fits or column + 1 in held or (columns[column].kind == "value" and not _holds(piece)):
            labels[piece.left > spans[-1].right].append(piece)
        else:
            held[column + 1] = Place(piece.text, Box(piece.left, piece.top, piece.right, piece.bottom))
    left, right = (" ".join(each.text for each in side) for side in labels)
    every = [*labels[0], *labels[1]] if not labels[0] else labels[0]
    return TableRow(left, right, _around_pieces(every) if every else None, held, read.row.top, read.row.bottom)


def _holds(piece: Piece) -> bool:
    return piece.figure or is_blank(piece.text)


def _column_of(piece: Piece, spans: list[Span]) -> int:
    """Return the column (from 1) that a piece of a row lies in; 0 for none."""
    best, column = 0.0, 0
    for place, span in enumerate(spans, 1):
        shared = min(piece.right, span.right) - max(piece.left, span.left)
        if shared > best:
            best, column = shared, place
    return column if best > _OVERLAP * (piece.right - piece.left) else 0


def _cells(row: TableRow, number: int) -> tuple[Cell, ...]:
    text = " ".join(each for each in (row.label, row.other) if each)
    label = (Cell(number, 1, text, row.box),) if text else ()
    return (*label, *(Cell(number, column, each.text, each.box) for column, each in sorted(row.held.items())))


def _title(reads: list[_Read], top: int) -> str:
    """Return the rows above a header, from the top."""
    found: list[str] = []
    place = top - 1
    below = reads[top].row
    while place >= max(0, top - _TITLE_ROWS):
        row = reads[place].row
        if reads[place].part in {"prose", "data"} or below.top - row.bottom > _TITLE_GAP * max(
            1.0, row.bottom - row.top
        ):
            break
        found += [row.text] if statement_named(row.text) else [piece.text for piece in reversed(row.pieces)]
        below = row
        place -= 1
    return "\n".join(reversed(found))


def _around(block: list[_Read]) -> Box:
    return _around_pieces([each for read in block for each in read.row.pieces])


def _around_pieces(pieces: list[Piece]) -> Box:
    return Box(
        min(each.left for each in pieces),
        min(each.top for each in pieces),
        max(each.right for each in pieces),
        max(each.bottom for each in pieces),
    )
