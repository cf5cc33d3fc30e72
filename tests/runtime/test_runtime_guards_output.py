"""Input schema, disclosure, figures, polarity and output checks."""

from __future__ import annotations

import math

import pytest
from guard_case import POLICY, answer, policy, question
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.policy import Bounds, Disclosure, FieldSetting, OutputSetting
from dualtrack.domain.records import Text
from dualtrack.errors import FieldError
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.disclosure import Disclosed
from dualtrack.runtime.guards.figures import figures
from dualtrack.runtime.guards.input_schema import InputSchema
from dualtrack.runtime.guards.output_checks import OutputChecks, source_id
from dualtrack.runtime.guards.polarity import contradicted

FIELDS = policy(
    fields=[
        FieldSetting(name="income", type="number", low=0, high=1e7),
        FieldSetting(name="age", type="integer", low=18, high=120, required=False),
        FieldSetting(name="job", type="string", values=["teacher", "nurse"], required=False),
        FieldSetting(name="name", type="string", required=False),
        FieldSetting(name="owner", type="boolean", required=False),
    ]
)


def row_score(row):
    return InputSchema({}).check(Checked("input", "u", FIELDS, "en", (), row)).score


@pytest.mark.parametrize(
    "row",
    [
        {"income": 1},
        {"income": 0.5, "age": 18, "job": "nurse", "owner": False},
        {"income": 1, "age": 30.0},
        {"income": 1, "age": None},
    ],
)
def test_a_row_in_form_passes(row):
    assert row_score(row) == 0


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"income": None},
        {"income": True},
        {"income": "1"},
        {"income": math.nan},
        {"income": math.inf},
        {"income": -1},
        {"income": 1e8},
        {"income": 10**30},
        {"income": 1, "age": 17},
        {"income": 1, "age": 30.5},
        {"income": 1, "age": True},
        {"income": 1, "job": "pilot"},
        {"income": 1, "job": 3},
        {"income": 1, "owner": 1},
        {"income": 1, "extra": 1},
        {"income": 1, "name": "x" * 10_001},
    ],
)
def test_a_row_out_of_form_scores(row):
    assert row_score(row) == 1000


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.integers())))
def test_no_row_makes_the_schema_fail(row):
    assert row_score(row) == 1000 or set(row) <= {item.name for item in FIELDS.fields}


def test_a_conversation_has_roles_number_and_length():
    guard = InputSchema({"pieces_max": 3})
    assert guard.check(question("Hello")).score == 0
    small = policy(bounds=Bounds(characters=10))
    late = (Piece("user", "a"), Piece("system", "b"))
    for pieces, given_policy in [
        ((), POLICY),
        ((Piece("user", " "),), POLICY),
        ((Piece("user", "x"),) * 4, POLICY),
        ((Piece("root", "x"), Piece("user", "x")), POLICY),
        (late, POLICY),
        ((Piece("user", "x" * 11),), small),
    ]:
        assert guard.check(Checked("input", "u", given_policy, "en", pieces)).score == 1000


@pytest.mark.parametrize("settings", [{"pieces_max": 501}, {"pieces_max": True}, {"pieces_max": 0}, {"other": 1}])
def test_settings_only_lower_limits(settings):
    with pytest.raises(FieldError):
        InputSchema(settings)


SAID = Text(en="You are talking to an AI assistant. It may be wrong.", zh="你正與人工智能助理對話，答案可能有錯。")


def disclosed(text, *, said=SAID, every=False, **more):
    given_policy = policy(disclosure=Disclosure(text=said, every=every) if said else None)
    return Disclosed({}).check(answer(text, given=given_policy, **more)).score


def test_the_disclosure_is_there_when_it_is_due():
    assert disclosed("The fee is nil.") == 1000
    assert disclosed(f"{SAID.en}\nThe fee is nil.") == 0
    assert disclosed(f"{SAID.en}", language="zh-Hant") == 1000
    assert disclosed(f"{SAID.zh}", language="zh-Hant") == 0
    assert disclosed("The fee is nil.", turn=2) == 0
    assert disclosed("The fee is nil.", turn=2, every=True) == 1000


def test_the_disclosure_says_both_things_in_both_languages():
    for en, zh in [("Welcome. It may be wrong.", SAID.zh), (SAID.en, "人工智能"), ("I am an AI assistant.", SAID.zh)]:
        assert disclosed(en, said=Text(en=en, zh=zh)) == 1000
    assert disclosed("x", said=None) == 1000
    assert Disclosed({}).check(answer("x", given=policy(audience="staff"))).score == 0


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("HK$35,000", [("number", "35000")]),
        ("35k", [("number", "35000")]),
        ("三萬五千元", [("number", "35000")]),
        ("三萬五", [("number", "35000")]),
        ("3.5萬", [("number", "35000")]),
        ("一億二千萬", [("number", "120000000")]),
        ("十五日", [("number", "15")]),
        ("百分之五", [("percent", "5")]),
        ("百分之零點一", [("percent", "0.1")]),
        ("5%", [("percent", "5")]),
        ("five per cent", [("percent", "5")]),
        ("31 December 2024", [("date", "2024-12-31")]),
        ("Dec 31, 2024", [("date", "2024-12-31")]),
        ("31/12/2024", [("date", "2024-12-31")]),
        ("2024-12-31", [("date", "2024-12-31")]),
        ("二零二四年十二月三十一日", [("date", "2024-12-31")]),
        ("2024年12月31日", [("date", "2024-12-31")]),
        ("three months", [("number", "3")]),
        ("三個月", [("number", "3")]),
        ("一般客戶一定可以一個一個來", []),
        ("one of us", []),
        ("1. First\n2. Second", []),
    ],
)
def test_figures_are_values(text, values):
    assert [(item.kind, item.value) for item in figures(text)] == values


@given(st.text(alphabet="0123456789零一二兩三四五六七八九十百千萬億點年月日%.,/ -", max_size=60))
def test_no_text_makes_the_figures_fail(text):
    assert all(0 <= item.start < item.end for item in figures(text))


SOURCE = "[fees#3]\nThe annual fee is HK$1,800 and is waived for 12 months. 每年年費為1,800元，首十二個月豁免。"


def output(text, *, given_sources=(SOURCE,), citations=("fees#3",), reasons=(), **asks):
    checked = answer(text, *given_sources, given=policy(output=OutputSetting(**asks)), citations=citations)
    return OutputChecks({}).check(checked._replace(reasons=reasons)).score


def test_reasons_and_citations_are_asked_for():
    assert source_id(SOURCE) == "fees#3"
    checked = answer("ok", given=policy(output=OutputSetting(reasons=True)))
    assert OutputChecks({}).check(checked).score == 1000
    assert OutputChecks({}).check(checked._replace(reasons=(" ",))).score == 1000
    assert OutputChecks({}).check(checked._replace(reasons=("income",))).score == 0
    assert output("ok", citations=()) == 0
    for cited, score in [((), 1000), (("other",), 1000), (("fees#3", "x"), 1000), (("fees#3",), 0)]:
        given_policy = policy(output=OutputSetting(citations=True))
        assert OutputChecks({}).check(answer("ok", SOURCE, given=given_policy, citations=cited)).score == score


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("The fee is HK$1,800 [fees#3].", 0),
        ("年費是一千八百元。", 0),
        ("Waived for twelve months.", 0),
        ("Call 2888 1234.", 0),
        ("The fee is HK$1,900.", 1000),
        ("年費是一千九百元。", 1000),
        ("The fee is 18%.", 1000),
        ("Due on 1 March 2025.", 1000),
    ],
)
def test_every_figure_comes_from_a_source(text, score):
    assert output(text, numbers_from_sources=True) == score


@pytest.mark.parametrize(
    ("text", "passage", "found"),
    [
        ("You can withdraw the deposit before maturity.", "You cannot withdraw the deposit before maturity.", 1),
        ("The annual fee is charged for new customers.", "The annual fee is waived for new customers.", 1),
        ("客戶可以提早提取定期存款。", "客戶不可以提早提取定期存款。", 1),
        ("You cannot withdraw the deposit before maturity.", "You cannot withdraw the deposit before maturity.", 0),
        ("Cards are posted within seven days.", "You cannot withdraw the deposit before maturity.", 0),
    ],
)
def test_plain_reversals_are_found(text, passage, found):
    assert len(contradicted(text, [passage])) == found
    assert output(text, given_sources=(f"[fees#3] {passage}",)) == 700 * found
