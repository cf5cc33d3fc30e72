"""Rate limits: buckets in memory for every request, and counters of failures that outlive a restart.

In memory each process counts for itself. Failures of login and guesses of receipt codes are counted in the database, for
all processes: a token is reserved before the attempt and given back when it succeeds, so that no number of attempts at
once gets past the limit. Nobody is locked out for good: tokens come back by time alone, and where an account signed in
before it has a counter of its own, which guesses from elsewhere do not touch. Sources are kept as keyed hashes.

A flood is no flood of writes: who is refused writes nothing, and beyond WRITES a process counts in memory alone. API keys
are not counted: each has 256 random bits, and a wrong one costs a look into memory.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy import and_, delete, insert, select, update

from dualtrack.errors import RateLimitError
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.buckets import Bucket, Limit, full, give_back, refill, settled_s, take

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from dualtrack.domain.time import Clock
    from dualtrack.store.backends import Backend
    from dualtrack.web.identity.buckets import Taking

__all__ = [
    "ATTEMPT_LIMITS",
    "BUCKETS_MAX",
    "KNOWN_S",
    "REFUSED_S",
    "WEB_LOCK",
    "WRITES",
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

KNOWN_S = 30 * 86_400
"""Seconds for which a source is remembered from which an account signed in."""

REFUSED_S = 5.0
"""Longest time for which a refusal is repeated without asking the database; an administrator's help counts after it."""

WRITES = Limit(200, 50.0)
"""Attempts a process writes to the database, at once and a second: far more people than sign in, far less than a flood."""

AttemptKind = Literal["login_source", "login_name", "login_known", "receipt_source"]
"""What is counted: failed logins by source, by account, by account where it signed in before; wrong receipt codes by source."""

ATTEMPT_LIMITS: dict[AttemptKind, Limit] = {
    "login_source": Limit(10, 1 / 60),
    "login_name": Limit(20, 1 / 300),
    "login_known": Limit(10, 1 / 60),
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
        *,
        writes: Limit = WRITES,
    ) -> None:
        self._backend = backend
        self._key = key
        self._clock = clock
        self._limits = limits
        self._writes = RateLimiter(writes)
        self._floods = {kind: RateLimiter(limit) for kind, limit in limits.items()}
        self._refused: dict[bytes, tuple[float, float]] = {}

    def reserve(self, *sources: tuple[AttemptKind, str]) -> Reservation:
        """Take a token of each source, or raise RateLimitError and take none."""
        found = tuple((kind, self._hash(kind, source)) for kind, source in sources)
        at_s = self._clock().timestamp()
        self._refuse_again(found, at_s)
        try:
            self._writes.check("all", at_s)
        except RateLimitError:
            for kind, source in found:
                self._floods[kind].check(source.hex(), at_s)
            return Reservation(())
        with self._backend.read() as connection:
            wait_s = max((taking.retry_after_s for taking in self._take(connection, found, at_s)), default=0)
        if not wait_s:
            with self._backend.write(WEB_LOCK) as connection:
                connection.execute(delete(_RATE).where(_RATE.c.settled_s <= at_s))
                takings = self._take(connection, found, at_s)  # again, under the lock
                wait_s = max((taking.retry_after_s for taking in takings), default=0)
                if not wait_s:
                    for (kind, source), taking in zip(found, takings, strict=True):
                        self._write(connection, kind, source, taking.bucket)
        if wait_s:
            self._remember_refusal(found, at_s, wait_s)
            raise _too_many(wait_s)
        return Reservation(found)

    def check(self, *sources: tuple[AttemptKind, str]) -> None:
        """Raise RateLimitError where a source has no token left; takes and writes nothing."""
        found = tuple((kind, self._hash(kind, source)) for kind, source in sources)
        at_s = self._clock().timestamp()
        self._refuse_again(found, at_s)
        with self._backend.read() as connection:
            wait_s = max((taking.retry_after_s for taking in self._take(connection, found, at_s)), default=0)
        if wait_s:
            self._remember_refusal(found, at_s, wait_s)
            raise _too_many(wait_s)

    def failed(self, kind: AttemptKind, source: str) -> None:
        """Take a token for what was tried and failed, also where none is left: the source waits for that one as well.

        Raises RateLimitError where none was left.
        """
        hashed, at_s, limit = self._hash(kind, source), self._clock().timestamp(), self._limits[kind]
        try:
            self._writes.check("all", at_s)
        except RateLimitError:
            self._failed_in_memory(kind, hashed, at_s)
            return
        with self._backend.write(WEB_LOCK) as connection:
            connection.execute(delete(_RATE).where(_RATE.c.settled_s <= at_s))
            before = refill(_read(connection, kind, hashed) or full(limit, at_s), limit, at_s)
            self._write(connection, kind, hashed, Bucket(before.tokens - 1.0, before.at_s))
        if before.tokens < 1.0:
            raise _too_many(take(before, limit, at_s).retry_after_s)

    def _failed_in_memory(self, kind: AttemptKind, hashed: bytes, at_s: float) -> None:
        """Count a failure while a flood is on; who has no token left is refused in memory until there is one."""
        try:
            self._floods[kind].check(hashed.hex(), at_s)
        except RateLimitError as error:
            wait_s = error.retry_after_s
            if len(self._refused) < BUCKETS_MAX:
                self._refused[hashed] = (at_s + wait_s, at_s + wait_s)
            raise

    def reserve_login(self, name: str, place: str) -> Reservation:
        """Take the tokens of a login: of its source, and of the account, or of the account there if it signed in there before."""
        known = self._hash("login_known", f"{name}\x00{place}")
        with self._backend.read() as connection:
            met = _read(connection, "login_known", known) is not None
        return self.reserve(
            ("login_source", place), ("login_known", f"{name}\x00{place}") if met else ("login_name", name)
        )

    def succeeded(self, reservation: Reservation) -> None:
        """Give the tokens back: the attempt was no failure."""
        if not reservation.taken:
            return
        with self._backend.write(WEB_LOCK) as connection:
            self._give_back(connection, reservation)

    def logged_in(self, reservation: Reservation, name: str, place: str) -> None:
        """Give the tokens of a login back, and remember the source as one of the account's."""
        known = self._hash("login_known", f"{name}\x00{place}")
        with self._backend.write(WEB_LOCK) as connection:
            self._give_back(connection, reservation)
            bucket = _read(connection, "login_known", known)
            at_s = self._clock().timestamp()
            self._write(connection, "login_known", known, bucket or full(self._limits["login_known"], at_s))

    def clear(self, kind: AttemptKind, source: str) -> None:
        """Forget the failures of a source: what an administrator does for somebody who waits at the door."""
        hashed = self._hash(kind, source)
        self._refused.pop(hashed, None)
        with self._backend.write(WEB_LOCK) as connection:
            connection.execute(delete(_RATE).where(_at(kind, hashed)))

    def _take(self, connection: Connection, found: Sequence[tuple[AttemptKind, bytes]], at_s: float) -> list[Taking]:
        limits = self._limits
        return [
            take(_read(connection, kind, source) or full(limits[kind], at_s), limits[kind], at_s)
            for kind, source in found
        ]

    def _refuse_again(self, found: Sequence[tuple[AttemptKind, bytes]], at_s: float) -> None:
        """Refuse at once whom the database refused a moment ago."""
        for _, source in found:
            until_s, end_s = self._refused.get(source, (0.0, 0.0))
            if at_s < until_s:
                raise _too_many(max(1, math.ceil(end_s - at_s)))

    def _remember_refusal(self, found: Sequence[tuple[AttemptKind, bytes]], at_s: float, wait_s: int) -> None:
        """Remember which sources these were; each alone, for it is asked alone again."""
        if len(self._refused) >= BUCKETS_MAX:
            self._refused = {source: one for source, one in self._refused.items() if one[0] > at_s}
        if len(self._refused) >= BUCKETS_MAX:
            return
        with self._backend.read() as connection:
            takings = self._take(connection, found, at_s)
        for (_, source), taking in zip(found, takings, strict=True):
            if taking.retry_after_s:
                self._refused[source] = (at_s + min(REFUSED_S, taking.retry_after_s), at_s + wait_s)

    def _give_back(self, connection: Connection, reservation: Reservation) -> None:
        for kind, source in reservation.taken:
            bucket = _read(connection, kind, source)
            if bucket is not None:
                self._write(connection, kind, source, give_back(bucket, self._limits[kind]))

    def _write(self, connection: Connection, kind: AttemptKind, source: bytes, bucket: Bucket) -> None:
        settled = settled_s(bucket, self._limits[kind])
        if kind == "login_known":  # the row itself says something, also when its bucket is full
            settled = max(settled, math.ceil(self._clock().timestamp()) + KNOWN_S)
        values = {"tokens": bucket.tokens, "at_s": bucket.at_s, "settled_s": settled}
        if connection.execute(update(_RATE).where(_at(kind, source)).values(values)).rowcount == 0:
            connection.execute(insert(_RATE).values(kind=kind, source_hash=source, **values))

    def _hash(self, kind: AttemptKind, source: str) -> bytes:
        return hmac.digest(self._key, f"{kind}\x00{source}".encode(), "sha256")


def _too_many(wait_s: int) -> RateLimitError:
    return RateLimitError("too many failed attempts", retry_after_s=wait_s, code="rate-limit.attempts")


def _at(kind: AttemptKind, source: bytes) -> ColumnElement[bool]:
    return and_(_RATE.c.kind == kind, _RATE.c.source_hash == source)


def _read(connection: Connection, kind: AttemptKind, source: bytes) -> Bucket | None:
    row = connection.execute(select(_RATE.c.tokens, _RATE.c.at_s).where(_at(kind, source))).first()
    return None if row is None else Bucket(float(row[0]), float(row[1]))
