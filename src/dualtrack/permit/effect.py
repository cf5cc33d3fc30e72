"""Step 6 for one rule: what its outcome does to the permit, and by when (docs/assessment.md, section 8).

Conditions bite: a condition keeps the earliest due instant that any permit of the last year carried for it, and refuses
live use once that instant has passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.bounds import CONDITION_MEMORY_DAYS
from dualtrack.domain.time import add_days, format_instant, hong_kong_date, parse_instant
from dualtrack.domain.vocabulary import Check, Effect, Grade, Mode, Outcome, PackStatus, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dualtrack.permit.admission import PastPermit
    from dualtrack.rules.pack import Pack, Rule

__all__ = ["RuleEffect", "is_binding", "is_capped", "live_since", "rule_effect"]

_BY_SEVERITY = {
    Severity.S1: Effect.REFUSES,
    Severity.S2: Effect.REFUSES_LIVE,
    Severity.S3: Effect.CONDITION,
    Severity.S4: Effect.ADVICE,
}


class RuleEffect(NamedTuple):
    """The effect of a rule and the instant by which it falls due, if it has one."""

    effect: Effect
    due: str | None


_NO_EFFECT = RuleEffect(Effect.NONE, None)


def is_binding(pack: Pack, at: datetime) -> bool:
    """Tell whether a pack binds on that Hong Kong date; other packs are simulated: shown, without effect."""
    today = hong_kong_date(at).isoformat()
    ended = pack.data.effective_to is not None and today > pack.data.effective_to
    return pack.data.status is PackStatus.IN_FORCE and pack.data.effective_from <= today and not ended


def is_capped(pack: Pack, rule: Rule) -> bool:
    """Tell whether the source was only seen at second hand: such a rule may make a condition, never a refusal."""
    return pack.data.grade is Grade.SECONDARY or rule.data.source_grade is Grade.SECONDARY


def live_since(permits: Sequence[PastPermit], declared: str | None) -> str | None:
    """Return when the use first went live: by its earliest live permit or as declared, whichever is earlier."""
    lives = [past.permit.valid_from for past in permits if past.permit.mode is Mode.LIVE]
    return min([*lives, *([declared] if declared else [])], default=None)


def rule_effect(
    pack: Pack,
    rule: Rule,
    outcome: Outcome,
    *,
    permits: Sequence[PastPermit],
    live: str | None,
    at: datetime,
) -> RuleEffect:
    """Return the effect of an outcome under a binding pack; `live` is the instant the use went live, or None."""
    if outcome in {Outcome.MET, Outcome.WAIVED, Outcome.NOT_APPLICABLE}:
        return _NO_EFFECT
    if rule.data.checked is Check.OPERATION:
        due = _operation_due(rule, live)
        if due is None or parse_instant(due) > at:
            return RuleEffect(Effect.DUE_LATER, due)
    effect = _BY_SEVERITY[rule.data.severity]
    capped = is_capped(pack, rule)
    if capped and effect in {Effect.REFUSES, Effect.REFUSES_LIVE}:
        effect = Effect.CONDITION
    if effect is not Effect.CONDITION:
        return RuleEffect(effect, None)
    due = _condition_due(pack, rule, permits, at)
    overdue = due is not None and parse_instant(due) <= at
    return RuleEffect(Effect.REFUSES_LIVE if overdue and not capped else Effect.CONDITION, due)


def _operation_due(rule: Rule, live: str | None) -> str | None:
    if live is None or rule.data.due_days is None:
        return None
    return format_instant(add_days(parse_instant(live), rule.data.due_days))


def _condition_due(pack: Pack, rule: Rule, permits: Sequence[PastPermit], at: datetime) -> str | None:
    remembered = format_instant(add_days(at, -CONDITION_MEMORY_DAYS))
    carried = [
        item.due
        for past in permits
        if past.permit.valid_from > remembered
        for item in past.permit.conditions
        if (item.pack, item.rule) == (pack.id, rule.id) and item.due is not None
    ]
    if carried:
        return min(carried)
    return None if rule.data.clock_days is None else format_instant(add_days(at, rule.data.clock_days))
