"""Pages of human review: the queue, one item with what people may do on it, and the reviewers as a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from dualtrack.domain.records import Text
from dualtrack.domain.time import parse_instant
from dualtrack.errors import DualtrackError, FieldError, NotFoundError, RefusedError, ReviewError
from dualtrack.runtime.lookup import find_decision, find_declaration, find_policy, find_release, is_conversation
from dualtrack.runtime.reasons import in_language
from dualtrack.runtime.review_evidence import group_evidence, item_of
from dualtrack.runtime.review_group import measure_reviewers
from dualtrack.runtime.review_read import read_review
from dualtrack.runtime.review_words import check_may_answer
from dualtrack.runtime.reviews import QUEUE_MAX, ReviewDesk
from dualtrack.store.projections import Projections
from dualtrack.web.identity.permissions import Verb, require, visible_uses
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Crumb, Link
from dualtrack.web.views.acting import can, due_clock, holder_of_person, language_of, person, refusal, say
from dualtrack.web.views.review_texts import (
    asked_turns,
    call_field,
    cited,
    draft_text,
    is_words,
    json_lines,
    line_ends,
    plain_fields,
    plain_lines,
    sources_of,
    tool_lines,
    typed_content,
    whole_text,
    why_no_draft,
)
from dualtrack.web.views.reviews import (
    ACTION_WORDS,
    DONE_WORDS,
    FLOOR_SECONDS,
    GROUP_REVIEWS_MAX,
    ONE_MORE,
    action_steps,
    group_figures,
    guard_rows,
    queue_item,
    review_facts,
    side_by_side,
    status_badge,
    why_not,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.review import ActionName
    from dualtrack.runtime.review_state import ReviewState
    from dualtrack.runtime.reviews import ReviewView
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.acting import Refusal
    from dualtrack.web.views.review_texts import Source
    from dualtrack.web.views.reviews import QueueItem

__all__ = ["PAGES"]

_TITLE = Text(en="Reviews", zh="覆核")
_ITEM = Text(en="Review of one output", zh="覆核一項輸出")
_ACTIONS: tuple[ActionName, ...] = ("approve", "reject", "terminate", "escalate")
_WRITE: ActionName = "modify"
_VIEWS = {
    "waiting": Text(en="Waiting", zh="等候中"),
    "mine": Text(en="Mine", zh="由我認領"),
    "late": Text(en="Late", zh="逾期"),
    "escalated": Text(en="Escalated", zh="已上報"),
}


class _Note(NamedTuple):
    """What the item page says beside the item: a refusal, and what had been typed, by field."""

    refused: Refusal | None = None
    reason: str = ""
    typed: Mapping[str, str] = {}


def _queue(request: PageRequest) -> View:
    language, register = language_of(request), request.register
    desk, now, me = _desk(request), parse_instant(register.now()), holder_of_person(request)
    seen, use = visible_uses(person(request)), request.query.get("use") or None
    rows = desk.queue(limit=QUEUE_MAX, use=use, uses=seen)
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
        Link(
            "/reviews?" + urlencode({"show": name} | ({"use": use} if use else {})),
            say(request, label),
            name == shown,
            len(lists[name]),
        )
        for name, label in _VIEWS.items()
    ]
    titles = _use_titles(request, {item.use for item in lists[shown]} | ({use} if use else set()))
    context = {
        "view": "queue",
        "tabs": tabs,
        "items": lists[shown],
        "of_use": titles.get(use) if use and (seen is None or use in seen) else None,
        "full": len(rows) == QUEUE_MAX,
        "queue_max": QUEUE_MAX,
        "titles": titles,
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
        note = _Note(refusal(error, language_of(request)), reason, request.form)
        view = _item_view(request, note)
        return view._replace(status=error.status)


def _done(request: PageRequest, review: str, wish: str, reason: str) -> Redirect:
    action = next((name for name in ACTION_WORDS if name == wish and name != "expire"), None)
    if action is None:
        raise FieldError("no such action", where="review, field do", expected=", ".join(ACTION_WORDS))
    verb = Verb.CLAIM_REVIEW if action in {"claim", "unclaim"} else Verb.DECIDE_REVIEW
    state = _desk(request).state(review)
    require(person(request), verb, institution=request.register.institution, use=state.opened.use)
    silent = action in {"claim", "unclaim"}
    if not silent and not reason:
        raise FieldError("no reason", where="review, field reason", fix="say why, in a sentence")
    text = _typed(request, state) if action == "modify" else None
    after = _desk(request).act(
        review, action, holder_of_person(request), _roles(request), reason=None if silent else reason, text=text,
        confirmed=action == "modify" and request.form.get("confirmed") == "yes",
    )  # fmt: skip
    waits = action in {"approve", "modify"} and not after.ended
    said = [say(request, item) for item in (DONE_WORDS[action], *([ONE_MORE] if waits else []))]
    return Redirect(f"/reviews/{review}", " ".join(said))


def _typed(request: PageRequest, state: ReviewState) -> str:
    """Return the content of what was typed over the text under review, in the form of what was drafted."""
    decision = find_decision(request.register, state.opened.decision)
    if decision.output is None:  # there is no draft: a conversation is answered in words, a row by what its outputs are
        return typed_content(None, request.form, words=is_conversation(request.register, decision))
    contents = request.runtime.recorder(request.register.institution).contents
    before = contents.open(state.text).decode("utf-8", "replace")
    return typed_content(before, request.form, words=is_words(before))


def _looked(request: PageRequest, reason: str) -> View:
    use = _desk(request).state(request.path["id"]).opened.use
    require(person(request), Verb.SEE_CONTENT, institution=request.register.institution, use=use)
    texts = _desk(request).get(request.path["id"], by=holder_of_person(request), reason=reason)
    return _item_view(request, _Note(), texts)


def _item_view(request: PageRequest, note: _Note, texts: ReviewView | None = None) -> View:
    language, register, review = language_of(request), request.register, request.path["id"]
    read = read_review(register, review)
    state, me, now = read.state, holder_of_person(request), parse_instant(register.now())
    require(person(request), Verb.SEE_REVIEWS, institution=register.institution, use=state.opened.use)
    mine = state.claimant == me and not state.ended and can(request, Verb.DECIDE_REVIEW)
    if mine and texts is None:  # whoever claimed it has to read it; each look is in the ledger
        texts = _desk(request).get(review, by=me, reason=f"decides on review {review}")
    decision = find_decision(register, state.opened.decision)
    policy, declared = (
        find_policy(register, state.opened.use, decision.policy),
        find_declaration(register, state.opened.use),
    )
    drafted = decision.output is not None
    stops = {name: _why_not(request, state, name, decision) for name in (*_ACTIONS, _WRITE)} if mine else {}
    no_writing = stops.pop(_WRITE, None)
    shown = Text(en="shown before the answer", zh="已在回答前顯示")
    none = Text(en="not shown with this answer", zh="沒有隨此回答顯示")
    title = say(request, _ITEM)
    context = {
        "view": "item",
        "trail": (Crumb(say(request, _TITLE), "/reviews"), Crumb(f"{say(request, declared.title)} · {title}")),
        "id": review,
        "use": declared,
        "use_href": f"/uses/{state.opened.use}",
        "badge": status_badge(state.status, language, drafted=drafted),
        "clock": None if state.ended else due_clock(state.opened.due_at, now, language),
        "facts": review_facts(state, language, disclosure=say(request, shown if decision.disclosure else none)),
        "disclosure": policy.disclosure.text if policy.disclosure and decision.disclosure else None,
        "decision": decision,
        "guards": guard_rows(decision, language),
        "steps": action_steps(read.actions, language, drafted=drafted),
        "drafted": drafted,
        "texts": texts,
        "claim_stop": None if mine or state.ended else _claim_stop(request, state),
        "mine": mine,
        "ended": state.ended,
        "known_wrong": item_of(register, read) if _audits(request) else None,
        "safe_message": policy.message if state.safe_message else None,
        "offers": [(name, say(request, ACTION_WORDS[name])) for name, stop in stops.items() if stop is None],
        "stopped": [(say(request, ACTION_WORDS[name]), stop) for name, stop in stops.items() if stop is not None],
        "no_writing": no_writing,
        "confirms": note.refused is not None and note.refused.code == "review.words-guarded",
        "may_look": can(request, Verb.SEE_CONTENT) and texts is None,
        "note": note,
    }
    more = _texts(request, texts, policy, note) if texts is not None else {}
    return View("reviews.html.j2", context | more, title)


def _texts(request: PageRequest, texts: ReviewView, policy: RuntimePolicy, note: _Note) -> dict[str, Any]:
    """Return what the page shows of the texts: the question, the draft, the passages beside it, and what may be edited."""
    language, decision = language_of(request), texts.decision
    turns = asked_turns(texts.input, language) if texts.input is not None else []
    drafted = decision.output is not None
    draft = texts.draft if drafted else None
    written = texts.text if texts.state.text != texts.state.opened.draft else None  # by a person
    now = written if written is not None else draft
    words = bool(turns) if draft is None else is_words(draft)
    editable = {} if now is None else {call_field(n): call for n, call in enumerate(tool_lines(now))}
    return {
        "turns": turns,
        "draft": draft,
        "why_none": None if drafted else why_no_draft(decision, texts.state.opened.why, language),
        "written": written,
        "words": words,
        "lines": plain_lines,
        "json_lines": json_lines,
        "fields": plain_fields,
        "said": draft_text,
        "reasons": in_language(texts.reasons or (), language) if drafted else (),
        "tools": tool_lines(now),
        "cited": cited(draft_text(now)) if now is not None else [],
        "sources": _sources(request, texts, policy, now, turns) if now is not None else None,
        "sides": side_by_side(whole_text(draft), whole_text(written))
        if draft is not None and written is not None
        else None,
        "text_now": note.typed.get("text", line_ends(draft_text(now)) if now is not None else ""),
        "calls_now": [(field, name, note.typed.get(field, said)) for field, (name, said) in editable.items()],
    }


def _sources(
    request: PageRequest, texts: ReviewView, policy: RuntimePolicy, content: str, turns: list[tuple[str, str]]
) -> list[Source] | Refusal | None:
    """Return the released passages beside a draft, None for a use that quotes none, or why they cannot be read."""
    decision = texts.decision
    try:
        release = find_release(request.register, decision.use, decision.release)
        corpus = request.runtime.shelf.corpus(policy, release)
    except (RefusedError, NotFoundError) as error:
        return refusal(error, language_of(request))
    if corpus is None:
        return None
    question = next((text for _, text in reversed(turns)), "")
    return sources_of(draft_text(content), question, corpus, decision, language_of(request))


def _why_not(request: PageRequest, state: ReviewState, name: ActionName, decision: Decision) -> Refusal | None:
    """Return why this person may not do this now, or why nobody may: there is no draft, or it is not for the desk to answer."""
    language, now = language_of(request), parse_instant(request.register.now())
    try:
        check_may_answer(decision, state, name)
    except ReviewError as error:
        return refusal(error, language)
    return why_not(state, name, holder_of_person(request), _roles(request), now, language)


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
