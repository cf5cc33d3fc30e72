"""The ledger: its heads, who co-signed them, a verification on demand, its entries, and the proof of each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dualtrack.domain.records import encode
from dualtrack.domain.time import format_instant
from dualtrack.runtime.proofs import prove_entry
from dualtrack.web.identity.permissions import Verb, require
from dualtrack.web.pages.asked import number_of, say_of, use_address
from dualtrack.web.pages.base import Download, Page, Redirect, View
from dualtrack.web.parts import Choice, Column, Crumb, Fact
from dualtrack.web.views.acting import can, person
from dualtrack.web.views.ledger import (
    ENTRIES_SHOWN,
    entry_rows,
    entry_view,
    head_rows,
    kind_counts,
    kind_name,
    witness_rows,
)

if TYPE_CHECKING:
    from dualtrack.store.findings import Report
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.wording import Say

__all__ = ["FINDINGS_SHOWN", "PAGES"]

FINDINGS_SHOWN = 50
"""Findings of a verification listed on the page; the command line lists every one."""

_KIND_CHARACTERS_MAX = 60
"""Longest kind that is filtered by; the kinds of entries are shorter."""


def _show(request: PageRequest) -> View:
    say, register = say_of(request), request.register
    verification = request.runtime.verifications.of(register.institution)
    report = verification.report if verification else None
    kinds = kind_counts(register)
    asked = request.query.get("kind", "")[:_KIND_CHARACTERS_MAX]
    kind = asked if asked in dict(kinds) else ""
    before = request.query.get("before")
    rows = entry_rows(register, kind=kind, before=number_of(before, where="before") if before else None, say=say)
    shown = rows[:ENTRIES_SHOWN]
    store, institution = request.runtime.store, register.institution
    key = store.log_key(institution)
    more = {"kind": kind, "before": str(shown[-1].number)} if len(rows) > ENTRIES_SHOWN else None
    context = {
        "verification": verification,
        "begun": say.moment(_instant(verification.begun_s)) if verification else "",
        "reported": say.moment(_instant(verification.reported_s)) if verification and verification.reported_s else "",
        "report": report,
        "said": _said(report, say) if report else None,
        "findings": [(item.table, item.row, item.column, item.problem) for item in report.findings[:FINDINGS_SHOWN]]
        if report
        else [],
        "origin": register.repository.ledger,
        "key": key.format() if key else None,
        "size": register.repository.size(),
        "heads": head_rows(register, key),
        "witnesses": witness_rows(register, store.witness_keys(institution), say),
        "kinds": kinds,
        "kind_name": lambda name: kind_name(name, say),
        "rows": shown,
        "choices": [
            Choice("", say("All", "全部"), not kind),
            *(Choice(name, kind_name(name, say), name == kind) for name, _ in kinds),
        ],
        "more": "/ledger?" + urlencode({name: value for name, value in more.items() if value}) if more else None,
        "first": "/ledger?" + urlencode({"kind": kind}) if before else None,
        "columns": _columns(say),
        "may_verify": can(request, Verb.VERIFY_LEDGER),
        "may_open": can(request, Verb.SEE_USE),
    }
    return View("ledger.html.j2", context, say("Ledger", "日誌"))


def _columns(say: Say) -> dict[str, tuple[Column, ...]]:
    size = Column(say("Entries", "項目數"), numeric=True)
    return {
        "heads": (Column(size.label), Column(say("Root hash", "根雜湊值")), Column(say("Co-signed by", "聯署"))),
        "witnesses": (
            Column(say("Witness", "見證人")), size, Column(say("Co-signed at", "聯署時間")), Column(say("Entries since", "其後項目"), numeric=True),
        ),
        "kinds": (Column(say("Kind", "種類")), size),
        "rows": (
            Column(say("Entry", "項目")), Column(say("Kind", "種類")), Column(say("About", "關於")), Column(say("Recorded", "記錄時間"), numeric=True),
        ),
        "findings": (Column(say("Table", "資料表")), Column(say("Row", "列")), Column(say("Column", "欄")), Column(say("Problem", "問題"))),
        "signers": (Column(say("Holder", "持有人")), Column(say("Key", "密鑰"))),
    }  # fmt: skip


def _verify(request: PageRequest) -> Redirect:
    """Begin to verify this institution's ledger, every byte of it; the page says how far it is and what was found."""
    request.runtime.verifications.begin(request.register.institution)
    return Redirect("/ledger")


def _instant(seconds: int) -> str:
    return format_instant(datetime.fromtimestamp(seconds, UTC))


def _said(report: Report, say: Say) -> list[Fact]:
    return [
        Fact(say("Entries read", "已讀項目"), f"{report.size:,}"),
        Fact(say("Heads checked", "已核日誌頭"), f"{report.heads:,}"),
        Fact(say("Cosignatures checked", "已核聯署"), f"{report.cosignatures:,}"),
        Fact(say("Of unknown witnesses", "不認識的見證人"), f"{report.cosignatures_unchecked:,}"),
        Fact(say("Contents erased", "已刪除內容"), f"{len(report.erased):,}"),
        Fact(say("Findings", "發現問題"), f"{len(report.findings):,}"),
        Fact(say("Root hash of the leaves", "各葉的根雜湊值"), report.root, code=True),
    ]


def _entry(request: PageRequest) -> View:
    say = say_of(request)
    view = entry_view(request.register, number_of(request.path["idx"], where="address"))
    _reach(request, view.about)
    title = say(f"Entry {view.number:,}", f"第{view.number:,}項")
    facts = [
        Fact(say("Kind", "種類"), view.kind, code=True),
        Fact(say("About", "關於"), view.about, code=True),
        Fact(say("Recorded", "記錄時間"), say.moment(view.recorded_at)),
        Fact(say("Commitment to the content", "內容承諾值"), view.commitment, code=True),
        Fact(say("Leaf hash", "葉雜湊值"), view.leaf_hash, code=True),
    ]
    context = {
        "view": view,
        "kind": kind_name(view.kind, say),
        "facts": facts,
        "erased": (say.moment(view.erased[0]), view.erased[1]) if view.erased else None,
        "page_of": _page_of(view.kind, view.number, view.about),
        "columns": _columns(say),
        "command": f"dualtrack ledger proof {view.number} --institution {request.register.institution}",
        "before": f"/ledger/{view.number - 1}" if view.number else None,
        "after": f"/ledger/{view.number + 1}" if view.number + 1 < request.register.repository.size() else None,
        "trail": (Crumb(say("Ledger", "日誌"), "/ledger"), Crumb(title)),
    }
    return View("entry.html.j2", context, title)


def _page_of(kind: str, index: int, about: str) -> str | None:
    """Return the page that shows an entry of this kind in words, if there is one."""
    if kind in {"evidence/1", "assessment/1"}:
        return f"/{kind.partition('/')[0].replace('assessment', 'assessments')}/{index}"
    return use_address(about) if kind in {"permit/1", "declaration/1", "release/1", "runtime-policy/1"} else None


def _proof(request: PageRequest) -> Download:
    register = request.register
    entry = register.repository.entry(number_of(request.path["idx"], where="address"))
    _reach(request, entry.parsed.id)
    return Download(
        encode(prove_entry(register.repository, entry)),
        "application/json",
        f"{register.institution}-{entry.index}-proof.json",
    )


def _reach(request: PageRequest, about: str) -> None:
    """Refuse an entry about a use that an identity narrowed to other uses does not reach."""
    identity = person(request)
    use = about if "/" in about else None
    require(identity, Verb.SEE_USE, institution=identity.institution, use=use, listed=use is None)


PAGES: tuple[Page, ...] = (
    Page("/ledger", "GET", Verb.VERIFY_LEDGER, _show),
    Page("/ledger/verify", "POST", Verb.VERIFY_LEDGER, _verify),
    Page("/ledger/{idx}", "GET", Verb.SEE_USE, _entry),
    Page("/ledger/{idx}/proof", "GET", Verb.SEE_USE, _proof),
)
