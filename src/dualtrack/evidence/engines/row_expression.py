"""The text of a row (`row_text`) as Narwhals expressions, built in three steps so that no expression is repeated inside another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.engines.expressions import with_more
from dualtrack.evidence.engines.narwhal import nw
from dualtrack.evidence.engines.row_text import RANGE_BITS, RANGES, REST_BITS, range_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dualtrack.evidence.engines.engine import Logical

__all__ = ["with_row_text"]


def with_row_text(
    frame: nw.LazyFrame[Any], kinds: Mapping[str, Logical], name: str, before: str = ""
) -> nw.LazyFrame[Any]:
    """Return the columns of `kinds` and the text of each row under `name`."""
    reals = [column for column, kind in kinds.items() if kind == "real"]
    places = {column: at for at, column in enumerate(reals)}
    sizes = {column: _real(column).abs() for column in reals}
    made = frame.select(
        *kinds,
        *(_ranged(size, range_scale).alias(f"row_scale_{places[column]}") for column, size in sizes.items()),
        *(_ranged(size, str).alias(f"row_range_{places[column]}") for column, size in sizes.items()),
    )
    made = with_more(
        made, *((sizes[column] * nw.col(f"row_scale_{at}")).alias(f"row_scaled_{at}") for column, at in places.items())
    )
    fields = [_field(column, kind, places) for column, kind in kinds.items()]
    return made.with_columns(nw.concat_str([nw.lit(before), *_joined(fields)]).alias(name))


def _joined(fields: list[nw.Expr]) -> list[nw.Expr]:
    return [part for at, field in enumerate(fields) for part in ([nw.lit("|"), field] if at else [field])]


def _field(column: str, kind: Logical, places: Mapping[str, int]) -> nw.Expr:
    if kind == "real":
        return _real_text(column, places[column])
    if kind == "text":
        text = nw.col(column).cast(nw.String)
        long = nw.concat_str([text.str.len_chars().cast(nw.String), nw.lit(":"), text])
        return nw.when(text != "").then(long).otherwise(nw.lit(""))
    value = nw.col(column).cast(nw.Int64) if kind == "boolean" else nw.col(column)
    return value.cast(nw.String).fill_null("")


def _real(column: str) -> nw.Expr:
    value = nw.col(column).cast(nw.Float64)
    return nw.when(~value.is_nan()).then(value)


def _real_text(column: str, at: int) -> nw.Expr:
    value, scaled = _real(column), nw.col(f"row_scaled_{at}")
    finite = scaled < float("inf")
    safe = nw.when(finite).then(scaled).otherwise(nw.lit(0.0))
    whole = safe.floor()
    sign = nw.when(value < 0).then(nw.lit("-")).otherwise(nw.lit(""))
    rest = ((safe - whole) * 2.0**REST_BITS).cast(nw.Int64).cast(nw.String)
    written = nw.concat_str(
        [sign, nw.col(f"row_range_{at}"), nw.lit(":"), whole.cast(nw.Int64).cast(nw.String), nw.lit("."), rest]
    )
    endless = nw.concat_str([sign, nw.lit("inf")])
    text = nw.when(finite).then(written).otherwise(endless)
    return nw.when(value.is_null()).then(nw.lit("")).otherwise(text)


def _ranged(size: nw.Expr, make: Callable[[int], float | str]) -> nw.Expr:
    """Return what `make` says of the range of a size; the ranges around 1 are asked first, the others by halves."""
    middle = nw.when(size >= 1).then(nw.lit(make(0))).otherwise(nw.lit(make(-1)))
    common = (size < 2.0**RANGE_BITS) & (size >= 2.0**-RANGE_BITS)
    return nw.when(common).then(middle).otherwise(_halved(size, make, 0, len(RANGES) - 1))


def _halved(size: nw.Expr, make: Callable[[int], float | str], low: int, high: int) -> nw.Expr:
    if low == high:
        return nw.lit(make(RANGES[low]))
    middle = (low + high + 1) // 2
    above, below = _halved(size, make, middle, high), _halved(size, make, low, middle - 1)
    return nw.when(size >= 2.0 ** (RANGE_BITS * RANGES[middle])).then(above).otherwise(below)
