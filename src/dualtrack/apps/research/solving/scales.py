"""In which unit and scale a cell is printed: by itself, its column, its row, the headings of the table, the text beside it.

The nearest word wins; where one place says two things it says nothing. Where no heading says it, a sentence can: "$302 million" in the
text beside a cell that reads 302 says that the cell is in millions. A `$` names no one currency, so such a number has an unstated unit.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.reported import CURRENCIES
from dualtrack.apps.research.solving.table import says_percent
from dualtrack.apps.research.solving.words import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.solving.table import Body, Held

__all__ = ["POWERS", "Printed", "printed_of", "stated_scales", "table_scale"]

POWERS = {"": 0, "percent": -2, "ten thousand": 4, "thousand": 3, "million": 6, "hundred million": 8, "billion": 9}
"""Scales of answers by their power of ten."""

_SCALES = (
    ("thousand", r"\bthousands?\b|(?:[$£€¥]|hkd|rmb|usd|us|hk|nt|a)\s?['’]?000s?\b|(?<![\d,.])['’]000s?\b|(?<!\d)千(?:港?元|美元|人民幣|股|英鎊|歐元)?(?!萬)|(?<![\d,])\(?000s\b|\b000['’]?s?\b(?<!\d,000)"),
    ("million", r"\bmillions?\b|[$£€¥]\s?m(?:n|illion)?\b|\b(?:rmb|hkd|usd|eur|gbp|chf|sek|nok|dkk|cad|aud)\s?m(?:n)?\b|\bmn\b|(?<=\()m\)|百萬"),
    ("billion", r"\bbillions?\b|[$£€¥]\s?bn?\b|\bbn\b|十億"),
    ("hundred million", r"(?<![十百千萬])億"),
    ("ten thousand", r"(?<![百千])萬(?!億)"),
)  # fmt: skip
_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _SCALES)
_DECLARED = re.compile(r"(?:\bin|expressed in|stated in|dollars in|amounts? in|figures in|以|單位[:：]?)\s*(?:the )?(?:(?:us|u\.s\.|hk|canadian|australian|rmb)?\s?(?:dollars?|euros?|[$£€])?\s?)?"
                       r"(?:\bof )?(?P<scale>thousands?|millions?|billions?|百萬|千)|\((?:[a-z .$£€]{0,20})(?P<bare>thousands?|millions?|billions?)\b[^)]{0,60}\)"
                       r"|[$£€]\s?['’]?(?P<zeros>000)\b|(?P<mil>[£€]m\b|us\$ ?m\b|rmb ?million\b)")  # fmt: skip
_AMOUNT = re.compile(r"(?<![\d,.])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s?(thousand|million|billion)\b")
_PER_SHARE = re.compile(
    r"\bper (?:common |ordinary |diluted |basic |ads |preferred )?(?:share|unit|ads|tonne|barrel|ounce|employee)s?\b|每股|\bearnings per share\b|\beps\b|exercise price|share price|\bprice\b(?! (?:adjust|concession|variance))"
)
_COUNT = re.compile(
    r"\bnumber of\b|\bno\. of\b|\bheadcount\b|\bemployees\b(?! (?:benefit|sever|relat|cost|comp|stock|exp|salar))|\bcustomers\b(?! (?:depos|relat|list|contr|adv|prep))|\bstores\b|\brestaurants\b|人數|數目"
)
_SHARES = re.compile(
    r"\bshares?\b(?! (?:capital|premium|based|of (?:profit|loss|result|net|equity)|repurch|buy|issu))|股數|\brsus?\b|\bpsus?\b|\boptions? (?:outstanding|granted|exercis|forfeit)|\bunits\b"
)
_RATIO = re.compile(
    r"\b(?:ratio|multiple|times|years|days|months|life|term)\b|\(x\)|倍|\bmwh\b|\bkwh\b|tonnes|tco2|\bsq\b|exchange rate"
)
_YEARS = re.compile(
    r"\bin (?:years|days|months)\b|\b(?:useful|average|remaining) li(?:fe|ves)\b|\b(?:fiscal )?year of\b|年期|年數"
)
_PERCENT = re.compile(r"%|\bper ?cent(?:age)?\b|百分比|百分率")
_EXCEPT = re.compile(
    r"except(?! (?:for )?(?:per|earnings per|loss per|percent)[^.]{0,12}share)[^.]{0,60}(?:share|number|unit|employee)|除[^。]{0,20}(?:股|每)"
)
_MARKS = tuple((mark, name) for mark, name in sorted(CURRENCIES.items(), key=lambda each: -len(each[0])))
_AGREEING = 2
"""Sentences that must agree with cells before they say the scale alone."""


class Printed(NamedTuple):
    """How a cell is printed: scale (a key of `POWERS`), currency where one is named, and the place that says so."""

    scale: str
    currency: str | None
    said: str


def stated_scales(text: str) -> tuple[str, ...]:
    """Return the scales that a heading names, each once."""
    lower = plain(text)
    return tuple(name for name, pattern in _PATTERNS if pattern.search(lower))


def _one(text: str) -> str | None:
    found = stated_scales(text)
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=256)
def _currency(text: str) -> str | None:
    lower = plain(text)
    found = {name for mark, name in _MARKS if (re.search(rf"(?<![a-z]){re.escape(mark)}", lower))}
    return found.pop() if len(found) == 1 else None


def printed_of(held: Held, body: Body, paragraphs: Sequence[str], *, table_says: tuple[str, str] | None) -> Printed:
    """Return unit and scale of a cell; `table_says` is `table_scale` of its table, taken once."""
    lower = plain(f"{held.label} {held.section}")
    currency = (
        held.reported.currency
        or _currency(held.heading)
        or _currency(held.label)
        or _currency(" ".join(body.headings) + body.table.caption)
    )
    if held.reported.percent or _is_percent(held, body):
        return Printed("percent", None, "the cell" if held.reported.percent else "its row or column")
    if held.reported.scale is not None:
        return Printed("", currency, "the cell")
    near = plain(f"{held.label} {held.section} {held.heading}")
    if _PER_SHARE.search(near) or _YEARS.search(near) or (_RATIO.search(lower) and _one(held.label) is None):
        return Printed("", currency, "a price, ratio or measure")
    for where, text in (
        ("its column", held.heading),
        ("its row", held.label),
        ("the heading of its rows", held.section),
    ):
        if (scale := _one(text)) is not None:
            return Printed(scale, currency, where)
    heads = plain(f"{' '.join(body.headings)} {body.table.caption} {' '.join(paragraphs)[:20_000]}")
    counted = _COUNT.search(lower) or _SHARES.search(lower)
    if table_says is None or (_COUNT.search(near)) or (counted and _EXCEPT.search(heads)):
        return Printed("", None if counted else currency, "nothing")
    return Printed(table_says[0], None if counted else currency, table_says[1])


def _is_percent(held: Held, body: Body) -> bool:
    if says_percent(held.heading):
        return True
    if _PERCENT.search(plain(held.label)) and not _other_kind(held, body):
        return True
    if _bare(held) and all(map(_bare, body.cells)):
        return any(each.reported.percent for each in body.cells if each.column == held.column)
    beside = [each for each in body.cells if each.row == held.row and each.column != held.column]
    return bool(beside) and all(each.reported.percent or _bare(each) for each in beside) and any(
        each.reported.percent and not says_percent(each.heading) for each in beside) and _bare(held)  # fmt: skip


def _bare(held: Held) -> bool:
    return abs(held.reported.value) <= 100 and not any(mark in held.text for mark in "$£€¥")  # noqa: PLR2004 - a share in per cent


def _other_kind(held: Held, body: Body) -> bool:
    """Say whether the row prints per cent elsewhere with its sign, so that this cell without one is something else."""
    beside = [each for each in body.cells if each.row == held.row]
    return any(each.reported.percent for each in beside) and not _bare(held)


@lru_cache(maxsize=64)
def table_scale(
    body_id: tuple[tuple[str, ...], str, tuple[str, ...]], paragraphs: tuple[str, ...], printed: tuple[str, ...]
) -> tuple[str, str] | None:
    """Return the scale of a table and the place that says it: a heading, the caption, a declaration in the text, or sentences that agree with cells."""
    headings, caption, rows = body_id
    for where, texts in (
        ("the caption", (caption,)),
        ("a heading of the table", headings),
        ("a row of the table", rows),
    ):
        found = {scale for text in texts for scale in stated_scales(text)}
        if len(found) == 1:
            return found.pop(), where
    declared: Counter[str] = Counter()
    for text in paragraphs:
        for match in _DECLARED.finditer(plain(text)):
            word = match["scale"] or match["bare"] or ("thousand" if match["zeros"] else "million")
            declared[{"百萬": "million", "千": "thousand"}.get(word, word.rstrip("s"))] += 1
    if len(declared) == 1:
        return next(iter(declared)), "the text"
    agreed = _agreeing(paragraphs, printed)
    if agreed:
        best = agreed.most_common(1)[0]
        if declared and best[0] in declared:
            return best[0], "the text"
        if best[1] >= _AGREEING or (len(agreed) == 1 and not declared):
            return best[0], "sentences that agree with cells"
    return (declared.most_common(1)[0][0], "the text") if declared else None


def _agreeing(paragraphs: Sequence[str], printed: Sequence[str]) -> Counter[str]:
    """Count amounts in words of scale that are a cell, printed or rounded: 1.8 million is 1,791 in thousands."""
    cells = {abs(Decimal(each)) for each in printed}
    found: Counter[str] = Counter()
    for text in paragraphs:
        for match in _AMOUNT.finditer(plain(text)):
            amount = Decimal(match[1].replace(",", ""))
            places = -int(amount.as_tuple().exponent)
            if len(match[1].replace(".", "").strip("0")) < 2:  # noqa: PLR2004 - one digit agrees by chance
                continue
            if amount in cells:
                found[match[2]] += 1
            for scale, power in (("thousand", 3), ("million", 6)):
                shift = POWERS[match[2]] - power
                if shift > 0 and any(
                    abs(cell.scaleb(-shift) - amount) * 2 <= Decimal(1).scaleb(-places) for cell in cells if cell
                ):
                    found[scale] += 1
    return found
