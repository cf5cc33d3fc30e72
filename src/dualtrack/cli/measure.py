"""`dualtrack evidence measure`: any Python callable or HTTP endpoint as the model, measured on a table, signed and added."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from dualtrack.cli.desk import institution_of, json_option, print_json, signer_option, sitting, workspace_option
from dualtrack.domain.ids import parse_use
from dualtrack.errors import NotFoundError
from dualtrack.store.statements import make_statement

if TYPE_CHECKING:
    from dualtrack.store.register import Register

__all__ = ["MEASURED_TOPICS", "measure_command"]

MEASURED_TOPICS = ("predictive_performance", "calibration_performance", "benefit", "group_outcomes")
"""Topics that a table, a label and a model's scores can answer."""


@click.command(
    "measure",
    epilog="Example: dualtrack evidence measure my-bank/early-warning --topic predictive_performance "
    "--data cases.parquet --label defaulted --model scoring:predict --bound 0.7",
)
@click.argument("use")
@click.option(
    "--topic",
    type=click.Choice(MEASURED_TOPICS),
    metavar="TOPIC",
    required=True,
    help=f"One of {', '.join(MEASURED_TOPICS)}.",
)
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Parquet or CSV file, one case a row.")
@click.option("--label", required=True, metavar="COLUMN", help="What really happened: 0 or 1.")
@click.option("--model", metavar="MODULE:FUNCTION", help="Function from an array (rows, features) to one score a row.")
@click.option("--endpoint", metavar="URL", help='Instead: answers POST {"rows": [[…]]} with {"scores": […]}.')
@click.option("--feature", "features", multiple=True, metavar="COLUMN", help="Else every other column with numbers.")
@click.option("--baseline", metavar="COLUMN|MODULE:FUNCTION", help="benefit: the non-AI way, on the same rows.")
@click.option("--metric", type=click.Choice(["brier", "capture"]), default="brier", show_default=True, help="benefit.")
@click.option("--capacity", type=float, help="benefit by capture: share of rows that can be worked through.")
@click.option("--bound", type=float, help="The target or limit that the firm set beforehand; not for benefit.")
@click.option("--group", "groups", multiple=True, metavar="COLUMN", help="group_outcomes: several form intersections.")
@click.option("--threshold", type=float, help="group_outcomes: a score from here on selects.")
@click.option("--cell-size-min", type=click.IntRange(min=1), default=100, show_default=True, help="group_outcomes.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the bootstrap.")
@click.option("--release", help="Digest of the release measured; the newest if not given.")
@click.option("--dry-run", is_flag=True, help="Measure and show, but add nothing.")
@signer_option("collector")
@workspace_option
@json_option
def measure_command(
    use: str,
    holder: str,
    release: str | None,
    dry_run: bool,
    workspace: Path | None,
    as_json: bool,
    topic: str,
    data: Path,
    label: str,
    model: str | None,
    endpoint: str | None,
    features: tuple[str, ...],
    baseline: str | None,
    metric: Literal["brier", "capture"],
    capacity: float | None,
    bound: float | None,
    groups: tuple[str, ...],
    threshold: float | None,
    cell_size_min: int,
    seed: int,
) -> None:
    """Measure the model of USE on a table and add the result, signed, with interval, n, method and data digest.

    For benefit, baseline, smallest effect and margin are those of the declared claim; they cannot be given here.
    """
    from dualtrack.cli.measuring import Asked, observe  # noqa: PLC0415 - needs the optional part `evidence`

    parse_use(use, where="USE")
    asked = Asked(
        topic=topic,
        data=data,
        label=label,
        model=model,
        endpoint=endpoint,
        features=features,
        baseline=baseline,
        metric=metric,
        capacity=capacity,
        bound=bound,
        groups=groups,
        threshold=threshold,
        cell_size_min=cell_size_min,
        seed=seed,
    )
    with sitting(workspace, institution_of(use, None)) as desk:
        digest = _release(desk.register, use, release)
        declaration = desk.register.case(use, digest).found.declaration
        if declaration is None:
            raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
        signer = desk.signer(holder)
        observed = observe(asked, declaration, digest, desk.register.now())
        index = None
        if not dry_run:
            statement = make_statement(desk.register, use, observed.predicate, digest)
            index = desk.register.add_evidence(statement, [signer], where=str(data)).index
    if as_json:
        print_json({"index": index, "features": observed.features, "release": digest, "evidence": observed.predicate})
        return
    click.echo(f"features given to the model: {', '.join(observed.features)}")
    for name, value in observed.predicate.fields.items():
        click.echo(f"  {name}: {value}")
    click.echo(f"added {topic} about {use} (entry {index})" if index is not None else "nothing was added (--dry-run)")


def _release(register: Register, use: str, named: str | None) -> str:
    found = named or register.latest_release(use)
    if found is None:
        raise NotFoundError(f"{use} has no release yet", fix=f"`dualtrack release {use}` first")
    return found
