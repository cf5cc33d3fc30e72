"""The console's own style sheets, script and mark, under addresses that change with their bytes.

A browser may keep such a file for ever: a new version has a new address. Nothing is fetched from elsewhere, which
`CONTENT_SECURITY_POLICY` tells the browser to hold to.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONTENT_SECURITY_POLICY", "IMMUTABLE", "StaticFile", "StaticFiles", "static_files"]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""What every page is sent with: no inline script or style, nothing from another host, no framing."""

IMMUTABLE = "public, max-age=31536000, immutable"
"""The Cache-Control of a file whose address carries its digest."""

_MEDIA_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_DIGEST_CHARACTERS = 12
"""Characters of the digest in an address: enough that two versions never meet."""


class StaticFile(NamedTuple):
    """One file as it is sent: its name in the folder, its bytes and their type, and the name in its address."""

    name: str
    address: str
    media_type: str
    body: bytes


class StaticFiles:
    """The files of `web/static`, found by the name in their address."""

    def __init__(self, found: tuple[StaticFile, ...], base: str = "/static") -> None:
        self.base = base.rstrip("/")
        self._by_name = {file.name: file for file in found}
        self._by_address = {file.address: file for file in found}

    def __iter__(self) -> Iterator[StaticFile]:
        return iter(self._by_name.values())

    def url(self, name: str) -> str:
        """Return the address of a file, such as `/static/console.3f2a….css`; raises NotFoundError."""
        if name not in self._by_name:
            raise NotFoundError(f"no static file {name!r}", where="web/static", expected=", ".join(self._by_name))
        return f"{self.base}/{self._by_name[name].address}"

    def find(self, address: str) -> StaticFile | None:
        """Return the file with this last part of its address, or None: an old digest is not served."""
        return self._by_address.get(address)


@cache
def static_files(base: str = "/static") -> StaticFiles:
    """Return the package's static files, read once."""
    found = []
    for item in sorted(files("dualtrack.web").joinpath("static").iterdir(), key=lambda entry: entry.name):
        stem, _, kind = item.name.rpartition(".")
        if kind in _MEDIA_TYPES:
            body = item.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:_DIGEST_CHARACTERS]
            found.append(StaticFile(item.name, f"{stem}.{digest}.{kind}", _MEDIA_TYPES[kind], body))
    return StaticFiles(tuple(found), base)
