"""A supervisor's notices as issued and the returns that come back: both recorded in the supervisor's own ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.time import hong_kong_date, parse_date, parse_instant
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import FieldError, NotFoundError, SignatureError
from dualtrack.keys.vkey import VerifierKey
from dualtrack.supervisor.account import latest
from dualtrack.supervisor.desk import RECEIVED_FORMAT, Received, keep_document, record_received
from dualtrack.supervisor.dry_run import impacts
from dualtrack.supervisor.notice import NOTICE_KIND, Asked, make_notice, notice_key_name, read_notice
from dualtrack.supervisor.recompute import recompute
from dualtrack.supervisor.returns import check_return, notice_named_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.domain.records import Text
    from dualtrack.keys.signer import Signer
    from dualtrack.store.register import Register
    from dualtrack.supervisor.dry_run import Impact
    from dualtrack.supervisor.notice import OpenedNotice
    from dualtrack.supervisor.recompute import Recomputed
    from dualtrack.supervisor.returns import CheckedReturn

__all__ = [
    "DEFAULT_ASKS",
    "check_returned",
    "issue_notice",
    "issued_notice",
    "notice_key",
    "preview",
    "record_return",
]

DEFAULT_ASKS = (
    Asked(id="verdicts", query="uses_by_verdict"),
    Asked(id="areas", query="uses_by_area"),
    Asked(id="due-soon", query="open_conditions_due_30d"),
    Asked(id="benefits", query="benefit_intervals"),
    Asked(id="affected", query="uses_affected_by_pack"),
)
"""Data points asked with a pack when none are named."""


def notice_key(supervisor: str, signer: Signer) -> VerifierKey:
    """Return the key that firms enter to check this supervisor's notices."""
    return VerifierKey.of(notice_key_name(supervisor), signer.public_key)


def issue_notice(
    register: Register,
    signer: Signer,
    title: Text,
    *,
    pack: bytes | None,
    asks: Sequence[Asked] | None = None,
    answer_by: str | None = None,
    notice_id: str | None = None,
) -> tuple[bytes, OpenedNotice]:
    """Make, sign and record a notice; returns the bytes to send.

    Raises SignatureError for a signer without the role, FieldError for what is no notice, such as one to answer in the past.
    """
    if Role.SUPERVISOR not in register.roles_of(signer):
        raise SignatureError(
            f"{signer.name!r} has no key in force with role supervisor",
            where=register.institution,
            fix="sign with --as supervisor, or `dualtrack key new HOLDER --role supervisor`",
            code="signature.wrong-role",
        )
    issued_at = register.now()
    today = hong_kong_date(parse_instant(issued_at))
    if answer_by is not None and parse_date(answer_by, where="answer_by") < today:
        raise FieldError(f"{answer_by} is past", where="answer_by", expected=f"{today} in Hong Kong, or a later date")
    issued = sum(1 for _ in register.repository.every(kinds=(NOTICE_KIND,)))
    notice = make_notice(
        register.institution,
        title,
        notice_id=notice_id or f"notice-{issued + 1}",
        pack=pack,
        asks=asks if asks is not None else DEFAULT_ASKS if pack is not None else (),
        answer_by=answer_by,
        issued_at=issued_at,
        demo=register.store.workspace.demo,
    )
    receipt = register.append_record(NOTICE_KIND, register.institution, notice, [signer])
    data = register.repository.entry(receipt.index).content
    return data, read_notice(data)


def preview(opened: OpenedNotice, bundles: Sequence[tuple[str, bytes]], *, demo_allowed: bool) -> list[Impact]:
    """Return what a notice's pack would do to the uses of the bundles given as (name, bytes); nothing is recorded."""
    if opened.pack is None or opened.notice.effective_from is None:
        return []
    items = [recompute(name, data, None, demo_allowed=demo_allowed) for name, data in bundles]
    accounts = latest(item.account for item in items if item.account)
    return impacts(accounts, opened.pack, opened.notice.effective_from)


def issued_notice(register: Register, digest: str) -> OpenedNotice:
    """Return the notice that this supervisor issued under a digest; raises NotFoundError."""
    for entry in register.repository.every(kinds=(NOTICE_KIND,)):
        if isinstance(entry, Entry) and canonical.digest(entry.content) == digest:
            return read_notice(entry.content)
    raise NotFoundError(
        f"no notice {digest[:16]}… was issued here",
        where="return",
        expected="an answer to a notice of this supervisor",
        code="not-found.notice",
    )


def check_returned(register: Register, data: bytes, items: Sequence[Recomputed]) -> CheckedReturn:
    """Check a return against the notices issued here and what was received; nothing is kept.

    Raises NotFoundError for a notice of somebody else, SignatureError for a demo return in a real workspace, and what
    `check_return` raises.
    """
    opened = issued_notice(register, notice_named_in(data))
    accounts = [item.account for item in items if item.account]
    authentic = frozenset(item.account.digest for item in items if item.account and item.result == "verified")
    checked = check_return(data, opened, accounts, authentic, register.now())
    if checked.answer.demo and not register.store.workspace.demo:
        raise SignatureError("a demo return in a real workspace", where="return", code="signature.demo")
    return checked


def record_return(register: Register, data: bytes, checked: CheckedReturn) -> None:
    """Keep a checked return and record it."""
    answer = checked.answer
    keep_document(register.store.workspace, answer.institution, data, ".return.json")
    received = Received(
        format=RECEIVED_FORMAT,
        what="return",
        digest=checked.digest,
        institution=answer.institution,
        use=None,
        assessment=None,
        verdict=None,
        head_size=None,
        result="verified" if checked.authentic else "consistent",
        reason=", ".join(f"{point.id}: {point.finding}" for point in checked.points),
        demo=answer.demo,
    )
    record_received(register, [received])
