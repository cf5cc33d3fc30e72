"""Read a file of an issuer into a document: its first bytes tell what it is, not its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.refusals import refused
from dualtrack.apps.research.documents.limits import BYTES_MAX
from dualtrack.apps.research.documents.pdf import read_pdf
from dualtrack.apps.research.documents.spreadsheet import read_spreadsheet
from dualtrack.apps.research.documents.statements import document_facts
from dualtrack.errors import PathError

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.apps.research.documents.facts import Fact
    from dualtrack.apps.research.documents.model import About, Document

__all__ = ["load_document", "read_file"]

_HEAD = 4_096
"""Bytes looked at to tell a tagged report: its root stands there."""


def read_file(path: Path, name: str) -> bytes:
    """Return the bytes of a file, which is called `name`; raises DocumentError for one that is too large, PathError."""
    try:
        if path.stat().st_size > BYTES_MAX:
            raise refused(
                f"{path.stat().st_size:,} bytes",
                name,
                expected=f"at most {BYTES_MAX:,}",
                fix="split it",
                code="too-much",
            )
        return path.read_bytes()
    except OSError as error:
        raise PathError(f"cannot be read: {error.strerror or error}", where=str(path), fix="check the name") from error


def load_document(path: Path, about: About) -> tuple[Document, tuple[Fact, ...]]:
    """Return a file as a document and its facts; raises DocumentError, WorkbookError or PathError."""
    data = read_file(path, about.name)
    head = data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<"):
        from dualtrack.apps.research.documents.xbrl import read_xbrl  # noqa: PLC0415 - needs lxml

        return read_xbrl(data, about)
    name = path.suffix.lower()
    if name != ".pdf" and b"%PDF-" not in data[:1024] and (name in _TABLES or data.startswith((b"PK", b"\xd0\xcf"))):
        document = read_spreadsheet(path, about)
    else:
        document = read_pdf(data, about)
    return document, document_facts(document)


_TABLES = frozenset({".csv", ".tsv", ".xlsx", ".xls", ".ods"})
