"""Laws of the recognisers: what is valid is found, places are right, redaction is complete, work grows with the text."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.runtime.guards.personal import KINDS, redact, scan
from dualtrack.runtime.guards.personal.context import Context
from dualtrack.runtime.guards.personal.scanning import Scanner

HAN = st.text(st.sampled_from("好嘅我你佢咗請問號碼銀行電話呢個係唔係"), min_size=0, max_size=6)
PARTS = [
    "A123456(3)", "a123456（3）", "4111111111111111", "４１１１ 1111 1111 1111", "91234567", "+852 9123 4567", "9123-4567", "a.b@example.org",
    "陳大文先生", "我叫李小明", "Mr Chan Tai Man", "Peter Wong", "CHAN, Siu Ming", "彌敦道88號12樓A室", "Flat 5A, 10/F, 88 Nathan Road, Mong Kok",
    "004-123-456789-001", "FPS ID 1234567", "八達通12345678(9)", "護照K01234567", "回鄉證H0123456701", "11010519491231002X", "order 61234567",
    "HKID", "name is", "account", "[HKID]", "[", "]", "(", ")", "-", " ", "\n", "，", ":", "1", "12", "852", "陳", "先生", "道", "號", "室", "@", ".", "\u200b", "Ａ",
]  # fmt: skip
SOUP = st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=3)), max_size=12).map("".join)


def hkid(letters, digits):
    """Return an identity card number by its own arithmetic: the one check digit for which the weighted sum divides by 11."""
    values = (
        ([36] if len(letters) == 1 else [])
        + [ord(letter) - 55 for letter in letters]
        + [int(digit) for digit in digits]
    )
    for check in range(11):
        if (sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True)) + check) % 11 == 0:
            return f"{letters}{digits}({check if check < 10 else 'A'})"
    raise AssertionError(letters)


def card(prefix, digits):
    """Return a card number by trying the last digit."""
    for check in range(10):
        number = f"{prefix}{digits}{check}"
        doubled = [int(sign) * (1 + at % 2) for at, sign in enumerate(reversed(number))]
        if sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0:
            return number
    raise AssertionError(prefix)


def numerals(count):
    return st.text(st.sampled_from("0123456789"), min_size=count, max_size=count)


@given(HAN, st.text(st.sampled_from("ABCDEFGHKMPRSVWXYZ"), min_size=1, max_size=2), numerals(6), HAN)
def test_every_valid_identity_card_is_found(left, letters, digits, right):
    number = hkid(letters, digits)
    text = f"{left}{number}{right}"
    assert ("HKID", len(left), len(left) + len(number)) in [item[:3] for item in scan(text)]


@given(
    HAN, st.sampled_from(["4", "51", "55", "2221", "6228", "3530"]), numerals(16), HAN, st.sampled_from(["", " ", "-"])
)
def test_every_valid_card_is_found(left, prefix, digits, right, gap):
    number = card(prefix, digits[: 15 - len(prefix)])
    written = gap.join(number[at : at + 4] for at in range(0, 16, 4))
    text = f"{left}{written}{right}"
    assert ("CARD", len(left), len(left) + len(written)) in [item[:3] for item in scan(text)]


@given(SOUP)
def test_findings_are_in_order_apart_and_inside_the_text(text):
    end = 0
    for item in scan(text):
        assert end <= item.start < item.end <= len(text)
        assert item.kind in KINDS
        assert 0 < item.score <= 1000
        end = item.end


@given(SOUP)
def test_redaction_is_the_text_with_the_findings_replaced(text):
    redacted, found = redact(text)
    assert found == scan(text)
    parts, at = [], 0
    for item in found:
        parts += [text[at : item.start], f"[{item.kind}]"]
        at = item.end
    assert "".join([*parts, text[at:]]) == redacted


@given(SOUP)
def test_redaction_leaves_nothing_to_find_and_changes_nothing_twice(text):
    redacted, _ = redact(text)
    assert redact(redacted) == (redacted, [])


@given(SOUP, st.sampled_from(KINDS), st.integers(0, 1000))
def test_what_is_ignored_stays_in(text, kind, minimum):
    _, found = Scanner().redact(text, ignore=frozenset({kind}), minimum=minimum)
    assert all(item.kind != kind and item.score >= minimum for item in found)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_taken(text):
    redacted, found = redact(text)
    assert bool(found) == (redacted != text)


HOSTILE = {
    "digits": "1", "digit groups": "12 ", "card starts": "4111-", "codes": "004-", "phones": "+852 ", "letters": "a", "capitals": "Aa ", "names": "Chan Tai Man ",
    "surnames": "Chan ", "surname": "陳", "titled": "陳先生", "before": "姓名:", "ats": "a@", "dots": "a.", "local": "." * 63 + "@", "flats": "Flat 1 ", "streets": "1 a a a ",
    "roads": "道1號", "rooms": "1座1樓1室", "road": "路", "districts": "Hong Kong, ", "identity": "A123456", "passports": "passport A12345 ", "octopus": "八達通12345678 ",
    "spaces": " ", "lines": "\n", "brackets": "[", "placeholders": "[HKID]", "invisible": "\u200b1", "mails": "a@b.co ", "is": "name is A ",
}  # fmt: skip


def work(text):
    """Return how many calls one scan makes: what is counted does not depend on the machine."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        scan(text)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("name", HOSTILE)
def test_calls_grow_no_faster_than_the_text(name):
    unit = HOSTILE[name]
    scan(unit)  # the lists are read once
    small, large = work((unit * 1500)[:1500]), work((unit * 6000)[:6000])
    assert large <= 4.5 * small + 500


def test_the_words_before_a_number_are_looked_up_once():
    context = Context("phone 61234567")
    assert work("phone 61234567") > 0
    assert context.announced(6) == context.announced(6) == "phone"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["digits", "digit groups", "names", "surname", "rooms", "ats", "local", "streets", "identity", "mails"]
)
def test_a_megabyte_made_to_hurt_is_scanned(name):
    """In a process of its own with a wide limit: a pattern that backtracks without bound would take hours."""
    program = (
        "import sys; from dualtrack.runtime.guards.personal import scan; scan((sys.argv[1] * 1_000_000)[:1_000_000])"
    )
    subprocess.run([sys.executable, "-c", program, HOSTILE[name]], check=True, timeout=300)
