"""Romanised names of Hong Kong and Pinyin, with or without an English given name, and any name after a telling word.

One pass over the words of the text: only where a surname, a title or a telling word stands are the neighbours looked at.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from dualtrack.runtime.guards.personal.forms import Found
from dualtrack.runtime.guards.personal.name_lists import WORD, NameLists, name_lists

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NAME_WORDS_MAX", "find_names_en"]

NAME_WORDS_MAX = 6
"""Words of one name: `Au-Yeung Tai Man Peter` has five, a married woman's has one more."""

_NO_WORD, _NO_WORD_LOWER = (
    bytes(
        small(code) if chr(code).isascii() and (chr(code).isalpha() or chr(code) == "'") else 32 for code in range(256)
    )
    for small in (int, lambda code: ord(chr(code).lower()))
)
"""Turn all but letters and apostrophes to blanks; the second writes letters small."""

_APOSTROPHE = ord("'")
_LARGE_MAX = ord("Z")
_BEFORE_WIDTH = 20
_PINYIN = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ao|ou|an|en|in|un|ia|ie|iu|ua|uo|ui|ue|a|o|e|i|u)){1,2}"
)


_SMALL_ENGLISH, _SMALL_ROMANISED = 2, 3
"""Words of a name in small letters, with an English given name and without: fewer are ordinary words."""

_PARTICLE = 2
"""Letters of a word that is rather a particle, as `de`, than a given name."""

_CAPITAL_AFTER = re.compile(r"[ :,\n][A-Z]")
_ZH_BEFORE = re.compile(
    "(?:我叫|我係|我是|本人|姓名|戶主|客戶|客人|受益人|收款人|申請人|投保人|受保人|持有人|持卡人|擔保人|聯絡人|收件人|搵|叫做|名叫|致電|通知|先生|小姐|女士|簽署)"
    r"[ :,]{0,2}(?:係|是|為|叫)?[ :]{0,2}(?=[A-Z])"
)


class _Words:
    """The words of a text with their places, and which of them stand side by side. `given` are the words as written."""

    def __init__(self, plain: str, given: list[str], lower: list[str] | None = None) -> None:
        self.plain, self.given = plain, given
        self.lower = [word.lower() for word in given] if lower is None else lower

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Places of the words; made when a word is looked at, which in most texts none is."""
        return [match.span() for match in WORD.finditer(self.plain)]

    def run(self, first: int, most: int, gaps: frozenset[str]) -> int:
        """Return the index after the last word joined to word `first` by one of the gaps."""
        last = first
        while last + 1 < len(self.spans) and last + 1 - first < most:
            if self.plain[self.spans[last][1] : self.spans[last + 1][0]] not in gaps:
                break
            last += 1
        return last + 1

    def large(self, at: int) -> bool:
        """Tell whether a word begins with a capital letter."""
        return self.given[at][0].isupper()


_PLACE_WORDS = 4
"""Words of a place name: a surname may be its second or third, as in Yau Ma Tei."""

_FIRM_GAPS = frozenset({" ", "\n", " & "})
_NOT_BEFORE = frozenset("@._/0123456789")
_NOT_BEHIND = frozenset("@_0123456789")
_NEXT = frozenset({" ", "-", "\n", "  "})
_NEXT_COMMA = _NEXT | {", ", ","}


def find_names_en(plain: str) -> Iterator[Found]:
    """Yield names; of two that overlap the caller keeps the longer."""
    data = plain.encode("ascii", "replace")
    cut = data.translate(_NO_WORD).split()
    if not cut:
        return
    lists = name_lists()
    told = _told_in_chinese(plain, data)
    small = data.translate(_NO_WORD_LOWER).split()
    if b"'" in data and any(word[0] == _APOSTROPHE or word[-1] == _APOSTROPHE or word.count(b"'") > 1 for word in cut):
        cut = [word.encode() for word in WORD.findall(plain)]
        small = [word.lower() for word in cut]
    triggers = lists.triggers
    if told:
        hits = [at for at, word in enumerate(small) if word in triggers]
    else:
        telling = lists.telling_bytes  # most hits are surnames that are ordinary words, as do and to, written small
        hits = [
            at
            for at, word in enumerate(small)
            if word in triggers
            and (cut[at][0] <= _LARGE_MAX or word in telling)
            and _can_begin(data, cut, small, at, lists)
        ]
        if not hits:
            return
    given = b" ".join(cut).decode("ascii").split(" ")
    lower = b" ".join(small).decode("ascii").split(" ")
    if not told and not _may_have(plain, given, lists):
        return
    words = _Words(plain, given, lower)
    if told:
        hits = sorted({*hits, *(at for at, (start, _) in enumerate(words.spans) if start in told)})
    for at in hits:
        word = lower[at]
        found = []
        if told and words.spans[at][0] in told:
            found.append(_after_chinese(words, at, lists))
        if small[at] in triggers:
            found.append(_after_title(words, at, lists) if word in lists.titles else None)
            found.append(_after_words(words, at, lists) if word in lists.ends else None)
            found.append(_by_surname(words, at, lists))
        yield from filter(None, found)


def _told_in_chinese(plain: str, data: bytes) -> set[int]:
    """Return where a name may begin after a telling word in Chinese; it begins with a capital letter."""
    if plain.isascii() or data == data.lower():
        return set()
    return {match.end() for match in _ZH_BEFORE.finditer(plain)}


def _can_begin(data: bytes, cut: list[bytes], small: list[bytes], at: int, lists: NameLists) -> bool:
    """Tell whether a name can stand at a title, a telling word or a surname, by the words beside it alone."""
    word = small[at]
    if word in lists.titles_bytes:
        return True
    following = cut[at + 1] if at + 1 < len(cut) else b""
    large = following[:1].isupper()
    if word in lists.ends_bytes and (large or following.lower() in lists.small_bytes):
        return True
    if not cut[at][:1].isupper():
        return False
    before = cut[at - 1] if at else b""
    if large or before[:1].isupper() or word == b"au":
        return True
    return b"-" in data and (cut[at] + b"-" in data or (before != b"" and b"-" + before in data))


def _after_chinese(words: _Words, at: int, lists: NameLists) -> Found | None:
    """Take what is written large after 我叫, 客戶 and the like: two words, or one that our lists know."""
    last = _large_run(words, at, lists, small=False)
    if last - at > 1:
        return _found(words, at, last, 750, "words before", lists)
    known = words.lower[at] in lists.english or words.lower[at] in lists.surnames
    return _found(words, at, last, 560, "words before", lists) if known and last > at else None


def _may_have(plain: str, found: list[str], lists: NameLists) -> bool:
    """Tell whether a surname written large, a title, or a telling word before a capital letter stands in the text."""
    if not lists.written.isdisjoint(found):
        return True
    return not lists.ends.isdisjoint(found) and any(
        plain[max(0, match.start() - _BEFORE_WIDTH) : match.start()].lower().rstrip(" :,\n").endswith(lists.said)
        for match in _CAPITAL_AFTER.finditer(plain)
    )


def _stopped(words: _Words, first: int, last: int, lists: NameLists) -> bool:
    """Tell whether the words are a place or a firm, or are followed by a word that makes them one."""
    plain, start, end = words.plain, words.spans[first][0], words.spans[last - 1][1]
    for at in range(max(0, first - _PLACE_WORDS + 1), last):
        for place in lists.none.get(words.lower[at], ()):
            reach = at + len(place)
            fits = reach > first and (len(place) > 1 or reach >= last)
            if fits and tuple(words.lower[at:reach]) == place:
                return True
    if (
        last < len(words.lower)
        and plain[end : words.spans[last][0]] in _FIRM_GAPS
        and words.lower[last] in lists.not_after
    ):
        return True
    return plain[max(0, start - 1) : start] in _NOT_BEFORE or plain[end : end + 1] in _NOT_BEHIND


def _given_run(words: _Words, first: int, limit: int, lists: NameLists, *, small: bool) -> int:
    """Return the index after the given-name words from `first`: syllables of Hong Kong, hyphens joining them."""
    last = first
    while (
        last < limit
        and words.lower[last] in lists.syllables
        and (small or words.large(last) or _hyphen_before(words, last))
    ):
        last += 1
    return last


def _hyphen_before(words: _Words, at: int) -> bool:
    return words.plain[words.spans[at][0] - 1 : words.spans[at][0]] == "-"


def _by_surname(words: _Words, at: int, lists: NameLists) -> Found | None:
    """Look for given names on both sides of a surname; all words must be written large, as names are."""
    romanised = words.lower[at] in lists.surnames
    if not (romanised or words.lower[at] in lists.pinyin) or not words.large(at):
        return None
    end, given = words.run(at, NAME_WORDS_MAX, _NEXT_COMMA), _own_end(words, at)
    first = _english_before(words, at, lists)
    last = _given_run(words, given, min(end, given + 3), lists, small=False)
    if romanised and last > given:
        strong = last - given > 1 or first < at
        if strong or _upper(words, at):
            last = _english_after(words, last, end, lists)
            return _found(words, first, last, 800 if strong else 500, "surname and given name of our lists", lists)
    if first < at:
        two_surnames = (
            at - first == 1 and words.lower[first] in lists.surnames and words.lower[first] not in lists.english
        )
        if two_surnames or words.lower[at] in lists.not_after:
            return None
        return _found(words, first, given, 750, "English given name and surname", lists)
    return _given_after(words, at, given, end, lists)


def _given_after(words: _Words, at: int, given: int, end: int, lists: NameLists) -> Found | None:
    """Take an English or a Pinyin given name after a surname."""
    if given >= end or not words.large(given):
        return None
    word = words.lower[given]
    if word in lists.english:
        tail = _given_run(words, given + 1, end, lists, small=False)
        return _found(words, at, tail, 700, "surname and English given name", lists)
    only_pinyin = words.lower[at] not in lists.surnames
    fits = words.lower[at] in lists.pinyin and len(word) > _PARTICLE and _PINYIN.fullmatch(word)
    if fits and (only_pinyin or word not in lists.surnames):
        return _found(words, at, given + 1, 560, "Pinyin surname and given name", lists)
    return None


def _own_end(words: _Words, at: int) -> int:
    if words.lower[at] == "au" and at + 1 < len(words.lower) and words.lower[at + 1] == "yeung":
        return at + 2
    return at + 1


def _upper(words: _Words, at: int) -> bool:
    start, end = words.spans[at]
    return end - start > 1 and words.plain[start:end].isupper()


def _english_before(words: _Words, at: int, lists: NameLists) -> int:
    """Return the index of the first English given name directly before word `at`, with syllables between: `Peter Tai Man Chan`."""
    first = at
    while first and at - first < 3:  # noqa: PLR2004 - three words before a surname
        gap = words.plain[words.spans[first - 1][1] : words.spans[first][0]]
        known = words.lower[first - 1] in lists.english or words.lower[first - 1] in lists.syllables
        if gap not in _NEXT or not known or not (words.large(first - 1) or _hyphen_before(words, first - 1)):
            break
        first -= 1
    while first < at and words.lower[first] not in lists.english and at - first < 2:  # noqa: PLR2004 - one syllable alone tells nothing
        first += 1
    return first


def _english_after(words: _Words, last: int, end: int, lists: NameLists) -> int:
    if last < end and words.lower[last] in lists.english and words.large(last):
        return last + 1
    return last


def _after_title(words: _Words, at: int, lists: NameLists) -> Found | None:
    """Take the words written large after Mr, Ms or Dr, at most four."""
    gap = words.plain[words.spans[at][1] : words.spans[at + 1][0]] if at + 1 < len(words.spans) else "|"
    if gap not in {" ", ". ", ".", "\n", ".\n"} or words.lower[at + 1] in lists.titles:
        return None
    last = _large_run(words, at + 1, lists, small=True)
    return _found(words, at + 1, last, 850, "title", lists) if last > at + 1 else None


def _after_words(words: _Words, at: int, lists: NameLists) -> Found | None:
    """Take the words written large after "my name is", or names of our lists after weaker words."""
    following = at + 1
    if following >= len(words.given) or not (words.large(following) or words.lower[following] in lists.small):
        return None  # no name begins there: most words after "is" or "for" are ordinary ones
    start = words.spans[at + 1][0]
    if start - words.spans[at][1] > 3:  # noqa: PLR2004 - a colon and two spaces
        return None
    if (
        not _told(words.plain, start, lists)
        or words.lower[at + 1] in lists.titles
        or (words.lower[at + 1] in lists.ends and not words.large(at + 1))
    ):
        return None
    last = _large_run(words, at + 1, lists, small=True)
    if last == at + 1:
        return None
    weak = words.lower[at] in lists.weak
    known = [
        words.lower[i] in lists.surnames or words.lower[i] in lists.english or words.lower[i] in lists.pinyin
        for i in range(at + 1, last)
    ]
    large = sum(words.large(i) for i in range(at + 1, last))
    if (not any(known) and (weak or large < 2)) or (weak and last - at < 3):  # noqa: PLR2004 - two words
        return None
    return _found(words, at + 1, last, 700 if weak else 800, "words before", lists)


def _told(plain: str, start: int, lists: NameLists) -> bool:
    """Tell whether a telling phrase ends right before a place; plain ends are compared before a pattern is tried."""
    window = plain[max(0, start - _BEFORE_WIDTH) : start]
    if window.isascii() and not window.rstrip(" :,\n").lower().endswith(lists.phrases):
        return False
    return lists.before.search(plain, max(0, start - _BEFORE_WIDTH), start) is not None


def _large_run(words: _Words, first: int, lists: NameLists, *, small: bool) -> int:
    """Return the index after the words of a name: written large, or in small letters if surname and syllables fit."""
    end = words.run(first, NAME_WORDS_MAX - 1, frozenset({" ", "-"}))
    last = first
    while last < end and words.lower[last] not in lists.not_after and words.lower[last] not in lists.titles:
        if not words.large(last) and not (last > first and _hyphen_before(words, last)):
            break
        last += 1
    if last == first and small and (words.lower[first] in lists.surnames or words.lower[first] in lists.english):
        last = _given_run(words, first + 1, end, lists, small=True)
        if last < end and words.lower[last] in lists.surnames and words.lower[first] in lists.english:
            last += 1
        if last - first < (_SMALL_ENGLISH if words.lower[first] in lists.english else _SMALL_ROMANISED):
            return first
    return last


def _found(words: _Words, first: int, last: int, score: int, why: str, lists: NameLists) -> Found | None:
    if _stopped(words, first, last, lists):
        return None
    return Found("NAME", words.spans[first][0], words.spans[last - 1][1], score, why)
