"""Interests, dealings and offerings of the firm and its analysts, and what they mean for a note on a day (Code of Conduct, paragraph 16)."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from dualtrack.domain.business_time import add_business_days
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.domain.time import parse_date

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from dualtrack.apps.research.notes.note import Note

__all__ = [
    "Interest",
    "InterestKind",
    "Obstacle",
    "Rules",
    "Standing",
    "dealing_free_from",
    "disclosure_rules",
    "standing_of",
]

_FILE = "rules.yaml"

InterestKind = Literal[
    "officer",
    "financial interest",
    "firm holding",
    "market making",
    "investment banking",
    "analyst dealing",
    "initial offering",
    "secondary offering",
]
"""`officer`: the analyst or an associate serves the issuer; the last three name a day (`since`) from which days are counted."""


class Interest(Record, frozen=True):
    """An entry of the register: who has what in which issuer since when; `percent` of a holding, `until` where it has ended."""

    issuer: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: InterestKind
    who: str
    since: str
    until: str | None = None
    percent: Annotated[float, Meta(ge=0, le=100)] | None = None


class _Parameter(Record, frozen=True):
    value: float
    counted: str
    cites: str
    says: Text


class Rules(Record, frozen=True):
    """The dated parameters of paragraph 16."""

    as_of: str
    blackout_before_days: _Parameter
    blackout_after_days: _Parameter
    holding_percent: _Parameter
    quiet_ipo_days: _Parameter
    quiet_secondary_days: _Parameter
    banking_months: _Parameter


class Obstacle(Record, frozen=True):
    """Why a note may not be released on a day, and from when it may."""

    issuer: str
    says: Text
    cites: str
    until: str


class Standing(Record, frozen=True):
    """What the register says of a note on a day: what keeps it back, and what is to be disclosed in it, in both languages."""

    obstacles: list[Obstacle]
    disclosures: list[Text]


@cache
def disclosure_rules() -> Rules:
    """Return the shipped parameters."""
    data = (resources.files("dualtrack.apps.research.notes") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), Rules, where=_FILE)


def standing_of(note: Note, interests: Iterable[Interest], *, on: date) -> Standing:
    """Return what keeps a note back on a day and what it must disclose.

    Where nothing is recorded of an issuer that is said as well: a reader is never left to infer it.
    """
    rules = disclosure_rules()
    obstacles: list[Obstacle] = []
    said: list[Text] = []
    for issuer in note.issuers:
        mine = [each for each in interests if each.issuer == issuer and parse_date(each.since) <= on]
        obstacles += [found for each in mine if (found := _obstacle(each, note, rules, on)) is not None]
        disclosed = [text for each in mine if (text := _disclosure(each, note, rules, on)) is not None]
        said += disclosed or [
            Text(
                en=f"{issuer}: no interest of the author or the firm is on record.",
                zh=f"{issuer}：沒有作者或機構利益的紀錄。",
            )
        ]
    return Standing(obstacles=obstacles, disclosures=said)


def _obstacle(item: Interest, note: Note, rules: Rules, on: date) -> Obstacle | None:
    day = parse_date(item.since)
    match item.kind:
        case "initial offering":
            rule, until = rules.quiet_ipo_days, day + timedelta(days=int(rules.quiet_ipo_days.value))
        case "secondary offering":
            rule, until = rules.quiet_secondary_days, day + timedelta(days=int(rules.quiet_secondary_days.value))
        case "analyst dealing" if item.who == note.author:
            rule, until = rules.blackout_before_days, day + timedelta(days=int(rules.blackout_before_days.value))
        case _:
            return None
    return Obstacle(issuer=item.issuer, says=rule.says, cites=rule.cites, until=str(until)) if on <= until else None


def _disclosure(item: Interest, note: Note, rules: Rules, on: date) -> Text | None:
    """Return what a reader is told of an interest that stands, or stood lately; None for one that need not be told."""
    ended = item.until is not None and parse_date(item.until) < on
    name = item.issuer
    if item.kind == "investment banking":
        return _banking(item, rules, on)
    if ended:
        return None
    said: Text | None = None
    if item.kind == "officer":
        said = Text(
            en=f"{name}: {item.who} serves the issuer as an officer.", zh=f"{name}：{item.who}為發行人的高級人員。"
        )
    elif item.kind == "financial interest" and item.who == note.author:
        said = Text(
            en=f"{name}: the author has a financial interest in the issuer.", zh=f"{name}：作者持有發行人的財務權益。"
        )
    elif item.kind == "market making":
        said = Text(
            en=f"{name}: the firm makes a market in the issuer's securities.", zh=f"{name}：機構為發行人證券的莊家。"
        )
    elif item.kind == "firm holding" and item.percent is not None and item.percent >= rules.holding_percent.value:
        said = Text(
            en=f"{name}: the firm holds {item.percent:g}% of the issuer's market value.",
            zh=f"{name}：機構持有發行人市值的{item.percent:g}%。",
        )
    return said


def _banking(item: Interest, rules: Rules, on: date) -> Text | None:
    months = int(rules.banking_months.value)
    last = parse_date(item.until or str(on))
    if (on.year - last.year) * 12 + on.month - last.month - (on.day < last.day) >= months:
        return None
    return Text(
        en=f"{item.issuer}: the firm has or had investment-banking business with the issuer within {months} months.",
        zh=f"{item.issuer}：機構於{months}個月內曾與發行人有投資銀行業務。",
    )


def dealing_free_from(released: date) -> date:
    """Return the first day on which the author of a note may deal in its issuers again (16.4(b)): business days after its release."""
    return add_business_days(released, int(disclosure_rules().blackout_after_days.value))
