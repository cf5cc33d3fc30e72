"""What comes in: labels, scores and groups as checked one-dimensional arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["check_lengths", "labels", "probabilities", "reals"]


def reals(values: ArrayLike, where: str) -> NDArray[np.float64]:
    """Return finite real numbers in one dimension; raises FieldError naming `where` for anything else."""
    if np.ma.is_masked(values):
        raise FieldError(
            "missing values", where=where, fix="decide how rows without a value are treated before measuring"
        )
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise FieldError(f"not numbers: {error}", where=where) from error
    if array.ndim != 1:
        raise FieldError(f"{array.ndim} dimensions", where=where, expected="one value a row")
    finite = np.isfinite(array)
    if not finite.all():
        raise FieldError("a number that is not finite", where=f"{where}[{int(np.argmin(finite))}]")
    return array


def labels(values: ArrayLike, where: str) -> NDArray[np.bool_]:
    """Return 0/1 labels as booleans; any other value is refused, so that a class code is never taken for a label."""
    array = reals(values, where)
    wrong = (array != 0) & (array != 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise FieldError(f"value {array[row]:g}", where=f"{where}[{row}]", expected="0 or 1")
    truth: NDArray[np.bool_] = array == 1
    return truth


def probabilities(values: ArrayLike, where: str) -> NDArray[np.float64]:
    """Return probabilities in 0 to 1; a score on another scale has no calibration."""
    array = reals(values, where)
    wrong = (array < 0) | (array > 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise FieldError(f"value {array[row]:g}", where=f"{where}[{row}]", expected="a probability from 0 to 1")
    return array


def check_lengths(**columns: NDArray[np.generic]) -> int:
    """Return the common number of rows, at least one; raises FieldError naming the lengths where they differ."""
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        found = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise FieldError(f"rows differ: {found}", where="measurement", expected="one value a row in each")
    rows = next(iter(lengths.values()))
    if rows == 0:
        raise FieldError("no rows", where="measurement", expected="at least one row")
    return rows
