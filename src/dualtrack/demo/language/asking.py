"""How a drill asks, what it gets back, and how that becomes evidence."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from dualtrack import __version__
from dualtrack.demo.language.corpus import read_data
from dualtrack.domain.canonical import digest, encode
from dualtrack.domain.evidence import Method, Predicate
from dualtrack.domain.records import Record, Text, Value, read_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.demo.language.questions import Asked
    from dualtrack.domain.decision import Outcome
    from dualtrack.domain.vocabulary import EvidenceKind
    from dualtrack.runtime.passages.corpus import Language

__all__ = [
    "FIGURE",
    "Ask",
    "Message",
    "Reply",
    "Turn",
    "Wording",
    "answer_of",
    "ask_all",
    "evidence",
    "flat",
    "load_wording",
    "plain",
    "transcript_digest",
]

Message = dict[str, str]
"""`role` and `content`, as in a chat completion."""

FIGURE = re.compile(r"[0-9]+(?:[.,:][0-9]+)*")
"""A figure inside a text: amounts, times, days, shares."""

_SOURCES = re.compile(r"\[[A-Za-z0-9][A-Za-z0-9_.-]{0,60}\]")


class Reply(NamedTuple):
    """What the person on the other side got, and what the governed path knows of it.

    `first` is what arrived first. `held` is a draft that waits for a reviewer, which the person has not seen; `code` says why
    an answer was routed, blocked or held (`guard.investment_advice`, `review.hold`).
    """

    text: str
    disclosure: str | None
    citations: tuple[str, ...]
    outcome: Outcome
    review: str | None
    receipt: str | None
    first: Literal["disclosure", "text", "none"]
    held: str | None = None
    code: str | None = None


class Ask(Protocol):
    """The governed path as a person meets it: one turn of one session of one person."""

    def __call__(self, messages: Sequence[Message], /, *, subject: str, language: Language, session: str) -> Reply:
        """Put the last message, after those before it, and return what came back."""
        ...


class Turn(NamedTuple):
    """A question with the reply it got."""

    asked: Asked
    reply: Reply


class _Phrases(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: list[str]
    zh: list[str]


class _Pairs(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: list[list[str]]
    zh: list[list[str]]


class Wording(Record, frozen=True):
    """What drills look for in a notice, say when they opt out, and swap when they plant a wrong statement."""

    format: str
    says_ai: _Phrases
    says_may_be_wrong: _Phrases
    opt_out: list[Text]
    opposites: _Pairs


@cache
def load_wording() -> Wording:
    """Return `wording.yaml`."""
    return read_record(read_data("wording.yaml"), Wording, where="wording.yaml")


def flat(text: str) -> str:
    """Return a text as it is compared: one width, one case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def answer_of(reply: Reply) -> str | None:
    """Return what the use answered, seen or held; None where a guard, a person or a refusal stood in its place."""
    if reply.code is not None and reply.code.startswith("guard."):
        return None
    said = reply.held if reply.held is not None else reply.text
    answered = reply.held is not None or reply.outcome in {"served", "fallback"}
    return said if answered and reply.citations else None


def ask_all(ask: Ask, questions: Sequence[Asked], *, prefix: str) -> list[Turn]:
    """Ask every question in a session of its own, each from another person, so that none helps the next."""
    turns = []
    for number, item in enumerate(questions):
        name = f"{prefix}-{number}"
        message = [{"role": "user", "content": item.text}]
        turns.append(Turn(item, ask(message, subject=name, language=item.language, session=name)))
    return turns


def plain(text: str) -> str:
    """Return an answer without its source marks, whose digits are no figures of the answer."""
    return _SOURCES.sub("", text)


def transcript_digest(data: Sequence[str], replies: Sequence[Reply]) -> str:
    """Return the SHA-256 of what was put in (digests of corpus and questions) and all that came back.

    Ids of reviews and receipts are left out: chance made them, and they say nothing about the answer.
    """
    said = [[item.text, item.disclosure, [*item.citations], item.outcome, item.held, item.code] for item in replies]
    return digest(encode([[*data], said]))


def evidence(
    kind: EvidenceKind,
    topic: str,
    fields: dict[str, Value],
    *,
    how: str,
    n: int,
    data: str,
    taken_at: str,
    statistics: dict[str, Any],
    seed: int | None = None,
    note: Text | None = None,
) -> Predicate:
    """Return an observation of the demo, with method, n and data digest."""
    return Predicate(
        kind=kind,
        topic=topic,
        fields=fields,
        taken_at=taken_at,
        method=Method(name=how, version=__version__, source="dualtrack.demo.language"),
        data_digest=data,
        n=n,
        seed=seed,
        statistics=statistics,
        note=note,
        demo=True,
    )
