"""Exact sums over independent units: enough for every mean, ratio and interval of this family, and for no row.

A unit is a row, or a cluster whose rows are added up first. Values are rounded once to a multiple of 2^-bits and
everything after is whole numbers, so that shards add up to the same whatever their order, and values that are all alike
have a variance of exactly nothing. Parts must not share a cluster. Variances: Cochran (1977), section 9A (ratio of totals).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.arrays import check_lengths
from dualtrack.evidence.counting import count, fixed
from dualtrack.evidence.numeric import np
from dualtrack.evidence.tally import Amount, Key, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

__all__ = [
    "UNITS_LEAST",
    "Moments",
    "add_moments",
    "moments_of_rows",
    "moments_of_units",
    "sum_by_cluster",
    "whole_values",
]

UNITS_LEAST = 2
"""Fewest independent units that have a variance."""

_LIMB_BITS = 21
_LIMB = (1 << _LIMB_BITS) - 1
_CHUNK = 1 << 20
"""Products of limbs stay below 2^42, and 2^20 of them below 2^62."""


class Moments(Record, frozen=True):
    """Sums and sums of products over units. Numbers are text, since they pass 2^53.

    `names` begins with `rows`; `sums` are in units of 2^-bits; `products` are those of each pair of names, first with
    first, first with second and so on without repeats, in units of 2^-product_bits.
    """

    names: tuple[str, ...]
    units: int
    bits: int
    product_bits: int
    sums: tuple[str, ...]
    products: tuple[str, ...]

    def __post_init__(self) -> None:
        width = len(self.names)
        if len(self.sums) != width or len(self.products) != width * (width + 1) // 2 or self.units < 0:
            raise FieldError("sums that do not fit their names", where="moments")

    @property
    def rows(self) -> int:
        """Rows behind the sums."""
        return int(self.sums[0]) >> self.bits

    def mean(self, name: str) -> float:
        """Return the mean over rows."""
        return float(self._ratio(name))

    def covariance(self, name: str, other: str) -> float:
        """Return the covariance of two means over rows (of one with itself: its squared standard error); 0 below two units."""
        if self.units < UNITS_LEAST or self.rows == 0:
            return 0.0
        found = self._covariance(name, other)
        return 0.0 if abs(found) <= self._grain(name, other) else float(found)

    def difference_variance(self, name: str, other: str) -> float:
        """Return the squared standard error of the difference of two means; 0 below two units."""
        if self.units < UNITS_LEAST or self.rows == 0:
            return 0.0
        shared = self._covariance(name, other)
        found = self._covariance(name, name) + self._covariance(other, other) - 2 * shared
        grain = self._grain(name, name) + self._grain(other, other) + 2 * self._grain(name, other)
        return 0.0 if found <= grain else float(found)

    def _covariance(self, name: str, other: str) -> Fraction:
        first, second = self._ratio(name), self._ratio(other)
        residual = (
            self._product(name, other)
            - first * self._product("rows", other)
            - second * self._product("rows", name)
            + first * second * self._product("rows", "rows")
        )
        return Fraction(self.units, self.units - 1) * residual / self.rows**2

    def _grain(self, name: str, other: str) -> Fraction:
        """Return what rounding of values and products alone can make of a covariance: less is no spread."""
        size = 1 + abs(self._ratio(name) * self._ratio(other))
        return Fraction(4, 1 << self.product_bits) * size / self.rows

    def _ratio(self, name: str) -> Fraction:
        return Fraction(int(self.sums[self.names.index(name)]), int(self.sums[0])) if self.rows else Fraction(0)

    def _product(self, name: str, other: str) -> Fraction:
        low, high = sorted((self.names.index(name), self.names.index(other)))
        place = low * len(self.names) - low * (low - 1) // 2 + high - low
        return Fraction(int(self.products[place]), 1 << self.product_bits)


def moments_of_rows(columns: Mapping[str, NDArray[np.float64]], *, cluster: NDArray[Any] | None, bits: int) -> Moments:
    """Add up columns by row, or by cluster; raises FieldError for values too large for their scale or missing clusters."""
    names = ("rows", *columns)
    if cluster is not None:
        return moments_of_units(sum_by_cluster(columns, cluster, bits), names, bits=bits)
    check_lengths(**columns)
    values = whole_values(columns, bits)
    one = np.full(len(next(iter(values.values()))), 1, dtype=np.int64)
    sums = [len(one) << bits, *(_dot(each, one) for each in values.values())]
    inner = list(values.values())
    products = [len(one) << 2 * bits, *(each << bits for each in sums[1:])]
    products += [_dot(inner[at], other) for at in range(len(inner)) for other in inner[at:]]
    return Moments(
        names=names, units=len(one), bits=bits, product_bits=2 * bits, sums=_texts(sums), products=_texts(products)
    )


def moments_of_units(units: Iterable[Sequence[int]], names: tuple[str, ...], *, bits: int) -> Moments:
    """Add up units given as whole numbers: rows as they are, then sums in units of 2^-bits, in the order of `names`."""
    width, number = len(names), 0
    sums, products = [0] * width, [0] * (width * (width + 1) // 2)
    for unit in units:
        scaled = (unit[0] << bits, *unit[1:])
        number, place = number + 1, 0
        for low in range(width):
            sums[low] += scaled[low]
            for high in range(low, width):
                products[place] += scaled[low] * scaled[high]
                place += 1
    return Moments(
        names=names, units=number, bits=bits, product_bits=2 * bits, sums=_texts(sums), products=_texts(products)
    )


def add_moments(parts: Sequence[Moments]) -> Moments:
    """Add moments of separate units; raises FieldError where they are of different names or scales."""
    forms = {(part.names, part.bits, part.product_bits) for part in parts}
    if len(forms) != 1:
        raise FieldError(f"moments of {len(forms)} forms", where="moments", expected="one form, at least one part")
    first = parts[0]
    return Moments(
        names=first.names,
        units=sum(part.units for part in parts),
        bits=first.bits,
        product_bits=first.product_bits,
        sums=_texts([sum(map(int, each)) for each in zip(*(part.sums for part in parts), strict=True)]),
        products=_texts([sum(map(int, each)) for each in zip(*(part.products for part in parts), strict=True)]),
    )


def sum_by_cluster(
    columns: Mapping[str, NDArray[np.float64]], cluster: NDArray[Any], bits: int
) -> list[tuple[int, ...]]:
    """Return rows and sums of each cluster, in units of 2^-bits."""
    check_lengths(**columns, cluster=cluster)
    table = {f"value {name}": column for name, column in columns.items()} | {"cluster": cluster}
    amounts = tuple(Amount(column=f"value {name}", scale_bits=bits) for name in columns)
    counted = count(table, Tally(name="clusters", keys=(Key(column="cluster"),), amounts=amounts))
    if ("",) in counted.cells:
        raise FieldError("rows without a cluster", where="cluster", fix="give each row its customer, or drop it")
    return [(rows, *sums) for rows, sums in zip(counted.counts, counted.sums, strict=True)]


def whole_values(columns: Mapping[str, NDArray[np.float64]], bits: int) -> dict[str, NDArray[np.int64]]:
    """Return columns rounded to multiples of 2^-bits, as whole numbers."""
    return {name: fixed({name: column}, Amount(column=name, scale_bits=bits)) for name, column in columns.items()}


def _dot(first: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """Return the exact sum of products of whole numbers below 2^62 in size, by limbs that cannot overflow."""
    total = 0
    for start in range(0, len(first), _CHUNK):
        limbs, others = (_limbs(each[start : start + _CHUNK]) for each in (first, other))
        for place, limb in enumerate(limbs):
            for place_other, limb_other in enumerate(others):
                total += int(np.dot(limb, limb_other)) << _LIMB_BITS * (place + place_other)
    return total


def _limbs(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    return values & _LIMB, (values >> _LIMB_BITS) & _LIMB, values >> 2 * _LIMB_BITS


def _texts(values: Sequence[int]) -> tuple[str, ...]:
    return tuple(map(str, values))
