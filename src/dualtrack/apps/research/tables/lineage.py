"""Where each column of a result comes from: the columns of files that it is made of, by what expression, and what narrows its rows.

A walk of the checked tree, in which every column stands under its table. A column of a subquery or WITH is followed to what it is
made of; `count(*)` is made of the rows of the tables beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.research.tables.parser import exp
from dualtrack.apps.research.tables.records import Lineage

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["trace_columns"]


def trace_columns(tree: exp.Expr) -> tuple[Lineage, ...]:
    """Return the lineage of each column of a qualified query, in order."""
    made = {each.alias.lower(): each.this for each in tree.find_all(exp.CTE)}
    first = _arms(tree)
    filters = tuple(sorted({text for select in tree.find_all(exp.Select) for text in _filters(select)}))
    found = []
    for at, output in enumerate(first[0].selects):
        sources = sorted({name for arm in first for name in _of(arm.selects[at], arm, made)})
        shown = output.this if isinstance(output, exp.Alias) else output
        found.append(
            Lineage(
                column=output.alias_or_name, sources=tuple(sources), expression=shown.sql("duckdb"), filters=filters
            )
        )
    return tuple(found)


def _arms(tree: exp.Expr) -> list[exp.Select]:
    """Return the SELECTs that rows come from: one, or those of UNION, INTERSECT and EXCEPT."""
    if isinstance(tree, exp.SetOperation):
        return [*_arms(tree.this), *_arms(tree.expression)]
    if isinstance(tree, exp.Subquery):
        return _arms(tree.this)
    assert isinstance(tree, exp.Select)
    return [tree]


def _of(node: exp.Expr, select: exp.Select, made: dict[str, exp.Expr]) -> set[str]:
    """Return the columns of loaded tables that an expression is made of."""
    found: set[str] = set()
    for column in node.find_all(exp.Column):
        found |= _column(column, column.find_ancestor(exp.Select) or select, made)
    if any(count.this is None or isinstance(count.this, exp.Star) for count in node.find_all(exp.Count)):
        found |= {f"{name}.*" for name in _rows(select, made)}
    for query in node.find_all(exp.Subquery, exp.Exists):
        inside = query.this
        if isinstance(inside, exp.Query) and not any(inside.find_all(exp.Column)):
            found |= {f"{table.name}.*" for table in inside.find_all(exp.Table)}
    return found


def _column(column: exp.Column, select: exp.Select | None, made: dict[str, exp.Expr]) -> set[str]:
    while select is not None:
        for source in _sources(select):
            if source.alias_or_name.lower() == column.table.lower():
                return _through(source, column.name, made)
        select = select.find_ancestor(exp.Select)
    return set()


def _through(source: exp.Expr, name: str, made: dict[str, exp.Expr]) -> set[str]:
    inside = made.get(source.name.lower()) if isinstance(source, exp.Table) and not source.db else source
    if isinstance(inside, exp.Table):
        return {f"{inside.name}.{name}"}
    assert inside is not None
    arms = _arms(inside)
    places = [at for at, each in enumerate(arms[0].selects) if each.alias_or_name.lower() == name.lower()]
    return {one for arm in arms for at in places for one in _of(arm.selects[at], arm, made)}


def _rows(select: exp.Select, made: dict[str, exp.Expr]) -> Iterable[str]:
    for source in _sources(select):
        inside = made.get(source.name.lower()) if isinstance(source, exp.Table) and not source.db else source
        if isinstance(inside, exp.Table):
            yield inside.name
        elif inside is not None:
            for arm in _arms(inside):
                yield from _rows(arm, made)


def _sources(select: exp.Select) -> list[exp.Expr]:
    begin = select.args.get("from_")
    return [*([begin.this] if begin is not None else []), *(join.this for join in select.args.get("joins") or [])]


def _filters(select: exp.Select) -> list[str]:
    parts = [select.args.get(part) for part in ("where", "having", "qualify")]
    joins = [join.args["on"] for join in select.args.get("joins") or [] if join.args.get("on") is not None]
    return [each.this.sql("duckdb") for each in parts if each is not None] + [each.sql("duckdb") for each in joins]
