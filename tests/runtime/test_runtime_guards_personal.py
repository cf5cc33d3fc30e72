"""Each recogniser of personal data: beside Han characters, full width, small letters, across lines; and what is none."""

from __future__ import annotations

import pytest

from dualtrack.errors import FieldError
from dualtrack.runtime.guards.personal import KINDS, Scanner, read_clearing_codes, redact, scan
from dualtrack.runtime.guards.personal.context import Context
from dualtrack.runtime.guards.personal.identity import hkid_check_digit, mainland_check_digit
from dualtrack.runtime.guards.personal.numbers import luhn_holds
from dualtrack.runtime.guards.personal.tables import cards, clearing_codes, names, numbering, places, words

# kind, words that must stand before it (with no space after), the datum, and what may follow directly
DATA = [
    ("HKID", "", "A123456(3)"),
    ("HKID", "", "WX123456(9)"),
    ("HKID", "身份證", "A1234563"),
    ("MAINLAND_ID", "", "11010519491231002X"),
    ("CARD", "", "4111111111111111"),
    ("CARD", "", "3782 822463 10005"),
    ("CARD", "", "6200-0000-0000-0005"),
    ("EMAIL", "", "tai.man+hk@mail.example.org"),
    ("PHONE", "", "+852 9123 4567"),
    ("PHONE", "", "91234567"),
    ("PHONE", "電話", "2345-6789"),
    ("PASSPORT", "護照", "K01234567"),
    ("PASSPORT", "護照", "EA1234567"),
    ("PERMIT", "回鄉證", "H0123456701"),
    ("BANK_ACCOUNT", "", "004-123-456789-001"),
    ("BANK_ACCOUNT", "戶口", "123456789012"),
    ("FPS_ID", "轉數快", "1234567"),
    ("FPS_ID", "FPS ID", "123456789"),
    ("OCTOPUS", "八達通", "12345678(9)"),
    ("NAME", "投保人", "陳大文"),
    ("NAME", "我係", "Chan Tai Man"),
    ("ADDRESS", "地址:", "Flat 5A, 10/F, 88 Nathan Road"),
    ("ADDRESS", "住喺", "彌敦道88號12樓A室"),
]
IDS = [f"{kind}-{datum}" for kind, _, datum in DATA]


def wide(text):
    """Write ASCII in full-width forms, as an input method does."""
    return "".join("　" if sign == " " else chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def found_texts(text, kind):
    return [text[item.start : item.end] for item in scan(text) if item.kind == kind]


@pytest.mark.parametrize(("kind", "before", "datum"), DATA, ids=IDS)
@pytest.mark.parametrize("shape", ["{}", "好{}", "{}嘅", "好{}嘅", "「{}」", "（{}）", "{}。", "，{}，"])
def test_it_is_found_beside_any_han_character(kind, before, datum, shape):
    # the words that announce it stay directly before it; a Han character before a name is part of the sentence
    text = shape.format(before + datum) if before else shape.format(datum)
    assert found_texts(text, kind) == [datum], scan(text)


@pytest.mark.parametrize(("kind", "before", "datum"), DATA, ids=IDS)
def test_it_is_found_in_full_width_forms_with_the_same_offsets(kind, before, datum):
    text = f"請留意{wide(before)}{wide(datum)}謝謝"
    assert found_texts(text, kind) == [wide(datum)]


@pytest.mark.parametrize(
    ("kind", "text", "datum"),
    [
        ("HKID", "hkid a123456(3) ok", "a123456(3)"),
        ("HKID", "佢係a123456（3）", "a123456（3）"),
        ("MAINLAND_ID", "no 11010519491231002x", "11010519491231002x"),
        ("PASSPORT", "passport k01234567", "k01234567"),
        ("PERMIT", "回鄉證h0123456701", "h0123456701"),
        ("EMAIL", "to TAI.MAN@Example.ORG", "TAI.MAN@Example.ORG"),
        ("NAME", "my name is chan tai man", "chan tai man"),
        ("NAME", "CHAN TAI MAN signed", "CHAN TAI MAN"),
        ("ADDRESS", "send to flat 5a, 10/f, 88 nathan road", "flat 5a, 10/f, 88 nathan road"),
        ("FPS_ID", "fps id 1234567", "1234567"),
        ("OCTOPUS", "octopus 12345678", "12345678"),
    ],
)
def test_small_and_large_letters_do_not_matter(kind, text, datum):
    assert found_texts(text, kind) == [datum]


@pytest.mark.parametrize(
    ("kind", "text", "datum"),
    [
        ("HKID", "證A123\n456(3)號", "A123\n456(3)"),
        ("HKID", "A123456\r\n(3)", "A123456\r\n(3)"),
        ("MAINLAND_ID", "110105\n19491231\n002X", "110105\n19491231\n002X"),
        ("CARD", "4111 1111\n1111 1111", "4111 1111\n1111 1111"),
        ("CARD", "卡4111 11\n11 1111 1111", "4111 11\n11 1111 1111"),
        ("PHONE", "電話9123\n4567", "9123\n4567"),
        ("PHONE", "+852\n9123 4567", "+852\n9123 4567"),
        ("EMAIL", "tai.man@\nexample.org", "tai.man@\nexample.org"),
        ("PASSPORT", "護照\nK0123\n4567", "K0123\n4567"),
        ("PERMIT", "回鄉證\nH01234567\n01", "H01234567\n01"),
        ("BANK_ACCOUNT", "004-123-\n456789-001", "004-123-\n456789-001"),
        ("FPS_ID", "轉數快\n123\n4567", "123\n4567"),
        ("OCTOPUS", "八達通:\n1234\n5678", "1234\n5678"),
        ("NAME", "姓名：\n陳大文", "陳大文"),
        ("NAME", "Dear Mr Chan\nTai Man", "Chan\nTai Man"),
        ("ADDRESS", "Flat 5A,\n10/F,\n88 Nathan Road", "Flat 5A,\n10/F,\n88 Nathan Road"),
        ("ADDRESS", "彌敦道88號\n12樓A室", "彌敦道88號\n12樓A室"),
    ],
)
def test_a_line_break_inside_hides_nothing(kind, text, datum):
    assert found_texts(text, kind) == [datum]


def test_invisible_characters_hide_nothing_and_keep_the_offsets():
    text = "x A12\u200b34\u00ad56(3)\ufeff y"
    assert found_texts(text, "HKID") == ["A12\u200b34\u00ad56(3)"]


@pytest.mark.parametrize(
    ("letters", "digits", "check"),
    [("A", "123456", "3"), ("G", "123456", "A"), ("WX", "123456", "9"), ("Z", "000000", "1")],
)
def test_check_digits_of_identity_cards(letters, digits, check):
    # by hand: 36*9 + 10*8 + 1*7 + 2*6 + 3*5 + 4*4 + 5*3 + 6*2 = 481 = 43*11 + 8, and 11 - 8 = 3
    assert hkid_check_digit(letters, digits) == check


def test_check_digits_of_the_standards():
    assert mainland_check_digit("11010519491231002") == "X"  # the example of GB 11643-1999
    assert luhn_holds("79927398713")  # the customary example of ISO/IEC 7812-1
    assert not luhn_holds("79927398710")


def test_a_wrong_check_digit_needs_words_and_scores_low():
    (found,) = scan("HKID A123456(4)")
    assert (found.kind, found.score) == ("HKID", 400)
    assert scan("part A123456(4)") == []
    assert scan("no 110105194912310021") == []
    assert [item.kind for item in scan("居民身份證110105194912310021")] == ["MAINLAND_ID"]


def test_a_name_found_once_is_found_where_it_stands_bare():
    text = "陳志明先生來電。其後志明離線，陳志明再來電。Chan Siu Ming: Chan Siu Ming."
    assert found_texts(text, "NAME") == ["陳志明", "陳志明", "Chan Siu Ming", "Chan Siu Ming"]


def test_redaction_in_mixed_script():
    text = "我叫陳大文（Peter Chan），HKID：A123456(3)，電話９１２３４５６７，寄去彌敦道88號12樓A室"
    assert redact(text)[0] == "我叫[NAME]（[NAME]），HKID：[HKID]，電話[PHONE]，寄去[ADDRESS]"


def test_placeholders_are_not_personal_data():
    text = "Dear Mr [NAME], your [CARD] and [HKID]. " + " ".join(f"[{kind}]" for kind in KINDS)
    assert redact(text) == (text, [])


def test_the_nearest_word_says_what_a_number_is():
    context = Context("order 61234567, phone 61234568")
    assert context.announced(6) == "reference"
    assert context.announced(22) == "phone"
    assert found_texts("order 61234567, phone 61234568", "PHONE") == ["61234568"]


def test_clearing_codes_can_be_given_by_the_operator():
    text = "pay 777 123 456789 001"
    assert scan(text) == []
    assert [item.kind for item in Scanner(["777"]).scan(text)] == ["BANK_ACCOUNT"]
    read = read_clearing_codes(b"checked: '2026-11-26'\ncodes: {'777': {bank: A, from: HKICL}}", where="codes.yaml")
    assert list(read.codes) == ["777"]


@pytest.mark.parametrize("codes", [["12"], ["abcd"], ["１２３"], ["004"] * 1001])
def test_clearing_codes_have_three_digits(codes):
    with pytest.raises(FieldError):
        Scanner(codes)


def test_every_data_file_is_dated_and_says_where_it_comes_from():
    for data in (numbering(), words(), places(), names()):
        assert data.checked == "2026-11-26"
        assert data.sources
    assert cards().checked
    assert {code.source for code in clearing_codes().codes.values()} == {"open", "page", "recalled"}


def test_reasons_carry_no_datum():
    text = "我叫陳大文，身份證A123456(3)，電話91234567，戶口004-123-456789-001，a.b@example.org"
    for item in scan(text):
        assert text[item.start : item.end] not in item.why
        assert not any(sign.isdigit() for sign in item.why)
