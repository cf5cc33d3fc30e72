"""Base 64 in its one legal form (RFC 4648, section 4): padded, standard alphabet, unused bits zero.

Python's decoder, even when strict, accepts several spellings of the same bytes. Signed texts must have one.
"""

from __future__ import annotations

import base64
import binascii

__all__ = ["b64_decode", "b64_encode"]


def b64_encode(data: bytes) -> str:
    """Return the bytes as standard Base 64 with padding."""
    return base64.b64encode(data).decode("ascii")


def b64_decode(text: str) -> bytes | None:
    """Return the bytes, or None if the text is not the one spelling that `b64_encode` gives.

    None rather than an error: every caller knows better what it was reading and says so.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if b64_encode(data) == text else None
