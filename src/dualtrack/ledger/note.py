"""Signed notes (C2SP signed-note): a text, an empty line, and signature lines that each name their key.

The text means nothing before `verify` has returned. A note has one legal form here: UTF-8, no control character but
the newline, Base 64 in its one spelling.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from dualtrack.errors import KeyFileError, NoteError
from dualtrack.keys.b64 import b64_decode, b64_encode
from dualtrack.keys.ed25519 import verify as verify_signature
from dualtrack.keys.vkey import NoteKeyType, VerifierKey, check_key_name, note_key_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.keys.signer import Signer

__all__ = [
    "NOTE_BYTES_MAX",
    "NOTE_SIGNATURES_MAX",
    "RESERVED_PREFIXES",
    "Note",
    "NoteSignature",
    "bad_signature",
    "parse_note",
    "parse_signature_line",
    "sign_text",
    "signatures_of",
    "verify_note",
]

NOTE_BYTES_MAX = 262_144
"""Largest note (256 KiB): room for 32 signatures of post-quantum size, 5 KiB each, that others may have added."""

NOTE_SIGNATURES_MAX = 32
"""Most signature lines; C2SP asks verifiers to take at least 16."""

RESERVED_PREFIXES = ("DSSEv1 ", "cosignature/v1\n", "subtree/v1\n")
"""Beginnings of other messages signed with Ed25519: a note must not begin so, or its signature could pass for theirs."""

_HASH_BYTES = 4
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "\u2014 "


class NoteSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One signature line: the key's name, the 4 bytes of its hash, and what follows them."""

    name: str
    key_hash: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line with its newline."""
        return f"{_DASH}{self.name} {b64_encode(self.key_hash + self.signature)}\n"


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A note as parsed: its text with the final newline, and its signatures in order."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """Return the bytes of the note."""
        return "".join([self.text, "\n", *(signature.line() for signature in self.signatures)]).encode()

    def with_signatures(self, more: Sequence[NoteSignature]) -> Note:
        """Return the note with further signatures at its end; raises NoteError if the note becomes illegal by it."""
        return parse_note(Note(text=self.text, signatures=(*self.signatures, *more)).encode())


def parse_note(data: bytes) -> Note:
    """Read a note; raises NoteError unless it is in its one legal form. Verifies no signature."""
    if len(data) > NOTE_BYTES_MAX:
        raise _malformed(f"{len(data)} bytes, more than {NOTE_BYTES_MAX}")
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"is not UTF-8 at byte {error.start}") from error
    if _CONTROL.search(content):
        raise _malformed("has a control character")
    head, separator, tail = content.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise _malformed("has no empty line before its signatures, or no newline at its end")
    lines = tail[:-1].split("\n")
    if len(lines) > NOTE_SIGNATURES_MAX:
        raise _malformed(f"has {len(lines)} signatures, more than {NOTE_SIGNATURES_MAX}")
    return Note(text=head + "\n", signatures=tuple(parse_signature_line(line) for line in lines))


def parse_signature_line(line: str) -> NoteSignature:
    """Read one signature line without its newline; raises NoteError."""
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    blob = b64_decode(encoded)
    if not line.startswith(_DASH) or not space or blob is None or len(blob) <= _HASH_BYTES:
        raise _malformed(f"has a broken signature line {line[:80]!r}")
    try:
        check_key_name(name)
    except KeyFileError as error:
        raise _malformed(f"has a signature line whose {error.found}") from error
    return NoteSignature(name=name, key_hash=blob[:_HASH_BYTES], signature=blob[_HASH_BYTES:])


def sign_text(text: str, name: str, signer: Signer) -> NoteSignature:
    """Return the Ed25519 signature line of a text under a key name.

    Raises NoteError for a text that no note may have, or that begins like another kind of signed message.
    """
    if text.startswith(RESERVED_PREFIXES):
        raise NoteError("the text begins like another kind of signed message", code="ledger.note-reserved")
    signature = NoteSignature(
        name=name,
        key_hash=note_key_hash(name, NoteKeyType.ED25519, signer.public_key),
        signature=signer.sign(text.encode()),
    )
    note = Note(text=text, signatures=(signature,))
    if parse_note(note.encode()) != note:
        raise _malformed("would not be read back as it was written")
    return signature


def signatures_of(note: Note, key: VerifierKey) -> list[NoteSignature]:
    """Return the lines that name this key: same name and same hash. They still have to be verified."""
    key_hash = key.key_hash
    return [s for s in note.signatures if s.name == key.name and s.key_hash == key_hash]


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> list[VerifierKey]:
    """Return those of the trusted keys that signed the note.

    Lines of other keys are passed over. Raises NoteError if a line names a trusted key and does not hold, or if no
    trusted key signed. Cosignature keys are for `cosign.verify_cosignatures`.
    """
    message = note.text.encode()
    held: list[VerifierKey] = []
    for key in keys:
        if key.type is not NoteKeyType.ED25519:
            raise NoteError("a cosignature key cannot sign a note's text", where=key.name, code="ledger.note-key")
        lines = signatures_of(note, key)
        for line in lines:
            if not verify_signature(key.public_key, line.signature, message):
                raise bad_signature(key.name)
        if lines:
            held.append(key)
    if not held:
        raise NoteError(
            "no trusted key signed the note",
            expected="a signature by " + (", ".join(key.name for key in keys) or "a trusted key"),
            code="ledger.note-untrusted",
        )
    return held


def bad_signature(name: str) -> NoteError:
    """Return the error for a line that names a trusted key and does not hold."""
    return NoteError(
        "the signature does not hold for this text",
        where=name,
        fix="obtain the note again from its origin",
        code="ledger.note-signature",
    )


def _malformed(problem: str) -> NoteError:
    return NoteError(f"the note {problem}", expected="a C2SP signed note", code="ledger.note-malformed")
