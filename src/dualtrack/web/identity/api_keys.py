"""API keys: for programs, narrowed to an institution, roles, perhaps uses, and a time.

A key is `dt_` and 256 random bits, shown once; its SHA-256 is kept. On the way of a call no database is read: a snapshot
of all living keys is taken now and then, and a key is looked up in it by its digest.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, func, insert, not_, or_, select, update

from dualtrack.domain.ids import check_slug, parse_use
from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import ConflictError, FieldError, NotFoundError
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.rate_limits import WEB_LOCK
from dualtrack.web.identity.roles import API_KEY_ROLES, check_roles, read_roles, write_roles
from dualtrack.web.identity.who import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Connection

    from dualtrack.domain.time import Clock
    from dualtrack.store.backends import Backend
    from dualtrack.web.identity.roles import ConsoleRole

__all__ = [
    "API_KEYS_MAX",
    "API_KEY_DAYS_MAX",
    "API_KEY_PREFIX",
    "API_KEY_USES_MAX",
    "DEAD_KEYS_LISTED_MAX",
    "OVERLAP_S_MAX",
    "ApiKeyScope",
    "ApiKeyUses",
    "ApiKeyView",
    "ApiKeys",
    "NewApiKey",
    "RotatedKey",
    "Rotation",
    "api_keys_snapshot",
    "check_api_key",
    "identify_api_key",
    "once_digits",
    "presented_key",
]

API_KEY_PREFIX = "dt_"
"""What a key begins with, so that people and scanners of repositories see what it is."""

API_KEYS_MAX = 1_000
"""Living keys of one institution: some a use, and the snapshot stays small."""

DEAD_KEYS_LISTED_MAX = 500
"""Keys that have ended and are still listed: some years of rotation. Living ones are listed whatever their number."""

API_KEY_USES_MAX = 200
"""Uses that one key can be narrowed to; more than that is the institution."""

API_KEY_DAYS_MAX = 366
"""Longest life of a key: whoever needs it longer makes another within the year."""

OVERLAP_S_MAX = 7 * 86_400
"""Longest time for which an old key opens beside its successor: long enough to put a new one into every program."""

_LABEL_CHARACTERS_MAX = 100
_ONCE = re.compile(r"[0-9a-f]{12}")
_KEY = re.compile(rf"{API_KEY_PREFIX}[A-Za-z0-9_-]{{43}}")
_DAY_S = 86_400
_ROW = IDENTITY.api_key


class NewApiKey(NamedTuple):
    """What a key is for. `uses` None is every use of the institution."""

    institution: str
    label: str
    roles: frozenset[ConsoleRole]
    uses: frozenset[str] | None
    made_by: str
    days: int


class ApiKeyView(NamedTuple):
    """A key as a page shows it; of its last use only the day is known."""

    id: str
    label: str
    roles: frozenset[ConsoleRole]
    uses: frozenset[str] | None
    made_by: str
    created_s: int
    expires_s: int
    revoked_s: int | None
    last_used: str | None


class Rotation(NamedTuple):
    """How a key is replaced: by whom, for how many days, and how long the old one still opens."""

    by: str
    days: int
    overlap_s: int = 0
    once: str | None = None


class RotatedKey(NamedTuple):
    """The successor of a key: its id, itself (this once), and what it is for."""

    id: str
    key: str
    new: NewApiKey


class ApiKeyScope(NamedTuple):
    """What a living key opens: who its bearer is, until when."""

    id: str
    identity: Identity
    expires_s: int


class ApiKeys:
    """The API keys of a workspace."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        self._backend = backend
        self._clock = clock

    def make(self, new: NewApiKey, *, once: str | None = None) -> tuple[str, str]:
        """Make a key and return its id and the key itself, which is not seen again. Raises FieldError.

        With `once`, the digits of `once_digits` that a form carried, a form that is sent again makes no second key: ConflictError.
        """
        check_api_key(new)
        with self._backend.write(WEB_LOCK) as connection:
            return self._insert(connection, new, once)

    def rotate(self, institution: str, ident: str, rotation: Rotation) -> RotatedKey:
        """Make a successor of a living key, for the same label, roles and uses; the old one ends after `overlap_s`.

        Raises NotFoundError for a key that is not here, FieldError for one that has ended or wrong figures, ConflictError as `make`.
        """
        if not 0 <= rotation.overlap_s <= OVERLAP_S_MAX:
            raise FieldError(f"{rotation.overlap_s} s", where="API key, overlap", expected=f"0 to {OVERLAP_S_MAX} s")
        now_s, mine = self._now_s(), self._mine(institution, ident)
        with self._backend.write(WEB_LOCK) as connection:
            old = _present(connection, mine)
            if old.revoked_s is not None or old.expires_s <= now_s:
                raise FieldError("the key has ended", where="API key", fix="make another", code="api-key.ended")
            new = NewApiKey(institution, old.label, old.roles, old.uses, rotation.by, rotation.days)
            check_api_key(new)
            made, key = self._insert(connection, new, rotation.once)
            ended: dict[str, int] = {"expires_s": min(old.expires_s, now_s + rotation.overlap_s)}
            if not rotation.overlap_s:
                ended = {"revoked_s": now_s}
            connection.execute(update(_ROW).where(mine).values(ended))
        return RotatedKey(made, key, new)

    def of(self, institution: str) -> list[ApiKeyView]:
        """Return the keys of an institution, newest first: every living one, so that it can be revoked, and the newest dead ones."""
        living = and_(_ROW.c.revoked_s.is_(None), _ROW.c.expires_s > self._now_s())
        query = (
            select(*_columns()).where(_ROW.c.institution == institution).order_by(_ROW.c.created_s.desc(), _ROW.c.id)
        )
        with self._backend.read() as connection:
            found = connection.execute(query.where(living)).all()
            found = [*found, *connection.execute(query.where(not_(living)).limit(DEAD_KEYS_LISTED_MAX))]
        return sorted(map(_view, found), key=lambda item: (-item.created_s, item.id))

    def one(self, institution: str, ident: str) -> ApiKeyView:
        """Return a key of an institution; raises NotFoundError."""
        with self._backend.read() as connection:
            return _present(connection, self._mine(institution, ident))

    def revoke(self, institution: str, ident: str) -> bool:
        """End a key, from the next snapshot on, and tell whether this did; raises NotFoundError.

        One that has ended already stays as it is.
        """
        mine = self._mine(institution, ident)
        with self._backend.write(WEB_LOCK) as connection:
            _present(connection, mine)
            living = and_(mine, _ROW.c.revoked_s.is_(None))
            return connection.execute(update(_ROW).where(living).values(revoked_s=self._now_s())).rowcount > 0

    def _insert(self, connection: Connection, new: NewApiKey, once: str | None) -> tuple[str, str]:
        if once is not None and not _ONCE.fullmatch(once):
            raise FieldError("the form's own number", where="API key, field once", fix="open the page again")
        key, ident = API_KEY_PREFIX + secrets.token_urlsafe(32), f"key-{once or once_digits()}"
        now_s = self._now_s()
        if connection.execute(select(_ROW.c.id).where(_ROW.c.id == ident)).first() is not None:
            raise ConflictError("this form made its key already", where="API key", code="api-key.made")
        living = and_(_ROW.c.institution == new.institution, _ROW.c.revoked_s.is_(None), _ROW.c.expires_s > now_s)
        if connection.execute(select(func.count()).select_from(_ROW).where(living)).scalar_one() >= API_KEYS_MAX:
            raise FieldError(f"{API_KEYS_MAX} living API keys", where="API keys", fix="revoke some first")
        connection.execute(
            insert(_ROW).values(
                id=ident,
                key_hash=_hash(key),
                institution=new.institution,
                label=new.label,
                roles=write_roles(new.roles),
                uses=None if new.uses is None else " ".join(sorted(new.uses)),
                made_by=new.made_by,
                created_s=now_s,
                expires_s=now_s + new.days * _DAY_S,
            )
        )
        return ident, key

    def _mine(self, institution: str, ident: str) -> ColumnElement[bool]:
        return and_(_ROW.c.institution == institution, _ROW.c.id == check_slug(ident, where="API key"))

    def _now_s(self) -> int:
        return int(self._clock().timestamp())


def api_keys_snapshot(connection: Connection, *, now_s: int = 0) -> Mapping[bytes, ApiKeyScope]:
    """Return every key that is not revoked (nor over at `now_s`), by digest, from one read.

    Take it anew every second or so: a revocation counts from then on. Expiry is judged at each use.
    """
    columns = (_ROW.c.key_hash, _ROW.c.id, _ROW.c.institution, _ROW.c.roles, _ROW.c.uses, _ROW.c.expires_s)
    rows = connection.execute(select(*columns).where(and_(_ROW.c.revoked_s.is_(None), _ROW.c.expires_s > now_s)))
    return MappingProxyType(
        {
            bytes(digest): ApiKeyScope(
                ident,
                Identity(
                    name=ident,
                    institution=institution,
                    roles=read_roles(roles),
                    means="api_key",
                    uses=None if uses is None else frozenset(uses.split()),
                ),
                expires_s,
            )
            for digest, ident, institution, roles, uses, expires_s in rows
        }
    )


def presented_key(authorization: str | None) -> str | None:
    """Return the API key of an `Authorization: Bearer` header, or None where there is none of our form."""
    scheme, _, key = (authorization or "").partition(" ")
    return key if scheme.lower() == "bearer" and _KEY.fullmatch(key) else None


def identify_api_key(snapshot: Mapping[bytes, ApiKeyScope], key: str | None, now_s: int) -> ApiKeyScope | None:
    """Return what a key opens, or None: unknown, revoked or expired. It is found by digest, so time tells nothing of it."""
    found = None if key is None else snapshot.get(_hash(key))
    return found if found is not None and now_s < found.expires_s else None


class ApiKeyUses:
    """Which keys were used, by day, gathered in memory and written now and then. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, str] = {}
        self._written: dict[str, str] = {}

    def note(self, ident: str, now_s: int) -> None:
        """Remember that a key was used. Bounded by the number of living keys, since only those are known by an id."""
        day = hong_kong_date(datetime.fromtimestamp(now_s, UTC)).isoformat()
        if self._written.get(ident) != day:
            with self._lock:
                self._seen[ident] = day

    def write(self, backend: Backend) -> int:
        """Write the days that are new; return how many."""
        with self._lock:
            seen, self._seen = self._seen, {}
        if not seen:
            return 0
        with backend.write(WEB_LOCK) as connection:
            for ident, day in seen.items():
                newer = or_(_ROW.c.last_used.is_(None), _ROW.c.last_used < day)
                connection.execute(update(_ROW).where(and_(_ROW.c.id == ident, newer)).values(last_used=day))
        self._written.update(seen)
        return len(seen)


def check_api_key(new: NewApiKey) -> None:
    """Raise FieldError for a key that cannot be made."""
    check_slug(new.institution, where="institution")
    check_roles(new.roles, API_KEY_ROLES, where="API key")
    if not 0 < len(new.label.strip()) <= _LABEL_CHARACTERS_MAX or not new.label.isprintable():
        raise FieldError("the label", where="API key", expected=f"1 to {_LABEL_CHARACTERS_MAX} printable characters")
    if not 0 < new.days <= API_KEY_DAYS_MAX:
        raise FieldError(f"{new.days} days", where="API key", expected=f"1 to {API_KEY_DAYS_MAX}")
    if new.uses is None:
        return
    if not 0 < len(new.uses) <= API_KEY_USES_MAX:
        raise FieldError(f"{len(new.uses)} uses", where="API key", expected=f"1 to {API_KEY_USES_MAX}, or none named")
    for use in new.uses:
        if parse_use(use, where="API key").institution != new.institution:
            raise FieldError(f"{use!r} is of another institution", where="API key", expected=f"{new.institution}/…")


def _view(row: Sequence[Any]) -> ApiKeyView:
    values = dict(zip(ApiKeyView._fields, row, strict=True))
    uses = None if values["uses"] is None else frozenset(values["uses"].split())
    return ApiKeyView(**values | {"roles": read_roles(values["roles"]), "uses": uses})


def once_digits() -> str:
    """Return a new number for a form that makes a key: the same form sent twice asks for the same id."""
    return secrets.token_hex(6)


def _columns() -> list[Column[Any]]:
    return [_ROW.c[field] for field in ApiKeyView._fields]


def _present(connection: Connection, mine: ColumnElement[bool]) -> ApiKeyView:
    row = connection.execute(select(*_columns()).where(mine)).first()
    if row is None:
        raise NotFoundError("no such API key here", fix="list the keys again", code="not-found.api-key")
    return _view(row)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
