"""Steps 3 to 5 for one rule: applicability, requirement, waiver (docs/assessment.md, section 8)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.domain.bounds import WAIVER_DAYS_MAX
from dualtrack.domain.time import add_days, format_instant, parse_instant
from dualtrack.domain.vocabulary import Outcome, Severity, Track, Weight
from dualtrack.errors import DualtrackError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dualtrack.permit.evidence_check import Admitted
    from dualtrack.rules.pack import Rule

__all__ = ["RuleResult", "Waiver", "judge_rule", "read_waivers"]


class Waiver(msgspec.Struct, frozen=True):
    """An admitted waiver or proportionality decision that is in date and not by a builder."""

    index: int
    rule: str
    until: str
    proportionality: bool


class RuleResult(NamedTuple):
    """Outcome of a rule with what it rested on; names as in the assessment's rule line."""

    outcome: Outcome
    applies: bool | None
    until: str | None
    evidence: list[int]
    missing: list[str]
    expired: list[str]
    waiver: int | None


_NOT_APPLICABLE = RuleResult(
    Outcome.NOT_APPLICABLE, applies=False, until=None, evidence=[], missing=[], expired=[], waiver=None
)


def judge_rule(
    pack: str,
    rule: Rule,
    firm_type: str,
    facts: Mapping[str, object],
    newest: Mapping[str, Admitted],
    waivers: Sequence[Waiver],
    at: datetime,
) -> RuleResult:
    """Judge one rule on the facts of its pack and the newest evidence of its topics."""
    if firm_type not in rule.data.binds:
        return _NOT_APPLICABLE
    in_date, expired = _by_age(rule, newest, at)
    view = dict(facts)
    for topic, item in in_date.items():
        for name, value in item.predicate.fields.items():
            view[f"ev.{topic}.{name}"] = value
    applies = rule.applies(view)
    if applies is False:
        return _NOT_APPLICABLE
    holds = rule.requires(view) if applies else None
    outcome = Outcome.NO_EVIDENCE if holds is None else Outcome.MET if holds else Outcome.NOT_MET
    result = RuleResult(
        outcome,
        applies,
        _until(rule, in_date),
        sorted(item.index for item in in_date.values()),
        _missing(rule, view, in_date),
        sorted(expired),
        waiver=None,
    )
    return result if outcome is Outcome.MET else _waived(f"{pack}/{rule.id}", rule, result, waivers)


def read_waivers(admitted: Sequence[Admitted], built: frozenset[str], at: datetime) -> list[Waiver]:
    """Return the waivers in force at `at`: until in the future, at most WAIVER_DAYS_MAX long, not by a builder.

    Of each rule only the newest waiver is read, so that a later one withdraws an earlier.
    """
    waivers = []
    newest = {str(item.predicate.fields["rule"]): item for item in admitted if item.predicate.topic == "waiver"}
    for item in newest.values():
        if item.holders & built:
            continue
        fields = item.predicate.fields
        try:
            until = parse_instant(f"{fields['until']}T00:00:00Z")
        except DualtrackError:
            continue
        if at < until and until - parse_instant(item.predicate.taken_at) <= timedelta(days=WAIVER_DAYS_MAX):
            waivers.append(
                Waiver(item.index, str(fields["rule"]), format_instant(until), bool(fields["proportionality"]))
            )
    return waivers


def _by_age(rule: Rule, newest: Mapping[str, Admitted], at: datetime) -> tuple[dict[str, Admitted], list[str]]:
    in_date: dict[str, Admitted] = {}
    expired: list[str] = []
    for topic in rule.topics:
        item = newest.get(topic)
        if item is None:
            continue
        if rule.data.valid_days is not None and _end(item, rule.data.valid_days) <= at:
            expired.append(topic)
        else:
            in_date[topic] = item
    return in_date, expired


def _end(item: Admitted, valid_days: int) -> datetime:
    return add_days(parse_instant(item.predicate.taken_at), valid_days)


def _until(rule: Rule, in_date: Mapping[str, Admitted]) -> str | None:
    if rule.data.valid_days is None or not in_date:
        return None
    return format_instant(min(_end(item, rule.data.valid_days) for item in in_date.values()))


def _missing(rule: Rule, view: Mapping[str, object], in_date: Mapping[str, Admitted]) -> list[str]:
    names = set()
    for name in rule.names:
        if name in view:
            continue
        parts = name.split(".")
        whole_topic = parts[0] == "ev" and parts[1] not in in_date
        names.add(f"ev.{parts[1]}" if whole_topic else name)
    return sorted(names)


def _waived(name: str, rule: Rule, result: RuleResult, waivers: Sequence[Waiver]) -> RuleResult:
    data = rule.data
    if data.severity is Severity.S1 or data.weight is Weight.STATUTE or data.track is Track.BENEFIT:
        return result
    for waiver in waivers:
        if waiver.rule == name and (not waiver.proportionality or data.proportionality is not None):
            return result._replace(outcome=Outcome.WAIVED, until=waiver.until, waiver=waiver.index)
    return result
