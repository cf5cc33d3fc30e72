"""Passages are found by their words, by other ways of asking, and by a glossary in either language; odd questions have an outcome."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.records import Text
from dualtrack.runtime.passages.corpus import Asked
from dualtrack.runtime.passages.glossary import GENERAL, TRADE, Glossary, Hit, Term
from dualtrack.runtime.passages.parts import read_question
from dualtrack.runtime.passages.search import (
    QUESTION_MAX,
    Answer,
    Index,
    Refusal,
    extractive_answer,
    glossary_of,
    load_settings,
    open_index,
)
from dualtrack.runtime.passages.settings import load_general
from runtime.passages_world import PASSAGES, TERMS, corpus, passage

ON = date(2026, 11, 27)
LANGUAGES = ("en", "zh-Hant")
WHOLE = corpus(glossary=list(TERMS))
AGAIN = {language: open_index(WHOLE, language, on=ON) for language in LANGUAGES}
INDICES = {language: open_index(WHOLE, language, on=ON) for language in LANGUAGES}


def first(question, language, index=None):
    found = (index or INDICES[language]).search(question)
    return found[0].passage.id if found else None


def one_language(language):
    """Return the passages with nothing left in one language."""
    gone = {"en": ""} if language == "en" else {"zh": ""}
    cut = [
        msgspec.structs.replace(
            item,
            title=msgspec.structs.replace(item.title, **gone),
            text=msgspec.structs.replace(item.text, **gone),
            keys=msgspec.structs.replace(item.keys, **gone),
            asked=msgspec.UNSET,
        )
        for item in PASSAGES
    ]
    return tuple(cut)


@pytest.mark.parametrize(("question", "language", "name"), [
    ("I lost a card", "en", "lost-card"), ("遺失卡", "zh-Hant", "lost-card"),
    ("leave the bank", "en", "close"), ("唔想再用你哋", "zh-Hant", "close"), ("點樣 close account", "zh-Hant", "close"),
    ("過數最多幾多", "zh-Hant", "transfer-limit"), ("張單幾時有", "zh-Hant", "statement"),
    ("statement 幾時有", "zh-Hant", "statement"), ("statement 幾時有", "en", "statement"),
])  # fmt: skip
def test_the_right_passage_is_first(question, language, name):
    assert first(question, language) == name


@pytest.mark.parametrize(("question", "asked_in", "name"), [
    ("過數上限", "zh-Hant", "transfer-limit"), ("張單", "zh-Hant", "statement"), ("唔見咗張咭", "zh-Hant", "lost-card"),
    ("transferring money", "en", "transfer-limit"), ("where is my statement", "en", "statement"), ("lost my card", "en", "lost-card"),
])  # fmt: skip
def test_a_question_finds_a_passage_that_has_only_the_other_language(question, asked_in, name):
    passages = one_language(asked_in)
    with_glossary = Index(passages, asked_in, load_settings(), Glossary(TERMS))
    assert first(question, asked_in, with_glossary) == name
    assert first(question, asked_in, Index(passages, asked_in, load_settings())) is None


def test_ways_of_asking_add_up_and_gain_ever_less():
    settings, ways = load_settings(), ["How do I stop?", "Please stop.", "Stop it!", "Stop."]
    other = passage("other", ("Two", "二"), ("Second.", "其次。"), asked=Asked(en=["Where?"] * 4))

    def score(many):
        item = passage(
            "one", ("One", "一"), ("First.", "首先。"), asked=Asked(en=ways[:many] + ["Where?"] * (4 - many))
        )
        return Index((item, other), "en", settings).search("stop")[0].score

    steps = [score(many + 1) - score(many) for many in (1, 2, 3)]
    assert steps[0] > steps[1] > steps[2] > 0


def test_ways_of_asking_are_never_quoted():
    found = INDICES["zh-Hant"].answer("我唔想再用你哋間銀行喇")
    assert isinstance(found, Answer)
    assert found.text == "三個月後取消不收費。 [close]"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("question", ["", "  \n", "🙈🙉🙊", "?!", "\u200b", "的", "the of"])
def test_a_question_without_a_word_is_refused(question, language):
    assert INDICES[language].search(question) == []
    assert INDICES[language].answer(question) == Refusal(0.0, load_settings().coverage_least.of(language))


def test_emoji_and_width_change_nothing():
    plain = INDICES["zh-Hant"].search("轉帳上限")
    assert INDICES["zh-Hant"].search("😡轉帳😡上限🙏") != []
    assert INDICES["en"].search("ＬＯＳＴ　ｃａｒｄ") == INDICES["en"].search("lost card")
    assert INDICES["zh-Hant"].search("轉賬上限") == plain


@pytest.mark.parametrize(("simplified", "traditional"), [
    ("遗失卡怎么办", "遺失卡怎麼辦"), ("转账上限", "轉帳上限"), ("月结单", "月結單"), ("取消账户后", "取消帳戶後"),
])  # fmt: skip
def test_a_simplified_question_is_found_as_its_traditional_one(simplified, traditional):
    assert INDICES["zh-Hant"].search(simplified) == INDICES["zh-Hant"].search(traditional)


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_very_long_question_the_beginning_is_read(language):
    question = "lost card 遺失卡 " + "x " * 10_000
    assert len(question) > 20_000
    assert INDICES[language].search(question) == INDICES[language].search(question[:QUESTION_MAX])
    assert first(question, language) == "lost-card"


@given(question=st.text(max_size=120), language=st.sampled_from(LANGUAGES), most=st.integers(1, 6))
def test_a_search_is_ordered_repeatable_and_bounded(question, language, most):
    found = INDICES[language].search(question, most)
    assert found == AGAIN[language].search(question, most)
    assert len(found) <= min(most, len(PASSAGES))
    places = [PASSAGES.index(item.passage) for item in found]
    assert places == sorted(places, key=lambda place: (-found[places.index(place)].score, place))
    for item in found:
        assert 0.0 <= item.coverage <= 1.0
        assert item.coverage == INDICES[language].coverage(question, item.passage)
    assert found == INDICES[language].search(question, 9)[:most]


def test_equal_passages_come_in_the_order_of_the_file():
    same = tuple(passage(f"same-{n}", ("Fee", "收費"), ("It is free.", "免費。")) for n in range(5))
    assert [item.passage.id for item in Index(same, "en", load_settings()).search("fee", 5)] == [p.id for p in same]


def test_nothing_is_found_in_nothing():
    empty = Index((), "zh-Hant", load_settings(), Glossary(TERMS))
    assert empty.search("轉帳") == []
    assert isinstance(empty.answer("轉帳"), Refusal)


# --- the glossary ---


def test_entries_are_found_as_written_in_both_scripts():
    found = Glossary([Term(en=["bank statement", "statement"], zh=["月結單"], yue=["張 statement", "結單"])])
    assert found.find("your bank statements are here") == [Hit("#0", "bank statement"), Hit("#0", "statement")]
    assert found.find("我張statement呢") == [Hit("#0", "statement"), Hit("#0", "張statement")]
    assert found.find("月結單") == [Hit("#0", "月結單"), Hit("#0", "結單")]
    assert found.find("an understatement") == []


def test_everyday_words_join_a_glossary_and_never_stand_alone():
    assert glossary_of(corpus()).find("lost") == []
    terms = [hit.term for hit in glossary_of(WHOLE).find("i lost my card")]
    assert any(term.startswith(TRADE) for term in terms)
    assert any(term.startswith(GENERAL) for term in terms)
    assert len(load_general()) > 250


def test_everyday_words_cover_half_of_what_a_glossary_covers():
    settings = load_settings()
    item = passage("one", ("Wages", "工資"), ("Wages.", "工資。"))
    entry = [Term(en=["wages"], zh=["薪酬"])]
    other = Index((item,), "zh-Hant", settings, Glossary((), entry)).search("薪酬")[0].coverage
    assert other == pytest.approx(settings.general_share)
    assert Index((item,), "zh-Hant", settings, Glossary(entry)).search("薪酬")[0].coverage == pytest.approx(1.0)


def test_a_question_keeps_its_own_words_first():
    read = read_question("Where is my statement?", "en", load_settings(), Glossary(TERMS))
    assert read.asked == ("statement",)
    assert read.marked == ("#1",)
    assert read.same == {"statement": ("#1",)}


def test_a_corpus_is_searched_with_its_own_glossary():
    plain = corpus()
    question, cut = "張單", [msgspec.structs.replace(item, text=Text(en=item.text.en, zh="略"), title=Text(en=item.title.en, zh="略")) for item in plain.passages]  # fmt: skip
    plain = corpus(cut)
    assert isinstance(extractive_answer(question, plain, "zh-Hant", on=ON), Refusal)
    whole = corpus(cut, glossary=list(TERMS))
    assert extractive_answer(question, whole, "zh-Hant", on=ON).citations == ("statement",)
