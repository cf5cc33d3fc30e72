"""`dualtrack account` and `dualtrack api-key`: who may use the console and the API of a workspace."""

from __future__ import annotations

import secrets
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import click
from rich.table import Table

from dualtrack.cli.desk import (
    Desk,
    checked_words,
    clock,
    console,
    institution_option,
    json_option,
    print_json,
    sitting,
    workspace_option,
)
from dualtrack.errors import FieldError, MissingExtraError
from dualtrack.keys.keyfile import read_private
from dualtrack.store.keyring import key_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dualtrack.web.identity.accounts import Account, Accounts
    from dualtrack.web.identity.api_keys import ApiKeys, ApiKeyView
    from dualtrack.web.identity.login import Login

__all__ = ["account_command", "api_key_command"]

_PASSWORD_CHARACTERS_MAX = 600
"""Longest line read as a password; longer ones are refused anyway."""


class _Doors(NamedTuple):
    """What both groups work with."""

    desk: Desk
    accounts: Accounts
    login: Login
    keys: ApiKeys


@contextmanager
def _doors(workspace: Path | None, institution: str | None) -> Iterator[_Doors]:
    try:
        from dualtrack.web.identity.accounts import Accounts  # noqa: PLC0415 - needs the optional part
        from dualtrack.web.identity.api_keys import ApiKeys  # noqa: PLC0415 - as above
        from dualtrack.web.identity.login import Login  # noqa: PLC0415 - as above
        from dualtrack.web.identity.passwords import PasswordHasher  # noqa: PLC0415 - as above
        from dualtrack.web.identity.rate_limits import Attempts  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise MissingExtraError("web", "accounts") from error
    with sitting(workspace, institution) as desk:
        backend = desk.store.backend
        attempts = Attempts(backend, secrets.token_bytes(32), clock)
        login = Login(backend, PasswordHasher(), attempts, clock)
        yield _Doors(desk, Accounts(backend, clock), login, ApiKeys(backend, clock))


@click.group("account")
def account_command() -> None:
    """People who use the console: make, list, and reset their passwords."""


@account_command.command("new", epilog="Example: dualtrack account new ann --role validator --name 'Ann Chan'")
@click.argument("account")
@click.option("--role", "roles", multiple=True, required=True, help="Role; may be given several times.")
@click.option("--name", help="Name for people; the account's if not given.")
@click.option("--holder", help="Person as signatures name them; the account's name if not given.")
@click.option("--language", type=click.Choice(["en", "zh-Hant"]), default="en", show_default=True)
@click.option("--with-key", is_flag=True, help="Seal the holder's key file of this workspace under the password.")
@institution_option
@workspace_option
@json_option
def _account_new(
    account: str,
    roles: tuple[str, ...],
    name: str | None,
    holder: str | None,
    language: str,
    *,
    with_key: bool,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Make an account; its password is asked for, or read from a pipe."""
    with _doors(workspace, institution) as doors:
        from dualtrack.web.identity.accounts import NewAccount  # noqa: PLC0415 - needs the optional part
        from dualtrack.web.identity.sealed_key import read_private_key  # noqa: PLC0415 - as above

        firm = doors.desk.register.institution
        person = holder or account
        key = None
        if with_key:
            key = read_private_key(read_private(key_path(doors.desk.workspace, firm, person)))
        new = NewAccount(
            name=account,
            institution=firm,
            holder=person,
            display_name=checked_words(name or account, "--name"),
            language="zh-Hant" if language == "zh-Hant" else "en",
            roles=_roles(roles),
        )
        doors.login.add(new, _password(), key=key)
        _show_accounts([doors.accounts.get(account)], as_json=as_json)


@account_command.command("list", epilog="Example: dualtrack account list")
@institution_option
@workspace_option
@json_option
def _account_list(institution: str | None, workspace: Path | None, *, as_json: bool) -> None:
    """List the accounts of an institution."""
    with _doors(workspace, institution) as doors:
        _show_accounts(doors.accounts.of(doors.desk.register.institution), as_json=as_json)


@account_command.command("reset", epilog="Example: dualtrack account reset ann")
@click.argument("account")
@institution_option
@workspace_option
@json_option
def _account_reset(account: str, institution: str | None, workspace: Path | None, *, as_json: bool) -> None:
    """Give an account another password. A key sealed under the old one is lost: revoke it."""
    with _doors(workspace, institution) as doors:
        lost = doors.login.reset_password(doors.desk.register.institution, account, _password())
        if as_json:
            print_json({"account": account, "key_lost": lost})
            return
        out = console()
        out.print(f"The password of {account} was changed; all its sessions have ended.")
        if lost is not None:
            out.print(f"Its signing key is lost with the old password. Revoke it: dualtrack key revoke {lost}")


@click.group("api-key")
def api_key_command() -> None:
    """Keys for programs that call the API or the models: make, list, revoke."""


@api_key_command.command("new", epilog="Example: dualtrack api-key new 'Branch app' --role caller --days 90")
@click.argument("label")
@click.option("--role", "roles", multiple=True, required=True, help="Role; may be given several times.")
@click.option("--use", "uses", multiple=True, help="Use INSTITUTION/USE that the key is narrowed to; else all.")
@click.option("--days", type=int, default=90, show_default=True, help="Days until it expires, at most 366.")
@institution_option
@workspace_option
@json_option
def _api_key_new(
    label: str,
    roles: tuple[str, ...],
    uses: tuple[str, ...],
    days: int,
    institution: str | None,
    workspace: Path | None,
    *,
    as_json: bool,
) -> None:
    """Make an API key. It is shown once."""
    with _doors(workspace, institution) as doors:
        from dualtrack.web.identity.api_keys import NewApiKey  # noqa: PLC0415 - needs the optional part

        firm = doors.desk.register.institution
        narrowed = frozenset(uses) or None
        new = NewApiKey(firm, checked_words(label, "LABEL"), _roles(roles), narrowed, "command-line", days)
        ident, key = doors.keys.make(new)
        if as_json:
            print_json({"id": ident, "key": key, "days": days})
            return
        out = console()
        out.print(f"{ident}, for {days} days. The key is shown this once:")
        out.print(key)


@api_key_command.command("list", epilog="Example: dualtrack api-key list")
@institution_option
@workspace_option
@json_option
def _api_key_list(institution: str | None, workspace: Path | None, *, as_json: bool) -> None:
    """List the API keys of an institution, newest first."""
    with _doors(workspace, institution) as doors:
        found = doors.keys.of(doors.desk.register.institution)
        if as_json:
            print_json([_plain_key(item) for item in found])
            return
        table = Table("key", "label", "roles", "uses", "expires", "last used", box=None)
        for item in found:
            state = "revoked" if item.revoked_s is not None else _day(item.expires_s)
            uses = "all" if item.uses is None else ", ".join(sorted(item.uses))
            table.add_row(item.id, item.label, ", ".join(sorted(item.roles)), uses, state, item.last_used or "never")
        console().print(table)


@api_key_command.command("revoke", epilog="Example: dualtrack api-key revoke key-0123456789ab")
@click.argument("key")
@institution_option
@workspace_option
@json_option
def _api_key_revoke(key: str, institution: str | None, workspace: Path | None, *, as_json: bool) -> None:
    """Revoke an API key; servers know it within a second."""
    with _doors(workspace, institution) as doors:
        doors.keys.revoke(doors.desk.register.institution, key)
        if as_json:
            print_json({"id": key, "revoked": True})
        else:
            console().print(f"{key} is revoked.")


def _roles(named: tuple[str, ...]) -> frozenset:  # type: ignore[type-arg]  # the element's module needs the optional part
    from dualtrack.web.identity.roles import ConsoleRole  # noqa: PLC0415 - needs the optional part

    known = {role.value: role for role in ConsoleRole}
    for name in named:
        if name not in known:
            raise FieldError(f"role {name!r}", where="--role", expected=", ".join(sorted(known)))
    return frozenset(known[name] for name in named)


def _password() -> str:
    """Ask for a password twice, or read one line from a pipe; never an argument, since arguments show in process lists."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    line = sys.stdin.readline(_PASSWORD_CHARACTERS_MAX).rstrip("\r\n")
    if not line:
        raise FieldError("no password", where="standard input", fix="type it, or give it as the first line of a pipe")
    return line


def _show_accounts(found: list[Account], *, as_json: bool) -> None:
    if as_json:
        print_json([_plain_account(item) for item in found])
        return
    table = Table("account", "name", "roles", "holder", "signing key", "state", box=None)
    for item in found:
        key = item.key_id[:16] if item.key_id else "none"
        state = "closed" if item.disabled else "open"
        table.add_row(item.name, item.display_name, ", ".join(sorted(item.roles)), item.holder, key, state)
    console().print(table)


def _plain_account(item: Account) -> dict[str, object]:
    return {
        "account": item.name,
        "institution": item.institution,
        "holder": item.holder,
        "name": item.display_name,
        "language": item.language,
        "roles": sorted(item.roles),
        "key": item.key_id,
        "closed": item.disabled,
    }


def _plain_key(item: ApiKeyView) -> dict[str, object]:
    return {
        "id": item.id,
        "label": item.label,
        "roles": sorted(item.roles),
        "uses": None if item.uses is None else sorted(item.uses),
        "expires": _day(item.expires_s),
        "revoked": item.revoked_s is not None,
        "last_used": item.last_used,
    }


def _day(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).date().isoformat()
