"""Evaluate a tree on facts: strong Kleene logic with `None` for unknown.

A missing fact, a fact of another type, a whole number beyond ±2^53 and a non-finite number are unknown, and so is everything
computed from them, except that false && unknown is false and true || unknown is true. `has(x)` says whether x is known.

Three ways, held equal by tests: `compile_tree` makes a Python function (the hot path), `evaluate_explained` walks the tree and
keeps a record of every node (for people), rules/sql.py runs over columns (for bulk).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import NamedTuple

from dualtrack.rules.check import read_names
from dualtrack.rules.printer import show
from dualtrack.rules.pysource import write_source
from dualtrack.rules.table import INTEGER_MAX, FactType, Schema, Tree

__all__ = ["Compiled", "Facts", "Node", "Program", "compile_tree", "evaluate_explained", "known", "missing_facts"]

Facts = Mapping[str, object]
"""Facts by name; an absent name is unknown."""

Compiled = Callable[[Facts], bool | None]
"""A requirement as a function of facts: true, false or unknown."""

_TEXT_ONLY = frozenset((str,))


class Node(NamedTuple):
    """One node of an explanation: its text, its value (None is unknown) and the absent facts that make it unknown."""

    text: str
    value: object
    missing: tuple[str, ...]
    children: tuple[Node, ...]


class Program:
    """An expression ready to run: its text, its tree, the facts it reads, and a function compiled on first use."""

    __slots__ = ("_run", "names", "schema", "text", "topics", "tree")

    def __init__(self, text: str, tree: Tree, schema: Schema) -> None:
        self.text, self.tree, self.schema = text, tree, schema
        self.names = tuple(sorted(read_names(tree)))
        self.topics = tuple(sorted({name.split(".")[1] for name in self.names if name.startswith("ev.")}))
        self._run: Compiled | None = None

    def __call__(self, facts: Facts) -> bool | None:
        """Evaluate on facts: true, false, or None for unknown."""
        if self._run is None:
            self._run = compile_tree(self.tree, self.schema)
        return self._run(facts)

    def __repr__(self) -> str:
        return f"Program({self.text!r})"


def compile_tree(tree: Tree, schema: Schema) -> Compiled:
    """Return the checked tree as a Python function.

    The source is written from nodes of the closed table with `repr` of checked literals, so no text from outside is ever
    compiled; the function sees no builtins but the four names it needs.
    """
    module = compile(write_source(tree, schema), "<rule>", "eval")
    code = next(item for item in module.co_consts if isinstance(item, CodeType))
    names = {"type": type, "len": len, "int": int, "float": float, "str": str, "items": _items, "__builtins__": {}}
    inner = FunctionType(code, names)

    def run(facts: Facts) -> bool | None:
        found: bool | None = inner(facts.get)
        return found

    return run


def known(value: object, kind: FactType) -> object:
    """Return the fact's value, a tuple for a list, or None where it is not of its declared type or out of bounds."""
    if kind == "list":
        return _items(value)
    if kind == "bool":
        return value if value is True or value is False else None
    if kind == "string":
        return value if type(value) is str else None
    return _bounded(value) if type(value) is (int if kind == "int" else float) else None


def missing_facts(names: tuple[str, ...], facts: Facts, schema: Schema) -> tuple[str, ...]:
    """Return those of the names whose facts are unknown."""
    return tuple(name for name in names if known(facts.get(name), schema[name]) is None)


def evaluate_explained(tree: Tree, facts: Facts, schema: Schema) -> Node:
    """Evaluate every node and keep its value; slower than a compiled tree, for explanations."""
    if "fact" in tree:
        value = known(facts.get(tree["fact"]), schema[tree["fact"]])
        return Node(tree["fact"], value, (tree["fact"],) if value is None else (), ())
    if "call" in tree:
        children = tuple(evaluate_explained(arg, facts, schema) for arg in tree["args"])
        value = _apply(tree["call"], [child.value for child in children])
        blamed = {name for child in children if child.value is None for name in child.missing} if value is None else ()
        return Node(show(tree), value, tuple(sorted(blamed)), children)
    kind, literal = next(iter(tree.items()))
    if kind == "list":
        literal = tuple(next(iter(item.values())) for item in literal)
    return Node(show(tree), literal, (), ())


def _items(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, (list, tuple)):
        return None
    return tuple(value) if _TEXT_ONLY.issuperset(map(type, value)) else None


def _bounded(value: object) -> object:
    if isinstance(value, int):
        return value if -INTEGER_MAX <= value <= INTEGER_MAX else None
    return value if isinstance(value, float) and math.isfinite(value) else None


_PLAIN: dict[str, Callable[..., object]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "size": len, "not": operator.not_,
    "in": lambda item, items: item in items,
}  # fmt: skip


def _apply(name: str, values: list[object]) -> object:
    if name == "has":
        return values[0] is not None
    if name in ("and", "or"):
        decisive = name == "or"
        if decisive in values:
            return decisive
        return None if None in values else not decisive
    if None in values:
        return None
    result = _PLAIN[name](*values)
    return _bounded(result) if name in ("add", "sub", "mul") else result
