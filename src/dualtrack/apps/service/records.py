"""What a conversation leaves in the ledger: that it began, each message by the digest of its sealed words, and each step of people."""

from __future__ import annotations

from typing import Literal

from dualtrack.domain.forms import UseName
from dualtrack.domain.records import Record

__all__ = [
    "BEGAN_KIND",
    "COMPLAINT_KIND",
    "MESSAGE_KIND",
    "STEP_KIND",
    "Began",
    "Channel",
    "ComplaintStep",
    "Message",
    "Step",
    "StepName",
    "Who",
]

BEGAN_KIND, MESSAGE_KIND, STEP_KIND = "service-conversation/1", "service-message/1", "service-step/1"
COMPLAINT_KIND = "service-complaint/1"

Channel = Literal["page", "frame", "program", "help-desk"]
"""Where the customer writes: our page, a frame in the firm's, a program of the firm's, a help desk."""

Who = Literal["customer", "assistant", "agent"]

StepName = Literal["waiting", "taken", "sent_back", "closed", "call_back", "solved", "unsolved", "complained"]
"""`waiting`: a person is to take over; `taken`: one has; `solved` and `unsolved`: what the customer says of an answer."""


class Began(Record, frozen=True):
    """A conversation began. `token` is the SHA-256 of what opens it, `subject` the pseudonym of the customer."""

    conversation: str
    use: UseName
    token: str
    channel: Channel
    language: str
    subject: str
    at: str
    external: str | None = None


class Message(Record, frozen=True):
    """Somebody wrote. `text` is the digest of the sealed content; an answer names its decision and how that ended."""

    conversation: str
    number: int
    who: Who
    text: str
    at: str
    by: str | None = None
    decision: str | None = None
    outcome: str | None = None
    code: str | None = None
    language: str | None = None
    register: str | None = None


class Step(Record, frozen=True):
    """A step that is no message. `why` are ids of triggers or a code; `due` is until when a person should have taken over."""

    conversation: str
    step: StepName
    by: str
    at: str
    number: int = 0
    why: list[str] = []
    urgent: bool = False
    due: str | None = None
    complaint: int | None = None


class ComplaintStep(Record, frozen=True):
    """A step of a complaint, which is named by its entry. `value` is the cause or the redress, by its name."""

    complaint: int
    action: Literal["acknowledged", "cause", "redress", "replied"]
    by: str
    at: str
    value: str | None = None
