"""The closed table of the rule language: its types, its functions with arity, types and cost, and its budget.

A tree is plain JSON: `{"bool":b}` `{"int":i}` `{"double":d}` `{"string":s}` `{"list":[literal...]}` `{"fact":name}`
`{"call":function,"args":[tree...]}` (docs/assessment.md, section 6). What is not in this table does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from dualtrack.domain.canonical import INTEGER_MAX

__all__ = [
    "COST_MAX",
    "DEPTH_MAX",
    "FACT_LIST_COST",
    "FORBIDDEN_TEXT",
    "FUNCTIONS",
    "HAS_PREFIXES",
    "INTEGER_MAX",
    "LIST_MAX",
    "LITERALS",
    "LITERAL_LISTS",
    "NODES_MAX",
    "STRING_MAX",
    "TEXT_MAX",
    "TYPES",
    "FactType",
    "Function",
    "Schema",
    "Tree",
]

FactType = Literal["bool", "int", "double", "string", "list"]
"""Types of facts; `list` is a list of strings. `int` and `double` never mix."""

Schema = Mapping[str, FactType]
"""Every fact an expression may name, with its type."""

Tree = dict[str, Any]
"""An expression as plain JSON, in the shapes above."""

TYPES: tuple[FactType, ...] = ("bool", "int", "double", "string", "list")

TEXT_MAX = 4_000
"""Characters of one expression. The longest requirement of a shipped pack has some 400; the parser's work is bounded by it."""

NODES_MAX = 200
"""Nodes of one tree: what a person can still read as one requirement, with room."""

DEPTH_MAX = 24
"""Nesting of one tree. Two levels of JSON each plus the pack around it stay within the 64 levels of canonical bytes,
and within the parser's own recursion limit of 32."""

LIST_MAX = 64
"""Items of a literal list; a longer list is data and belongs into a parameter."""

STRING_MAX = 200
"""Characters of a literal string: identifiers and terms, not prose."""

COST_MAX = 1_000
"""Sum of the costs below: about 50 microseconds at worst, so that a pack of 200 rules stays within milliseconds."""

FACT_LIST_COST = 16
"""What reading a list fact costs: its length is not known beforehand, facts hold tens of items."""

FORBIDDEN_TEXT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)
"""Characters no expression may hold: controls other than tab and newline, lone surrogates, and marks that are invisible or
reorder a line, since a rule must read as it runs (Unicode Technical Report 36)."""

HAS_PREFIXES = ("use.", "firm.")
"""Facts whose presence may be asked. Never evidence: a rule that holds because nothing was measured would grant by absence."""

LITERALS: dict[str, type] = {"bool": bool, "int": int, "double": float, "string": str}
"""Literal node kinds and their Python types, matched exactly: True is no int."""

LITERAL_LISTS = {"int": "list(int)", "double": "list(double)", "string": "list"}
"""Types of literal lists by their items; only lists of strings are also a type of facts."""


class Function(NamedTuple):
    """One function: how it is written, what it takes (one tuple per overload), what it gives, its cost, its precedence.

    `gives` is a type, or `same` for the type of the arguments. Precedence grows with binding strength, 7 is a primary.
    """

    symbol: str
    overloads: tuple[tuple[str, ...], ...]
    gives: str
    cost: int
    precedence: int

    @property
    def arity(self) -> int:
        """Number of arguments, the same in every overload."""
        return len(self.overloads[0])


def _pairs(*types: str) -> tuple[tuple[str, ...], ...]:
    return tuple((name, name) for name in types)


_ORDERED = _pairs("int", "double", "string")
_NUMBERS = _pairs("int", "double")
_EQUAL = _pairs("bool", "int", "double", "string", "list")

FUNCTIONS: dict[str, Function] = {
    "or": Function("||", _pairs("bool"), "bool", 1, 1),
    "and": Function("&&", _pairs("bool"), "bool", 1, 2),
    "eq": Function("==", _EQUAL, "bool", 2, 3),
    "ne": Function("!=", _EQUAL, "bool", 2, 3),
    "lt": Function("<", _ORDERED, "bool", 2, 3),
    "le": Function("<=", _ORDERED, "bool", 2, 3),
    "gt": Function(">", _ORDERED, "bool", 2, 3),
    "ge": Function(">=", _ORDERED, "bool", 2, 3),
    "in": Function("in", (("int", "list(int)"), ("double", "list(double)"), ("string", "list")), "bool", 4, 3),
    "add": Function("+", _NUMBERS, "same", 2, 4),
    "sub": Function("-", _NUMBERS, "same", 2, 4),
    "mul": Function("*", _NUMBERS, "same", 2, 5),
    "not": Function("!", (("bool",),), "bool", 1, 6),
    "size": Function("size", (("list",), ("string",)), "int", 2, 7),
    "has": Function("has", tuple((name,) for name in TYPES), "bool", 1, 7),
}
"""The whole language. Not here, on purpose: division and modulo (zero), regular expressions (cost), macros and comprehensions
(loops), index and maps (errors), conversions and timestamps (locale and clock), the conditional (write it with && and ||)."""
