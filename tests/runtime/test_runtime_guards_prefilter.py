"""What saves the guards time changes nothing they find: each short cut is held against the long way, on the evaluation sets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.runtime.guards.cues import cue_set
from dualtrack.runtime.guards.personal.identity import _HKID, _TRAVEL, _after_letters
from dualtrack.runtime.guards.personal.names_en import _WORD, _after_words, _lists, _told, _Words
from dualtrack.runtime.guards.personal.scanning import Scanner
from dualtrack.runtime.guards.personal_data import PersonalData
from dualtrack.runtime.guards.prefilter import UnclearError, begin_run, end_run, needed_words, parts_of, spellings
from dualtrack.runtime.guards.texts import fold, guard_data

CUES = ("injection", "investment_advice", "mpf_choice", "opt_out", "tipping_off")


def texts() -> list[str]:
    found: list[str] = []

    def walk(node: object) -> None:
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, dict):
            for part in node.values():
                walk(part)
        elif isinstance(node, list):
            for part in node:
                walk(part)

    for path in sorted((Path(__file__).parent / "data").glob("guards_*.yaml")):
        walk(yaml.safe_load(path.read_text("utf-8")))
    return [*found, *(" ".join(found[start : start + 4]) for start in range(0, len(found) - 4, 4))]


TEXTS = texts()


def test_the_sets_are_there():
    assert len(TEXTS) > 500
    assert any(not text.isascii() for text in TEXTS)


@pytest.mark.parametrize("name", CUES)
def test_a_group_that_is_left_out_would_not_have_matched(name):
    cues = cue_set(name)
    left_out = 0
    for text in TEXTS:
        folded = fold(text)
        parts = parts_of(folded)
        possible = (cues._en.within(parts.words), cues._zh.within(parts.pairs))
        for group, patterns in cues._patterns.items():
            for pattern, groups in zip(patterns, possible, strict=True):
                if pattern is None or group in groups or (pattern is patterns.zh and not folded.chinese):
                    continue
                left_out += 1
                assert pattern.search(folded.text) is None, (group, text)
    assert left_out > len(TEXTS)


@pytest.mark.parametrize("name", CUES)
def test_every_spelling_of_a_phrase_is_matched_by_it_and_lets_it_be_tried(name):
    cues = cue_set(name)
    tried = 0
    for key, group in guard_data(name)["groups"].items():
        for phrase in group.get("en", ()):
            try:
                spelled = sorted(spellings(phrase))[:50]
            except UnclearError:
                continue
            for text in spelled:
                if "\x00" in text or re.search(r"\(\?[=!<]|[\^$]", phrase):
                    continue
                tried += 1
                assert cues._patterns[key].en.search(fold(text).text), (phrase, text)
                assert key in cues._en.within(parts_of(fold(text)).words)
    assert tried > 20


def test_spellings_of_what_is_not_plain():
    assert spellings("a(?:b|cd)?e") == {"ae", "abe", "acde"}
    assert spellings("x{2}[yz]\\.") == {"xxy.", "xxz."}
    assert spellings("(?:^|[.] )ai(?!m)") == {"ai", "\x00 ai"}
    for phrase in ("a+", "a*", "(a)", "a)", "(?:a", "\\1"):
        with pytest.raises(UnclearError):
            spellings(phrase)
    assert needed_words(["(?:show|tell) me the mandatory rules?"]) == {"mandatory"}
    assert needed_words(["jail\\w{0,4}"]) is None


def test_texts_of_a_run_are_shared_and_then_forgotten():
    folded = fold("Which fee is due?")
    begin_run()
    try:
        assert parts_of(folded) is parts_of(folded)
    finally:
        end_run()
    assert parts_of(folded) is not parts_of(folded)


@given(st.text(alphabet="aAbZ09 ()-\n\u6211", max_size=40))
def test_documents_are_found_where_a_search_of_the_whole_text_finds_them(text):
    for pattern in (_HKID, _TRAVEL):
        assert [match.span() for match in _after_letters(pattern, text)] == [
            match.span() for match in pattern.finditer(text)
        ]


@pytest.mark.parametrize("pattern", [_HKID, _TRAVEL])
@given(
    st.lists(
        st.sampled_from(["A123456(3)", "K 1234567", "HJ1234567", "AB\n987654(A)", "x", " ", "12", "\u6211", "-", "("])
    )
)
def test_documents_in_a_row_are_found_as_well(pattern, parts):
    text = "".join(parts)
    assert [match.span() for match in _after_letters(pattern, text)] == [
        match.span() for match in pattern.finditer(text)
    ]


def test_telling_phrases_are_those_of_the_pattern():
    lists = _lists()
    told = 0
    for text in [*TEXTS, "MYNAME IS  Chan", "Thename is: Chan", "i'm Chan", "sincerely yours,\nChan", "to    Chan"]:
        for match in _WORD.finditer(text):
            wanted = lists.before.search(text, max(0, match.start() - 20), match.start()) is not None
            assert _told(text, match.start(), lists) == wanted, text
            told += wanted
    assert told > 20


def test_a_word_that_no_name_begins_with_ends_the_look_behind_a_telling_word():
    words = _Words("this is ordinary", _WORD.findall("this is ordinary"))
    assert _after_words(words, 1, _lists()) is None


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3).map(" ".join))
def test_a_text_that_is_known_to_be_clean_is_what_a_search_would_leave(text):
    guard, scanner = PersonalData({}), Scanner()
    once = guard._redacted(text)
    assert once == scanner.redact(text, minimum=400)
    again = guard._redacted(once[0])
    assert again == scanner.redact(once[0], minimum=400)


def test_no_text_is_kept_of_what_is_known_to_be_clean():
    guard = PersonalData({})
    guard._redacted("Which fee is due in March?")
    assert [len(item) for item in guard._clean] == [16]
