"""Identifiers of decisions, reviews, holds and runs: ULIDs in lower case, which sort by the time they were made."""

from __future__ import annotations

import hashlib
import time

from dualtrack.keys.chance import random_bytes

__all__ = ["id_number", "new_id", "receipt_code", "receipt_digest", "shown_code"]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_LAST = 1023

_CODE_BITS = 60
"""Chance in a receipt code; guesses are counted against their address. docs/runtime-security.md has the arithmetic."""


def new_id(now_s: float | None = None) -> str:
    """Return 26 characters: 48 bits of milliseconds, 80 of chance (Crockford's base 32)."""
    milliseconds = int((time.time() if now_s is None else now_s) * 1000)
    number = (milliseconds << 80) | int.from_bytes(random_bytes(10), "big")
    return "".join([_PAIRS[(number >> shift) & _LAST] for shift in range(120, -1, -10)])


def id_number(identifier: str) -> int:
    """Return the 128 bits of an id as a whole number."""
    number = 0
    for character in identifier:
        number = number << 5 | _ALPHABET.index(character)
    return number


def receipt_code() -> str:
    """Return a customer's code: 12 characters, 60 bits of chance, without letters that are taken for digits."""
    number = int.from_bytes(random_bytes(8), "big") >> (64 - _CODE_BITS)
    return "".join([_PAIRS[(number >> shift) & _LAST] for shift in range(50, -1, -10)])


def shown_code(code: str) -> str:
    """Return the code as people copy it: three groups of four capitals."""
    upper = code.upper()
    return "-".join((upper[:4], upper[4:8], upper[8:]))


def receipt_digest(code: str) -> str:
    """Return the digest under which a code is kept; hyphens, spaces and case do not matter, nor O for 0, I or L for 1."""
    plain = code.lower().replace("-", "").replace(" ", "").translate(str.maketrans("oil", "011"))
    return hashlib.sha256(b"dualtrack/receipt/v1\x00" + plain.encode()).hexdigest()
