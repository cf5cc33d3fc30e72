"""What speaks against a sentence: a name that has a weight, how strong it is from 0 to 1, the kind of failure it would be, and the words at fault."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Finding", "strongest"]


class Finding(NamedTuple):
    """One thing found. `name` is that of a weight; `kind` and `shown` are what a failure would say."""

    name: str
    value: float
    kind: str
    shown: str


def strongest(found: list[Finding]) -> list[Finding]:
    """Return of each name the strongest finding, in the order in which they were found."""
    best: dict[str, Finding] = {}
    for each in found:
        if each.name not in best or each.value > best[each.name].value:
            best[each.name] = each
    return list(best.values())
