"""A small world for the store's tests: a workspace with one institution, its keys, entries of every kind."""

from __future__ import annotations

import itertools
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dualtrack.domain import canonical
from dualtrack.domain.records import encode
from dualtrack.keys import dsse
from dualtrack.keys.b64 import b64_encode
from dualtrack.keys.signer import FileSigner
from dualtrack.keys.vkey import VerifierKey
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.entries import NewEntry
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace

FIRM = "harbour"
USE = "harbour/credit"
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class World:
    """A workspace on one database; `open` gives its store. The clock moves on by a second each time it is read."""

    def __init__(self, folder: Path, url: str, restricted_url: str | None = None, *, name: str = "work") -> None:
        self.log = FileSigner.generate("log")
        self.restricted_log = FileSigner.generate("restricted")
        logs = {
            "main": VerifierKey.of(ledger_origin(FIRM), self.log.public_key).format(),
            "restricted": VerifierKey.of(ledger_origin(FIRM, "restricted"), self.restricted_log.public_key).format(),
        }
        listed = InstitutionConfig(id=FIRM, logs=logs)
        self.workspace = Workspace.create(
            folder / name, database=url, restricted_database=restricted_url, institutions=(listed,)
        )
        self._seconds = itertools.count()
        for signer in (self.log, self.restricted_log):
            signer.save(self.workspace.key_folder / f"{signer.name}.pem")

    def __reduce__(self):
        """Travel to another process as a path: signers refuse to be copied."""
        return _reopened, (str(self.workspace.root),)

    def clock(self) -> datetime:
        return START + timedelta(seconds=next(self._seconds))

    def open(self, compartment="main", *, wait_s: float = 10.0) -> Store:
        return Store.open(self.workspace, compartment, wait_s=wait_s)

    def writer(self, store: Store):
        return store.writer(FIRM, self.log if store.compartment == "main" else self.restricted_log, self.clock)

    @property
    def key(self) -> VerifierKey:
        return VerifierKey.of(ledger_origin(FIRM), self.log.public_key)


def _reopened(root: str) -> World:
    world = World.__new__(World)
    world.workspace = Workspace.open(Path(root))
    keys = world.workspace.key_folder
    world.log, world.restricted_log = (FileSigner.load(keys / f"{name}.pem") for name in ("log", "restricted"))
    world._seconds = itertools.count()
    return world


def plain(count: int, tag: str = "x") -> list[NewEntry]:
    """Entries of a kind that nobody projects."""
    return [NewEntry("remark/1", FIRM, USE, f"{tag} {number} 內容".encode()) for number in range(count)]


def signed(kind: str, subject: str, record: object, signer: FileSigner, payload_type: str = "x/y") -> NewEntry:
    data = canonical.encode(record) if isinstance(record, dict) else encode(record)
    return NewEntry(kind, FIRM, subject, dsse.sign(data, payload_type, [signer]))


def firm_record(root: FileSigner, **other) -> dict:
    return {
        "id": FIRM,
        "name": {"en": "Harbour Bank", "zh-Hant": "海港銀行"},
        "type": "bank",
        "root_key": b64_encode(root.public_key),
        **other,
    }


def grant_record(key: FileSigner, holder: str = "ann", roles: tuple[str, ...] = ("owner",)) -> dict:
    return {
        "keyid": key.key_id,
        "public_key": b64_encode(key.public_key),
        "holder": holder,
        "name": holder.title(),
        "person": True,
        "roles": list(roles),
    }


def use_record(use: str = USE, **other) -> dict:
    text = {"en": "Credit", "zh-Hant": "信貸"}
    return {
        "use": use,
        "title": text,
        "purpose": text,
        "area": "risk",
        "sector": "bank",
        "accountable_executive": "ann",
        "lines": {"first": "ann", "second": "bo", "third": "cy"},
        "scope": {"does": text, "does_not": text},
        **other,
    }


def release_record(use: str = USE, code: str = "0" * 64) -> dict:
    return {"use": use, "components": [], "code": code, "policy": {"guards": ["pii"]}, "builders": ["dan"]}


def statement_record(use: str = USE, topic: str = "performance", digest: str = "1" * 64) -> dict:
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": use, "digest": {"sha256": digest}}],
        "predicateType": "urn:dualtrack:evidence:1",
        "predicate": {
            "kind": "measurement",
            "topic": topic,
            "fields": {"estimate": 0.7},
            "taken_at": "2026-11-22T07:00:00Z",
        },
    }


def permit_record(use: str = USE, release: str = "2" * 64) -> dict:
    return {
        "format": "dualtrack.permit/1",
        "institution": FIRM,
        "use": use,
        "release": release,
        "mode": "live",
        "from": "2026-11-22T08:00:00Z",
        "expires": None,
        "assessment": "3" * 64,
        "conditions": [],
        "decisions_max": None,
        "lapses_if": [],
        "durability": "durable",
        "statement": "internal authorisation by the institution; not a regulator's approval",
        "demo": False,
    }


def story(signer: FileSigner) -> list[NewEntry]:
    """One of each kind that is projected, and one that cannot be read."""
    key = FileSigner.generate("ann")
    adoption = {
        "pack": "sfc-24ec55",
        "version": "1",
        "digest": "4" * 64,
        "action": "adopt",
        "decided_at": "2026-01-01T00:00:00Z",
    }
    return [
        signed("institution/1", FIRM, firm_record(signer), signer),
        signed("key-grant/1", FIRM, grant_record(key), signer),
        signed("pack-adoption/1", FIRM, adoption, signer),
        signed("declaration/1", USE, use_record(), signer),
        signed("release/1", USE, release_record(), signer),
        signed("evidence/1", USE, statement_record(), signer),
        NewEntry("permit/1", FIRM, USE, canonical.encode(permit_record())),
        signed("key-revoke/1", FIRM, {"keyid": key.key_id, "reason": "left"}, signer),
        NewEntry("evidence/1", FIRM, USE, b"not an envelope"),
    ]


# What the crash tests run in processes of their own; module level, so that a fork server can find them.


def append_for_ever(world: World, acknowledged: Path, seed: int) -> None:
    """Append batches of changing size and write down each receipt once it was given."""
    with world.open() as store, acknowledged.open("ab", buffering=0) as told:
        writer = world.writer(store)
        for number in itertools.count(seed):
            receipts = writer.append(plain(1 + number % 40, str(number)))
            told.write(b"".join(b"%d %s\n" % (r.index, r.leaf_hash.hex().encode()) for r in receipts))


def append_batches(world: World, batches: int, tag: str) -> None:
    with world.open() as store:
        writer = world.writer(store)
        for number in range(batches):
            writer.append(plain(1 + number % 7, f"{tag}{number}"))


def die_before_commit(world: World, count: int) -> None:
    """Write everything, then be killed before the commit; SQLite is made to spill, so that its log has the pages."""
    store = world.open()
    writer = world.writer(store)
    writer.append(plain(3))
    write = writer._write

    def write_and_die(connection, batch):
        if store.backend.name == "sqlite":
            connection.exec_driver_sql("PRAGMA cache_size=5")
        write(connection, batch)
        os.kill(os.getpid(), signal.SIGKILL)

    writer._write = write_and_die
    writer.append(plain(count))


def die_after_commit(world: World, count: int) -> None:
    store = world.open()
    writer = world.writer(store)
    writer._intent.clear = lambda: os.kill(os.getpid(), signal.SIGKILL)
    writer.append(plain(count))


def hold_the_lock(world: World, ready: str) -> None:
    """Hold the writer's lock until killed."""
    store = world.open()
    with store.backend.write(ledger_origin(FIRM)):
        Path(ready).write_text(str(os.getpid()))
        signal.pause()
