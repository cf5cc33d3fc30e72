"""A sentence says nothing that its supports do not say: words, directions, denials, lines, currencies, years; titles, views and names alike."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.apps.research.figure import Figure, Stated
from dualtrack.apps.research.notes.checking import Source, check_note
from dualtrack.apps.research.notes.disclosures import Interest, deals_too_early, standing_of
from dualtrack.apps.research.notes.figure_words import KeptFigure
from dualtrack.apps.research.notes.naming import same_holder, same_issuer
from dualtrack.apps.research.notes.note import FigureSupport, Note, QuoteSupport, Sentence
from dualtrack.apps.research.solving.answer import Answered, Cited, compute
from dualtrack.apps.research.units import NUMBER, unit_of
from dualtrack.domain.records import Text

PAGE = """Consolidated income statement
HK$ million 2025 2024
Revenue 1,250 1,000
Cost of sales (750) (640)
The Group did not default on
any loan. Revenue rose by 25% and cost of sales rose, while demand fell in Macau.
If demand falls, the bank may call the loan. Alpha acquired Beta in 2025.
本集團收入為港幣12.5億元，增長25%。本集團並無拖欠任何貸款。"""
PROFIT = """The Group recorded a loss for the year of HK$80 million. Only two of five shops made a profit.
收入由2024年的港幣10億元增至2025年的港幣12.5億元。"""
SOURCES = {
    "d" * 64: Source(name="report.pdf", licence="own", pages={1: PAGE, 2: PROFIT}, issuer="Lantern Holdings"),
    "e" * 64: Source(
        name="kite.pdf", licence="own", pages={1: "Revenue of Kite rose by 25% in 2025."}, issuer="Kite Ltd"
    ),
}


def kept(expression, *cells, unit="HKD", metric=None, period="2025"):
    """Return a support and the kept answer that it is of; a cell is its name, period, value and label."""
    cited = tuple(
        Cited(name, f"report.pdf#p1/t1/r{at}c2", "1", value, unit_of(unit) if unit else NUMBER, "million", when, label)
        for at, (name, when, value, label) in enumerate(cells, 1)
    )
    trace = compute(expression, cited)
    said = Text(en="x", zh="x")
    answered = Answered("x", trace.value, "", trace.unit, "", period, said, expression, trace, cited, metric=metric)
    figure = Figure("dualtrack.figure/1", None, {}, expression, None, Stated(), trace)
    return figure, KeptFigure(answered, "Lantern Holdings")


REVENUE = ("a", "2025", "1310200000", "Revenue"), ("b", "2024", "1200500000", "Revenue")
FIGURES = {
    "growth": kept("(a - b) / b", *REVENUE, period="2024 to 2025"),
    "change": kept("a - b", *REVENUE, period="2024 to 2025"),
    "value": kept("a", REVENUE[0]),
    "fall": kept("(a - b) / b", ("a", "2025", "900", "Revenue"), ("b", "2024", "1000", "Revenue")),
    "loss": kept("a", ("a", "2025", "-80000000", "Profit for the year")),
    "costs": kept("(a - b) / b", ("a", "2025", "-750", "Cost of sales"), ("b", "2024", "-640", "Cost of sales")),
    "margin": kept(
        "(r - c) / r", ("r", "2025", "1250", "Revenue"), ("c", "2025", "750", "Cost of sales"), metric="gross_margin"
    ),
    "part": kept("a", ("a", "2025", "300", "Revenue from lanterns")),
    "share": kept("a / b", ("a", "2025", "750", "Cost of sales"), ("b", "2025", "1250", "Revenue")),
}
ANSWERS = {name: found for name, (_, found) in FIGURES.items()}


def quoted(text, page=1, document="d" * 64):
    return [QuoteSupport(document=document, page=page, text=text)]


def computed(name):
    return [FigureSupport(figure=FIGURES[name][0], answer=name)]


def note(*sentences, title="Note", issuers=("Lantern Holdings",), author="chan-tai-man"):
    return Note(
        format="dualtrack.note/1", id="n-1", title=title, language="en", issuers=list(issuers), audience="clients",
        author=author, sentences=list(sentences),
    )  # fmt: skip


def found(text, supports, **changes):
    return {item.kind for item in check_note(note(Sentence(text, supports), **changes), SOURCES, ANSWERS)}


DEFAULT = "The Group did not default on any loan."


@pytest.mark.parametrize(
    ("text", "supports", "kind"),
    [
        ("Its chairman was arrested.", quoted("e"), "short quotation"),
        ("Its chairman was arrested.", quoted(DEFAULT), "words"),
        ("The Group defaulted on every loan.", quoted(DEFAULT), "turned round"),
        ("The Group did default on any loan.", quoted("default on any loan"), "turned round"),
        ("The loan was in default.", quoted("fault on any loan"), "not a quotation"),
        ("本集團拖欠貸款。", quoted("本集團並無拖欠任何貸款"), "turned round"),
        ("本集團拖欠貸款。", quoted("拖欠任何貸款"), "turned round"),
        ("The Group defaulted on any loan.", quoted("本集團並無拖欠任何貸款"), "words"),
        ("Revenue fell by 25%.", quoted("Revenue rose by 25%"), "turned round"),
        ("收入下跌25%。", quoted("增長25%"), "turned round"),
        ("Cost of sales rose by 25%.", quoted("Revenue rose by 25%"), "number elsewhere"),
        ("Demand rose.", quoted("cost of sales rose, while demand fell in Macau"), "turned round"),
        ("The bank will call the loan.", quoted("the bank may call the loan"), "turned round"),
        ("Lantern acquired Beta in 2025.", quoted("Alpha acquired Beta in 2025"), "words"),
        ("Shops made a profit.", quoted("Only two of five shops made a profit", page=2), "turned round"),
        (
            "收入由2025年的港幣12.5億元增至2024年的港幣10億元。",
            quoted("收入由2024年的港幣10億元增至2025年的港幣12.5億元", page=2),
            "number elsewhere",
        ),
        ("2024年收入為港幣12.5億元。", quoted("收入由2024年的港幣10億元增至2025年的港幣12.5億元", page=2), "number elsewhere"),
        ("Beta acquired Alpha.", quoted("Alpha acquired Beta in 2025"), "words"),
        ("Revenue was US$1,250 million.", quoted("本集團收入為港幣12.5億元"), "currency"),
        ("Profit for the year was HK$80 million.", quoted("loss for the year of HK$80 million", page=2), "turned round"),
        ("Kite's revenue rose by 25%.", quoted("Revenue rose by 25%"), "words"),
        ("Revenue fell by 9.14%.", computed("growth"), "turned round"),
        ("Profit rose by 9.14%.", computed("growth"), "line"),
        ("Revenue grew by 0%.", computed("growth"), "number"),
        ("Revenue grew by 10%.", computed("growth"), "number"),
        ("Revenue did not grow by 9.14%.", computed("growth"), "turned round"),
        ("Revenue grew by HK$0.0914.", computed("growth"), "number"),
        ("Revenue grew by 9.14% from 2025 to 2024.", computed("growth"), "number"),
        ("Revenue grew by 9.14% in 2024.", computed("growth"), "number"),
        ("Revenue rose to HK$109.7 million.", computed("change"), "number"),
        ("Revenue rose by 9.14% from HK$1,310.2 million.", computed("growth"), "number"),
        ("Revenue was US$1,310.2 million.", computed("value"), "number"),
        ("Revenue was US$1,310.", computed("value"), "number"),
        ("Revenue was HK$1,310.", computed("value"), "number"),
        ("Revenue was HK$1 billion.", computed("value"), "number"),
        ("Revenue was 131,020,000,000% of cost.", computed("value"), "number"),
        ("Revenue rose to HK$1,310.2 million.", computed("value"), "turned round"),
        ("Revenue was HK$1,310.2 million in 2031.", computed("value"), "number"),
        ("Revenue more than doubled.", computed("growth"), "words"),
        ("收入翻倍。", computed("growth"), "words"),
        ("The change in revenue was 10%.", computed("fall"), "sign"),
        ("Profit for the year was HK$80 million.", computed("loss"), "sign"),
        ("Revenue was 40%.", computed("margin"), "line"),
        ("Revenue was HK$300.", computed("part"), "line"),
        ("Cost of sales was 60% of revenue.", computed("share"), "not comparable"),
    ],
)  # fmt: skip
def test_what_the_support_does_not_say_keeps_the_note_back(text, supports, kind):
    assert kind in found(text, supports)


@pytest.mark.parametrize(
    ("text", "supports"),
    [
        (DEFAULT, quoted(DEFAULT)),
        ("本集團並無拖欠任何貸款。", quoted("本集團並無拖欠任何貸款")),
        ("Revenue increased by 25%.", quoted("Revenue rose by 25%")),
        ("Lantern's revenue rose by 25%.", quoted("Revenue rose by 25%")),
        ("收入上升25%。", quoted("增長25%")),
        ("Revenue was HK$1,250 million.", quoted("本集團收入為港幣12.5億元")),
        ("Demand fell.", quoted("while demand fell in Macau")),
        ("If demand falls, the bank may call the loan.", quoted("If demand falls, the bank may call the loan")),
        ("Alpha acquired Beta in 2025.", quoted("Alpha acquired Beta in 2025")),
        ("The Group recorded a loss for the year of HK$80 million.", quoted("loss for the year of HK$80 million", page=2)),
        ("Revenue rose by 9.14% in 2025.", computed("growth")),
        ("Revenue rose by 9% from 2024 to 2025, to HK$1.31 billion from HK$1,200.5 million.", computed("growth")),
        ("收入由2024年至2025年增長9.1%。", computed("growth")),
        ("Revenue rose by HK$109.7 million.", computed("change")),
        ("Turnover was HK$1,310.2 million in 2025.", computed("value")),
        ("2025年收入為港幣13.1億元。", computed("value")),
        ("Revenue fell by 10%.", computed("fall")),
        ("Revenue from lanterns was HK$300.", computed("part")),
        ("Cost of sales rose by 17.2%.", computed("costs")),
        ("Gross margin was 40% in 2025.", computed("margin")),
        ("毛利率為40%。", computed("margin")),
    ],
)  # fmt: skip
def test_what_the_support_says_may_go_in_either_language(text, supports):
    assert found(text, supports) == set()


@pytest.mark.parametrize(
    "text",
    ["We see profit halved.", "Profit doubled, tripled, fell by half, one billion lost.", "收入減半，虧損過億元。", "A third of staff left.", "利潤翻倍。", "股價升近倍。", "盈利少了三成。"],
)  # fmt: skip
def test_a_view_states_no_amount_in_words_either(text):
    assert [item.kind for item in check_note(note(Sentence(text, view=True)), {})] == ["view with a figure"]
    calm = [
        Sentence("We prefer the first-half shops to half-hearted ones.", view=True),
        Sentence("我們認為管理層審慎。", view=True),
    ]
    assert check_note(note(*calm), {}) == []


@pytest.mark.parametrize(
    ("title", "stands"),
    [
        ("Lantern", True), ("Lantern Holdings: annual results 2025", True), ("Revenue of Lantern in 2025", True), ("研究報告", True),
        ("Revenue rose by 9.14%", True), ("Lantern's profit rose 900% to HK$30 billion", False), ("Lantern's revenue fell", False),
        ("Chairman of Lantern arrested", False), ("收入翻倍", False), ("Lantern is not sound", False),
    ],
)  # fmt: skip
def test_a_title_claims_nothing_or_what_a_sentence_has_support_for(title, stands):
    supported = Sentence("Revenue rose by 9.14%.", computed("growth"))
    kinds = [item.kind for item in check_note(note(supported, title=title), SOURCES, ANSWERS)]
    assert kinds == ([] if stands else ["title"])


def test_a_chinese_title_may_name_a_chinese_issuer():
    named = [
        note(Sentence("我們認為審慎。", view=True), title=title, issuers=["燈籠控股有限公司"])
        for title in ("燈籠控股2025年業績回顧", "燈籠控股失信")
    ]
    assert [[item.kind for item in check_note(each, {})] for each in named] == [[], ["title"]]


def test_a_figure_is_that_of_a_kept_answer_whose_cells_still_say_it():
    figure, answer = FIGURES["value"]
    other = kept("a", ("a", "2025", "9999000000", "Revenue"))[0]
    forged = [FigureSupport(figure=other, answer="value")]
    assert found("Revenue was HK$9,999 million.", forged) == {"no such answer"}
    moved = {"value": answer._replace(moved=("report.pdf#p1/t1/r1c2",))}
    sentence = Sentence("Revenue was HK$1,310.2 million.", [FigureSupport(figure=figure, answer="value")])
    (item,) = check_note(note(sentence), SOURCES, moved)
    assert item.kind == "cell changed"
    assert item.said.zh
    assert item.said.en


def test_a_note_names_its_issuers_and_every_one_whose_document_it_uses():
    kite = quoted("Revenue of Kite rose by 25%", document="e" * 64)
    assert found("Revenue of Kite rose by 25%.", kite) == {"issuer left out"}
    assert found("Revenue of Kite rose by 25%.", kite, issuers=["KITE LIMITED"]) == set()
    assert found("Revenue of Kite rose by 25%.", kite, issuers=[]) == {"no issuer"}
    assert found("Revenue rose by 9.14%.", computed("growth"), issuers=["Kite"]) == {"issuer left out"}


@given(
    st.sampled_from(["Lantern Holdings", "Revenue", "demand", "bank"]),
    st.sampled_from(["was", "is"]),
    st.text(max_size=40),
)
def test_a_sentence_with_a_word_of_its_own_never_goes(subject, verb, tail):
    assert found(f"{subject} {verb} fraudulent {tail}", quoted("Revenue rose by 25%"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Lantern Holdings", "lantern", True), ("Lantern Holdings", "LANTERN HOLDINGS LTD.", True), ("lantern-holdings", "Lantern Holdings Limited", True),
        ("燈籠控股有限公司", "燈籠", True), ("Kite", "Lantern", False), ("Kitely", "Kite", False), ("", "Kite", False),
    ],
)  # fmt: skip
def test_another_spelling_of_an_issuer_is_the_same_issuer(one, other, same):
    assert same_issuer(one, other) is same_issuer(other, one) is same


@pytest.mark.parametrize(
    ("who", "same"),
    [("Chan Tai Man", True), ("Mr. CHAN Tai-man", True), ("associate of Chan Tai Man", True), ("Tai Man Chan", True), ("Wong Siu Ming", False), ("", False)],
)  # fmt: skip
def test_another_spelling_of_an_author_is_the_author(who, same):
    assert same_holder(who, "chan-tai-man") is same
    day = date(2026, 11, 27)
    dealing = Interest(issuer="LANTERN HOLDINGS LTD", kind="analyst dealing", who=who, since="2026-11-20")
    standing = standing_of(note(Sentence("We like it.", view=True)), [dealing], on=day)
    assert bool(standing.obstacles) is (same or not who)  # whose name was erased may be the author's
    after = replace(dealing, since="2026-12-01")
    assert deals_too_early(note(Sentence("x", view=True)), day, after) is same
    assert not deals_too_early(note(Sentence("x", view=True)), day, replace(dealing, since="2026-12-02"))


@pytest.mark.parametrize(
    "kind", ["officer", "financial interest", "firm holding", "market making", "initial offering", "analyst dealing"]
)
def test_nothing_on_record_is_said_only_where_nothing_is(kind):
    entry = Interest(issuer="Lantern", kind=kind, who="Chan Siu Ming", since="2020-01-01", until="2021-01-01")
    plain = note(Sentence("We like it.", view=True))
    for entries in ([entry], [replace(entry, since="2027-01-01")]):
        (said,) = standing_of(plain, entries, on=date(2026, 11, 27)).disclosures
        assert "on record" not in said.en or "a person on record" in said.en
        assert "沒有作者或機構利益的紀錄" not in said.zh
    (said,) = standing_of(plain, [], on=date(2026, 11, 27)).disclosures
    assert "is on record" in said.en


def test_what_the_ledger_keeps_of_disclosures_names_nobody():
    officer = Interest(issuer="Lantern", kind="officer", who="Chan Siu Ming", since="2020-01-01")
    standing = standing_of(note(Sentence("We like it.", view=True)), [officer], on=date(2026, 11, 27))
    assert "Chan Siu Ming serves" in standing.disclosures[0].en
    assert "Chan" not in standing.without_names[0].en + standing.without_names[0].zh
