"""What a question says beside line and year: a currency or a date that the figure does not have is no answer; reasons in both languages."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.apps.research import solving
from dualtrack.apps.research.metrics import catalogue
from dualtrack.apps.research.solving.answer import Abstained, Answered, abstained
from dualtrack.apps.research.solving.asked import currencies_in, days_in
from dualtrack.apps.research.solving.check import check_proposal
from dualtrack.apps.research.solving.findings import finding, finding_texts, quoted
from dualtrack.apps.research.solving.named import metric_lines
from dualtrack.apps.research.solving.proposals import Pointed, Proposal
from dualtrack.apps.research.solving.solve import solve
from dualtrack.apps.research.solving.table import Table
from dualtrack.apps.research.solving.unsaid import unsaid
from dualtrack.domain.records import Text
from dualtrack.errors import NotFoundError

NAMES = {
    "HKD": ("HK dollars", "Hong Kong dollars", "HKD", "港元"), "USD": ("US dollars", "U.S. dollars", "USD", "美元"),
    "CNY": ("renminbi", "RMB", "人民幣"), "EUR": ("euros", "EUR", "歐元"), "GBP": ("pounds sterling", "GBP", "英鎊"),
}  # fmt: skip
HEADS = {"HKD": "HK$ million", "USD": "US$ million", "CNY": "RMB million", "EUR": "€ million", "GBP": "£ million"}


def table(head="HK$ million", columns=("2024", "2025"), caption=""):
    rows = ((head, *columns), ("Revenue", "1,200.5", "1,310.2"), ("Cost of sales", "(800.0)", "(850.1)"))
    return Table(name="t", rows=rows, caption=caption)


@given(has=st.sampled_from(sorted(HEADS)), wanted=st.sampled_from(sorted(NAMES)), which=st.integers(0, 3))
def test_a_currency_is_answered_only_where_the_figure_has_it(has, wanted, which):
    name = NAMES[wanted][which % len(NAMES[wanted])]
    answer = solve(f"What was revenue in 2025 in {name}?", table(HEADS[has]))
    if has == wanted:
        assert isinstance(answer, Answered)
        assert dict(answer.unit.parts) == {has: 1}
    else:
        assert isinstance(answer, Abstained)
        assert answer.reason == "unit mismatch"
        assert (wanted in answer.words.en, has in answer.words.en) == (True, True)


def test_a_currency_asked_of_a_change_or_a_ratio_is_that_of_its_operands():
    for question in ("By what percentage did revenue in US dollars change from 2024 to 2025?", "What was the gross margin in 2025 in USD?"):  # fmt: skip
        assert solve(question, table()).reason == "unit mismatch"
        assert isinstance(solve(question, table("US$ million")), Answered)


def test_a_currency_of_the_line_itself_and_one_that_only_the_text_names_are_had():
    rows = (("HK$ million", "2025"), ("Borrowings in US dollars", "120"), ("Borrowings in Hong Kong dollars", "310"))
    assert solve("What were borrowings in US dollars in 2025?", Table(name="t", rows=rows)).operands[0].text == "120"
    bare = table("$ million")
    assert solve("What was revenue in US dollars in 2025?", bare).reason == "unit mismatch"
    assert isinstance(solve("What was revenue in US dollars in 2025?", bare, ("Amounts are in US dollars.",)), Answered)


MARCH = (
    "at 31 March 2025",
    "as at March 31, 2025",
    "for the year ended 31 March 2025",
    "on 2025-03-31",
    "2025年3月31日",
)


@pytest.mark.parametrize("when", MARCH)
def test_a_date_is_answered_only_by_a_column_or_a_table_that_has_it(when):
    question = f"{when}的收入是多少？" if "年" in when else f"What was revenue {when}?"
    found = solve(question, table())
    assert found.reason == "period absent"
    assert "31 March 2025" in found.words.en
    assert "2025年3月31日" in found.words.zh
    assert isinstance(solve(question, table(caption="Year ended 31 March")), Answered)
    assert isinstance(solve(question, table(columns=("31 March 2024", "31 March 2025"))), Answered)
    assert isinstance(solve(question, table(), ("For the year ended 31 March 2025 sales rose.",)), Answered)
    assert isinstance(solve(question, table(), ("A dividend was paid on 31 March 2025.",)), Abstained)


def test_another_day_of_the_same_month_is_another_date():
    days = table(columns=("31 March 2024", "28 March 2025"))
    assert solve("What was revenue at 28 March 2025?", days).operands[0].text == "1,310.2"
    assert isinstance(solve("What was revenue at 31 March 2025?", days), Abstained)


def test_a_bare_year_is_a_calendar_year_unless_the_table_says_otherwise():
    question = "What was revenue for the year ended 31 December 2025?"
    assert isinstance(solve(question, table()), Answered)
    assert solve(question, table(caption="Year ended 30 June")).reason == "period absent"


def test_a_model_cannot_bring_what_the_rules_keep_back():
    proposal = Proposal(
        expression="a", operands=(Pointed(name="a", address="t/r2c3", text="1,310.2"),), unit="HKD", scale="million"
    )
    for question, reason in (
        ("What was revenue in US dollars in 2025?", "unit mismatch"),
        ("What was revenue at 31 March 2025?", "period absent"),
    ):
        assert check_proposal(proposal, table(), question=question).reason == reason
    assert isinstance(check_proposal(proposal, table(), question="What was revenue in 2025?"), Answered)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("31 March 2025", [(2025, 3, 31)]),
        ("March 31, 2025 and 2024", [(2025, 3, 31)]),
        ("the 1st of May 2025", [(2025, 5, 1)]),
        ("1/3/2025", [(2025, 3, 1)]),
        ("二零二五年三月三十一日", [(2025, 3, 31)]),
        ("截至12月31日止年度", [(0, 12, 31)]),
        ("in March 2025", [(2025, 3, 0)]),
        ("revenue may rise in 2025 by 3", []),
        ("2025-13-40", []),
    ],
)
def test_dates_are_read_in_the_forms_in_use(text, days):
    assert [tuple(each) for each in days_in(text)] == days


def test_words_that_hold_a_mark_of_a_currency_name_none():
    for text in ("revenue of Europe", "it is said to us", "in dollars", "$5", "¥5", "European customers"):
        assert currencies_in(text) == ()
    assert currencies_in("US$5") == ("USD",)


def test_a_line_that_is_found_by_its_name_alone_has_no_currency_or_date_to_answer_with():
    assert unsaid("revenue in US dollars in 2025", ("Revenue",)) == ("USD",)
    assert unsaid("revenue at 31 March 2025", ("Revenue",)) == ("31 March 2025",)
    assert unsaid("revenue at 31 December 2025", ("Revenue",)) == ()
    assert unsaid("revenue in US dollars", ("Revenue",), terms=False) == ()


# --- figures by name ---


def test_a_line_that_a_figure_by_name_needs_is_named_under_every_name_of_it():
    for question in (
        "What was the net profit margin in 2025?",
        "What was the net margin in 2025?",
        "2025年的純利率是多少？",
    ):
        found = solve(question, table())
        assert found.reason == "missing operand"
        assert "profit for the period 2025" in found.words.en
        assert "期內溢利 2025" in found.words.zh
    assert solve("What was the gross profit margin in 2025?", table()).metric == "gross_margin"
    printed = Table(name="t", rows=(("", "2024", "2025"), ("Revenue", "90", "95"), ("Net margin", "3.1%", "4.2%")))
    assert solve("What was the net margin in 2025?", printed).operands[0].text == "4.2%"


def test_the_lines_of_a_figure_are_known_before_any_page_is():
    lines = metric_lines("What was the net profit margin in 2025?")
    assert [(each.en, each.zh) for each in lines] == [("profit for the period", "期內溢利"), ("revenue", "收入")]
    assert metric_lines("What was revenue in 2025?") == ()


# --- reasons in both languages ---


@pytest.mark.parametrize(
    "question", ["What was the highest revenue from 2020 to 2025?", "2020年至2025年的最高收入是多少？"]
)
def test_our_own_words_of_a_reason_are_chinese_and_no_quotation(question):
    found = solve(question, table())
    assert found.words.zh == "未能理解問題：所問為一個數字，但涉及多個期間。"
    assert found.found == Text(en="one value of several periods", zh="所問為一個數字，但涉及多個期間")


def test_words_of_the_source_stay_as_they_stand():
    assert abstained("no text", "Revenue from Macau").words.zh == "文字中沒有回答此問題的句子：「Revenue from Macau」。"
    assert finding("nil", line=quoted("Revenue 2025")).zh == "「Revenue 2025」為零"


@pytest.mark.parametrize("name", sorted(finding_texts()))
def test_a_reason_fills_the_same_places_in_both_languages_and_has_no_english_sentence_in_chinese(name):
    text = finding_texts()[name]
    places = [{field for _, field, _, _ in string.Formatter().parse(said) if field} for said in (text.en, text.zh)]
    assert places[0] == places[1]
    assert re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text.zh)) is None


def test_every_reason_is_used_and_none_is_unknown():
    source = "".join(path.read_text("utf-8") for path in Path(solving.__file__).parent.parent.rglob("*.py"))
    unused = [name for name in finding_texts() if f'"{name}"' not in source and not name.startswith("scale_")]
    assert unused == []
    with pytest.raises(NotFoundError):
        finding("nothing of the kind")


@pytest.mark.parametrize("key", ["gross_margin", "current_ratio"])
def test_the_formula_of_a_figure_by_name_is_chinese_for_a_reader_of_chinese(key):
    rows = (
        ("HK$ million", "2024", "2025"), ("Revenue", "1,200", "1,310"), ("Cost of sales", "800", "850"),
        ("Total current assets", "500", "600"), ("Total current liabilities", "200", "300"),
    )  # fmt: skip
    answer = solve(f"What was the {key.replace('_', ' ')} in 2025?", Table(name="t", rows=rows))
    assert answer.metric == key
    assert catalogue().metrics[key].formula in answer.definition.en
    assert re.search("[a-z]", answer.definition.zh) is None
    assert answer.definition.zh in {"毛利率：(收入 - 銷售成本) / 收入", "流動比率：流動資產 / 流動負債"}
