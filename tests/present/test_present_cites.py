"""Citations and grounds in Chinese: every one that comes with Dualtrack is known, and others keep their words."""

from __future__ import annotations

import re

import pytest

from dualtrack.domain.questions import questions
from dualtrack.domain.records import Text
from dualtrack.present.cites import cite_text, cites_text, ground_text
from dualtrack.present.phrases import our_test
from dualtrack.present.sayings import SAYING_CHARACTERS_MAX, Sayings
from dualtrack.rules.shipped import shipped_packs
from dualtrack.runtime.drafts import reporting_duties
from dualtrack.runtime.duties import enforcement

RULES = [rule for pack in shipped_packs() for rule in pack.data.rules]
CITES = sorted(
    {cite for rule in RULES for cite in rule.cites}
    | {item.cites for pack in shipped_packs() for item in pack.data.parameters}
    | {cite.paragraph for item in questions().values() for cite in item.cites}
    | {item.cites for item in enforcement().values()}
    | {duty.cites for duty in reporting_duties()[1]}
)
NAMED = [cite for cite in CITES if re.search(r"[A-Za-z]{4}", cite)]
WORD = re.compile(r"\b(?!Dualtrack)[A-Za-z]{4,}", re.ASCII)


@pytest.mark.parametrize("cite", NAMED)
def test_a_place_is_named_in_chinese(cite):
    found = cites_text(cite)
    assert found.en == cite
    assert re.search(r"[\u4e00-\u9fff]", found.zh)
    assert not WORD.search(found.zh), found.zh
    numbers = [number for number in re.findall(r"\d+[A-Z]{0,2}(?:\.\d+)*", cite) if len(number) > 1]
    assert all(number in found.zh for number in numbers)


def test_numbers_and_unknown_documents_keep_their_words():
    assert cite_text("18(a)").zh == "18(a)"
    assert cite_text("A circular of next year, 4").zh == "A circular of next year, 4"
    assert our_test(["Dualtrack policy, work 1"]).zh == "我們就Dualtrack 政策，人手第1項所設的測試"


@pytest.mark.parametrize("ground", sorted({rule.proportionality for rule in RULES if rule.proportionality}))
def test_a_ground_of_proportion_is_said_in_chinese(ground):
    found = ground_text(ground)
    assert found.en == ground
    assert not WORD.search(found.zh), found.zh


def test_a_ground_of_a_firms_own_pack_keeps_its_words():
    known = "Sanitised data are asked for where appropriate."
    assert ground_text(f"{known} Our own reading.").zh == f"{known} Our own reading."


def test_the_first_saying_that_fits_is_taken_and_its_gaps_are_filled():
    sayings = Sayings([Text(en="{a} of 5", zh="五之{a}"), Text(en="{a} of {b}", zh="{b}之{a}")])
    assert sayings.chinese("3 of 5") == "五之3"
    assert sayings.chinese("3 of 7", {"b": str.upper, "a": lambda value: value * 2}) == "7之33"
    assert sayings.chinese("3 off 7") is None
    assert sayings.chinese("{x} of {y}") == "{y}之{x}"
    assert sayings.chinese("3 of " + "7" * SAYING_CHARACTERS_MAX) is None
