"""The marks of sources behind what is said: ` [id]` behind a quotation, or behind each sentence of a model's answer.

Only what was put there is read as a mark and taken off. Words in square brackets that a passage has itself are its approved wording.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

__all__ = ["BRACKETED", "Cited", "Shown", "marked", "read_marks"]

BRACKETED = re.compile(r"\[([a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)\]")
"""What looks like the mark of a source, wherever it stands."""

_END = re.compile(rf" {BRACKETED.pattern}\Z")


class Shown(NamedTuple):
    """A sentence that is shown, and the passages that it cites."""

    text: str
    ids: tuple[str, ...]


class Cited(NamedTuple):
    """An answer without its marks, and the passages that they name, each once."""

    text: str
    ids: tuple[str, ...]


def marked(shown: Sequence[Shown]) -> str:
    """Return sentences, each with its marks."""
    return " ".join(f"{each.text}{_mark(each)}" for each in shown)


def read_marks(answer: str, shown: Sequence[Shown], known: Container[str]) -> Cited:
    """Take the marks off an answer: those of the sentences that it was made of, else the one at the end of a quotation.

    `known` are the ids of passages in force: nothing else is a mark. Guards may have struck out words of a sentence since.
    """
    if not shown:
        match = _END.search(answer)
        if match is None or match[1] not in known:
            return Cited(answer, ())
        return Cited(answer[: match.start()], (match[1],))
    end, ids = len(answer), list[str]()
    for each in reversed(shown):
        mark = _mark(each)
        begin = answer.rfind(f"{each.text}{mark}", 0, end)
        at = begin + len(each.text) if begin >= 0 else answer.rfind(mark, 0, end)
        if at < 0:
            continue
        answer, end = answer[:at] + answer[at + len(mark) :], max(begin, 0) if begin >= 0 else at
        ids += reversed(each.ids)
    return Cited(answer, tuple(dict.fromkeys(reversed(ids))))


def _mark(shown: Shown) -> str:
    return " " + "".join(f"[{each}]" for each in shown.ids)
