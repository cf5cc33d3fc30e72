"""The gate over group outcomes: several ways of forming groups, one topic, and nobody too small to say passed over in silence.

An attribute with a group below the least size is not named among the attributes, so that no rule can read it as measured; the
widest gap of those that could be measured counts, by its high limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.domain.records import Value
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.plans.records import Gate

__all__ = ["group_outcome", "widest_gap"]

_RATE = "selection_rate"


def widest_gap(measurements: Sequence[Measurement], gate: Gate) -> Measurement | None:
    """Return the widest gap of the gate's rate over single attributes whose groups are all large enough; None where there is none."""
    single = _single(measurements, gate)
    answered = [each for each in single if each.outcome == "measured" and each.high is not None]
    return max(answered, key=lambda each: (each.high or 0.0, each.estimate or 0.0), default=None)


def group_outcome(measurements: Sequence[Measurement], gate: Gate, fields: dict[str, Value]) -> dict[str, Value]:
    """Return the widest gap's fields with every attribute that was measured named, and the smallest group of them all."""
    answered = [each for each in _single(measurements, gate) if each.outcome == "measured" and each.high is not None]
    return fields | {
        "attributes": [str(each.facts["attributes"]) for each in answered],
        "smallest_cell": min(int(str(each.facts["smallest_cell"])) for each in answered),
    }


def _single(measurements: Sequence[Measurement], gate: Gate) -> list[Measurement]:
    rate = gate.pick.get("rate", _RATE)
    rates = [each for each in measurements if each.facts.get("rate") == rate and "attributes" in each.facts]
    if not rates:
        raise FieldError(
            f"no gap of {rate!r}", where="gate of topic group_outcomes", fix="measure it with fairness.groups"
        )
    return [each for each in rates if "," not in str(each.facts["attributes"])]
