"""The cells of one line over its periods, or one cell for a phrase, each only where no other fits as well.

What two places fit equally, what stands under two years at once and what would be one cell twice is no answer: the error says where.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dualtrack.apps.research.solving.answer import NoAnswerError
from dualtrack.apps.research.solving.findings import finding, quoted
from dualtrack.apps.research.solving.matching import EQUAL, Finder, Match, phrase_words
from dualtrack.apps.research.solving.words import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.solving.periods import Period
    from dualtrack.apps.research.solving.table import Held
    from dualtrack.domain.records import Text

__all__ = ["best_of", "cells_of", "differ", "names_of", "one_cell", "span_of", "words_of"]

_PAIR_BONUS = 0.25
"""What a cell in the same row or column counts for: a line's figures stand side by side."""

_PART_BONUS = 0.02
_RESTATED = re.compile(
    r"\bre-?stated\b|\bas (?:originally |previously |first )?reported\b|\badjusted for\b|經重列|重列|原列|原先"
)
_CANDIDATES = 12
_LETTERS = 26


def cells_of(phrase: str, periods: Sequence[Period], finder: Finder) -> list[Match]:
    """Return one line's cells, one for each period: the same row, or rows of the same words under other headings."""
    if not periods:
        raise NoAnswerError("period absent", finding("no_period_named"))
    lists = [finder.find(phrase, period)[:_CANDIDATES] for period in periods]
    for period, found in zip(periods, lists, strict=True):
        if not found:
            raise _absent(finder, phrase, period)
    best: tuple[float, list[Match]] | None = None
    rivals: list[list[Match]] = []
    for first in lists[0]:
        chosen = [first, *(max(others, key=lambda each: _beside(first, each)) for others in lists[1:])]
        total = sum(_beside(first, each) for each in chosen) / len(chosen)
        if best is None or total > best[0] + EQUAL:
            best, rivals = (total, chosen), []
        elif abs(total - best[0]) <= EQUAL:
            rivals.append(chosen)
    assert best is not None
    first = best[1][0]
    for at, others in enumerate(lists[1:], start=1):
        equal = [each for each in others if _beside(first, each) >= _beside(first, best[1][at]) - EQUAL]
        rivals += [[*best[1][:at], each, *best[1][at + 1 :]] for each in equal]
    _alone(best[1], rivals)
    _one_period(best[1])
    for each in best[1]:
        _not_restated(each.held, phrase, finder)
    return best[1]


def _beside(first: Match, other: Match) -> float:
    """Return how well a cell goes with the first: its own match, its place, and the same day or quarter of another year."""
    parts = {each.part for each in first.held.periods} & {each.part for each in other.held.periods}
    return other.score + _PAIR_BONUS * _alike(first.held, other.held) + (_PART_BONUS if parts else 0.0)


def _not_restated(held: Held, phrase: str, finder: Finder) -> None:
    """Raise where a line has another figure for the same period, one of them restated, and the question does not say which."""
    if _RESTATED.search(plain(phrase)):
        return
    for each in finder.body.cells:
        again = each.row == held.row and each.column != held.column and each.periods == held.periods and not each.change
        if not again or each.reported.value == held.reported.value:
            continue
        if _RESTATED.search(plain(f"{each.heading} {held.heading}")):
            raise NoAnswerError("equal matches", _both(held, each))


def _alike(one: Held, other: Held) -> float:
    """Say how alike the places of two cells are: one row, or one column and one name."""
    if one.row == other.row:
        return 1.0 if phrase_words(one.heading) == phrase_words(other.heading) else 0.6
    if one.column == other.column:
        return 1.0 if phrase_words(one.label) == phrase_words(other.label) else 0.1
    return 0.7 if phrase_words(one.label) == phrase_words(other.label) else 0.0


def one_cell(finder: Finder, phrase: str, period: Period | None, *, beside: str = "") -> Match:
    """Return the one cell that a phrase means; the rest of the question decides between equals."""
    found = finder.find(phrase, period)
    if not found:
        raise _absent(finder, phrase, period)
    equal = [each for each in found if each.score >= found[0].score - EQUAL]
    if len(equal) > 1 and beside:
        again = {(each.held.row, each.held.column): each.score for each in finder.find(beside, period)}
        equal.sort(key=lambda each: -again.get((each.held.row, each.held.column), 0.0))
        top = again.get((equal[0].held.row, equal[0].held.column), 0.0)
        equal = [each for each in equal if again.get((each.held.row, each.held.column), 0.0) >= top - EQUAL]
    _alone([equal[0]], [[each] for each in equal[1:]])
    _one_period([equal[0]])
    _not_restated(equal[0].held, beside or phrase, finder)
    return equal[0]


def best_of(found: Sequence[Match], phrase: str) -> Match:
    """Return the best match; raises NoAnswerError where there is none."""
    if not found:
        raise NoAnswerError("missing operand", phrase)
    return found[0]


def _alone(chosen: Sequence[Match], rivals: Sequence[Sequence[Match]]) -> None:
    """Raise where a rival that fits as well says something else."""
    mine = [each.held.reported.value for each in chosen]
    for rival in rivals:
        if [each.held.reported.value for each in rival] != mine:
            one, other = chosen[0].held, rival[0].held
            raise NoAnswerError("equal matches", _both(one, other))


def _one_period(chosen: Sequence[Match]) -> None:
    for each in chosen:
        if len({period.year for period in each.held.periods if period.year}) > 1:
            raise NoAnswerError("two periods", f"{each.held.heading or each.held.label}")


def differ(one: Held, other: Held) -> None:
    """Raise where two operands would be one cell."""
    if (one.row, one.column) == (other.row, other.column):
        raise NoAnswerError("same cell", _name(one))


def _absent(finder: Finder, phrase: str, period: Period | None) -> NoAnswerError:
    if period is not None and finder.find(phrase):
        return NoAnswerError("period absent", period.words)
    return NoAnswerError("missing operand", " ".join(phrase_words(phrase)) or phrase[:80])


def _name(held: Held) -> str:
    return " ".join(filter(None, (held.label or held.section, held.heading, held.text)))


def _both(one: Held, other: Held) -> Text:
    return finding("two_places", one=quoted(_name(one), 200), other=quoted(_name(other), 200))


def words_of(held: Held) -> str:
    """Return the periods of a cell in words."""
    return ", ".join(each.words for each in held.periods)


def span_of(first: Held, last: Held) -> str:
    """Return the stretch from one cell's period to another's in words."""
    one, other = words_of(first), words_of(last)
    return one if one == other else f"{one} to {other}"


def names_of(count: int) -> list[str]:
    """Return names for operands: letters, or numbered where there are more."""
    return [f"n{at + 1}_" for at in range(count)] if count > _LETTERS else [chr(ord("a") + at) for at in range(count)]
