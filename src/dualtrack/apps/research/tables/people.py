"""Columns about people: never shown, filtered, grouped or sorted by; only counted and summed, over groups of enough rows.

A figure about people is taken straight from its table: no join or subquery stands between, which could repeat one person's row until
the group looks large. Groups of fewer rows than the guideline in force says are left out by the query itself (HAVING), and the
result says so. What two results give away together (a total less a part) is not searched for: LIMITATIONS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.research.tables.parser import exp
from dualtrack.apps.research.tables.shape import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["guard_people"]

_SHOWS_NOBODY = (
    exp.Count, exp.Sum, exp.Avg, exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop,
)  # fmt: skip
"""Figures that are no person's own value. Least, greatest, median and quantiles are somebody's, so they are not among them."""

_WORDS = "a count, sum, avg, stddev or variance of the column itself, from its table alone"


def guard_people(tree: exp.Expr, personal: Mapping[str, frozenset[str]], least: int) -> bool:
    """Check a qualified query for columns about people (by table) and add what keeps small groups out, in place.

    Returns whether there was any. Raises FieldError naming the column and its place.
    """
    scopes: dict[int, tuple[exp.Select, dict[str, exp.Column]]] = {}
    for column in list(tree.find_all(exp.Column)):
        select = column.find_ancestor(exp.Select)
        if select is None or not _is_personal(column, select, personal):
            continue
        _check_use(column, select)
        scopes.setdefault(id(select), (select, {}))[1][column.name] = column
    for select, columns in scopes.values():
        for column in columns.values():
            select.having(exp.GTE(this=exp.Count(this=column.copy()), expression=exp.Literal.number(least)), copy=False)
    return bool(scopes)


def _is_personal(column: exp.Column, select: exp.Select | None, personal: Mapping[str, frozenset[str]]) -> bool:
    """Say whether a column is one about people; its alias is looked up outwards, as in a correlated subquery."""
    while select is not None:
        for table in _sources(select):
            if table.alias_or_name.lower() == column.table.lower():
                return isinstance(table, exp.Table) and column.name.lower() in personal.get(
                    table.name.lower(), frozenset()
                )
        select = select.find_ancestor(exp.Select)
    return any(column.name.lower() in names for names in personal.values())  # no table known: taken for the worst


def _sources(select: exp.Select) -> list[exp.Expr]:
    begin = select.args.get("from_")
    joined = [join.this for join in select.args.get("joins") or []]
    return [*([begin.this] if begin is not None else []), *joined]


def _check_use(column: exp.Column, select: exp.Select) -> None:
    call = column.parent
    if isinstance(call, exp.Distinct) and len(call.expressions) == 1:
        call = call.parent
    bare = isinstance(call, _SHOWS_NOBODY) and not isinstance(call.parent, (exp.Filter, exp.Window))
    sources = _sources(select)
    # Of this very SELECT: an aggregate over a column of the query around it would be counted there, in groups of its own.
    own = len(sources) == 1 and isinstance(sources[0], exp.Table) and sources[0].alias_or_name == column.table
    within = call is not None and (call.find_ancestor(exp.Where, exp.Select) is select)
    if not (bare and own and within):
        raise refused(f"{column.name!r} is about people", column, _WORDS, "ask for a count or an average by group")
