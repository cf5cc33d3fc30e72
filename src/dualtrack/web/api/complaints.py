"""Complaints: recorded by staff and programs, listed without their words, opened by name and for a reason."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from dualtrack.errors import FieldError
from dualtrack.runtime.complaints import (
    COMPLAINT_CHARACTERS_MAX,
    Complained,
    complain,
    find_complaint,
    list_complaints,
    open_complaint,
)
from dualtrack.store.projections import Projections, among
from dualtrack.web.api.access import Desk, desk, holder_of_desk
from dualtrack.web.api.idempotency import ApiRoute, shown_once
from dualtrack.web.api.models import API_PREFIX, ERRORS, ID_PATTERN, Body, Reason
from dualtrack.web.api.paging import Limit, link_next
from dualtrack.web.api.uses import USE_PATTERN, Index
from dualtrack.web.identity.permissions import Verb

__all__ = [
    "ComplaintIn",
    "ComplaintOut",
    "ComplaintText",
    "ComplaintTextIn",
    "ComplaintWords",
    "complaint_out",
    "read_complaint",
    "read_complaints",
    "record_complaint",
    "router",
]

router = APIRouter(prefix=API_PREFIX, tags=["oversight"], route_class=ApiRoute, responses=ERRORS)

_ENTRY_MAX = 1 << 53
"""No ledger has as many entries; a database would refuse a larger number."""

ComplaintWords = Annotated[str, Field(min_length=1, max_length=COMPLAINT_CHARACTERS_MAX)]


class ComplaintIn(Body):
    """What somebody said of a use: their words, and where known the decision, or who they are as the caller names them."""

    also: ClassVar[dict[str, Any]] = {
        "anyOf": [
            {"properties": {name: {"type": "null"}}} for name in ("decision", "person")
        ]  # the decision tells whom
    }

    use: Annotated[str, Field(pattern=USE_PATTERN)]
    text: ComplaintWords
    decision: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    person: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class ComplaintOut(BaseModel):
    """A complaint as it is recorded. Its words are sealed; `counted` says whether it goes towards narrowing or lapsing."""

    id: str
    entry: int
    use: str
    decision: str | None
    by: str
    means: Literal["receipt", "link", "staff", "program"]
    at: str
    counted: bool


class ComplaintTextIn(Body):
    """Why the words are opened."""

    reason: Reason


class ComplaintText(BaseModel):
    """The words of a complaint."""

    entry: int
    text: str


@router.get("/complaints")
def read_complaints(
    at: Annotated[Desk, desk(Verb.SEE_INCIDENTS)],
    request: Request,
    response: Response,
    use: Annotated[str | None, Query(pattern=USE_PATTERN)] = None,
    limit: Limit = 50,
    after: Index = None,
) -> list[ComplaintOut]:
    """List complaints, newest first, without their words."""
    uses = at.listed(Verb.SEE_INCIDENTS, use)
    known = [str(row["id"]) for row in Projections(at.register.repository).rows("use", **among("id", uses))]
    found = list_complaints(
        at.register, known, limit=limit, below=None if after is None else min(int(after), _ENTRY_MAX)
    )
    link_next(request, response, str(found[-1].entry) if len(found) == limit else None)
    return [complaint_out(item) for item in found]


@router.post("/complaints", status_code=201)
def record_complaint(at: Annotated[Desk, desk(Verb.COMPLAIN)], body: ComplaintIn) -> ComplaintOut:
    """Record a complaint. Every process knows it within a second; enough of them narrow or lapse the permit.

    A decision must be one of the use. What a program records without one, of nobody whom the use decided about, closes
    nothing: ten within thirty days open an incident, so that somebody looks.
    """
    use, runtime = at.may_use(Verb.COMPLAIN, body.use), at.services.runtime
    if body.person is not None and body.decision is not None:
        raise FieldError(
            "both a decision and a person", where="field person", fix="the decision tells whom it is about"
        )
    institution = at.identity.institution
    subject = runtime.subjects.pseudonym(institution, body.person) if body.person is not None else None
    found = complain(
        at.register, runtime.recorder(institution).contents, use, body.text, by=holder_of_desk(at),
        means="staff" if at.identity.means == "session" else "program", decision=body.decision, subject=subject,
    )  # fmt: skip
    return complaint_out(found)


@router.post("/complaints/{entry}/text")
@shown_once("open the complaint again with another key and a reason: that is recorded, too")
def read_complaint(
    at: Annotated[Desk, desk(Verb.SEE_CONTENT)],
    entry: Annotated[int, Path(ge=0, le=1 << 53)],
    body: ComplaintTextIn,
) -> ComplaintText:
    """Open the words of a complaint; who looks and why is in the ledger before."""
    found = find_complaint(at.register, entry)
    at.may_use(Verb.SEE_CONTENT, found.use)
    contents = at.services.runtime.recorder(at.identity.institution).contents
    text = open_complaint(at.register, contents, found, by=holder_of_desk(at), reason=body.reason)
    return ComplaintText(entry=entry, text=text)


def complaint_out(found: Complained) -> ComplaintOut:
    """Return a complaint as the API shows it."""
    record = found.complaint
    return ComplaintOut(
        id=record.id, entry=found.entry, use=record.use, decision=record.decision, by=record.by, means=record.means,
        at=record.at, counted=record.counted,
    )  # fmt: skip
