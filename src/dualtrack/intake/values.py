"""Read what a cell says: yes or no, nothing at all, a typed verdict, a language model."""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from typing import TYPE_CHECKING, Literal

from dualtrack.intake.dates import read_date
from dualtrack.intake.lexicon import find_word, in_words, words

if TYPE_CHECKING:
    from dualtrack.intake.columns import Reads
    from dualtrack.intake.records import Cell, CellKind

__all__ = ["is_blank", "reader", "typed_verdict", "yes_no"]

_EDGES = re.compile(r"^[\s,;:/\-–—()，。;；:：、]+|[\s,;:/\-–—()，。;；:：、]+$")
_SEPARATORS = re.compile(r"[\s,;:/\-–—()（）,，。;；:：、]+")


def is_blank(text: str, kind: CellKind = "text") -> bool:
    """Say whether a cell says nothing: empty, a placeholder such as `TBC` or 待定, an error, or a formula without result."""
    return kind in ("error", "formula") or not text.strip() or in_words(text, words().placeholder)


def yes_no(text: str) -> Literal["yes", "no", ""]:
    """Return what a mark says, or nothing when it says neither; `Yes - since 2023` says yes."""
    if in_words(text, words().yes):
        return "yes"
    if in_words(text, words().no):
        return "no"
    first = _SEPARATORS.split(unicodedata.normalize("NFKC", text).strip().casefold())[0]
    if len(first) > 1 and first in words().yes:
        return "yes"
    return "no" if len(first) > 1 and first in words().no else ""


def typed_verdict(text: str) -> tuple[str, str]:
    """Return the verdict word that somebody typed into a status, and what else stands there (often a name or a date)."""
    found = find_word(text, words().typed_verdict)
    if not found or find_word(text, ("not", "non", "un", "未", "不")):
        return "", ""
    rest = re.sub(re.escape(found), " ", unicodedata.normalize("NFKC", text), count=1, flags=re.IGNORECASE)
    return found, _EDGES.sub("", " ".join(rest.split()))


def reader(*, epoch_1904: bool) -> Reads:
    """Return the function that says whether a cell reads as a kind; placeholders count as readable: they say nothing."""
    return partial(_reads, epoch_1904=epoch_1904)


def _reads(kind: str, cell: Cell, *, epoch_1904: bool) -> bool:
    if is_blank(cell.text, cell.kind):
        return True
    if kind == "date":
        return read_date(cell.text, cell.kind, epoch_1904=epoch_1904) is not None
    return kind == "yesno" and yes_no(cell.text) != ""
