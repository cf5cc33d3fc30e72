"""Sessions: a random token in a cookie, its digest in the database, and two lifetimes.

A token is made at login and again whenever what its holder may do changes; one that was there before login is ended, so
nobody can plant a token and wait. Roles and the closed flag are read with every request, so a change counts at once.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, delete, insert, or_, select, update

from dualtrack.errors import AuthenticationError, NotFoundError
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.accounts import identity_of, read_account
from dualtrack.web.identity.rate_limits import WEB_LOCK

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from dualtrack.domain.time import Clock
    from dualtrack.store.backends import Backend
    from dualtrack.web.identity.who import Identity

__all__ = [
    "SESSIONS_MAX",
    "TOKEN_BYTES",
    "Lifetimes",
    "SessionView",
    "Sessions",
    "cookie_name",
    "set_cookie",
    "token_hash",
]

TOKEN_BYTES = 32
"""Random bytes of a token: 256 bits."""

SESSIONS_MAX = 10
"""Sessions of one account; a further login ends the oldest."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_ID_DIGITS = 16
_SESSION = IDENTITY.session


class Lifetimes(NamedTuple):
    """Seconds: unused for so long, or so long after login, a session ends. A use is written down every `touch_s`."""

    idle_s: int = 1_800
    absolute_s: int = 43_200
    touch_s: int = 60


class SessionView(NamedTuple):
    """A session as its owner sees it; `id` is part of the token's digest and opens nothing."""

    id: str
    created_s: int
    seen_s: int
    current: bool


class _Row(NamedTuple):
    account: str
    created_s: int
    seen_s: int
    auth_s: int


class Sessions:
    """The sessions of a workspace's people."""

    def __init__(self, backend: Backend, clock: Clock, lifetimes: Lifetimes | None = None) -> None:
        self._backend = backend
        self._clock = clock
        self.lifetimes = lifetimes or Lifetimes()

    def start(self, account: str, *, replaces: str | None = None, auth_s: int | None = None) -> str:
        """Begin a session after a login and return its token; the token that came with the request, if any, is ended.

        `auth_s` is when an identity provider asked for the password, if not now.
        """
        token, now_s = _new_token(), self._now_s()
        with self._backend.write(WEB_LOCK) as connection:
            connection.execute(delete(_SESSION).where(or_(self._dead(now_s), _SESSION.c.token_hash == _hash(replaces))))
            self._make_room(connection, account)
            connection.execute(
                insert(_SESSION).values(
                    token_hash=token_hash(token),
                    account=account,
                    created_s=now_s,
                    seen_s=now_s,
                    auth_s=now_s if auth_s is None else min(auth_s, now_s),
                )
            )
        return token

    def identify(self, token: str | None, *, touch: bool = True) -> Identity | None:
        """Return who holds a token, or None: unknown, ended, too old, or of a closed account.

        Without `touch` it counts as no use: a page that reads itself again keeps nobody signed in.
        """
        digest, now_s = _hash(token), self._now_s()
        if not digest:
            return None
        with self._backend.read() as connection:
            found = _read(connection, digest)
            account = None if found is None else read_account(connection, found.account)
        if found is None or account is None or account.disabled or not self._lives(found, now_s):
            return None
        if touch and now_s - found.seen_s >= self.lifetimes.touch_s:
            with self._backend.write(WEB_LOCK) as connection:
                connection.execute(update(_SESSION).where(_SESSION.c.token_hash == digest).values(seen_s=now_s))
        return identity_of(account, found.auth_s)

    def rotate(self, token: str, *, authenticated: bool) -> str:
        """Put another token in the place of this one; with `authenticated`, the password has just been entered again.

        The lifetime counts from the login, as before. Raises AuthenticationError for a session that has ended.
        """
        new, digest, now_s = _new_token(), _hash(token), self._now_s()
        with self._backend.write(WEB_LOCK) as connection:
            found = _read(connection, digest)
            if found is None or not self._lives(found, now_s):
                raise AuthenticationError("the session has ended", fix="sign in again")
            connection.execute(
                update(_SESSION)
                .where(_SESSION.c.token_hash == digest)
                .values(token_hash=token_hash(new), seen_s=now_s, auth_s=now_s if authenticated else found.auth_s)
            )
        return new

    def end(self, token: str | None) -> None:
        """Sign out. A token that is not there is no fault."""
        with self._backend.write(WEB_LOCK) as connection:
            connection.execute(delete(_SESSION).where(_SESSION.c.token_hash == _hash(token)))

    def end_others(self, account: str, token: str | None) -> None:
        """End every session of an account but this one."""
        with self._backend.write(WEB_LOCK) as connection:
            others = and_(_SESSION.c.account == account, _SESSION.c.token_hash != _hash(token))
            connection.execute(delete(_SESSION).where(others))

    def of(self, account: str, token: str | None = None) -> list[SessionView]:
        """Return the living sessions of an account, newest first."""
        columns = (_SESSION.c.token_hash, _SESSION.c.created_s, _SESSION.c.seen_s)
        mine = and_(_SESSION.c.account == account, ~self._dead(self._now_s()))
        query = select(*columns).where(mine).order_by(_SESSION.c.created_s.desc(), _SESSION.c.token_hash)
        with self._backend.read() as connection:
            rows = connection.execute(query.limit(SESSIONS_MAX)).all()
        return [SessionView(_id(row[0]), row[1], row[2], bytes(row[0]) == _hash(token)) for row in rows]

    def revoke(self, account: str, session_id: str) -> None:
        """End one of an account's sessions by the id that `of` shows; raises NotFoundError."""
        with self._backend.write(WEB_LOCK) as connection:
            rows = connection.execute(select(_SESSION.c.token_hash).where(_SESSION.c.account == account)).all()
            found = [bytes(row[0]) for row in rows if _id(row[0]) == session_id]
            if not found:
                raise NotFoundError("no such session", fix="list the sessions again", code="not-found.session")
            connection.execute(delete(_SESSION).where(_SESSION.c.token_hash.in_(found)))

    def _lives(self, found: _Row, now_s: int) -> bool:
        idle, age = now_s - found.seen_s, now_s - found.created_s
        return idle < self.lifetimes.idle_s and age < self.lifetimes.absolute_s

    def _dead(self, now_s: int) -> ColumnElement[bool]:
        """Return the condition for sessions that have ended by time; the opposite of `_lives`."""
        return or_(
            _SESSION.c.seen_s <= now_s - self.lifetimes.idle_s,
            _SESSION.c.created_s <= now_s - self.lifetimes.absolute_s,
        )

    def _make_room(self, connection: Connection, account: str) -> None:
        newest = (
            select(_SESSION.c.token_hash)
            .where(_SESSION.c.account == account)
            .order_by(_SESSION.c.created_s.desc(), _SESSION.c.token_hash)
        )
        surplus = [row[0] for row in connection.execute(newest).all()[SESSIONS_MAX - 1 :]]
        if surplus:
            connection.execute(delete(_SESSION).where(_SESSION.c.token_hash.in_(surplus)))

    def _now_s(self) -> int:
        return int(self._clock().timestamp())


def token_hash(token: str) -> bytes:
    """Return what is kept of a token. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("ascii")).digest()


def cookie_name(*, https: bool) -> str:
    """Return the cookie's name; over HTTPS a browser takes `__Host-` only from this very host (RFC 6265bis, 4.1.3.2)."""
    return "__Host-dualtrack" if https else "dualtrack"


def set_cookie(token: str | None, *, https: bool, lifetime_s: int) -> str:
    """Return the value of a Set-Cookie header for a token, or to forget it (None)."""
    age_s = 0 if token is None else lifetime_s
    parts = [f"{cookie_name(https=https)}={token or ''}", "Path=/", f"Max-Age={age_s}", "HttpOnly", "SameSite=Lax"]
    return "; ".join([*parts, "Secure"] if https else parts)


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def _hash(token: str | None) -> bytes:
    """Return the digest of a token from a request, or nothing if it has not a token's form."""
    return token_hash(token) if token is not None and _TOKEN.fullmatch(token) else b""


def _id(digest: bytes) -> str:
    return bytes(digest).hex()[:_ID_DIGITS]


def _read(connection: Connection, digest: bytes) -> _Row | None:
    columns = (_SESSION.c.account, _SESSION.c.created_s, _SESSION.c.seen_s, _SESSION.c.auth_s)
    row = connection.execute(select(*columns).where(_SESSION.c.token_hash == digest)).first()
    return None if row is None else _Row(*row)
