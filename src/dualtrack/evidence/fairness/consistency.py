"""Individual consistency: whether the people most alike get the same decision.

One minus the mean difference between a person's decision and the share of 1 among the k most similar others. Similar means
near by the features, each scaled by its standard deviation, protected attributes left out; a missing value counts as average.
Persons asked about, and those they are compared with, are drawn by lot. Statistics are k + 1 counts.
Source: Zemel et al. (2013), Learning Fair Representations, section 4 (there the person counts among the neighbours; here not).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.fairness.counts import attribute_names
from dualtrack.evidence.fairness.draws import around, draw_tables
from dualtrack.evidence.measure import Estimating, Measure
from dualtrack.evidence.measurement import Fact, Measurement, Method, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import ROUNDING
from dualtrack.evidence.resampling import generator, record_draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Sample

__all__ = ["Consistency", "ConsistencySettings", "NeighbourCounts"]

_BLOCK = 256


class ConsistencySettings(Record, frozen=True):
    """`neighbours` compared with each person, persons asked about, people they are compared with, and the seed of the lot.

    `threshold` makes the decision from the score; without it the column of decisions is used. `without` are features left out.
    """

    neighbours: int = 5
    persons_max: int = 2_000
    others_max: int = 20_000
    seed: int = 1
    threshold: float | None = None
    without: tuple[str, ...] = ()


class NeighbourCounts(Record, frozen=True):
    """Persons by the number of their neighbours whose decision differs, 0 to k; and how many persons were selected."""

    differing: tuple[int, ...]
    selected: int


class Consistency(Measure[NeighbourCounts, ConsistencySettings]):
    """Mean agreement of a person's decision with those of the most similar people."""

    name = "fairness.consistency"
    family = "fairness"
    title = Text(en="Consistency of decisions for similar people", zh="相似人士所得決定的一致性")
    unit = "share of similar people treated alike"
    needs = ("decision", "features", "attributes")
    cost = "rows"
    method = Method(
        name="k nearest neighbours by standardised features, multinomial bootstrap over persons",
        version="1",
        source="Zemel et al. 2013",
    )
    misleads = Text(
        en="Alike is what the distance says: features that matter little count as much as those that matter. A rare decision is "
        "consistent by being rare, so compare with the consistency of decisions dealt at random (in the facts).",
        zh="何謂相似，取決於所用的距離：不重要的特徵與重要的特徵所佔分量相同。罕有的決定因為罕有而看似一致，應與隨機分派決定時的一致性（載於附帶資料）比較。",
    )
    mergeable = False
    settings = ConsistencySettings
    statistics = NeighbourCounts

    def gather(self, sample: Sample, settings: ConsistencySettings) -> NeighbourCounts:
        """Find the neighbours and count; raises FieldError for too few rows, constant features or infinite numbers."""
        attribute_names(sample.roles)
        decided = (
            sample.labels("decision") if settings.threshold is None else sample.reals("score") >= settings.threshold
        )
        points = _points(sample, settings)
        k = settings.neighbours
        if k < 1 or settings.persons_max < 1 or len(points) <= k or settings.others_max <= k:
            raise FieldError(
                f"{k} neighbours among {min(len(points), settings.others_max)} rows",
                where="neighbours",
                expected="1 or more, fewer than the rows",
            )
        order = generator(settings.seed).permutation(len(points))
        others = order[: settings.others_max]
        persons = others[: settings.persons_max]  # the first of the others, so that a person's own place is known
        differing = np.zeros(k + 1, dtype=np.int64)
        for start in range(0, len(persons), _BLOCK):
            block = persons[start : start + _BLOCK]
            near = others[_nearest(points[block], points[others], start, k)]
            differs = (decided[near] != decided[block][:, None]).sum(1)
            differing += np.bincount(differs, minlength=k + 1)
        return NeighbourCounts(differing=tuple(differing.tolist()), selected=int(decided[persons].sum()))

    def estimate(
        self, statistics: NeighbourCounts, settings: ConsistencySettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return the consistency; `underpowered` where fewer persons than the least group size were asked about."""
        del settings
        counts = np.array(statistics.differing, dtype=np.int64)
        n, k = int(counts.sum()), len(counts) - 1
        value = _agreement(counts.astype(np.float64))
        limits = around(
            float(value), _agreement(draw_tables(counts, how.seed, how.draws).astype(np.float64)), how.level
        )
        share = statistics.selected / n
        facts: dict[str, Fact] = {
            "neighbours": k,
            "consistency_at_random": 1 - 2 * share * (1 - share),
            "cell_size_min": how.cell_size_min,
        }
        alike = statistics.selected in {0, n}
        enough = limits is not None and n >= how.cell_size_min and not alike
        if alike:
            facts["why"] = "one decision for everybody"
        elif not enough:
            facts["n_needed"] = how.cell_size_min
        measured = Measurement(
            measure="fairness.consistency",
            unit=self.unit,
            n=n,
            outcome="measured" if enough else "underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            estimate=float(value) if limits else None,
            low=limits.low if limits else None,
            high=limits.high if limits else None,
            facts=facts,
            statistics=plain_statistics(statistics),
            draws=record_draws(how.seed, how.draws),
        )
        return (measured,)


def _points(sample: Sample, settings: ConsistencySettings) -> NDArray[np.float64]:
    """Return the features that count as standardised columns, missing values as the average."""
    features, left_out = sample.features(), {*sample.roles.attributes, *settings.without}
    kept = [at for at, name in enumerate(sample.roles.features) if name not in left_out]
    values = features[:, kept]
    absent = np.isnan(values)
    held = np.maximum((~absent).sum(0), 1)
    centred = np.where(absent, 0.0, values - np.where(absent, 0.0, values).sum(0) / held)
    spread = np.sqrt((centred**2).sum(0) / held)
    varied = spread > ROUNDING * np.abs(values, where=~absent, out=np.zeros_like(values)).max(0)
    if not varied.any():
        raise FieldError("no feature that varies", where="features", expected="one beside the protected attributes")
    return np.asarray(centred[:, varied] / spread[varied], dtype=np.float64)


def _nearest(block: NDArray[np.float64], others: NDArray[np.float64], start: int, k: int) -> NDArray[np.int64]:
    """Return the places of the k nearest others of each row of a block that begins at place `start` of the others."""
    distance = (others**2).sum(1)[None, :] - 2 * block @ others.T  # the person's own length is the same for all
    distance[np.arange(len(block)), np.arange(start, start + len(block))] = np.inf
    return np.asarray(np.argpartition(distance, k - 1, axis=1)[:, :k], dtype=np.int64)


def _agreement(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    k = counts.shape[-1] - 1
    shares = (counts * np.arange(k + 1)).sum(-1) / (k * counts.sum(-1))
    return np.asarray(1 - shares, dtype=np.float64)
