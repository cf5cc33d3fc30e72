"""Reads of one ledger: entries with their contents, heads, proofs, and what an assessment is given."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from sqlalchemy import and_, or_, select

from dualtrack.domain.bounds import ENTRIES_MAX
from dualtrack.domain.entry import Entry, Leaf, make_entry, read_leaf
from dualtrack.errors import DocumentError, FieldError, NotFoundError, StoreCorruptError
from dualtrack.ledger.merkle import HASH_BYTES
from dualtrack.ledger.tiles import TileTree
from dualtrack.store.edge import tile_query
from dualtrack.store.vault import Erasure, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement

    from dualtrack.store.backends import Backend
    from dualtrack.store.tables import Tables
    from dualtrack.store.vault import Vault

__all__ = ["FIRM_KINDS", "PAGE_MAX", "USE_KINDS", "ErasedEntry", "Head", "Repository", "open_row"]

PAGE_MAX = 10_000
"""Entries in one page: contents are up to 1 MiB each, and nobody reads more at once."""

FIRM_KINDS = ("institution/1", "key-grant/1", "key-revoke/1", "pack-adoption/1", "evidence/1")
"""Kinds about an institution that every assessment of it is given."""

USE_KINDS = ("declaration/1", "release/1", "evidence/1", "permit/1", "measurement-plan/1")
"""Kinds about a use that its assessments are given, and its bundles carry; plans are for whoever asks what was registered."""


class ErasedEntry(msgspec.Struct, frozen=True):
    """An entry whose content was erased: the leaf stands, and says what kind of thing it was and when."""

    index: int
    leaf: bytes
    parsed: Leaf
    erasure: Erasure


class Head(NamedTuple):
    """A stored head: size and the exact bytes of its signed note."""

    size: int
    note: bytes


class Repository:
    """One ledger, to read. Safe to share between threads."""

    def __init__(self, backend: Backend, found: Tables, vault: Vault, ledger: str) -> None:
        self.ledger = ledger
        self.backend, self.tables, self.vault = backend, found, vault
        self._mutex = threading.Lock()
        self._tile_sql = backend.compile(tile_query(found))  # made once: a proof reads four tiles
        self._tree = TileTree(self._read_tile)

    def head(self, size: int | None = None) -> Head:
        """Return the newest head, or the one of a size; raises NotFoundError."""
        table = self.tables.checkpoint
        query = select(table.c.size, table.c.note).where(table.c.ledger == self.ledger)
        query = query.order_by(table.c.size.desc()).limit(1) if size is None else query.where(table.c.size == size)
        with self.backend.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            what = "no entry yet" if size is None else f"no head of size {size}"
            raise NotFoundError(what, where=self.ledger, fix="list the heads with `dualtrack ledger show`")
        return Head(row[0], bytes(row[1]))

    def heads(self, start: int = 0, limit: int = PAGE_MAX) -> list[Head]:
        """Return heads of size `start` or more, smallest first."""
        table = self.tables.checkpoint
        query = select(table.c.size, table.c.note).where(table.c.ledger == self.ledger, table.c.size >= start)
        with self.backend.read() as connection:
            rows = connection.execute(query.order_by(table.c.size).limit(_page(limit))).all()
        return [Head(row[0], bytes(row[1])) for row in rows]

    def newest_heads(self, limit: int) -> list[Head]:
        """Return the newest heads, newest first. A head may cover many entries: this counts heads."""
        table = self.tables.checkpoint
        query = select(table.c.size, table.c.note).where(table.c.ledger == self.ledger)
        with self.backend.read() as connection:
            rows = connection.execute(query.order_by(table.c.size.desc()).limit(_page(limit))).all()
        return [Head(row[0], bytes(row[1])) for row in rows]

    def size(self) -> int:
        """Return the number of entries under the newest head, 0 for an empty ledger."""
        table = self.tables.checkpoint
        query = select(table.c.size).where(table.c.ledger == self.ledger).order_by(table.c.size.desc()).limit(1)
        with self.backend.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def entry(self, index: int) -> Entry:
        """Return an entry with its content; raises NotFoundError if it is absent or its content was erased."""
        found = self.entries(start=index, end=index + 1)
        if not found:
            raise NotFoundError(f"no entry {index}", where=self.ledger, expected=f"0 to {self.size() - 1}")
        if isinstance(found[0], ErasedEntry):
            erasure = found[0].erasure
            raise NotFoundError(
                f"its content was erased at {erasure.erased_at}: {erasure.reason}",
                where=f"{self.ledger}, entry {index}",
                fix="the leaf still stands and proves that the entry was there",
                code="not-found.erased",
            )
        return found[0]

    def entries(
        self,
        *,
        kinds: Sequence[str] = (),
        ids: Sequence[str] = (),
        start: int = 0,
        end: int | None = None,
        limit: int = PAGE_MAX,
    ) -> list[Entry | ErasedEntry]:
        """Return entries in index order: of these kinds, about these ids, with start <= index < end."""
        entry = self.tables.entry
        wanted = [entry.c.idx >= start]
        if end is not None:
            wanted.append(entry.c.idx < end)
        if kinds:
            wanted.append(entry.c.kind.in_(kinds))
        if ids:
            wanted.append(entry.c.subject_id.in_(ids))
        return self._opened(wanted, _page(limit))

    def every(self, *, kinds: Sequence[str], ids: Sequence[str] = (), start: int = 0) -> Iterator[Entry | ErasedEntry]:
        """Yield entries of these kinds, about these ids, in index order, reading on from page to page to the last."""
        while page := self.entries(kinds=kinds, ids=ids, start=start, limit=PAGE_MAX):
            yield from page
            start = page[-1].index + 1

    def newest(self, kind: str, subject: str, *, until: str | None = None) -> Entry | None:
        """Return the newest entry of a kind about an id, recorded at the instant `until` or before; None without one.

        An erased one is passed over, for it says nothing any more.
        """
        entry, end = self.tables.entry, None
        while True:
            wanted = [entry.c.kind == kind, entry.c.subject_id == subject]
            if until is not None:
                wanted.append(entry.c.recorded_at <= until)
            if end is not None:
                wanted.append(entry.c.idx < end)
            found = self._opened(wanted, 1, newest_first=True)
            if not found:
                return None
            if isinstance(found[0], Entry):
                return found[0]
            end = found[0].index

    def leaves(self, start: int, end: int) -> list[bytes]:
        """Return exact leaf bytes of a range, contents untouched."""
        entry = self.tables.entry
        query = select(entry.c.leaf).where(entry.c.ledger == self.ledger, entry.c.idx >= start, entry.c.idx < end)
        with self.backend.read() as connection:
            rows = connection.execute(query.order_by(entry.c.idx).limit(PAGE_MAX)).all()
        return [bytes(row[0]) for row in rows]

    def subject_entries(self, institution: str, use: str | None = None) -> list[Entry]:
        """Return what `assess` is given (docs/assessment.md, section 7): about the institution and, if named, the use.

        Raises FieldError beyond ENTRIES_MAX, and StoreCorruptError if the content of one is gone: a verdict without it
        would be another one.
        """
        opened = self._opened([self._concerns(institution, use)], ENTRIES_MAX + 1)
        if len(opened) > ENTRIES_MAX:
            raise FieldError(f"more than {ENTRIES_MAX} entries", where=use or institution, expected="one use's entries")
        return self._whole(opened)

    def portfolio_entries(self, institution: str) -> Iterator[tuple[str, list[Entry]]]:
        """Yield every declared use with what `assess` is given for it, reading the ledger once."""
        entry = self.tables.entry
        firm = self.subject_entries(institution)
        about_uses = [entry.c.kind.in_(USE_KINDS), entry.c.subject_id != institution]
        by_use: dict[str, list[Entry]] = {}
        for item in self._whole(self._opened(about_uses, None)):
            by_use.setdefault(item.parsed.id, []).append(item)
        for use, items in sorted(by_use.items()):
            if any(item.kind == "declaration/1" for item in items):
                yield use, sorted([*firm, *items], key=lambda item: item.index)

    def _whole(self, opened: list[Entry | ErasedEntry]) -> list[Entry]:
        entries = [item for item in opened if isinstance(item, Entry)]
        if len(entries) < len(opened):
            gone = next(item for item in opened if isinstance(item, ErasedEntry))
            raise StoreCorruptError(
                f"the content of {gone.parsed.kind} is erased, on which verdicts rest",
                where=f"{self.ledger}, entry {gone.index}",
                fix="restore it from a backup: without it no verdict can be computed",
                code="store.erased",
            )
        return entries

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` leaves, from the tiles."""
        with self._mutex:
            return self._tree.root(size)

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Return the audit path of an entry in the log of the first `size`; raises ProofError outside it."""
        with self._mutex:
            return self._tree.inclusion_proof(index, size)

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the log of `new` entries extends that of `old`."""
        with self._mutex:
            return self._tree.consistency_proof(old, new)

    def tile(self, level: int, index: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile, as C2SP tlog-tiles serves it; raises NotFoundError."""
        data = self._read_tile(level, index)
        if not 0 < width * HASH_BYTES <= len(data):
            raise NotFoundError(f"no tile {level}/{index} of width {width}", where=self.ledger)
        return data[: width * HASH_BYTES]

    def _read_tile(self, level: int, index: int, /) -> bytes:
        with self.backend.read() as connection:
            found = connection.exec_driver_sql(self._tile_sql, (self.ledger, level, index)).scalar()
        return bytes(found or b"")

    def _concerns(self, institution: str, use: str | None) -> ColumnElement[bool]:
        entry = self.tables.entry
        firm = and_(entry.c.subject_id == institution, entry.c.kind.in_(FIRM_KINDS))
        if use is None:
            return firm
        return or_(firm, and_(entry.c.subject_id == use, entry.c.kind.in_(USE_KINDS)))

    def _opened(
        self, wanted: Sequence[ColumnElement[bool]], limit: int | None, *, newest_first: bool = False
    ) -> list[Entry | ErasedEntry]:
        entry, vault = self.tables.entry, self.tables.vault
        joined = entry.outerjoin(vault, and_(entry.c.ledger == vault.c.ledger, entry.c.idx == vault.c.idx))
        query = select(entry.c.idx, entry.c.leaf, vault.c.sealed, vault.c.retention, vault.c.erased)
        query = query.select_from(joined).where(entry.c.ledger == self.ledger, *wanted)
        query = query.order_by(entry.c.idx.desc() if newest_first else entry.c.idx)
        with self.backend.read() as connection:
            rows = connection.execute(query.limit(limit)).all()
        return [open_row(self.vault, self.ledger, row) for row in rows]


def open_row(vault: Vault, ledger: str, row: Sequence[Any]) -> Entry | ErasedEntry:
    """Open (idx, leaf, sealed, retention, erased) of an entry; raises StoreCorruptError located at its column."""
    index, leaf_column, sealed, retention, erased = row
    where, leaf = f"{ledger}, entry {index}", bytes(leaf_column)
    try:
        parsed = read_leaf(leaf, where=f"{where}, leaf")
        if sealed is None:
            raise StoreCorruptError("the vault has no row for it", where=f"{where}, vault", code="store.corrupt.vault")
        opened = vault.open(Place(ledger, index, parsed.commitment, retention), bytes(sealed), erased=erased)
        if isinstance(opened, Erasure):
            return ErasedEntry(index, leaf, parsed, opened)
        return make_entry(index, leaf, opened.salt, opened.content, where=f"{where}, vault")
    except (DocumentError, FieldError) as error:
        raise StoreCorruptError(error.found, where=error.where, expected=error.expected, fix=_RESTORE) from error


def _page(limit: int) -> int:
    if not 0 < limit <= PAGE_MAX:
        raise FieldError(f"a page of {limit} entries", where="limit", expected=f"1 to {PAGE_MAX}")
    return limit


_RESTORE = "run `dualtrack ledger verify` for the full list, then restore from the backup"
