"""From the run's measurements to evidence about a release: predicates, marked as demo, with method, n and data digest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack import __version__
from dualtrack.domain.evidence import Method, Predicate
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.evidence.fields import benefit_fields, calibration_fields, performance_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.demo.attestations import Targets
    from dualtrack.demo.challenge import ChallengeResult
    from dualtrack.domain.records import Value
    from dualtrack.evidence.demo.measuring import UseResult
    from dualtrack.evidence.demo.uses import Use
    from dualtrack.evidence.measurement import Measurement

__all__ = ["measured_predicates"]

_QUALITY = Method(
    name="shares counted over the whole table; whether it is relevant and what is overdue are fictional answers",
    version="2",
    source="docs/demo.md",
)


def measured_predicates(
    use: Use,
    claim: str,
    result: UseResult,
    challenge: ChallengeResult,
    quality: dict[str, Value],
    targets: Targets,
    taken_at: str,
) -> list[Predicate]:
    """Return the evidence that was computed for a use in this run."""
    calibration = next(item for item in result.calibration if item.measure == "calibration.expected-error")
    predicates = [
        _predicate(
            "predictive_performance",
            performance_fields(result.discrimination, target=targets.auc_least),
            result.discrimination,
            taken_at,
        ),
        _predicate(
            "calibration_performance",
            calibration_fields(calibration, limit=targets.calibration_error_most),
            calibration,
            taken_at,
        ),
        _predicate(
            "benefit",
            benefit_fields(result.benefit, claim=claim, baseline=use.baseline),
            result.benefit,
            taken_at,
            claim,
        ),
        _data_quality(quality, result, taken_at),
        _adversarial_test(challenge, result, targets, taken_at),
    ]
    groups = _group_outcomes(result.groups, targets, taken_at)
    return predicates if groups is None else [*predicates, groups]


def _predicate(
    topic: str, fields: dict[str, Value], measured: Measurement, taken_at: str, claim: str | None = None
) -> Predicate:
    return Predicate(
        kind=EvidenceKind.MEASUREMENT,
        topic=topic,
        fields=fields,
        taken_at=taken_at,
        claim=claim,
        demo=True,
        **measured.predicate(),
    )


def _data_quality(fields: dict[str, Value], result: UseResult, taken_at: str) -> Predicate:
    n = fields["n"]
    assert isinstance(n, int)
    return Predicate(
        kind=EvidenceKind.MEASUREMENT,
        topic="data_quality",
        fields=fields,
        taken_at=taken_at,
        method=_QUALITY,
        data_digest=result.data_digest,
        n=n,
        demo=True,
    )


def _adversarial_test(challenge: ChallengeResult, result: UseResult, targets: Targets, taken_at: str) -> Predicate:
    share = challenge.flips / challenge.attempts
    critical = int(share > targets.flips_most) + int(challenge.auc_loss > targets.auc_loss_most)
    return Predicate(
        kind=EvidenceKind.CHALLENGE,
        topic="adversarial_test",
        fields={
            "families": ["inputs moved by one per cent", "one training label in a hundred inverted"],
            "attempts": challenge.attempts,
            "successes": challenge.flips,
            "open_critical": critical,
            "training_data_covered": True,
        },
        taken_at=taken_at,
        method=Method(name="input perturbation and label poisoning", version=__version__, source="docs/demo.md"),
        data_digest=result.data_digest,
        n=challenge.attempts,
        seed=result.seed,
        statistics={"flips": challenge.flips, "auc_loss": challenge.auc_loss},
        demo=True,
    )


def _group_outcomes(groups: Sequence[Measurement], targets: Targets, taken_at: str) -> Predicate | None:
    """Return the widest selection-rate gap over the attributes whose every group is large enough.

    An attribute with a group below the least size is not named among `attributes`, so that no rule can read it as
    measured; it stays in the statistics as underpowered, like the intersections.
    """
    rates = [item for item in groups if item.facts["rate"] == "selection_rate"]
    single = [item for item in rates if "," not in str(item.facts["attributes"]) and item.outcome == "measured"]
    if not single:
        return None
    widest = max(single, key=lambda item: (item.high or 0.0, item.estimate or 0.0))
    assert widest.estimate is not None
    assert widest.low is not None
    assert widest.high is not None
    smallest = min(int(str(item.facts["smallest_cell"])) for item in single)
    common: dict[str, Any] = widest.predicate()
    common["statistics"] = {"views": [item.predicate()["statistics"] for item in rates]}
    return Predicate(
        kind=EvidenceKind.MEASUREMENT,
        topic="group_outcomes",
        fields={
            "outcome": "selection_rate",
            "attributes": [str(item.facts["attributes"]) for item in single],
            "gap": widest.estimate,
            "gap_low": min(widest.low, widest.estimate),
            "gap_high": max(widest.high, widest.estimate),
            "limit": targets.group_gap_most,
            "n": widest.n,
            "smallest_cell": smallest,
            "underpowered": False,
        },
        taken_at=taken_at,
        demo=True,
        **common,
    )
