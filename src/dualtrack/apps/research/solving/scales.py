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
from dualtrack.apps.research.units import NUMBER, UNSTATED, Unit, divided, unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.solving.table import Body, Held

__all__ = ["POWERS", "Printed", "printed_of", "stated_scales", "table_scale"]

POWERS = {
    "": 0,
    "percent": -2,
    "cents": -2,
    "ten thousand": 4,
    "thousand": 3,
    "million": 6,
    "hundred million": 8,
    "billion": 9,
}
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
_NAMES = (
    ("hong kong dollar", "HKD"), ("us dollar", "USD"), ("u.s. dollar", "USD"), ("united states dollar", "USD"), ("renminbi", "CNY"), ("sterling", "GBP"),
    ("japanese yen", "JPY"), ("singapore dollar", "SGD"), ("euro", "EUR"),
)  # fmt: skip
_CENTS = re.compile(r"\bcents?\b|仙|\bpence\b")
_A_SHARE = re.compile(r"\bper (?:\w+ )?share\b|每股|\beps\b|\bshare price\b|股價")
_SHARE = re.compile(r"\bshares\b|股數|股份數目")
_PURE = re.compile(r"\bratio\b|\bmultiple\b|\btimes\b|\(x\)|倍|比率")
_COUNTED = re.compile(
    r"\d[\d,.]*\s*(?:thousand|million|billion|千|百萬|萬|億)|[一二三四五六七八九兩][一二三四五六七八九十百千零]*[萬億]"
)
"""A number with its scale, which says nothing of a table below: "1.9 million passengers"."""

_HEADS_MAX = 20_000
"""How much of the text is searched for exceptions to the table's scale, in characters."""

_AGREEING = 2
"""Sentences that must agree with cells before they say the scale alone."""


class Printed(NamedTuple):
    """How a cell is printed: scale (a key of `POWERS`), unit, and the place that says the scale."""

    scale: str
    unit: Unit
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
    found = {name for mark, name in (*_MARKS, *_NAMES) if (re.search(rf"(?<![a-z]){re.escape(mark)}", lower))}
    return found.pop() if len(found) == 1 else None


def printed_of(held: Held, body: Body, paragraphs: Sequence[str], *, table_says: tuple[str, str] | None) -> Printed:
    """Return unit and scale of a cell; `table_says` is `table_scale` of its table, taken once."""
    lower = plain(f"{held.label} {held.section}")
    near = f"{lower} {plain(held.heading)}"
    scale, said = _by_kind(held, body, lower, near) or _by_place(held) or ("", "")
    if said:
        return Printed(scale, NUMBER if scale == "percent" else _unit(held, body, lower, near), said)
    unit = _unit(held, body, lower, near)
    heads = plain(f"{' '.join(body.headings)} {body.table.caption} {' '.join(paragraphs)[:_HEADS_MAX]}")
    counted = _COUNT.search(lower) or _SHARES.search(lower)
    if table_says is None or _COUNT.search(near) or (counted and _EXCEPT.search(heads)):
        return Printed("", unit, "nothing")
    return Printed(table_says[0], unit, table_says[1])


def _by_kind(held: Held, body: Body, lower: str, near: str) -> tuple[str, str] | None:
    """Return the scale of what has one by its kind, and why: a share in per cent, a price, a ratio, a number with its own word."""
    if held.reported.percent or _is_percent(held, body):
        return "percent", "the cell" if held.reported.percent else "its row or column"
    if held.reported.scale is not None:
        return "", "the cell"
    if _PER_SHARE.search(near):
        return "cents" if _CENTS.search(near) else "", "a price"
    if _YEARS.search(near) or (_RATIO.search(lower) and _one(held.label) is None):
        return "", "a ratio or measure"
    return None


def _by_place(held: Held) -> tuple[str, str] | None:
    places = (("its column", held.heading), ("its row", held.label), ("the heading of its rows", held.section))
    return next(((scale, where) for where, text in places if (scale := _one(text)) is not None), None)


def _unit(held: Held, body: Body, lower: str, near: str) -> Unit:
    """Return the unit of a cell that is no share in per cent: money, money a share, shares, a pure number; unstated where nothing says it."""
    heads = f"{' '.join(body.headings)} {body.table.caption}"
    named = (held.reported.currency, *map(_currency, (held.heading, held.label, held.section, heads)))
    currency = next(filter(None, named), None)
    money = unit_of(currency) if currency else UNSTATED
    if _A_SHARE.search(near):
        return divided(money, unit_of("share"))
    if any(mark in held.text for mark in "$£€¥"):
        return money
    if _PURE.search(lower) or _YEARS.search(near) or _COUNT.search(lower):
        return NUMBER
    if _PER_SHARE.search(near) or _RATIO.search(lower):
        return UNSTATED
    if _SHARES.search(lower):
        return unit_of("share") if _SHARE.search(lower) else UNSTATED
    return money


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


@lru_cache(maxsize=8)
def table_scale(
    body_id: tuple[tuple[str, ...], str, tuple[str, ...]], paragraphs: tuple[str, ...], printed: tuple[str, ...]
) -> tuple[str, str] | None:
    """Return the scale of a table and the place that says it: a heading, then the caption, a row, a declaration in the text, or sentences that agree with cells."""
    headings, caption, rows = body_id
    for where, texts in (
        ("a heading of the table", headings),
        ("the caption", (_COUNTED.sub(" ", plain(caption)),)),
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
