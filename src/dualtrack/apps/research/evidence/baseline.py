"""What an analyst does without the desk: a search for words that was really run, and minutes that the firm declared and nobody timed."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from dualtrack.apps.research.evidence.questions import Kind
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.documents.model import Document
    from dualtrack.apps.research.evidence.questions import KnownQuestion

__all__ = ["Baseline", "Minutes", "baseline", "first_page", "is_found"]

_FILE = "baseline.yaml"


class Minutes(Record, frozen=True):
    """Minutes by hand for a question of each kind: who says so, what is assumed."""

    source: Text
    assumes: Text
    by_kind: dict[Kind, Annotated[int, Meta(ge=0)]]


class Baseline(Record, frozen=True):
    """How the search is run, and the declared minutes."""

    format: Literal["dualtrack.research-baseline/1"]
    search: Text
    minutes: Minutes


@cache
def baseline() -> Baseline:
    """Return what `baseline.yaml` says."""
    data = (resources.files("dualtrack.apps.research.evidence") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), Baseline, where=_FILE)


def first_page(documents: Sequence[Document], words: str) -> int | None:
    """Return the first page that has the words, as a search in a reader finds them: letters of any case, blanks alike."""
    wanted = _plain(words)
    for document in documents:
        for page in document.pages:
            if wanted in _plain(page.text):
                return page.number
    return None


def is_found(question: KnownQuestion, page: int | None) -> bool:
    """Say whether the search served: its page holds the answer, or nothing was found where there is nothing.

    The search is given the benefit of the doubt: a person who reads the page sees that it has no column of that year.
    """
    if question.kind == "other_year":
        return True
    if not question.right:
        return page is None
    return any(page in each.pages for each in question.right)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
