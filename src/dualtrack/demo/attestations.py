"""The fictional attestations, documents, approvals and drills of the demo, and the targets its bank set beforehand."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.evidence import Predicate
from dualtrack.domain.records import Record, Text, Value, read_record
from dualtrack.domain.vocabulary import EvidenceKind

__all__ = ["Attestation", "Attestations", "QualityAnswers", "Targets", "as_predicate", "demo_attestations"]


class Targets(Record, frozen=True):
    """Limits of the fictional bank; shares, except `cell_size_min` (people)."""

    auc_least: float
    calibration_error_most: float
    group_gap_most: float
    cell_size_min: int
    quality_least: float
    flips_most: float
    auc_loss_most: float


class QualityAnswers(Record, frozen=True):
    """What a firm's data owner would answer beside the counted quality: do the data suit the use, which defects are overdue."""

    relevant: bool
    defects_overdue: int


class Attestation(Record, frozen=True):
    """One fictional statement, and the holder who signs it."""

    topic: str
    kind: EvidenceKind
    by: str
    fields: dict[str, Value]


class Attestations(Record, frozen=True):
    """All that is fictional: answers on data quality, statements about firm, measured uses, uses with an effect on people."""

    note: Text
    targets: Targets
    data_quality: QualityAnswers
    firm: list[Attestation]
    every_measured_use: list[Attestation]
    uses_with_effect_on_people: list[Attestation]


@cache
def demo_attestations() -> Attestations:
    """Return what `attestations.yaml` holds."""
    data = (resources.files("dualtrack.demo") / "data" / "attestations.yaml").read_bytes()
    return read_record(read_yaml(data, where="attestations.yaml"), Attestations, where="attestations.yaml")


def as_predicate(item: Attestation, note: Text, taken_at: str) -> Predicate:
    """Return a fictional statement as an observation, marked as such."""
    return Predicate(kind=item.kind, topic=item.topic, fields=item.fields, taken_at=taken_at, note=note, demo=True)
