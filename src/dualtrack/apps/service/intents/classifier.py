"""A trained model in use: a text becomes weights of known terms, every intent a sum of them, and the best is named or none is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.service.intents.arrays import np
from dualtrack.apps.service.intents.calibration import Shown
from dualtrack.apps.service.intents.examples import IntentTitle
from dualtrack.apps.service.intents.features import terms_of
from dualtrack.domain.records import Record

if TYPE_CHECKING:
    from dualtrack.apps.service.intents.arrays import NDArray
    from dualtrack.apps.service.intents.vocabulary import Vocabulary

__all__ = ["Intent", "IntentModel", "ModelCard", "Pull"]


class Intent(NamedTuple):
    """What a text is about. `id` is None where no intent is named: `nearest` is then only what came nearest.

    `score` is the probability that the nearest is right, of texts that fit some intent; `margin` how far its value is above the
    second's (values are distances, about -1 to 1). A text without a known term has no nearest, no second and score 0.
    """

    id: str | None
    score: float
    margin: float
    nearest: str | None
    second: str | None


class Pull(NamedTuple):
    """A term of a text, and how far it puts the nearest intent above the second; below 0 where it speaks for the second."""

    term: str
    value: float


class ModelCard(Record, frozen=True):
    """What is known of a trained model: its intents in order, what it was trained on, and what held-out examples showed.

    `thin` names intents with fewer examples than the settings want. `more` counts texts that were learned from without being messages,
    `examples_sha256` is of the plain texts of both and their intents. `titles` are those that the examples' file gave.
    """

    intents: tuple[str, ...]
    examples: int
    more: int
    examples_sha256: str
    thin: tuple[str, ...]
    shown: Shown
    titles: tuple[IntentTitle, ...] = ()


class IntentModel:
    """Vocabulary, one column of weights an intent, and the card. Weights have the shape (terms, intents)."""

    def __init__(
        self, card: ModelCard, vocabulary: Vocabulary, weights: NDArray[np.float32], base: NDArray[np.float32]
    ) -> None:
        self.card, self.vocabulary, self.weights, self.base = card, vocabulary, weights, base

    def values(self, text: str) -> NDArray[np.float32] | None:
        """Return each intent's value in the order of the card, or None for a text without a known term."""
        rows, values = self.vocabulary.weigh(terms_of(text))
        return self.base + values.dot(self.weights.take(rows, axis=0)) if len(rows) else None

    def classify(self, text: str) -> Intent:
        """Name the intent of a text of any length, or none."""
        values = self.values(text)
        if values is None:
            return Intent(None, 0.0, 0.0, None, None)
        first, second = _best_two(values)
        card, best = self.card, float(values[first])
        nearest = card.intents[first]
        return Intent(
            nearest if best >= card.shown.threshold.value else None,
            card.shown.sigmoid.of(best),
            best - float(values[second]),
            nearest,
            card.intents[second],
        )

    def pulls(self, text: str, most: int = 5) -> tuple[Pull, ...]:
        """Say why: the terms of a text that most tell its nearest intent from the second, the strongest first."""
        rows, values = self.vocabulary.weigh(terms_of(text))
        if not len(rows):
            return ()
        first, second = _best_two(self.base + values @ self.weights[rows])
        pull = values * (self.weights[rows, first] - self.weights[rows, second])
        order = np.argsort(-np.abs(pull), kind="stable")[:most]
        return tuple(Pull(self.vocabulary.term(int(rows[place])), float(pull[place])) for place in order)


def _best_two(values: NDArray[np.float32]) -> tuple[int, int]:
    first = int(values.argmax())
    others = values.copy()
    others[first] = -np.inf
    return first, int(others.argmax())
