"""Statements as facts: which is which, periods, scales, currencies, signs, restated columns, and the sums they must keep."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_apps_research_documents_made import made_report

from dualtrack.apps.research.documents.headings import is_note, plain_label, read_heading
from dualtrack.apps.research.documents.identities import check_identities, fact_support
from dualtrack.apps.research.documents.labels import concept_of, labels, statement_named, tag_concept
from dualtrack.apps.research.documents.model import Cell, Column, Page, Table, parse_address
from dualtrack.apps.research.documents.periods import Period, read_periods
from dualtrack.apps.research.documents.statements import page_facts
from dualtrack.apps.research.metrics import catalogue
from dualtrack.apps.research.units import unit_of


@pytest.fixture(scope="module")
def report():
    return made_report()[0]


@pytest.fixture(scope="module")
def facts():
    return made_report()[1]


def value(facts, concept, year):
    (fact,) = [each for each in facts if each.concept == concept and each.period.year == year]
    return fact


# --- words ---


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Consolidated Statement of Profit or Loss", "income"),
        ("CONSOLIDATED INCOME STATEMENT (continued)", "income"),
        ("Consolidated statement of profit or loss and other comprehensive income for the year ended 31 March 2025", "income"),
        ("綜合損益表", "income"),
        ("合并资产负债表", "position"),
        ("Consolidated Statement of Comprehensive Income", "comprehensive"),
        ("CONSOLIDATED STATEMENT OF FINANCIAL POSITION 綜合財務狀況表", "position"),
        ("綜合財務狀況表（續）", "position"),
        ("Consolidated Statement of Cash Flows", "cash_flow"),
        ("綜合權益變動表", "equity"),
        ("Five-Year Financial Summary", "summary"),
        ("The balance sheet of the Group stayed strong in the year, with little debt", None),
        ("Notes to the consolidated financial statements", None),
        ("5. Revenue", None),
    ],
)  # fmt: skip
def test_a_title_names_its_statement_and_a_sentence_none(title, kind):
    assert statement_named(title) == kind


@pytest.mark.parametrize(
    ("text", "currency", "scale", "years", "restated", "rest"),
    [
        ("2025 HK$ million", "HKD", 6, [2025], False, ""),
        ("2024 HK$'000 (restated)", "HKD", 3, [2024], True, ""),
        ("二零二四年 千港元 （經重列）", "HKD", 3, [2024], True, ""),
        ("百萬港元", "HKD", 6, [], False, ""),
        ("人民幣百萬元", "CNY", 6, [], False, ""),
        ("RMB’000 2025", "CNY", 3, [2025], False, ""),
        ("(Expressed in millions of Hong Kong dollars unless otherwise stated)", "HKD", 6, [], False, ""),
        ("US$m 2025", "USD", 6, [2025], False, ""),
        ("HK$ 2025", "HKD", None, [2025], False, ""),
        ("Year ended 31 December 2025 2024", None, None, [2025, 2024], False, ""),
        ("HK$ million US$ million", None, 6, [], False, ""),
        ("HK$'000 HK$ million", "HKD", None, [], False, ""),
        ("Retail 2025 HK$ million", "HKD", 6, [2025], False, "retail"),
    ],
)  # fmt: skip
def test_a_heading_says_currency_scale_period_and_no_more(text, currency, scale, years, restated, rest):
    read = read_heading(text)
    assert (read.currency, read.scale, [each.year for each in read.periods]) == (currency, scale, years)
    assert (read.restated, read.rest) == (restated, rest)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("For the year ended 31 December 2025", [Period(year=2025, end="2025-12-31", months=12)]),
        ("截至二零二五年十二月三十一日止年度", [Period(year=2025, end="2025-12-31", months=12)]),
        ("Six months ended June 30, 2025 and 2024", [Period(year=2025, end="2025-06-30", months=6), Period(year=2024, months=6)]),
        ("FY2025", [Period(year=2025, months=12)]),
        ("FY25 against FY24", [Period(year=2025, months=12), Period(year=2024, months=12)]),
        ("2024/25", [Period(year=2025)]),
        ("1H2025", [Period(year=2025, months=6)]),
        ("二零二五年中期", [Period(year=2025, months=6)]),
        ("31.12.2025", [Period(year=2025, end="2025-12-31")]),
        ("31 February 2025", [Period(year=2025)]),
        ("甲公司，收入，2025年度", [Period(year=2025, months=12)]),
        ("revenue,2025", [Period(year=2025)]),
        ("2,025 people, HK$2025, 12,2025 and 2025.5", []),
    ],
)  # fmt: skip
def test_periods_are_read_as_written(text, found):
    assert list(read_periods(text)) == found


@given(st.integers(1970, 2099), st.integers(1, 12), st.integers(1, 28))
def test_a_date_in_chinese_numerals_is_that_date(year, month, day):
    digits = "零一二三四五六七八九"
    small = ["", *digits[1:], *(f"{tens}十{ones}" for tens in ("", "二", "三") for ones in ("", *digits[1:]))]
    text = f"{''.join(digits[int(each)] for each in str(year))}年{small[month]}月{small[day]}日"
    assert read_periods(text) == (Period(year=year, end=f"{year}-{month:02}-{day:02}"),)


@pytest.mark.parametrize(
    ("label", "kind", "concept"),
    [
        ("Profit/(loss) for the year", "income", "profit"),
        ("年內溢利／（虧損）", "income", "profit"),
        ("Less: Cost of sales", "income", "cost_of_sales"),
        ("Revenue 收入", "income", "revenue"),
        ("總資產", "position", "total_assets"),
        ("Inventories ............ 5", "position", "inventories"),
        ("Inventories", "income", None),
        ("Revenue", None, None),
        ("Number of employees", None, "employees"),
    ],
)
def test_a_label_means_a_concept_where_such_lines_stand(label, kind, concept):
    assert concept_of(label, kind) == concept


def test_every_label_is_of_one_concept_in_a_statement_and_concepts_are_roles_or_serve_sums():
    seen = {}
    for name, concept in labels().concepts.items():
        for label in (*concept.en, *concept.zh):
            for place in concept.places:
                other = seen.setdefault((plain_label(label), place), name)
                assert other == name or {other, name} <= {"profit_minority", "equity_minority"}, (
                    label,
                    place,
                    other,
                    name,
                )
    used = {each.lstrip("-") for one in labels().identities for each in (one.left, *one.right, *one.optional)}
    roles = set(catalogue().roles)
    assert used <= set(labels().concepts)
    assert set(labels().concepts) - roles - used == {"goodwill", "intangibles"}
    assert len(roles & set(labels().concepts)) >= 40
    assert tag_concept("ProfitLoss") == "profit"


@pytest.mark.parametrize(
    ("text", "held"),
    [("5", True), ("12(a)", True), ("3, 7", True), ("6(a)(ii)", True), ("1,200", False), ("(850)", False)],
)
def test_the_number_of_a_note_is_told_from_a_number(text, held):
    assert is_note(text) is held


# --- facts ---


def test_each_page_is_read_in_its_own_currency_and_scale(facts):
    assert value(facts, "revenue", 2025).value == "1310200000"
    assert value(facts, "total_assets", 2024).value == "1260000000"
    flows = value(facts, "operating_cash_flow", 2025)
    assert (flows.value, flows.unit, flows.scale) == ("41200000", unit_of("USD"), 3)
    assert {each.unit for each in facts if each.concept == "total_assets"} == {unit_of("HKD")}


def test_costs_have_the_sign_of_their_role_and_keep_the_printed_one(facts):
    cost = value(facts, "cost_of_sales", 2025)
    assert (cost.printed, cost.value, cost.role_value) == ("(850.1)", "-850100000", "850100000")
    assert value(facts, "capital_expenditure", 2025).role_value == "20000000"
    assert value(facts, "investing_cash_flow", 2025).role_value == "-21700000"


def test_restated_columns_are_marked_and_only_those(facts):
    assert value(facts, "revenue", 2024).restated
    assert not value(facts, "revenue", 2025).restated
    assert not value(facts, "total_assets", 2024).restated


def test_periods_take_their_day_and_length_from_the_title(facts):
    assert value(facts, "revenue", 2024).period == Period(year=2024, end="2024-12-31", months=12)
    assert value(facts, "total_assets", 2025).period == Period(year=2025, end="2025-12-31")


def test_cents_a_share_are_dollars_a_share(facts):
    basic = value(facts, "earnings_per_share", 2025)
    assert (basic.value, basic.unit.words) == ("0.48", "HKD per share")


def test_every_fact_is_what_is_printed_at_its_address(report, facts):
    assert len(facts) == 28 + 24 + 16
    for fact in facts:
        assert report.cell(parse_address(fact.address)).text == fact.printed


def page_of(columns, rows, title="Consolidated Income Statement"):
    cells = tuple(
        tuple(Cell(row, column, text) for column, text in enumerate(held, 1) if text)
        for row, held in enumerate(rows, 1)
    )
    places = (Column(1, "", "label"), *(Column(place, text, "value") for place, text in enumerate(columns, 2)))
    return Page(
        number=1,
        width=1,
        height=1,
        lines=(),
        tables=(Table(page=1, number=1, title=title, columns=places, rows=cells),),
    )


ROWS = (("Revenue", "10", "20"), ("Cost of sales", "(4)", "(5)"), ("Gross profit", "6", "15"))


def test_two_years_in_one_column_make_no_fact():
    assert page_facts("a", page_of(("2025 2024 HK$ million", ""), ROWS)) == ()


def test_years_stacked_above_their_rows_are_periods_of_these_rows():
    rows = (
        ("2025", "", ""),
        ("Revenue", "10", ""),
        ("Cost of sales", "(4)", ""),
        ("2024", "", ""),
        ("Revenue", "9", ""),
    )
    found = page_facts("a", page_of(("HK$ million",), rows))
    assert [(each.concept, each.period.year, each.value) for each in found] == [
        ("revenue", 2025, "10000000"), ("cost_of_sales", 2025, "-4000000"), ("revenue", 2024, "9000000"),
    ]  # fmt: skip


def test_a_currency_that_is_nowhere_said_stays_unsaid():
    found = page_facts("a", page_of(("2025", "2024"), ROWS))
    assert {each.unit.stated for each in found} == {False}
    assert check_identities(found) == ()


def test_columns_of_segments_and_of_the_company_alone_are_not_the_whole():
    found = page_facts("a", page_of(("Retail 2025 HK$ million", "The Company 2025 HK$ million"), ROWS))
    assert len(found) == 6
    assert {each.concept for each in found} == {None}


def test_a_column_of_changes_is_no_number_of_the_report():
    found = page_facts("a", page_of(("2025 HK$ million", "Change %"), ROWS))
    assert {each.column for each in found} == {"2025 HK$ million"}


@pytest.mark.parametrize(
    "title",
    [
        "Contents\nConsolidated Income Statement",
        "Notes to the consolidated financial statements\nConsolidated Income Statement",
    ],
)
def test_a_mention_of_a_statement_is_none(title):
    rows = (("Chairman's statement", "4", "5"), ("Directors", "9", "10")) if "Contents" in title else ROWS
    assert {each.concept for each in page_facts("a", page_of(("2025 HK$", "2024 HK$"), rows, title))} == {None}


# --- identities ---


def test_the_sums_of_a_sound_report_hold(facts):
    found = check_identities(facts)
    assert {each.outcome for each in found} == {"holds"}
    assert {each.name for each in found} == {
        "assets",
        "gross_profit",
        "after_tax",
        "owners_of_profit",
        "owners_of_equity",
        "cash_change",
        "cash_end",
        "lines_operating_profit",
        "lines_profit_before_tax",
        "lines_financing_cash_flow",
    }
    support = fact_support(found)
    assert support[value(facts, "total_assets", 2025).address] == (1, 0)


@given(st.integers(1, 10**6))
def test_a_planted_error_beyond_rounding_fails_and_rounding_does_not(units):
    sound = list(page_facts("a", page_of(("2025 HK$ million", "2024 HK$ million"), ROWS)))
    gross = next(each for each in sound if each.concept == "gross_profit")
    wrong = replace(gross, role_value=str(Decimal(gross.role_value) + units * 10**6))
    (finding, _) = sorted(
        check_identities([wrong if each is gross else each for each in sound]), key=lambda each: -each.year
    )
    assert finding.outcome == (
        "fails" if units > 1 else "holds"
    )  # three numbers, each rounded by half a million at most
    assert gross.address in finding.addresses


def test_last_years_column_is_what_last_years_report_said_unless_restated():
    now = page_facts(
        "b", page_of(("2025 HK$'000", "2024 HK$'000"), (("Revenue", "9,900", "8,000"), ("Cost of sales", "(1)", "(2)")))
    )
    then = page_facts(
        "a", page_of(("2024 HK$ million", "2023 HK$ million"), (("Revenue", "8", "7"), ("Cost of sales", "(9)", "(0)")))
    )
    found = {(each.name, each.outcome, each.addresses[0]) for each in check_identities([*now, *then])}
    assert found == {("prior", "holds", "b#p1/t1/r1c3"), ("prior", "fails", "b#p1/t1/r2c3")}
    restated = [replace(each, restated=each.period.year == 2024) for each in now]
    assert [each.outcome for each in check_identities([*restated, *then])] == ["holds", "restated"]


def test_two_places_of_a_document_that_differ_are_found():
    one = page_facts("a", page_of(("2025 HK$ million", "2024 HK$ million"), ROWS))
    other = page_facts(
        "a", page_of(("2025 HK$ million",), (("Revenue", "12"), ("Gross profit", "6")), "Five-year financial summary")
    )
    found = [each for each in check_identities([*one, *other]) if each.name == "places"]
    assert [(each.outcome, each.difference) for each in found] == [("differs", "-2000000")]
