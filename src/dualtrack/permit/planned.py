"""Measurements that were planned: a topic may ask that its evidence names a plan that stood in the ledger before it.

A plan is an entry `measurement-plan/1` about the use, signed by somebody who may sign measurements. Evidence names it in its
statistics, `plan: {index, digest, item}`, once or once a part; the item must be gated by this topic, and no threshold in the
evidence may differ from the one registered (docs/assessment.md, section 8). Whether the numbers follow from the statistics is not
judged here: `dualtrack recompute` does that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.evidence import Predicate

__all__ = ["PLANNERS", "PLAN_KIND", "RegisteredPlan", "is_planned", "registered_plan"]

PLAN_KIND = "measurement-plan/1"

PLANNERS = frozenset({Role.VALIDATOR, Role.DEVELOPER, Role.COLLECTOR})
"""Roles that may register a plan: those who may sign measurements."""

_THRESHOLDS = ("target", "limit", "limit_low", "limit_high")


class RegisteredPlan(NamedTuple):
    """A plan as far as the verdict reads it: the digest of its bytes, and the gate of each item that has one, as plain data."""

    digest: str
    gates: dict[str, dict[str, Any]]


def registered_plan(payload: bytes, plain: object, use: str | None) -> RegisteredPlan | None:
    """Return a plan about this use; None where it is about another or is no plan at all."""
    items = plain.get("items") if isinstance(plain, dict) else None
    if not isinstance(plain, dict) or not isinstance(items, list) or use is None or plain.get("use") != use:
        return None
    gates: dict[str, dict[str, Any]] = {}
    for item in items:
        name, gate = (item.get("id"), item.get("gate")) if isinstance(item, dict) else (None, None)
        if not isinstance(name, str) or name in gates:
            return None
        gates[name] = gate if isinstance(gate, dict) else {}
    return RegisteredPlan(canonical.digest(payload), gates)


def is_planned(predicate: Predicate, index: int, plans: Mapping[int, RegisteredPlan]) -> bool:
    """Say whether every number of the evidence at `index` names an item that was planned for it before, at these thresholds."""
    parts = predicate.statistics.get("parts")
    named = list(parts.items()) if isinstance(parts, dict) and parts else [(None, predicate.statistics)]
    return all(_names_plan(predicate, part, kept, index, plans) for part, kept in named)


def _names_plan(
    predicate: Predicate, part: str | None, kept: object, index: int, plans: Mapping[int, RegisteredPlan]
) -> bool:
    named = kept.get("plan") if isinstance(kept, dict) else None
    if not isinstance(named, dict) or type(named.get("index")) is not int or not isinstance(named.get("item"), str):
        return False
    plan = plans.get(named["index"])
    if plan is None or named["index"] >= index or named.get("digest") != plan.digest:
        return False
    gate = plan.gates.get(named["item"], {})
    if gate.get("topic") != predicate.topic or gate.get("part") != part:
        return False
    stated = [(gate.get(name), predicate.fields.get(f"{part}_{name}" if part else name)) for name in _THRESHOLDS]
    return all(None in pair or pair[0] == pair[1] for pair in stated)
