"""The green-claim check of a report: its claims, a verdict on each, rows of the taxonomy, and how many were left unsupported."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, get_args

from dualtrack.apps.research.documents.periods import read_periods
from dualtrack.apps.research.green.cells import measures_of
from dualtrack.apps.research.green.claims import find_claims
from dualtrack.apps.research.green.judge import judge
from dualtrack.apps.research.green.library import Library
from dualtrack.apps.research.green.reasons import reason
from dualtrack.apps.research.green.records import Outcome, Report, Share
from dualtrack.apps.research.green.sentences import page_sentences
from dualtrack.apps.research.green.taxonomy import map_claim
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.evidence.measurement import LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.apps.research.documents.facts import Fact
    from dualtrack.apps.research.documents.model import Document
    from dualtrack.apps.research.green.cells import Measures
    from dualtrack.domain.records import Text

__all__ = ["CLAIMS_MAX", "check_report", "report_year", "share_of"]

CLAIMS_MAX = 5_000
"""Most claims that are checked: a report of 2,000 pages with some on every page; beyond it the time is not bounded."""

_PAGES_SHOWN = 20


def check_report(document: Document, facts: Iterable[Fact] = ()) -> Report:
    """Check every claim of a report against the report itself. Without claims there is a report that says so."""
    tables = measures_of(document, facts)
    year = report_year(document, tables)
    sentences = [each for page in document.pages for each in page_sentences(page)]
    claims = tuple(islice(find_claims(sentences, year), CLAIMS_MAX + 1))
    cut, claims = len(claims) > CLAIMS_MAX, claims[:CLAIMS_MAX]
    library = Library(tables, sentences, claims, year)
    verdicts = tuple(judge(each, library) for each in claims)
    counts: dict[Outcome, int] = dict.fromkeys(get_args(Outcome), 0)
    for verdict in verdicts:
        counts[verdict.outcome] += 1
    return Report(
        document=document.name,
        sha256=document.sha256,
        period=year,
        claims=claims,
        verdicts=verdicts,
        mappings=tuple(each for claim in claims for each in map_claim(claim)),
        counts=counts,
        unsupported=share_of(counts["unsupported"], len(claims)),
        unread=document.unread,
        notes=_notes(document, len(claims), cut=cut),
    )


def report_year(document: Document, tables: Measures) -> int | None:
    """Return the year a report is of: what was said of it when it was loaded, else the latest that its green tables have figures of."""
    said = [each.year for each in read_periods(document.about.period)]
    return max(said) if said else max(tables.years, default=None)


def share_of(count: int, n: int) -> Share:
    """Return a share with its Wilson interval; of nothing there is none."""
    if n == 0:
        return Share(count=0, n=0, share=None, low=None, high=None)
    low, high = wilson_limits(count, n, LEVEL)
    return Share(count=count, n=n, share=count / n, low=low, high=high)


def _notes(document: Document, n: int, *, cut: bool) -> tuple[Text, ...]:
    found = [reason("own_report")] if n else [reason("no_claims")]
    by_ocr = [page.number for page in document.pages if page.confidence is not None]
    for name, numbers in (("unread", document.unread), ("by_ocr", by_ocr)):
        if numbers:
            found.append(reason(name, count=len(numbers), pages=_listed(numbers)))
    if cut:
        found.append(reason("cut", count=CLAIMS_MAX))
    return tuple(found)


def _listed(pages: Sequence[int]) -> str:
    return ", ".join(map(str, pages[:_PAGES_SHOWN])) + (" …" if len(pages) > _PAGES_SHOWN else "")
