"""`dualtrack policy`: write down what the runtime shall enforce, and have it checked before a release pins it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
from rich.table import Table

from dualtrack.cli.desk import console, json_option, print_json
from dualtrack.cli.files import read_document, write_new
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.runtime.policy_check import examine_policy, policy_template

if TYPE_CHECKING:
    from dualtrack.runtime.policy_check import PolicyKind

__all__ = ["policy_command"]


@click.group("policy")
def policy_command() -> None:
    """Runtime policies: what is enforced on every decision of a release."""


@policy_command.command("check", epilog="Example: dualtrack policy check policy.yaml")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def _check(file: Path, as_json: bool) -> None:
    """Check the runtime policy in FILE and make its guards, so that a mistake is told before a release."""
    policy = read_document(file, RuntimePolicy)
    found = examine_policy(policy, where=str(file))
    if as_json:
        print_json({"use": policy.use, "digest": found.digest, "guards": found.guards, "notes": found.notes})
        return
    out = console()
    table = Table("guard", "stage", "action", "at score", "serves")
    for line in found.guards:
        table.add_row(line.guard, line.stage, line.action, str(line.threshold), line.source)
    if found.guards:
        out.print(table)
    for note in found.notes:
        out.print(f"note: {note}")
    out.print(f"{policy.use}: the policy can run; its digest is {found.digest}")
    out.print(f"next: dualtrack release {policy.use} --code FILE --policy {file}")


@policy_command.command("template", epilog="Example: dualtrack policy template --kind chat -o policy.yaml")
@click.option("--kind", type=click.Choice(["row", "chat"]), default="row", show_default=True, help="Rows, or words.")
@click.option("--use", metavar="USE", help="Fill in the use.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file instead.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@json_option
def _template(kind: str, use: str | None, output: Path | None, force: bool, as_json: bool) -> None:
    """Print a runtime policy to fill in, as YAML with comments."""
    text = policy_template(cast("PolicyKind", kind), use)
    if output is not None:
        write_new(output, text.encode(), force=force)
    if as_json:
        print_json({"written": str(output)} if output else {"policy": read_yaml(text.encode(), where="template")})
    elif output is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"wrote {output}; next: fill it in, then dualtrack policy check {output}")
