"""What is true of a made report: every number with its place, every claim, every error that was planted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from dualtrack.apps.research.calculate import numeral
from dualtrack.apps.research.documents.model import Language
from dualtrack.apps.research.documents.periods import Period
from dualtrack.apps.research.generator.book import Stated, Verdict, print_number
from dualtrack.apps.research.generator.issuer import Issuer
from dualtrack.apps.research.generator.wording import end_day, half_day, line_words, scale_words
from dualtrack.apps.research.units import Unit
from dualtrack.domain.records import Record, Text

if TYPE_CHECKING:
    from dualtrack.apps.research.generator.book import Book, Number, Page, Row, Table

__all__ = [
    "HALF",
    "Claim",
    "ErrorKind",
    "Fact",
    "Leaf",
    "Planted",
    "Truth",
    "book_claims",
    "book_facts",
    "book_leaves",
    "in_language",
]

ErrorKind = Literal[
    "currency_switch", "hidden_instruction", "image_page", "missing_page", "mixed_scales", "prose_scale", "restated", "sign",
    "total_off", "two_periods", "unmarked_change",
]  # fmt: skip

HALF = 6
"""Months of half a year."""


class Leaf(Record, frozen=True):
    """A page: `number` counts from 1 in the file (0 where it was left out), `printed` is the number on the page and in the contents."""

    number: int
    printed: int
    key: str
    title: Text
    statements: tuple[Stated, ...] = ()
    image: bool = False


class Fact(Record, frozen=True):
    """A number of the report. `value` is in base units with the printed sign, `role_value` with the sign that the role asks for.

    `line` is the generator's name of it (`segment_revenue[0]` for the first segment) and `table` the key of its table, or of the page for
    prose; `concept` the role of metrics.yaml or name of labels.yaml, or None. `rounded` tells that the print is less exact than what
    the company knows. `image` marks a number of a page without text.
    """

    table: str
    statement: Stated | None
    line: str
    concept: str | None
    label: Text
    row_label: str
    column_label: str
    period: Period
    printed: str
    value: str
    role_value: str
    unit: Unit
    scale: int
    page: int
    prose: bool = False
    restated: bool = False
    nil: bool = False
    rounded: bool = False
    image: bool = False

    @property
    def step(self) -> Decimal:
        """A unit of the last place printed, in base units."""
        digits = self.printed.strip("()%").partition(".")[2]
        return Decimal(1).scaleb((-2 if self.printed.endswith("%") else self.scale) - len(digits))


class Claim(Record, frozen=True):
    """A claim about the environment, and the row of the report that supports or contradicts it; page 0 where there is none."""

    id: str
    text: Text
    page: int
    verdict: Verdict
    evidence_page: int = 0
    evidence_row: str = ""


class Planted(Record, frozen=True):
    """What was planted. `error` is False for what is right but must be read with care. `breaks` are sums as `name@year`.

    `page` counts in the file; it is 0 for a page that was left out. `printed` and `right` are what stands there and should.
    """

    kind: ErrorKind
    error: bool
    page: int
    text: str
    table: str = ""
    line: str = ""
    year: int = 0
    printed: str = ""
    right: str = ""
    breaks: tuple[str, ...] = ()


class Truth(Record, frozen=True):
    """All that is true of a report."""

    format: Literal["dualtrack.made-report/1"]
    seed: int
    issuer: Issuer
    year: int
    language: Language
    pages: tuple[Leaf, ...]
    facts: tuple[Fact, ...]
    claims: tuple[Claim, ...]
    planted: tuple[Planted, ...]


def in_language(text: Text, language: Language) -> str:
    """Return a text as a report in the language prints it on one line."""
    if language == "both":
        return text.en if text.en == text.zh else f"{text.en} {text.zh}".strip()
    return text.en if language == "en" else text.zh


def book_leaves(book: Book) -> tuple[Leaf, ...]:
    """Return the pages with their numbers."""
    found, number = list[Leaf](), 0
    for printed, page in enumerate(book.pages, start=1):
        number += not page.left_out
        found.append(
            Leaf(
                number=0 if page.left_out else number,
                printed=printed,
                key=page.key,
                title=page.title,
                statements=tuple(table.statement for table in page.tables if table.statement),
                image=page.image,
            )
        )
    return tuple(found)


def book_facts(book: Book, issuer: Issuer, language: Language) -> tuple[Fact, ...]:
    """Return every number of the pages that are there."""
    numbers = {leaf.key: leaf.number for leaf in book_leaves(book)}
    found: list[Fact] = []
    for page in book.pages:
        if page.left_out:
            continue
        at = numbers[page.key]
        for table in page.tables:
            for row in table.rows:
                found += [
                    _cell_fact(issuer, language, page, table, row, column, number, at)
                    for column, number in enumerate(row.cells)
                    if number is not None
                ]
        for paragraph in page.paragraphs:
            for number in paragraph.numbers:
                fact = _fact(issuer, language, page, number, paragraph.text, at)
                found.append(replace(fact, prose=True))
    return tuple(found)


def book_claims(book: Book, language: Language) -> tuple[Claim, ...]:
    """Return the claims with their places."""
    numbers = {leaf.key: leaf.number for leaf in book_leaves(book)}
    found = []
    for page in book.pages:
        for each in page.paragraphs:
            if each.verdict is None or page.left_out:
                continue
            row = ""
            if each.evidence:
                rows = book.table(each.evidence[0]).rows
                row = next(in_language(one.label, language) for one in rows if one.line == each.evidence[1])
            found.append(
                Claim(
                    id=each.claim,
                    text=each.text,
                    page=numbers[page.key],
                    verdict=each.verdict,
                    evidence_page=numbers[each.evidence[0]] if each.evidence else 0,
                    evidence_row=row,
                )
            )
    return tuple(found)


def _cell_fact(
    issuer: Issuer, language: Language, page: Page, table: Table, row: Row, column: int, number: Number, at: int
) -> Fact:
    head = table.columns[column]
    label = in_language(head.head, language)
    if head.restated:
        label += f" {in_language(Text(en='(restated)', zh='（經重列）'), language)}"
    if issuer.manner.heading_in_columns and table.currency and table.scale is not None and not number.percent:
        label += f" {in_language(scale_words(table.currency, table.scale), language)}"
    fact = _fact(issuer, language, page, number, row.label, at)
    words = line_words().get(number.line)
    bracketed = words is not None and words.cost and table.statement in {"income", "cash_flow"}
    return replace(
        fact,
        table=table.key,
        statement=table.statement,
        role_value=numeral(-Decimal(fact.value)) if bracketed else fact.value,
        column_label=label.strip(),
        restated=head.restated,
    )


def _fact(issuer: Issuer, language: Language, page: Page, number: Number, label: Text, at: int) -> Fact:
    printed, value = print_number(number, issuer.manner.nil)
    words = line_words().get(number.line)
    end = half_day(issuer, number.year) if number.months == HALF else end_day(issuer, number.year)
    return Fact(
        table=page.key,
        statement=None,
        line=number.line if number.segment is None else f"{number.line}[{number.segment}]",
        concept=words.concept if words and number.segment is None else None,
        label=label,
        row_label=in_language(label, language),
        column_label="",
        period=Period(year=int(end[:4]), end=end, months=number.months),
        printed=printed,
        value=numeral(value),
        role_value=numeral(value),
        unit=number.unit,
        scale=number.scale,
        page=at,
        nil=printed == issuer.manner.nil,
        rounded=value != number.value,
        image=page.image,
    )
