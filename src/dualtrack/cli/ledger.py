"""`dualtrack ledger` and `dualtrack witness`: look at a ledger, prove from it, and have its heads co-signed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from rich.progress import Progress
from rich.table import Table

from dualtrack.cli.desk import (
    clock,
    console,
    institution_option,
    json_option,
    open_store,
    open_workspace,
    passphrase,
    print_json,
    sitting,
    workspace_option,
)
from dualtrack.cli.files import check_new, read_bytes, write_new
from dualtrack.errors import FieldError
from dualtrack.keys.vkey import NoteKeyType, VerifierKey
from dualtrack.ledger.merkle import leaf_hash
from dualtrack.ledger.note import NOTE_BYTES_MAX
from dualtrack.ledger.policy import WITNESSES_MAX
from dualtrack.ledger.witness_request import REQUEST_BYTES_MAX, build_request
from dualtrack.store.cosignatures import cosigned_note
from dualtrack.store.repository import ErasedEntry
from dualtrack.store.verify import verify_store
from dualtrack.supervisor.cosignatures import read_lines, take_cosignatures
from dualtrack.supervisor.plain import plain_text
from dualtrack.supervisor.witness_folder import WitnessFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.cli.desk import Desk
    from dualtrack.store.findings import Report
    from dualtrack.store.store import Store

__all__ = ["ledger_command", "witness_command"]

F = TypeVar("F", bound="Callable[..., Any]")

_SHOWN_MAX = 100
"""Entries shown at once unless another number is asked for."""

_INDEX = click.IntRange(0, 2**53 - 1)
"""Index or size: the whole numbers that JSON carries exactly, far above any ledger and below what a database takes."""

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("ledger")
def ledger_command() -> None:
    """Check, read and prove from the institution's ledger, and have its heads co-signed."""


@ledger_command.command("verify", epilog="Example: dualtrack ledger verify")
@workspace_option
@json_option
def _verify(workspace: Path | None, as_json: bool) -> int:
    """Check every byte of every ledger here: leaves, tree, heads, contents, projections. Ends with 1 if one differs."""
    with open_store(open_workspace(workspace)) as store:
        reports = _verified(store, quiet=as_json)
    sound = all(report.ok for report in reports)
    if as_json:
        print_json({"ok": sound, "ledgers": [{"ok": report.ok, **msgspec.to_builtins(report)} for report in reports]})
        return 0 if sound else 1
    for report in reports:
        erased = f", {len(report.erased)} contents erased" if report.erased else ""
        click.echo(
            f"{report.ledger}: {'sound' if report.ok else 'NOT SOUND'}: {report.size} entries, root {report.root[:16]}, "
            f"{report.heads} signed heads, {report.cosignatures} cosignatures ({report.cosignatures_unchecked} of "
            f"witnesses that are not listed){erased}"
        )
        for finding in report.findings:
            click.echo(f"  {plain_text(finding)}")
    click.echo("not shown by this: a log rewritten whole and signed again; that is what witnesses are for")
    return 0 if sound else 1


def _verified(store: Store, *, quiet: bool) -> list[Report]:
    if quiet:
        return verify_store(store)
    sizes = sum(store.repository(item.id).size() for item in store.workspace.config.institutions)
    with Progress(console=console(), transient=True) as progress:
        task = progress.add_task("verifying", total=sizes)
        return verify_store(store, progress=lambda _: progress.advance(task))


@ledger_command.command("show", epilog="Example: dualtrack ledger show --kind evidence/1 --from 40")
@click.option("--kind", "kinds", multiple=True, help="Only entries of this kind, as evidence/1.")
@click.option("--from", "start", type=_INDEX, default=0, show_default=True, help="First index.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=_SHOWN_MAX, show_default=True)
@institution_option
@workspace_option
@json_option
def _show(
    kinds: tuple[str, ...], start: int, limit: int, institution: str | None, workspace: Path | None, as_json: bool
) -> None:
    """List entries with their leaf hashes, under the newest signed head."""
    with sitting(workspace, institution) as desk:
        repository = desk.register.repository
        size = repository.size()
        found = repository.entries(kinds=kinds, start=start, limit=limit)
        # One entry asked for beyond the page: the last page may be exactly full.
        following = repository.entries(kinds=kinds, start=found[-1].index + 1, limit=1) if found else []
        note = cosigned_note(repository).decode() if size else ""
    rows = [
        {
            "index": entry.index,
            "recorded_at": entry.parsed.recorded_at,
            "kind": entry.parsed.kind,
            "id": entry.parsed.id,
            "leaf_hash": leaf_hash(entry.leaf).hex(),
            "erased": isinstance(entry, ErasedEntry),
        }
        for entry in found
    ]
    if as_json:
        print_json({"size": size, "checkpoint": note, "entries": rows})
        return
    table = Table("index", "recorded (UTC)", "kind", "about", "leaf")
    for row in rows:
        kind = f"{row['kind']}{' (erased)' if row['erased'] else ''}"
        table.add_row(str(row["index"]), str(row["recorded_at"]), kind, str(row["id"]), str(row["leaf_hash"])[:16])
    console().print(table)
    if following:
        click.echo(f"more: {_next_page(found[-1].index + 1, kinds, limit, institution, workspace)}")
    click.echo(f"{size} entries; newest head:\n{note}" if size else "no entry yet")


def _next_page(start: int, kinds: tuple[str, ...], limit: int, institution: str | None, workspace: Path | None) -> str:
    """Return the command for the page from `start` on, with the options that this one was asked for with."""
    words = ["dualtrack", "ledger", "show", "--from", str(start)]
    for kind in kinds:
        words += ["--kind", kind]
    if limit != _SHOWN_MAX:
        words += ["--limit", str(limit)]
    if institution is not None:
        words += ["--institution", institution]
    if workspace is not None:
        words += ["--workspace", str(workspace)]
    return shlex.join(words)


@ledger_command.command(
    "proof", epilog="Example: dualtrack ledger proof 12    or    dualtrack ledger proof --consistency 40"
)
@click.argument("index", required=False, type=_INDEX)
@click.option(
    "--consistency",
    "old",
    type=_INDEX,
    metavar="OLD",
    help="Prove that the log of OLD entries is extended.",
)
@institution_option
@workspace_option
@json_option
def _proof(index: int | None, old: int | None, institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """Prove that entry INDEX is in the log (RFC 6962), or that the log extends an earlier one."""
    if (index is None) == (old is None):
        raise FieldError("an index or --consistency, not both", where="dualtrack ledger proof", fix="give one of them")
    with sitting(workspace, institution) as desk:
        repository = desk.register.repository
        size = repository.size()
        found: dict[str, object] = {"origin": repository.ledger, "size": size, "root": repository.root(size).hex()}
        if index is not None:
            leaf = repository.entries(start=index, end=index + 1)
            found |= {"index": index, "proof": [item.hex() for item in repository.inclusion_proof(index, size)]}
            found |= {"leaf": leaf[0].leaf.decode(), "leaf_hash": leaf_hash(leaf[0].leaf).hex()}
        if old is not None:
            found |= {"old": old, "proof": [item.hex() for item in repository.consistency_proof(old, size)]}
            found |= {"old_root": repository.root(old).hex()}
        found["checkpoint"] = cosigned_note(repository).decode()
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        if isinstance(value, list):
            click.echo(f"{name}: {len(value)} hashes")
            for item in value:
                click.echo(f"  {item}")
        else:
            click.echo(f"{name}: {value}")


@ledger_command.command("request", epilog="Example: dualtrack ledger request --old 40 -o request.txt")
@click.option(
    "--old",
    type=_INDEX,
    default=0,
    show_default=True,
    help="Size that the witness has; 0 the first time.",
)
@click.option("-o", "--output", type=_FILE, help="File; standard output if not given.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@institution_option
@workspace_option
@json_option
def _request(
    old: int, output: Path | None, force: bool, institution: str | None, workspace: Path | None, as_json: bool
) -> None:
    """Write a request to co-sign the newest head (C2SP tlog-witness, add-checkpoint)."""
    with sitting(workspace, institution) as desk:
        repository = desk.register.repository
        head = repository.head()
        if old > head.size:
            raise FieldError(f"old size {old}", where=repository.ledger, expected=f"at most {head.size}")
        proof = repository.consistency_proof(old, head.size) if 0 < old < head.size else []
        body = build_request(old, proof, head.note)
    if output is not None:
        write_new(output, body, force=force)
    if as_json:
        print_json({"old": old, "size": head.size, "file": str(output) if output else None, "request": body.decode()})
    elif output is not None:
        click.echo(f"wrote {output}: head of {head.size} entries, extending {old}; for the witness")
    else:
        click.echo(body.decode(), nl=False)


@ledger_command.command("cosign", epilog="Example: dualtrack ledger cosign cosignatures/my-bank.txt")
@click.argument("file", type=_FILE)
@institution_option
@workspace_option
@json_option
def _cosign(file: Path, institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """Take in a witness's cosignature lines; only listed witnesses count, and only lines that hold."""
    lines = read_lines(read_bytes(file, limit=NOTE_BYTES_MAX))
    with sitting(workspace, institution) as desk:
        witnesses = desk.store.witness_keys(desk.register.institution)
        found = take_cosignatures(desk.register.repository, witnesses, lines)
    if as_json:
        print_json([item._asdict() for item in found])
        return
    for item in found:
        click.echo(f"{item.witness} co-signed the head of {item.size} entries{'' if item.new else ' (known already)'}")


@ledger_command.command("witness", epilog="Example: dualtrack ledger witness --add VKEY --quorum 1")
@click.option("--add", "added", metavar="VKEY", help="List a witness by its verifier key.")
@click.option("--remove", metavar="NAME", help="Take a witness off the list.")
@click.option(
    "--quorum", type=click.IntRange(0, WITNESSES_MAX), help="Cosignatures that users of the log should ask for."
)
@institution_option
@workspace_option
@json_option
def _witness(
    added: str | None,
    remove: str | None,
    quorum: int | None,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Show, or change, the witnesses that this institution lists, and the key of its log."""
    with sitting(workspace, institution) as desk:
        log = desk.store.log_key(desk.register.institution)
        witnesses, asked = _list_witnesses(desk, added, remove, quorum)
    if as_json:
        print_json({"log": log.format() if log else None, "witnesses": witnesses, "quorum": asked})
        return
    click.echo(f"log key, for witnesses: {log.format() if log else 'none'}")
    for text in witnesses:
        click.echo(f"witness: {text}")
    click.echo(f"quorum: {asked} of {len(witnesses)}")


def _list_witnesses(desk: Desk, added: str | None, remove: str | None, quorum: int | None) -> tuple[list[str], int]:
    config = desk.workspace.config
    listed = config.institution(desk.register.institution)
    assert listed is not None
    witnesses = [text for text in listed.witnesses if VerifierKey.parse(text).name != remove]
    if remove is not None and len(witnesses) == len(listed.witnesses):
        raise FieldError(f"no witness {remove[:80]!r}", where="ledger witness", fix="see `dualtrack ledger witness`")
    if added is not None:
        key = VerifierKey.parse(added.strip())
        log = desk.store.log_key(desk.register.institution)
        if key.type is not NoteKeyType.COSIGNATURE or (log and log.public_key == key.public_key):
            raise FieldError(f"{key.name} is no witness's key", where="--add", expected="a cosignature key (type 4)")
        witnesses = list(dict.fromkeys([*witnesses, key.format()]))
    asked = min(listed.quorum, len(witnesses)) if quorum is None else quorum
    if (witnesses, asked) != (list(listed.witnesses), listed.quorum):
        changed = msgspec.structs.replace(listed, witnesses=tuple(witnesses), quorum=asked)
        desk.workspace.save(config.with_institution(changed))
    return witnesses, asked


@click.group("witness")
def witness_command() -> None:
    """Be a witness: remember heads of ledgers and co-sign only consistent extensions. Needs no workspace."""


def _folder_option(command: F) -> F:
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option("--folder", type=kind, default=Path("witness"), show_default=True)(command)


@witness_command.command("init", epilog="Example: dualtrack witness init example.org/witness --folder witness")
@click.argument("name")
@_folder_option
@json_option
def _init(name: str, folder: Path, as_json: bool) -> None:
    """Make a witness called NAME, with its own key and an empty memory."""
    made = WitnessFolder.create(folder, name, passphrase=passphrase())
    if as_json:
        print_json({"folder": str(folder), "key": made.key.format()})
    else:
        click.echo(f"witness in {folder}; its key, for the logs' owners and users:\n{made.key.format()}")


@witness_command.command("trust", epilog="Example: dualtrack witness trust VKEY --folder witness")
@click.argument("vkey")
@_folder_option
@json_option
def _trust(vkey: str, folder: Path, as_json: bool) -> None:
    """Trust a log by its verifier key (`dualtrack ledger witness` prints it), got by another way than its requests."""
    key = WitnessFolder.open(folder, passphrase=passphrase()).trust(vkey.strip())
    if as_json:
        print_json({"origin": key.name, "key": key.format()})
    else:
        click.echo(f"heads of {key.name} are co-signed from now on, if each extends the last")


@witness_command.command("add", epilog="Example: dualtrack witness add request.txt --folder witness -o line.txt")
@click.argument("request", type=_FILE)
@click.option("-o", "--output", type=_FILE, help="File of the cosignature line; standard output if not given.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@_folder_option
@json_option
def _add(request: Path, output: Path | None, force: bool, folder: Path, as_json: bool) -> None:
    """Co-sign the head of a REQUEST, if it extends what was co-signed before; otherwise say why not."""
    body = read_bytes(request, limit=REQUEST_BYTES_MAX)
    if output is not None:
        check_new(output, force=force)
    witness = WitnessFolder.open(folder, passphrase=passphrase()).witness()
    line = witness.add_checkpoint(body, int(clock().timestamp()))
    if output is not None:
        write_new(output, line.encode(), force=force)
    if as_json:
        print_json({"line": line, "file": str(output) if output else None})
    elif output is None:
        click.echo(line, nl=False)
    else:
        click.echo(f"wrote {output}; the log's owner runs: dualtrack ledger cosign {output}")


@witness_command.command("show", epilog="Example: dualtrack witness show --folder witness")
@_folder_option
@json_option
def _show_witness(folder: Path, as_json: bool) -> None:
    """Show the witness's key, the logs it trusts and the last head co-signed of each."""
    found = WitnessFolder.open(folder, passphrase=passphrase())
    witness = found.witness()
    heads = {key.name: witness.head(key.name) for key in found.logs}
    rows = [
        {"origin": name, "size": head.size if head else None, "root": head.root.hex() if head else None}
        for name, head in sorted(heads.items())
    ]
    if as_json:
        print_json({"key": found.key.format(), "logs": rows})
        return
    click.echo(found.key.format())
    for row in rows:
        click.echo(
            f"  {row['origin']}: " + (f"size {row['size']}, root {row['root']}" if row["root"] else "no head yet")
        )
