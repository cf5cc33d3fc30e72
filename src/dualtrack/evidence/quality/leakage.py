"""Leakage between training and test data, as a measure: what makes a test look better than the use will be.

Up to five measurements, each only where its columns are there; the first says which were: twins of test rows in training
(exact, then near), time travel, columns of the future, single features that rank the label. What could not be looked at is
named in the facts of the first, so that its absence is seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.intervals.clustered_share import Clusters, clustered_share
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method, Part, plain_statistics
from dualtrack.evidence.quality.duplicates import DIGITS
from dualtrack.evidence.quality.leaks import (
    Alone,
    Known,
    Travel,
    count_alone,
    count_future,
    count_travel,
    count_twins,
    sides_of,
)
from dualtrack.evidence.quality.shares import Line, Shares, estimate_shares
from dualtrack.evidence.quantiles import z_two_sided

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact, Outcome
    from dualtrack.evidence.sample import Sample

__all__ = ["Leakage", "LeakageSettings", "Leaks"]

_CLASS_LEAST = 2


class LeakageSettings(Record, frozen=True):
    """Names of the two splits; when features are known; the largest AUC that one feature alone may have, from the plan.

    `known` pairs a feature with the column of the time at which its value was known, compared with column `decided` (role time
    unless named). `known_after` lists features that are known only after the decision. `digits` makes numbers near.
    """

    train: str = "train"
    test: str = "test"
    known: tuple[Known, ...] = ()
    known_after: tuple[str, ...] = ()
    decided: str | None = None
    alone_auc_max: float | None = None
    digits: int = DIGITS

    def __post_init__(self) -> None:
        if self.alone_auc_max is not None and not 0.5 <= self.alone_auc_max <= 1:  # noqa: PLR2004
            raise FieldError(f"{self.alone_auc_max}", where="leakage, field alone_auc_max", expected="0.5 to 1")
        if self.digits < 1 or self.train == self.test:
            raise FieldError(
                f"{self.digits} digits, splits {self.train} and {self.test}",
                where="leakage",
                expected="1 or more digits, two names",
            )


class Leaks(Record, frozen=True):
    """Test rows by group: (twin in training 0 or 1, rows in the group, groups), exact and near; and what else was counted."""

    train: int
    exact: tuple[tuple[int, int, int], ...]
    near: tuple[tuple[int, int, int], ...]
    travel: Travel | None = None
    future: tuple[Line, ...] = ()
    alone: tuple[Alone, ...] = ()
    rows: int = 0


class Leakage(Measure[Leaks, LeakageSettings]):
    """Share of test rows with a twin in training, and the other leaks."""

    name: ClassVar[str] = "quality.leakage"
    family: ClassVar[Family] = "quality"
    title: ClassVar[Text] = Text(en="Leakage between training and test", zh="訓練與測試數據之間的洩漏")
    unit: ClassVar[str] = "share"
    needs: ClassVar[tuple[str, ...]] = ("features",)
    cost: ClassVar[Cost] = "rows"
    method: ClassVar[Method] = Method(
        name="share of test rows with a twin in training; overlap in time; features known late; AUC of single features",
        version="1",
        source="Kaufman et al. 2012; Korn and Graubard 1998; DeLong et al. 1988",
    )
    misleads: ClassVar[Text] = Text(
        en="Coarse features make strangers twins. A leak through a combination of features is not seen; nor is one through "
        "a customer with rows on both sides that differ. A strong feature need not be a leak: ask when it is known.",
        zh="粗略的特徵會令不同的人看似相同；經多個特徵合併造成的洩漏，以及同一客戶在兩邊有不同資料列，均無法察覺。強特徵不一定是洩漏，須查明何時得知。",
    )
    mergeable: ClassVar[bool] = False
    settings: ClassVar[type[Record]] = LeakageSettings
    statistics: ClassVar[type[Record]] = Leaks

    def gather(self, sample: Sample, settings: LeakageSettings) -> Leaks:
        """Count every leak whose columns are there."""
        if not sample.roles.features:
            raise FieldError(
                "no feature", where="plan, field columns", fix="name what the model is given under features"
            )
        sides = sides_of(sample, sample.roles.features, train=settings.train, test=settings.test)
        alone: list[Alone] = []
        if sample.has("label"):
            truth = sample.labels()
            for name in sample.roles.features:
                alone += count_alone(truth, sample.columns[name], name)
        return Leaks(
            train=len(next(iter(sides.train.values()))),
            exact=count_twins(sides),
            near=count_twins(sides, digits=settings.digits),
            travel=_travel(sample, settings),
            future=count_future(sample, settings.known, settings.known_after, settings.decided or sample.roles.time),
            alone=tuple(alone),
            rows=sample.n,
        )

    def estimate(self, statistics: Leaks, settings: LeakageSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return twins, near twins, then time travel, columns of the future and single features where they were counted."""
        looked: dict[str, Fact] = {
            "time_looked_at": statistics.travel is not None,
            "future_looked_at": bool(statistics.future),
            "features_looked_at": bool(statistics.alone),
        }
        found = [
            self._twins(statistics, statistics.exact, how, self.name, looked),
            self._twins(statistics, statistics.near, how, f"{self.name}-near", {}),
        ]
        if statistics.travel is not None:
            found.append(self._travel(statistics, statistics.travel, how))
        if statistics.future:
            shares = Shares(lines=statistics.future, rows=statistics.rows)
            future = estimate_shares(f"{self.name}-future", self.method, shares, how)
            some = any(line.absent for line in statistics.future)
            found.append(
                replace(
                    future,
                    outcome="underpowered" if some else future.outcome,
                    statistics=plain_statistics(statistics),
                )
            )
        if statistics.alone:
            found.append(self._alone(statistics, settings, how))
        return tuple(found)

    def _bare(self, name: str, n: int, how: Estimating, statistics: Leaks) -> Measurement:
        return Measurement(
            measure=name,
            unit=self.unit,
            n=n,
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            statistics=plain_statistics(statistics),
        )

    def _twins(
        self,
        statistics: Leaks,
        kinds: tuple[tuple[int, int, int], ...],
        how: Estimating,
        name: str,
        looked: dict[str, Fact],
    ) -> Measurement:
        n = sum(rows * groups for _, rows, groups in kinds)
        twins = sum(rows * groups for hit, rows, groups in kinds if hit)
        limits = clustered_share([Clusters(rows * hit, rows, groups) for hit, rows, groups in kinds], how.level)
        facts: dict[str, Fact] = {"test_rows_with_twin": twins, "train_rows": statistics.train, **looked}
        bare = self._bare(name, n, how, statistics)
        if limits is None or n < how.cell_size_min:
            return replace(bare, facts=facts | {"n_needed": how.cell_size_min})
        return replace(bare, outcome="measured", estimate=twins / n, low=limits.low, high=limits.high, facts=facts)

    def _travel(self, statistics: Leaks, travel: Travel, how: Estimating) -> Measurement:
        """Return the share of training rows that are later than the earliest test row."""
        bare = self._bare(f"{self.name}-time", travel.train + travel.test, how, statistics)
        bare = replace(bare, facts=plain_statistics(travel))
        smaller = min(travel.train, travel.test)
        if not smaller:
            return bare
        low, high = wilson_limits(travel.train_later, travel.train, how.level)
        full = smaller >= how.cell_size_min and not travel.unreadable
        share = travel.train_later / travel.train
        return replace(bare, outcome="measured" if full else "underpowered", estimate=share, low=low, high=high)

    def _alone(self, statistics: Leaks, settings: LeakageSettings, how: Estimating) -> Measurement:
        """Return the largest AUC (0.5 to 1, either direction) of one feature, limits simultaneous over features."""
        features = statistics.alone
        strict = 1 - (1 - how.level) / len(features)
        judged = [(each, limits) for each in features if (limits := _area(each, strict))]
        text = [each for each in features if not each.judged]
        facts: dict[str, Fact] = {
            "features": len(features),
            "features_not_judged": len(features) - len(judged),
            "features_of_text": len(text),
        }
        parts = tuple(_part(each, how) for each in features)
        n = max(each.positives + each.negatives for each in features)
        bare = replace(
            self._bare(f"{self.name}-alone", n, how, statistics), unit="probability", parts=parts, facts=facts
        )
        if not judged:
            return bare
        best, (top, _) = max(judged, key=lambda pair: (pair[1][0], pair[0].label))
        facts["strongest"] = best.label
        if settings.alone_auc_max is not None:
            facts |= {
                "alone_auc_max": settings.alone_auc_max,
                "features_above": sum(area > settings.alone_auc_max for _, (area, _) in judged),
            }
        small = any(part.outcome == "underpowered" for part in parts if part.estimate is not None)
        return replace(
            bare,
            outcome="underpowered" if text or small else "measured",
            estimate=top,
            low=max(limits.low for _, (_, limits) in judged),
            high=max(limits.high for _, (_, limits) in judged),
            facts=facts,
        )


def _travel(sample: Sample, settings: LeakageSettings) -> Travel | None:
    if sample.roles.time is None or (not sample.has("split") and not _reference_time(sample)):
        return None
    times = sides_of(sample, [sample.roles.time], train=settings.train, test=settings.test)
    return count_travel(times.train[sample.roles.time], times.test[sample.roles.time])


def _reference_time(sample: Sample) -> bool:
    return sample.reference is not None and sample.roles.time in sample.reference.columns


def _area(each: Alone, level: float) -> tuple[float, Interval] | None:
    """Return the AUC folded to 0.5 and above with its DeLong limits; None where it has none: text, one class, one value."""
    smaller, pairs = min(each.positives, each.negatives), 2 * each.positives * each.negatives
    if not each.judged or smaller < _CLASS_LEAST:
        return None
    area = int(each.twice_u) / pairs
    limit = ((1 - level) / 2) ** (1 / smaller)
    if area in {0.0, 1.0}:
        return 1.0, Interval(max(limit, 0.5), 1.0)
    variance = sum(
        _variance(int(squares), int(each.twice_u), count, others)
        for squares, count, others in (
            (each.squares_positives, each.positives, each.negatives),
            (each.squares_negatives, each.negatives, each.positives),
        )
    )
    if variance <= 0:
        return None
    half = z_two_sided(level) * math.sqrt(variance)
    folded = max(area, 1 - area)
    return folded, Interval(max(0.5, folded - half), min(1.0, folded + half))


def _variance(squares: int, total: int, count: int, others: int) -> float:
    """Return the variance of a mean placement from whole sums; a placement is its whole number over 2 * others."""
    return (squares * count - total * total) / (count * (count - 1)) / count / (2 * others) ** 2


def _part(each: Alone, how: Estimating) -> Part:
    found, n = _area(each, how.level), each.positives + each.negatives
    if found is None:
        return Part(label=each.label, n=n, outcome="underpowered")
    area, (low, high) = found
    small = min(each.positives, each.negatives) < how.cell_size_min
    outcome: Outcome = "underpowered" if small else "measured"
    return Part(label=each.label, n=n, outcome=outcome, estimate=area, low=low, high=high)
