"""`dualtrack decisions`, `replay` and `model`: what was decided, whether it comes out again, and what models are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast, get_args

import click
from rich.table import Table

from dualtrack.cli.desk import (
    console,
    institution_of,
    institution_option,
    json_option,
    open_workspace,
    print_json,
    signer_option,
    sitting,
    workspace_option,
)
from dualtrack.cli.every import every_register
from dualtrack.cli.files import read_bytes
from dualtrack.domain.decision import Outcome
from dualtrack.domain.ids import parse_use
from dualtrack.runtime.additive import load_additive
from dualtrack.runtime.decisions import PAGE_MAX, DecisionFilter, search_decisions
from dualtrack.runtime.models import ARTIFACT_BYTES_MAX, Models, keep_artifact
from dualtrack.runtime.replaying import replay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.store.register import Register

__all__ = ["decisions_command", "model_command", "replay_command"]


@click.command("decisions", epilog="Example: dualtrack decisions my-bank/early-warning --limit 20")
@click.argument("use", required=False)
@click.option("--limit", type=click.IntRange(1, PAGE_MAX), default=20, show_default=True, help="Most decisions shown.")
@click.option("--outcome", type=click.Choice(get_args(Outcome)), metavar="OUTCOME", help="As served, blocked, routed.")
@click.option("--after", metavar="DECISION", help="Go on after this one: the last line of the page before.")
@institution_option
@workspace_option
@json_option
def decisions_command(
    use: str | None,
    limit: int,
    outcome: str | None,
    after: str | None,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """List decisions of all institutions or one use, newest first; contents stay sealed."""
    if use is not None:
        parse_use(use, where="USE")
    wanted = DecisionFilter(use=use, outcome=cast("Outcome | None", outcome))
    with every_register(workspace, institution_of(use, institution)) as registers:
        pages = [search_decisions(register, wanted, limit=limit, after=after) for register in registers]
    found = sorted((line for page in pages for line in page), key=lambda line: line.id, reverse=True)[:limit]
    if as_json:
        print_json(found)
        return
    table = Table("decision", "use", "at", "mode", "outcome", "review", "entry")
    for line in found:
        table.add_row(line.id, line.use, line.at, line.mode, line.outcome, line.review or "", str(line.entry))
    console().print(table if found else "no decision is recorded")


class _Here(NamedTuple):
    """What a replay needs: no gate, no recorder; nothing is served."""

    registers: Mapping[str, Register]
    models: Models


@click.command("replay", epilog="Example: dualtrack replay 01k4m7… --as third-line --reason 'quarterly sample'")
@click.argument("decision")
@click.option("--reason", required=True, help="Why you look: opening a content is itself recorded.")
@signer_option("third-line")
@institution_option
@workspace_option
@json_option
def replay_command(
    decision: str, reason: str, holder: str, institution: str | None, workspace: Path | None, as_json: bool
) -> int:
    """Run DECISION again on its released model and compare byte for byte; exit 1 if the output differs.

    Only a model kept in this workspace gives the same answer twice; of others it is said why not.
    """
    with sitting(workspace, institution) as desk:
        desk.signer(holder)  # whoever is named as having looked has a key here
        register = desk.register
        here = _Here({register.institution: register}, Models(desk.workspace.path("models")))
        found = replay(here, register.institution, decision, by=holder, reason=reason)
    if as_json:
        print_json({"decision": found.decision, "result": found.result, "code": found.code, "why": found.why})
    else:
        why = f": {found.why.en}" if found.why else ""
        click.echo(f"{found.decision}: {found.result}{why}")
    return int(found.result == "differs")


_INTENTS = b"dualtrack.intent-model/"


@click.group("model")
def model_command() -> None:
    """Models that run inside Dualtrack: kept in the workspace under their digest."""


@model_command.command("keep", epilog="Example: dualtrack model keep scorecard.json")
@click.argument("file", type=click.Path(path_type=Path))
@workspace_option
@json_option
def _keep(file: Path, workspace: Path | None, as_json: bool) -> None:
    """Keep the model in FILE (an additive one, or intents of a chat) and print the digest that the declaration's component needs."""
    data = read_bytes(file, limit=ARTIFACT_BYTES_MAX)
    if data.startswith(_INTENTS):
        from dualtrack.apps.service.intents.stored import load  # noqa: PLC0415 - needs the optional part

        load(data, where=str(file))
    else:
        load_additive(data, where=str(file))
    digest = keep_artifact(open_workspace(workspace).path("models"), data)
    if as_json:
        print_json({"digest": digest, "bytes": len(data)})
    else:
        click.echo(digest)
