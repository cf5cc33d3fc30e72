"""Figures and wording in both languages: what is the same value, and what is the same text."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.answers.figures import Figure, figures, same_figure
from dualtrack.evidence.answers.numerals import read_numeral
from dualtrack.evidence.answers.wording import (
    CHARACTERS_MAX,
    content,
    negations,
    normal,
    overlap,
    sentences,
    texts,
    tokens,
)
from dualtrack.evidence.sample import Roles, make_sample


@pytest.mark.parametrize(
    ("text", "kind", "value", "currency"),
    [
        ("HK$3.5 million", "number", "3500000", "HKD"),
        ("3,500,000 港元", "number", "3500000", "HKD"),
        ("三百五十萬元", "number", "3500000", ""),
        ("350萬", "number", "3500000", ""),
        ("三萬五", "number", "35000", ""),
        ("1.5億", "number", "150000000", ""),
        ("兩億三千萬", "number", "230000000", ""),
        ("US$1.2bn", "number", "1200000000", "USD"),
        ("(1,200)", "number", "-1200", ""),
        ("HK$(350)", "number", "-350", "HKD"),
        ("(2024)", "number", "2024", ""),
        ("-3.5%", "percent", "-7/2", ""),
        ("負百分之三點五", "percent", "-7/2", ""),
        ("5 per cent", "percent", "5", ""),
        ("25 basis points", "percent", "1/4", ""),
        ("－１２．５％", "percent", "-25/2", ""),
        ("minus 3", "number", "-3", ""),
        ("五天", "number", "5", ""),
        ("three days", "number", "3", ""),
        ("31 December 2024", "date", "20241231", ""),
        ("31/12/2024", "date", "20241231", ""),
        ("2024-12-31", "date", "20241231", ""),
        ("Dec 31st, 2024", "date", "20241231", ""),
        ("二零二四年十二月三十一日", "date", "20241231", ""),
    ],
)
def test_one_figure_has_one_value(text, kind, value, currency):
    found = figures(text)
    assert [(each.kind, each.value) for each in found] == [(kind, Fraction(value))]
    assert found[0].currency == currency


@pytest.mark.parametrize("text", ["統一安排", "萬一", "十分重要", "一個客戶", "one of them", "someone", "百分百", "٣٤"])
def test_ordinary_language_holds_no_figure(text):
    assert figures(text) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**12), st.sampled_from(["{}", "HK${}", "about {} people", "共{}人", "{}元"]))
def test_grouped_digits_are_the_same_number(number, form):
    assert [each.value for each in figures(form.format(f"{number:,}"))] == [number]
    assert [each.value for each in figures(form.format(number))] == [number]


def numeral(number):
    """Write a number below 10^8 in Chinese, by places."""
    if number >= 10_000:
        rest = number % 10_000
        return numeral(number // 10_000) + "萬" + (("零" if 0 < rest < 1_000 else "") + numeral(rest) if rest else "")
    parts, gap = "", False
    for place, sign in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        if digit:
            parts += ("零" if gap and parts else "") + "零一二三四五六七八九"[digit] + sign
        gap = not digit
    return parts


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 99_999_999))
def test_chinese_numerals_read_back(number):
    assert read_numeral(numeral(number)) == number


def test_sameness_knows_kind_currency_and_tolerance():
    hundred = Figure("number", Fraction(100), "HKD")
    assert same_figure(hundred, Figure("number", Fraction(101)), 0.01)
    assert not same_figure(hundred, Figure("number", Fraction(102)), 0.01)
    assert not same_figure(hundred, Figure("number", Fraction(100), "USD"), 0.5)
    assert not same_figure(hundred, Figure("percent", Fraction(100)), 0.5)
    assert not same_figure(Figure("number", Fraction(0)), Figure("number", Fraction(1, 10**9)), 0.5)
    assert not same_figure(Figure("date", Fraction(20241231)), Figure("date", Fraction(20241230)), 0.1)


# --- wording ---


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yes.", "yes"),
        ("ＨＫＭＡ　２０２４", "hkma 2024"),
        ("「三個月」。", "三個月"),
        ("三 個 月", "三個月"),
        ("HK$35,000", "hk$ 35000"),
        ("It’s due", "It's due"),
    ],
)
def test_the_same_answer_in_another_dress(one, other):
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"), [("3.5", "35"), ("5%", "5"), ("-3", "3"), ("1,2", "12"), ("can", "can not"), ("三個月", "六個月")]
)
def test_what_changes_the_meaning_is_kept(one, other):
    assert normal(one) != normal(other)


def test_tokens_sentences_and_content():
    assert tokens("按揭 loan 3.5%，HKMA") == ["按", "揭", "loan", "3.5%", "hkma"]
    assert sentences("利率是3.5%。The fee is HK$5.00. Pay now!\nOK") == [
        "利率是3.5%。",
        "The fee is HK$5.00.",
        "Pay now!",
        "OK",
    ]
    assert content("The fee is not waived 客戶") == {"fee", "waived", "客戶"}
    assert (negations("not never"), negations("不得轉讓，沒有例外"), negations("we don't")) == (2, 2, 1)
    assert overlap(["a", "a", "b"], ["a", "b", "b"]) == (4, 6)


def test_columns_of_text_are_checked():
    roles = Roles(answer="a")
    masked = np.ma.masked_array(np.array(["x", "y"], dtype=object), mask=[False, True])
    assert texts(make_sample({"a": masked}, roles), "answer") == ["x", ""]
    assert texts(
        make_sample({"a": np.array(["x", None, float("nan")], dtype=object)}, roles, digest="0" * 64), "answer"
    ) == [
        "x",
        "",
        "",
    ]
    for bad in (np.array([1.5]), np.array(["x" * (CHARACTERS_MAX + 1)])):
        with pytest.raises(FieldError, match="a\\[0\\]"):
            texts(make_sample({"a": bad}, roles), "answer")
