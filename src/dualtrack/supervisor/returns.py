"""Returns of a firm to its supervisor: figures with the query, the verdicts and the evidence they were computed from.

The supervisor does not believe a figure: it computes it again from the bundles it received, and says equal, differs, or
cannot be recomputed from what was received.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.bounds import CLOCK_SKEW_S
from dualtrack.domain.records import Record, read_record
from dualtrack.domain.time import parse_instant
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import DualtrackError, FieldError, SignatureError
from dualtrack.keys import dsse
from dualtrack.keys.b64 import b64_decode
from dualtrack.permit.admission import walk
from dualtrack.supervisor.account import latest
from dualtrack.supervisor.queries import QUERIES, Figure, Terms, ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.supervisor.account import Account
    from dualtrack.supervisor.notice import OpenedNotice

__all__ = [
    "RETURN_KIND",
    "RETURN_PAYLOAD",
    "CheckedPoint",
    "CheckedReturn",
    "Point",
    "Return",
    "answer_notice",
    "check_return",
    "notice_named_in",
]

RETURN_KIND = "return/1"
RETURN_PAYLOAD = "application/vnd.dualtrack.return.v1+json"

_POINTS_MAX = 50
"""Data points of one return, as many as a notice asks."""

_ASSESSMENTS_MAX = 10_000
"""Verdicts that one figure may rest on: all uses of the largest firm."""

_FORMAT = "dualtrack.return/1"

_Finding = Literal["equal", "differs", "cannot"]


class Point(Record, frozen=True):
    """One figure: what was asked, its value, the number of verdicts it is of, and the digests it rests on."""

    id: str
    query: str
    value: Any
    n: int
    assessments: list[str]
    evidence: list[str]


class Return(Record, frozen=True):
    """A firm's answer to one notice, named by the digest of its envelope."""

    format: str
    notice: str
    supervisor: str
    institution: str
    at: str
    points: list[Point]
    demo: bool


class CheckedPoint(Record, frozen=True):
    """A figure of a return beside the figure computed again; `why` says what differs or is lacking."""

    id: str
    query: str
    finding: _Finding
    stated: Any
    computed: Any
    n: int | None
    why: str


class CheckedReturn(NamedTuple):
    """A return whose signature holds, each of its figures computed again; `unanswered` are ids asked and not answered."""

    answer: Return
    digest: str
    signed_by: list[str]
    authentic: bool
    points: list[CheckedPoint]
    unanswered: list[str]


def answer_notice(
    opened: OpenedNotice, institution: str, accounts: Sequence[Account], at: str, *, demo: bool
) -> Return:
    """Compute what a notice asks from a firm's newest recorded verdicts.

    Raises FieldError where nothing is asked, or a use was never assessed so that there is nothing to compute from.
    """
    notice = opened.notice
    if not notice.asks:
        raise FieldError("it asks for no data point", where=f"notice {notice.id}", fix="there is nothing to answer")
    newest = latest(accounts)
    if not newest:
        raise FieldError("no verdict is recorded", where=institution, fix="`dualtrack assess --all` first")
    terms = Terms(at, opened.pack, notice.effective_from)
    points = []
    for item in notice.asks:
        figure = ask(item.query, newest, terms)
        points.append(
            Point(
                id=item.id,
                query=item.query,
                value=figure.value,
                n=figure.n,
                assessments=[account.digest for account in newest],
                evidence=figure.evidence,
            )
        )
    return Return(
        format=_FORMAT,
        notice=opened.digest,
        supervisor=notice.supervisor,
        institution=institution,
        at=at,
        points=points,
        demo=demo,
    )


def notice_named_in(data: bytes) -> str:
    """Return the digest of the notice that a return says it answers; nothing is verified yet."""
    return _read(data).notice


def check_return(
    data: bytes, opened: OpenedNotice, accounts: Sequence[Account], authentic: frozenset[str], now: str
) -> CheckedReturn:
    """Check a return against the accounts received of its institution.

    `authentic` holds the digests of verdicts whose bundle was verified under anchors. Raises SignatureError when no
    compliance key of the institution signed it, FieldError when it is not a return to this notice.
    """
    answer = _read(data)
    _check_form(answer, opened, now)
    mine = [account for account in accounts if account.institution == answer.institution]
    signed_by = _signers(data, mine)
    # What the firm recorded after it answered is no fault of the answer.
    received = {account.digest: account for account in mine}
    until = [account for account in mine if account.assessment.at <= answer.at]
    terms = Terms(answer.at, opened.pack, opened.notice.effective_from)
    asked = {item.id: item.query for item in opened.notice.asks}
    points = [_check_point(point, asked, received, latest(until), terms) for point in answer.points]
    return CheckedReturn(
        answer=answer,
        digest=canonical.digest(data),
        signed_by=signed_by,
        authentic={account.digest for account in latest(mine)} <= authentic,
        points=points,
        unanswered=sorted(set(asked) - {point.id for point in answer.points}),
    )


def _read(data: bytes) -> Return:
    envelope = dsse.parse(data)
    if envelope.payload_type != RETURN_PAYLOAD:
        raise FieldError(f"payload type {envelope.payload_type!r}", where="return", expected=RETURN_PAYLOAD)
    return read_record(canonical.decode(envelope.payload, where="return"), Return, where="return")


def _check_form(answer: Return, opened: OpenedNotice, now: str) -> None:
    where = f"return of {answer.institution[:64]}"
    if answer.format != _FORMAT:
        raise FieldError(f"format {answer.format[:60]!r}", where=where, expected=_FORMAT)
    if answer.notice != opened.digest or answer.supervisor != opened.notice.supervisor:
        raise FieldError("it answers another notice", where=where, expected=f"notice {opened.notice.id}")
    ahead_s = (parse_instant(answer.at, where=where) - parse_instant(now)).total_seconds()
    if ahead_s > CLOCK_SKEW_S:
        raise FieldError(f"dated {answer.at}", where=where, expected=f"at most {CLOCK_SKEW_S} s ahead of {now}")
    ids = [point.id for point in answer.points]
    if len(ids) > _POINTS_MAX or len(set(ids)) != len(ids):
        raise FieldError(
            "a data point twice, or too many", where=where, expected=f"at most {_POINTS_MAX}, each id once"
        )
    if any(len(point.assessments) > _ASSESSMENTS_MAX for point in answer.points):
        raise FieldError("too many verdicts in a point", where=where, expected=f"at most {_ASSESSMENTS_MAX}")


def _signers(data: bytes, accounts: Sequence[Account]) -> list[str]:
    """Return the holders who signed, by the keys in force in the newest account received."""
    if not accounts:
        raise SignatureError(
            "no verdict of this institution was recomputed, so its keys are not known",
            where="return",
            fix="give its bundles together with the return",
            code="signature.return",
        )
    newest = max(accounts, key=lambda account: account.at_index)
    found = walk(newest.entries, institution=newest.institution, use=newest.use, release=None, at=newest.assessment.at)
    grants = {grant.keyid: grant for grant in found.keys.grants()}
    envelope = dsse.parse(data)
    if any(signature.keyid not in grants for signature in envelope.signatures):
        raise SignatureError(
            "signed with a key that the institution has not in force", where="return", code="signature.return"
        )
    envelope.verify({keyid: b64_decode(grant.public_key) or b"" for keyid, grant in grants.items()})
    signers = [grants[signature.keyid] for signature in envelope.signatures]
    if not any(Role.COMPLIANCE in grant.roles for grant in signers):
        raise SignatureError(
            "not signed by compliance", where="return", expected="a key with role compliance", code="signature.return"
        )
    return sorted({grant.holder for grant in signers})


def _check_point(
    point: Point, asked: dict[str, str], received: dict[str, Account], newest: Sequence[Account], terms: Terms
) -> CheckedPoint:
    def found(finding: _Finding, why: str, figure: Figure | None = None) -> CheckedPoint:
        return CheckedPoint(
            id=point.id,
            query=point.query,
            finding=finding,
            stated=point.value,
            computed=figure.value if figure else None,
            n=figure.n if figure else None,
            why=why,
        )

    if asked.get(point.id) != point.query or point.query not in QUERIES:
        return found("cannot", "this data point was not asked for in the notice")
    lacking = [digest for digest in point.assessments if digest not in received]
    if lacking:
        return found("cannot", f"{len(lacking)} of the {len(point.assessments)} verdicts named were not received")
    try:
        figure = ask(point.query, latest(received[digest] for digest in point.assessments), terms)
    except DualtrackError as error:
        return found("cannot", error.found)
    left_out = [account.subject for account in newest if account.digest not in point.assessments]
    if left_out:
        return found("differs", f"it leaves out verdicts that were received: {', '.join(left_out[:5])}", figure)
    same = canonical.encode(point.value) == canonical.encode(figure.value) and point.n == figure.n
    if not same or point.evidence != figure.evidence:
        return found("differs", "computed again from the same verdicts, the figure is another", figure)
    return found("equal", "", figure)
