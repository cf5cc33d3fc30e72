"""The functions that a query may call: a list with reasons, and the names that either parser has for them, taken from examples."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import NamedTuple

import duckdb

from dualtrack.apps.research.tables.parser import exp, parse
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record

__all__ = ["Allowed", "Family", "allowed", "duck_tree", "families"]

_FILE = "allowed.yaml"
_SETTINGS = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "threads": "1",
    "memory_limit": "64MB",
    "lock_configuration": "true",
}
"""The parser's own database: empty, and asked for trees of SQL only."""


class Family(Record, frozen=True):
    """Functions of a kind, why they are allowed, and an example of each."""

    family: str
    why: str
    functions: dict[str, str]


class Allowed(NamedTuple):
    """What passes: names as they are written, classes and names that sqlglot has for them, names that DuckDB has for them."""

    written: frozenset[str]
    nodes: frozenset[type[exp.Expr]]
    anonymous: frozenset[str]
    duck: frozenset[str]


@cache
def families() -> tuple[Family, ...]:
    """Return the list as it is kept."""
    data = (resources.files("dualtrack.apps.research.tables") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), tuple[Family, ...], where=_FILE)


@cache
def allowed() -> Allowed:
    """Return what passes, by the examples: each is read by sqlglot, written by it, and read by DuckDB."""
    names = {name for family in families() for name in family.functions}
    examples = [example for family in families() for example in family.functions.values()]
    tree = parse(f"SELECT {', '.join(examples)} FROM x", dialect="duckdb")[0]  # noqa: S608 - examples of our own list
    assert tree is not None
    calls = list(tree.find_all(exp.Func))
    nodes = {type(call) for call in calls if not isinstance(call, exp.Anonymous)}
    anonymous = {call.name.lower() for call in calls if isinstance(call, exp.Anonymous)}
    return Allowed(
        frozenset(names), frozenset(nodes), frozenset(anonymous), frozenset(_called(duck_tree(tree.sql("duckdb"))))
    )


def _called(tree: object) -> set[str]:
    if isinstance(tree, list):
        return {name for item in tree for name in _called(item)}
    if not isinstance(tree, dict):
        return set()
    below = {name for item in tree.values() for name in _called(item)}
    return below | ({str(tree["function_name"])} if "function_name" in tree else set())


def duck_tree(sql: str) -> object:
    """Return the tree that DuckDB's own parser makes of one query, as plain data; `{"error": True, ...}` where it makes none."""
    found = _parser().execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchall()[0][0]
    return json.loads(found)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config=dict(_SETTINGS))
