"""Accounts: who exists, with which roles, and where their signing key lies.

An account belongs to one institution; its name is one of a kind in the workspace, so that signing in asks for no more.
Passwords and keys are the business of `login`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import delete, insert, select, update

from dualtrack.domain.ids import check_slug
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.rate_limits import WEB_LOCK
from dualtrack.web.identity.roles import ACCOUNT_ROLES, check_roles, read_roles, write_roles
from dualtrack.web.identity.who import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column, Connection

    from dualtrack.domain.time import Clock
    from dualtrack.store.backends import Backend
    from dualtrack.web.identity.roles import ConsoleRole
    from dualtrack.web.identity.who import Custody, Language

__all__ = [
    "ACCOUNTS_LISTED_MAX",
    "DISPLAY_NAME_CHARACTERS_MAX",
    "Account",
    "AccountChange",
    "AccountSecrets",
    "Accounts",
    "NewAccount",
    "Seen",
    "add_account",
    "identity_of",
    "is_slug",
    "read_account",
    "read_secrets",
    "write_account",
]

ACCOUNTS_LISTED_MAX = 1_000
"""Accounts shown at once; a bank's model risk people and their users are some hundreds."""

DISPLAY_NAME_CHARACTERS_MAX = 100
"""Longest name for people."""

_ACCOUNT = IDENTITY.account


class NewAccount(NamedTuple):
    """An account to be. `holder` is the slug under which separation of duties is judged."""

    name: str
    institution: str
    holder: str
    display_name: str
    language: Language
    roles: frozenset[ConsoleRole]


class Account(NamedTuple):
    """An account, without its secrets. `issuer` and `subject` are the identity provider's, if it is from one."""

    name: str
    institution: str
    holder: str
    display_name: str
    language: Language
    roles: frozenset[ConsoleRole]
    disabled: bool
    custody: Custody | None
    key_id: str | None
    issuer: str | None
    subject: str | None
    created_s: int
    changed_s: int


class AccountChange(NamedTuple):
    """What is to change of an account; None stays."""

    roles: frozenset[ConsoleRole] | None = None
    disabled: bool | None = None
    holder: str | None = None


Seen = Callable[[Account], None]
"""Raises where an account is not as its editor saw it."""


class AccountSecrets(NamedTuple):
    """What is kept about a password and the key under it: a hash and a sealed key."""

    password_hash: str | None
    key_id: str | None
    sealed_key: bytes | None


class Accounts:
    """The accounts of a workspace, for administrators and pages."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        self._backend = backend
        self._clock = clock

    def get(self, name: str) -> Account:
        """Return an account; raises NotFoundError."""
        if not is_slug(name):
            raise _absent()
        with self._backend.read() as connection:
            return _present(read_account(connection, name))

    def of(self, institution: str) -> list[Account]:
        """Return the first ACCOUNTS_LISTED_MAX accounts of an institution, by name."""
        query = select(*_columns()).where(_ACCOUNT.c.institution == institution).order_by(_ACCOUNT.c.name)
        with self._backend.read() as connection:
            return [_account(row) for row in connection.execute(query.limit(ACCOUNTS_LISTED_MAX))]

    def has_passwords(self) -> bool:
        """Tell whether any account of the workspace signs in with a password here."""
        query = select(_ACCOUNT.c.name).where(_ACCOUNT.c.password_hash.is_not(None)).limit(1)
        with self._backend.read() as connection:
            return connection.execute(query).first() is not None

    def edit(self, institution: str, name: str, change: AccountChange, seen: Seen | None = None) -> Account:
        """Change an account whole or not at all and return it. Its sessions end: nobody goes on with a token from before.

        `seen` is called with the account as it stands and raises where that is not what the editor saw. It is called under
        the lock of the write, so that of two editors who saw the same, in whatever process, one is refused.
        """
        values: dict[str, object] = {}
        if change.roles is not None:
            values["roles"] = write_roles(check_roles(change.roles, ACCOUNT_ROLES, where=name))
        if change.holder is not None:
            values["holder"] = check_slug(change.holder, where="holder")
        if change.disabled is not None:
            values["disabled"] = change.disabled
        if not is_slug(name):
            raise _absent()
        with self._backend.write(WEB_LOCK) as connection:
            found = _present(read_account(connection, name))
            if found.institution != institution:
                raise _absent()
            if seen is not None:
                seen(found)
            if not values:
                return found
            write_account(connection, name, changed_s=int(self._clock().timestamp()), **values)
            connection.execute(delete(IDENTITY.session).where(IDENTITY.session.c.account == name))
            return _present(read_account(connection, name))

    def set_language(self, name: str, language: Language) -> None:
        """Remember the language of somebody's pages."""
        with self._backend.write(WEB_LOCK) as connection:
            write_account(connection, name, language=language)


def identity_of(account: Account, auth_s: int) -> Identity:
    """Return who a session of this account is."""
    return Identity(
        name=account.name,
        institution=account.institution,
        roles=account.roles,
        means="session",
        holder=account.holder,
        language=account.language,
        custody=account.custody,
        key_id=account.key_id,
        auth_s=auth_s,
    )


def add_account(connection: Connection, new: NewAccount, at_s: int, **secrets: object) -> None:
    """Write a new account inside a write transaction; raises FieldError for a name that is taken or has a wrong form."""
    check_slug(new.name, where="account name")
    check_slug(new.institution, where="institution")
    check_slug(new.holder, where="holder")
    check_roles(new.roles, ACCOUNT_ROLES, where=new.name)
    if not 0 < len(new.display_name.strip()) <= DISPLAY_NAME_CHARACTERS_MAX or not new.display_name.isprintable():
        raise FieldError(
            f"a name of {len(new.display_name)} characters",
            where="display name",
            expected=f"1 to {DISPLAY_NAME_CHARACTERS_MAX} printable characters",
        )
    if read_account(connection, new.name) is not None:
        raise FieldError(
            "this account name is taken", where="account name", fix="choose another", code="input.field.taken"
        )
    connection.execute(
        insert(_ACCOUNT).values(
            **new._replace(roles=frozenset())._asdict() | {"roles": write_roles(new.roles)},
            disabled=False,
            created_s=at_s,
            changed_s=at_s,
            **secrets,
        )
    )


def is_slug(name: str) -> bool:
    """Tell whether an account can have this name."""
    try:
        check_slug(name, where="account name")
    except FieldError:
        return False
    return True


def read_account(connection: Connection, name: str) -> Account | None:
    """Return an account, or None."""
    row = connection.execute(select(*_columns()).where(_ACCOUNT.c.name == name)).first()
    return None if row is None else _account(row)


def read_secrets(connection: Connection, name: str) -> AccountSecrets:
    """Return what is kept of an account's password; all None where there is no such account or password."""
    columns = (_ACCOUNT.c.password_hash, _ACCOUNT.c.key_id, _ACCOUNT.c.sealed_key)
    row = connection.execute(select(*columns).where(_ACCOUNT.c.name == name)).first()
    return AccountSecrets(None, None, None) if row is None else AccountSecrets(*row)


def write_account(connection: Connection, name: str, **values: object) -> None:
    """Change columns of an account."""
    connection.execute(update(_ACCOUNT).where(_ACCOUNT.c.name == name).values(values))


def _columns() -> list[Column[Any]]:
    return [_ACCOUNT.c[field] for field in Account._fields]


def _account(row: Sequence[Any]) -> Account:
    values = dict(zip(Account._fields, row, strict=True))
    return Account(**values | {"roles": read_roles(values["roles"]), "disabled": bool(values["disabled"])})


def _present(found: Account | None) -> Account:
    if found is None:
        raise _absent()
    return found


def _absent() -> NotFoundError:
    return NotFoundError("no such account here", fix="list the accounts of the institution", code="not-found.account")
