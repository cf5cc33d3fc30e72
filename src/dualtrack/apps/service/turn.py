"""What one message would get, and why: a person, a quotation with its source, or an honest "I don't know" with a way to a person.

The order is fixed: hard triggers before anything else, then the passages in force. An answer cannot be made without a quotation. Who is
handed over still gets what is approved (how to block a card), beside the person and never instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.service.language import detect
from dualtrack.apps.service.triggers import CHARACTERS_READ, find_triggers
from dualtrack.errors import FieldError
from dualtrack.runtime.passages.search import Answer, open_index

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.apps.service.triggers import Triggered
    from dualtrack.runtime.passages.corpus import Corpus, Language
    from dualtrack.runtime.passages.search import Found, Index, Refusal

__all__ = ["NEAREST", "Assistant", "Turn"]

NEAREST = 3
"""Passages that are shown as the nearest: the right one is almost always among three."""


class Turn(NamedTuple):
    """What a message would get. `outcome` is `handover`, `answer` or `refusal`; `offers` say that help is offered beside it."""

    language: Language
    outcome: Literal["handover", "answer", "refusal"]
    urgent: bool
    triggers: tuple[Triggered, ...]
    answer: Answer | None
    refusal: Refusal | None
    nearest: tuple[Found, ...]

    @property
    def offers(self) -> bool:
        """Say whether help is offered, whatever the outcome."""
        return any(each.action == "offer" for each in self.triggers)


class Assistant:
    """Passages in force on a day, indexed once for both languages."""

    def __init__(self, corpus: Corpus, *, on: date) -> None:
        self._indices: dict[Language, Index] = {
            "en": open_index(corpus, "en", on=on),
            "zh-Hant": open_index(corpus, "zh-Hant", on=on),
        }

    def turn(self, message: str, language: Language | None = None) -> Turn:
        """Return what a message would get, in the language in which the chat would answer it; raises FieldError for one that is empty or too long."""
        if not message.strip():
            raise FieldError("an empty message", where="message", expected="words")
        if len(message) > CHARACTERS_READ:
            raise FieldError(f"{len(message):,} characters", where="message", expected=f"at most {CHARACTERS_READ:,}")
        spoken: Language = language or detect(message).language
        triggers = find_triggers(message)
        index = self._indices[spoken]
        nearest = tuple(index.search(message, NEAREST))
        found = index.answer(message)
        if any(each.action != "offer" for each in triggers):
            urgent = any(each.action == "urgent" for each in triggers)
            return Turn(
                spoken, "handover", urgent, triggers, found if isinstance(found, Answer) else None, None, nearest
            )
        if isinstance(found, Answer):
            return Turn(spoken, "answer", False, triggers, found, None, nearest)
        return Turn(spoken, "refusal", False, triggers, None, found, nearest)
