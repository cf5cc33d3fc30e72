"""`dualtrack hold`, `observe` and `standing`: stop a use, let one go on that was live before, see what may run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import click
from rich.table import Table

from dualtrack.cli.desk import (
    console,
    institution_of,
    institution_option,
    json_option,
    print_json,
    signer_option,
    sitting,
    workspace_option,
)
from dualtrack.cli.every import every_register
from dualtrack.domain.ids import parse_use
from dualtrack.domain.oversight import HoldScope
from dualtrack.domain.time import format_instant
from dualtrack.errors import NotFoundError
from dualtrack.runtime.holds import acknowledge_s, list_holds, release_hold, set_hold
from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.observing import begin_observe, end_observe
from dualtrack.runtime.snapshots import Snapshots

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.runtime.live import Closed

__all__ = ["hold_command", "observe_command", "standing_command"]

_SCOPES: tuple[str, ...] = get_args(HoldScope)


def _reason_option(command: Any) -> Any:  # noqa: ANN401 - a decorator of whatever click makes
    return click.option("--reason", required=True, help="Why, in a sentence; it is in the ledger for good.")(command)


@click.group("hold")
def hold_command() -> None:
    """Stop a use, a release, a component, a provider or everything: the kill switch."""


@hold_command.command(
    "set", epilog="Example: dualtrack hold set use my-bank/early-warning --reason 'wrong scores since 9:40'"
)
@click.argument("scope", type=click.Choice(_SCOPES), metavar="SCOPE")
@click.argument("target")
@_reason_option
@signer_option("executive")
@institution_option
@workspace_option
@json_option
def _set(
    scope: HoldScope,
    target: str,
    reason: str,
    holder: str,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Stop TARGET and return when no process can be serving it any more; takes about a second.

    SCOPE is institution, use, release (its digest), component (its id) or provider.
    """
    named = institution_of(target, institution) if scope in {"use", "institution"} else institution
    with sitting(workspace, named) as desk:
        if not as_json:
            click.echo(f"setting it; every process knows within {acknowledge_s():.2f} s of the entry", err=True)
        found = set_hold(desk.register, desk.signer(holder), scope=scope, target=target, reason=reason)
    last = None if found.last_served_us is None else _at(found.last_served_us)
    if as_json:
        print_json(
            {
                "hold": found.hold.id,
                "scope": scope,
                "target": target,
                "index": found.entry,
                "acknowledged_at": found.acknowledged_at,
                "waited_ms": found.waited_ms,
                "last_served_at": last,
                "last_served": found.last_served,
                "served_after": found.served_after,
            }
        )
        return
    click.echo(f"held {scope} {target}: hold {found.hold.id} (entry {found.entry})")
    click.echo(f"  no process can be serving it since {found.acknowledged_at} (waited {found.waited_ms} ms)")
    which = f"{last}, decision {found.last_served}" if last else "never"
    click.echo(f"  last served {which}; {found.served_after} after the entry was durable")
    click.echo(f"  next: another person ends it with dualtrack hold release {found.hold.id} --as HOLDER --reason …")


@hold_command.command(
    "release", epilog="Example: dualtrack hold release 01k4m7… --reason 'scores checked, cause removed'"
)
@click.argument("hold")
@_reason_option
@signer_option("second-line")
@institution_option
@workspace_option
@json_option
def _release(
    hold: str, reason: str, holder: str, institution: str | None, workspace: Path | None, as_json: bool
) -> None:
    """End HOLD; never by the person who set it."""
    with sitting(workspace, institution) as desk:
        record = release_hold(desk.register, desk.signer(holder), hold, reason)
    if as_json:
        print_json(record)
    else:
        click.echo(f"released {hold}; what a permit allows goes on within a second")


@hold_command.command("list", epilog="Example: dualtrack hold list --all")
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@institution_option
@workspace_option
@json_option
def _list(everything: bool, institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """List the holds in force of all institutions, newest first."""
    with every_register(workspace, institution) as registers:
        rows = [row for register in registers for row in list_holds(register, open_only=not everything)]
    rows.sort(key=lambda row: str(row["id"]), reverse=True)
    if as_json:
        print_json([{name: value for name, value in row.items() if name not in {"ledger", "idx"}} for row in rows])
        return
    table = Table("hold", "scope", "target", "set at", "by", "reason", "ended")
    for row in rows:
        ended = f"{row['released_at']} by {row['released_by']}" if row["released_at"] else ""
        table.add_row(row["id"], row["scope"], row["target"], row["set_at"], row["set_by"], row["reason"], ended)
    console().print(table if rows else "no hold is in force")


@click.group("observe")
def observe_command() -> None:
    """Observe mode: a use that was live before it came here goes on, watched, for some days. Never a permit."""


@observe_command.command(
    "begin", epilog="Example: dualtrack observe begin my-bank/early-warning --days 30 --reason 'live since 2021'"
)
@click.argument("use")
@click.option("--days", type=int, required=True, help="Days from now; with those before, at most the limit.")
@_reason_option
@signer_option("executive")
@workspace_option
@json_option
def _begin(use: str, days: int, reason: str, holder: str, workspace: Path | None, as_json: bool) -> None:
    """Let USE go on, watched, on its newest release; its accountable executive signs."""
    parse_use(use, where="USE")
    with sitting(workspace, institution_of(use, None)) as desk:
        record = begin_observe(desk.register, desk.signer(holder), use, reason, days)
    if as_json:
        print_json(record)
    else:
        click.echo(f"{use} is observed until {record.until}, release {record.release[:16]}…; this is no permit")
        click.echo(f"  next: dualtrack explain {use} --to-green")


@observe_command.command(
    "end", epilog="Example: dualtrack observe end my-bank/early-warning --reason 'taken out of service'"
)
@click.argument("use")
@_reason_option
@signer_option("executive")
@workspace_option
@json_option
def _end(use: str, reason: str, holder: str, workspace: Path | None, as_json: bool) -> None:
    """End the observation of USE before its day."""
    parse_use(use, where="USE")
    with sitting(workspace, institution_of(use, None)) as desk:
        record = end_observe(desk.register, desk.signer(holder), use, reason)
    if as_json:
        print_json(record)
    else:
        click.echo(f"{use} is observed no more; without a permit it is closed")


@click.command("standing", epilog="Example: dualtrack standing my-bank/early-warning")
@click.argument("use", required=False)
@institution_option
@workspace_option
@json_option
def standing_command(use: str | None, institution: str | None, workspace: Path | None, as_json: bool) -> int:
    """Show what may run now: each use open, in which mode and how, or closed, why, and what to do.

    It reads the permits as a serving process does, of all institutions. With USE, exit 1 if it is closed.
    """
    if use is not None:
        parse_use(use, where="USE")
    with every_register(workspace, institution_of(use, institution)) as registers:
        kept = Snapshots(registers)
        try:
            uses = kept.current.uses
        finally:
            kept.close()
    if use is not None and use not in uses:
        raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
    lines = [_line(item) for name, item in sorted(uses.items()) if use in {None, name}]
    if as_json:
        print_json(lines if use is None else lines[0])
    else:
        _show(lines)
    return int(use is not None and not lines[0]["open"])


def _line(found: LiveUse | Closed) -> dict[str, Any]:
    if not isinstance(found, LiveUse):
        return {"use": found.use, "open": False, "code": found.code, "why": found.reason, "fix": found.fix}
    why = [found.review_why] if found.review != "none" else []
    return {
        "use": found.use,
        "open": True,
        "mode": found.mode,
        "review": found.review,
        "why": "; ".join([*why, *([found.would_refuse] if found.would_refuse else [])]),
        "durability": "durable" if found.durable else "buffered",
        "decisions_max": found.decisions_max,
        "release": found.release,
        "permit": found.permit,
        "policy": found.policy_digest,
        "guards": [f"{item.setting.guard}/{item.setting.stage}" for item in found.guards],
    }


def _show(lines: list[dict[str, Any]]) -> None:
    out = console()
    for line in lines:
        if not line["open"]:
            out.print(f"{line['use']}: closed, {line['code']}")
            out.print(f"  {line['why']}\n  to do: {line['fix']}")
            continue
        cap = f", at most {line['decisions_max']} decisions" if line["decisions_max"] is not None else ""
        out.print(f"{line['use']}: open, {line['mode']}{cap}, {line['durability']}, review {line['review']}")
        if line["why"]:
            out.print(f"  {line['why']}")
    if not lines:
        out.print("no use is declared")


def _at(us: int) -> str:
    return format_instant(datetime.fromtimestamp(us / 1_000_000, UTC).replace(microsecond=0))
