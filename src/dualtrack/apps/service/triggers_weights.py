"""Weights beside the rules: how much each run of signs, class of words or pair of classes makes a sentence read like a trigger.

A linear model per trigger (logistic regression over binary features, scaled by the root of their number), trained on texts of our own writing
(`trigger_texts/`, by `triggers_training`). Weights are whole numbers of one byte; they stand in `trigger_weights.json`, one feature a line.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from math import sqrt
from typing import TYPE_CHECKING

import msgspec

from dualtrack.apps.service.triggers_rules import class_names
from dualtrack.domain.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dualtrack.apps.service.triggers_reading import Sign
    from dualtrack.apps.service.triggers_rules import Seen

__all__ = ["RUN_MAX", "STEADY", "WEIGHTS_FILE", "Weights", "features_of", "shipped_weights"]

RUN_MAX = 3
"""Signs of the longest run: with four fewer messages were found, for each run was seen too seldom."""

STEADY = 8
"""Features added to the number of a text's own, so that one short word does not decide alone."""

WEIGHTS_FILE = "trigger_weights.json"

_SHOWN = 3


class Weights(Record, frozen=True):
    """`kinds` in order; score of a kind = `bias` + `scale` x sum of whole weights / root of the number of features and `STEADY`. Each feature has pairs of kind and weight."""

    kinds: tuple[str, ...]
    bias: tuple[float, ...]
    scale: tuple[float, ...]
    weights: dict[str, tuple[tuple[int, int], ...]]

    def scores(self, features: Sequence[str]) -> list[float]:
        """Return the score of each kind: above 0 is more likely than not among the texts it was trained on."""
        sums = [0] * len(self.kinds)
        weights: Mapping[str, tuple[tuple[int, int], ...]] = self.weights
        for feature in features:
            found = weights.get(feature)
            if found is not None:
                for kind, weight in found:
                    sums[kind] += weight
        root = sqrt(len(features) + STEADY)
        return [self.bias[kind] + self.scale[kind] * total / root for kind, total in enumerate(sums)]

    def strongest(self, features: Iterable[str], kind: int) -> list[str]:
        """Return the features that spoke most for a kind, as people read them."""
        spoke = [(dict(self.weights.get(feature, ())).get(kind, 0), feature) for feature in features]
        best = sorted(
            ((weight, feature) for weight, feature in spoke if weight > 0), key=lambda pair: (-pair[0], pair[1])
        )
        return [feature for _, feature in best[:_SHOWN]]


def features_of(piece: Sequence[Sign], seen: Iterable[Seen]) -> list[str]:
    """Return the features of a piece, each once: runs of signs, `<class>` and `<class><class>`."""
    found: dict[str, None] = {}
    stems = [sign.stem for sign in piece]
    for start, stem in enumerate(stems):
        run = stem
        found[run] = None
        for other in stems[start + 1 : start + RUN_MAX]:
            run = f"{run} {other}"
            found[run] = None
    classes = sorted({each.name for each in seen} & class_names())
    for place, name in enumerate(classes):
        found[f"<{name}>"] = None
        for other in classes[place + 1 :]:
            found[f"<{name}><{other}>"] = None
    return list(found)


@cache
def shipped_weights() -> Weights:
    """Return the shipped weights."""
    data = (resources.files("dualtrack.apps.service") / WEIGHTS_FILE).read_bytes()
    return msgspec.json.decode(data, type=Weights)
