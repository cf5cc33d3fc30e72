"""Answers that recommend, and MPF questions: shares found and flagged wrongly in both halves, the slots, and advice over several turns."""

from __future__ import annotations

import pytest
from guard_case import DATA, POLICY, answer, question
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain.documents import read_yaml
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.cues import cue_set
from dualtrack.runtime.guards.investment_advice import InvestmentAdvice
from dualtrack.runtime.guards.mpf_choice import MpfChoice
from dualtrack.runtime.guards.texts import BEFORE_MAX, TEXT_CHARACTERS_MAX, Part, told_before

ADVICE, MPF = InvestmentAdvice({}), MpfChoice({})
SETS = {
    name: read_yaml((DATA / f"{name}.yaml").read_bytes(), where=name) for name in ("advice_answers", "mpf_questions")
}
MADE = {"advice_answers": (ADVICE, answer), "mpf_questions": (MPF, question)}


def flagged(name, rounds, half, kind):
    guard, made = MADE[name]
    listed = [text for part in rounds for texts in SETS[name][part][half][kind].values() for text in texts]
    return sum(guard.check(made(text)).score >= 500 for text in listed), len(listed)


def conversation(stage, *texts):
    pieces = tuple(Piece("assistant" if number % 2 else "user", text) for number, text in enumerate(texts))
    return Checked(stage, "u", POLICY, "en", pieces)


@pytest.mark.parametrize(
    ("name", "rounds", "half", "kind", "least"),
    [
        ("advice_answers", ("first", "second", "fourth"), "tuned", "recommends", 0.95),
        ("advice_answers", ("first", "second", "fourth"), "held", "recommends", 0.85),
        ("advice_answers", ("third",), "tuned", "recommends", 0.65),
        ("mpf_questions", ("first", "second", "fourth"), "tuned", "asks", 0.95),
        ("mpf_questions", ("first", "second", "fourth"), "held", "asks", 0.9),
    ],
)
def test_advice_is_found(name, rounds, half, kind, least):
    found, listed = flagged(name, rounds, half, kind)
    assert found >= least * listed > 10


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("half", ["tuned", "held"])
def test_facts_stay_clear(name, half):
    found, listed = flagged(name, [part for part in SETS[name] if part != "dated"], half, "facts")
    assert found <= 0.04 * listed
    assert listed > 40


@pytest.mark.parametrize(
    ("advice", "same_words"),
    [
        ("I would put 60% into the bond fund.", "I would put the form into the box at the branch."),
        ("You may want to switch into the bond fund.", "You may want to check the fees of the bond fund."),
        ("Stick with the balanced fund.", "Stick the label on the envelope."),
        ("This fund is suitable for your risk profile.", "This fund is not suitable for all investors."),
        ("不妨買入這隻基金。", "不妨下載這隻基金的單張。"),
        ("滙豐可以繼續揸住先。", "滙豐可以繼續用同一個密碼。"),
    ],
)
def test_an_act_and_a_product_make_advice_and_neither_alone_does(advice, same_words):
    assert ADVICE.check(answer(advice)).score >= 500
    assert ADVICE.check(answer(same_words)).score < 500


@pytest.mark.parametrize(
    "text",
    [
        "I cannot tell you whether you should buy Tencent.",
        'The headline "Buy gold now" is typical of fraud.',
        "A buy rating is an opinion that a share will do well.",
        "我唔可以話你知應該買定沽騰訊。",
        "騙徒會話你要快啲買某隻股票。",
        "「增持」係指持有比重高於基準的股票。",
    ],
)
def test_refusals_quotations_and_definitions_stay_clear(text):
    assert ADVICE.check(answer(text)).score < 500


@pytest.mark.parametrize(
    "text", ["I give no advice, but I would buy Alibaba here.", "我唔可以畀意見，不過我自己會買阿里。"]
)
def test_a_refusal_does_not_cover_the_advice_that_follows(text):
    assert "recommend-despite" in {item.kind for item in ADVICE.check(answer(text)).findings}


@pytest.mark.parametrize(
    ("stage", "texts", "kind"),
    [
        ("input", ("What is the price of Tencent?", "It is 512.", "And is it worth it?"), "drift"),
        ("input", ("騰訊幾錢？", "五百一十二蚊。", "咁值唔值得？"), "drift"),
        ("output", ("What about Tencent?", "I would hold it."), "recommend-before"),
        ("output", ("騰訊點睇？", "揸住先。"), "recommend-before"),
    ],
)
def test_what_it_is_was_said_before(stage, texts, kind):
    result = ADVICE.check(conversation(stage, *texts))
    assert [item.kind for item in result.findings] == [kind]
    assert result.score >= 500
    assert {item.piece for item in result.findings} == {len(texts) - 1}


def test_what_was_said_before_counts_whatever_the_turn_says_by_itself():
    """A firm's threshold may lie above either score alone."""
    alone = ADVICE.check(conversation("input", "Is gold worth it?"))
    result = ADVICE.check(conversation("input", "What is the price of Tencent?", "It is 512.", "Is gold worth it?"))
    assert {item.kind for item in result.findings} == {item.kind for item in alone.findings} | {"drift"}
    assert result.score > alone.score >= 500


@pytest.mark.parametrize(
    ("stage", "texts"),
    [
        ("input", ("When do you open?", "At nine.", "And is it worth it?")),
        ("input", ("What is the price of Tencent?", "It is 512.", "When is the next dividend?")),
        ("output", ("What about my card?", "I would hold it.")),
        ("output", ("What about Tencent?", "I cannot advise whether you should hold it.")),
        ("output", ("What about Tencent?", "It closed at 512.")),
    ],
)
def test_what_was_said_before_is_no_advice_by_itself(stage, texts):
    assert ADVICE.check(conversation(stage, *texts)).score < 500


def test_only_the_newest_texts_before_count():
    told = ("What is the price of Tencent?", "It is 512.")
    between = ("Thank you.", "You are welcome.") * (BEFORE_MAX // 2)
    assert ADVICE.check(conversation("input", *told, *between, "And is it worth it?")).score < 500
    assert ADVICE.check(conversation("input", *told, *between[2:], "And is it worth it?")).score >= 500


def test_texts_of_the_firm_and_of_documents_are_not_what_was_said():
    pieces = (Piece("system", "You know Tencent."), Piece("retrieved", "Tencent"), Piece("user", "Is it worth it?"))
    checked = Checked("input", "u", POLICY, "en", pieces)
    assert told_before(checked, (Part(2, "user", "Is it worth it?"),)) == []


def test_a_text_too_long_to_read_is_not_read_for_what_was_said():
    long = "Tencent " * (TEXT_CHARACTERS_MAX // 8 + 1)
    part = Part(1, "user", "And is it worth it?")
    assert cue_set("investment_advice").find_across(part, "input", [long]) == []
    assert cue_set("investment_advice").find_across(part, "input", [long, "Tencent"]) != []
    assert cue_set("investment_advice").find_across(Part(1, "user", long), "input", ["Tencent"]) == []


@settings(deadline=None)  # patterns are compiled when they are first met
@given(st.lists(st.text(alphabet="buyholdit tencent買騰訊. ?", max_size=20), min_size=1, max_size=9))
def test_words_before_never_lower_a_score(texts):
    last = conversation("input", *texts).pieces[-1]
    alone = ADVICE.check(Checked("input", "u", POLICY, "en", (last._replace(role="user"),))).score
    pieces = (*conversation("input", *texts).pieces[:-1], Piece("assistant", "ok"), last._replace(role="user"))
    assert ADVICE.check(Checked("input", "u", POLICY, "en", pieces)).score >= alone
