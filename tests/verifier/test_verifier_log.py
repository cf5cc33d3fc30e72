"""Inclusion proofs, checkpoints, verifier keys and cosignatures: published vectors, and our own trees by definition."""

from __future__ import annotations

import base64

import bundle_builder as made
import pytest

import dualtrack_verify as verifier

LEAVES = [b"leaf %d" % number for number in range(17)]


@pytest.mark.parametrize("size", range(1, 18))
def test_every_entry_of_every_tree_is_included_at_its_index_only(size):
    leaves = LEAVES[:size]
    root = made.tree_root(leaves)
    for index in range(size):
        path = made.tree_path(index, leaves)
        for claimed in range(-1, size + 1):
            assert verifier.included(leaves[index], claimed, size, path, root) is (claimed == index)
        assert not verifier.included(leaves[index] + b"x", index, size, path, root)
        assert not verifier.included(leaves[index], index, size, [*path, bytes(32)], root)
        assert not verifier.included(leaves[index], index, size, path[:-1], root) or not path
        assert not verifier.included(leaves[index], index, size, [step[:31] for step in path], root) or not path


def test_a_node_is_no_leaf():
    """A leaf that spells out two hashes must not pass for their parent."""
    root = made.tree_root(LEAVES[:2])
    inner = b"".join(made.tree_root([leaf]) for leaf in LEAVES[:2])
    assert not verifier.included(inner, 0, 1, [], root)


# Published: a checkpoint of the tlog test log of transparency-dev, whose key is in that project's documentation.
TEST_LOG = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
TEST_CHECKPOINT = (
    "example.com/log/testdata\n100270\nGRV1O0dCqmjjPvYi7CtOT79zb/fPwLNsMFWsynwU8Ac=\n\n"
    "— example.com/log/testdata M9e0lkcvy5bAe7rrC8tCyAP+my+CLzswA91zOpBNWVU7qCojkUOHnfdQzDImoYeYH8G8PJSwOqsx0RkSa261OmKVwwM=\n"
).encode()
# Published: the example of the Go package sumdb/note.
NOTE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE_TEXT = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def test_a_published_note_holds():
    name, key_hash, key = verifier.read_vkey(NOTE_KEY, 1)
    signature = base64.b64decode(NOTE_SIGNATURE)
    assert (name, key_hash) == ("PeterNeumann", signature[:4])
    assert verifier.signature_holds(key, NOTE_TEXT, signature[4:])


def test_the_published_checkpoint_is_read_and_its_line_found():
    head = verifier.Checkpoint(TEST_CHECKPOINT)
    name, key_hash, key = verifier.read_vkey(TEST_LOG, 1)
    assert (head.origin, head.size, len(head.root)) == (name, 100270, 32)
    assert [verifier.signature_holds(key, head.text, mark) for mark in head.marks(name, key_hash)] == [True]


TEXT = f"{made.ORIGIN}\n7\n{base64.b64encode(bytes(32)).decode()}\n".encode()
LOG_LINE = made.LOG.note_line(made.ORIGIN, TEXT)
GOOD = TEXT + b"\n" + LOG_LINE


@pytest.mark.parametrize(
    "note",
    [
        b"", TEXT, TEXT + b"\n", TEXT + LOG_LINE, GOOD[:-1], GOOD + b"\n", GOOD.replace(b"\n7\n", b"\n07\n"),
        GOOD.replace(b"\n7\n", b"\n0\n"), GOOD.replace(b"\n7\n", b"\n-7\n"), GOOD.replace(b"\n7\n", b"\n7 \n"),
        GOOD.replace(b"\n7\n", b"\n\xd9\xa7\n"), GOOD.replace(b"AAAA", b"AAA", 1), GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"main\n7", b"main\n\n7"), GOOD.replace("—".encode(), b"-"), GOOD + b"\xff\n", GOOD.replace(b"=\n\n", b"\n\n"),
        TEXT + b"\n" + "— name \n".encode(), TEXT + b"\n" + "— name AAAA\n".encode(), TEXT + b"\n" + LOG_LINE * 65,
        TEXT + b"\n" + "— na+me AAAAAAAA\n".encode(), b"x\n" * 40_000 + GOOD,
    ],
)  # fmt: skip
def test_other_notes_are_refused(note):
    with pytest.raises(verifier.Refused) as error:
        verifier.Checkpoint(note)
    assert error.value.args[0] == "checkpoint-form"


@pytest.mark.parametrize(
    "text",
    [
        "", "a+b", "a+00000000+AAAA", TEST_LOG.replace("33d7b496", "33d7b497"), TEST_LOG[:-1], TEST_LOG + "=", TEST_LOG.upper(),
        "+" + TEST_LOG, made.LOG.vkey(made.ORIGIN, 4), made.LOG.vkey(made.ORIGIN, 2), made.LOG.vkey("with space", 1),
    ],
)  # fmt: skip
def test_other_verifier_keys_are_refused(text):
    assert verifier.read_vkey(text, 1) is None


def cosigned(*lines):
    return verifier.Checkpoint(GOOD + b"".join(lines)).cosigned_at(made.WITNESS.vkey("w.example", 4))


def test_a_cosignature_holds_with_its_time():
    assert cosigned(made.WITNESS.cosign_line("w.example", TEXT, 1679315147)) == ("w.example", 1679315147)


def test_without_a_line_of_the_witness_there_is_no_cosignature():
    stranger = made.KEYS["stranger"]
    assert cosigned() is None
    assert cosigned(stranger.cosign_line("w.example", TEXT, 1)) is None
    assert cosigned(made.WITNESS.cosign_line("other.example", TEXT, 1)) is None
    assert cosigned(made.WITNESS.note_line("w.example", TEXT)) is None, "a plain signature is no cosignature"


def test_a_false_line_of_the_witness_is_refused():
    line = bytearray(made.WITNESS.cosign_line("w.example", TEXT, 5))
    name, _, body = bytes(line).rpartition(b" ")
    raw = bytearray(base64.b64decode(body))
    raw[11] ^= 1  # the time
    for changed in (raw, raw[:-1], raw[:20]):
        with pytest.raises(verifier.Refused) as error:
            cosigned(name + b" " + base64.b64encode(bytes(changed)) + b"\n")
        assert error.value.args[0] == "cosignature"


def test_the_earliest_of_two_cosignatures_of_one_witness_counts():
    lines = [made.WITNESS.cosign_line("w.example", TEXT, time) for time in (900, 800)]
    assert cosigned(*lines) == ("w.example", 800)
