"""Whether two ways to explain give the same reasons: the model's own, and occlusion or those of the reference's model.

Source: S. Krishna et al. (2022), arXiv:2202.01602 (feature agreement, rank correlation, the disagreement problem).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from dualtrack.domain.records import Record, Text
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.explanation.reasons import check_top, occlusion, overlap, reasoned, strongest
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.models import ask_reasons
from dualtrack.evidence.numeric import np
from dualtrack.evidence.robustness.amounts import Amounts, add_amounts, amounts
from dualtrack.evidence.robustness.estimates import mean_measurement, share_measurement
from dualtrack.evidence.robustness.repeats import rank_correlation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.explanation.reasons import Reasoned
    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Sample

__all__ = ["Agreed", "Agreement", "AgreementSettings"]


class AgreementSettings(Record, frozen=True):
    """`top`: how many reasons are given to people; `other`: the second way to explain."""

    top: int
    other: Literal["occlusion", "reference"] = "occlusion"
    rows: int = 1_000
    seed: int = 1


class Agreed(Record, frozen=True):
    """Rows, those whose strongest reason is the same, each row's share of common reasons, and its rank correlation of sizes.

    A row whose contributions are all alike in size has no rank correlation and is left out of that sum alone.
    """

    rows: int
    features: int
    same_first: int
    overlap: Amounts
    ranks: Amounts


class Agreement(Measure[Agreed, AgreementSettings]):
    """Mean share of common reasons, and share of rows whose strongest reason is the same."""

    name: ClassVar[str] = "explanation.agreement"
    family: ClassVar[Family] = "explanation"
    title: ClassVar[Text] = Text(en="Two ways to explain agree", zh="兩種解釋方法一致")
    unit: ClassVar[str] = "share of reasons"
    needs: ClassVar[tuple[str, ...]] = ("features", "model")
    cost: ClassVar[Cost] = "model"
    method: ClassVar[Method] = Method(
        name="mean over rows of the share of common strongest reasons, Student interval",
        version="1",
        source="Krishna et al. 2022; Student 1908",
    )
    misleads: ClassVar[Text] = Text(
        en="Two ways that agree may both be wrong, and two that differ may answer different questions. "
        "Among few features many are in common by chance: chance is given as a fact.",
        zh="兩種方法一致仍可能同樣錯誤；不一致也可能只是回答不同的問題。特徵較少時，偶然相同的也多，故另列隨機值以作參考。",
    )
    settings: ClassVar[type[Record]] = AgreementSettings
    statistics: ClassVar[type[Record]] = Agreed

    def gather(self, sample: Sample, settings: AgreementSettings) -> Agreed:
        """Explain the rows in both ways."""
        found = reasoned(sample, rows_max=settings.rows, seed=settings.seed)
        own = found.reasons.values
        check_top(settings.top, own.shape[1])
        other = _other(found, sample, settings)
        ranks = [rank_correlation(a, b) for a, b in zip(np.abs(own), np.abs(other), strict=True)]
        return Agreed(
            rows=len(own),
            features=own.shape[1],
            same_first=int((strongest(own, 1) & strongest(other, 1)).any(axis=1).sum()),
            overlap=amounts(overlap(strongest(own, settings.top), strongest(other, settings.top))),
            ranks=amounts(np.array([each for each in ranks if each is not None])),
        )

    def merge(self, parts: Sequence[Agreed]) -> Agreed:
        """Add sums of separate rows, explained against the same reference."""
        if len({part.features for part in parts}) != 1:
            raise FieldError("other features in another part", where=self.name, expected="the same features")
        return Agreed(
            rows=sum(part.rows for part in parts),
            features=parts[0].features,
            same_first=sum(part.same_first for part in parts),
            overlap=add_amounts(part.overlap for part in parts),
            ranks=add_amounts(part.ranks for part in parts),
        )

    def estimate(self, statistics: Agreed, settings: AgreementSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the mean share of common reasons, then the share of rows with the same strongest reason."""
        facts: dict[str, Fact] = {
            "top": settings.top,
            "other": settings.other,
            "overlap_by_chance": settings.top / statistics.features,
        }
        if statistics.ranks.n:
            facts["rank_correlation_mean"] = statistics.ranks.mean
        common = mean_measurement(
            self.name,
            statistics.overlap,
            statistics,
            how,
            unit=self.unit,
            facts=facts,
            bounds=(0.0, 1.0),
            method=self.method,
        )
        first = share_measurement(
            f"{self.name}-first", statistics.same_first, statistics.rows, statistics, how, facts=dict(facts)
        )
        return common, first


def _other(found: Reasoned, sample: Sample, settings: AgreementSettings) -> NDArray[np.float64]:
    if settings.other == "occlusion":
        return occlusion(found.asked.model, found.asked.rows, found.asked.base, found.reasons.link)
    if sample.reference is None or sample.reference.model is None:
        raise EvidenceError(
            "no second model", where="reference", fix="give the reference its explainer, or use occlusion"
        )
    return ask_reasons(sample.reference.model, found.asked.rows, "the reference's model").values
