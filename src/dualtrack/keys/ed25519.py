"""Ed25519 public keys and signatures (RFC 8032): identifiers, checks of a key, verification.

A key is refused when its encoding is not canonical, when it is no point of the curve, or when it is one of the eight
points of small order: under such a key one signature holds for many messages (Chalkias et al., "Taming the many
EdDSAs", 2020, section 3).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dualtrack.errors import KeyFileError

__all__ = ["KEY_BYTES", "SIGNATURE_BYTES", "check_public_key", "key_id", "verify"]

KEY_BYTES = 32
"""Length of an Ed25519 public key (RFC 8032, section 5.1.5)."""

SIGNATURE_BYTES = 64
"""Length of an Ed25519 signature (RFC 8032, section 5.1.6)."""

_KEYS_REMEMBERED = 1024
"""Checked keys kept in memory: a workspace has tens; the bound stops a stream of foreign keys from filling memory."""

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)


def key_id(public_key: bytes) -> str:
    """Return the identifier of a public key: SHA-256 of its 32 raw bytes as 64 lower-case hexadecimal digits."""
    _check_length(public_key)
    return hashlib.sha256(public_key).hexdigest()


def check_public_key(public_key: bytes) -> None:
    """Raise KeyFileError unless the bytes are a canonical point of the curve that is not of small order."""
    _check_length(public_key)
    y = int.from_bytes(public_key, "little") & (2**255 - 1)  # the highest bit is the sign of x
    if y >= _P:
        raise KeyFileError("public key is not in canonical form", expected="y below 2^255 - 19", code="key.public")
    if y in _SMALL_ORDER_Y:
        raise KeyFileError("public key is a point of small order", fix="generate another key", code="key.public")
    # x^2 = (y^2 - 1) / (d y^2 + 1); it is a square just when numerator times denominator is (Euler's criterion).
    square = (y * y - 1) * (_D * y * y + 1) % _P
    if pow(square, (_P - 1) // 2, _P) != 1:
        raise KeyFileError("public key is no point of the curve", code="key.public")


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether the signature is the key's over the message. A key that is refused verifies nothing."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        _load(bytes(public_key)).verify(signature, message)
    except (InvalidSignature, KeyFileError):
        return False
    return True


@lru_cache(maxsize=_KEYS_REMEMBERED)
def _load(public_key: bytes) -> Ed25519PublicKey:
    check_public_key(public_key)
    return Ed25519PublicKey.from_public_bytes(public_key)


def _check_length(public_key: bytes) -> None:
    if len(public_key) != KEY_BYTES:
        raise KeyFileError(
            f"public key has {len(public_key)} bytes",
            expected=f"{KEY_BYTES} bytes, raw Ed25519 (RFC 8032)",
            code="key.public",
        )


def _small_order_y() -> frozenset[int]:
    """Return the y coordinates of the eight points whose order divides 8.

    Orders 1 and 2 have y = 1 and -1, order 4 has y = 0. A point of order 8 doubles to y = 0, so x^2 = -y^2 and the
    curve's equation becomes d y^4 + 2 y^2 - 1 = 0, solved here.
    """
    root = _square_root((1 + _D) % _P)
    found = {0, 1, _P - 1}
    for numerator in (-1 + root, -1 - root):
        y_squared = numerator * pow(_D, -1, _P) % _P
        if pow(y_squared, (_P - 1) // 2, _P) == 1:
            y = _square_root(y_squared)
            found |= {y, _P - y}
    return frozenset(found)


def _square_root(value: int) -> int:
    """Return a square root modulo p = 5 (mod 8), as in RFC 8032, section 5.1.3."""
    root = pow(value, (_P + 3) // 8, _P)
    return root if root * root % _P == value else root * _SQRT_M1 % _P


_SMALL_ORDER_Y = _small_order_y()
