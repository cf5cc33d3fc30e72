"""Counting in memory: the answer to a tally from columns, with numpy. Other engines must give the same, bit for bit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.tally import CELLS_MAX, Counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dualtrack.evidence.tally import Amount, Key, Tally

__all__ = ["VALUE_MAX", "count", "fixed"]

VALUE_MAX = 2.0**62
"""Largest size of a rounded value: a sum of more rows than memory holds is kept in Python's whole numbers."""

_SPLIT_BITS = 31


def count(columns: Mapping[str, NDArray[Any]], tally: Tally) -> Counted:
    """Count rows of columns of equal length; raises FieldError for a column that is not there or has the wrong type."""
    placed = [_place(_column(columns, key.column), key) for key in tally.keys]
    rows = len(placed[0][1]) if placed else len(next(iter(columns.values())))
    size = math.prod(len(levels) for levels, _ in placed)
    cell = np.zeros(rows, dtype=np.int64)
    for levels, place in placed:
        cell = cell * len(levels) + place
    if size > CELLS_MAX:  # many levels, few of them together: number only the cells that hold rows
        held, cell = np.unique(cell, return_inverse=True)
    else:
        held = np.arange(size)
    counts = np.bincount(cell, minlength=len(held))
    sums = [_sums(fixed(columns, amount), cell, len(held)) for amount in tally.amounts]
    names = [levels for levels, _ in placed]
    lines = sorted((_cell(int(held[at]), names), int(counts[at]), at) for at in np.flatnonzero(counts).tolist())
    return Counted(
        tally=tally,
        cells=tuple(line[0] for line in lines),
        counts=tuple(line[1] for line in lines),
        sums=tuple(tuple(each[at] for each in sums) for _, _, at in lines),
    )


def fixed(columns: Mapping[str, NDArray[Any]], amount: Amount) -> NDArray[np.int64]:
    """Return the amount of each row in units of 2^-scale_bits, rounded half to even; missing rows give 0."""
    values, absent = _numbers(_column(columns, amount.column), amount.column)
    if amount.times is not None:
        others, also = _numbers(_column(columns, amount.times), amount.times)
        values, absent = values * others, absent | also
    scaled = np.rint(np.ldexp(np.where(absent, 0.0, values), amount.scale_bits))
    if not (np.abs(scaled) < VALUE_MAX).all():
        raise FieldError(
            "a number too large for its scale", where=amount.column, expected=f"below 2^{62 - amount.scale_bits}"
        )
    return scaled.astype(np.int64)


def _sums(values: NDArray[np.int64], cell: NDArray[np.int64], size: int) -> list[int]:
    """Add up by cell in whole numbers that cannot overflow: high and low halves apart, each exact as a double below 2^53."""
    high, low = values >> _SPLIT_BITS, values & ((1 << _SPLIT_BITS) - 1)
    totals = [0] * size
    for start in range(0, len(values), 1 << 21):  # 2^21 rows of 2^31 stay below 2^53
        part = slice(start, start + (1 << 21))
        tops = np.bincount(cell[part], weights=high[part].astype(np.float64), minlength=size)
        rests = np.bincount(cell[part], weights=low[part].astype(np.float64), minlength=size)
        for at in np.flatnonzero((tops != 0) | (rests != 0)).tolist():
            totals[at] += (int(tops[at]) << _SPLIT_BITS) + int(rests[at])
    return totals


def _place(column: NDArray[Any], key: Key) -> tuple[list[str], NDArray[np.int64]]:
    """Return the level texts of a key and each row's place among them."""
    if key.how == "value":
        return _values(column)
    if key.how == "missing":
        absent = np.ma.getmaskarray(column) | (_numbers(column, key.column)[1] if column.dtype.kind == "f" else False)
        return ["0", "1"], np.asarray(absent, dtype=np.int64)
    values, absent = _numbers(column, key.column)
    place = np.where(absent, -1, np.searchsorted(np.asarray(key.edges), values, side="right"))
    return [str(at) for at in range(-1, len(key.edges) + 1)], (place + 1).astype(np.int64)


def _values(column: NDArray[Any]) -> tuple[list[str], NDArray[np.int64]]:
    absent = np.ma.getmaskarray(column)
    data = np.ma.getdata(column)
    if data.dtype.kind == "f":
        absent = absent | np.isnan(data)
    if not absent.any():
        levels, place = np.unique(data, return_inverse=True)
        return _merged([_text(level) for level in levels.tolist()], place)
    levels, inside = np.unique(data[~absent], return_inverse=True)
    place = np.zeros(len(data), dtype=np.int64)
    place[~absent] = inside + 1
    return _merged(["", *(_text(level) for level in levels.tolist())], place)


def _merged(texts: list[str], place: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    """Give levels of one text one place: 1 and 1.0 in a mixed column, or an empty text and a missing value."""
    names = list(dict.fromkeys(texts))
    if len(names) == len(texts):
        return texts, place.astype(np.int64)
    return names, np.array([names.index(text) for text in texts], dtype=np.int64)[place]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1 << 53 else repr(value)
    return str(value)


def _numbers(column: NDArray[Any], where: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a column as numbers and which rows have none; infinite numbers are refused."""
    absent = np.ma.getmaskarray(column)
    try:
        values = np.ma.getdata(column).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise FieldError("not numbers", where=where, expected="a column of numbers") from error
    absent = absent | np.isnan(values)
    values = np.where(absent, 0.0, values)
    if np.isinf(values).any():
        raise FieldError("an infinite number", where=f"{where}[{int(np.argmax(np.isinf(values)))}]")
    return values, absent


def _cell(number: int, names: list[list[str]]) -> tuple[str, ...]:
    parts = []
    for levels in reversed(names):
        number, at = divmod(number, len(levels))
        parts.append(levels[at])
    return tuple(reversed(parts))


def _column(columns: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in columns:
        raise FieldError(f"no column {name!r}", where="tally", expected=", ".join(list(columns)[:40]))
    return columns[name]
