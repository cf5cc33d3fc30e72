"""Requests that a foreign page made a browser send: told by where they come from, and by a token that only our pages have.

Both are asked for. The token is made anew on every page, so that compression gives nothing away (BREACH), and holds as
long as the session. Programs with an API key send no cookie and need none of this.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["SAFE_METHODS", "RequestOrigin", "check_csrf", "csrf_token"]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, section 9.2.1)."""

_NONCE_BYTES = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{64}")


class RequestOrigin(NamedTuple):
    """What the browser itself says about a request: the headers `Origin` and `Sec-Fetch-Site`, None where absent."""

    origin: str | None
    fetch_site: str | None


def csrf_token(key: bytes, session_token: str) -> str:
    """Return a token for a form on a page of this session (before login: of the cookie that the login page set)."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return urlsafe_b64encode(nonce + _mac(key, nonce, session_token)).decode("ascii")


def check_csrf(
    method: str,
    *,
    key: bytes,
    session_token: str | None,
    form_token: str | None,
    came_from: RequestOrigin,
    own_origins: Collection[str],
) -> None:
    """Raise ForbiddenError unless the request changes nothing, or came from our own page and carries its token.

    `own_origins` are scheme, host and port as browsers write them, `https://dualtrack.example`. A browser that says
    neither where from is refused: every browser since 2020 says one of the two for a request that changes something.
    """
    if method in SAFE_METHODS:
        return
    if came_from.fetch_site is not None and came_from.fetch_site != "same-origin":
        raise _refused(f"the request came from another site ({came_from.fetch_site[:20]!r})", "forbidden.csrf.site")
    if came_from.origin is not None and came_from.origin not in own_origins:
        raise _refused("the request came from a page of another origin", "forbidden.csrf.origin")
    if came_from.origin is None and came_from.fetch_site is None:
        raise _refused("the request does not say which page it came from", "forbidden.csrf.origin")
    if session_token is None or form_token is None or not _holds(key, session_token, form_token):
        raise _refused("the form's token is missing, or of another session", "forbidden.csrf.token")


def _holds(key: bytes, session_token: str, form_token: str) -> bool:
    if not _TOKEN.fullmatch(form_token):
        return False
    data = urlsafe_b64decode(form_token)
    return hmac.compare_digest(data[_NONCE_BYTES:], _mac(key, data[:_NONCE_BYTES], session_token))


def _mac(key: bytes, nonce: bytes, session_token: str) -> bytes:
    return hmac.digest(key, nonce + session_token.encode(), "sha256")


def _refused(found: str, code: str) -> ForbiddenError:
    return ForbiddenError(found, where="form", fix="open the page again and send the form from there", code=code)
