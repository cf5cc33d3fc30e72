"""Texts as they are compared: normal forms, words of English and characters of Chinese, sentences, negations.

Full and half width, capital and small letters, punctuation and spaces do not tell answers apart; digits, decimal points, percent and
minus signs do. Traditional and Simplified characters are different characters here. The lists of words are our own.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.roles import counted_column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.evidence.sample import Sample

__all__ = [
    "CHARACTERS_MAX",
    "OPPOSITES",
    "content",
    "fold",
    "negations",
    "normal",
    "overlap",
    "sentences",
    "texts",
    "tokens",
    "without_marks",
]

CHARACTERS_MAX = 200_000
"""Most characters of one text: a longer one is a document, and its sentences times those of its passages are too much work."""

_HAN = "\u3400-\u9fff"
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SPACES = re.compile(r"\s+")
_AROUND_HAN = re.compile(rf" (?=[{_HAN}])|(?<=[{_HAN}]) ")
_TOKEN = re.compile(rf"-?\d+(?:\.\d+)*%?|[{_HAN}]|(?:(?![{_HAN}])[^\W\d_])+|\w|%")
_HAN_RUN = re.compile(rf"[{_HAN}]+")
_WORD = re.compile(rf"(?:(?![{_HAN}])[^\W\d_])+(?:'[a-z]+)?")
_SENTENCE = re.compile(r"(?<=[。!?;])|(?<=\.)(?=\s)|\n+")
_MARK = re.compile(r"[\[【][^\[\]【】]{1,200}[\]】]")

_STOP = frozenset({
    "a", "an", "the", "of", "to", "in", "on", "at", "is", "are", "was", "were", "be", "been", "being", "and", "or", "for", "with",
    "your", "you", "we", "our", "us", "it", "its", "this", "that", "these", "those", "will", "by", "as", "do", "does", "did", "has",
    "have", "had", "from", "if", "then", "than", "i", "they", "their", "there", "can", "may", "must", "shall", "should", "would",
})  # fmt: skip
_NOT_EN = frozenset({
    "not", "no", "never", "cannot", "without", "neither", "nor", "unable", "nobody", "none", "nothing", "isn't", "aren't", "don't",
    "doesn't", "didn't", "won't", "can't", "wasn't", "weren't", "mustn't", "needn't", "shouldn't", "wouldn't", "couldn't", "hasn't",
    "haven't",
})  # fmt: skip
_NOT_ZH = (
    "不得", "不可", "不能", "不會", "不会", "不用", "不是", "不須", "不须", "不需", "不設", "不设", "不適用", "不适用", "並非", "并非", "沒有", "没有",
    "毋須", "毋须", "無須", "无须", "無需", "无需", "未能", "並無", "并无", "唔可以", "唔使", "唔會", "冇",
)  # fmt: skip
OPPOSITES = (
    ("increase", "decrease"), ("increased", "decreased"), ("rise", "fall"), ("rose", "fell"), ("above", "below"), ("allowed", "prohibited"),
    ("permitted", "forbidden"), ("required", "optional"), ("mandatory", "voluntary"), ("covered", "excluded"), ("accepted", "rejected"),
    ("approved", "declined"), ("before", "after"), ("minimum", "maximum"), ("fixed", "floating"), ("secured", "unsecured"), ("yes", "no"),
    ("增加", "減少"), ("上升", "下跌"), ("高於", "低於"), ("必須", "自願"), ("免費", "收費"), ("受保", "不保"), ("最低", "最高"), ("之前", "之後"),
    ("接受", "拒絕"), ("批准", "拒絕"), ("允許", "禁止"),
)  # fmt: skip
"""Pairs of words that turn a statement round."""


def texts(sample: Sample, name: str) -> list[str]:
    """Return the texts in a role, missing ones empty; raises FieldError for values that are no text, or one that is too long."""
    column = counted_column(sample.roles, name)
    data = sample.columns[column]
    found: list[str] = []
    absent = np.ma.getmaskarray(data)
    for row, (value, gone) in enumerate(zip(np.ma.getdata(data).tolist(), absent.tolist(), strict=True)):
        if gone or value is None or value != value:  # noqa: PLR0124 -- NaN, the only value that is not itself, is how tables miss a text
            found.append("")
        elif not isinstance(value, str):
            raise FieldError(f"{type(value).__name__}, no text", where=f"{column}[{row}]", expected="a column of text")
        elif len(value) > CHARACTERS_MAX:
            raise FieldError(f"{len(value)} characters", where=f"{column}[{row}]", expected=f"at most {CHARACTERS_MAX}")
        else:
            found.append(value)
    return found


def fold(text: str) -> str:
    """Return a text in compatibility form, small letters, straight apostrophes, invisible characters gone."""
    plain = unicodedata.normalize("NFKC", text.replace("’", "'")).casefold()
    return "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")


def normal(text: str) -> str:
    """Return the form in which two texts are the same answer: folded, no punctuation, no spaces but between words."""
    plain = _GROUPED.sub("", fold(text))
    kept = "".join(sign if _carries(plain, at) else " " for at, sign in enumerate(plain))
    return _AROUND_HAN.sub("", _SPACES.sub(" ", kept).strip())


def tokens(text: str) -> list[str]:
    """Return words and numbers of a text, Chinese by character, in the normal form."""
    return _TOKEN.findall(normal(text))


def content(text: str) -> set[str]:
    """Return what a text is about: words that are not mere grammar, pairs of neighbouring Chinese characters. No figures."""
    plain = fold(text)
    for phrase in _NOT_ZH:
        plain = plain.replace(phrase, " ")
    words = {word for word in _WORD.findall(plain) if word not in _STOP and word not in _NOT_EN and len(word) > 1}
    for run in _HAN_RUN.findall(plain):
        words |= {run[at : at + 2] for at in range(max(len(run) - 1, 1))}
    return words


def negations(text: str) -> int:
    """Return how many words of negation a text has."""
    plain, found = fold(text), 0
    for phrase in _NOT_ZH:
        found += plain.count(phrase)
        plain = plain.replace(phrase, " ")
    return found + sum(word in _NOT_EN for word in _WORD.findall(plain))


def overlap(one: Iterable[str], other: Iterable[str]) -> tuple[int, int]:
    """Return twice the tokens that two texts share, and the tokens of both: their ratio is the token F1.

    Source: Rajpurkar et al. (2016), SQuAD, EMNLP 2016, section 6.1.
    """
    first, second = list(one), list(other)
    left: dict[str, int] = {}
    for token in second:
        left[token] = left.get(token, 0) + 1
    shared = 0
    for token in first:
        if left.get(token, 0):
            left[token] -= 1
            shared += 1
    return 2 * shared, len(first) + len(second)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, in compatibility form with their capitals."""
    plain = unicodedata.normalize("NFKC", text.replace("’", "'"))
    return [part.strip() for part in _SENTENCE.split(plain) if part and part.strip()]


def without_marks(text: str) -> str:
    """Return a text without what stands in square brackets: marks of citations are no part of a statement."""
    return _MARK.sub(" ", text)


def _carries(text: str, at: int) -> bool:
    sign = text[at]
    if unicodedata.category(sign)[0] not in "PSZC":
        return True
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if sign == ".":
        return before.isdigit() and after.isdigit()
    if sign in "-−":
        return sign == "-" and after.isdigit() and not before.isalnum()
    return sign == "%"
