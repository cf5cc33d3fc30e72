"""In which language and register a customer writes, and the one plain form of what was written.

Registers: `english`; `written` (standard written Chinese, and Chinese that says nothing of its register); `cantonese` (written as
spoken); `mixed` (words of both languages, the lesser at least a tenth of them; names in capitals and words such as app are no sign).
The language of the answer is that of the last sentence-like unit that has content: courtesies, figures and emoji are none. In a unit
with words of both languages it is that of most function words (they come from the language that frames a sentence: Myers-Scotton,
"Duelling Languages", 1993), then that of most words, two Han characters counting as one; still even, it is Chinese.
Words and characters are in `language.yaml`. They find what they list, no more.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.runtime.passages.scripts import to_traditional

__all__ = ["MIXED_SHARE", "Detected", "Language", "Register", "detect", "normalise"]

Language = Literal["en", "zh-Hant"]
Register = Literal["english", "written", "cantonese", "mixed"]

MIXED_SHARE = 0.1
"""Least share of the lesser language's words in a mixed text: one English word among eighteen Han characters."""

_FILE = "language.yaml"
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_PICTURES = "\u2600-\u27bf\U0001f300-\U0001faff"
# U+200D stays where it joins two pictures to one; tags and direction marks go, for they hide text from whoever reads it.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
    f"|(?<![{_PICTURES}\ufe0f\U0001f3fb-\U0001f3ff])\u200d|\u200d(?![{_PICTURES}])"
)
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(" ?\n[ \n]*")
_ANY_HAN = re.compile(f"[{_HAN}]")
_LETTER = re.compile(r"[^\W\d_]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]")
_WORD = re.compile(r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]+(?:['’-][A-Za-z]+)*")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w.-]{1,255}|[#@][\w-]+")
_ADDRESS_SIGN = re.compile(r"[#@]|://|www\.")
_UNIT_END = re.compile(r"[!?。;\n]+|\.(?:\s|\Z)|\.{2,}")


class _Words(Record, frozen=True):
    cantonese: list[str]
    written: list[str]
    neutral: list[str]
    function_en: frozenset[str]
    function_zh: list[str]
    courtesy_en: frozenset[str]
    courtesy_zh: list[str]
    ordinary_latin: frozenset[str]
    simplified: str


class Detected(Record, frozen=True):
    """What a text is written in, and what says so.

    Shares are of its letters (0 without any); `share_other` is letters of neither script, so that a caller sees what we cannot
    serve. `cantonese` and `written` count the markers found; `simplified` says whether a character of Simplified Chinese only was seen.
    """

    language: Language
    register: Register
    simplified: bool
    share_han: float
    share_latin: float
    share_other: float
    cantonese: int
    written: int


def normalise(text: str) -> str:
    """Return the one plain form: NFKC (full-width digits and letters as usual ones), nothing invisible, single spaces and line ends.

    Emoji stay. Applied again it changes nothing.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return _LINES.sub("\n", _SPACES.sub(" ", _LINE_END.sub("\n", plain))).strip()


def detect(text: str, *, otherwise: Language = "en") -> Detected:
    """Tell language and register of a message; `otherwise` is the language where it has no word: a figure, an emoji, nothing."""
    plain = normalise(text)
    if _ANY_HAN.search(plain) is None:
        latin = len(_LATIN.findall(plain))
        language: Language = "en" if latin else otherwise
        register: Register = "english" if language == "en" else "written"
        return Detected(language, register, False, *_shares(plain, 0, latin), 0, 0)
    return _detect_chinese(plain)


def _detect_chinese(plain: str) -> Detected:
    known = _compiled()
    simplified = known.simplified.search(plain) is not None
    plain = to_traditional(plain)
    han, latin = len(_ANY_HAN.findall(plain)), len(_LATIN.findall(plain))
    found = known.markers.findall(plain)
    cantonese, written = sum(1 for one, _ in found if one), sum(1 for _, one in found if one)
    language: Language = "zh-Hant"
    register: Register = "cantonese" if cantonese and cantonese >= written else "written"
    if latin:
        whole = _count(plain)
        if whole.english and min(whole.english, whole.chinese) >= MIXED_SHARE * (whole.english + whole.chinese):
            register = "mixed"
        elif whole.english > whole.chinese:
            register = "english"
        language = _language_of_answer(plain, whole)
    return Detected(language, register, simplified, *_shares(plain, han, latin), cantonese, written)


def _shares(text: str, han: int, latin: int) -> tuple[float, float, float]:
    """Return the shares of Han, of Latin and of other letters."""
    letters = max(len(_LETTER.findall(text)), han + latin)
    if not letters:
        return 0.0, 0.0, 0.0
    return han / letters, latin / letters, (letters - han - latin) / letters


class _Counted(NamedTuple):
    """Words of a text that are no courtesies: English ones, Chinese ones as half their characters, and how far English frames it."""

    english: int
    chinese: float
    framed: int


def _count(text: str) -> _Counted:
    known = _compiled()
    if _ADDRESS_SIGN.search(text):
        text = _ADDRESS.sub(" ", text)
    words = [word.replace("’", "'") for word in _WORD.findall(text)]
    plain = [
        low for word in words if not ((word.isupper() and word != "I") or (low := word.lower()) in known.not_english)
    ]
    chinese = len(_ANY_HAN.findall(known.courtesy.sub("", text))) / 2
    framed = sum(word in known.words.function_en for word in plain) - len(known.function.findall(text))
    return _Counted(len(plain), chinese, framed)


def _language_of_answer(text: str, whole: _Counted) -> Language:
    """Return the language of the last unit with content, where the whole text has words of both languages or only one."""
    if not whole.english or not whole.chinese:
        return "en" if whole.english else "zh-Hant"
    units = [unit for unit in _UNIT_END.split(text) if unit.strip()]
    for unit in reversed(units):
        found = whole if len(units) == 1 else _count(unit)
        if found.english and found.chinese:
            return "en" if (found.framed or found.english - found.chinese) > 0 else "zh-Hant"
        if found.english or found.chinese:
            return "en" if found.english else "zh-Hant"
    return "zh-Hant"


class _Compiled:
    def __init__(self, words: _Words) -> None:
        self.words = words
        self.not_english = words.ordinary_latin | words.courtesy_en
        self.simplified = re.compile(f"[{''.join(words.simplified.split())}]")
        listed = (words.neutral, words.cantonese, words.written)
        first = "".join(sorted({to_traditional(word)[0] for each in listed for word in each}))
        neutral, cantonese, written = (_any_of(each) for each in listed)
        self.markers = re.compile(f"(?=[{first}])(?:{neutral}|({cantonese})|({written}))")
        self.courtesy = re.compile(_any_of(words.courtesy_zh))
        self.function = re.compile(_any_of(words.function_zh))


def _any_of(words: list[str]) -> str:
    return "|".join(sorted((re.escape(to_traditional(word)) for word in words), key=len, reverse=True))


@cache
def _compiled() -> _Compiled:
    data = (resources.files("dualtrack.apps.service") / _FILE).read_bytes()
    return _Compiled(read_record(read_yaml(data, where=_FILE), _Words, where=_FILE))
