"""`dualtrack key`: keys of people and services, and the anchors by which outsiders know the institution."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.cli.desk import (
    checked_words,
    console,
    institution_option,
    json_option,
    passphrase,
    print_json,
    sitting,
    workspace_option,
)
from dualtrack.cli.files import check_new, read_bytes, write_new
from dualtrack.cli.next_steps import no_pack_line
from dualtrack.domain import canonical
from dualtrack.domain.institution import KeyGrant, KeyRevocation
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import FieldError
from dualtrack.keys import dsse
from dualtrack.keys.ed25519 import key_id
from dualtrack.keys.signer import FileSigner
from dualtrack.permit.keytable import raw_key
from dualtrack.permit.opening import payload_type
from dualtrack.store.anchors import anchors_document
from dualtrack.store.keyring import create_key, discard_key, load_key, retire_key

if TYPE_CHECKING:
    from dualtrack.store.register import Register
    from dualtrack.store.workspace import Workspace

__all__ = ["GRANTED", "PREFIX_LEAST", "REQUEST_BYTES_MAX", "RESERVED", "grant_key", "key_command", "read_key_request"]

RESERVED = frozenset({"root", "log"})
"""Holders that `init` makes itself: a second root is another institution."""

GRANTED = [role.value for role in Role if role not in {Role.ROOT, Role.LOG}]
"""Roles a key may be granted."""

REQUEST_BYTES_MAX = 1 << 16
"""Largest request read; one has some four hundred bytes."""

PREFIX_LEAST = 6
"""Fewest digits that name a key: shorter ones are a slip of the keyboard."""


@click.group("key", epilog="Example: dualtrack key list")
def key_command() -> None:
    """Make, list and revoke keys of people and services."""


@key_command.command("new", epilog="Example: dualtrack key new a-chan --role validator --name 'A. Chan'")
@click.argument("holder")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(GRANTED),
    metavar="ROLE",
    help=f"One of {', '.join(GRANTED)}; may be given again.",
)
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
        granted = [Role(role) for role in dict.fromkeys(roles)]
        grant = grant_key(desk.workspace, desk.register, holder, granted, name=name, person=not service)
        adopted = bool(desk.register.adopted_packs())
    if as_json:
        print_json(grant)
    else:
        click.echo(f"{holder} may sign as {', '.join(grant.roles)}; key {grant.keyid[:16]}…")
        if not adopted:
            click.echo(no_pack_line(holder if Role.COMPLIANCE in granted else None))


def grant_key(
    workspace: Workspace, register: Register, holder: str, roles: list[Role], *, name: str | None, person: bool = True
) -> KeyGrant:
    """Make a key for a holder and record its grant; a key that was not granted is taken away again."""
    if holder in RESERVED:
        raise FieldError(f"holder {holder!r}", where="HOLDER", fix="choose another: `dualtrack init` made this key")
    shown = checked_words(name or holder, "--name")
    root = load_key(workspace, register.institution, "root", passphrase=passphrase())
    size = register.repository.size()
    signer = create_key(workspace, register.institution, holder, passphrase=passphrase())
    grant = KeyGrant(
        keyid=signer.key_id,
        public_key=base64.b64encode(signer.public_key).decode(),
        holder=holder,
        name=shown,
        person=person,
        roles=roles,
        demo=workspace.demo,
    )
    try:
        register.grant(grant, root)
    except BaseException:
        # Ungranted, the key can sign nothing; left behind, it would bar the holder's name. But an append that failed, or
        # was interrupted, may stand: then its private key is the only one that there is.
        if register.is_unchanged_since(size):
            discard_key(workspace, register.institution, holder)
        raise
    return grant


@key_command.command("sign", epilog="Example: dualtrack key sign grant-3f2a91.json --root root.pem -o signed.json")
@click.argument("request", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--root", required=True, type=click.Path(path_type=Path), help="The root's key file.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Where the signed file goes.")
@json_option
def _sign(request: Path, root: Path, output: Path, as_json: bool) -> None:
    """Sign a request of the console for a grant or a revocation, where the root's key is. Needs no workspace."""
    check_new(output)
    record = read_key_request(request)
    signer = FileSigner.load(root, passphrase=passphrase())
    kind = "key-grant/1" if isinstance(record, KeyGrant) else "key-revoke/1"
    write_new(output, dsse.sign(encode(record), payload_type(kind), [signer]))
    if as_json:
        print_json({"written": str(output), "kind": kind, "request": record})
    elif isinstance(record, KeyGrant):
        words = f"{record.holder} ({record.name}) may sign as {', '.join(record.roles)}; key {record.keyid[:16]}…"
        click.echo(f"signed: {words}. Take {output} back to the console.")
    else:
        click.echo(f"signed: the key {record.keyid[:16]}… ends. Take {output} back to the console.")


def read_key_request(path: Path) -> KeyGrant | KeyRevocation:
    """Return what a request of the console asks the root to sign; raises PathError, DocumentError, FieldError."""
    plain = canonical.decode(read_bytes(path, limit=REQUEST_BYTES_MAX), where=str(path))
    if isinstance(plain, dict) and "public_key" not in plain:
        return read_record(plain, KeyRevocation, where=str(path))
    record = read_record(plain, KeyGrant, where=str(path))
    checked_words(record.name, f"{path}, field name")
    public = raw_key(record.public_key)
    if public is None or key_id(public) != record.keyid or not set(record.roles) <= {Role(it) for it in GRANTED}:
        raise FieldError("a key, key id or role that is not right", where=str(path), fix="download the request again")
    return record


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
        name = grant.name if isinstance(grant.name, str) else grant.name.en
        table.add_row(grant.holder, name, ", ".join(role.value for role in grant.roles), grant.keyid[:16])
    console().print(table)


@key_command.command("revoke", epilog="Example: dualtrack key revoke 3f2a91 --reason 'left the firm'")
@click.argument("keyid")
@click.option("--reason", required=True, help="Why; it is recorded.")
@institution_option
@workspace_option
@json_option
def _revoke(keyid: str, reason: str, institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """Revoke a key, named by its id or the first digits of it."""
    prefix = keyid.rstrip("…")
    if len(prefix) < PREFIX_LEAST:
        raise FieldError(
            f"{keyid!r}", where="KEYID", expected=f"at least {PREFIX_LEAST} digits", fix="`dualtrack key list`"
        )
    reason = checked_words(reason, "--reason")
    with sitting(workspace, institution) as desk:
        grants = desk.register.case(None, None).found.keys.grants()
        matching = [grant for grant in grants if grant.keyid.startswith(prefix) and Role.ROOT not in grant.roles]
        if len(matching) != 1:
            raise FieldError(
                f"{len(matching)} keys begin with {prefix!r}", where="KEYID", fix="see `dualtrack key list`"
            )
        revoked = matching[0]
        desk.register.revoke(revoked.keyid, reason, desk.signer("root"))
        retire_key(desk.workspace, desk.register.institution, revoked.holder, revoked.keyid)
    if as_json:
        print_json({"revoked": revoked.keyid, "holder": revoked.holder})
    else:
        click.echo(f"the key of {revoked.holder} is revoked from the next entry on")


@key_command.command("anchors", epilog="Example: dualtrack key anchors -o anchors.json")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file instead.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@institution_option
@workspace_option
@json_option
def _anchors(output: Path | None, force: bool, institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """Print what a verifier must know beforehand: root key, log key, witnesses. Send it by another way than bundles."""
    if output is not None:
        check_new(output, force=force)
    with sitting(workspace, institution) as desk:
        document = anchors_document([desk.register])
    if output is None:
        click.echo(document.decode(), nl=False)
        return
    write_new(output, document, force=force)
    if as_json:
        print_json({"written": str(output), "institution": desk.register.institution})
    else:
        click.echo(f"wrote {output}: give it to verifiers by another way than the bundles")
