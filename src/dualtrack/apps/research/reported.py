"""Numbers as financial reports print them: thousands in commas, negatives in brackets, per cent, scale words, dashes for nil.

What a text does not say stays unsaid: no currency is guessed from a `$`, and a text that is no single number is none.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple

__all__ = ["CURRENCIES", "DIGITS_MAX", "SCALES", "Reported", "read_reported"]

DIGITS_MAX = 30
"""Longest number that is read: a balance sheet in the smallest unit of the weakest currency has fewer digits."""

SCALES = {
    "thousand": 3, "thousands": 3, "million": 6, "millions": 6, "mn": 6, "billion": 9, "billions": 9, "bn": 9, "trillion": 12,
    "千": 3, "萬": 4, "百萬": 6, "千萬": 7, "億": 8, "十億": 9, "百億": 10, "萬億": 12,
    "万": 4, "百万": 6, "亿": 8, "十亿": 9, "万亿": 12,
}  # fmt: skip
"""Words of scale by the power of ten they stand for, Traditional and Simplified."""

CURRENCIES = {
    "hk$": "HKD", "hkd": "HKD", "港幣": "HKD", "港元": "HKD", "us$": "USD", "usd": "USD", "美元": "USD", "rmb": "CNY", "cny": "CNY",
    "人民幣": "CNY", "£": "GBP", "gbp": "GBP", "€": "EUR", "eur": "EUR", "jpy": "JPY", "日圓": "JPY", "s$": "SGD", "sgd": "SGD",
}  # fmt: skip
"""Marks that name one currency. `$` and `¥` name several, so they name none here."""

_MARKS = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))
_WORDS = "|".join(sorted(map(re.escape, SCALES), key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?P<mark>{_MARKS}|[$¥])?\s*(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    rf"\s*(?P<percent>%)?\s*(?P<scale>{_WORDS})?\s*(?P<after>{_MARKS}|元)?",
)
_NIL = frozenset({"-", "nil", "無"})


class Reported(NamedTuple):
    """A number in base units: `currency` is None where the text names none, `scale` the power of ten that was written out.

    `nil` is a dash or a word for nothing: zero as the report states it.
    """

    value: Decimal
    percent: bool = False
    currency: str | None = None
    scale: int | None = None
    nil: bool = False


def read_reported(text: str) -> Reported | None:
    """Return the one number that a text is; None for no number, several, or words around it that are not read."""
    plain = unicodedata.normalize("NFKC", text).strip().lower().replace("−", "-").replace("–", "-").replace("—", "-")
    if plain in _NIL:
        return Reported(Decimal(0), nil=True)
    negative = False
    if plain.startswith("(") and plain.endswith(")"):
        negative, plain = True, plain[1:-1].strip()
    elif plain.startswith("-"):
        negative, plain = True, plain[1:].strip()
    elif re.fullmatch(r"\S+\s*\(.+\)", plain) and (mark := plain.partition("(")[0].strip()) in {*CURRENCIES, "$", "¥"}:
        negative, plain = True, f"{mark}{plain.partition('(')[2][:-1]}"  # HK$(1,234)
    match = _NUMBER.fullmatch(plain)
    if match is None or len(match["digits"]) > DIGITS_MAX:
        return None
    marks = {CURRENCIES[each] for each in (match["mark"], match["after"]) if each in CURRENCIES}
    if len(marks) > 1 or (match["percent"] and (match["scale"] or match["mark"] or match["after"])):
        return None
    value = Decimal(match["digits"].replace(",", ""))
    scale = SCALES[match["scale"]] if match["scale"] else None
    value = value.scaleb(scale or 0) / (100 if match["percent"] else 1)
    return Reported(
        value=-value if negative else value,
        percent=match["percent"] is not None,
        currency=next(iter(marks), None),
        scale=scale,
    )
