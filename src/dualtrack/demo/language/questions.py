"""The carried questions: cases with three wordings in each language, the passage that answers them, and those to refuse."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from dualtrack.demo.language.corpus import load_corpus, read_data
from dualtrack.domain.canonical import digest
from dualtrack.domain.forms import Slug
from dualtrack.domain.records import Record, Text, encode, read_record
from dualtrack.errors import FieldError
from dualtrack.runtime.passages.corpus import Language, of_language

__all__ = ["LANGUAGES", "QUESTIONS_FORMAT", "WORDINGS_MIN", "Asked", "Case", "Questions", "asked", "load_questions"]

QUESTIONS_FORMAT = "dualtrack.questions/1"

LANGUAGES: tuple[Language, ...] = ("en", "zh-Hant")

WORDINGS_MIN = 3
"""Wordings of a case that has an answer: what our test for 24EC55 paragraph 18(c) asks."""


class Case(Record, frozen=True):
    """One question in several wordings. `key` stands in a right answer; `passages` are those that may be quoted."""

    id: Slug
    expect: Literal["answer", "advice", "out_of_scope"]
    wordings: Annotated[list[Text], Meta(min_length=1, max_length=20)]
    passages: list[Slug] = []
    key: Text | None = None


class Questions(Record, frozen=True):
    """All cases of a use."""

    format: str
    cases: list[Case]

    def digest(self) -> str:
        """Return the SHA-256 of the questions as a record."""
        return digest(encode(self))


class Asked(NamedTuple):
    """One wording of one case in one language."""

    case: Case
    wording: int
    language: Language
    text: str

    @property
    def key(self) -> str:
        """What a right answer holds; empty where the right answer is none."""
        return of_language(self.case.key, self.language) if self.case.key else ""


def asked(questions: Questions, *, expect: str | None = None, language: Language | None = None) -> list[Asked]:
    """Return every wording in every language, in the order of the file; `expect` and `language` narrow it."""
    return [
        Asked(case, number, tongue, of_language(text, tongue))
        for case in questions.cases
        if expect in {None, case.expect}
        for number, text in enumerate(case.wordings)
        for tongue in LANGUAGES
        if language in {None, tongue}
    ]


@cache
def load_questions(use: str) -> Questions:
    """Return the questions of `broker` or `bank`; raises FieldError for one that cannot be judged."""
    name = f"questions-{use}.yaml"
    questions = read_record(read_data(name), Questions, where=name)
    known = {item.id for item in load_corpus(use).passages}
    if questions.format != QUESTIONS_FORMAT:
        raise FieldError(f"format {questions.format!r}", where=name, expected=QUESTIONS_FORMAT)
    for case in questions.cases:
        place = f"{name}, case {case.id}"
        if not set(case.passages) <= known:
            raise FieldError("a passage that is not in the corpus", where=place, fix="name one that is")
        if case.expect == "answer" and (not case.passages or case.key is None or len(case.wordings) < WORDINGS_MIN):
            raise FieldError("not enough to judge an answer by", where=place, expected="passages, key, three wordings")
    return questions
