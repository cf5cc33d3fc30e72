"""Decisions: search, one with its proof, running one again; and erasure of what is kept about a person."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from dualtrack.domain.records import to_plain
from dualtrack.errors import FieldError
from dualtrack.runtime.decisions import DecisionFilter, counts, get_decision, search_decisions
from dualtrack.runtime.erasing import erase_person
from dualtrack.runtime.replaying import replay
from dualtrack.web.api.access import Desk, desk, holder_of_desk
from dualtrack.web.api.idempotency import ApiRoute
from dualtrack.web.api.models import API_PREFIX, ERRORS, ID_PATTERN, INSTANT_PATTERN, Body, Proof, Reason, Record, Said
from dualtrack.web.api.paging import Limit, link_next
from dualtrack.web.api.uses import USE_PATTERN
from dualtrack.web.identity.permissions import Verb

__all__ = [
    "OUTCOMES",
    "DecisionDetail",
    "DecisionOut",
    "ErasureIn",
    "ErasureOut",
    "Ident",
    "Instant",
    "KeptOut",
    "ReplayIn",
    "ReplayOut",
    "count_decisions",
    "erase",
    "list_decisions",
    "read_decision",
    "router",
    "run_again",
]

router = APIRouter(prefix=API_PREFIX, tags=["decisions"], route_class=ApiRoute, responses=ERRORS)

OUTCOMES = Literal["served", "blocked", "routed", "fallback", "shadowed", "failed", "refused", "stopped"]
"""How a decision can end."""

Ident = Annotated[str, Path(pattern=ID_PATTERN)]
Instant = Annotated[str | None, Query(pattern=INSTANT_PATTERN)]


class DecisionOut(BaseModel):
    """A decision in a list. `subject` is a pseudonym."""

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


class DecisionDetail(BaseModel):
    """A decision: its record with guards, upstreams and timing, its proof, and its reviews."""

    record: Record
    proof: Proof
    reviews: list[Record]


class ReplayIn(Body):
    """Why a decision is run again: its contents are opened for it."""

    reason: Reason


class ReplayOut(BaseModel):
    """The same bytes, others, or why that cannot be said."""

    decision: str
    result: Literal["same", "differs", "not-replayable"]
    code: str | None
    why: Said | None


class ErasureIn(Body):
    """Whose contents: the identifier that the caller used, or the pseudonym that decisions show."""

    also: ClassVar[dict[str, Any]] = {
        "oneOf": [
            {"required": [one], "properties": {one: {"type": "string"}, other: {"type": "null"}}}
            for one, other in (("person", "subject"), ("subject", "person"))
        ]
    }

    person: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    subject: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    reason: Reason


class KeptOut(BaseModel):
    """Contents of a class that a law keeps, and until when."""

    retention: str
    contents: int
    law: Said | None
    cites: str | None
    until: str | None


class ErasureOut(BaseModel):
    """What was erased, what is kept, and what to tell the person."""

    subject: str
    contents: int
    keys: int
    kept: list[KeptOut]
    says: Said
    entry: int


@router.get("/decisions")
def list_decisions(
    at: Annotated[Desk, desk(Verb.SEE_DECISIONS)],
    request: Request,
    response: Response,
    use: Annotated[str | None, Query(pattern=USE_PATTERN)] = None,
    outcome: OUTCOMES | None = None,
    since: Instant = None,
    until: Instant = None,
    subject: Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$")] = None,
    limit: Limit = 50,
    after: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
) -> list[DecisionOut]:
    """Search decisions, newest first. A key that is narrowed sees those of its uses."""
    uses = at.listed(Verb.SEE_DECISIONS, use)
    wanted = DecisionFilter(uses=uses, outcome=outcome, since=since, until=until, subject=subject)
    lines = search_decisions(at.register, wanted, limit=limit, after=after)
    link_next(request, response, lines[-1].id if len(lines) == limit else None)
    return [DecisionOut(**_plain(line)) for line in lines]


@router.get("/decisions/counts")
def count_decisions(
    at: Annotated[Desk, desk(Verb.SEE_DECISIONS)],
    since: Annotated[str, Query(pattern=INSTANT_PATTERN)],
    use: Annotated[str | None, Query(pattern=USE_PATTERN)] = None,
) -> dict[str, int]:
    """Count decisions by outcome since an instant."""
    return counts(at.register, None, since, uses=at.listed(Verb.SEE_DECISIONS, use))


@router.get("/decisions/{decision}")
def read_decision(at: Annotated[Desk, desk(Verb.SEE_DECISIONS)], decision: Ident) -> DecisionDetail:
    """Return one decision with its proof."""
    found = get_decision(at.register, decision)
    at.may_use(Verb.SEE_DECISIONS, found.record.use)
    reviews = [_plain(state) for state in found.reviews]
    return DecisionDetail(record=_plain(found.record), proof=Proof(**_plain(found.proof)), reviews=reviews)


@router.post("/decisions/{decision}/replay")
def run_again(at: Annotated[Desk, desk(Verb.REPLAY)], decision: Ident, body: ReplayIn) -> ReplayOut:
    """Run a decision again and compare the output byte for byte; nothing is served by it."""
    at.may_use(Verb.REPLAY, get_decision(at.register, decision).record.use)
    runtime = at.services.runtime
    found = replay(runtime, at.identity.institution, decision, by=holder_of_desk(at), reason=body.reason)
    return ReplayOut(
        decision=found.decision,
        result=found.result,
        code=found.code,
        why=None if found.why is None else Said.of(found.why.en, found.why.zh),
    )


@router.post("/erasures", status_code=201)
def erase(at: Annotated[Desk, desk(Verb.ERASE_CONTENT)], body: ErasureIn) -> ErasureOut:
    """Erase what is kept about a person, save what a law keeps; the reply names law and day."""
    if (body.person is None) is (body.subject is None):
        raise FieldError("not exactly one person", where="body", expected="person, or subject")
    runtime, institution = at.services.runtime, at.identity.institution
    subject = body.subject or runtime.subjects.pseudonym(institution, body.person or "")
    contents = runtime.recorder(institution).contents
    return ErasureOut(**_plain(erase_person(at.register, contents, holder_of_desk(at), subject, body.reason)))


def _plain(record: object) -> Record:
    plain = to_plain(record)
    assert isinstance(plain, dict)
    return plain
