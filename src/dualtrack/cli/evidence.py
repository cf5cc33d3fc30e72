"""`dualtrack evidence`: add signed observations, list them with what counts, see what topics ask for, measure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.cli.desk import (
    check_subject,
    console,
    institution_of,
    institution_option,
    json_option,
    print_json,
    sitting,
    workspace_option,
)
from dualtrack.cli.evidence_template import template_text
from dualtrack.cli.files import read_bytes, read_document, write_new
from dualtrack.domain.evidence import Predicate
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.permit.evidence_check import BUILT_IN_TOPICS
from dualtrack.rules.catalogue import shipped_topics
from dualtrack.store.statements import make_statement, read_signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.rules.records import Topic

__all__ = ["evidence_command"]


@click.group("evidence", epilog="Example: dualtrack evidence list my-bank/early-warning")
def evidence_command() -> None:
    """Add and list observations, signed by whoever made them."""


@evidence_command.command(
    "add", epilog="Example: dualtrack evidence add my-bank/early-warning validation.yaml --as a-chan"
)
@click.argument("subject")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "holders", multiple=True, help="Holder whose key signs; several may.")
@click.option("--signed", is_flag=True, help="FILE is a statement that was signed elsewhere (a DSSE envelope).")
@click.option("--release", help="Digest of the release it is about; the newest if not given.")
@workspace_option
@json_option
def _add(
    subject: str,
    file: Path,
    holders: tuple[str, ...],
    signed: bool,
    release: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Add the observation in FILE (YAML: kind, topic, fields, taken_at, …) about SUBJECT, a use or an institution.

    A file to fill in: dualtrack evidence template TOPIC.
    """
    check_subject(subject)
    if signed == bool(holders):
        raise FieldError(
            "no signer" if not signed else "signed already, and --as given",
            where="dualtrack evidence add",
            fix="name who signs with --as HOLDER, or give --signed for a file signed elsewhere",
        )
    with sitting(workspace, institution_of(subject, None)) as desk:
        if signed:
            content = read_bytes(file)
            statement = read_signed(content, where=str(file))
            if statement.subject[0].name != subject:
                raise FieldError(f"it is about {statement.subject[0].name!r}", where=str(file), expected=subject)
            receipt = desk.register.add_signed_evidence(content, statement, where=str(file))
        else:
            predicate = read_document(file, Predicate, values="fields")
            statement = make_statement(desk.register, subject, predicate, release, where=str(file))
            signers = [desk.signer(holder) for holder in dict.fromkeys(holders)]
            receipt = desk.register.add_evidence(statement, signers, where=str(file))
    topic = statement.predicate.topic
    if as_json:
        print_json({"index": receipt.index, "topic": topic, "subject": subject})
    else:
        click.echo(f"added {topic} about {subject} (entry {receipt.index})")


@evidence_command.command("list", epilog="Example: dualtrack evidence list my-bank/early-warning")
@click.argument("subject")
@workspace_option
@json_option
def _list(subject: str, workspace: Path | None, as_json: bool) -> None:
    """List all evidence about a use or an institution, with what counts and why the rest does not."""
    check_subject(subject)
    use = subject if "/" in subject else None
    with sitting(workspace, institution_of(subject, None)) as desk:
        case = desk.register.case(use, desk.register.latest_release(use) if use else None)
    if use and case.found.declaration is None:
        raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
    if as_json:
        print_json(case.lines)
        return
    holders = {item.index: ", ".join(sorted(item.holders)) for item in case.admitted}
    table = Table("entry", "topic", "taken at", "signed by", "counts", title=subject)
    for line in case.lines:
        counts = "yes" if line.counts else line.reason or "superseded by a newer one"
        table.add_row(str(line.index), line.topic or "?", line.taken_at or "?", holders.get(line.index, ""), counts)
    console().print(table)


@evidence_command.command("topics", epilog="Example: dualtrack evidence topics --institution my-bank")
@institution_option
@workspace_option
@json_option
def _topics(institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """List what the adopted packs ask for: kind, subject, signers and typed fields."""
    with sitting(workspace, institution) as desk:
        topics = desk.register.case(None, None).topics
    if as_json:
        print_json(topics)
        return
    table = Table("topic", "kind", "about", "signed as", "fields")
    for name, topic in sorted(topics.items()):
        fields = ", ".join(f"{field}: {kind}" for field, kind in topic.fields.items())
        table.add_row(name, topic.kind.value, topic.about, ", ".join(role.value for role in topic.roles), fields)
    console().print(table)


@evidence_command.command(
    "template", epilog="Example: dualtrack evidence template validation_report -o validation.yaml"
)
@click.argument("topic")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file instead.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@institution_option
@workspace_option
@json_option
def _template(
    topic: str, output: Path | None, force: bool, institution: str | None, workspace: Path | None, as_json: bool
) -> None:
    """Print a YAML file to fill in for an observation of TOPIC, every field with its type and meaning.

    Topics are the shipped ones; with --workspace or --institution, those of the packs adopted there.
    """
    topics: Mapping[str, Topic] = {**shipped_topics(), **BUILT_IN_TOPICS}
    if workspace is not None or institution is not None:
        with sitting(workspace, institution) as desk:
            topics = desk.register.case(None, None).topics
    if topic not in topics:
        raise NotFoundError(f"no topic {topic!r}", where="TOPIC", expected=", ".join(sorted(topics)))
    text = template_text(topic, topics[topic])
    if output is not None:
        write_new(output, text.encode(), force=force)
        text = f"wrote {output}; next: fill it in, then dualtrack evidence add SUBJECT {output} --as HOLDER\n"
    if as_json:
        print_json({"topic": topics[topic], "yaml": text} if output is None else {"written": str(output)})
    else:
        click.echo(text, nl=False)
