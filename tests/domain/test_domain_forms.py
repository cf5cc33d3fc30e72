"""A record that was read is well formed: every short text is matched to its end, and a leaf is a leaf."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.domain.canonical import is_nfc
from dualtrack.domain.entry import LEAF_BYTES_MAX, SALT_BYTES, commitment, leaf_bytes, make_entry, read_leaf
from dualtrack.domain.forms import Digest, EntryKind, Holder, RuleName, Slug, SubjectName, TopicName, UseName
from dualtrack.domain.records import read_record
from dualtrack.errors import DocumentError, DualtrackError, FieldError

T0 = "2026-01-10T09:00:00Z"
GOOD = {
    Digest: ["0" * 64, "a1" * 32],
    Slug: ["a", "a-b", "7", "a" * 64],
    UseName: ["bank/use", "a-b/c-d"],
    SubjectName: ["bank", "bank/use"],
    TopicName: ["a", "check_2", "a" * 63],
    EntryKind: ["evidence/1", "key-grant/12"],
    RuleName: ["18a", "MRM-01a.2"],
    Holder: ["x", "Mr Chan", "陳"],
}
BAD = {
    Digest: ["", "0" * 63, "A" * 64, "0" * 65],
    Slug: ["", "-a", "a-", "A", "a_b", "é", "a" * 65, "a/b"],
    UseName: ["bank", "bank/", "/use", "a/b/c", "A/b"],
    SubjectName: ["", "a/b/c", "a/"],
    TopicName: ["", "2a", "a-b", "A", "a" * 64],
    EntryKind: ["evidence", "evidence/0", "Evidence/1", "/1", "evidence/01"],
    RuleName: ["", "a b", "é", "a" * 201],
    Holder: ["", "x" * 201],
}


@pytest.mark.parametrize(("form", "text"), [(form, text) for form, texts in GOOD.items() for text in texts])
def test_what_is_in_form_is_read(form, text):
    assert read_record(text, form, where="test") == text


@pytest.mark.parametrize(("form", "text"), [(form, text) for form, texts in BAD.items() for text in texts])
def test_what_is_not_in_form_is_refused(form, text):
    with pytest.raises(FieldError):
        read_record(text, form, where="test")


@pytest.mark.parametrize("form", [form for form in GOOD if form is not Holder])
def test_a_line_feed_at_the_end_is_no_part_of_any_form(form):
    with pytest.raises(FieldError):
        read_record(GOOD[form][0] + "\n", form, where="test")


@pytest.mark.parametrize(
    "change",
    [
        {"recorded_at": "2026-02-30T00:00:00Z"},
        {"recorded_at": "today"},
        {"kind": "evidence"},
        {"institution": "Bank"},
        {"id": "bank/use/more"},
        {"commitment": "0" * 63},
        {"v": 2},
        {"extra": 1},
    ],
)
def test_a_leaf_that_is_none_is_refused(change):
    good = canonical.decode(leaf_bytes("evidence/1", "bank", "bank/use", T0, bytes(SALT_BYTES), b"content"))
    assert read_leaf(canonical.encode(good)).kind == "evidence/1"
    with pytest.raises(DualtrackError):
        read_leaf(canonical.encode(good | change))


def _is_unicode(text):
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


_WORDS = st.one_of(st.text("abz09/-.:TZ", max_size=20), st.text(max_size=8).filter(is_nfc).filter(_is_unicode))


@given(st.tuples(_WORDS, _WORDS, _WORDS, _WORDS), st.binary(max_size=20))
def test_a_leaf_is_the_canonical_form_whatever_the_texts(texts, content):
    kind, institution, subject, at = texts
    salt = bytes(SALT_BYTES)
    plain = {"v": 1, "kind": kind, "institution": institution, "id": subject, "recorded_at": at}
    wanted = canonical.encode(plain | {"commitment": commitment(salt, content)})
    assert leaf_bytes(kind, institution, subject, at, salt, content) == wanted


@pytest.mark.parametrize("name", ["a", "é"])
def test_a_leaf_has_its_bound_in_both_forms(name):
    with pytest.raises(DocumentError, match="leaf of"):
        leaf_bytes("evidence/1", name * LEAF_BYTES_MAX, "bank", T0, bytes(SALT_BYTES), b"")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_salt_has_its_length(length):
    salt = bytes(length)
    leaf = leaf_bytes("evidence/1", "bank", "bank/use", T0, salt, b"content")
    with pytest.raises(DocumentError, match="a salt of"):
        make_entry(0, leaf, salt, b"content")


def test_nfc_is_judged_alike_by_every_python_and_quickly():
    assert is_nfc("海港銀行 é ÿ")
    assert not is_nfc("e\u0301")
    assert is_nfc("x\u0301\u1dfd")  # a mark younger than Unicode 3.2 is left out
    assert not is_nfc("x\u0323\u0301\u0323")
    assert not is_nfc("a" + "\u0301" * 40_000 + "\u0323" * 40_000)
