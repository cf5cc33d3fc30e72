"""Words of a question that nothing at hand says: they may ask for another figure than the one that the rest of the words finds.

"The budgeted revenue" and "revenue from the retail segment" hold the label "Revenue". On the half of TAT-QA that constants were set on,
88 of 96 printed values were right where every word of the question stood in the table, 6 of 14 where one did not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from dualtrack.apps.research.solving.asked import CALENDAR, currencies_in, days_in
from dualtrack.apps.research.solving.matching import phrase_words
from dualtrack.apps.research.solving.words import ALIKE, plain, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["unsaid"]

_ANY_LINE_WORDS = """
according annual arising calculated company consolidated could document financial incurred know overall represented shown stated
statement statements table tell text total want
er erm hello hi hmm kindly okay please thank thanks uh um
"""
_ANY_LINE = frozenset(map(stem, _ANY_LINE_WORDS.split()))
"""Words that any line may be asked with; a report leaves them out as it likes. The last line is of speech."""

_ANY_LINE_CHINESE = re.compile(
    r"請問|請|列明|計算|公司|集團|全年|財政|會計|金額|數額|數字|總額|總數|總|合共|大約|當年|該年|本年|錄得|達到|等於|呈報|報告|今年|去年|上年|前年|多少錢|千元|百萬|元|億|萬|唔該|話[俾畀比]我知|告訴我|想知道?|想問|幾多|幾錢|嘅|係|系|呀|啊|呢|嗎"
)
_HAN = re.compile("[㐀-䶿一-鿿]")
_WORD = re.compile(r"[A-Za-z][\w'’-]*")


def unsaid(question: str, said: Iterable[str], *, terms: bool = True) -> tuple[str, ...]:
    """Return the words of a question that no text of `said` has, in its order: English as written, Chinese as pairs of characters.

    A Chinese pair counts where neither of its characters is said: pairs across two words mean nothing. With `terms`, currencies and dates
    count too, by their codes: they are no words of a line, and who has found a cell looks at its own (`check_asked`).
    """
    texts = tuple(said)
    known, letters = _known(texts)
    lower = _ANY_LINE_CHINESE.sub(" ", plain(question))
    odd = [word for word in phrase_words(lower) if word not in known and ALIKE.get(word) not in known]
    odd = [word for word in odd if word not in _ANY_LINE and not (_HAN.match(word) and letters.intersection(word))]
    written = {stem(word): word for word in _WORD.findall(plain(question))}
    return (*(written.get(word, word) for word in odd), *(_terms(question, texts) if terms else ()))


def _terms(question: str, said: tuple[str, ...]) -> list[str]:
    """Return the currencies and dates of a question that no text has; a year's last day is the year's."""
    named = {code for text in said for code in currencies_in(text)}
    days = {day[1:] for text in said for day in days_in(text)} | {CALENDAR}
    odd = [code for code in currencies_in(question) if code not in named]
    return odd + [day.words.en for day in days_in(question) if day.year and day[1:] not in days]


@lru_cache(maxsize=64)
def _known(said: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    found = frozenset(word for text in said for word in words(text))
    letters = frozenset(sign for text in said for sign in plain(text) if _HAN.match(sign))
    return found | {ALIKE[word] for word in found if word in ALIKE}, letters
