"""Cookies that we write beside the session's: a message for the next page, signed; the form's secret; language and look."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from dualtrack.web.parts import Flash, Tone

__all__ = ["FLASH_CHARACTERS_MAX", "FLASH_S_MAX", "cookie", "form_secret", "is_form_secret", "open_flash", "seal_flash"]

FLASH_CHARACTERS_MAX = 1_000
"""Longest message; a browser takes cookies of 4 KB."""

FLASH_S_MAX = 300
"""Seconds that a message waits for its page."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_SEALED = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}")
_SEALED_CHARACTERS_MAX = 4_000


class _Said(msgspec.Struct, frozen=True, array_like=True):
    tone: Tone
    text: str
    at_s: int


def seal_flash(key: bytes, bound: str, text: str, now_s: int, tone: Tone = "good") -> str:
    """Return the cookie's value: the message under our MAC, for the browser with this session or form secret."""
    data = msgspec.json.encode(_Said(tone, text[:FLASH_CHARACTERS_MAX], now_s))
    payload = urlsafe_b64encode(data).rstrip(b"=")
    return f"{payload.decode()}.{_mac(key, payload, bound)}"


def open_flash(key: bytes, bound: str | None, sealed: str | None, now_s: int) -> tuple[Flash, ...]:
    """Return the message of a cookie, or none: it is not ours, of another session, or old."""
    if bound is None or sealed is None or len(sealed) > _SEALED_CHARACTERS_MAX or not _SEALED.fullmatch(sealed):
        return ()
    payload, _, mac = sealed.partition(".")
    if not hmac.compare_digest(mac, _mac(key, payload.encode(), bound)):
        return ()
    said = msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Said)
    return (Flash(said.tone, said.text),) if 0 <= now_s - said.at_s <= FLASH_S_MAX else ()


def form_secret() -> str:
    """Return a new secret for the forms of somebody who is not signed in."""
    return secrets.token_urlsafe(32)


def is_form_secret(value: str | None) -> bool:
    """Tell whether a cookie's value has the form of such a secret."""
    return value is not None and _SECRET.fullmatch(value) is not None


def cookie(name: str, value: str | None, *, https: bool, lifetime_s: int = 0) -> str:
    """Return the value of a Set-Cookie header; None forgets the cookie, a lifetime of 0 ends with the browser."""
    parts = [f"{name}={value or ''}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if value is None:
        parts.append("Max-Age=0")
    elif lifetime_s:
        parts.append(f"Max-Age={lifetime_s}")
    return "; ".join([*parts, "Secure"] if https else parts)


def _mac(key: bytes, payload: bytes, bound: str) -> str:
    return urlsafe_b64encode(hmac.digest(key, payload + b"\x00" + bound.encode(), "sha256")).rstrip(b"=").decode()
