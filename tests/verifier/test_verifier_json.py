"""Canonical JSON: one spelling each; shapes of records; instants."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time

import bundle_builder as made
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualtrack_verify as verifier

ACCEPTED = [
    '{"a":1,"b":[true,false,null]}',
    '"é"',
    "1.5",
    "1e+16",
    "-0.0",
    "9007199254740992",
    '"\\n\\u0001"',
    "[]",
    '{"A":1,"a":2}',
]
REFUSED = [
    ('{"a":1,"a":2}', "json-duplicate-key"),
    ('{"b":1,"a":2}', "json-key-order"),
    ('{"a": 1}', "json-form"),
    (" 1", "json-form"),
    ("1\n", "json-form"),
    ('"\\u0041"', "json-form"),
    ('"\\/"', "json-form"),
    ('"\\u00e9"', "json-form"),
    ("NaN", "json-number"),
    ("Infinity", "json-number"),
    ("-Infinity", "json-number"),
    ("1e999", "json-number"),
    ("1.50", "json-number"),
    ("1E5", "json-number"),
    ("1e5", "json-number"),
    ("-0", "json-number"),
    ("9007199254740993", "json-number"),
    ("1" * 5000, "json-number"),
    ("[" * 66 + "]" * 66, "json-depth"),
    ("[" * 200_000, "json-depth"),
    ('"e\u0301"', "json-text"),
    ('"\\ud83d"', "json-text"),
    ("", "json-syntax"),
    ("01", "json-syntax"),
    ("{a:1}", "json-syntax"),
    ("[1,]", "json-syntax"),
    ("\ufeff1", "json-syntax"),
    ('"\t"', "json-syntax"),
    ("1 2", "json-syntax"),
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_canonical_documents_are_read(text):
    assert verifier.decode(text.encode(), "test") == json.loads(text)


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_other_spellings_are_refused(text, reason):
    with pytest.raises(verifier.Refused) as error:
        verifier.decode(text.encode(), "test")
    assert error.value.args[0] == reason


def test_normal_form_is_the_one_of_unicode_3_2_in_every_python():
    """These marks are younger: tables that know them find them out of order (U+1DFD since 2009, U+10EFD since 2022)."""
    for mark in ("\u1dfd", "\U00010efd"):
        assert verifier.decode(f'"x\u0301{mark}"'.encode(), "test")


def test_text_that_is_slow_to_put_in_order_is_refused_at_once():
    marks = "\u0301" * 200_000 + "\u0323" * 200_000  # in order they would stand the other way round
    began = time.process_time()
    with pytest.raises(verifier.Refused) as error:
        verifier.decode(f'"x{marks}"'.encode(), "test")
    assert (error.value.args[0], time.process_time() - began < 2) == ("json-text", True)
    assert verifier.decode(f'"x{marks[::-1]}"'.encode(), "test")


def test_a_document_of_too_many_values_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(verifier, "VALUES_MAX", 100)
    assert verifier.decode(b"[" + b",".join([b"1"] * 100) + b"]", "test")
    with pytest.raises(verifier.Refused) as error:
        verifier.decode(b"[" + b",".join([b"1"] * 101) + b"]", "test")
    assert error.value.args[0] == "bound"


def test_nesting_at_the_limit_is_read():
    assert verifier.decode(b"[" * 64 + b"1" + b"]" * 64, "test")
    with pytest.raises(verifier.Refused):
        verifier.decode(b"[" * 65 + b"1" + b"]" * 65, "test")


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aé文\n"\\'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abé"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(PLAIN)
def test_what_is_encoded_is_read_back(value):
    data = verifier.encode(value)
    assert data == made.canonical(value)
    assert verifier.encode(verifier.decode(data, "test")) == data


@settings(max_examples=60)
@given(st.binary(max_size=60))
def test_no_bytes_cause_anything_but_a_refusal(data):
    with contextlib.suppress(verifier.Refused):
        assert made.canonical(verifier.decode(data, "test")) == data


def test_text_outside_the_canonical_form_is_for_anchors_only():
    assert verifier.decode(b'{\n "b": 1,\n "a": 2.50}', "anchors", canonical=False) == {"a": 2.5, "b": 1}


# --- shapes ---

SHAPES = [
    ("institution", made.INSTITUTION_RECORD),
    ("declaration", made.DECLARATION),
    ("release", made.RELEASE),
    ("key-grant", made.grant("owner", "owner", "chan")),
    ("statement", made.statement("validation", {"passed": True})),
    ("pack", made.PACK),
    ("permit", made.permit_for(made.standard_assessment())),
]


def holds(value, kind):
    try:
        verifier.check(value, kind, "test", "leaf-form")
    except verifier.Refused:
        return False
    return True


@pytest.mark.parametrize(("kind", "value"), SHAPES)
def test_records_have_exactly_their_members(kind, value):
    assert holds(value, kind)
    assert not holds(value | {"extra": 1}, kind)
    for name in value:
        assert not holds({key: item for key, item in value.items() if key != name}, kind), name


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (True, "whole", False), (1, "flag", False), (1.0, "whole", False), (1, "number", True), (True, "number", False),
        ("bank", "bank|insurer", True), ("", "bank|insurer", False), (None, "hex?", True), (None, "hex", False),
        ([], "[text]", True), ([], "[text]+", False), (["a", 1], "[text]", False), ({"a": 1}, "{snake:whole}", True),
        ({"A": 1}, "{snake:whole}", False), ("a-b", "slug", True), ("-a", "slug", False), ("a" * 64, "slug", True),
        ("a" * 65, "slug", False), ("bank/use", "use_id", True), ("bank", "use_id", False), ("a\n", "slug", False),
        ({"en": "x", "zh-Hant": "y"}, "words", True), ({"en": "x"}, "words", False), ("x", "label?", True),
        ("2026-02-28", "date", True), ("2026-02-29", "date", False), ("2026-2-28", "date", False),
        ("staff", "fact_key", False), ("primary text", "checked", True), ("seen", "checked", False),
    ],
)  # fmt: skip
def test_kinds(value, kind, expected):
    assert holds(value, kind) is expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00", "2026-01-01T24:00:00Z", "2026-01-01T23:59:60Z",
        "2026-13-01T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00.0Z", "٢٠٢٦-01-01T00:00:00Z", "",
        "2026-01-01T00:00:00Z\n", "0000-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_other_spellings_of_time_are_refused(text):
    assert verifier.seconds(text) is None


@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2899, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_instants_are_read_back(moment):
    text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert verifier.to_instant(verifier.seconds(text)) == text
