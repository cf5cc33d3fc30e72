"""`dualtrack evidence`: add signed observations, list them with what counts, and see what topics ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.cli.desk import (
    console,
    institution_of,
    institution_option,
    json_option,
    print_json,
    sitting,
    workspace_option,
)
from dualtrack.cli.files import read_document
from dualtrack.domain.evidence import PREDICATE_TYPE, STATEMENT_TYPE, Predicate, Statement, Subject, SubjectDigest
from dualtrack.domain.ids import firm_digest, use_digest
from dualtrack.domain.time import parse_instant
from dualtrack.errors import FieldError, NotFoundError

if TYPE_CHECKING:
    from dualtrack.store.register import Register

__all__ = ["evidence_command", "make_statement"]


@click.group("evidence")
def evidence_command() -> None:
    """Observations, signed by whoever made them."""


@evidence_command.command(
    "add", epilog="Example: dualtrack evidence add my-bank/early-warning validation.yaml --as a-chan"
)
@click.argument("subject")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "holders", multiple=True, required=True, help="Holder whose key signs; several may.")
@click.option("--release", help="Digest of the release it is about; the newest if not given.")
@workspace_option
@json_option
def _add(
    subject: str, file: Path, holders: tuple[str, ...], release: str | None, workspace: Path | None, as_json: bool
) -> None:
    """Add the observation in FILE (YAML: kind, topic, fields, taken_at, …) about SUBJECT, a use or an institution."""
    predicate = read_document(file, Predicate)
    with sitting(workspace, institution_of(subject, subject)) as desk:
        statement = make_statement(desk.register, subject, predicate, release, where=str(file))
        receipt = desk.register.add_evidence(statement, [desk.signer(holder) for holder in holders])
    if as_json:
        print_json({"index": receipt.index, "topic": predicate.topic, "subject": subject})
    else:
        click.echo(f"added {predicate.topic} about {subject} (entry {receipt.index})")


def make_statement(
    register: Register, subject: str, predicate: Predicate, release: str | None = None, *, where: str = "evidence"
) -> Statement:
    """Return the statement of an observation about the release, use or firm that its topic is about."""
    parse_instant(predicate.taken_at, where=f"{where}, field taken_at")
    topics = register.case(None, None).topics
    topic = topics.get(predicate.topic)
    if topic is None:
        raise FieldError(
            f"topic {predicate.topic!r}",
            where=f"{where}, field topic",
            fix="see `dualtrack evidence topics`, or adopt the pack that asks for it",
        )
    name, digest = subject, ""
    if topic.about == "firm":
        name, digest = register.institution, firm_digest(register.institution)
    elif "/" not in subject:
        raise FieldError(f"topic {predicate.topic} is about a {topic.about}", where=where, fix="name institution/use")
    elif topic.about == "use":
        digest = use_digest(subject)
    else:
        found = release or register.latest_release(subject)
        if found is None:
            raise NotFoundError(f"{subject} has no release yet", fix=f"`dualtrack release {subject}` first")
        digest = found
    return Statement(
        type_=STATEMENT_TYPE,
        subject=[Subject(name=name, digest=SubjectDigest(sha256=digest))],
        predicate_type=PREDICATE_TYPE,
        predicate=predicate,
    )


@evidence_command.command("list", epilog="Example: dualtrack evidence list my-bank/early-warning")
@click.argument("subject")
@workspace_option
@json_option
def _list(subject: str, workspace: Path | None, as_json: bool) -> None:
    """List all evidence about a use, with what counts and why the rest does not."""
    use = subject if "/" in subject else None
    with sitting(workspace, institution_of(subject, subject)) as desk:
        case = desk.register.case(use, desk.register.latest_release(use) if use else None)
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
