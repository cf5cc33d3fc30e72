"""From an observation to the statement that is signed: what it is about, and whether it could ever count.

An observation names its topic; release, use or firm follow from that. One signed elsewhere is only read here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dualtrack.domain import canonical
from dualtrack.domain.evidence import PREDICATE_TYPE, STATEMENT_TYPE, Predicate, Statement, Subject, SubjectDigest
from dualtrack.domain.ids import check_digest, firm_digest, use_digest
from dualtrack.domain.records import read_record
from dualtrack.domain.time import parse_instant
from dualtrack.errors import DocumentError, FieldError, NotFoundError, SignatureError
from dualtrack.keys import dsse
from dualtrack.store.built_in_topics import built_in_problems

if TYPE_CHECKING:
    from dualtrack.rules.records import Topic
    from dualtrack.store.register import Register

__all__ = ["make_statement", "read_signed"]


def read_signed(content: bytes, *, where: str) -> Statement:
    """Return the statement in an envelope, which is not verified yet; raises SignatureError for what is no envelope."""
    try:
        envelope = dsse.parse(content.rstrip(b"\n"))
        statement = read_record(canonical.decode(envelope.payload, where=where), Statement, where=where)
    except (DocumentError, FieldError) as error:
        raise SignatureError(
            f"not a signed statement: {error.where}: {error.found}",
            where=where,
            expected="a DSSE envelope in canonical JSON with at least one signature",
            fix="sign it where the key is, or add the YAML with --as HOLDER",
            code="signature.malformed",
        ) from error
    if len(statement.subject) != 1:
        raise FieldError(f"{len(statement.subject)} subjects", where=f"{where}, field subject", expected="exactly one")
    return statement


def make_statement(
    register: Register, subject: str, predicate: Predicate, release: str | None = None, *, where: str = "evidence"
) -> Statement:
    """Return the statement of an observation about the release, use or firm that its topic is about."""
    parse_instant(predicate.taken_at, where=f"{where}, field taken_at")
    topic = register.case(None, None).topics.get(predicate.topic)
    if topic is None:
        raise FieldError(
            f"topic {predicate.topic!r} is not known to any adopted pack",
            where=f"{where}, field topic",
            fix="see `dualtrack evidence topics`, or adopt the pack that asks for it",
        )
    name, digest = _subject_of(register, subject, predicate.topic, topic, release, where)
    for problem in built_in_problems(register, subject, predicate, where=where).values():
        raise problem
    return Statement(
        type_=STATEMENT_TYPE,
        subject=[Subject(name=name, digest=SubjectDigest(sha256=digest))],
        predicate_type=PREDICATE_TYPE,
        predicate=_as_declared(predicate, topic),
    )


def _subject_of(
    register: Register, subject: str, name: str, topic: Topic, release: str | None, where: str
) -> tuple[str, str]:
    if topic.about == "firm":
        return register.institution, firm_digest(register.institution)
    if "/" not in subject:
        raise FieldError(f"topic {name} is about a {topic.about}", where=where, fix="name institution/use")
    if register.case(subject, None).found.declaration is None:
        raise NotFoundError(f"use {subject!r} is not declared", where=where, fix="`dualtrack declare FILE` first")
    if topic.about == "use":
        return subject, use_digest(subject)
    if release is not None:
        return subject, check_digest(release, where="--release")
    found = register.latest_release(subject)
    if found is None:
        raise NotFoundError(f"{subject} has no release yet", where=where, fix=f"`dualtrack release {subject}` first")
    return subject, found


def _as_declared(predicate: Predicate, topic: Topic) -> Predicate:
    """Write whole numbers as decimals where the topic asks for those: people write 40, and mean 40.0."""
    fields = {
        name: float(value) if type(value) is int and topic.fields.get(name, "").startswith("double") else value
        for name, value in predicate.fields.items()
    }
    return msgspec.structs.replace(predicate, fields=fields)
