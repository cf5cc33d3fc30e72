"""What a few wrong labels in the training data cost: trained again with a share of them inverted, the AUC is compared on the same rows.

Sources: B. Biggio, B. Nelson and P. Laskov (2011), ACML 20, 97-112 (label noise as an attack); E. R. DeLong et al. (1988), Biometrics
44, 837-845 (two AUCs on the same rows).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.discrimination import CLASS_LEAST, placements
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.robustness.training import find_trainer, train_and_score, training_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.robustness.training import Trainer
    from dualtrack.evidence.sample import Sample

__all__ = ["PoisonSettings", "Poisoned", "PoisonedLabels"]

_MOST = 0.5


class PoisonSettings(Record, frozen=True):
    """The share of training labels to invert, the trainer as `module:function`, and the seed of the lot."""

    share: float
    trainer: str = ""
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.share < _MOST:
            raise FieldError(f"{self.share}", where="settings.share", expected="above 0, below one half")


class Poisoned(Record, frozen=True):
    """Rows of each class, labels inverted, both AUCs, and the variance of their paired difference."""

    positives: int
    negatives: int
    inverted: int
    auc: float
    auc_poisoned: float
    variance: float


class PoisonedLabels(Measure[Poisoned, PoisonSettings]):
    """AUC lost when a share of the training labels is inverted."""

    name: ClassVar[str] = "robustness.poisoned-labels"
    family: ClassVar[Family] = "robustness"
    title: ClassVar[Text] = Text(en="Order lost to inverted training labels", zh="訓練標籤被反轉後失去的排序能力")
    unit: ClassVar[str] = "probability"
    needs: ClassVar[tuple[str, ...]] = ("label", "score", "features", "reference")
    cost: ClassVar[Cost] = "training"
    method: ClassVar[Method] = Method(
        name="AUC minus AUC after inverting a share of training labels, paired DeLong interval",
        version="1",
        source="Biggio et al. 2011; DeLong et al. 1988",
    )
    misleads: ClassVar[Text] = Text(
        en="Labels are inverted at random; somebody who chooses which ones does more harm. One lot is one try.",
        zh="標籤是隨機反轉的；若有人刻意挑選，損害更大。一次抽籤只是一次嘗試。",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = PoisonSettings
    statistics: ClassVar[type[Record]] = Poisoned

    def __init__(self, trainer: Trainer | None = None) -> None:
        self._trainer = trainer

    def gather(self, sample: Sample, settings: PoisonSettings) -> Poisoned:
        """Train on poisoned labels and score the same rows."""
        trainer = find_trainer(self._trainer, settings.trainer, f"{self.name}, trainer")
        if trainer is None:
            raise FieldError("no trainer", where=self.name, fix="name it in the settings, as module:function")
        truth, score = sample.labels(), sample.reals("score")
        positives = int(truth.sum())
        if min(positives, len(truth) - positives) < CLASS_LEAST:
            raise FieldError("labels of one class only", where=self.name, expected="both 0 and 1")
        if np.ptp(score) == 0:
            raise FieldError(
                "the same score in every row", where=self.name, expected="a score that has an order to lose"
            )
        features, label = training_rows(sample, self.name)
        chosen = generator(settings.seed).choice(len(label), size=round(settings.share * len(label)), replace=False)
        if not len(chosen):
            raise FieldError("no label to invert", where="settings.share", fix="raise the share, or train on more rows")
        turned = label.copy()
        turned[chosen] = ~turned[chosen]
        again = train_and_score(trainer, features, turned, settings.seed, sample.features())
        return _compared(truth, score, again, len(chosen))

    def estimate(self, statistics: Poisoned, settings: PoisonSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the AUC lost; without an estimate where not one row is placed differently."""
        error = math.sqrt(statistics.variance)
        lost = statistics.auc - statistics.auc_poisoned
        known = not no_spread(error)
        half = z_two_sided(how.level) * error
        few = min(statistics.positives, statistics.negatives) < how.cell_size_min
        return (
            Measurement(
                measure=self.name,
                unit=self.unit,
                n=statistics.positives + statistics.negatives,
                outcome="measured" if known and not few else "underpowered",
                method=self.method,
                data_digest=how.data_digest,
                level=how.level,
                estimate=lost if known else None,
                low=lost - half if known else None,
                high=lost + half if known else None,
                facts={"share": settings.share, "inverted": statistics.inverted, "auc": statistics.auc},
                statistics=plain_statistics(statistics),
            ),
        )


def _compared(
    truth: NDArray[np.bool_], score: NDArray[np.float64], again: NDArray[np.float64], inverted: int
) -> Poisoned:
    first, second = placements(truth, score), placements(truth, again)
    parts = (first.positives - second.positives, first.negatives - second.negatives)
    return Poisoned(
        positives=len(parts[0]),
        negatives=len(parts[1]),
        inverted=inverted,
        auc=first.auc,
        auc_poisoned=second.auc,
        variance=sum(float(each.var(ddof=1)) / len(each) for each in parts),
    )
