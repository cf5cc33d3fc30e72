"""The papers of a language use's release: the model file, the validator's report and the monitoring plan (24EC55 paragraph 13).

The model file is computed from the run. In the report, whether the release passed and how many findings are open are computed from
the run's own limits; that a validator covered fitness, cyber and data controls is fictional, and so is the whole plan.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.demo.language.corpus import read_data
from dualtrack.domain import canonical
from dualtrack.domain.canonical import digest
from dualtrack.domain.evidence import Predicate
from dualtrack.domain.records import Record, Text, Value, encode, read_record
from dualtrack.domain.vocabulary import EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ModelFile", "missed_limits", "model_file", "monitoring_plan", "validation_report"]

_AT_MOST: dict[str, list[tuple[str, str | int]]] = {
    "end_to_end_test": [("target", "low"), ("open_critical", 0)],
    "hallucination_test": [("high", "limit")],
    "factuality": [("target", "low")],
    "paraphrase_robustness": [("high", "limit")],
    "scope_test": [("escaped", "escaped_limit")],
    "opt_out_drill": [("attempts", "honoured")],
    "disclosure_drill": [("interactions", "shown")],
    "human_review_drill": [("outputs", "reviewed_before_release")],
}
"""What must hold of the run's own figures for a release to pass: the first is at most the second, a field or a number."""

_TESTS = ("end_to_end_test", "hallucination_test", "factuality", "paraphrase_robustness", "scope_test")


class ModelFile(NamedTuple):
    """The file's own bytes, and the statement that it exists with what it holds."""

    document: bytes
    predicate: Predicate


class _Statements(Record, frozen=True):
    format: str
    validation_covers: dict[str, Value]
    monitoring_plan: dict[str, Value]
    no_calibration: Text


@cache
def _statements() -> _Statements:
    return read_record(read_data("statements.yaml"), _Statements, where="statements.yaml")


def missed_limits(found: Sequence[Predicate], missing: Sequence[str]) -> list[str]:
    """Return what missed its limit in the run, by topic, and what could not be measured at all."""
    return [item.topic for item in found if not _holds(item)] + list(missing)


def _holds(item: Predicate) -> bool:
    pairs = _AT_MOST.get(item.topic, [])
    return all(_number(item, least) <= _number(item, most) for least, most in pairs)


def _number(item: Predicate, name: str | int) -> float:
    value = item.fields[name] if isinstance(name, str) else name
    assert isinstance(value, int | float), "numbers, by their topic"
    return float(value)


def validation_report(found: Sequence[Predicate], missing: Sequence[str], taken_at: str) -> Predicate:
    """Return a report that passes the release only where the run held every limit; each that was missed is an open finding."""
    missed = missed_limits(found, missing)
    return Predicate(
        kind=EvidenceKind.DOCUMENT,
        topic="validation_report",
        fields={"passed": not missed, "open_critical": len(missed), **_statements().validation_covers},
        taken_at=taken_at,
        statistics={"open": missed},
    )


def monitoring_plan(taken_at: str) -> Predicate:
    """Return the fictional plan of either firm."""
    return Predicate(
        kind=EvidenceKind.DOCUMENT, topic="monitoring_plan", fields=_statements().monitoring_plan, taken_at=taken_at
    )


def model_file(use: str, release: str, found: Sequence[Predicate], missing: Sequence[str], taken_at: str) -> ModelFile:
    """Return the file of a release: every result of the run by its digest, or why a part was not carried out."""
    results = {item.topic: {"digest": digest(encode(item)), "fields": item.fields} for item in found}
    why = _statements().no_calibration
    parts: dict[str, dict[str, object]] = {
        "testing": {topic: results[topic] for topic in _TESTS if topic in results},
        "calibration": {"not_carried_out": {"en": why.en, "zh-Hant": why.zh}},
        "validation": {topic: results[topic] for topic in ("validation_report",) if topic in results},
        "monitoring": {topic: results[topic] for topic in ("monitoring_run", "monitoring_plan") if topic in results},
    }
    plain: dict[str, object] = {
        "demo": True,
        "use": use,
        "release": release,
        "taken_at": taken_at,
        "not_measured": list(missing),
        **parts,
    }
    document = canonical.encode(plain)
    predicate = Predicate(
        kind=EvidenceKind.DOCUMENT,
        topic="model_file",
        fields={name: bool(part) for name, part in parts.items()},
        taken_at=taken_at,
        document_digest=digest(document),
        note=why,
    )
    return ModelFile(document, predicate)
