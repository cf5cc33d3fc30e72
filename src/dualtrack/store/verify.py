"""The whole check of a store: every leaf hashed again, every tile, head, cosignature, content and projection compared.

A changed byte in any column of ours is found and located. What a check of the store alone cannot find is a log that was
rewritten whole and signed again with the real key: that is what witnesses are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from dualtrack.errors import DualtrackError, FieldError, LedgerError, StoreError
from dualtrack.ledger.checkpoint import open_checkpoint
from dualtrack.ledger.cosign import split_time, verify_cosignatures
from dualtrack.ledger.merkle import leaf_hash
from dualtrack.ledger.note import Note, parse_signature_line
from dualtrack.ledger.tile_format import TILE_WIDTH
from dualtrack.store.config import ledger_origin
from dualtrack.store.edge import tile_reader
from dualtrack.store.findings import FINDINGS_MAX, Finding, Report
from dualtrack.store.projections import Projections
from dualtrack.store.repository import Repository
from dualtrack.store.tables import log_tables
from dualtrack.store.verify_rows import entry_rows, row_problems
from dualtrack.store.verify_tree import HeadAt, TreeCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection

    from dualtrack.keys.vkey import VerifierKey
    from dualtrack.store.backends import Backend
    from dualtrack.store.store import Store
    from dualtrack.store.verify_rows import EntryRow

__all__ = ["verify_ledger", "verify_store"]


def verify_store(
    store: Store, *, backend: Backend | None = None, progress: Callable[[int], None] | None = None
) -> list[Report]:
    """Verify every ledger that the workspace lists, and report rows that belong to none of them.

    With `backend` another database is verified in the store's place, such as a backup of it. Raises FieldError if an institution has no log key in the settings: without one nothing is authentic.
    """
    reports = []
    backend = backend or store.backend
    for institution in store.workspace.config.institutions:
        key = store.log_key(institution.id)
        ledger = ledger_origin(institution.id, store.compartment)
        repository = Repository(backend, store.tables, store.vault, ledger)
        if key is None and not repository.size():
            continue
        if key is None:
            raise FieldError(
                "has entries here, but no log key in the settings",
                where=f"dualtrack.toml, institution {institution.id}",
                fix="add the log's verifier key under [institutions.logs]",
            )
        witnesses = store.witness_keys(institution.id)
        reports.append(verify_ledger(repository, key, witnesses=witnesses, progress=progress))
    known = {report.ledger for report in reports}
    return [*reports, *_strays(store, backend, known)]


def verify_ledger(
    repository: Repository,
    key: VerifierKey,
    *,
    witnesses: Sequence[VerifierKey] = (),
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Verify one ledger against its log key. Findings beyond FINDINGS_MAX are not listed; `progress` gets the index."""
    check = _Check(repository, key)
    try:
        with repository.backend.read() as connection:
            check.database(connection)
            notes = check.heads(connection)
            check.entries(connection, progress)
            check.tiles(connection)
            check.cosignatures(connection, notes, witnesses)
            check.projections(connection)
    except StoreError as error:
        check.add("database", "file", "pages", error.found)
    return check.report()


class _Check:
    """One run over one ledger."""

    def __init__(self, repository: Repository, key: VerifierKey) -> None:
        self._repository, self._key = repository, key
        self._findings: list[Finding] = []
        self._erased: list[int] = []
        self._heads: list[HeadAt] = []
        self._covered: int | None = None  # by a head of any kind: one whose note is damaged is reported for itself
        self._tree = TreeCheck(_no_tile, [], self.add)
        self._cosignatures = self._unchecked = 0

    def add(self, table: str, row: str, column: str, problem: str) -> None:
        """Note a finding."""
        if len(self._findings) < FINDINGS_MAX:
            ledger = self._repository.ledger
            self._findings.append(Finding(ledger=ledger, table=table, row=row, column=column, problem=problem))

    def report(self) -> Report:
        """Return the result."""
        return Report(
            ledger=self._repository.ledger,
            size=self._tree.size,
            root=self._tree.root().hex(),
            heads=len(self._heads),
            cosignatures=self._cosignatures,
            cosignatures_unchecked=self._unchecked,
            erased=tuple(self._erased),
            findings=tuple(self._findings),
        )

    def database(self, connection: Connection) -> None:
        """Let SQLite check its own pages and indices."""
        if self._repository.backend.name == "sqlite":
            for (line,) in connection.exec_driver_sql("PRAGMA integrity_check(100)"):
                if line != "ok":
                    self.add("database", "file", "pages", str(line))

    def heads(self, connection: Connection) -> dict[int, Note]:
        """Check every signed head by itself; return the notes of those that hold, by size."""
        table, notes = self._repository.tables.checkpoint, dict[int, Note]()
        query = select(table.c.size, table.c.note).where(table.c.ledger == self._repository.ledger)
        for size, data in connection.execute(query.order_by(table.c.size)):
            self._covered = max(size, self._covered or 0)
            try:
                opened = open_checkpoint(bytes(data), self._key)
            except LedgerError as error:
                self.add("checkpoint", str(size), "note", error.found)
                continue
            if opened.checkpoint.size != size:
                self.add("checkpoint", str(size), "size", f"the signed head is of {opened.checkpoint.size} entries")
                continue
            notes[size] = opened.note
            self._heads.append(HeadAt(size, opened.checkpoint.root))
        return notes

    def entries(self, connection: Connection, progress: Callable[[int], None] | None) -> None:
        """Check every entry and rebuild the tree from the leaves."""
        repository = self._repository
        self._tree = TreeCheck(tile_reader(connection, repository.tables, repository.ledger), self._heads, self.add)
        waiting: list[EntryRow | None] = []
        recorded_at = ""
        for slot in self._slots(connection):
            waiting.append(slot)
            if len(waiting) == TILE_WIDTH:
                recorded_at = self._tile_of(waiting, recorded_at)
                waiting.clear()
                if progress is not None:
                    progress(self._tree.size)
        if waiting:
            self._tile_of(waiting, recorded_at)
        self._tree.finish()

    def tiles(self, connection: Connection) -> None:
        """Look for tiles that no leaf gives."""
        table = self._repository.tables.tile
        query = select(table.c.level, table.c.idx).where(table.c.ledger == self._repository.ledger)
        for level, index in connection.execute(query):
            if (level, index) not in self._tree.keys:
                self.add("tile", f"level {level}, index {index}", "row", "no such tile belongs to these entries")

    def cosignatures(self, connection: Connection, notes: dict[int, Note], keys: Sequence[VerifierKey]) -> None:
        """Check stored cosignatures against their heads, and their signatures where the witness is known."""
        table = self._repository.tables.cosignature
        query = select(table).where(table.c.ledger == self._repository.ledger)
        for row in connection.execute(query.order_by(table.c.size)):
            self._cosignatures += 1
            place = f"{row.size} by {row.witness} at {row.time_s}"
            try:
                self._cosignature(row.size, row.witness, row.time_s, row.line, notes, keys)
            except LedgerError as error:
                self.add("cosignature", place, "line", error.found)

    def projections(self, connection: Connection) -> None:
        """Build the projections again in memory and compare, row by row."""
        projections = Projections(self._repository)
        try:
            expected, live = projections.expected(), projections.live(connection)
            cursor = projections.cursor()
        except DualtrackError as error:
            self.add("projections", "all", "rows", f"not compared, since an entry does not open: {error.where}")
            return
        if cursor > self._tree.size:
            self.add("cursor", "0", "size", f"{cursor}, beyond the {self._tree.size} entries")
        for name, rows in expected.items():
            if rows != live[name]:
                self._compare_rows(name, rows, live[name])

    def _slots(self, connection: Connection) -> Iterator[EntryRow | None]:
        """Yield the row of every index from 0 on, None where it is missing; report rows that no head covers."""
        expected, covered = 0, self._covered
        for page in entry_rows(connection, self._repository):
            for row in page:
                if row.idx < 0 or (covered is not None and row.idx >= covered):
                    self.add("entry", str(row.idx), "row", f"no signed head covers it; the newest covers {covered}")
                    continue
                if row.idx - expected > FINDINGS_MAX:
                    self.add("entry", str(expected), "row", f"missing, and all that follow up to {row.idx}")
                    return
                for missing in range(expected, row.idx):
                    self.add("entry", str(missing), "row", "missing")
                    yield None
                yield row
                expected = row.idx + 1

    def _tile_of(self, slots: list[EntryRow | None], recorded_at: str) -> str:
        """Check the rows of one tile; return the time of the last."""
        repository = self._repository
        institution = repository.ledger.split("/")[1]
        blamed = self._tree.add([None if row is None else leaf_hash(row.leaf) for row in slots])
        for index in blamed:
            self.add("entry", str(index), "leaf", "does not give the hash that stands in the tree")
        for row in (row for row in slots if row is not None):
            if row.erased:
                self._erased.append(row.idx)
            if row.idx not in blamed:
                problems, recorded_at = row_problems(repository.vault, repository.ledger, institution, row, recorded_at)
                for table, column, why in problems:
                    self.add(table, str(row.idx), column, why)
        return recorded_at

    def _cosignature(
        self, size: int, witness: str, time_s: int, line: str, notes: dict[int, Note], keys: Sequence[VerifierKey]
    ) -> None:
        place = f"{size} by {witness} at {time_s}"
        signature = parse_signature_line(line)
        parts = split_time(signature.signature)
        if parts is None or parts[0] != time_s:
            self.add("cosignature", place, "time_s", "the line has another time")
        elif signature.name != witness:
            self.add("cosignature", place, "witness", f"the line is by {signature.name!r}")
        elif size not in notes:
            self.add("cosignature", place, "size", "no head of this size holds")
        else:
            note = Note(text=notes[size].text, signatures=(signature,))
            known = [key for key in keys if key.name == signature.name]
            if not known:
                self._unchecked += 1
            elif not verify_cosignatures(note, known):
                self.add("cosignature", place, "line", "is by another key than this witness's")

    def _compare_rows(self, name: str, expected: list[dict[str, object]], live: list[dict[str, object]]) -> None:
        keys = [column.name for column in getattr(self._repository.tables, name).primary_key if column.name != "ledger"]
        wanted = {tuple(row[key] for key in keys): row for row in expected}
        for row in live:
            key = tuple(row[name] for name in keys)
            place = ", ".join(str(part) for part in key)
            right = wanted.pop(key, None)
            if right is None:
                self.add(name, place, "row", "no entry gives this row")
                continue
            for column in (column for column in row if row[column] != right[column]):
                self.add(name, place, column, f"{row[column]!r}, while the entries give {right[column]!r}")
        for key in wanted:
            self.add(name, ", ".join(str(part) for part in key), "row", "missing")


def _no_tile(_level: int, _index: int, /) -> bytes:
    return b""


def _strays(store: Store, backend: Backend, known: set[str]) -> list[Report]:
    """Return a report for every ledger that has rows here and is none of those known."""
    strays: dict[str, list[Finding]] = {}
    found = store.tables
    with backend.read() as connection:
        for table in (*log_tables(found), found.cursor, *found.projections):
            for (ledger,) in connection.execute(select(table.c.ledger).distinct()):
                if ledger not in known:
                    name = table.name.removeprefix(f"{store.compartment}_")
                    why = "rows of a ledger that the workspace does not list"
                    finding = Finding(ledger=ledger, table=name, row="any", column="ledger", problem=why)
                    strays.setdefault(ledger, []).append(finding)
    return [
        Report(
            ledger=ledger,
            size=0,
            root="",
            heads=0,
            cosignatures=0,
            cosignatures_unchecked=0,
            erased=(),
            findings=tuple(findings),
        )
        for ledger, findings in sorted(strays.items())
    ]
