"""SPDX licence expressions: OR offers the better, AND binds to the worse, brackets group, a WITH is read only where listed.

Source: SPDX Specification 3.0.1, annex on licence expressions. Operators bind WITH before AND before OR.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEPTH_MAX", "LENGTH_MAX", "Reading", "evaluate"]

LENGTH_MAX = 1_000
"""Longest expression read: real ones name a handful of licences."""

DEPTH_MAX = 20
"""Deepest brackets read."""

Reading = int
"""How good a licence is for a purpose, as an order: larger is better. What the numbers mean is the caller's."""

_TOKEN = re.compile(r"\s*([()]|[A-Za-z0-9.+:-]+)")


def evaluate(text: str, read: Callable[[str], Reading]) -> Reading:
    """Return the reading of an expression, each licence in it (with its exception, if any) read by `read`.

    Raises FieldError for text that is no expression.
    """
    if len(text) > LENGTH_MAX:
        raise FieldError(f"{len(text)} characters", where="licence", expected=f"at most {LENGTH_MAX}")
    reader = _Reader(_tokens(text), read)
    found = reader.either(0)
    if reader.rest:
        raise FieldError(f"{reader.rest[0]!r} is too much", where="licence", expected="an SPDX expression")
    return found


class _Reader:
    """Recursive descent over the tokens that are left."""

    def __init__(self, tokens: list[str], read: Callable[[str], Reading]) -> None:
        self.rest = tokens
        self._read = read

    def either(self, depth: int) -> Reading:
        """Read `a OR b OR c`."""
        found = self._both(depth)
        while self._skip("OR"):
            found = max(found, self._both(depth))
        return found

    def _both(self, depth: int) -> Reading:
        found = self._one(depth)
        while self._skip("AND"):
            found = min(found, self._one(depth))
        return found

    def _one(self, depth: int) -> Reading:
        if self._skip("("):
            if depth >= DEPTH_MAX:
                raise FieldError("brackets too deep", where="licence", expected=f"at most {DEPTH_MAX}")
            found = self.either(depth + 1)
            if not self._skip(")"):
                raise FieldError("a bracket that does not close", where="licence", expected="an SPDX expression")
            return found
        name = self._name()
        return self._read(f"{name} WITH {self._name()}" if self._skip("WITH") else name)

    def _name(self) -> str:
        if not self.rest or self.rest[0] in {"(", ")"} or self.rest[0].upper() in {"AND", "OR", "WITH"}:
            raise FieldError("a name is missing", where="licence", expected="an SPDX expression")
        return self.rest.pop(0)

    def _skip(self, word: str) -> bool:
        if self.rest and self.rest[0].upper() == word:
            self.rest.pop(0)
            return True
        return False


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise FieldError(f"{stripped[at:].strip()[:20]!r}", where="licence", expected="an SPDX expression")
        tokens.append(match[1])
        at = match.end()
    return tokens
