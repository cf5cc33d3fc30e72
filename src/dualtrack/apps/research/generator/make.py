"""Make a report, or the reports of two years: `make_report(7).pdf`, `make_pair(7)`; `make_truth` is what such a report says, without a PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.generator.errors import HIDDEN, NO_ERRORS, check_errors, plant
from dualtrack.apps.research.generator.issuer import Issuer, check_seed, make_issuer
from dualtrack.apps.research.generator.pages import draw_book, drawn_of
from dualtrack.apps.research.generator.sums import check_sums
from dualtrack.apps.research.generator.truth import Planted, Truth, book_claims, book_facts, book_leaves, in_language
from dualtrack.apps.research.generator.write import book_pdf
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.apps.research.documents.model import Language
    from dualtrack.apps.research.generator.book import Book
    from dualtrack.apps.research.generator.errors import Plan
    from dualtrack.apps.research.generator.truth import ErrorKind, Fact

__all__ = ["Pair", "Report", "make_pair", "make_report", "make_truth"]

_LANGUAGES = ("en", "zh-Hant", "both")


class Report(NamedTuple):
    """A made report and what is true of it."""

    pdf: bytes
    truth: Truth


class Pair(NamedTuple):
    """The reports of one issuer for two years in a row."""

    last: Report
    this: Report


def make_report(
    seed: int, *, issuer: Issuer | None = None, year: int = 2025, language: Language = "en", errors: Iterable[str] = ()
) -> Report:
    """Return the report of a seed. Raises FieldError; MissingExtraError or NotFoundError where it cannot be printed here."""
    book, truth = _made(seed, issuer, year, language, check_errors(errors))
    return Report(book_pdf(book, truth), truth)


def make_truth(
    seed: int, *, issuer: Issuer | None = None, year: int = 2025, language: Language = "en", errors: Iterable[str] = ()
) -> Truth:
    """Return what is true of a report, the same as `make_report` has, without printing it. Raises FieldError."""
    return _made(seed, issuer, year, language, check_errors(errors))[1]


def make_pair(seed: int, *, year: int = 2025, language: Language = "en", errors: Iterable[str] = ()) -> Pair:
    """Return the report of the year before, with nothing planted, and that of the year with the errors."""
    issuer = make_issuer(seed)
    last = make_report(seed, issuer=issuer, year=year - 1, language=language)
    return Pair(last, make_report(seed, issuer=issuer, year=year, language=language, errors=errors))


def _made(
    seed: int, issuer: Issuer | None, year: int, language: Language, kinds: tuple[ErrorKind, ...]
) -> tuple[Book, Truth]:
    check_seed(seed)
    if language not in _LANGUAGES:
        raise FieldError(f"{language!r:.40}", where="language", expected=", ".join(_LANGUAGES))
    drawn = drawn_of(issuer or make_issuer(seed), year)
    book, plans = plant(draw_book(drawn, seed), drawn, kinds, seed)
    facts = book_facts(book, drawn.issuer, language)
    truth = Truth(
        format="dualtrack.made-report/1",
        seed=seed,
        issuer=drawn.issuer,
        year=year,
        language=language,
        pages=book_leaves(book),
        facts=facts,
        claims=book_claims(book, language),
        planted=tuple(_planted(each, book, facts, language) for each in plans),
    )
    return book, truth


def _planted(plan: Plan, book: Book, facts: tuple[Fact, ...], language: Language) -> Planted:
    """Return what was planted with its page, and every sum that the changed place takes part in."""
    breaks: tuple[str, ...] = ()
    if plan.kind in {"total_off", "sign", "prose_scale"}:
        place = (plan.table, plan.line, plan.year)
        breaks = tuple(f"{each.name}@{each.year}" for each in check_sums(facts) if place in each.places)
    return Planted(
        kind=plan.kind,
        error=plan.kind not in NO_ERRORS,
        page=next(leaf.number for leaf in book_leaves(book) if leaf.key == plan.page),
        text=plan.text,
        table=plan.table,
        line=plan.line,
        year=plan.year,
        printed=in_language(HIDDEN, language) if plan.kind == "hidden_instruction" else plan.printed,
        right=plan.right,
        breaks=breaks,
    )
