"""FallbackRules: what a firm answers by fixed rules when no model may or can; part of the runtime policy, so of the release.

Rows are decided by ordered rules in the language of rule packs over `row.NAME` facts; an unknown value goes on to the next
rule. Conversations are answered by ordered phrases with a fixed text in both languages. Nothing here computes like a model.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence  # noqa: TC003 - named tuples are made from their annotations
from typing import Annotated

from msgspec import Meta

from dualtrack.domain.forms import Slug
from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError

__all__ = [
    "ANSWER_CHARACTERS_MAX",
    "PHRASES_MAX",
    "PHRASE_CHARACTERS_MAX",
    "REASONS_MAX",
    "RULES_COMPONENT",
    "RULES_MAX",
    "FallbackRules",
    "Fixed",
    "PhraseRule",
    "RowRule",
    "check_fallback_rules",
]

RULES_COMPONENT = "fallback-rules"
"""Under this name the record of a decision lists the rules as who answered; no upstream may have it."""

RULES_MAX = 200
"""Rules of one table: a person has to be able to read it whole; a scorecard belongs among the models."""

PHRASES_MAX = 50
"""Phrases of one rule: ways to name one matter in two languages."""

PHRASE_CHARACTERS_MAX = 80
"""Longest phrase: a clause; a sentence would match nobody's words."""

ANSWER_CHARACTERS_MAX = 4_000
"""Longest fixed answer in one language: a page."""

REASONS_MAX = 10
"""Reasons of one rule: more is not read."""


class Fixed(Record, frozen=True):
    """What a rule gives: an output with its reasons in words, or (`person`) the case goes to a person."""

    output: bool | int | float | str | None = None
    person: bool = False
    says: list[Text] = []


class RowRule(Fixed, frozen=True, kw_only=True):
    """A rule for rows: where `when` is true, this is given; false and unknown go on to the next rule."""

    id: Slug
    when: Annotated[str, Meta(min_length=1, max_length=4_000)]


class PhraseRule(Record, frozen=True):
    """A rule for conversations: any of the phrases in the person's newest message gives the fixed answer."""

    id: Slug
    phrases: list[Annotated[str, Meta(min_length=1, max_length=PHRASE_CHARACTERS_MAX)]]
    answer: Text


class FallbackRules(Record, frozen=True):
    """The table. `otherwise` is for rows that no rule is true of; without it they go to a person."""

    rows: list[RowRule] = []
    otherwise: Fixed | None = None
    phrases: list[PhraseRule] = []


def check_fallback_rules(rules: FallbackRules, *, where: str) -> None:
    """Check what types cannot say; raises FieldError naming the rule. Expressions are read by the runtime."""
    if not rules.rows and not rules.phrases:
        raise FieldError("no rule", where=where, fix="give rows, phrases or both, or set fallback: message")
    if len(rules.rows) + len(rules.phrases) > RULES_MAX:
        raise FieldError(
            f"{len(rules.rows) + len(rules.phrases)} rules", where=where, expected=f"at most {RULES_MAX}",
            fix="what needs more is a model: list it among the upstreams",
        )  # fmt: skip
    names = [*(rule.id for rule in rules.rows), *(rule.id for rule in rules.phrases)]
    for name in names:
        if names.count(name) > 1:
            raise FieldError(f"rule {name!r} is there twice", where=where, fix="give each rule an id of its own")
    for row in rules.rows:
        _check_fixed(row, f"{where}, rule {row.id}")
    if rules.otherwise is not None:
        if not rules.rows:
            raise FieldError("otherwise without rows", where=f"{where}, field otherwise", fix="give rules for rows")
        _check_fixed(rules.otherwise, f"{where}, field otherwise")
    for rule in rules.phrases:
        _check_phrases(rule.phrases, f"{where}, rule {rule.id}")
        _check_text(rule.answer, f"{where}, rule {rule.id}, field answer")


def _check_fixed(found: Fixed, where: str) -> None:
    if (found.output is None) is not found.person:
        said = "an output and person: true" if found.person else "neither an output nor person: true"
        raise FieldError(said, where=where, expected="one of the two", fix="give the output, or send it to a person")
    if isinstance(found.output, float) and not math.isfinite(found.output):
        raise FieldError("an output that is not a finite number", where=where)
    if isinstance(found.output, str) and not 0 < len(found.output) <= ANSWER_CHARACTERS_MAX:
        raise FieldError(
            f"an output of {len(found.output)} characters", where=where, expected=f"1 to {ANSWER_CHARACTERS_MAX}"
        )
    if len(found.says) > REASONS_MAX:
        raise FieldError(f"{len(found.says)} reasons", where=f"{where}, field says", expected=f"at most {REASONS_MAX}")
    if not found.person and not found.says:
        raise FieldError(
            "no reason", where=f"{where}, field says", fix="say why in both languages: {en: …, zh-Hant: …}"
        )
    for text in found.says:
        _check_text(text, f"{where}, field says")


def _check_phrases(phrases: Sequence[str], where: str) -> None:
    if not 0 < len(phrases) <= PHRASES_MAX:
        raise FieldError(f"{len(phrases)} phrases", where=f"{where}, field phrases", expected=f"1 to {PHRASES_MAX}")
    for phrase in phrases:
        if not any(sign.isalnum() for sign in unicodedata.normalize("NFKC", phrase)):
            raise FieldError(
                f"phrase {phrase[:20]!r} has no letter or digit", where=f"{where}, field phrases", fix="leave it out"
            )


def _check_text(text: Text, where: str) -> None:
    for name, said in (("en", text.en), ("zh-Hant", text.zh)):
        if not 0 < len(said.strip()) <= ANSWER_CHARACTERS_MAX:
            raise FieldError(
                f"{name} of {len(said)} characters",
                where=where,
                expected=f"1 to {ANSWER_CHARACTERS_MAX}, both languages",
            )
