"""Drafts of declarations from imported rows: what the inventory says, and nothing it does not.

An answer that the spreadsheet does not give is left out, since an unknown answer counts as a rule that applies. What a
draft still needs is listed at its top, with the original row, so that nobody has to look twice.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from dualtrack.intake.values import yes_no

if TYPE_CHECKING:
    from dualtrack.intake.records import InventoryRow
    from dualtrack.intake.result import GapReport

__all__ = ["SLUG_MAX", "Draft", "drafts"]

SLUG_MAX = 48
"""Characters of a draft's identifier: short enough to type."""

_ANSWERS = {
    "is_language_model": "language_model",
    "customer_facing": "customer_facing",
    "personal_data": "personal_data",
}
"""Inventory fields that are also questions of a declaration."""


class Draft(NamedTuple):
    """One draft: identifier and file text."""

    slug: str
    text: str


def drafts(report: GapReport, institution: str, sector: str) -> list[Draft]:
    """Return a draft for every row that has a name; identical names get a number."""
    taken: set[str] = set()
    missing: dict[int | None, set[str]] = {}
    for finding in report.findings:
        missing.setdefault(finding.row, set()).add(finding.action.en)
    return [
        _draft(row, sorted(missing.get(row.row, ())), report.file, institution, sector, _slug(row, taken))
        for row in report.rows
        if row.text("name").strip()
    ]


def _draft(row: InventoryRow, missing: list[str], file: str, institution: str, sector: str, slug: str) -> Draft:
    name = row.text("name").strip()
    purpose = row.text("purpose").strip() or "TO BE WRITTEN"
    answers = {answer: said == "yes" for field, answer in _ANSWERS.items() if (said := yes_no(row.text(field)))}
    body: dict[str, Any] = {
        "use": f"{institution}/{slug}",
        "title": {"en": name, "zh-Hant": name},
        "purpose": {"en": purpose, "zh-Hant": purpose},
        "area": "",
        "sector": sector,
        "affected": [],
        "accountable_executive": "executive",
        "lines": {"first": "first-line", "second": "second-line", "third": "third-line"},
        "builders": [],
        "scope": {
            "does": {"en": purpose, "zh-Hant": purpose},
            "does_not": {"en": "TO BE WRITTEN", "zh-Hant": "待填"},
        },
        "facts": answers,
        "components": _components(row),
        "claims": [],
    }
    comments = [
        f"Draft from {file}, {row.ref}. Complete it, then: dualtrack declare {slug}.yaml",
        "area: one of research, strategy, service, risk, crime, workflow. An answer left out is unknown, never no.",
        "The original row:",
        *(f"  {kept.ref}: {kept.text}" for kept in row.original),
        "To do, from the gap report:",
        *(f"  - {action}" for action in missing),
    ]
    head = "".join(f"# {_one_line(line)}\n" for line in comments)
    return Draft(slug, head + "\n" + yaml.safe_dump(body, allow_unicode=True, sort_keys=False))


def _components(row: InventoryRow) -> list[dict[str, Any]]:
    vendor = row.text("vendor").strip()
    if not vendor:
        return []
    undeclared = dict.fromkeys(("digest", "licence", "source", "reservation", "indemnity"))
    return [
        {"id": "model", "type": "model", "name": row.text("name").strip(), "version": "unknown", "provider": vendor}
        | undeclared
    ]


def _slug(row: InventoryRow, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", row.text("name")).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_MAX].strip("-") or f"row-{row.row}"
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    taken.add(slug)
    return slug


def _one_line(text: str) -> str:
    """Bring a cell to one printable line, as a comment must be."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))
