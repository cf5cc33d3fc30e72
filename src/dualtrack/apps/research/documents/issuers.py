"""Issuers by the names and codes that people use: a list that the desk loads, not one that is shipped.

A list is a CSV with columns `code` (or `symbol`) and `name`, and any of `name_zh`, `aliases` (with `;` between). Codes are those of HKEX:
5, 0005, 00005 and 0005.HK are one. An alias that two issuers share names neither.
"""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.documents.wording import search_words
from dualtrack.domain.records import Record
from dualtrack.errors import FieldError, PathError
from dualtrack.runtime.passages.analysis import is_han, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["ISSUERS_MAX", "Issuer", "IssuerNames", "Named", "read_issuers"]

ISSUERS_MAX = 20_000
"""Most issuers of a list: HKEX lists some 2,600, with their history several times that."""

_CODE = re.compile(
    r"(?<![\w.])(?:(?:hkex|hkg|sehk|stock code|股份代號|股票代號|代號)\s*[:：#]?\s*(?P<said>\d{1,5})(?!\d)|(?P<dotted>\d{1,5})\.hk\b|(?P<zeros>0\d{3,4})(?![\d.,]|年))"
)
_GENERIC = frozenset(
    {
        "china",
        "hong kong",
        "asia",
        "pacific",
        "first",
        "new",
        "great",
        "global",
        "world",
        "best",
        "link",
        "the",
        "united",
        "national",
        "sun",
        "success",
        "value",
        "time",
        "growth",
    }
)
"""Words of names that are words of questions: alone they name nobody."""


class Issuer(Record, frozen=True):
    """An issuer: its code with five digits, its names, other names that it goes by."""

    code: str
    name: str
    name_zh: str = ""
    aliases: tuple[str, ...] = ()


class Named(NamedTuple):
    """A name in a question and whom it may mean."""

    said: str
    issuers: tuple[Issuer, ...]


class IssuerNames:
    """All names of a list, looked for in questions, the longest first."""

    def __init__(self, issuers: Iterable[Issuer]) -> None:
        self._codes: dict[str, Issuer] = {}
        self._names: dict[str, dict[str, Issuer]] = {}
        self._common: set[str] = set()  # names of one plain word, which count only where they are written as names
        for each in issuers:
            self._codes[each.code] = each
            for alias in (each.name, each.name_zh, *each.aliases):
                self._take(alias, each)
        self._longest = max((len(name) for name in self._names), default=0)
        self._starts: dict[str, list[str]] = {}
        for name in sorted(self._names, key=len, reverse=True):
            self._starts.setdefault(name[:2], []).append(name)

    def _take(self, alias: str, issuer: Issuer) -> None:
        full = re.sub(r"\s+", " ", plain_text(alias)).strip()
        core = _core(full)
        for name in dict.fromkeys((full, core)):
            if len(name) > 1 and name not in _GENERIC:
                self._names.setdefault(name, {})[issuer.code] = issuer
                if " " not in name and name.isascii():
                    self._common.add(name)

    def find(self, question: str) -> tuple[Named, ...]:
        """Return the issuers that a question names, in its order; one name of several issuers returns them all."""
        plain = re.sub(r"\s+", " ", plain_text(question))
        written = re.sub(r"\s+", " ", question)
        found: dict[int, Named] = {}
        for match in _CODE.finditer(plain):
            code = (match["said"] or match["dotted"] or match["zeros"]).zfill(5)
            if code in self._codes:
                found[match.start()] = Named(match[0], (self._codes[code],))
        place = 0
        while place < len(plain):
            name = self._at(plain, place, written if len(written) == len(plain) else "")
            if name:
                found[place] = Named(name, tuple(self._names[name].values()))
                place += len(name)
            else:
                place += 1
        return tuple(found[at] for at in sorted(found))

    def _at(self, plain: str, place: int, written: str) -> str:
        """Return the longest name that stands at a place, as whole words."""
        if place and plain[place - 1].isascii() and plain[place - 1].isalnum() and plain[place].isascii():
            return ""
        for name in self._starts.get(plain[place : place + 2], ()):
            stop = place + len(name)
            if not plain.startswith(name, place):
                continue
            if stop < len(plain) and plain[stop].isascii() and plain[stop].isalnum() and name[-1].isascii():
                continue
            if name in self._common and written and not written[place].isupper():
                continue
            return name
        return ""


def _core(name: str) -> str:
    """Return a name without the words that companies end with."""
    ends = search_words().issuer_ends
    if is_han(name):
        for _ in range(3):
            name = next(
                (name.removesuffix(end) for end in ends if name.endswith(end) and len(name) - len(end) > 1), name
            )
        return name
    words = name.replace(",", " ").replace(".", "").split()
    while len(words) > 1 and words[-1] in ends:
        words.pop()
    return " ".join(words)


def read_issuers(path: Path) -> tuple[Issuer, ...]:
    """Read a list; raises PathError or FieldError naming the row."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PathError(f"cannot be read: {error}", where=str(path), fix="save it as CSV in UTF-8") from error
    rows = csv.DictReader(StringIO(text))
    names = set(rows.fieldnames or ())
    code = "code" if "code" in names else "symbol"
    if not {code, "name"} <= names:
        raise FieldError(", ".join(sorted(names))[:120], where=path.name, expected="columns code (or symbol) and name")
    found: list[Issuer] = []
    for row in rows:
        digits = (row[code] or "").strip().upper().removesuffix(".HK")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 5:  # noqa: PLR2004 - HKEX codes
            raise FieldError(f"{row[code]!r:.30}", where=f"{path.name}, row {rows.line_num}", expected="a code of HKEX")
        aliases = tuple(each.strip() for each in (row.get("aliases") or "").split(";") if each.strip())
        found.append(
            Issuer(
                code=digits.zfill(5),
                name=(row["name"] or "").strip() or digits.zfill(5),
                name_zh=(row.get("name_zh") or "").strip(),
                aliases=aliases,
            )
        )
        if len(found) > ISSUERS_MAX:
            raise FieldError(
                f"more than {ISSUERS_MAX:,} issuers", where=path.name, fix="load the issuers that the desk follows"
            )
    return tuple(found)
