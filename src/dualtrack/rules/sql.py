"""Translate a tree to a DuckDB expression over columns, so that one rule runs over millions of rows.

SQL's NULL logic is strong Kleene logic, so NULL stands for unknown. What SQL does otherwise is undone here: whole numbers
beyond ±2^53 and non-finite doubles become NULL instead of an error or a value, and a list with a NULL in it is unknown.
Columns are named like facts (`"ev.validation.n"`). Only trees that passed check_tree may come in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import RuleError
from dualtrack.rules.evaluate import Facts, Program, known
from dualtrack.rules.table import FUNCTIONS, INTEGER_MAX, FactType, Schema, Tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

__all__ = ["COLUMN_TYPES", "evaluate_bulk", "facts_relation", "to_sql"]

COLUMN_TYPES: dict[FactType, str] = {
    "bool": "BOOLEAN", "int": "BIGINT", "double": "DOUBLE", "string": "VARCHAR", "list": "VARCHAR[]",
}  # fmt: skip
"""Column type of each fact type; no other type is read, so that a text column never passes for a number."""

_CLEAN = {
    "bool": "{c}",
    "int": f"CASE WHEN {{c}} BETWEEN -{INTEGER_MAX} AND {INTEGER_MAX} THEN {{c}} END",
    "double": "CASE WHEN isfinite({c}) THEN {c} END",
    "string": "{c}",
    "list": "CASE WHEN list_count({c}) = len({c}) THEN {c} END",
}
"""A column as a fact: NULL where the value is out of bounds."""

_COMPARE = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def to_sql(tree: Tree, schema: Schema) -> str:
    """Return the tree as an SQL expression that is TRUE, FALSE or NULL."""
    return _sql(tree, schema)[0]


def evaluate_bulk(
    connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, programs: Mapping[str, Program]
) -> duckdb.DuckDBPyRelation:
    """Evaluate programs over the rows of a relation: one BOOLEAN column each, in the order of the rows.

    A fact without a column is unknown in every row. Raises RuleError for a column of another type than its fact.
    """
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    missing: dict[str, FactType] = {}
    for program in programs.values():
        for name in program.names:
            expected = COLUMN_TYPES[program.schema[name]]
            if name not in types:
                missing[name] = program.schema[name]
            elif types[name] != expected:
                raise RuleError(f"column {name} is {types[name]}", where="bulk evaluation", expected=expected)
    absent = "".join(f", NULL::{COLUMN_TYPES[kind]} AS {_quote(name)}" for name, kind in sorted(missing.items()))
    columns = ", ".join(f"{to_sql(item.tree, item.schema)} AS {_quote(name)}" for name, item in programs.items())
    facts = relation.project(f"*{absent}")
    return facts.project(columns) if columns else connection.sql("SELECT 1 WHERE FALSE")


def facts_relation(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Facts], schema: Schema
) -> duckdb.DuckDBPyRelation:
    """Return rows of facts as a relation with one typed column a fact; what is not known is NULL."""
    names = sorted(schema)
    select = ", ".join(f"unnest(?::{COLUMN_TYPES[schema[name]]}[]) AS {_quote(name)}" for name in names)
    columns = [[_cell(known(row.get(name), schema[name])) for row in rows] for name in names]
    return connection.sql(f"SELECT {select}", params=columns)  # names are quoted, values are bound


def _cell(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _sql(tree: Tree, schema: Schema) -> tuple[str, str]:
    """Return the expression and its type."""
    if "call" in tree:
        return _call(tree["call"], tree["args"], schema)
    kind, value = next(iter(tree.items()))
    if kind == "fact":
        return f"({_CLEAN[schema[value]].format(c=_quote(value))})", schema[value]
    if kind == "list":
        return "[" + ", ".join(_literal(*next(iter(item.items()))) for item in value) + "]", "list"
    return _literal(kind, value), kind


def _literal(kind: str, value: object) -> str:
    if kind == "bool":
        return "TRUE" if value else "FALSE"
    if kind == "int":
        return f"({value})::BIGINT"
    if kind == "double":
        return f"'{value!r}'::DOUBLE"  # from text: a decimal literal would be rounded twice
    return "'" + str(value).replace("'", "''") + "'"


def _call(name: str, args: list[Tree], schema: Schema) -> tuple[str, str]:
    parts = [_sql(arg, schema) for arg in args]
    sources, kind = [source for source, _ in parts], parts[0][1]
    if name in ("and", "or"):
        return f"({sources[0]} {name.upper()} {sources[1]})", "bool"
    if name in ("add", "sub", "mul"):
        return _arithmetic(FUNCTIONS[name].symbol, sources, kind), kind
    if name == "not":
        return f"(NOT {sources[0]})", "bool"
    if name == "has":
        return f"({sources[0]} IS NOT NULL)", "bool"
    if name == "size":
        return f"{'len' if kind == 'list' else 'length'}({sources[0]})", "int"
    guards = [
        f"isfinite({source})" for source, arg in zip(sources, args, strict=True) if kind == "double" and "call" in arg
    ]
    if name == "in":
        body = _within(args[1], sources)
        guards += [f"{sources[0]} IS NOT NULL"] if "list" not in args[1] else []
    else:
        body = f"{sources[0]} {_COMPARE[name]} {sources[1]}"
    return (f"(CASE WHEN {' AND '.join(guards)} THEN {body} END)" if guards else f"({body})"), "bool"


def _within(items: Tree, sources: list[str]) -> str:
    if "list" in items:
        return f"{sources[0]} IN ({sources[1][1:-1]})"
    return f"list_contains({sources[1]}, {sources[0]})"


def _arithmetic(symbol: str, sources: list[str], kind: str) -> str:
    """Return + - or * of two numbers.

    Doubles may become infinite or NaN on the way: + - * never lead back to a finite number, so the comparison that reads the
    result checks once. Whole numbers are checked at every step without writing the operand twice (which would grow with 2 to
    the depth): 2^53 + x must be an unsigned number, and so must 2^54 minus that. 128 bits hold every product of two operands.
    """
    if kind == "double":
        return f"({sources[0]} {symbol} {sources[1]})"
    exact = f"(({sources[0]})::HUGEINT {symbol} ({sources[1]})::HUGEINT)"
    above = f"TRY_CAST({INTEGER_MAX}::HUGEINT + {exact} AS UBIGINT)"
    below = f"TRY_CAST({2 * INTEGER_MAX}::HUGEINT - {above}::HUGEINT AS UBIGINT)"
    return f"({INTEGER_MAX}::HUGEINT - {below}::HUGEINT)"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
