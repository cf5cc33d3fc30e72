"""`dualtrack measures`: every measure there is, what it needs, in which unit, by which source, and when it misleads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.cli.desk import console, json_option, print_json
from dualtrack.domain.records import to_plain
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from dualtrack.evidence.registry import AnyMeasure

__all__ = ["measures_command"]


@click.command("measures", epilog="Example: dualtrack measures fairness.groups")
@click.argument("name", required=False)
@click.option("--family", help="Only this family, as fairness.")
@json_option
def measures_command(name: str | None, family: str | None, as_json: bool) -> None:
    """List the measures, or show the one named NAME with its settings."""
    from dualtrack.evidence.registry import find_measure, measures  # noqa: PLC0415 - needs the optional part `evidence`

    if name is not None and family is not None:
        raise FieldError("both", where="NAME, --family", fix="give one of them")
    families = sorted({each.family for each in measures().values()})
    if family is not None and family not in families:
        raise FieldError(f"no family {family!r}", where="--family", expected=", ".join(families))
    if name is not None:
        found = [find_measure(name, where="NAME")]
    else:
        found = [each for each in measures().values() if family is None or each.family == family]
    if as_json:
        print_json([_plain(each) for each in found])
    elif name is not None:
        _show(found[0])
    else:
        table = Table("measure", "what it says", "unit", "needs", "takes")
        for each in found:
            table.add_row(each.name, each.title.en, each.unit, ", ".join(each.needs), each.cost)
        console().print(table)


def _show(measure: AnyMeasure) -> None:
    click.echo(f"{measure.name}: {measure.title.en} ({measure.title.zh})")
    click.echo(f"  unit      {measure.unit}")
    click.echo(f"  needs     {', '.join(measure.needs)}")
    click.echo(f"  takes     {measure.cost}{'' if measure.mergeable else '; shards cannot be added up'}")
    click.echo(f"  method    {measure.method.name}, version {measure.method.version}")
    click.echo(f"  source    {measure.method.source}")
    click.echo(f"  misleads  {measure.misleads.en}")
    for setting in _settings(measure):
        click.echo(f"  setting   {setting}")


def _plain(measure: AnyMeasure) -> dict[str, object]:
    return {
        "measure": measure.name,
        "family": measure.family,
        "title": to_plain(measure.title),
        "unit": measure.unit,
        "needs": list(measure.needs),
        "cost": measure.cost,
        "mergeable": measure.mergeable,
        "method": to_plain(measure.method),
        "misleads": to_plain(measure.misleads),
        "settings": _settings(measure),
    }


def _settings(measure: AnyMeasure) -> list[str]:
    """Return the settings' names with their defaults; one without a default must be given."""
    from msgspec import NODEFAULT, structs  # noqa: PLC0415 - only where settings are shown

    lines = []
    for field in structs.fields(measure.settings):
        given = field.default if field.default is not NODEFAULT else field.default_factory
        must = given is NODEFAULT
        value = (
            "must be given" if must else f"else {field.default!r}" if field.default is not NODEFAULT else "may be given"
        )
        lines.append(f"{field.name}: {value}")
    return lines
