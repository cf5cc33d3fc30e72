"""What a firm says that harm, a good item and a review are worth. There are no values of our own: without any, items are counted.

A price weighs two tracks, so somebody has to say how much a harmful item let through costs beside a good one withheld. That is
the firm's to declare, in money, before it looks. Where it has not, both are counted one for one and the unit says so.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError

__all__ = ["ITEMS_UNIT", "PER_DECISIONS", "ControlValues", "Kind", "ReviewCost", "Values", "Worth", "worth_of"]

PER_DECISIONS = 1_000
"""Decisions that a price is stated for: small enough to imagine, large enough to hold a rare harm."""

ITEMS_UNIT = f"items per {PER_DECISIONS:,} decisions"

Kind = Literal["block", "redact", "route", "review", "watch"]
"""What a control does when it acts: keeps an item back, takes something out of it, passes it to a person, is that person, or
only notes it (priced as if it kept it back, since that is what it would cost)."""


class ReviewCost(Record, frozen=True):
    """What one review takes: minutes of a person, and money in the currency of the values."""

    minutes: float
    cost: float


class ControlValues(Record, frozen=True):
    """Values of one control where they differ from those of the use."""

    harm: float | None = None
    good: float | None = None


class Values(Record, frozen=True):
    """Money per harmful item let through, per good item withheld, and for a review; `controls` holds exceptions by name."""

    currency: Annotated[str, Meta(min_length=1, max_length=20)]
    harm: float
    good: float
    review: ReviewCost | None = None
    controls: dict[str, ControlValues] = {}

    def __post_init__(self) -> None:
        found = {"harm": self.harm, "good": self.good}
        if self.review is not None:
            found |= {"review.minutes": self.review.minutes, "review.cost": self.review.cost}
        for name, item in self.controls.items():
            given = {"harm": item.harm, "good": item.good}
            found |= {f"controls.{name}.{field}": value for field, value in given.items() if value is not None}
        for field, value in found.items():
            if not (math.isfinite(value) and value >= 0):
                raise FieldError(f"{value}", where=f"values, field {field}", expected="a finite number, 0 or above")


class Worth(NamedTuple):
    """What one item weighs for one control, in `unit`.

    Harm averted, a good item withheld, a review that changed nothing, and the review of an item that was stopped, harmful or
    good. `minutes` are those of one review.
    """

    unit: str
    harm: float
    good: float
    idle_review: float
    review_harmful: float
    review_good: float
    minutes: float


def worth_of(control: str, kind: Kind, values: Values | None) -> Worth:
    """Return the weights of a control; raises FieldError where people are needed and their cost is not declared.

    A good item that is passed to a person is not lost: it costs a review. In items it counts as one, as does a review that
    changed nothing.
    """
    if values is None:
        return Worth(ITEMS_UNIT, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0)
    if kind in {"route", "review"} and values.review is None:
        raise FieldError(
            "no cost of a review", where="values, field review", expected="minutes and cost",
            fix=f"declare them: {control} takes the time of people",
        )  # fmt: skip
    own = values.controls.get(control, ControlValues())
    cost, minutes = (values.review.cost, values.review.minutes) if values.review is not None else (0.0, 0.0)
    people = kind in {"route", "review"}
    return Worth(
        unit=f"{values.currency} per {PER_DECISIONS:,} decisions",
        harm=values.harm if own.harm is None else own.harm,
        good=cost if kind == "route" else values.good if own.good is None else own.good,
        idle_review=cost,
        review_harmful=cost if people else 0.0,
        review_good=cost if kind == "review" else 0.0,
        minutes=minutes if people else 0.0,
    )
