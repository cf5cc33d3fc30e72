"""The publish rule: no claim without support goes out, and paragraph 16 keeps a note back on the days that it names."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.apps.research.figure import Stated, make_figure
from dualtrack.apps.research.notes.checking import Source, check_note
from dualtrack.apps.research.notes.disclosures import Interest, dealing_free_from, disclosure_rules, standing_of
from dualtrack.apps.research.notes.note import FigureSupport, Note, QuoteSupport, Sentence, split_sentences
from dualtrack.errors import FieldError

PAGE = "Revenue for the year was HK$1,250 million (2024: HK$1,000 million). 本集團收入為港幣12.5億元，增長25%。"
SOURCES = {"d" * 64: Source(name="annual report", licence="HKEX filing", pages={3: PAGE}, quote_characters=90)}
GROWTH = make_figure("1250 / 1000 - 1", None, Stated())


def quote(text, page=3, document="d" * 64):
    return QuoteSupport(document=document, page=page, text=text)


def note(*sentences, **changes):
    plain = {
        "format": "dualtrack.note/1", "id": "n-1", "title": "A note", "language": "en", "issuers": ["lantern-holdings"],
        "audience": "clients", "author": "ann", "sentences": list(sentences),
    }  # fmt: skip
    return Note(**(plain | changes))


def kinds(*sentences):
    return [(item.sentence, item.kind) for item in check_note(note(*sentences), SOURCES)]


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        (Sentence(text="Revenue grew."), "unsupported"),
        (Sentence(text="We think revenue will double to 2,500.", view=True), "view with a figure"),
        (
            Sentence(text="Revenue rose.", supports=[quote("Revenue for the year was", document="e" * 64)]),
            "no such document",
        ),
        (Sentence(text="Revenue rose.", supports=[quote("Revenue for the year was", page=4)]), "no such page"),
        (Sentence(text="Revenue rose.", supports=[quote("Revenue for the year fell")]), "not a quotation"),
        (
            Sentence(
                text="Revenue was HK$1,350 million.", supports=[quote("Revenue for the year was HK$1,250 million")]
            ),
            "number",
        ),
        (Sentence(text="It grew by 26%.", supports=[FigureSupport(figure=GROWTH)]), "number"),
        (Sentence(text="On 3 March 2026 it grew by 25%.", supports=[FigureSupport(figure=GROWTH)]), "number"),
    ],
)
def test_what_nothing_supports_is_named(sentence, kind):
    assert kinds(sentence) == [(1, kind)]


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence(text="We like the company's caution.", view=True),
        Sentence(text="Revenue was HK$1.25 billion.", supports=[quote("Revenue for the year was HK$1,250 million")]),
        Sentence(text="It grew by 25%.", supports=[FigureSupport(figure=GROWTH)]),
        Sentence(text="It grew by 25.0%, from 1,000.", supports=[FigureSupport(figure=GROWTH)]),
        Sentence(text="收入增長25%。", supports=[quote("增長25%")]),
        Sentence(text="收入為十二億五千萬元。", supports=[quote("收入為港幣12.5億元")]),
    ],
)
def test_what_is_quoted_or_computed_stands(sentence):
    assert kinds(sentence) == []


def test_a_calculation_that_does_not_give_its_number_supports_nothing():
    forged = replace(GROWTH, trace=replace(GROWTH.trace, value="0.26"))
    sentence = Sentence(text="It grew by 26%.", supports=[FigureSupport(figure=forged)])
    assert {kind for _, kind in kinds(sentence)} == {"does not replay", "number"}


def test_quotes_of_a_document_stay_within_its_licence_each_passage_once():
    again = [Sentence(text="Revenue rose.", supports=[quote("Revenue for the year was HK$1,250 million")])] * 4
    assert kinds(*again) == []
    more = [
        *again,
        Sentence(text="x", supports=[quote("(2024: HK$1,000 million). 本集團收入為港幣12.5億元，增長25%。")]),
    ]
    assert kinds(*more) == []
    small = {"d" * 64: replace(SOURCES["d" * 64], quote_characters=20)}
    (found,) = check_note(note(*again), small)
    assert (found.sentence, found.kind, found.shown) == (0, "too much quoted", "annual report: 35 of 20 characters")


@given(st.integers(min_value=0, max_value=10**9), st.booleans())
def test_no_number_is_let_through_that_stands_nowhere(number, view):
    text = f"Revenue was HK${number:,} million."
    found = kinds(Sentence(text=text, view=view), Sentence(text=text, supports=[quote("本集團收入為港幣12.5億元")]))
    assert (1, "view with a figure" if view else "unsupported") in found
    assert ((2, "number") in found) is (number != 1250)


def test_sentences_are_cut_in_both_languages():
    assert split_sentences("Revenue rose 2.5%. It fell! 收入上升。為什麼？\nNext") == [
        "Revenue rose 2.5%.", "It fell!", "收入上升。", "為什麼？", "Next",
    ]  # fmt: skip


def test_a_note_without_sentences_is_none():
    with pytest.raises(FieldError):
        note()


ON = date(2026, 11, 27)


def interest(kind, since="2026-11-01", **more):
    return Interest(issuer="lantern-holdings", kind=kind, who=more.pop("who", "ann"), since=since, **more)


@pytest.mark.parametrize(
    ("item", "until"),
    [
        (interest("initial offering", "2026-10-20"), "2026-11-29"),
        (interest("initial offering", "2026-10-17"), None),
        (interest("secondary offering", "2026-11-17"), "2026-11-27"),
        (interest("secondary offering", "2026-11-16"), None),
        (interest("analyst dealing", "2026-10-28"), "2026-11-27"),
        (interest("analyst dealing", "2026-10-28", who="bob"), None),
        (interest("initial offering", "2026-12-01"), None),
    ],
)
def test_quiet_periods_and_dealings_keep_a_note_back_to_the_day(item, until):
    found = standing_of(note(Sentence(text="x", view=True)), [item], on=ON).obstacles
    assert [each.until for each in found] == ([until] if until else [])
    assert all("16." in each.cites for each in found)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (interest("officer", who="Mr Chan"), "Mr Chan serves"),
        (interest("financial interest"), "the author has a financial interest"),
        (interest("financial interest", who="bob"), "no interest"),
        (interest("firm holding", percent=1.0), "holds 1%"),
        (interest("firm holding", percent=0.9), "no interest"),
        (interest("market making", until="2026-11-26"), "no interest"),
        (interest("investment banking", "2024-01-01", until="2025-12-01"), "within 12 months"),
        (interest("investment banking", "2024-01-01", until="2025-11-27"), "no interest"),
    ],
)
def test_what_must_be_disclosed_is_said_and_nothing_recorded_is_said_too(item, said):
    (found,) = standing_of(note(Sentence(text="x", view=True)), [item], on=ON).disclosures
    assert said in found.en
    assert "lantern-holdings" in found.zh


def test_the_author_may_deal_again_after_three_business_days():
    assert dealing_free_from(date(2026, 11, 27)) == date(2026, 12, 2)  # a Friday: Monday, Tuesday, Wednesday
    assert disclosure_rules().as_of == "2026-11-26"
