"""Canonical bytes: the one encoding that is stored, signed and hashed.

UTF-8 JSON, keys sorted by code point, no white space, integers within ±2^53, finite doubles in Python's shortest form,
text in Unicode NFC, duplicate keys refused. A record is encoded once; its bytes are never re-encoded afterwards.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from itertools import pairwise
from typing import Any
from unicodedata import ucd_3_2_0

from dualtrack.errors import DocumentError

__all__ = ["DEPTH_MAX", "INTEGER_MAX", "decode", "digest", "encode", "is_nfc"]

INTEGER_MAX = 2**53
"""Largest integer that every JSON reader keeps exactly (RFC 8259, section 6); larger ones travel as strings."""

DEPTH_MAX = 64
"""Deepest nesting accepted; our deepest record has 12 levels, and a reader's stack must be bounded."""


_LONG_KNOWN = re.compile("[\x00-\u01ff\u2010-\u2027\u3001-\u303a\u4e00-\u9fa5\uff01-\uff5e]*")
"""Texts of Latin, Chinese and their punctuation only: nothing in them is younger than Unicode 3.2."""


def encode(value: object) -> bytes:
    """Encode plain data (dict, list, str, int, float, bool, None) as canonical bytes.

    Raises DocumentError for anything that has no single faithful form: NaN, infinities, integers beyond ±2^53,
    text that is not NFC, keys that are not text, other types, or nesting beyond DEPTH_MAX.
    """
    _check(value, "$", 0)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def decode(data: bytes, *, where: str = "document") -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Decode bytes that must already be canonical: decoding and encoding again gives the same bytes.

    Raises DocumentError naming `where` otherwise (duplicate keys, white space, another key order, wrong numbers).
    """
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DocumentError(f"not JSON: {error}", where=where, expected="canonical JSON") from error
    if encode(value) != data:
        raise DocumentError(
            "not in canonical form",
            where=where,
            expected="sorted keys, no white space, no duplicate keys, shortest numbers, NFC text",
            code="input.document.not-canonical",
        )
    return value


def digest(data: bytes) -> str:
    """Return the SHA-256 of the bytes as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def is_nfc(text: str) -> bool:
    """Tell whether a text is in Unicode NFC, by the tables of Unicode 3.2, which every Python carries unchanged.

    Characters younger than those tables are left out of the judgement: Python versions order them differently.
    """
    if not _LONG_KNOWN.fullmatch(text):
        text = "".join(" " if ucd_3_2_0.category(sign) == "Cn" else sign for sign in text)
        # Marks out of order are not NFC; told first, since putting many of them in order takes a square of their number.
        if any(0 < later < earlier for earlier, later in pairwise(map(ucd_3_2_0.combining, text))):
            return False
    return ucd_3_2_0.is_normalized("NFC", text)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _check(value: object, path: str, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise DocumentError(f"nested deeper than {DEPTH_MAX} levels", where=path)
    if isinstance(value, dict):
        for key, item in value.items():
            if type(key) is not str:
                raise DocumentError(f"key {key!r} is not text", where=path)
            _check_text(key, path)
            _check(item, f"{path}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            _check(item, f"{path}[{position}]", depth + 1)
    else:
        _check_scalar(value, path)


def _check_scalar(value: object, path: str) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, int):
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise DocumentError(f"integer {value} beyond ±2^53", where=path, fix="write it as a string")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise DocumentError(f"number {value} is not finite", where=path, code="input.document.not-finite")
    else:
        raise DocumentError(f"{type(value).__name__} has no canonical form", where=path)


def _check_text(text: str, path: str) -> None:
    if text.isascii():
        return
    if not is_nfc(text):
        raise DocumentError("text is not in Unicode NFC", where=path, fix="normalise it first")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DocumentError("text has an unpaired surrogate", where=path) from error
