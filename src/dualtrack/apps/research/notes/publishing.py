"""Notes at the desk: written in versions, checked, and released: to clients by a qualified person who did not write them (24EC55, 18(b))."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.apps.research.notes.checking import Finding, check_note
from dualtrack.apps.research.notes.disclosures import Standing, standing_of
from dualtrack.apps.research.notes.note import Note
from dualtrack.apps.research.records import NOTE_KIND, RELEASE_KIND, NoteKept, NoteReleased
from dualtrack.apps.research.state import state
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import ConflictError, FieldError, ForbiddenError, NotFoundError
from dualtrack.runtime.lookup import contents_of
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sqlalchemy import Connection

    from dualtrack.apps.research.desk import Desk
    from dualtrack.store.entries import Receipt

__all__ = ["Written", "find_note", "keep_note", "notes", "release_note", "written"]

_RETENTION = "sfo-7y"
"""Research is a record of a licensed corporation's business."""


class Written(NamedTuple):
    """A note with its row, what keeps it from being published, and what the register says of it today."""

    note: Note
    row: Mapping[str, Any]
    findings: list[Finding]
    standing: Standing

    @property
    def may_go(self) -> bool:
        """Say whether nothing keeps it back."""
        return not self.findings and not self.standing.obstacles


def keep_note(desk: Desk, note: Note) -> int:
    """Keep a version of a note; return its number. Raises FieldError for one that could not be read again: a part is empty or too long.

    Raises ForbiddenError where another author's note has its id.
    """
    try:
        read_record(msgspec.json.decode(encode(note)), Note, where=f"note {note.id}")
    except FieldError as error:
        error.code = "research.note.length"
        raise
    rows = state(desk.register).rows("note", id=note.id)
    if rows and rows[0]["author"] != note.author:
        raise ForbiddenError(
            "another author's note has this id", where=f"note {note.id}", fix="choose another id", code="research.note.id-taken",
        )  # fmt: skip
    version = int(rows[0]["version"]) + 1 if rows else 1
    contents = desk.runtime.recorder(desk.institution).contents
    sealed = contents.seal(desk.settings.use, encode(note), _RETENTION)
    keys = contents.new_keys([sealed])
    record = NoteKept(
        note=note.id, version=version, digest=note.digest(), content=sealed.digest, author=note.author,
        audience=note.audience, at=desk.register.now(),
    )  # fmt: skip

    def beside(connection: Connection, _receipts: Sequence[Receipt]) -> None:
        contents.write(connection, [sealed], keys, record.at)

    desk.register.append_with([NewEntry(NOTE_KIND, desk.institution, desk.settings.use, encode(record))], beside)
    contents.written(keys)
    return version


def notes(desk: Desk) -> list[Mapping[str, Any]]:
    """Return the rows of all notes, by id."""
    return list(state(desk.register).rows("note"))


def find_note(desk: Desk, name: str) -> tuple[Note, Mapping[str, Any]]:
    """Return the newest version of a note, and its row; raises NotFoundError."""
    rows = state(desk.register).rows("note", id=name)
    if not rows:
        raise NotFoundError("no such note", where="note", fix="choose one from the list")
    content = contents_of(desk.register).open(rows[0]["content"])
    return read_record(msgspec.json.decode(content), Note, where=f"note {name}"), rows[0]


def written(desk: Desk, name: str) -> Written:
    """Return a note with all that is to be said of it today."""
    note, row = find_note(desk, name)
    today = hong_kong_date(desk.runtime.clock())
    return Written(note, row, check_note(note, desk.sources(note)), standing_of(note, desk.interests(), on=today))


def release_note(desk: Desk, name: str, *, by: str, digest: str) -> NoteReleased:
    """Release the newest version of a note, which `digest` must name: who releases has read that one.

    Raises ConflictError for another version, a claim without support, or a quiet period; ForbiddenError for who may not release it.
    """
    found = written(desk, name)
    if found.row["digest"] != digest:
        raise ConflictError(
            "the note was changed since it was read",
            where=f"note {name}",
            fix="read it again",
            code="research.note.changed",
        )
    if found.findings:
        first = found.findings[0]
        raise ConflictError(
            f"{len(found.findings)} findings, the first: {first.said.en} ({first.shown})", where=f"note {name}, sentence {first.sentence}",
            fix="support each claim, or take it out", code="research.unsupported",
        )  # fmt: skip
    if found.standing.obstacles:
        first_day = found.standing.obstacles[0]
        raise ConflictError(
            first_day.says.en, where=f"note {name}, {first_day.issuer} ({first_day.cites})", fix=f"not before {first_day.until} has passed",
            code="research.quiet",
        )  # fmt: skip
    if found.note.audience == "clients":
        if by not in desk.settings.qualified:
            raise ForbiddenError(
                "not a qualified person", where=f"note {name}", expected=", ".join(desk.settings.qualified) or "somebody in research.yaml",
                fix="ask one of them to read and release it", code="research.not-qualified",
            )  # fmt: skip
        if by == found.note.author:
            raise ForbiddenError(
                "its author",
                where=f"note {name}",
                fix="another qualified person reads and releases it",
                code="research.own-note",
            )
    record = NoteReleased(
        note=name, version=int(found.row["version"]), digest=digest, by=by, audience=found.note.audience,
        disclosures=[f"{text.en} {text.zh}" for text in found.standing.disclosures], at=desk.register.now(),
    )  # fmt: skip
    desk.register.append_plain([(RELEASE_KIND, desk.settings.use, encode(record))])
    return record
