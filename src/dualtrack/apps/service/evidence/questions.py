"""Test questions: what a customer may ask, in which register, and the passage that answers it. One set is carried with the starter pack."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Literal

from dualtrack.apps.service.language import Language, detect
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.runtime.passages.corpus import Corpus

__all__ = [
    "CARRIED_QUESTIONS",
    "TestQuestion",
    "carried_questions",
    "check_questions",
    "language_asked",
    "read_questions",
]

CARRIED_QUESTIONS = "evaluation.yaml"
"""The carried set, by a writer who had seen no program. Its test part was scored before (benchmarks/retrieval.py); nothing was tuned on it."""


class TestQuestion(Record, frozen=True):
    """A question of a test set: the passage that answers it (None: nothing does), and its register.

    `also` are other passages that answer it as well. Questions of one `case` are no independent ones; without it, those of one passage.
    `language` is that in which a mixed question is asked, by whoever reads it: that of the sentence, not of the terms in it.
    """

    text: str
    register: Literal["english", "written", "cantonese", "mixed"]
    passage: str | None = None
    also: tuple[str, ...] = ()
    case: str | None = None
    language: Language | None = None
    cross: bool = False
    split: Literal["dev", "test"] = "test"

    @property
    def answers(self) -> tuple[str, ...]:
        """Ids of the passages that answer it; none where nothing does."""
        return () if self.passage is None else (self.passage, *self.also)


def read_questions(data: bytes, *, where: str) -> list[TestQuestion]:
    """Read a test set; raises DocumentError or FieldError naming the row and field."""
    found = read_record(read_yaml(data, where=where), list[TestQuestion], where=where)
    if not found:
        raise FieldError("no question", where=where, expected="a list of {text, register, passage}")
    return found


def carried_questions(corpus: Corpus) -> list[TestQuestion]:
    """Return the carried questions about passages of the corpus, with those that no passage answers; raises FieldError where none is."""
    data = (resources.files("dualtrack.apps.service") / "starter" / CARRIED_QUESTIONS).read_bytes()
    known = {item.id for item in corpus.passages}
    every = read_questions(data, where=CARRIED_QUESTIONS)
    if not any(each.passage in known for each in every):
        raise FieldError(
            "no carried question is about these passages", where="passages", expected="those of the starter pack",
            fix="give your own test questions with --set",
        )  # fmt: skip
    return [each for each in every if each.passage is None or each.passage in known]


def check_questions(questions: Sequence[TestQuestion], corpus: Corpus) -> None:
    """Raise FieldError for a question whose passage is not in the corpus."""
    known = {item.id for item in corpus.passages}
    odd = next((name for each in questions for name in each.answers if name not in known), None)
    if odd is not None:
        raise FieldError(f"passage {odd!r:.70}", where="test questions", expected="the id of a passage of the corpus")


def language_asked(question: TestQuestion) -> Language:
    """Return the language that the answer should have: that of the sentence, which for a mixed question its label says.

    A mixed question without a label has the language that the chat would answer in: of it a reply in the wrong language cannot be told.
    """
    match question.register:
        case "english":
            return "en"
        case "written" | "cantonese":
            return "zh-Hant"
        case "mixed":
            return question.language or detect(question.text).language
