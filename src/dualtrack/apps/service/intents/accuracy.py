"""How often a model is right, in all and by language and register, with the gap between groups: a claim of fairness, with its interval.

Shares have Wilson intervals at 95 per cent, gaps Newcombe's, at a level that holds for every pair of groups at once (Dunn 1961), for
the pair shown is the widest. `table` gives the rows that a plan of evidence reads.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Literal

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.answer import NoInterval
from dualtrack.evidence.intervals.newcombe import newcombe
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.evidence.measurement import LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.apps.service.intents.classifier import IntentModel
    from dualtrack.apps.service.intents.examples import Example

__all__ = [
    "NONE_NAMED",
    "Accuracy",
    "Gap",
    "Group",
    "Predicted",
    "accuracy_by",
    "accuracy_of",
    "predict",
    "rejected_of",
    "table",
]

NONE_NAMED = "none"
"""What stands under `predicted` where no intent was named; an evidence table has no empty cells."""

_By = Literal["all", "language", "register"]


class Predicted(Record, frozen=True):
    """One example and what the model made of it; `nearest` is what it would have named without rejecting."""

    expected: str
    predicted: str
    nearest: str
    language: str
    register: str
    score: float


class Group(Record, frozen=True):
    """Examples of one group: `right` were named rightly, `rejected` not at all. `low` and `high` are of the share named rightly."""

    by: _By
    name: str
    n: int
    right: int
    rejected: int
    nearest_right: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Share named rightly."""
        return self.right / self.n


class Gap(Record, frozen=True):
    """Share named rightly in the best group minus that in the worst."""

    by: _By
    best: str
    worst: str
    difference: float
    low: float
    high: float


class Accuracy(Record, frozen=True):
    """All groups, the whole first, and the widest gap by language and by register where there is more than one group."""

    groups: tuple[Group, ...]
    gaps: tuple[Gap, ...]


def predict(examples: Iterable[Example], model: IntentModel) -> tuple[Predicted, ...]:
    """Classify examples that the model has not been trained on; the caller keeps the two apart."""
    rows = []
    for each in examples:
        found = model.classify(each.text)
        rows.append(
            Predicted(
                expected=each.intent,
                predicted=found.id or NONE_NAMED,
                nearest=found.nearest or NONE_NAMED,
                language=each.language,
                register=each.register,
                score=found.score,
            )
        )
    return tuple(rows)


def table(predicted: Sequence[Predicted]) -> dict[str, list[str] | list[float] | list[int]]:
    """Return the rows as columns: expected, predicted, nearest, language, register, score, and right (1 where predicted is expected)."""
    names = ("expected", "predicted", "nearest", "language", "register", "score")
    columns: dict[str, list[str] | list[float] | list[int]] = {
        name: [getattr(each, name) for each in predicted] for name in names
    }
    return columns | {"right": [int(each.expected == each.predicted) for each in predicted]}


def accuracy_by(examples: Iterable[Example], model: IntentModel) -> Accuracy:
    """Measure a model on examples it has not seen; raises FieldError where there is none."""
    return accuracy_of(predict(examples, model))


def accuracy_of(rows: Sequence[Predicted]) -> Accuracy:
    """Measure rows, of one model or of several; raises FieldError where there is none."""
    if not rows:
        raise FieldError("no example", where="measuring intents", expected="examples the model has not seen")
    groups, gaps = [_group("all", "all", rows)], []
    for by in ("language", "register"):
        names = sorted({getattr(each, by) for each in rows})
        those = [_group(by, name, [each for each in rows if getattr(each, by) == name]) for name in names]
        groups += those
        if len(those) > 1:
            gaps.append(_gap(by, those))
    return Accuracy(groups=tuple(groups), gaps=tuple(gaps))


def rejected_of(texts: Iterable[str], model: IntentModel) -> Group:
    """Measure texts that fit no intent: `right` and `rejected` are those for which none was named; raises FieldError without a text."""
    named = [model.classify(text).id for text in texts]
    if not named:
        raise FieldError("no text", where="measuring intents", expected="texts that fit no intent")
    caught = named.count(None)
    limits = wilson_limits(caught, len(named), LEVEL)
    return Group("all", NONE_NAMED, len(named), caught, caught, 0, limits.low, limits.high)


def _group(by: _By, name: str, rows: Sequence[Predicted]) -> Group:
    right = sum(each.predicted == each.expected for each in rows)
    limits = wilson_limits(right, len(rows), LEVEL)
    return Group(
        by=by,
        name=name,
        n=len(rows),
        right=right,
        rejected=sum(each.predicted == NONE_NAMED for each in rows),
        nearest_right=sum(each.nearest == each.expected for each in rows),
        low=limits.low,
        high=limits.high,
    )


def _gap(by: _By, groups: list[Group]) -> Gap:
    pairs = len(list(combinations(groups, 2)))
    ordered = sorted(groups, key=lambda each: each.share)
    worst, best = ordered[0], ordered[-1]
    limits = newcombe(best.right, best.n, worst.right, worst.n, level=1 - (1 - LEVEL) / pairs)
    assert not isinstance(limits, NoInterval), "every group has rows"
    return Gap(
        by=by,
        best=best.name,
        worst=worst.name,
        difference=best.share - worst.share,
        low=limits.low,
        high=limits.high,
    )
