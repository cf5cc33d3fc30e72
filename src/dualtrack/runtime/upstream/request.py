"""What is sent: an address read once, and the head of a request checked so that nothing can be smuggled into it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OWN_HEADERS", "Target", "build_request", "read_target"]

OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that decide how bytes are framed: the client writes them, a caller may not."""

_URL = re.compile(r"[!-~]{1,2048}")
_METHOD = re.compile(r"[A-Z]{1,16}")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")
_VALUE = re.compile(r"[\t -~]{0,16384}")
_NAMES_KEPT = 512
_TARGETS_KEPT = 512
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


class Target(NamedTuple):
    """Where a request goes. `origin` is scheme, host and port, never a path: it may stand in errors and logs."""

    tls: bool
    host: str
    port: int
    origin: str
    authority: str
    path: str


@lru_cache(maxsize=_TARGETS_KEPT)
def read_target(url: str) -> Target:
    """Read an address; raises FieldError, without the address where that may hold a secret."""
    if not _URL.fullmatch(url):
        raise _bad_url("a blank, a control character or a character outside ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad_url("no well-formed address") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _bad_url("no http or https address with a host")
    if parts.username is not None or parts.password is not None:
        raise _bad_url("a user name or password in it")
    if parts.fragment:
        raise _bad_url("a fragment in it")
    tls = parts.scheme == "https"
    usual = 443 if tls else 80
    number = usual if port is None else port
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = host if number == usual else f"{host}:{number}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(tls, parts.hostname, number, f"{parts.scheme}://{host}:{number}", authority, path)


def build_request(method: str, target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the bytes of a request; raises FieldError that names a header but never shows its value."""
    if not _METHOD.fullmatch(method):
        raise FieldError("a method that is no word", where="upstream request", expected="a method such as POST")
    lines = [f"{method} {target.path} HTTP/1.1\r\nhost: {target.authority}\r\naccept-encoding: identity"]
    for name, value in headers.items():
        _check_name(name)
        if not _VALUE.fullmatch(value):
            raise FieldError(
                f"the value of header {name} cannot be sent",
                where="upstream request",
                expected="printable ASCII, at most 16384 characters",
            )
        lines.append(f"{name}: {value}")
    if body or method not in _BODILESS:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "\r\n"]).encode("ascii") + body


@lru_cache(maxsize=_NAMES_KEPT)
def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise FieldError("a header without a well-formed name", where="upstream request", expected="a token")
    if name.lower() in OWN_HEADERS:
        raise FieldError(
            f"header {name.lower()}", where="upstream request", expected="headers that do not frame the message"
        )


def _bad_url(found: str) -> FieldError:
    return FieldError(
        f"the address has {found}",
        where="upstream",
        expected="http://host:port/path or https://",
        fix="correct its url",
    )
