"""Additive models compiled to tables: points for the bin that a value falls into, summed; the reasons are exact.

A scorecard or an additive booster (one feature a tree) has this form. Its JSON artifact is a component of the release.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from dualtrack.domain.records import Record, Text
from dualtrack.errors import DocumentError, FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ADDITIVE_FORMAT", "BINS_MAX", "AdditiveModel", "Feature", "Scored", "load_additive"]

ADDITIVE_FORMAT = "dualtrack.additive/1"

BINS_MAX = 10_000
"""Bins of one feature: a booster of 200 trees of 31 leaves has fewer."""


class Feature(Record, frozen=True):
    """A feature: ascending cuts, points for each of len(cuts) + 1 bins, points where it is missing, and its words."""

    name: str
    cuts: list[float]
    points: list[float]
    missing: float
    says: Text


class _Card(Record, frozen=True):
    format: str
    intercept: float
    link: Literal["logit", "identity"]
    features: list[Feature]
    reasons: int


class Scored(NamedTuple):
    """The output in its unit, and the features that moved it up most, strongest first, with their points.

    Where none moved it up, those that moved it down most: a low output has its reasons, too.
    """

    output: float
    reasons: tuple[tuple[str, float], ...]


class AdditiveModel:
    """An additive model. Thread-safe; a call takes some microseconds."""

    def __init__(self, card: _Card) -> None:
        self._intercept, self._logit, self._count = card.intercept, card.link == "logit", card.reasons
        self._features = [(f.name, f.cuts, f.points, f.missing) for f in card.features]
        self.says = {f.name: f.says for f in card.features}

    def score(self, row: Mapping[str, object]) -> Scored:
        """Score a row; a missing or not finite value counts as missing. Reasons are exact: points add up to the score."""
        moved = []
        total = self._intercept
        for name, cuts, points, missing in self._features:
            value = row.get(name)
            if type(value) is int or (type(value) is float and math.isfinite(value)):
                found = points[bisect_right(cuts, value)]
            else:
                found = missing
            total += found
            if found:
                moved.append((found, name))
        moved.sort(reverse=True)
        given = [item for item in moved if item[0] > 0] or moved[::-1]
        output = 1 / (1 + math.exp(-max(-500.0, min(500.0, total)))) if self._logit else total
        return Scored(output, tuple((name, points) for points, name in given[: self._count]))


def load_additive(data: bytes, *, where: str) -> AdditiveModel:
    """Read an artifact; raises DocumentError or FieldError naming the feature at fault."""
    try:
        card = msgspec.json.decode(data, type=_Card)
    except msgspec.MsgspecError as error:
        raise DocumentError(f"not an additive model: {error}", where=where, expected=ADDITIVE_FORMAT) from error
    if card.format != ADDITIVE_FORMAT:
        raise FieldError(f"format {card.format!r}", where=where, expected=ADDITIVE_FORMAT)
    for feature in card.features:
        place = f"{where}, feature {feature.name}"
        numbers = [*feature.cuts, *feature.points, feature.missing, card.intercept]
        if len(feature.points) != len(feature.cuts) + 1 or len(feature.points) > BINS_MAX:
            raise FieldError(f"{len(feature.points)} points for {len(feature.cuts)} cuts", where=place)
        if feature.cuts != sorted(set(feature.cuts)) or not all(math.isfinite(value) for value in numbers):
            raise FieldError("cuts that do not ascend, or a number that is not finite", where=place)
    return AdditiveModel(card)
