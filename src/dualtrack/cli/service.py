"""`dualtrack service`: looks over approved passages, shows what a message would get and why, and serves the chats."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
from rich.table import Table

from dualtrack.apps.service.gaps import find_gaps
from dualtrack.apps.service.passages import load_passages
from dualtrack.apps.service.settings import SETTINGS_NAME, read_settings
from dualtrack.apps.service.turn import Assistant
from dualtrack.cli.desk import console, json_option, open_workspace, print_json, workspace_option
from dualtrack.domain.records import to_plain
from dualtrack.domain.time import hong_kong_date, parse_date
from dualtrack.errors import PathError

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.apps.service.turn import Turn
    from dualtrack.runtime.passages.corpus import Language

__all__ = ["service_command"]

_PASSAGES = click.argument("passages", type=click.Path(path_type=Path))
_DAY = click.option("--on", "day", metavar="DAY", help="Hong Kong day, as 2026-11-27; today if not given.")


@click.group("service")
def service_command() -> None:
    """Look over approved passages, try messages on them, and serve the chats."""


@service_command.command("check", epilog="Example: dualtrack service check passages.csv")
@_PASSAGES
@_DAY
@json_option
def _check(passages: Path, day: str | None, as_json: bool) -> int:
    """Say what is wrong with PASSAGES (a CSV, a YAML corpus, a folder of Markdown). Ends with 1 where something is."""
    corpus, on = load_passages(passages), _day(day)
    found = find_gaps(corpus, on=on)
    serving = len(corpus.serving(on))
    if as_json:
        print_json({"passages": len(corpus.passages), "serving": serving, "findings": to_plain(found)})
        return 1 if found else 0
    if found:
        table = Table("passages", "what", "shown by")
        for each in found:
            table.add_row(", ".join(each.passages), f"{each.said.en}\n{each.said.zh}", each.shown)
        console().print(table)
    click.echo(f"{len(corpus.passages)} passages, {serving} served on {on}, {len(found)} findings")
    return 1 if found else 0


@service_command.command("try", epilog="Example: dualtrack service try passages.csv 'How do I open an account?'")
@_PASSAGES
@click.argument("message")
@_DAY
@click.option(
    "--language", type=click.Choice(["en", "zh-Hant"]), help="Of the answer; that of the message if not given."
)
@json_option
def _try(passages: Path, message: str, day: str | None, language: str | None, as_json: bool) -> None:
    """Show what MESSAGE would get from PASSAGES: an answer with its source, a person, or "I don't know", and why. Nothing is recorded."""
    turn = Assistant(load_passages(passages), on=_day(day)).turn(message, cast("Language | None", language))
    if as_json:
        print_json(_plain(turn))
        return
    for trigger in turn.triggers:
        click.echo(f"trigger {trigger.id} ({trigger.action}): {trigger.words!r}")
    if turn.outcome == "handover":
        click.echo(f"hand-over to a person{', at once' if turn.urgent else ''}")
    if turn.answer is not None:
        click.echo(f"answer: {turn.answer.text}")
    elif turn.refusal is not None:
        click.echo(
            f'refusal: "I don\'t know", with a way to a person (nearest covers {turn.refusal.coverage:.2f} of the message, '
            f"{turn.refusal.least:.2f} needed)"
        )
    if turn.offers:
        click.echo("help is offered beside it")
    for found in turn.nearest:
        click.echo(
            f"  near: {found.passage.id} {found.passage.title.en} (score {found.score:.2f}, covers {found.coverage:.2f})"
        )


@service_command.command("serve", epilog="Example: dualtrack service serve --workspace dualtrack-demo")
@workspace_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8181, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Number of processes.")
@json_option
@click.pass_context
def _serve(ctx: click.Context, workspace: Path | None, host: str, port: int, workers: int, as_json: bool) -> None:
    """Serve the chats of service.yaml, with the desk of the team: `dualtrack serve`, once every chat has been looked over."""
    from dualtrack.cli.serve import serve_command  # noqa: PLC0415 - needs the optional part

    found = open_workspace(workspace)
    chats = read_settings(found).chats
    if not chats:
        raise PathError(
            "no chats are set up", where=str(found.path(SETTINGS_NAME)), fix="see docs/service.md for the file"
        )
    ctx.invoke(serve_command, workspace=found.root, host=host, port=port, workers=workers, as_json=as_json)


def _plain(turn: Turn) -> dict[str, object]:
    return {
        "language": turn.language,
        "outcome": turn.outcome,
        "urgent": turn.urgent,
        "offers_help": turn.offers,
        "triggers": to_plain(list(turn.triggers)),
        "answer": None if turn.answer is None else {"text": turn.answer.text, "citations": list(turn.answer.citations)},
        "coverage": None if turn.refusal is None else turn.refusal.coverage,
        "coverage_least": None if turn.refusal is None else turn.refusal.least,
        "nearest": [
            {"id": found.passage.id, "score": found.score, "coverage": found.coverage} for found in turn.nearest
        ],
    }


def _day(text: str | None) -> date:
    return hong_kong_date(datetime.now(UTC)) if text is None else parse_date(text, where="--on")
