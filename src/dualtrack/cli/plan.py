"""`dualtrack plan`: say what will be measured before the data are seen, register it, look at what was registered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
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
from dualtrack.cli.files import read_bytes
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.ids import parse_use
from dualtrack.domain.records import to_plain
from dualtrack.errors import NotFoundError

if TYPE_CHECKING:
    from dualtrack.evidence.plans.records import MeasurementPlan

__all__ = ["plan_command", "read_plan_file"]


@click.group("plan", epilog="Example: dualtrack plan register plan.yaml --as model-lab")
def plan_command() -> None:
    """Register what will be measured, with its thresholds, before the data are seen."""


@plan_command.command("register", epilog="Example: dualtrack plan register plan.yaml --as model-lab")
@click.argument("file", type=click.Path(path_type=Path))
@signer_option("collector")
@workspace_option
@json_option
def _register(file: Path, holder: str, workspace: Path | None, as_json: bool) -> None:
    """Add the plan in FILE to the ledger, signed. A result counts only if its plan stood there first."""
    from dualtrack.evidence.plans.recording import register_plan  # noqa: PLC0415 - needs the optional part `evidence`

    plan = read_plan_file(file)
    with sitting(workspace, institution_of(plan.use, None)) as desk:
        found = register_plan(desk.register, plan, desk.signer(holder), where=str(file)).reference
    if as_json:
        print_json(to_plain(found))
        return
    gates = sum(item.gate is not None for item in plan.items)
    click.echo(f"registered: entry {found.index}, {len(plan.items)} items, {gates} of them with a threshold")
    click.echo(f"plan {found.digest}")


@plan_command.command("check", epilog="Example: dualtrack plan check plan.yaml")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def _check(file: Path, as_json: bool) -> None:
    """Check a plan without registering it: every measure known, every setting right."""
    from dualtrack.evidence.plans.reading import plan_digest  # noqa: PLC0415 - as above

    plan = read_plan_file(file)
    if as_json:
        print_json({"plan": plan_digest(plan), "items": [item.id for item in plan.items]})
        return
    _show_items(plan)
    click.echo(f"plan {plan_digest(plan)}, not registered by this")


@plan_command.command("list", epilog="Example: dualtrack plan list my-bank/early-warning")
@click.argument("use")
@workspace_option
@json_option
def _list(use: str, workspace: Path | None, as_json: bool) -> None:
    """List the registered plans of USE, oldest first."""
    from dualtrack.evidence.plans.recording import plans_of  # noqa: PLC0415 - as above

    parse_use(use, where="USE")
    with sitting(workspace, institution_of(use, None)) as desk:
        if desk.register.case(use, None).found.declaration is None:
            raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
        found = plans_of(desk.register, use)
    if as_json:
        print_json([{**_plain(each.reference), "title": to_plain(each.plan.title)} for each in found])
        return
    if not found:
        click.echo("no plan is registered; `dualtrack plan register FILE`")
        return
    table = Table("entry", "registered", "plan", "items", "title")
    for each in found:
        reference = each.reference
        table.add_row(
            str(reference.index),
            reference.recorded_at,
            reference.digest[:16],
            str(len(each.plan.items)),
            each.plan.title.en,
        )
    console().print(table)


def read_plan_file(file: Path) -> MeasurementPlan:
    """Read a plan from YAML or JSON; raises FieldError naming item and field, MissingExtraError without the measuring parts."""
    from dualtrack.evidence.plans.reading import read_plan  # noqa: PLC0415 - as above

    return read_plan(read_yaml(read_bytes(file), where=str(file)), where=str(file))


def _show_items(plan: MeasurementPlan) -> None:
    table = Table("item", "measure", "counts as", "threshold")
    for item in plan.items:
        gate = item.gate
        bounds = (
            ""
            if gate is None
            else ", ".join(
                f"{name.replace('_', ' ')} {value:g}"
                for name in ("target", "limit", "limit_low", "limit_high")
                for value in [getattr(gate, name)]
                if value is not None
            )
        )
        declared = "as declared" if gate is not None and gate.topic == "benefit" else bounds
        table.add_row(item.id, item.measure, gate.topic if gate else "reported only", declared)
    console().print(table)


def _plain(record: object) -> dict[str, object]:
    plain = to_plain(record)
    assert isinstance(plain, dict)
    return plain
