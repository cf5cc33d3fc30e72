"""The gap report as a page: prepares what the template shows; the words are in `data/page.yaml`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import dualtrack
from dualtrack.domain.records import Text
from dualtrack.intake.catalogue import catalogue
from dualtrack.intake.lexicon import columns, load
from dualtrack.present.html import render
from dualtrack.present.text import date_text, fill

if TYPE_CHECKING:
    from dualtrack.intake.result import GapReport

__all__ = ["absent_fields", "headline", "limits", "page", "page_words"]

_LISTED_MAX = 200
"""Findings of one kind, and uses of one owner, that the page lists; the rest is in the workbook, and the page says so."""


def page(report: GapReport) -> str:
    """Return the page as HTML text."""
    return render(
        "gap_report.html.j2",
        "intake",
        report=report,
        w=page_words(),
        fill=fill,
        headline=headline(report),
        limits=limits(report),
        absent=absent_fields(report),
        at=date_text(report.at),
        catalogue=catalogue(),
        fields=columns().fields,
        threshold=columns().threshold,
        listed_max=_LISTED_MAX,
        version=dualtrack.__version__,
    )


@cache
def page_words() -> dict[str, Text]:
    """Return the words of page and workbook by name."""
    return load("page.yaml", dict[str, Text])


def headline(report: GapReport) -> Text:
    """Return the report in a sentence."""
    return fill(
        page_words()["headline"],
        rows=len(report.rows),
        owner=_lacking(report, "owner", "no-owner"),
        validation=_lacking(report, "validation_date", "no-validation-date"),
        language=report.rows_with("language-model-not-marked"),
        repeated=report.rows_with("duplicate-row", "near-same-name"),
    )


def limits(report: GapReport) -> list[Text]:
    """Return what the page does not establish."""
    filled = {"high": report.period.high_days, "other": report.period.other_days}
    names = ["complete", "true", "verdict", "words", "stale", "binds", "seen", "advice"]
    if report.format == "csv":
        names.insert(-1, "merges")
    return [fill(page_words()[f"limit_{name}"], **filled) for name in names]


def absent_fields(report: GapReport) -> list[Text]:
    """Return the labels of fields that no column was read as."""
    held = {match.field for match in report.matches}
    return [spec.label for name, spec in columns().fields.items() if name not in held]


def _lacking(report: GapReport, field: str, kind: str) -> int:
    """Return how many rows lack a field: all of them when no column holds it."""
    held = any(match.field == field for match in report.matches)
    return report.rows_with(kind) if held else len(report.rows)
