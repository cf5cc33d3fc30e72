"""Pages of human review: the queue, one item with what people may do on it, and the reviewers as a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.domain.time import parse_instant
from dualtrack.errors import DualtrackError, FieldError, NotFoundError
from dualtrack.runtime.lookup import find_decision, find_declaration, find_policy
from dualtrack.runtime.reasons import in_language
from dualtrack.runtime.review_evidence import group_evidence, item_of
from dualtrack.runtime.review_group import measure_reviewers
from dualtrack.runtime.review_read import read_review
from dualtrack.runtime.reviews import QUEUE_MAX, ReviewDesk
from dualtrack.store.projections import Projections
from dualtrack.web.identity.permissions import Verb, require, visible_uses
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Crumb, Link
from dualtrack.web.views.acting import can, due_clock, holder_of_person, language_of, person, refusal, say
from dualtrack.web.views.reviews import (
    ACTION_WORDS,
    FLOOR_SECONDS,
    GROUP_REVIEWS_MAX,
    action_steps,
    cited,
    draft_text,
    group_figures,
    guard_rows,
    plain_fields,
    plain_lines,
    queue_item,
    review_facts,
    side_by_side,
    status_badge,
    tool_lines,
    whole_text,
    why_not,
)

if TYPE_CHECKING:
    from dualtrack.domain.review import ActionName
    from dualtrack.runtime.review_state import ReviewState
    from dualtrack.runtime.reviews import ReviewView
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.acting import Refusal
    from dualtrack.web.views.reviews import QueueItem

__all__ = ["PAGES"]

_TITLE = Text(en="Reviews", zh="覆核")
_ACTIONS: tuple[ActionName, ...] = ("approve", "reject", "terminate", "escalate")
_VIEWS = {
    "waiting": Text(en="Waiting", zh="等候中"),
    "mine": Text(en="Mine", zh="由我認領"),
    "late": Text(en="Late", zh="逾期"),
    "escalated": Text(en="Escalated", zh="已上報"),
}


class _Note(NamedTuple):
    """What the item page says beside the item: a refusal, and what had been typed."""

    refused: Refusal | None = None
    reason: str = ""
    text: str | None = None


def _queue(request: PageRequest) -> View:
    language, register = language_of(request), request.register
    desk, now, me = _desk(request), parse_instant(register.now()), holder_of_person(request)
    rows = desk.queue(limit=QUEUE_MAX, uses=visible_uses(person(request)))
    items = [queue_item(row, now, me, language, escalated=_escalated(desk, row)) for row in rows]
    lists: dict[str, list[QueueItem]] = {
        "waiting": items,
        "mine": [item for item in items if item.mine],
        "late": [item for item in items if item.clock.late],
        "escalated": [item for item in items if item.escalated],
    }
    shown = request.query.get("show", "waiting")
    shown = shown if shown in lists else "waiting"
    tabs = [
        Link(f"/reviews?show={name}", say(request, label), name == shown, len(lists[name]))
        for name, label in _VIEWS.items()
    ]
    context = {
        "view": "queue",
        "tabs": tabs,
        "items": lists[shown],
        "full": len(rows) == QUEUE_MAX,
        "queue_max": QUEUE_MAX,
        "titles": _use_titles(request, {item.use for item in lists[shown]}),
    }
    return View("reviews.html.j2", context, say(request, _TITLE))


def _item(request: PageRequest) -> View:
    return _item_view(request, _Note())


def _act(request: PageRequest) -> View | Redirect:
    review, wish = request.path["id"], request.form.get("do", "")
    reason = request.form.get("reason", "").strip()
    try:
        if wish == "look":
            return _looked(request, reason)
        return _done(request, review, wish, reason)
    except DualtrackError as error:
        if isinstance(error, NotFoundError) and error.where.startswith("review"):
            raise
        note = _Note(refusal(error, language_of(request)), reason, request.form.get("text"))
        view = _item_view(request, note)
        return view._replace(status=error.status)


def _done(request: PageRequest, review: str, wish: str, reason: str) -> Redirect:
    action = next((name for name in ACTION_WORDS if name == wish and name != "expire"), None)
    if action is None:
        raise FieldError("no such action", where="review, field do", expected=", ".join(ACTION_WORDS))
    verb = Verb.CLAIM_REVIEW if action in {"claim", "unclaim"} else Verb.DECIDE_REVIEW
    use = _desk(request).state(review).opened.use
    require(person(request), verb, institution=request.register.institution, use=use)
    silent = action in {"claim", "unclaim"}
    if not silent and not reason:
        raise FieldError("no reason", where="review, field reason", fix="say why, in a sentence")
    text = request.form.get("text", "").replace("\r\n", "\n") if action == "modify" else None
    after = _desk(request).act(
        review, action, holder_of_person(request), _roles(request), reason=None if silent else reason, text=text
    )
    said = say(request, ACTION_WORDS[action])
    more = say(request, Text(en="one more person must approve", zh="尚須另一人批准"))
    waits = action in {"approve", "modify"} and not after.ended
    return Redirect(f"/reviews/{review}", f"{said}: {more}" if waits else f"{said} ✓")


def _looked(request: PageRequest, reason: str) -> View:
    use = _desk(request).state(request.path["id"]).opened.use
    require(person(request), Verb.SEE_CONTENT, institution=request.register.institution, use=use)
    texts = _desk(request).get(request.path["id"], by=holder_of_person(request), reason=reason)
    return _item_view(request, _Note(), texts)


def _item_view(request: PageRequest, note: _Note, texts: ReviewView | None = None) -> View:
    language, register, review = language_of(request), request.register, request.path["id"]
    read = read_review(register, review)
    state, me, roles, now = read.state, holder_of_person(request), _roles(request), parse_instant(register.now())
    require(person(request), Verb.SEE_REVIEWS, institution=register.institution, use=state.opened.use)
    mine = state.claimant == me and not state.ended and can(request, Verb.DECIDE_REVIEW)
    if mine and texts is None:  # whoever claimed it has to read it; each look is in the ledger
        texts = _desk(request).get(review, by=me, reason=f"decides on review {review}")
    offers = [(name, say(request, ACTION_WORDS[name])) for name in _ACTIONS]
    stopped = [(label, why_not(state, name, me, roles, now, language)) for name, label in offers] if mine else []
    decision = find_decision(register, state.opened.decision)
    policy = find_policy(register, state.opened.use, decision.policy)
    shown = Text(en="shown before the answer", zh="已在回答前顯示")
    none = Text(en="not shown with this answer", zh="沒有隨此回答顯示")
    context = {
        "view": "item",
        "trail": (Crumb(say(request, _TITLE), "/reviews"), Crumb(review[-8:])),
        "id": review,
        "use": find_declaration(register, state.opened.use),
        "use_href": f"/uses/{state.opened.use}",
        "badge": status_badge(state.status, language),
        "clock": None if state.ended else due_clock(state.opened.due_at, now, language),
        "facts": review_facts(state, language, disclosure=say(request, shown if decision.disclosure else none)),
        "disclosure": policy.disclosure.text if policy.disclosure and decision.disclosure else None,
        "decision": decision,
        "guards": guard_rows(decision, language),
        "steps": action_steps(read.actions, language),
        "texts": texts,
        "reasons": in_language(texts.reasons or (), language) if texts else (),
        "lines": plain_lines,
        "fields": plain_fields,
        "said": draft_text,
        "tools": tool_lines(texts.text or texts.draft) if texts else [],
        "cited": cited(draft_text(texts.text or texts.draft or "")) if texts else [],
        "sides": side_by_side(whole_text(texts.draft), whole_text(texts.text))
        if texts and texts.draft is not None and texts.text is not None and texts.draft != texts.text
        else None,
        "claim_stop": None if mine or state.ended else _claim_stop(request, state),
        "mine": mine,
        "ended": state.ended,
        "known_wrong": item_of(register, read) if _audits(request) else None,
        "safe_message": policy.message if state.safe_message else None,
        "offers": [(n, label) for (n, label), (_, stop) in zip(offers, stopped, strict=True) if stop is None]
        if mine
        else [],
        "stopped": [(label, stop) for label, stop in stopped if stop is not None],
        "may_look": can(request, Verb.SEE_CONTENT) and texts is None,
        "note": note,
    }
    title = say(request, Text(en="Review of one output", zh="覆核一項輸出"))
    return View("reviews.html.j2", context, title)


def _claim_stop(request: PageRequest, state: ReviewState) -> Refusal | None:
    language = language_of(request)
    try:
        require(person(request), Verb.CLAIM_REVIEW, institution=request.register.institution, use=state.opened.use)
    except DualtrackError as error:
        return refusal(error, language)
    now = parse_instant(request.register.now())
    return why_not(state, "claim", holder_of_person(request), _roles(request), now, language)


def _group(request: PageRequest) -> View:
    evidence = group_evidence(request.register, limit=GROUP_REVIEWS_MAX, uses=visible_uses(person(request)))
    found = measure_reviewers(evidence.reviews, floor_seconds=FLOOR_SECONDS)
    context = {
        "view": "group",
        "trail": (Crumb(say(request, _TITLE), "/reviews"), Crumb(say(request, _GROUP))),
        "figures": group_figures(found, language_of(request)),
        "n": len(evidence.reviews),
        "planted": evidence.planted,
        "sealed_for_good": evidence.sealed_for_good,
        "may_plant": can(request, Verb.PLANT_REVIEW) and not _roles(request),
        "most": GROUP_REVIEWS_MAX,
        "floor": FLOOR_SECONDS,
    }
    return View("reviews.html.j2", context, say(request, _GROUP))


_GROUP = Text(en="Reviewers as a group", zh="覆核人員整體情況")


def _desk(request: PageRequest) -> ReviewDesk:
    register = request.register
    return ReviewDesk(register, request.runtime.recorder(register.institution).contents)


def _roles(request: PageRequest) -> list[str]:
    return sorted({role.value for role in person(request).roles} & {"reviewer", "approver"})


def _audits(request: PageRequest) -> bool:
    """Tell whether somebody looks who audits and decides nothing: they alone are told of one item what it was."""
    return ConsoleRole.AUDITOR in person(request).roles and not _roles(request)


def _escalated(desk: ReviewDesk, row: dict[str, Any]) -> bool:
    """Tell whether a row is for approvers: a claimed one is asked of the records, the others say it themselves."""
    return row["state"] == "escalated" or (row["state"] == "claimed" and desk.state(row["id"]).level == "approver")


def _use_titles(request: PageRequest, uses: set[str]) -> dict[str, str]:
    rows = Projections(request.register.repository).rows("use")
    return {row["id"]: say(request, Text(en=row["title_en"], zh=row["title_zh"])) for row in rows if row["id"] in uses}


PAGES: tuple[Page, ...] = (
    Page("/reviews", "GET", Verb.SEE_REVIEWS, _queue),
    Page("/reviews/group", "GET", Verb.SEE_REVIEWS, _group),
    Page("/reviews/{id}", "GET", Verb.SEE_REVIEWS, _item),
    Page("/reviews/{id}", "POST", Verb.SEE_REVIEWS, _act),
)
"""The form of an item asks for the narrower verb of each action itself, since reading with a reason is one of them."""
