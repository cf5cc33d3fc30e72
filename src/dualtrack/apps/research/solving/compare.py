"""Which year was larger, and in how many: the cells of a line compared, the one that leads by how much, those past a mark counted."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.reported import SCALES
from dualtrack.apps.research.solving.answer import NoAnswerError
from dualtrack.apps.research.solving.findings import finding, quoted
from dualtrack.apps.research.solving.plan import Plan, row_of
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from dualtrack.apps.research.solving.matching import Finder
    from dualtrack.apps.research.solving.question import Question
    from dualtrack.apps.research.solving.table import Held

__all__ = ["Compared", "Mark", "count_of", "leader", "mark_of", "period_of"]

_LEAST = re.compile(r"\b(?:lowest|small\w+|least|lower|less|fewest|fewer)\b|最(?:低|小|少)|較(?:低|小|少)")
_YEARS = re.compile(r"\b(?:year|period|quarter)s?\b|年|期")
_MARK = re.compile(
    r"(?P<way>exceed(?:ed|s)?|(?:more|greater|higher|larger) than|above|over|less than|lower than|smaller than|fewer than|below|under|超過|高於|多於|低於|少於)\s*"
    r"(?P<minus>-)?(?:[$£€¥]|hk\$|us\$)?\s?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s?(?P<percent>%|percent|per cent)?\s?(?P<scale>thousands?|millions?|billions?|千|百萬|億)?"
)
_BELOW = re.compile(r"less|lower|smaller|fewer|below|under|低於|少於")


class Compared(NamedTuple):
    """A plan over compared cells and what the question asks for in words."""

    plan: Plan
    choice: str


class Mark(NamedTuple):
    """A mark to pass: `below` it or above; `power` where the question states a scale, None where it is that of the cells."""

    value: Decimal
    below: bool
    power: int | None


def leader(question: Question, finder: Finder) -> Compared:
    """Return which period leads in a line; raises NoAnswerError for two that lead, or a question about anything but periods."""
    if not _YEARS.search(question.lower):
        raise NoAnswerError("not understood", finding("which_line"))
    cells = _compared(question, finder)
    low = _LEAST.search(question.lower) is not None
    ordered = sorted(cells, key=lambda each: each.reported.value, reverse=not low)
    if ordered[0].reported.value == ordered[1].reported.value:
        raise NoAnswerError(
            "equal matches",
            finding("both_lead", one=period_of(ordered[0]), other=period_of(ordered[1]), text=quoted(ordered[0].text)),
        )
    names = [chr(ord("a") + at) for at in range(len(ordered))]
    definition = Text(en="lead over the next period", zh="領先次期的數額")
    score = next(each.score for each in finder.find(question.lower) if each.held.row == ordered[0].row)
    plan = Plan("a - b", dict(zip(names, ordered, strict=True)), "as printed", definition, period_of(ordered[0]), score)
    return Compared(plan, period_of(ordered[0]))


def mark_of(question: Question) -> Mark | None:
    """Return the mark that a question names; None where it names none."""
    match = _MARK.search(question.lower)
    if match is None:
        return None
    word = match["scale"]
    power = -2 if match["percent"] else SCALES[word.rstrip("s") if word.isascii() else word] if word else None
    return Mark(
        Decimal((match["minus"] or "") + match["digits"].replace(",", "")),
        _BELOW.search(match["way"]) is not None,
        power,
    )


def count_of(question: Question, finder: Finder) -> tuple[list[Held], Mark, float]:
    """Return the cells of a line by period and the mark to count past; raises NoAnswerError."""
    mark = mark_of(question)
    if mark is None or not _YEARS.search(question.lower):
        raise NoAnswerError("not understood", finding("count_what"))
    cells = _compared(question, finder)
    return cells, mark, next(each.score for each in finder.find(question.lower) if each.held.row == cells[0].row)


def _compared(question: Question, finder: Finder) -> list[Held]:
    cells = [each.held for each in row_of(question, finder)]
    if len({period_of(each) for each in cells}) < len(cells) or len(cells) < 2:  # noqa: PLR2004 - two to compare
        raise NoAnswerError("missing operand", finding("two_periods"))
    return cells


def period_of(held: Held) -> str:
    """Return the year of a cell, with its quarter or half, as an answer to which."""
    years = [str(each.year) for each in held.periods if each.year]
    parts = [each.part for each in held.periods if each.part and each.part[0] in "QH9"]
    return " ".join([*parts[:1], *years[:1]])
