"""Shares and means of answers whose questions are the independent units, from six sums.

Several answers to one question go right or wrong together, so that the rows are not as many cases. The variance is that between
clusters; a share has a Wilson interval with its n divided by the design effect. Where all or none succeed, n is the number of clusters.
Sources: Rao and Scott (1992), Biometrics 48, 577-585; Cochran (1977), Sampling Techniques, section 9A; Wilson (1927).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.answered import answered, unanswered
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.intervals.student import student_limits
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.evidence.measurement import Fact, Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import no_spread

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.sample import Sample

__all__ = ["MEAN", "SHARE", "UNIT", "ClusterSums", "add_sums", "clusters_of", "mean_of", "share_of", "sum_clusters"]

UNIT = 1 << 20
"""Parts of one in which a value between 0 and 1 is added up as a whole number."""

SHARE = Method(
    name="share with variance between clusters, Wilson interval with effective n",
    version="1",
    source="Rao and Scott 1992; Wilson 1927",
)
MEAN = Method(name="mean with variance between clusters, Student interval", version="1", source="Cochran 1977, 9A")


class ClusterSums(Record, frozen=True):
    """Sums over clusters of hits h (in units of 1/unit) and tries t; products as text, for they can exceed 2^53."""

    unit: int = 1
    clusters: int = 0
    tries: int = 0
    hits: int = 0
    hits_squared: str = "0"
    hits_tries: str = "0"
    tries_squared: str = "0"

    @property
    def estimate(self) -> float:
        """Hits of tries; there must be one."""
        return self.hits / self.unit / self.tries


def clusters_of(sample: Sample) -> list[Hashable]:
    """Return the independent unit of each row: the cluster where there is one, else the question, else the row itself.

    Raises FieldError for a row without its cluster.
    """
    for name in ("cluster", "question"):
        if sample.has(name):
            column = sample.column(name)
            values: list[Hashable] = np.ma.getdata(column).tolist()
            absent = np.ma.getmaskarray(column).tolist()
            for row, (value, gone) in enumerate(zip(values, absent, strict=True)):
                if gone or value is None or not str(value).strip() or value != value:  # noqa: PLR0124 -- NaN is not itself
                    raise FieldError(
                        f"no {name}", where=f"{getattr(sample.roles, name)}[{row}]", expected="one in every row"
                    )
            return values
    return list(range(sample.n))


def sum_clusters(rows: Iterable[tuple[Hashable, int, int]], *, unit: int = 1) -> ClusterSums:
    """Return the sums of rows (cluster, hits, tries); a cluster without a try is none."""
    totals: dict[Hashable, list[int]] = {}
    for cluster, hits, tries in rows:
        if tries:
            line = totals.setdefault(cluster, [0, 0])
            line[0] += hits
            line[1] += tries
    return ClusterSums(
        unit=unit,
        clusters=len(totals),
        tries=sum(tries for _, tries in totals.values()),
        hits=sum(hits for hits, _ in totals.values()),
        hits_squared=str(sum(hits * hits for hits, _ in totals.values())),
        hits_tries=str(sum(hits * tries for hits, tries in totals.values())),
        tries_squared=str(sum(tries * tries for _, tries in totals.values())),
    )


def add_sums(parts: Sequence[ClusterSums]) -> ClusterSums:
    """Add sums of separate clusters: the rows of one cluster must be in one part, or it counts as two."""
    if not parts or len({each.unit for each in parts}) != 1:
        raise FieldError("sums in different units", where="statistics", expected="one unit in every part")
    return ClusterSums(
        unit=parts[0].unit,
        clusters=sum(each.clusters for each in parts),
        tries=sum(each.tries for each in parts),
        hits=sum(each.hits for each in parts),
        hits_squared=str(sum(int(each.hits_squared) for each in parts)),
        hits_tries=str(sum(int(each.hits_tries) for each in parts)),
        tries_squared=str(sum(int(each.tries_squared) for each in parts)),
    )


def share_of(
    measure: str, unit: str, sums: ClusterSums, statistics: Record, how: Estimating, facts: Mapping[str, Fact]
) -> Measurement:
    """Return a share with its interval; no estimate where nothing was tried, `underpowered` where clusters are too few."""
    known, enough = _facts(sums, how)
    bare = unanswered(measure, unit, sums.tries, SHARE, how, statistics, {**facts, **known})
    if not sums.tries:
        return bare
    share, effective = sums.estimate, float(sums.clusters)
    if 0 < share < 1 and sums.clusters > 1:
        usual = share * (1 - share) / sums.tries
        effective = sums.tries / max(1.0, _variance(sums) / usual)
    limits = wilson_limits(share * effective, effective, how.level)
    return answered(bare, share, limits, enough=enough, facts={"effective_n": effective})


def mean_of(
    measure: str, unit: str, sums: ClusterSums, statistics: Record, how: Estimating, facts: Mapping[str, Fact]
) -> Measurement:
    """Return a mean of values between 0 and 1 with its interval; no estimate where clusters do not vary."""
    known, enough = _facts(sums, how)
    bare = unanswered(measure, unit, sums.tries, MEAN, how, statistics, {**facts, **known})
    if sums.clusters <= 1:
        return bare
    error = math.sqrt(_variance(sums))
    if no_spread(error):
        return bare
    low, high = student_limits(sums.estimate, error, sums.clusters - 1, how.level)
    return answered(bare, sums.estimate, Interval(max(0.0, low), min(1.0, high)), enough=enough)


def _variance(sums: ClusterSums) -> float:
    """Return the variance of the ratio of hits to tries between clusters; the sum of squared residuals in whole numbers."""
    h, t = sums.hits, sums.tries
    residual = int(sums.hits_squared) * t * t - 2 * h * t * int(sums.hits_tries) + h * h * int(sums.tries_squared)
    return sums.clusters / (sums.clusters - 1) * residual / (t**4 * sums.unit**2)


def _facts(sums: ClusterSums, how: Estimating) -> tuple[dict[str, Fact], bool]:
    facts: dict[str, Fact] = {"clusters": sums.clusters}
    enough = sums.clusters >= how.cell_size_min
    if not enough and sums.clusters:
        facts["n_needed"] = math.ceil(sums.tries * how.cell_size_min / sums.clusters)
    return facts, enough
