"""A provider's own documents: its metadata and its keys, fetched with bounds and kept for a while.

Its metadata must name the issuer that was configured, letter by letter (OpenID Connect Discovery 1.0, section 4.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import httpx
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dualtrack.errors import AuthenticationError, FieldError
from dualtrack.web.identity.oidc_settings import check_endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ANSWER_BYTES_MAX",
    "DOCUMENTS_S_MAX",
    "FETCH_S_MAX",
    "KEYS_S_MIN",
    "KEY_COUNT_MAX",
    "ProviderDocuments",
    "ProviderMetadata",
    "fetch_json",
    "provider_refused",
]

ANSWER_BYTES_MAX = 262_144
"""Bytes of one answer of a provider; metadata and keys have some kilobytes."""

DOCUMENTS_S_MAX = 3_600
"""Seconds for which metadata and keys are kept; a withdrawn key is forgotten within the hour."""

KEYS_S_MIN = 30
"""Seconds between two looks at the keys for an unknown one, so that forged tokens do not make us hammer the provider."""

KEY_COUNT_MAX = 50
"""Keys of one provider; rotation needs two or three."""

FETCH_S_MAX = 10.0
"""Seconds for each step of a request: somebody is waiting at a login page."""

_OK = 200


class ProviderMetadata(NamedTuple):
    """What is used of the metadata. `says_issuer`: answers carry `iss` (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    says_issuer: bool


class ProviderDocuments:
    """Metadata and keys of one issuer, fetched when needed. Threads may fetch twice; the later answer stays."""

    def __init__(self, issuer: str, http: httpx.Client) -> None:
        self._issuer = issuer
        self._http = http
        self._metadata: tuple[ProviderMetadata, int] | None = None
        self._keys: tuple[KeySet, int] | None = None

    def metadata(self, now_s: int) -> ProviderMetadata:
        """Return the metadata, at most DOCUMENTS_S_MAX old; raises AuthenticationError."""
        if self._metadata is None or not 0 <= now_s - self._metadata[1] < DOCUMENTS_S_MAX:
            self._metadata = (self._fetch_metadata(), now_s)
        return self._metadata[0]

    def keys(self, now_s: int) -> KeySet:
        """Return the keys, at most DOCUMENTS_S_MAX old; raises AuthenticationError."""
        if self._keys is None or not 0 <= now_s - self._keys[1] < DOCUMENTS_S_MAX:
            self._keys = (self._fetch_keys(now_s), now_s)
        return self._keys[0]

    def newer_keys(self, now_s: int) -> KeySet:
        """Return the keys, looked at again unless that was done just now."""
        if self._keys is not None and now_s - self._keys[1] >= KEYS_S_MIN:
            self._keys = None
        return self.keys(now_s)

    def _fetch_metadata(self) -> ProviderMetadata:
        found = fetch_json(self._http, "GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._issuer:
            raise provider_refused("its metadata names another issuer", code="authentication.oidc.issuer")
        if "S256" not in _texts(found.get("code_challenge_methods_supported", ["S256"])):
            raise provider_refused("it does not take PKCE with S256")
        addresses = {}
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            address = found.get(name)
            try:
                addresses[name] = check_endpoint(address if isinstance(address, str) else "", where=name)
            except FieldError as error:
                raise provider_refused(f"its metadata has no usable {name}") from error
        says = found.get("authorization_response_iss_parameter_supported") is True
        return ProviderMetadata(**addresses, says_issuer=says)

    def _fetch_keys(self, now_s: int) -> KeySet:
        found = fetch_json(self._http, "GET", self.metadata(now_s).jwks_uri)
        listed = found.get("keys")
        if not isinstance(listed, list) or not 0 < len(listed) <= KEY_COUNT_MAX:
            raise provider_refused(f"it does not list 1 to {KEY_COUNT_MAX} keys")
        try:
            return KeySet.import_key_set({"keys": listed})
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise provider_refused("its keys cannot be read") from error


def fetch_json(
    http: httpx.Client,
    method: str,
    address: str,
    *,
    form: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> Mapping[str, object]:
    """Return the JSON object that an address answers with; no redirect is followed. Raises AuthenticationError."""
    request = http.build_request(
        method, address, data=form, headers={"Accept": "application/json"}, timeout=FETCH_S_MAX
    )
    sender = httpx.BasicAuth(*auth) if auth is not None else None
    try:
        answer = http.send(request, auth=sender, follow_redirects=False, stream=True)
        try:
            data = _bounded(answer)
        finally:
            answer.close()
    except httpx.HTTPError as error:
        raise provider_refused("it cannot be reached", code="authentication.oidc.unreachable") from error
    if answer.status_code != _OK:
        raise provider_refused(f"it answered with status {answer.status_code}")
    try:
        found = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise provider_refused("it did not answer in JSON") from error
    if not isinstance(found, dict):
        raise provider_refused("it did not answer with an object")
    return found


def _bounded(answer: httpx.Response) -> bytes:
    data = bytearray()
    for chunk in answer.iter_bytes():
        data += chunk
        if len(data) > ANSWER_BYTES_MAX:
            raise provider_refused(f"it answered with more than {ANSWER_BYTES_MAX} bytes")
    return bytes(data)


def provider_refused(found: str, *, code: str = "authentication.oidc") -> AuthenticationError:
    """Return the error of a login that did not hold; it never repeats what the provider or the browser sent."""
    return AuthenticationError(
        found, where="identity provider", fix="sign in again; if it stays so, tell the administrator", code=code
    )


def _texts(found: object) -> list[str]:
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
