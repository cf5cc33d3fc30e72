"""Links for customers: signed, short-lived, for one receipt and nothing else.

A link carries its institution, receipt code, end and id under a MAC of the server; the database keeps only that it was made, so that it
can be ended early. It is no account: whoever has the link sees the receipt, as whoever has the letter would.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import and_, delete, func, insert, select, update

from dualtrack.domain.ids import check_slug
from dualtrack.errors import AuthenticationError, FieldError, RateLimitError
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.rate_limits import WEB_LOCK
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.identity.who import Identity, Language

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from dualtrack.domain.time import Clock
    from dualtrack.store.backends import Backend

__all__ = ["LINKS_AN_HOUR_MAX", "LINK_CHARACTERS_MAX", "LINK_S_MAX", "CustomerLinks"]

LINK_S_MAX = 30 * 86_400
"""Longest life of a link: a month to read a letter in. The receipt's own code lives as long as the receipt."""

LINK_CHARACTERS_MAX = 512
"""Longest link read; one of ours has about 300 characters."""

LINKS_AN_HOUR_MAX = 60
"""Links that one maker makes in an hour: one a minute is a busy service desk, more is a program that harvests receipts."""

_RECEIPT = re.compile(r"[A-Za-z0-9-]{4,64}")
_LINK = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}")
_ID_BYTES = 16
_HOUR_S = 3600
_ROW = IDENTITY.link


class _Payload(msgspec.Struct, frozen=True, array_like=True):
    """What a link says."""

    id: bytes
    institution: str
    receipt: str
    language: Language
    expires_s: int


class CustomerLinks:
    """Makes, opens and ends links."""

    def __init__(self, backend: Backend, key: bytes, clock: Clock) -> None:
        self._backend = backend
        self._key = key
        self._clock = clock

    def make(self, institution: str, receipt: str, *, made_by: str, language: Language, lifetime_s: int) -> str:
        """Return the token of a new link (the page adds its address). Raises FieldError, RateLimitError as `check_rate`.

        The rate is counted under the lock of the write, so that many at once are no more than one after another.
        """
        check_slug(institution, where="institution")
        if not _RECEIPT.fullmatch(receipt):
            raise FieldError("the receipt code", where="link", expected="4 to 64 letters, digits and hyphens")
        if not 0 < lifetime_s <= LINK_S_MAX:
            raise FieldError(f"{lifetime_s} seconds", where="link", expected=f"1 to {LINK_S_MAX}")
        now_s = self._now_s()
        said = _Payload(secrets.token_bytes(_ID_BYTES), institution, receipt, language, now_s + lifetime_s)
        with self._backend.write(WEB_LOCK) as connection:
            self._check_rate(connection, institution, made_by, now_s)
            over = and_(_ROW.c.expires_s <= now_s, _ROW.c.created_s <= now_s - _HOUR_S)  # younger ones still count
            connection.execute(delete(_ROW).where(over))
            connection.execute(
                insert(_ROW).values(
                    id=said.id,
                    institution=institution,
                    receipt_hash=self._receipt_hash(receipt),
                    made_by=made_by,
                    created_s=now_s,
                    expires_s=said.expires_s,
                )
            )
        payload = urlsafe_b64encode(msgspec.json.encode(said)).rstrip(b"=")
        return f"{payload.decode()}.{self._mac(payload)}"

    def check_rate(self, institution: str, made_by: str) -> None:
        """Raise RateLimitError where this maker has made as many links within the hour as one may: until one is an hour old."""
        with self._backend.read() as connection:
            self._check_rate(connection, institution, made_by, self._now_s())

    def living(self, institution: str, receipt: str) -> int:
        """Return how many links to a receipt are open."""
        with self._backend.read() as connection:
            query = select(func.count()).select_from(_ROW).where(self._open(institution, receipt))
            return int(connection.execute(query).scalar_one())

    def open(self, token: str) -> Identity:
        """Return the identity of whoever holds the link; raises AuthenticationError: not ours, over, or ended."""
        said = self._read(token)
        if said is None or self._now_s() >= said.expires_s:
            raise _closed()
        living = and_(_ROW.c.id == said.id, _ROW.c.revoked_s.is_(None))
        with self._backend.read() as connection:
            if connection.execute(select(_ROW.c.id).where(living)).first() is None:
                raise _closed()
        return Identity(
            name=f"link-{said.id.hex()[:12]}",
            institution=said.institution,
            roles=frozenset({ConsoleRole.CUSTOMER_LINK}),
            means="link",
            language=said.language,
            receipt=said.receipt,
        )

    def end(self, institution: str, receipt: str) -> int:
        """End every open link to a receipt before its time; return how many: those that are over already are not counted."""
        these = self._open(institution, receipt)
        with self._backend.write(WEB_LOCK) as connection:
            return connection.execute(update(_ROW).where(these).values(revoked_s=self._now_s())).rowcount

    def _check_rate(self, connection: Connection, institution: str, made_by: str, now_s: int) -> None:
        mine = and_(_ROW.c.institution == institution, _ROW.c.made_by == made_by, _ROW.c.created_s > now_s - _HOUR_S)
        newest = select(_ROW.c.created_s).where(mine).order_by(_ROW.c.created_s.desc()).limit(LINKS_AN_HOUR_MAX)
        made = connection.execute(newest).scalars().all()
        if len(made) == LINKS_AN_HOUR_MAX:  # once the last of these is an hour old, there are fewer
            raise RateLimitError(f"{len(made)} links within the hour", retry_after_s=made[-1] + _HOUR_S - now_s)

    def _open(self, institution: str, receipt: str) -> ColumnElement[bool]:
        return and_(
            _ROW.c.institution == institution,
            _ROW.c.receipt_hash == self._receipt_hash(receipt),
            _ROW.c.revoked_s.is_(None),
            _ROW.c.expires_s > self._now_s(),
        )

    def _read(self, token: str) -> _Payload | None:
        if len(token) > LINK_CHARACTERS_MAX or not _LINK.fullmatch(token):
            return None
        payload, _, mac = token.partition(".")
        if not hmac.compare_digest(mac, self._mac(payload.encode())):
            return None
        data = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return msgspec.json.decode(data, type=_Payload)  # under our MAC: it is what `make` wrote

    def _mac(self, payload: bytes) -> str:
        return urlsafe_b64encode(hmac.digest(self._key, b"link\x00" + payload, "sha256")).rstrip(b"=").decode()

    def _receipt_hash(self, receipt: str) -> bytes:
        return hmac.digest(self._key, b"receipt\x00" + receipt.encode(), "sha256")

    def _now_s(self) -> int:
        return int(self._clock().timestamp())


def _closed() -> AuthenticationError:
    return AuthenticationError(
        "the link is not valid, or no longer",
        fix="enter the receipt code itself, or ask for a new link",
        code="authentication.link",
    )
