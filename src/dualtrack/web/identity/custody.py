"""Signing keys in custody: this server keeps them for people whom an identity provider signs in, sealed under its own secret.

Such a person has no password here that could seal a key. Each signature follows a login that the provider was asked for anew, and the
assertion of that login, under the same key, is recorded before it is given. It is weaker than a key of one's own: whoever runs the
server could sign (LIMITATIONS.md).
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dualtrack.errors import AuthenticationError, ForbiddenError, KeyFileError, NotFoundError, StoreCorruptError
from dualtrack.keys.ed25519 import KEY_BYTES, key_id
from dualtrack.keys.signer import FileSigner
from dualtrack.web.identity.accounts import is_slug, read_account, read_secrets, write_account
from dualtrack.web.identity.assertion import FreshLogin, assert_login
from dualtrack.web.identity.permissions import FRESH_S_MAX
from dualtrack.web.identity.rate_limits import WEB_LOCK
from dualtrack.web.identity.sealed_key import sealed_public

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.domain.time import Clock
    from dualtrack.keys.signer import Signer
    from dualtrack.store.backends import Backend
    from dualtrack.web.identity.accounts import Account
    from dualtrack.web.identity.assertion import CountersignedAssertion
    from dualtrack.web.identity.oidc import OidcLogin

__all__ = ["FRESH_LOGIN_CHARACTERS_MAX", "CustodyKeys", "CustodySigner"]

FRESH_LOGIN_CHARACTERS_MAX = 2_048
"""Longest sealed login read from a cookie: issuer and subject have at most 755 characters."""

_FORMAT = b"dualtrack.custody-key/1"
_LOGIN = b"dualtrack.fresh-login/1"
_NONCE_BYTES = 12


class CustodySigner:
    """Signs with a key in custody; before each signature the assertion of the login is written down by `record`."""

    __slots__ = ("_assertion", "_inner", "_record", "key_id", "name", "public_key")

    def __init__(
        self,
        inner: Signer,
        assertion: Callable[[str], CountersignedAssertion],
        record: Callable[[CountersignedAssertion, Signer], None],
    ) -> None:
        self._inner, self._assertion, self._record = inner, assertion, record
        self.name, self.key_id, self.public_key = inner.name, inner.key_id, inner.public_key

    def sign(self, message: bytes) -> bytes:
        """Return the signature; what it rests on is durable before it exists."""
        digest = hashlib.sha256(message).hexdigest()
        self._record(self._assertion(f"sign {digest}"), self._inner)
        return self._inner.sign(message)


class CustodyKeys:
    """The keys in custody of a workspace, and the sealed word about a fresh login that a browser carries for minutes."""

    def __init__(self, backend: Backend, key: bytes, clock: Clock) -> None:
        self._backend, self._clock = backend, clock
        self._cipher = AESGCM(key)

    def give_key(self, name: str, seen: str | None) -> bytes:
        """Make a key for the account of a provider's person in place of key `seen`; return its 32 public bytes to be granted.

        A key that was there before is lost with this: revoke its grant. Raises ForbiddenError for an account with a password,
        AuthenticationError where the key is no longer the one that was seen.
        """
        made = Ed25519PrivateKey.generate()
        public = made.public_key().public_bytes_raw()
        sealed = public + self._seal(made.private_bytes_raw(), _FORMAT, name, key_id(public))
        with self._backend.write(WEB_LOCK) as connection:
            account = read_account(connection, name) if is_slug(name) else None
            if account is None:
                raise NotFoundError("no such account here", code="not-found.account")
            if account.issuer is None:
                raise ForbiddenError(
                    "this account has a password, which seals its key",
                    where=name,
                    fix="make the key on the page of the account",
                )
            if account.key_id != seen:
                raise AuthenticationError("the key was changed meanwhile", where=name, fix="open the page again")
            values = {"key_id": key_id(public), "sealed_key": sealed, "custody": "server"}
            write_account(connection, name, changed_s=int(self._clock().timestamp()), **values)
        return public

    def public_key(self, name: str) -> bytes | None:
        """Return the public key of an account's signing key, in custody or sealed under a password, to be granted.

        None where there is no key, or an older release sealed it without the public one.
        """
        with self._backend.read() as connection:
            account, stored = read_account(connection, name), read_secrets(connection, name)
        if account is None or stored.key_id is None or stored.sealed_key is None:
            return None
        if account.custody != "server":
            return sealed_public(stored.sealed_key, stored.key_id)
        public = stored.sealed_key[:KEY_BYTES]
        return public if key_id(public) == stored.key_id else None

    def open_login(self, sealed: str | None, name: str) -> FreshLogin | None:
        """Return the fresh login that a browser carries for an account, None where there is none within FRESH_S_MAX."""
        plain = self._unseal(sealed, _LOGIN, name)
        if plain is None:
            return None
        found = msgspec.json.decode(plain, type=FreshLogin)  # under our seal: it is what `seal_login` wrote
        return found if 0 <= self._clock().timestamp() - found.asked_s <= FRESH_S_MAX else None

    def fresh_login(self, sealed: str | None, name: str) -> FreshLogin:
        """Return the fresh login as `open_login`; raises AuthenticationError where there is none."""
        login = self.open_login(sealed, name)
        if login is None:
            raise AuthenticationError(
                "the provider was not asked lately who you are",
                expected=f"a login within {FRESH_S_MAX} seconds",
                fix="sign in again at your institution's provider, then send the form",
                code="authentication.provider",
            )
        return login

    def seal_login(self, login: OidcLogin, name: str) -> str:
        """Return what a browser carries after its person was asked for anew by the provider."""
        asked_s = int(self._clock().timestamp())
        fresh = FreshLogin(login.issuer, login.subject, login.auth_time_s, login.id_token_digest, asked_s)
        return urlsafe_b64encode(self._seal(msgspec.json.encode(fresh), _LOGIN, name)).decode("ascii")

    def signer(
        self, account: Account, login: FreshLogin, record: Callable[[CountersignedAssertion, Signer], None]
    ) -> CustodySigner:
        """Return the signer of a provider's person, for one request, by a fresh login; raises KeyFileError where there is no key."""
        with self._backend.read() as connection:
            stored = read_secrets(connection, account.name)
        if stored.key_id is None or stored.sealed_key is None:
            raise KeyFileError(
                "this account has no signing key here",
                where=account.name,
                fix="make one on the page of the account, and have the root grant it",
                code="key.absent",
            )
        key = self._open(stored.sealed_key, account.name, stored.key_id)
        return CustodySigner(
            FileSigner(account.holder, key), lambda purpose: assert_login(login, account, purpose), record
        )

    def _open(self, sealed: bytes, name: str, keyid: str) -> Ed25519PrivateKey:
        nonce, body = sealed[KEY_BYTES : KEY_BYTES + _NONCE_BYTES], sealed[KEY_BYTES + _NONCE_BYTES :]
        try:
            key = Ed25519PrivateKey.from_private_bytes(self._cipher.decrypt(nonce, body, _bound(_FORMAT, name, keyid)))
        except (InvalidTag, ValueError) as error:
            raise StoreCorruptError(
                "a signing key in custody does not open",
                where="web_account",
                fix="restore keys/web.secret with the database, or make and grant a new key",
                code="store.corrupt.sealed-key",
            ) from error
        return key

    def _seal(self, plain: bytes, kind: bytes, *about: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, _bound(kind, *about))

    def _unseal(self, sealed: str | None, kind: bytes, *about: str) -> bytes | None:
        """Return what a browser carried, None for anything that is not under our seal."""
        if not sealed or len(sealed) > FRESH_LOGIN_CHARACTERS_MAX:
            return None
        try:
            data = urlsafe_b64decode(sealed.encode("ascii", "replace"))
            return self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _bound(kind, *about))
        except (InvalidTag, Base64Error, ValueError):
            return None


def _bound(kind: bytes, *about: str) -> bytes:
    return b"\x00".join((kind, *(item.encode() for item in about)))
