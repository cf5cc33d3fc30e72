"""Complaints: the list without their words, recording one, opening the words for a reason that is logged, erasing them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.runtime.complaints import (
    COMPLAINT_CHARACTERS_MAX,
    LIST_MAX,
    complain,
    erase_complaint,
    find_complaint,
    list_complaints,
    open_complaint,
)
from dualtrack.runtime.standing import standing_settings
from dualtrack.store.projections import Projections, among
from dualtrack.web.identity.permissions import Verb, require, visible_uses
from dualtrack.web.pages.asked import number_of, say_of, use_address, words_of
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Choice, Crumb
from dualtrack.web.spark import Point, trend
from dualtrack.web.views.acting import can, holder_of_person, person, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.oversight import Complaint
    from dualtrack.runtime.complaints import Complained
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.wording import Say

__all__ = ["LISTED_MAX", "PAGES"]

LISTED_MAX = 200
"""Complaints on the list, newest first."""

_TITLE = Text(en="Complaints", zh="投訴")
_NEW = Text(en="Record a complaint", zh="記錄投訴")
_MEANS = {
    "receipt": Text(en="the customer, by the receipt", zh="客戶（憑收據）"),
    "link": Text(en="the customer, by a link", zh="客戶（憑連結）"),
    "staff": Text(en="staff", zh="職員"),
    "program": Text(en="a program", zh="程式"),
}
_ID_CHARACTERS_MAX = 26


def _list(request: PageRequest) -> View:
    say, titles = say_of(request), _titles(request)
    found = list_complaints(request.register, titles, limit=min(LISTED_MAX, LIST_MAX))
    context = {
        "view": "list",
        "refused": None,
        "rows": [_row(item, titles, say) for item in found],
        "listed_max": LISTED_MAX,
        "days": _days(request, found, say),
        "may_complain": can(request, Verb.COMPLAIN),
    }
    return View("complaints.html.j2", context, say.text(_TITLE))


def _row(item: Complained, titles: Mapping[str, str], say: Say) -> dict[str, object]:
    record = item.complaint
    return {
        "entry": item.entry,
        "use": titles.get(record.use, record.use),
        "when": say.moment(record.at),
        "decision": record.decision,
        "means": say.capital(_MEANS[record.means]),
        "counted": say.value(record.counted),
    }


def _days(request: PageRequest, found: Sequence[Complained], say: Say) -> dict[str, object] | None:
    """Return how many of the complaints on the list each day of the longest window has in which they act on a permit."""
    window = max(rule.window_days for rule in standing_settings().signals if rule.kind == "complaint")
    today = hong_kong_date(request.register.clock())
    counts = Counter(hong_kong_date(parse_instant(item.complaint.at)) for item in found)
    days = [today - timedelta(days=back) for back in range(window - 1, -1, -1)]
    points = [Point(f"{day:%m-%d}", counts[day]) for day in days]
    if not any(point.value for point in points):
        return None
    newest = say(f", of the newest {LISTED_MAX}", f"，取自最新{LISTED_MAX}宗")
    title = say(f"Complaints a day, last {window} days", f"過去{window}日每日投訴")
    return {
        "picture": trend("complaints-a-day", title, points, style="bar"),
        "title": title,
        "head": (say("Day", "日"), say("Complaints", "投訴")),
        "rows": [(point.label, int(point.value)) for point in points if point.value],
        "basis": f"n = {sum(int(point.value) for point in points):,}" + (newest if len(found) == LISTED_MAX else ""),
    }


def _new(request: PageRequest) -> View:
    query = {name: request.query.get(name, "") for name in ("use", "decision")}
    return _form(request, query, None)


def _form(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    say = say_of(request)
    context = {
        "view": "new",
        "uses": [Choice(use, title, use == form.get("use")) for use, title in _titles(request).items()],
        "decision": form.get("decision", "")[:_ID_CHARACTERS_MAX],
        "text": form.get("text", ""),  # the person's identifier is never sent back
        "text_max": COMPLAINT_CHARACTERS_MAX,
        "refused": refusal(error, say.language) if error else None,
        "trail": _trail(request, say.text(_NEW)),
    }
    return View("complaints.html.j2", context, say.text(_NEW), error.status if error else 200)


def _record(request: PageRequest) -> View | Redirect:
    form, register, say = {**request.form, "text": words_of(request)}, request.register, say_of(request)
    try:
        use, decision = form.get("use", ""), form.get("decision", "").strip() or None
        require(person(request), Verb.COMPLAIN, institution=register.institution, use=use)
        contents = request.runtime.recorder(register.institution).contents
        complain(
            register,
            contents,
            use,
            form["text"],
            by=holder_of_person(request),
            means="staff",
            decision=decision,
            subject=_subject(request, decision),
        )
    except DualtrackError as error:
        return _form(request, form, error)
    request.runtime.snapshots.refresh()
    to = f"/decisions/{decision}" if decision and can(request, Verb.SEE_DECISIONS) else "/complaints/new"
    return Redirect(to, say("The complaint is recorded.", "投訴已記錄。"))


def _subject(request: PageRequest, decision: str | None) -> str | None:
    """Return the pseudonym of who complains, if staff said who; raises FieldError beside a decision, as the API does."""
    said = request.form.get("person", "").strip()
    if said and decision is not None:
        raise FieldError(
            "both a decision and a person", where="field person", fix="the decision tells whom it is about"
        )
    return request.runtime.subjects.pseudonym(request.register.institution, said) if said else None


def _one(request: PageRequest) -> View:
    return _show(request, _found(request, Verb.SEE_INCIDENTS), None, None)


def _text(request: PageRequest) -> View:
    """Open the words. Who looks, at what and why is in the ledger before."""
    found = _found(request, Verb.SEE_CONTENT)
    contents = request.runtime.recorder(request.register.institution).contents
    try:
        by, reason = holder_of_person(request), request.form.get("reason", "")
        text = open_complaint(request.register, contents, found, by=by, reason=reason)
    except DualtrackError as error:
        return _show(request, found, None, error)
    return _show(request, found, text, None)


def _erase(request: PageRequest) -> View | Redirect:
    """Erase the words of a complaint that names nobody; what names somebody goes with the person."""
    found, register, say = _found(request, Verb.ERASE_CONTENT), request.register, say_of(request)
    contents = request.runtime.recorder(register.institution).contents
    try:
        by, reason = holder_of_person(request), request.form.get("reason", "")
        reply = erase_complaint(register, contents, found, by=by, reason=reason)
    except DualtrackError as error:
        return _show(request, found, None, error)
    said = say("The words are erased.", "內容已刪除。") if reply.contents else say.text(reply.says)
    return Redirect(f"/complaints/{request.path['entry']}", said)


def _show(request: PageRequest, found: Complaint, text: str | None, error: DualtrackError | None) -> View:
    say, entry = say_of(request), number_of(request.path["entry"], where="complaint")
    row = {"complaint": found, "entry": entry}
    context = {
        "view": "one",
        **row,
        "use": _titles(request).get(found.use, found.use),
        "use_href": use_address(found.use),
        "when": say.moment(found.at),
        "means": say.capital(_MEANS[found.means]),
        "text": text,
        "may_content": can(request, Verb.SEE_CONTENT),
        "may_erase": found.subject is None and can(request, Verb.ERASE_CONTENT),
        "refused": refusal(error, say.language) if error else None,
        "reason": request.form.get("reason", ""),
        "trail": _trail(request, str(entry)),
    }
    return View("complaints.html.j2", context, say("Complaint", "投訴"), error.status if error else 200)


def _trail(request: PageRequest, last: str) -> tuple[Crumb, ...]:
    """Return the way here; who may record complaints and not list them begins at the form."""
    title = Crumb(say_of(request).text(_TITLE), "/complaints")
    return (title, Crumb(last)) if can(request, Verb.SEE_INCIDENTS) else (Crumb(last),)


def _found(request: PageRequest, verb: Verb) -> Complaint:
    found = find_complaint(request.register, number_of(request.path["entry"], where="complaint"))
    require(person(request), verb, institution=request.register.institution, use=found.use)
    return found


def _titles(request: PageRequest) -> dict[str, str]:
    say, narrowed = say_of(request), among("id", visible_uses(person(request)))
    return {
        str(row["id"]): say.text(Text(en=row["title_en"], zh=row["title_zh"]))
        for row in Projections(request.register.repository).rows("use", **narrowed)
    }


PAGES: tuple[Page, ...] = (
    Page("/complaints", "GET", Verb.SEE_INCIDENTS, _list),
    Page("/complaints/new", "GET", Verb.COMPLAIN, _new),
    Page("/complaints/new", "POST", Verb.COMPLAIN, _record),
    Page("/complaints/{entry}", "GET", Verb.SEE_INCIDENTS, _one),
    Page("/complaints/{entry}", "POST", Verb.SEE_CONTENT, _text),
    Page("/complaints/{entry}/erase", "POST", Verb.ERASE_CONTENT, _erase),
)
