"""Moments from counts, so that every engine can gather them: rows, sums and sums of products, by row or by cluster.

Without clusters the products are rounded row by row; with clusters each cluster's sums are exact and multiplied here,
after which the clusters are forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.moments import Moments, moments_of_units
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.tally import Amount, Key, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["moments_by_level", "moments_tally"]


def moments_tally(
    name: str, roles: Roles, values: Sequence[str], *, by: str | None, bits: int, check: Key | None = None
) -> Tally:
    """Ask for the moments of the columns in roles `values`, at each level of role `by`, by cluster where there are any.

    Missing values are counted too, so that they can be refused; `check` is one more key for a caller to look at.
    """
    columns = [counted_column(roles, role) for role in values]
    keys = [Key(column=column, how="missing") for column in columns]
    keys += [check] if check else []
    if by is not None:
        keys.append(Key(column=counted_column(roles, by)))
    amounts = [Amount(column=column, scale_bits=bits) for column in columns]
    if roles.cluster is not None:
        keys.append(Key(column=roles.cluster))
    else:
        amounts += [
            Amount(column=column, times=other, scale_bits=bits)
            for place, column in enumerate(columns)
            for other in columns[place:]
        ]
    return Tally(name=name, keys=tuple(keys), amounts=tuple(amounts))


def moments_by_level(counted: Counted, values: Sequence[str], *, by: str | None) -> Mapping[str, Moments]:
    """Return the moments at each level of `by` (the one level "" without it); names are `rows` and the roles.

    Raises FieldError for missing values, or a cluster at two levels: it could not be told whose it is.
    """
    keys = counted.tally.keys
    for place in range(len(values)):
        if any(cell[place] == "1" for cell in counted.cells):
            raise FieldError(
                "missing values", where=keys[place].column, fix="decide how rows without a value are treated"
            )
    bits = counted.tally.amounts[0].scale_bits
    names = ("rows", *values)
    clustered = not any(amount.times for amount in counted.tally.amounts)
    if clustered:
        return _by_cluster(counted, names, bits, by=by)
    totals: dict[str, list[int]] = {}
    for cell, rows, sums in zip(counted.cells, counted.counts, counted.sums, strict=True):
        level = cell[-1] if by is not None else ""
        total = totals.setdefault(level, [0] * (1 + len(sums)))
        for place, value in enumerate((rows, *sums)):
            total[place] += value
    return {level: _by_row(total, names, bits) for level, total in totals.items()}


def _by_row(total: list[int], names: tuple[str, ...], bits: int) -> Moments:
    rows, sums, products = total[0], total[1 : len(names)], total[len(names) :]
    return Moments(
        names=names,
        units=rows,
        bits=bits,
        product_bits=bits,
        sums=(str(rows << bits), *map(str, sums)),
        products=(str(rows << bits), *map(str, sums), *map(str, products)),
    )


def _by_cluster(counted: Counted, names: tuple[str, ...], bits: int, *, by: str | None) -> Mapping[str, Moments]:
    units: dict[str, dict[str, list[int]]] = {}
    where: dict[str, str] = {}
    for cell, rows, sums in zip(counted.cells, counted.counts, counted.sums, strict=True):
        cluster, level = cell[-1], cell[-2] if by is not None else ""
        if cluster == "":
            raise FieldError("rows without a cluster", where="cluster", fix="give each row its customer, or drop it")
        if where.setdefault(cluster, level) != level:
            raise FieldError(
                "a cluster in both arms", where="cluster", fix="assign whole clusters, or name a smaller unit"
            )
        total = units.setdefault(level, {}).setdefault(cluster, [0] * len(names))
        for place, value in enumerate((rows, *sums)):
            total[place] += value
    return {level: moments_of_units(found.values(), names, bits=bits) for level, found in units.items()}
