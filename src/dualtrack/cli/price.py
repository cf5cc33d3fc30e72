"""`dualtrack price`: for each control of a use, harm averted and benefit withheld, from its logged decisions."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from dualtrack.cli.desk import (
    checked_words,
    console,
    institution_of,
    json_option,
    print_json,
    sitting,
    workspace_option,
)
from dualtrack.cli.files import check_new, read_document, write_new
from dualtrack.domain.evidence import Predicate
from dualtrack.domain.ids import parse_use
from dualtrack.domain.policy import GuardSetting
from dualtrack.domain.records import read_record
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.errors import FieldError
from dualtrack.store.statements import make_statement

if TYPE_CHECKING:
    from dualtrack.cli.desk import Desk
    from dualtrack.runtime.pricing.reading import Population
    from dualtrack.runtime.pricing.report import Report, Trial

__all__ = ["TOPIC", "price_command"]

TOPIC = "control_price"

_SCORE = re.compile("[0-9]{1,4}")


@click.command(
    "price", epilog="Example: dualtrack price my-bank/early-warning --labels harmful.csv --values values.yaml"
)
@click.argument("use")
@click.option("--since", metavar="INSTANT", help="Decisions from this instant on (UTC, as 2026-11-01T00:00:00Z).")
@click.option("--until", metavar="INSTANT", help="Decisions before this instant.")
@click.option(
    "--mode",
    type=click.Choice(["decided", "observe", "drill"]),
    default="decided",
    show_default=True,
    help="Which set.",
)
@click.option("--labels", type=click.Path(path_type=Path), help="CSV or Parquet: columns decision, harmful (0 or 1).")
@click.option("--values", "values_file", type=click.Path(path_type=Path), help="YAML: currency, harm, good, review.")
@click.option("--control", metavar="NAME", help="One control: a guard, a guard at a stage, or human_review.")
@click.option(
    "--against", multiple=True, metavar="NAME=SCORE", help="Compare a guard with another threshold, not with off."
)
@click.option(
    "--try", "tried", metavar="GUARD/STAGE=SCORE:ACTION", help="Run a guard that has no logged score over contents."
)
@click.option("--sample", type=click.IntRange(1, 10_000), default=500, show_default=True, help="--try: decisions run.")
@click.option("--reason", help="--try: why you look: opening a content is itself recorded.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of draws and sample.")
@click.option("--plot", type=click.Path(path_type=Path), help="Write the frontiers to this HTML file.")
@click.option("--add", is_flag=True, help="Sign each price of which anything is known and add it as evidence.")
@click.option("--as", "holder", default="validator", show_default=True, help="Holder whose key signs, or who looks.")
@workspace_option
@json_option
def price_command(
    use: str,
    since: str | None,
    until: str | None,
    mode: str,
    labels: Path | None,
    values_file: Path | None,
    control: str | None,
    against: tuple[str, ...],
    tried: str | None,
    sample: int,
    reason: str | None,
    seed: int,
    plot: Path | None,
    add: bool,
    holder: str,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Price every control of USE: the same logged decisions with the control on and off.

    What nobody knows is counted as unknown and never as harmless. Without --values, items are counted one for one.
    """
    from dualtrack.evidence.pricing.values import Values  # noqa: PLC0415 - needs the optional part `evidence`
    from dualtrack.runtime.pricing.labels import read_labels  # noqa: PLC0415 - as above
    from dualtrack.runtime.pricing.reading import Span  # noqa: PLC0415 - as above
    from dualtrack.runtime.pricing.report import Asked, price_use  # noqa: PLC0415 - as above

    parse_use(use, where="USE")
    if reason is not None and tried is None:
        raise FieldError("--reason without --try", where="--reason", fix="leave it out: no content is opened")
    if plot is not None:
        check_new(plot)  # what is recorded below cannot be taken back
    asked = Asked(
        span=Span(since, until),
        population=cast("Population", mode),
        labels={} if labels is None else read_labels(labels),
        values=None if values_file is None else read_document(values_file, Values),
        control=control,
        against=dict(_against(item) for item in against),
        trial=None if tried is None else _trial(tried, sample, holder, reason, seed),
        seed=seed,
    )
    with sitting(workspace, institution_of(use, None)) as desk:
        if add or tried is not None:
            desk.signer(holder)  # whoever signs or is named as having looked has a key here
        report = price_use(desk.register, use, asked)
        page = None if plot is None else _plot_page(report)
        added = _add(desk, report, holder) if add else None
    if plot is not None and page is not None:
        write_new(plot, page)
    _show(report, added, plot, as_json=as_json)


def _show(report: Report, added: list[tuple[str, int]] | None, plot: Path | None, *, as_json: bool) -> None:
    from dualtrack.cli.price_view import plain_report, print_report  # noqa: PLC0415 - needs `evidence`

    if as_json:
        entries = [{"control": name, "index": index} for name, index in added or ()]
        print_json(plain_report(report) | {"added": entries})
        return
    print_report(console(), report)
    for name, index in added or ():
        click.echo(f"added {TOPIC} of {name} (entry {index})")
    if added == []:
        click.echo("nothing was added: nobody knows the truth of anything that a control acted on")
    if plot is not None:
        click.echo(f"wrote {plot}")


def _add(desk: Desk, report: Report, holder: str) -> list[tuple[str, int]]:
    """Sign every price of which anything is known and add all of them or none; return the controls with their entries."""
    from dualtrack.evidence.pricing.prices import price_fields  # noqa: PLC0415 - needs `evidence`

    known = [
        price for price in report.prices if price.reason != "labels" or price.marginal.unknown < price.marginal.acted
    ]
    predicates = [
        Predicate(
            kind=EvidenceKind.MEASUREMENT,
            topic=TOPIC,
            fields=price_fields(price),
            taken_at=desk.register.now(),
            **price.measurement.predicate(),
        )
        for price in known
    ]
    statements = [
        make_statement(desk.register, report.use, predicate, report.compared.release) for predicate in predicates
    ]
    if not statements:
        return []
    _, receipts = desk.register.append_with_evidence("price", report.use, [], statements, [desk.signer(holder)])
    names = [price.counts.control.name for price in known]
    return [(name, receipt.index) for name, receipt in zip(names, receipts, strict=True)]


def _plot_page(report: Report) -> bytes:
    from dualtrack.evidence.pricing.words import frontier_picture  # noqa: PLC0415 - as above
    from dualtrack.present.frontier_view import frontier_page, frontier_plot  # noqa: PLC0415 - only where asked for

    pictures = [
        frontier_plot(frontier_picture(found, key=f"frontier-{number}"))
        for number, found in enumerate(report.frontiers.values())
    ]
    if not pictures:
        raise FieldError("no control with a score", where="--plot", fix="leave it out")
    return frontier_page(f"Price of controls: {report.use}", pictures).encode()


def _against(text: str) -> tuple[str, float]:
    from dualtrack.runtime.guards.base import SCORE_MAX  # noqa: PLC0415 - only where asked for

    name, _, score = text.rpartition("=")
    try:
        value = float(score)
    except ValueError:
        value = math.nan
    if not 0 <= value <= SCORE_MAX:  # no number is between them either
        raise FieldError(
            f"{text!r}", where="--against", expected=f"NAME=SCORE of 0 to {SCORE_MAX}, as injection/input=700"
        )
    return name, value


def _trial(text: str, sample: int, holder: str, reason: str | None, seed: int) -> Trial:
    from dualtrack.runtime.pricing.report import Trial  # noqa: PLC0415 - needs `evidence`
    from dualtrack.runtime.pricing.rerun import Asker  # noqa: PLC0415 - as above

    name, _, rest = text.partition("=")
    guard, _, stage = name.partition("/")
    score, _, action = rest.partition(":")
    plain = {
        "guard": guard,
        "stage": stage,
        "action": action,
        "threshold": int(score) if _SCORE.fullmatch(score) else score,
    }
    try:
        setting = read_record(plain, GuardSetting, where="--try")
    except FieldError as error:
        raise FieldError(
            error.found, where="--try", expected="GUARD/STAGE=SCORE:ACTION, as injection/input=500:block"
        ) from error
    if reason is None:
        raise FieldError("no reason", where="--reason", fix="say why contents are opened: it is recorded")
    return Trial(setting, sample, Asker(holder, checked_words(reason, "--reason")), seed)
