"""The style sheets, scripts and mark of the console and of applications, under addresses that change with their bytes.

A browser may keep such a file for ever: a new version has a new address. Nothing is fetched from elsewhere, which
`CONTENT_SECURITY_POLICY` tells the browser to hold to.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.registry import applications
from dualtrack.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

__all__ = ["CONTENT_SECURITY_POLICY", "IMMUTABLE", "StaticFile", "StaticFiles", "framed_policy", "static_files"]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""What every page is sent with: no inline script or style, nothing from another host, no framing."""


def framed_policy(origins: tuple[str, ...]) -> str:
    """Return the policy of a page that these origins may show in a frame."""
    return CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}")


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
    found = list(_files_in(files("dualtrack.web").joinpath("static"), ""))
    for application in applications().values():
        found += _files_in(files(application.package).joinpath("static"), f"{application.name}-")
    return StaticFiles(tuple(found), base)


def _files_in(folder: Traversable, prefix: str) -> Iterator[StaticFile]:
    if not folder.is_dir():
        return
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{prefix}{item.name}"
        stem, _, kind = name.rpartition(".")
        if kind in _MEDIA_TYPES:
            body = item.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:_DIGEST_CHARACTERS]
            yield StaticFile(name, f"{stem}.{digest}.{kind}", _MEDIA_TYPES[kind], body)
