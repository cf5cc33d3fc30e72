"""The same model trained again, with another seed or on resampled rows: how many decisions depend on that accident.

Scores come from a trainer, or are columns already: the sample's score, its reference's score, the reference's reference's, and
so on, over the same rows. A row counts as changed when not all trainings decide it alike. Sources: C. Marx, F. Calmon and B. Ustun
(2020), ICML (ambiguity); M. Milani Fard et al. (2016), NIPS 29 (churn); C. Spearman (1904), Am. J. Psychology 15, 72-101.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.robustness.amounts import Amounts, amounts
from dualtrack.evidence.robustness.estimates import mean_measurement, share_measurement, share_part
from dualtrack.evidence.robustness.training import TRAININGS_MAX, find_trainer, train_and_score, training_rows
from dualtrack.evidence.roles import refuse_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.robustness.training import Trainer
    from dualtrack.evidence.sample import Sample

__all__ = ["Changed", "RepeatSettings", "RetrainStability", "SeedStability", "rank_correlation"]

_LEAST = 2


class RepeatSettings(Record, frozen=True):
    """`threshold` of the score from which the decision is 1; `trainer` as `module:function`, or empty where the scores are columns."""

    threshold: float
    trainer: str = ""
    trainings: int = 5
    seed: int = 1

    def __post_init__(self) -> None:
        if not _LEAST <= self.trainings <= TRAININGS_MAX:
            raise FieldError(
                f"{self.trainings} trainings", where="settings.trainings", expected=f"2 to {TRAININGS_MAX}"
            )


class Changed(Record, frozen=True):
    """Rows, and those not decided alike by all trainings.

    Beside them rows changed by each training against the first, the share of pairs of trainings that disagree on a row, and each
    one's rank correlation with the first (none where scores are constant); rows that the first decides 1.
    """

    rows: int
    changed: int
    against_first: tuple[int, ...]
    pairs: Amounts
    correlations: tuple[float | None, ...]
    ones: int


class _Repeated(Measure[Changed, RepeatSettings]):
    """What both ways of training again share."""

    family: ClassVar[Family] = "robustness"
    unit: ClassVar[str] = "share of rows"
    needs: ClassVar[tuple[str, ...]] = ("reference",)
    cost: ClassVar[Cost] = "training"
    method: ClassVar[Method] = Method(
        name="share of rows not decided alike by all trainings, Wilson interval",
        version="1",
        source="Marx et al. 2020; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="The share grows with the number of trainings: compare only equal numbers. The interval speaks of other rows, "
        "not of other trainings. A model that decides everybody alike never changes.",
        zh="比率隨訓練次數上升，只可比較次數相同的結果。區間只反映其他個案，不反映其他訓練。對所有人作同一決定的模型永不改變。",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = RepeatSettings
    statistics: ClassVar[type[Record]] = Changed

    def __init__(self, trainer: Trainer | None = None) -> None:
        self._trainer = trainer

    @abstractmethod
    def _rows(self, n: int, place: int, seed: int) -> tuple[NDArray[np.intp], int]:
        """Return the training rows and the seed of one training."""

    def gather(self, sample: Sample, settings: RepeatSettings) -> Changed:
        """Train again, or take the columns, and compare."""
        refuse_weights(sample.roles)
        trainer = find_trainer(self._trainer, settings.trainer, f"{self.name}, trainer")
        if trainer is None:
            scores = _columns(sample, self.name)
        else:
            features, label = training_rows(sample, self.name)
            rows = sample.features()
            scores = []
            for place in range(settings.trainings):
                some, seed = self._rows(len(features), place, settings.seed)
                scores.append(train_and_score(trainer, features[some], label[some], seed, rows))
        return _compare(np.array(scores), settings.threshold)

    def estimate(self, statistics: Changed, settings: RepeatSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share of rows changed by any training, then the mean share of pairs of trainings that disagree."""
        known = [each for each in statistics.correlations if each is not None]
        facts: dict[str, Fact] = {"threshold": settings.threshold, "trainings": len(statistics.correlations) + 1}
        if len(known) == len(statistics.correlations):
            facts |= {"rank_correlation_least": min(known), "rank_correlation_mean": sum(known) / len(known)}
        parts = tuple(
            share_part(f"training {place} against the first", count, statistics.rows, how)
            for place, count in enumerate(statistics.against_first, 2)
        )
        share = share_measurement(
            self.name,
            statistics.changed,
            statistics.rows,
            statistics,
            how,
            facts=facts,
            parts=parts,
            method=self.method,
            ones=statistics.ones,
        )
        churn = mean_measurement(
            f"{self.name}-churn",
            statistics.pairs,
            statistics,
            how,
            unit="share of pairs of trainings",
            facts=dict(facts),
            bounds=(0.0, 1.0),
        )
        return share, churn


class SeedStability(_Repeated):
    """Share of decisions that depend on the seed of the training."""

    name: ClassVar[str] = "robustness.seed"
    title: ClassVar[Text] = Text(en="Decisions that depend on the seed", zh="取決於隨機種子的決定")

    def _rows(self, n: int, place: int, seed: int) -> tuple[NDArray[np.intp], int]:
        return np.arange(n), seed + place


class RetrainStability(_Repeated):
    """Share of decisions that depend on which rows happened to be in the training data: each training has a resample of them."""

    name: ClassVar[str] = "robustness.retrain"
    title: ClassVar[Text] = Text(en="Decisions that depend on the training rows", zh="取決於訓練樣本的決定")

    def _rows(self, n: int, place: int, seed: int) -> tuple[NDArray[np.intp], int]:
        if place == 0:
            return np.arange(n), seed
        some: NDArray[np.intp] = generator(seed + place).integers(0, n, size=n)
        return some, seed


def rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Return Spearman's rank correlation, ties at their middle rank; None where one of the two is constant."""
    a, b = _midranks(first), _midranks(second)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return None if size == 0 else float(np.clip((a * b).sum() / size, -1.0, 1.0))


def _midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middle: NDArray[np.float64] = np.cumsum(count) - (count - 1) / 2
    return middle[place]


def _columns(sample: Sample, where: str) -> list[NDArray[np.float64]]:
    """Return the scores of the sample and of its chain of references."""
    scores, at = [sample.reals("score")], sample.reference
    while at is not None and at.has("score"):
        scores.append(at.reals("score"))
        at = at.reference
    if len(scores) < _LEAST:
        raise FieldError(
            "only one training", where=where, fix="name a trainer, or give the scores of another training as reference"
        )
    lengths = sorted({len(each) for each in scores})
    if len(lengths) != 1:
        raise FieldError(f"scores of {lengths} rows", where=where, expected="the same rows scored by each training")
    return scores


def _compare(scores: NDArray[np.float64], threshold: float) -> Changed:
    decided = scores >= threshold
    trainings, ones = len(scores), decided.sum(axis=0)
    pairs = ones * (trainings - ones) / (trainings * (trainings - 1) / 2)
    return Changed(
        rows=scores.shape[1],
        changed=int((pairs > 0).sum()),
        against_first=tuple(int((each != decided[0]).sum()) for each in decided[1:]),
        pairs=amounts(pairs),
        correlations=tuple(rank_correlation(scores[0], each) for each in scores[1:]),
        ones=int(decided[0].sum()),
    )
