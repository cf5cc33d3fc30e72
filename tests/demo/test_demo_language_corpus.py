"""The carried passages, questions and documents: whole, bilingual, dated; only what is in force is served."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.demo.firms import demo_firms
from dualtrack.demo.language.corpus import USES, load_corpus
from dualtrack.demo.language.questions import asked, load_questions
from dualtrack.demo.language.uses import load_declaration, load_policy, promised
from dualtrack.domain.answers import ANSWER_TYPES, answer_problem
from dualtrack.domain.records import encode, read_record, to_plain
from dualtrack.domain.usecase import UseCase, primary_claim
from dualtrack.errors import FieldError
from dualtrack.runtime.guards.registry import build_guards
from dualtrack.runtime.passages.corpus import check_corpus
from dualtrack.runtime.passages.search import Answer, Index, Refusal, extractive_answer, load_settings

ON = date(2026, 11, 26)


@pytest.mark.parametrize("use", USES)
def test_passages_are_many_bilingual_and_say_where_they_come_from(use):
    corpus = load_corpus(use)
    assert len(corpus.serving(ON)) >= 40
    for item in corpus.passages:
        assert "invented firm" in item.provenance
        for text in (item.title.zh, item.text.zh):
            assert any("\u3400" <= sign <= "\u9fff" for sign in text)
        assert not any("\u3400" <= sign <= "\u9fff" for sign in item.text.en)


@pytest.mark.parametrize(("use", "old", "new", "later"), [
    ("broker", "fee-commission-2025", "fee-commission", "ord-hours-2027"),
    ("bank", "card-fee-2025", "card-fee", "con-hours-2027"),
])  # fmt: skip
def test_what_is_over_or_not_yet_begun_is_never_served(use, old, new, later):
    corpus = load_corpus(use)
    at = {year: {item.id for item in corpus.serving(date(year, 6, 1))} for year in (2025, 2026, 2027)}
    assert old in at[2025]
    assert new not in at[2025]
    assert (old in at[2026], new in at[2026], later in at[2026]) == (False, True, False)
    assert later in at[2027]


def test_superseded_passages_go_even_without_an_end():
    corpus = load_corpus("bank")
    open_ended = [msgspec.structs.replace(item, valid_to=None) for item in corpus.passages]
    assert "card-fee-2025" not in {item.id for item in msgspec.structs.replace(corpus, passages=open_ended).serving(ON)}


@pytest.mark.parametrize("wrong", [
    {"valid_to": "2020-01-01"}, {"supersedes": "nowhere"}, {"supersedes": "acc-open"}, {"id": "acc-joint"},
    {"valid_from": "1 Jan"},
])  # fmt: skip
def test_a_wrong_passage_is_named(wrong):
    corpus = load_corpus("broker")
    first = msgspec.structs.replace(corpus.passages[0], **wrong)
    with pytest.raises(FieldError):
        check_corpus(msgspec.structs.replace(corpus, passages=[first, *corpus.passages[1:]]), where="test")


@pytest.mark.parametrize("use", USES)
def test_questions_are_enough_and_name_passages_in_force_that_hold_their_key(use):
    questions, serving = load_questions(use), {item.id: item for item in load_corpus(use).serving(ON)}
    assert sum(len(case.wordings) for case in questions.cases) >= 60
    assert {case.expect for case in questions.cases} == {"answer", "advice", "out_of_scope"}
    for item in asked(questions, expect="answer"):
        texts = [serving[name].text for name in item.case.passages]
        assert any(item.key in (text.en if item.language == "en" else text.zh) for text in texts), item.case.id
    assert len({item.text for item in asked(questions)}) == len(asked(questions))


@given(question=st.text(max_size=300), use=st.sampled_from(USES), language=st.sampled_from(["en", "zh-Hant"]))
def test_an_answer_always_quotes_a_passage_in_force_word_for_word(question, use, language):
    corpus = load_corpus(use)
    found = extractive_answer(question, corpus, language, on=ON)
    if isinstance(found, Refusal):
        assert found.coverage < found.least
        return
    assert isinstance(found, Answer)
    serving = {item.id: item for item in corpus.serving(ON)}
    for quote in found.quotes:
        text = serving[quote.id].text
        assert quote.text == (text.en if language == "en" else text.zh)
        assert quote.version == serving[quote.id].version
        assert f"{quote.text} [{quote.id}]" in found.text


def test_nothing_is_answered_from_nothing():
    settings = load_settings()
    assert isinstance(Index((), "en", settings).answer("commission"), Refusal)
    assert isinstance(Index(load_corpus("bank").serving(ON), "en", settings).answer(""), Refusal)


@pytest.mark.parametrize("use", USES)
def test_declarations_hold_and_their_packs_bind(use):
    declared = load_declaration(use)
    assert read_record(to_plain(declared), UseCase, where="again") == declared
    assert answer_problem(declared.facts) is None
    assert set(declared.facts) == set(ANSWER_TYPES)
    assert primary_claim(declared) is not None
    assert declared.demo
    assert declared.use.split("/")[0] in {firm.id for firm in demo_firms()}
    facts = declared.facts
    if use == "broker":  # 24EC55: in scope, and high-risk since research is quoted to clients
        assert facts["language_model"]
        assert facts["regulated_activity"]
        assert facts["gives_advice"]
        assert not facts["after_sales_only"]
        assert any(item.high_risk for item in load_corpus(use).serving(ON))
    else:  # HKMA 2024: generative, customer-facing, early; no regulated activity
        assert facts["generative"]
        assert facts["customer_facing"]
        assert facts["phase"] == "early"
        assert not facts["regulated_activity"]
        assert not any(item.high_risk for item in load_corpus(use).passages)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("url", [None, "http://127.0.0.1:9/v1"])
def test_policies_are_enforceable_and_promise_what_the_rules_read(use, url):
    policy, declared = load_policy(use, model_url=url), load_declaration(use)
    assert policy.use == declared.use == load_corpus(use).use
    assert {item.id for item in policy.upstreams} <= {part.id for part in declared.components}
    assert [item.kind for item in policy.upstreams] == (["extractive"] if url is None else ["openai", "extractive"])
    assert policy.fallback == "extractive"
    guards = build_guards(policy)
    assert {item.setting.guard for item in guards} == {
        "input_schema", "personal_data", "injection", "investment_advice", "mpf_choice", "tool_use", "disclosure",
        "opt_out", "output_checks", "tipping_off",
    }  # fmt: skip
    said = promised(policy, "0" * 64)
    assert said.disclosure
    assert said.review_before_release
    assert said.opt_out
    assert policy.disclosure is not None
    assert policy.disclosure.every
    for text in (policy.message, policy.human, policy.disclosure.text):
        assert any("\u3400" <= sign <= "\u9fff" for sign in text.zh)
    assert encode(policy) == encode(load_policy(use, model_url=url))
