"""`benefit.capture`: outcomes captured by two lists of equal length, from the eight counts that decide it.

Lists are drawn up over all rows at once, so that counts of parts do not add up to those of the whole: it does not merge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.capture import METHOD, count_lists, measure_lists
from dualtrack.evidence.benefit.paired import Plan
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import plain_statistics
from dualtrack.evidence.power import rows_for_same_kind
from dualtrack.evidence.roles import refuse_weights

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Measurement, Method
    from dualtrack.evidence.sample import Sample

__all__ = ["Capture", "CaptureSettings", "Lists"]


class CaptureSettings(Record, frozen=True):
    """The plan, the share of rows that can be worked through, and the seed of the lot that breaks ties."""

    plan: Plan
    capacity: float
    lot_seed: int = 1


class Lists(Record, frozen=True):
    """Rows by on the AI's list, on the baseline's list, outcome (index 4, 2, 1)."""

    counts: tuple[int, ...]
    list_size: int

    def __post_init__(self) -> None:
        if len(self.counts) != 8 or min(self.counts) < 0:  # noqa: PLR2004 - two lists and an outcome, each yes or no
            raise FieldError(f"{self.counts}", where="counts of lists", expected="eight numbers of at least 0")


class Capture(Measure[Lists, CaptureSettings]):
    """Share of outcomes on the AI's list minus that on the baseline's, at equal capacity."""

    name: ClassVar[str] = "benefit.capture"
    family: ClassVar[Family] = "benefit"
    title: ClassVar[Text] = Text(en="Outcomes captured at equal capacity", zh="相同處理量下找到的結果")
    unit: ClassVar[str] = "share of outcomes"
    needs: ClassVar[tuple[str, ...]] = ("label", "score", "baseline")
    cost: ClassVar[Cost] = "rows"
    method: ClassVar[Method] = METHOD
    misleads: ClassVar[Text] = Text(
        en="When the label is known only for cases that somebody looked at, since the old list then chose its own exam; when the "
        "capacity is not the one worked with; and when the two lists hardly differ.",
        zh="若只有曾被處理的個案才有結果標籤（舊名單等於替自己出題）、處理量與實際不符，或兩份名單幾乎相同，結果便不可信。",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = CaptureSettings
    statistics: ClassVar[type[Record]] = Lists

    def gather(self, sample: Sample, settings: CaptureSettings) -> Lists:
        """Draw up both lists and count; raises FieldError for clusters, whose rows the draws would take for independent."""
        refuse_weights(sample.roles)
        if sample.has("cluster"):
            raise FieldError(
                "rows in clusters",
                where=self.name,
                expected="one row a customer",
                fix="choose one row of each, or use benefit.paired",
            )
        counts, size = count_lists(
            sample.labels(),
            sample.reals("score"),
            sample.reals("baseline"),
            capacity=settings.capacity,
            seed=settings.lot_seed,
        )
        return Lists(counts=tuple(counts.tolist()), list_size=size)

    def estimate(self, statistics: Lists, settings: CaptureSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the difference of shares captured; its parts are the two shares."""
        found = measure_lists(
            statistics.counts,
            settings.plan,
            capacity=settings.capacity,
            list_size=statistics.list_size,
            seed=how.seed,
            draws=how.draws,
            level=how.level,
            data_digest=how.data_digest,
        )
        facts = dict(found.facts) | {"design": "paired lists"}
        if found.outcome == "underpowered" and "standard_error" in facts:
            plan = settings.plan
            wanted = plan.effect if plan.margin is None else plan.margin
            facts["n_needed"] = rows_for_same_kind(found.n, float(facts["standard_error"]), wanted, level=how.level)
        return (replace(found, facts=facts, statistics=plain_statistics(statistics)),)
