"""Human review as it is recorded: what was put before people, and what each of them did with it.

Texts lie in the vault behind salted digests; a record here holds digests, slugs and a reviewer's reason. Whether an item
is seeded, a draft known to be wrong, is sealed: the opened record carries a salted digest, and only the evidence side holds
the salt. So a seeded item wears the `why` of an ordinary one, and "seeded" is no value of it.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from dualtrack.domain.decision import DecisionId
from dualtrack.domain.forms import Digest, Slug, UseName
from dualtrack.domain.records import Record
from dualtrack.domain.time import parse_instant
from dualtrack.errors import FieldError, ReviewError

__all__ = [
    "ACTION_FORMAT",
    "MAKERS_MAX",
    "REASON_CHARACTERS_MAX",
    "REVIEW_FORMAT",
    "SALT_BYTES_MIN",
    "ActionName",
    "Level",
    "ReviewAction",
    "ReviewOpened",
    "Why",
    "check_action",
    "check_opened",
    "is_seeded",
    "seed_digest",
]

REVIEW_FORMAT = "dualtrack.review/1"
ACTION_FORMAT = "dualtrack.review-action/1"

REASON_CHARACTERS_MAX = 2_000
"""Longest reason: a page says why; more belongs into an incident."""

MAKERS_MAX = 100
"""Most builders of one release that we expect; the list is compared on every action."""

SALT_BYTES_MIN = 16
"""Shortest salt of a seed digest: with fewer bits both answers could be tried."""

Why = Literal["hold_before_release", "sample", "guard_routed", "customer_asked", "no_model"]
"""Why people look: the policy holds every output, drew this one, a guard fired, the customer wants a person, or no model
answered and the rules pass the case on."""

ActionName = Literal["claim", "unclaim", "approve", "modify", "reject", "terminate", "escalate", "expire"]
"""What can be done. Reject ends the draft, terminate the whole conversation; expire is done by the clock."""

Level = Literal["reviewer", "approver"]
"""Who decides: reviewers first, after an escalation the approvers. Also the role in which somebody acted."""

_SILENT = frozenset({"claim", "unclaim", "expire"})
_SEED_CONTEXT = b"dualtrack.review-seed/1\0"


class ReviewOpened(Record, frozen=True):
    """A review begins: which draft of which decision, why, until when, and who may not decide because they built it."""

    format: str
    id: DecisionId
    decision: DecisionId
    use: UseName
    release: Digest
    permit: Digest | None
    why: Why
    opened_at: str
    due_at: str
    four_eyes: bool
    makers: list[Slug]
    draft: Digest
    seed: Digest


class ReviewAction(Record, frozen=True):
    """One action on a review. `by` and `role` are None for the clock only.

    `output` is the digest of the text approved or written. `seconds` and `edit_distance` are measured by the server:
    from claim to decision, and in code points from the text that was there; None where texts are too long to compare.
    `confirmed` tells that a guard had named something in a changed text and its writer stood by it; else it is left out.
    """

    format: str
    review: DecisionId
    action: ActionName
    by: Slug | None
    role: Level | None
    at: str
    reason: Annotated[str, Meta(min_length=1, max_length=REASON_CHARACTERS_MAX)] | None = None
    output: Digest | None = None
    seconds: Annotated[int, Meta(ge=0)] | None = None
    edit_distance: Annotated[int, Meta(ge=0)] | None = None
    confirmed: bool | UnsetType = UNSET


def seed_digest(review: str, salt: bytes, *, seeded: bool) -> str:
    """Return the sealed answer to whether an item is seeded; the salt is drawn for each review and kept from reviewers."""
    if len(salt) < SALT_BYTES_MIN:
        raise FieldError(f"a salt of {len(salt)} bytes", where="review seed", expected=f"at least {SALT_BYTES_MIN}")
    return hmac.digest(salt, _SEED_CONTEXT + review.encode() + (b"\1" if seeded else b"\0"), "sha256").hex()


def is_seeded(opened: ReviewOpened, salt: bytes) -> bool:
    """Open the seal; raises ReviewError where the salt is not that of this review."""
    for seeded in (False, True):
        if hmac.compare_digest(seed_digest(opened.id, salt, seeded=seeded), opened.seed):
            return seeded
    raise ReviewError("the salt does not open the seal", where=f"review {opened.id}", fix="use this review's salt")


def check_opened(opened: ReviewOpened) -> None:
    """Check what types cannot say; raises FieldError naming the field."""
    where = f"review {opened.id}"
    if opened.format != REVIEW_FORMAT:
        raise FieldError(f"format {opened.format!r}", where=where, expected=REVIEW_FORMAT)
    begun = parse_instant(opened.opened_at, where=f"{where}, field opened_at")
    if parse_instant(opened.due_at, where=f"{where}, field due_at") < begun:
        raise FieldError("due before it was opened", where=f"{where}, field due_at")
    if not 1 <= len(opened.makers) <= MAKERS_MAX:
        raise FieldError(
            f"{len(opened.makers)} makers",
            where=f"{where}, field makers",
            expected=f"1 to {MAKERS_MAX}",
            fix="name the release's builders: without them nobody can tell a maker from a checker",
        )


def check_action(action: ReviewAction) -> None:
    """Check that an action carries what belongs to it and nothing else; raises FieldError naming the field."""
    where = f"review {action.review}, {action.action}"
    if action.format != ACTION_FORMAT:
        raise FieldError(f"format {action.format!r}", where=where, expected=ACTION_FORMAT)
    parse_instant(action.at, where=f"{where}, field at")
    silent, clock = action.action in _SILENT, action.action == "expire"
    if action.reason is not None and not action.reason.strip():
        raise FieldError("an empty reason", where=f"{where}, field reason", fix="say why, in a sentence")
    wanted = {
        "by": not clock,
        "role": not clock,
        "reason": not silent,
        "seconds": not silent,
        "output": action.action in {"approve", "modify"},
    }
    for name, needed in wanted.items():
        if (getattr(action, name) is not None) is not needed:
            found = "missing" if needed else f"no field of {action.action}"
            raise FieldError(found, where=f"{where}, field {name}", fix="add it" if needed else "leave it out")
    if action.edit_distance is not None and action.action != "modify":
        raise FieldError(f"no field of {action.action}", where=f"{where}, field edit_distance", fix="leave it out")
    if action.confirmed is not UNSET and (action.action != "modify" or not action.confirmed):
        raise FieldError(f"no field of {action.action}", where=f"{where}, field confirmed", fix="leave it out")
