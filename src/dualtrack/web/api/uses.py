"""Uses with their standing, permits, assessments and evidence: what the register holds, to read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel

from dualtrack.domain.records import to_plain
from dualtrack.errors import NotFoundError
from dualtrack.runtime.live import Closed
from dualtrack.store.projections import Projections, among
from dualtrack.store.verdicts import current_permit, record_verdict
from dualtrack.web.api.access import Desk, desk
from dualtrack.web.api.idempotency import ApiRoute
from dualtrack.web.api.models import API_PREFIX, ERRORS, TEXT_PATTERN, Record, Said
from dualtrack.web.api.paging import Limit, link_next, page_of
from dualtrack.web.identity.permissions import Verb

__all__ = [
    "SLUG_PATTERN",
    "USE_PATTERN",
    "AssessmentOut",
    "EvidenceOut",
    "Index",
    "Institution",
    "PermitOut",
    "Standing",
    "UseOut",
    "UseSlug",
    "assess",
    "get_permit",
    "get_use",
    "list_assessments",
    "list_evidence",
    "list_uses",
    "router",
]

SLUG_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"
"""A name of an institution or a use."""

USE_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?/[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"
"""A use with its institution."""

router = APIRouter(prefix=API_PREFIX, tags=["uses"], route_class=ApiRoute, responses=ERRORS)

_INDEX_DIGITS = 20


class Standing(BaseModel):
    """What a use may do now, as the gate sees it. Closed: `code`, `reason` and `fix` say why and what to do."""

    open: bool
    mode: str | None = None
    permit: str | None = None
    release: str | None = None
    code: str | None = None
    reason: str | None = None
    fix: str | None = None


class UseOut(BaseModel):
    """A declared use."""

    use: str
    title: Said
    area: str
    sector: str
    executive: str
    demo: bool
    standing: Standing


class PermitOut(BaseModel):
    """The newest permit of a use, its record, and how it stands now."""

    use: str
    entry: int
    status: Literal["in_force", "expired", "lapsed"]
    reason: str
    permit: Record


class AssessmentOut(BaseModel):
    """A recorded verdict; `use` is None for one of the institution itself."""

    entry: int
    use: str | None
    release: str | None
    at: str
    verdict: str
    mode: str | None
    tier: str
    digest: str


class EvidenceOut(BaseModel):
    """A piece of evidence, in short; its statement is the entry of the ledger."""

    entry: int
    about: str
    subject_digest: str
    kind: str
    topic: str
    taken_at: str
    claim: str | None
    demo: bool


Institution = Annotated[str, Path(pattern=SLUG_PATTERN)]
UseSlug = Annotated[str, Path(pattern=SLUG_PATTERN)]
Index = Annotated[str | None, Query(pattern=r"^[0-9]{1,20}$", description="The entry to go on below.")]


@router.get("/uses")
def list_uses(
    at: Annotated[Desk, desk(Verb.SEE_PORTFOLIO)],
    request: Request,
    response: Response,
    limit: Limit = 100,
    after: Annotated[str | None, Query(pattern=USE_PATTERN)] = None,
) -> list[UseOut]:
    """List the declared uses with their standing."""
    rows = Projections(at.register.repository).rows("use", **among("id", at.listed(Verb.SEE_PORTFOLIO)))
    page, more = page_of(rows, lambda row: str(row["id"]), after=after, limit=limit, upwards=True)
    link_next(request, response, more)
    return [_use(at, row) for row in page]


@router.get("/uses/{institution}/{use}")
def get_use(at: Annotated[Desk, desk(Verb.SEE_USE)], institution: Institution, use: UseSlug) -> UseOut:
    """Return one use with its standing."""
    name = at.may_use(Verb.SEE_USE, f"{institution}/{use}")
    return _use(at, _declared(at, name))


@router.get("/uses/{institution}/{use}/permit")
def get_permit(at: Annotated[Desk, desk(Verb.SEE_USE)], institution: Institution, use: UseSlug) -> PermitOut:
    """Return the newest permit of a use, judged now."""
    name = at.may_use(Verb.SEE_USE, f"{institution}/{use}")
    _declared(at, name)
    found = current_permit(at.register, name)
    if found is None:
        raise NotFoundError("this use has no permit", where=name, fix="assess it")
    status: Any = found.status
    return PermitOut(use=name, entry=found.index, status=status, reason=found.reason, permit=_plain(found.permit))


@router.post("/uses/{institution}/{use}/assessments", status_code=201)
def assess(at: Annotated[Desk, desk(Verb.ASSESS)], institution: Institution, use: UseSlug) -> AssessmentOut:
    """Assess the newest release of a use now, and record the verdict."""
    name = at.may_use(Verb.ASSESS, f"{institution}/{use}")
    _declared(at, name)
    record_verdict(at.register, name)
    rows = Projections(at.register.repository).rows("assessment", use_id=name)
    return _assessment(rows[-1])


@router.get("/assessments")
def list_assessments(
    at: Annotated[Desk, desk(Verb.SEE_PORTFOLIO)],
    request: Request,
    response: Response,
    use: Annotated[str | None, Query(pattern=USE_PATTERN)] = None,
    limit: Limit = 100,
    after: Index = None,
) -> list[AssessmentOut]:
    """List recorded verdicts, newest first."""
    narrowed = among("use_id", at.listed(Verb.SEE_USE, use))
    rows = Projections(at.register.repository).rows("assessment", **narrowed)
    page, more = page_of(rows[::-1], _by_entry, after=_below(after), limit=limit)
    link_next(request, response, more and str(int(more)))
    return [_assessment(row) for row in page]


@router.get("/evidence")
def list_evidence(
    at: Annotated[Desk, desk(Verb.SEE_USE)],
    request: Request,
    response: Response,
    use: Annotated[str | None, Query(pattern=USE_PATTERN)] = None,
    topic: Annotated[str | None, Query(max_length=100, pattern=TEXT_PATTERN)] = None,
    limit: Limit = 100,
    after: Index = None,
) -> list[EvidenceOut]:
    """List evidence, newest first."""
    narrowed = among("about", at.listed(Verb.SEE_USE, use))
    rows = Projections(at.register.repository).rows("evidence", **narrowed)
    rows = [row for row in rows if topic is None or row["topic"] == topic]
    page, more = page_of(rows[::-1], _by_entry, after=_below(after), limit=limit)
    link_next(request, response, more and str(int(more)))
    return [EvidenceOut(entry=row["idx"], **{name: row[name] for name in _EVIDENCE}) for row in page]


_EVIDENCE = ("about", "subject_digest", "kind", "topic", "taken_at", "claim", "demo")


def _by_entry(row: dict[str, Any]) -> str:
    return f"{row['idx']:0{_INDEX_DIGITS}d}"


def _below(after: str | None) -> str | None:
    return None if after is None else after.zfill(_INDEX_DIGITS)


def _declared(at: Desk, use: str) -> dict[str, Any]:
    rows = Projections(at.register.repository).rows("use", id=use)
    if not rows:
        raise NotFoundError("this use is not declared", where=at.identity.institution, fix="list the uses")
    return rows[0]


def _use(at: Desk, row: dict[str, Any]) -> UseOut:
    return UseOut(
        use=row["id"],
        title=Said.of(row["title_en"], row["title_zh"]),
        area=row["area"],
        sector=row["sector"],
        executive=row["executive"],
        demo=bool(row["demo"]),
        standing=_standing(at, row["id"]),
    )


def _standing(at: Desk, use: str) -> Standing:
    found = at.services.runtime.snapshots.current.uses.get(use)
    if found is None:
        return Standing(open=False, code="permit.unknown-use", reason="not read yet", fix="try again in a second")
    if isinstance(found, Closed):
        return Standing(open=False, code=found.code, reason=found.reason, fix=found.fix)
    now_s = at.services.runtime.clock().timestamp()
    if not found.from_s <= now_s < found.until_s:
        return Standing(open=False, code="permit.expired", reason="its time is over", fix="assess it anew")
    return Standing(open=True, mode=found.mode, permit=found.permit, release=found.release)


def _assessment(row: dict[str, Any]) -> AssessmentOut:
    same = ("release", "at", "verdict", "mode", "tier", "digest")
    return AssessmentOut(entry=row["idx"], use=row["use_id"], **{name: row[name] for name in same})


def _plain(record: object) -> Record:
    plain = to_plain(record)
    assert isinstance(plain, dict)
    return plain
