"""The messages that ask a model for an answer from numbered sources, and the fence that no source can write.

A source is text of others: it could hold orders, or a line that looks like the end of its fence. Fences are lines that begin with five equals signs;
in sources and question every run of three such signs or of their look-alikes is cut to two, invisible characters are gone, and numbers in square
brackets, which would read as citations, stand in round ones. So the fence needs no random text, and the same question gives the same prompt.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from dualtrack.apps.service.language import normalise
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.errors import FieldError
from dualtrack.runtime.passages.corpus import of_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.language import Language
    from dualtrack.runtime.passages.corpus import Passage

__all__ = ["FENCE", "SOURCES_MAX", "absent_answer", "has_fence", "make_prompt", "neutral", "source_text"]

FENCE = "====="
"""How a line of a fence begins."""

SOURCES_MAX = 8
"""Sources of one prompt: the right passage is among the first few, or retrieval has failed."""

_LOOK_ALIKE = "=\ua78a\u2550\u2e40\u1400\u3013\u30a0\u2261\u2263\u268c\u4e8c"
_RUN = re.compile(rf"[{_LOOK_ALIKE[:-1]}](?:\s*[{_LOOK_ALIKE[:-1]}]){{2,}}|{_LOOK_ALIKE[-1]}{{3,}}")
_NUMBERED = re.compile(r"[\[【［〔](\s*\d{1,4}(?:\s*[,，、;\-–]\s*\d{1,4})*\s*)[\]】］〕]")
_ROLES = re.compile(r"<\s*\|+|\|+\s*>")
_FILE = "prompt.yaml"


class _Wording(Record, frozen=True):
    format: Literal["dualtrack.grounding.prompt/1"]
    dated: str
    rules: Text
    absent: Text
    source: Text
    end: Text
    question: Text


def make_prompt(question: str, passages: Sequence[Passage], language: Language) -> list[dict[str, str]]:
    """Return the messages of a chat: the rules, then the fenced sources and the question; raises FieldError for no source or too many."""
    if not 0 < len(passages) <= SOURCES_MAX:
        raise FieldError(f"{len(passages)} sources", where="prompt", expected=f"1 to {SOURCES_MAX}")
    wording = _wording()
    begin, end, asked = (of_language(text, language) for text in (wording.source, wording.end, wording.question))
    lines: list[str] = []
    for number, passage in enumerate(passages, 1):
        lines += [
            f"{FENCE} {begin} {number} {FENCE}",
            neutral(source_text(passage, language)),
            f"{FENCE} {end} {number} {FENCE}",
        ]
    lines += [f"{FENCE} {asked} {FENCE}", neutral(question)]
    rules = of_language(wording.rules, language).format(absent=absent_answer(language))
    return [{"role": "system", "content": rules}, {"role": "user", "content": "\n".join(lines)}]


def source_text(passage: Passage, language: Language) -> str:
    """Return what of a passage a sentence may rest on: title and text, in one language."""
    return f"{of_language(passage.title, language)}\n{of_language(passage.text, language)}"


def neutral(text: str) -> str:
    """Return a text that can neither end its fence nor look like a citation or a mark of a role."""
    plain = normalise(text)
    plain = _NUMBERED.sub(r"(\1)", plain)
    plain = _ROLES.sub("|", plain)
    return _RUN.sub("==", plain)


def has_fence(text: str) -> bool:
    """Say whether an answer holds a fence of the prompt, or what looks like one: then the model repeats its prompt."""
    return _RUN.search(normalise(text)) is not None


def absent_answer(language: Language) -> str:
    """Return the sentence by which a model says that the sources have no answer."""
    return of_language(_wording().absent, language)


@cache
def _wording() -> _Wording:
    data = (resources.files("dualtrack.apps.service.grounding") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), _Wording, where=_FILE)
