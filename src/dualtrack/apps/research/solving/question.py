"""What a question asks for: a value, a change, an average and so on; over which lines and which periods."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from dualtrack.apps.research.documents.periods import plain_numerals
from dualtrack.apps.research.solving.periods import Period, Range, named_range, periods_of
from dualtrack.apps.research.solving.words import plain, stem

__all__ = ["ASKING", "Intent", "Question", "read_question"]

Intent = Literal[
    "value",
    "change",
    "growth",
    "average",
    "sum",
    "ratio",
    "share",
    "compare",
    "count",
    "text",
    "average change",
    "product",
]

_PERCENT_WORD = r"(?:percentage|percent|per cent|%|pct)"
_PATTERNS: tuple[tuple[Intent, str], ...] = (
    ("compare", (r"\b(?:which|what|in which|in what) (?:fiscal |financial )?(?:year|period|quarter|one|category|categories|segment|region|country|item|component|type|of the|line|product|geograph\w+|asset|expense|division|business)s?\b"
                r".*(?:\b(?:highest|larg\w+|great\w+|lowest|small\w+|least|most|higher|lower|more|less|fewer|biggest|bigger|below|above|under|over|exceed\w*)\b)|[哪邊]一?(?:年|項|個).*(?:最|較|更|高於|低於|超過)")),
    ("count", r"\bhow many (?:years?|quarters?|periods?|items?|categories|segments?|types?|components?|of the|regions?|countries)\b.*\b(?:exceed|more|less|above|below|over|under|greater|higher|lower|fewer)\w*\b|^how many (?:\w+ ){0,2}(?:components?|items|categories|types|kinds|factors)\b|多少(?:年|項).*(?:超過|高於|低於|少於)"),
    ("average change", r"\b(?:change|difference|increase|decrease)\b[^?]{0,40}?\b(?:19|20)\d\d[ ,]+(?:and|to|from)?\s?(?:(?:19|20)\d\d )?average|\b(?:change|difference)\b(?: / ?\(?\w+\)?)?(?: in| between| of| from)*(?: the)? averages? |\bdifference between (?:the )?(?:19|20)\d\d average|平均.*(?:的差|相差|變動)"),
    ("change", rf"\b(?:change|increase|decrease|difference)s?\b[ /()a-z]{{0,14}} in (?:the )?{_PERCENT_WORD}s?\b|\babsolute {_PERCENT_WORD}|\b{_PERCENT_WORD}(?:age)?[- ]points?\b|百分點"),
    ("growth", (rf"(?<!\w){_PERCENT_WORD} ?(?:of )?\(?(?:change|increase|decrease|growth|decline|reduction|rise|drop|difference|variance|gain)|\b(?:growth|change) rate\b|\bchanges? in .* as a {_PERCENT_WORD} of\b|\b(?:change|increase|decrease|grow|decline|fall|rise|drop)\w*\b[^?]*\b(?:in|as a) {_PERCENT_WORD}(?: terms)?\s?\??$"
               rf"|\bby (?:what|how many|how much) {_PERCENT_WORD}|what {_PERCENT_WORD} did .*(?:change|increase|decrease|grow|decline|fall|rise|drop)|year[- ]on[- ]year {_PERCENT_WORD}|\bhow fast did\b|\bgrowth (?:in|of) (?!rate)|relative change|增長率|升幅|增幅|跌幅|減幅|變幅|百分比(?:變動|變化|增|減)|(?:增長|上升|下跌|減少|增加|變動)(?:了)?(?:多少)?(?:個)?百分(?:之幾|比|率)")),
    ("average", r"(?<!weighted )(?<!weighted-)\baverages?\b(?! (?:exchange rate|life|remaining|price|cost per|useful))|\bmean\b|(?<!加權)平均"),
    ("ratio", r"\bratio\b|\bhow many times\b|比率|之比"),
    ("share", rf"\bproportion\b|\bwhat share of\b|\bas an? {_PERCENT_WORD}\b|\b{_PERCENT_WORD}(?: \w+)? (?:of|constitution|contribution|out of|share|composition|that)\b|\bwhat {_PERCENT_WORD}\b|\bconstitut\w+\b|\b{_PERCENT_WORD} (?:does|did|is|was|are|were)\b|佔.*(?:百分|比例|多少)|比重|比例"),
    ("change", r"\bchanges?\b|\bincreas\w*\b|\bdecreas\w*\b|\bdifferences?\b|\bdecline\w*\b|\breduction\b|\bhow much (?:more|less|higher|lower)\b|\bhow much did .*\b(?:fall|rise|drop|grow|shrink|move)\b|變咗|升咗|跌咗|\bchanged\b|\bvary|\bvariance\b|相差|差額|差別|變動|變化|增加|減少|上升|下跌"),
    ("sum", r"\bsum\b|\bcombined\b|\baltogether\b|\btogether\b|\btotal(?:ed|s)?\b.*\b(?:and|to|through|both|across|over|plus|years)\b|合計|總和|相加|合共"),
)  # fmt: skip
_COMPILED = tuple((intent, re.compile(pattern)) for intent, pattern in _PATTERNS)
_TEXT = re.compile(
    r"^(?:who|why|how (?:does|did|do|is|are|was|were|can|will|has|have)\b|when\b|where\b|which\b|what (?:do|does|did|caused|led|drove|method|type|kind|factors?|reason)\b|what (?:are|were) (?:the |some of the )?(?:\w+ )?(?:reasons?|factors?|types?|kinds?|drivers?|components?|assumptions?|methods?|causes?|names?|categories|uses?|purposes?)\b|what (?:is|was) the (?:reason|definition|meaning|purpose|basis|method|main|primary)|what (?:is|was) included|誰|為甚麼|為什麼|為何|何時|如何|哪)"
)
_REASON = re.compile(
    r"(?:driven by|due to|because of|attributed to|attributable to|recogni[sz]ed as|caused by|result of|resulted? (?:from|in)|based on)\s*\??$"
    r"|^what (?:could|would|can|may|might) "
)
_COMPOUND = re.compile(r"\bcompound|\bcagr\b|複合")
_MAY_BE_WORDS = frozenset({"value", "change", "sum", "share"})
_NUMERIC = re.compile(
    r"^what (?:are|were|did|does|do) (?:the )?(?:total|amounts?|values?|balance|sum|percentages?|rates?|net |gross )"
)
_ASKING = """
percentage percent change changed increase increased decrease decreased difference growth rate average mean sum ratio
proportion constitution contribution compared respective year-on-year relative nominal higher lower larger largest
highest lowest smallest smaller more less greater least most combined altogether together across both respectively
quarter first second third fourth january february march april may june july august september october november december
thousand thousands million millions billion dollars terms period periods show latest past
"""
ASKING = frozenset(map(stem, _ASKING.split()))
"""Words that say what is asked, not of which line."""


class Question(NamedTuple):
    """A question: what it asks, the periods and range it names, in its order."""

    text: str
    lower: str
    intent: Intent
    periods: tuple[Period, ...]
    range: Range | None

    @property
    def years(self) -> tuple[Period, ...]:
        """The periods with a year."""
        return tuple(each for each in self.periods if each.year)


def read_question(text: str) -> Question:
    """Return what a question asks. Words of kind decide; a question of words ("who", "why") asks for text."""
    lower = plain_numerals(plain(text)).strip()
    intent: Intent = next((each for each, pattern in _COMPILED if pattern.search(lower)), "value")
    numeric = _NUMERIC.search(lower) is not None or "how much" in lower
    worded = intent in _MAY_BE_WORDS and _TEXT.search(lower) is not None and not numeric
    if _COMPOUND.search(lower):
        intent = "value"
    elif worded or _REASON.search(lower):
        intent = "text"
    return Question(text, lower, intent, periods_of(text), named_range(text))
