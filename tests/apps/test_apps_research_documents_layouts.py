"""Layouts of real reports: two languages beside one another, headings over several columns, sums without labels, years in a row."""

from __future__ import annotations

from functools import cache

import pytest
from test_apps_research_documents_made import CHINESE, about, fonts, typst

from dualtrack.apps.research.documents.headers import Span, header_texts
from dualtrack.apps.research.documents.identities import check_identities
from dualtrack.apps.research.documents.layout import Piece, Row, Word, is_figure, page_rows
from dualtrack.apps.research.documents.pdf import read_pdf
from dualtrack.apps.research.documents.statements import document_facts, page_facts
from dualtrack.apps.research.documents.tables import page_tables

HEAD = '#set page(paper: "a4", margin: 18mm)\n#set text(font: ("Libertinus Serif", "Noto Sans CJK HK"), size: 8.5pt)\n'


@cache
def read(body, columns, currency=""):
    """Return the page that a table of these columns makes under its title, and its facts."""
    if not body.isascii() and CHINESE not in fonts().families():
        pytest.skip(f"the font {CHINESE} is not installed")
    title, _, cells = body.partition("\n\n")
    table = (
        f"#table(columns: {columns}, stroke: none, align: (x, y) => if x == 0 {{ left }} else {{ right }},\n{cells})"
    )
    data = typst.compile(
        (HEAD + title.replace("\n", " \\\n") + "\n" + table).encode(), font_paths=fonts(), format="pdf"
    )
    document = read_pdf(data, about(currency=currency))
    return document.pages[0], document_facts(document)


def shown(facts, **only):
    return [
        (each.concept, each.period.year, each.printed)
        for each in facts
        if all(getattr(each, name) == value for name, value in only.items())
    ]


BESIDE = """CONSOLIDATED STATEMENT OF PROFIT OR LOSS 綜合損益表
For the year ended 31 March 2025 截至二零二五年三月三十一日止年度

[],[Notes \\ 附註],[2025 \\ 二零二五年 \\ HK\\$'000 \\ 千港元],[2024 \\ 二零二四年 \\ HK\\$'000 \\ 千港元 \\ (Restated) \\ （經重列）],[],
[Revenue],[4],[125,310],[120,050],[收益],
[Cost of sales],[],[(85,010)],[(80,000)],[銷售成本],
[Gross profit],[],[40,300],[40,050],[毛利],
[Other income and other gains and losses, net of any such other items],[5],[1,200],[950],[其他收入及其他收益及虧損淨額，扣除任何其他項目],
[Profit before taxation],[6],[21,400],[22,000],[除稅前溢利],"""


def test_labels_of_two_languages_at_both_sides_are_one_label():
    page, facts = read(BESIDE, "(1fr, auto, auto, auto, 1fr)")
    labels = [row[0].text for row in page.tables[0].rows]
    assert labels[0] == "Revenue 收益"
    assert (
        labels[3]
        == "Other income and other gains and losses, net of any such other items 其他收入及其他收益及虧損淨額，扣除任何其他項目"
    )
    assert shown(facts, concept="gross_profit") == [("gross_profit", 2025, "40,300"), ("gross_profit", 2024, "40,050")]
    assert {(each.period.end, each.restated) for each in facts} == {("2025-03-31", False), ("2024-03-31", True)}


SUMS = """Consolidated Balance Sheet

[],[],table.cell(colspan: 2, align: center)[As at 31 December],
[],[],[2025],[2024],
[],[Note],[US\\$ million],[US\\$ million],
[*ASSETS*],[],[],[],
[Non-current assets],[],[],[],
[Property, plant and equipment],[11],[500],[450],
[Goodwill],[12],[100],[100],
[],[],[600],[550],
[Current assets],[],[],[],
[Inventories],[13],[120],[110],
[Cash and cash equivalents],[15],[280],[221],
[],[],[400],[330],
[Total assets],[],[1,000],[880],"""


def test_a_sum_without_a_label_is_that_of_its_section_where_it_adds_up():
    _, facts = read(SUMS, "(1fr, auto, auto, auto)")
    assert shown(facts, concept="non_current_assets") == [
        ("non_current_assets", 2025, "600"),
        ("non_current_assets", 2024, "550"),
    ]
    assert shown(facts, concept="current_assets") == [("current_assets", 2025, "400"), ("current_assets", 2024, "330")]
    holds = {(each.name, each.outcome) for each in check_identities(facts)}
    assert holds == {("parts_of_assets", "holds"), ("lines_current_assets", "holds")}
    wrong, _ = read(SUMS.replace("[280]", "[270]"), "(1fr, auto, auto, auto)")
    assert shown(page_facts("a", wrong), concept="current_assets") == []


GROUP = """STATEMENTS OF FINANCIAL POSITION

[],table.cell(colspan: 2, align: center)[The Group],table.cell(colspan: 2, align: center)[The Company],
[],[31.12.2025],[31.12.2024],[31.12.2025],[31.12.2024],
[],[RMB'000],[RMB'000],[RMB'000],[RMB'000],
[Total assets],[9,000],[8,000],[5,000],[4,000],
[Total liabilities],[4,000],[3,500],[1,000],[900],
[Total equity],[5,000],[4,500],[4,000],[3,100],"""


def test_columns_of_the_company_are_not_those_of_the_group():
    _, facts = read(GROUP, "(1fr, auto, auto, auto, auto)")
    assert shown(facts, concept="total_assets") == [("total_assets", 2025, "9,000"), ("total_assets", 2024, "8,000")]
    assert len([each for each in facts if each.concept is None]) == 6


SUMMARY = """Five-Year Financial Summary

[HK\\$ million],[2025],[2024],[2023],[2022],[2021],
[Revenue],[1,310],[1,200],[1,100],[1,000],[900],
[Profit/(loss) for the year],[253],[202],[150],[(30)],[–],
[Earnings per share (HK cents)],[48.0],[38.0],[30.0],[(6.0)],[–],
[Gross margin],[35.1%],[33.4%],[33.0%],[32.0%],[31.0%],"""


def test_five_years_are_five_columns_and_a_share_has_its_own_unit():
    _, facts = read(SUMMARY, "(1fr, auto, auto, auto, auto, auto)")
    assert [each.value for each in facts if each.concept == "profit"] == [
        "253000000",
        "202000000",
        "150000000",
        "-30000000",
        "0",
    ]
    assert {each.unit.words for each in facts if each.concept == "earnings_per_share"} == {"HKD per share"}
    assert [each.value for each in facts if each.label == "Gross margin"][:2] == ["0.351", "0.334"]


SEGMENTS = """5. Segment information

[Year ended 31 December 2025],[Retail \\ HK\\$ million],[Hotels \\ HK\\$ million],[Total \\ HK\\$ million],
[Revenue],[900],[410],[1,310],
[Cost of sales],[(600)],[(250)],[(850)],"""


def test_columns_of_segments_have_the_period_of_the_table_and_no_concept():
    _, facts = read(SEGMENTS, "(1fr, auto, auto, auto)")
    assert {(each.column.split()[0], each.period.year, each.concept) for each in facts} == {
        ("Retail", 2025, None),
        ("Hotels", 2025, None),
        ("Total", 2025, None),
    }


DOLLARS = """CONSOLIDATED STATEMENTS OF OPERATIONS
(in millions, except per share data)

[],[Year Ended \\ December 31, 2025],[Year Ended \\ December 31, 2024],[Change],
[Total net sales .................],[#box(width: 60pt)[\\$#h(1fr)118,573]],[#box(width: 60pt)[\\$#h(1fr)90,000]],[+31.7%],
[Cost of sales],[70,000],[60,000],[+16.7%],
[Operating income],[48,573],[30,000],[+61.9%],"""


def test_a_bare_dollar_is_no_currency_unless_the_loader_says_which():
    _, facts = read(DOLLARS, "(1fr, auto, auto, auto)")
    assert shown(facts, concept="revenue") == [("revenue", 2025, "$118,573"), ("revenue", 2024, "$90,000")]
    assert {each.unit.stated for each in facts} == {False}
    assert {each.scale for each in facts} == {6}
    _, stated = read(DOLLARS, "(1fr, auto, auto, auto)", "USD")
    assert {each.unit.words for each in stated} == {"USD"}
    assert next(each.value for each in stated) == "118573000000"


ONCE = """Consolidated Income Statement

[],table.cell(colspan: 2, align: center)[HK\\$ million],
[],[2025],[2024],
[Revenue],[1,310],[1,200],
[Cost of sales],[(850)],[(800)],"""


def test_a_unit_that_is_said_once_is_that_of_every_column():
    _, facts = read(ONCE, "(1fr, 90pt, 90pt)")
    assert {(each.unit.words, each.scale) for each in facts} == {("HKD", 6)}


def test_dates_set_close_together_are_parted_over_their_columns():
    spans = [Span(300, 340, 3), Span(400, 440, 3)]
    piece = Piece("December 26, 2020 December 28, 2019", 290, 0, 450, 10, figure=False)
    assert header_texts([Row((piece,), 0, 10)], spans, 0) == ["", "December 26, 2020", "December 28, 2019"]


@pytest.mark.parametrize(
    ("text", "figure"),
    [("1,310.2", True), ("(850)", True), ("–", True), ("+9.2%", True), ("HK$0.48", True), ("12(a)", False), ("Revenue", False), ("1,31", False), ("n/a", False), ("9" * 50, False)],
)  # fmt: skip
def test_a_number_is_told_from_a_text(text, figure):
    assert is_figure(text) is figure


def test_no_words_and_one_word_are_no_table():
    assert page_rows([]) == []
    assert page_tables([], 1) == ()
    assert page_tables([Word("12", 10, 10, 20, 20)], 1) == ()
