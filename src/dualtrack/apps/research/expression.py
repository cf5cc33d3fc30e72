"""Calculations as people write them: `(C7 - B7) / B7`, or `x = 60.9 - 25.1; x / 25.1`; read into steps, never run as code.

    text     = [name "="] sum {";" [name "="] sum}
    sum      = product {("+" | "-") product}
    product  = sign {("*" | "/") sign}
    sign     = "-" sign | atom ["%"] ["^" sign]
    atom     = number [scale] | cell | name | "(" sum ")"

A scale is a word as `million` or 百萬. A bare `$` or `¥` before a number or bracket says nothing, since it names no one currency. Cells are `B7`, `income!B7` or `'cash flow'!B7`; names begin with a small letter. Brackets may be square or curly, signs may be × ÷ −.
In `accounting` a number alone in brackets is negative, as reports print it. Each number that is written counts as an operand.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dualtrack.apps.research.calculate import STEPS_MAX
from dualtrack.apps.research.program import Operation, Program, Step
from dualtrack.apps.research.reported import CURRENCIES, SCALES
from dualtrack.errors import ExpressionError

__all__ = ["CHARACTERS_MAX", "DEPTH_MAX", "Read", "Written", "read_expression"]

CHARACTERS_MAX = 4_000
DEPTH_MAX = 40

_MARKS = "|".join(sorted((re.escape(mark.upper()) for mark in CURRENCIES), key=len, reverse=True))
_SCALES = "|".join(sorted(map(re.escape, SCALES), key=len, reverse=True))
_TOKEN = re.compile(
    r"[\s$¥]*(?:(?P<cell>(?:'(?:[^']|''){1,80}'!|[A-Za-z_][\w .-]{0,79}!)?[A-Z]{1,3}[1-9]\d{0,6}(?![\w(]))"
    r"|(?P<name>[a-z_][a-z0-9_]{0,40})"
    rf"|(?P<number>(?:{_MARKS})?\s?(?:\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:\s?(?:{_SCALES})(?![a-z]))?)"
    r"|(?P<sign>\*\*|[-+*/^()%;=]))"
)
_CHANGED = str.maketrans({"×": "*", "÷": "/", "−": "-", "–": "-", "[": "(", "]": ")", "{": "(", "}": ")", "％": "%"})
_SUM: dict[str, Operation] = {"+": "add", "-": "subtract"}
_PRODUCT: dict[str, Operation] = {"*": "multiply", "/": "divide"}


class Written(NamedTuple):
    """What a calculation refers to, under the name that its steps use: a cell, a number as written (`13.4%`), an open name."""

    name: str
    kind: str
    text: str


class Read(NamedTuple):
    """A calculation, and the operands that it needs."""

    program: Program
    written: tuple[Written, ...]


def read_expression(text: str, *, accounting: bool = False, names: bool = False) -> Read:
    """Read a calculation; raises ExpressionError with the place of what cannot be read.

    With `names`, a name that no statement gives stands for a number that the reader of a definition has to point at.
    """
    if len(text) > CHARACTERS_MAX:
        raise ExpressionError(f"{len(text)} characters", where="calculation", expected=f"at most {CHARACTERS_MAX}")
    return _Parser(text.translate(_CHANGED), accounting=accounting, names=names).read()


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


class _Parser:
    def __init__(self, text: str, *, accounting: bool, names: bool) -> None:
        self._text, self._accounting, self._open = text, accounting, names
        self._tokens = self._cut()
        self._at = 0
        self._depth = 0
        self._steps: list[Step] = []
        self._written: dict[tuple[str, str], Written] = {}
        self._names: dict[str, str] = {}

    def read(self) -> Read:
        result = self._statement()
        while self._take(";"):
            if self._peek() is None:
                break  # a semicolon at the end
            result = self._statement()
        if (left := self._peek()) is not None:
            raise self._error(left, "the end, or an operation")
        if len(self._steps) > STEPS_MAX:
            raise ExpressionError(
                f"{len(self._steps)} operations", where="calculation", expected=f"at most {STEPS_MAX}"
            )
        return Read(Program(steps=tuple(self._steps), result=result), tuple(self._written.values()))

    def _cut(self) -> list[_Token]:
        found, at = [], 0
        while at < len(self._text.rstrip()):
            match = _TOKEN.match(self._text, at)
            if match is None:
                raise ExpressionError(
                    f"{self._text[at : at + 20].strip()!r}", where=f"calculation, character {at + 1}",
                    expected="numbers, cells, names, + - * / ^ ( ) % ; =",
                )  # fmt: skip
            assert match.lastgroup is not None
            found.append(_Token(match.lastgroup, match[match.lastgroup].strip(), match.start(match.lastgroup)))
            at = match.end()
        return found

    def _statement(self) -> str:
        name = None
        token, following = self._peek(), self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else None
        if token and token.kind == "name" and following and following.text == "=":
            if token.text in self._names:
                raise self._error(token, "a name that is not taken")
            name = token.text
            self._at += 2
        value = self._sum()
        if name is not None:
            self._names[name] = value
        return value

    def _sum(self) -> str:
        self._deeper()
        value = self._product()
        while (token := self._peek()) and token.text in _SUM and token.kind == "sign":
            self._at += 1
            value = self._made(_SUM[token.text], value, self._product())
        self._depth -= 1
        return value

    def _product(self) -> str:
        value = self._signed()
        while (token := self._peek()) and token.text in _PRODUCT and token.kind == "sign":
            self._at += 1
            value = self._made(_PRODUCT[token.text], value, self._signed())
        return value

    def _signed(self) -> str:
        if self._take("-"):
            self._deeper()
            value = self._made("negate", self._signed())
            self._depth -= 1
            return value
        value = self._atom()
        if self._take("%"):
            value = self._made("divide", value, self._number("100"))
        return self._power(value)

    def _power(self, base: str) -> str:
        if not (self._take("^") or self._take("**")):
            return base
        self._deeper()
        value = self._made("power", base, self._signed())
        self._depth -= 1
        return value

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ExpressionError("too deep", where="calculation", expected=f"at most {DEPTH_MAX} levels")

    def _atom(self) -> str:
        token = self._peek()
        if token is None:
            raise ExpressionError("it ends too early", where="calculation", expected="a number, a cell or a name")
        self._at += 1
        match token.kind:
            case "number":
                return self._number(f"{token.text}%" if self._take("%") else token.text)
            case "cell":
                return self._reference("cell", token.text)
            case "name" if token.text in self._names:
                return self._names[token.text]
            case "name" if self._open:
                return self._reference("name", token.text)
        if token.text != "(":
            raise self._error(token, "a number, a cell or a name given before")
        alone = self._accounting and self._is_number_alone()
        value = self._sum()
        if not self._take(")"):
            raise ExpressionError(f"no ) for the ( at character {token.at + 1}", where="calculation")
        return self._made("negate", value) if alone else value

    def _is_number_alone(self) -> bool:
        ahead = [each.text for each in self._tokens[self._at + 1 : self._at + 3]]
        return (
            self._tokens[self._at].kind == "number" and (ahead[:1] == [")"] or ahead == ["%", ")"])
            if self._at < len(self._tokens)
            else False
        )

    def _number(self, text: str) -> str:
        return self._reference("number", text)

    def _reference(self, kind: str, text: str) -> str:
        known = self._written.get((kind, text))
        if known is None:
            known = self._written[kind, text] = Written(f"n{len(self._written) + 1}", kind, text)
        return known.name

    def _made(self, operation: Operation, *arguments: str) -> str:
        name = f"s{len(self._steps) + 1}"
        self._steps.append(Step(name=name, operation=operation, arguments=arguments))
        return name

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, text: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "sign" or token.text != text:
            return False
        self._at += 1
        return True

    def _error(self, token: _Token, expected: str) -> ExpressionError:
        return ExpressionError(f"{token.text!r}", where=f"calculation, character {token.at + 1}", expected=expected)
