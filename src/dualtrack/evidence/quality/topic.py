"""From the four measurements of data quality to the fields of topic `data_quality` (`rules/topics.yaml`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record
from dualtrack.errors import EvidenceError, FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.domain.records import Value
    from dualtrack.evidence.measurement import Measurement

__all__ = ["DIMENSIONS", "QualityTargets", "data_quality_fields"]

DIMENSIONS = ("accuracy", "completeness", "timeliness", "consistency")
"""The dimensions of the topic, each measured by `quality.<dimension>`."""


class QualityTargets(Record, frozen=True):
    """The least share of each dimension, from the plan: above 0, at most 1."""

    accuracy: float
    completeness: float
    timeliness: float
    consistency: float

    def __post_init__(self) -> None:
        for name in DIMENSIONS:
            if not 0 < getattr(self, name) <= 1:
                raise FieldError(f"{getattr(self, name)}", where=f"target of {name}", expected="above 0, at most 1")


def data_quality_fields(
    measured: Sequence[Measurement], targets: QualityTargets, *, relevant: bool, defects_overdue: int
) -> dict[str, Value]:
    """Return the topic's fields; `relevant` and `defects_overdue` are a person's answers, which no table holds.

    Raises EvidenceError for a dimension that is not there, there twice, or underpowered: the topic has no word for not knowing.
    `n` is the smallest number of rows behind any of the four.
    """
    if defects_overdue < 0:
        raise FieldError(f"{defects_overdue}", where="defects_overdue", expected="0 or above")
    fields: dict[str, Value] = {}
    rows = []
    for name in DIMENSIONS:
        found = [each for each in measured if each.measure == f"quality.{name}"]
        if len(found) != 1:
            raise EvidenceError(f"{len(found)} measurements of quality.{name}", where="data_quality", expected="one")
        estimate = found[0].estimate
        if estimate is None or found[0].outcome == "underpowered":
            raise EvidenceError(
                f"{name} is underpowered", where="data_quality", fix="judge every column, and gather more rows"
            )
        fields |= {name: estimate, f"{name}_target": getattr(targets, name)}
        rows.append(found[0].n)
    return fields | {"n": min(rows), "relevant": relevant, "defects_overdue": defects_overdue}
