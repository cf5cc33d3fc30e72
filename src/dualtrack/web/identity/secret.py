"""The server's own secret: one file in the workspace's key folder, from which every purpose gets a key of its own.

It signs no entry. Losing it ends links, form tokens, counters and the signing keys in custody, and nothing else.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dualtrack.errors import KeyFileError
from dualtrack.keys.keyfile import read_private, write_private

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

__all__ = ["SECRET_NAME", "Purpose", "ServerSecret"]

SECRET_NAME = "web.secret"  # noqa: S105 - the name of a file, not a secret
"""File of the key folder."""

Purpose = Literal["csrf", "rate", "link", "oidc", "custody"]
"""What a derived key is for; keys of two purposes have nothing in common."""

_BYTES = 32
_HEAD = b"dualtrack-web-secret/1 "


class ServerSecret:
    """32 secret bytes, never shown; `key` derives from them (HKDF with SHA-256, RFC 5869)."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _BYTES:
            raise KeyFileError(f"a secret of {len(secret)} bytes", expected=f"{_BYTES} bytes", code="key.unreadable")
        self._secret = secret

    @classmethod
    def generate(cls) -> Self:
        """Make a new one."""
        return cls(secrets.token_bytes(_BYTES))

    @classmethod
    def load_or_make(cls, path: Path) -> Self:
        """Read the file, mode 0600, or make it; raises KeyFileError. Two that start at once end with the same file."""
        if not path.exists():
            try:
                write_private(path, _HEAD + secrets.token_hex(_BYTES).encode() + b"\n")
            except KeyFileError as error:
                if error.code != "key.exists":
                    raise
        data = read_private(path)
        try:
            return cls(bytes.fromhex(data.removeprefix(_HEAD).decode("ascii").strip()))
        except ValueError as error:
            raise KeyFileError(
                "not a secret of this server",
                where=str(path),
                expected=_HEAD.decode() + f"and {2 * _BYTES} hexadecimal digits",
                fix="restore the file, or move it away and let a new one be made",
                code="key.unreadable",
            ) from error

    def key(self, purpose: Purpose) -> bytes:
        """Return the 32 bytes for a purpose."""
        info = f"dualtrack/web/{purpose}/v1".encode()
        return HKDF(algorithm=SHA256(), length=_BYTES, salt=None, info=info).derive(self._secret)

    def __repr__(self) -> str:
        return "ServerSecret()"
