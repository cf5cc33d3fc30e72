"""The ledger in rows: heads with the witnesses who co-signed, counts by kind, entries, and one entry with its content."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from sqlalchemy import func, select

from dualtrack.apps.registry import applications
from dualtrack.domain import canonical
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import Text, read_record
from dualtrack.domain.time import format_instant
from dualtrack.errors import DualtrackError, NotFoundError
from dualtrack.keys import dsse
from dualtrack.ledger.checkpoint import open_checkpoint
from dualtrack.ledger.merkle import leaf_hash
from dualtrack.runtime.proofs import prove_entry
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from dualtrack.keys.vkey import VerifierKey
    from dualtrack.runtime.proofs import EntryProof
    from dualtrack.store.register import Register
    from dualtrack.web.views.wording import Say

__all__ = [
    "ENTRIES_SHOWN",
    "HEADS_SHOWN",
    "TEXT_CHARACTERS_MAX",
    "EntryRow",
    "EntryView",
    "HeadRow",
    "WitnessRow",
    "entry_rows",
    "entry_view",
    "head_rows",
    "kind_counts",
    "kind_name",
    "witness_rows",
]

HEADS_SHOWN, ENTRIES_SHOWN = 5, 50
"""Newest heads, and entries of a page."""

TEXT_CHARACTERS_MAX = 60_000
"""Characters of an entry's content printed on a page; the download has it whole."""


@cache
def _kind_words() -> dict[str, Text]:
    name = "entry_kinds.yaml"
    found = (resources.files("dualtrack.web.views") / name).read_bytes()
    ours = read_record(read_yaml(found, where=name), dict[str, Text], where=name)
    of_apps = {
        kind.partition("/")[0]: item.said for app in applications().values() for kind, item in app.entry_kinds.items()
    }
    return of_apps | ours


def kind_name(kind: str, say: Say) -> str:
    """Return what an entry of a kind is, in words; a kind that is not in the list keeps its own name."""
    known = _kind_words().get(kind.partition("/")[0])
    return say.text(known) if known else kind


class HeadRow(NamedTuple):
    """A signed head: size, root, and which witnesses co-signed it."""

    size: int
    root: str
    witnesses: list[str]


class WitnessRow(NamedTuple):
    """A witness that the institution lists, and the newest head that it co-signed; 0 is none."""

    name: str
    size: int
    when: str
    behind: int


class EntryRow(NamedTuple):
    """An entry in a list."""

    number: int
    kind: str
    about: str
    when: str


class EntryView(NamedTuple):
    """One entry. `content` is None where it was erased, and `erased` then says when and why."""

    number: int
    kind: str
    about: str
    recorded_at: str
    commitment: str
    leaf_hash: str
    content: str | None
    cut: bool
    erased: tuple[str, str] | None
    signers: list[tuple[str, str]]
    proof: EntryProof | None


def head_rows(register: Register, key: VerifierKey | None) -> list[HeadRow]:
    """Return the newest heads. A head whose signature does not hold has no root: the verification says more."""
    repository = register.repository
    heads = repository.newest_heads(HEADS_SHOWN)
    table = repository.tables.cosignature
    sizes = [head.size for head in heads]
    query = select(table.c.size, table.c.witness).where(table.c.ledger == repository.ledger, table.c.size.in_(sizes))
    signed: dict[int, set[str]] = {}
    with repository.backend.read() as connection:
        for size, witness in connection.execute(query):
            signed.setdefault(size, set()).add(witness)
    return [HeadRow(head.size, _root(head.note, key), sorted(signed.get(head.size, ()))) for head in heads]


def witness_rows(register: Register, keys: list[VerifierKey], say: Say) -> list[WitnessRow]:
    """Return the listed witnesses with the newest head that each co-signed."""
    repository = register.repository
    table, size = repository.tables.cosignature, repository.size()
    query = select(table.c.witness, func.max(table.c.size), func.max(table.c.time_s)).where(
        table.c.ledger == repository.ledger
    )
    with repository.backend.read() as connection:
        rows = connection.execute(query.group_by(table.c.witness)).all()
    found = {name: (int(newest), int(time_s)) for name, newest, time_s in rows}
    result = []
    for key in keys:
        newest, time_s = found.get(key.name, (0, 0))
        when = say.moment(format_instant(datetime.fromtimestamp(time_s, UTC))) if newest else say("never", "從未")
        result.append(WitnessRow(key.name, newest, when, size - newest))
    return result


def kind_counts(register: Register) -> list[tuple[str, int]]:
    """Return how many entries there are of each kind, most first."""
    entry = register.repository.tables.entry
    query = select(entry.c.kind, func.count()).where(entry.c.ledger == register.repository.ledger)
    with register.repository.backend.read() as connection:
        rows = connection.execute(query.group_by(entry.c.kind)).all()
    return sorted(((kind, int(n)) for kind, n in rows), key=lambda item: (-item[1], item[0]))


def entry_rows(register: Register, *, kind: str = "", before: int | None = None, say: Say) -> list[EntryRow]:
    """Return the newest entries before an index, one more than a page shows."""
    entry = register.repository.tables.entry
    wanted = [entry.c.ledger == register.repository.ledger]
    if kind:
        wanted.append(entry.c.kind == kind)
    if before is not None:
        wanted.append(entry.c.idx < before)
    query = select(entry.c.idx, entry.c.kind, entry.c.subject_id, entry.c.recorded_at).where(*wanted)
    with register.repository.backend.read() as connection:
        rows = connection.execute(query.order_by(entry.c.idx.desc()).limit(ENTRIES_SHOWN + 1)).all()
    return [EntryRow(row[0], row[1], row[2], say.moment(row[3])) for row in rows]


def entry_view(register: Register, index: int) -> EntryView:
    """Return one entry; raises NotFoundError where there is none."""
    found = register.repository.entries(start=index, end=index + 1)
    if not found:
        last = register.repository.size() - 1
        raise NotFoundError(f"no entry {index}", where=register.repository.ledger, expected=f"0 to {last}")
    entry, leaf = found[0], found[0].parsed
    same = (entry.index, leaf.kind, leaf.id, leaf.recorded_at, leaf.commitment, leaf_hash(entry.leaf).hex())
    if not isinstance(entry, Entry):
        erased = (entry.erasure.erased_at, entry.erasure.reason)
        return EntryView(*same, content=None, cut=False, erased=erased, signers=[], proof=None)
    text, signers = _content(register, entry)
    return EntryView(
        *same,
        content=text[:TEXT_CHARACTERS_MAX],
        cut=len(text) > TEXT_CHARACTERS_MAX,
        erased=None,
        signers=signers,
        proof=prove_entry(register.repository, entry),
    )


def _content(register: Register, entry: Entry) -> tuple[str, list[tuple[str, str]]]:
    """Return the content as people read JSON, and who signed it: of an envelope the payload is shown."""
    plain = canonical.decode(entry.content, where=f"entry {entry.index}")
    if not (isinstance(plain, dict) and set(plain) == {"payload", "payloadType", "signatures"}):
        return _pretty(entry.content), []
    envelope = dsse.parse(entry.content)
    holders = {row["keyid"]: row["holder"] for row in Projections(register.repository).rows("key")}
    signers = [(holders.get(item.keyid, "–"), item.keyid) for item in envelope.signatures]
    return _pretty(envelope.payload), signers


def _pretty(data: bytes) -> str:
    return msgspec.json.format(data, indent=2).decode()


def _root(note: bytes, key: VerifierKey | None) -> str:
    if key is None:
        return "–"
    try:
        return open_checkpoint(note, key).checkpoint.root.hex()
    except DualtrackError:
        return "?"
