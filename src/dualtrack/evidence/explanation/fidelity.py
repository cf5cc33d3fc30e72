"""Whether the reasons given are the reasons used: they add up to the score, and taking away the strongest moves it most.

Adding up is checked row by row. Deletion puts the usual value (the median) in the place of a row's `top` strongest features, and in the
place of as many drawn by chance, several times: the strongest must move the score more than chance does on average.
Sources: S. M. Lundberg and S.-I. Lee (2017), NIPS 30 (local accuracy); W. Samek et al. (2017), IEEE TNNLS 28, 2660-2673 (deletion).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text
from dualtrack.evidence.explanation.reasons import check_top, reasoned, shown, strongest, usual
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.models import ask
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.robustness.amounts import Amounts, amounts
from dualtrack.evidence.robustness.asking import positive
from dualtrack.evidence.robustness.estimates import share_measurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.explanation.reasons import Reasoned
    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Sample

__all__ = ["Faithful", "Fidelity", "FidelitySettings"]

_DELETION = Method(
    name="share of rows whose strongest features move the score more than features by chance, Wilson interval",
    version="1",
    source="Samek et al. 2017; Wilson 1927",
)


class FidelitySettings(Record, frozen=True):
    """`top`: how many reasons are given to people; `tolerance`: rounding allowed in the score, as a share of it where above 1."""

    top: int
    tolerance: float = 1e-6
    repeats: int = 5
    rows: int = 1_000
    seed: int = 1

    def __post_init__(self) -> None:
        positive(self.tolerance, "settings.tolerance")
        positive(self.repeats, "settings.repeats")


class Faithful(Record, frozen=True):
    """Rows, those whose reasons add up, those whose strongest features move the score more than chance, as much, and sums for R2."""

    rows: int
    adding_up: int
    moving_more: int
    moving_alike: int
    scores: Amounts
    errors: Amounts


class Fidelity(Measure[Faithful, FidelitySettings]):
    """Share of rows whose reasons add up to the score; share whose strongest reasons move it more than chance."""

    name: ClassVar[str] = "explanation.fidelity"
    family: ClassVar[Family] = "explanation"
    title: ClassVar[Text] = Text(en="Reasons given are reasons used", zh="所給理由即實際理由")
    unit: ClassVar[str] = "share of rows"
    needs: ClassVar[tuple[str, ...]] = ("features", "model")
    cost: ClassVar[Cost] = "model"
    method: ClassVar[Method] = Method(
        name="share of rows whose base and contributions add up to the score, Wilson interval",
        version="1",
        source="Lundberg and Lee 2017; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="Reasons that add up may still credit the wrong one of two features that go together. "
        "Deletion makes rows that do not occur, on which the model was never right or wrong.",
        zh="理由相加等於分數，仍可能把功勞歸給兩個相關特徵中錯的一個。刪除測試會產生現實中不存在的個案，模型在其上無所謂對錯。",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = FidelitySettings
    statistics: ClassVar[type[Record]] = Faithful

    def gather(self, sample: Sample, settings: FidelitySettings) -> Faithful:
        """Ask for reasons, add them up, take the strongest away."""
        found = reasoned(sample, rows_max=settings.rows, seed=settings.seed)
        scores = found.asked.scores
        check_top(settings.top, found.reasons.values.shape[1])
        errors = np.abs(shown(found.reasons) - scores)
        moved, by_chance = _moves(found, settings)
        return Faithful(
            rows=len(scores),
            adding_up=int((errors <= settings.tolerance * np.maximum(1.0, np.abs(scores))).sum()),
            moving_more=int((moved > by_chance).sum()),
            moving_alike=int((moved == by_chance).sum()),
            scores=amounts(scores),
            errors=amounts(errors),
        )

    def estimate(self, statistics: Faithful, settings: FidelitySettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share of rows that add up (with R2 of the sum as a fact), then the share that passes deletion."""
        facts: dict[str, Fact] = {"tolerance": settings.tolerance}
        variance = statistics.scores.mean_square - statistics.scores.mean**2
        if variance > 0:
            facts["r2"] = 1 - statistics.errors.mean_square / variance
        adding = share_measurement(
            self.name, statistics.adding_up, statistics.rows, statistics, how, facts=facts, method=self.method
        )
        deletion = share_measurement(
            f"{self.name}-deletion",
            statistics.moving_more,
            statistics.rows,
            statistics,
            how,
            facts={"top": settings.top, "alike": statistics.moving_alike, "draws_by_chance": settings.repeats},
            method=_DELETION,
        )
        return adding, deletion


def _moves(found: Reasoned, settings: FidelitySettings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far the score moves without the strongest features, and on average without as many by chance."""
    rows, scores, model = found.asked.rows, found.asked.scores, found.asked.model
    instead, draws = usual(found.asked.base), generator(settings.seed)
    moved = np.abs(ask(model, np.where(strongest(found.reasons.values, settings.top), instead, rows)) - scores)
    by_chance = np.zeros(len(rows))
    for _ in range(settings.repeats):
        some = strongest(draws.random(rows.shape), settings.top)
        by_chance += np.abs(ask(model, np.where(some, instead, rows)) - scores)
    return moved, by_chance / settings.repeats
