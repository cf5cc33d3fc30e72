"""Signers: whatever can sign bytes under an Ed25519 key, and the one that keeps its key in a file.

A hardware module or a key service is another class with the same four members. The private key has no accessor, is not
in any representation and cannot be pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dualtrack.errors import KeyFileError
from dualtrack.keys.ed25519 import key_id
from dualtrack.keys.keyfile import read_private, write_private

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PASSPHRASE_CHARACTERS_MIN", "FileSigner", "Signer"]

PASSPHRASE_CHARACTERS_MIN = 12
"""Shortest passphrase taken: PKCS#8 as OpenSSL writes it stretches by only 2,048 rounds, so length must carry it."""


class Signer(Protocol):
    """Something that signs. `name` is for people, `key_id` is the SHA-256 of the 32 bytes of `public_key`."""

    @property
    def name(self) -> str:
        """Return the name shown to people."""

    @property
    def key_id(self) -> str:
        """Return the 64 hexadecimal digits that identify the key."""

    @property
    def public_key(self) -> bytes:
        """Return the 32 raw bytes of the public key."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over the message."""


class FileSigner:
    """A signer whose key is in memory, and at rest in a PEM file (PKCS#8), mode 0600, with or without a passphrase."""

    __slots__ = ("_key", "key_id", "name", "public_key")

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.name = name
        self.public_key = key.public_key().public_bytes_raw()
        self.key_id = key_id(self.public_key)

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make a signer with a new random key from the operating system's generator."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path, *, passphrase: str | None = None, name: str | None = None) -> Self:
        """Read a key file. Its stem is the name unless another is given.

        Raises KeyFileError if it is absent, open to other users, not an Ed25519 key in PEM, or the passphrase is
        missing, unneeded or wrong.
        """
        pem = read_private(path)
        secret = None if passphrase is None else passphrase.encode()
        try:
            key = serialization.load_pem_private_key(pem, password=secret)
        except TypeError as error:
            raise _passphrase_error(path, given=passphrase is not None) from error
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyFileError(
                "no private key could be read from the file",
                where=str(path),
                expected="PEM, PKCS#8" + ("" if secret is None else ", encrypted under the passphrase given"),
                fix="check the passphrase, or restore the file from its backup",
                code="key.unreadable",
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            kind = type(key).__name__.strip("_")
            raise KeyFileError(f"the key is a {kind}", where=str(path), expected="Ed25519", code="key.kind")
        return cls(path.stem if name is None else name, key)

    def save(self, path: Path, *, passphrase: str | None = None) -> None:
        """Write the key to a new file, mode 0600; it appears whole or not at all, and nothing is overwritten."""
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase is not None:
            if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
                raise KeyFileError(
                    "the passphrase is too short",
                    where=str(path),
                    expected=f"at least {PASSPHRASE_CHARACTERS_MIN} characters",
                    code="key.passphrase",
                )
            encryption = serialization.BestAvailableEncryption(passphrase.encode())
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption_algorithm=encryption
        )
        write_private(path, pem)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over the message."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"FileSigner(name={self.name!r}, key_id={self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        raise KeyFileError(
            "a signer cannot be pickled or copied: that would copy its private key",
            fix="load the key file where it is needed",
            code="key.copy",
        )


def _passphrase_error(path: Path, *, given: bool) -> KeyFileError:
    if given:
        return KeyFileError(
            "a passphrase was given but the key is not encrypted",
            where=str(path),
            fix="leave the passphrase out, or encrypt the key",
            code="key.passphrase",
        )
    return KeyFileError("the key is encrypted", where=str(path), fix="give its passphrase", code="key.passphrase")
