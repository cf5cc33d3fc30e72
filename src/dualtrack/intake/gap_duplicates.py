"""Rows repeated exactly, and names nearly the same: the inventory counts something twice."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from dualtrack.intake.catalogue import catalogue
from dualtrack.intake.lexicon import fold, periods
from dualtrack.intake.reading import Draft, Reading
from dualtrack.present.text import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.intake.records import InventoryRow

__all__ = ["duplicates"]

_PAIRS_MAX = 100_000
"""Pairs of names compared letter by letter: about one second; the report says when there were more."""

_EDGE_CHARS = 4
"""Names are compared when their first or last letters agree; a typing mistake is seldom at both ends."""

_DIGITS = re.compile(r"\d+")


def duplicates(reading: Reading) -> tuple[list[Draft], bool]:
    """Return drafts for repeated rows and near-same names, and whether every candidate pair could be compared."""
    aside = {match.column for match in reading.matches if match.state == "aside"}
    first: dict[frozenset[tuple[str, str]], InventoryRow] = {}
    drafts: list[Draft] = []
    single: list[InventoryRow] = []
    for row in reading.rows:
        key = _key(row, aside)
        if key and key in first:
            drafts.append(_draft(reading, "duplicate-row", row, first[key]))
        else:
            first[key] = row
            single.append(row)
    near, complete = _near(reading, single)
    return drafts + near, complete


def _key(row: InventoryRow, aside: set[str]) -> frozenset[tuple[str, str]]:
    """Return the row's content without numbering columns: column letter and folded text of every cell and field."""
    cells = [(cell.ref, cell.text) for cell in row.original]
    cells += [(value.via, value.text) for value in row.fields.values() if value.via]
    return frozenset(
        (letter, fold(text) or text)
        for ref, text in cells
        if (letter := ref.rpartition("!")[2].rstrip("0123456789")) not in aside
    )


def _near(reading: Reading, rows: list[InventoryRow]) -> tuple[list[Draft], bool]:
    names = {row.row: fold(row.text("name")) for row in rows if not reading.blank(row, "name")}
    by_row = {row.row: row for row in rows}
    drafts: dict[int, Draft] = {}
    for looked, (earlier, later) in enumerate(_pairs(names), start=1):
        if looked > _PAIRS_MAX:
            return list(drafts.values()), False
        if later not in drafts and _alike(names[earlier], names[later]):
            drafts[later] = _draft(reading, "near-same-name", by_row[later], by_row[earlier])
    return list(drafts.values()), True


def _pairs(names: dict[int, str]) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows (earlier, later) whose names begin or end alike or have the same words, each once."""
    groups: dict[tuple[str, str], list[int]] = {}
    for row, name in names.items():
        for key in {("a", name[:_EDGE_CHARS]), ("z", name[-_EDGE_CHARS:]), ("w", " ".join(sorted(name.split())))}:
            groups.setdefault(key, []).append(row)
    seen: set[tuple[int, int]] = set()
    for members in groups.values():
        for position, later in enumerate(members):
            for earlier in members[:position]:
                if (earlier, later) not in seen:
                    if len(seen) <= _PAIRS_MAX:
                        seen.add((earlier, later))
                    yield earlier, later


def _alike(one: str, other: str) -> bool:
    """Say whether two folded names are the same but for word order or a few letters; other numbers, other things."""
    if sorted(_DIGITS.findall(one)) != sorted(_DIGITS.findall(other)):
        return False
    if sorted(one.split()) == sorted(other.split()):
        return True
    matcher, ratio = difflib.SequenceMatcher(None, one, other, autojunk=False), periods().near_same_ratio
    return matcher.real_quick_ratio() >= ratio and matcher.quick_ratio() >= ratio and matcher.ratio() >= ratio


def _draft(reading: Reading, kind: str, row: InventoryRow, other: InventoryRow) -> Draft:
    field = "name" if reading.column("name") else ""
    cells = (reading.cell(other, field), reading.cell(row, field)) if field else (other.original[0], row.original[0])
    detail = fill(catalogue().findings[kind].detail, others=other.row, other=" ".join(other.text("name").split()))
    return Draft(kind=kind, row=row, cells=cells, detail=detail)
