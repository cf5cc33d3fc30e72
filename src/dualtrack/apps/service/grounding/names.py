"""Names, addresses and numbers to call in a text: what may never be shown unless the source has it to the letter.

Chinese names have no capitals; they are seen through the coverage of their characters, and the Latin words in them here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from dualtrack.apps.service.grounding.lexicon import lexicon
from dualtrack.runtime.guards.texts import fold

__all__ = ["Names", "missing_names", "names_of", "phones_in", "without_addresses"]

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'，。；、）)】\]]+|(?<![\w@.])(?:[a-z0-9-]+\.)+(?:com|hk|org|net|gov|edu|io|app|example|info|biz|co|cn|me|link|xyz)(?![\w])(?:/[^\s<>\"'，。；、）)】\]]*)?",
    re.IGNORECASE | re.ASCII,
)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,80}(?:\.[\w-]{1,80}){1,5}", re.ASCII)
_PHONE = re.compile(
    r"(?<![\da-zA-Z.,$])(?:\+\d{1,3}[ -]?|\(\d{3}\) ?)?\d{4}[ -]\d{4}(?![\da-zA-Z]|,\d)|(?<![\da-zA-Z.,$])\+\d{6,14}(?![\da-zA-Z])|(?<![\da-zA-Z.,$])\d{8}(?![\da-zA-Z]|[,.]\d)|(?<![\da-zA-Z.,$])[18]\d{2}[ -]\d{3}[ -]\d{3}(?![\da-zA-Z])|(?<=call )\d{3}(?![\w-]|,\d| \d)|(?<=dial )\d{3}(?![\w-]|,\d| \d)|(?<=[电電打])\s?\d{3,5}(?!\d|[ -]\d)"
)
_NAME = re.compile(r"(?<![\w'’])[A-Z][\w&]*(?:[-'’][A-Z]?\w+)*")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9&-]*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_QUOTED = re.compile(r"[「『“]([^「」『』“”]{1,20})[」』”]")
_AUTHORITY = re.compile(r"[\u3400-\u9fff]{2}(?:(?<![该本此])局|(?<![该签])署|委员会|协会|法院|交易所|[务册境运]处)")
_WORD = re.compile(r"[a-z0-9&]+")
_SENTENCE_START = re.compile(r"^[\W\d_]*$|[:：;；]\s*[\"'“「(（]*$")
_HONG_KONG, _WITH_AREA = "852", 11
_NO_NAMES = frozenset(
    {"i", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "monday", "tuesday",
    "wednesday", "thursday", "friday", "saturday", "sunday", "hk", "hkd", "usd", "rmb", "yes", "no", "not", "us", "hong", "kong", "s", "ok", "app", "apps", "email", "atm", "sms", "pin", "otp", "id",
    "am", "pm", "e-mail", "web", "website", "cm", "kg", "km", "mm", "m", "mpf", "chinese", "english"}
)  # fmt: skip


class Names(NamedTuple):
    """Addresses and numbers to call in one form, the words of names in small letters, and Chinese names as folded text: what stands in 「」, and ends of names of authorities."""

    links: frozenset[str]
    mails: frozenset[str]
    phones: frozenset[str]
    words: frozenset[str]
    terms: frozenset[str]


def names_of(text: str, folded: str) -> Names:
    """Return what a text names, given also in its folded form without addresses. The first word of a sentence is a name only where it is in capitals throughout."""
    plain = unicodedata.normalize("NFKC", text)
    found: list[frozenset[str]] = []
    for pattern, likely, form in _ADDRESSES:
        matches = pattern.findall(plain) if likely.search(plain) else ()
        found.append(frozenset(form(each) for each in matches))
        plain = pattern.sub(" ", plain) if matches else plain
    mails, links, phones = found
    return Names(links, mails, phones, frozenset(_words(plain)), frozenset(_terms(folded)))


def missing_names(said: Names, known: Names, known_words: frozenset[str], folded: str) -> list[str]:
    """Return what is named and not known; a name is looked for among all words of the source, whatever their case, and in its folded text."""
    found = sorted((said.links - known.links) | (said.mails - known.mails) | (said.phones - known.phones))
    found += sorted(term for term in said.terms if term not in folded and term not in lexicon().authorities)
    return found + sorted(
        word for word in said.words if word not in known_words and word.rstrip("s") not in known_words
    )


def phones_in(folded: str) -> list[tuple[int, int, str]]:
    """Return places and digits of the numbers to call in a folded text."""
    return [(*match.span(), _digits(match[0])) for match in _PHONE.finditer(folded)]


def without_addresses(folded: str) -> str:
    """Return a folded text with addresses and numbers to call as blanks of the same length, so that their digits are no figures."""
    for pattern, likely, _ in _ADDRESSES:
        if likely.search(folded):
            folded = pattern.sub(lambda match: " " * len(match[0]), folded)
    return folded


def _mail(text: str) -> str:
    return text.casefold().rstrip(".")


def _digits(text: str) -> str:
    digits = "".join(filter(str.isdigit, text))
    return digits.removeprefix(_HONG_KONG) if len(digits) == _WITH_AREA else digits


def _link(text: str) -> str:
    plain = text.casefold().rstrip("./,;:!?")
    return plain.removeprefix("https://").removeprefix("http://").removeprefix("www.")


def _terms(folded: str) -> set[str]:
    if folded.isascii():
        return set()
    return {match[1] for match in _QUOTED.finditer(folded)} | {match[0] for match in _AUTHORITY.finditer(folded)}


def _words(text: str) -> set[str]:
    found: set[str] = set()
    chinese = _HAN.search(text) is not None
    for match in (_LATIN if chinese else _NAME).finditer(text):
        word = match[0]
        capitals = word.isupper() and len(word) > 1
        if chinese or capitals or not _SENTENCE_START.search(text[: match.start()]):
            found.update(part for part in _WORD.findall(fold(word).text) if not part.isdigit())
    return found - _NO_NAMES


_ADDRESSES = (
    (_MAIL, re.compile("@"), _mail),
    (_LINK, re.compile(r"//|www|[a-zA-Z0-9]\.[a-zA-Z]"), _link),
    (_PHONE, re.compile(r"\d{3}"), _digits),
)
