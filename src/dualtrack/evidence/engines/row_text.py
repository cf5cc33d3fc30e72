"""A row as one text, the same in every engine, and what is made of it: a digest in any order and a sample by hash.

Values are joined by `|`, in the order of the columns; a missing value is empty text. Whole numbers and truths are digits; a text
is its length in characters, a colon and itself; a real is `range:whole.rest` with a `-` before it where it is below zero: the
range is the largest k from -20 to 19 with |x| >= 2^(53k), |x| is brought to at least 1 by 2^(-53k) (by 2^1022 in the
lowest range), and its whole part and the rest in units of 2^-52 follow. That is exact, and needs no engine's way of writing reals.
An infinite number is `inf` or `-inf`, NaN is missing.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

from dualtrack.domain import canonical
from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from dualtrack.evidence.engines.engine import Logical

__all__ = [
    "LANES",
    "LANE_HEX",
    "RANGES",
    "RANGE_BITS",
    "REST_BITS",
    "lanes",
    "range_scale",
    "row_digest",
    "row_texts",
    "usable",
]

LANES, LANE_HEX = 4, 8
"""A row's SHA-256 is read as so many numbers of so many hexadecimal digits, from its beginning: 128 bits."""

RANGE_BITS, REST_BITS = 53, 52
"""Width of a range of reals, and bits after the point."""

RANGES = range(-20, 20)
"""The ranges of reals, smallest first."""


def range_scale(number: int) -> float:
    """Return the power of two that brings a range to numbers with at most 52 bits after the point."""
    return 2.0 ** (1022 if number == RANGES[0] else -RANGE_BITS * number)


def row_digest(kinds: Mapping[str, Logical], rows: int, sums: Iterable[int]) -> str:
    """Return the digest of a table from its columns, its number of rows and the sums of its rows' lanes.

    SHA-256 of the canonical JSON of those. It finds what happens by accident: a row lost, doubled or changed goes unseen about
    once in 2^128, and exchanged rows are the same table. It is no seal against a forger: whoever may choose many rows
    can make two tables of one digest, since sums can be steered. `tables.table_digest` is the seal, for tables in memory.
    """
    form = {
        "columns": [[name, kind] for name, kind in kinds.items()],
        "format": "dualtrack-rows-v1",
        "rows": str(rows),
        "sums": [str(total) for total in sums],
    }
    return hashlib.sha256(canonical.encode(form)).hexdigest()


def usable(kinds: Mapping[str, Logical]) -> None:
    """Raise FieldError for a column whose values have no text that is the same everywhere."""
    for name, kind in kinds.items():
        if kind in {"time", "other"}:
            raise FieldError(
                f"values of kind {kind}", where=name, expected="integer, real, boolean or text", fix="name the columns"
            )


def lanes(text: str) -> tuple[int, ...]:
    """Return the lanes of a row's text."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return tuple(int(digest[at * LANE_HEX : (at + 1) * LANE_HEX], 16) for at in range(LANES))


def row_texts(columns: Mapping[str, NDArray[Any]], kinds: Mapping[str, Logical], before: str = "") -> list[str]:
    """Return the text of each row of columns in memory, with a text before each."""
    fields = []
    for name, kind in kinds.items():
        absent = np.ma.getmaskarray(columns[name]).tolist()
        write = {"real": _real_text, "text": _word_text}.get(kind, _whole_text)
        values = np.ma.getdata(columns[name]).tolist()
        fields.append(["" if gone else write(value) for value, gone in zip(values, absent, strict=True)])
    return [before + "|".join(row) for row in zip(*fields, strict=True)]


def _whole_text(value: object) -> str:
    return "" if value is None else str(int(value))  # type: ignore[call-overload]


def _word_text(value: object) -> str:
    return f"{len(value)}:{value}" if isinstance(value, str) and value else ""


def _real_text(value: float | None) -> str:
    if value is None or math.isnan(value):
        return ""
    sign = "-" if value < 0 else ""
    if math.isinf(value):
        return f"{sign}inf"
    size = abs(float(value))
    number = next((each for each in reversed(RANGES[1:]) if size >= 2.0 ** (RANGE_BITS * each)), RANGES[0])
    scaled = size * range_scale(number)
    whole = math.floor(scaled)
    return f"{sign}{number}:{whole}.{int((scaled - whole) * 2.0**REST_BITS)}"
