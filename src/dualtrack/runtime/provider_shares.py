"""Which provider's models answer how many calls: what a firm depends on, and how often each of them fails.

SFC circular 24EC55 (12 November 2024) names concentration on few providers of language models among
the risks (item (c) of those listed in its paragraphs 1 to 5).

A model in the firm's own processes (a governed function, a model kept in the workspace) calls nobody. It counts as one call of
the firm's own, so that the shares add up to all calls: read from the record, which has an output or the kind of error that
the model raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.domain.fallback import RULES_COMPONENT
from dualtrack.runtime.recent import WINDOW_MAX, recent_records
from dualtrack.runtime.review_group import median_interval, wilson

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dualtrack.runtime.recent import Recent
    from dualtrack.store.register import Register

__all__ = [
    "IN_PROCESS",
    "ProviderCall",
    "ProviderShare",
    "ProviderWindow",
    "provider_calls",
    "provider_shares",
    "shares_of",
]

IN_PROCESS = "in process"
"""Whose calls those of models in our own processes are: the firm's own. With its space it is no provider's name of a policy."""

_RAISED = "model."
"""How codes begin that say what a model in process raised."""

_BROKEN_OFF = "failed"
_US_IN_MS = 1_000
_HALF = 2


class ProviderShare(NamedTuple):
    """A provider among `n` calls: its calls and failures, each share with its 95% interval (Wilson), median time, tokens.

    `ms` is the median of the calls that did not fail, with its interval by order statistics, None without one; `tokens` is
    the sum of the `told` calls that told any.
    """

    provider: str
    uses: tuple[str, ...]
    calls: int
    n: int
    low: float
    high: float
    failed: int
    failed_low: float
    failed_high: float
    ms: float | None
    ms_low: float | None
    ms_high: float | None
    tokens: int
    told: int


class ProviderCall(NamedTuple):
    """One call that a share counts: the decision and use it was made for, of whom, its fault if it failed, its time."""

    decision: str
    use: str
    provider: str
    fault: str | None
    us: int


class ProviderWindow(NamedTuple):
    """What was counted: decisions looked at, from the oldest to the newest of them, and whether there were more."""

    decisions: int
    whole: bool
    shares: list[ProviderShare]


class _Call(msgspec.Struct):
    component: str
    provider: str
    fault: str | None
    us: int
    tokens_in: int | None
    tokens_out: int | None


class _Timing(msgspec.Struct, frozen=True):
    upstream_us: int


class _Record(msgspec.Struct):
    use: str
    upstream: list[_Call]
    outcome: str = "served"
    code: str | None = None
    output: str | None = None
    timing: _Timing = _Timing(0)


_decode = msgspec.json.Decoder(_Record).decode


def provider_shares(register: Register, uses: Collection[str] | None, *, since: str) -> ProviderWindow:
    """Return the shares among the newest decisions of these uses (None: of all); `since` is the smallest id that counts.

    At most WINDOW_MAX decisions are read, so it costs the same whatever the firm has behind it. Planted ones are among those
    looked at: the window's size must not tell how many of them it has.
    """
    found = recent_records(register, uses, since=since, shown=True)
    return ProviderWindow(found.looked_at, found.looked_at < WINDOW_MAX, shares_of(found.records))


def provider_calls(
    register: Register,
    uses: Collection[str] | None,
    *,
    since: str,
    provider: str | None = None,
    failed: bool = False,
) -> list[ProviderCall]:
    """Return the calls that `provider_shares` counts, newest decision first: all, or of one provider, or its failures."""
    found = []
    for item in recent_records(register, uses, since=since, shown=True).records:
        record = _decode(item.content)
        found += [
            ProviderCall(item.id, record.use, call.provider, call.fault, call.us)
            for call in _calls(record)
            if provider in {None, call.provider} and (call.fault is not None or not failed)
        ]
    return found


def shares_of(records: Sequence[Recent]) -> list[ProviderShare]:
    """Return a share for each provider, the largest at the top. Each attempt counts, also one that another followed.

    The firm's own fixed rules are no provider, and its models in process are one. Of a chain in which one of these raised
    and an endpoint answered then, only the endpoint's call is in the record.
    """
    calls: dict[str, list[_Call]] = {}
    uses: dict[str, set[str]] = {}
    for item in records:
        record = _decode(item.content)
        for call in _calls(record):
            calls.setdefault(call.provider, []).append(call)
            uses.setdefault(call.provider, set()).add(record.use)
    n = sum(map(len, calls.values()))
    shares = [_share(provider, found, n, uses[provider]) for provider, found in calls.items()]
    return sorted(shares, key=lambda share: (-share.calls, share.provider))


def _calls(record: _Record) -> list[_Call]:
    """Return the calls of models in a record, with that of one in process, which stands in it by its output or error."""
    calls = [call for call in record.upstream if call.component != RULES_COMPONENT]
    ruled = any(call.component == RULES_COMPONENT and call.fault is None for call in record.upstream)
    if (record.code or "").startswith(_RAISED):
        return [*calls, _Call(IN_PROCESS, IN_PROCESS, record.code, record.timing.upstream_us, None, None)]
    answered = ruled or record.outcome == _BROKEN_OFF or any(call.fault is None for call in calls)
    if record.output is None or answered:
        return calls
    return [*calls, _Call(IN_PROCESS, IN_PROCESS, None, record.timing.upstream_us, None, None)]


def _share(provider: str, found: list[_Call], n: int, uses: set[str]) -> ProviderShare:
    span, failed = wilson(len(found), n), sum(call.fault is not None for call in found)
    bad = wilson(failed, len(found))
    times = sorted(call.us for call in found if call.fault is None)
    told = [call for call in found if call.tokens_in is not None or call.tokens_out is not None]
    middle = median_interval(times) if times else None
    return ProviderShare(
        provider=provider, uses=tuple(sorted(uses)), calls=len(found), n=n, low=span.low, high=span.high, failed=failed,
        failed_low=bad.low, failed_high=bad.high, ms=times[(len(times) - 1) // _HALF] / _US_IN_MS if times else None,
        ms_low=middle.low / _US_IN_MS if middle else None, ms_high=middle.high / _US_IN_MS if middle else None,
        tokens=sum((call.tokens_in or 0) + (call.tokens_out or 0) for call in told), told=len(told),
    )  # fmt: skip
