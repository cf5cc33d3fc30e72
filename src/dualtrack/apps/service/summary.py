"""What an agent is given who takes over: the customer's own words, why a person was called, what was answered, and what they gave already.

It quotes and never retells, so that nothing is in it that was not said; what somebody gave of themselves is named by its kind and place,
so that it is not asked for twice.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.service.triggers import find_triggers
from dualtrack.domain.records import Text
from dualtrack.runtime.guards.personal.scanning import Scanner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.conversations import Line

__all__ = ["QUOTE_CHARACTERS", "Answered", "Given", "Quoted", "Summary", "summarise"]

QUOTE_CHARACTERS = 280
"""Longest quotation: the rest is in the conversation below."""

_SCORE_LEAST = 500


class Quoted(NamedTuple):
    """Words of the customer as they stand in message `number`; `cut` where the message goes on."""

    number: int
    text: str
    cut: bool


class Given(NamedTuple):
    """What the customer gave of themselves in message `number`: its kind, as the guard for personal data names it."""

    number: int
    kind: str


class Answered(NamedTuple):
    """What the assistant answered in message `number`: how it ended, the ids of the passages that it quoted, the intent that was named."""

    number: int
    outcome: str
    sources: tuple[str, ...]
    intent: Text | None = None
    score: float = 0.0


class Summary(NamedTuple):
    """First and newest words, those that called a person with the trigger that they met, answers, and what was given already."""

    first: Quoted | None
    newest: Quoted | None
    called: tuple[tuple[str, Quoted], ...]
    answered: tuple[Answered, ...]
    given: tuple[Given, ...]
    erased: int


def summarise(lines: Sequence[Line]) -> Summary:
    """Return the summary of a conversation. Messages whose words were erased are counted and nothing is said of them."""
    said = [line for line in lines if line.who == "customer" and line.content is not None]
    called = tuple(
        (trigger.id, _quoted(line))
        for line in said
        for trigger in find_triggers(line.text)
        if trigger.action != "offer"
    )
    answers = tuple(
        Answered(
            line.number,
            str(line.row["outcome"]),
            tuple(item["id"] for item in (line.content or {}).get("sources", ())),
            *_intent(line),
        )
        for line in lines
        if line.who == "assistant"
    )
    given = tuple(Given(line.number, kind) for line in said for kind in _kinds(line.text))
    return Summary(
        first=_quoted(said[0]) if said else None,
        newest=_quoted(said[-1]) if len(said) > 1 else None,
        called=called,
        answered=answers,
        given=given,
        erased=sum(line.content is None for line in lines),
    )


def _intent(line: Line) -> tuple[Text | None, float]:
    """Return the name of the intent, in words where the model's card has them, and the probability that it is right."""
    found = (line.content or {}).get("intent")
    if found is None:
        return None, 0.0
    title = found["title"] or {"en": found["id"], "zh-Hant": found["id"]}
    return Text(en=title["en"], zh=title["zh-Hant"]), float(found["score"])


def _quoted(line: Line) -> Quoted:
    text = line.text.strip()
    return Quoted(line.number, text[:QUOTE_CHARACTERS], len(text) > QUOTE_CHARACTERS)


def _kinds(text: str) -> list[str]:
    return list(dict.fromkeys(item.kind for item in _scanner().scan(text) if item.score >= _SCORE_LEAST))


@cache
def _scanner() -> Scanner:
    return Scanner(())
