"""Accounts of people whom an identity provider signs in. They have no password here, and their roles are the provider's.

An account is found by issuer and subject, which the provider never gives to another person. A name is only a wish: it may be
changed by its owner at many providers, so it never leads to an account, or a holder, that is there already.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from dualtrack.errors import AuthenticationError
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.accounts import (
    DISPLAY_NAME_CHARACTERS_MAX,
    NewAccount,
    add_account,
    is_slug,
    read_account,
    write_account,
)
from dualtrack.web.identity.rate_limits import WEB_LOCK
from dualtrack.web.identity.roles import write_roles

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dualtrack.store.backends import Backend
    from dualtrack.web.identity.accounts import Account
    from dualtrack.web.identity.oidc import OidcLogin
    from dualtrack.web.identity.oidc_settings import OidcSettings

__all__ = ["sign_in_from_provider"]

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_NAME_CHARACTERS_MAX = 50
_ACCOUNT = IDENTITY.account


def sign_in_from_provider(backend: Backend, settings: OidcSettings, login: OidcLogin, now_s: int) -> Account:
    """Return the account of a login, made at the first one; its roles become those of the groups of today.

    Custody is `server`: a key that the person asks for is kept by this server (`custody.py`). Raises AuthenticationError for a closed account.
    """
    at = (_ACCOUNT.c.issuer == login.issuer) & (_ACCOUNT.c.subject == login.subject)
    with backend.write(WEB_LOCK) as connection:
        row = connection.execute(select(_ACCOUNT.c.name).where(at)).first()
        name = _add(connection, settings, login, now_s) if row is None else str(row[0])
        account = read_account(connection, name)
        assert account is not None
        if account.disabled or account.institution != settings.institution:
            raise AuthenticationError(
                "this account is closed", fix="ask the administrator", code="authentication.closed"
            )
        if account.roles != login.roles:
            write_account(connection, name, roles=write_roles(login.roles), changed_s=now_s)
    return account._replace(roles=login.roles)


def _add(connection: Connection, settings: OidcSettings, login: OidcLogin, now_s: int) -> str:
    name = _free_name(connection, login)
    shown = "".join(character for character in login.display_name if character.isprintable()).strip()
    new = NewAccount(
        name=name,
        institution=settings.institution,
        holder=name,
        display_name=shown[:DISPLAY_NAME_CHARACTERS_MAX] or name,
        language=settings.language,
        roles=login.roles,
    )
    add_account(connection, new, now_s, issuer=login.issuer, subject=login.subject, custody="server")
    return name


def _free_name(connection: Connection, login: OidcLogin) -> str:
    digest = hashlib.sha256(f"{login.issuer}\x00{login.subject}".encode()).hexdigest()[:12]
    wish = _NOT_SLUG.sub("-", login.name.partition("@")[0].lower()).strip("-")[:_NAME_CHARACTERS_MAX].strip("-")
    if not is_slug(wish):
        return f"person-{digest}"
    taken = or_(_ACCOUNT.c.name == wish, _ACCOUNT.c.holder == wish)
    return wish if connection.execute(select(_ACCOUNT.c.name).where(taken)).first() is None else f"{wish}-{digest}"
