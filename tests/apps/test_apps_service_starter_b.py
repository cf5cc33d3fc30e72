"""The starter pack of a broker and of an MPF trustee, and the glossary of all four: whole, the same in both languages, and found by its questions."""

import re
import unicodedata
from collections import Counter
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

import dualtrack.apps.service
from dualtrack.apps.service.gaps import find_gaps
from dualtrack.apps.service.intents.examples import load_examples
from dualtrack.apps.service.language import detect
from dualtrack.apps.service.passages import load_passages
from dualtrack.domain.documents import read_yaml
from dualtrack.runtime.passages.glossary import Glossary, plain_text, read_glossary
from dualtrack.runtime.passages.variants import read_variants, with_variants

STARTER = Path(dualtrack.apps.service.__file__).parent / "starter"
SECTORS = ("broker", "mpf")
PASSAGES_LEAST = {"broker": 80, "mpf": 75}
DAY = date(2026, 11, 27)
LEAST = {"english": 6, "written": 6, "cantonese": 6, "mixed": 2}
REGISTERS_DETECTED = 0.95
"""Cantonese may be free of the signs by which it is known: 朝早幾點先可以落盤."""
LINE_MAX = 200

# Written with words in one language and digits in the other: signal number 8, 9 am, November, HK$8 million, two failures, May.
WORDED = {
    "broker-mkt-typhoon": {"8", "9"},
    "broker-fee-stamp": {"11"},
    "broker-risk-pi": {"8", "800"},
    "broker-va-start": {"2"},
    "mpf-vol-tvctax": {"5"},
    "mpf-off-abolish": {"5"},
    "mpf-off-before": {"5"},
    "mpf-svc-typhoon": {"8"},
}
# What a customer would rely on and the law or the market sets, not the firm.
FACTS = {
    "broker-set-t2": ["second trading day", "T+2", "CCASS"],
    "broker-fee-stamp": ["0.1%", "17 November 2023", "0.0027%", "0.00015%", "0.00565%"],
    "broker-ord-amend": ["9:15 am", "9:30 am"],
    "broker-sec-icf": ["HK$500,000", "Stock Connect"],
    "broker-mkt-typhoon": ["23 September 2024"],
    "broker-us-hours": ["T+1"],
    "broker-us-tax": ["30%"],
    "broker-risk-pi": ["HK$8 million"],
    "broker-va-storage": ["98%"],
    "mpf-con-employee": ["5%", "HK$7,100", "HK$30,000", "HK$1,500"],
    "mpf-con-income": ["housing allowances", "severance payment"],
    "mpf-con-day": ["10th"],
    "mpf-con-sep": ["HK$85,200", "HK$360,000"],
    "mpf-con-surcharge": ["5%"],
    "mpf-wd-small": ["HK$5,000", "12 months"],
    "mpf-tr-eca": ["once in a calendar year"],
    "mpf-inv-dis": ["60%", "20%"],
    "mpf-inv-disfee": ["0.75%", "0.2%"],
    "mpf-off-abolish": ["1 May 2025"],
    "mpf-vol-tvctax": ["HK$60,000"],
    "mpf-tax-employee": ["HK$18,000"],
}

by_sector = pytest.mark.parametrize("sector", SECTORS)


@cache
def corpus(sector):
    return load_passages(STARTER / f"{sector}.yaml")


@cache
def questions(sector):
    return read_variants((STARTER / f"questions-{sector}.yaml").read_bytes(), where=sector)


@cache
def intents(sector):
    return read_yaml((STARTER / f"intents-{sector}.yaml").read_bytes(), where=sector)


@cache
def glossary():
    return read_glossary((STARTER / "glossary.yaml").read_bytes(), where="glossary.yaml")


def numbers(text):
    plain = re.sub(r"(\d),(?=\d)", r"\1", unicodedata.normalize("NFKC", text))
    return set(re.findall(r"\d+(?:[.:]\d+)?%?", plain))


def tight(text):
    return re.sub(r"\W", "", text.casefold())


def asked(sector):
    return [text for each in questions(sector) for text in (*each.en, *each.zh, *each.yue)]


@by_sector
def test_the_passages_load_and_are_all_in_force(sector):
    passages = corpus(sector).passages
    assert len(passages) >= PASSAGES_LEAST[sector]
    assert corpus(sector).serving(DAY) == tuple(passages)
    assert {each.provenance for each in passages} == {"own writing for Dualtrack, fictional firm"}
    assert all(each.id.startswith(f"{sector}-") for each in passages)
    for each in passages:
        assert 2 <= len(re.findall(r"[.!?](?:\s|\Z)", each.text.en)) <= 5, each.id
        assert 2 <= len(re.findall(r"[。！？]", each.text.zh)) <= 5, each.id


@by_sector
def test_nothing_is_wrong_with_the_passages(sector):
    assert find_gaps(corpus(sector), on=DAY) == []


@by_sector
def test_both_languages_state_every_number(sector):
    differing = {
        each.id: found for each in corpus(sector).passages if (found := numbers(each.text.en) ^ numbers(each.text.zh))
    }
    assert differing == {key: value for key, value in WORDED.items() if key.startswith(sector)}


@by_sector
def test_the_chinese_of_a_passage_is_written_and_traditional(sector):
    for each in corpus(sector).passages:
        found = detect(each.text.zh)
        assert (found.language, found.register, found.simplified) == ("zh-Hant", "written", False), each.id
        assert detect(each.text.en).register == "english", each.id


def test_public_facts_are_stated_in_both_languages():
    texts = {each.id: each.text for sector in SECTORS for each in corpus(sector).passages}
    for passage, facts in FACTS.items():
        for fact in facts:
            assert fact in texts[passage].en, (passage, fact)
            if figures := numbers(fact) - WORDED.get(passage, set()):
                assert figures <= numbers(texts[passage].zh), (passage, fact)


@by_sector
def test_where_a_choice_is_asked_for_the_passage_declines_to_recommend(sector):
    choice = {"broker": "broker-mkt-ratings", "mpf": "mpf-inv-advice"}[sector]
    text = next(each.text for each in corpus(sector).passages if each.id == choice)
    assert re.search(r"cannot recommend|does not say whether", text.en)
    assert re.search(r"不能推薦|不會就", text.zh)


@by_sector
def test_every_passage_is_asked_for_in_three_ways_of_three_kinds(sector):
    assert [each.passage for each in questions(sector)] == [each.id for each in corpus(sector).passages]
    assert all((len(each.en), len(each.zh), len(each.yue)) == (3, 3, 3) for each in questions(sector))
    whole = with_variants(corpus(sector), questions(sector), glossary(), where=sector)
    assert whole.terms == glossary()
    counted = Counter(map(tight, asked(sector)))
    assert [text for text, count in counted.items() if count > 1] == []
    titles = {tight(text) for each in corpus(sector).passages for text in (each.title.en, each.title.zh)}
    assert not titles & set(counted)


@by_sector
def test_questions_are_in_the_language_they_stand_under(sector):
    for each in questions(sector):
        assert {detect(text).register for text in each.en} == {"english"}, each.passage
        assert {detect(text).register for text in each.zh} <= {"written", "mixed"}, each.passage
        assert {detect(text).language for text in each.yue} == {"zh-Hant"}, each.passage
    registers = Counter(detect(text).register for each in questions(sector) for text in each.yue)
    assert registers["written"] <= (1 - REGISTERS_DETECTED) * sum(registers.values())


@by_sector
def test_intents_have_examples_enough_in_every_register(sector):
    assert len(intents(sector)) >= 18
    for each in intents(sector):
        assert each["id"].startswith(f"{sector}-")
        assert each["sector"] == sector
        counted = Counter(example["register"] for example in each["examples"])
        assert set(counted) == set(LEAST), each["id"]
        assert all(counted[register] >= least for register, least in LEAST.items()), each["id"]
        assert sum(counted.values()) >= 20, each["id"]


@by_sector
def test_examples_load_each_under_one_intent_and_none_is_an_indexed_question(sector):
    loaded = load_examples(STARTER / f"intents-{sector}.yaml")
    assert loaded.repeated == 0
    assert len(loaded.examples) == sum(len(each["examples"]) for each in intents(sector))
    assert not set(map(tight, asked(sector))) & {tight(each.text) for each in loaded.examples}


@by_sector
def test_the_register_of_an_example_is_the_one_that_is_detected(sector):
    examples = load_examples(STARTER / f"intents-{sector}.yaml").examples
    agreed = Counter(each.register for each in examples if detect(each.text).register == each.register)
    said = Counter(each.register for each in examples)
    assert agreed["english"] == said["english"]
    assert agreed["written"] >= 0.99 * said["written"]
    assert sum(agreed.values()) >= REGISTERS_DETECTED * sum(said.values())


@by_sector
def test_every_passage_answers_an_intent(sector):
    wanted = {passage for each in intents(sector) for passage in each["passages"]}
    assert wanted == {each.id for each in corpus(sector).passages}
    assert all(each["passages"] for each in intents(sector))
    assert not {each["id"] for each in intents(sector)} & wanted


def test_the_glossary_has_three_columns_and_no_word_in_two_rows():
    assert len(glossary()) >= 200
    rows = Counter()
    for each in glossary():
        assert each.en, each
        assert each.zh, each
        assert each.yue, each
        assert all(detect(form).register == "english" for form in each.en), each
        assert all(detect(form).language == "zh-Hant" for form in each.zh), each
        rows.update({"".join(plain_text(form).split()) for form in each.forms})
    assert [form for form, count in rows.items() if count > 1] == []
    assert min(map(len, rows)) >= 2  # one sign stands in many words: 息 in 利息, 幣 in 港幣


@pytest.mark.parametrize(
    "said",
    [
        ("my margin call", "點解要補倉通知", "佢哋 call孖展"), ("forced liquidation", "被強制平倉", "點解斬倉"), ("pay by FPS", "用轉數快付款", "轉數快過到未"),
        ("the deductible", "自付費多少", "墊底費幾多"), ("an odd lot", "沽出碎股", "唔夠一手"), ("severance payment", "遣散費", "攞唔到遣散費"),
        ("the default investment strategy", "預設投資策略", "懶人基金"), ("grace period", "寬限期", "免息期"), ("use the ATM", "自動櫃員機", "去撳機"),
    ],
)  # fmt: skip
def test_a_thing_is_one_term_in_whichever_words_it_is_said(said):
    terms = [{hit.term for hit in Glossary(glossary()).find(plain_text(text))} for text in said]
    assert all(one & other for one, other in pairwise(terms))


@pytest.mark.parametrize(
    "name", ["glossary", *(f"{kind}{sector}" for sector in SECTORS for kind in ("", "questions-", "intents-"))]
)
def test_lines_can_be_read_by_a_person(name):
    lines = (STARTER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= LINE_MAX
