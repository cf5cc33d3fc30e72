"""`dualtrack supervise` and `dualtrack notice`: what goes between a supervisor and firms, each in a workspace of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dualtrack.cli.desk import (
    checked_words,
    clock,
    console,
    institution_option,
    json_option,
    open_workspace,
    print_json,
    signer_option,
    sitting,
    workspace_option,
)
from dualtrack.cli.exchange_sitting import bundle_files, failed, read_bundles, show_sitting, sit
from dualtrack.cli.exchange_view import show_impacts, show_notice
from dualtrack.cli.files import check_new, read_bytes, write_new
from dualtrack.domain.records import Text
from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import FieldError
from dualtrack.keys.dsse import ENVELOPE_BYTES_MAX
from dualtrack.supervisor.anchors import keep_anchors, kept_anchors
from dualtrack.supervisor.desk import SUPERVISOR_HOLDER, check_supervisor
from dualtrack.supervisor.firm import (
    accept_notice,
    accepted_at,
    answer,
    check_acceptance,
    notice_effect,
    supervisor_key,
    trust_supervisor,
)
from dualtrack.supervisor.issue import issue_notice, notice_key, preview
from dualtrack.supervisor.market_page import market_page
from dualtrack.supervisor.notice import Asked, open_notice
from dualtrack.supervisor.pack_source import notice_pack, sample_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.cli.desk import Desk
    from dualtrack.keys.vkey import VerifierKey
    from dualtrack.supervisor.notice import OpenedNotice

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
    was not co-signed, a request of --heads came to nothing, or a figure of a return differs.
    """
    if keep_trust and trust is None:
        raise FieldError("--keep-trust without --trust", where="dualtrack supervise", fix="name the anchors to keep")
    if page is not None:
        check_new(page, force=force)
    files = bundle_files(bundles)
    # Everything is read before the sitting: what a sitting records cannot be taken back.
    requests = [(path.name, read_bytes(path)) for path in heads]
    answers = [read_bytes(path) for path in returns]
    with sitting(workspace, institution) as desk:
        check_supervisor(desk.register)
        anchors = read_bytes(trust) if trust else kept_anchors(desk.workspace)
        done = sit(desk, files, anchors, requests, answers, quiet=as_json)
        if keep_trust and anchors is not None:
            keep_anchors(desk.workspace, anchors)
    if page is not None:
        write_new(page, market_page(done.market).encode(), force=force)
    if as_json:
        print_json(
            {
                "market": done.market,
                "returns": [item._asdict() for item in done.returns],
                "unreadable_requests": done.unreadable_requests,
                "witness_key": done.witness_key,
            }
        )
    else:
        show_sitting(done)
    return 1 if failed(done) else 0


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
    words = checked_words(title, "--title")
    words_zh = checked_words(title_zh, "--title-zh") if title_zh is not None else words
    compiled = _compiled(pack, effective_from, sample=sample)
    asked = [Asked(id=name.replace("_", "-"), query=name) for name in asks] if asks else None
    check_new(output, force=force)
    contents = read_bundles(bundle_files(bundles)) if bundles else []
    with sitting(workspace, institution) as desk:
        check_supervisor(desk.register)
        data, opened = issue_notice(
            desk.register,
            desk.signer(holder),
            Text(en=words, zh=words_zh),
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
    if pack is not None:
        return notice_pack(read_bytes(pack), effective_from=effective_from, where=str(pack))
    if effective_from is not None:
        raise FieldError(
            "--effective-from without a pack", where="dualtrack notice new", fix="give a pack, or --sample"
        )
    return None


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
        opened, _, _ = _open(desk, notice, supervisor_key_text)
        found = notice_effect(desk.register, opened)
    if as_json:
        print_json({"notice": opened.notice, "digest": opened.digest, "impacts": found})
        return
    show_notice(console(), opened)
    if opened.pack is not None:
        show_impacts(console(), found)


def _open(desk: Desk, notice: Path, key_text: str | None) -> tuple[OpenedNotice, bytes, VerifierKey]:
    key = supervisor_key(desk.workspace, key_text)
    data = read_bytes(notice, limit=ENVELOPE_BYTES_MAX)
    return open_notice(data, key, demo_allowed=desk.workspace.demo, where=str(notice)), data, key


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
    """Record in the firm's ledger that a NOTICE was read, once; of one accepted before, --adopt still adopts the pack."""
    with sitting(workspace, institution) as desk:
        opened, data, key = _open(desk, notice, supervisor_key_text)
        signer = desk.signer(holder)
        before = accepted_at(desk.register, opened)
        adopted = adopt and opened.pack is not None
        if adopted and opened.pack is not None:
            check_acceptance(desk.register, signer)
            desk.register.adopt(opened.pack.compiled, signer)  # first: an acceptance that is recorded stays
        if before is None or not adopted:
            index = accept_notice(desk.register, opened, data, key, signer).index
        else:
            index = before
    if as_json:
        print_json({"notice": opened.digest, "index": index, "adopted": adopted})
    else:
        did = "is accepted already, in" if before is not None else "recorded as"
        said = f"; its pack binds from {opened.notice.effective_from}" if adopted else "; its pack is not adopted"
        click.echo(f"notice {opened.notice.id} {did} entry {index}{said if opened.pack else ''}")


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
        opened, _, _ = _open(desk, notice, supervisor_key_text)
        data, receipt = answer(desk.register, opened, desk.signer(holder))
    write_new(output, data, force=force)
    if as_json:
        print_json({"notice": opened.digest, "index": receipt.index, "file": str(output)})
    else:
        click.echo(f"wrote {output}, recorded as entry {receipt.index}; every figure is computed, none was typed")
