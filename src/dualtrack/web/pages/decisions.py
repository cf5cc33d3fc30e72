"""Decisions: search them, look at one, see its content for a reason that is logged, and run it again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args
from urllib.parse import urlencode

from dualtrack.domain.decision import Outcome
from dualtrack.domain.oversight import Access
from dualtrack.domain.records import Text, encode
from dualtrack.domain.time import format_instant, hong_kong_midnight
from dualtrack.errors import DualtrackError, FieldError, ForbiddenError, NotFoundError
from dualtrack.runtime.decisions import DecisionFilter, counts, get_decision, search_decisions
from dualtrack.runtime.holders import check_reason
from dualtrack.runtime.replaying import replay
from dualtrack.store.projections import Projections, among
from dualtrack.web.identity.permissions import Verb, require, visible_uses
from dualtrack.web.pages.asked import say_of, use_address
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.pages.links import link_form
from dualtrack.web.parts import Badge, Choice, Column, Crumb, Stat, mode_badge
from dualtrack.web.views.acting import Refusal, can, holder_of_person, person, refusal
from dualtrack.web.views.decisions import day_bound, decision_page, opened_contents, outcome_of
from dualtrack.web.views.fallback import agreement_stat
from dualtrack.web.views.use_facts import DECISION_WORDS

if TYPE_CHECKING:
    from dualtrack.runtime.decisions import DecisionLine, DecisionView
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.decisions import Opened
    from dualtrack.web.views.wording import Say

__all__ = ["PAGES", "PAGE_DECISIONS"]

PAGE_DECISIONS = 50
"""Decisions on one page; the next page begins after the last id of this one."""

_SUBJECT = re.compile("[0-9a-f]{64}")
_AFTER_CHARACTERS_MAX = 26
"""Longest place to go on from: an id."""


class _Wanted(NamedTuple):
    """Filters as they stand in the address; days are those of Hong Kong."""

    use: str
    outcome: str
    since: str
    until: str
    subject: str
    after: str
    drills: str = ""

    def query(self, **changed: str) -> str:
        """Return the query of the list with these filters."""
        items = {**self._asdict(), **changed}
        return "/decisions?" + urlencode({name: value for name, value in items.items() if value})


class _Result(NamedTuple):
    """What a step on a decision gave: contents that were opened, or the words of a replay."""

    contents: list[Opened] = []
    replayed: tuple[Badge, str] | None = None
    refused: Refusal | None = None


def _list(request: PageRequest, refused: Refusal | None = None) -> View:
    say = say_of(request)
    uses = _uses(request, say)
    wanted = _wanted(request, [use for use, _ in uses])
    lines: list[DecisionLine] = []
    try:
        found = _filter(request, wanted)
        lines = search_decisions(request.register, found, limit=PAGE_DECISIONS + 1, after=wanted.after or None)
    except FieldError as error:
        refused = refusal(error, say.language)
    titles = dict(uses)
    shown = lines[:PAGE_DECISIONS]
    more = wanted.query(after=shown[-1].id) if len(lines) > PAGE_DECISIONS else None
    context = {
        "refused": refused,
        "wanted": wanted,
        "uses": [Choice("", say("All", "全部"), not wanted.use), *(Choice(use, title, use == wanted.use) for use, title in uses)],
        "drills_label": say("Drills", "演練"),
        "drills": [Choice("", say("With the others", "一併顯示"), not wanted.drills), Choice("no", say("Left out, as in counts", "不包括，與計數一致"), wanted.drills == "no")],
        "outcomes": [Choice("", say("All", "全部"), not wanted.outcome), *(Choice(name, say.capital(text), name == wanted.outcome) for name, text in DECISION_WORDS.items())],
        "rows": [
            {
                "line": line,
                "when": f"{say.moment(line.at)}",
                "use": titles.get(line.use, line.use),
                "mode": mode_badge(line.mode, say.language),
                "outcome": outcome_of(line.outcome, say),
            }
            for line in shown
        ],
        "columns": (
            Column(say("When", "時間")), Column(say("Use", "用途")), Column(say("Outcome", "結果")), Column(say("Mode", "模式")),
            Column(say("Review", "覆核")), Column(say("Entry", "項目"), numeric=True),
        ),
        "stats": _stats(request, wanted, say),
        "more": more,
        "everyone": wanted.query(subject="", after=""),
        "first": wanted.query(after="") if wanted.after else None,
        "may_content": can(request, Verb.SEE_CONTENT),
        "reason": request.form.get("reason", ""),
    }  # fmt: skip
    return View("decisions.html.j2", context, say("Decisions", "決定"), refused.status if refused else 200)


def _uses(request: PageRequest, say: Say) -> list[tuple[str, str]]:
    """Return the uses that this identity reaches with their titles."""
    rows = Projections(request.register.repository).rows("use", **among("id", visible_uses(person(request))))
    return [(row["id"], say.text(Text(en=row["title_en"], zh=row["title_zh"]))) for row in rows]


def _wanted(request: PageRequest, uses: list[str]) -> _Wanted:
    """Return the filters; an identity that is narrowed to some uses looks at one of them at a time."""
    query = request.query
    use = query.get("use", "")
    if use not in uses:
        use = uses[0] if person(request).uses is not None and uses else ""
    outcome = query.get("outcome", "")
    after = query.get("after", "")[:_AFTER_CHARACTERS_MAX]
    subject = query.get("subject", "")
    return _Wanted(
        use=use,
        outcome=outcome if outcome in get_args(Outcome) else "",
        since=query.get("since", ""),
        until=query.get("until", ""),
        subject=subject if _SUBJECT.fullmatch(subject) else "",
        after=after,
        drills="no" if query.get("drills") == "no" else "",
    )


def _filter(request: PageRequest, wanted: _Wanted) -> DecisionFilter:
    identity = person(request)
    if identity.uses is not None and not wanted.use:
        raise ForbiddenError("no use is open to this account", where="decisions", fix="ask for access to a use")
    return DecisionFilter(
        use=wanted.use or None,
        outcome=cast("Outcome", wanted.outcome) if wanted.outcome else None,
        since=day_bound(wanted.since, end=False, where="since"),
        until=day_bound(wanted.until, end=True, where="until"),
        subject=wanted.subject or None,
        drills=wanted.drills != "no",
    )


def _stats(request: PageRequest, wanted: _Wanted, say: Say) -> list[Stat]:
    """Return today's decisions by outcome, of the use that is looked at."""
    use = wanted.use or None
    midnight = hong_kong_midnight(request.runtime.clock())
    found = counts(request.register, use, format_instant(midnight))
    day = {"since": f"{midnight:%Y-%m-%d}", "until": "", "drills": "no", "after": ""}
    basis = say("since 00:00 HKT", "自香港時間00:00起")
    stats = [
        Stat(say.capital(DECISION_WORDS[name]), f"{n:,}", method=basis, href=wanted.query(outcome=name, **day))
        for name, n in sorted(found.items(), key=lambda item: -item[1])
    ]
    agreed = agreement_stat(request.register, use, say) if use is not None else None
    return [*stats, agreed] if agreed is not None else stats


def _find(request: PageRequest) -> Redirect | View:
    """Look a decision up by the customer's code, which is sent in a form so that no log of addresses keeps it."""
    code = request.form.get("code", "")
    lines = search_decisions(request.register, DecisionFilter(receipt=code[:40], begun=False), limit=1)
    if not lines:
        raise NotFoundError(
            "no decision of this receipt here",
            fix="compare the code with the one on the receipt",
            code="not-found.receipt",
        )
    return Redirect(f"/decisions/{lines[0].id}")


def _person(request: PageRequest) -> Redirect | View:
    """Show the decisions about one person: their identifier goes in a form, and only its pseudonym into the address.

    Who looks, for whom and why is in the ledger before, so that nobody tries identifiers out unseen.
    """
    identity, register, reason = person(request), request.register, request.form.get("reason", "")
    said, say = request.form.get("person", "").strip(), say_of(request)
    try:
        check_reason(reason)
        subject = request.runtime.subjects.pseudonym(identity.institution, said)
        reached = _reached(request)
    except (FieldError, ForbiddenError) as error:
        return _list(request, refusal(error, say.language))
    by, at = holder_of_person(request), register.now()
    looks = [Access(by=by, digest=subject, about=about, reason=reason, at=at) for about in reached]
    register.append_plain([("access/1", look.about, encode(look)) for look in looks])
    return Redirect(f"/decisions?subject={subject}")


def _reached(request: PageRequest) -> list[str]:
    """Return what a look for a person is about: the institution, or each use of an identity that is narrowed to some.

    Raises ForbiddenError for an identity that reaches none.
    """
    identity = person(request)
    if identity.uses is None:
        return [identity.institution]
    found = [use for use, _ in _uses(request, say_of(request))]
    for use in found:
        require(identity, Verb.SEE_CONTENT, institution=identity.institution, use=use)
    if not found:
        raise ForbiddenError("no use is open to this account", where="decisions", fix="ask for access to a use")
    return found


def _one(request: PageRequest) -> View:
    return _show(request, _decision(request, Verb.SEE_DECISIONS), _Result())


def _decision(request: PageRequest, verb: Verb) -> DecisionView:
    """Return the decision of the address, if the identity reaches its use."""
    view, identity = get_decision(request.register, request.path["id"]), person(request)
    require(identity, verb, institution=identity.institution, use=view.record.use)
    return view


def _show(request: PageRequest, view: DecisionView, result: _Result) -> View:
    say, record = say_of(request), view.record
    address = f"/decisions/{record.id}"
    title = say("Decision", "決定")
    titles = dict(_uses(request, say))
    context: dict[str, Any] = {
        "record": record,
        "when": say.moment(record.at),
        "page": decision_page(request.register, view, say),
        "proof": view.proof,
        "outcome": outcome_of(record.outcome, say),
        "mode": mode_badge(record.mode, say.language),
        "use": titles.get(record.use, record.use),
        "use_href": use_address(record.use),
        "result": result,
        "address": address,
        "may_content": can(request, Verb.SEE_CONTENT),
        "may_replay": can(request, Verb.REPLAY),
        "may_complain": can(request, Verb.COMPLAIN),
        "link": link_form(request, record, say),
        "reason": request.form.get("reason", ""),
        "columns": _columns(say),
        "trail": (Crumb(title, "/decisions"), Crumb(f"{titles.get(record.use, record.use)} · {say.moment(record.at)}")),
    }
    return View("decision.html.j2", context, f"{title} {record.id}", result.refused.status if result.refused else 200)


def _columns(say: Say) -> dict[str, tuple[Column, ...]]:
    time_ms = Column(say("Milliseconds", "毫秒"), numeric=True)
    return {
        "guards": (
            Column(say("Guard", "防護")), Column(say("Looked at", "檢查")), Column(say("Score (0 to 1)", "分數（0至1）"), numeric=True),
            Column(say("Fired", "觸發")), Column(say("Then", "觸發後")), Column(say("Microseconds", "微秒"), numeric=True),
        ),
        "calls": (
            Column(say("Component", "組件")), Column(say("Model", "模型")), Column(say("Answer", "回應")), time_ms,
            Column(say("Tokens in", "輸入詞元"), numeric=True), Column(say("Tokens out", "輸出詞元"), numeric=True),
        ),
        "timings": (Column(say("Part", "部分")), time_ms),
        "reviews": (
            Column(say("Review", "覆核")), Column(say("Why", "原因")), Column(say("State", "狀態")), Column(say("Due", "期限"), numeric=True),
        ),
    }  # fmt: skip


def _content(request: PageRequest) -> View:
    """Open the content. Who looks, at what and why is in the ledger before anything is opened."""
    view, say = _decision(request, Verb.SEE_CONTENT), say_of(request)
    record, register, reason = view.record, request.register, request.form.get("reason", "")
    try:
        check_reason(reason)
    except FieldError as error:
        return _show(request, view, _Result(refused=refusal(error, say.language)))
    identity, at = person(request), register.now()
    digests = [digest for digest in (record.input, record.output, record.reasons) if digest is not None]
    looks = [
        Access(by=identity.holder or identity.name, digest=digest, about=record.use, reason=reason, at=at)
        for digest in digests
    ]
    register.append_plain([("access/1", record.use, encode(look)) for look in looks])
    return _show(request, view, _Result(contents=opened_contents(register, record, say)))


def _replay(request: PageRequest) -> View:
    view, say, identity = _decision(request, Verb.REPLAY), say_of(request), person(request)
    by, reason = identity.holder or identity.name, request.form.get("reason", "")
    try:
        found = replay(request.runtime, identity.institution, view.record.id, by=by, reason=reason)
    except DualtrackError as error:
        return _show(request, view, _Result(refused=refusal(error, say.language)))
    return _show(request, view, _Result(replayed=_said(found.result, say.text(found.why) if found.why else "", say)))


def _said(result: str, why: str, say: Say) -> tuple[Badge, str]:
    if result == "same":
        return Badge("good", say("The same", "相同")), say(
            "The same input gave the same output, byte for byte.", "相同輸入得出相同輸出，逐字節一致。"
        )
    if result == "differs":
        return Badge("bad", say("Differs", "不同")), say(
            "The same input gives another output now.", "相同輸入現得出不同輸出。"
        )
    return Badge("note", say("Cannot be run again", "未能重做")), say("It cannot be run again: ", "未能重做：") + why


PAGES: tuple[Page, ...] = (
    Page("/decisions", "GET", Verb.SEE_DECISIONS, _list),
    Page("/decisions/find", "POST", Verb.SEE_DECISIONS, _find),
    Page("/decisions/person", "POST", Verb.SEE_CONTENT, _person),
    Page("/decisions/{id}", "GET", Verb.SEE_DECISIONS, _one),
    Page("/decisions/{id}/content", "POST", Verb.SEE_CONTENT, _content),
    Page("/decisions/{id}/replay", "POST", Verb.REPLAY, _replay),
)
