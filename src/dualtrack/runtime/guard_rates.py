"""How often each guard stops a decision, and the signal that it is more than its limit: counted aside, never on the hot path."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Signal
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.time import format_instant
from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.lookup import id_floor
from dualtrack.runtime.recent import recent_records
from dualtrack.runtime.review_group import wilson
from dualtrack.runtime.standing import standing_settings
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.runtime.recent import Recent
    from dualtrack.runtime.standing import GuardRateRule
    from dualtrack.store.register import Register

__all__ = ["USES_AT_ONCE_MAX", "GuardRate", "GuardWatch", "guard_rates", "rates_of"]

USES_AT_ONCE_MAX = 4
"""Uses looked at in one look: each reads 500 records, some tenth of a second in a process that also answers calls."""


class GuardRate(NamedTuple):
    """A guard at a stage: how many decisions it looked at and stopped, the 95% interval of that share, and its limit."""

    guard: str
    stage: str
    fired: int
    n: int
    low: float
    high: float
    limit: float
    over: bool


class _Verdict(msgspec.Struct):
    guard: str
    stage: str
    fired: bool
    action: str


class _Record(msgspec.Struct):
    guards: list[_Verdict]


_decode = msgspec.json.Decoder(_Record).decode


def rates_of(records: Sequence[Recent], rule: GuardRateRule) -> list[GuardRate]:
    """Return the rate of every guard that looked at any of these decisions, the one that stops most at the top."""
    counts: dict[tuple[str, str], list[int]] = {}
    for item in records:
        for verdict in _decode(item.content).guards:
            found = counts.setdefault((verdict.guard, verdict.stage), [0, 0])
            found[0] += verdict.fired and verdict.action in {"route", "block"}
            found[1] += 1
    rates = []
    for (guard, stage), (fired, n) in counts.items():
        span, limit = wilson(fired, n), rule.guards.get(guard, rule.others) / 1000
        over = n >= rule.count_min and span.low >= limit
        rates.append(GuardRate(guard, stage, fired, n, span.low, span.high, limit, over))
    return sorted(rates, key=lambda rate: (-rate.fired / rate.n, rate.guard, rate.stage))


def guard_rates(register: Register, live: LiveUse) -> list[GuardRate]:
    """Return the rates among the newest decisions of an open use, under its present permit."""
    rule = standing_settings().guard_rates
    return rates_of(_window(register, live, rule), rule)


class GuardWatch:
    """Looks at open uses in turn and records a signal for each guard that is over its limit, once in the rule's days."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._next = 0
        self._mutex = threading.Lock()

    def look(self, register: Register, uses: Iterable[object]) -> int:
        """Record what is over its limit now; returns how many signals. A use without new decisions is not read again."""
        open_ = [item for item in uses if isinstance(item, LiveUse) and item.permit and item.mode in {"live", "trial"}]
        rule, count = standing_settings().guard_rates, 0
        with self._mutex:
            for live in self._turn(open_):
                newest = _window(register, live, rule, limit=1)
                if not newest or self._seen.get(live.use) == newest[0].id:
                    continue
                records = _window(register, live, rule)
                over = {rate.guard: rate for rate in reversed(rates_of(records, rule)) if rate.over}
                known = _known(register, live, rule) if over else set()
                for rate in (over[guard] for guard in sorted(over.keys() - known)):
                    _signal(register, live.use, rate)
                    count += 1
                self._seen[live.use] = newest[0].id
        return count

    def _turn(self, open_: Sequence[LiveUse]) -> list[LiveUse]:
        """Return the uses whose turn it is: with many, each look goes on where the last one ended."""
        if len(open_) <= USES_AT_ONCE_MAX:
            return list(open_)
        start = self._next % len(open_)
        self._next = start + USES_AT_ONCE_MAX
        return [*open_, *open_][start : start + USES_AT_ONCE_MAX]


def _window(register: Register, live: LiveUse, rule: GuardRateRule, *, limit: int | None = None) -> list[Recent]:
    since, limit = id_floor(_since_s(register, live, rule)), limit or rule.window_decisions
    return recent_records(register, (live.use,), since=since, shown=False, limit=limit).records


def _since_s(register: Register, live: LiveUse, rule: GuardRateRule) -> float:
    """Return where the window begins: with the days of the rule, or with the permit that is in force now."""
    return max(live.from_s, (register.clock() - timedelta(days=rule.window_days)).timestamp())


def _known(register: Register, live: LiveUse, rule: GuardRateRule) -> set[str]:
    """Return the guards of which a signal stands already: under this permit, within the days."""
    since = format_instant(datetime.fromtimestamp(_since_s(register, live, rule), UTC))
    found = set()
    for row in Projections(register.repository).rows("signal", use_id=live.use, kind="guard_fired"):
        if row["at"] >= since:
            content = register.repository.entry(int(row["idx"])).content
            found.add(read_record(canonical.decode(content), Signal, where="signal").about or "")
    return found


def _signal(register: Register, use: str, rate: GuardRate) -> None:
    signal = Signal(use=use, kind="guard_fired", at=register.now(), value=rate.fired, of=rate.n, about=rate.guard)
    register.append_plain([("signal/1", use, encode(signal))])
