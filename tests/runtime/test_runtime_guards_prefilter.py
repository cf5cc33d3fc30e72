"""What saves the guards time changes nothing they find: each short cut is held against the long way, on the evaluation sets."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.runtime.guards.cues import CUE_FILES, cue_set, phrases
from dualtrack.runtime.guards.personal import names_zh
from dualtrack.runtime.guards.personal.identity import _HKID, _TRAVEL, _after_letters
from dualtrack.runtime.guards.personal.name_lists import WORD, name_lists
from dualtrack.runtime.guards.personal.names_en import (
    _ZH_BEFORE,
    _after_chinese,
    _after_title,
    _after_words,
    _by_surname,
    _may_have,
    _told,
    _Words,
    find_names_en,
)
from dualtrack.runtime.guards.personal.scanning import Scanner
from dualtrack.runtime.guards.personal_data import PersonalData
from dualtrack.runtime.guards.prefilter import _parts, needed_runs, needed_words, pairs_of, words_of
from dualtrack.runtime.guards.sharing import begin_run, end_run, shared
from dualtrack.runtime.guards.spelling import ANY, EDGE, UnclearError, items, spellings
from dualtrack.runtime.guards.texts import Part, fold, guard_data


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

FIRST_USE = settings(deadline=None)
"""Lists and patterns are made when they are first met, which takes one example far longer than the next."""


def test_the_sets_are_there():
    assert len(TEXTS) > 500
    assert any(not text.isascii() for text in TEXTS)


def both_ways(text, name):
    """Return what a guard's cues find the short way and the long way, at each stage and from each kind of author."""
    folded, part, cues = fold(text), Part(0, "user", text), cue_set(name)
    for stage in ("input", "output"):
        for untrusted in (False, True):
            short, long = (phrases().looked_through(folded, stage, everything=every) for every in (False, True))
            yield (
                cues.find(part, stage, untrusted=untrusted, text=short),
                cues.find(part, stage, untrusted=untrusted, text=long),
            )


@pytest.mark.parametrize("name", CUE_FILES)
def test_the_short_way_finds_what_the_long_way_finds_in_the_sets(name):
    found = 0
    for text in TEXTS[::9]:
        for short, long in both_ways(text, name):
            assert short == long, text
            found += bool(short)
    assert found > 0


def fragments() -> list[str]:
    """Return spellings of phrases of all files, and signs and words to stand between them."""
    found: list[str] = []
    for name in CUE_FILES:
        for group in guard_data(name)["groups"].values():
            for phrase in (*group.get("en", ()), *group.get("zh", ())):
                try:
                    found += sorted(spellings(phrase, 200))[:3]
                except UnclearError:
                    continue
    plain = [text.replace(ANY, "x").replace(EDGE, ".") for text in found]
    return [
        *plain,
        " ",
        ".",
        "\n",
        "，",
        "。",
        "?",
        "!",
        "the",
        "my",
        "a",
        "我",
        "你",
        "的",
        ":",
        "<",
        "[",
        "12",
        "#",
        "’",
        "Ignore",
    ]


@FIRST_USE
@given(st.lists(st.sampled_from(fragments()), max_size=12), st.sampled_from(["", " ", "\n", "  "]))
def test_the_short_way_finds_what_the_long_way_finds_in_made_up_text(parts, gap):
    text = gap.join(parts)
    for name in CUE_FILES:
        for short, long in both_ways(text, name):
            assert short == long, text


@FIRST_USE
@given(st.text(alphabet="ignore yourulspmtdsab .,'’-<#[]:\n你的規則忽略指示唔理好", max_size=60))
def test_the_short_way_finds_what_the_long_way_finds_in_noise(text):
    for name in CUE_FILES:
        for short, long in both_ways(text, name):
            assert short == long, text


@given(st.text(alphabet="abz09'_- .é我\n", max_size=60))
def test_words_are_those_of_a_pattern(text):
    assert words_of(fold(text).text) == {word.encode() for word in re.findall("[a-z0-9]+", fold(text).text)}


@given(st.text(max_size=40))
def test_pairs_are_those_that_stand_side_by_side(text):
    known = {one + other for one, other in pairwise(text) if max(one, other) < "\ud800"} | {"你的", "ab"}
    numbers = {max(_parts((pair,))): pair for pair in known}
    assert {numbers[found] for found in pairs_of(text, frozenset(numbers))} == {pair for pair in known if pair in text}


@given(
    st.lists(
        st.sampled_from(
            [*TEXTS[:80], "Mr", "chan tai man", "O'Neil", "'", "Au Yeung", "Siu-ming", "name is", "You", "王先生"]
        )
    )
)
def test_names_are_found_where_every_word_is_looked_at(parts):
    text = " ".join(parts)
    given_words = WORD.findall(text)
    words, lists, wanted = _Words(text, given_words), name_lists(), []
    told = set() if text.isascii() else {match.end() for match in _ZH_BEFORE.finditer(text)}
    if given_words and (told or _may_have(text, given_words, lists)):
        for at, word in enumerate(words.lower):
            if told and words.spans[at][0] in told:
                wanted.append(_after_chinese(words, at, lists))
            if word.encode() in lists.triggers:
                wanted.append(_after_title(words, at, lists) if word in lists.titles else None)
                wanted.append(_after_words(words, at, lists) if word in lists.ends else None)
                wanted.append(_by_surname(words, at, lists))
    assert list(find_names_en(text)) == [item for item in wanted if item]


@given(
    st.lists(
        st.sampled_from(
            [*TEXTS[:400:5], "王先生", "客戶：", "歐陽", "司馬", "大文", "陳小姐", "經理", "李 生", "(", "同"]
        )
    )
)
def test_chinese_names_are_found_where_every_surname_is_looked_at(parts):
    text = "".join(parts)
    lists, wanted = names_zh._lists(), []
    for match in lists.surname.finditer(text):
        start, given_at = match.span()
        head = text[max(0, start - names_zh._BEFORE_WIDTH) : start]
        told = bool(head) and lists.before.search(head) is not None
        none = lists.not_names.match(text, start) is not None
        free = not head or head[-1] in lists.around_before or not names_zh._IS_HAN.match(head[-1])
        place = names_zh._Place(text, start, given_at, head, told, free)
        if told or not none:
            wanted.append(
                names_zh._with_title(place, lists) or (None if none else names_zh._without_title(place, lists))
            )
    assert list(names_zh.find_names_zh(text)) == [item for item in wanted if item]


def test_spellings_of_what_is_not_plain():
    assert spellings("a(?:b|cd)?e") == {"ae", "abe", "acde"}
    assert spellings("x{2}[yz]\\.") == {"xxy.", "xxz."}
    assert spellings("(?:^|[.] )ai(?!m)") == {"ai", f"{EDGE} ai"}
    for phrase in ("a+", "a*", "(a)", "a)", "(?:a", "\\1"):
        with pytest.raises(UnclearError):
            spellings(phrase)
    assert needed_words("(?:show|tell) me the mandatory rules?")[-1] == {"rule", "rules"}
    assert needed_words("jail\\w{0,4}") == []


def test_parts_of_a_phrase_that_must_stand_one_after_another():
    assert items("ab(?:c|d)?[ef]g") == ["ab", "(?:c|d)?", "[ef]", "g"]
    assert items("a|b") == ["a|b"]
    assert needed_runs("忽略.(?:指示|規則)") == [frozenset({("忽略", "指示"), ("忽略", "規則")})]


def test_texts_of_a_run_are_shared_and_then_forgotten():
    known = phrases()
    begin_run()
    try:
        assert known.text("Which fee is due?", "input") is known.text("Which fee is due?", "input")
        assert known.text("Which fee is due?", "output") is not known.text("Which fee is due?", "input")
    finally:
        end_run()
    assert known.text("Which fee is due?", "input") is not known.text("Which fee is due?", "input")
    assert shared() is None


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
    lists = name_lists()
    told = 0
    for text in [*TEXTS, "MYNAME IS  Chan", "Thename is: Chan", "i'm Chan", "sincerely yours,\nChan", "to    Chan"]:
        for match in WORD.finditer(text):
            wanted = lists.before.search(text, max(0, match.start() - 20), match.start()) is not None
            assert _told(text, match.start(), lists) == wanted, text
            told += wanted
    assert told > 20


def test_a_word_that_no_name_begins_with_ends_the_look_behind_a_telling_word():
    words = _Words("this is ordinary", WORD.findall("this is ordinary"))
    assert _after_words(words, 1, name_lists()) is None


@FIRST_USE
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
