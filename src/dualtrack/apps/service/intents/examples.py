"""Examples of intents as an operator writes them: one YAML file with titles, or a CSV of texts.

YAML: a list of intents, or a mapping with `intents` and what else is kept about them; each has `id`, `title` in both languages,
`sector`, `passages` that answer it (ids, where known), and `examples` of `text` and, where known, `register`. CSV: columns `text` and `intent`, and `register` where known.
A register that is not given is detected. One text may not stand under two intents; twice under one counts once.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.service.intents.features import plain_form
from dualtrack.apps.service.language import Language, Register, detect
from dualtrack.apps.service.triggers import CHARACTERS_READ
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.errors import DocumentError, FieldError, PathError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["EXAMPLES_MAX", "FILE_BYTES_MAX", "Example", "ExampleSet", "IntentTitle", "load_examples", "make_examples"]

FILE_BYTES_MAX = 16_000_000
"""Bytes of one CSV; the limit of a YAML document is lower and is its reader's."""

EXAMPLES_MAX = 100_000
"""Examples of one model: six times the largest public set of intents; more train for minutes."""

_COLUMNS = ("text", "intent", "register")


class Example(Record, frozen=True):
    """One thing a customer may say, and what it is about."""

    text: str
    intent: str
    register: Register
    language: Language


class IntentTitle(Record, frozen=True):
    """What people call an intent, the sector it belongs to, and the ids of approved passages that answer it."""

    id: str
    title: Text
    sector: str = ""
    passages: tuple[str, ...] = ()


class ExampleSet(Record, frozen=True):
    """Examples, each text once, with the titles that the file gives (a CSV gives none). `repeated` counts texts left out as repeats."""

    examples: tuple[Example, ...]
    titles: tuple[IntentTitle, ...] = ()
    repeated: int = 0


class _Said(Record, frozen=True):
    text: str
    register: Register | None = None


class _Intent(Record, frozen=True):
    id: str
    title: Text
    examples: list[_Said]
    sector: str = ""
    passages: tuple[str, ...] = ()


class _Row(NamedTuple):
    where: str
    intent: str
    text: str
    register: Register | None


def load_examples(path: Path) -> ExampleSet:
    """Read examples; raises PathError, DocumentError or FieldError naming file and row. Nothing is half taken in."""
    data = _bytes(path)
    if path.suffix.lower() == ".csv":
        return _gathered(_csv_rows(data, path.name))
    if path.suffix.lower() in {".yaml", ".yml"}:
        intents = _intents(data, path.name)
        rows = (
            _Row(f"{path.name}, intent {intent.id!r}, example {number}", intent.id, said.text, said.register)
            for intent in intents
            for number, said in enumerate(intent.examples, 1)
        )
        titles = tuple(
            IntentTitle(id=each.id, title=each.title, sector=each.sector, passages=each.passages) for each in intents
        )
        return _gathered(rows, titles)
    raise PathError(f"{path.suffix or 'no ending'}", where=str(path), expected=".csv or .yaml")


def make_examples(pairs: Iterable[tuple[str, str]]) -> ExampleSet:
    """Return examples from pairs of text and intent; raises FieldError naming the pair, counted from 1."""
    return _gathered(_Row(f"example {number}", intent, text, None) for number, (text, intent) in enumerate(pairs, 1))


def _gathered(rows: Iterable[_Row], titles: tuple[IntentTitle, ...] = ()) -> ExampleSet:
    kept: dict[str, _Row] = {}
    examples, repeated = [], 0
    for row in rows:
        plain = _checked(row)
        first = kept.setdefault(plain, row)
        if first.intent != row.intent:
            raise FieldError(
                f"one text under two intents, {first.intent!r} and {row.intent!r}: {row.text[:60]!r}",
                where=f"{first.where}; {row.where}",
                fix="keep it under one of them, or make the two intents one",
            )
        if first is not row:
            repeated += 1
            continue
        detected = detect(row.text)
        examples.append(
            Example(
                text=row.text,
                intent=row.intent,
                register=row.register or detected.register,
                language=detected.language,
            )
        )
        if len(examples) > EXAMPLES_MAX:
            raise FieldError(f"more than {EXAMPLES_MAX:,} examples", where=row.where, fix="leave out near repeats")
    return ExampleSet(examples=tuple(examples), titles=titles, repeated=repeated)


def _checked(row: _Row) -> str:
    """Return the plain form of the text of a row that may stand."""
    if not row.intent.strip():
        raise FieldError("no intent", where=row.where, expected="the id of an intent")
    if len(row.text) > CHARACTERS_READ:
        raise FieldError(
            f"{len(row.text):,} characters", where=row.where, expected=f"at most {CHARACTERS_READ:,}, as in a message"
        )
    plain = plain_form(row.text)
    if not plain:
        raise FieldError("an empty text", where=row.where, expected="what a customer may say")
    return plain


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise DocumentError("too large", where=path.name, expected=f"at most {FILE_BYTES_MAX:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise PathError(f"cannot be read: {error.strerror}", where=str(path), fix="check the path") from error


def _intents(data: bytes, where: str) -> list[_Intent]:
    plain = read_yaml(data, where=where)
    if isinstance(plain, dict):
        if "intents" not in plain:
            raise FieldError("no field intents", where=where, expected="a list of intents")
        plain = plain["intents"]
    intents = read_record(plain, list[_Intent], where=where)
    ids = [intent.id for intent in intents]
    for intent in intents:
        if ids.count(intent.id) > 1:
            raise FieldError(f"the intent {intent.id!r} twice", where=where, fix="put their examples under one")
        if not intent.examples:
            raise FieldError(f"the intent {intent.id!r} without an example", where=where, fix="give some, or remove it")
    return intents


def _csv_rows(data: bytes, where: str) -> list[_Row]:
    try:
        table = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise DocumentError(f"byte {error.start} is not UTF-8", where=where, fix="save it as UTF-8") from error
    except csv.Error as error:
        raise DocumentError(f"not a CSV file: {error}", where=where, fix="check the quotation marks") from error
    return [_csv_row(row, f"{where}, row {number}") for number, row in enumerate(table, 2)]


def _csv_row(row: dict[str, str], where: str) -> _Row:
    if None in row:
        raise FieldError("more fields than columns", where=where, fix="put texts that hold a comma in quotation marks")
    unknown = [name for name in row if name not in _COLUMNS]
    lacking = [name for name in _COLUMNS[:2] if row.get(name) is None]
    if unknown or lacking:
        found = f"column {unknown[0]!r}" if unknown else f"no {lacking[0]}"
        raise FieldError(found, where=where, expected=", ".join(_COLUMNS), fix="name the columns text and intent")
    said = read_record({"text": row["text"], "register": row.get("register") or None}, _Said, where=where)
    return _Row(where, (row["intent"] or "").strip(), said.text, said.register)
