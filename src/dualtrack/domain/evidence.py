"""Evidence: an observation as an in-toto Statement v1. Never a conclusion (docs/assessment.md, section 5)."""

from __future__ import annotations

from typing import Any

from dualtrack.domain.forms import Digest, Slug, TopicName
from dualtrack.domain.records import Record, Text, Value
from dualtrack.domain.vocabulary import EvidenceKind

__all__ = [
    "PREDICATE_TYPE",
    "STATEMENT_TYPE",
    "Method",
    "Predicate",
    "Statement",
    "Subject",
    "SubjectDigest",
    "Supersedes",
]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:dualtrack:evidence:1"


class SubjectDigest(Record, frozen=True):
    """The digest set of a subject; SHA-256 only."""

    sha256: Digest


class Subject(Record, frozen=True):
    """What the evidence is about: a release, a use whatever its release, or the firm."""

    name: str
    digest: SubjectDigest


class Method(Record, frozen=True):
    """How an observation was made, so that somebody else can make it again."""

    name: str
    version: str
    source: str


class Supersedes(Record, frozen=True):
    """The earlier evidence that this one replaces, and why; the earlier one stays visible."""

    index: int
    leaf: Digest
    why: str


class Predicate(Record, frozen=True):
    """The observation. `fields` are typed by the topic; `statistics` are sufficient statistics to recompute them."""

    kind: EvidenceKind
    topic: TopicName
    fields: dict[str, Value]
    taken_at: str
    claim: Slug | None = None
    method: Method | None = None
    data_digest: Digest | None = None
    document_digest: Digest | None = None
    n: int | None = None
    seed: int | None = None
    statistics: dict[str, Any] = {}
    minutes: float | None = None
    supersedes: Supersedes | None = None
    note: Text | str | None = None
    demo: bool = False


class Statement(Record, frozen=True, rename={"type_": "_type", "predicate_type": "predicateType"}):
    """An in-toto Statement with exactly one subject and our predicate."""

    type_: str
    subject: list[Subject]
    predicate_type: str
    predicate: Predicate
