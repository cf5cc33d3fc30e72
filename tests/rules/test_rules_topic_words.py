"""Names and meanings of evidence fields: every shipped and built-in field has a name in Chinese, and nothing is left over."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from dualtrack.domain.documents import read_yaml
from dualtrack.permit.evidence_check import BUILT_IN_TOPICS
from dualtrack.rules.catalogue import check_text, shipped_topics
from dualtrack.rules.topic_words import field_meaning, field_name

TOPICS = {**shipped_topics(), **BUILT_IN_TOPICS}
WORDS = read_yaml(
    resources.files("dualtrack.rules").joinpath("topic_words.yaml").read_bytes(), where="topic_words.yaml"
)


def test_the_list_names_every_field_and_no_other():
    assert set(WORDS["names"]) == {field for topic in TOPICS.values() for field in topic.fields}


@pytest.mark.parametrize("name", WORDS["names"])
def test_a_name_is_chinese(name):
    assert re.search(r"[\u4e00-\u9fff]", field_name(name).zh)
    assert field_name(name).en == name.replace("_", " ")


def test_meanings_are_of_fields_there_are_and_in_both_languages():
    for topic, meanings in WORDS["meanings"].items():
        assert set(meanings) <= set(TOPICS[topic].fields), topic
        for field in meanings:
            found = field_meaning(topic, field)
            check_text(found, where=f"{topic}.{field}")
            assert re.search(r"[\u4e00-\u9fff]", found.zh)


def test_a_field_of_a_packs_own_keeps_its_name():
    assert field_name("days_since_tested").zh == "days since tested"
    assert field_meaning("some_topic", "days_since_tested") is None
