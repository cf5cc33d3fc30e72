"""How many characters of a document a note gives word for word: its quotations, and its own sentences where they run along with the document."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["RUN_LATIN", "RUN_MOSTLY_HAN", "copied_characters", "plain"]

RUN_LATIN = 40
"""Letters in a row that count as copied: some eight English words. Names of lines and usual phrases are shorter."""

RUN_MOSTLY_HAN = 16
"""The same of Chinese, of which a letter says more."""

_OCCURRENCES_MAX = 64
"""Places of one block that are followed: a heading on every page."""

_SPACE = re.compile(r"\s+")
_HAN = re.compile("[\u3400-\u9fff]")


def plain(text: str) -> str:
    """Return a text without blanks, full-width letters as usual ones."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", text))


def copied_characters(sentences: Iterable[str], quotes: Iterable[tuple[int, str]], pages: Mapping[int, str]) -> int:
    """Return how many characters of a document, blanks not counted, stand in the sentences or the quotations; each place counts once.

    `pages` are its texts by number, `quotes` words with the page on which they are said to stand.
    """
    starts: dict[int, int] = {}
    whole = ""
    for number in sorted(pages):
        starts[number] = len(whole)
        whole += plain(pages[number]) + "\0"
    places = list(_quoted(quotes, starts, whole))
    for sentence in sentences:
        places += _runs(plain(sentence), whole)
    total, reached = 0, 0
    for start, end in sorted(places):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _quoted(quotes: Iterable[tuple[int, str]], starts: Mapping[int, int], whole: str) -> Iterator[tuple[int, int]]:
    for page, text in quotes:
        words = plain(text)
        at = whole.find(words, starts.get(page, 0)) if words else -1
        if at >= 0:
            yield at, at + len(words)


def _runs(sentence: str, whole: str) -> Iterator[tuple[int, int]]:
    """Yield places of the document along which a sentence runs.

    Every run of `least` letters holds a whole block of half of them, counted from the sentence's beginning, so only blocks are looked for.
    """
    han = len(_HAN.findall(sentence))
    least = RUN_MOSTLY_HAN if han * 2 > len(sentence) else RUN_LATIN
    block, done = least // 2, 0
    for at in range(0, len(sentence) - block + 1, block):
        if at < done:
            continue
        longest = max(_alike(sentence, at, block, whole), key=lambda run: run[1] - run[0], default=(0, 0, 0))
        if longest[1] - longest[0] >= least:
            done = at + longest[1] - longest[2]
            yield longest[:2]


def _alike(sentence: str, at: int, block: int, whole: str) -> Iterator[tuple[int, int, int]]:
    """Yield where the document has a block of the sentence, as far as both go on alike: its start, its end, and where the block begins."""
    found = -1
    for _ in range(_OCCURRENCES_MAX):
        found = whole.find(sentence[at : at + block], found + 1)
        if found < 0:
            return
        before = 0
        while before < min(at, found) and sentence[at - before - 1] == whole[found - before - 1]:
            before += 1
        end = block
        while at + end < len(sentence) and sentence[at + end] == whole[found + end]:
            end += 1
        yield found - before, found + end, found
