"""What a request says about itself: its cookies, its address, its language and its look, each read one way."""

from __future__ import annotations

import re
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from dualtrack.web.identity.csrf import RequestOrigin
from dualtrack.web.identity.sessions import cookie_name
from dualtrack.web.views.rendering import Language, Theme

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping

__all__ = [
    "AGAIN_COOKIE",
    "COOKIE_HEADER_BYTES_MAX",
    "FLASH_COOKIE",
    "FORM_COOKIE",
    "LANGUAGE_COOKIE",
    "NEXT_CHARACTERS_MAX",
    "THEME_COOKIE",
    "Asking",
    "accepted_language",
    "client_address",
    "header_of",
    "local_path",
    "read_asking",
    "wants_page",
    "with_query",
]

LANGUAGE_COOKIE, THEME_COOKIE = "dualtrack-lang", "dualtrack-theme"
FLASH_COOKIE, FORM_COOKIE = "dualtrack-flash", "dualtrack-form"
AGAIN_COOKIE = "dualtrack-again"
"""Cookies beside the session's: language, look, a message for the next page, what forms are bound to before login, and for some
minutes the sealed word of an identity provider that was asked again who somebody is."""

COOKIE_HEADER_BYTES_MAX = 8_192
"""Longest Cookie header read; ours together have under 2 KB."""

NEXT_CHARACTERS_MAX = 500
"""Longest address to return to after a step in between."""

_LOCAL = re.compile(r"/(?![/\\])[^\\ ]*")
_ORIGIN_CHARACTERS_MAX = 300
_FOR_PROGRAMS = ("/api/", "/v1/", "/live/", "/healthz", "/readyz", "/metrics")


class Asking(NamedTuple):
    """A request as the doors see it. `source` is the address that failures are counted against; `query` has one of each name.

    `by_itself` tells that a page that is open reads itself again: nobody did anything.
    """

    method: str
    path: str
    query: Mapping[str, str]
    raw_query: str
    cookies: Mapping[str, str]
    source: str
    session_token: str | None
    authorization: str | None
    form_token: str | None
    came_from: RequestOrigin
    accept: str
    accept_language: str
    by_itself: bool = False

    @property
    def here(self) -> str:
        """Return the address of this page without its host and without the language switch."""
        return with_query(self.path, {name: value for name, value in self.query.items() if name != "lang"})

    def language(self, of_account: str | None) -> Language:
        """Return the language to answer in: what was asked for now, then the cookie, the account, the browser."""
        for said in (self.query.get("lang"), self.cookies.get(LANGUAGE_COOKIE), of_account):
            if said in {Language.EN.value, Language.ZH.value}:
                return Language(said)
        return accepted_language(self.accept_language)

    @property
    def theme(self) -> Theme:
        """Return the look that the cookie names."""
        said = self.cookies.get(THEME_COOKIE, "")
        return Theme(said) if said in {theme.value for theme in Theme} else Theme.AUTO


def header_of(scope: Mapping[str, Any], name: bytes) -> str | None:
    """Return a header of the request as text, or None."""
    return next((str(value, "latin-1") for key, value in scope["headers"] if key == name), None)


def read_asking(scope: MutableMapping[str, Any], *, https: bool, proxies: int) -> Asking:
    """Read a request's head."""
    cookies = _cookies(header_of(scope, b"cookie") or "")
    origin, site = header_of(scope, b"origin"), header_of(scope, b"sec-fetch-site")
    query = scope.get("query_string", b"")[: 4 * COOKIE_HEADER_BYTES_MAX].decode("latin-1")
    return Asking(
        raw_query=query,
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(query, keep_blank_values=True)),
        cookies=cookies,
        source=client_address(scope, proxies),
        session_token=cookies.get(cookie_name(https=https)),
        authorization=header_of(scope, b"authorization"),
        form_token=header_of(scope, b"x-csrf-token"),
        came_from=RequestOrigin(origin[:_ORIGIN_CHARACTERS_MAX] if origin else origin, site),
        accept=header_of(scope, b"accept") or "",
        accept_language=header_of(scope, b"accept-language") or "",
        by_itself=header_of(scope, b"x-fragment") == "live",
    )


def client_address(scope: Mapping[str, Any], proxies: int) -> str:
    """Return the address of the client: with trusted proxies, what the outermost of them wrote down (counted from the end)."""
    peer = scope.get("client")
    direct = peer[0] if peer else "local"
    if not proxies:
        return str(direct)
    said = [part.strip() for key, value in scope["headers"] if key == b"x-forwarded-for" for part in _parts(value)]
    return said[-proxies] if len(said) >= proxies else str(direct)


def accepted_language(header: str) -> Language:
    """Return the first of our languages in an Accept-Language header, English if there is none."""
    for part in header[:200].split(","):
        tag = part.partition(";")[0].strip().lower()
        if tag.startswith(("zh", "en")):
            return Language.ZH if tag.startswith("zh") else Language.EN
    return Language.EN


def wants_page(asking: Asking) -> bool:
    """Tell whether a person's browser asks: outside the API, and it takes HTML."""
    return not asking.path.startswith(_FOR_PROGRAMS) and "text/html" in asking.accept


def local_path(address: str | None, default: str = "/") -> str:
    """Return an address of this server to go on to; anything that could lead elsewhere becomes the default."""
    if address and len(address) <= NEXT_CHARACTERS_MAX and address.isprintable() and _LOCAL.fullmatch(address):
        return address
    return default


def with_query(path: str, query: Mapping[str, str]) -> str:
    """Return a path with its query."""
    return f"{path}?{urlencode(query)}" if query else path


def _parts(value: bytes) -> Iterable[str]:
    return value.decode("latin-1").split(",")


def _cookies(header: str) -> Mapping[str, str]:
    if len(header) > COOKIE_HEADER_BYTES_MAX:
        return {}
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
