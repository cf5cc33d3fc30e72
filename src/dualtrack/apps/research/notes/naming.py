"""Names compared: issuers and holders as people write them, with or without `Limited`, titles, hyphens and capitals. In doubt two names are one.

A register that keeps notes back must not be passed by another spelling, so a name that another begins with is taken for it, and the words
of a person's name count in any order. Names in two scripts are not brought together.
"""

from __future__ import annotations

import re

from dualtrack.apps.research.documents.wording import search_words
from dualtrack.apps.research.notes.wording import read_sentence
from dualtrack.runtime.passages.analysis import is_han, plain_text

__all__ = ["chinese_names", "issuer_words", "same_holder", "same_issuer"]

_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "sir", "the", "associate", "spouse", "family", "of"})
_TITLES_ZH = ("先生", "女士", "小姐", "博士", "教授", "的", "配偶", "家人", "有聯繫者")


def same_issuer(one: str, other: str) -> bool:
    """Say whether two names may be those of one issuer: alike without the words that companies end with, or one begins with the other."""
    first, second = _core(one), _core(other)
    least = min(len(first), len(second))
    return least > 0 and (first[:least] == second[:least] or _begins(first, second))


def same_holder(one: str, other: str) -> bool:
    """Say whether two names may be those of one person or one of theirs: all words of one are among those of the other."""
    first, second = _person(one), _person(other)
    return bool(first and second) and (first <= second or second <= first)


def issuer_words(name: str) -> frozenset[str]:
    """Return what a sentence may say of an issuer's name, as it is read: its words and lines, and a Chinese name without its ending."""
    said = read_sentence(name)
    return frozenset([*said.texts("word"), *said.texts("line"), *chinese_names(name)])


def chinese_names(name: str) -> list[str]:
    """Return the Chinese parts of an issuer's name, without what companies end with."""
    return [each for each in _core(name) if not each.isascii()]


def _core(name: str) -> list[str]:
    ends = search_words().issuer_ends
    words = _WORD.findall(plain_text(name).replace("'s", ""))
    while len(words) > 1 and words[-1] in ends:
        words.pop()
    if words and is_han(words[-1]):
        for end in (*ends, "股份", "集團"):
            words[-1] = words[-1].removesuffix(end) or words[-1]
    return words


def _begins(first: list[str], second: list[str]) -> bool:
    """Chinese has no words between blanks: one name may begin with the other as it stands."""
    one, other = "".join(first), "".join(second)
    return is_han(one) and is_han(other) and (one.startswith(other) or other.startswith(one))


def _person(name: str) -> set[str]:
    plain = plain_text(name)
    for title in _TITLES_ZH:
        plain = plain.replace(title, " ")
    return {word for word in _WORD.findall(plain) if word not in _TITLES}
