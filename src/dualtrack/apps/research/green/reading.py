"""What a clause or a label says of a quantity: which one, of which scopes, in what unit, which number, which years.

All take text in one form (`words.plain`). What is not said is left out: no unit, scope or year is guessed here.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from dualtrack.apps.research.documents.periods import read_periods
from dualtrack.apps.research.green.words import green_words, pattern_of, says
from dualtrack.apps.research.reported import CURRENCIES, SCALES

__all__ = [
    "Amount",
    "amounts",
    "change_in",
    "metric_in",
    "scopes_in",
    "shares_in",
    "standards_in",
    "unit_in",
    "years_in",
]

_SCOPES = re.compile(
    r"(?:\bscopes?\s*|範圍\s*|範疇\s*)((?:[123](?!\d)|[一二三])(?:\s*(?:,|、|and|&|\+|及|和|與|至|to|-)\s*(?:scopes?\s*|範圍\s*|範疇\s*)?(?:[123](?!\d)|[一二三]))*)"
)
_PER = re.compile(r"\bper\b(?!\s*(?:cent|year|annum|day|month))|每(?!年|月|日|天|個月)")
_OVER = {"emissions": "intensity", "electricity": "energy_intensity", "energy": "energy_intensity"}
_MORE_THAN = re.compile(r"\b(?:more|less|fewer|lower|higher) than (?=\d|an?\b|one\b|half\b|two\b|three\b)")
_TENTHS = re.compile(r"([一二兩三四五六七八九])成(?!為|立|本|功|員|果|績)")
_HALF_STEP, _WHOLE_STEP = Decimal("0.05"), Decimal("0.01")
_YEAR = re.compile(r"(?:19|20)\d\d")
_HAN_DIGITS = dict(zip("零〇一二三四五六七八九兩", (0, 0, *range(1, 10), 2), strict=True))
_SCALE_WORDS = "|".join(sorted(map(re.escape, SCALES), key=len, reverse=True))
_MARKS = "|".join(sorted((re.escape(each) for each in CURRENCIES), key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?P<mark>{_MARKS})?\s?(?<![\d.,a-z-])(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)\s?(?P<points>percentage points?|個百分點)?"
    rf"(?P<percent>%|per\s?cent\b|percent\b)?\s?(?P<scale>(?:{_SCALE_WORDS})(?![a-z]))?\s?(?P<after>{_MARKS})?"
)
_HAN_PERCENT = re.compile(r"百分之(?P<han>[零〇一二三四五六七八九十百]+(?:點[零〇一二三四五六七八九]+)?|\d+(?:\.\d+)?)")
_NOT_AMOUNTS = re.compile(
    r"\b(?:iso|isae|hksae|aa|scopes?|page|note|no\.?|section|table|tcfd|ifrs|hkfrs|sdgs?)\s?[\d.-]+(?:[-:]\d+)*|\bco2\w*|(?:範圍|範疇)\s*\d|第\s*\d+\s*[號頁條章]|\b\d{1,2}:\d\d\b|\b1\.5\s?°?\s?c\b|℃"
)


class Amount(NamedTuple):
    """A number with its unit in base units: `step` is one unit of its last digit as printed, `start` where it stands."""

    value: Decimal
    step: Decimal
    unit: str
    printed: str
    start: int
    points: bool = False


@cache
def _metrics() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    return tuple(
        (name, pattern_of((*one.en, *one.zh)), pattern_of(one.without)) for name, one in green_words().metrics.items()
    )


@lru_cache(maxsize=16_384)
def metric_in(text: str) -> str | None:
    """Return the quantity that a text is about, the most special that it names."""
    for name, pattern, without in _metrics():
        if pattern.search(without.sub(" ", text)):
            return _OVER.get(name, name) if _PER.search(text) else name
    return None


def scopes_in(text: str) -> tuple[int, ...]:
    """Return the scopes of emissions that a text names: `scope 1 and 2`, `scopes 1 to 3`, 範圍一及二."""
    found: set[int] = set()
    for match in _SCOPES.finditer(text):
        digits = [int(each) if each.isdigit() else _HAN_DIGITS[each] for each in re.findall(r"[123一二三]", match[1])]
        found.update(range(digits[0], digits[-1] + 1) if re.search(r"to|至|-", match[1]) else digits)
    return tuple(sorted(found))


@cache
def _units() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, pattern_of((*one.en, *one.zh))) for name, one in green_words().units.items())


def unit_in(text: str) -> tuple[str, int] | None:
    """Return the base unit that a text names and the power of ten to it, with a scale word such as `thousand` before it."""
    found = [(match.start(), -match.end(), name) for name, each in _units() if (match := each.search(text)) is not None]
    if not found:
        return None
    start, _, name = min(found)
    unit = green_words().units[name]
    scale = re.search(rf"({_SCALE_WORDS}|'000)\s*$", text[:start].rstrip())
    power = unit.base + (3 if scale and scale[1] == "'000" else SCALES[scale[1]] if scale else 0)
    return (unit.same or name), power


def years_in(text: str) -> tuple[int, ...]:
    """Return the years that a text names, in its order."""
    return tuple(each.year for each in read_periods(text))


@cache
def _standards() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, pattern_of(each)) for name, each in green_words().standards.items())


def standards_in(text: str) -> tuple[str, ...]:
    """Return the standards that a text names."""
    return tuple(name for name, pattern in _standards() if pattern.search(text))


def amounts(text: str, *, counts: bool = False) -> tuple[Amount, ...]:
    """Return the numbers of a clause that have a unit; years, scopes and numbers of standards are none.

    With `counts`, a bare whole number that is no year counts too, as that of trees or vehicles: its unit is `number`.
    """
    blank = _NOT_AMOUNTS.sub(lambda match: " " * len(match[0]), text)
    found = [each for match in _NUMBER.finditer(blank) if (each := _amount(match, text, counts=counts)) is not None]
    for match in _HAN_PERCENT.finditer(text):
        value, step = _han(match["han"])
        found.append(Amount(value / 100, step / 100, "%", match[0], match.start()))
    return tuple(sorted(found, key=lambda each: each.start))


def _amount(match: re.Match[str], text: str, *, counts: bool) -> Amount | None:
    digits = match["digits"].replace(",", "")
    value, step = Decimal(digits), Decimal(1).scaleb(-len(digits.partition(".")[2]))
    if text[: match.start("digits")].endswith("百分之"):
        return None
    scale = SCALES[match["scale"]] if match["scale"] else 0
    if match["percent"] or match["points"]:
        unit, power, points = "%", -2, match["points"] is not None
        stop = match.end("points" if points else "percent")
    elif match["mark"] or match["after"]:
        unit, power, points, stop = CURRENCIES[match["mark"] or match["after"]], scale, False, match.end()
    else:
        stop = match.end("scale") if match["scale"] else match.end("digits")
        tail = text[stop : stop + 40]
        name, pattern = max(_units(), key=lambda each: _length(each[1], tail))
        if not _length(pattern, tail):
            if not counts or _YEAR.fullmatch(digits) or "." in digits:
                return None
            return Amount(value.scaleb(scale), step.scaleb(scale), "number", match[0].strip(), match.start())
        one = green_words().units[name]
        unit, power, points = one.same or name, one.base + scale, False
        stop += len(tail) - len(tail.lstrip()) + _length(pattern, tail)
    return Amount(
        value.scaleb(power), step.scaleb(power), unit, text[match.start() : stop].strip(), match.start(), points
    )


def _length(pattern: re.Pattern[str], tail: str) -> int:
    match = pattern.match(tail.lstrip())
    return match.end() if match else 0


def _han(text: str) -> tuple[Decimal, Decimal]:
    """Return a Chinese numeral up to 199 and the step of its last digit."""
    if text[0].isdigit() and text.isascii():
        return Decimal(text), Decimal(1).scaleb(-len(text.partition(".")[2]))
    whole, _, part = text.partition("點")
    hundreds, mark, rest = whole.rpartition("百")
    value = (_HAN_DIGITS.get(hundreds, 1) if mark else 0) * 100
    tens, mark, ones = rest.rpartition("十")
    value += (_HAN_DIGITS.get(tens, 1) if mark else 0) * 10 + _HAN_DIGITS.get(ones[-1:], 0)
    digits = "".join(str(_HAN_DIGITS[each]) for each in part)
    return Decimal(f"{value}.{digits}" if digits else value), Decimal(1).scaleb(-len(digits))


def change_in(text: str) -> Literal["fall", "rise"] | None:
    """Return the direction that a clause tells, by the first word of it."""
    text = _MORE_THAN.sub(lambda match: " " * len(match[0]), text)
    while (idle := says("change.idle", text)) is not None:
        text = text[: idle.start()] + " " * len(idle[0]) + text[idle.end() :]
    fall, rise = says("change.fall", text), says("change.rise", text)
    if fall is None or rise is None:
        return "fall" if fall else "rise" if rise else None
    return "fall" if fall.start() <= rise.start() else "rise"


@cache
def _shares() -> tuple[tuple[Decimal, re.Pattern[str]], ...]:
    return tuple((Decimal(share), pattern_of((*each.en, *each.zh))) for share, each in green_words().shares.items())


def shares_in(text: str) -> tuple[Amount, ...]:
    """Return the shares that a text says in words: `half of`, `all of`, 三成. Tenths and halves are taken to half of one in ten."""
    found = [
        Amount(share, _HALF_STEP if share < 1 else _WHOLE_STEP, "%", match[0], match.start())
        for share, each in _shares()
        if (match := each.search(text))
    ]
    found += [
        Amount(Decimal(_HAN_DIGITS[match[1]]) / 10, _HALF_STEP, "%", match[0], match.start())
        for match in _TENTHS.finditer(text)
    ]
    return tuple(sorted(found, key=lambda each: each.start))
