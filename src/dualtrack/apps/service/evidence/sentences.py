"""Whether every sentence of an answer stands in a passage in force, word for word: a row for each sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.service.evidence.questions import language_asked
from dualtrack.apps.service.evidence.replies import assistant_on
from dualtrack.apps.service.evidence.rows import NOTHING, shares_by
from dualtrack.apps.service.grounding.sentences import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from dualtrack.apps.service.evidence.questions import TestQuestion
    from dualtrack.apps.service.evidence.replies import Ask
    from dualtrack.apps.service.evidence.rows import Row, Share
    from dualtrack.runtime.passages.corpus import Corpus

__all__ = ["approved_texts", "sentence_shares", "sentence_table", "unsupported"]


def approved_texts(corpus: Corpus, *, on: date) -> tuple[str, ...]:
    """Return the texts in force on a day, in both languages."""
    return tuple(text for item in corpus.serving(on) for text in (item.text.en, item.text.zh))


def unsupported(text: str, approved: Iterable[str]) -> list[str]:
    """Return the sentences that stand in no approved text word for word."""
    held = tuple(approved)
    return [said for said in parts_of(text) if not any(said in each for each in held)]


def sentence_table(corpus: Corpus, questions: Sequence[TestQuestion], *, on: date, ask: Ask | None = None) -> list[Row]:
    """Put each question and hold each sentence of the answer against the passages in force: `unsupported` is 1 where none holds it."""
    put, approved = ask or assistant_on(corpus, on=on), approved_texts(corpus, on=on)
    rows: list[Row] = []
    for number, each in enumerate(questions, 1):
        reply = put(each.text)
        if reply.text is None:
            continue
        wrong = set(unsupported(reply.text, approved))
        rows += [
            {
                "question": number, "cluster": reply.sources[0] if reply.sources else NOTHING, "register": each.register,
                "language": language_asked(each), "unsupported": int(said in wrong),
            }
            for said in parts_of(reply.text)
        ]  # fmt: skip
    return rows


def sentence_shares(rows: Sequence[Row]) -> list[Share]:
    """Return the shares of unsupported sentences."""
    return shares_by(rows, ("unsupported",), ("language",))
