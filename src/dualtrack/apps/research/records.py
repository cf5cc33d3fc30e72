"""What the research desk leaves in the ledger: documents with their licences, answers, notes by the digest of each version, releases, interests."""

from __future__ import annotations

from typing import Literal

from dualtrack.apps.research.notes.disclosures import InterestKind
from dualtrack.domain.records import Record

__all__ = [
    "ANSWER_KIND",
    "DOCUMENT_KIND",
    "INTEREST_KIND",
    "NOTE_KIND",
    "RELEASE_KIND",
    "AnswerKept",
    "DocumentLoaded",
    "InterestKept",
    "NoteKept",
    "NoteReleased",
]

DOCUMENT_KIND = "research-document/1"
ANSWER_KIND = "research-answer/1"
NOTE_KIND = "research-note/1"
RELEASE_KIND = "research-release/1"
INTEREST_KIND = "research-interest/1"


class DocumentLoaded(Record, frozen=True):
    """A document was loaded: its digest, what was said of it, and how many characters a note may quote (None: no limit is stated)."""

    sha256: str
    name: str
    licence: str
    issuer: str
    period: str
    form: str
    pages: int
    by: str
    at: str
    quote_characters: int | None = None


class AnswerKept(Record, frozen=True):
    """A question was answered, or not: the digests of the sealed question and reply, and the decision of the runtime, where there was one."""

    id: str
    question: str
    reply: str
    outcome: str
    by: str
    at: str
    decision: str | None = None


class NoteKept(Record, frozen=True):
    """A version of a note: its digest as a record and that of its sealed content."""

    note: str
    version: int
    digest: str
    content: str
    author: str
    audience: Literal["internal", "clients"]
    at: str


class NoteReleased(Record, frozen=True):
    """A version of a note went out: by whom, on what disclosures, in both languages. Nothing can be changed in what a digest names.

    `disclosures` name no person; `disclosed` is the digest of the sealed disclosures with names, as readers have them. `free_from` is the
    first day on which the author may deal in the issuers again.
    """

    note: str
    version: int
    digest: str
    by: str
    audience: Literal["internal", "clients"]
    disclosures: list[str]
    at: str
    disclosed: str | None = None
    free_from: str | None = None


class InterestKept(Record, frozen=True):
    """An entry of the register of interests, or the end of one.

    A register must say whose the interest is; the ledger must hold no personal data. So `subject` is the holder's pseudonym and `holder` the
    digest of the name, sealed under it and erased with it; `who` stands only in entries from before.
    """

    id: str
    issuer: str
    kind: InterestKind
    since: str
    by: str
    at: str
    subject: str | None = None
    holder: str | None = None
    who: str | None = None
    until: str | None = None
    percent: float | None = None
