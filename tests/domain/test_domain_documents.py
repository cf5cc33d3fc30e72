"""YAML as people write it: one reading, or a refusal with line and column."""

import pytest

from dualtrack.domain import documents
from dualtrack.domain.documents import read_yaml
from dualtrack.errors import DocumentError


def test_scalars_have_one_reading():
    text = """
    date: 2024-08-19
    time: 2024-08-19T10:00:00Z
    clock: 12:30
    norway: NO
    yes_or_no: yes
    octal: 0o17
    leading: 007
    hexadecimal: 0x10
    underscored: 1_000
    whole: -12
    decimal: 1e3
    half: .5
    quoted: "12"
    flag: true
    none: ~
    empty:
    folded: >-
      a
      b
    list: [a, 1, 2.0, 'null']
    "1": key
    """
    assert read_yaml(text.encode(), where="f.yaml") == {
        "date": "2024-08-19", "time": "2024-08-19T10:00:00Z", "clock": "12:30", "norway": "NO", "yes_or_no": "yes",
        "octal": "0o17", "leading": "007", "hexadecimal": "0x10", "underscored": "1_000", "whole": -12, "decimal": 1000.0,
        "half": 0.5, "quoted": "12", "flag": True, "none": None, "empty": None, "folded": "a b",
        "list": ["a", 1, 2.0, "null"], "1": "key",
    }  # fmt: skip


def test_text_becomes_nfc_and_a_byte_order_mark_is_dropped():
    assert read_yaml("\ufeffe\u0301: e\u0301".encode(), where="f") == {"é": "é"}
    assert read_yaml(b"", where="f") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2\n", "line 2, column 1: the key 'a' twice"),
        ("é: 1\ne\u0301: 2\n", "twice"),
        ("a: &x 1\nb: *x\n", "line 1, column 4: an anchor"),
        ("a: *x\n", "anchor or alias"),
        ("a: !!python/object:os.system x", "the tag"),
        ("a: !!str 1", "the tag"),
        ("! a: 1", "tag"),
        ("1: a", "line 1, column 1: a key that is not text"),
        ("true: a", "not text"),
        ("? [a]\n: b", "not text"),
        ("<<: {a: 1}", "merge"),
        ("a: .inf", "line 1, column 4: the number .inf is not finite"),
        ("a: .NaN", "not finite"),
        ("a: 1e999", "not finite"),
        ("a: 9007199254740993", "2^53"),
        ("a: " + "1" * 5000, "5000 characters"),
        ("--- a\n--- b\n", "second document"),
        ("%YAML 1.1\n---\na: 1\n", "directive"),
        ("a: [1, 2", "f.yaml, line 2, column 1: not YAML"),
        ("a: b: c", "line 1, column 5: not YAML"),
        ("a:\n\t- 1", "line 2"),
        ("a: \x07", "not YAML"),
    ],
)
def test_what_has_two_readings_is_refused(text, words):
    with pytest.raises(DocumentError) as caught:
        read_yaml(text.encode(), where="f.yaml")
    assert words in str(caught.value)
    assert str(caught.value).startswith("f.yaml")


def test_bounds():
    assert read_yaml(b"[" * 19 + b"1" + b"]" * 19, where="f")
    for data, words in (
        (b"[" * 20 + b"1" + b"]" * 20, "20 levels"),
        (b"[" * 200_000, "20 levels"),
        (b"[" + b"1," * documents.NODES_MAX + b"]", "50000 values"),
        (b"#" * (documents.BYTES_MAX + 1), "bytes"),
        (b"a: \xff", "not UTF-8"),
        ("a: b".encode("utf-16"), "not UTF-8"),
    ):
        with pytest.raises(DocumentError, match=words):
            read_yaml(data, where="f")
