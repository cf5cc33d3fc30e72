"""`dualtrack supervise` and `dualtrack notice`: what goes between a supervisor and firms, each in a workspace of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.progress import Progress

from dualtrack.cli.desk import (
    clock,
    console,
    institution_option,
    json_option,
    open_workspace,
    passphrase,
    print_json,
    signer_option,
    sitting,
    workspace_option,
)
from dualtrack.cli.exchange_view import show_impacts, show_market, show_notice, show_return
from dualtrack.cli.files import check_new, read_bytes, write_new
from dualtrack.domain.records import Text
from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import FieldError, PathError
from dualtrack.keys.dsse import ENVELOPE_BYTES_MAX
from dualtrack.permit.archive import ARCHIVE_BYTES_MAX
from dualtrack.supervisor.anchors import keep_anchors, kept_anchors
from dualtrack.supervisor.desk import SUPERVISOR_HOLDER, check_supervisor
from dualtrack.supervisor.firm import accept_notice, answer, notice_effect, supervisor_key, trust_supervisor
from dualtrack.supervisor.issue import issue_notice, notice_key, preview, take_return
from dualtrack.supervisor.market_page import market_page
from dualtrack.supervisor.notice import Asked, open_notice
from dualtrack.supervisor.pack_source import notice_pack, sample_source
from dualtrack.supervisor.supervise import BUNDLES_MAX, supervise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dualtrack.cli.desk import Desk
    from dualtrack.keys.vkey import VerifierKey
    from dualtrack.supervisor.notice import OpenedNotice
    from dualtrack.supervisor.returns import CheckedReturn
    from dualtrack.supervisor.supervise import Sitting

__all__ = ["notice_command", "supervise_command"]

F = TypeVar("F", bound="Callable[..., Any]")

_SAMPLE_DAYS_AHEAD = 30
"""The fictional sample takes effect a month after it is sent."""

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    "supervise",
    epilog="Example: dualtrack supervise bundles/ --trust anchors.json --workspace supervisor --html market.html",
)
@click.argument("bundles", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--trust", type=_FILE, help="Anchors of the institutions; else those that were kept here.")
@click.option("--keep-trust", is_flag=True, help="Keep these anchors in the workspace.")
@click.option("--heads", multiple=True, type=_FILE, help="A firm's witness request (`dualtrack ledger request`).")
@click.option("--return", "returns", multiple=True, type=_FILE, help="A firm's return, recomputed from BUNDLES.")
@click.option("--html", "page", type=_FILE, help="Write the market view as a page.")
@click.option("--force", is_flag=True, help="Replace an existing page.")
@institution_option
@workspace_option
@json_option
def supervise_command(
    bundles: tuple[Path, ...],
    trust: Path | None,
    keep_trust: bool,
    heads: tuple[Path, ...],
    returns: tuple[Path, ...],
    page: Path | None,
    force: bool,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Recompute the verdicts of BUNDLES (files or folders), co-sign their ledger heads, print the market view.

    Run it in a workspace of type supervisor. Ends with 1 if a bundle could not be recomputed, a head whose key is known
    was not co-signed, or a figure of a return differs.
    """
    files = _bundle_files(bundles)
    with sitting(workspace, institution) as desk:
        anchors = read_bytes(trust) if trust else kept_anchors(desk.workspace)
        if keep_trust and trust and anchors is not None:
            keep_anchors(desk.workspace, anchors)
        requests = [(path.name, read_bytes(path)) for path in heads]
        done = _sit(desk, files, anchors, requests, quiet=as_json)
        checked = [take_return(desk.register, read_bytes(path), done.items) for path in returns]
    if page is not None:
        write_new(page, market_page(done.market).encode(), force=force)
    if as_json:
        print_json(
            {
                "market": done.market,
                "returns": [item._asdict() for item in checked],
                "unreadable_requests": done.unreadable_requests,
                "witness_key": done.witness_key,
            }
        )
    else:
        _show_sitting(done, checked)
    return 1 if _failed(done, checked) else 0


def _bundle_files(named: Sequence[Path]) -> list[Path]:
    """Return the bundle files that were named, or lie in a folder that was, in the order of their names."""
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            found += sorted(item for item in path.rglob("*.zip") if item.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise PathError("not there", where=str(path), fix="name a bundle, or a folder of bundles")
        if len(found) > BUNDLES_MAX:
            raise FieldError(f"more than {BUNDLES_MAX} bundles", where=str(path), fix="take them in several sittings")
    if not found:
        raise FieldError("no bundle", where=", ".join(map(str, named)), fix="make some with `dualtrack prove --all`")
    return found


def _read_all(files: Sequence[Path]) -> list[tuple[str, bytes]]:
    return [(path.name, read_bytes(path, limit=ARCHIVE_BYTES_MAX)) for path in files]


def _sit(
    desk: Desk, files: list[Path], anchors: bytes | None, requests: list[tuple[str, bytes]], *, quiet: bool = False
) -> Sitting:
    bundles = _read_all(files)

    def run(step: Callable[[str], None]) -> Sitting:
        return supervise(desk.register, bundles, anchors=anchors, requests=requests, passphrase=passphrase(), step=step)

    if quiet:
        return run(lambda _: None)
    with Progress(console=console(), transient=True) as progress:
        task = progress.add_task("recomputing", total=len(bundles))
        return run(lambda _: progress.advance(task))


def _failed(done: Sitting, checked: Sequence[CheckedReturn]) -> bool:
    heads = any(head.line is None and head.reason != "no-anchor" for head in done.market.heads)
    points = any(point.finding != "equal" for item in checked for point in item.points)
    lacking = any(item.unanswered for item in checked)
    return bool(done.market.not_recomputed or done.unreadable_requests) or heads or points or lacking


def _show_sitting(done: Sitting, checked: Sequence[CheckedReturn]) -> None:
    out = console()
    show_market(out, done.market)
    for line in done.unreadable_requests:
        click.echo(f"request not readable: {line}")
    for item in checked:
        show_return(out, item)
    if any(head.line for head in done.market.heads):
        click.echo("cosignature lines: cosignatures/<institution>.txt; the firm runs: dualtrack ledger cosign FILE")
        click.echo(f"after it listed this witness once: dualtrack ledger witness --add {done.witness_key}")


@click.group("notice")
def notice_command() -> None:
    """Notices of a supervisor: send one; or as a firm see its effect, accept it, answer it."""


@notice_command.command("new", epilog="Example: dualtrack notice new pack.yaml --title 'Monitoring' -o notice.json")
@click.argument("pack", required=False, type=_FILE)
@click.option("--sample", is_flag=True, help="Send the fictional sample pack, in effect a month from now.")
@click.option("--title", required=True, help="Title in English.")
@click.option("--title-zh", help="Title in Traditional Chinese; the English one if not given.")
@click.option(
    "--ask", "asks", multiple=True, metavar="QUERY", help="Data point asked for; else a usual set with a pack."
)
@click.option("--effective-from", metavar="DATE", help="Let a pack given as source take effect on this date.")
@click.option("--answer-by", metavar="DATE", help="Date by which a return is expected.")
@click.option("--bundles", multiple=True, type=click.Path(path_type=Path), help="Show the effect on these bundles too.")
@click.option("-o", "--output", type=_FILE, required=True)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@signer_option(SUPERVISOR_HOLDER)
@institution_option
@workspace_option
@json_option
def _new(
    pack: Path | None,
    sample: bool,
    title: str,
    title_zh: str | None,
    asks: tuple[str, ...],
    effective_from: str | None,
    answer_by: str | None,
    bundles: tuple[Path, ...],
    output: Path,
    force: bool,
    holder: str,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Sign a notice that carries a rule PACK, or asks for figures, and record it in the supervisor's ledger."""
    compiled = _compiled(pack, effective_from, sample=sample)
    asked = [Asked(id=name.replace("_", "-"), query=name) for name in asks] if asks else None
    check_new(output, force=force)
    contents = _read_all(_bundle_files(bundles)) if bundles else []
    with sitting(workspace, institution) as desk:
        check_supervisor(desk.register)
        data, opened = issue_notice(
            desk.register,
            desk.signer(holder),
            Text(en=title, zh=title_zh or title),
            pack=compiled,
            asks=asked,
            answer_by=answer_by,
        )
        write_new(output, data, force=force)
        found = preview(opened, contents, demo_allowed=desk.workspace.demo)
        key = notice_key(desk.register.institution, desk.signer(holder)).format()
    if as_json:
        print_json({"notice": opened.digest, "file": str(output), "key": key, "impacts": found})
        return
    show_notice(console(), opened)
    if bundles:
        show_impacts(console(), found)
    click.echo(f"wrote {output}; firms check it with the key: {key}")


def _compiled(pack: Path | None, effective_from: str | None, *, sample: bool) -> bytes | None:
    if sample and pack is not None:
        raise FieldError("a pack and --sample", where="dualtrack notice new", fix="give one of them")
    if sample:
        day = effective_from or (hong_kong_date(clock()) + timedelta(days=_SAMPLE_DAYS_AHEAD)).isoformat()
        return notice_pack(sample_source(), effective_from=day, where="sample")
    return notice_pack(read_bytes(pack), effective_from=effective_from, where=str(pack)) if pack else None


@notice_command.command("key", epilog="Example: dualtrack notice key --workspace supervisor")
@signer_option(SUPERVISOR_HOLDER)
@institution_option
@workspace_option
@json_option
def _key(holder: str, institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """Print the key by which firms check this supervisor's notices; hand it over by another way than a notice."""
    with sitting(workspace, institution) as desk:
        check_supervisor(desk.register)
        key = notice_key(desk.register.institution, desk.signer(holder)).format()
    if as_json:
        print_json({"key": key})
    else:
        click.echo(key)


@notice_command.command("trust", epilog="Example: dualtrack notice trust dualtrack.local/my-supervisor/notices+…")
@click.argument("key")
@workspace_option
@json_option
def _trust(key: str, workspace: Path | None, as_json: bool) -> None:
    """Enter the KEY of a supervisor, in place of an earlier one of the same name."""
    entered = trust_supervisor(open_workspace(workspace), key)
    if as_json:
        print_json({"name": entered.name, "key": entered.format()})
    else:
        click.echo(f"notices under {entered.name} are believed from now on")


def _key_option(command: F) -> F:
    option = click.option(
        "--supervisor-key",
        "supervisor_key_text",
        metavar="KEY",
        help="Its key; else the one entered with `notice trust`.",
    )
    return option(command)


@notice_command.command("show", epilog="Example: dualtrack notice show notice.json --institution my-bank")
@click.argument("notice", type=_FILE)
@_key_option
@institution_option
@workspace_option
@json_option
def _show(
    notice: Path, supervisor_key_text: str | None, institution: str | None, workspace: Path | None, as_json: bool
) -> None:
    """Check a NOTICE and print its dry run on this firm's uses: verdict now and then, new gaps. Records nothing."""
    with sitting(workspace, institution) as desk:
        opened, _ = _open(desk, notice, supervisor_key_text)
        found = notice_effect(desk.register, opened)
    if as_json:
        print_json({"notice": opened.notice, "digest": opened.digest, "impacts": found})
        return
    show_notice(console(), opened)
    if opened.pack is not None:
        show_impacts(console(), found)


def _open(desk: Desk, notice: Path, key_text: str | None) -> tuple[OpenedNotice, VerifierKey]:
    key = supervisor_key(desk.workspace, key_text)
    data = read_bytes(notice, limit=ENVELOPE_BYTES_MAX)
    return open_notice(data, key, demo_allowed=desk.workspace.demo, where=str(notice)), key


@notice_command.command("accept", epilog="Example: dualtrack notice accept notice.json --adopt --as second-line")
@click.argument("notice", type=_FILE)
@click.option("--adopt", is_flag=True, help="Adopt its pack too: it binds from its own date.")
@_key_option
@signer_option("compliance")
@institution_option
@workspace_option
@json_option
def _accept(
    notice: Path,
    adopt: bool,
    supervisor_key_text: str | None,
    holder: str,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Record in the firm's ledger that a NOTICE was read."""
    with sitting(workspace, institution) as desk:
        opened, key = _open(desk, notice, supervisor_key_text)
        signer = desk.signer(holder)
        receipt = accept_notice(desk.register, opened, read_bytes(notice), key, signer)
        if adopt and opened.pack is not None:
            desk.register.adopt(opened.pack.compiled, signer)
    adopted = adopt and opened.pack is not None
    if as_json:
        print_json({"notice": opened.digest, "index": receipt.index, "adopted": adopted})
    else:
        said = f"; its pack binds from {opened.notice.effective_from}" if adopted else "; its pack is not adopted"
        click.echo(f"notice {opened.notice.id} recorded as entry {receipt.index}{said if opened.pack else ''}")


@notice_command.command("answer", epilog="Example: dualtrack notice answer notice.json -o return.json --as second-line")
@click.argument("notice", type=_FILE)
@click.option("-o", "--output", type=_FILE, required=True)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@_key_option
@signer_option("compliance")
@institution_option
@workspace_option
@json_option
def _answer(
    notice: Path,
    output: Path,
    force: bool,
    supervisor_key_text: str | None,
    holder: str,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Compute what a NOTICE asks from the recorded verdicts, sign it as a return and record it."""
    check_new(output, force=force)
    with sitting(workspace, institution) as desk:
        opened, _ = _open(desk, notice, supervisor_key_text)
        data, receipt = answer(desk.register, opened, desk.signer(holder))
    write_new(output, data, force=force)
    if as_json:
        print_json({"notice": opened.digest, "index": receipt.index, "file": str(output)})
    else:
        click.echo(f"wrote {output}, recorded as entry {receipt.index}; every figure is computed, none was typed")
