"""Signing in with a password, and the signing key that the password opens.

A wrong name and a wrong password cost the same and are told in the same words. Every attempt first takes a token of its
source and of the name; success gives it back.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import and_, delete

from dualtrack.errors import AuthenticationError, ForbiddenError, KeyFileError, NotFoundError
from dualtrack.keys.ed25519 import key_id
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.accounts import (
    AccountSecrets,
    add_account,
    is_slug,
    read_account,
    read_secrets,
    write_account,
)
from dualtrack.web.identity.passwords import check_password
from dualtrack.web.identity.rate_limits import WEB_LOCK, address_prefix
from dualtrack.web.identity.sealed_key import open_sealed, reseal, seal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.domain.time import Clock
    from dualtrack.keys.signer import Signer
    from dualtrack.store.backends import Backend
    from dualtrack.web.identity.accounts import Account, NewAccount, Seen
    from dualtrack.web.identity.passwords import PasswordHasher
    from dualtrack.web.identity.rate_limits import Attempts

__all__ = ["Login"]


class Login:
    """Local accounts: made, signed in, and their passwords changed. `source` is the address that an attempt came from."""

    def __init__(self, backend: Backend, hasher: PasswordHasher, attempts: Attempts, clock: Clock) -> None:
        self._backend = backend
        self._hasher = hasher
        self._attempts = attempts
        self._clock = clock

    def add(self, new: NewAccount, password: str, *, key: Ed25519PrivateKey | None = None) -> None:
        """Make an account; with `key`, its signing key is sealed under the password. Raises FieldError."""
        check_password(password, names=(new.name, new.holder, new.display_name))
        hashed = self._hasher.hash(password)
        sealed = {} if key is None else self._sealed(new.name, password, key)
        with self._backend.write(WEB_LOCK) as connection:
            add_account(connection, new, self._now_s(), password_hash=hashed, **sealed)

    def authenticate(self, name: str, password: str, *, source: str) -> Account:
        """Return the account of a name and its password.

        Raises AuthenticationError, in the same words and after the same work for a name that is not there, a closed account, one
        of a provider's and a wrong password; RateLimitError after too many failures. A hash made at another cost is made anew.
        """
        with self._attempt(name, source):
            account, stored = self._stored(name)
            held = self._hasher.verify(password, stored.password_hash)
            if not held or account is None or account.disabled or account.issuer is not None:
                raise _wrong()  # whom a provider signs in has no password here, whatever a row says
        if stored.password_hash is not None and self._hasher.is_stale(stored.password_hash):
            hashed = self._hasher.hash(password)
            with self._backend.write(WEB_LOCK) as connection:
                if read_secrets(connection, name) == stored:
                    write_account(connection, name, password_hash=hashed)
        return account

    def unlock(self, name: str, password: str, *, source: str) -> Signer:
        """Return the person's signer, for one request: this is the re-authentication of an approval.

        Raises as `authenticate`; KeyFileError where the account has no key of its own.
        """
        account = self.authenticate(name, password, source=source)
        _, stored = self._stored(name)
        if stored.sealed_key is None or stored.key_id is None:
            raise KeyFileError(
                "this account has no signing key here",
                where=account.name,
                fix="make one on the page of the account, or sign with `dualtrack sign` where the key is",
                code="key.absent",
            )
        return open_sealed(stored.sealed_key, name, stored.key_id, password, self._hasher, holder=account.holder)

    def give_key(self, name: str, password: str, *, source: str, key: Ed25519PrivateKey | None = None) -> bytes:
        """Make (or take in) a signing key, seal it under the password, and return its 32 public bytes to be granted.

        A key that was there before is lost with this: revoke its grant.
        """
        self.authenticate(name, password, source=source)
        _, stored = self._stored(name)
        made = key or Ed25519PrivateKey.generate()
        sealed = self._sealed(name, password, made)
        with self._backend.write(WEB_LOCK) as connection:
            if read_secrets(connection, name) != stored:
                raise _changed()
            write_account(connection, name, changed_s=self._now_s(), **sealed)
        return made.public_key().public_bytes_raw()

    def change_password(self, name: str, old: str, new: str, *, source: str, keep_session: bytes | None = None) -> None:
        """Change a password and seal the key anew. All sessions end but the one with the token digest `keep_session`."""
        account = self.authenticate(name, old, source=source)
        check_password(new, names=(account.name, account.holder, account.display_name))
        _, stored = self._stored(name)
        values: dict[str, object] = {"password_hash": self._hasher.hash(new), "changed_s": self._now_s()}
        if stored.sealed_key is not None and stored.key_id is not None:
            values["sealed_key"] = reseal(stored.sealed_key, name, stored.key_id, old, new, self._hasher)
        session = IDENTITY.session
        with self._backend.write(WEB_LOCK) as connection:
            if read_secrets(connection, name) != stored:
                raise _changed()
            write_account(connection, name, **values)
            others = and_(session.c.account == name, session.c.token_hash != (keep_session or b""))
            connection.execute(delete(session).where(others))

    def reset_password(self, institution: str, name: str, new: str, seen: Seen | None = None) -> str | None:
        """Give an account another password without the old one; return the key id that is lost by it and must be revoked.

        A sealed key opens under its password only, so an administrator who resets a password cannot sign as the person.
        `seen` is called under the lock of the write, as in `Accounts.edit`. Raises ForbiddenError for somebody whom an identity
        provider signs in: a password here would be a way round it.
        """
        with self._backend.read() as connection:
            account = read_account(connection, name)
        if account is None or account.institution != institution:
            raise NotFoundError("no such account here", code="not-found.account")
        if account.issuer is not None:
            raise ForbiddenError(
                "an account whose person an identity provider signs in",
                where=name,
                fix="have the password changed at the provider, or close the account here",
                code="forbidden.provider",
            )
        check_password(new, names=(account.name, account.holder, account.display_name))
        hashed = self._hasher.hash(new)
        lost = {"key_id": None, "sealed_key": None, "custody": None}
        with self._backend.write(WEB_LOCK) as connection:
            account = read_account(connection, name) or account
            if seen is not None:
                seen(account)
            write_account(connection, name, password_hash=hashed, changed_s=self._now_s(), **lost)
            connection.execute(delete(IDENTITY.session).where(IDENTITY.session.c.account == name))
        return account.key_id

    @contextmanager
    def _attempt(self, name: str, source: str) -> Iterator[None]:
        place = address_prefix(source)
        taken = self._attempts.reserve_login(name, place)
        yield
        self._attempts.logged_in(taken, name, place)

    def _stored(self, name: str) -> tuple[Account | None, AccountSecrets]:
        if not is_slug(name):  # no account has such a name, and not every text can be asked of a database
            return None, AccountSecrets(None, None, None)
        with self._backend.read() as connection:
            return read_account(connection, name), read_secrets(connection, name)

    def _sealed(self, name: str, password: str, key: Ed25519PrivateKey) -> dict[str, object]:
        keyid = key_id(key.public_key().public_bytes_raw())
        sealed = seal(key, name, password, self._hasher)
        return {"key_id": keyid, "sealed_key": sealed, "custody": "sealed by password"}

    def _now_s(self) -> int:
        return int(self._clock().timestamp())


def _changed() -> AuthenticationError:
    """Somebody changed the password or the key in between: a seal under the old password would open for nobody."""
    return AuthenticationError(
        "the password or the key was changed meanwhile", fix="sign in again", code="authentication.password"
    )


def _wrong() -> AuthenticationError:
    return AuthenticationError(
        "the name or the password is wrong", fix="check both, and the keyboard", code="authentication.password"
    )
