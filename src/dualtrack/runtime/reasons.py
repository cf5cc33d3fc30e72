"""Reasons of a decision: in both languages where the words exist, as given where they do not; and words for every code.

A caller's own reason has one language. What nothing may reveal (a guard on suspicion) has the words of any other check.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

import msgspec

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "DIRECTED_KEPT_MAX",
    "Reason",
    "ReasonWords",
    "directed",
    "every_text",
    "in_language",
    "is_directed",
    "language_of_text",
    "read_reasons",
    "reason_words",
    "why_code",
]

Reason = str | Text
"""A reason: a text in both languages, or one in the language in which the caller's model gave it."""

DIRECTED_KEPT_MAX = 4_096
"""Reasons with their direction that are kept: fields of the models in use, of which the widest has 300."""

_decode = msgspec.json.Decoder(list[Reason]).decode


class ReasonWords(Record, frozen=True):
    """Words in both languages. `codes` holds exact codes and families; `made` says how an answer came about.

    `raised` and `lowered` say which way a field moved a model's output.
    """

    checked_on: str
    codes: dict[str, Text]
    made: dict[str, Text]
    raised: Text
    lowered: Text
    rule: Text


@lru_cache(maxsize=DIRECTED_KEPT_MAX)
def directed(says: Text | str, *, raised: bool) -> Text:
    """Return a field of a model as a reason: that it raised the output, or lowered it."""
    words = reason_words()
    said = words.raised if raised else words.lowered
    name = says if isinstance(says, Text) else Text(en=says, zh=says)
    return Text(en=said.en.replace("{name}", name.en), zh=said.zh.replace("{name}", name.zh))


def is_directed(reason: Reason) -> bool:
    """Tell whether a reason says which way its field moved the output."""
    words = reason_words()
    heads = tuple(said.en.partition("{name}")[0] for said in (words.raised, words.lowered))
    return isinstance(reason, Text) and reason.en.startswith(heads)


def in_language(reasons: Iterable[Reason], language: str) -> tuple[str, ...]:
    """Return reasons as a caller of this language gets them; those of one language stay as given."""
    return tuple(item if isinstance(item, str) else item.zh if language == "zh-Hant" else item.en for item in reasons)


def every_text(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Return all that anybody may read of the reasons: the guards judge both languages, for a receipt shows both."""
    found: list[str] = []
    for item in reasons:
        found += (item,) if isinstance(item, str) else (item.en, item.zh)
    return tuple(found)


def language_of_text(text: str) -> Literal["en", "zh-Hant"]:
    """Return in which of our languages a text is: one Han character makes it Chinese."""
    return "zh-Hant" if any("\u3400" <= sign <= "\u9fff" or "\uf900" <= sign <= "\ufaff" for sign in text) else "en"


def read_reasons(content: bytes) -> list[Reason]:
    """Read sealed reasons: a list of texts, each of one language or of both. Older ones are all of one."""
    return _decode(content)


def why_code(code: str) -> Text:
    """Return plain words for the code with which a decision ended: those of the code, else of its family, else of any."""
    words = reason_words().codes
    name = code
    while name not in words and "." in name:
        name = name.rpartition(".")[0]
    return words.get(name) or words["other"]


@cache
def reason_words() -> ReasonWords:
    """Return the words for reasons."""
    data = (resources.files("dualtrack.runtime") / "data" / "reason_words.yaml").read_bytes()
    return read_record(read_yaml(data, where="reason_words.yaml"), ReasonWords, where="reason_words.yaml")
