"""The starter pack of a bank and of an insurer: it loads, both languages say the same, and every passage is asked for and wanted by somebody."""

import re
import unicodedata
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path

import msgspec
import pytest

import dualtrack.apps.service
from dualtrack.apps.service.gaps import find_gaps
from dualtrack.apps.service.passages import load_passages
from dualtrack.domain.documents import read_yaml
from dualtrack.runtime.passages.corpus import ASKED_MAX, Asked

STARTER = Path(dualtrack.apps.service.__file__).parent / "starter"
SECTORS = ("bank", "insurer")
PASSAGES = {"bank": 85, "insurer": 75}
DAY = date(2026, 11, 27)
LEAST = {"english": 6, "written": 6, "cantonese": 6, "mixed": 2}
MONTHS = {"bank-acc-protection": {"10"}, "insurer-prm-tax": {"4"}}  # October and April, words in English
HAN = re.compile(r"[\u3400-\u9fff]")
SIMPLIFIED = set("们这说个来时钱银会关账单户贷险费赔汇转发还为请问样开")
SPOKEN = set("唔嘅咗喺嗰啲冇嘢佢哋俾畀搵咩㗎嚟攞噉")

by_sector = pytest.mark.parametrize("sector", SECTORS)


@cache
def corpus(sector):
    return load_passages(STARTER / f"{sector}.yaml")


@cache
def rows(name):
    return read_yaml((STARTER / f"{name}.yaml").read_bytes(), where=name)


def numbers(text):
    plain = re.sub(r"(\d),(?=\d)", r"\1", unicodedata.normalize("NFKC", text))
    return set(re.findall(r"\d+(?:\.\d+)?%?", plain))


def plain(text):
    return re.sub(r"\W", "", text.casefold())


def twice(texts):
    return [text for text, count in Counter(map(plain, texts)).items() if count > 1]


@by_sector
def test_passages_load_and_are_whole(sector):
    passages = corpus(sector).passages
    assert len(passages) == PASSAGES[sector]
    assert len({each.id for each in passages}) == len(passages)
    assert all(each.id.startswith(f"{sector}-") for each in passages)
    assert {each.provenance for each in passages} == {"own writing for Dualtrack, fictional firm"}
    assert corpus(sector).serving(DAY) == tuple(passages)
    for each in passages:
        assert 2 <= len(re.findall(r"[.!?](?:\s|\Z)", each.text.en)) <= 5, each.id
        assert 2 <= len(re.findall(r"[。！？]", each.text.zh)) <= 5, each.id
        assert each.keys.en.isascii(), each.id
        assert HAN.search(each.keys.zh), each.id


@by_sector
def test_nothing_is_wrong_with_the_passages(sector):
    assert find_gaps(corpus(sector), on=DAY) == []


@by_sector
def test_both_languages_state_every_number(sector):
    for each in corpus(sector).passages:
        assert numbers(each.text.en) ^ numbers(each.text.zh) == MONTHS.get(each.id, set()), each.id
        assert not HAN.search(each.title.en + each.text.en + each.keys.en), each.id
        assert not SIMPLIFIED & set(each.title.zh + each.text.zh + each.keys.zh), each.id
        assert not SPOKEN & set(each.title.zh + each.text.zh), each.id


@by_sector
def test_every_passage_has_questions_of_three_kinds(sector):
    asked = rows(f"questions-{sector}")
    assert [each["passage"] for each in asked] == [each.id for each in corpus(sector).passages]
    for each in asked:
        assert {len(each[kind]) for kind in ("en", "zh", "yue")} == {3}, each["passage"]
        form = msgspec.convert({"en": each["en"], "zh-Hant": each["zh"] + each["yue"]}, Asked)
        assert len(form.zh) <= ASKED_MAX
        assert not any(HAN.search(text) for text in each["en"]), each["passage"]
        assert all(HAN.search(text) for text in each["zh"] + each["yue"]), each["passage"]
        assert not any(SPOKEN & set(text) for text in each["zh"]), each["passage"]
    assert twice(text for each in asked for kind in ("en", "zh", "yue") for text in each[kind]) == []


@by_sector
def test_a_question_is_no_title(sector):
    titles = {plain(each) for passage in corpus(sector).passages for each in (passage.title.en, passage.title.zh)}
    asked = [text for each in rows(f"questions-{sector}") for kind in ("en", "zh", "yue") for text in each[kind]]
    assert not titles & set(map(plain, asked))


@by_sector
def test_intents_have_examples_in_every_register(sector):
    intents = rows(f"intents-{sector}")
    assert len(intents) >= 18
    assert len({each["id"] for each in intents}) == len(intents)
    for each in intents:
        assert set(each) == {"id", "title", "sector", "passages", "examples"}
        assert each["id"].startswith(f"{sector}-")
        assert each["sector"] == sector
        assert all(each["title"][language].strip() for language in ("en", "zh-Hant")), each["id"]
        counted = Counter(example["register"] for example in each["examples"])
        assert set(counted) == set(LEAST), each["id"]
        assert all(counted[register] >= least for register, least in LEAST.items()), each["id"]
        assert sum(counted.values()) >= 20, each["id"]


@by_sector
def test_examples_are_written_in_the_register_they_name(sector):
    examples = [each for intent in rows(f"intents-{sector}") for each in intent["examples"]]
    for each in examples:
        text, register = each["text"], each["register"]
        assert bool(HAN.search(text)) == (register != "english"), text
        assert register != "mixed" or re.search("[A-Za-z]", text), text
        assert register != "written" or not SPOKEN & set(text), text


@by_sector
def test_an_example_belongs_to_one_intent_and_is_no_indexed_question(sector):
    examples = [each["text"] for intent in rows(f"intents-{sector}") for each in intent["examples"]]
    assert twice(examples) == []
    asked = {plain(text) for each in rows(f"questions-{sector}") for kind in ("en", "zh", "yue") for text in each[kind]}
    assert not asked & set(map(plain, examples))


@by_sector
def test_every_passage_answers_an_intent(sector):
    intents = rows(f"intents-{sector}")
    wanted = {passage for each in intents for passage in each["passages"]}
    assert wanted == {each.id for each in corpus(sector).passages}
    assert all(each["passages"] for each in intents)


def test_public_facts_are_stated_as_they_are():
    text = {each.id: each.text for sector in SECTORS for each in corpus(sector).passages}
    facts = {
        "bank-acc-protection": ["HK$800,000", "1 October 2024"],
        "bank-sec-scam": ["999", "18222"],
        "insurer-sec-scam": ["18222"],
        "insurer-pol-cooling": ["21 calendar days"],
        "insurer-prm-levy": ["0.1%", "HK$100 ", "HK$5,000"],
        "insurer-prm-tax": ["HK$8,000", "HK$60,000"],
        "insurer-vhis-unknown": ["25%", "50%", "100%"],
    }
    for passage, parts in facts.items():
        assert all(part in text[passage].en for part in parts), passage
