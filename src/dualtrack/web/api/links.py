"""Links for customers: made for the receipt of a decision, shown once, and ended before their time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from dualtrack.web.api.access import Desk, desk
from dualtrack.web.api.accounts import LanguageTag  # noqa: TC001 - read when the models are built
from dualtrack.web.api.decisions import Ident  # noqa: TC001 - as above
from dualtrack.web.api.idempotency import ApiRoute, shown_once
from dualtrack.web.api.models import API_PREFIX, ERRORS, Body, Reason
from dualtrack.web.customer_links import DAYS_MAX, DAYS_USUAL, LinkDesk
from dualtrack.web.identity.permissions import Verb

__all__ = ["LinkIn", "LinkOut", "LinksEnded", "end_links", "make_link", "router"]

router = APIRouter(prefix=API_PREFIX, tags=["receipts"], route_class=ApiRoute, responses=ERRORS)


class LinkIn(Body):
    """Why a customer is given a link, in which language, and for how many days."""

    reason: Reason
    language: LanguageTag = "en"
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = DAYS_USUAL


class LinkOut(BaseModel):
    """A new link; it is shown this once. Whoever has it sees this receipt, and nothing else."""

    address: str
    days: int


class LinksEnded(BaseModel):
    """How many links were open."""

    ended: int


@router.post("/decisions/{decision}/links", status_code=201)
@shown_once("end the links of this decision, and make another with another Idempotency-Key")
def make_link(at: Annotated[Desk, desk(Verb.MAKE_LINK)], decision: Ident, body: LinkIn) -> LinkOut:
    """Make a link by which a customer opens the receipt of a decision; who made it and why is in the ledger before."""
    made = _links(at, decision).make(body.reason, body.language, days=body.days)
    return LinkOut(address=made.address(at.services.address, body.language), days=made.days)


@router.delete("/decisions/{decision}/links")
def end_links(at: Annotated[Desk, desk(Verb.MAKE_LINK)], decision: Ident) -> LinksEnded:
    """End every link to the receipt of a decision, at once."""
    return LinksEnded(ended=_links(at, decision).end())


def _links(at: Desk, decision: str) -> LinkDesk:
    return LinkDesk(at.services.links, at.register, at.identity, decision)
