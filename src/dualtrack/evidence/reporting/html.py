"""The report as one self-contained page: no script, no outside resource, the same bytes from the same ledger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup

from dualtrack.evidence.reporting.view import report_view
from dualtrack.present.html import render

if TYPE_CHECKING:
    from dualtrack.evidence.reporting.records import AssuranceReport
    from dualtrack.evidence.reporting.words import LanguageTag

__all__ = ["report_html"]

_LATIN_WORD = re.compile(r"[A-Za-z]{2}")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def report_html(report: AssuranceReport, language: LanguageTag) -> str:
    """Return the page in a language."""
    chinese = language != "en"

    def quoted(text: str) -> str:
        """Mark a text that stands in the other language (WCAG 2.2, 3.1.2)."""
        han = _HAN.search(text) is not None
        if chinese and not han and _LATIN_WORD.search(text):
            return Markup('<span lang="en">{}</span>').format(text)
        return Markup('<span lang="zh-Hant-HK">{}</span>').format(text) if han and not chinese else text

    view = report_view(report, language)
    return render("assurance.html.j2", "evidence.reporting", view=view, q=quoted, report=report, w=view.words)
