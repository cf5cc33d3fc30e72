"""Bounds of the client and the waits of a call, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dualtrack.domain.policy import Upstream

__all__ = ["TOTAL_MS", "Limits", "Timeouts", "timeouts_of"]

TOTAL_MS = 600_000
"""Ten minutes for one whole answer: a peer that sends a byte now and then keeps within every gap, and must still end."""


class Limits(NamedTuple):
    """What the client takes from peers and keeps for them.

    `head_bytes`, `headers`: of one answer; hosted models send about 2 KB in 30 headers.
    `interim`: 1xx answers before the real one. `buffer_bytes`: unread body per answer before reading pauses.
    `connections`: per host; more are shed, because queues hide overload. `idle`: of these kept open without work.
    `idle_ms`: below the 5 s after which common servers close, so that a kept connection is rarely stale.
    """

    head_bytes: int = 32_768
    headers: int = 100
    interim: int = 8
    buffer_bytes: int = 262_144
    connections: int = 512
    idle: int = 128
    idle_ms: int = 4_000


class Timeouts(NamedTuple):
    """Waits of one call in milliseconds.

    `connect_ms`: name, connection and TLS together. `first_byte_ms`: from the request to the complete head, so that a
    head sent drop by drop does not extend it. `gap_ms`: between pieces of the body, while somebody waits for one.
    """

    connect_ms: int = 2_000
    first_byte_ms: int = 30_000
    gap_ms: int = 15_000
    total_ms: int = TOTAL_MS


def timeouts_of(upstream: Upstream) -> Timeouts:
    """Return the waits that a policy sets for an upstream."""
    return Timeouts(upstream.connect_ms, upstream.first_byte_ms, upstream.gap_ms)
