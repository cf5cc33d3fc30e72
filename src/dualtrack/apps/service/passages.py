"""Approved passages from the files that an operator keeps: one CSV, one YAML corpus, or a folder of Markdown files.

A Markdown file is one passage: a head between two lines of `---` (id, topic, owner, version, valid_from and so on, title in both
languages), then the English text and, under a line `## 中文`, the Chinese one. Nothing is taken in that lacks owner, version or dates.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Text, read_record
from dualtrack.errors import DocumentError, FieldError, PathError
from dualtrack.runtime.passages.corpus import CORPUS_FORMAT, Corpus, Passage, check_corpus

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILE_BYTES_MAX", "load_passages"]

FILE_BYTES_MAX = 8_000_000
"""Bytes of one file: 2,000 passages of the longest kind."""

_CHINESE = "## 中文"
_COLUMNS = (
    "id", "topic", "owner", "version", "valid_from", "valid_to", "supersedes", "title_en", "title_zh", "text_en", "text_zh", "keys_en",
    "keys_zh", "provenance",
)  # fmt: skip
_OPTIONAL = frozenset({"valid_to", "supersedes", "keys_en", "keys_zh"})


def load_passages(path: Path, *, use: str = "my-firm/service") -> Corpus:
    """Read passages; raises PathError, DocumentError or FieldError naming file, row and field. Nothing is half taken in."""
    if path.is_dir():
        files = sorted(path.glob("*.md"))
        if not files:
            raise PathError("no Markdown file", where=str(path), fix="one passage a file, ending in .md")
        corpus = _corpus(use, [_markdown(_text(file), file.name) for file in files])
    elif path.suffix.lower() == ".csv":
        corpus = _corpus(use, _rows(_text(path), path.name))
    elif path.suffix.lower() in {".yaml", ".yml"}:
        corpus = read_record(read_yaml(_text(path).encode(), where=path.name), Corpus, where=path.name)
    else:
        raise PathError(
            f"{path.suffix or 'no ending'}", where=str(path), expected=".csv, .yaml, or a folder of .md files"
        )
    check_corpus(corpus, where=path.name)
    return corpus


def _corpus(use: str, passages: list[Passage]) -> Corpus:
    return Corpus(format=CORPUS_FORMAT, use=use, firm=Text(en=use, zh=use), passages=passages)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise DocumentError("too large", where=path.name, expected=f"at most {FILE_BYTES_MAX:,} bytes")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError("not UTF-8", where=path.name, fix="save it as UTF-8") from error
    except OSError as error:
        raise PathError(f"cannot be read: {error.strerror}", where=str(path), fix="check the path") from error


def _rows(text: str, where: str) -> list[Passage]:
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise DocumentError(f"not a CSV file: {error}", where=where, fix="check the quotation marks") from error
    passages = []
    for number, row in enumerate(rows, 2):
        place = f"{where}, row {number}"
        if None in row:
            raise FieldError(
                "more fields than columns", where=place, fix="put texts that hold a comma in quotation marks"
            )
        unknown = [name for name in row if name not in _COLUMNS]
        lacking = [name for name in _COLUMNS if name not in _OPTIONAL and not (row.get(name) or "").strip()]
        if unknown or lacking:
            found = f"column {unknown[0]!r}" if unknown else f"no {lacking[0]}"
            raise FieldError(found, where=place, expected=", ".join(_COLUMNS))
        passages.append(_passage({name: (value or "").strip() for name, value in row.items()}, place))
    return passages


def _passage(row: dict[str, str], where: str) -> Passage:
    plain: dict[str, Any] = {
        name: row[name] for name in ("id", "topic", "owner", "version", "valid_from", "provenance")
    }
    for name in ("title", "text", "keys"):
        plain[name] = {"en": row.get(f"{name}_en", ""), "zh-Hant": row.get(f"{name}_zh", "")}
    plain |= {name: row[name] for name in ("valid_to", "supersedes") if row.get(name)}
    return read_record(plain, Passage, where=where)


def _markdown(text: str, where: str) -> Passage:
    start, _, rest = text.lstrip().partition("\n")
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
