"""Runs the fixed rules of a policy: what a firm answers when no model may or can. No model, no chance, no clock.

Row rules are read once for a snapshot, by the same reader and evaluator as rule packs; phrase rules are plain comparison.
"""

from __future__ import annotations

import re
import time
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec import UNSET

from dualtrack.domain.decision import UpstreamCall
from dualtrack.domain.fallback import RULES_COMPONENT, Fixed
from dualtrack.rules.evaluate import Program
from dualtrack.rules.language import parse
from dualtrack.rules.table import INTEGER_MAX, FactType, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.fallback import FallbackRules, PhraseRule, RowRule
    from dualtrack.domain.policy import FieldSetting, RuntimePolicy
    from dualtrack.runtime.call import Call
    from dualtrack.runtime.guards.base import Piece

__all__ = [
    "FACT_PREFIX",
    "LOOKED_AT_CHARACTERS_MAX",
    "OTHERWISE",
    "RuleTable",
    "Ruled",
    "newest_question",
    "note_ruled",
    "read_rules",
    "row_schema",
]

FACT_PREFIX = "row."
"""How an expression names a field of the row: `row.late >= 3.0`."""

OTHERWISE = "otherwise"
"""Under this name a decision lists that no rule was true and the default was given."""

LOOKED_AT_CHARACTERS_MAX = 4_000
"""Characters of a message in which phrases are looked for: the longest question we saw has some 900; the work is bounded by it."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TYPES: dict[str, FactType] = {"number": "double", "integer": "int", "string": "string", "boolean": "bool"}
_UNSIGNED = Fixed(person=True)


class Ruled(NamedTuple):
    """What the rules gave, and by which of them."""

    rule: str
    fixed: Fixed


class RuleTable:
    """The rules of one policy, ready to run. It never raises on what it is given: an unknown value is unknown."""

    def __init__(self, rules: FallbackRules, fields: Sequence[FieldSetting], *, where: str) -> None:
        self._schema = row_schema(fields)
        self._rows = [(rule, _program(rule, self._schema, where)) for rule in rules.rows]
        self._otherwise = rules.otherwise or _UNSIGNED
        self._phrases = [(rule, [_plain(phrase) for phrase in rule.phrases]) for rule in rules.phrases]

    @property
    def decides_rows(self) -> bool:
        """Tell whether there are rules for rows; without them nothing is said of one."""
        return bool(self._rows)

    def decide(self, row: Mapping[str, object]) -> Ruled:
        """Return what the first true rule gives for a row, else what holds otherwise: by default, a person."""
        facts = {name: _fact(row.get(name.removeprefix(FACT_PREFIX)), kind) for name, kind in self._schema.items()}
        for rule, program in self._rows:
            if program(facts):
                return Ruled(rule.id, rule)
        return Ruled(OTHERWISE, self._otherwise)

    def answer(self, text: str) -> PhraseRule | None:
        """Return the first rule of which a phrase stands in the text, or None."""
        seen = _plain(text[:LOOKED_AT_CHARACTERS_MAX])
        return next((rule for rule, phrases in self._phrases if any(_stands(item, seen) for item in phrases)), None)


def read_rules(policy: RuntimePolicy, *, where: str) -> RuleTable | None:
    """Return the rules of a policy, or None where it has none; raises ExpressionError with rule, line, column and caret."""
    if policy.rules is UNSET or policy.fallback != "rules":
        return None
    return RuleTable(policy.rules, policy.fields, where=f"{where}, field rules")


def row_schema(fields: Sequence[FieldSetting]) -> Schema:
    """Return the facts that row rules may name: one for each declared field, but none of suspicion (no rule tips off)."""
    return {
        FACT_PREFIX + item.name: _TYPES[item.type]
        for item in fields
        if not item.suspicion and _NAME.fullmatch(item.name)
    }


def newest_question(pieces: Sequence[Piece]) -> str:
    """Return the newest text of the person: phrases are looked for in nothing else."""
    return next((piece.text for piece in reversed(pieces) if piece.role == "user"), "")


def note_ruled(call: Call, rule: str | None, begun_ns: int) -> None:
    """Note in the record of a call that the rules were asked, and which of them answered."""
    call.upstream.append(
        UpstreamCall(
            component=RULES_COMPONENT, provider="policy", model=rule, fingerprint=None, status=200 if rule else 404,
            fault=None if rule else "no_rule", us=(time.perf_counter_ns() - begun_ns) // 1000, tokens_in=None, tokens_out=None,
        )
    )  # fmt: skip


def _program(rule: RowRule, schema: Schema, where: str) -> Program:
    return _parsed(rule.when, tuple(sorted(schema.items())), f"{where}, rule {rule.id}")


@lru_cache(maxsize=2_048)
def _parsed(text: str, schema: tuple[tuple[str, FactType], ...], where: str) -> Program:
    """Read an expression; remembered, since a snapshot compiles its uses again with every change of a permit."""
    known = dict(schema)
    return Program(text, parse(text, known, where=where), known)


def _fact(value: object, kind: FactType) -> object:
    """Return a value as the fact it is declared to be: a whole number in a field of numbers is a number."""
    if kind == "double" and type(value) is int and abs(value) <= INTEGER_MAX:
        return float(value)
    return value


def _plain(text: str) -> str:
    """Return a text as it is compared: one form of width and case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _stands(phrase: str, text: str) -> bool:
    """Tell whether a phrase stands in a text; one that begins or ends in Latin letters or digits only as whole words."""
    start = text.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        if not (_joins(text[start - 1 : start], phrase[0]) or _joins(phrase[-1], text[end : end + 1])):
            return True
        start = text.find(phrase, start + 1)
    return False


def _joins(left: str, right: str) -> bool:
    """Tell whether two signs belong to one word of Latin letters or digits."""
    return bool(left and right) and (left + right).isascii() and left.isalnum() and right.isalnum()
