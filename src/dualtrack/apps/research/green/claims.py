"""Claims about the environment in a report: found clause by clause, by words, numbers and years; no model.

A clause is of one kind, the first that fits: certified, target, quantified, comparison, vague, process. Not claims of the reporter:
what others aim at, what may be, definitions, denials, headings, and the assurer's own statement.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import to_builtins

from dualtrack.apps.research.calculate import numeral
from dualtrack.apps.research.documents.periods import plain_numerals
from dualtrack.apps.research.green.reading import amounts, change_in, metric_in, scopes_in, shares_in, standards_in
from dualtrack.apps.research.green.records import Bound, Claim, Number
from dualtrack.apps.research.green.sentences import clauses
from dualtrack.apps.research.green.words import green_words, is_chinese, pattern_of, plain, said_last, says

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dualtrack.apps.research.green.reading import Amount
    from dualtrack.apps.research.green.records import ClaimKind
    from dualtrack.apps.research.green.sentences import Sentence

__all__ = ["Years", "find_claims", "is_statement", "years_of"]

_YEAR = re.compile(r"(?<![\d,.])(?:19[7-9]|20\d)\d(?!\d|,\d|\.\d|%)")
_SPAN = re.compile(r"(?<!\d)((?:19|20)\d)\d\s*[/-]\s*(\d\d)(?!\d)")
_MONTH = re.compile(r"\b\d{1,2} may\b|\bmay \d")
_TO = re.compile(
    r"(?:\bto|\bat|\breached|至|到|達|為|佔)\s*(?:about|approximately|around|nearly|some|over|約|大約|逾|超過)?\s*$"
)
_FROM = re.compile(r"(?:\bfrom|由|從)\s*(?:about|approximately|around|約)?\s*$")
_ASIDE = re.compile(r"[(（](?:fy)?(?:19|20)\d\d年?(?:[:：]|\s*[-–])[^()（）]*[)）]")
_STOP = re.compile(r"[.!?。！？；;]$")
_HEADING_WORDS = 12
_HEADING_SIGNS = 16
_CHANGE_SIGNS = 4
_NEAR_BEFORE, _NEAR_AFTER, _NEAR_BOUND = 18, 16, 16


class Years(NamedTuple):
    """The years of a clause: what it is of, what it is compared with, and the year ahead that it aims at."""

    period: int | None
    baseline: int | None
    ahead: int | None


def is_statement(text: str) -> bool:
    """Tell whether a sentence is the assurer's own: `we have performed ... assurance`."""
    known = plain(text)
    return says("statement.first", known) is not None and bool(says("assured", known) or standards_in(known))


def find_claims(sentences: Iterable[Sentence], year: int | None) -> Iterator[Claim]:
    """Yield the claims in sentences, numbered from 1, for a report of a year."""
    number = 0
    for sentence in sentences:
        known = plain(sentence.text)
        if not (says("environment", known) or metric_in(known) or standards_in(known)):
            continue
        if is_statement(sentence.text) or _of_others(known):
            continue
        for text in clauses(sentence.text, _alone):
            found = _claim(text, sentence, year)
            if found is not None:
                number += 1
                yield Claim(number=number, page=sentence.page, text=text, sentence=sentence.text, **found)


def _alone(part: str) -> bool:
    """Tell whether a part of a sentence has a quantity and a number of its own."""
    known = plain(part)
    metric = metric_in(known)
    return metric is not None and bool(_amounts(known, metric))


def _of_others(known: str) -> bool:
    return says("others", known) is not None and says("ours", known) is None


def _claim(text: str, sentence: Sentence, year: int | None) -> dict[str, Any] | None:
    known, whole = (_ASIDE.sub(" ", plain_numerals(plain(each))) for each in (text, sentence.text))
    if says("hedges", _MONTH.sub(" ", known)) is not None:
        return None
    metric = metric_in(known)
    years = years_of(known, year)
    if years.ahead is None and years.period is None and years.baseline is None:
        years = years_of(whole, year)
    numbers = _amounts(known, metric)
    kind = _kind(known, metric, years, numbers, year)
    if kind is None or (_is_heading(sentence.text) and kind not in {"quantified", "target"}):
        return None
    made: dict[str, Any] = {
        "kind": kind, "language": "zh" if is_chinese(text) else "en", "metric": metric, "scopes": scopes_in(known),
        "standards": standards_in(known),
    }  # fmt: skip
    if numbers and kind in {"quantified", "target", "comparison"}:
        first, *more = (_number(each, known, metric) for each in numbers)
        made |= to_builtins(first) | {"also": tuple(more)}
    return made | _time(kind, years, year, relative=says("baseline.before", known) is not None)


def _time(kind: str, years: Years, year: int | None, *, relative: bool) -> dict[str, Any]:
    if kind == "target":
        return {"period": years.ahead, "period_said": years.ahead is not None, "baseline": years.baseline, "baseline_said": years.baseline is not None}  # fmt: skip
    period = years.period or year
    before = years.baseline or (period - 1 if relative and period else None)
    baseline = before or (period - 1 if period else None)
    return {"period": period, "period_said": years.period is not None, "baseline": baseline, "baseline_said": before is not None}  # fmt: skip


def _kind(
    known: str, metric: str | None, years: Years, numbers: tuple[Amount, ...], year: int | None
) -> ClaimKind | None:
    about = says("environment", known) is not None or metric is not None
    ahead = years.ahead is not None
    found: ClaimKind | None = None
    if says("assured", known) and (about or standards_in(known)):
        found = "certified"
    elif about and _is_target(known, ahead=ahead, number=bool(numbers)):
        found = "target"
    elif metric is not None and numbers:
        found = "comparison" if says("peers", known) and says("comparison", known) else "quantified"
    elif about and _compares(known, metric):
        found = "comparison"
    elif _is_vague(known):
        found = "vague"
    elif says("process", known) and (says("ours", known) or year is not None):
        found = "process"
    return found


def _is_target(known: str, *, ahead: bool, number: bool) -> bool:
    if says("target.reached", known) and not ahead:
        return False
    strong, words = says("target.strong", known), says("target.words", known)
    return bool((strong and (ahead or words)) or (words and (ahead or number)) or (ahead and number))


def _compares(known: str, metric: str | None) -> bool:
    compared = says("comparison", known) is not None
    if compared and (says("superlative", known) or says("peers", known)):
        return True
    if metric is None or says("money", known):
        return False
    return change_in(known) is not None and (says("finite", known) or says("baseline.before", known)) is not None


def _is_vague(known: str) -> bool:
    rest = _not_vague().sub(" ", known)
    return says("vague", rest) is not None or says("target.strong", rest) is not None


_QUANTITIES = ("renewable", "green_finance", "buildings", "vehicles")
"""Quantities whose phrases have a colour or a virtue in them, as green bonds: these words alone are not vague."""


@cache
def _not_vague() -> re.Pattern[str]:
    words = green_words()
    own = [text for each in _QUANTITIES for text in (*words.metrics[each].en, *words.metrics[each].zh)]
    return pattern_of((*words.names.en, *words.names.zh, *own))


def _is_heading(text: str) -> bool:
    if _STOP.search(text):
        return False
    return len(text) < _HEADING_SIGNS if is_chinese(text) else len(text.split()) < _HEADING_WORDS


def _amounts(known: str, metric: str | None) -> tuple[Amount, ...]:
    """Return the numbers that a clause claims: its change first, then the last amount, as in `from A to B`; money is none of energy."""
    if metric is None:
        found = [each for each in amounts(known) if each.unit == "%"]
        return tuple(found[:1]) if found and change_in(known) else ()
    units = green_words().metrics[metric].units
    money = "money" in units
    if "intensity" not in metric and says("earned" if money else "money", known):
        return ()
    every = list(amounts(known, counts="number" in units))
    if not every and ("%" in units or change_in(known)):
        every += shares_in(known)
    changes = [each for each in every if each.unit == "%" and _is_change(each, known, metric)]
    levels = [each for each in every if each not in changes and (each.unit in units or (money and each.unit.isupper()))]
    differences = [each for each in levels if _is_difference(each, known)]
    levels = [each for each in levels if each not in differences]
    return (*changes[:1], *differences[:1], *levels[-1:])


def _is_change(amount: Amount, known: str, metric: str) -> bool:
    if amount.points:
        return True
    if change_in(known) is None or _TO.search(known[: amount.start]) or _FROM.search(known[: amount.start]):
        return False
    if "%" not in green_words().metrics[metric].units:
        return True
    before = known[max(0, amount.start - _NEAR_BEFORE) : amount.start]
    return change_in(before) is not None or before.rstrip().endswith("by")


def _is_difference(amount: Amount, known: str) -> bool:
    """Tell whether an amount is what a quantity fell or rose by: `by 500 MWh`, 減少500兆瓦時."""
    if amount.unit == "%":
        return False
    before = known[max(0, amount.start - _NEAR_BOUND) : amount.start].rstrip()
    if change_in(known) is None or _TO.search(before) or _FROM.search(before):
        return False
    return re.search(r"\bby(?: \w+)?$", before) is not None or (
        change_in(before[-_CHANGE_SIGNS:]) is not None and not before.isascii()
    )


def _number(amount: Amount, known: str, metric: str | None) -> Number:
    change = amount.points or (amount.unit == "%" and _is_change(amount, known, metric or "emissions"))
    differs = not change and _is_difference(amount, known)
    falls = (change or differs) and change_in(known) == "fall"
    near = known[max(0, amount.start - _NEAR_BOUND) : amount.start]
    return Number(
        quantity="points" if amount.points else "change" if change else "difference" if differs else "level",
        value=numeral(-amount.value if falls else amount.value),
        printed=amount.printed,
        unit=amount.unit,
        bound=_bound(near),
    )


def _bound(near: str) -> Bound:
    """Return how a number is meant by the words right before it."""
    bounds: tuple[Bound, ...] = ("least", "most", "about")
    for name in bounds:
        match = says(f"bounds.{name}", near)
        if match is not None and not near[match.end() :].strip():
            return name
    return ""


def years_of(known: str, year: int | None) -> Years:
    """Return the years of a clause (with digits for Chinese numerals). The later of two is what it is of, the earlier its baseline."""
    text = _SPAN.sub(lambda match: f"{match[1][:2]}{match[2]}", known)
    found = {int(match[0]): _is_baseline(text, match) for match in _YEAR.finditer(text)}
    ahead = max((each for each in found if year is not None and each > year), default=None)
    past = sorted(each for each in found if each != ahead)
    if not past:
        return Years(None, None, ahead)
    if len(past) > 1:
        return Years(past[-1], past[0], ahead)
    (one,) = past
    if found[one] or ahead is not None:
        return Years(None, one, ahead)
    return Years(one, None, ahead)


def _is_baseline(text: str, match: re.Match[str]) -> bool:
    before, after = (
        text[max(0, match.start() - _NEAR_BEFORE) : match.start()],
        text[match.end() : match.end() + _NEAR_AFTER],
    )
    if says("baseline.base", after):
        return True
    last = said_last("baseline.against", before)
    return last is not None and not re.search(r"\bin\b|\bfor\b|於|在", before[last.end() :])
