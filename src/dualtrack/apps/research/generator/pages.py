"""The pages of a report in their order: what the issuer says, the statements, the notes, five years."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.research.generator.book import Book, Page
from dualtrack.apps.research.generator.figures import year_figures
from dualtrack.apps.research.generator.notes import note_tables
from dualtrack.apps.research.generator.prose import claim_paragraphs, prose
from dualtrack.apps.research.generator.statements import Drawn, income_title, statement_tables
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from dualtrack.apps.research.generator.issuer import Issuer

__all__ = ["draw_book", "drawn_of"]

_PAGES = (
    ("cover", "Annual report|年報", "", ()),
    ("contents", "Contents|目錄", "", ()),
    ("profile", "Corporate profile|公司簡介", "profile", ()),
    ("highlights", "Financial highlights|財務摘要", "", ("highlights",)),
    ("chairman", "Chairman's statement|主席報告", "chairman", ()),
    ("discussion", "Management discussion and analysis|管理層討論及分析", "discussion", ()),
    ("environment", "Environmental, social and governance report|環境、社會及管治報告", "environment", ()),
    ("emissions", "Environmental data|環境數據", "", ("emissions",)),
    ("directors", "Report of the directors|董事會報告", "directors", ()),
    ("income", "", "", ("income",)),
    ("position", "Consolidated statement of financial position|綜合財務狀況表", "", ("position",)),
    ("equity", "Consolidated statement of changes in equity|綜合權益變動表", "", ("equity",)),
    ("cash_flow", "Consolidated statement of cash flows|綜合現金流量表", "", ("cash_flow",)),
    ("policies", "Notes to the financial statements: accounting policies|財務報表附註：會計政策", "policies", ()),
    ("segments", "Notes to the financial statements: segments|財務報表附註：分部", "", ("segments", "segments_before")),
    ("expenses", "Notes to the financial statements: expenses and tax|財務報表附註：開支及稅項", "", ("expenses", "taxation")),
    ("earnings", "Notes to the financial statements: earnings per share and receivables|財務報表附註：每股盈利及應收賬款", "", ("earnings", "ageing")),
    ("borrowings", "Notes to the financial statements: borrowings|財務報表附註：借貸", "", ("borrowings",)),
    ("contingencies", "Notes to the financial statements: other matters|財務報表附註：其他事項", "contingencies", ()),
    ("summary", "Five-year financial summary|五年財務概要", "", ("summary",)),
)  # fmt: skip


def drawn_of(issuer: Issuer, year: int) -> Drawn:
    """Return what a report of the year is made from; raises FieldError for a year that cannot be made."""
    return Drawn(issuer, year, year_figures(issuer, year))


def draw_book(drawn: Drawn, seed: int) -> Book:
    """Return the report before anything is planted; `seed` chooses the claims."""
    tables = statement_tables(drawn) | note_tables(drawn)
    pages = []
    for key, title, words, keys in _PAGES:
        en, _, zh = (title or income_title(drawn.issuer)).partition("|")
        paragraphs = prose(drawn, words) if words else ()
        if key == "environment":
            paragraphs += claim_paragraphs(drawn, seed)
        pages.append(Page(key, Text(en=en, zh=zh), paragraphs, tuple(tables[each] for each in keys)))
    return Book(tuple(pages))
