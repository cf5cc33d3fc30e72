"""`web.toml`: how the console and the API are served. A workspace without the file is served on this machine alone.

Every unknown key is refused by name. The file names no secret: an OIDC client's secret lies in a file of its own.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from dualtrack.domain.records import Record
from dualtrack.errors import DocumentError, FieldError
from dualtrack.keys.files import replace_private, stands
from dualtrack.web.identity.oidc_settings import OidcSettings
from dualtrack.web.identity.rate_limits import WEB_LOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.store.backends import Backend
    from dualtrack.store.workspace import Workspace

__all__ = [
    "SETTINGS_BYTES_MAX",
    "SETTINGS_NAME",
    "RateSettings",
    "SessionSettings",
    "WebSettings",
    "change_settings",
    "own_origins",
    "read_settings",
    "write_settings",
]

SETTINGS_NAME = "web.toml"
"""The file in the workspace."""

SETTINGS_BYTES_MAX = 1 << 18
"""Five hundred mapped groups need a quarter of this."""

_Address = Annotated[str, Meta(min_length=1, max_length=200)]


class SessionSettings(Record, frozen=True):
    """Seconds: a session ends unused for so long, and so long after login in any case."""

    idle_s: Annotated[int, Meta(ge=60, le=86_400)] = 1_800
    absolute_s: Annotated[int, Meta(ge=300, le=604_800)] = 43_200


class RateSettings(Record, frozen=True):
    """Requests to pages and API from one source: at once, and a second for ever. The hot path has bounds of its own."""

    burst: Annotated[int, Meta(ge=1, le=100_000)] = 300
    a_second: Annotated[float, Meta(gt=0, le=10_000)] = 30.0


class WebSettings(Record, frozen=True):
    """All settings. `public_address` is what browsers type, `https://dualtrack.example`; None: where it listens.

    `https` says that browsers come by HTTPS, here or at a proxy in front. `proxies` counts the trusted proxies in front,
    each of which appends to X-Forwarded-For; with 0 that header is not believed. `otlp_endpoint` is where spans of
    decisions go (OTLP over HTTP), `http://127.0.0.1:4318/v1/traces`; None: nowhere.
    """

    https: bool = False
    public_address: _Address | None = None
    proxies: Annotated[int, Meta(ge=0, le=8)] = 0
    live_connections: Annotated[int, Meta(ge=1, le=10_000)] = 200
    otlp_endpoint: _Address | None = None
    session: SessionSettings = SessionSettings()
    rate: RateSettings = RateSettings()
    oidc: OidcSettings | None = None

    def check(self, where: str) -> None:
        """Raise FieldError for values that have the right type but no meaning."""
        if self.public_address is not None:
            parts = urlsplit(self.public_address)
            scheme = "https" if self.https else "http"
            if parts.scheme != scheme or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
                raise FieldError(
                    "public_address",
                    where=where,
                    expected=f"{scheme}://HOST or {scheme}://HOST:PORT, as https = {str(self.https).lower()} says",
                    fix="write the address as browsers type it, without a path",
                )
        if self.session.idle_s > self.session.absolute_s:
            raise FieldError("session.idle_s", where=where, expected="at most session.absolute_s")
        if self.oidc is not None:
            self.oidc.check(f"{where}, oidc")


def read_settings(workspace: Workspace) -> WebSettings:
    """Return the settings of a workspace; raises DocumentError or FieldError naming the key at fault."""
    path = workspace.path(SETTINGS_NAME)
    if not stands(path):
        return WebSettings()
    with path.open("rb") as stream:
        data = stream.read(SETTINGS_BYTES_MAX + 1)
    if len(data) > SETTINGS_BYTES_MAX:
        raise DocumentError(f"more than {SETTINGS_BYTES_MAX} bytes", where=SETTINGS_NAME)
    try:
        found = msgspec.toml.decode(data, type=WebSettings)
    except msgspec.ValidationError as error:
        raise FieldError(str(error), where=SETTINGS_NAME, fix="see docs/operating.md for the keys") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError("not TOML", where=SETTINGS_NAME, fix="check it with a TOML parser") from error
    found.check(SETTINGS_NAME)
    return found


def write_settings(workspace: Workspace, settings: WebSettings) -> None:
    """Write the settings, atomically and at mode 0600; they count from the next start. Comments are not kept."""
    settings.check(SETTINGS_NAME)
    plain = msgspec.to_builtins(settings)
    lines = ["# How `dualtrack serve` serves this workspace."]
    for name, value in plain.items():
        if not isinstance(value, dict) and value is not None:
            lines.append(f"{name} = {_value(value)}")
    for name, value in plain.items():
        if isinstance(value, dict):
            lines += _table(name, value)
    replace_private(workspace.path(SETTINGS_NAME), ("\n".join(lines) + "\n").encode())


def change_settings(
    workspace: Workspace,
    backend: Backend,
    session: SessionSettings,
    rate: RateSettings,
    seen: Callable[[WebSettings], None],
) -> bool:
    """Change what the console may change, and tell whether anything differed; it counts from the next start.

    `seen` raises where they are not what the editor saw. It is called under a lock of the database: nothing is written there, it
    orders the processes of this folder.
    """
    with backend.write(WEB_LOCK):
        standing = read_settings(workspace)
        seen(standing)
        changed = msgspec.structs.replace(standing, session=session, rate=rate)
        if changed == standing:
            return False
        write_settings(workspace, changed)
        return True


def own_origins(address: str) -> frozenset[str]:
    """Return the origins of an address as browsers write them; a loopback address is also known by its other names."""
    parts = urlsplit(address)
    port = "" if parts.port is None or parts.port == {"http": 80, "https": 443}.get(parts.scheme) else f":{parts.port}"
    host = parts.hostname or ""
    names = {host}
    if _loops_back(host):
        names |= {"localhost", "127.0.0.1", "::1"}
    return frozenset(f"{parts.scheme}://{f'[{name}]' if ':' in name else name}{port}" for name in names)


def _loops_back(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _table(name: str, values: dict[str, object]) -> list[str]:
    lines = ["", f"[{name}]"]
    inner = {}
    for key, value in values.items():
        if isinstance(value, dict):
            inner[key] = value
        elif value is not None:
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in inner.items():
        lines += _table(f"{name}.{_key(key)}", value)
    return lines


def _key(text: str) -> str:
    return text if text.replace("_", "").isascii() and text.replace("_", "").isalnum() else _value(text)


def _value(value: object) -> str:
    """Return a TOML value: JSON's scalars and lists are TOML's, save for DEL."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
