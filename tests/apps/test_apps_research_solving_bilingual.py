"""Two languages: Chinese headings and names, labels in both, a question in one over a table in the other."""

import pytest

from dualtrack.apps.research.calculate import replays
from dualtrack.apps.research.solving.answer import Abstained, Answered
from dualtrack.apps.research.solving.bridge import bridged
from dualtrack.apps.research.solving.matching import names_in
from dualtrack.apps.research.solving.solve import solve
from dualtrack.apps.research.solving.table import Table

ENGLISH = Table(
    name="t", caption="HK$ million", rows=(("", "2025", "2024"), ("Revenue", "1,310", "1,200"), ("Rent", "20", "30"))
)
CHINESE = Table(
    name="z",
    caption="人民幣百萬元",
    rows=(
        ("", "二零一九年", "二零一八年"),
        ("收入", "1,500", "1,200"),
        ("流動資產", "600", "500"),
        ("流動負債", "300", "400"),
    ),
)
BOTH = Table(
    name="hk",
    rows=(
        ("", "附註 Notes", "二零二五年 2025", "二零二四年 2024"),
        ("", "", "千港元 HK$'000", "千港元 HK$'000"),
        ("收入 Revenue", "4", "1,302", "1,100"),
        ("銷售成本 Cost of sales", "", "(800)", "(700)"),
        ("毛利 Gross profit", "", "502", "400"),
        ("行政開支 Administrative expenses", "", "(200)", "(150)"),
        ("除稅前溢利 Profit before tax", "6", "302", "250"),
        ("所得稅開支 Income tax expense", "7", "(50)", "(40)"),
        ("年度溢利 Profit for the year", "", "252", "210"),
        ("每股盈利（港仙） Earnings per share (HK cents)", "8", "12.5", "10.5"),
    ),
)


def answered(question, table):
    answer = solve(question, table)
    assert isinstance(answer, Answered), answer
    assert replays(answer.trace)
    return answer


def reason(question, table):
    answer = solve(question, table)
    assert isinstance(answer, Abstained), answer
    return answer.reason


@pytest.mark.parametrize(
    ("question", "shown", "scale", "unit"),
    [
        ("What was revenue in 2025?", "1302", "thousand", "HKD"),
        ("2025年的收入是多少？", "1302", "thousand", "HKD"),
        ("2025年的每股盈利是多少？", "12.5", "cents", "HKD per share"),
        ("What were earnings per share in 2024?", "10.5", "cents", "HKD per share"),
        ("What is the effective tax rate in 2024?", "16", "percent", "number"),
        ("二零二四年的實際稅率", "16", "percent", "number"),
        ("年度溢利的增長率", "20", "percent", "number"),
        ("哪一年的年度溢利較高？", "42", "thousand", "HKD"),
        ("收入和毛利2025年合計", "1804", "thousand", "HKD"),
    ],
)
def test_labels_in_both_languages(question, shown, scale, unit):
    answer = answered(question, BOTH)
    assert (answer.shown, answer.scale, answer.unit.words) == (shown, scale, unit)


def test_a_growing_expense_in_brackets_is_said_to_be_negative():
    answer = answered("行政開支增加了多少？", BOTH)
    assert answer.shown == "-50"
    assert answer.definition.en.endswith("figures in brackets as negative")
    assert "負數" in answer.definition.zh
    assert "brackets" not in answered("What was the change in revenue?", BOTH).definition.en


def test_names_of_a_label():
    assert names_in("收入 Revenue") == ("收入 Revenue", "收入", "Revenue")
    assert names_in("Revenue") == ("Revenue",)
    assert bridged("what was revenue in 2025", chinese=True) == "what was revenue in 2025 收入"
    assert bridged("2025年的收入", chinese=False) == "2025年的收入 revenue"
    assert bridged("what was revenue", chinese=False) == "what was revenue"


@pytest.mark.parametrize(
    ("question", "table", "shown"),
    [
        ("What was revenue in 2019?", CHINESE, "1500"),
        ("What was the percentage change in revenue from 2018 to 2019?", CHINESE, "25"),
        ("What is the current ratio in 2018?", CHINESE, "1.25"),
        ("What is the ratio of current assets to current liabilities in 2019?", CHINESE, "2"),
        ("2025年的收入是多少？", ENGLISH, "1310"),
        ("由2024年至2025年，收入的變動是多少？", ENGLISH, "110"),
    ],
)
def test_a_question_in_one_language_over_a_table_in_the_other(question, table, shown):
    assert answered(question, table).shown == shown


def test_a_line_that_the_catalogue_does_not_know_is_not_translated():
    assert reason("What was rent in 2019?", CHINESE) == "missing operand"
    assert reason("2025年的租金是多少？", ENGLISH) == "missing operand"


@pytest.mark.parametrize(
    "heads",
    [
        ("2019年", "2018年"),
        ("2019年度", "2018年度"),
        ("2019年12月31日", "2018年12月31日"),
        ("截至二零一九年", "截至二零一八年"),
        ("2019年 千港元", "2018年 千港元"),
    ],
)
def test_chinese_headings_are_years(heads):
    table = Table(name="t", rows=(("", *heads), ("收入", "5", "4"), ("租期", "5年", "3年")))
    assert answered("由2018年至2019年，收入的變動是多少？", table).shown == "1"
    assert answered("2019年的租期是多少？", table).shown == "5"


def test_a_longer_chinese_name_is_another_line():
    table = Table(name="t", rows=(("", "2019年"), ("收入", "5"), ("其他收入", "3")))
    assert answered("2019年的其他收入是多少？", table).value == "3"
    assert answered("2019年的收入是多少？", table).value == "5"
