"""The questions of a declaration, in both languages, each with the paragraph that makes the answer matter."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record

__all__ = ["Citation", "Question", "questions"]


class Citation(Record, frozen=True):
    """A paragraph that makes an answer matter; `pack` is None where no shipped pack carries it."""

    paragraph: str
    pack: str | None
    seen: str


class Question(Record, frozen=True):
    """One question: its answer's type, the words allowed, and how it is put."""

    type: str
    ask: Text
    help: Text
    cites: list[Citation]
    choices: dict[str, Text] | None = None


@cache
def questions() -> dict[str, Question]:
    """Return the questions by answer name, in the order in which they are asked."""
    data = (resources.files("dualtrack.domain") / "questions.yaml").read_bytes()
    return read_record(read_yaml(data, where="questions.yaml"), dict[str, Question], where="questions.yaml")
