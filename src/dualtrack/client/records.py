"""What a server answers, as records: one class for each kind of answer, passing over what a newer server adds."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "Answer",
    "ComplaintLine",
    "DecisionLine",
    "Head",
    "HoldLine",
    "PathProof",
    "Proof",
    "Receipt",
    "ReceiptReason",
    "ReceiptReview",
    "ReviewLine",
    "Said",
]


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answers; fields that a newer server adds are passed over."""


class Answer(_Read, frozen=True, kw_only=True):
    """The answer of a decision. `output` may be shown only where `outcome` is `served` or `fallback`, or `state` is `approved` or `modified`; else `message` is what to say."""

    decision: str
    outcome: str
    output: Any = None
    reasons: list[str] = []
    receipt: str | None = None
    mode: str | None = None
    durability: str | None = None
    disclosure: str | None = None
    message: str | None = None
    human: str | None = None
    review: str | None = None
    code: str | None = None
    state: str | None = None
    due_at: str | None = None


class DecisionLine(_Read, frozen=True, kw_only=True):
    """A decision in a list."""

    id: str
    use: str
    release: str
    permit: str | None
    mode: str
    outcome: str
    at: str
    subject: str | None
    review: str | None
    entry: int


class ReviewLine(_Read, frozen=True, kw_only=True):
    """A review in the queue."""

    id: str
    decision: str
    use: str
    why: str
    state: str
    opened_at: str
    due_at: str
    holder: str | None
    four_eyes: bool


class HoldLine(_Read, frozen=True, kw_only=True):
    """A hold as it stands. `reason` is None to a key of some uses where the hold reaches beyond one."""

    id: str
    entry: int
    scope: str
    target: str
    reason: str | None
    set_by: str
    set_at: str
    released_by: str | None
    released_at: str | None


class ComplaintLine(_Read, frozen=True, kw_only=True):
    """A complaint as it is recorded; its words are opened by themselves, for a reason."""

    id: str
    entry: int
    use: str
    decision: str | None
    by: str
    means: str
    at: str
    counted: bool


class Head(_Read, frozen=True, kw_only=True):
    """A ledger's newest head, with its signed note."""

    ledger: str
    size: int
    root: str
    note: str


class Proof(_Read, frozen=True, kw_only=True):
    """An entry with its audit path up to a signed head: what an auditor checks without this server."""

    ledger: str
    index: int
    size: int
    leaf: str
    leaf_hash: str
    path: list[str]
    note: str
    salt: str
    content: str


class PathProof(_Read, frozen=True, kw_only=True):
    """A proof that one log extends another."""

    old: int
    new: int
    path: list[str]
    old_root: str
    new_root: str


class Said(_Read, frozen=True, kw_only=True):
    """A text in both languages."""

    en: str
    zh: str = msgspec.field(name="zh-Hant")


class ReceiptReason(_Read, frozen=True, kw_only=True):
    """A reason of a receipt: `says` where the words exist in both languages, else `given` as the model gave it, in `language`."""

    says: Said | None
    given: str | None
    language: str | None


class ReceiptReview(_Read, frozen=True, kw_only=True):
    """A person's look at a decision, and its clock."""

    id: str
    state: str
    says: Said
    opened_at: str
    due_at: str
    due_hong_kong: str
    open: bool


class Receipt(_Read, frozen=True, kw_only=True):
    """What a customer sees under a receipt code: what decided and why, in both languages, and the proof that it stands in the ledger."""

    code: str
    decision: str
    institution: str
    use: str
    title: Said
    purpose: Said
    at: str
    hong_kong: str
    mode: str
    mode_says: Said
    durability: str
    decided_by: list[str]
    deciders: list[Said]
    outcome: str
    says: Said
    why: Said | None
    reasons: list[str]
    explained: list[ReceiptReason]
    erased: Said | None
    disclosure: Said | None
    human: Said
    opt_out: bool
    reviews: list[ReceiptReview]
    answer: str | None
    message: Said | None
    proof: Proof
    fetched_at: str | None = None
