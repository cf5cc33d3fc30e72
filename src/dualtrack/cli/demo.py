"""`dualtrack demo`: the whole loop on real data in under a minute, offline, in a folder that may be thrown away."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dualtrack.cli.demo_summary import show_demo, show_next_steps
from dualtrack.cli.desk import clock, console, json_option, print_json
from dualtrack.permit.assess import verdict_digest

if TYPE_CHECKING:
    from rich.console import Console

    from dualtrack.demo.run import DemoResult
    from dualtrack.demo.running import Traffic

__all__ = ["demo_command"]

_STEPS_EXPECTED = 55
"""Steps of a run, for the progress bar only."""


@click.command("demo", epilog="Example: dualtrack demo")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("dualtrack-demo"),
    show_default=True,
    help="Where to write; a folder that is a demo is replaced, any other is refused.",
)
@click.option(
    "--model",
    "address",
    metavar="URL",
    help="An OpenAI-compatible endpoint, as http://127.0.0.1:8080/v1: its first model drafts in the language uses.",
)
@json_option
def demo_command(folder: Path, address: str | None, as_json: bool) -> None:
    """Run the demo: three uses of AI really measured on 30,000 accounts, one of them refused; 24 declared.

    The institutions, their people, approvals and attestations are fictional, and marked so in every record.
    """
    from dualtrack.demo.pages import STATEMENT  # noqa: PLC0415 - needs the optional parts
    from dualtrack.demo.run import run_demo  # noqa: PLC0415 - as above

    out = console(markup=True)
    started = time.monotonic()
    if as_json:
        result = run_demo(folder, clock, lambda _: None, address=address)
        print_json(_plain(result))
        return
    out.print(STATEMENT.en)
    out.print(f"{STATEMENT.zh}\n")
    result = _with_progress(out, folder, address)
    show_demo(out, result)
    out.print(f"\n{time.monotonic() - started:.0f} s. Look at {folder}/portfolio.html")
    show_next_steps(out, result)


def _with_progress(out: Console, folder: Path, address: str | None) -> DemoResult:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - only here

    from dualtrack.demo.run import run_demo  # noqa: PLC0415 - needs the optional parts

    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as progress:
        task = progress.add_task("starting", total=_STEPS_EXPECTED)

        def step(what: str) -> None:
            progress.update(task, advance=1, description=what)

        return run_demo(folder, clock, step, address=address)


def _plain(result: DemoResult) -> dict[str, object]:
    from dualtrack.demo.language.model import NotRun  # noqa: PLC0415 - needs the optional parts
    from dualtrack.demo.language.paragraphs import paragraph_lines  # noqa: PLC0415 - as above

    return {
        "folder": str(result.folder),
        "demo": True,
        "verdicts": [
            {
                "subject": item.assessment.use or item.assessment.institution,
                "verdict": item.assessment.verdict,
                "digest": verdict_digest(item.assessment),
                "expires": item.assessment.expires,
            }
            for recorded in result.recorded.values()
            for item in recorded
        ],
        "language": [
            {
                "use": run.use,
                "model": None if isinstance(run.model, NotRun) else run.model.model,
                "not_run": run.model.why.en if isinstance(run.model, NotRun) else None,
                "calls": run.calls,
                "answered": run.well,
                "paragraphs": [
                    {"document": "24EC55", **line._asdict(), "outcome": line.outcome.value, "title": line.title.en}
                    for line in paragraph_lines(run)
                ],
            }
            for run in result.language
        ],
        "traffic": _traffic(result.traffic),
    }


def _traffic(traffic: Traffic) -> dict[str, object]:
    """Return what went through the gate; the receipt codes may stand here, because every customer is fictional."""
    return {
        "outcomes": traffic.outcomes,
        "answers": [answer._asdict() for answer in traffic.answers],
        "receipts": [
            {"use": given.use, "code": given.code, "path": given.path, "says": given.says.en}
            for given in traffic.receipts
        ],
        "review": traffic.review,
        "hold": traffic.hold.hold.id,
    }
