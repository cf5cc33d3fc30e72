"""What every command works at: the workspace it was pointed to, one institution's register, and how results are shown."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from dualtrack.domain.ids import check_slug, parse_use
from dualtrack.domain.records import to_plain
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.store.keyring import PASSPHRASE_VARIABLE, load_key
from dualtrack.store.register import Register
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.text import Text as RichText

    from dualtrack.keys.signer import FileSigner

__all__ = [
    "PIPED_COLUMNS",
    "WORDS_CHARACTERS_MAX",
    "Desk",
    "check_subject",
    "checked_words",
    "clock",
    "console",
    "institution_of",
    "institution_option",
    "json_option",
    "open_desk",
    "open_store",
    "open_workspace",
    "passphrase",
    "print_json",
    "signer_option",
    "sitting",
    "workspace_option",
]

F = TypeVar("F", bound="Callable[..., Any]")


class Desk(NamedTuple):
    """An open workspace with one institution's register."""

    workspace: Workspace
    store: Store
    register: Register

    def signer(self, holder: str) -> FileSigner:
        """Load a holder's key of this institution."""
        return load_key(self.workspace, self.register.institution, holder, passphrase=passphrase())


def clock() -> datetime:
    """Return the present instant: the only place of the command line that reads a clock."""
    return datetime.now(UTC)


def passphrase() -> str | None:
    """Return the passphrase of key files, if one is set."""
    return os.environ.get(PASSPHRASE_VARIABLE) or None


def open_workspace(named: Path | None) -> Workspace:
    """Open the workspace that was named, or is found."""
    return Workspace.open(find_workspace(named, os.environ, Path.cwd()))


@contextmanager
def sitting(workspace: Path | None, institution: str | None = None) -> Iterator[Desk]:
    """Open a workspace and one institution's register, and close them."""
    found = open_workspace(workspace)
    with open_store(found) as store:
        desk = open_desk(found, store, institution)
        try:
            yield desk
        finally:
            for recovery in desk.register.recoveries:
                click.echo(f"note: {recovery}", err=True)


@contextmanager
def open_store(workspace: Workspace) -> Iterator[Store]:
    """Open the store of a workspace and close it; what an earlier crash left is said on standard error."""
    with Store.open(workspace) as store:
        if store.discarded_pages:
            click.echo(
                f"note: {store.discarded_pages} pages that a crash left without their commit do not count; "
                "the next entry overwrites them",
                err=True,
            )
        for recovery in store.recoveries:
            click.echo(f"note: {recovery}", err=True)
        yield store


def open_desk(workspace: Workspace, store: Store, institution: str | None) -> Desk:
    """Return the desk of an institution: the one named, or the only one of the workspace."""
    known = [item.id for item in workspace.config.institutions]
    if institution is None and len(known) != 1:
        raise FieldError(
            f"{len(known)} institutions in this workspace",
            where="--institution",
            expected=", ".join(known) or "none yet",
            fix="name one with --institution" if known else "make one with `dualtrack init`",
        )
    name = institution or known[0]
    if name not in known:
        raise NotFoundError(
            f"no institution {name!r} in this workspace",
            where=str(workspace.root),
            expected=", ".join(known) or "an institution",
            fix="name one of these, or another workspace with --workspace",
        )
    log = load_key(workspace, name, "log", passphrase=passphrase())
    return Desk(workspace, store, Register(store, name, log, clock))


def check_subject(subject: str) -> None:
    """Raise FieldError for what is neither a use nor an institution."""
    if "/" in subject:
        parse_use(subject, where="SUBJECT")
    else:
        check_slug(subject, where="SUBJECT")


def checked_words(text: str, where: str) -> str:
    """Return a name or reason from the command line in NFC; raises FieldError where it is empty, long or unprintable."""
    plain = unicodedata.normalize("NFC", text).strip()
    if not plain or len(plain) > WORDS_CHARACTERS_MAX or not plain.isprintable():
        raise FieldError(
            "no text that can be recorded",
            where=where,
            expected=f"1 to {WORDS_CHARACTERS_MAX} printable characters",
            fix="give it in quotes",
        )
    return plain


WORDS_CHARACTERS_MAX = 200
"""Longest name or reason: it stands in headings and in tables."""


def institution_of(use: str | None, institution: str | None) -> str | None:
    """Return the institution that a use (or its own id) names, or the one given; FieldError where the two differ."""
    if use is None:
        return institution
    named = parse_use(use).institution if "/" in use else use
    if institution not in {None, named, use}:
        raise FieldError(
            f"--institution {institution}, and the subject is {use!r}",
            expected=f"--institution {named}",
            fix="leave --institution out: the subject names its firm",
        )
    return named


def print_json(value: object) -> None:
    """Print a record or plain data as JSON."""
    click.echo(json.dumps(to_plain(value), ensure_ascii=False, indent=2))


class _Console(Console):
    """A console that shows text as it was written: control characters could otherwise rewrite what stands on the screen."""

    def render_str(self, text: str, **options: Any) -> RichText:  # noqa: ANN401 - passed on as they come
        return super().render_str(_CONTROL.sub("\ufffd", text), **options)

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - passed on as they come
        """Print; the cells of a table are folded where they do not fit, never cut, and wrapped text keeps its indent."""
        if len(objects) == 1 and not options and not self.soft_wrap and isinstance(objects[0], str):
            for line in objects[0].split("\n"):
                indent = len(line) - len(line.lstrip(" "))
                super().print(Padding(line[indent:], (0, 0, 0, indent), expand=False) if line.strip() else "")
            return
        for item in objects:
            if isinstance(item, Table):
                options.setdefault("soft_wrap", False)
                for column in item.columns:
                    column.overflow = "fold"
        super().print(*objects, **options)


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters, save tab and line feed."""

PIPED_COLUMNS = 1_000
"""Width where output is no terminal and COLUMNS is not set: no cell is broken, so that lines can be searched."""


def console(*, markup: bool = False) -> Console:
    """Return a console on standard output; plain and unbroken when it is not a terminal.

    Text is printed as it is. `markup` is for texts of our own alone: in a title, `[red]` is what a person wrote.
    """
    terminal = sys.stdout.isatty()
    width = None if terminal or os.environ.get("COLUMNS") else PIPED_COLUMNS
    return _Console(highlight=False, markup=markup, emoji=False, soft_wrap=not terminal, width=width)


def workspace_option(command: F) -> F:
    """Add --workspace."""
    option = click.option(
        "--workspace",
        type=click.Path(path_type=Path, file_okay=False),
        help="Workspace folder; else DUALTRACK_WORKSPACE, else upward from here.",
    )
    return option(command)


def institution_option(command: F) -> F:
    """Add --institution."""
    return click.option("--institution", metavar="ID", help="Institution, where the workspace has several.")(command)


def json_option(command: F) -> F:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)


def signer_option(default: str) -> Callable[[F], F]:
    """Add --as HOLDER with a default holder."""
    return click.option("--as", "holder", default=default, show_default=True, help="Holder whose key signs.")
