"""Phrases of two languages looked up in a folded text: English by stems of words, Chinese by characters, the longest first."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from dualtrack.runtime.guards.texts import fold_phrase
from dualtrack.runtime.passages.analysis import stem

__all__ = ["Book", "Word", "root", "words_of"]

K = TypeVar("K", str, tuple[str, ...])
T = TypeVar("T")

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*(?:'[a-z]+)?")
_ROOTS_KEPT = 20_000
_HAN_FIRST = "\u3400"
_STEM_LEAST = 3
_SHORT = {"can't": ("can", "not"), "cannot": ("can", "not"), "won't": ("will", "not"), "shan't": ("shall", "not")}
_IRREGULAR = {
    form: base
    for base, forms in {
        "write": "wrote written", "pay": "paid", "send": "sent", "lose": "lost", "tell": "told", "keep": "kept", "hold": "held", "buy": "bought", "sell": "sold",
        "spend": "spent", "choose": "chose chosen", "begin": "began begun", "come": "came", "see": "saw seen", "find": "found", "bring": "brought", "withdraw": "withdrew withdrawn",
        "freeze": "froze frozen", "break": "broke broken", "fall": "fell fallen", "rise": "rose risen", "draw": "drew drawn", "show": "shown", "grow": "grew grown", "steal": "stole stolen",
        "deal": "dealt", "run": "ran", "leave": "left", "put": "putting", "mean": "meant", "know": "knew known", "forget": "forgot forgotten", "meet": "met", "lend": "lent", "say": "said",
        "understand": "understood", "drive": "drove driven", "speak": "spoke spoken", "wear": "worn", "hurt": "hurting", "die": "died dies dying death", "stop": "stopping stopped",
    }.items()
    for form in forms.split()
}  # fmt: skip


class Word(NamedTuple):
    """A Latin word of a folded text: its stem and its place."""

    root: str
    start: int
    end: int


class Book(Generic[T]):
    """Phrases and what they mean, looked up at each place of a text, the longest first; what is found is not looked at again."""

    __slots__ = ("_begins", "_chinese", "_english")

    def __init__(self) -> None:
        self._english: dict[str, list[tuple[tuple[str, ...], list[T]]]] = {}
        self._chinese: dict[str, list[tuple[str, list[T]]]] = {}
        self._begins: re.Pattern[str] | None = None

    def add(self, phrase: str, sense: T) -> None:
        """Add a sense of a phrase of either language."""
        folded = fold_phrase(phrase)
        if any(sign >= _HAN_FIRST for sign in folded):
            _insert(self._chinese.setdefault(folded[0], []), folded, sense)
            self._begins = None
        else:
            roots = tuple(word.root for word in words_of(folded))
            _insert(self._english.setdefault(roots[0], []), roots, sense)

    def find(
        self, text: str, words: list[Word], roots: tuple[str, ...] | None = None
    ) -> list[tuple[int, int, list[T]]]:
        """Return the places and senses of the phrases in a folded text and its Latin words, in order; `roots` are those of the words, where the caller has them."""
        found = self._find_english(words, roots or tuple([word.root for word in words])) if words else []
        if not text.isascii():
            found += self._find_chinese(text)
            found.sort(key=lambda each: each[:2])
        return found

    def _find_english(self, words: list[Word], roots: tuple[str, ...]) -> list[tuple[int, int, list[T]]]:
        found: list[tuple[int, int, list[T]]] = []
        known = self._english
        if known.keys().isdisjoint(roots):
            return found
        until = 0
        for at, root in enumerate(roots):
            if at < until or root not in known:
                continue
            for phrase, senses in known[root]:
                size = len(phrase)
                if size == 1 or roots[at : at + size] == phrase:
                    found.append((words[at].start, words[at + size - 1].end, senses))
                    until = at + size
                    break
        return found

    def _find_chinese(self, text: str) -> list[tuple[int, int, list[T]]]:
        found: list[tuple[int, int, list[T]]] = []
        known = self._chinese
        until = 0
        if self._begins is None:
            self._begins = re.compile(f"[{re.escape(''.join(known))}]" if known else "(?!)")
        for match in self._begins.finditer(text):
            at = match.start()
            if at < until:
                continue
            for phrase, senses in known[match[0]]:
                if text.startswith(phrase, at):
                    until = at + len(phrase)
                    found.append((at, until, senses))
                    break
        return found


def _insert(entries: list[tuple[K, list[T]]], key: K, sense: T) -> None:
    for known, senses in entries:
        if known == key:
            if sense not in senses:
                senses.append(sense)
            return
    entries.append((key, [sense]))
    entries.sort(key=lambda each: -len(each[0]))


@lru_cache(maxsize=_ROOTS_KEPT)
def root(word: str) -> str:
    """Return the stem of a word in lower case, without the e that some of its forms have."""
    bare = word.removesuffix("'s")
    found = stem(_IRREGULAR.get(bare, bare))
    return found[:-1] if len(found) > _STEM_LEAST and found[-1] == "e" else found


def words_of(text: str) -> list[Word]:
    """Return the Latin words of a folded text; contractions of "not" are two words of one place."""
    found: list[Word] = []
    for match in _WORD.finditer(text):
        word, (start, end) = match[0], match.span()
        if word in _SHORT or word.endswith("n't"):
            found += [Word(part, start, end) for part in _SHORT.get(word, (word[:-3], "not"))]
        else:
            found.append(Word(root(word), start, end))
    return found
