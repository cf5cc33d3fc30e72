"""Parse the text of an expression to a tree: Google's CEL library parses and types, we keep what our table knows.

CEL is the syntax a person already knows; the library is only a parser here. Its checked expression becomes our own JSON tree
(rules/table.py), so a stored rule runs without the library, and two readers can agree on it. Two habits of the library are
undone: it balances chains of && and || (we let them lean left), and it drops `has(...)` around a dotted variable (we ask for
the presence through a variable of equal length, so that columns in messages stay right).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import lru_cache
from typing import Protocol

from cel_expr_python import cel

from dualtrack.errors import ExpressionError
from dualtrack.rules import wire
from dualtrack.rules.check import check_tree
from dualtrack.rules.table import FORBIDDEN_TEXT, HAS_PREFIXES, NODES_MAX, TEXT_MAX, FactType, Schema, Tree

__all__ = ["parse"]

_OPERATORS = {
    "_||_": "or", "_&&_": "and", "_==_": "eq", "_!=_": "ne", "_<_": "lt", "_<=_": "le", "_>_": "gt", "_>=_": "ge",
    "@in": "in", "_+_": "add", "_-_": "sub", "_*_": "mul", "!_": "not", "size": "size",
}  # fmt: skip
"""The library's function names for ours; every other one is refused."""

_CONSTANT, _NAME, _SELECT, _CALL, _LIST, _STRUCT, _MACRO = 3, 4, 5, 6, 7, 8, 9
_BOOL, _INT, _DOUBLE, _STRING = 2, 3, 5, 6
# Field numbers of cel.expr.Expr and of cel.expr.Constant.

_HINTS = {
    "_?_:_": "write `a ? b : c` as `a && b || !a && c`",
    "_/_": "multiply the other side instead: a / b < c is a < c * b",
    "_%_": "there is no remainder in this language",
    "_[_]": "use `x in list`",
    "-_": "write 0 - x",
    "matches": "compare with == or `in`; regular expressions are not in the language",
}

_PRESENT = "has_."
"""Prefix of the variables that stand for presence: `has(use.x)` and `has_.use.x` have the same length."""

_SCAN = re.compile(
    r"""(?P<raw>\b[rRbB]{1,2}["']|\"{3}|'{3})|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<comment>//)"""
    r"""|(?P<ours>\bhas_\b)|(?P<has>\bhas[ ]*\([ ]*(?P<name>[A-Za-z_][\w.]*)[ ]*\))"""
)


class _Type(Protocol):
    """The part of the library's types that we use."""

    def name(self) -> str: ...


class _Expression(Protocol):
    """The part of the library's expressions that we use; the library has no types of its own."""

    def return_type(self) -> _Type: ...

    def serialize(self) -> bytes: ...


class _Environment(Protocol):
    """The part of the library's environments that we use."""

    def compile(self, text: str) -> _Expression: ...


def parse(text: str, schema: Schema, *, where: str = "expression") -> Tree:
    """Return the tree of a boolean expression over the facts of `schema`.

    Raises ExpressionError with line, column, a caret and the fix for what does not parse, type or fit the budget.
    """
    _check_size(text, where)
    prepared = _prepare(text, where)
    try:
        compiled = _environment(tuple(sorted(schema.items()))).compile(prepared)
    except RuntimeError as error:
        raise _explain(str(error), text, schema, where) from error
    if compiled.return_type().name() != "BOOL":
        kind = compiled.return_type().name().lower()
        raise ExpressionError(
            f"it gives {kind}, not true or false\n{_caret(text, 0)}", where=where, expected="bool",
            fix="compare it with something", code="rule.expression.type",
        )  # fmt: skip
    checked = wire.read_checked(compiled.serialize())
    tree = _Converter(text, where, checked.offsets).convert(checked.root)
    if check_tree(tree, schema, where=where).type != "bool":
        raise ExpressionError("it does not give true or false", where=where, expected="bool")
    return tree


@lru_cache(maxsize=256)
def _environment(schema: tuple[tuple[str, FactType], ...]) -> _Environment:
    types = {"bool": cel.Type.BOOL, "int": cel.Type.INT, "double": cel.Type.DOUBLE, "string": cel.Type.STRING}
    variables = {name: types.get(kind) or cel.Type.List(cel.Type.STRING) for name, kind in schema}
    variables |= {_PRESENT + name: cel.Type.BOOL for name, _ in schema if name.startswith(HAS_PREFIXES)}
    environment: _Environment = cel.NewEnv(variables=variables)
    return environment


def _check_size(text: str, where: str) -> None:
    if len(text) > TEXT_MAX:
        raise ExpressionError(
            f"{len(text)} characters", where=where, expected=f"at most {TEXT_MAX}",
            fix="split it, or move parts into definitions", code="rule.expression.budget",
        )  # fmt: skip
    odd = FORBIDDEN_TEXT.search(text)
    if odd:
        raise _at("a control, invisible or reordering character", text, odd.start(), where, "remove it")


def _prepare(text: str, where: str) -> str:
    """Replace has(...) by presence variables of equal length; refuse comments and exotic strings."""

    def replace(match: re.Match[str]) -> str:
        start = match.start()
        if match["string"]:
            return match[0]
        if match["has"] and match["name"].startswith(HAS_PREFIXES):
            return (_PRESENT + match["name"]).ljust(len(match[0]))
        if match["has"]:
            fix = "absent evidence is unknown by itself and never grants: leave has(...) out"
            raise _at("has(...) of something else than a use. or firm. fact", text, start, where, fix, "function")
        if match["ours"]:
            raise _at("has_ is not a name of this language", text, start, where, "write has(use.x)", "name")
        what = "a comment" if match["comment"] else "a raw, bytes or triple-quoted string"
        fix = "write it as a comment of the YAML file" if match["comment"] else "use an ordinary string"
        raise _at(f"{what} is not in the language", text, start, where, fix)

    return _SCAN.sub(replace, text)


class _Converter:
    """Turns the library's nodes into ours, with positions for messages."""

    def __init__(self, text: str, where: str, offsets: dict[int, int]) -> None:
        self.text, self.where, self.offsets = text, where, offsets
        self.nodes = 0

    def convert(self, node: wire.Message) -> Tree:
        """Return one node as a tree; raises ExpressionError for a kind that the table does not have."""
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise self._refuse(node, f"more than {NODES_MAX} nodes", "split it", "budget")
        if _CONSTANT in node:
            return self._constant(node)
        if _NAME in node:
            return _name(_text(wire.read_message(_body(node, _NAME)), 1))
        if _CALL in node:
            return self._call(node)
        if _LIST in node:
            items = wire.read_message(_body(node, _LIST)).get(1, [])
            return {"list": [self.convert(wire.read_message(item)) for item in items if isinstance(item, bytes)]}
        what = {
            _SELECT: "a field of a value",
            _STRUCT: "a map or message",
            _MACRO: "a macro (all, exists, map, filter)",
        }
        kind = next((name for number, name in what.items() if number in node), "this construct")
        raise self._refuse(
            node, f"{kind} is not in the language", "compare facts, use && || ! in size + - *", "function"
        )

    def _constant(self, node: wire.Message) -> Tree:
        found = wire.read_message(_body(node, _CONSTANT))
        if _BOOL in found:
            return {"bool": bool(found[_BOOL][0])}
        if _INT in found:
            return {"int": wire.signed(found[_INT][0])}
        if _DOUBLE in found:
            return {"double": wire.double(found[_DOUBLE][0])}
        if _STRING in found:
            return {"string": _text(found, _STRING)}
        raise self._refuse(
            node, "null, unsigned and bytes literals are not in the language", "use another literal", "type"
        )

    def _call(self, node: wire.Message) -> Tree:
        call = wire.read_message(_body(node, _CALL))
        name = _text(call, 2)
        if name not in _OPERATORS:
            fix = _HINTS.get(name, "use && || ! == != < <= > >= in size + - * and has")
            raise self._refuse(node, f"'{name.replace('_', ' ').strip()}' is not in the language", fix, "function")
        args = [
            self.convert(wire.read_message(item))
            for item in call.get(1, []) + call.get(3, [])
            if isinstance(item, bytes)
        ]
        function = _OPERATORS[name]
        if function in ("and", "or"):
            return _lean_left(function, args)
        return {"call": function, "args": args}

    def _refuse(self, node: wire.Message, found: str, fix: str, code: str) -> ExpressionError:
        identifier = node.get(2, [0])[0]
        offset = self.offsets.get(identifier, 0) if isinstance(identifier, int) else 0
        return _at(found, self.text, offset, self.where, fix, code)


def _lean_left(function: str, args: list[Tree]) -> Tree:
    """Fold a chain of && or || to the left, however the parser balanced it."""
    terms = [term for arg in args for term in _terms(function, arg)]
    tree = terms[0]
    for term in terms[1:]:
        tree = {"call": function, "args": [tree, term]}
    return tree


def _terms(function: str, tree: Tree) -> list[Tree]:
    terms: list[Tree] = []
    while tree.get("call") == function:  # converted children lean left already
        tree, last = tree["args"]
        terms.append(last)
    return [tree, *reversed(terms)]


def _name(name: str) -> Tree:
    if name.startswith(_PRESENT):
        return {"call": "has", "args": [{"fact": name.removeprefix(_PRESENT)}]}
    return {"fact": name}


def _body(message: wire.Message, number: int) -> bytes:
    value = message[number][0]
    return value if isinstance(value, bytes) else b""


def _text(message: wire.Message, number: int) -> str:
    return _body(message, number).decode() if number in message else ""


def _at(found: str, text: str, offset: int, where: str, fix: str, code: str = "syntax") -> ExpressionError:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return ExpressionError(
        f"{found}\n{_caret(text, offset)}",
        where=f"{where}, line {line}, column {column}",
        fix=fix,
        code=f"rule.expression.{code}",
    )


def _caret(text: str, offset: int) -> str:
    """Return the line and a caret under the offset, cut to a window that fits a terminal."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : end if end >= 0 else len(text)]
    column = offset - start
    first = max(0, column - 60)
    pad = "".join("\u3000" if unicodedata.east_asian_width(char) in "WF" else " " for char in line[first:column])
    return f"    {line[first : first + 100]}\n    {pad}^"


_PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNKNOWN = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")


def _explain(message: str, text: str, schema: Schema, where: str) -> ExpressionError:
    """Say in our words what the library refused."""
    if "recursion" in message:
        fix = "move a part into a definition of the pack"
        return ExpressionError("nested too deeply for the parser", where=where, fix=fix, code="rule.expression.budget")
    place = _PLACE.search(message)
    if place is None:
        return ExpressionError(message.partition("[")[0].strip()[:300], where=where, fix="see docs/rule-packs.md")
    lines = text.split("\n")
    row, column = max(int(place[1]), 1), max(int(place[2]), 1)
    offset = min(sum(len(line) + 1 for line in lines[: row - 1]) + column - 1, len(text))
    unknown, overload = _UNKNOWN.search(place[3]), _OVERLOAD.search(place[3])
    if unknown:
        name = unknown[1].removeprefix(_PRESENT)
        near = difflib.get_close_matches(name, schema, n=3, cutoff=0.5)
        fix = f"did you mean {', '.join(near)}?" if near else "name a fact that the schema declares"
        return _at(f"unknown name '{name}'", text, offset, where, fix, "name")
    if overload:
        fix = "both sides need one type; int and double never mix: write a whole double as 5.0"
        found = f"'{overload[1].strip('_@')}' does not take ({overload[2]})"
        return _at(found, text, offset, where, fix, "type")
    found = place[3].removeprefix("Syntax error: ").partition(" expecting ")[0]
    return _at(f"not readable: {found[:200]}", text, offset, where, "correct the expression at the caret")
