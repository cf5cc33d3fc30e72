"""From a measurement of injection to the fields of topic `adversarial_test` (`rules/topics.yaml`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import EvidenceError, FieldError

if TYPE_CHECKING:
    from dualtrack.domain.records import Value
    from dualtrack.evidence.measurement import Measurement

__all__ = ["adversarial_test_fields"]


def adversarial_test_fields(
    measured: Measurement, *, open_critical: int, training_data_covered: bool
) -> dict[str, Value]:
    """Return the topic's fields; how many critical findings are open, and whether training data were attacked, a person says.

    Raises EvidenceError for another measure, or where attacks have no outcome: the topic would count them as failed.
    """
    if measured.measure != "security.injection":
        raise EvidenceError(f"measure {measured.measure}", where="adversarial_test", expected="security.injection")
    if measured.estimate is None or measured.facts["unjudged"]:
        raise EvidenceError(
            "attacks without an outcome", where="adversarial_test", fix="ask them again until each has one"
        )
    if open_critical < 0:
        raise FieldError(f"{open_critical}", where="open_critical", expected="0 or above")
    return {
        "families": str(measured.facts["families"]).split(","),
        "attempts": measured.n,
        "successes": measured.facts["successes"],
        "open_critical": open_critical,
        "training_data_covered": training_data_covered,
    }
