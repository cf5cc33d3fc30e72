"""Pages of holds: stop something and see when it had really stopped, look at one, and let it go on as another person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

from markupsafe import Markup

from dualtrack.domain import canonical
from dualtrack.domain.oversight import HoldRelease, HoldScope
from dualtrack.domain.records import Text, read_record
from dualtrack.domain.time import HONG_KONG, parse_instant
from dualtrack.errors import DualtrackError, FieldError, NotFoundError
from dualtrack.keys import dsse
from dualtrack.present.text import date_text
from dualtrack.runtime.hold_scope import targets
from dualtrack.runtime.holds import acknowledge_s, list_holds, release_hold, served_in, set_hold
from dualtrack.runtime.lookup import decision_row, newest_first
from dualtrack.web.identity.permissions import Verb, visible_uses
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Choice, Crumb, Fact, Stat
from dualtrack.web.views.acting import (
    can,
    error_field,
    holder_of_person,
    language_of,
    moment_text,
    person,
    refusal,
    say,
)
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from dualtrack.runtime.holds import HoldSet
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.rendering import Language

__all__ = ["PAGES", "PAST_MAX", "TARGETS_MAX"]

TARGETS_MAX = 300
"""Targets of one scope offered in the form, newest last: a longer list is not chosen from in an emergency."""

PAST_MAX = 200
"""Past holds shown, newest first."""

_TITLE = Text(en="Holds", zh="暫停")
_SCOPES: dict[str, Text] = {
    "use": Text(en="Use", zh="用途"),
    "release": Text(en="Release", zh="版本"),
    "component": Text(en="Component", zh="組件"),
    "provider": Text(en="Provider", zh="供應商"),
    "institution": Text(en="Everything of the institution", zh="整間機構"),
}
_US_IN_S = 1_000_000


def _list(request: PageRequest) -> View:
    return _list_view(request, {}, None)


def _list_view(request: PageRequest, form: dict[str, str], error: DualtrackError | None) -> View:
    language, rows, use = language_of(request), _held(request), _use_asked_for(request)
    if use:
        stopping = {row["id"] for row in list_holds(request.register, open_only=False, uses=frozenset({use}))}
        rows = [row for row in rows if row["id"] in stopping]
    past = [row for row in rows if row["released_at"] is not None]
    context = {
        "view": "list",
        "of_use": use,
        "open": [_shown(row, language) for row in rows if row["released_at"] is None],
        "past": [_shown(row, language) for row in past[:PAST_MAX]],
        "past_n": len(past),
        "past_max": PAST_MAX,
        "may_set": can(request, Verb.SET_HOLD),
        "choices": _choices(request, form.get("target") or _asked_for(request)),
        "form": form,
        "wait_ms": round(acknowledge_s() * 1000),
        "refused": refusal(error, language) if error else None,
        "wrong": error_field(error, ("target", "reason")) if error else "",
    }
    return View("holds.html.j2", context, say(request, _TITLE), error.status if error else 200)


def _use_asked_for(request: PageRequest) -> str:
    """Return the use whose holds alone are asked for (`/holds?use=…`), if this identity sees it; else none."""
    use = request.query.get("use", "")
    return use if use and use in targets(request.register, "use", uses=visible_uses(person(request))) else ""


def _asked_for(request: PageRequest) -> str:
    """Return what another page asked to hold: `/holds?scope=use&target=…` chooses it in the form."""
    return f"{request.query.get('scope', '')}:{request.query.get('target', '')}"


def _set(request: PageRequest) -> View:
    form = dict(request.form)
    scope, _, target = form.get("target", "").partition(":")
    try:
        if scope not in get_args(HoldScope):
            raise FieldError("nothing was chosen to hold", where="hold, field target", fix="choose what shall stop")
        if not form.get("reason", "").strip():
            raise FieldError("no reason", where="hold, field reason", fix="say why, in a sentence")
        signer = request.unlock(form.get("password", ""))
        reason = form["reason"].strip()
        found = set_hold(request.register, signer, scope=scope, target=target, reason=reason)  # type: ignore[arg-type]  # one of the scopes, checked above
    except DualtrackError as error:
        return _list_view(request, form, error)
    context = {
        "view": "set",
        "trail": (Crumb(say(request, _TITLE), "/holds"), Crumb(found.hold.id[-8:])),
        "hold": found.hold,
        "scope": say(request, _SCOPES[found.hold.scope]),
        "stats": _measured(found, language_of(request)),
        "last": [_last_served(request, found.last_served, found.last_served_us)],
        "served_after": found.served_after,
        "entry": found.entry,
    }
    return View("holds.html.j2", context, say(request, Text(en="The hold is in force", zh="暫停已生效")))


def _measured(found: HoldSet, language: Language) -> list[Stat]:
    last = found.last_served_after_ms
    if last is None:
        said = Text(en="never", zh="從未")
    elif last < 0:
        said = Text(en=f"{_span(-last)} before it", zh=f"暫停之前{_span(-last)}")
    else:
        said = Text(en=f"{_span(last)} after it", zh=f"暫停之後{_span(last)}")
    lease = Text(
        en="measured from the durable entry until no process can still hold an older reading",
        zh="由記錄落實起計，直至再無程序可能依據較舊的讀數",
    )
    by = Text(en="by the clock of the last decision served in its scope", zh="按範圍內最後一項已提供決定的時間")
    count = Text(en="decisions served after the durable entry", zh="記錄落實後仍提供的決定")
    return [
        Stat(both(Text(en="Acknowledged after", zh="確認所需時間"), language), f"{found.waited_ms:,} ms", method=both(lease, language)),
        Stat(both(Text(en="Last decision served", zh="最後一項決定"), language), both(said, language), method=both(by, language)),
        Stat(
            both(Text(en="Served after the hold", zh="暫停後提供的決定"), language),
            f"{found.served_after:,}",
            method=both(count, language),
            tone="good" if found.served_after == 0 else "amber",
        ),
    ]  # fmt: skip


def _last_served(request: PageRequest, decision: str | None, done_us: int | None) -> Fact:
    """Return the decision that was served last in a hold's scope: its time to the second, its id, and its page if they see it."""
    language = language_of(request)
    term = both(Text(en="Last decision served", zh="最後一項已提供的決定"), language)
    if decision is None or done_us is None:
        return Fact(term, both(Text(en="none was ever served in its scope", zh="範圍內從未提供決定"), language))
    done = datetime.fromtimestamp(done_us / _US_IN_S, HONG_KONG)
    when = f"{both(date_text(done.date()), language)} {done:%H:%M:%S} HKT"
    seen, use = visible_uses(person(request)), decision_row(request.register, decision)["use_id"]
    if not can(request, Verb.SEE_DECISIONS) or (seen is not None and use not in seen):
        return Fact(term, f"{when}, {decision}")
    return Fact(term, Markup('{}, <a href="/decisions/{}">{}</a>').format(when, decision, decision))


def _span(ms: int) -> str:
    return f"{ms:,} ms" if ms < 10_000 else f"{ms / 1000:,.0f} s"  # noqa: PLR2004 - ten seconds: then milliseconds say nothing


def _one(request: PageRequest) -> View:
    return _one_view(request, {}, None)


def _one_view(request: PageRequest, form: dict[str, str], error: DualtrackError | None) -> View:
    row, language = _row(request), language_of(request)
    mine = row["set_by"] == holder_of_person(request)
    released_us = _second_after_us(row["released_at"]) if row["released_at"] else None
    found = served_in(
        request.register, row["scope"], row["target"], since_us=_second_after_us(row["set_at"]), until_us=released_us
    )
    facts = [
        (Text(en="What is held", zh="暫停對象"), f"{say(request, _SCOPES[row['scope']])}: {row['target']}"),
        (Text(en="Set by", zh="設定人"), row["set_by"]),
        (Text(en="Set", zh="設定時間"), moment_text(row["set_at"], language)),
        (Text(en="Released by", zh="解除人"), row["released_by"] or "–"),
        (Text(en="Released", zh="解除時間"), moment_text(row["released_at"], language) if row["released_at"] else "–"),
        (Text(en="Ledger entry", zh="日誌項目"), f"{row['idx']:,}"),
    ]
    context = {
        "view": "one",
        "trail": (Crumb(say(request, _TITLE), "/holds"), Crumb(row["id"][-8:])),
        "hold": _shown(row, language),
        "facts": [
            *(Fact(both(term, language), value) for term, value in facts),
            _last_served(request, found.last, found.last_us),
        ],
        "release_reason": _release_reason(request, row),
        "served_after": found.after,
        "mine": mine,
        "may_release": can(request, Verb.RELEASE_HOLD),
        "form": form,
        "refused": refusal(error, language) if error else None,
    }
    return View(
        "holds.html.j2", context, say(request, Text(en="A hold", zh="一項暫停")), error.status if error else 200
    )


def _release(request: PageRequest) -> View | Redirect:
    form = dict(request.form)
    try:
        if not form.get("reason", "").strip():
            raise FieldError("no reason", where="hold, field reason", fix="say why it may go on, in a sentence")
        signer = request.unlock(form.get("password", ""))
        release_hold(request.register, signer, request.path["id"], form["reason"].strip())
    except DualtrackError as error:
        return _one_view(request, form, error)
    request.runtime.snapshots.refresh()
    return Redirect("/holds", say(request, Text(en="The hold was released.", zh="暫停已解除。")))


def _held(request: PageRequest) -> list[dict[str, Any]]:
    """Return the holds that this identity sees; a reason that may speak of other uses is left out."""
    rows = list_holds(request.register, open_only=False, uses=visible_uses(person(request)))
    return [row | {"reason": row["reason"] or "–"} for row in rows]


def _row(request: PageRequest) -> dict[str, Any]:
    row = next((row for row in _held(request) if row["id"] == request.path["id"]), None)
    if row is None:
        raise NotFoundError("no such hold", where="hold", fix="list the holds")
    return row


def _second_after_us(instant: str) -> int:
    """Return the end of a recorded second: records carry whole seconds, and what is after counts from there."""
    return (int(parse_instant(instant).timestamp()) + 1) * _US_IN_S


def _release_reason(request: PageRequest, row: dict[str, Any]) -> str:
    if row["released_at"] is None:
        return ""
    register = request.register
    subject = row["target"] if row["scope"] == "use" else register.institution
    subjects = [subject] if row["scope"] != "release" else targets(register, "use")
    for name in subjects:
        for entry in newest_first(register, "hold-release/1", name):
            record = read_record(canonical.decode(dsse.parse(entry.content).payload), HoldRelease, where="hold release")
            if record.hold == row["id"]:
                return record.reason
    return ""


def _shown(row: dict[str, Any], language: Language) -> dict[str, Any]:
    target = row["target"][:16] + "…" if row["scope"] == "release" else row["target"]
    return row | {
        "scope_name": both(_SCOPES[row["scope"]], language),
        "shown_target": target,
        "set_when": moment_text(row["set_at"], language),
        "released_when": moment_text(row["released_at"], language) if row["released_at"] else "",
    }


def _choices(request: PageRequest, chosen: str) -> list[Choice]:
    """Return what can be held: uses by their titles first, the whole institution last."""
    found = [Choice("", say(request, Text(en="Choose what shall stop", zh="選擇要暫停的對象")))]
    uses = visible_uses(person(request))
    for scope, label in _SCOPES.items():
        for target in targets(request.register, scope, uses=uses)[-TARGETS_MAX:]:  # type: ignore[arg-type]  # keys are the scopes
            value = f"{scope}:{target}"
            shown = target[:16] + "…" if scope == "release" else target
            found.append(Choice(value, f"{say(request, label)}: {shown}", value == chosen))
    return found


PAGES: tuple[Page, ...] = (
    Page("/holds", "GET", Verb.SEE_USE, _list),
    Page("/holds", "POST", Verb.SET_HOLD, _set),
    Page("/holds/{id}", "GET", Verb.SEE_USE, _one),
    Page("/holds/{id}", "POST", Verb.RELEASE_HOLD, _release),
)
"""Many may stop; fewer may let go on, and never whoever stopped it."""
