"""How records are read: strict decoding with the failing field named, and text in both languages."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from dualtrack.domain import canonical
from dualtrack.errors import FieldError

__all__ = ["Record", "Text", "Value", "encode", "read_record", "to_plain"]

T = TypeVar("T")

Value = bool | int | float | str | list[str]
"""What a fact, a parameter or an evidence field may be."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every record: frozen, named fields only, unknown fields refused."""


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"zh": "zh-Hant"}):
    """One text for people, in English and Traditional Chinese (field `zh-Hant` in files)."""

    en: str
    zh: str


def read_record(plain: object, kind: type[T], *, where: str) -> T:
    """Convert plain data to a record; raises FieldError that names the field by its path."""
    try:
        return msgspec.convert(plain, kind, strict=True)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        field = path.rstrip("`").lstrip(".")
        raise FieldError(
            message, where=f"{where}, field {field}" if field else where, fix="see docs/concepts.md for the form"
        ) from error


def to_plain(record: object) -> object:
    """Return the record as plain JSON data, ready for `canonical.encode`."""
    return msgspec.to_builtins(record, str_keys=True)


def encode(record: object) -> bytes:
    """Encode a record as canonical bytes."""
    return canonical.encode(to_plain(record))
