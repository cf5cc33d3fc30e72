"""`benefit.paired`: the AI and its baseline on the same rows, from exact sums of differences by independent unit.

The same estimator as `paired.measure_benefit`, through statistics that merge. Sources: Student (1908); Cochran (1977), section 9A.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.effects import Effect, answer_effect, unanswered
from dualtrack.evidence.benefit.moments import UNITS_LEAST, Moments, add_moments, moments_of_rows
from dualtrack.evidence.benefit.paired import Plan, brier_losses
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.roles import refuse_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.numeric import np
    from dualtrack.evidence.sample import Sample

__all__ = [
    "Compared",
    "Paired",
    "PairedSettings",
    "Pairs",
    "add_labels",
    "check_compared",
    "compared",
    "label_counts",
    "one_class",
]

Compared = Literal["brier", "value"]
"""`brier`: squared errors of two stated probabilities against the label; `value`: the two columns are the outcome itself."""


class PairedSettings(Record, frozen=True):
    """The plan, what is compared, and the scale of fixed point (40: values below 4 million; lower it for larger ones)."""

    plan: Plan
    compare: Compared
    scale_bits: int = 40

    def __post_init__(self) -> None:
        check_compared(self.plan, self.compare)


class Pairs(Record, frozen=True):
    """Sums of differences AI minus baseline, by row or cluster; rows of label 0 and 1 where losses are compared."""

    moments: Moments
    labels: tuple[int, int] | None = None


class Paired(Measure[Pairs, PairedSettings]):
    """Mean paired difference, cluster-aware where the sample has clusters."""

    name: ClassVar[str] = "benefit.paired"
    family: ClassVar[Family] = "benefit"
    title: ClassVar[Text] = Text(en="Benefit on the same rows", zh="同一批個案上的效益")
    unit: ClassVar[str] = "unit of the plan"
    needs: ClassVar[tuple[str, ...]] = ("score", "baseline")
    cost: ClassVar[Cost] = "rows"
    method: ClassVar[Method] = Method(
        name="mean paired difference, ratio of totals over independent units, Student interval",
        version="1",
        source="Student 1908; Cochran 1977, section 9A",
    )
    misleads: ClassVar[Text] = Text(
        en="When rows of one customer or analyst count as independent, when the baseline was not really run on these rows, or when "
        "people would not act on either score. With few clusters of unequal size the interval is too narrow.",
        zh="若同一客戶或分析員的多行資料被當作互相獨立、基準並未真正在這些個案上執行，或沒有人會按分數行事，結果便不可信。群組少而大小不一時，區間會過窄。",
    )
    settings: ClassVar[type[Record]] = PairedSettings
    statistics: ClassVar[type[Record]] = Pairs

    def gather(self, sample: Sample, settings: PairedSettings) -> Pairs:
        """Add up the differences."""
        first, other = compared(sample, settings.compare)
        cluster = sample.column("cluster") if sample.has("cluster") else None
        moments = moments_of_rows({"difference": first - other}, cluster=cluster, bits=settings.scale_bits)
        return Pairs(moments=moments, labels=label_counts(sample, settings.compare))

    def merge(self, parts: Sequence[Pairs]) -> Pairs:
        """Add sums of separate rows; parts must not share a cluster."""
        return Pairs(
            moments=add_moments([part.moments for part in parts]), labels=add_labels([part.labels for part in parts])
        )

    def estimate(self, statistics: Pairs, settings: PairedSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the mean difference, signed for the AI."""
        moments = statistics.moments
        bare = Measurement(
            measure=self.name,
            unit=settings.plan.unit,
            n=moments.rows,
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            statistics=plain_statistics(statistics),
        )
        facts: dict[str, Fact] = {"design": "paired", "independent_units": moments.units}
        if moments.units < UNITS_LEAST:
            return (unanswered(bare, "too few units", facts),)
        if one_class(statistics.labels):
            return (unanswered(bare, "labels of one class", facts),)
        error = math.sqrt(moments.covariance("difference", "difference"))
        effect = Effect(moments.mean("difference"), error, moments.units - 1, scale=0.0)
        return (answer_effect(bare, settings.plan, effect, facts),)


def compared(sample: Sample, compare: Compared) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each row has with AI (role score) and without (role baseline)."""
    refuse_weights(sample.roles)
    first, other = sample.reals("score"), sample.reals("baseline")
    if compare == "value":
        return first, other
    truth = sample.labels()
    return brier_losses(truth, first), brier_losses(truth, other)


def label_counts(sample: Sample, compare: Compared) -> tuple[int, int] | None:
    """Return rows of label 0 and of 1; None where labels play no part."""
    if compare == "value":
        return None
    ones = int(sample.labels().sum())
    return sample.n - ones, ones


def add_labels(parts: Sequence[tuple[int, int] | None]) -> tuple[int, int] | None:
    """Add label counts of separate rows; raises FieldError where only some parts have them."""
    held = [each for each in parts if each is not None]
    if len(held) not in {0, len(parts)}:
        raise FieldError("labels in some parts only", where="statistics", expected="one comparison in every part")
    return (sum(zeros for zeros, _ in held), sum(ones for _, ones in held)) if held else None


def one_class(labels: tuple[int, int] | None) -> bool:
    """Say whether losses are of one class only: whoever states the lower (or higher) number then wins, with or without skill."""
    return labels is not None and 0 in labels


def check_compared(plan: Plan, compare: Compared) -> None:
    """Refuse a plan in which a larger squared error is the better one."""
    if compare == "brier" and plan.direction != "lower is better":
        raise FieldError(f"brier, {plan.direction}", where="plan.direction", expected="lower is better")
