"""The way without AI that the assistant must beat: a keyword menu, as many firms have on their pages and hotlines.

It shows the passage whose title and keys share most words with what was typed, the first of the file among equals, and nothing where none
is shared. It knows no other wording, no glossary and no weight of words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from dualtrack.runtime.passages.corpus import of_language

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.runtime.passages.corpus import Corpus, Language, Passage

__all__ = ["KeywordMenu"]

_WORD = re.compile(r"[a-z0-9]+")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")


class KeywordMenu:
    """Title and keys of the passages in force on a day, in both languages."""

    def __init__(self, corpus: Corpus, *, on: date) -> None:
        passages = corpus.serving(on)
        languages: tuple[Language, ...] = ("en", "zh-Hant")
        self._words = {language: [(item, self._terms(item, language)) for item in passages] for language in languages}

    def find(self, message: str, language: Language) -> Passage | None:
        """Return the passage that the menu would show, or None."""
        asked = _terms(message)
        best, most = None, 0
        for item, words in self._words[language]:
            shared = len(asked & words)
            if shared > most:
                best, most = item, shared
        return best

    @staticmethod
    def _terms(item: Passage, language: Language) -> frozenset[str]:
        return _terms(f"{of_language(item.title, language)} {of_language(item.keys, language)}")


def _terms(text: str) -> frozenset[str]:
    """Return the words of a text; of Chinese its pairs of characters, since it has no spaces."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    pairs = {run[at : at + 2] for run in _HAN.findall(plain) for at in range(max(1, len(run) - 1))}
    return frozenset(_WORD.findall(plain)) | pairs
