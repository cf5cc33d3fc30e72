"""Ways of asking: what is read from wording, periods and labels, and which wordings get no figure rather than a near one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.apps.research.calculate import replays
from dualtrack.apps.research.solving.answer import Abstained, Answered
from dualtrack.apps.research.solving.periods import Period, Range, match_periods, named_range, periods_of
from dualtrack.apps.research.solving.phrases import parts_of
from dualtrack.apps.research.solving.question import read_question
from dualtrack.apps.research.solving.solve import TEXT_MAX, solve
from dualtrack.apps.research.solving.table import CELL_CHARS_MAX, Table, body_of, number_in
from dualtrack.apps.research.solving.words import words
from dualtrack.errors import FieldError

TABLE = Table(
    name="t",
    caption="HK$ million",
    rows=(
        ("", "2025", "2024", "2023"),
        ("Revenue", "1,310", "1,200", "1,000"),
        ("Cost of sales", "(850)", "(800)", "(700)"),
        ("Gross profit", "460", "400", "300"),
        ("Rent", "20", "30", "40"),
        ("Staff", "40", "50", "60"),
        ("Earnings per share (HK$)", "1.20", "1.10", "0.90"),
    ),
)
CHINESE = Table(
    name="z",
    caption="人民幣百萬元",
    rows=(
        ("", "二零一九年", "二零一八年"),
        ("收入", "1,500", "1,200"),
        ("銷售成本", "(900)", "(800)"),
        ("流動資產", "600", "500"),
        ("流動負債", "300", "400"),
    ),
)


def answered(question, table=TABLE, *paragraphs):
    answer = solve(question, table, paragraphs)
    assert isinstance(answer, Answered), answer
    assert replays(answer.trace)
    return answer


def reason(question, table=TABLE, *paragraphs):
    answer = solve(question, table, paragraphs)
    assert isinstance(answer, Abstained), answer
    return answer.reason


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("How much higher was revenue in 2025 than in 2024?", "110"),
        ("How much did rent fall between 2024 and 2025?", "-10"),
        ("By what percentage did gross profit grow in 2025?", "15"),
        ("How fast did revenue grow from 2023 to 2025?", "31"),
        ("Revenue 2024", "1200"),
        ("What was the total of revenue for 2023 to 2025?", "3510"),
        ("What share of gross profit did rent make up in 2024?", "7.5"),
        ("Rent as a percentage of gross profit in 2024?", "7.5"),
        ("What is the percentage of rent and staff out of gross profit in 2024?", "20"),
        ("What is the difference between 2024 and 2025 rent?", "-10"),
        ("What was EPS in 2025?", "1.2"),
        ("What is the compound annual growth of revenue from 2023 to 2024?", "20"),
        ("What was the revenue growth in 2024?", "20"),
    ],
)
def test_english_wordings(question, shown):
    assert answered(question).shown == shown


@pytest.mark.parametrize(
    ("question", "shown", "choice"),
    [
        ("2019年收入比2018年增加多少？", "300", ""),
        ("收入2019年按年增長百分之幾？", "25", ""),
        ("2019年銷售成本佔收入的百分比？", "60", ""),
        ("流動資產與流動負債在2019年的比率", "2", ""),
        ("2019年流動資產與流動負債相差多少？", "300", ""),
        ("2018年和2019年收入合計多少？", "2700", ""),
        ("哪一年的收入最高？", "300", "2019"),
        ("邊年收入最高呀？", "300", "2019"),
        ("有多少年收入超過1,300百萬？", "1", "2019"),
        ("2019年營運資金是多少？", "300", ""),
        ("毛利率2019年係幾多？", "40", ""),
    ],
)
def test_chinese_wordings(question, shown, choice):
    answer = answered(question, CHINESE)
    assert (answer.shown, answer.choice) == (shown, choice)


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("What is net profit in 2025?", "not said"),  # gross profit is another line
        ("What was revenue in the first quarter of 2025?", "period absent"),  # a year is no quarter
        ("What was revenue?", "equal matches"),
        ("What was revenue in 2023 and 2024?", "not understood"),
        ("What were rent and staff in 2025, respectively?", "not understood"),
        ("What was revenue excluding rent in 2025?", "equal matches"),
        ("What was the difference between revenue in 2025 and cost of sales in 2024?", "not understood"),
        ("What was revenue per share in 2025?", "weak match"),
        ("What was the Macau revenue in 2025?", "not said"),  # the table does not say Macau
        ("What was non-current rent in 2025?", "missing operand"),
        ("What is the operating margin in 2025?", "missing operand"),
        ("What is the change in the current ratio from 2024 to 2025?", "not understood"),
        ("What will revenue be in 2026?", "period absent"),
        ("How many components are there in gross profit?", "not understood"),
        ("Why did revenue fall?", "no text"),
    ],
)
def test_a_near_figure_is_no_answer(question, why):
    assert reason(question) == why


QUARTERS = Table(
    name="q",
    rows=(
        ("", "First", "Second", "Third", "Fourth"),
        ("2019", "", "", "", ""),
        ("Net sales", "117", "120", "115", "116"),
        ("2018", "", "", "", ""),
        ("Net sales", "113", "118", "119", "121"),
    ),
)


def test_quarters_and_years_in_rows():
    assert answered("What were net sales in the second quarter of 2018?", QUARTERS).value == "118"
    assert (
        answered("What was the change in net sales from the third to the fourth quarter of 2019?", QUARTERS).value
        == "1"
    )
    assert reason("What were net sales in the second quarter?", QUARTERS) == "equal matches"
    assert reason("What were net sales in 2018?", QUARTERS) == "period absent"


def test_years_as_rows_and_lines_as_columns():
    table = Table(name="t", rows=(("", "Low", "High"), ("2019", "5", "9"), ("2018", "4", "7")))
    assert answered("What was the change in the high from 2018 to 2019?", table).value == "2"
    assert answered("In which year was the low the lowest?", table).choice == "2018"


def test_a_second_heading_in_the_table_names_what_is_below_it():
    table = Table(name="t", rows=(("", "2019", "2018"), ("Rent", "5", "4"), ("", "2017", "2016"), ("Rent", "3", "2")))
    assert answered("What was rent in 2016?", table).value == "2"
    assert answered("What was the change in rent from 2017 to 2019?", table).value == "2"


def test_a_spanning_heading_names_its_columns():
    rows = (
        ("", "2019", "", "2018", ""),
        ("", "Assets", "Liabilities", "Assets", "Liabilities"),
        ("Swaps", "5", "4", "3", "2"),
    )
    table = Table(name="t", rows=rows)
    assert answered("What were the liabilities of swaps in 2018?", table).value == "2"
    assert answered("What was the change in the assets of swaps from 2018 to 2019?", table).value == "2"


def test_a_row_without_a_name_that_is_a_sum_is_the_total():
    table = Table(name="t", rows=(("", "2019"), ("Land", "5"), ("Plant", "4"), ("", "9")))
    assert answered("What was the total in 2019?", table).value == "9"
    assert (
        body_of(Table(name="t", rows=(("", "2019"), ("Land", "5"), ("Plant", "4"), ("", "11")))).cells[-1].label == ""
    )


def test_a_year_without_periods_in_the_table_needs_the_text():
    table = Table(name="t", rows=(("", "Amount"), ("Rent", "5")))
    assert reason("What was rent in 2019?", table) == "period absent"
    assert answered("What was rent in 2019?", table, "The table shows 2019.").value == "5"


def test_footnote_columns_hold_no_figures():
    table = Table(name="t", rows=(("", "Notes", "2019"), ("Rent", "17", "5")))
    assert [each.text for each in body_of(table).cells] == ["5"]


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("2019", (Period(2019),)),
        ("FY19 and F18", (Period(2019), Period(2018))),
        ("2018/2019", (Period(2019),)),
        ("31 December 2019", (Period(2019, "M12"),)),
        ("Q4 2019 and 2018", (Period(2019, "Q4"), Period(2018, "Q4"))),
        ("二零一九年六月三十日", (Period(2019, "M06"),)),
        ("2 0 1 8", (Period(2018),)),
        ("2017,2018 and 2019", (Period(2017), Period(2018), Period(2019))),
        ("first half of 2020", (Period(2020, "H1"),)),
        ("$2,019 and 2019.5 and 2019%", ()),
        ("we may decrease separation costs", ()),
    ],
)
def test_periods(text, periods):
    assert periods_of(text) == periods


def test_ranges_and_fit():
    assert named_range("from 2018 to 2020") == Range(2018, 2020)
    assert named_range("in 2018") is None
    assert match_periods(Period(2019), (Period(2019, "Q1"),)) == 0
    assert match_periods(Period(2019, "Q1"), (Period(2019),)) == 0
    assert match_periods(Period(2019), (Period(2019, "M12"),)) < match_periods(Period(2019), (Period(2019),))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$(1,234)", "-1234"), ("(22.2)%", "-0.222"), ("$ —", "0"), ("1,234 (a)", "1234"), ("0.9x", "0.9"), ("HK$5", "5"),
        ("12 13", None), ("see page 4", None), ("", None), ("-", "0"), ("- %", "0"), ("n/a", None),
    ],
)  # fmt: skip
def test_numbers_of_cells(text, value):
    found = number_in(text)
    assert (None if found is None else str(found.value)) == value


@pytest.mark.parametrize(
    ("caption", "scale", "unit"),
    [
        ("HK$'000", "thousand", "HKD"), ("港幣千元", "thousand", "HKD"), ("百萬港元", "million", "HKD"), ("人民幣億元", "hundred million", "CNY"),
        ("RMB’000", "thousand", "CNY"), ("US$ in millions, except per share data", "million", "USD"), ("HK$m", "million", "HKD"),
        ("(Expressed in thousands of Hong Kong dollars)", "thousand", "HKD"), ("$ million", "million", "unit not stated"),
        ("in thousands of shares and millions of dollars", "", "unit not stated"), ("HK$", "", "HKD"),
    ],
)  # fmt: skip
def test_captions_and_columns_say_scale_and_currency(caption, scale, unit):
    rows = (("", "2019", "2018"), ("Revenue", "1,302", "5"))
    answer = answered("What was revenue in 2019?", Table(name="t", caption=caption, rows=rows))
    assert (answer.scale, answer.unit.words) == (scale, unit)
    if "except" not in caption:
        column = Table(name="t", rows=(("", f"2019 {caption}", f"2018 {caption}"), rows[1]))
        answer = answered("What was revenue in 2019?", column)
        assert (answer.scale, answer.unit.words) == (scale, unit)


@pytest.mark.parametrize(
    ("label", "text", "value", "scale", "unit"),
    [
        ("Number of employees", "302", "302", "", "number"),
        ("Dividend per share (HK cents)", "30", "0.3", "cents", "HKD per share"),
        ("Shares in issue (million)", "10", "10000000", "million", "share"),
        ("Net margin (%)", "12.5", "0.125", "percent", "number"),
        ("Gearing ratio", "0.35", "0.35", "", "number"),
        ("Earnings per share", "1.2", "1.2", "", "HKD per share"),
        ("Remaining life in years", "5", "5", "", "number"),
    ],
)
def test_kinds_of_lines(label, text, value, scale, unit):
    table = Table(name="t", caption="HK$ million", rows=(("", "2019"), (label, text), ("Revenue", "900")))
    answer = answered(f"What was the {label.partition(' (')[0].lower()} in 2019?", table)
    assert (answer.value, answer.scale, answer.unit.words) == (value, scale, unit)


def test_money_and_people_do_not_add_up():
    table = Table(
        name="t", caption="HK$ million", rows=(("", "2019"), ("Number of employees", "302"), ("Revenue", "900"))
    )
    assert reason("What is the sum of revenue and number of employees in 2019?", table) == "unit mismatch"


def test_words_and_parts():
    assert words("Net deferred tax assets") == words("the net deferred tax asset")
    assert words("R&D expenses") == words("research development expense")
    assert parts_of("what is the ratio of total assets to total liabilities in 2019?", "share") == (
        "total assets",
        "total liabilities",
    )
    assert parts_of("what is the sum of rent, staff and tax in 2019", "list") == ("rent", "staff", "tax")
    assert parts_of("what is the change between 2018 and 2019", "difference") == ()
    assert read_question("How many years did rent exceed 5?").intent == "count"


def test_too_much_is_refused_by_name():
    with pytest.raises(FieldError, match="too much text"):
        solve("What was rent in 2025?", TABLE, ("x" * (TEXT_MAX + 1),))
    with pytest.raises(FieldError, match="a cell of"):
        Table(name="t", rows=(("x" * (CELL_CHARS_MAX + 1),),))


@given(st.text(max_size=60))
def test_reading_never_fails(text):
    read_question(text)
    number_in(text)
    for kind in ("share", "difference", "list"):
        parts_of(text.lower(), kind)
    first, *_ = [*periods_of(text), Period(0)]
    assert match_periods(first, periods_of(text)) in {0.0, 1.0} or first.year == 0


def test_a_role_of_money_is_not_played_by_shares():
    rows = (("", "2019"), ("Total current assets (%)", "60"), ("Total current liabilities", "300"))
    assert (
        reason("What is the current ratio in 2019?", Table(name="t", rows=rows, caption="HK$ million"))
        == "unit mismatch"
    )
    prices = (("HK$", "2019"), ("Share price", "24"), ("Earnings per share", "2"))
    answer = answered("What was the price to earnings in 2019?", Table(name="t", rows=prices))
    assert (answer.metric, answer.value, answer.unit.words) == ("price_earnings", "12", "number")
