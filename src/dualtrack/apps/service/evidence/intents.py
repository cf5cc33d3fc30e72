"""Whether intents are named rightly, on examples that the model has not been trained on: a row for each."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dualtrack.apps.service.evidence.rows import shares_by
from dualtrack.apps.service.intents.accuracy import NONE_NAMED, predict
from dualtrack.apps.service.intents.features import plain_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.apps.service.evidence.rows import Row, Share
    from dualtrack.apps.service.intents.classifier import IntentModel
    from dualtrack.apps.service.intents.examples import Example

__all__ = ["HELD_OUT", "hold_out", "intent_shares", "intent_table"]

HELD_OUT = 5
"""One example in five is held out."""


def hold_out(examples: Iterable[Example]) -> tuple[list[Example], list[Example]]:
    """Return the examples to train on and those held out: dealt within each intent by the digest of the text, the same everywhere."""
    ordered = sorted(
        examples, key=lambda each: (each.intent, hashlib.sha256(plain_form(each.text).encode()).hexdigest())
    )
    place: dict[str, int] = {}
    trained: list[Example] = []
    held: list[Example] = []
    for each in ordered:
        place[each.intent] = place.get(each.intent, 0) + 1
        (held if place[each.intent] % HELD_OUT == 0 else trained).append(each)
    return trained, held


def intent_table(examples: Sequence[Example], model: IntentModel) -> list[Row]:
    """Name the intent of each example; `right` is 1 where it is the expected one, `named` where one was named at all."""
    return [
        {
            "example": number, "cluster": each.expected, "expected": each.expected, "predicted": each.predicted, "language": each.language,
            "register": each.register, "given": 1, "named": int(each.predicted != NONE_NAMED),
            "right": int(each.predicted == each.expected), "nearest_right": int(each.nearest == each.expected),
        }
        for number, each in enumerate(predict(examples, model), 1)
    ]  # fmt: skip


def intent_shares(rows: Sequence[Row]) -> list[Share]:
    """Return the shares named rightly, of all and by language and register."""
    return shares_by(rows, ("right", "named", "nearest_right"), ("language", "register"))
