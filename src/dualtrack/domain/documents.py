"""Read YAML that people write, as plain data, by a small part of YAML 1.2 that has one reading.

Scalars are null, true/false, decimal whole numbers and decimals; everything else is text, so dates, times, `yes` and `NO` stay
what was written. Anchors, aliases, tags, merges, duplicate keys, several documents and keys that are not text are refused.
Text is brought to Unicode NFC. Errors carry line and column.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING
from unicodedata import ucd_3_2_0

import yaml

from dualtrack.domain.canonical import INTEGER_MAX
from dualtrack.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BYTES_MAX", "LEVELS_MAX", "NODES_MAX", "read_yaml"]

BYTES_MAX = 1 << 20
"""Bytes of one document: the longest declaration or pack has about 100 KiB."""

LEVELS_MAX = 20
"""Nesting of one document; a pack has eight levels."""

NODES_MAX = 50_000
"""Scalars, lists and mappings of one document; a large pack has some 5,000."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUOTED = frozenset("'\"|>")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"(?i)[-+]?\.inf|\.nan")
_DIGITS_MAX = 400
"""Characters of one number: more is not a number a person wrote, and converting digits costs their square."""


def read_yaml(data: bytes, *, where: str) -> object:
    """Return dicts, lists, text, numbers, booleans and None; raises DocumentError with line and column."""
    if len(data) > BYTES_MAX:
        raise DocumentError(
            f"{len(data)} bytes", where=where, expected=f"at most {BYTES_MAX}", fix="split the document"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"byte {error.start} is not UTF-8", where=where, expected="UTF-8", fix="save the file as UTF-8"
        ) from error
    reader = _Reader(yaml.parse(text, Loader=_LOADER), where)
    try:
        return reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where
        raise DocumentError(
            f"not YAML: {error.problem or error.context}", where=place, fix="check indent and quotes"
        ) from error
    except yaml.YAMLError as error:
        raise DocumentError(f"not YAML: {str(error).splitlines()[0]}", where=where) from error


class _Reader:
    """Builds plain data from the parser's events, counting nodes and levels before anything is kept."""

    def __init__(self, events: Iterator[yaml.Event], where: str) -> None:
        self.events, self.where = events, where
        self.nodes = 0

    def document(self) -> object:
        """Read exactly one document."""
        next(self.events)  # the stream's start
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            return None
        if isinstance(start, yaml.DocumentStartEvent) and (start.version or start.tags):
            raise self._refuse(start, "a YAML directive", "remove the line that starts with %")
        value = self._value(next(self.events), 1)
        next(self.events)  # the document's end
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self._refuse(after, "a second document", "keep one document a file")
        return value

    def _value(self, event: yaml.Event, level: int) -> object:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise self._refuse(event, f"more than {NODES_MAX} values", "split the document")
        if level > LEVELS_MAX:
            raise self._refuse(event, f"nested deeper than {LEVELS_MAX} levels", "flatten it")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._refuse(event, "an anchor or alias", "write the value out")
        if tag := getattr(event, "tag", None):
            raise self._refuse(event, f"the tag {str(tag)[:40]}", "remove it")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(level)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(level)
        assert isinstance(event, yaml.ScalarEvent)
        return self._scalar(event)

    def _mapping(self, level: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._value(event, level + 1)
            if type(key) is not str:
                raise self._refuse(event, "a key that is not text", "put the key in quotes")
            if key in found:
                raise self._refuse(event, f"the key {key[:80]!r} twice", "keep one of them")
            if key == "<<":
                raise self._refuse(event, "a merge", "write the keys out")
            found[key] = self._value(next(self.events), level + 1)
        return found

    def _sequence(self, level: int) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self._value(event, level + 1))
        return found

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        text = ucd_3_2_0.normalize("NFC", event.value)
        if event.style in _QUOTED:
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _NOT_FINITE.fullmatch(text):
            raise self._refuse(event, f"the number {text} is not finite", "leave it out or put it in quotes")
        return self._number(event, text)

    def _number(self, event: yaml.ScalarEvent, text: str) -> object:
        if not _DECIMAL.fullmatch(text):
            return text
        if len(text) > _DIGITS_MAX:
            raise self._refuse(event, f"a number of {len(text)} characters", "put it in quotes")
        if _INTEGER.fullmatch(text):
            number = int(text)
            if abs(number) > INTEGER_MAX:
                raise self._refuse(event, f"the whole number {text[:40]} is beyond ±2^53", "put it in quotes")
            return number
        value = float(text)
        if not math.isfinite(value):
            raise self._refuse(event, f"the number {text[:40]} is not finite", "put it in quotes")
        return value

    def _refuse(self, event: yaml.Event, found: str, fix: str) -> DocumentError:
        mark = event.start_mark
        place = f"{self.where}, line {mark.line + 1}, column {mark.column + 1}" if mark else self.where
        return DocumentError(found, where=place, fix=fix)
