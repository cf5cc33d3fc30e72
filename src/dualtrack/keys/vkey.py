"""Verifier keys: `name+hash+key`, the text form of a public key that checks notes (C2SP signed-note).

The name and the 4-byte hash together say which key made a signature line; the hash covers the name, the kind of
signature and the key, so one key under two names or for two purposes never passes for the other.
"""

from __future__ import annotations

import hashlib
import re
from enum import IntEnum

import msgspec

from dualtrack.errors import KeyFileError
from dualtrack.keys.b64 import b64_decode, b64_encode
from dualtrack.keys.ed25519 import check_public_key

__all__ = ["KEY_NAME_BYTES_MAX", "NoteKeyType", "VerifierKey", "check_key_name", "note_key_hash"]

_PLAIN = re.compile(r"[A-Za-z0-9./-]+")
KEY_NAME_BYTES_MAX = 255
"""Longest key name; C2SP sets none for notes, and its newer cosignatures carry names of at most 255 bytes."""

_VKEY_BYTES_MAX = KEY_NAME_BYTES_MAX + 1 + 8 + 1 + 44
"""Longest verifier key: name, 8 hexadecimal digits, 33 bytes in Base 64, two plus signs."""


class NoteKeyType(IntEnum):
    """What a key signs: the signature type byte of C2SP signed-note. Other types are not for this house."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


class VerifierKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A named public key (32 raw bytes) for one type of note signature. Build it with `of` or `parse`: both check."""

    name: str
    type: NoteKeyType
    public_key: bytes

    @property
    def key_hash(self) -> bytes:
        """Return the 4 bytes that stand before every signature of this key."""
        return note_key_hash(self.name, self.type, self.public_key)

    @classmethod
    def of(cls, name: str, public_key: bytes, kind: NoteKeyType = NoteKeyType.ED25519) -> VerifierKey:
        """Return the verifier key of a name and 32 raw bytes; raises KeyFileError if either is unfit."""
        check_key_name(name)
        check_public_key(public_key)
        return cls(name=name, type=kind, public_key=public_key)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a verifier key; raises KeyFileError unless it is in its one legal form and its hash is right."""
        parts = text.split("+", 2) if len(text.encode(errors="replace")) <= _VKEY_BYTES_MAX else []
        if len(parts) != len(("name", "hash", "key")):
            raise _bad("has not the three parts joined by '+'", text)
        name, hash_text, key_text = parts
        material = b64_decode(key_text)
        if not material or material[0] not in set(NoteKeyType):
            raise _bad("holds no Ed25519 key of type 1 (log) or 4 (cosignature)", text)
        key = cls.of(name, material[1:], NoteKeyType(material[0]))
        if hash_text != key.key_hash.hex():
            raise _bad(f"has the hash {hash_text}, its name and key give {key.key_hash.hex()}", text)
        return key

    def format(self) -> str:
        """Return the text form."""
        return f"{self.name}+{self.key_hash.hex()}+{b64_encode(bytes([self.type]) + self.public_key)}"


def note_key_hash(name: str, kind: NoteKeyType, public_key: bytes) -> bytes:
    """Return the first 4 bytes of SHA-256(name, newline, type, key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:4]


def check_key_name(name: str) -> None:
    """Raise KeyFileError unless the name may stand in a note: not empty, no Unicode space, plus or control character."""
    problem = ""
    if not name:
        problem = "is empty"
    elif not _PLAIN.fullmatch(name) and any(sign.isspace() or sign == "+" or sign < " " for sign in name):
        problem = "contains a space, a plus sign or a control character"
    elif any("\ud800" <= character <= "\udfff" for character in name):
        problem = "has an unpaired surrogate"
    elif len(name.encode()) > KEY_NAME_BYTES_MAX:
        problem = f"is longer than {KEY_NAME_BYTES_MAX} bytes"
    if problem:
        raise KeyFileError(
            f"key name {problem}", where=repr(name[:80]), expected="a name like example.com/log", code="key.name"
        )


def _bad(problem: str, text: str) -> KeyFileError:
    return KeyFileError(
        f"verifier key {problem}",
        where=repr(text[:80]),
        expected="name+hash+base64 (C2SP signed-note)",
        code="key.vkey",
    )
