"""Passages that say everything of themselves: rows of a CSV, a YAML corpus as the runtime serves it, a page of Markdown with a head."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from dualtrack.apps.service.sources.sections import FILE_BYTES_MAX
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record
from dualtrack.errors import DocumentError, FieldError
from dualtrack.runtime.passages.corpus import Corpus, Passage
from dualtrack.runtime.passages.slots import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_corpus", "read_markdown", "read_rows", "read_values"]

_CHINESE = "## 中文"
_COLUMNS = (
    "id", "topic", "owner", "version", "valid_from", "valid_to", "supersedes", "title_en", "title_zh", "text_en", "text_zh", "keys_en",
    "keys_zh", "provenance",
)  # fmt: skip
_OPTIONAL = frozenset({"valid_to", "supersedes", "keys_en", "keys_zh"})
_VALUE_COLUMNS = ("id", "text_en", "text_zh", "owner", "valid_from", "valid_to", "provenance")


def read_corpus(data: bytes, where: str) -> Corpus:
    """Read a corpus from YAML; raises DocumentError or FieldError."""
    return read_record(read_yaml(_text(data, where).encode(), where=where), Corpus, where=where)


def read_rows(data: bytes, where: str) -> list[Passage]:
    """Read a passage from each row of a CSV; raises DocumentError or FieldError naming row and field."""
    return [_passage(row, place) for row, place in _rows(data, where, _COLUMNS)]


def read_values(data: bytes, where: str) -> list[Value]:
    """Read what stands in slots of passages, a value from each row of a CSV; raises as `read_rows`."""
    values = []
    for row, place in _rows(data, where, _VALUE_COLUMNS):
        plain: dict[str, Any] = {name: row[name] for name in ("id", "owner", "valid_from", "provenance")}
        plain["text"] = {"en": row["text_en"], "zh-Hant": row["text_zh"]}
        plain |= {"valid_to": row["valid_to"]} if row.get("valid_to") else {}
        values.append(read_record(plain, Value, where=place))
    return values


def _rows(data: bytes, where: str, columns: tuple[str, ...]) -> Iterator[tuple[dict[str, str], str]]:
    """Yield each row, its fields stripped, with its place."""
    try:
        rows = list(csv.DictReader(io.StringIO(_text(data, where), newline=""), strict=True))
    except csv.Error as error:
        raise DocumentError(f"not a CSV file: {error}", where=where, fix="check the quotation marks") from error
    for number, row in enumerate(rows, 2):
        place = f"{where}, row {number}"
        if None in row:
            raise FieldError(
                "more fields than columns", where=place, fix="put texts that hold a comma in quotation marks"
            )
        unknown = [name for name in row if name not in columns]
        lacking = [name for name in columns if name not in _OPTIONAL and not (row.get(name) or "").strip()]
        if unknown or lacking:
            found = f"column {unknown[0]!r}" if unknown else f"no {lacking[0]}"
            raise FieldError(found, where=place, expected=", ".join(columns))
        yield {name: (value or "").strip() for name, value in row.items()}, place


def read_markdown(data: bytes, where: str) -> Passage:
    """Read one passage: a head between lines of `---`, English text, then Chinese under a line `## 中文`."""
    start, _, rest = _text(data, where).lstrip().partition("\n")
    head, found, body = rest.partition("\n---")
    if start.strip() != "---" or not found:
        raise DocumentError(
            "no head between two lines of ---", where=where, fix="begin with id, owner, version, valid_from, title"
        )
    plain = read_yaml(head.encode(), where=where)
    if not isinstance(plain, dict):
        raise DocumentError("a head that is no mapping", where=where, expected="lines of name: value")
    english, _, chinese = body.partition(f"\n{_CHINESE}")
    plain = {"keys": {"en": "", "zh-Hant": ""}, **plain, "text": {"en": english.strip(), "zh-Hant": chinese.strip()}}
    return read_record(plain, Passage, where=where)


def _passage(row: dict[str, str], where: str) -> Passage:
    plain: dict[str, Any] = {
        name: row[name] for name in ("id", "topic", "owner", "version", "valid_from", "provenance")
    }
    for name in ("title", "text", "keys"):
        plain[name] = {"en": row.get(f"{name}_en", ""), "zh-Hant": row.get(f"{name}_zh", "")}
    plain |= {name: row[name] for name in ("valid_to", "supersedes") if row.get(name)}
    return read_record(plain, Passage, where=where)


def _text(data: bytes, where: str) -> str:
    if len(data) > FILE_BYTES_MAX:
        raise DocumentError("too large", where=where, expected=f"at most {FILE_BYTES_MAX:,} bytes")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DocumentError("not UTF-8", where=where, fix="save it as UTF-8") from error
