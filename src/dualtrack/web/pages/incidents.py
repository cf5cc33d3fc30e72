"""Pages of incidents: the list, opening one, following it to its end, and what the firm may owe its regulators."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, get_args

from dualtrack.domain.records import Text
from dualtrack.errors import DualtrackError, FieldError, NotFoundError
from dualtrack.runtime.drafts import duties_of_incident, reporting_duties, significant_change
from dualtrack.runtime.incidents import (
    IncidentState,
    Severity,
    get_incident,
    incident_updates,
    list_incidents,
    open_incident,
    update_incident,
)
from dualtrack.store.projections import Projections, among
from dualtrack.web.identity.permissions import Verb, require, visible_uses
from dualtrack.web.pages.asked import use_address
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Choice, Crumb, Fact, Link
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
from dualtrack.web.views.incidents import (
    KINDS,
    SEVERITIES,
    STATES,
    duty_rows,
    fact_words,
    incident_row,
    incident_steps,
    kind_words,
    question_words,
    severity_badge,
    state_badge,
)
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.oversight import Incident
    from dualtrack.web.pages.base import PageRequest

__all__ = ["COUNT_MAX", "LISTED_MAX", "PAGES"]

LISTED_MAX = 200
"""Incidents on the list, newest first."""

COUNT_MAX = 1_000_000_000
"""Largest count in an incident's facts: more people than there are is a slip of the keyboard."""

_TITLE = Text(en="Incidents", zh="事故")
_FACTS = ("people_affected", "decisions_affected")
"""Counts that the form asks for."""

_REFERENCE = "reference"


def _list(request: PageRequest) -> View:
    language, titles = language_of(request), _titles(request)
    rows = list_incidents(request.register, uses=visible_uses(person(request)))
    shown = request.query.get("show", "open")
    kept = [row for row in rows if shown != "open" or row["state"] != "closed"]
    n_open = sum(row["state"] != "closed" for row in rows)
    context = {
        "view": "list",
        "tabs": [
            Link("/incidents", say(request, Text(en="Not closed", zh="未了結")), shown == "open", n_open),
            Link("/incidents?show=all", say(request, Text(en="All", zh="全部")), shown != "open", len(rows)),
        ],
        "rows": [incident_row(row, titles, language) for row in kept[:LISTED_MAX]],
        "listed_max": LISTED_MAX,
        "total": len(kept),
        "may_open": can(request, Verb.OPEN_INCIDENT),
        "changes": [Link(use_address(use, "change"), title) for use, title in titles.items()],
    }
    return View("incidents.html.j2", context, say(request, _TITLE))


def _new(request: PageRequest) -> View:
    return _new_view(request, {"use": request.query.get("use", "")}, None)


def _new_view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    language = language_of(request)
    whole = Choice("", say(request, Text(en="The whole institution", zh="整間機構")))
    uses = [Choice(use, title, use == form.get("use")) for use, title in _titles(request).items()]
    context = {
        "view": "new",
        "trail": (Crumb(say(request, _TITLE), "/incidents"), Crumb(say(request, _NEW))),
        "uses": [whole, *uses],
        "kinds": [Choice(name, both(text, language), name == form.get("kind")) for name, text in KINDS.items()],
        "severities": [
            Choice(name, both(text, language), name == form.get("severity")) for name, text in SEVERITIES.items()
        ],
        "counts": [(name, fact_words(name, language)) for name in _FACTS],
        "form": form,
        "refused": refusal(error, language) if error else None,
        "wrong": error_field(error, ("note", "severity", "kind", *_FACTS)) if error else "",
    }
    return View("incidents.html.j2", context, say(request, _NEW), error.status if error else 200)


_NEW = Text(en="Open an incident", zh="開立事故")


def _open(request: PageRequest) -> View | Redirect:
    form = dict(request.form)
    try:
        severity, use = form.get("severity", ""), form.get("use") or None
        if severity not in get_args(Severity):
            raise FieldError("no severity", where="incident, field severity", fix="say how grave it is")
        if form.get("kind") not in KINDS:
            raise FieldError("no kind", where="incident, field kind", fix="choose a kind")
        if not form.get("note", "").strip():
            raise FieldError("no note", where="incident, field note", fix="say what happened, in a sentence")
        if use is not None:
            require(person(request), Verb.OPEN_INCIDENT, institution=request.register.institution, use=use)
        record = open_incident(
            request.register,
            kind=form["kind"],
            severity=severity,  # type: ignore[arg-type]  # one of its values, checked above
            note=form["note"].strip(),
            by=holder_of_person(request),
            use=use,
            facts=_facts(form),
        )
    except DualtrackError as error:
        return _new_view(request, form, error)
    request.runtime.snapshots.refresh()
    return Redirect(f"/incidents/{record.id}", say(request, Text(en="The incident is recorded.", zh="事故已記錄。")))


def _facts(form: Mapping[str, str]) -> dict[str, int | str]:
    found: dict[str, int | str] = {}
    for name in _FACTS:
        text = form.get(name, "").strip().replace(",", "")
        if not text:
            continue
        if not text.isascii() or not text.isdigit() or int(text[:12]) > COUNT_MAX:
            raise FieldError(
                f"{text[:20]!r} is not a count", where=f"incident, field {name}", fix="write a whole number"
            )
        found[name] = int(text[:12])
    reference = form.get(_REFERENCE, "").strip()
    return found | ({_REFERENCE: reference} if reference else {})


def _one(request: PageRequest) -> View:
    return _one_view(request, {}, None)


def _one_view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    register, language, name = request.register, language_of(request), request.path["id"]
    record, state = get_incident(register, name), _state(request)
    _check(request, record, Verb.SEE_INCIDENTS)
    updates = incident_updates(register, name)
    question = _question(request, record)
    context: dict[str, Any] = {
        "view": "one",
        "trail": (Crumb(say(request, _TITLE), "/incidents"), Crumb(kind_words(record.kind, language))),
        "incident": record,
        "kind": kind_words(record.kind, language),
        "severity": severity_badge(record.severity, language),
        "state": state_badge(state, language),
        "closed": state == "closed",
        "facts": _shown_facts(request, record),
        "use": record.use,
        "duties": duty_rows(duties_of_incident(register, name), language),
        "checked_on": date.fromisoformat(reporting_duties()[0]),
        "question": question,
        "steps": incident_steps(record, updates, language),
        "states": [
            Choice(key, both(text, language), key == form.get("state", state))
            for key, text in STATES.items()
            if key != "closed"
        ],
        "may_update": can(request, Verb.OPEN_INCIDENT),
        "may_close": can(request, Verb.CLOSE_INCIDENT),
        "form": form,
        "refused": refusal(error, language) if error else None,
    }
    return View(
        "incidents.html.j2", context, say(request, Text(en="Incident", zh="事故")), error.status if error else 200
    )


def _update(request: PageRequest) -> View | Redirect:
    form = dict(request.form)
    try:
        record, note = get_incident(request.register, request.path["id"]), form.get("note", "").strip()
        _check(request, record, Verb.OPEN_INCIDENT)
        if not note:
            raise FieldError("no note", where="incident, field note", fix="say what was done, in a sentence")
        state = form.get("state", "")
        if state not in get_args(IncidentState) or (state == "closed" and _state(request) != "closed"):
            raise FieldError("no such state", where="incident, field state", expected="open or contained")
        _write(request, state, note)
    except NotFoundError:
        raise
    except DualtrackError as error:
        return _one_view(request, form, error)
    return Redirect(f"/incidents/{request.path['id']}", say(request, Text(en="Recorded.", zh="已記錄。")))


def _close(request: PageRequest) -> View | Redirect:
    """Close it. The door asked for the password of the last minutes, or the one in this form."""
    form = dict(request.form)
    try:
        _check(request, get_incident(request.register, request.path["id"]), Verb.CLOSE_INCIDENT)
        if not form.get("note", "").strip():
            raise FieldError("no note", where="incident, field note", fix="say why it is over, in a sentence")
        _write(request, "closed", form["note"].strip())
    except NotFoundError:
        raise
    except DualtrackError as error:
        return _one_view(request, form, error)
    return Redirect(
        f"/incidents/{request.path['id']}", say(request, Text(en="The incident is closed.", zh="事故已了結。"))
    )


def _to_incident(request: PageRequest) -> Redirect:
    return Redirect(f"/incidents/{request.path['id']}")


def _write(request: PageRequest, state: str, note: str) -> None:
    by = holder_of_person(request)
    update_incident(request.register, request.path["id"], state=state, note=note, by=by)  # type: ignore[arg-type]  # one of its values, checked by the callers
    request.runtime.snapshots.refresh()


def _check(request: PageRequest, record: Incident, verb: Verb) -> None:
    institution = request.register.institution
    require(person(request), verb, institution=institution, use=record.use, listed=record.use is None)


def _state(request: PageRequest) -> str:
    rows = Projections(request.register.repository).rows("incident", id=request.path["id"])
    return str(rows[0]["state"]) if rows else "open"


def _question(request: PageRequest, record: Incident) -> dict[str, str] | None:
    found = significant_change(request.register, record.use) if record.use else None
    return question_words(found, language_of(request))


def _shown_facts(request: PageRequest, record: Incident) -> list[Fact]:
    language = language_of(request)
    rows = [
        (Text(en="Opened by", zh="開立人"), record.by),
        (Text(en="Opened", zh="開立時間"), moment_text(record.at, language)),
    ]
    given = [
        Fact(fact_words(name, language), f"{value:,}" if isinstance(value, int) else value)
        for name, value in record.facts.items()
    ]
    return [*(Fact(both(term, language), value) for term, value in rows), *given]


def _titles(request: PageRequest) -> dict[str, str]:
    rows = Projections(request.register.repository).rows("use", **among("id", visible_uses(person(request))))
    return {row["id"]: say(request, Text(en=row["title_en"], zh=row["title_zh"])) for row in rows}


PAGES: tuple[Page, ...] = (
    Page("/incidents", "GET", Verb.SEE_INCIDENTS, _list),
    Page("/incidents/new", "GET", Verb.OPEN_INCIDENT, _new),
    Page("/incidents/new", "POST", Verb.OPEN_INCIDENT, _open),
    Page("/incidents/{id}", "GET", Verb.SEE_INCIDENTS, _one),
    Page("/incidents/{id}", "POST", Verb.OPEN_INCIDENT, _update),
    Page("/incidents/{id}/close", "GET", Verb.SEE_INCIDENTS, _to_incident),
    Page("/incidents/{id}/close", "POST", Verb.CLOSE_INCIDENT, _close),
)
"""Everybody on a use may open one; closing is for fewer, and asks for the password."""
