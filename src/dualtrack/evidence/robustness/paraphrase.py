"""The same question in other words: whether the answers stay the same.

Rows are grouped by the role `cluster`: questions that mean the same. A group agrees when all its answers are equal after what does not
matter is taken away: width and case of letters, white space, the point at the end (`plain`); or when the numbers in them are equal (`numbers`).
An answer that is missing or empty agrees with none. Source: Y. Elazar et al. (2021), TACL 9, 1012-1031, section 3 (consistency).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.robustness.amounts import Amounts, amounts
from dualtrack.evidence.robustness.estimates import mean_measurement, share_measurement
from dualtrack.evidence.roles import refuse_weights

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.sample import Sample

__all__ = ["Agreeing", "Paraphrase", "ParaphraseSettings", "same_form"]

_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?")
_END = " \t\n.。!！"


class ParaphraseSettings(Record, frozen=True):
    """What two answers must have in common to be the same."""

    compare: Literal["exact", "plain", "numbers"] = "plain"


class Agreeing(Record, frozen=True):
    """Groups of two answers or more, groups that agree, groups of one, and the share of pairs that agree within each group."""

    groups: int
    agreeing: int
    alone: int
    answers: int
    pairs: Amounts


class Paraphrase(Measure[Agreeing, ParaphraseSettings]):
    """Share of questions whose answers stay the same in other words."""

    name: ClassVar[str] = "robustness.paraphrase"
    family: ClassVar[Family] = "robustness"
    title: ClassVar[Text] = Text(en="Same answer in other words", zh="換句話說時答案一致")
    unit: ClassVar[str] = "share of groups"
    needs: ClassVar[tuple[str, ...]] = ("cluster", "answer")
    cost: ClassVar[Cost] = "rows"
    method: ClassVar[Method] = Method(
        name="share of groups of the same meaning whose answers are all equal, Wilson interval",
        version="1",
        source="Elazar et al. 2021; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="Always the same wrong answer agrees perfectly: read it beside accuracy. Long free answers that mean the same "
        "are counted as different. Groups written by a model may not mean the same.",
        zh="永遠給出同一個錯誤答案也會完全一致，須與準確度一併閱讀。意思相同但文字不同的長答案會被視為不同。由模型改寫的問題未必同義。",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = ParaphraseSettings
    statistics: ClassVar[type[Record]] = Agreeing

    def gather(self, sample: Sample, settings: ParaphraseSettings) -> Agreeing:
        """Compare the answers of each group."""
        refuse_weights(sample.roles)
        answers, cluster = sample.column("answer"), sample.column("cluster")
        lacking = np.ma.getmaskarray(answers)
        if np.ma.getmaskarray(cluster).any():
            raise FieldError("an answer without a group", where="cluster", fix="give each row its group")
        groups: dict[Any, list[str]] = {}
        for group, answer, none in zip(np.ma.getdata(cluster), np.ma.getdata(answers), lacking, strict=True):
            groups.setdefault(group, []).append("" if none else same_form(answer, settings.compare))
        shares = np.array([_pairs(each) for each in groups.values() if len(each) > 1])
        return Agreeing(
            groups=len(shares),
            agreeing=int((shares == 1).sum()),
            alone=len(groups) - len(shares),
            answers=len(answers),
            pairs=amounts(shares),
        )

    def estimate(self, statistics: Agreeing, settings: ParaphraseSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share of groups that agree, then the mean share of pairs that agree."""
        facts = {"compared": settings.compare, "groups_of_one": statistics.alone, "answers": statistics.answers}
        share = share_measurement(
            self.name,
            statistics.agreeing,
            statistics.groups,
            statistics,
            how,
            facts=dict(facts),
            unit=self.unit,
            method=self.method,
        )
        pairs = mean_measurement(
            f"{self.name}-pairs",
            statistics.pairs,
            statistics,
            how,
            unit="share of pairs",
            facts=dict(facts),
            bounds=(0.0, 1.0),
        )
        return share, pairs


def same_form(answer: object, compare: Literal["exact", "plain", "numbers"]) -> str:
    """Return what two answers must have in common; empty where there is nothing to compare."""
    if not isinstance(answer, str):
        raise FieldError(f"an answer of type {type(answer).__name__}", where="answer", expected="text")
    if compare == "exact":
        return answer
    plain = " ".join(unicodedata.normalize("NFKC", answer).casefold().split()).rstrip(_END)
    if compare == "plain":
        return plain
    return " ".join(each.replace(",", "").replace("−", "-") for each in _NUMBER.findall(plain))


def _pairs(answers: list[str]) -> float:
    """Return the share of pairs of a group that agree."""
    n = len(answers)
    same = sum(count * (count - 1) for form, count in Counter(answers).items() if form)
    return same / (n * (n - 1))
