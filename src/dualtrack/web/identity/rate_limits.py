"""Rate limits: buckets in memory for every request, and counters of failures that outlive a restart.

In memory each process counts for itself. Failures of login and guesses of receipt codes are counted in the database, for
all processes: a token is reserved before the attempt and given back when it succeeds, so that no number of attempts at
once gets past the limit. Nobody is locked out for good: tokens come back by time alone. Sources are kept as keyed hashes.
"""

from __future__ import annotations

import hmac
import ipaddress
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy import and_, delete, insert, select, update

from dualtrack.errors import RateLimitError
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.buckets import Bucket, Limit, full, give_back, settled_s, take

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from dualtrack.domain.time import Clock
    from dualtrack.store.backends import Backend

__all__ = [
    "ATTEMPT_LIMITS",
    "BUCKETS_MAX",
    "WEB_LOCK",
    "AttemptKind",
    "Attempts",
    "RateLimiter",
    "Reservation",
    "address_prefix",
]

WEB_LOCK = "web"
"""Name of the lock under which identity rows are written; on PostgreSQL it keeps no ledger's writer waiting."""

BUCKETS_MAX = 65_536
"""Buckets in memory, some 15 MB. Sources beyond it share one bucket until others are full again."""

AttemptKind = Literal["login_source", "login_name", "receipt_source"]
"""What is counted: failed logins by source and by account, wrong receipt codes by source."""

ATTEMPT_LIMITS: dict[AttemptKind, Limit] = {
    "login_source": Limit(10, 1 / 60),
    "login_name": Limit(20, 1 / 300),
    "receipt_source": Limit(20, 1 / 60),
}
"""Ten mistakes at once from one source, then one a minute; an account can be guessed at 288 times a day from everywhere."""

_V4_BITS, _V6_BITS = 32, 64
"""An IPv4 address is one source, since colleagues share a network; an IPv6 subscriber has at least a /64 (RFC 6177)."""

_RATE = IDENTITY.rate


def address_prefix(address: str) -> str:
    """Return the network of a source address; what is no address (a local socket) is one source together."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    bits = _V4_BITS if found.version == 4 else _V6_BITS  # noqa: PLR2004 - versions of the Internet Protocol
    return str(ipaddress.ip_network((found, bits), strict=False))


class RateLimiter:
    """Token buckets in memory, by whatever identifies who asks. Safe for threads."""

    def __init__(self, limit: Limit, *, buckets_max: int = BUCKETS_MAX) -> None:
        self.limit = limit
        self._buckets: dict[str, Bucket] = {}
        self._shared: Bucket | None = None
        self._buckets_max = buckets_max
        self._sweep_s = 0.0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def check(self, who: str, at_s: float) -> None:
        """Take one token of `who`, or raise RateLimitError. `at_s` is any clock that goes forward."""
        with self._lock:
            known = self._buckets.get(who)
            own = known is not None or self._has_room(at_s)
            before = known if own else self._shared
            taking = take(before or full(self.limit, at_s), self.limit, at_s)
            if own:
                self._buckets[who] = taking.bucket
            else:
                self._shared = taking.bucket
        if taking.retry_after_s:
            raise RateLimitError("too many requests", retry_after_s=taking.retry_after_s)

    def _has_room(self, at_s: float) -> bool:
        """Make room by dropping buckets that are full again, at most once a refill's time: dropping them loses nothing."""
        if len(self._buckets) >= self._buckets_max and at_s >= self._sweep_s:
            self._buckets = {who: one for who, one in self._buckets.items() if settled_s(one, self.limit) > at_s}
            self._sweep_s = at_s + 1.0 / self.limit.rate_a_s
        return len(self._buckets) < self._buckets_max


class Reservation(NamedTuple):
    """Tokens taken for an attempt, by kind and keyed hash of the source."""

    taken: tuple[tuple[AttemptKind, bytes], ...]


class Attempts:
    """Counters of failures in the database. Rows vanish when their bucket is full again."""

    def __init__(
        self,
        backend: Backend,
        key: bytes,
        clock: Clock,
        limits: Mapping[AttemptKind, Limit] = ATTEMPT_LIMITS,
    ) -> None:
        self._backend = backend
        self._key = key
        self._clock = clock
        self._limits = limits

    def reserve(self, *sources: tuple[AttemptKind, str]) -> Reservation:
        """Take a token of each source, or raise RateLimitError and take none."""
        found = tuple((kind, self._hash(kind, source)) for kind, source in sources)
        at_s = self._clock().timestamp()
        with self._backend.write(WEB_LOCK) as connection:
            connection.execute(delete(_RATE).where(_RATE.c.settled_s <= at_s))
            takings = [
                take(_read(connection, kind, source) or full(self._limits[kind], at_s), self._limits[kind], at_s)
                for kind, source in found
            ]
            wait_s = max((taking.retry_after_s for taking in takings), default=0)
            if not wait_s:
                for (kind, source), taking in zip(found, takings, strict=True):
                    self._write(connection, kind, source, taking.bucket)
        if wait_s:
            raise RateLimitError("too many failed attempts", retry_after_s=wait_s, code="rate-limit.attempts")
        return Reservation(found)

    def succeeded(self, reservation: Reservation) -> None:
        """Give the tokens back: the attempt was no failure."""
        self._change(reservation.taken)

    def clear(self, kind: AttemptKind, source: str) -> None:
        """Forget the failures of a source: what an administrator does for somebody who waits at the door."""
        with self._backend.write(WEB_LOCK) as connection:
            connection.execute(delete(_RATE).where(_at(kind, self._hash(kind, source))))

    def _change(self, taken: Sequence[tuple[AttemptKind, bytes]]) -> None:
        with self._backend.write(WEB_LOCK) as connection:
            for kind, source in taken:
                bucket = _read(connection, kind, source)
                if bucket is not None:
                    self._write(connection, kind, source, give_back(bucket, self._limits[kind]))

    def _write(self, connection: Connection, kind: AttemptKind, source: bytes, bucket: Bucket) -> None:
        settled = settled_s(bucket, self._limits[kind])
        values = {"tokens": bucket.tokens, "at_s": bucket.at_s, "settled_s": settled}
        if connection.execute(update(_RATE).where(_at(kind, source)).values(values)).rowcount == 0:
            connection.execute(insert(_RATE).values(kind=kind, source_hash=source, **values))

    def _hash(self, kind: AttemptKind, source: str) -> bytes:
        return hmac.digest(self._key, f"{kind}\x00{source}".encode(), "sha256")


def _at(kind: AttemptKind, source: bytes) -> ColumnElement[bool]:
    return and_(_RATE.c.kind == kind, _RATE.c.source_hash == source)


def _read(connection: Connection, kind: AttemptKind, source: bytes) -> Bucket | None:
    row = connection.execute(select(_RATE.c.tokens, _RATE.c.at_s).where(_at(kind, source))).first()
    return None if row is None else Bucket(float(row[0]), float(row[1]))
