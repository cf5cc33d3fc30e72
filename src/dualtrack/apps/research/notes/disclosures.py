"""Interests, dealings and offerings of the firm and its analysts, and what they mean for a note on a day (Code of Conduct, paragraph 16)."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from msgspec import Meta

from dualtrack.apps.research.notes.naming import same_holder, same_issuer
from dualtrack.domain.business_time import add_business_days
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.domain.time import parse_date
from dualtrack.errors import FieldError

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
    "deals_too_early",
    "disclosure_rules",
    "standing_of",
]

_FILE = "rules.yaml"

_FORTNIGHT = timedelta(days=14)
"""Longer than three business days with any run of general holidays in Hong Kong."""

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
    """An entry of the register: who has what in which issuer since when; `percent` of a holding, `until` where it has ended.

    `who` is empty where the name has been erased.
    """

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
    """What the register says of a note on a day: what keeps it back, and what is to be disclosed in it, in both languages.

    `without_names` are the disclosures as the ledger keeps them: who a person is stands in the vault alone.
    """

    obstacles: list[Obstacle]
    disclosures: list[Text]
    without_names: list[Text]


@cache
def disclosure_rules() -> Rules:
    """Return the shipped parameters."""
    data = (resources.files("dualtrack.apps.research.notes") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), Rules, where=_FILE)


def standing_of(note: Note, interests: Iterable[Interest], *, on: date) -> Standing:
    """Return what keeps a note back on a day and what it must disclose.

    Where nothing at all is recorded of an issuer that is said as well: a reader is never left to infer it. Names are compared so that
    another spelling of an issuer or a person passes for the same.
    """
    rules, register = disclosure_rules(), list(interests)
    obstacles: list[Obstacle] = []
    said: list[_Said] = []
    for issuer in note.issuers:
        entered = [each for each in register if same_issuer(each.issuer, issuer)]
        mine = [each for each in entered if parse_date(each.since) <= on]
        obstacles += [found for each in mine if (found := _obstacle(each, note, rules, on)) is not None]
        disclosed = [told for each in mine if (told := _disclosure(each, issuer, note, rules, on)) is not None]
        said += disclosed or [_nothing(issuer, entered=bool(entered))]
    return Standing(
        obstacles=obstacles, disclosures=[each.says for each in said], without_names=[each.kept for each in said]
    )


class _Said(NamedTuple):
    """A disclosure as readers have it, and without names."""

    says: Text
    kept: Text


def _plain(en: str, zh: str) -> _Said:
    text = Text(en=en, zh=zh)
    return _Said(text, text)


def _nothing(issuer: str, *, entered: bool) -> _Said:
    if entered:
        return _plain(
            f"{issuer}: no interest that must be disclosed stands on this day.", f"{issuer}：於本日並無須予披露的利益。"
        )
    return _plain(
        f"{issuer}: no interest of the author or the firm is on record.", f"{issuer}：沒有作者或機構利益的紀錄。"
    )


def _obstacle(item: Interest, note: Note, rules: Rules, on: date) -> Obstacle | None:
    day = parse_date(item.since)
    match item.kind:
        case "initial offering":
            rule, until = rules.quiet_ipo_days, day + timedelta(days=int(rules.quiet_ipo_days.value))
        case "secondary offering":
            rule, until = rules.quiet_secondary_days, day + timedelta(days=int(rules.quiet_secondary_days.value))
        case "analyst dealing" if not item.who or same_holder(item.who, note.author):
            rule, until = rules.blackout_before_days, day + timedelta(days=int(rules.blackout_before_days.value))
        case _:
            return None
    return Obstacle(issuer=item.issuer, says=rule.says, cites=rule.cites, until=str(until)) if on <= until else None


def _disclosure(item: Interest, name: str, note: Note, rules: Rules, on: date) -> _Said | None:
    """Return what a reader is told of an interest that stands, or stood lately; None for one that need not be told."""
    if item.kind == "investment banking":
        return _banking(item, name, rules, on)
    if item.until is not None and parse_date(item.until) < on:
        return None
    said: _Said | None = None
    if item.kind == "officer":
        said = _officer(name, item.who)
    elif item.kind == "financial interest":
        said = _financial(name, author=not item.who or item.who == note.author)
    elif item.kind == "firm holding":
        said = _holding(name, item.percent, least=rules.holding_percent.value)
    elif item.kind == "market making":
        said = _plain(
            f"{name}: the firm makes a market in the issuer's securities.", f"{name}：機構為發行人證券的莊家。"
        )
    return said


def _officer(name: str, who: str) -> _Said:
    kept = Text(
        en=f"{name}: a person on record serves the issuer as an officer.",
        zh=f"{name}：有登記在冊的人士為發行人的高級人員。",
    )
    named = Text(en=f"{name}: {who} serves the issuer as an officer.", zh=f"{name}：{who}為發行人的高級人員。")
    return _Said(named if who else kept, kept)


def _financial(name: str, *, author: bool) -> _Said:
    if author:
        return _plain(
            f"{name}: the author has a financial interest in the issuer.", f"{name}：作者持有發行人的財務權益。"
        )
    return _plain(
        f"{name}: the author, an associate or another analyst has a financial interest in the issuer.",
        f"{name}：作者、其有聯繫者或另一分析員持有發行人的財務權益。",
    )


def _holding(name: str, percent: float | None, *, least: float) -> _Said:
    """Every holding is told, also one below the share that must be: to say that there is none would be untrue."""
    if percent is None:
        return _plain(
            f"{name}: the firm holds securities of the issuer; the share is not recorded.",
            f"{name}：機構持有發行人的證券，所佔百分比未有紀錄。",
        )
    if percent < least:
        return _plain(
            f"{name}: the firm holds {percent:g}% of the issuer's market value, less than {least:g}%.",
            f"{name}：機構持有發行人市值的{percent:g}%，不足{least:g}%。",
        )
    return _plain(
        f"{name}: the firm holds {percent:g}% of the issuer's market value.",
        f"{name}：機構持有發行人市值的{percent:g}%。",
    )


def _banking(item: Interest, name: str, rules: Rules, on: date) -> _Said | None:
    months = int(rules.banking_months.value)
    last = parse_date(item.until or str(on))
    if (on.year - last.year) * 12 + on.month - last.month - (on.day < last.day) >= months:
        return None
    return _plain(
        f"{name}: the firm has or had investment-banking business with the issuer within {months} months.",
        f"{name}：機構於{months}個月內曾與發行人有投資銀行業務。",
    )


def dealing_free_from(released: date) -> date:
    """Return the first day on which the author of a note may deal in its issuers again (16.4(b)): business days after its release.

    Where the table of general holidays ends, a fortnight is taken, which is longer.
    """
    try:
        return add_business_days(released, int(disclosure_rules().blackout_after_days.value))
    except FieldError:
        return released + _FORTNIGHT


def deals_too_early(note: Note, released: date, interest: Interest) -> bool:
    """Say whether an entry of the register is a dealing by a note's author in its issuers between its release and the day it is free again."""
    if interest.kind != "analyst dealing" or not same_holder(interest.who, note.author):
        return False
    ours = any(same_issuer(interest.issuer, issuer) for issuer in note.issuers)
    return ours and released <= parse_date(interest.since) < dealing_free_from(released)
