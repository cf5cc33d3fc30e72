"""What a customer got to one message, whoever answered: the assistant on passages, the governed use, a program of the firm's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.service.turn import Assistant

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.runtime.passages.corpus import Corpus

__all__ = ["Ask", "Replied", "assistant_on"]


class Replied(NamedTuple):
    """What came of a message.

    `text` is the answer without marks of its sources, None where there was none; `sources` are the ids of what it cites, `nearest` of what
    came nearest. `triggers` are the ids of those set off. `called` says that a person was called, `urgent` at once, `offered` that help was
    offered beside the answer. `acted` are steps beyond that: a tool used, a state changed.
    """

    text: str | None
    sources: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    called: bool = False
    urgent: bool = False
    offered: bool = False
    acted: tuple[str, ...] = ()


Ask = Callable[[str], Replied]
"""Puts one message, in a conversation of its own."""


def assistant_on(corpus: Corpus, *, on: date) -> Ask:
    """Return the assistant on the passages in force on a day, without a model: it has no tool and changes no state."""
    assistant = Assistant(corpus, on=on)

    def ask(message: str) -> Replied:
        turn = assistant.turn(message)
        return Replied(
            text=None if turn.answer is None else "\n".join(quote.text for quote in turn.answer.quotes),
            sources=() if turn.answer is None else turn.answer.citations,
            nearest=tuple(found.passage.id for found in turn.nearest),
            triggers=tuple(each.id for each in turn.triggers),
            called=turn.outcome == "handover",
            urgent=turn.urgent,
            offered=turn.offers,
        )

    return ask
