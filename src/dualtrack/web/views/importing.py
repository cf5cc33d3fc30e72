"""A spreadsheet on its way in: kept in the workspace until it is confirmed, read with the mapping that people confirmed."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, encode
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.intake.drafts import drafts
from dualtrack.intake.lexicon import columns
from dualtrack.intake.report import gap_report
from dualtrack.keys.files import FILE_MODE, make_folder, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.intake.result import GapReport
    from dualtrack.store.workspace import Workspace

__all__ = [
    "FILES_KEPT_MAX",
    "FILE_BYTES_MAX",
    "Choices",
    "draft_of",
    "field_names",
    "keep_choices",
    "keep_file",
    "read_choices",
    "read_report",
]

FILE_BYTES_MAX = 10 << 20
"""Bytes of a spreadsheet that is taken in: an inventory of thousands of rows has one or two megabytes."""

FILES_KEPT_MAX = 20
"""Spreadsheets waiting in the workspace; the oldest goes when another comes."""

_ANY_DAY = date(2026, 1, 1)
"""A draft does not depend on the day of its report."""

_KEPT = re.compile(r"[0-9a-f]{64}\.(xlsx|xls|ods|csv|tsv|txt)")
_SUFFIX = re.compile(r"\.(xlsx|xls|ods|csv|tsv|txt)\Z", re.IGNORECASE)


class Choices(Record, frozen=True):
    """What a person confirmed of a file: its own name, sheet, sector, and the column of each field."""

    name: str
    sector: str
    mapping: dict[str, str] = {}
    sheet: str | None = None


def keep_file(workspace: Workspace, institution: str, name: str, data: bytes) -> str:
    """Keep a spreadsheet and return the name under which it is found again; raises FieldError for what is none."""
    suffix = _SUFFIX.search(name)
    if suffix is None:
        raise FieldError(
            f"a file {name[-20:]!r}", where="import, field file", expected="xlsx, xls, ods, csv, tsv or txt"
        )
    if not 0 < len(data) <= FILE_BYTES_MAX:
        raise FieldError(f"{len(data):,} bytes", where="import, field file", expected=f"1 to {FILE_BYTES_MAX:,}")
    folder = _folder(workspace, institution)
    if not folder.is_dir():
        make_folder(folder)
    kept = f"{hashlib.sha256(data).hexdigest()}{suffix[0].lower()}"
    replace_file(folder / kept, data, mode=FILE_MODE)
    waiting = sorted(
        (path for path in folder.iterdir() if _KEPT.fullmatch(path.name)), key=lambda path: path.stat().st_mtime
    )
    for old in waiting[:-FILES_KEPT_MAX]:
        old.unlink(missing_ok=True)
        old.with_suffix(".json").unlink(missing_ok=True)
    return kept


def keep_choices(workspace: Workspace, institution: str, kept: str, choices: Choices) -> None:
    """Keep what was confirmed beside the file."""
    replace_file(_path(workspace, institution, kept).with_suffix(".json"), encode(choices), mode=FILE_MODE)


def read_choices(workspace: Workspace, institution: str, kept: str) -> Choices:
    """Return what was confirmed of a file; raises NotFoundError."""
    path = _path(workspace, institution, kept).with_suffix(".json")
    if not path.is_file():
        raise _gone()
    return msgspec.json.decode(path.read_bytes(), type=Choices)


def read_report(workspace: Workspace, institution: str, kept: str, choices: Choices, at: date) -> GapReport:
    """Read the file with its mapping. The report names it as its owner did."""
    path = _path(workspace, institution, kept)
    if not path.is_file():
        raise _gone()
    report = gap_report(path, at=at, sheet=choices.sheet, mapping=choices.mapping or None)
    return msgspec.structs.replace(report, file=choices.name)


def draft_of(workspace: Workspace, institution: str, kept: str, slug: str) -> str:
    """Return the draft declaration of a row of a file that was confirmed; raises NotFoundError."""
    choices = read_choices(workspace, institution, kept)
    report = read_report(workspace, institution, kept, choices, _ANY_DAY)
    found = next((item for item in drafts(report, institution, choices.sector) if item.slug == slug), None)
    if found is None:
        raise NotFoundError("no such row", where="draft", fix="look at the import again")
    read_yaml(found.text.encode(), where="draft")
    return found.text


def field_names() -> dict[str, object]:
    """Return the fields that a column can be, with their labels."""
    return {name: spec.label for name, spec in columns().fields.items()}


def _folder(workspace: Workspace, institution: str) -> Path:
    return workspace.path(f"imports-{institution}")


def _path(workspace: Workspace, institution: str, kept: str) -> Path:
    if not _KEPT.fullmatch(kept):
        raise _gone()
    return _folder(workspace, institution) / kept


def _gone() -> NotFoundError:
    return NotFoundError("this file is not kept here any more", where="import", fix="send the spreadsheet again")
