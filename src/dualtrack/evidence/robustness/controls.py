"""Controls that must lose: a model that cannot know anything must measure as knowing nothing.

`shuffled-labels` trains on labels in a random order (with a trainer), which breaks every honest way to learn; what still wins has
seen the answers, or the method counts wrongly. Without a trainer it shuffles the labels measured against, which tests the measuring only.
`random-model` scores by chance. The interval of the mean over repeats must hold the value of chance, and the real model must lie above it:
otherwise the control proves nothing and the outcome is `underpowered`, never a pass.

Sources: M. Ojala and G. C. Garriga (2010), JMLR 11, 1833-1863 (permutation tests); C. Zhang et al. (2017), ICLR (random labels);
B. Phipson and G. K. Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9(1) (the p-value counts the observed one).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.capture import list_size, top
from dualtrack.evidence.benefit.paired import brier_losses
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.discrimination import placements
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.robustness.amounts import amounts
from dualtrack.evidence.robustness.estimates import student
from dualtrack.evidence.robustness.training import TRAININGS_MAX, find_trainer, train_and_score, training_rows
from dualtrack.evidence.roles import refuse_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualtrack.evidence.interval import Interval
    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.robustness.training import Trainer
    from dualtrack.evidence.sample import Sample

__all__ = [
    "DID_NOT_LOSE",
    "LOST",
    "REPEATS_LEAST",
    "UNDECIDED",
    "Control",
    "ControlSettings",
    "Metric",
    "RandomModel",
    "ShuffledLabels",
]

REPEATS_LEAST = 5
"""Fewest repeats from which a spread is judged."""

LOST, DID_NOT_LOSE, UNDECIDED = "control lost as it must", "control did not lose", "undecided"
"""The verdicts, as the fact `verdict` says them."""

Metric = Literal["auc", "brier-benefit", "capture-benefit"]
"""What is measured of model and control; the benefits are those over the baseline, at equal capacity for lists."""

_UNITS: dict[Metric, str] = {
    "auc": "probability",
    "brier-benefit": "squared error",
    "capture-benefit": "share of outcomes",
}

_CHANCE: dict[Metric, float] = {"auc": 0.5, "brier-benefit": 0.0, "capture-benefit": 0.0}


class ControlSettings(Record, frozen=True):
    """What is measured, and how sure the verdict must be.

    `metric`: the AUC, whose chance is one half; what the score's Brier loss is below the baseline's; or the share of outcomes on a
    list of `capacity` (share of rows) beyond that on the baseline's. The latter two must not be above 0 for a control.
    `verdict_level`: coverage of the interval that must hold chance; that of the estimate where none is given. At 95 % one
    honest control in twenty is called a winner; a control that has seen the answers is far beyond 99.9 %.
    """

    metric: Metric = "auc"
    capacity: float | None = None
    trainer: str = ""
    repeats: int = 20
    seed: int = 1
    verdict_level: float | None = None

    def __post_init__(self) -> None:
        if (self.metric == "capture-benefit") != (self.capacity is not None):
            raise FieldError(
                f"{self.metric}, capacity {self.capacity}",
                where="settings.capacity",
                expected="a share of the rows for capture-benefit, none for the others",
            )
        if self.verdict_level is not None and not 0 < self.verdict_level < 1:
            raise FieldError(f"{self.verdict_level}", where="settings.verdict_level", expected="between 0 and 1")
        if not REPEATS_LEAST <= self.repeats <= TRAININGS_MAX:
            raise FieldError(
                f"{self.repeats} repeats", where="settings.repeats", expected=f"{REPEATS_LEAST} to {TRAININGS_MAX}"
            )


class Control(Record, frozen=True):
    """Rows and those of label 1, the metric of the real score, and of each control; `kind` says what was left to chance."""

    rows: int
    positives: int
    kind: Literal["trained on shuffled labels", "measured against shuffled labels", "scores by chance"]
    real: float
    controls: tuple[float, ...]


class _MustLose(Measure[Control, ControlSettings]):
    """What the controls share: the metric, the interval over repeats and the verdict."""

    family: ClassVar[Family] = "robustness"
    unit: ClassVar[str] = "the metric's"
    needs: ClassVar[tuple[str, ...]] = ("label", "score")
    method: ClassVar[Method] = Method(
        name="mean of the metric over controls, Student interval, held against chance and against the real model",
        version="1",
        source="Ojala and Garriga 2010; Phipson and Smyth 2010",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = ControlSettings
    statistics: ClassVar[type[Record]] = Control

    @abstractmethod
    def _control(self, sample: Sample, settings: ControlSettings, metric: Callable[..., float]) -> Control:
        """Run the control."""

    def gather(self, sample: Sample, settings: ControlSettings) -> Control:
        """Run the control as often as set; raises FieldError where the labels are of one class."""
        refuse_weights(sample.roles)
        truth = sample.labels()
        if truth.all() or not truth.any():
            raise FieldError("labels of one class only", where=self.name, expected="both 0 and 1")
        return self._control(sample, settings, _metric(sample, settings))

    def estimate(self, statistics: Control, settings: ControlSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the control's mean; facts say whether it lost. Only a control that lost, below a real model, is measured."""
        controls = np.array(statistics.controls)
        sums, judged_at = amounts(controls), settings.verdict_level or how.level
        interval = student(sums, how.level)
        verdict = _verdict(student(sums, judged_at), statistics.real, settings.metric)
        smaller = min(statistics.positives, statistics.rows - statistics.positives)
        few = smaller < how.cell_size_min
        facts: dict[str, Fact] = {
            "metric": settings.metric,
            "kind": statistics.kind,
            "chance": _CHANCE[settings.metric],
            "real": statistics.real,
            "control_lost": verdict == LOST and not few,
            "verdict": UNDECIDED if few and verdict == LOST else verdict,
            "p_value": (1 + int((controls >= statistics.real).sum())) / (1 + len(controls)),
            "repeats": len(controls),
            "verdict_level": judged_at,
            "smaller_class": smaller,
        }
        return (
            Measurement(
                measure=self.name,
                unit=_UNITS[settings.metric],
                n=statistics.rows,
                outcome="underpowered" if interval is None or few or verdict == UNDECIDED else "measured",
                method=self.method,
                data_digest=how.data_digest,
                level=how.level,
                estimate=None if interval is None else float(controls.mean()),
                low=None if interval is None else interval.low,
                high=None if interval is None else interval.high,
                facts=facts | ({"n_needed_in_smaller_class": how.cell_size_min} if few else {}),
                statistics=plain_statistics(statistics),
            ),
        )


def _metric(sample: Sample, settings: ControlSettings) -> Callable[[NDArray[np.bool_], NDArray[np.float64]], float]:
    """Return the metric of labels and scores, with the baseline's part worked out once."""
    if settings.metric == "auc":
        return lambda label, score: placements(label, score).auc
    baseline = sample.reals("baseline")
    if settings.capacity is None:
        return lambda label, score: float((brier_losses(label, baseline) - brier_losses(label, score)).mean())
    size = list_size(settings.capacity, len(baseline))
    listed = top(baseline, size, seed=settings.seed)

    def captured(label: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
        ours = top(score, size, seed=settings.seed)
        return float((label & ours).sum() - (label & listed).sum()) / float(label.sum())

    return captured


class ShuffledLabels(_MustLose):
    """The control that learns from labels in a random order."""

    name: ClassVar[str] = "robustness.shuffled-labels"
    title: ClassVar[Text] = Text(en="Control: shuffled labels must lose", zh="對照：打亂標籤後必須落敗")
    cost: ClassVar[Cost] = "training"
    misleads: ClassVar[Text] = Text(
        en="Without a trainer only the measuring is tested, not the learning. A control that loses does not show that the real "
        "model is good. At 95 % one honest control in twenty does not hold chance.",
        zh="沒有訓練程式時，只能檢驗量度方法而非學習過程。對照落敗不代表真正的模型優良。在 95% 水平下，每二十個正當的對照約有一個不包含隨機值。",
    )

    def __init__(self, trainer: Trainer | None = None) -> None:
        self._trainer = trainer

    def _control(self, sample: Sample, settings: ControlSettings, metric: Callable[..., float]) -> Control:
        trainer = find_trainer(self._trainer, settings.trainer, f"{self.name}, trainer")
        truth, score, draws = sample.labels(), sample.reals("score"), generator(settings.seed)
        controls = []
        if trainer is None:
            controls = [metric(draws.permutation(truth), score) for _ in range(settings.repeats)]
        else:
            features, label = training_rows(sample, self.name)
            rows = sample.features()
            for place in range(settings.repeats):
                shuffled = draws.permutation(label)
                controls.append(
                    metric(truth, train_and_score(trainer, features, shuffled, settings.seed + place, rows))
                )
        return Control(
            rows=len(truth),
            positives=int(truth.sum()),
            kind="measured against shuffled labels" if trainer is None else "trained on shuffled labels",
            real=metric(truth, score),
            controls=tuple(controls),
        )


class RandomModel(_MustLose):
    """The control that scores by chance."""

    name: ClassVar[str] = "robustness.random-model"
    title: ClassVar[Text] = Text(en="Control: a random model must lose", zh="對照：隨機模型必須落敗")
    cost: ClassVar[Cost] = "rows"
    misleads: ClassVar[Text] = Text(
        en="It tests the measuring, not the model: leakage into the features passes it. Losing is the least that can be asked.",
        zh="它檢驗量度方法而非模型：特徵中洩漏的答案不會被發現。落敗只是最低要求。",
    )

    def _control(self, sample: Sample, settings: ControlSettings, metric: Callable[..., float]) -> Control:
        truth, draws = sample.labels(), generator(settings.seed)
        return Control(
            rows=len(truth),
            positives=int(truth.sum()),
            kind="scores by chance",
            real=metric(truth, sample.reals("score")),
            controls=tuple(metric(truth, draws.random(len(truth))) for _ in range(settings.repeats)),
        )


def _verdict(interval: Interval | None, real: float, metric: Metric) -> str:
    """Return whether the control lost; undecided where its interval holds the real model, too, or there is none."""
    chance = _CHANCE[metric]
    if interval is None:
        return UNDECIDED
    if interval.low > chance or (metric == "auc" and interval.high < chance):
        return DID_NOT_LOSE
    return LOST if real > interval.high else UNDECIDED
