"""From a judged measurement to the typed fields of its evidence topic, as the adopted packs declare them.

What a field means decides where its value comes from: the estimate and its limits, the registered threshold, a fact of the
measurement, or what the planner states. A field that nothing fills is an error, never a default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.fields import benefit_fields, group_fields, interval_fields

if TYPE_CHECKING:
    from dualtrack.domain.records import Value
    from dualtrack.domain.usecase import Claim
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.plans.records import Gate
    from dualtrack.rules.records import Topic

__all__ = ["STATED", "topic_fields"]

STATED = frozenset(
    {"training_data_covered", "relevant", "defects_overdue", "own_cases", "vendor_claim_tested", "covers", "own_data"}
    | {"actions_overdue", "escapes_reviewed", "escaped_limit", "wordings_per_case"}
)
"""Fields that a planner may state: what no measure computes. Anything else under `states` would stand in for a measurement."""


def topic_fields(
    measured: Measurement, gate: Gate, topic: Topic, claim: Claim | None = None, *, met: bool = True
) -> dict[str, Value]:
    """Return the fields of the gate's topic, `met` saying how it was judged; raises FieldError naming a field that nothing fills, EvidenceError without an estimate."""
    if gate.topic == "benefit":
        if claim is None or claim.baseline is None:
            raise FieldError("no benefit claim with a baseline", where="gate.claim", fix="declare the claim beforehand")
        found: dict[str, Value] = benefit_fields(measured, claim=claim.id, baseline=claim.baseline)
    elif gate.topic == "group_outcomes":
        assert gate.limit is not None
        found = group_fields(measured, limit=gate.limit)
    else:
        found = {"metric": measured.measure, **interval_fields(measured), **_thresholds(gate), **_facts(measured)}
        if "attempts" in topic.fields:
            found |= _attempts(measured)
        found["open_critical"] = int(not met)
        if isinstance(families := found.get("families"), str):
            found["families"] = families.split(",")
    found |= {name: value for name, value in gate.states.items() if name not in found}
    kept = {name: value for name, value in found.items() if name in topic.fields}
    missing = [name for name, kind in topic.fields.items() if name not in kept and not kind.endswith("?")]
    if missing:
        raise FieldError(
            f"nothing gives field {missing[0]!r}",
            where=f"gate of topic {gate.topic}",
            expected=f"a measure that computes it, or the planner's word under states: {', '.join(missing)}",
        )
    return kept


def _thresholds(gate: Gate) -> dict[str, Value]:
    named = {"target": gate.target, "limit": gate.limit, "limit_low": gate.limit_low, "limit_high": gate.limit_high}
    return {name: value for name, value in named.items() if value is not None}


def _facts(measured: Measurement) -> dict[str, Value]:
    return {name: value for name, value in measured.facts.items() if name not in {"estimate", "low", "high", "n"}}


def _attempts(measured: Measurement) -> dict[str, Value]:
    """Return attempts and how many succeeded, from a share of successes."""
    assert measured.estimate is not None
    successes = round(measured.estimate * measured.n)
    return {"attempts": measured.n, "successes": successes, "escaped": successes}
