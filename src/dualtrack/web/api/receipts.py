"""Receipts: what a customer sees by the code alone. Wrong codes are counted against their source, so that none is guessed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field, StrictBool

from dualtrack.domain.records import to_plain
from dualtrack.errors import ForbiddenError
from dualtrack.runtime.asking import ask_for_person
from dualtrack.runtime.complaints import COMPLAINT_CHARACTERS_MAX, complain_by_receipt
from dualtrack.runtime.opting import opt_out_by_receipt
from dualtrack.runtime.receipts import BY_CODE, CODE_CHARACTERS_MAX, find_receipt, locate_receipt
from dualtrack.web.api.access import Desk, public_desk
from dualtrack.web.api.idempotency import ApiRoute
from dualtrack.web.api.models import API_PREFIX, ERRORS, Body, Proof, Said
from dualtrack.web.receipt_guesses import look_up

__all__ = [
    "Code",
    "ComplaintIn",
    "ComplaintOut",
    "OptOutIn",
    "OptOutOut",
    "PersonOut",
    "Public",
    "ReceiptOut",
    "ReceiptReasonOut",
    "ReceiptReviewOut",
    "make_complaint",
    "opt_out",
    "read_receipt",
    "request_person",
    "router",
]

router = APIRouter(prefix=API_PREFIX, tags=["receipts"], route_class=ApiRoute, responses=ERRORS)

Code = Annotated[str, Path(min_length=4, max_length=CODE_CHARACTERS_MAX, description="The code, hyphens or not.")]
Public = Annotated[Desk, Depends(public_desk)]


class ReceiptReviewOut(BaseModel):
    """A person's look at the decision, and its clock."""

    id: str
    state: str
    says: Said
    opened_at: str
    due_at: str
    due_hong_kong: str
    open: bool


class ReceiptReasonOut(BaseModel):
    """A reason: `says` where the words exist in both languages, else `given` as the model gave it, in `language`."""

    says: Said | None
    given: str | None
    language: str | None


class ReceiptOut(BaseModel):
    """What decided, why, and the proof that it stands in the ledger."""

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
    explained: list[ReceiptReasonOut]
    erased: Said | None
    disclosure: Said | None
    human: Said
    opt_out: bool
    reviews: list[ReceiptReviewOut]
    answer: str | None
    message: Said | None
    fetched_at: str | None
    proof: Proof


class PersonOut(BaseModel):
    """The review by which a person looks, and when it is due."""

    review: str
    due_at: str
    opened: bool


class OptOutIn(Body):
    """Out of AI in this use, or (False) back in."""

    active: StrictBool = True


class OptOutOut(BaseModel):
    """Whether this changed anything."""

    active: bool
    changed: bool


class ComplaintIn(Body):
    """What the person says, in their own words."""

    text: Annotated[str, Field(min_length=1, max_length=COMPLAINT_CHARACTERS_MAX)]


class ComplaintOut(BaseModel):
    """Under which number the complaint is recorded."""

    id: str
    at: str


@router.get("/receipts/{code}")
def read_receipt(at: Public, code: Code) -> ReceiptOut:
    """Return the receipt of a code. Where an answer is on it, a customer has fetched it now, unless staff or a key ask."""
    _find(at, code)
    shown_to = None if at.asking.authorization is not None or _is_staff(at) else BY_CODE
    plain: Any = to_plain(find_receipt(_registers(at), code, at.services.runtime.gate, shown_to=shown_to))
    return ReceiptOut(**plain)


@router.post("/receipts/{code}/person", status_code=201)
def request_person(at: Public, code: Code) -> PersonOut:
    """Ask for a person to look at the decision; asking twice opens one review."""
    _find_for_customer(at, code)
    found = ask_for_person(_registers(at), code)
    return PersonOut(review=found.review, due_at=found.due_at, opened=found.opened)


@router.post("/receipts/{code}/opt-out")
def opt_out(at: Public, code: Code, body: OptOutIn) -> OptOutOut:
    """Opt out of AI in the use that the receipt is about, or back in."""
    _find_for_customer(at, code)
    changed = opt_out_by_receipt(_registers(at), code, active=body.active)
    return OptOutOut(active=body.active, changed=changed)


@router.post("/receipts/{code}/complaint", status_code=201)
def make_complaint(at: Public, code: Code, body: ComplaintIn) -> ComplaintOut:
    """Complain of the decision; the words are kept sealed, and opened by authorised staff only."""
    _find_for_customer(at, code)
    found = complain_by_receipt(_registers(at), at.services.runtime.recorders, code, body.text)
    return ComplaintOut(id=found.complaint.id, at=found.complaint.at)


def _registers(at: Desk) -> Any:  # noqa: ANN401 - the values of a mapping
    return at.services.runtime.registers.values()


def _find(at: Desk, code: str) -> None:
    """Look a code up; a wrong one costs the address one of its tries. Raises NotFoundError, RateLimitError."""
    look_up(at.services.attempts, at.asking.source, lambda: locate_receipt(_registers(at), code))


def _find_for_customer(at: Desk, code: str) -> None:
    """As `_find`, for what is done in the customer's name; raises ForbiddenError for who is signed in as staff."""
    if _is_staff(at):
        raise ForbiddenError(
            "a receipt is the customer's, and staff are signed in", where="receipt",
            fix="act in your own name on the staff pages", code="forbidden.customer-page",
        )  # fmt: skip
    _find(at, code)


def _is_staff(at: Desk) -> bool:
    """Tell whether the request comes from a console in which somebody is signed in. The cookie opens nothing here."""
    return at.services.sessions.identify(at.asking.session_token, touch=False) is not None
