"""The shelf of planted items: the firm's stock and what was planted of it, all of it sealed in the content vault.

Nothing in the ledger tells a planted review from another; this shelf and the review's own seal do. What was opened once is
remembered with the register, so a page or a snapshot opens only what is new.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from sqlalchemy import select

from dualtrack.domain import canonical
from dualtrack.domain.planting import STOCK_FORMAT, Planted, ReviewStock, StockedItem, check_item, draft_bytes
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.time import format_instant, hong_kong_midnight
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import FieldError, NotFoundError, SignatureError
from dualtrack.keys import dsse
from dualtrack.permit.opening import payload_type
from dualtrack.runtime.holders import need_role
from dualtrack.runtime.lookup import contents_of, find_declaration, newest_first
from dualtrack.runtime.review_read import read_review
from dualtrack.store.entries import NewEntry
from dualtrack.store.rare import Rare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from dualtrack.domain.planting import StockFile
    from dualtrack.keys.signer import Signer
    from dualtrack.store.content import ContentVault, SealedContent
    from dualtrack.store.entries import Receipt
    from dualtrack.store.register import Register

__all__ = [
    "STOCKERS",
    "Shelf",
    "lay_in",
    "newest_stock",
    "plant_of",
    "plants_told",
    "read_shelf",
    "seal_aside",
    "seal_plant",
    "today_s_start",
]

STOCKERS = (Role.VALIDATOR, Role.COMPLIANCE)
"""Who may lay items in: the second line, which decides no review."""

_SUBJECT = "planted-reviews"
"""Whose the sealed contents are: nobody's. It is no pseudonym (64 digits) and no use, so no person's erasure reaches it."""

_RETENTION = "none"
_ITEM, _PLANT = b"i", b"p"


class Shelf(NamedTuple):
    """Items by digest, plants by review, and by review the ledger indices of signals that must not count."""

    items: dict[str, StockedItem]
    plants: dict[str, Planted]
    signals: dict[str, list[int]]

    def unused(self, use: str) -> list[str]:
        """Return digests of a use's items that were never planted."""
        used = {plant.item for plant in self.plants.values()}
        return sorted(digest for digest, found in self.items.items() if found.use == use and digest not in used)


class _Memory:
    """What was opened of one register's shelf, and which planted reviews were seen to have ended."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.seen: set[str] = set()
        self.shelf = Shelf({}, {}, {})
        self.ended: dict[str, str] = {}


_memories: weakref.WeakKeyDictionary[Register, _Memory] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


def lay_in(register: Register, contents: ContentVault, stock: StockFile, signer: Signer) -> list[str]:
    """Seal a firm's items, sign into the ledger that they are there, and return their digests.

    Raises FieldError for a bad item or one that is there already, SignatureError unless validator or compliance signs: who
    approves may decide reviews, and must not know what is planted.
    """
    if stock.format != STOCK_FORMAT:
        raise FieldError(f"format {stock.format!r}", where="stock", expected=STOCK_FORMAT)
    holder = need_role(register, signer, STOCKERS, "plant known-wrong items")
    if Role.APPROVER in holder.roles:
        raise SignatureError(
            f"{holder.holder!r} may decide reviews", where=register.institution, fix="have somebody else plant",
            code="signature.wrong-role",
        )  # fmt: skip
    find_declaration(register, stock.use)
    known = {draft_bytes(found.item) for found in read_shelf(register).items.values() if found.use == stock.use}
    for number, item in enumerate(stock.items):
        where = f"stock, item {number + 1}"
        check_item(item, where)
        if draft_bytes(item) in known:
            raise FieldError("a draft that is there already", where=where, fix="plant each draft once")
        known.add(draft_bytes(item))
    at = register.now()
    stocked = [StockedItem(use=stock.use, by=holder.holder, item=item) for item in stock.items]
    sealed = [contents.seal(_SUBJECT, _ITEM + encode(item), _RETENTION) for item in stocked]
    keys = contents.new_keys(sealed)
    record = ReviewStock(
        format=STOCK_FORMAT,
        use=stock.use,
        share_percent=stock.share_percent,
        items=[item.digest for item in sealed],
        by=holder.holder,
        at=at,
    )
    content = dsse.sign(encode(record), payload_type("review-stock/1"), [signer])

    def beside(connection: Connection, receipts: Sequence[Receipt]) -> None:
        del receipts
        contents.write(connection, sealed, keys, at)

    register.append_with([NewEntry("review-stock/1", register.institution, stock.use, content)], beside)
    contents.written(keys)
    return record.items


def newest_stock(register: Register, use: str) -> ReviewStock | None:
    """Return the newest stock of a use: its share is the one in force."""
    for entry in newest_first(register, "review-stock/1", use):
        return read_record(canonical.decode(dsse.parse(entry.content).payload), ReviewStock, where="review stock")
    return None


def seal_plant(contents: ContentVault, plant: Planted) -> SealedContent:
    """Seal that an item was planted."""
    return contents.seal(_SUBJECT, _PLANT + encode(plant), _RETENTION)


def seal_aside(contents: ContentVault, plant: Planted, signal: int, at: str) -> SealedContent:
    """Seal that a signal about a planted item, by its ledger index, must not count."""
    return seal_plant(contents, msgspec.structs.replace(plant, signals=[signal], at=at))


def read_shelf(register: Register) -> Shelf:
    """Return everything on the shelf. It is for the evidence side: nothing of it may reach a reviewer."""
    memory = _memory(register)
    with memory.mutex:
        table = register.repository.tables.content
        query = select(table.c.digest).where(
            table.c.ledger == register.repository.ledger, Rare(table.c.subject == _SUBJECT)
        )
        with register.repository.backend.read() as connection:
            digests = [str(row[0]) for row in connection.execute(query)]
        contents = contents_of(register)
        for digest in digests:
            if digest not in memory.seen:
                _open(memory.shelf, digest, contents)
                memory.seen.add(digest)
        items, plants, signals = memory.shelf
        return Shelf(dict(items), dict(plants), dict(signals))


def plant_of(register: Register, decision: str) -> Planted | None:
    """Return what was planted as a decision that has ended; None of an ordinary one."""
    return next((plant for plant in read_shelf(register).plants.values() if plant.decision == decision), None)


def today_s_start(register: Register) -> str:
    """Return the last Hong Kong midnight: what ended before it may show in figures."""
    return format_instant(hong_kong_midnight(register.clock()))


def plants_told(register: Register, shelf: Shelf) -> frozenset[str]:
    """Return the planted reviews that ended before today: every figure that reviewers may see asks this, and only this."""
    memory, until = _memory(register), today_s_start(register)
    for review in shelf.plants:
        if review not in memory.ended:
            read = read_review(register, review)
            if read.state.ended:
                memory.ended[review] = read.actions[-1].at
    return frozenset(review for review in shelf.plants if memory.ended.get(review, until) < until)


def _memory(register: Register) -> _Memory:
    with _guard:
        found = _memories.get(register)
        if found is None:
            found = _memories[register] = _Memory()
        return found


def _open(shelf: Shelf, digest: str, contents: ContentVault) -> None:
    try:
        data = contents.open(digest)
    except NotFoundError:  # erased: what is gone is no longer planted nor counted
        return
    plain = canonical.decode(data[1:])
    if data[:1] == _ITEM:
        shelf.items[digest] = read_record(plain, StockedItem, where="stocked item")
        return
    plant = read_record(plain, Planted, where="planted item")
    if plant.signals:
        shelf.signals.setdefault(plant.review, []).extend(plant.signals)
    else:
        shelf.plants[plant.review] = plant
