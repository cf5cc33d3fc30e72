"""From a measurement to the typed fields of an evidence topic (`rules/topics.yaml`).

Targets and limits are the firm's and come in as arguments. A measurement without an estimate has no fields: raises EvidenceError,
because a topic's numbers may not be made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import EvidenceError

if TYPE_CHECKING:
    from dualtrack.domain.records import Value
    from dualtrack.evidence.measurement import Measurement

__all__ = ["benefit_fields", "group_fields", "interval_fields"]


def benefit_fields(measured: Measurement, *, claim: str, baseline: str) -> dict[str, Value]:
    """Return the fields of topic `benefit`; the design follows from whether the plan had a margin, and is never called more than it was."""
    interval = interval_fields(measured)  # first: a measurement without an estimate has no facts either
    margin = "margin" in measured.facts
    return {
        "claim": claim,
        "baseline": baseline,
        "baseline_measured": True,  # a paired measurement runs both on the same rows
        "design": _design(measured, margin=margin),
        "power": measured.facts["power_for_margin" if margin else "power_at_declared_effect"],
        "unit": measured.unit,
        **interval,
    }


def _design(measured: Measurement, *, margin: bool) -> str:
    """Say how the claim was tested; a before-after comparison has no claim to either design, so no rule can take it for one."""
    if measured.facts.get("design") == "before-after":
        return "before-after"
    return "non_inferiority" if margin else "superiority"


def group_fields(measured: Measurement, *, limit: float) -> dict[str, Value]:
    """Return the fields of topic `group_outcomes`, one rate over one way of forming groups."""
    interval = interval_fields(measured)
    return {
        "outcome": str(measured.facts["rate"]),
        "attributes": str(measured.facts["attributes"]).split(","),
        "gap": interval["estimate"],
        "gap_low": interval["low"],
        "gap_high": interval["high"],
        "limit": limit,
        "n": measured.n,
        "smallest_cell": measured.facts["smallest_cell"],
        "underpowered": measured.outcome == "underpowered",
    }


def interval_fields(measured: Measurement) -> dict[str, Value]:
    """Return estimate, low, high and n; raises EvidenceError where no estimate could be formed."""
    if measured.estimate is None or measured.low is None or measured.high is None:
        raise EvidenceError(
            "no estimate could be formed",
            where=measured.measure,
            fix="gather more cases; leave the evidence out until then",
        )
    # A bootstrap's percentiles may leave the point just outside; evidence must hold low <= estimate <= high.
    return {
        "estimate": measured.estimate,
        "low": min(measured.low, measured.estimate),
        "high": max(measured.high, measured.estimate),
        "n": measured.n,
    }
