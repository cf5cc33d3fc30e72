"""The shape a query may have: every node, every part of a node and every word in it is looked up; what is not listed is refused.

The list is of what may stand, not of what may not: a construct that a newer parser learns is refused until somebody has looked at it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dualtrack.apps.research.tables.functions import allowed
from dualtrack.apps.research.tables.parser import exp
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LEVELS_MAX", "NODES_MAX", "check_shape", "check_written_out", "place_of", "refused"]

NODES_MAX = 1_500
"""Parts of a query: the longest that a person wrote in tests had some 300."""

LEVELS_MAX = 40
"""Nesting of a query; DuckDB's own parser ends at some hundreds."""

_TABLES_MAX = 12
"""Tables in FROM and JOIN together: joins multiply rows, and nobody reads a join of more."""

_NUMBER = re.compile(r"\d{1,9}")
_WORD = re.compile(r"[A-Za-z ]{0,20}")

_PARTS: dict[type, str] = {
    exp.Select: "with_ expressions from_ joins where group having qualify windows order limit offset distinct",
    exp.Union: "with_ this expression distinct order limit offset",
    exp.Intersect: "with_ this expression distinct order limit offset",
    exp.Except: "with_ this expression distinct order limit offset",
    exp.Subquery: "this alias",
    exp.With: "expressions",
    exp.CTE: "this alias materialized",
    exp.TableAlias: "this",
    exp.From: "this",
    exp.Table: "this alias",
    exp.Join: "this side kind on using",
    exp.Where: "this",
    exp.Having: "this",
    exp.Qualify: "this",
    exp.Group: "expressions all",
    exp.Rollup: "expressions",
    exp.Cube: "expressions",
    exp.GroupingSets: "expressions",
    exp.Order: "this expressions",
    exp.Ordered: "this desc nulls_first",
    exp.Limit: "expression",
    exp.Offset: "expression",
    exp.Distinct: "expressions",
    exp.Column: "this table",
    exp.Identifier: "this quoted",
    exp.Star: "except_",
    exp.Alias: "this alias",
    exp.Literal: "this is_string",
    exp.Boolean: "this",
    exp.Null: "",
    exp.Paren: "this",
    exp.Tuple: "expressions",
    exp.Neg: "this",
    exp.Not: "this",
    exp.And: "this expression",
    exp.Or: "this expression",
    exp.EQ: "this expression",
    exp.NEQ: "this expression",
    exp.GT: "this expression",
    exp.GTE: "this expression",
    exp.LT: "this expression",
    exp.LTE: "this expression",
    exp.NullSafeEQ: "this expression",
    exp.NullSafeNEQ: "this expression",
    exp.Is: "this expression",
    exp.Between: "this low high",
    exp.In: "this expressions query",
    exp.Like: "this expression negate",
    exp.ILike: "this expression negate",
    exp.Exists: "this",
    exp.Add: "this expression",
    exp.Sub: "this expression",
    exp.Mul: "this expression",
    exp.Div: "this expression typed safe",
    exp.IntDiv: "this expression",
    exp.Mod: "this expression",
    exp.DPipe: "this expression safe",
    exp.Case: "this ifs default",
    exp.If: "this true false",
    exp.Cast: "this to",
    exp.TryCast: "this to safe requires_string",
    exp.DataType: "this expressions",
    exp.DataTypeParam: "this",
    exp.Interval: "this unit",
    exp.Var: "this",
    exp.Window: "this partition_by order spec alias over",
    exp.WindowSpec: "kind start start_side end end_side",
    exp.Filter: "this expression",
}
"""Which nodes may stand and which of their parts may be filled. Functions are looked up in their own list besides."""

_PARTS_OF: dict[type, frozenset[str]] = {node: frozenset(parts.split()) for node, parts in _PARTS.items()}
_JOINS = frozenset({"", "INNER", "OUTER", "CROSS", "SEMI", "ANTI"})
_TYPES = frozenset(
    {
        "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "INT128", "FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "TEXT", "DATE", "TIME",
        "TIMESTAMP", "TIMESTAMPNTZ",
    }
)  # fmt: skip
_UNITS = frozenset({"SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "DOW", "ISODOW", "DOY"})
_INSTEAD: dict[type, str] = {
    exp.Placeholder: "write the value itself",
    exp.Parameter: "write the value itself",
    exp.Columns: "name the columns",
    exp.TableSample: "ask for all rows, or an aggregate of them",
    exp.Lateral: "write a join",
    exp.Unnest: "ask of the tables that are loaded",
    exp.Pivot: "group by the column and use CASE",
    exp.Values: "ask of the tables that are loaded",
    exp.Lambda: "write the calculation over columns",
    exp.Into: "a query reads; it makes nothing",
    exp.Lock: "a query reads; it locks nothing",
}


def refused(found: str, node: exp.Expr | None, expected: str, fix: str = "") -> FieldError:
    """Return the error for something in a query, with its place."""
    return FieldError(found, where=place_of(node), expected=expected, fix=fix, code="input.sql")


def place_of(node: exp.Expr | None) -> str:
    """Return where a node begins in the text given, as far as the parser kept it."""
    for each in node.walk() if node is not None else ():
        if "line" in each.meta:
            width = int(each.meta["end"]) - int(each.meta["start"])
            return f"SQL, line {each.meta['line']}, column {max(int(each.meta['col']) - width, 1)}"
    return "SQL"


def check_shape(tree: exp.Expr, tables: frozenset[str]) -> None:
    """Refuse a query with anything in it that is not listed; raises FieldError naming the node and its place."""
    if not isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery)):
        raise refused(f"{_named(tree)}", tree, "one SELECT")
    names = _temporary_names(tree, tables)
    for number, (node, level) in enumerate(_levels(tree)):
        if number >= NODES_MAX or level > LEVELS_MAX:
            raise refused("a very large query", None, f"at most {NODES_MAX} parts, {LEVELS_MAX} levels", "ask in steps")
        _check_node(node, frozenset())
        if isinstance(node, exp.Table):
            _check_table(node, tables, names)
    if sum(1 for _ in tree.find_all(exp.Table)) > _TABLES_MAX:
        raise refused("more tables than a query may join", None, f"at most {_TABLES_MAX}", "ask in steps")


def check_written_out(tree: exp.Expr, tables: frozenset[str]) -> None:
    """Refuse what appeared when stars were written out and columns put under their tables: the rows of a table as one value."""
    for node, _ in _levels(tree):
        if isinstance(node, exp.TableColumn):
            raise refused(
                f"{node.name!r:.60} is a table and no column", node, "a column of the tables listed", "name the columns"
            )
        _check_node(node, frozenset({"db"}))
        if isinstance(node, exp.Table) and (node.db == "main") != (node.name.lower() in tables):
            raise refused(f"table {node.name!r:.80}", node, f"a table: {', '.join(sorted(tables))}")


def _levels(tree: exp.Expr) -> Iterator[tuple[exp.Expr, int]]:
    held = [(tree, 1)]
    while held:
        node, level = held.pop()
        yield node, level
        held += [(child, level + 1) for child in node.iter_expressions(reverse=True)]


def _check_node(node: exp.Expr, besides: frozenset[str]) -> None:
    """Refuse a node, or a part of it, that is not listed; `besides` are parts that only a qualified table has."""
    parts = _PARTS_OF.get(type(node))
    if isinstance(node, exp.Table) and parts is not None:
        parts |= besides
    if isinstance(node, exp.Func) and not isinstance(node, (exp.And, exp.Or, exp.Exists, exp.Cast, exp.Case, exp.If)):
        _check_function(node)
    elif parts is None:
        raise refused(_named(node), node, "SELECT over the tables listed", _INSTEAD.get(type(node), ""))
    for part, value in node.args.items():
        if value is None or value is False or value == []:
            continue
        if parts is not None and part not in parts:
            raise refused(f"{_named(node)} with {part.strip('_')}", node, "SELECT over the tables listed")
        named = isinstance(node, (exp.Literal, exp.Identifier, exp.Anonymous))
        if isinstance(value, str) and not named and not _WORD.fullmatch(value):
            raise refused(f"{value!r:.40}", node, "a word of SQL")
    _check_details(node)


def _check_function(node: exp.Func) -> None:
    passes = allowed()
    if isinstance(node, exp.Anonymous):
        if not isinstance(node.this, str) or node.this.lower() not in passes.anonymous:
            raise _unknown(str(node.name), node)
    elif type(node) not in passes.nodes:
        raise _unknown(_called(node), node)


def _called(node: exp.Func) -> str:
    return str(node.name).lower() if isinstance(node, exp.Anonymous) else node.sql_name().lower()


def _unknown(name: str, node: exp.Expr) -> FieldError:
    near = ", ".join(sorted(each for each in allowed().written if each[:2] == name.lower()[:2]))
    return refused(
        f"function {name!r:.60}",
        node,
        f"a function of the list{f', as {near}' if near else ''}",
        "the list of functions has all of them",
    )


def _check_details(node: exp.Expr) -> None:
    """Refuse values of nodes that are allowed as such."""
    if isinstance(node, exp.Join) and str(node.args.get("kind") or "").upper() not in _JOINS:
        raise refused(f"{node.args.get('kind')} JOIN", node, "INNER, LEFT, RIGHT, FULL, CROSS, SEMI or ANTI")
    if isinstance(node, (exp.Limit, exp.Offset)):
        count = node.expression
        if not isinstance(count, exp.Literal) or count.is_string or not _NUMBER.fullmatch(count.name):
            raise refused(f"{node.key.upper()} {count.sql('duckdb')!s:.40}", node, "a whole number")
    if isinstance(node, exp.DataType):
        kind = node.this.name if isinstance(node.this, exp.DataType.Type) else str(node.this)
        if kind not in _TYPES or any(not isinstance(each, exp.DataTypeParam) for each in node.expressions):
            raise refused(f"type {node.sql('duckdb')!s:.40}", node, ", ".join(sorted(_TYPES)))
    if isinstance(node, exp.Var) and node.name.upper() not in _UNITS | {f"{unit}S" for unit in _UNITS} | {"ALL"}:
        raise refused(f"{node.name!r:.40}", node, "a unit of time, or ALL")
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) and not node.name:
        raise refused("a column without a name", node, "a column of the tables listed")


def _check_table(node: exp.Table, tables: frozenset[str], names: frozenset[str]) -> None:
    if not isinstance(node.this, exp.Identifier):
        call = node.this if isinstance(node.this, exp.Func) else None
        name = _named(node.this) if call is None else f"function {_called(call)!r:.60}"
        raise refused(
            f"{name} in FROM", node, f"a table: {', '.join(sorted(tables))}", "ask of the tables that are loaded"
        )
    if node.name.lower() not in tables | names:
        raise refused(
            f"table {node.name!r:.80}", node, f"a table: {', '.join(sorted(tables))}", "name a table of the list"
        )


def _temporary_names(tree: exp.Expr, tables: frozenset[str]) -> frozenset[str]:
    """Return the names of WITH; each must be new, so that a name means one thing wherever it stands."""
    found: set[str] = set()
    for each in tree.find_all(exp.CTE):
        name = each.alias.lower()
        if name in tables or name in found or not name:
            raise refused(f"WITH {each.alias!r:.60}", each, "a name that nothing else has")
        found.add(name)
    for table in tree.find_all(exp.Table, exp.Subquery):
        name = table.alias.lower()
        if name in tables | found and name != table.name.lower():
            raise refused(f"alias {table.alias!r:.60}", table, "a name that no table has")
    return frozenset(found)


def _named(node: object) -> str:
    """Return a node's name in words: `TableSample` is `table sample`."""
    name = type(node).__name__
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower() if name != "Command" else "a statement that is no query"
