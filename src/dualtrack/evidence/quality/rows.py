"""Rows as wholes: which are the same, which are nearly the same, over columns of any type.

Rows get the number of their group, by sorting one column after the other; no hash is taken, so that no two rows can be
taken for one by accident, and nothing of a row is kept. Near means equal after normalising: numbers to so many significant
digits, text to its letters and digits in lower case and one width (Unicode NFKC).
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["absent", "column_of", "group_rows", "normal_text", "normalised", "numbers", "stacked", "texts"]


def absent(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Say which rows hold no value: masked, NaN, or a text of white space."""
    data = np.ma.getdata(column)
    none = np.ma.getmaskarray(column).copy()
    if data.dtype.kind == "f":
        none |= np.isnan(data)
    elif data.dtype.kind in "UOT":
        none |= np.array([not isinstance(value, str) or not value.strip() for value in data.tolist()], dtype=np.bool_)
    return none


def numbers(column: NDArray[Any], *, where: str) -> NDArray[np.float64]:
    """Return a column as numbers, 0 where there is none; raises FieldError for text and for infinite numbers."""
    data = np.ma.getdata(column)
    if data.dtype.kind not in "biuf":
        raise FieldError("not numbers", where=where, expected="a column of numbers")
    values = np.where(absent(column), 0.0, data.astype(np.float64))
    if np.isinf(values).any():
        raise FieldError("an infinite number", where=f"{where}[{int(np.argmax(np.isinf(values)))}]")
    return values


def texts(column: NDArray[Any]) -> NDArray[Any]:
    """Return a column as text, whole numbers without a point, empty where there is no value."""
    data, none = np.ma.getdata(column), absent(column)
    if data.dtype.kind in "UOT":
        return np.array(
            ["" if gone else str(value) for value, gone in zip(data.tolist(), none, strict=True)], dtype=object
        )
    values = data.tolist()
    return np.array(["" if gone else _plain(value) for value, gone in zip(values, none, strict=True)], dtype=object)


def normal_text(text: str) -> str:
    """Return the letters and digits of a text, in one width and case."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def normalised(column: NDArray[Any], digits: int) -> NDArray[Any]:
    """Return a column as it is compared for being near; missing values stay missing."""
    data, none = np.ma.getdata(column), absent(column)
    if data.dtype.kind not in "biuf":
        near = np.array([normal_text(value) for value in texts(column)], dtype=object)
        return np.ma.array(near, mask=none)
    values = numbers(column, where="near")
    size = np.where(values == 0, 1.0, np.abs(values))
    step = 10.0 ** (np.floor(np.log10(size)) - digits + 1)
    return np.ma.array(np.rint(values / step) * step, mask=none)


def group_rows(columns: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Return the group of each row, from 0: rows of one group hold the same values, missing being a value of its own."""
    groups = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        place = _places(column)
        _, groups = np.unique(groups * (int(place.max()) + 1) + place, return_inverse=True)
    return groups


def stacked(first: NDArray[Any], second: NDArray[Any], *, where: str) -> NDArray[Any]:
    """Return one column after the other; raises FieldError where one holds numbers and the other text."""
    kinds = {np.ma.getdata(column).dtype.kind in "biuf" for column in (first, second)}
    if len(kinds) != 1:
        raise FieldError("numbers in one and text in the other", where=where, expected="the same type in both samples")
    if kinds == {False}:
        joined = np.concatenate([np.ma.getdata(first).astype(object), np.ma.getdata(second).astype(object)])
    else:
        joined = np.concatenate([np.ma.getdata(first), np.ma.getdata(second)])
    return np.ma.array(joined, mask=np.concatenate([np.ma.getmaskarray(first), np.ma.getmaskarray(second)]))


def column_of(columns: Any, name: str, *, where: str) -> NDArray[Any]:  # noqa: ANN401
    """Return a column by name; raises FieldError with the names there are."""
    if name not in columns:
        raise FieldError(f"no column {name!r}", where=where, expected=", ".join(list(columns)[:40]))
    found: NDArray[Any] = columns[name]
    return found


def _places(column: NDArray[Any]) -> NDArray[np.int64]:
    data, none = np.ma.getdata(column), absent(column)
    values = np.where(none, 0, data) if data.dtype.kind in "biuf" else texts(column)
    _, place = np.unique(values, return_inverse=True)
    return np.where(none, 0, place.astype(np.int64) + 1)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
