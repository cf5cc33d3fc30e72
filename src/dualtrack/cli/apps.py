"""`dualtrack apps`: which applications are installed, and the draft declarations of the uses that they offer."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.apps.application import declarations_of
from dualtrack.apps.registry import applications, find_application
from dualtrack.cli.desk import console, json_option, print_json
from dualtrack.domain.records import to_plain
from dualtrack.errors import NotFoundError

if TYPE_CHECKING:
    from dualtrack.apps.application import Application

__all__ = ["apps_command"]


@click.group("apps", epilog="Example: dualtrack apps list")
def apps_command() -> None:
    """List applications, and print the draft declarations that they bring."""


@apps_command.command("list", epilog="Example: dualtrack apps list")
@json_option
def _list(as_json: bool) -> None:
    """List the installed applications with what each adds."""
    rows = [_row(found) for found in applications().values()]
    if as_json:
        print_json(rows)
        return
    table = Table("application", "uses", "pages", "routes", "ledger entries", "measures")
    for found, row in zip(applications().values(), rows, strict=True):
        title = f"{found.name}\n{found.title.en}\n{found.title.zh}"
        table.add_row(title, *("\n".join(row[part]) for part in ("uses", "pages", "routes", "entries", "measures")))
    console().print(table)


@apps_command.command("declaration", epilog="Example: dualtrack apps declaration service answers > answers.yaml")
@click.argument("application")
@click.argument("use")
@json_option
def _declaration(application: str, use: str, as_json: bool) -> None:
    """Print the draft declaration of a USE that an APPLICATION offers, to be filled in and declared."""
    found = find_application(application)
    drafts = declarations_of(found)
    if use not in drafts:
        raise NotFoundError(f"no use {use!r:.60}", where=application, expected=", ".join(drafts))
    if as_json:
        print_json(to_plain(drafts[use]))
        return
    name = found.declaration[list(drafts).index(use)]
    click.echo(resources.files(found.package).joinpath(name).read_text("utf-8"), nl=False)


def _row(found: Application) -> dict[str, list[str]]:
    return {
        "application": [found.name],
        "uses": list(declarations_of(found)),
        "pages": [f"{page.method} {page.path or '/'}" for page in found.pages],
        "routes": [route.path for route in found.hot_routes],
        "entries": list(found.entry_kinds),
        "measures": [kind.name for kind in found.measures],
    }
