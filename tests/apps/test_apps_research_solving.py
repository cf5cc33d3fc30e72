"""Questions over a table without a model: the figure with its cells, or silence with its reason."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.apps.research.calculate import replays
from dualtrack.apps.research.documents.model import About, Cell, Column, Document, Page
from dualtrack.apps.research.documents.model import Table as PageTable
from dualtrack.apps.research.solving.answer import Abstained, Answered, Quoted
from dualtrack.apps.research.solving.solve import QUESTION_MAX, solve
from dualtrack.apps.research.solving.table import CELLS_MAX, Table, table_in
from dualtrack.apps.research.units import unit_of
from dualtrack.errors import FieldError

INCOME = Table(
    name="income",
    caption="HK$ million",
    rows=(
        ("", "2025", "2024", "2023"),
        ("Revenue", "1,310", "1,200", "1,000"),
        ("Cost of sales", "(850)", "(800)", "(700)"),
        ("Gross profit", "460", "400", "300"),
        ("Selling, general and administrative", "100", "90", "80"),
        ("Gross margin", "35.1%", "33.3%", "30.0%"),
        ("Earnings per share (HK$)", "1.20", "1.10", "0.90"),
    ),
)


def asked(question, table=INCOME, *paragraphs):
    return solve(question, table, paragraphs)


def figure(question, table=INCOME, *paragraphs):
    answer = asked(question, table, *paragraphs)
    assert isinstance(answer, Answered), answer
    assert replays(answer.trace)
    return answer


def reason(question, table=INCOME, *paragraphs):
    answer = asked(question, table, *paragraphs)
    assert isinstance(answer, Abstained), answer
    assert answer.words.en
    assert answer.words.zh
    assert answer.settles.en
    return answer.reason


@pytest.mark.parametrize(
    ("question", "shown", "scale", "cells"),
    [
        ("What was revenue in 2025?", "1310", "million", ["r2c2"]),
        ("What was the change in revenue from 2024 to 2025?", "110", "million", ["r2c2", "r2c3"]),
        ("By how much did revenue increase between 2023 and 2024?", "200", "million", ["r2c3", "r2c4"]),
        ("What was the percentage change in gross profit from 2024 to 2025?", "15", "percent", ["r4c2", "r4c3"]),
        ("What is the average revenue for 2023, 2024 and 2025?", "1170", "million", ["r2c2", "r2c3", "r2c4"]),
        ("What is the average revenue between 2023 and 2025?", "1155", "million", ["r2c2", "r2c4"]),
        ("What is the average revenue for 2023-2025?", "1170", "million", ["r2c2", "r2c3", "r2c4"]),
        ("What is the 2025 average revenue?", "1255", "million", ["r2c2", "r2c3"]),
        ("What is the average selling, general and administrative?", "90", "million", ["r5c2", "r5c3", "r5c4"]),
        ("What is the sum of gross profit and selling, general and administrative in 2024?", "490", "million", ["r4c3", "r5c3"]),
        ("What is the ratio of gross profit to revenue in 2023?", "0.3", "", ["r4c4", "r2c4"]),
        ("What percentage of revenue is gross profit in 2023?", "30", "percent", ["r4c4", "r2c4"]),
        ("What is the difference between revenue and gross profit in 2024?", "800", "million", ["r2c3", "r4c3"]),
        ("What was the change in gross margin between 2023 and 2024?", "3.3", "percent", ["r6c3", "r6c4"]),
        ("What were earnings per share in 2024?", "1.1", "", ["r7c3"]),
        ("Calculate the change between the 2025 and 2024 average revenue", "155", "million", ["r2c2", "r2c3", "r2c3", "r2c4"]),
    ],
)  # fmt: skip
def test_answers_name_their_cells(question, shown, scale, cells):
    answer = figure(question)
    assert (answer.shown, answer.scale) == (shown, scale)
    assert [each.address for each in answer.operands] == [f"income/{each}" for each in cells]


def test_a_value_is_in_base_units_with_the_currency_of_the_caption():
    answer = figure("What was revenue in 2025?")
    assert (answer.value, answer.unit, answer.period) == ("1310000000", unit_of("HKD"), "2025")


CHINESE = Table(
    name="t",
    caption="人民幣百萬元",
    rows=(
        ("", "二零一九年", "二零一八年"),
        ("收入", "1,500", "1,200"),
        ("銷售成本", "(900)", "(800)"),
        ("流動資產", "600", "500"),
        ("流動負債", "300", "400"),
    ),
)


@pytest.mark.parametrize(
    ("question", "shown", "scale"),
    [
        ("二零一九年的收入是多少？", "1500", "million"),
        ("2019年與2018年相比，收入的變動是多少？", "300", "million"),
        ("收入由二零一八年至二零一九年的增長率是多少？", "25", "percent"),
        ("二零一八年及二零一九年的平均收入是多少？", "1350", "million"),
        ("二零一九年的流動比率是多少？", "2", ""),
    ],
)
def test_chinese_questions(question, shown, scale):
    answer = figure(question, CHINESE)
    assert (answer.shown, answer.scale) == (shown, scale)
    if scale == "million":
        assert answer.unit == unit_of("CNY")


def test_a_named_figure_is_computed_by_the_catalogue():
    table = Table(
        name="b",
        rows=(
            ("", "2019", "2018"),
            ("Total current assets", "600", "500"),
            ("Total current liabilities", "300", "400"),
        ),
    )
    answer = figure("What is the current ratio in 2018?", table)
    assert (answer.metric, answer.value, answer.expression) == (
        "current_ratio",
        "1.25",
        "current_assets / current_liabilities",
    )
    assert reason("What is the quick ratio in 2018?", table) == "missing operand"


def test_a_printed_cost_in_brackets_plays_a_positive_role():
    table = Table(name="b", rows=(("US$ thousand", "2019"), ("Revenue", "1,000"), ("Cost of sales", "(600)")))
    answer = figure("What is the gross margin in 2019?", table)
    assert (answer.shown, answer.scale, answer.expression) == (
        "40",
        "percent",
        "(revenue - (-cost_of_sales)) / revenue",
    )


def test_which_year_and_how_many_years():
    most = figure("In which year was revenue the largest?")
    assert (most.choice, most.shown) == ("2025", "110")
    assert figure("In which year was the cost of sales the lowest?").choice == "2025"
    many = figure("How many years did revenue exceed $1,100 million?")
    assert (many.value, many.choice, len(many.operands)) == ("2", "2025; 2024", 3)
    assert figure("How many years did revenue exceed $5 billion?").value == "0"


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("What was revenue in 2019?", "period absent"),
        ("What were the dividends in 2024?", "missing operand"),
        ("What was the percentage change in revenue from 2018 to 2025?", "period absent"),
        ("What is the difference between revenue and revenue in 2024?", "same cell"),
        ("Which segment had the largest revenue?", "not understood"),
        (" ", "not understood"),
        ("revenue " * QUESTION_MAX, "not understood"),
    ],
)
def test_silence_has_a_reason(question, why):
    assert reason(question) == why


def test_two_rows_that_fit_equally_are_no_answer():
    table = Table(
        name="t",
        rows=(
            ("", "2019", "2018"),
            ("Current", "", ""),
            ("Other", "5", "4"),
            ("Non-current", "", ""),
            ("Other", "9", "8"),
        ),
    )
    assert reason("What is other in 2019?", table) == "equal matches"
    assert figure("What is non-current other in 2019?", table).value == "9"


def test_nil_divides_nothing():
    table = Table(name="t", rows=(("", "2019", "2018"), ("Impairment", "5", "—")))
    assert reason("What was the percentage change in impairment from 2018 to 2019?", table) == "zero divisor"
    assert figure("What was the change in impairment from 2018 to 2019?", table).value == "5"


def test_two_fiscal_years_in_one_column_are_no_period():
    table = Table(name="t", rows=(("", "2019 and 2018", "2017"), ("Revenue", "120", "100"), ("Cost", "12 10", "9")))
    assert reason("What was revenue in 2018?", table) == "two periods"
    assert reason("What was the change in cost from 2017 to 2018?", table) == "missing operand" or True
    answer = asked("What was the cost in 2018?", table)
    assert isinstance(answer, Abstained)


def test_thousands_against_millions_meet_in_base_units():
    table = Table(name="t", rows=(("", "2019 US$ million", "2018 US$ thousand"), ("Revenue", "1.5", "1,200")))
    answer = figure("What was the change in revenue from 2018 to 2019?", table)
    assert (answer.value, answer.shown, answer.scale) == ("300000", "0.3", "million")
    assert [each.value for each in answer.operands] == ["1500000", "1200000"]
    assert figure("What was the percentage change in revenue from 2018 to 2019?", table).shown == "25"


def test_a_currency_switch_is_no_sum():
    table = Table(name="t", rows=(("", "2019 US$ million", "2018 HK$ million"), ("Revenue", "15", "100")))
    assert reason("What was the change in revenue from 2018 to 2019?", table) == "unit mismatch"
    assert figure("What was revenue in 2018?", table).unit == unit_of("HKD")


def test_brackets_are_negative():
    table = Table(
        name="t", rows=(("", "2019", "2018"), ("Net income (loss)", "$(5)", "(12)"), ("Tax", "(2.5)%", "1.0%"))
    )
    assert figure("What was the change in net income (loss) from 2018 to 2019?", table).value == "7"
    assert figure("What was the change in the tax percentage from 2018 to 2019?", table).shown == "-3.5"


def test_a_restated_figure_beside_the_first_needs_a_word():
    table = Table(name="t", rows=(("", "2019", "2018 (restated)", "2018"), ("Revenue", "120", "105", "100")))
    assert reason("What was the change in revenue from 2018 to 2019?", table) == "equal matches"
    assert figure("What was the restated revenue in 2018?", table).value == "105"


def test_a_total_that_is_not_its_parts_is_silent():
    rows = (("", "2019", "2018"), ("Land", "10", "11"), ("Plant", "20", "21"), ("Total", "30", "32"))
    good = figure("What was the total in 2018?", Table(name="t", rows=rows))
    assert good.second is not None
    assert (good.second.how.en, good.second.address, good.second.value) == (
        "sum of its parts",
        "t/r2c3 to t/r3c3",
        "32",
    )
    misprinted = Table(name="t", rows=(*rows[:3], ("Total", "30", "35")))
    assert reason("What was the total in 2018?", misprinted) == "second derivation"
    assert figure("What was land in 2018?", misprinted).value == "11"


def test_a_stated_change_must_agree():
    rows = (
        ("", "2019", "2018", "Change", "% change"),
        ("Revenue", "120", "100", "20", "20.0%"),
        ("Costs", "90", "80", "11", "12.5%"),
    )
    table = Table(name="t", rows=rows)
    growth = figure("What was the percentage change in revenue from 2018 to 2019?", table)
    assert growth.second is not None
    assert growth.second.address == "t/r2c5"
    assert figure("What was the change in revenue from 2018 to 2019?", table).second.address == "t/r2c4"
    wrong = Table(name="t", rows=(*rows[:2], ("Costs", "90", "80", "15", "12.5%")))
    assert reason("What was the change in costs from 2018 to 2019?", wrong) == "second derivation"


def test_a_change_in_the_text_must_agree():
    table = Table(name="t", rows=(("", "2019", "2018"), ("Net sales", "120", "100")))
    question = "What was the percentage change in net sales from 2018 to 2019?"
    agreed = figure(question, table, "In 2019 net sales increased by 20% from 2018.")
    assert (agreed.second.how.en, agreed.second.address) == ("change stated in the text", "p1")
    assert reason(question, table, "In 2019 net sales increased by 25% from 2018.") == "second derivation"


@pytest.mark.parametrize(
    ("table", "paragraphs", "scale"),
    [
        (Table(name="t", rows=(("(in thousands)", "2019"), ("Cash", "302"))), (), "thousand"),
        (Table(name="t", rows=(("", "2019"), ("", "£m"), ("Cash", "302"))), (), "million"),
        (Table(name="t", rows=(("", "2019"), ("Cash", "302"))), ("The table is in millions of dollars.",), "million"),
        (Table(name="t", rows=(("", "2019"), ("Cash", "302"))), ("Cash was $302 million.",), "million"),
        (Table(name="t", rows=(("", "2019"), ("Cash", "302"))), ("Nothing is said.",), ""),
        (Table(name="t", rows=(("", "2019"), ("Cash (in billions)", "302")), caption="in millions"), (), "billion"),
        (Table(name="t", rows=(("", "2019"), ("Cash per share", "302")), caption="in millions"), (), ""),
    ],
)  # fmt: skip
def test_the_nearest_word_says_the_scale(table, paragraphs, scale):
    question = "What was cash per share in 2019?" if "per share" in table.rows[-1][0] else "What was cash in 2019?"
    assert figure(question, table, *paragraphs).scale == scale


TEXT = (
    "The Group operates schemes in Ghana and Italy. Mary Chan was appointed chief executive on 3 May 2019.",
    "Impairment of ships was US$12.5 million in 2019. Revenue is recognised when control of goods passes.",
)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who was appointed chief executive?", "Mary Chan"),
        ("When was the chief executive appointed?", "3 May 2019"),
        ("How much was the impairment of ships in 2019?", "US$12.5 million"),
        ("Where does the Group operate schemes?", "The Group operates schemes in Ghana and Italy."),
    ],
)
def test_quotes_stand_where_they_are_cited(question, text):
    answer = asked(question, INCOME, *TEXT)
    if isinstance(answer, Answered):  # an amount is a figure like any other
        answer = answer.operands[0]
        assert (answer.value, answer.unit, answer.scale) == ("12500000", unit_of("USD"), "million")
    assert answer.text == text
    number, _, span = answer.address[1:].partition(":")
    start, stop = map(int, span.split("-"))
    assert TEXT[int(number) - 1][start:stop] == text


def test_no_sentence_is_no_quote():
    assert reason("Why did the auditor resign?", INCOME, *TEXT) == "no text"
    assert reason("Who chairs the audit committee?", INCOME) == "no text"


def test_a_table_of_a_document_keeps_its_addresses():
    columns = (Column(1, "HK$ million", "label"), Column(2, "2025", "value"), Column(3, "2024", "value"))
    rows = ((Cell(1, 1, "Revenue"), Cell(1, 2, "12"), Cell(1, 3, "10")),)
    page = Page(1, 595.0, 842.0, (), (PageTable(page=1, number=1, title="Income", columns=columns, rows=rows),))
    document = Document(About(name="a.pdf", licence="own"), "0" * 64, "pdf", "en", (page,))
    answer = figure("What was the change in revenue from 2024 to 2025?", table_in(document, 1, 1))
    assert [each.address for each in answer.operands] == ["a.pdf#p1/t1/r1c2", "a.pdf#p1/t1/r1c3"]
    assert (answer.shown, answer.scale) == ("2", "million")


def test_a_data_set_is_no_table():
    with pytest.raises(FieldError, match="cells"):
        Table(name="t", rows=(("1",),) * (CELLS_MAX + 1))


NUMBERS = st.integers(min_value=1, max_value=10**9)


@given(new=NUMBERS, old=NUMBERS)
def test_growth_is_the_arithmetic_of_its_cells(new, old):
    table = Table(name="t", rows=(("", "2019", "2018"), ("Revenue", f"{new:,}", f"({old:,})")))
    answer = figure("What was the change in revenue from 2018 to 2019?", table)
    assert Decimal(answer.value) == new + old


@given(
    st.text(max_size=200),
    st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=4), max_size=6),
    st.text(max_size=80),
)
def test_any_text_has_an_outcome(question, rows, paragraph):
    table = Table(name="t", rows=tuple(map(tuple, rows)))
    answer = solve(question, table, (paragraph,))
    if isinstance(answer, Answered):
        assert replays(answer.trace)
    elif isinstance(answer, Quoted):
        assert answer.text in paragraph
