"""Does what is left of an answer still say what was asked? If the sentence with the amount fell, the rest about it is no answer to "how much"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.service.grounding.lexicon import lexicon
from dualtrack.apps.service.grounding.phrases import words_of
from dualtrack.apps.service.grounding.reading import read_part
from dualtrack.runtime.guards.texts import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.grounding.reading import Part

__all__ = ["lacks_what_was_asked"]

_AMOUNTS = frozenset({"money", "percent"})
_TIMES = frozenset({"clock", "date", "daymonth", "year", "th", "day", "workday", "month", "minute", "second", "age"})
_QUESTION_MOST = 600


def lacks_what_was_asked(question: str, kept: Sequence[str], dropped: Sequence[str]) -> bool:
    """Say whether only dropped sentences hold the kind of thing asked for (an amount, a time, a way to call) or its words."""
    question = question[:_QUESTION_MOST]
    if not dropped or not question.strip():
        return False
    left, gone = [read_part(each) for each in kept], [read_part(each) for each in dropped]
    text = fold(question).text
    wanted = {name for _, _, names in lexicon().asked.find(text, words_of(text)) for name in names}
    if any(
        not any(_holds(part, kind) for part in left) and any(_holds(part, kind) for part in gone) for kind in wanted
    ):
        return True
    words = set(read_part(question).clauses[-1].words)
    return not any(words & part.clauses[-1].words.keys() for part in left) and any(
        words & part.clauses[-1].words.keys() for part in gone
    )


def _holds(part: Part, kind: str) -> bool:
    types = {fact.quantity.type for fact in part.facts if fact.quantity is not None}
    if kind == "amount":
        return bool(types & _AMOUNTS) or "=charge" in part.clauses[-1].words
    if kind == "time":
        return bool(types & _TIMES) or any(fact.sense is not None and fact.sense.kind == "date" for fact in part.facts)
    return bool(part.names.phones or part.names.mails or part.names.links)
