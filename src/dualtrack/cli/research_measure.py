"""`dualtrack research measure`: questions with known answers to made reports, what came of each as a table, and the shares."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.cli.desk import console, json_option, print_json
from dualtrack.cli.files import check_absent, write_new
from dualtrack.domain.time import hong_kong_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.evidence.shares import Share
    from dualtrack.apps.research.evidence.table import Row

__all__ = ["measure_command"]

_SEEDS_MAX = 100
"""As the maker of reports allows (`evidence/reports.py`), which is only loaded where it is needed."""


@click.command("measure", epilog="Example: dualtrack research measure --seeds 8 --output table.csv")
@click.option(
    "--seeds", type=click.IntRange(1, _SEEDS_MAX), default=8, show_default=True, help="How many reports to make."
)
@click.option("--first", type=click.IntRange(0), default=1, show_default=True, help="Seed of the first report.")
@click.option("--lines", type=click.IntRange(1, 6), default=3, show_default=True, help="Lines asked for of each year.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The table to write, for a plan to measure.")
@json_option
def measure_command(seeds: int, first: int, lines: int, output: Path | None, as_json: bool) -> None:
    """Ask made reports what is known of them, and search them for the same words; write a row for each question, without words.

    The reports are of fictional issuers, in English and Chinese, some with a restated year, another scale or a missing page.
    """
    from dualtrack.apps.research.evidence.shares import abstention_curve, answer_shares  # noqa: PLC0415 - needs the optional part
    from dualtrack.apps.research.evidence.table import measure_reports, table_bytes  # noqa: PLC0415 - as above

    if output is not None:
        check_absent(output)
    rows = measure_reports(seeds, first=first, lines=lines, on=hong_kong_date(datetime.now(UTC)))
    if output is not None:
        write_new(output, table_bytes(rows))
    shares, curve = answer_shares(rows), abstention_curve(rows)
    if as_json:
        print_json(
            {"shares": [_plain(each) for each in shares], "curve": [[_plain(one) for one in pair] for pair in curve]}
        )
        return
    table = Table("share", "of", "n", "estimate", "95% interval")
    for each in [*shares, *(one for pair in curve for one in pair)]:
        table.add_row(each.name, each.of, f"{each.hits} of {each.n}", *_estimate(each))
    console().print(table)
    click.echo(_effort(rows))
    click.echo(f"{len(rows)} questions on {seeds} made reports; intervals are between reports")


def _plain(share: Share) -> dict[str, object]:
    return {**share._asdict(), "estimate": share.estimate}


def _estimate(share: Share) -> tuple[str, str]:
    if share.estimate is None:
        return "none", ""
    limits = "too few reports" if share.low is None or share.high is None else f"{share.low:.3f} to {share.high:.3f}"
    return f"{share.estimate:.3f}", limits


def _effort(rows: Sequence[Row]) -> str:
    """Say what was timed and what was only declared."""
    from dualtrack.apps.research.evidence.baseline import baseline  # noqa: PLC0415 - needs the optional part

    seconds = sum(float(row["seconds"]) for row in rows) / len(rows)
    minutes = sum(int(row["baseline_minutes"]) for row in rows) / len(rows)
    said = baseline().minutes.source.en
    return f"{seconds:.3f} processor seconds an answer, measured; {minutes:.1f} minutes by hand. {said}"
