"""Incidents of running uses: opened, followed to their end, listed. Facts are counts and identifiers, never content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Incident, IncidentUpdate
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.holders import check_reason
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.lookup import newest_first
from dualtrack.store.projections import Projections, among

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.store.register import Register

__all__ = [
    "FACTS_MAX",
    "FACT_CHARACTERS_MAX",
    "IncidentState",
    "Severity",
    "get_incident",
    "incident_updates",
    "list_incidents",
    "open_incident",
    "update_incident",
]

FACTS_MAX = 50
"""Facts of one incident: counts and identifiers; more belongs in a report whose digest is a fact."""

FACT_CHARACTERS_MAX = 200
"""Longest text among the facts: an identifier or digest, not a story."""

Severity = Literal["minor", "material", "major"]

IncidentState = Literal["open", "contained", "closed"]


def open_incident(
    register: Register,
    *,
    kind: str,
    severity: Severity,
    note: str,
    by: str,
    use: str | None = None,
    facts: Mapping[str, int | str] | None = None,
) -> Incident:
    """Record that something went wrong, or may have. A major one lapses the use's permit until it is closed."""
    check_reason(note)
    given = dict(facts or {})
    if len(given) > FACTS_MAX or any(len(str(value)) > FACT_CHARACTERS_MAX for value in given.values()):
        raise FieldError(
            "too many facts, or one too long",
            where="incident, field facts",
            expected=f"at most {FACTS_MAX}, of {FACT_CHARACTERS_MAX} characters",
            fix="put the report in a document and name its digest",
        )
    if use is not None and not Projections(register.repository).rows("use", id=use):
        raise NotFoundError(f"use {use!r} is not declared", fix="leave it out for an incident of the whole firm")
    plain = {
        "id": new_id(), "kind": kind, "severity": severity, "use": use, "at": register.now(), "facts": given,
        "note": note, "by": by,
    }  # fmt: skip
    record = read_record(plain, Incident, where="incident")  # kind and by come from people: their form is checked here
    register.append_plain([("incident/1", use or register.institution, encode(record))])
    return record


def update_incident(register: Register, incident: str, *, state: IncidentState, note: str, by: str) -> IncidentUpdate:
    """Record what was done about an incident; raises NotFoundError for none, FieldError for one that is closed."""
    check_reason(note)
    row = _row(register, incident)
    if row["state"] == "closed":
        raise FieldError("it is closed", where=f"incident {incident}", fix="open a new incident that names this one")
    plain = {"incident": incident, "state": state, "note": note, "by": by, "at": register.now()}
    record = read_record(plain, IncidentUpdate, where="incident update")
    register.append_plain([("incident-update/1", row["use_id"] or register.institution, encode(record))])
    return record


def list_incidents(
    register: Register, *, open_only: bool = False, uses: frozenset[str] | None = None
) -> list[dict[str, Any]]:
    """Return incidents as they stand, newest first; of some uses if they are named, and then none of the firm itself."""
    rows = Projections(register.repository).rows("incident", **among("use_id", uses))
    kept = [row for row in rows if not (open_only and row["state"] == "closed")]
    return sorted(kept, key=lambda row: row["id"], reverse=True)


def get_incident(register: Register, incident: str) -> Incident:
    """Return the record of an incident; raises NotFoundError."""
    entry = register.repository.entry(int(_row(register, incident)["idx"]))
    return read_record(canonical.decode(entry.content), Incident, where=f"incident {incident}")


def incident_updates(register: Register, incident: str) -> list[IncidentUpdate]:
    """Return what was done about an incident, oldest first."""
    subject = _row(register, incident)["use_id"] or register.institution
    updates = [
        read_record(canonical.decode(entry.content), IncidentUpdate, where="incident update")
        for entry in newest_first(register, "incident-update/1", subject)
    ]
    return [item for item in reversed(updates) if item.incident == incident]


def _row(register: Register, incident: str) -> dict[str, Any]:
    found = Projections(register.repository).rows("incident", id=incident)
    if not found:
        raise NotFoundError("no such incident", where=f"incident {incident[:26]}", fix="list the incidents")
    return found[0]
