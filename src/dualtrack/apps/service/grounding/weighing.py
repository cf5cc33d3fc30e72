"""From what speaks against a sentence to whether it falls: weights of a logistic regression, and findings that no other finding outweighs.

The weights are data (`weights.yaml`), written by `benchmarks/grounding.py --train --write`; a score is the sum of weight times strength.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record

if TYPE_CHECKING:
    from dualtrack.apps.service.grounding.findings import Finding
    from dualtrack.apps.service.language import Language

__all__ = ["Weights", "fails_alone", "load_weights", "score", "weighed"]

_FILE = "weights.yaml"
_SHARE = 0.5


class _Limit(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: float
    zh: float


class Weights(Record, frozen=True):
    """Weights by finding, the score from which a sentence falls, and the findings that fail a sentence alone."""

    format: Literal["dualtrack.grounding.weights/1"]
    trained_on: str
    source: str
    reason: Text
    alone: list[str]
    limit: _Limit
    weights: dict[str, float]

    def limit_of(self, language: Language) -> float:
        """Return the limit of a language."""
        return self.limit.en if language == "en" else self.limit.zh


def score(found: list[Finding]) -> float:
    """Return the sum of weight times strength; a finding without a weight counts nothing."""
    weights = load_weights().weights
    return sum([weights.get(each.name, 0.0) * each.value for each in found])


def fails_alone(found: list[Finding]) -> bool:
    """Say whether one of the findings fails a sentence whatever else it says."""
    return not _alone().isdisjoint([each.name for each in found])


def weighed(found: list[Finding], language: Language) -> list[tuple[str, str]]:
    """Return kind and words of what a sentence falls for, the heaviest first; nothing where it may be shown."""
    known = load_weights()
    alone = [each for each in found if each.name in _alone()]
    if alone:
        return _told(alone)
    if score(found) < known.limit_of(language):
        return []
    heavy = sorted(
        ((known.weights.get(each.name, 0.0) * each.value, at) for at, each in enumerate(found)), reverse=True
    )
    least = heavy[0][0] * _SHARE
    return _told([found[at] for weight, at in heavy if weight >= least])


def _told(found: list[Finding]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((each.kind, each.shown) for each in found))


@cache
def _alone() -> frozenset[str]:
    return frozenset(load_weights().alone)


@cache
def load_weights() -> Weights:
    """Read the shipped weights, once; raises FieldError naming the field."""
    data = (resources.files("dualtrack.apps.service.grounding") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), Weights, where=_FILE)
