"""Token buckets, as arithmetic alone: no clock, no memory, no database.

A bucket starts full with `burst` tokens and gains `rate_a_s` each second, never above `burst`. In any span of t seconds
at most burst + rate_a_s * t tokens can be taken from it. A clock that goes back neither gives nor takes tokens.
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Bucket", "Limit", "Taking", "full", "give_back", "refill", "settled_s", "take"]


class Limit(NamedTuple):
    """How many at once, and how many a second for ever; both above zero."""

    burst: int
    rate_a_s: float


class Bucket(NamedTuple):
    """Tokens at an instant (seconds)."""

    tokens: float
    at_s: float


class Taking(NamedTuple):
    """The bucket afterwards, and the whole seconds to wait: 0 if a token was taken."""

    bucket: Bucket
    retry_after_s: int


def full(limit: Limit, at_s: float) -> Bucket:
    """Return an untouched bucket."""
    return Bucket(float(limit.burst), at_s)


def refill(bucket: Bucket, limit: Limit, at_s: float) -> Bucket:
    """Return the bucket at a later instant."""
    passed_s = max(0.0, at_s - bucket.at_s)
    return Bucket(min(float(limit.burst), bucket.tokens + passed_s * limit.rate_a_s), max(at_s, bucket.at_s))


def take(bucket: Bucket, limit: Limit, at_s: float) -> Taking:
    """Take one token, or say how long until there is one."""
    now = refill(bucket, limit, at_s)
    if now.tokens >= 1.0:
        return Taking(Bucket(now.tokens - 1.0, now.at_s), 0)
    return Taking(now, max(1, math.ceil((1.0 - now.tokens) / limit.rate_a_s)))


def give_back(bucket: Bucket, limit: Limit) -> Bucket:
    """Put one token back: what was reserved turned out not to count."""
    return Bucket(min(float(limit.burst), bucket.tokens + 1.0), bucket.at_s)


def settled_s(bucket: Bucket, limit: Limit) -> int:
    """Return the second from which the bucket is as good as new, so that it need not be kept."""
    return math.ceil(bucket.at_s + (limit.burst - bucket.tokens) / limit.rate_a_s)
