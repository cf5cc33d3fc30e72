"""Language and register of what customers write, and the one plain form of it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.apps.service.language import _compiled, detect, normalise
from dualtrack.demo.language.corpus import load_corpus
from dualtrack.runtime.passages.scripts import to_traditional
from house_tree import ROOT

VARIANTS = ROOT.parent / "shared" / "data" / "chinese" / "kTraditionalVariant.txt"
SIGNS = st.one_of(
    st.characters(),
    st.sampled_from("我唔係的嗎?？。\n \u200b\u200d\ufe0f\u00ad😀👩💻！１２aBc. \u0301\u202e\u3000机户唔该资料"),
)


@pytest.mark.parametrize(
    ("text", "language", "register"),
    [
        ("How do I open an account?", "en", "english"),
        ("um so uh i lost my card i think yesterday", "en", "english"),
        ("HOW DO I BLOCK MY CARD", "en", "english"),
        ("請問如何開立戶口？", "zh-Hant", "written"),
        ("信用卡年費", "zh-Hant", "written"),
        ("我想開MPF戶口", "zh-Hant", "written"),
        ("我想用 app 查結餘", "zh-Hant", "written"),
        ("為甚麼我的申請沒有批准？", "zh-Hant", "written"),
        ("不動產按揭的目的是什麼", "zh-Hant", "written"),
        ("A股和H股有甚麼分別？", "zh-Hant", "written"),
        ("銀行幾點開門？請點擊此處，關係重大", "zh-Hant", "written"),
        ("想賣股票，點賣？", "zh-Hant", "cantonese"),
        ("你係人定機械人？", "zh-Hant", "cantonese"),
        ("點樣開戶口呀？", "zh-Hant", "cantonese"),
        ("我唔見咗張卡", "zh-Hant", "cantonese"),
        ("係咪要帶身份證", "zh-Hant", "cantonese"),
        ("啲手續費幾多錢😡", "zh-Hant", "cantonese"),
        ("呢張卡嘅目的係咩", "zh-Hant", "cantonese"),
        ("請電郵至 complaints@peak-securities.example", "zh-Hant", "written"),
        ("我想check下balance", "zh-Hant", "mixed"),
        ("pls cancel 我張 card", "zh-Hant", "mixed"),
        ("What is 轉數快?", "en", "mixed"),
        ("Can you help me 開 account 呀", "en", "mixed"),
    ],
)
def test_language_and_register(text, language, register):
    found = detect(text)
    assert (found.language, found.register) == (language, register)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I open an account? 我想開戶口", "zh-Hant"),
        ("我想開戶口。How much does it cost?", "en"),
        ("我想開戶口。Thanks!", "zh-Hant"),
        ("How do I open an account? 唔該晒！", "en"),
        ("How do I open an account?\n\n12345 😀", "en"),
        ("我張卡唔見咗。\nPlease block my card now.\n多謝", "en"),
    ],
)
def test_who_changes_language_is_answered_in_the_last_unit_that_says_something(text, language):
    assert detect(text).language == language


@pytest.mark.parametrize(
    ("text", "seen"), [("我张卡唔见咗", True), ("我張卡唔見咗", False), ("睇吓點搞", False), ("我开户口", True)]
)
def test_simplified_characters_are_seen_and_read(text, seen):
    found = detect(text)
    assert found.simplified == seen
    assert found.register == detect(to_traditional(text)).register
    assert not detect(to_traditional(text)).simplified


def test_characters_that_hong_kong_types_too_are_no_sign_of_simplified():
    assert not detect("户口内没有").simplified


@pytest.mark.parametrize("text", ["", "   ", "12345", "😀😀", "？？", "\u200b"])
def test_a_text_without_words_keeps_the_language_of_the_conversation(text):
    assert detect(text).language == "en"
    assert detect(text, otherwise="zh-Hant").language == "zh-Hant"
    assert detect(text).share_han == detect(text).share_latin == 0


def test_another_script_shows_in_the_shares():
    assert detect("สวัสดี").share_other == 1
    assert detect("我 ก").share_other == pytest.approx(0.5)


def test_the_plain_form():
    assert normalise("\uff11\uff12\uff13\u3000\uff21\uff22\uff23") == "123 ABC"
    assert normalise(" a\u200bb\u202e \t c \r\n\r\n d ") == "ab c\nd"
    assert normalise("👩\u200d💻 👍🏽 ❤\ufe0f") == "👩\u200d💻 👍🏽 ❤\ufe0f"
    assert normalise("a\u200db\ud800") == "ab"
    assert normalise("hi\U000e0041\U000e0042") == "hi"


@given(st.text(SIGNS))
def test_the_plain_form_is_plain_and_changes_nothing_again(text):
    plain = normalise(text)
    assert normalise(plain) == plain
    assert plain == plain.strip()
    assert unicodedata.is_normalized("NFKC", plain)
    plain.encode()
    assert not set("\u200b\u202e\u00ad\ufeff\x00\r\t") & set(plain)


@given(st.text(SIGNS))
def test_every_text_has_a_language_and_shares_that_add_up(text):
    found = detect(text)
    total = found.share_han + found.share_latin + found.share_other
    assert total == pytest.approx(1) or total == 0
    assert min(found.share_han, found.share_latin, found.share_other) >= 0
    assert (found.register == "english") <= (found.cantonese == found.written == 0 or found.share_latin > 0)
    assert detect(normalise(text)) == found


def test_a_very_long_message_is_read_whole():
    assert detect("我想開戶口，" * 4_000).language == "zh-Hant"
    assert detect("open an account " * 2_000 + "。我唔識開戶口").language == "zh-Hant"


@pytest.mark.parametrize("part", [" ", "a", "a.", "a@", "#", "!", ".", "\u200d", "\n ", "👩\u200d", "http://"])
def test_a_message_made_to_be_slow_is_read_all_the_same(part):
    """Each repeats what one of the patterns looks for, so that a pattern which goes back over it would take minutes."""
    found = detect(f"我{part * (200_000 // len(part))}想開戶")
    assert found.share_han > 0
    assert found.language in {"en", "zh-Hant"}


def test_the_lists_do_not_overlap():
    words = _compiled().words
    assert not set(words.cantonese) & set(words.written)
    assert not set(words.courtesy_en) & set(words.function_en) - {"you"}


def test_every_simplified_character_is_read_as_a_traditional_one():
    signs = "".join(_compiled().words.simplified.split())
    assert len(set(signs)) == len(signs)
    assert [sign for sign in signs if to_traditional(sign) == sign] == []
    assert [sign for sign in signs if detect(to_traditional(sign)).simplified] == []


@pytest.mark.parametrize("name", ["bank", "broker"])
def test_no_approved_wording_is_taken_for_cantonese_or_simplified(name):
    """The demo's passages are standard written Chinese: none of our making for this test."""
    found = [detect(passage.text.zh) for passage in load_corpus(name).passages]
    assert len(found) >= 20
    assert {(each.language, each.register, each.simplified) for each in found} == {("zh-Hant", "written", False)}


def _character(point):
    return chr(int(point.removeprefix("U+"), base=16))


@pytest.mark.skipif(not VARIANTS.exists(), reason="the shared data (data/chinese) are not beside this checkout")
def test_simplified_characters_are_so_by_the_unicode_han_database_and_no_part_of_big5():
    known = {}
    for line in VARIANTS.read_text("utf-8").splitlines():
        if line.startswith("U+"):
            point, _, value = line.partition("\tkTraditionalVariant\t")
            known[_character(point.split()[0])] = set(map(_character, value.split()))
    signs = "".join(_compiled().words.simplified.split())
    usual = {sign: set(map(to_traditional, known.get(sign, ()))) for sign in signs}
    assert [sign for sign in signs if to_traditional(sign) not in usual[sign]] == []
    assert [sign for sign in signs if sign.encode("big5", "ignore")] == []
