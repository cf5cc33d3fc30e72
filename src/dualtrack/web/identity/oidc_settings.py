"""`[oidc]` in `web.toml`: which identity provider signs people in, and which of its groups have which roles."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from dualtrack.domain.forms import Slug
from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.web.identity.roles import ACCOUNT_ROLES, ConsoleRole, check_roles
from dualtrack.web.identity.who import Language

__all__ = ["CLOCK_SKEW_S_MAX", "GROUPS_MAX", "OidcSettings", "check_endpoint", "is_loopback"]

CLOCK_SKEW_S_MAX = 300
"""Largest tolerance between the provider's clock and ours: a token lives minutes, so more would undo its expiry."""

GROUPS_MAX = 500
"""Groups mapped, and groups read of one person; directories have thousands, of which a few matter here."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_Algorithm = Literal["RS256", "PS256", "ES256"]

_Address = Annotated[str, Meta(min_length=1, max_length=500)]


class OidcSettings(Record, frozen=True):
    """One provider for one institution. `client_secret_file` is a path in the workspace; a public client has none.

    `roles` maps a value of the claim `roles_claim` to roles; who has no mapped group does not get in. `max_age_s` asks the
    provider for a password not older than that.
    """

    issuer: _Address
    client_id: Annotated[str, Meta(min_length=1, max_length=255)]
    redirect_uri: _Address
    institution: Slug
    roles: dict[str, list[ConsoleRole]]
    client_secret_file: str | None = None
    scopes: tuple[str, ...] = ("openid", "profile")
    roles_claim: str = "groups"
    name_claim: str = "preferred_username"
    display_claim: str = "name"
    algorithms: tuple[_Algorithm, ...] = ("RS256", "PS256", "ES256")
    clock_skew_s: int = 60
    max_age_s: int | None = None
    language: Language = "en"

    def check(self, where: str) -> None:
        """Raise FieldError for values that have the right type but no meaning."""
        for name, address in (("issuer", self.issuer), ("redirect_uri", self.redirect_uri)):
            check_endpoint(address, where=f"{where}, {name}")
        if "openid" not in self.scopes or not all(scope.isascii() and " " not in scope for scope in self.scopes):
            raise FieldError("scopes", where=where, expected="openid, and further scopes one by one")
        if not self.algorithms:
            raise FieldError("no algorithms", where=where, expected="RS256, PS256 or ES256")
        if not 0 <= self.clock_skew_s <= CLOCK_SKEW_S_MAX:
            raise FieldError(f"clock_skew_s {self.clock_skew_s}", where=where, expected=f"0 to {CLOCK_SKEW_S_MAX}")
        if self.max_age_s is not None and self.max_age_s < 1:
            raise FieldError(f"max_age_s {self.max_age_s}", where=where, expected="a positive number, or none")
        if not 0 < len(self.roles) <= GROUPS_MAX:
            raise FieldError(f"{len(self.roles)} groups in roles", where=where, expected=f"1 to {GROUPS_MAX}")
        for group, roles in self.roles.items():
            check_roles(roles, ACCOUNT_ROLES, where=f"{where}, roles of group {group!r}")


def is_loopback(address: str) -> bool:
    """Tell whether an address is on this machine, where tests and demonstrations do without TLS."""
    return urlsplit(address).hostname in _LOOPBACK


def check_endpoint(address: str, *, where: str) -> str:
    """Return an address that may be talked to: https, or http on this machine; raises FieldError."""
    parts = urlsplit(address)
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(address))
    if not secure or not parts.hostname or parts.fragment or parts.username:
        raise FieldError(
            "the address is not https",
            where=where,
            expected="https://HOST/…, without fragment or user",
            fix="correct the address",
        )
    return address
