"""Records of a compiled pack, field by field as in docs/assessment.md, section 6. Every list and text is bounded here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from dualtrack.domain.records import Record, Text, Value
from dualtrack.domain.vocabulary import (
    Check,
    EvidenceKind,
    Grade,
    InstitutionType,
    PackStatus,
    Role,
    Severity,
    Tier,
    Track,
    Weight,
)

__all__ = [
    "NOTE_MAX",
    "WORDS_MAX",
    "Basis",
    "CoverageKind",
    "CoverageRow",
    "Crosswalk",
    "DefinitionData",
    "ExpressionData",
    "FieldType",
    "PackData",
    "Parameter",
    "RuleData",
    "RuleTest",
    "Source",
    "SourceCheck",
    "TierData",
    "Topic",
]

WORDS_MAX = 400
"""Characters of a name, reference, paragraph or address: one line of a printed page and a bit."""

NOTE_MAX = 2_000
"""Characters of a note about a source: a page of caveats."""

_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=WORDS_MAX)]
_Slug = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?\Z")]
_Snake = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9_]{0,62}\Z")]
_RuleId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?\Z")]
_Date = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
_Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_DaysOrNone = Annotated[int, msgspec.Meta(ge=1, le=3660)] | None
_Cites = Annotated[list[_Words], msgspec.Meta(min_length=1, max_length=30)]
_Ids = Annotated[list[_Words], msgspec.Meta(max_length=60)]

FieldType = Literal["bool", "int", "double", "string", "list", "bool?", "int?", "double?", "string?", "list?"]
"""Type of an evidence field; a trailing `?` marks one that may be left out."""

SourceCheck = Literal["primary text", "secondary source", "not seen"]
"""How far we saw the text we paraphrase."""

Basis = Literal["text", "firm", "ours"]
"""Where a threshold comes from: the source's own text, the firm that applies it, or us."""

CoverageKind = Literal["rule", "question", "information", "not_covered"]
"""What became of one paragraph of the source."""


class Source(Record, frozen=True):
    """The document behind a pack: what, when, where, and whether anybody here read it."""

    document: _Words
    reference: _Words
    date: _Date
    address: _Words
    file_digest: _Digest | None
    checked: SourceCheck
    checked_on: _Date
    note: Annotated[str, msgspec.Meta(max_length=NOTE_MAX)]


class Parameter(Record, frozen=True, rename={"from_": "from"}):
    """A dated value: in force from `from` up to, not including, `to` (Hong Kong dates)."""

    name: _Snake
    type: Literal["int", "double", "string", "list"]
    value: Value
    from_: _Date
    to: _Date | None
    cites: _Words
    basis: Basis


class ExpressionData(Record, frozen=True):
    """An expression: its text in normal form and the same as a tree."""

    text: str
    tree: dict[str, Any]


class DefinitionData(Record, frozen=True):
    """A named condition that rules of the pack may read as `def.name`."""

    name: _Snake
    text: str
    tree: dict[str, Any]
    cites: Annotated[list[_Words], msgspec.Meta(max_length=30)]
    says: Text


class TierData(Record, frozen=True):
    """One line of the tier table; the first line that is not definitely false decides."""

    tier: Tier
    when: ExpressionData
    reason: Text


class Topic(Record, frozen=True):
    """What a piece of evidence is about, who may sign it, and its typed fields.

    `hours` is the effort to make it once. `planned`: it counts only if a plan of measurement stood before it (permit/planned.py).
    """

    kind: EvidenceKind
    about: Literal["release", "use", "firm"]
    roles: Annotated[list[Role], msgspec.Meta(min_length=1, max_length=12)]
    fields: Annotated[dict[_Snake, FieldType], msgspec.Meta(min_length=1, max_length=40)]
    duty: Literal["validate", "approve", "monitor"] | None
    title: Text
    hours: Annotated[float, msgspec.Meta(ge=0, le=10_000)] | Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    planned: bool = False


class RuleTest(Record, frozen=True):
    """Facts, and what the rule must say on them."""

    name: _Words
    facts: Annotated[dict[str, Value], msgspec.Meta(max_length=100)]
    expect: Literal["met", "not_met", "no_evidence", "not_applicable"]


class Crosswalk(Record, frozen=True):
    """Identifiers of the same concern in other frameworks."""

    finos: _Ids
    nist: _Ids
    iso42001: _Ids
    mas: _Ids


class RuleData(Record, frozen=True):
    """One cited requirement."""

    id: _RuleId
    cites: _Cites
    title: Text
    says: Text
    todo: Text
    owner: Role
    binds: Annotated[list[InstitutionType], msgspec.Meta(min_length=1, max_length=7)]
    track: Track
    applies: ExpressionData
    requires: ExpressionData
    evidence: Annotated[list[_Snake], msgspec.Meta(max_length=20)]
    severity: Severity
    checked: Check
    due_days: _DaysOrNone
    valid_days: _DaysOrNone
    weight: Weight
    basis: Basis
    proportionality: _Words | None
    source_grade: Grade
    checked_source: SourceCheck
    crosswalk: Crosswalk
    clock_days: _DaysOrNone
    tests: Annotated[list[RuleTest], msgspec.Meta(min_length=3, max_length=40)]


class CoverageRow(Record, frozen=True, rename={"as_": "as"}):
    """One paragraph of the source and what became of it."""

    paragraph: _Words
    as_: CoverageKind
    rules: _Ids
    note: Text


class PackData(Record, frozen=True):
    """A compiled pack, exactly as its canonical JSON."""

    format: Literal["dualtrack.pack/1"]
    id: _Slug
    version: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,4}(\.[0-9]{1,4}){0,3}\Z")]
    issuer: _Words
    transcriber: _Words
    title: Text
    subject: Literal["use", "institution"]
    status: PackStatus
    effective_from: _Date
    effective_to: _Date | None
    grade: Grade
    source: Source
    parameters: Annotated[list[Parameter], msgspec.Meta(max_length=100)]
    definitions: Annotated[list[DefinitionData], msgspec.Meta(max_length=50)]
    tiers: Annotated[list[TierData], msgspec.Meta(max_length=50)]
    topics: Annotated[dict[_Snake, Topic], msgspec.Meta(max_length=200)]
    rules: Annotated[list[RuleData], msgspec.Meta(min_length=1, max_length=200)]
    coverage: Annotated[list[CoverageRow], msgspec.Meta(max_length=500)]
