"""The two limits of an estimate, for whoever has them: no part that must be installed first is needed to say them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Interval"]


class Interval(NamedTuple):
    """Lower and upper limit."""

    low: float
    high: float
