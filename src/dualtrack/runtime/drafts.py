"""What a firm may owe its regulators after an incident or before a change, and drafts. Nothing is ever sent from here."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.institution import Institution
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.domain.time import hong_kong_date
from dualtrack.domain.vocabulary import InstitutionType
from dualtrack.errors import NotFoundError
from dualtrack.keys import dsse
from dualtrack.runtime.incidents import get_incident
from dualtrack.runtime.lookup import find_declaration, newest_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.oversight import Incident
    from dualtrack.domain.usecase import UseCase
    from dualtrack.store.register import Register

__all__ = [
    "ChangeQuestion",
    "Duty",
    "DutyLine",
    "duties_of_change",
    "duties_of_incident",
    "is_sfc_high_risk",
    "reporting_duties",
    "significant_change",
]

_SEVERITIES = ("minor", "material", "major")


class Duty(Record, frozen=True):
    """One duty of the data file: whom it binds, on what, where it stands, and how the source was seen."""

    id: str
    on: Literal["incident", "change"]
    binds: list[InstitutionType]
    regulator: str
    cites: str
    grade: Literal["primary", "secondary", "unseen"]
    period: str | None
    voluntary: bool
    says: Text
    severity: Literal["minor", "material", "major"] | None = None
    high_risk: bool = False
    facts: list[str] = []
    question: str | None = None


class _Duties(Record, frozen=True):
    checked_on: str
    duties: list[Duty]


class _Drafts(Record, frozen=True):
    checked_on: str
    cites: str
    asks: Text
    yes: Text
    no: Text


class DutyLine(NamedTuple):
    """A duty as it stands in one case.

    `clock_from` is there only where a period was verified; `unknown` names facts of which nothing is known here: then a
    person must say whether the duty applies.
    """

    duty: Duty
    clock: Text
    clock_from: str | None
    unknown: tuple[str, ...]


class ChangeQuestion(NamedTuple):
    """The question whether a use is a significant change, the paragraph, and a draft for either answer."""

    use: str
    cites: str
    asks: Text
    yes: Text
    no: Text


@cache
def reporting_duties() -> tuple[str, tuple[Duty, ...]]:
    """Return the day on which the sources were checked, and the duties."""
    found = read_record(_data("duties.yaml"), _Duties, where="duties.yaml")
    return found.checked_on, tuple(found.duties)


def duties_of_incident(register: Register, incident: str, *, facts: Mapping[str, bool] | None = None) -> list[DutyLine]:
    """Return what an incident may oblige the firm to; `facts` are a person's answers beside the declaration's."""
    found = get_incident(register, incident)
    declared = find_declaration(register, found.use) if found.use else None
    return [
        _line(duty, declared, facts or {}, at=found.at)
        for duty in _binding(register, "incident")
        if _reaches(duty, found) and _applies(duty, declared, facts or {})
    ]


def duties_of_change(register: Register, use: str, *, facts: Mapping[str, bool] | None = None) -> list[DutyLine]:
    """Return what taking a use, or a new release of it, into service may oblige the firm to."""
    declared = find_declaration(register, use)
    return [
        _line(duty, declared, facts or {}, at=None)
        for duty in _binding(register, "change")
        if _applies(duty, declared, facts or {})
    ]


def is_sfc_high_risk(declared: UseCase) -> bool:
    """Tell whether a use is high-risk in the sense of 24EC55 paragraph 8; what is not answered counts as yes.

    Investment recommendations, advice or research by a language model to investors or clients (footnote 3: not servicing
    after the sale).
    """
    facts = declared.facts
    return (
        facts.get("language_model", True) is not False
        and facts.get("gives_advice", True) is not False
        and facts.get("after_sales_only", False) is not True
    )


def significant_change(register: Register, use: str) -> ChangeQuestion | None:
    """Return the question and both drafts for a high-risk use of a firm that the SFC licenses, None for any other."""
    if not any(duty.question for duty in _binding(register, "change")):
        return None
    declared = find_declaration(register, use)
    if not is_sfc_high_risk(declared):
        return None
    texts = read_record(_data("significant_change.yaml"), _Drafts, where="significant_change.yaml")
    firm, day = _institution(register), str(hong_kong_date(register.clock()))
    release = (register.latest_release(use) or "-")[:16]

    def filled(text: Text) -> Text:
        given = {"use": use, "release": release, "day": day}
        english = {"title": declared.title.en, "purpose": declared.purpose.en, "firm": firm.name.en}
        chinese = {"title": declared.title.zh, "purpose": declared.purpose.zh, "firm": firm.name.zh}
        return Text(en=_fill(text.en, given | english), zh=_fill(text.zh, given | chinese))

    return ChangeQuestion(use, texts.cites, filled(texts.asks), filled(texts.yes), filled(texts.no))


def _fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the places that the data file names; what people wrote is never read as a place itself."""
    parts = text.split("{")
    found = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        found.append(values[name] + rest)
    return "".join(found)


def _binding(register: Register, on: str) -> list[Duty]:
    kind = _institution(register).type
    return [duty for duty in reporting_duties()[1] if duty.on == on and kind in duty.binds]


def _reaches(duty: Duty, incident: Incident) -> bool:
    return _SEVERITIES.index(incident.severity) >= _SEVERITIES.index(duty.severity or "minor")


def _answer(name: str, declared: UseCase | None, facts: Mapping[str, bool]) -> object:
    return facts[name] if name in facts else declared.facts.get(name) if declared is not None else None


def _applies(duty: Duty, declared: UseCase | None, facts: Mapping[str, bool]) -> bool:
    """Leave a duty out only where it is known not to apply."""
    if duty.high_risk and declared is not None and not is_sfc_high_risk(declared):
        return False
    return all(_answer(name, declared, facts) is not False for name in duty.facts)


def _line(duty: Duty, declared: UseCase | None, facts: Mapping[str, bool], *, at: str | None) -> DutyLine:
    unknown = tuple(name for name in duty.facts if _answer(name, declared, facts) is None)
    if duty.grade == "primary" and duty.period == "immediately" and at is not None:
        return DutyLine(duty, Text(en=f"at once, from {at}", zh=f"立即，由 {at} 起"), at, unknown)
    if duty.voluntary:
        return DutyLine(duty, Text(en="voluntary; no period", zh="自願性質；並無期限"), None, unknown)
    return DutyLine(duty, Text(en="period not verified", zh="期限未經核實"), None, unknown)


def _institution(register: Register) -> Institution:
    for entry in newest_first(register, "institution/1", register.institution):
        return read_record(canonical.decode(dsse.parse(entry.content).payload), Institution, where="institution")
    raise NotFoundError("the institution is not founded", where=register.institution, fix="`dualtrack init` first")


def _data(name: str) -> object:
    return read_yaml((resources.files("dualtrack.runtime") / "data" / name).read_bytes(), where=name)
