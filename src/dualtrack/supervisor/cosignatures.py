"""A firm takes in cosignature lines: only those of witnesses it lists, over a head of its own, and only if they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import NoteError
from dualtrack.ledger.cosign import verify_cosignatures
from dualtrack.ledger.note import NOTE_BYTES_MAX, Note, parse_note, parse_signature_line
from dualtrack.store.cosignatures import import_cosignatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.keys.vkey import VerifierKey
    from dualtrack.ledger.note import NoteSignature
    from dualtrack.store.repository import Repository

__all__ = ["HEADS_TRIED_MAX", "Imported", "read_lines", "take_cosignatures"]

HEADS_TRIED_MAX = 1_000
"""Newest heads that a line without its note is tried against: a witness answers within days, not years."""


class Imported(NamedTuple):
    """A cosignature that holds: whose, at what time, over the head of which size, and whether it was new here."""

    witness: str
    time_s: int
    size: int
    new: bool


def read_lines(data: bytes) -> list[NoteSignature]:
    """Return the signature lines of a file of lines, or of a whole note; raises NoteError."""
    if len(data) > NOTE_BYTES_MAX:
        raise NoteError(f"{len(data)} bytes", where="cosignatures", expected=f"at most {NOTE_BYTES_MAX}")
    if b"\n\n" in data:
        return list(parse_note(data).signatures)
    text = data.decode("utf-8", errors="replace")
    lines = [parse_signature_line(line) for line in text.splitlines() if line]
    if not lines:
        raise NoteError("no line", where="cosignatures", expected="lines that begin with an em dash")
    return lines


def take_cosignatures(
    repository: Repository, witnesses: Sequence[VerifierKey], lines: Sequence[NoteSignature]
) -> list[Imported]:
    """Keep the lines of listed witnesses; raises NoteError if none is, or one holds over no head of this ledger.

    Nothing is kept unless every line of a listed witness holds.
    """
    known = {(key.name, key.key_hash): key for key in witnesses}
    mine = [line for line in lines if (line.name, line.key_hash) in known]
    if not mine:
        raise NoteError(
            "no line of a listed witness",
            where=", ".join(sorted({line.name[:80] for line in lines})),
            expected=", ".join(sorted(key.name for key in witnesses)) or "a witness; none is listed",
            fix="`dualtrack ledger witness --add VKEY`, with the key from the witness by another way",
        )
    held = [(line, *_head_of(repository, line, known[line.name, line.key_hash])) for line in mine]
    found = []
    for line, size, time_s in held:
        new = import_cosignatures(repository, size, [line])
        found.append(Imported(line.name, time_s, size, bool(new)))
    return found


def _head_of(repository: Repository, line: NoteSignature, key: VerifierKey) -> tuple[int, int]:
    """Return size and time of the newest head that the line is over."""
    for head in repository.newest_heads(HEADS_TRIED_MAX):
        note = Note(text=parse_note(head.note).text, signatures=(line,))
        try:
            found = verify_cosignatures(note, [key])
        except NoteError:
            continue
        if found:
            return head.size, found[0].time_s
    raise NoteError(
        "the line holds over no head of this ledger",
        where=line.name,
        expected=f"a cosignature over one of the newest {HEADS_TRIED_MAX} heads",
        fix="send a new request: `dualtrack ledger request`",
        code="ledger.note-signature",
    )
