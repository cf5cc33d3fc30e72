"""`dualtrack service measure` and `plan`: what the assistant does on test sets or did in conversations, as tables, and the plans that measure them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.apps.service.passages import load_passages
from dualtrack.cli.desk import console, json_option, print_json, sitting, workspace_option
from dualtrack.cli.files import check_absent, read_bytes, write_new
from dualtrack.domain.time import hong_kong_date, parse_date
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.apps.service.evidence.measuring import Tabled

__all__ = ["measure_command", "plan_command"]

_SUBJECTS = ("answers", "outside", "sentences", "escalations", "injections", "intents", "conversations")
_OUTPUT = click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="The table to write, for a plan to measure."
)


@click.command(
    "measure", epilog="Example: dualtrack service measure answers bank.yaml --split test --output answers.csv"
)
@click.argument("subject", type=click.Choice(_SUBJECTS))
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--set", "given", type=click.Path(path_type=Path), help="Your own test set; else the carried one.")
@click.option("--split", type=click.Choice(["dev", "test"]), help="Only this part of the questions.")
@click.option("--passages", type=click.Path(path_type=Path), help="Of intents: learn from these passages, too.")
@click.option(
    "--menu", type=click.Path(path_type=Path), help="Of conversations: sessions of your keyword menu, as CSV."
)
@click.option("--on", "day", metavar="DAY", help="Hong Kong day, as 2026-11-27; today if not given.")
@_OUTPUT
@workspace_option
@json_option
def measure_command(
    subject: str,
    sources: tuple[str, ...],
    given: Path | None,
    split: str | None,
    passages: Path | None,
    menu: Path | None,
    day: str | None,
    output: Path | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Write a table of SUBJECT, a row for each case and no words of customers, and print its shares.

    SOURCE is a file of passages, or several, whose tables are joined; of intents a file of examples; of conversations the name of a
    use. Nothing is recorded: register a plan first (`dualtrack service plan`), then `dualtrack measure` the table.
    """
    if output is not None:
        check_absent(output)
    if subject in {"conversations", "intents"} and len(sources) > 1:
        raise FieldError(f"{len(sources)} sources", where="SOURCE", expected=f"one of {subject}")
    if subject == "conversations":
        found = _conversations(sources[0], menu, workspace)
    elif subject == "intents":
        found = _intents(Path(sources[0]), passages)
    else:
        found = _cases(subject, [Path(each) for each in sources], given, split, _day(day))
    _show(found, output, as_json)


@click.command("plan", epilog="Example: dualtrack service plan answers --use my-bank/answers --output answers.yaml")
@click.argument("subject", type=click.Choice(_SUBJECTS))
@click.option("--use", required=True, help="The use that is measured, as my-bank/answers.")
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="The file to write.")
@workspace_option
@json_option
def plan_command(subject: str, use: str, output: Path, workspace: Path | None, as_json: bool) -> None:
    """Write the shipped plan of SUBJECT for a use: read it, set your own thresholds, and register it before anything is measured.

    An item whose topic no adopted pack reads is reported without a threshold.
    """
    from dualtrack.apps.service.evidence.plans import fit_plan, plan_text, shipped_plan  # noqa: PLC0415 - needs the optional part

    plan = shipped_plan(subject, use)
    with sitting(workspace, use.partition("/")[0]) as desk:
        topics = desk.register.case(use, None).topics
    fitted = fit_plan(plan, topics)
    write_new(output, plan_text(subject, use, topics).encode())
    gated = sum(item.gate is not None for item in fitted.plan.items)
    if as_json:
        print_json({"items": len(fitted.plan.items), "gated": gated, "ungated": fitted.ungated})
        return
    for item, topic in fitted.ungated.items():
        click.echo(f"{item}: no adopted pack reads {topic}: reported without a threshold")
    click.echo(
        f"{len(fitted.plan.items)} items, {gated} of them with a threshold of ours: set your own, then `dualtrack plan register`"
    )


def _cases(subject: str, passages: list[Path], given: Path | None, split: str | None, on: date) -> Tabled:
    from dualtrack.apps.service.evidence.measuring import Given, tabled  # noqa: PLC0415 - needs the optional part

    own = None if given is None else Given(read_bytes(given), given.name)
    return tabled(subject, [load_passages(each) for each in passages], on=on, given=own, split=split)


def _intents(examples: Path, passages: Path | None) -> Tabled:
    from dualtrack.apps.service.evidence.measuring import intents_tabled  # noqa: PLC0415 - needs the optional part
    from dualtrack.apps.service.intents.examples import load_examples  # noqa: PLC0415 - as above

    return intents_tabled(load_examples(examples), None if passages is None else load_passages(passages))


def _conversations(use: str, menu: Path | None, workspace: Path | None) -> Tabled:
    from dualtrack.apps.service.evidence.conversations import (  # noqa: PLC0415 - needs the optional part
        conversation_shares,
        conversation_table,
        menu_table,
    )
    from dualtrack.apps.service.evidence.measuring import Tabled  # noqa: PLC0415 - as above

    institution, slash, _ = use.partition("/")
    if not slash:
        raise FieldError(f"{use!r:.60}", where="SOURCE", expected="the name of a use, as my-bank/answers")
    with sitting(workspace, institution) as desk:
        rows = conversation_table(desk.register, use)
    if menu is not None:
        rows += menu_table(read_bytes(menu), rows, where=menu.name)
    return Tabled(rows, conversation_shares(rows))


def _show(found: Tabled, output: Path | None, as_json: bool) -> None:
    from dualtrack.apps.service.evidence.rows import write_table  # noqa: PLC0415 - needs the optional part

    data = write_table(found.rows)  # refuses none
    if output is not None:
        write_new(output, data)
    if as_json:
        print_json([each._asdict() for each in found.shares])
        return
    table = Table("group", "share", "of n", "estimate", "95% interval")
    for each in found.shares:
        estimate = f"{each.hits / each.n:.3f}"
        table.add_row(
            each.group, each.share, f"{each.hits} of {each.n}", estimate, f"{each.low:.3f} to {each.high:.3f}"
        )
    console().print(table)
    click.echo(
        f"{len(found.rows)} rows; intervals take rows for independent: the plan's go by passage, attack or customer"
    )


def _day(text: str | None) -> date:
    return hong_kong_date(datetime.now(UTC)) if text is None else parse_date(text, where="--on")
