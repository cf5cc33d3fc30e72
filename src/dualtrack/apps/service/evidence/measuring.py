"""A table of a subject with its shares, from the carried sets or the operator's own, put to the assistant without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from dualtrack.apps.service.evidence import answers, escalations, injections, sentences
from dualtrack.apps.service.evidence.intents import hold_out, intent_shares, intent_table
from dualtrack.apps.service.evidence.questions import carried_questions, read_questions
from dualtrack.apps.service.intents.enriching import from_passages
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from dualtrack.apps.service.evidence.questions import TestQuestion
    from dualtrack.apps.service.evidence.rows import Row, Share
    from dualtrack.apps.service.intents.examples import ExampleSet
    from dualtrack.runtime.passages.corpus import Corpus

__all__ = ["Given", "Tabled", "intents_tabled", "tabled"]


class Given(NamedTuple):
    """A test set of the operator's: the file's bytes and its name."""

    data: bytes
    name: str


class Tabled(NamedTuple):
    """Rows for a plan to measure, and their shares for people to read."""

    rows: list[Row]
    shares: list[Share]


def tabled(
    subject: str, corpora: Sequence[Corpus], *, on: date, given: Given | None = None, split: str | None = None
) -> Tabled:
    """Return the table of `answers`, `outside`, `sentences`, `escalations` or `injections` on passages in force on a day.

    Tables of several corpora are joined, each numbered from 1. Without a set of the operator's the carried one is taken. Raises FieldError
    or DocumentError for a set that is wrong.
    """
    rows = [row for corpus in corpora for row in _rows(subject, corpus, on, given, split)]
    return Tabled(rows, _SHARES[subject](rows))


def _rows(subject: str, corpus: Corpus, on: date, given: Given | None, split: str | None) -> list[Row]:
    match subject:
        case "escalations":
            read, carried = escalations.read_messages, escalations.carried_messages
            return escalations.escalation_table(
                corpus, read(given.data, where=given.name) if given else carried(), on=on
            )
        case "injections":
            attacks = injections.read_attacks(given.data, where=given.name) if given else injections.carried_attacks()
            return injections.attack_table(corpus, attacks, on=on)
        case _:
            return _OF_QUESTIONS[subject](corpus, _questions(corpus, given, split), on=on)


def intents_tabled(examples: ExampleSet, corpus: Corpus | None = None) -> Tabled:
    """Train on four examples of five, and on passages where there are any, and name the intents of the fifth."""
    from dualtrack.apps.service.intents.training import train  # noqa: PLC0415 - needs the optional part

    trained, held = hold_out(examples.examples)
    more = () if corpus is None else from_passages(examples, corpus)
    rows = intent_table(held, train(trained, more=more))
    return Tabled(rows, intent_shares(rows))


def _questions(corpus: Corpus, given: Given | None, split: str | None) -> list[TestQuestion]:
    every = carried_questions(corpus) if given is None else read_questions(given.data, where=given.name)
    chosen = [each for each in every if split is None or each.split == split]
    if not chosen:
        raise FieldError(f"no question of part {split}", where="test questions", fix="leave --split out")
    return chosen


class _Make(Protocol):
    def __call__(self, corpus: Corpus, questions: Sequence[TestQuestion], /, *, on: date) -> list[Row]: ...


_OF_QUESTIONS: dict[str, _Make] = {
    "answers": answers.answer_table,
    "outside": answers.outside_table,
    "sentences": sentences.sentence_table,
}
_SHARES: dict[str, Callable[[Sequence[Row]], list[Share]]] = {
    "answers": answers.answer_shares,
    "outside": answers.outside_shares,
    "sentences": sentences.sentence_shares,
    "escalations": escalations.escalation_shares,
    "injections": injections.attack_shares,
}
