"""From the records of a window to hits and cases of each series. Numbers of the record only: no content of the vault is opened.

Planted items count, as in every counter that never goes back: they come at the same rate in the reference, and what they move
calls for a look and closes nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.runtime.monitors.settings import Watched

__all__ = ["BOTH_WAYS", "DRILL", "SLOW_SHARE", "Key", "Tallied", "cut_of", "slower", "tally"]

BOTH_WAYS: frozenset[str] = frozenset({"blocked", "routed", "guard_fired", "guard_score", "overridden"})
"""What may fall as well as rise: a guard that stops nothing any more, or reviewers who approve everything, is a change too."""

DRILL = "drill"
"""Mode of what the firm asks itself: it is in no series."""

SLOW_SHARE = 0.05
"""Share of the reference that counts as slow: what lies above its 95th percentile."""

_PARTS_OF_OCTAVE = 4
_OUTCOMES = ("failed", "fallback", "blocked", "routed")


class Key(NamedTuple):
    """Under what a decision ran: only decisions of the same are compared."""

    release: str
    policy: str | None
    mode: str


class Tallied(NamedTuple):
    """Hits (one for each cut) and cases by series, latency by quarter octave, and decisions that ran under something else."""

    key: Key
    counts: dict[str, tuple[tuple[int, ...], int]]
    latency: Counter[int]
    others: int


class _Verdict(msgspec.Struct):
    guard: str
    stage: str
    score: int
    fired: bool


class _Timing(msgspec.Struct):
    total_us: int


class _Shadow(msgspec.Struct):
    same: bool | None = None


class _Record(msgspec.Struct):
    release: str
    policy: str | None
    mode: str
    outcome: str
    guards: list[_Verdict]
    timing: _Timing
    shadow: _Shadow | None = None


_decode = msgspec.json.Decoder(_Record).decode


def tally(contents: Iterable[bytes], watches: Sequence[Watched], score_edges: Sequence[int]) -> Tallied:
    """Count the decisions that ran under what the newest ran under, drills aside; there must be one record at least.

    Where all are drills nothing is counted, and the key's mode is DRILL.
    """
    records = [_decode(content) for content in contents]
    newest = next((record for record in reversed(records) if record.mode != DRILL), records[-1])
    key = Key(newest.release, newest.policy, newest.mode)
    mine = [
        record for record in records if (record.release, record.policy, record.mode) == key and record.mode != DRILL
    ]
    counts: dict[str, tuple[tuple[int, ...], int]] = {}
    for outcome in (each for each in _OUTCOMES if each in watches):
        counts[outcome] = ((sum(record.outcome == outcome for record in mine),), len(mine))
    if "disagreement" in watches:
        pairs = [record.shadow.same for record in mine if record.shadow is not None and record.shadow.same is not None]
        counts["disagreement"] = ((len(pairs) - sum(pairs),), len(pairs))
    counts |= _guards(mine, watches, score_edges)
    latency = Counter(_quarter(record.timing.total_us) for record in mine)
    return Tallied(key, counts, latency, len(records) - len(mine))


def cut_of(latency: Counter[int]) -> int:
    """Return the quarter octave above whose end lies at most SLOW_SHARE of the decisions."""
    left, total = sum(latency.values()), sum(latency.values())
    for quarter in sorted(latency):
        left -= latency[quarter]
        if left <= SLOW_SHARE * total:
            return quarter
    return 0


def slower(latency: Counter[int], cut: int) -> int:
    """Return the decisions above a quarter octave."""
    return sum(n for quarter, n in latency.items() if quarter > cut)


def _quarter(us: int) -> int:
    return math.floor(_PARTS_OF_OCTAVE * math.log2(max(us, 1)))


def _guards(
    records: Sequence[_Record], watches: Sequence[Watched], edges: Sequence[int]
) -> dict[str, tuple[tuple[int, ...], int]]:
    """Count by guard and stage how often it fired, and how often its score reached each edge."""
    looked: Counter[str] = Counter()
    fired: Counter[str] = Counter()
    reached: dict[str, list[int]] = {}
    for verdict in (verdict for record in records for verdict in record.guards):
        name = f"{verdict.guard}/{verdict.stage}"
        looked[name] += 1
        fired[name] += verdict.fired
        held = reached.setdefault(name, [0] * len(edges))
        for place, edge in enumerate(edges):
            held[place] += verdict.score >= edge
    found: dict[str, tuple[tuple[int, ...], int]] = {}
    for name in sorted(looked):
        if "guard_fired" in watches:
            found[f"guard_fired: {name}"] = ((fired[name],), looked[name])
        if "guard_score" in watches:
            found[f"guard_score: {name}"] = (tuple(reached[name]), looked[name])
    return found
