"""Write a checked tree as the source of one Python function of `get`, the facts' lookup.

Each operand is a value with guards; where a guard fails the result is None. So `ev.t.n + 1 > 3` becomes
`v2 > 3 if type(v1 := get('ev.t.n')) is int and -M <= v1 <= M and -M <= (v2 := v1 + 1) <= M else None`.
Names in the source are ours, literals are written by `repr`: nothing of the rule's text gets in.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from dualtrack.rules.table import FUNCTIONS, INTEGER_MAX, Schema, Tree

__all__ = ["write_source"]

_BOUNDS = {"int": repr(INTEGER_MAX), "double": repr(sys.float_info.max)}
"""Largest magnitude of each number type; NaN and infinities are never within it."""

_GUARDS = {
    "bool": ("(({v} := get({n})) is True or {v} is False)",),
    "int": ("type({v} := get({n})) is int", f"-{_BOUNDS['int']} <= {{v}} <= {_BOUNDS['int']}"),
    "double": ("type({v} := get({n})) is float", f"-{_BOUNDS['double']} <= {{v}} <= {_BOUNDS['double']}"),
    "string": ("type({v} := get({n})) is str",),
    "list": ("({v} := items(get({n}))) is not None",),
}
"""What must hold for the fact named n, read into variable v, to be known."""


def write_source(tree: Tree, schema: Schema) -> str:
    """Return the source of a lambda that gives True, False or None."""
    return f"lambda get: {_Writer(schema).truth(tree)}"


class _Operand(NamedTuple):
    guards: tuple[str, ...]
    value: str
    type: str


class _Writer:
    """Writes expressions; every variable is assigned once, in the order of evaluation."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.variables = 0

    def truth(self, tree: Tree) -> str:
        """Write a boolean tree as an expression for True, False or None."""
        name = tree.get("call")
        if name in ("and", "or"):
            return self._chain(tree)
        if name is None:
            return self._guarded(self._operand(tree))
        operands = [self._operand(arg) for arg in tree["args"]]
        guards = tuple(guard for operand in operands for guard in operand.guards)
        if name == "has":
            return f"({' and '.join(guards)})"
        if name == "not":
            return self._guarded(_Operand(guards, f"not {operands[0].value}", "bool"))
        body = f"{operands[0].value} {FUNCTIONS[name].symbol} {operands[1].value}"
        return self._guarded(_Operand(guards, body, "bool"))

    def _guarded(self, operand: _Operand) -> str:
        if not operand.guards:
            return f"({operand.value})"
        return f"({operand.value} if {' and '.join(operand.guards)} else None)"

    def _operand(self, tree: Tree) -> _Operand:
        if "call" in tree:
            return self._call(tree)
        kind, value = next(iter(tree.items()))
        if kind == "fact":
            found = self.schema[value]
            variable = self._variable()
            guards = tuple(guard.format(v=variable, n=repr(value)) for guard in _GUARDS[found])
            return _Operand(guards, variable, found)
        if kind == "list":
            return _Operand((), repr(tuple(next(iter(item.values())) for item in value)), "list")
        return _Operand((), f"({value!r})", kind)

    def _call(self, tree: Tree) -> _Operand:
        name = tree["call"]
        if name in ("add", "sub", "mul"):
            return self._arithmetic(name, [self._operand(arg) for arg in tree["args"]])
        if name == "size":
            operand = self._operand(tree["args"][0])
            return _Operand(operand.guards, f"len({operand.value})", "int")
        source, variable = self.truth(tree), self._variable()
        return _Operand((f"({variable} := {source}) is not None",), variable, "bool")

    def _arithmetic(self, name: str, operands: list[_Operand]) -> _Operand:
        left, right = operands
        variable, bound = self._variable(), _BOUNDS[left.type]
        inside = f"-{bound} <= ({variable} := {left.value} {FUNCTIONS[name].symbol} {right.value}) <= {bound}"
        return _Operand((*left.guards, *right.guards, inside), variable, left.type)

    def _chain(self, tree: Tree) -> str:
        """Write a left-leaning chain flat: it stops at the first decisive term, and is unknown unless all decide."""
        name = tree["call"]
        terms = []
        while tree.get("call") == name:
            tree, last = tree["args"]
            terms.append(last)
        decisive = name == "or"
        tests, variables = [], []
        for term in (tree, *reversed(terms)):
            source = f"get({term['fact']!r})" if "fact" in term else self.truth(term)
            variable = self._variable()
            tests.append(f"({variable} := {source}) is {decisive}")
            variables.append(f"{variable} is {not decisive}")
        return f"({decisive} if {' or '.join(tests)} else {not decisive} if {' and '.join(variables)} else None)"

    def _variable(self) -> str:
        self.variables += 1
        return f"v{self.variables}"
