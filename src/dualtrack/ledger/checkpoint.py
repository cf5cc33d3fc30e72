"""Checkpoints (C2SP tlog-checkpoint): the signed head of a log.

Three lines, origin, size and root, then extension lines if any. The log's key name is its origin: C2SP recommends it,
this house requires it, so that one log's key never speaks for another log.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from dualtrack.errors import NoteError
from dualtrack.keys.b64 import b64_decode, b64_encode
from dualtrack.ledger.merkle import EMPTY_ROOT, HASH_BYTES, TREE_SIZE_MAX
from dualtrack.ledger.note import Note, parse_note, sign_text, verify_note

if TYPE_CHECKING:
    from dualtrack.keys.signer import Signer
    from dualtrack.keys.vkey import VerifierKey

__all__ = [
    "EXTENSION_LINES_MAX",
    "Checkpoint",
    "OpenedCheckpoint",
    "check_empty",
    "open_checkpoint",
    "parse_size",
    "sign_checkpoint",
]

EXTENSION_LINES_MAX = 16
"""Most extension lines; C2SP advises against any, and nothing here reads them."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The head of a log: origin, number of leaves, root (32 bytes), extension lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a note; raises NoteError unless it is exactly what `text` would write."""
        lines = text.split("\n")
        if len(lines) < len(("origin", "size", "root", "after the last newline")) or lines.pop():
            raise _malformed("has not three lines that end in a newline")
        origin, size_text, root_text, *extensions = lines
        if not all(lines):
            raise _malformed("has an empty line")
        if len(extensions) > EXTENSION_LINES_MAX:
            raise _malformed(f"has {len(extensions)} extension lines, more than {EXTENSION_LINES_MAX}")
        size = parse_size(size_text)
        if size is None:
            raise _malformed(
                f"has the size {size_text[:40]!r}, which is no decimal without leading zeros up to 2^63 - 1"
            )
        root = b64_decode(root_text)
        if root is None or len(root) != HASH_BYTES:
            raise _malformed("has a root that is not 32 bytes in Base 64")
        return cls(origin=origin, size=size, root=root, extensions=tuple(extensions))

    def text(self) -> str:
        """Return the text that is signed, each line with its newline."""
        lines = (self.origin, str(self.size), b64_encode(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


class OpenedCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint whose log signature holds, with the note that carried it (cosignatures are still to be checked)."""

    checkpoint: Checkpoint
    note: Note


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """Return the signed note of a head, with its origin as key name; raises NoteError if it is not a legal head."""
    text = checkpoint.text()
    if Checkpoint.parse(text) != checkpoint:
        raise _malformed("would not be read back as it was written")
    check_empty(checkpoint)
    return Note(text=text, signatures=(sign_text(text, checkpoint.origin, signer),)).encode()


def open_checkpoint(data: bytes, key: VerifierKey) -> OpenedCheckpoint:
    """Read a note and check that this log's key signed it as its head; raises NoteError."""
    note = parse_note(data)
    verify_note(note, [key])
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != key.name:
        raise NoteError(
            f"the head is of {checkpoint.origin!r}",
            expected=f"the log {key.name!r}, whose key signed it",
            code="ledger.note-origin",
        )
    check_empty(checkpoint)
    return OpenedCheckpoint(checkpoint=checkpoint, note=note)


def check_empty(checkpoint: Checkpoint) -> None:
    """Raise NoteError for a head of size zero whose root is not that of the empty tree (RFC 6962, section 2.1)."""
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise NoteError("the head of an empty log has another root", code="ledger.note-empty-root")


def parse_size(text: str) -> int | None:
    """Return a tree size written in decimal without leading zeros, or None."""
    size = int(text) if _DECIMAL.fullmatch(text) else -1
    return size if 0 <= size <= TREE_SIZE_MAX else None


def _malformed(problem: str) -> NoteError:
    return NoteError(f"the checkpoint {problem}", expected="a C2SP checkpoint", code="ledger.note-malformed")
