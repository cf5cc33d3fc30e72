"""The vault: contents of entries, sealed, and erasable while the log still verifies.

Each row is AES-256-GCM (NIST SP 800-38D) over salt and content, bound by associated data to its ledger, index,
commitment, retention class and state, so a row moved, relabelled or put back after erasure does not open. Erasing puts a
sealed tombstone in the row's place: an erasure, too, can only be made by who holds the vault key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dualtrack.domain import canonical
from dualtrack.domain.entry import SALT_BYTES
from dualtrack.errors import DocumentError, KeyFileError, StoreCorruptError
from dualtrack.keys.keyfile import read_private, write_private

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NONCE_BYTES", "Erasure", "Opened", "Place", "Vault", "VaultKey"]

NONCE_BYTES = 12
"""Length of a nonce. It is random: SP 800-38D allows 2^32 seals under one key, years beyond what a ledger writes."""

_KEY_BYTES = 32
_KEY_HEAD = "dualtrack-vault-key/1 "
_TAG = b"dualtrack/vault/v1"


class Place(msgspec.Struct, frozen=True):
    """What a sealed row is bound to."""

    ledger: str
    index: int
    commitment: str
    retention: str


class Opened(NamedTuple):
    """Salt (32 bytes) and exact content bytes of an entry."""

    salt: bytes
    content: bytes


class Erasure(NamedTuple):
    """When and why a content was erased."""

    erased_at: str
    reason: str


class VaultKey:
    """A 256-bit key and its identifier (first 16 hexadecimal digits of a digest that reveals nothing of the key)."""

    __slots__ = ("_key", "key_id")

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise KeyFileError("the vault key has not 32 bytes", code="key.kind")
        self._key = key
        self.key_id = hashlib.sha256(b"dualtrack/vault-key-id/v1\x00" + key).hexdigest()[:16]

    @classmethod
    def generate(cls) -> VaultKey:
        """Make a key from the operating system's generator."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def load(cls, path: Path) -> VaultKey:
        """Read a key file; raises KeyFileError if it is absent, open to others (mode beyond 0600) or not a vault key."""
        text = read_private(path).decode("ascii", errors="replace")
        digits = text.removeprefix(_KEY_HEAD).removesuffix("\n")
        if text != f"{_KEY_HEAD}{digits}\n" or len(digits) != 2 * _KEY_BYTES or not _is_hex(digits):
            raise KeyFileError("is not a vault key", where=str(path), fix="restore the file from its safe copy")
        return cls(bytes.fromhex(digits))

    def save(self, path: Path) -> None:
        """Write the key to a new file of mode 0600."""
        write_private(path, f"{_KEY_HEAD}{self._key.hex()}\n".encode())

    def cipher(self) -> AESGCM:
        """Return the cipher under this key."""
        return AESGCM(self._key)

    def derive(self, purpose: bytes) -> bytes:
        """Return a key of 32 bytes for another purpose (HMAC-SHA-256 as a pseudo-random function, NIST SP 800-108)."""
        return hmac.new(self._key, purpose, hashlib.sha256).digest()

    def __repr__(self) -> str:
        return f"VaultKey(key_id={self.key_id!r})"


class Vault:
    """Seals and opens rows under one key."""

    __slots__ = ("_cipher", "_key", "key_id")

    def __init__(self, key: VaultKey) -> None:
        self._cipher = key.cipher()
        self._key = key
        self.key_id = key.key_id

    def derive(self, purpose: bytes) -> bytes:
        """Return a key of 32 bytes for another purpose, as `VaultKey.derive`."""
        return self._key.derive(purpose)

    def seal(self, place: Place, salt: bytes, content: bytes, nonce: bytes | None = None) -> bytes:
        """Return nonce and ciphertext of a content. A caller that seals many gives each a fresh random nonce."""
        nonce = os.urandom(NONCE_BYTES) if nonce is None else nonce
        return nonce + self._cipher.encrypt(nonce, salt + content, _bound(place, b"held"))

    def seal_erasure(self, place: Place, erasure: Erasure) -> bytes:
        """Return the tombstone that takes the place of a content."""
        nonce = os.urandom(NONCE_BYTES)
        plain = canonical.encode({"erased_at": erasure.erased_at, "reason": erasure.reason})
        return nonce + self._cipher.encrypt(nonce, plain, _bound(place, b"erased"))

    def open(self, place: Place, sealed: bytes, *, erased: bool) -> Opened | Erasure:
        """Open a row, or raise StoreCorruptError: bytes, index, commitment, retention or state are not what was sealed."""
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            plain = self._cipher.decrypt(nonce, body, _bound(place, b"erased" if erased else b"held"))
        except (InvalidTag, ValueError) as error:
            raise _unopened(place) from error
        if not erased:
            return Opened(plain[:SALT_BYTES], plain[SALT_BYTES:])
        try:
            fields = canonical.decode(plain)
            return Erasure(str(fields["erased_at"]), str(fields["reason"]))
        except (DocumentError, KeyError, TypeError) as error:
            raise _unopened(place) from error

    def wrap(self, nonce: bytes, key: bytes, bound: bytes) -> bytes:
        """Encrypt a subject's key under this vault's, bound to `bound`."""
        return self._cipher.encrypt(nonce, key, bound)

    def unwrap(self, nonce: bytes, wrapped: bytes, bound: bytes) -> bytes:
        """Decrypt a subject's key; raises InvalidTag if it is not what was wrapped."""
        return self._cipher.decrypt(nonce, wrapped, bound)


def _bound(place: Place, state: bytes) -> bytes:
    fields = (place.ledger.encode(), b"%d" % place.index, place.commitment.encode(), place.retention.encode(), state)
    return b"\x00".join((_TAG, *fields))


def _unopened(place: Place) -> StoreCorruptError:
    return StoreCorruptError(
        "the sealed content does not open",
        where=f"{place.ledger}, entry {place.index}, vault",
        expected="the bytes, place, retention class and state that were sealed, under this vault key",
        fix="restore the store from its backup; run `dualtrack ledger verify` for the full list",
        code="store.corrupt.vault",
    )


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdef" for character in text)
