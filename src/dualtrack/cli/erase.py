"""`dualtrack erase`: a person asks for erasure; what no law keeps goes, and the reply names law and day for what stays."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dualtrack.cli.desk import institution_option, json_option, print_json, signer_option, sitting, workspace_option
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.erasing import count_contents, erase_person, kept_contents
from dualtrack.runtime.holders import need_role
from dualtrack.runtime.receipts import locate_receipt
from dualtrack.runtime.subjects import SUBJECT_CHARACTERS_MAX, Subjects
from dualtrack.store.content import ContentVault

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.cli.desk import Desk
    from dualtrack.runtime.erasing import ErasureReply, KeptContents

__all__ = ["erase_command"]

_LINE_BYTES_MAX = 4 * (SUBJECT_CHARACTERS_MAX + 2)
"""Longest line read: an identifier of the most characters in UTF-8."""


@click.command("erase", epilog="Example: dualtrack erase --receipt 7K3M-9QXA-22PD --reason 'asked by letter, 3 May'")
@click.option("--receipt", metavar="CODE", help="The person of this receipt's decision.")
@click.option("--person", is_flag=True, help="The person whose identifier, as callers send it, is on standard input.")
@click.option("--reason", help="Who asked, when and how. Without it nothing is erased: what would be is shown.")
@signer_option("second-line")
@institution_option
@workspace_option
@json_option
def erase_command(
    receipt: str | None,
    person: bool,
    reason: str | None,
    holder: str,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Erase what was asked by and told to one person, save what a law keeps; exit 1 if laws keep all of it.

    An identifier is read from standard input alone: arguments show in process lists and histories of shells.
    """
    if (receipt is None) != person:
        raise FieldError("both, or neither", where="--receipt, --person", fix="give a receipt's code, or --person")
    with sitting(workspace, institution) as desk:
        subject = _subject(desk, receipt)
        if reason is None:
            kept = kept_contents(desk.register, subject)
            total = count_contents(desk.register, subject)
            _show_plan(kept, total - sum(item.contents for item in kept), as_json=as_json)
            return int(bool(kept) and total == sum(item.contents for item in kept))
        signer = desk.signer(holder)  # whoever is named as having erased has a key here, of a role that may
        by = need_role(desk.register, signer, [Role.COMPLIANCE], "erase a person's contents").holder
        store = desk.store
        contents = ContentVault(store.backend, store.tables, store.vault, desk.register.repository.ledger)
        reply = erase_person(desk.register, contents, by, subject, reason)
    _show_reply(reply, as_json=as_json)
    return int(bool(reply.kept) and not reply.contents)


def _subject(desk: Desk, receipt: str | None) -> str:
    """Return the pseudonym of who is meant; raises NotFoundError, FieldError."""
    if receipt is None:
        return Subjects(desk.workspace).pseudonym(desk.register.institution, _identifier())
    _, row = locate_receipt([desk.register], receipt)
    if row["subject"] is None:
        raise NotFoundError("this decision was about nobody in particular", where="receipt", fix="use another receipt")
    return str(row["subject"])


def _identifier() -> str:
    """Read an identifier from the first line of standard input; it is printed nowhere."""
    line = sys.stdin.buffer.readline(_LINE_BYTES_MAX)
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise FieldError("not in UTF-8", where="--person", fix="send the identifier as callers do") from error


def _show_plan(kept: list[KeptContents], going: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"going": going, "kept": kept})
        return
    click.echo(f"{going} contents would be erased")
    _show_kept(kept)
    click.echo("  next: give --reason to do it")


def _show_reply(reply: ErasureReply, *, as_json: bool) -> None:
    if as_json:
        print_json(reply)
        return
    click.echo(f"{reply.contents} contents erased, {reply.keys} keys destroyed (entry {reply.entry})")
    _show_kept(reply.kept)
    click.echo("tell the person:")
    click.echo(f"  {reply.says.en}")
    click.echo(f"  {reply.says.zh}")


def _show_kept(kept: list[KeptContents]) -> None:
    for item in kept:
        law = f"{item.law.en} ({item.cites})" if item.law else f"class {item.retention}, which is in no table of ours"
        until = f", until {item.until}" if item.until else ""
        click.echo(f"  {item.contents} kept: {law}{until}")
