"""A person's signing key, sealed under their password: AES-256-GCM under a key that argon2id derives with its own salt.

The salt is not that of the password's hash, so the hash says nothing about the key. The row is bound to its account and
key: one that was moved or relabelled does not open. Whoever has both the database and the password can sign; so
can a server that was changed to keep what it is shown (LIMITATIONS.md). Python cannot wipe memory: the opened key is left
to the request that asked for it, and kept nowhere.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dualtrack.errors import AuthenticationError, KeyFileError, StoreCorruptError
from dualtrack.keys.ed25519 import key_id
from dualtrack.keys.signer import FileSigner
from dualtrack.web.identity.passwords import PASSWORD_BYTES_MAX, HashCost

if TYPE_CHECKING:
    from dualtrack.keys.signer import Signer
    from dualtrack.web.identity.passwords import PasswordHasher

__all__ = [
    "SEALED_KEY_BYTES_MAX",
    "SEALED_KEY_FORMAT",
    "open_sealed",
    "read_private_key",
    "reseal",
    "seal",
    "sealed_public",
]

SEALED_KEY_FORMAT = "dualtrack.sealed-key/1"

SEALED_KEY_BYTES_MAX = 4_096
"""Bytes of a sealed key; one has about 300."""

_COST_MAX = HashCost(memory_kib=1 << 20, passes=16, lanes=16)
"""Largest cost taken from a row: a gigabyte. A row that asks for more was not written by us."""

_SALT_BYTES, _NONCE_BYTES = 16, 12


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A sealed key as stored: everything but the password. `public` is for who grants the key; rows of before have none."""

    format: str
    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    nonce: bytes
    sealed: bytes
    public: bytes | None = None


def read_private_key(pem: bytes, *, passphrase: str | None = None) -> Ed25519PrivateKey:
    """Return the Ed25519 key of a PEM text; raises KeyFileError. For keys that were made elsewhere and move in."""
    try:
        key = serialization.load_pem_private_key(pem, None if passphrase is None else passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(
            "no private key could be read",
            expected="PEM, PKCS#8, and its passphrase if it has one",
            code="key.unreadable",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError("the key is of another kind", expected="Ed25519", code="key.kind")
    return key


def seal(key: Ed25519PrivateKey, account: str, password: str, hasher: PasswordHasher) -> bytes:
    """Return the key as PKCS#8, sealed for this account under this password."""
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    bound = _bound(account, key_id(key.public_key().public_bytes_raw()))
    sealed = AESGCM(hasher.derive(password, salt)).encrypt(nonce, plain, bound)
    memory_kib, passes, lanes = hasher.cost
    return msgspec.json.encode(
        _Sealed(
            format=SEALED_KEY_FORMAT,
            memory_kib=memory_kib,
            passes=passes,
            lanes=lanes,
            salt=salt,
            nonce=nonce,
            sealed=sealed,
            public=key.public_key().public_bytes_raw(),
        )
    )


def sealed_public(data: bytes, keyid: str) -> bytes | None:
    """Return the public key beside a sealed one, None where an older release wrote the row; raises StoreCorruptError for another's."""
    public = _read(data).public
    if public is not None and key_id(public) != keyid:
        raise _corrupt()
    return public


def open_sealed(data: bytes, account: str, keyid: str, password: str, hasher: PasswordHasher, *, holder: str) -> Signer:
    """Return the holder's signer; raises AuthenticationError for another password, StoreCorruptError for a foreign row."""
    return FileSigner(holder, _open(data, account, keyid, password, hasher))


def reseal(data: bytes, account: str, keyid: str, old: str, new: str, hasher: PasswordHasher) -> bytes:
    """Return the same key sealed under a new password; raises as `open_sealed`."""
    return seal(_open(data, account, keyid, old, hasher), account, new, hasher)


def _open(data: bytes, account: str, keyid: str, password: str, hasher: PasswordHasher) -> Ed25519PrivateKey:
    sealed = _read(data)
    if len(password.encode("utf-8", "surrogatepass")) > PASSWORD_BYTES_MAX:
        raise _closed()
    cost = HashCost(sealed.memory_kib, sealed.passes, sealed.lanes)
    cipher = AESGCM(hasher.derive(password, sealed.salt, cost))
    try:
        plain = cipher.decrypt(sealed.nonce, sealed.sealed, _bound(account, keyid))
    except InvalidTag as error:
        raise _closed() from error
    key = serialization.load_der_private_key(plain, None)
    if not isinstance(key, Ed25519PrivateKey) or key_id(key.public_key().public_bytes_raw()) != keyid:
        raise _corrupt()
    return key


def _read(data: bytes) -> _Sealed:
    if len(data) > SEALED_KEY_BYTES_MAX:
        raise _corrupt()
    try:
        sealed = msgspec.json.decode(data, type=_Sealed)
    except msgspec.MsgspecError as error:
        raise _corrupt() from error
    asked = (sealed.memory_kib, sealed.passes, sealed.lanes)
    least = (8 * sealed.lanes, 1, 1)
    if not all(low <= given <= most for low, given, most in zip(least, asked, _COST_MAX, strict=True)):
        raise _corrupt()
    if sealed.format != SEALED_KEY_FORMAT or len(sealed.salt) != _SALT_BYTES or len(sealed.nonce) != _NONCE_BYTES:
        raise _corrupt()
    return sealed


def _bound(account: str, keyid: str) -> bytes:
    return b"\x00".join((SEALED_KEY_FORMAT.encode(), account.encode(), keyid.encode()))


def _closed() -> AuthenticationError:
    return AuthenticationError(
        "the signing key does not open",
        expected="the password of this account",
        fix="enter the password again",
        code="authentication.password",
    )


def _corrupt() -> StoreCorruptError:
    return StoreCorruptError(
        "a sealed signing key is not what was written",
        where="web_account",
        fix="restore the database from its backup, or make and grant a new key",
        code="store.corrupt.sealed-key",
    )
