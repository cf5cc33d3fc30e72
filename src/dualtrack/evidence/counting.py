"""Counting in memory: the answer to a tally from columns, with numpy. Other engines must give the same, bit for bit.

What a value is, for every engine: masked, null, NaN, a date that is none and an empty text are missing; whole numbers, truths
and reals are numbers, texts and times are not; a level's text is `level_text` of its value, and values of one text are one level.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.tally import CELLS_MAX, Counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.tally import Amount, Key, Tally

__all__ = ["VALUE_MAX", "count", "fixed", "infinite_number", "level_text", "not_numbers", "numbers", "too_large"]

VALUE_MAX = 2.0**62
"""Largest size of a rounded value: a sum of more rows than memory holds is kept in Python's whole numbers."""

_SPLIT_BITS = 31
_CHUNK = 1 << 16
_EVEN_LEAST = 64  # below as many edges a binary search is as fast as arithmetic
_DENSE_PER_ROW = 4  # whole numbers that span at most as many values a row are placed without sorting


def count(columns: Mapping[str, NDArray[Any]], tally: Tally) -> Counted:
    """Count rows of columns of equal length; raises FieldError for a column that is not there or has the wrong type."""
    placed = [_place(_column(columns, key.column), key) for key in tally.keys]
    rows = len(placed[0][1]) if placed else len(next(iter(columns.values()), ()))
    held, cell = _cells(placed, rows, tally.name)
    counts = np.bincount(cell, minlength=len(held))
    filled = np.flatnonzero(counts)
    if len(filled) > CELLS_MAX:
        raise FieldError(f"{len(filled)} cells", where=tally.name, expected=f"at most {CELLS_MAX}", fix="merge levels")
    sums = [_sums(fixed(columns, amount), cell, filled, len(held)) for amount in tally.amounts]
    places = _divided(held[filled], [len(levels) for levels, _ in placed])
    texts = [np.array(levels, dtype=object)[at].tolist() for (levels, _), at in zip(placed, places, strict=True)]
    return Counted(
        tally=tally,
        cells=tuple(zip(*texts, strict=True)) if texts else ((),) * len(filled),
        counts=tuple(counts[filled].tolist()),
        sums=tuple(zip(*sums, strict=True)) if sums else ((),) * len(filled),
    )


def fixed(columns: Mapping[str, NDArray[Any]], amount: Amount) -> NDArray[np.int64]:
    """Return the amount of each row in units of 2^-scale_bits, rounded half to even; missing rows give 0."""
    values, absent = numbers(_column(columns, amount.column), amount.column)
    with np.errstate(over="ignore", under="ignore"):  # too large is refused below; too small is 0
        if amount.times is not None:
            others, also = numbers(_column(columns, amount.times), amount.times)
            values, absent = values * others, absent | also
        scaled = np.rint(np.ldexp(np.where(absent, 0.0, values), amount.scale_bits))
    if not (np.abs(scaled) < VALUE_MAX).all():
        raise too_large(amount)
    return scaled.astype(np.int64)


def level_text(value: object) -> str:
    """Return a value as the text of its level: `""` where it is missing, whole numbers without a point, times in UTC and ISO 8601.

    A time at midnight is written as its day, since a file may hold days as times.
    """
    if value is None or value != value:  # noqa: PLR0124 - NaN and its kin differ from themselves
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (float, np.floating, decimal.Decimal)):
        value = float(value)
        return str(int(value)) if value.is_integer() and abs(value) < 1 << 53 else repr(value)
    if isinstance(value, dt.datetime):
        there = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        return there.date().isoformat() if there.time() == dt.time() else there.isoformat(" ")
    return str(value)


def not_numbers(where: str) -> FieldError:
    """Return the error for a column of texts or times where numbers are needed."""
    return FieldError("not numbers", where=where, expected="a column of numbers")


def infinite_number(where: str) -> FieldError:
    """Return the error for an infinite number in a column that is cut into bins or summed."""
    return FieldError("an infinite number", where=where, fix="mask what is no measurement")


def too_large(amount: Amount) -> FieldError:
    """Return the error for a number beyond the bound of its fixed point."""
    return FieldError(
        "a number too large for its scale", where=amount.column, expected=f"below 2^{62 - amount.scale_bits}"
    )


def _cells(
    placed: Sequence[tuple[list[str], NDArray[np.int64]]], rows: int, where: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the cells that may hold rows, and each row's place among them.

    A cell's number has one digit a key. Where there are many more cells than may be held, only those with rows are numbered.
    """
    size = math.prod(len(levels) for levels, _ in placed)
    if size > 1 << 62:
        raise FieldError(f"about 2^{size.bit_length()} cells", where=where, expected="at most 2^62", fix="merge levels")
    cell = np.zeros(rows, dtype=np.int64)
    for levels, place in placed:
        cell = cell * len(levels) + place
    if size <= max(CELLS_MAX, rows):
        return np.arange(size), cell
    held, inverse = np.unique(cell, return_inverse=True)
    return held, inverse.astype(np.int64)


def _divided(numbers: NDArray[np.int64], sizes: Sequence[int]) -> list[NDArray[np.int64]]:
    """Return the digits of cell numbers, one array a key."""
    digits = []
    for size in reversed(sizes):
        numbers, digit = np.divmod(numbers, size)
        digits.append(digit)
    return digits[::-1]


def _sums(values: NDArray[np.int64], cell: NDArray[np.int64], filled: NDArray[np.int64], size: int) -> list[int]:
    """Add up by cell in whole numbers that cannot overflow: high and low halves apart, each exact as a double below 2^53."""
    high, low = values >> _SPLIT_BITS, values & ((1 << _SPLIT_BITS) - 1)
    tops, rests = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for start in range(0, len(values), 1 << 21):  # 2^21 rows of 2^31 stay below 2^53
        part = slice(start, start + (1 << 21))
        tops += np.bincount(cell[part], weights=high[part].astype(np.float64), minlength=size).astype(np.int64)
        rests += np.bincount(cell[part], weights=low[part].astype(np.float64), minlength=size).astype(np.int64)
    pairs = zip(tops[filled].tolist(), rests[filled].tolist(), strict=True)
    return [(top << _SPLIT_BITS) + rest for top, rest in pairs]


def _place(column: NDArray[Any], key: Key) -> tuple[list[str], NDArray[np.int64]]:
    """Return the level texts of a key, sorted, and each row's place among them."""
    if key.how == "value":
        return _values(column, key.column)
    if key.how == "missing":
        return ["0", "1"], _absent(column).astype(np.int64)
    values, absent = numbers(column, key.column)
    place = _bins(values, np.asarray(key.edges, dtype=np.float64))
    place[absent] = -1
    return _named([str(at) for at in range(-1, len(key.edges) + 1)], place + 1)


def _bins(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many edges are not above each value: `searchsorted(edges, values, "right")`, faster where edges are about even.

    A guess by arithmetic is held against the two edges beside it; rows where it fails are searched.
    """
    span = edges[-1] - edges[0]
    if len(edges) < _EVEN_LEAST or not 0 < span < math.inf:
        return np.searchsorted(edges, values, side="right")
    fences = np.concatenate([[-math.inf], edges, [math.inf]])
    place = np.empty(len(values), dtype=np.int64)
    for start in range(0, len(values), _CHUNK):
        part = values[start : start + _CHUNK]
        with np.errstate(over="ignore"):
            guess = ((part - edges[0]) / span * (len(edges) - 1)).clip(-1, len(edges) - 1)
        at = np.floor(guess).astype(np.int64) + 1
        at += part >= fences[at + 1]
        at -= part < fences[at]
        wrong = np.flatnonzero((part < fences[at]) | (part >= fences[at + 1]))
        at[wrong] = np.searchsorted(edges, part[wrong], side="right")
        place[start : start + _CHUNK] = at
    return place


def _values(column: NDArray[Any], where: str) -> tuple[list[str], NDArray[np.int64]]:
    absent, data = np.ma.getmaskarray(column), np.ma.getdata(column)
    if data.dtype.kind not in "buifUTOM":
        raise FieldError(f"values of type {data.dtype}", where=where, expected="integer, real, boolean, text or time")
    if data.dtype.kind in "bui" or (data.dtype.kind == "f" and _is_small_whole(data)):
        found = _dense(data, absent)
        if found is not None:
            return found
    if data.dtype.kind in "buif":
        levels, place = np.unique(np.where(absent, data[:1].repeat(len(data)), data), return_inverse=True)
        return _named(["", *map(level_text, levels.tolist())], np.where(absent, 0, place + 1))
    values = (data.astype("datetime64[us]") if data.dtype.kind == "M" else data).tolist()
    if {str}.issuperset(map(type, values)):
        distinct = dict.fromkeys(values)
        names: Iterable[str] = values
    else:  # of several kinds: equal values may have unequal texts (2^53 whole and real), so texts are compared
        names = list(map(level_text, values))
        distinct = dict.fromkeys(names)
    places = {text: at for at, text in enumerate(distinct, 1)}
    place = np.fromiter(map(places.__getitem__, names), np.int64, len(values))
    return _named(["", *distinct], np.where(absent, 0, place))


def _is_small_whole(data: NDArray[Any]) -> bool:
    """Say whether reals are labels in disguise, seen early: a real column seldom begins with whole numbers only."""
    if not _whole(data[:1000]):
        return False
    return _whole(data)


def _whole(data: NDArray[Any]) -> bool:
    return bool((np.isfinite(data) & (np.abs(data) < 1 << 31)).all() and (data == np.rint(data)).all())


def _dense(data: NDArray[Any], absent: NDArray[np.bool_]) -> tuple[list[str], NDArray[np.int64]] | None:
    """Place whole numbers that lie close together by subtraction; None where they do not."""
    if data.dtype.kind == "b":
        data = data.view(np.int8)
    if absent.any():
        data = np.where(absent, data[~absent][0] if not absent.all() else np.zeros((), data.dtype), data)
    low, high = (int(data.min()), int(data.max())) if len(data) else (0, 0)
    if high - low > max(_DENSE_PER_ROW * len(data), 1000) or not -(1 << 62) < low <= high < 1 << 62:
        return None
    place = data.astype(np.int64) - (low - 1)
    place[absent] = 0
    held = np.bincount(place, minlength=high - low + 2) > 0
    texts = [str(low - 1 + at) if at else "" for at in np.flatnonzero(held).tolist()]
    return _named(texts, (np.cumsum(held) - 1)[place])


def _named(texts: list[str], place: NDArray[Any]) -> tuple[list[str], NDArray[np.int64]]:
    """Give levels of one text one place, sorted: 1 and 1.0 in a mixed column, or an empty text and a missing value."""
    names = {text: at for at, text in enumerate(sorted(set(texts)))}
    return list(names), np.array([names[text] for text in texts], dtype=np.int64)[place]


def _absent(column: NDArray[Any]) -> NDArray[np.bool_]:
    absent: NDArray[np.bool_] = np.ma.getmaskarray(column)
    data = np.ma.getdata(column)
    if data.dtype.kind in "fM":
        nothing: NDArray[np.bool_] = np.isnan(data) if data.dtype.kind == "f" else np.isnat(data)
        return absent | nothing
    if data.dtype.kind in "UTO":
        found = [value is None or value != value or value == "" for value in data.tolist()]  # noqa: PLR0124 - NaN
        return absent | np.array(found, dtype=np.bool_)
    return absent


def numbers(column: NDArray[Any], where: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a column as numbers, 0 where there is none, and which rows have none; infinite numbers and texts are refused."""
    absent, data = np.ma.getmaskarray(column), np.ma.getdata(column)
    texts = data.dtype.kind == "O" and any(isinstance(value, (str, bytes)) for value in data[~absent].tolist())
    if data.dtype.kind not in "buifO" or texts:
        raise not_numbers(where)
    try:
        values = np.where(absent, 0, data).astype(np.float64)
    except OverflowError as error:
        raise infinite_number(where) from error
    except (TypeError, ValueError) as error:
        raise not_numbers(where) from error
    absent = absent | np.isnan(values)
    values = np.where(absent, 0.0, values)
    if np.isinf(values).any():
        raise infinite_number(f"{where}[{int(np.argmax(np.isinf(values)))}]")
    return values, absent


def _column(columns: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in columns:
        raise FieldError(f"no column {name!r}", where="tally", expected=", ".join(list(columns)[:40]))
    return columns[name]
