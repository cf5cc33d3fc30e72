"""What the heading of a column, a table or a page says of its numbers: currency, scale, periods, restated or not.

A heading that says two currencies or two scales says none: a column is then read by what stands nearer to it, or not at all.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from dualtrack.apps.research.documents.periods import Period, plain_numerals, read_periods

__all__ = ["Heading", "is_note", "plain_label", "read_heading"]

_CURRENCIES = (
    ("HKD", r"hk\s?\$|\bhkd\b|hong kong dollars?|港幣|港元|\bhk cents?\b|港仙"),
    ("USD", r"us\s?\$|\busd\b|u\.?s\.? dollars?|united states dollars?|美元|\bus cents?\b|美仙"),
    ("CNY", r"\brmb\b|\brmb(?=['’‘]|\d)|\bcny\b|renminbi|人民幣"),
    ("GBP", r"£|\bgbp\b|sterling|英鎊"),
    ("EUR", r"€|\beur\b|\beuros?\b|歐元"),
    ("JPY", r"\bjpy\b|japanese yen|日圓"),
    ("SGD", r"\bs\$|\bsgd\b|singapore dollars?|新加坡元|坡元"),
    ("MOP", r"\bmop\b|patacas?|澳門元"),
)
_CURRENCY = tuple((name, re.compile(pattern)) for name, pattern in _CURRENCIES)
_SCALES = (
    (3, re.compile(r"(?<![\d,])['’‘`´]\s?000s?|\$\s?000s?\b|\bthousands?\b|千(?=\s*(?:元|港|美|人民|股|英|歐|坡|澳))|(?:幣|[（(])千元?")),
    (6, re.compile(r"\bmillions?\b|\bmn\b|(?<=\$)\s?m\b|\bm(?=\b)(?<=\bhk\$ m)|百萬")),
    (9, re.compile(r"\bbillions?\b|\bbn\b|十億")),
    (8, re.compile(r"(?<![十百千萬])億")),
    (4, re.compile(r"(?<![百千])萬(?=\s*(?:元|港|美|人民|股))")),
    (-2, re.compile(r"\bcents?\b|港仙|美仙|(?<!\w)仙")),
)  # fmt: skip
_EXCEPT = re.compile(r"\bexcept\b|\bunless\b|除")
_RESTATED = re.compile(r"\bre-?stated\b|\bas restated\b|經重列|重列|經重述")
_NOTE = re.compile(r"\bnotes?\b|附註|註釋|附注")
_CHANGE = re.compile(r"%|\bchanges?\b|\bvariance\b|\bincrease\b|\bdecrease\b|增加|減少|變動|變幅|百分比")
_COMPANY = re.compile(r"\b(?:the )?company\b(?!'s| and)|本公司(?!擁有人|股東|權益)")
_FILLER = re.compile(
    r"\b(?:for|the|as|at|of|to|in|on|and|year|years|ended|ending|months?|six|three|nine|half|un-?audited|audited|group|consolidated|"
    r"expressed|figures|amounts?|dollars?|number|weeks?|fiscal|which|are|reflected|par|value|all|tabular|where|noted|or|"
    r"unless|otherwise|stated|except|per|share|data|fy|financial|period|hong|kong|dollars?|cents?|"
    r"january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|m)\b"
    r"|截至|止|年度|年|月|日|於|未經審核|經審核|及|元|以|列示|呈列|表示|本集團|單位|為單位|六個|三個|個|千|百萬|億|萬|港|美|人民幣|[\d\W_]+"
)
_NOTE_TEXT = re.compile(
    r"\d{1,2}(?:\.\d{1,2})?\s*(?:\([a-z0-9]{1,4}\))*(?:\s*[,、&/]\s*\d{0,2}(?:\([a-z0-9]{1,4}\))*)*|\([a-z]{1,4}\)"
)


_HEADING_MAX = 130
"""Longest text that is read as a heading, in both languages beside one another; a line of a paragraph is longer."""


class Heading(NamedTuple):
    """What a heading says; `rest` are words of it that say nothing of this, as the name of a segment."""

    currency: str | None
    scale: int | None
    periods: tuple[Period, ...]
    restated: bool
    note: bool
    change: bool
    company: bool
    rest: str

    @property
    def says(self) -> bool:
        """Whether it is a heading at all: something of this, and nothing else."""
        known = self.currency or self.scale is not None or self.periods or self.restated or self.note or self.change
        return bool(known) and not self.rest


_KNOWN = re.compile(
    "|".join(each.pattern for _, each in (*_CURRENCY, *_SCALES))
    + "|"
    + "|".join(each.pattern for each in (_RESTATED, _NOTE, _CHANGE, _COMPANY))
)
_SOMETHING = re.compile(rf"(?:19[7-9]|20[0-9])\d|\d[hq]|[hqy]\s*'?\d|年|{_KNOWN.pattern}")
_NOTHING = Heading(None, None, (), restated=False, note=False, change=False, company=False, rest="-")


@lru_cache(maxsize=16_384)
def read_heading(text: str) -> Heading:
    """Read a heading in English or Chinese, or both beside one another."""
    if len(text) > _HEADING_MAX:
        return _NOTHING
    plain = plain_numerals(text)
    if _SOMETHING.search(plain) is None:
        return _NOTHING._replace(rest=_FILLER.sub(" ", plain).strip())
    main = _EXCEPT.split(plain)[0]
    currencies = {name for name, pattern in _CURRENCY if pattern.search(main)}
    scales = {power for power, pattern in _SCALES if pattern.search(main)}
    restated, note, change = (pattern.search(plain) is not None for pattern in (_RESTATED, _NOTE, _CHANGE))
    return Heading(
        currency=next(iter(currencies)) if len(currencies) == 1 else None,
        scale=next(iter(scales)) if len(scales) == 1 else None,
        periods=read_periods(text),
        restated=restated,
        note=note,
        change=change,
        company=_COMPANY.search(plain) is not None,
        rest=_FILLER.sub(" ", _KNOWN.sub(" ", plain)).strip(),
    )


def is_note(text: str) -> bool:
    """Tell whether a cell can be the number of a note: 5, 12(a), 3 and 7 with a comma between."""
    return _NOTE_TEXT.fullmatch(text.strip().casefold()) is not None


_LEADERS = re.compile(r"[.…·_]{3,}.*$")
_LOSS = re.compile(
    r"(?:\(?loss(?:es)?\)?\s*/\s*\(?(profit|earnings|gain|income)s?\)?)|(?:(profit|earnings|gain|income)s?\s*/\s*\(?loss(?:es)?\)?)"
)
_LOSS_ZH = re.compile(r"[(（]?虧損[)）]?\s*/\s*[(（]?(溢利|盈利|收益)[)）]?|(溢利|盈利|收益)\s*/\s*[(（]?虧損[)）]?")
_FLOW = re.compile(
    r"\(\s*used in\s*\)\s*/\s*(?:generated )?from|(?:generated )?from\s*/\s*\(\s*used in\s*\)|used in\s*/\s*from"
)


@lru_cache(maxsize=16_384)
def plain_label(text: str) -> str:
    """Return a label as it is compared: lower case, one way of saying profit or loss, no dashes, leaders, colons or note numbers."""
    plain = _LEADERS.sub("", plain_numerals(text)).replace("’", "'").replace("‘", "'")
    plain = re.sub(r"^[\s\-–—•·*]+|[\s:：;；*#^]+$", "", plain)
    plain = re.sub(r"^(?:less|add|plus|減|加|其中|including|of which)\s*[:：]?\s*(?=\S)", "", plain)
    plain = _FLOW.sub("from", _LOSS_ZH.sub(lambda m: m[1] or m[2], _LOSS.sub(lambda m: m[1] or m[2], plain)))
    plain = re.sub(r"[(（]\s*(?:note|notes|附註)\s*[^)）]*[)）]", "", plain)
    plain = re.sub(r"\s*([/、，,()（）])\s*", r"\1", plain)
    return re.sub(r"\s+", " ", plain).strip(" -–—.")
