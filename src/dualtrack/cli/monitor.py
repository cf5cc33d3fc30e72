"""`dualtrack monitor`: what is watched of running uses, at which rate of false alarms, and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.cli.desk import console, institution_of, institution_option, json_option, print_json, workspace_option
from dualtrack.cli.every import every_register
from dualtrack.domain.ids import parse_use
from dualtrack.domain.records import to_plain
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.monitors.reading import watching_of
from dualtrack.runtime.monitors.running import run_due
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.runtime.monitors.reading import SeriesView, Watching
    from dualtrack.runtime.monitors.records import MonitorRun
    from dualtrack.store.register import Register

__all__ = ["monitor_command"]


@click.command("monitor", epilog="Example: dualtrack monitor my-bank/early-warning --run")
@click.argument("use", required=False)
@click.option("--run", "running", is_flag=True, help="First run every window that has ended and was not run yet.")
@click.option("--once", is_flag=True, help="First run one such window of each schedule, the oldest.")
@institution_option
@workspace_option
@json_option
def monitor_command(
    use: str | None, institution: str | None, workspace: Path | None, running: bool, once: bool, as_json: bool
) -> None:
    """Show what monitors say of USE, or of every use: window, share, interval, threshold, false alarms, last alarm.

    `dualtrack serve` runs them by itself as windows end.
    """
    if use is not None:
        parse_use(use, where="USE")
    if running and once:
        raise FieldError("both", where="--run, --once", fix="give one of them")
    runs, found = list["MonitorRun"](), list["Watching"]()
    with every_register(workspace, institution_of(use, institution)) as registers:
        for register in registers:
            for name in _uses(register, use):
                if running or once:
                    runs += run_due(register, name, windows_max=None if running else 1)
                found.append(watching_of(register, name))
    if use is not None and not found:
        raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
    if as_json:
        plain = [to_plain(each) for each in found]
        print_json({"windows_run": len(runs), "uses": plain})
        return
    if running or once:
        alarms = sum(series.alarm for run in runs for series in run.series)
        click.echo(f"windows run: {len(runs)}, alarms: {alarms}")
    _show(found)


def _uses(register: Register, use: str | None) -> list[str]:
    names = sorted(str(row["id"]) for row in Projections(register.repository).rows("use"))
    return [name for name in names if use in {None, name}]


def _show(found: list[Watching]) -> None:
    out = console()
    for watching in found:
        if not watching.series:
            out.print(f"{watching.use}: nothing to watch: no window with decisions has been run")
            continue
        out.print(
            f"{watching.use}: false alarms to be expected of all series together, if nothing changes: at most "
            f"{watching.false_alarms_per_year:g} a year (figure: {watching.basis}, {watching.checked_on})"
        )
        for schedule in dict.fromkeys(each.schedule for each in watching.series):
            mine = [each for each in watching.series if each.schedule == schedule]
            threshold, once_in = mine[0].threshold, mine[0].windows_to_false_alarm
            sampled = f" (1 decision in {mine[0].step:,} read)" if mine[0].step > 1 else ""
            out.print(
                f"  {schedule}, window {mine[0].since} to {mine[0].until}{sampled}; alarm at evidence {threshold:.1f}: "
                f"one false alarm of a series in {once_in:,} windows or more"
            )
            out.print(_table(mine))
    if not found:
        out.print("no use is declared")


def _table(series: list[SeriesView]) -> Table:
    table = Table("series", "n", "share", "95 % interval", "reference", "limits", "evidence", "a year", "last alarm")
    for each in series:
        reference = "–" if each.reference is None else f"{each.reference:.1%} of {each.reference_n:,}"
        table.add_row(
            each.series
            if each.at is None
            else f"{each.series} from {each.at:,}{' us' if each.series == 'slow' else ''}",
            f"{each.n:,}",
            _share(each.estimate),
            "–" if each.low is None else f"{_share(each.low)} to {_share(each.high)}",
            reference,
            "learning"
            if each.reference_low is None
            else f"{_share(each.reference_low)} to {_share(each.reference_high)}",
            "–" if each.evidence is None else f"{each.evidence:.1f}",
            f"{each.false_alarms_per_year:.3f}",
            each.last_alarm or "none",
        )
    return table


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
