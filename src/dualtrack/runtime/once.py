"""Requests done once, whatever process they reach: the first claims its key, later ones get the first one's answer.

A claim is one commit and stands for ALIVE_S; the process that holds it moves it on while it works. So a key is not stuck
when a process dies, and the same key then acts again: what the dead one had done by then is not known here. Answers lie
sealed under the vault's key for KEPT_S; those about a person are blanked when the person's contents are erased. An answer
with contents or a secret in it is not handed in here at all: its door keeps DONE, which says only that it was done.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from sqlalchemy import delete, func, insert, select, update

from dualtrack.errors import ConflictError, FieldError, NotFoundError, StoreCorruptError
from dualtrack.runtime.clock import steady_s
from dualtrack.store.shared_tables import SHARED
from dualtrack.store.vault import NONCE_BYTES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dualtrack.domain.time import Clock
    from dualtrack.store.backends import Backend
    from dualtrack.store.store import Store

__all__ = [
    "ALIVE_S",
    "ANSWERS_MAX",
    "ANSWER_BYTES_MAX",
    "DONE",
    "KEPT_S",
    "KeptAnswer",
    "Once",
    "RequestKey",
    "forget_answers",
    "gone",
    "request_key",
]

KEPT_S = 86_400
"""Seconds for which an answer is kept: a client that tries again a day later asks a person."""

ALIVE_S = 30
"""Seconds for which a claim stands by itself; longer than any pause of a process that lives, short for who waits."""

ANSWERS_MAX = 200_000
"""Rows kept; of more the oldest go at the next look, so that nobody fills a disk. At a kilobyte each some 200 MB."""

ANSWER_BYTES_MAX = 65_536
"""Largest answer kept: a larger one would be a list, which no POST gives. Of a larger one the key is released."""

_RENEW_S = ALIVE_S / 3
_SHARDS = 64
"""Locks over all keys: claims of different keys seldom wait for one another, and the same key always does."""

_TAG = b"dualtrack/once/v1\x00"
_BODY = b"dualtrack/once-body/v1"
_ONCE = SHARED.once
_log = structlog.get_logger("dualtrack.runtime")


class RequestKey(NamedTuple):
    """Digests of who, where and key, and of the body; `subject` is the pseudonym of whom it is about, if anybody."""

    key: bytes
    body: bytes
    subject: str | None = None


class KeptAnswer(msgspec.Struct, frozen=True, array_like=True):
    """What is needed to answer again."""

    status: int
    content: bytes
    media_type: str


DONE = KeptAnswer(204, b"", "")
"""What is kept of an answer that must not be: that the request was done."""


def request_key(owner: str, path: str, said: str, body: bytes, subject: str | None = None) -> RequestKey:
    """Return the key of a request: it belongs to who sent it and to the address."""
    key = hashlib.sha256(f"{owner}\x00{path}\x00{said}".encode()).digest()
    return RequestKey(key, hashlib.sha256(body).digest(), subject)


def forget_answers(backend: Backend, subject: str) -> int:
    """Blank the kept answers about a person; a request that is sent again is then told so. Return how many there were.

    Requests under way are blanked too, so that their answer is not kept when it comes.
    """
    mine = _ONCE.c.subject == subject
    with backend.read() as connection:
        if connection.execute(select(_ONCE.c.subject).where(mine).limit(1)).first() is None:
            return 0
    with backend.write("once", shred=True) as connection:
        kept = connection.execute(select(func.count()).where(mine, _ONCE.c.answer.is_not(None))).scalar_one()
        connection.execute(update(_ONCE).where(mine).values(answer=b"", subject=None))
        return int(kept)


class Once:
    """The claims of one process. `begin` before acting, `end` after: with the answer, or with None where nothing was done."""

    def __init__(self, store: Store, clock: Clock, *, renew_s: float = _RENEW_S) -> None:
        self._backend, self._vault, self._clock, self._renew_s = store.backend, store.vault, clock, renew_s
        self._holder = os.urandom(16)
        self._body_key = store.vault.derive(_BODY)
        self._mutex = threading.Lock()
        self._claims: dict[bytes, float] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, asked: RequestKey) -> KeptAnswer | None:
        """Return the answer given before, or None: then this process is to act, and nobody else will.

        Raises ConflictError (409) while the first request is under way, FieldError (422) for another body under the same
        key, NotFoundError (410) where the answer was erased.
        """
        with self._backend.write(f"once/{asked.key[0] % _SHARDS}") as connection:
            found = self._claim(connection, asked)
        if found is None:
            self._watch(asked.key)
            return None
        if not found:
            raise gone()
        return self._open(asked, found)

    def end(self, asked: RequestKey, answer: KeptAnswer | None) -> None:
        """Keep the answer under the key, or release the key (None, or an answer too large to keep)."""
        with self._mutex:
            self._claims.pop(asked.key, None)
        mine = (_ONCE.c.key_hash == asked.key, _ONCE.c.holder == self._holder, _ONCE.c.answer.is_(None))
        sealed = None if answer is None or len(answer.content) > ANSWER_BYTES_MAX else self._seal(asked, answer)
        with self._backend.write(f"once/{asked.key[0] % _SHARDS}") as connection:
            if sealed is None:
                connection.execute(delete(_ONCE).where(*mine))
            else:
                kept = {"answer": sealed, "expires_s": self._now_s() + KEPT_S}
                connection.execute(update(_ONCE).where(*mine).values(kept))

    def sweep(self) -> int:
        """Drop what has expired and what is too much; return how many rows that was."""
        now_s = self._now_s()
        beyond = select(_ONCE.c.expires_s).order_by(_ONCE.c.expires_s.desc()).offset(ANSWERS_MAX).limit(1)
        with self._backend.read() as connection:
            until_s = max(now_s, int(connection.execute(beyond).scalar() or 0))
            if (
                connection.execute(select(_ONCE.c.expires_s).where(_ONCE.c.expires_s <= until_s).limit(1)).first()
                is None
            ):
                return 0
        with self._backend.write("once") as connection:
            gone = delete(_ONCE).where(_ONCE.c.expires_s <= until_s, _ONCE.c.alive_s <= now_s)
            return connection.execute(gone).rowcount

    def close(self) -> None:
        """Move no claim on any more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _claim(self, connection: Connection, asked: RequestKey) -> bytes | None:
        """Claim a key (None), or return its sealed answer. The rows that a renewal may move are asked for again in the update."""
        now_s, body = self._now_s(), self._digest(asked)
        row = connection.execute(select(_ONCE).where(_ONCE.c.key_hash == asked.key)).first()
        claim = {
            "body_hash": body,
            "holder": self._holder,
            "subject": asked.subject,
            "alive_s": now_s + ALIVE_S,
            "expires_s": now_s + KEPT_S,
            "answer": None,
        }
        if row is None:
            connection.execute(insert(_ONCE).values(key_hash=asked.key, **claim))
            return None
        over = row.expires_s <= now_s
        if not over and bytes(row.body_hash) != body:
            raise _other_body()
        if not over and row.answer is not None:
            return bytes(row.answer)
        dead = update(_ONCE).where(_ONCE.c.key_hash == asked.key, _ONCE.c.alive_s <= now_s).values(claim)
        if connection.execute(dead).rowcount == 0:
            raise ConflictError(
                "the first request with this Idempotency-Key is under way",
                where="Idempotency-Key",
                fix="wait for its answer, then send it again",
                code="conflict.under-way",
                retry_after_s=1,
            )
        return None

    def _watch(self, key: bytes) -> None:
        """Remember a claim, and have it moved on while it is worked on."""
        with self._mutex:
            self._claims[key] = steady_s()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="claims", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._renew_s):
            try:
                self._renew()
            except Exception as error:  # noqa: BLE001 - whatever failed: the claims run out, or the next turn moves them on
                _log.warning("claims not moved on", fault=type(error).__name__)

    def _renew(self) -> None:
        """Move on the claims that have been worked on for a while; short requests cost nothing here."""
        old_s = steady_s() - self._renew_s / 2
        with self._mutex:
            long = [key for key, begun_s in self._claims.items() if begun_s <= old_s]
        if not long:
            return
        mine = (_ONCE.c.holder == self._holder, _ONCE.c.answer.is_(None))
        with self._backend.write("once/renew") as connection:
            for key in long:
                row = update(_ONCE).where(_ONCE.c.key_hash == key, *mine)
                connection.execute(row.values(alive_s=self._now_s() + ALIVE_S))

    def _digest(self, asked: RequestKey) -> bytes:
        """Return the body's digest as it is kept: under a key, for a body may hold a password or an identity card's number."""
        return hmac.digest(self._body_key, asked.body, hashlib.sha256)

    def _seal(self, asked: RequestKey, answer: KeptAnswer) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._vault.wrap(nonce, msgspec.msgpack.encode(answer), _TAG + asked.key + asked.body)

    def _open(self, asked: RequestKey, sealed: bytes) -> KeptAnswer:
        try:
            plain = self._vault.unwrap(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _TAG + asked.key + asked.body)
            return msgspec.msgpack.decode(plain, type=KeptAnswer)
        except (InvalidTag, ValueError, msgspec.DecodeError) as error:
            raise StoreCorruptError(
                "a kept answer does not open", where="Idempotency-Key", fix="take a new key for a new request"
            ) from error

    def _now_s(self) -> int:
        return int(self._clock().timestamp())


def gone() -> NotFoundError:
    """Return the error for an answer that was given once and is not there any more (410): erased, or past its years."""
    error = NotFoundError(
        "this request was answered, and its answer was erased",
        where="Idempotency-Key",
        fix="take a new key to ask anew",
        code="not-found.erased",
    )
    error.status = 410
    return error


def _other_body() -> FieldError:
    error = FieldError(
        "this Idempotency-Key came with another body",
        where="Idempotency-Key",
        fix="take a new key for a new request",
        code="input.field.idempotency-key",
    )
    error.status = 422
    return error
