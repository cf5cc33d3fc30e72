"""A test firm's verdict as a bundle with its anchors: a log in memory, a head signed by a test key, one witness."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from typing import NamedTuple

from firm import FIRM, USE, known_key

from dualtrack.domain import canonical
from dualtrack.domain.entry import leaf_bytes, make_entry
from dualtrack.domain.records import encode
from dualtrack.domain.time import parse_instant
from dualtrack.keys.vkey import NoteKeyType, VerifierKey
from dualtrack.ledger.checkpoint import Checkpoint, sign_checkpoint
from dualtrack.ledger.cosign import cosign
from dualtrack.ledger.merkle import inclusion_proof, leaf_hash, node_hash
from dualtrack.ledger.note import parse_note
from dualtrack.ledger.tiles import Frontier
from dualtrack.permit.assess import conclude, issue, prepare
from dualtrack.permit.bundle import build_bundle

WITNESS = "witness.test/one"


class Sealed(NamedTuple):
    """A bundle, the anchors that trust it, and what was computed here."""

    bundle: bytes
    anchors: bytes
    assessment: bytes
    permit: bytes | None


def origin() -> str:
    return f"dualtrack.local/{FIRM}/main"


def appended(entries, kind, subject, content, at):
    """Return the entries with a computed record at the end."""
    index = entries[-1].index + 1
    salt = hashlib.sha256(f"sealed {index}".encode()).digest()
    return [*entries, make_entry(index, leaf_bytes(kind, FIRM, subject, at, salt, content), salt, content)]


def seal(firm, at: str, *, use: str | None = USE, release: str | None = None) -> Sealed:
    """Assess as the register does, record, sign the head, have it witnessed, and bundle."""
    wanted = (release or firm.release_digest) if use else None
    given = [entry for entry in firm.entries if entry.parsed.id in {FIRM, use}]
    case = prepare(given, firm.packs, institution=FIRM, use=use, release=wanted, at=at)
    assessment = conclude(case)
    found = case.found.release
    permit = issue(assessment, found.release.policy.durability if found else "durable")
    subject = use or FIRM
    log = appended(firm.entries, "assessment/1", subject, encode(assessment), at)
    verdict = log[-1]
    if permit is not None:
        log = appended(log, "permit/1", subject, encode(permit), at)
    permit_entry = log[-1] if permit else None
    bundle = build_bundle(
        given,
        firm.packs,
        assessment=verdict,
        permit=permit_entry,
        checkpoint=head(log, at),
        prove=prover(log),
    )
    return Sealed(bundle, anchors(), verdict.content, permit_entry.content if permit_entry else None)


def head(entries, at: str) -> bytes:
    """Return the signed and witnessed head of a log whose entries have the indices 0, 1, 2..."""
    frontier = Frontier()
    frontier.extend(leaf_hash(entry.leaf) for entry in entries)
    signed = sign_checkpoint(Checkpoint(origin=origin(), size=frontier.size, root=frontier.root()), known_key("log"))
    note = parse_note(signed)
    mark = cosign(note.text, WITNESS, known_key("witness"), int(parse_instant(at).timestamp()) + 60)
    return note.with_signatures([mark]).encode()


def prover(entries):
    """Return the function that proves an index in the tree of all entries."""
    leaves = [leaf_hash(entry.leaf) for entry in entries]

    @cache
    def read(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))

    return lambda index: inclusion_proof(index, len(leaves), read)


def anchors(quorum: int = 1) -> bytes:
    """Return the anchors of the test firm."""
    return json.dumps(
        {
            "format": "dualtrack.anchors/1",
            "institutions": {
                FIRM: {
                    "root_key": base64.b64encode(known_key("root").public_key).decode(),
                    "log": VerifierKey.of(origin(), known_key("log").public_key).format(),
                    "witnesses": [
                        VerifierKey.of(WITNESS, known_key("witness").public_key, NoteKeyType.COSIGNATURE).format()
                    ],
                    "quorum": quorum,
                }
            },
        }
    ).encode()


def difference(mine: bytes, theirs: object) -> dict[str, object]:
    """Return the members in which two assessments differ, for a failing test to print."""
    plain = canonical.decode(mine)
    names = sorted({*plain, *theirs})
    return {name: (plain.get(name), theirs.get(name)) for name in names if plain.get(name) != theirs.get(name)}
