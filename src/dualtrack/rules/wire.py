"""Read the checked expression that the CEL library serialises (protobuf wire format, message `cel.expr.CheckedExpr`).

Thirty lines instead of a protobuf dependency. Field numbers: cel-spec, `proto/cel/expr/checked.proto` and `syntax.proto`.
The bytes come from the library in our own process; lengths are checked all the same.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from dualtrack.errors import ExpressionError

__all__ = ["Checked", "Message", "double", "read_checked", "read_message", "signed"]

Message = dict[int, list[int | bytes]]
"""Field number to values in order: integers for varints, bytes for everything with a length or fixed width."""

_VARINT, _FIXED64, _LENGTH = 0, 1, 2
_VARINT_BYTES_MAX = 10
_CONTINUED = 0x80


class Checked(NamedTuple):
    """The root expression and where each node starts in the text (node id to character offset)."""

    root: Message
    offsets: dict[int, int]


def read_checked(data: bytes) -> Checked:
    """Open `google.protobuf.Any` around a CheckedExpr."""
    checked = read_message(_bytes(read_message(data), 2))
    source = read_message(_bytes(checked, 5))
    offsets: dict[int, int] = {}
    for entry in source.get(4, []):
        pair = read_message(entry if isinstance(entry, bytes) else b"")
        offsets[_int(pair, 1)] = _int(pair, 2)
    return Checked(read_message(_bytes(checked, 4)), offsets)


def read_message(data: bytes) -> Message:
    """Split one message into its fields."""
    found: Message = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        value: int | bytes
        if wire == _VARINT:
            value, at = _varint(data, at)
        else:
            size, at = (8, at) if wire == _FIXED64 else _varint(data, at) if wire == _LENGTH else (4, at)
            if at + size > len(data):
                raise _broken()
            value, at = data[at : at + size], at + size
        found.setdefault(number, []).append(value)
    return found


def signed(value: int | bytes) -> int:
    """Return a varint as the 64-bit signed number it stands for."""
    number = value if isinstance(value, int) else 0
    return number - (1 << 64) if number >> 63 else number


def double(value: int | bytes) -> float:
    """Return a fixed 64-bit field as a double."""
    return float(struct.unpack("<d", value if isinstance(value, bytes) else b"\0" * 8)[0])


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for position in range(_VARINT_BYTES_MAX):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 127) << (7 * position)
        if byte < _CONTINUED:
            return value, at
    raise _broken()


def _bytes(message: Message, number: int) -> bytes:
    value = message.get(number, [b""])[0]
    return value if isinstance(value, bytes) else b""


def _int(message: Message, number: int) -> int:
    value = message.get(number, [0])[0]
    return value if isinstance(value, int) else 0


def _broken() -> ExpressionError:
    return ExpressionError("the parser gave an expression that cannot be read", fix="check the installed CEL library")
