"""What people and events do to running uses: holds, observe mode, opt-outs, signals, incidents, looks at contents.

Each is the content of an entry. Those that a person decides are signed by that person's key; those that are computed or
noted by the runtime are plain. Customers appear as pseudonyms only.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from dualtrack.domain.decision import DecisionId
from dualtrack.domain.forms import Digest, Slug, SubjectName, UseName
from dualtrack.domain.records import Record

__all__ = [
    "REASON_CHARACTERS_MAX",
    "Access",
    "AnswerFetch",
    "ChangeAnswer",
    "Complaint",
    "Erasure",
    "FetchMeans",
    "Hold",
    "HoldRelease",
    "HoldScope",
    "Incident",
    "IncidentUpdate",
    "Observe",
    "ObserveEnd",
    "OptOut",
    "Reason",
    "Signal",
    "SignalKind",
]

REASON_CHARACTERS_MAX = 2_000
"""Longest reason: a paragraph; a report belongs in a document."""

Reason = Annotated[str, Meta(min_length=1, max_length=REASON_CHARACTERS_MAX)]

HoldScope = Literal["institution", "use", "release", "component", "provider"]
"""What a hold stops. A component or provider is stopped wherever a release of the institution uses it."""

SignalKind = Literal[
    "override", "opt_out", "complaint", "complaint_unnamed", "incident", "guard_fired", "fingerprint_changed",
    "upstream_failed", "drift",
]  # fmt: skip


FetchMeans = Literal["program", "receipt", "link", "function"]
"""By what an answer is fetched: a program over HTTP, a customer's receipt or link, or a governed function in its own process."""


class Hold(Record, frozen=True):
    """The kill switch. `target` is the institution, use, release digest, component id or provider."""

    id: DecisionId
    scope: HoldScope
    target: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: Reason
    by: Slug
    at: str


class HoldRelease(Record, frozen=True):
    """The end of a hold, decided by another person than the one who set it."""

    hold: DecisionId
    reason: Reason
    by: Slug
    at: str


class Observe(Record, frozen=True):
    """A use that was live before it was imported goes on, watched, until a day: never a permit.

    Signed by the accountable executive. `until` is at most the days of the pack's or firm's limit after `at`.
    """

    use: UseName
    release: Digest
    reason: Reason
    by: Slug
    at: str
    until: str


class ObserveEnd(Record, frozen=True):
    """Observe mode ended before its day."""

    use: UseName
    reason: Reason
    by: Slug
    at: str


class OptOut(Record, frozen=True):
    """A person wants no AI in this use, or takes that back. `subject` is a pseudonym under the workspace's key.

    `by` is `customer`, `staff`, or the link that the customer was given.
    """

    use: UseName
    subject: Digest
    active: bool
    at: str
    by: Slug


class Signal(Record, frozen=True):
    """Something observed of a running use that re-assesses it; `value` is whole, in the unit of its kind."""

    use: UseName
    kind: SignalKind
    at: str
    value: int
    of: int
    about: str | None = None


class Complaint(Record, frozen=True):
    """Somebody complained of a use, or of one decision of it. `text` is the salted digest of their words, in the vault.

    `counted` is false for a further complaint of a decision, or of a person who was counted lately, and for one that a
    program recorded of nobody: it is kept and heard, and makes no signal that closes anything.
    """

    id: DecisionId
    use: UseName
    decision: DecisionId | None
    subject: Digest | None
    text: Digest
    counted: bool
    by: Slug
    means: Literal["receipt", "link", "staff", "program"]
    at: str


class Incident(Record, frozen=True):
    """Something went wrong, or may have: facts are counts and identifiers, never content."""

    id: DecisionId
    kind: Slug
    severity: Literal["minor", "material", "major"]
    use: UseName | None
    at: str
    facts: dict[str, int | str]
    note: str
    by: Slug


class IncidentUpdate(Record, frozen=True):
    """What was done about an incident."""

    incident: DecisionId
    state: Literal["open", "contained", "closed"]
    note: Reason
    by: Slug
    at: str


class ChangeAnswer(Record, frozen=True):
    """Whether taking a use, or a release of it, into service is a significant change, answered either way with reasons."""

    use: UseName
    release: Digest | None
    answer: Literal["yes", "no"]
    reason: Reason
    by: Slug
    at: str


class Access(Record, frozen=True):
    """Somebody opened a content of the vault, or looked for the decisions about a person: who, which, for what, why.

    `digest` is that of the content, or the person's pseudonym; `about` is the use, or the institution for all its uses.
    """

    by: Slug
    digest: Digest
    about: SubjectName
    reason: Reason
    at: str


class AnswerFetch(Record, frozen=True):
    """An answer that a person had to see first was fetched for the first time; no content, and no person.

    `by` is the name of a key or of a link, `customer` of a receipt, or the use itself of a governed function.
    """

    decision: DecisionId
    use: UseName
    by: Annotated[str, Meta(min_length=1, max_length=200)]
    means: FetchMeans
    at: str


class Erasure(Record, frozen=True):
    """Contents of a person were erased on request; `kept` counts those that a retention law keeps, with the law."""

    subject: Digest
    contents: int
    keys: int
    kept: dict[str, int]
    reason: Reason
    by: Slug
    at: str
