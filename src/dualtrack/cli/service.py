"""`dualtrack service`: looks over approved passages, shows what a message would get and why, and serves the chats."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
from rich.table import Table

from dualtrack.apps.service.gaps import find_gaps
from dualtrack.apps.service.naming import check_intents
from dualtrack.apps.service.passages import load_passages, take_passages
from dualtrack.apps.service.settings import SETTINGS_NAME, read_settings
from dualtrack.apps.service.starting import SECTORS, starter_corpus, starter_intents
from dualtrack.apps.service.turn import Assistant
from dualtrack.cli.desk import console, json_option, open_workspace, print_json, workspace_option
from dualtrack.cli.files import write_new
from dualtrack.cli.service_measure import measure_command, plan_command
from dualtrack.domain.records import encode, to_plain
from dualtrack.domain.time import hong_kong_date, parse_date
from dualtrack.errors import PathError
from dualtrack.runtime.engine import Runtime

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.apps.service.turn import Turn
    from dualtrack.runtime.passages.corpus import Language

__all__ = ["service_command"]

_PASSAGES = click.argument("passages", type=click.Path(path_type=Path))
_DAY = click.option("--on", "day", metavar="DAY", help="Hong Kong day, as 2026-11-27; today if not given.")


@click.group("service")
def service_command() -> None:
    """Look over approved passages, try and measure what they answer, and serve the chats."""


service_command.add_command(measure_command)
service_command.add_command(plan_command)


@service_command.command("check", epilog="Example: dualtrack service check passages.csv")
@_PASSAGES
@_DAY
@json_option
def _check(passages: Path, day: str | None, as_json: bool) -> int:
    """Say what is wrong with PASSAGES. Ends with 1 where something is.

    They are a CSV or YAML corpus, a Word file or PDF, a folder of Markdown, Word and PDF files, or a saved site with its sitemap.xml.
    """
    taken, on = take_passages(passages), _day(day)
    corpus = taken.corpus
    found = [*taken.findings, *find_gaps(corpus, on=on)]
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


@service_command.command("passages", epilog="Example: dualtrack service passages approved/ --output corpus.yaml")
@_PASSAGES
@click.option("--use", help="The use that the passages are for, as my-firm/answers.")
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="The file to write.")
@json_option
def _passages(passages: Path, use: str | None, output: Path, as_json: bool) -> None:
    """Write PASSAGES of any form that `check` reads as the one corpus that a release pins and the runtime serves."""
    taken = take_passages(passages) if use is None else take_passages(passages, use=use)
    write_new(output, encode(taken.corpus) + b"\n")
    if as_json:
        print_json(
            {
                "passages": len(taken.corpus.passages),
                "use": taken.corpus.use,
                "sha256": taken.corpus.digest(),
                "findings": to_plain(list(taken.findings)),
            }
        )
        return
    for each in taken.findings:
        click.echo(f"{each.said.en}: {each.shown}")
    click.echo(
        f"{len(taken.corpus.passages)} passages written to {output}: look over them with `dualtrack service check`"
    )


@service_command.command("starter", epilog="Example: dualtrack service starter bank --output passages.yaml")
@click.argument("sector", type=click.Choice(SECTORS))
@click.option("--use", help="The use that the passages are for, as my-firm/answers.")
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--intents", type=click.Path(path_type=Path), help="Write the intents with their examples, too.")
@json_option
def _starter(sector: str, use: str | None, output: Path, intents: Path | None, as_json: bool) -> None:
    """Write the starter passages of a SECTOR with other ways of asking and a glossary: fictional, to be replaced by the firm's own."""
    corpus = starter_corpus(sector, use)
    write_new(output, encode(corpus) + b"\n")
    if intents is not None:
        write_new(intents, starter_intents(sector))
    if as_json:
        print_json({"passages": len(corpus.passages), "use": corpus.use})
        return
    click.echo(
        f"{len(corpus.passages)} passages of a fictional firm: replace each by approved wording before anybody is answered"
    )


@service_command.command("train", epilog="Example: dualtrack service train examples.csv --output intents.bin")
@click.argument("examples", type=click.Path(path_type=Path))
@click.option(
    "--passages", type=click.Path(path_type=Path), help="Learn also from the passages that answer the intents."
)
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="The model to write.")
@json_option
def _train(examples: Path, passages: Path | None, output: Path, as_json: bool) -> None:
    """Train intents on EXAMPLES (CSV: text, intent, register; or YAML), with a threshold below which none is named."""
    from dualtrack.apps.service.intents.enriching import from_passages  # noqa: PLC0415 - needs the optional part
    from dualtrack.apps.service.intents.examples import load_examples  # noqa: PLC0415 - as above
    from dualtrack.apps.service.intents.stored import save  # noqa: PLC0415 - as above
    from dualtrack.apps.service.intents.training import train  # noqa: PLC0415 - as above

    given = load_examples(examples)
    more = () if passages is None else from_passages(given, load_passages(passages))
    model = train(given.examples, more=more, titles=given.titles)
    write_new(output, save(model))
    if as_json:
        print_json(to_plain(model.card))
        return
    shown = model.card.shown
    click.echo(
        f"{len(model.card.intents)} intents from {model.card.examples} examples and {model.card.more} texts of passages; held out: "
        f"{shown.right} of {shown.threshold.n} right"
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
    if any(chat.intents is not None for chat in chats):
        with Runtime.open(found) as runtime:
            for chat in chats:
                check_intents(runtime, chat)
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
