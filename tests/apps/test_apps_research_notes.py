"""The publish rule: no claim without support goes out, and paragraph 16 keeps a note back on the days that it names."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.apps.research.asking import LookedAt, Reply
from dualtrack.apps.research.figure import Figure, Stated
from dualtrack.apps.research.notes.checking import Source, check_note
from dualtrack.apps.research.notes.disclosures import Interest, dealing_free_from, disclosure_rules, standing_of
from dualtrack.apps.research.notes.figure_words import KeptFigure
from dualtrack.apps.research.notes.note import FigureSupport, Note, QuoteSupport, Sentence, split_sentences
from dualtrack.apps.research.notes.overlap import RUN_LATIN, copied_characters
from dualtrack.apps.research.quoting import answer_limit, kind_of, note_limit, quote_rules, within_licence
from dualtrack.apps.research.solving.answer import Answered, Cited, Quoted, compute
from dualtrack.apps.research.units import unit_of
from dualtrack.domain.records import Text
from dualtrack.errors import FieldError

PAGE = "Revenue for the year was HK$1,250 million (2024: HK$1,000 million). 本集團收入為港幣12.5億元，增長25%。"
SOURCES = {"d" * 64: Source(name="annual report", licence="HKEX filing", pages={3: PAGE}, quote_characters=90)}
CELLS = [("a", "2025", "1250000000"), ("b", "2024", "1000000000")]
CITED = tuple(
    Cited(name, f"report.pdf#p1/t1/r1c{at}", "1", value, unit_of("HKD"), "million", period, "Revenue")
    for at, (name, period, value) in enumerate(CELLS)
)
TRACE = compute("(a - b) / b", CITED)
ANSWERED = Answered(
    "growth",
    TRACE.value,
    "25",
    TRACE.unit,
    "percent",
    "2024 to 2025",
    Text(en="x", zh="x"),
    "(a - b) / b",
    TRACE,
    CITED,
)
GROWTH = Figure("dualtrack.figure/1", None, {}, "(a - b) / b", None, Stated(), TRACE)
ANSWERS = {"a-1": KeptFigure(ANSWERED, "Lantern Holdings")}
RESTS = FigureSupport(figure=GROWTH, answer="a-1")


def quote(text, page=3, document="d" * 64):
    return QuoteSupport(document=document, page=page, text=text)


def note(*sentences, **changes):
    plain = {
        "format": "dualtrack.note/1", "id": "n-1", "title": "A note", "language": "en", "issuers": ["lantern-holdings"],
        "audience": "clients", "author": "ann", "sentences": list(sentences),
    }  # fmt: skip
    return Note(**(plain | changes))


def kinds(*sentences):
    return [(item.sentence, item.kind) for item in check_note(note(*sentences), SOURCES, ANSWERS)]


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
        (Sentence(text="Revenue grew by 26%.", supports=[RESTS]), "number"),
        (Sentence(text="In 2026 revenue grew by 25%.", supports=[RESTS]), "number"),
        (Sentence(text="It grew by 25%.", supports=[RESTS]), "line"),
        (Sentence(text="Revenue grew by 25%.", supports=[FigureSupport(figure=GROWTH)]), "no such answer"),
    ],
)
def test_what_nothing_supports_is_named(sentence, kind):
    assert kinds(sentence) == [(1, kind)]


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence(text="We like the company's caution.", view=True),
        Sentence(text="Revenue was HK$1.25 billion.", supports=[quote("Revenue for the year was HK$1,250 million")]),
        Sentence(text="Revenue grew by 25%.", supports=[RESTS]),
        Sentence(text="Revenue grew by 25.0%, from HK$1,000 million.", supports=[RESTS]),
        Sentence(text="收入增長25%。", supports=[quote("增長25%")]),
        Sentence(text="收入為十二億五千萬元。", supports=[quote("收入為港幣12.5億元")]),
    ],
)
def test_what_is_quoted_or_computed_stands(sentence):
    assert kinds(sentence) == []


def test_a_calculation_that_does_not_give_its_number_supports_nothing():
    forged = replace(GROWTH, trace=replace(GROWTH.trace, value="0.26"))
    sentence = Sentence(text="Revenue grew by 26%.", supports=[FigureSupport(figure=forged, answer="a-1")])
    assert kinds(sentence) == [(1, "does not replay")]


def test_quotes_of_a_document_stay_within_its_licence_each_passage_once():
    again = [
        Sentence(text="Revenue was HK$1,250 million.", supports=[quote("Revenue for the year was HK$1,250 million")])
    ] * 4
    assert kinds(*again) == []
    more = [
        *again,
        Sentence(
            text="收入增長25%。", supports=[quote("(2024: HK$1,000 million). 本集團收入為港幣12.5億元，增長25%。")]
        ),
    ]
    assert kinds(*more) == []
    small = {"d" * 64: replace(SOURCES["d" * 64], quote_characters=20)}
    (found,) = check_note(note(*again), small)
    assert (found.sentence, found.kind, found.shown) == (0, "too much quoted", "annual report: 35 / 20")


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
        (
            interest("financial interest", who="bob"),
            "the author, an associate or another analyst has a financial interest",
        ),
        (interest("firm holding", percent=1.0), "holds 1%"),
        (interest("firm holding", percent=0.9), "holds 0.9%"),
        (interest("firm holding"), "the share is not recorded"),
        (interest("market making", until="2026-11-26"), "no interest that must be disclosed stands"),
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


def test_words_that_run_along_with_a_document_count_as_quoted_though_nobody_says_so():
    page = "The directors expect that demand for lanterns will hold through the coming winter. 董事會預期燈籠的需求於來年冬季保持平穩並略有增長。"
    sources = {"d" * 64: Source(name="annual report", licence="HKEX filing", pages={3: page}, quote_characters=20)}
    short = [quote("demand for lanterns")]

    def counted(*texts):
        found = check_note(note(*(Sentence(text=text, supports=short) for text in texts)), sources)
        return [item.shown for item in found if item.kind == "too much quoted"]

    assert counted("Demand for lanterns will hold, they say.") == []
    assert counted("They say that demand for lanterns will hold through the coming winter.") == [
        "annual report: 52 / 20"
    ]
    twice = ("We hear: demand for lanterns will hold through the coming winter.",) * 2
    assert counted(*twice) == ["annual report: 48 / 20"]
    assert counted("我們認為董事會預期燈籠的需求於來年冬季保持平穩。") == ["annual report: 36 / 20"]


@given(st.text(alphabet="abcdefghij", min_size=60, max_size=200), st.data())
def test_every_run_that_is_long_enough_is_counted_wherever_a_sentence_has_it(page, data):
    start = data.draw(st.integers(0, len(page) - RUN_LATIN))
    run = page[start : start + RUN_LATIN]
    before = data.draw(st.text(alphabet="XYZ", max_size=45))
    assert copied_characters([before + run + "Q"], [], {1: page}) >= RUN_LATIN
    assert copied_characters([before], [], {1: page}) == 0
    assert copied_characters([page], [(1, page)], {1: page}) == len(page)


@pytest.mark.parametrize(
    ("licence", "kind", "answer", "in_note"),
    [
        ("HKEX filing", "filed", 600, 1500), ("own data", "own", None, None), ("unknown data", "other", 300, 400),
        ("CC BY 4.0", "open", None, None), ("research vendor, confidential", "restricted", 0, 0), ("披露易", "filed", 600, 1500),
    ],
)  # fmt: skip
def test_a_licence_has_a_kind_and_a_firm_may_set_its_own_limit(licence, kind, answer, in_note):
    assert kind_of(licence).id == kind
    assert (answer_limit(licence, {}), note_limit(licence, {})) == (answer, in_note)
    assert note_limit(licence, {licence: 7}) == answer_limit(licence, {licence: 7}) == 7
    assert note_limit(licence, {licence: None}) is None
    assert all(each.why.zh and each.why.en for each in quote_rules().kinds)


def test_a_quotation_that_is_longer_than_the_licence_lets_is_named_and_not_given():
    place = LookedAt(document="report.pdf", sha256="d" * 64, page=3)

    def reply(letters, licence="vendor report"):
        return Reply(
            outcome="quote", quote=Quoted(text="x y" * letters, address="p1:0-9"), source=place, licence=licence
        )

    assert within_licence(reply(150), {}) == reply(150)
    cut = within_licence(reply(151), {})
    assert (cut.outcome, cut.quote, cut.none.reason) == ("none", None, "licence")
    assert "report.pdf#p3: 302 > 300 (vendor report)" in cut.none.words.zh
    assert within_licence(reply(9_000, "own data"), {}).outcome == "quote"
    assert within_licence(reply(9_000), {"vendor report": None}).outcome == "quote"
    assert within_licence(Reply(outcome="none"), {}).outcome == "none"
