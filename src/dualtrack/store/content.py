"""Contents of decisions: sealed under a key of the person they are about, kept by their salted digest, erasable.

A content is AES-256-GCM (NIST SP 800-38D) under a subject's key; that key is wrapped under the vault's. Erasing a person
destroys the keys and overwrites the contents; the digests in the ledger stand and prove that something was there.
A subject may have several keys: each process makes its own at first sight, so none has to ask another.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from dualtrack.domain.entry import SALT_BYTES, commitment
from dualtrack.errors import NotFoundError, StoreCorruptError
from dualtrack.keys.chance import random_bytes
from dualtrack.store.rare import Rare
from dualtrack.store.vault import NONCE_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row, Select

    from dualtrack.store.backends import Backend
    from dualtrack.store.tables import Tables
    from dualtrack.store.vault import Vault

__all__ = ["KEYS_REMEMBERED", "ContentVault", "Erased", "SealedContent", "SubjectKey"]

KEYS_REMEMBERED = 50_000
"""Subjects' keys held open in one process, at some 500 bytes each."""

_KEY_BYTES = 32
_TIME_BYTES, _CHANCE_BYTES = 6, 10
_TAG = b"dualtrack/content/v1"
_KEY_TAG = b"dualtrack/subject-key/v1"


class SubjectKey(NamedTuple):
    """A subject's key as it is stored: wrapped under the vault's key."""

    key_id: str
    subject: str
    wrapped: bytes


class SealedContent(NamedTuple):
    """A content ready to be written: its salted digest, whose it is, under which key, and the sealed bytes."""

    digest: str
    subject: str
    key_id: str
    retention: str
    sealed: bytes


class Erased(NamedTuple):
    """What an erasure took away: contents overwritten and keys destroyed."""

    contents: int
    keys: int


class _Open(NamedTuple):
    key: SubjectKey
    cipher: AESGCM


class ContentVault:
    """Seals, writes, opens and erases contents of one ledger. Safe to share between threads."""

    def __init__(self, backend: Backend, found: Tables, vault: Vault, ledger: str) -> None:
        self.ledger = ledger
        self._backend, self._tables, self._vault = backend, found, vault
        self._open_keys: OrderedDict[str, _Open] = OrderedDict()
        self._unwritten: dict[str, SubjectKey] = {}
        self._mutex = threading.Lock()
        self._put_key = _key_insert(backend, found)

    def seal(self, subject: str, content: bytes, retention: str) -> SealedContent:
        """Seal a content for a subject (a pseudonym, or a use for what is about nobody)."""
        found = self._key(subject)
        random = random_bytes(SALT_BYTES + NONCE_BYTES)
        salt, nonce = random[:SALT_BYTES], random[SALT_BYTES:]
        digest = commitment(salt, content)
        body = found.cipher.encrypt(nonce, salt + content, self._bound(digest, subject, retention))
        return SealedContent(digest, subject, found.key.key_id, retention, nonce + body)

    def new_keys(self, items: Sequence[SealedContent]) -> list[SubjectKey]:
        """Return the keys of these contents that no row holds yet: a record on paper must carry them."""
        with self._mutex:
            return [self._unwritten[key] for key in {item.key_id for item in items} if key in self._unwritten]

    def write(
        self, connection: Connection, items: Sequence[SealedContent], keys: Sequence[SubjectKey], at: str
    ) -> None:
        """Write contents and their new keys in a caller's transaction; call `written` once it is durable."""
        if keys:
            rows = [(self.ledger, key.key_id, key.subject, key.wrapped, at, None) for key in keys]
            connection.exec_driver_sql(self._put_key, rows)
        if items:
            values = [(self.ledger, i.digest, i.subject, i.key_id, i.retention, at, i.sealed, False) for i in items]
            self._backend.insert(connection, self._tables.content, values)

    def written(self, keys: Sequence[SubjectKey]) -> None:
        """Note that the rows of these keys are durable."""
        with self._mutex:
            for key in keys:
                self._unwritten.pop(key.key_id, None)

    def open(self, digest: str) -> bytes:
        """Return a content; raises NotFoundError if there is none or it was erased, StoreCorruptError if it does not open."""
        with self._backend.read() as connection:
            row = connection.execute(self._rows([digest])).first()
        where = self._where(digest)
        if row is None:
            raise NotFoundError("no content of this digest", where=where)
        if row.erased or row.erased_at is not None:
            raise NotFoundError("its content was erased", where=where, code="not-found.erased")
        return self._opened(row)

    def open_many(self, digests: Sequence[str]) -> dict[str, bytes]:
        """Return contents by digest, read at once; what is not there, or was erased, is left out."""
        if not digests:
            return {}
        with self._backend.read() as connection:
            rows = connection.execute(self._rows(digests)).all()
        return {row.digest: self._opened(row) for row in rows if not row.erased and row.erased_at is None}

    def _rows(self, digests: Sequence[str]) -> Select[Any]:
        content, subject_key = self._tables.content, self._tables.subject_key
        joined = content.join(
            subject_key, (content.c.ledger == subject_key.c.ledger) & (content.c.key_id == subject_key.c.key_id)
        )
        query = select(content, subject_key.c.wrapped, subject_key.c.erased_at).select_from(joined)
        return query.where(content.c.ledger == self.ledger, content.c.digest.in_(digests))

    def _opened(self, row: Row[Any]) -> bytes:
        try:
            cipher = self._unwrap(SubjectKey(row.key_id, row.subject, bytes(row.wrapped)))
            sealed = bytes(row.sealed)
            bound = self._bound(row.digest, row.subject, row.retention)
            plain = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
        except (InvalidTag, ValueError) as error:
            raise StoreCorruptError(
                "the sealed content does not open",
                where=self._where(row.digest),
                fix="restore the store from its backup",
            ) from error
        if commitment(plain[:SALT_BYTES], plain[SALT_BYTES:]) != row.digest:
            raise StoreCorruptError("the content is not what the digest says", where=self._where(row.digest))
        return plain[SALT_BYTES:]

    def _where(self, digest: str) -> str:
        return f"{self.ledger}, content {digest[:16]}"

    def erase_subject(self, subject: str, *, at: str, keep: Sequence[str] = ()) -> Erased:
        """Overwrite a subject's contents except those of the retention classes in `keep`; destroy keys none needs."""
        content, subject_key = self._tables.content, self._tables.subject_key
        mine = (content.c.ledger == self.ledger, Rare(content.c.subject == subject), content.c.erased.is_(False))
        going = [*mine, content.c.retention.not_in(list(keep))] if keep else [*mine]
        with self._backend.write(self.ledger, shred=True) as connection:
            gone = connection.execute(update(content).where(*going).values(sealed=b"", erased=True)).rowcount
            held = set(connection.execute(select(content.c.key_id).where(*mine)).scalars())
            keys = (subject_key.c.ledger == self.ledger, Rare(subject_key.c.subject == subject))
            live = [*keys, subject_key.c.erased_at.is_(None)]
            if held:
                live.append(subject_key.c.key_id.not_in(held))
            ended = connection.execute(update(subject_key).where(*live).values(wrapped=b"", erased_at=at)).rowcount
        self.forget(subject)
        return Erased(gone, ended)

    def forget(self, subject: str) -> None:
        """Drop the open key of a subject, so that the next content gets a new one."""
        with self._mutex:
            self._open_keys.pop(subject, None)

    def _key(self, subject: str) -> _Open:
        with self._mutex:
            found = self._open_keys.get(subject)
            if found is not None:
                self._open_keys.move_to_end(subject)
                return found
            raw = random_bytes(_KEY_BYTES)
            key_id = (_now_ms().to_bytes(_TIME_BYTES, "big") + random_bytes(_CHANCE_BYTES)).hex()
            nonce = random_bytes(NONCE_BYTES)
            wrapped = nonce + self._vault.wrap(nonce, raw, self._key_bound(key_id, subject))
            found = _Open(SubjectKey(key_id, subject, wrapped), AESGCM(raw))
            self._open_keys[subject] = found
            self._unwritten[key_id] = found.key
            if len(self._open_keys) > KEYS_REMEMBERED:
                self._open_keys.popitem(last=False)
            return found

    def _unwrap(self, key: SubjectKey) -> AESGCM:
        nonce, body = key.wrapped[:NONCE_BYTES], key.wrapped[NONCE_BYTES:]
        return AESGCM(self._vault.unwrap(nonce, body, self._key_bound(key.key_id, key.subject)))

    def _bound(self, digest: str, subject: str, retention: str) -> bytes:
        return b"\x00".join((_TAG, self.ledger.encode(), digest.encode(), subject.encode(), retention.encode()))

    def _key_bound(self, key_id: str, subject: str) -> bytes:
        return b"\x00".join((_KEY_TAG, self.ledger.encode(), key_id.encode(), subject.encode()))


def _now_ms() -> int:
    """Return the time that identifiers of keys begin with: new rows then stand side by side, on pages at hand."""
    return time.time_ns() // 1_000_000


def _key_insert(backend: Backend, found: Tables) -> str:
    """Return the statement that keeps a subject's key; one that is there already, from a batch before, stays as it is."""
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[backend.name]
    return backend.compile(dialect.insert(found.subject_key).on_conflict_do_nothing())
