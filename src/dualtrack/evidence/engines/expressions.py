"""Keys and amounts as Narwhals expressions: one text for DuckDB, Spark and any other engine that Narwhals speaks to.

Engines differ in how they compare NaN, round halves, write numbers as text and add beyond 64 bits. None of that is left to them: NaN
becomes null first, halves are rounded by adding and taking away 2^52, values come back raw and become text here, and sums are kept
as two halves that stay below 64 bits for four thousand million rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError
from dualtrack.evidence.counting import VALUE_MAX, not_numbers
from dualtrack.evidence.engines.grids import find_grid
from dualtrack.evidence.engines.narwhal import nw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.engines.engine import Logical
    from dualtrack.evidence.engines.grids import Grid
    from dualtrack.evidence.tally import Amount, Key, Tally

__all__ = [
    "EDGES_MAX",
    "HALF_BITS",
    "INFINITE",
    "INFINITE_PLACE",
    "TOO_LARGE",
    "Divide",
    "logical",
    "select_tally",
    "with_more",
]

EDGES_MAX = 1_024
"""Most edges that follow no formula: each is a comparison in the engine's plan."""

HALF_BITS = 31
"""A sum's low half holds as many bits."""

INFINITE_PLACE = -2
"""The bin that stands for an infinite number, which is refused."""

TOO_LARGE, INFINITE = 1, 2
"""What the column of trouble holds above 0."""

Divide = Callable[["nw.LazyFrame[Any]", Mapping[str, float]], "nw.LazyFrame[Any]"]
"""Divides columns of doubles by constants, in place: Narwhals divides on Spark by a function that not every server has."""

_WHOLE = 2.0**52
"""From here on a double has no fraction."""


def logical(dtype: nw.dtypes.DType) -> Logical:
    """Return what kind of values a column of an engine holds."""
    if dtype == nw.Boolean:
        return "boolean"
    if dtype.is_integer():
        return "integer"
    if dtype.is_float() or dtype == nw.Decimal:
        return "real"
    if dtype in (nw.String, nw.Categorical, nw.Enum):
        return "text"
    return "time" if dtype in (nw.Date, nw.Datetime) else "other"


def select_tally(
    frame: nw.LazyFrame[Any], tally: Tally, kinds: Mapping[str, Logical], divide: Divide
) -> nw.LazyFrame[Any]:
    """Return a column `k<i>` a key and columns `h<i>`, `l<i>`, `t<i>` an amount, and nothing else.

    Keys hold a raw value, the number of a bin, or 1 where a value is missing. An amount is `h * 2^31 + l` in fixed point, rounded half
    to even, 0 where a value is missing; `t` is above 0 where there is trouble. Steps that use a result twice stand in a frame of their own,
    since an expression repeated inside an expression doubles the plan each time.
    """
    grids = {at: find_grid(key.edges) for at, key in enumerate(tally.keys) if key.how == "bins"}
    even = {at: (tally.keys[at].edges, grid) for at, grid in grids.items() if grid is not None}
    made = frame.select(
        *(_first(key, kinds[key.column]).alias(f"k{at}") for at, key in enumerate(tally.keys)),
        *(part for at, amount in enumerate(tally.amounts) for part in _amount(at, amount, kinds)),
    )
    made = with_more(
        made,
        *(_guess(nw.col(f"k{at}"), edges).alias(f"g{at}") for at, (edges, _) in even.items()),
        *(_half_even(nw.col(f"v{at}")).alias(f"v{at}") for at in range(len(tally.amounts))),
    )
    made = with_more(
        made,
        *(part for at, (_, grid) in even.items() for part in _fences(at, grid)),
        *(_safe(nw.col(f"v{at}")).alias(f"s{at}") for at in range(len(tally.amounts))),
    )
    quotients = {at: grid.by for at, (_, grid) in even.items() if grid.form == "quotient"}
    if quotients:
        made = divide(made, {f"{side}{at}": by for at, by in quotients.items() for side in ("a", "b")})
    keys = [nw.col(f"k{at}") for at in range(len(tally.keys))]
    for at, grid in grids.items():
        place = _even_place(at, tally.keys[at]) if grid else _searched_place(keys[at], tally.keys[at])
        keys[at] = _bin(keys[at], place)
    return made.select(
        *(key.alias(f"k{at}") for at, key in enumerate(keys)),
        *(part for at in range(len(tally.amounts)) for part in _halves(at)),
    )


def with_more(frame: nw.LazyFrame[Any], *columns: nw.Expr) -> nw.LazyFrame[Any]:
    """Return a frame with further columns, none of which may read another."""
    return frame.with_columns(*columns) if columns else frame


def _first(key: Key, kind: Logical) -> nw.Expr:
    """Return a key's raw value, whether it is missing, or the number that is put into a bin."""
    if kind == "other":
        raise FieldError(
            "neither numbers, texts nor times", where=key.column, expected="integer, real, boolean, text or time"
        )
    column = nw.col(key.column)
    if key.how == "value":
        return column.cast(nw.Float64) if kind == "real" else column
    if key.how == "missing":
        return nw.when(_absent(column, kind)).then(nw.lit(1)).otherwise(nw.lit(0))
    return _number(key.column, kind)


def _bin(value: nw.Expr, place: nw.Expr) -> nw.Expr:
    known = nw.when(_infinite(value)).then(nw.lit(INFINITE_PLACE)).otherwise(place.cast(nw.Int64))
    return nw.when(value.is_null()).then(nw.lit(-1)).otherwise(known)


def _amount(at: int, amount: Amount, kinds: Mapping[str, Logical]) -> tuple[nw.Expr, nw.Expr]:
    """Return `v<at>`, the scaled amount, and `i<at>`, whether a number in it is infinite."""
    value = _number(amount.column, kinds[amount.column])
    infinite = _infinite(value)
    if amount.times is not None:
        other = _number(amount.times, kinds[amount.times])
        value, infinite = value * other, infinite | _infinite(other)
    flag = nw.when(infinite).then(nw.lit(1)).otherwise(nw.lit(0))
    return (value * 2.0**amount.scale_bits).alias(f"v{at}"), flag.alias(f"i{at}")


def _safe(rounded: nw.Expr) -> nw.Expr:
    return nw.when(rounded.abs() < VALUE_MAX).then(rounded).otherwise(nw.lit(0.0))


def _halves(at: int) -> tuple[nw.Expr, nw.Expr, nw.Expr]:
    safe, high = nw.col(f"s{at}"), (nw.col(f"s{at}") * 2.0**-HALF_BITS).floor()
    large = nw.when(nw.col(f"v{at}").abs() >= VALUE_MAX).then(nw.lit(TOO_LARGE)).otherwise(nw.lit(0))
    trouble = nw.when(nw.col(f"i{at}") == 1).then(nw.lit(INFINITE)).otherwise(large)
    low = safe - high * 2.0**HALF_BITS
    return high.cast(nw.Int64).alias(f"h{at}"), low.cast(nw.Int64).alias(f"l{at}"), trouble.alias(f"t{at}")


def _number(name: str, kind: Logical) -> nw.Expr:
    """Return a column as doubles, null where there is none."""
    if kind not in {"integer", "real", "boolean"}:
        raise not_numbers(name)
    value = nw.col(name).cast(nw.Float64)
    return nw.when(~value.is_nan()).then(value) if kind == "real" else value


def _absent(column: nw.Expr, kind: Logical) -> nw.Expr:
    if kind == "real":
        return column.is_null() | column.cast(nw.Float64).is_nan()
    return column.is_null() | (column == "") if kind == "text" else column.is_null()


def _infinite(value: nw.Expr) -> nw.Expr:
    return value.abs() == math.inf


def _half_even(value: nw.Expr) -> nw.Expr:
    """Round as IEEE 754 does: a sum with 2^52 has no room for a fraction, and rounds it half to even."""
    small = nw.when(value >= 0).then((value + _WHOLE) - _WHOLE).otherwise((value - _WHOLE) + _WHOLE)
    return nw.when(value.abs() < _WHOLE).then(small).otherwise(value)


def _searched_place(value: nw.Expr, key: Key) -> nw.Expr:
    """Return how many edges are not above the value, by comparisons."""
    if len(key.edges) > EDGES_MAX:
        raise FieldError(
            f"{len(key.edges)} edges that follow no formula",
            where=key.column,
            expected=f"at most {EDGES_MAX} outside memory",
            fix="use edges i/m or first + i*step, or fewer",
        )
    return _searched(value, key.edges, 0, len(key.edges))


def _searched(value: nw.Expr, edges: Sequence[float], low: int, high: int) -> nw.Expr:
    """Search by halves, as a tree of comparisons."""
    if low == high:
        return nw.lit(low)
    middle = (low + high) // 2
    below, above = _searched(value, edges, low, middle), _searched(value, edges, middle + 1, high)
    return nw.when(value < edges[middle]).then(below).otherwise(above)


def _guess(value: nw.Expr, edges: Sequence[float]) -> nw.Expr:
    """Guess the place by arithmetic, as a double; at most one off between the edges, 1 outside them.

    Spark makes whole numbers of 64 bits of what it rounds down and stops at one beyond, so nothing outside may reach it.
    """
    count = float(len(edges))
    inside = nw.when((value >= edges[0]) & (value <= edges[-1])).then(value).otherwise(nw.lit(edges[0]))
    guess = ((inside - edges[0]) * ((count - 1.0) / (edges[-1] - edges[0]))).floor() + 1.0
    return nw.when(guess >= count).then(nw.lit(count - 1.0)).otherwise(guess)


def _fences(at: int, grid: Grid) -> tuple[nw.Expr, nw.Expr]:
    """Return `a<at>` and `b<at>`, the edges below and above a guessed place; of a quotient, what is still to be divided."""
    below, above = nw.col(f"g{at}") + (grid.shift - 1.0), nw.col(f"g{at}") + grid.shift
    if grid.form == "multiple":
        below, above = below * grid.by, above * grid.by
    if grid.form == "step":
        below, above = below * grid.by + grid.origin, above * grid.by + grid.origin
    return below.alias(f"a{at}"), above.alias(f"b{at}")


def _even_place(at: int, key: Key) -> nw.Expr:
    """Move a guess by one where an edge says so; outside the edges nothing was guessed."""
    value, guess, first, last = nw.col(f"k{at}"), nw.col(f"g{at}"), key.edges[0], key.edges[-1]
    lowered = nw.when(value < nw.col(f"a{at}")).then(guess - 1.0).otherwise(guess)
    inside = nw.when(value >= nw.col(f"b{at}")).then(guess + 1.0).otherwise(lowered)
    below_last = nw.when(value >= last).then(nw.lit(float(len(key.edges)))).otherwise(inside)
    return nw.when(value < first).then(nw.lit(0.0)).otherwise(below_last)
