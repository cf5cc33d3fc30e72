"""The fictional attestations, documents, approvals and drills of the demo. Thresholds stand in the plans (evidence/demo/plans)."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.evidence import Predicate
from dualtrack.domain.records import Record, Text, Value, read_record
from dualtrack.domain.vocabulary import EvidenceKind

__all__ = ["Attestation", "Attestations", "as_predicate", "demo_attestations"]


class Attestation(Record, frozen=True):
    """One fictional statement, and the holder who signs it."""

    topic: str
    kind: EvidenceKind
    by: str
    fields: dict[str, Value]


class Attestations(Record, frozen=True):
    """All that is fictional: statements about the firm, the measured uses, the uses with an effect on people."""

    note: Text
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
