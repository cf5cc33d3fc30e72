"""`dualtrack init` and `dualtrack key`: a workspace, an institution, and the keys of its people and services."""

from __future__ import annotations

import base64
from pathlib import Path

import click
from rich.table import Table

from dualtrack.cli.desk import (
    clock,
    console,
    institution_option,
    json_option,
    passphrase,
    print_json,
    sitting,
    workspace_option,
)
from dualtrack.domain.ids import check_slug
from dualtrack.domain.institution import Institution, KeyGrant
from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import InstitutionType, Role
from dualtrack.errors import FieldError
from dualtrack.keys.vkey import VerifierKey
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.keyring import create_key, load_key
from dualtrack.store.register import Register
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace

__all__ = ["found_institution", "grant_key", "init_command", "key_command"]


@click.command("init", epilog="Example: dualtrack init my-bank --type bank --name 'My Bank' --name-zh 我的銀行")
@click.argument("institution")
@click.option("--type", "kind", type=click.Choice([item.value for item in InstitutionType]), required=True)
@click.option("--name", required=True, help="Name in English.")
@click.option("--name-zh", help="Name in Traditional Chinese; the English one if not given.")
@click.option("--staff", type=click.IntRange(min=1), help="Number of staff.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("dualtrack"), show_default=True)
@click.option(
    "--database", default="sqlite:///main.db", show_default=True, help="SQLite file or postgresql:// address."
)
@json_option
def init_command(
    institution: str,
    kind: str,
    name: str,
    name_zh: str | None,
    staff: int | None,
    folder: Path,
    database: str,
    as_json: bool,
) -> None:
    """Make a workspace with an institution, its root key and its log key.

    An existing workspace takes a further institution. Move the root key offline once people have their keys.
    """
    check_slug(institution, where="institution")
    exists = (folder / "dualtrack.toml").is_file()
    workspace = Workspace.open(folder) if exists else Workspace.create(folder, database=database)
    with Store.open(workspace) as store:
        text = Text(en=name, zh=name_zh or name)
        found_institution(workspace, store, institution, InstitutionType(kind), text, staff=staff)
    result = {"workspace": str(folder), "institution": institution, "log": ledger_origin(institution)}
    if as_json:
        print_json(result)
    else:
        click.echo(f"workspace {folder}: institution {institution} founded; next: dualtrack key new HOLDER --role ROLE")


def found_institution(
    workspace: Workspace,
    store: Store,
    institution: str,
    kind: InstitutionType,
    name: Text,
    *,
    staff: int | None = None,
    licences: tuple[str, ...] = (),
    profile: dict[str, bool | int | float | str | list[str]] | None = None,
    demo: bool = False,
) -> Register:
    """Make root and log keys, list the log key in the workspace and record the institution."""
    if workspace.config.institution(institution) is not None:
        raise FieldError(f"institution {institution!r} exists already", fix="choose another id")
    root = create_key(workspace, institution, "root", passphrase=passphrase())
    log = create_key(workspace, institution, "log", passphrase=passphrase())
    listed = VerifierKey.of(ledger_origin(institution), log.public_key).format()
    workspace.save(workspace.config.with_institution(InstitutionConfig(id=institution, logs={"main": listed})))
    register = Register(store, institution, log, clock)
    record = Institution(
        id=institution,
        name=name,
        type=kind,
        root_key=base64.b64encode(root.public_key).decode(),
        licences=list(licences),
        staff=staff,
        profile=profile or {},
        demo=demo,
    )
    register.found(record, root)
    return register


@click.group("key")
def key_command() -> None:
    """Keys of people and services: make, list, revoke."""


@key_command.command("new", epilog="Example: dualtrack key new a-chan --role validator --name 'A. Chan'")
@click.argument("holder")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([item.value for item in Role]))
@click.option("--name", help="Name shown; the holder if not given.")
@click.option("--service", is_flag=True, help="The holder is a service, not a person.")
@institution_option
@workspace_option
@json_option
def _new(
    holder: str,
    roles: tuple[str, ...],
    name: str | None,
    service: bool,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Make a key for HOLDER and grant it with the root key."""
    with sitting(workspace, institution) as desk:
        grant = grant_key(
            desk.workspace, desk.register, holder, [Role(role) for role in roles], name=name, person=not service
        )
    if as_json:
        print_json(grant)
    else:
        click.echo(f"{holder} may sign as {', '.join(roles)}; key {grant.keyid[:16]}…")


def grant_key(
    workspace: Workspace,
    register: Register,
    holder: str,
    roles: list[Role],
    *,
    name: str | None = None,
    person: bool = True,
    demo: bool = False,
) -> KeyGrant:
    """Make a key for a holder and record its grant."""
    root = load_key(workspace, register.institution, "root", passphrase=passphrase())
    signer = create_key(workspace, register.institution, holder, passphrase=passphrase())
    grant = KeyGrant(
        keyid=signer.key_id,
        public_key=base64.b64encode(signer.public_key).decode(),
        holder=holder,
        name=name or holder,
        person=person,
        roles=roles,
        demo=demo,
    )
    register.grant(grant, root)
    return grant


@key_command.command("list", epilog="Example: dualtrack key list")
@institution_option
@workspace_option
@json_option
def _list(institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """List the keys in force."""
    with sitting(workspace, institution) as desk:
        grants = desk.register.case(None, None).found.keys.grants()
    if as_json:
        print_json(grants)
        return
    table = Table("holder", "name", "roles", "key")
    for grant in grants:
        table.add_row(grant.holder, grant.name, ", ".join(role.value for role in grant.roles), grant.keyid[:16])
    console().print(table)


@key_command.command("revoke", epilog="Example: dualtrack key revoke 3f2a… --reason 'left the firm'")
@click.argument("keyid")
@click.option("--reason", required=True)
@institution_option
@workspace_option
@json_option
def _revoke(keyid: str, reason: str, institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """Revoke a key, named by its id or the first digits of it."""
    with sitting(workspace, institution) as desk:
        grants = desk.register.case(None, None).found.keys.grants()
        matching = [grant for grant in grants if grant.keyid.startswith(keyid.rstrip("…"))]
        if len(matching) != 1:
            raise FieldError(f"{len(matching)} keys begin with {keyid!r}", fix="see `dualtrack key list`")
        desk.register.revoke(matching[0].keyid, reason, desk.signer("root"))
    if as_json:
        print_json({"revoked": matching[0].keyid})
    else:
        click.echo(f"the key of {matching[0].holder} is revoked from the next entry on")
