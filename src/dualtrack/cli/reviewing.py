"""`dualtrack review`: known-wrong items for the reviewers, and what people as a group do with what they are shown."""

from __future__ import annotations

from pathlib import Path

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
from dualtrack.cli.files import read_document
from dualtrack.domain.ids import parse_use
from dualtrack.domain.planting import StockFile
from dualtrack.runtime.lookup import contents_of
from dualtrack.runtime.plant_shelf import lay_in
from dualtrack.runtime.review_evidence import group_evidence, planted_by_use
from dualtrack.runtime.review_group import REVIEWS_MAX, measure_reviewers

__all__ = ["review_command"]


@click.group("review")
def review_command() -> None:
    """Human review: plant known-wrong items, and measure the reviewers as a group."""


@review_command.command("plant", epilog="Example: dualtrack review plant wrong-items.yaml --as validator")
@click.argument("file", type=click.Path(path_type=Path))
@signer_option("validator")
@workspace_option
@json_option
def _plant(file: Path, holder: str, workspace: Path | None, as_json: bool) -> None:
    """Lay the known-wrong items in FILE in, sealed; servers then plant them at random moments among held reviews.

    FILE names the use, the share of a hundred reviews at most, and for each item what was asked, the draft, the wrong
    passage in it and why it is wrong. Keep the file from reviewers, or delete it.
    """
    stock = read_document(file, StockFile)
    with sitting(workspace, institution_of(stock.use, None)) as desk:
        digests = lay_in(desk.register, contents_of(desk.register), stock, desk.signer(holder))
    if as_json:
        print_json({"use": stock.use, "share_percent": stock.share_percent, "items": digests})
        return
    click.echo(
        f"laid in {len(digests)} for {stock.use}; at most {stock.share_percent} of 100 held reviews will be planted"
    )
    click.echo("next: dualtrack review stock")


@review_command.command("stock", epilog="Example: dualtrack review stock")
@institution_option
@workspace_option
@json_option
def _stock(institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """Show by use how many items wait, are under review or ended today, and count by now."""
    with sitting(workspace, institution) as desk:
        rows = planted_by_use(desk.register)
    if as_json:
        print_json([row._asdict() for row in rows])
        return
    table = Table("use", "not planted yet", "under review, or ended today", "ended before today")
    for row in rows:
        table.add_row(row.use, str(row.waiting), str(row.under_way), str(row.counted))
    console().print(table if rows else "nothing is laid in")


@review_command.command("measure", epilog="Example: dualtrack review measure my-bank/service-chat --floor-seconds 10")
@click.argument("use", required=False)
@click.option(
    "--floor-seconds", type=click.IntRange(min=1), default=10, show_default=True, help="Faster counts as fast."
)
@click.option("--limit", type=click.IntRange(1, REVIEWS_MAX), default=10_000, show_default=True, help="Newest reviews.")
@institution_option
@workspace_option
@json_option
def _measure(
    use: str | None, floor_seconds: int, limit: int, institution: str | None, workspace: Path | None, as_json: bool
) -> None:
    """Measure the reviewers of USE, or of all uses, as a group: planted items caught, changes, seconds, fast approvals.

    There is no figure of fewer than ten people, nor of one person ever.
    """
    if use is not None:
        parse_use(use, where="USE")
    with sitting(workspace, institution_of(use, institution)) as desk:
        evidence = group_evidence(desk.register, limit=limit, use=use)
    found = measure_reviewers(evidence.reviews, floor_seconds=floor_seconds)
    if as_json:
        print_json(
            {
                "reviews": len(evidence.reviews),
                "planted": evidence.planted,
                "sealed_for_good": evidence.sealed_for_good,
                "measurements": list(found),
            }
        )
        return
    out = console()
    out.print(f"{len(evidence.reviews)} reviews have ended; {evidence.planted} of them were planted")
    table = Table("measure", "estimate", "95% interval", "n", "method")
    for item in found:
        if item.estimate is None or item.low is None or item.high is None:
            table.add_row(item.measure, "none", str(item.facts.get("refused", "")), str(item.n), item.method.name)
        else:
            table.add_row(
                item.measure, f"{item.estimate:g} {item.unit}", f"{item.low:g} to {item.high:g}", str(item.n),
                item.method.name,
            )  # fmt: skip
    out.print(table)
