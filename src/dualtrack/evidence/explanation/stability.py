"""Whether like cases get like reasons: the strongest few under small noise.

Source: D. Alvarez-Melis and T. S. Jaakkola (2018), arXiv:1806.08049 (robustness of explanations).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text
from dualtrack.evidence.explanation.reasons import check_top, overlap, reasoned, strongest
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.models import ask_reasons
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.robustness.amounts import Amounts, amounts
from dualtrack.evidence.robustness.asking import columns_of, positive
from dualtrack.evidence.robustness.estimates import mean_measurement, share_measurement

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Sample

__all__ = ["Stability", "StabilitySettings", "Steady"]


class StabilitySettings(Record, frozen=True):
    """`noise` as a share of each column's spread and `top`, how many reasons are given to people; both set by the firm."""

    noise: float
    top: int
    repeats: int = 5
    rows: int = 1_000
    columns: tuple[str, ...] = ()
    seed: int = 1

    def __post_init__(self) -> None:
        positive(self.noise, "settings.noise")
        positive(self.repeats, "settings.repeats")


class Steady(Record, frozen=True):
    """Rows, those whose strongest features stay the same under every noisy copy, and each row's mean share that stays."""

    rows: int
    same: int
    overlap: Amounts


class Stability(Measure[Steady, StabilitySettings]):
    """Share of rows that keep their reasons, and the mean share of reasons kept."""

    name: ClassVar[str] = "explanation.stability"
    family: ClassVar[Family] = "explanation"
    title: ClassVar[Text] = Text(en="Like cases get like reasons", zh="相似個案得到相似理由")
    unit: ClassVar[str] = "share of rows"
    needs: ClassVar[tuple[str, ...]] = ("features", "model")
    cost: ClassVar[Cost] = "model"
    method: ClassVar[Method] = Method(
        name="share of rows whose strongest reasons stay the same set under noise, Wilson interval",
        version="1",
        source="Alvarez-Melis and Jaakkola 2018; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="Two reasons of nearly equal weight change places without harm. Reasons that never change may be the same for all.",
        zh="兩個比重相近的理由互換位置並無大礙。永不改變的理由可能對所有人都一樣。",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = StabilitySettings
    statistics: ClassVar[type[Record]] = Steady

    def gather(self, sample: Sample, settings: StabilitySettings) -> Steady:
        """Ask for reasons of noisy copies."""
        found = reasoned(sample, rows_max=settings.rows, seed=settings.seed)
        rows, model = found.asked.rows, found.asked.model
        check_top(settings.top, rows.shape[1])
        places = columns_of(found.asked, settings.columns, f"{self.name}, columns")
        scale = np.zeros(rows.shape[1])
        scale[places] = settings.noise * found.asked.spread[places]
        draws, first = generator(settings.seed), strongest(found.reasons.values, settings.top)
        same, kept = np.ones(len(rows), dtype=np.bool_), np.zeros(len(rows))
        for _ in range(settings.repeats):
            noisy = ask_reasons(model, rows + draws.standard_normal(rows.shape) * scale)
            common = overlap(first, strongest(noisy.values, settings.top))
            same &= common == 1
            kept += common
        return Steady(rows=len(rows), same=int(same.sum()), overlap=amounts(kept / settings.repeats))

    def estimate(self, statistics: Steady, settings: StabilitySettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share of rows that keep their reasons, then the mean share of reasons kept."""
        facts: dict[str, Fact] = {"noise": settings.noise, "top": settings.top, "copies": settings.repeats}
        share = share_measurement(
            self.name, statistics.same, statistics.rows, statistics, how, facts=facts, method=self.method
        )
        kept = mean_measurement(
            f"{self.name}-overlap",
            statistics.overlap,
            statistics,
            how,
            unit="share of reasons",
            facts=dict(facts),
            bounds=(0.0, 1.0),
        )
        return share, kept
