"""Small noise in the numbers that the model is given: how many decisions it turns, and how far scores move.

Each disturbed column gets normal noise with a standard deviation of `noise` times that column's own. A row counts as turned when
any of `repeats` noisy copies is decided otherwise, so that a row counts once, whatever the number of copies.
Source: ISO/IEC TR 24029-1:2021, section 5 (statistical methods for robustness).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from dualtrack.domain.records import Record, Text
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.models import ask
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.robustness.amounts import Amounts, amounts
from dualtrack.evidence.robustness.asking import asked, columns_of, positive
from dualtrack.evidence.robustness.estimates import mean_measurement, share_measurement

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.sample import Sample

__all__ = ["NoiseSettings", "Perturbation", "Turned"]


class NoiseSettings(Record, frozen=True):
    """`noise` and `threshold` of the score from which the decision is 1, both set by the firm.

    Noise is a share of each column's spread, or of each value itself: amounts rounded to a per cent differ by the latter.
    """

    noise: float
    threshold: float
    relative_to: Literal["spread", "value"] = "spread"
    repeats: int = 5
    rows: int = 2_000
    columns: tuple[str, ...] = ()
    seed: int = 1

    def __post_init__(self) -> None:
        positive(self.noise, "settings.noise")
        positive(self.repeats, "settings.repeats")


class Turned(Record, frozen=True):
    """Rows asked, rows turned by any copy, turns over all copies, the mean change of each row's score, columns disturbed, rows decided 1."""

    rows: int
    turned: int
    turns: int
    repeats: int
    change: Amounts
    columns: int
    ones: int


class Perturbation(Measure[Turned, NoiseSettings]):
    """Share of decisions turned by noise, and the mean absolute change of the score."""

    name: ClassVar[str] = "robustness.perturbation"
    family: ClassVar[Family] = "robustness"
    title: ClassVar[Text] = Text(en="Decisions turned by small noise", zh="因輕微雜訊而改變的決定")
    unit: ClassVar[str] = "share of rows"
    needs: ClassVar[tuple[str, ...]] = ("features", "model")
    cost: ClassVar[Cost] = "model"
    method: ClassVar[Method] = Method(
        name="share of rows decided otherwise under any of several noisy copies, Wilson interval",
        version="1",
        source="ISO/IEC TR 24029-1:2021; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="Noise in one column at random is not what people do who change their answers on purpose. "
        "A model that ignores its inputs is perfectly stable: read it beside discrimination.",
        zh="隨機雜訊並不等於有人刻意更改資料。完全不理會輸入的模型最為穩定，因此須與鑑別能力一併閱讀。",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = NoiseSettings
    statistics: ClassVar[type[Record]] = Turned

    def gather(self, sample: Sample, settings: NoiseSettings) -> Turned:
        """Ask for noisy copies of the rows."""
        found = asked(sample, rows_max=settings.rows, seed=settings.seed)
        places = columns_of(found, settings.columns, f"{self.name}, columns")
        scale = np.zeros(found.rows.shape)
        size = (
            np.abs(found.rows) if settings.relative_to == "value" else np.broadcast_to(found.spread, found.rows.shape)
        )
        scale[:, places] = settings.noise * size[:, places]
        draws = generator(settings.seed)
        decided = found.scores >= settings.threshold
        turned, turns = np.zeros(len(found.rows), dtype=np.bool_), 0
        change = np.zeros(len(found.rows))
        for _ in range(settings.repeats):
            scores = ask(found.model, found.rows + draws.standard_normal(found.rows.shape) * scale)
            differs = (scores >= settings.threshold) != decided
            turned |= differs
            turns += int(differs.sum())
            change += np.abs(scores - found.scores)
        return Turned(
            rows=len(turned),
            turned=int(turned.sum()),
            turns=turns,
            repeats=settings.repeats,
            change=amounts(change / settings.repeats),
            columns=len(places),
            ones=int(decided.sum()),
        )

    def estimate(self, statistics: Turned, settings: NoiseSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share of rows turned, then the mean absolute change of the score."""
        share = share_measurement(
            self.name,
            statistics.turned,
            statistics.rows,
            statistics,
            how,
            method=self.method,
            facts={
                "noise": settings.noise,
                "relative_to": settings.relative_to,
                "threshold": settings.threshold,
                "copies": statistics.repeats,
                "columns": statistics.columns,
                "turned_per_copy": statistics.turns / max(1, statistics.rows * statistics.repeats),
            },
            ones=statistics.ones,
        )
        change = mean_measurement(
            f"{self.name}-change",
            statistics.change,
            statistics,
            how,
            unit="score",
            facts={"noise": settings.noise},
            bounds=(0.0, float("inf")),
        )
        return share, change
