"""The documents of a test: made reports of fictional issuers, in both languages, plain and with what is hard to read planted in them."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.documents.issuers import Issuer, IssuerNames
from dualtrack.apps.research.documents.loading import load_document
from dualtrack.apps.research.documents.model import About
from dualtrack.apps.research.generator.issuer import make_issuer
from dualtrack.apps.research.generator.make import Report, make_report, make_truth
from dualtrack.apps.research.generator.truth import in_language
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dualtrack.apps.research.documents.facts import Fact
    from dualtrack.apps.research.documents.model import Document, Language
    from dualtrack.apps.research.generator.truth import Truth

__all__ = ["LICENCE", "PLANTED", "REPORTS_MAX", "YEAR", "Loaded", "about_made", "load_reports", "names_of"]

YEAR = 2025
LICENCE = "made for tests"

PLANTED: tuple[tuple[str, ...], ...] = ((), ("restated",), ("mixed_scales",), ("missing_page",))
"""What is planted in the reports, in turn: nothing, a restated year, a statement in another scale, a page that is not there."""

REPORTS_MAX = 100
"""Most reports of a test: made issuers have 180 names, and a name must mean one of them."""

_LANGUAGES: tuple[Language, ...] = ("en", "zh-Hant")


class Loaded(NamedTuple):
    """A report as the desk read it, and what is true of it."""

    document: Document
    facts: tuple[Fact, ...]
    truth: Truth
    planted: str
    pdf: bytes


def load_reports(
    count: int, *, first: int = 1, carried: Callable[[int], bytes | None] = lambda _: None
) -> Iterator[Loaded]:
    """Yield reports of seeds from `first` on: English and Chinese by turns, each way of planting in four, in both languages in eight.

    `carried` gives the PDF of a seed where it was printed before, so that neither Typst nor a font is needed.
    Raises FieldError for a number of reports out of bounds, MissingExtraError or NotFoundError where they cannot be printed or read here.
    """
    # One thread waits for the process that reads a PDF; printing is not made for threads.
    with ThreadPoolExecutor(max_workers=1) as pool:
        read = [pool.submit(_read, made, planted) for made, planted in _printed(count, first, carried)]
        for each in read:
            yield each.result()


def _printed(count: int, first: int, carried: Callable[[int], bytes | None]) -> Iterator[tuple[Report, str]]:
    """Yield reports of issuers of different names: a seed whose issuer has the name of an earlier one is passed over."""
    if not 0 < count <= REPORTS_MAX:
        raise FieldError(f"{count} reports", where="reports", expected=f"1 to {REPORTS_MAX}")
    seed, taken = first, set[str]()
    for place in range(count):
        while (name := make_issuer(seed).name.en) in taken:
            seed += 1
        taken.add(name)
        errors = PLANTED[(place + place // len(PLANTED)) % len(PLANTED)]
        language = _LANGUAGES[place % len(_LANGUAGES)]
        pdf = carried(seed)
        if pdf is None:
            made = make_report(seed, year=YEAR, language=language, errors=errors)
        else:
            made = Report(pdf, make_truth(seed, year=YEAR, language=language, errors=errors))
        yield made, ",".join(errors) or "plain"


def _read(made: Report, planted: str) -> Loaded:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.pdf"
        path.write_bytes(made.pdf)
        document, facts = load_document(path, about_made(made.truth))
    return Loaded(document, facts, made.truth, planted, made.pdf)


def about_made(truth: Truth) -> About:
    """Return what whoever loads a made report says of it."""
    name = in_language(truth.issuer.name, truth.language)
    return About(
        name=f"report-{truth.seed}.pdf", licence=LICENCE, issuer=name, period=f"FY{truth.year}", form="annual", language=truth.language
    )  # fmt: skip


def names_of(truths: list[Truth]) -> IssuerNames:
    """Return the issuers as the desk has them: by the names that their reports were loaded under."""
    known = {in_language(each.issuer.name, each.language) for each in truths}
    return IssuerNames(Issuer(code=name, name=name) for name in sorted(known))
