"""Text as guards match it, with the way back to the original's code points; and which texts a guard reads.

Matching happens on a folded form: NFKC one character at a time, small letters, no accents, no invisible characters, Latin
look-alikes as Latin, Traditional characters as Simplified, no spaces inside Chinese. So one list of cues serves every
spelling. Positions in findings are those of the original.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple, cast

from dualtrack.domain.documents import read_yaml
from dualtrack.errors import FieldError
from dualtrack.runtime.guards.sharing import shared

if TYPE_CHECKING:
    from dualtrack.runtime.guards.base import Checked, Role

__all__ = [
    "BEFORE_MAX",
    "STRINGS_MAX",
    "TEXT_CHARACTERS_MAX",
    "Folded",
    "Part",
    "answered",
    "asked",
    "fold",
    "fold_phrase",
    "guard_data",
    "refuse_settings",
    "strings_in",
    "told_before",
]

TEXT_CHARACTERS_MAX = 1_000_000
"""Code points of one text that are read; a longer one scores as found, because nobody has looked at all of it."""

STRINGS_MAX = 10_000
"""Texts and nodes taken from an answer that is data: more is not an answer for a person."""

BEFORE_MAX = 6
"""Texts before this turn that are looked at: what a person points back to was named lately, and each costs time."""

_LEVELS_MAX = 20
_KEPT_MAX = 65_536
_CHINESE = "\u3400-\u9fff\uf900-\ufaff"
_UNSEEN = frozenset("\u034f\u3164\u115f\u1160") | {chr(0xFE00 + number) for number in range(16)}
_HAS_CHINESE = re.compile(f"[{_CHINESE}]")
_BETWEEN_CHINESE = re.compile(f"[ \\n*_|~·\\-](?<=[{_CHINESE}].)[ \\n*_|~·\\-]{{0,3}}(?=[{_CHINESE}])", re.DOTALL)


class Part(NamedTuple):
    """One text of what is checked: the number of its piece, who wrote it, and the text."""

    piece: int
    role: Role
    text: str


class Folded(NamedTuple):
    """The form that is matched. `chinese` tells whether phrases in Chinese can match at all."""

    text: str
    original: str
    chinese: bool

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original of a place in the folded text."""
        if self.original.isascii() or self.text == self.original:
            return start, end
        places = [place for place, character in enumerate(self.original) for _ in _folds()[ord(character)]]
        if len(places) != len(self.text):
            folded = self.original.translate(_folds())
            gone = {place for match in _BETWEEN_CHINESE.finditer(folded) for place in range(*match.span())}
            places = [place for number, place in enumerate(places) if number not in gone]
        if not places:
            return 0, 0
        first = places[min(start, len(places) - 1)]
        return first, places[min(max(end, start + 1), len(places)) - 1] + 1


class _Folds(dict[int, str]):
    """What each code point becomes; filled as they are met, for at most `_KEPT_MAX` of them."""

    def __init__(self) -> None:
        data = cast("dict[str, dict[str, str]]", guard_data("characters"))
        self.own = {ord(key): value for part in ("simplified", "latin") for key, value in data[part].items()}
        super().__init__()

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kind = unicodedata.category(character)
        if kind == "Cf" or character in _UNSEEN:
            folded = ""
        elif character == "\n":
            folded = "\n"
        elif kind in {"Zs", "Zl", "Zp", "Cc"}:
            folded = " "
        else:
            known = self.own.get(code, unicodedata.normalize("NFKC", character))
            bare = (part for part in unicodedata.normalize("NFD", known) if unicodedata.category(part) != "Mn")
            folded = "".join(self.own.get(ord(part), part) for part in "".join(bare).casefold())
        if len(self) < _KEPT_MAX:
            self[code] = folded
        return folded


@cache
def _folds() -> _Folds:
    return _Folds()


def fold(text: str) -> Folded:
    """Return a text in the form that cues are matched on."""
    if text.isascii():
        plain = text.lower()
        return Folded(plain.replace("\t", " ").replace("\r", " "), text, chinese=False)
    folded = text.translate(_folds())
    chinese = _HAS_CHINESE.search(folded) is not None
    return Folded(_BETWEEN_CHINESE.sub("", folded) if chinese else folded, text, chinese)


def fold_phrase(phrase: str) -> str:
    """Return a phrase of a data file with its characters folded and its signs left as they are."""
    return phrase.translate(_folds())


def asked(checked: Checked) -> tuple[Part, ...]:
    """Return what the person said in this turn: the user's pieces after the last answer. Guards of a run share it."""
    run = shared()
    if run is not None and run.asked is not None and run.asked[0] is checked:
        return run.asked[1]
    found: list[Part] = []
    for number in range(len(checked.pieces) - 1, -1, -1):
        role, text = checked.pieces[number]
        if role == "assistant":
            break
        if role == "user":
            found.append(Part(number, role, text))
    parts = tuple(reversed(found))
    if run is not None:
        run.asked = checked, parts
    return parts


def answered(checked: Checked) -> tuple[Part, ...]:
    """Return what would reach a person: the pieces after the last question, texts in a data answer, and reasons."""
    run = shared()
    if run is not None and run.answered is not None and run.answered[0] is checked:
        return run.answered[1]
    found: list[Part] = []
    for number in range(len(checked.pieces) - 1, -1, -1):
        role, text = checked.pieces[number]
        if role == "user":
            break
        if role == "assistant":
            found.append(Part(number, role, text))
    last = max(len(checked.pieces) - 1, 0)
    data = [] if checked.answer is None else strings_in(checked.answer)
    parts = (*reversed(found), *(Part(last, "assistant", text) for text in (*data, *checked.reasons)))
    if run is not None:
        run.answered = checked, parts
    return parts


def told_before(checked: Checked, parts: tuple[Part, ...]) -> list[str]:
    """Return the newest texts of the person and the model before these parts: what "it" may speak of."""
    first = min((part.piece for part in parts), default=0)
    said = [piece.text for piece in checked.pieces[:first] if piece.role in {"user", "assistant"}]
    return said[-BEFORE_MAX:]


def strings_in(value: object) -> list[str]:
    """Return the texts in plain data, keys included; raises FieldError beyond the bounds, which counts as found."""
    found: list[str] = []
    waiting: list[tuple[object, int]] = [(value, 0)]
    nodes = 0
    while waiting:
        node, level = waiting.pop()
        nodes += 1
        if nodes > STRINGS_MAX or level > _LEVELS_MAX:
            raise FieldError("an answer with too many parts", expected=f"{STRINGS_MAX} parts, {_LEVELS_MAX} levels")
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, dict):
            waiting += [(part, level + 1) for pair in node.items() for part in pair]
        elif isinstance(node, (list, tuple, set, frozenset)):
            waiting += [(part, level + 1) for part in node]
    return found


@cache
def guard_data(name: str) -> object:
    """Read one of the guards' data files, once."""
    data = resources.files("dualtrack.runtime.guards").joinpath("data", f"{name}.yaml").read_bytes()
    return read_yaml(data, where=f"guards/data/{name}.yaml")


def refuse_settings(guard: str, given: object, known: tuple[str, ...] = ()) -> None:
    """Raise FieldError for a setting that a guard does not know."""
    unknown = sorted(set(cast("dict[str, object]", given)) - set(known))
    if unknown:
        raise FieldError(
            f"unknown setting {unknown[0][:80]!r}",
            where=f"guard {guard}",
            expected=", ".join(known) or "no settings",
            fix="remove it or correct its name",
        )
