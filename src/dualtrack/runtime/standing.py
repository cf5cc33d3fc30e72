"""What signals do to a use: nothing, call for a look, narrow it (every output is held for a person) or lapse its permit.

A pure function of the signals since the permit and the dated figures in `data/standing.yaml`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.runtime.review_group import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "GuardRateRule",
    "SignalCount",
    "SignalEffect",
    "SignalRule",
    "StandingSettings",
    "judge_signals",
    "standing_settings",
]


class SignalRule(Record, frozen=True):
    """When signals of a kind take effect: so many within days, and for a rate its lower 95% limit per mille."""

    kind: str
    window_days: int
    count_min: int
    effect: Literal["look", "narrow", "lapse"]
    says: Text
    rate_low_permille: int | None = None
    severity: str | None = None


class GuardRateRule(Record, frozen=True):
    """When a guard that stops much is a signal: among the newest decisions within days, its lower 95% limit per mille.

    `guards` names those with a limit of their own; `others` is that of every other guard. Only `route` and `block` count.
    """

    window_decisions: int
    window_days: int
    count_min: int
    others: int
    guards: dict[str, int] = {}


class StandingSettings(Record, frozen=True):
    """The figures in use, with what they rest on."""

    basis: Literal["ours", "firm", "text"]
    checked_on: str
    observe_days_max: int
    signals: list[SignalRule]
    guard_rates: GuardRateRule


class SignalCount(NamedTuple):
    """One signal: kind, instant, its value (for a rate 1 or 0), and for an incident its severity while it is open.

    `release` is that of the decision which it names; None where it names none, and concerns whatever runs.
    """

    kind: str
    at: str
    value: int
    severity: str | None = None
    release: str | None = None

    def concerns(self, release: str, since: str) -> bool:
        """Tell whether it counts for a release under a permit that is valid since an instant."""
        return self.at >= since and self.release in {None, release}


class SignalEffect(NamedTuple):
    """What took effect, and the figures it rests on."""

    rule: SignalRule
    fired: int
    n: int


@cache
def standing_settings() -> StandingSettings:
    """Return the shipped figures."""
    data = (resources.files("dualtrack.runtime") / "data" / "standing.yaml").read_bytes()
    return read_record(read_yaml(data, where="standing.yaml"), StandingSettings, where="standing.yaml")


def judge_signals(
    signals: Sequence[SignalCount], at: str, settings: StandingSettings | None = None
) -> list[SignalEffect]:
    """Return the effects of signals at an instant, in the order of the settings."""
    found = []
    for rule in (settings or standing_settings()).signals:
        since = format_instant(parse_instant(at) - timedelta(days=rule.window_days))
        mine = [item for item in signals if item.kind == rule.kind and since <= item.at <= at]
        mine = [item for item in mine if rule.severity is None or item.severity == rule.severity]
        count, n = sum(item.value > 0 for item in mine), len(mine)
        if count < 1 or n < rule.count_min:
            continue
        if rule.rate_low_permille is not None and wilson(count, n).low * 1000 < rule.rate_low_permille:
            continue
        found.append(SignalEffect(rule, count, n))
    return found
