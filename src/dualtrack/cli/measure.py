"""`dualtrack measure`: run a plan on a table, any model or endpoint, and record every result; the gated ones become evidence."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dualtrack.cli.desk import (
    console,
    institution_of,
    json_option,
    print_json,
    signer_option,
    sitting,
    workspace_option,
)
from dualtrack.cli.plan import read_plan_file
from dualtrack.domain.ids import parse_use
from dualtrack.domain.records import to_plain
from dualtrack.errors import FieldError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from dualtrack.cli.desk import Desk
    from dualtrack.domain.release import Release
    from dualtrack.evidence.plans.bench import Bench
    from dualtrack.evidence.plans.given import Given
    from dualtrack.evidence.plans.journal import RunJournal
    from dualtrack.evidence.plans.recording import Recorded
    from dualtrack.evidence.plans.records import MeasurementPlan, MeasurementResult, PlanItem
    from dualtrack.evidence.plans.running import Asked, PlanRun

__all__ = ["JOURNAL", "measure_command"]

JOURNAL = "measure-runs"
"""Folder of the workspace with the finished items of runs that have not ended."""


@click.command(
    "measure",
    epilog="Example: dualtrack measure my-bank/early-warning --plan plan.yaml --data cases.parquet --model scoring:predict",
)
@click.argument("use")
@click.option("--plan", "plan_file", type=click.Path(path_type=Path), help="Else the plan of USE registered last.")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Parquet or CSV file, one case a row.")
@click.option(
    "--reference", type=click.Path(path_type=Path), help="The same columns of training or of an earlier time."
)
@click.option(
    "--model", metavar="MODEL", help="module:function, a model file, or an http(s) address; see docs/measure.md."
)
@click.option("--baseline", metavar="MODEL", help="The way without AI, in the same forms.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(min=0.1), help="Seconds that the model may take; else no end."
)
@click.option(
    "--engine",
    help="duckdb, memory or sc://host:port; else memory where the run makes scores or decisions, and duckdb.",
)
@click.option("--release", help="Digest of the release measured; the newest if not given.")
@click.option("--dry-run", is_flag=True, help="Measure and show, but record nothing.")
@signer_option("collector")
@workspace_option
@json_option
def measure_command(
    use: str,
    plan_file: Path | None,
    data: Path,
    reference: Path | None,
    model: str | None,
    baseline: str | None,
    engine: str | None,
    timeout_s: float | None,
    release: str | None,
    dry_run: bool,
    holder: str,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Measure USE's release on a table as planned. Ends with 1 where a threshold was not met or could not be told.

    A plan that was not registered is run all the same: its results are exploratory, are recorded as such, and count for nothing.
    """
    from dualtrack.evidence.plans.recording import check_planner, record_run  # noqa: PLC0415 - needs the optional part `evidence`

    parse_use(use, where="USE")
    if timeout_s is not None and not (model or baseline):
        raise FieldError("no model to time", where="--timeout", fix="name one with --model, or leave it out")
    with sitting(workspace, institution_of(use, None)) as desk:
        plan = _plan(desk, use, plan_file)
        digest, released = _release(desk, use, release)
        signer = None if dry_run else desk.signer(holder)
        if signer is not None:
            check_planner(desk.register, signer, where=f"--as {holder}")
        files = _Files(data, reference, model, baseline, timeout_s)
        with _stoppable() as stop_if_asked, _bench(plan, files, digest, released, engine) as bench:
            asked = _asked(desk, plan, digest, bench)
            run = _run(desk, plan, bench, asked, stop_if_asked, quiet=as_json, keep=signer is not None)
        recorded = None
        if signer is not None:
            recorded = record_run(desk.register, run, signer)
            _journal(desk, run.digest).drop()
    if as_json:
        print_json(_plain(run, recorded))
    else:
        _show(run, recorded)
    return 0 if run.settled else 1


@contextmanager
def _stoppable() -> Iterator[Callable[[], None]]:
    """Give what stops the run where Ctrl-C was pressed: an engine may turn that into an error of its own.

    Such an error would be taken for an item that cannot be measured, and be recorded as one.
    """
    asked = []

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        signal.default_int_handler(number, frame)

    def stop_if_asked() -> None:
        if asked:
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    ours = threading.current_thread() is threading.main_thread() and before is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, note)
    try:
        yield stop_if_asked
        stop_if_asked()
    except Exception:
        stop_if_asked()
        raise
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)


class _Files(NamedTuple):
    """What was named on the command line."""

    data: Path
    reference: Path | None
    model: str | None
    baseline: str | None
    timeout_s: float | None


def _plan(desk: Desk, use: str, file: Path | None) -> MeasurementPlan:
    from dualtrack.evidence.plans.recording import newest_plan  # noqa: PLC0415 - as above

    if file is not None:
        plan = read_plan_file(file)
        if plan.use != use:
            raise FieldError(f"a plan of {plan.use}", where=str(file), expected=use)
        return plan
    found = newest_plan(desk.register, use)
    if found is None:
        raise NotFoundError(
            f"no plan of {use} is registered", fix="`dualtrack plan register FILE`, or give --plan FILE"
        )
    return found.plan


def _release(desk: Desk, use: str, named: str | None) -> tuple[str, Release]:
    """Return the release that is measured, by digest and as it was admitted: nothing is recorded about one that is not there."""
    digest = named or desk.register.latest_release(use)
    if digest is None:
        raise NotFoundError(f"{use} has no release yet", fix=f"`dualtrack release {use}` first")
    found = desk.register.case(use, digest).found.release
    if found is None:
        raise NotFoundError(f"{use} has no release {digest[:16]}", fix=f"`dualtrack release {use}` first")
    return digest, found.release


@contextmanager
def _bench(plan: MeasurementPlan, files: _Files, digest: str, release: Release, named: str | None) -> Iterator[Bench]:
    """Give what the run works on: columns in memory, or the table where it lies."""
    from dualtrack.evidence.engines.engine import open_engine  # noqa: PLC0415 - as above
    from dualtrack.evidence.plans.bench import EngineBench, open_bench  # noqa: PLC0415 - as above
    from dualtrack.evidence.registry import find_measure  # noqa: PLC0415 - as above

    made = files.model or files.baseline or (plan.decision is not None and plan.columns.decision is None)
    needs_model = any("model" in find_measure(item.measure).needs for item in plan.items)
    engine = named or ("memory" if made or needs_model else "duckdb")
    if engine == "memory":
        yield open_bench(plan, _given(files, digest, release))
        return
    if files.model or files.baseline:
        raise FieldError(
            f"a model, and engine {engine}",
            where="--model, --baseline",
            fix="write the scores as columns of the table, or run with --engine memory",
        )
    with open_engine(engine) as opened:
        remote = engine.startswith("sc://")
        table, reference = (str(each) if remote and each else each for each in (files.data, files.reference))
        yield EngineBench(plan, opened, table or files.data, reference)


def _given(files: _Files, digest: str, release: Release) -> Given:
    from dualtrack.cli.models import named_model, open_baseline, open_released  # noqa: PLC0415 - as above
    from dualtrack.evidence.plans.given import Given  # noqa: PLC0415 - as above
    from dualtrack.evidence.tables import load_table  # noqa: PLC0415 - as above

    within = files.timeout_s
    return Given(
        table=load_table(files.data),
        reference=load_table(files.reference) if files.reference else None,
        model=open_released(files.model, digest, release, timeout_s=within) if files.model else None,
        baseline=open_baseline(files.baseline, digest, timeout_s=within) if files.baseline else None,
        named=named_model(files.model) if files.model else "",
    )


def _asked(desk: Desk, plan: MeasurementPlan, release: str, bench: Bench) -> Asked:
    from dualtrack.evidence.plans.reading import plan_digest  # noqa: PLC0415 - as above
    from dualtrack.evidence.plans.recording import find_plan, results_of, variants_tried  # noqa: PLC0415 - as above
    from dualtrack.evidence.plans.running import Asked  # noqa: PLC0415 - as above

    found = find_plan(desk.register, plan.use, plan_digest(plan))
    earlier = [result for _, result in results_of(desk.register, plan.use)]
    return Asked(
        release=release,
        plan=found.reference if found else None,
        variants=variants_tried(earlier, plan, release, bench.given_digest),
        taken_at=desk.register.now(),
        demo=desk.workspace.demo,
    )


def _run(
    desk: Desk,
    plan: MeasurementPlan,
    bench: Bench,
    asked: Asked,
    stop_if_asked: Callable[[], None],
    *,
    quiet: bool,
    keep: bool,
) -> PlanRun:
    from dualtrack.evidence.plans.running import run_plan  # noqa: PLC0415 - as above

    def journal(run: str) -> RunJournal:
        return _journal(desk, run)

    kept = journal if keep else None  # a dry run leaves nothing that a real one would go on from
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console(), transient=True, disable=quiet) as progress:
        task = progress.add_task("reading", total=len(plan.items))

        def tell(item: PlanItem, place: int, total: int) -> None:
            stop_if_asked()
            progress.update(task, completed=place, total=total, description=f"{item.id} ({item.measure})")

        return run_plan(plan, bench, asked, journal=kept, progress=tell)


def _journal(desk: Desk, run: str) -> RunJournal:
    from dualtrack.evidence.plans.journal import RunJournal  # noqa: PLC0415 - as above

    return RunJournal(desk.workspace.path(JOURNAL), run)


def _show(run: PlanRun, recorded: Recorded | None) -> None:
    table = Table("item", "standing", "estimate", "interval", "n", "threshold")
    for result in run.results:
        table.add_row(*_row(result))
    console().print(table)
    for result in run.results:
        if result.reason is not None:
            needed = f"; about {result.n_needed:,} rows would settle it" if result.n_needed else ""
            click.echo(f"{result.item.id}: {result.standing}: {result.reason}{needed}")
    first = run.results[0]
    click.echo(f"intervals at {first.level:.4g}, {first.variants} version(s) tried on these data")
    if first.plan is None:
        click.echo("the plan was not registered beforehand: these results are exploratory and count for nothing")
    if recorded is None:
        click.echo("nothing was recorded (--dry-run)")
    else:
        click.echo(f"recorded {len(recorded.results)} results, {len(recorded.evidence)} of them as evidence")


def _row(result: MeasurementResult) -> tuple[str, ...]:
    from dualtrack.evidence.plans.running import gated_measurement  # noqa: PLC0415 - as above

    measured = gated_measurement(result)
    gate = result.item.gate
    threshold = "" if gate is None else _threshold(result)
    if measured is None or measured.estimate is None:
        return result.item.id, result.standing, "", "", str(result.rows), threshold
    interval = f"{measured.low:.4g} to {measured.high:.4g}"
    return result.item.id, result.standing, f"{measured.estimate:.4g}", interval, str(measured.n), threshold


def _threshold(result: MeasurementResult) -> str:
    gate = result.item.gate
    assert gate is not None
    said = {"at least": gate.target, "at most": gate.limit, "from": gate.limit_low, "to": gate.limit_high}
    return (
        "as declared"
        if gate.topic == "benefit"
        else " ".join(f"{word} {value:g}" for word, value in said.items() if value is not None)
    )


def _plain(run: PlanRun, recorded: Recorded | None) -> dict[str, object]:
    return {
        "run": run.digest,
        "settled": run.settled,
        "results": [to_plain(result) for result in run.results],
        "entries": [receipt.index for receipt in recorded.results] if recorded else None,
        "evidence": [receipt.index for receipt in recorded.evidence] if recorded else None,
    }
