"""Whether two outputs are the same data, however each was written as JSON."""

from __future__ import annotations

import msgspec

__all__ = ["same_data"]

_EXACT_MAX = 1 << 53
"""Whole numbers up to here are floats without loss; larger ones are compared as they are."""

_decode = msgspec.json.Decoder().decode


def same_data(one: bytes, other: bytes) -> bool:
    """Tell whether two JSON texts hold the same data: 1 is 1.0, and neither is true."""
    return _plain(_decode(one)) == _plain(_decode(other))


def _plain(value: object) -> object:
    """Return a value whose equality in Python is that of the data: kinds that Python takes for equal are told apart."""
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, int) and abs(value) <= _EXACT_MAX:
        return float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
