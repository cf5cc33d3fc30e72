"""Check a tree against the table: shapes, types, budget and the one normal form. Needs no parser.

A compiled pack is data from outside, so nothing in its trees is believed: every node is looked at before it is printed,
compiled or translated.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from dualtrack.domain.canonical import is_nfc
from dualtrack.errors import ExpressionError
from dualtrack.rules.table import (
    COST_MAX,
    DEPTH_MAX,
    FACT_LIST_COST,
    FORBIDDEN_TEXT,
    FUNCTIONS,
    HAS_PREFIXES,
    INTEGER_MAX,
    LIST_MAX,
    LITERAL_LISTS,
    LITERALS,
    NODES_MAX,
    STRING_MAX,
    Schema,
    Tree,
)

__all__ = ["Checked", "check_tree", "read_names"]


class Checked(NamedTuple):
    """What a sound tree is: its type, the facts it reads (sorted), its nodes and its cost."""

    type: str
    names: tuple[str, ...]
    nodes: int
    cost: int


class _Budget:
    """Counts while the tree is walked, and stops the walk as soon as the budget is spent."""

    def __init__(self, schema: Schema, where: str) -> None:
        self.schema, self.where = schema, where
        self.names: set[str] = set()
        self.nodes = self.cost = 0

    def spend(self, cost: int) -> None:
        self.nodes += 1
        self.cost += cost
        if self.nodes > NODES_MAX:
            raise self.refuse(f"more than {NODES_MAX} nodes", fix="split it, or move parts into definitions")
        if self.cost > COST_MAX:
            raise self.refuse(f"a cost above {COST_MAX}", fix="split it, or move parts into definitions")

    def refuse(self, found: str, *, expected: str = "", fix: str = "", code: str = "budget") -> ExpressionError:
        return ExpressionError(found, where=self.where, expected=expected, fix=fix, code=f"rule.expression.{code}")


def check_tree(tree: object, schema: Schema, *, where: str) -> Checked:
    """Check the tree; raises ExpressionError naming what is wrong. Types are those of `schema`."""
    budget = _Budget(schema, where)
    found = _type_of(tree, budget, 1)
    return Checked(found, tuple(sorted(budget.names)), budget.nodes, budget.cost)


def read_names(tree: Tree) -> frozenset[str]:
    """Return the facts that a checked tree reads."""
    if "fact" in tree:
        return frozenset((tree["fact"],))
    return frozenset().union(*(read_names(child) for child in tree.get("args", ())))


def _type_of(tree: object, budget: _Budget, depth: int) -> str:
    if depth > DEPTH_MAX:
        raise budget.refuse(f"nested deeper than {DEPTH_MAX} levels", fix="move a part into a definition of the pack")
    if type(tree) is not dict:
        raise budget.refuse(f"{type(tree).__name__} where a node must be", expected="an object", code="node")
    if set(tree) == {"call", "args"}:
        return _call(tree, budget, depth)
    if len(tree) != 1:
        raise budget.refuse(
            f"a node with the keys {sorted(map(str, tree))[:4]}", expected="one kind a node", code="node"
        )
    kind, value = next(iter(tree.items()))
    if kind == "fact":
        return _fact(value, budget)
    if kind == "list":
        return _list(value, budget)
    budget.spend(1)
    return _literal(kind, value, budget)


def _fact(name: object, budget: _Budget) -> str:
    if type(name) is not str or name not in budget.schema:
        raise budget.refuse(f"fact {name!r:.80} is not known", expected="a fact of the schema", code="name")
    found = budget.schema[name]
    budget.spend(FACT_LIST_COST if found == "list" else 1)
    budget.names.add(name)
    return found


def _literal(kind: object, value: object, budget: _Budget) -> str:
    if type(kind) is not str or kind not in LITERALS:
        raise budget.refuse(f"node kind {kind!r:.80} is not in the table", code="node")
    if type(value) is not LITERALS[kind]:
        raise budget.refuse(f"{kind} literal holds {type(value).__name__}", expected=kind, code="node")
    if isinstance(value, str):
        _string(value, budget)
    elif isinstance(value, float) and not math.isfinite(value):
        raise budget.refuse("a number that is not finite", code="node")
    elif isinstance(value, int) and not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise budget.refuse("a whole number beyond ±2^53", fix="use a double", code="node")
    return kind


def _string(text: str, budget: _Budget) -> None:
    if len(text) > STRING_MAX:
        raise budget.refuse(f"a string of {len(text)} characters", expected=f"at most {STRING_MAX}")
    if FORBIDDEN_TEXT.search(text):
        raise budget.refuse("a control, invisible or reordering character in a string", code="node")
    if not is_nfc(text):
        raise budget.refuse("a string that is not in Unicode NFC", code="node")


def _list(items: object, budget: _Budget) -> str:
    if type(items) is not list or not items:
        raise budget.refuse(
            "an empty list" if items == [] else "a list node without a list",
            fix="an empty list has no type: ask size(...) == 0",
            code="node",
        )
    if len(items) > LIST_MAX:
        raise budget.refuse(f"a list of {len(items)} items", expected=f"at most {LIST_MAX}", fix="make it a parameter")
    budget.spend(1)
    types = set()
    for item in items:
        if type(item) is not dict or len(item) != 1:
            raise budget.refuse("a list item that is not a literal", expected="literals of one type", code="node")
        budget.spend(1)
        types.add(_literal(*next(iter(item.items())), budget))
    kind = types.pop()
    if types or kind not in LITERAL_LISTS:
        raise budget.refuse("a list of mixed or boolean items", expected="strings, ints or doubles alone", code="type")
    return LITERAL_LISTS[kind]


def _call(tree: Tree, budget: _Budget, depth: int) -> str:
    name, args = tree["call"], tree["args"]
    if type(name) is not str or name not in FUNCTIONS:
        raise budget.refuse(f"function {name!r:.80} is not in the table", code="function")
    function = FUNCTIONS[name]
    if type(args) is not list or len(args) != function.arity:
        raise budget.refuse(f"{name} without its {function.arity} arguments", code="function")
    budget.spend(function.cost)
    types = tuple(_type_of(arg, budget, depth + 1) for arg in args)
    _check_normal(name, args, budget)
    if types not in function.overloads:
        raise budget.refuse(
            f"'{function.symbol}' does not take ({', '.join(types)})",
            expected=" or ".join(f"({', '.join(overload)})" for overload in function.overloads),
            fix="int and double never mix: write a whole double as 5.0",
            code="type",
        )
    return types[0] if function.gives == "same" else function.gives


def _check_normal(name: str, args: list[Tree], budget: _Budget) -> None:
    """One meaning, one tree: else two texts could be signed for one rule."""
    if name in ("and", "or") and args[1].get("call") == name:
        raise budget.refuse(f"a chain of '{name}' that leans right", fix="nest it to the left", code="normal-form")
    if name == "not" and args[0].get("call") == "not":
        raise budget.refuse("a double negation", fix="leave both out", code="normal-form")
    if name == "has" and not str(args[0].get("fact", "")).startswith(HAS_PREFIXES):
        raise budget.refuse(
            "has(...) of something else than a use. or firm. fact",
            expected="has(use.x) or has(firm.x)",
            fix="absent evidence is unknown by itself and never grants: leave has(...) out",
            code="function",
        )
