import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import KeyFileError, NoteError
from dualtrack.keys.signer import FileSigner
from dualtrack.keys.vkey import NoteKeyType, VerifierKey
from dualtrack.ledger.checkpoint import Checkpoint, open_checkpoint, parse_size, sign_checkpoint
from dualtrack.ledger.cosign import TIME_MAX_S, cosign, cosigned_message, split_time, verify_cosignatures
from dualtrack.ledger.merkle import EMPTY_ROOT, TREE_SIZE_MAX, leaf_hash, tree_head
from dualtrack.ledger.note import (
    NOTE_BYTES_MAX,
    NOTE_SIGNATURES_MAX,
    Note,
    NoteSignature,
    parse_note,
    parse_signature_line,
    sign_text,
    verify_note,
)
from dualtrack.ledger.policy import Quorum
from dualtrack.ledger.tile_format import decode_bundle

VECTORS = Path(__file__).parent / "vectors"
C2SP = json.loads((VECTORS / "c2sp.json").read_text("utf-8"))
LOG = json.loads((VECTORS / "tessera.json").read_text("utf-8"))

ORIGIN = "example.com/our-log"
SIGNER = FileSigner.generate("log")
KEY = VerifierKey.of(ORIGIN, SIGNER.public_key)
HEAD = Checkpoint(origin=ORIGIN, size=7, root=leaf_hash(b"root"))
SIGNED = sign_checkpoint(HEAD, SIGNER)
WITNESSES = {f"w{number}.example": FileSigner.generate("w") for number in range(3)}
WITNESS_KEYS = tuple(VerifierKey.of(n, s.public_key, NoteKeyType.COSIGNATURE) for n, s in WITNESSES.items())
NOW = 1_700_000_000


def cosigned(count=3, time_s=NOW):
    note = parse_note(SIGNED)
    lines = [cosign(note.text, name, signer, time_s) for name, signer in list(WITNESSES.items())[:count]]
    return note.with_signatures(lines)


def test_example_of_the_note_specification():
    data = C2SP["note"].encode()
    note = parse_note(data)
    key = VerifierKey.parse(C2SP["note_key"])
    assert verify_note(note, [key]) == [key]
    assert note.encode() == data
    with pytest.raises(NoteError) as caught:
        verify_note(parse_note(data.replace(b"an example", b"no example")), [key])
    assert caught.value.code == "ledger.note-signature"


def test_published_log_verifies_from_its_entries_at_every_size():
    key = VerifierKey.parse(LOG["key"])
    leaves = [leaf_hash(entry) for entry in decode_bundle(bytes.fromhex(LOG["bundle"]), 15)]
    assert len(LOG["checkpoints"]) == 16
    for size, text in enumerate(LOG["checkpoints"]):
        opened = open_checkpoint(text.encode(), key)
        assert opened.checkpoint == Checkpoint(origin=key.name, size=size, root=tree_head(leaves[:size]))
        assert opened.checkpoint.text() == opened.note.text


def test_example_of_the_cosignature_specification_has_the_stated_shape():
    # No public key is published for it, so time, message and form are checked, not the signature.
    note = parse_note(C2SP["cosigned_checkpoint"].encode())
    time_s, signature = split_time(note.signatures[1].signature)
    assert (time_s, len(signature)) == (1679315147, 64)
    assert cosigned_message(note.text, time_s).startswith(
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n"
    )
    assert Checkpoint.parse(note.text).size == 20852163


def test_text_may_hold_empty_lines_and_other_scripts():
    text = "第一行\n\nafter an empty line\n\n"
    note = Note(text=text, signatures=(sign_text(text, "見證.example", SIGNER),))
    assert parse_note(note.encode()) == note
    assert verify_note(note, [VerifierKey.of("見證.example", SIGNER.public_key)])


LINE = parse_note(SIGNED).signatures[0].line()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n" + LINE.encode(),
        b"text\n\n" + LINE.encode()[:-1],
        b"text\r\n\n" + LINE.encode(),
        b"te\x00xt\n\n" + LINE.encode(),
        b"\xff\n\n" + LINE.encode(),
        b"text\n\n" + LINE.encode() * (NOTE_SIGNATURES_MAX + 1),
        b"x" * NOTE_BYTES_MAX + b"\n\n" + LINE.encode(),
        ("text\n\n" + LINE + "trailing\n").encode(),
        ("text\n\n" + LINE.replace("\u2014", "-")).encode(),
        ("text\n\n" + LINE.replace("\u2014 ", "\u2014")).encode(),
        ("text\n\n" + LINE.replace(ORIGIN, "a+b")).encode(),
        ("text\n\n" + LINE.replace(ORIGIN, "")).encode(),
        ("text\n\n" + LINE.replace(ORIGIN, "a\u00a0b")).encode(),
        "text\n\n\u2014 name AAAAAA==\n".encode(),
        "text\n\n\u2014 name AAAAAB==\n".encode(),
        "text\n\n\u2014 name AAAAAAA\n".encode(),
        ("text\n\n" + LINE.replace("\n", " \n")).encode(),
    ],
)
def test_malformed_notes_are_refused(data):
    with pytest.raises(NoteError) as caught:
        parse_note(data)
    assert caught.value.code == "ledger.note-malformed"


def test_signature_lines_at_the_bound_are_taken():
    note = parse_note(b"text\n\n" + LINE.encode() * NOTE_SIGNATURES_MAX)
    assert len(note.signatures) == NOTE_SIGNATURES_MAX
    with pytest.raises(NoteError):
        note.with_signatures([parse_signature_line(LINE[:-1])])


def test_unknown_keys_are_passed_over_and_known_ones_must_hold():
    stranger = VerifierKey.of(ORIGIN, FileSigner.generate("s").public_key)
    note = parse_note(SIGNED)
    assert verify_note(note, [stranger, KEY]) == [KEY]
    with pytest.raises(NoteError) as caught:
        verify_note(note, [stranger])
    assert caught.value.code == "ledger.note-untrusted"
    bad = NoteSignature(name=ORIGIN, key_hash=KEY.key_hash, signature=bytes(64))
    with pytest.raises(NoteError) as caught:
        verify_note(note.with_signatures([bad]), [KEY])
    assert caught.value.code == "ledger.note-signature"
    with pytest.raises(NoteError, match="cosignature key"):
        verify_note(note, [WITNESS_KEYS[0]])


@pytest.mark.parametrize("text", ["DSSEv1 1 a 1 b\n", "cosignature/v1\ntime 1\n", "no newline", "a\rb\n"])
def test_what_must_not_be_signed_as_a_note(text):
    with pytest.raises(NoteError):
        sign_text(text, "a", SIGNER)


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, len(SIGNED) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_of_a_signed_head_is_refused(position, bit):
    data = bytearray(SIGNED)
    data[position] ^= 1 << bit
    with pytest.raises(NoteError):
        open_checkpoint(bytes(data), KEY)


ROOT = HEAD.text().split("\n")[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        f"o\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"o\n01\n{ROOT}\n",
        f"o\n+1\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n1 \n{ROOT}\n",
        f"o\n1_0\n{ROOT}\n",
        f"o\n١\n{ROOT}\n",
        f"o\n{TREE_SIZE_MAX + 1}\n{ROOT}\n",
        f"o\n{'9' * 5000}\n{ROOT}\n",
        "o\n1\nAAAA\n",
        f"o\n1\n{ROOT[:-1]}\n",
        f"o\n1\n{ROOT}\n\n",
        f"o\n1\n{ROOT}\n\nx\n",
        f"o\n1\n{ROOT}\n" + "x\n" * 17,
    ],
)
def test_malformed_checkpoints_are_refused(text):
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_extension_lines_are_kept_and_signed():
    head = Checkpoint(origin=ORIGIN, size=1, root=HEAD.root, extensions=("one", "two"))
    assert open_checkpoint(sign_checkpoint(head, SIGNER), KEY).checkpoint == head
    assert parse_size(str(TREE_SIZE_MAX)) == TREE_SIZE_MAX


def test_heads_that_no_log_may_sign():
    for head in (
        Checkpoint(origin="a\nb", size=1, root=HEAD.root),
        Checkpoint(origin=ORIGIN, size=-1, root=HEAD.root),
        Checkpoint(origin=ORIGIN, size=1, root=b"short"),
        Checkpoint(origin=ORIGIN, size=0, root=HEAD.root),
    ):
        with pytest.raises(NoteError):
            sign_checkpoint(head, SIGNER)
    empty = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(empty, SIGNER), KEY).checkpoint == empty


def test_a_key_does_not_speak_for_another_log():
    text = Checkpoint(origin="example.com/other", size=1, root=HEAD.root).text()
    data = Note(text=text, signatures=(sign_text(text, ORIGIN, SIGNER),)).encode()
    with pytest.raises(NoteError) as caught:
        open_checkpoint(data, KEY)
    assert caught.value.code == "ledger.note-origin"


def test_cosignatures_hold_with_their_time():
    note = cosigned()
    assert [(c.key, c.time_s) for c in verify_cosignatures(note, WITNESS_KEYS)] == [(k, NOW) for k in WITNESS_KEYS]
    assert open_checkpoint(note.encode(), KEY).checkpoint == HEAD
    assert verify_cosignatures(parse_note(SIGNED), WITNESS_KEYS) == []
    with pytest.raises(NoteError):
        verify_cosignatures(note, [KEY])


@settings(max_examples=60, deadline=None)
@given(byte=st.integers(0, 71), bit=st.integers(0, 7))
def test_any_flipped_bit_of_a_cosignature_fails(byte, bit):
    line = cosigned(1).signatures[1]
    changed = bytearray(line.signature)
    changed[byte] ^= 1 << bit
    bad = NoteSignature(name=line.name, key_hash=line.key_hash, signature=bytes(changed))
    with pytest.raises(NoteError):
        verify_cosignatures(parse_note(SIGNED).with_signatures([bad]), WITNESS_KEYS)


def test_what_is_not_cosigned():
    name, signer = next(iter(WITNESSES.items()))
    for time_s in (0, -1, TIME_MAX_S + 1):
        with pytest.raises(NoteError):
            cosign(HEAD.text(), name, signer, time_s)
    with pytest.raises(NoteError):
        cosign("no checkpoint\n", name, signer, NOW)
    with pytest.raises(KeyFileError):
        cosign(HEAD.text(), "a b", signer, NOW)
    assert split_time(bytes(72)) is None
    assert split_time(bytes([0, 0, 0, 0, 0, 0, 0, 1]) + bytes(63)) is None


@pytest.mark.parametrize(
    ("k", "count", "enough"), [(0, 0, True), (1, 0, False), (2, 2, True), (3, 2, False), (3, 3, True)]
)
def test_quorum(k, count, enough):
    quorum = Quorum(k=k, witnesses=WITNESS_KEYS)
    if enough:
        assert len(quorum.check(cosigned(count), log=KEY)) == count
    else:
        with pytest.raises(NoteError) as caught:
            quorum.check(cosigned(count), log=KEY)
        assert caught.value.code == "ledger.quorum"


def test_one_witness_that_signs_twice_counts_once():
    name, signer = next(iter(WITNESSES.items()))
    note = cosigned(1).with_signatures([cosign(HEAD.text(), name, signer, NOW - 50)])
    (only,) = Quorum(k=1, witnesses=WITNESS_KEYS).check(note)
    assert only.time_s == NOW - 50
    with pytest.raises(NoteError):
        Quorum(k=2, witnesses=WITNESS_KEYS).check(note)


def test_quorums_that_cannot_be():
    twin = VerifierKey.of("twin.example", WITNESS_KEYS[0].public_key, NoteKeyType.COSIGNATURE)
    for k, witnesses in ((-1, ()), (1, ()), (4, WITNESS_KEYS), (1, (WITNESS_KEYS[0], twin))):
        with pytest.raises(NoteError) as caught:
            Quorum(k=k, witnesses=witnesses)
        assert caught.value.code == "ledger.policy"
    own = VerifierKey.of("own.example", SIGNER.public_key, NoteKeyType.COSIGNATURE)
    with pytest.raises(NoteError, match="its own witness"):
        Quorum(k=1, witnesses=(own,)).check(cosigned(), log=KEY)
