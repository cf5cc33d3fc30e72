"""Reads a page for words in another language than it says it is in: what a reader of Chinese would meet in English."""

from __future__ import annotations

import re
from html.parser import HTMLParser

RUN = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:[ ,;:]+[A-Za-z][A-Za-z'’-]*){3,}")
"""Four English words in a row: a sentence or a name, never a term that Hong Kong's Chinese texts use as it is."""

_QUOTED = re.compile("「([^」]*)」")
"""Words inside a sentence that may be another's, as a column's heading: or our own, which quotation marks do not excuse."""

_SAID = ("title", "aria-label", "alt", "placeholder", "data-label", "data-done")
_CODE = {"script", "style", "code", "pre", "kbd", "samp", "textarea"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class PageReader(HTMLParser):
    """Gathers texts with the language that holds where they stand; code and what is being typed is left out."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = []
        self.texts: list[tuple[str, str]] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        lang = given.get("lang") or (self._open[-1][1] if self._open else "")
        self.texts += [(given[name], lang) for name in _SAID if given.get(name)]
        if tag not in _VOID:
            self._open.append((tag, lang))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        text = " ".join(data.split())
        if text and self._open and not any(tag in _CODE for tag, _ in self._open):
            self.texts.append((text, self._open[-1][1]))


def read_page(html: str) -> list[tuple[str, str]]:
    """Return a page's texts with their languages."""
    reader = PageReader()
    reader.feed(html)
    return reader.texts


def english_in(html: str, others: tuple[str, ...] = ()) -> list[str]:
    """Return texts of a Chinese page that hold English sentences and are not marked as such.

    What stands in quotation marks is let pass only where it is another's: where `others`, which are the source and the question, have
    it word for word, or where the page has it elsewhere marked as English.
    """
    texts = read_page(html)
    known = [" ".join(text.split()) for text in (*others, *(text for text, lang in texts if not lang.startswith("zh")))]

    def unquoted(match: re.Match[str]) -> str:
        return "「」" if any(match[1] in text for text in known) else match[0]

    return [text for text, lang in texts if lang.startswith("zh") and RUN.search(_QUOTED.sub(unquoted, text))]


def marked_english(html: str) -> list[str]:
    """Return texts that a page marks as English."""
    return [text for text, lang in read_page(html) if lang.startswith("en")]
