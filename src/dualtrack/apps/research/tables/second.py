"""The second look: what DuckDB's own parser makes of the SQL that would run, held against the same lists.

Two parsers may read one text in two ways. The text that runs is written from the tree that was checked, and DuckDB's reading of that
text is checked again: its functions, tables, types of nodes. A difference between the parsers then ends in a refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.research.tables.functions import allowed, duck_tree
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_second"]

_CLASSES = frozenset(
    {"COLUMN_REF", "CONSTANT", "FUNCTION", "COMPARISON", "CONJUNCTION", "OPERATOR", "CASE", "CAST", "WINDOW", "SUBQUERY", "BETWEEN", "TYPE"}
)  # fmt: skip
"""Classes of expressions. Not among them: STAR (columns are named by then), LAMBDA, PARAMETER, COLLATE, POSITIONAL_REFERENCE."""

_KINDS = frozenset(
    {
        "SELECT_NODE", "SET_OPERATION_NODE", "BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "ORDER_MODIFIER", "LIMIT_MODIFIER",
        "DISTINCT_MODIFIER", "ORDER_DEFAULT", "ASCENDING", "DESCENDING",
    }
)  # fmt: skip
"""Kinds of everything that is no expression. Not among them: TABLE_FUNCTION, EXPRESSION_LIST, PIVOT, RECURSIVE_CTE_NODE, ..."""


def check_second(sql: str, tables: frozenset[str]) -> None:
    """Raise FieldError where DuckDB sees anything in the query that the lists do not have."""
    tree = duck_tree(sql)
    statements = tree.get("statements") if isinstance(tree, dict) and not tree.get("error") else None
    if not isinstance(statements, list) or len(statements) != 1:
        said = str(tree.get("error_message", "")) if isinstance(tree, dict) else ""
        raise FieldError(f"DuckDB does not read it: {said:.200}", where="SQL", expected="one SELECT", code="input.sql")
    nodes = list(_nodes(statements[0].get("node")))
    made = frozenset(name for node in nodes for name in _made(node))
    for node in nodes:
        _check(node, tables, made)


def _nodes(tree: object) -> Iterator[dict[str, object]]:
    held = [tree]
    while held:
        each = held.pop()
        if isinstance(each, dict):
            yield each
            held += each.values()
        elif isinstance(each, list):
            held += each


def _made(node: dict[str, object]) -> list[str]:
    """Return the names that a node's WITH makes."""
    held = node.get("cte_map")
    entries = held.get("map") if isinstance(held, dict) else None
    return [str(each["key"]).lower() for each in entries] if isinstance(entries, list) else []


def _check(node: dict[str, object], tables: frozenset[str], made: frozenset[str]) -> None:
    kind = node.get("type")
    if "class" in node:
        if node["class"] not in _CLASSES:
            raise _refused(f"{node['class']}")
    elif isinstance(kind, str) and kind not in _KINDS:
        raise _refused(kind)
    if "function_name" in node:
        name = str(node["function_name"])
        if name not in allowed().duck or node.get("schema") or node.get("catalog"):
            raise _refused(f"function {name}")
    if kind == "BASE_TABLE":
        name, schema = str(node.get("table_name")).lower(), node.get("schema_name")
        known = name in tables if schema == "main" else name in made and not schema
        if not known or node.get("catalog_name") or node.get("sample") or node.get("at_clause"):
            raise _refused(f"table {name!r:.80}")


def _refused(found: str) -> FieldError:
    return FieldError(
        f"DuckDB reads it as {found}",
        where="SQL",
        expected="what the list has",
        fix="write it more plainly",
        code="input.sql.second",
    )
