"""`dualtrack doctor`, `backup` and `restore`: keep a workspace sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.cli.desk import clock, console, json_option, open_store, open_workspace, print_json, workspace_option
from dualtrack.domain.time import format_instant
from dualtrack.store.backup import backup, restore
from dualtrack.store.doctor import examine

if TYPE_CHECKING:
    from dualtrack.store.findings import Report

__all__ = ["backup_command", "doctor_command", "restore_command"]


@click.command("doctor", epilog="Example: dualtrack doctor")
@workspace_option
@json_option
def doctor_command(workspace: Path | None, as_json: bool) -> int:
    """Examine the workspace: versions, modes, keys, room, schema, clock. Exit 1 if something is at fault."""
    checks = examine(open_workspace(workspace), clock())
    if as_json:
        print_json(checks)
    else:
        table = Table("check", "status", "found", "what to do")
        for check in checks:
            table.add_row(check.name, check.status, check.found, check.fix)
        console().print(table)
    return int(any(check.status == "fault" for check in checks))


@click.command("backup", epilog="Example: dualtrack backup monday.db")
@click.argument("file", type=click.Path(path_type=Path))
@workspace_option
@json_option
def backup_command(file: Path, workspace: Path | None, as_json: bool) -> None:
    """Write a backup of the ledgers, accounts and API keys to a new FILE and verify it.

    Keys and settings are not in it: keep dualtrack.toml and the folder keys/ apart, or nobody can read it again.
    """
    with open_store(open_workspace(workspace)) as store:
        reports = backup(store, file, made_at=format_instant(clock()))
    _show(reports, f"backup {file}", as_json=as_json)


@click.command("restore", epilog="Example: dualtrack restore monday.db --workspace fresh")
@click.argument("file", type=click.Path(path_type=Path))
@workspace_option
@json_option
def restore_command(file: Path, workspace: Path | None, as_json: bool) -> None:
    """Fill an empty workspace from a backup and verify it.

    The workspace is a new folder, mode 0700, with the dualtrack.toml and keys/ that were kept apart, and nothing else.
    """
    with open_store(open_workspace(workspace)) as store:
        reports = restore(store, file)
    _show(reports, f"restored {file}", as_json=as_json)


def _show(reports: list[Report], what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(reports)
        return
    click.echo(f"{what}: verified")
    for report in reports:
        click.echo(f"  {report.ledger}: {report.size} entries, root {report.root[:16]}…")
