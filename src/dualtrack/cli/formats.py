"""`dualtrack export` and `dualtrack mlflow`: a release in the formats of other tools, and a registered model of theirs as components."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.cli.desk import (
    console,
    institution_of,
    json_option,
    print_json,
    sitting,
    workspace_option,
)
from dualtrack.cli.files import write_new
from dualtrack.domain import canonical
from dualtrack.domain.ids import check_digest, parse_use
from dualtrack.domain.records import to_plain

if TYPE_CHECKING:
    from dualtrack.evidence.adapters.mlflow_components import Imported
    from dualtrack.supervisor.formats.case import ExportCase

__all__ = ["export_command", "mlflow_command"]

_FORMATS = ("cyclonedx", "openlineage", "oscal")


@click.command("export", epilog="Example: dualtrack export my-bank/early-warning --format cyclonedx --output bom.json")
@click.argument("use")
@click.option(
    "--format", "kind", type=click.Choice(_FORMATS), required=True, help="What to write; see docs/formats.md."
)
@click.option("--release", help="Digest of the release; the newest if not given.")
@click.option("--output", type=click.Path(path_type=Path), help="File to write; else standard output.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@workspace_option
@json_option
def export_command(
    use: str,
    kind: str,
    release: str | None,
    output: Path | None,
    force: bool,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Write what the ledger holds about USE's release in a format of others; the same ledger gives the same bytes.

    Nothing of a customer is in it: digests, declared parts, figures of large enough groups, outcomes of our tests.
    """
    from dualtrack.supervisor.formats.case import read_case  # noqa: PLC0415 - needs the optional part `evidence`

    parse_use(use, where="USE")
    if release is not None:
        check_digest(release, where="--release")
    with sitting(workspace, institution_of(use, None)) as desk:
        case = read_case(desk.register, use, release)
    data = _written(kind, case)
    if output is not None:
        write_new(output, data, force=force)
    if as_json:
        about = {
            "use": use,
            "release": case.digest,
            "format": kind,
            "sha256": canonical.digest(data),
            "bytes": len(data),
        }
        document = [json.loads(line) for line in data.splitlines()] if kind == "openlineage" else json.loads(data)
        print_json(about | ({"output": str(output)} if output else {"document": document}))
    elif output is None:
        sys.stdout.write(data.decode())
    else:
        click.echo(f"wrote {output} ({len(data):,} bytes)", err=True)


def _written(kind: str, case: ExportCase) -> bytes:
    from dualtrack.supervisor.formats.cyclonedx import cyclonedx_bytes  # noqa: PLC0415 - as above
    from dualtrack.supervisor.formats.openlineage import openlineage_bytes  # noqa: PLC0415 - as above
    from dualtrack.supervisor.formats.oscal import oscal_bytes  # noqa: PLC0415 - as above

    writers = {"cyclonedx": cyclonedx_bytes, "openlineage": openlineage_bytes, "oscal": oscal_bytes}
    return writers[kind](case)


@click.group("mlflow")
def mlflow_command() -> None:
    """Read a registered model and its run from MLflow, where they are kept.

    ADDRESS is a server (http, https) or the SQLite file of a registry; MODEL is a name, name/VERSION or name@ALIAS. A token is
    read from MLFLOW_TRACKING_TOKEN.
    """


@mlflow_command.command("components", epilog="Example: dualtrack mlflow components mlflow.db scorer@champion")
@click.argument("address")
@click.argument("model")
@click.option("--output", type=click.Path(path_type=Path), help="File to write; else standard output.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@json_option
def _components(address: str, model: str, output: Path | None, force: bool, as_json: bool) -> None:
    """Print `components:` for a declaration: the model with the digest of its files, the logged data sets, the code's commit."""
    from dualtrack.evidence.adapters.mlflow_components import components_yaml  # noqa: PLC0415 - read when asked for

    found = _imported(address, model)
    if as_json:
        print_json(_plain(found))
        return
    text = components_yaml(found)
    if output is None:
        sys.stdout.write(text)
        return
    write_new(output, text.encode(), force=force)
    click.echo(f"wrote {output}: {len(found.components)} components", err=True)


@mlflow_command.command("show", epilog="Example: dualtrack mlflow show https://mlflow.example scorer/3")
@click.argument("address")
@click.argument("model")
@json_option
def _show(address: str, model: str, as_json: bool) -> None:
    """Show a registered version with its run. Its metrics are shown as what they are: logged, and not evidence."""
    found = _imported(address, model)
    if as_json:
        print_json(_plain(found))
        return
    version, run = found.version, found.version.run
    click.echo(
        f"{version.name} version {version.version}, {version.status}; aliases: {', '.join(version.aliases) or 'none'}"
    )
    click.echo(f"files: {found.artifact or 'not on this machine'}")
    table = Table("component", "type", "version", "digest", "source")
    for part in found.components:
        table.add_row(part.id, part.type.value, part.version, part.digest or "not known", part.source or "")
    console().print(table)
    if run is None:
        click.echo("no run: where this model comes from, MLflow does not know")
        return
    from dualtrack.evidence.adapters.mlflow_components import NOT_EVIDENCE  # noqa: PLC0415 - as above

    click.echo(f"run {run.id} in experiment {run.experiment}, {run.status}")
    for title, values in (("params", run.params), (NOT_EVIDENCE, run.metrics)):
        console().print(f"{title}: " + ", ".join(f"{name} {value}" for name, value in values.items()))


def _imported(address: str, model: str) -> Imported:
    from dualtrack.evidence.adapters.mlflow_components import import_version  # noqa: PLC0415 - as above

    return import_version(address, model)


def _plain(found: Imported) -> dict[str, object]:
    version, run = found.version, found.version.run
    described = version._asdict() | {"artifact": found.artifact}
    if run is not None:
        described["run"] = run._asdict() | {"data": [each._asdict() for each in run.data]}
    return {"components": to_plain(found.components), "version": described, "metrics_are_evidence": False}
