"""Slots of approved texts: what stands in them is dated, and nothing is quoted with a gap in it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.domain.records import Text, encode, read_record
from dualtrack.errors import FieldError
from dualtrack.runtime.passages.corpus import CORPUS_FORMAT, Corpus, Passage, check_corpus
from dualtrack.runtime.passages.search import Answer, open_index
from dualtrack.runtime.passages.slots import Value, values_on

DAY = date(2026, 11, 27)


def value(name="fee", en="HK$100", zh="港幣100元", begin="2026-01-01", end=None):
    return Value(
        id=name, text=Text(en=en, zh=zh), owner="desk", valid_from=begin, valid_to=end, provenance="tariff of 2026"
    )


def corpus(*values, en="The annual fee is {fee}.", zh="年費為{fee}。"):
    passage = Passage(
        id="fee", topic="fees", owner="desk", version="1", valid_from="2026-01-01", provenance="ours",
        title=Text(en="Annual fee", zh="年費"), text=Text(en=en, zh=zh), keys=Text(en="", zh=""),
    )  # fmt: skip
    return Corpus(
        format=CORPUS_FORMAT,
        use="firm/service",
        firm=Text(en="Firm", zh="公司"),
        passages=[passage],
        values=list(values),
    )


def test_an_answer_holds_the_value_of_the_day_in_both_languages():
    found = corpus(value(end="2026-11-30"), value(en="HK$120", zh="港幣120元", begin="2026-12-01"))
    check_corpus(found, where="corpus")
    for on, english, chinese in ((DAY, "HK$100", "港幣100元"), (date(2026, 12, 1), "HK$120", "港幣120元")):
        (passage,) = found.serving(on)
        assert (passage.text.en, passage.text.zh) == (f"The annual fee is {english}.", f"年費為{chinese}。")
        answer = open_index(found, "en", on=on).answer("What is the annual fee?")
        assert isinstance(answer, Answer)
        assert english in answer.text
    assert read_record(canonical.decode(encode(found), where="corpus"), Corpus, where="corpus") == found


@pytest.mark.parametrize("held", [value(end="2026-11-26"), value(begin="2026-11-28")])
def test_without_a_value_in_force_the_passage_is_not_served(held):
    found = corpus(held)
    check_corpus(found, where="corpus")
    assert found.serving(DAY) == ()
    assert found.filled(DAY)[0].text.en == "The annual fee is {fee}."


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (corpus(), "that no value fills"),
        (corpus(value("other")), "that no value fills"),
        (corpus(value(), zh="年費按收費表。"), "other slots"),
        (corpus(value(), value()), "on which another begins"),
        (corpus(value(end="2025-01-01")), "ends before it begins"),
        (corpus(value(en="{fee}")), "a slot in a value"),
        (corpus(value(zh=" ")), "a language is empty"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_name(found, words):
    with pytest.raises(FieldError, match=words):
        check_corpus(found, where="corpus")


days = st.integers(-400, 400).map(lambda n: DAY + timedelta(days=n))


@given(st.lists(st.tuples(days, st.none() | st.integers(0, 300)), unique_by=lambda each: each[0], max_size=6), days)
def test_the_value_of_a_day_is_the_newest_that_has_begun_or_none(spans, on):
    values = [
        value(
            en=f"n{number}",
            begin=begin.isoformat(),
            end=None if length is None else (begin + timedelta(days=length)).isoformat(),
        )
        for number, (begin, length) in enumerate(spans)
    ]
    begun = [(begin, length, number) for number, (begin, length) in enumerate(spans) if begin <= on]
    newest = max(begun, default=None)
    held = values_on(values, on).get("fee")
    if newest is None or (newest[1] is not None and newest[0] + timedelta(days=newest[1]) < on):
        assert held is None
    else:
        assert held is not None
        assert held.en == f"n{newest[2]}"
