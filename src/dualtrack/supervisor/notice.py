"""Notices of a supervisor to firms: a rule pack before it takes effect, or figures asked for, signed in a DSSE envelope.

Whatever a notice says is foreign text: its pack goes through the pack loader, its queries are names of a closed table,
its titles are shown without control characters. Nothing in it is ever run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec

from dualtrack.domain import canonical
from dualtrack.domain.ids import check_slug
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.domain.time import parse_date
from dualtrack.errors import FieldError, SignatureError
from dualtrack.keys import dsse
from dualtrack.keys.b64 import b64_decode, b64_encode
from dualtrack.keys.ed25519 import key_id
from dualtrack.rules.catalogue import check_text
from dualtrack.rules.pack import load_pack
from dualtrack.supervisor.queries import QUERIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.keys.vkey import VerifierKey
    from dualtrack.rules.pack import Pack

__all__ = [
    "NOTICE_KIND",
    "NOTICE_PAYLOAD",
    "Asked",
    "Notice",
    "OpenedNotice",
    "make_notice",
    "notice_key_name",
    "open_notice",
    "read_notice",
]

NOTICE_KIND = "notice/1"
NOTICE_PAYLOAD = "application/vnd.dualtrack.notice.v1+json"

_ASKED_MAX = 50
"""Data points one notice asks for: a return is read by a person."""

_FORMAT = "dualtrack.notice/1"
_Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]


class Asked(Record, frozen=True):
    """A data point asked for: its id, unique in the notice, and the name of a query of the closed table."""

    id: _Slug
    query: str


class Notice(Record, frozen=True):
    """What a supervisor tells firms. `pack` is the compiled pack in base64; dates are Hong Kong dates."""

    format: str
    id: _Slug
    supervisor: _Slug
    kind: Literal["pack", "request"]
    title: Text
    pack: str | None
    effective_from: str | None
    asks: list[Asked]
    answer_by: str | None
    issued_at: str
    demo: bool


class OpenedNotice(NamedTuple):
    """A notice whose signature holds, with the digest of its envelope and its pack, loaded."""

    notice: Notice
    digest: str
    pack: Pack | None


def notice_key_name(supervisor: str) -> str:
    """Return the name under which a firm enters a supervisor's key for notices."""
    return f"dualtrack.local/{supervisor}/notices"


def make_notice(
    supervisor: str,
    title: Text,
    *,
    notice_id: str,
    pack: bytes | None,
    asks: Sequence[Asked],
    answer_by: str | None,
    issued_at: str,
    demo: bool,
) -> Notice:
    """Return a notice, checked as a firm will check it: of kind pack with the pack's own date, or a request."""
    loaded = load_pack(pack) if pack is not None else None
    notice = Notice(
        format=_FORMAT,
        id=notice_id,
        supervisor=supervisor,
        kind="pack" if loaded else "request",
        title=title,
        pack=b64_encode(pack) if pack is not None else None,
        effective_from=loaded.data.effective_from if loaded else None,
        asks=list(asks),
        answer_by=answer_by,
        issued_at=issued_at,
        demo=demo,
    )
    _check(notice)
    return notice


def open_notice(data: bytes, key: VerifierKey, *, demo_allowed: bool, where: str = "notice") -> OpenedNotice:
    """Read a notice that this supervisor's key signed.

    Raises SignatureError for another signer, another supervisor's name or a demo notice in a real workspace; DocumentError,
    FieldError or PackError for what is not a notice.
    """
    envelope = dsse.parse(data)
    try:
        envelope.verify({key_id(key.public_key): key.public_key})
    except SignatureError as error:
        raise SignatureError(
            "not signed by the supervisor's key that you entered",
            where=where,
            expected=f"a signature under {key.name}",
            fix="ask the supervisor for its key by another way, then `dualtrack notice trust KEY`",
            code="signature.notice",
        ) from error
    opened = read_notice(data, where=where)
    notice = opened.notice
    if notice_key_name(notice.supervisor) != key.name:
        raise SignatureError(
            f"it speaks for {notice.supervisor}", where=where, expected=key.name, code="signature.notice"
        )
    if notice.demo and not demo_allowed:
        raise SignatureError(
            "a demo notice in a real workspace", where=where, fix="use it in a demo workspace", code="signature.demo"
        )
    return opened


def read_notice(data: bytes, *, where: str = "notice") -> OpenedNotice:
    """Read a notice whose signature is not in question: one from the supervisor's own ledger."""
    envelope = dsse.parse(data)
    if envelope.payload_type != NOTICE_PAYLOAD:
        raise FieldError(f"payload type {envelope.payload_type!r}", where=where, expected=NOTICE_PAYLOAD)
    notice = read_record(canonical.decode(envelope.payload, where=where), Notice, where=where)
    return OpenedNotice(notice, canonical.digest(data), _check(notice))


def _check(notice: Notice) -> Pack | None:
    """Check what types cannot say; return the pack."""
    where = f"notice {notice.id}"
    check_slug(notice.supervisor, where=where)
    check_text(notice.title, where=f"{where}, title")
    if notice.format != _FORMAT:
        raise FieldError(f"format {notice.format[:60]!r}", where=where, expected=_FORMAT)
    if len(notice.asks) > _ASKED_MAX or len({item.id for item in notice.asks}) != len(notice.asks):
        raise FieldError("a data point twice, or too many", where=where, expected=f"at most {_ASKED_MAX}, each id once")
    for item in notice.asks:
        if item.query not in QUERIES:
            raise FieldError(f"query {item.query[:80]!r}", where=where, expected=", ".join(QUERIES))
    if notice.answer_by is not None:
        parse_date(notice.answer_by, where=f"{where}, answer_by")
    if (notice.kind == "pack") != (notice.pack is not None) or (notice.kind == "request" and not notice.asks):
        raise FieldError(f"a {notice.kind} without its content", where=where, expected="a pack, or data points asked")
    if notice.pack is None:
        return None
    compiled = b64_decode(notice.pack)
    if compiled is None:
        raise FieldError("pack is not base64", where=where)
    pack = load_pack(compiled)
    if pack.data.effective_from != notice.effective_from:
        raise FieldError(
            f"effective_from {notice.effective_from}",
            where=where,
            expected=f"the pack's own, {pack.data.effective_from}",
        )
    return pack
