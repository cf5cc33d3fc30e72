"""Headers of tables: which columns a text above the numbers is over, one, several, or a group that it is centred on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.documents.headings import read_heading
from dualtrack.apps.research.documents.labels import statement_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.documents.layout import Piece, Row

__all__ = ["REACH", "Span", "header_texts", "is_header"]

REACH = 6.0
"""Points that a header may be beside its column: a bracket hangs out, a year is centred."""

_COVERED = 0.6
"""Share of a column that a piece of the header covers where it stands over several."""

_CENTRED = 12.0
"""Points that the middle of a header may be off the middle of its group of columns."""

_AWAY = 45.0
"""Points that the middle of a year may be off that of its column where it stands over none."""

_LEFT = 90.0
"""Points left of the first column at which a single text is still a header and no title: the width of a column."""


class Span(NamedTuple):
    """Where a column of numbers stands, and how many texts are in it."""

    left: float
    right: float
    n: int


def is_header(row: Row, spans: Sequence[Span], notes: int) -> bool:
    """Tell whether a row above the numbers is of the header; `notes` columns at the left hold numbers of notes."""
    if statement_named(row.pieces[0].text) or statement_named(row.text):
        return False  # a title, perhaps with the name of the issuer beside it
    over = [columns for columns in _columns(row, spans, notes) if columns != (0,)]
    if len(row.pieces) > 1 or not over:
        return bool(over)
    piece = row.pieces[0]
    return piece.left > spans[0].left - _LEFT and (read_heading(piece.text).says or len(over[0]) > 1)


def header_texts(rows: Sequence[Row], spans: Sequence[Span], notes: int) -> list[str]:
    """Return what the rows of a header say of the labels (first) and of each column."""
    texts: list[list[str]] = [[] for _ in range(len(spans) + 1)]
    for row in rows:
        only = read_heading(row.pieces[0].text)
        if len(row.pieces) == 1 and (only.scale is not None or only.currency) and not only.periods and not only.rest:
            texts = [[*each, row.pieces[0].text] for each in texts]  # a unit said once is that of every column
            continue
        for piece, columns in zip(row.pieces, _columns(row, spans, notes), strict=True):
            for column, text in zip(columns, _parted(piece.text, len(columns)), strict=True):
                texts[column].append(text)
    return [" ".join(each) for each in texts]


def _parted(text: str, n: int) -> list[str]:
    """Return the parts of a text that is the dates of several columns set close to one another, or the text for each."""
    words = text.split()
    size = len(words) // n
    parts = (
        [" ".join(words[place : place + size]) for place in range(0, size * n, size)]
        if size and size * n == len(words)
        else []
    )
    dated = len(parts) > 1 and all(len(read_heading(part).periods) == 1 and read_heading(part).says for part in parts)
    return parts if dated else [text] * n


def _columns(row: Row, spans: Sequence[Span], notes: int) -> list[tuple[int, ...]]:
    """Return for each piece of a row the columns (from 1) that it is over; 0 is the labels."""
    found = [_over(piece, spans) for piece in row.pieces]
    places = [place for place, columns in enumerate(found) if columns[0] > notes]
    size, rest = divmod(len(spans) - notes, len(places)) if places else (0, 0)
    if size < 2 or rest:  # noqa: PLR2004 - a group has two columns at least
        return found
    grouped = list(found)
    for order, place in enumerate(places):
        first = notes + 1 + order * size
        middle = (spans[first - 1].left + spans[first + size - 2].right) / 2
        piece = row.pieces[place]
        if abs((piece.left + piece.right) / 2 - middle) > max(
            _CENTRED, (spans[first + size - 2].right - spans[first - 1].left) / 8
        ):
            return found
        grouped[place] = tuple(range(first, first + size))
    return grouped


def _over(piece: Piece, spans: Sequence[Span]) -> tuple[int, ...]:
    over = tuple(
        place
        for place, span in enumerate(spans, 1)
        if min(piece.right, span.right) - max(piece.left, span.left) > _COVERED * (span.right - span.left)
    )
    if len(over) > 1:
        return over
    near = [
        (abs(span.left + span.right - piece.left - piece.right), place)
        for place, span in enumerate(spans, 1)
        if piece.left < span.right + REACH and piece.right > span.left - REACH
    ]
    if near:
        return (min(near)[1],)
    heading = read_heading(piece.text)
    away = min(
        (abs(span.left + span.right - piece.left - piece.right) / 2, place) for place, span in enumerate(spans, 1)
    )
    if heading.periods and heading.says and away[0] <= _AWAY:
        return (away[1],)  # a year that is centred over a wider line of its header
    between = piece.left > spans[0].left and piece.right < spans[-1].right  # in the gap of two columns: a group's name
    ahead = [place for place, span in enumerate(spans, 1) if span.left > piece.right]
    return (ahead[0],) if between and ahead else (0,)
