"""The page of observe mode of one use: begun and ended by the accountable executive, never a permit, always with its last day."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from dualtrack.domain.records import Text
from dualtrack.domain.time import parse_instant
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.permit.assess import conclude
from dualtrack.present.phrases import our_test
from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.lookup import find_declaration
from dualtrack.runtime.observing import begin_observe, end_observe, observe_ends_at
from dualtrack.runtime.standing import standing_settings
from dualtrack.store.projections import Projections
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Crumb, Fact, mode_badge
from dualtrack.web.views.acting import can, error_field, language_of, moment_text, refusal, say, use_of
from dualtrack.web.views.meanings import meaning_of
from dualtrack.web.views.rendering import both
from dualtrack.web.views.runtime_words import runtime_words
from dualtrack.web.views.wording import Say

if TYPE_CHECKING:
    from datetime import datetime

    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES"]

_TITLE = Text(en="Observe mode", zh="觀察模式")
_OUTCOMES = {
    "served": Text(en="answered", zh="已回答"),
    "failed": Text(en="failed", zh="失敗"),
    "stopped": Text(en="stopped by a hold", zh="因暫停而停止"),
    "begun": Text(en="begun, not ended", zh="已開始，未完結"),
}
_DAY_S = 86_400


def _show(request: PageRequest) -> View:
    return _view(request, {}, None)


def _act(request: PageRequest) -> View | Redirect:
    use, form = use_of(request, Verb.SIGN_OBSERVE), dict(request.form)
    try:
        reason = form.get("reason", "").strip()
        if not reason:
            raise FieldError("no reason", where="observe, field reason", fix="say why, in a sentence")
        if form.get("do") == "end":
            end_observe(request.register, request.unlock(form.get("password", "")), use, reason)
            said = Text(en="Observe mode has ended.", zh="觀察模式已結束。")
        else:
            days = _days(form.get("days", ""))
            begin_observe(request.register, request.unlock(form.get("password", "")), use, reason, days)
            said = Text(en="The use is observed. It is not permitted.", zh="此用途現受觀察，並未獲准許。")
    except DualtrackError as error:
        return _view(request, form, error)
    request.runtime.snapshots.refresh()
    return Redirect(f"/uses/{use}/observe", say(request, said))


def _days(text: str) -> int:
    most = standing_settings().observe_days_max
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= most:
        raise FieldError("not a number of days", where="observe, field days", expected=f"1 to {most}")
    return int(text[:4])


def _view(request: PageRequest, form: dict[str, str], error: DualtrackError | None) -> View:
    use, register, language = use_of(request, Verb.SEE_USE), request.register, language_of(request)
    declared, now = find_declaration(register, use), parse_instant(register.now())
    row = next(iter(Projections(register.repository).rows("observe", use_id=use)), None)
    observed = row is not None and row["ended_at"] is None and parse_instant(row["until"]) > now
    context: dict[str, Any] = {
        "trail": (
            Crumb(say(request, Text(en="Uses", zh="用途")), "/uses"),
            Crumb(both(declared.title, language), f"/uses/{use}"),
            Crumb(say(request, _TITLE)),
        ),
        "use": use,
        "declared": declared,
        "observed": observed,
        "row": row,
        "badge": mode_badge("observe", language),
        "left": _days_left(row["until"], now) if row and observed else 0,
        "until": moment_text(row["until"], language) if row else "",
        "latest": moment_text(observe_ends_at(register, use), language),
        "live_before": declared.live_since is not None and parse_instant(declared.live_since) < now,
        "released": register.latest_release(use) is not None,
        "days_max": standing_settings().observe_days_max,
        "basis_date": date.fromisoformat(standing_settings().checked_on),
        "may_sign": can(request, Verb.SIGN_OBSERVE),
        "facts": _facts(request, declared.accountable_executive, declared.live_since),
        "counts": _counts(request, use),
        "would": _would(request, use) if observed else None,
        "refusing": _refusing(request, use) if observed else [],
        "form": form,
        "refused": refusal(error, language) if error else None,
        "wrong": error_field(error, ("reason", "days")) if error else "",
    }
    return View("observe.html.j2", context, say(request, _TITLE), error.status if error else 200)


def _facts(request: PageRequest, executive: str, live_since: str | None) -> list[Fact]:
    language = language_of(request)
    never = Text(en="not declared as live before", zh="沒有申報先前已使用")
    since = moment_text(live_since, language) if live_since else both(never, language)
    return [
        Fact(say(request, Text(en="Accountable executive", zh="問責高管")), executive),
        Fact(say(request, Text(en="Live since", zh="開始使用")), since),
    ]


def _days_left(until: str, now: datetime) -> int:
    return max(0, math.ceil((parse_instant(until) - now).total_seconds() / _DAY_S))


def _would(request: PageRequest, use: str) -> dict[str, str]:
    """Return what the gate would say without observe mode: the words of its code, and the runtime's own in English."""
    live = request.runtime.snapshots.current.uses.get(use)
    if not isinstance(live, LiveUse) or live.would_refuse is None:
        own = getattr(live, "reason", "")
        code = getattr(live, "code", "permit.none")
    else:
        code, _, own = live.would_refuse.partition(": ")
    meaning = meaning_of(code)
    return {
        "says": say(request, meaning.says),
        "do": say(request, meaning.do),
        "own": runtime_words(own, Say(request.language)),
        "code": code,
    }


def _refusing(request: PageRequest, use: str) -> list[tuple[str, str]]:
    """Return the rules that refuse live use as it stands, assessed now: title, and how our test is named."""
    register, words = request.register, Say(request.language)
    found = conclude(register.case(use, register.latest_release(use)))
    rules = {(pack.id, rule.id): rule.data for pack in register.adopted_packs() for rule in pack.rules}
    known = [rules[item.pack, item.rule] for item in found.refusals if (item.pack, item.rule) in rules]
    return [(words.text(rule.title), words.text(our_test(rule.cites))) for rule in known]


def _counts(request: PageRequest, use: str) -> list[tuple[str, int]]:
    table = request.register.repository.tables.decision
    query = select(table.c.outcome, func.count()).where(
        table.c.ledger == request.register.repository.ledger, table.c.use_id == use, table.c.mode == "observe"
    )
    with request.register.repository.backend.read() as connection:
        rows = connection.execute(query.group_by(table.c.outcome)).all()
    return sorted((say(request, _OUTCOMES.get(name, Text(en=name, zh=name))), int(n)) for name, n in rows)


PAGES: tuple[Page, ...] = (
    Page("/uses/{institution}/{use}/observe", "GET", Verb.SEE_USE, _show),
    Page("/uses/{institution}/{use}/observe", "POST", Verb.SIGN_OBSERVE, _act),
)
"""Whoever sees the use sees this; only the accountable executive's key begins it."""
