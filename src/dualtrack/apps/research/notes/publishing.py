"""Notes at the desk: written in versions, checked, and released: to clients by a qualified person who did not write them (24EC55, 18(b))."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.apps.research.notes.checking import Finding, check_note
from dualtrack.apps.research.notes.disclosures import Standing, dealing_free_from, deals_too_early, standing_of
from dualtrack.apps.research.notes.note import Note
from dualtrack.apps.research.records import NOTE_KIND, RELEASE_KIND, NoteKept, NoteReleased
from dualtrack.apps.research.state import state
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.errors import ConflictError, FieldError, ForbiddenError, NotFoundError
from dualtrack.runtime.lookup import contents_of
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from typing import Any

    from sqlalchemy import Connection

    from dualtrack.apps.research.desk import Desk
    from dualtrack.apps.research.notes.disclosures import Interest
    from dualtrack.store.entries import Receipt

__all__ = ["Written", "early_dealings", "find_note", "free_from", "keep_note", "notes", "release_note", "written"]

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
    findings = check_note(note, desk.sources(note), desk.figures(note))
    return Written(note, row, findings, standing_of(note, desk.interests(), on=today))


def release_note(desk: Desk, name: str, *, by: str, digest: str) -> NoteReleased:
    """Release the newest version of a note, which `digest` must name: who releases has read that one.

    Raises RefusedError while the desk's use is not open; ConflictError for another version, a claim without support, or a quiet period;
    ForbiddenError for who may not release it.
    """
    found = written(desk, name)
    _check_ready(found, name, digest)
    if found.note.audience == "clients":
        _check_releaser(desk, found.note, by)
    desk.runtime.gate.enter(desk.settings.use)
    contents = desk.runtime.recorder(desk.institution).contents
    said = [f"{text.en} {text.zh}" for text in found.standing.disclosures]
    sealed = contents.seal(desk.settings.use, msgspec.json.encode(said), _RETENTION)
    keys = contents.new_keys([sealed])
    free_from = dealing_free_from(hong_kong_date(desk.runtime.clock()))
    record = NoteReleased(
        note=name, version=int(found.row["version"]), digest=digest, by=by, audience=found.note.audience,
        disclosures=[f"{text.en} {text.zh}" for text in found.standing.without_names], at=desk.register.now(),
        disclosed=sealed.digest, free_from=str(free_from),
    )  # fmt: skip

    def beside(connection: Connection, _receipts: Sequence[Receipt]) -> None:
        contents.write(connection, [sealed], keys, record.at)

    desk.register.append_with([NewEntry(RELEASE_KIND, desk.institution, desk.settings.use, encode(record))], beside)
    contents.written(keys)
    return record


def _check_ready(found: Written, name: str, digest: str) -> None:
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


def _check_releaser(desk: Desk, note: Note, by: str) -> None:
    if by not in desk.settings.qualified:
        raise ForbiddenError(
            "not a qualified person", where=f"note {note.id}", expected=", ".join(desk.settings.qualified) or "somebody in research.yaml",
            fix="ask one of them to read and release it", code="research.not-qualified",
        )  # fmt: skip
    if by == note.author:
        raise ForbiddenError(
            "its author",
            where=f"note {note.id}",
            fix="another qualified person reads and releases it",
            code="research.own-note",
        )


def free_from(row: Mapping[str, Any]) -> date | None:
    """Return the first day on which the author of a note may deal in its issuers again; None for one that is not released."""
    return None if row["released_at"] is None else dealing_free_from(_released_on(row))


def _released_on(row: Mapping[str, Any]) -> date:
    return hong_kong_date(parse_instant(row["released_at"]))


def early_dealings(desk: Desk) -> list[tuple[str, Interest, date]]:
    """Return dealings of the register by a note's author in its issuers too soon after its release: the note, the entry, the day that was free."""
    dealings = [each for each in desk.interests() if each.kind == "analyst dealing"]
    found = []
    for row in notes(desk) if dealings else []:
        if row["released_at"] is None:
            continue
        note, _ = find_note(desk, row["id"])
        day = _released_on(row)
        found += [(note.id, each, dealing_free_from(day)) for each in dealings if deals_too_early(note, day, each)]
    return found
