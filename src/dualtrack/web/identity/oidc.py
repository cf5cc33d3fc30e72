"""OpenID Connect: the authorisation code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636, RFC 9207).

Authlib makes the requests and checks the claims; we fetch, with bounds, and hold what has to survive the way through the
browser in a sealed cookie. Nothing is believed of the provider but a token that its published key signed for us, for this
login, within its time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote_plus

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from dualtrack.errors import ForbiddenError
from dualtrack.web.identity.oidc_provider import ProviderDocuments, fetch_json, provider_refused
from dualtrack.web.identity.oidc_settings import GROUPS_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from dualtrack.web.identity.oidc_settings import OidcSettings
    from dualtrack.web.identity.roles import ConsoleRole

__all__ = ["FRESH_LOGIN_S_MAX", "LOGIN_S_MAX", "QUERY_CHARACTERS_MAX", "OidcClient", "OidcLogin", "OidcStart"]

LOGIN_S_MAX = 600
"""Seconds that a login at the provider may take: with a second factor minutes, not hours."""

FRESH_LOGIN_S_MAX = 300
"""Oldest password at the provider when one was asked for anew."""

QUERY_CHARACTERS_MAX = 8_192
"""Longest query that comes back from a provider."""

_ID_TOKEN_CHARACTERS_MAX = 32_768
_SUBJECT_CHARACTERS_MAX = 255
"""OpenID Connect Core 1.0, section 2: a subject has at most 255 ASCII characters."""

_NONCE_BYTES = 12


class OidcStart(NamedTuple):
    """Where to send the browser, and the cookie that must come back with it (as SameSite=Lax, for LOGIN_S_MAX)."""

    url: str
    cookie: str


class OidcLogin(NamedTuple):
    """What the provider said. `auth_time_s` is None where it did not say; then nothing fresh may rest on it."""

    issuer: str
    subject: str
    name: str
    display_name: str
    roles: frozenset[ConsoleRole]
    auth_time_s: int | None
    id_token_digest: str
    purpose: str


class _Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A login on its way."""

    state: str
    nonce: str
    verifier: str
    started_s: int
    fresh: bool
    purpose: str


class OidcClient:
    """One provider. Its two requests a login wait for the network: call it from a worker thread."""

    def __init__(
        self, settings: OidcSettings, key: bytes, http: httpx.Client, *, client_secret: str | None = None
    ) -> None:
        settings.check("web.toml, oidc")
        self.settings = settings
        self._cipher = AESGCM(key)
        self._http = http
        self._secret = client_secret
        self._provider = ProviderDocuments(settings.issuer, http)

    def begin(self, now_s: int, *, fresh: bool = False, purpose: str = "login") -> OidcStart:
        """Return where the browser goes. With `fresh` the provider must ask for the password again, for `purpose`."""
        pending = _Pending(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            started_s=now_s,
            fresh=fresh,
            purpose=purpose,
        )
        more = {"prompt": "login", "max_age": "0"} if fresh else {}
        if not fresh and self.settings.max_age_s is not None:
            more["max_age"] = str(self.settings.max_age_s)
        url = prepare_grant_uri(
            self._provider.metadata(now_s).authorization_endpoint,
            client_id=self.settings.client_id,
            response_type="code",
            redirect_uri=self.settings.redirect_uri,
            scope=" ".join(self.settings.scopes),
            state=pending.state,
            nonce=pending.nonce,
            code_challenge=create_s256_code_challenge(pending.verifier),
            code_challenge_method="S256",
            **more,
        )
        return OidcStart(str(url), self._seal(pending))

    def finish(self, query: str, cookie: str | None, now_s: int) -> OidcLogin:
        """Return who came back, from the query string and the cookie of `begin`.

        Raises AuthenticationError for anything that is not this login answered by this provider in time, ForbiddenError for
        somebody whose groups have no role.
        """
        pending = self._open(cookie, now_s)
        code = self._code(query, pending, now_s)
        answer = self._exchange(code, pending, now_s)
        return self._login(answer, pending, now_s)

    def _code(self, query: str, pending: _Pending, now_s: int) -> str:
        if len(query) > QUERY_CHARACTERS_MAX:
            raise provider_refused("the answer is too long")
        given = parse_qsl(query)
        fields = dict(given)
        if len(fields) != len(given):
            raise provider_refused("the answer names something twice")
        if not hmac.compare_digest(fields.get("state", "").encode(), pending.state.encode()):
            raise provider_refused("the answer belongs to another login", code="authentication.oidc.state")
        if "error" in fields:
            raise provider_refused("the provider did not sign this person in", code="authentication.oidc.denied")
        if "iss" in fields and fields["iss"] != self.settings.issuer:
            raise provider_refused("the answer is from another issuer", code="authentication.oidc.issuer")
        if "iss" not in fields and self._provider.metadata(now_s).says_issuer:
            raise provider_refused("the answer does not say its issuer", code="authentication.oidc.issuer")
        if not fields.get("code"):
            raise provider_refused("the answer has no code")
        return fields["code"]

    def _exchange(self, code: str, pending: _Pending, now_s: int) -> Mapping[str, object]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect_uri,
            "code_verifier": pending.verifier,
        }
        auth = None
        if self._secret is None:
            form["client_id"] = self.settings.client_id
        else:  # RFC 6749, section 2.3.1: both are form-encoded before they become Basic
            auth = (quote_plus(self.settings.client_id), quote_plus(self._secret))
        address = self._provider.metadata(now_s).token_endpoint
        return fetch_json(self._http, "POST", address, form=form, auth=auth)

    def _login(self, answer: Mapping[str, object], pending: _Pending, now_s: int) -> OidcLogin:
        token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str) or len(token) > _ID_TOKEN_CHARACTERS_MAX:
            raise provider_refused("the answer has no ID token")
        claims = self._claims(token, access if isinstance(access, str) else None, pending, now_s)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_CHARACTERS_MAX or not subject.isascii():
            raise provider_refused("the subject is not of its form")
        return OidcLogin(
            issuer=self.settings.issuer,
            subject=subject,
            name=_text(claims, self.settings.name_claim),
            display_name=_text(claims, self.settings.display_claim),
            roles=self._roles(claims),
            auth_time_s=self._auth_time(claims, pending, now_s),
            id_token_digest=hashlib.sha256(token.encode()).hexdigest(),
            purpose=pending.purpose,
        )

    def _claims(self, token: str, access: str | None, pending: _Pending, now_s: int) -> Mapping[str, object]:
        """Return the claims of a token that holds: signature, issuer, audience, nonce, times within the skew."""
        try:
            try:
                decoded = jwt.decode(token, self._provider.keys(now_s), algorithms=self.settings.algorithms)
            except InvalidKeyIdError:  # the provider may have changed its keys since we looked
                decoded = jwt.decode(token, self._provider.newer_keys(now_s), algorithms=self.settings.algorithms)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                },
                {"nonce": pending.nonce, "client_id": self.settings.client_id, "access_token": access},
            )
            claims.validate(now=now_s, leeway=self.settings.clock_skew_s)
        except (JoseError, ValueError) as error:
            word = error.error if isinstance(error, JoseError) else "unreadable"
            raise provider_refused(f"the ID token does not hold: {word}", code="authentication.oidc.token") from error
        return dict(claims)

    def _auth_time(self, claims: Mapping[str, object], pending: _Pending, now_s: int) -> int | None:
        said, skew_s = claims.get("auth_time"), self.settings.clock_skew_s
        oldest_s = FRESH_LOGIN_S_MAX if pending.fresh else self.settings.max_age_s
        if said is None and oldest_s is None:
            return None
        if isinstance(said, bool) or not isinstance(said, int) or said > now_s + skew_s:
            raise provider_refused("the provider does not say when it asked for the password", code=_STALE)
        if oldest_s is not None and now_s - said > oldest_s + skew_s:
            raise provider_refused("the provider did not ask for the password again", code=_STALE)
        if pending.fresh and said < pending.started_s - skew_s:
            raise provider_refused("the password was asked for before this login", code=_STALE)
        return said

    def _roles(self, claims: Mapping[str, object]) -> frozenset[ConsoleRole]:
        said = claims.get(self.settings.roles_claim)
        groups = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        found = {
            role
            for group in groups[:GROUPS_MAX]
            if isinstance(group, str)
            for role in self.settings.roles.get(group, ())
        }
        if not found:
            raise ForbiddenError(
                "no group of this person has a role here",
                where=f"claim {self.settings.roles_claim}",
                expected=f"one of the {len(self.settings.roles)} groups in web.toml",
                fix="have the person put into one of them, or map another group",
                code="forbidden.oidc-roles",
            )
        return frozenset(found)

    def _seal(self, pending: _Pending) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, msgspec.json.encode(pending), self.settings.issuer.encode())
        return urlsafe_b64encode(nonce + sealed).decode("ascii")

    def _open(self, cookie: str | None, now_s: int) -> _Pending:
        try:
            data = urlsafe_b64decode((cookie or "").encode("ascii", "replace"))
            plain = self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], self.settings.issuer.encode())
        except (InvalidTag, Base64Error, ValueError) as error:
            raise provider_refused("this browser began no login here", code="authentication.oidc.state") from error
        pending = msgspec.json.decode(plain, type=_Pending)  # under our seal: it is what `begin` wrote
        if not 0 <= now_s - pending.started_s <= LOGIN_S_MAX:
            raise provider_refused("the login took too long", code="authentication.oidc.state")
        return pending


_STALE = "authentication.oidc.auth-time"


def _text(claims: Mapping[str, object], name: str) -> str:
    said = claims.get(name)
    return said if isinstance(said, str) else ""
