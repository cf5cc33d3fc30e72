"""The trade-off of all thresholds: what utility costs in equality and equality in utility, with the best points and intervals.

For each attribute two measurements from the same draws. The utility change is that of the best thresholds by group under the
declared bound (without one: free of any bound) against the best single threshold; its parts are the chosen points and the
frontier, from no gap allowed to the gap of the free optimum. The gap is that of the same points. Points are chosen and valued on
the same rows, which flatters them; the facts `held_out_*` say what became of thresholds chosen on a random half, on the other half. A threshold by group treats
people by a protected attribute: whether it may be used is a question of law, and what it shows is the price, not a proposal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.fairness.counts import attribute_names
from dualtrack.evidence.fairness.draws import around
from dualtrack.evidence.fairness.points import draw_points
from dualtrack.evidence.fairness.scores import (
    GroupScores,
    ScoreTables,
    merge_scores,
    read_scores,
    score_tally,
    suppressed_scores,
)
from dualtrack.evidence.fairness.thresholds import Gap, best_single, best_under, gap_of, make_tails
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Fact, Measurement, Method, Outcome, Part, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator, record_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.fairness.points import Drawn
    from dualtrack.evidence.fairness.thresholds import Tails
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["Frontier", "FrontierSettings", "Point", "check_costs", "described", "smallest_base"]

_GROUPS_LEAST = 2


class FrontierSettings(Record, frozen=True):
    """Which gap, at which costs, and how finely.

    `bins` of equal width are the thresholds tried; `points` of the frontier. `costs` of a wrong 1 and of a wrong 0 in one unit,
    declared; without them utility is accuracy. `bound` is the largest gap that the firm accepts.
    """

    gap: Gap = "selection_rate"
    bins: int = 1_000
    points: int = 20
    costs: tuple[float, float] | None = None
    bound: float | None = None

    def __post_init__(self) -> None:
        check_costs(self.costs)
        if self.bound is not None and not 0 <= self.bound <= 1:
            raise FieldError(f"{self.bound}", where="bound", expected="a gap from 0 to 1")
        if not 0 <= self.points <= 200:  # noqa: PLR2004  (each is a part of the record)
            raise FieldError(f"{self.points}", where="points", expected="0 to 200")


class Point(NamedTuple):
    """A named point: one threshold a group."""

    name: str
    thresholds: NDArray[np.int64]


class Frontier(CountingMeasure[ScoreTables, FrontierSettings]):
    """Utility of the best thresholds by group under a bound, against the best single threshold; and the gaps of both."""

    name = "fairness.frontier"
    family = "fairness"
    title = Text(en="Trade-off between utility and equality over all thresholds", zh="所有門檻下效用與平等的取捨")
    unit = "utility a row"
    needs = ("label", "score", "attributes")
    cost = "counts"
    method = Method(
        name="search of thresholds by group on score histograms, multinomial bootstrap at the chosen points",
        version="1",
        source="Hardt et al. 2016, section 3.2; Efron and Tibshirani 1993, section 6.4",
    )
    misleads = Text(
        en="Points are chosen and valued on the same rows, so on few rows they look better than they will prove. The gap is that "
        "of labels as recorded. Thresholds by group treat people by a protected attribute: ask a lawyer before using any.",
        zh="各點在同一批資料上選出並評估，資料少時會顯得過好。差距以現有標籤計算。按群組訂立門檻即按受保護特徵對待有關人士，採用前應徵詢律師。",
    )
    settings = FrontierSettings
    statistics = ScoreTables

    def tallies(self, roles: Roles, settings: FrontierSettings) -> tuple[Tally, ...]:
        """Ask for one histogram an attribute."""
        return tuple(score_tally(roles, name, settings.bins) for name in attribute_names(roles))

    def from_counted(self, counted: Sequence[Counted], settings: FrontierSettings) -> ScoreTables:
        """Return the histograms; raises FieldError as `read_scores` does."""
        return ScoreTables(scores=tuple(read_scores(each, settings.bins) for each in counted))

    def merge(self, parts: Sequence[ScoreTables]) -> ScoreTables:
        """Add histograms of separate rows."""
        return merge_scores(parts)

    def suppressed(self, statistics: ScoreTables, settings: FrontierSettings, least: int) -> ScoreTables:
        """Pool bins, and empty groups, of fewer people."""
        del settings
        return suppressed_scores(statistics, least)

    def estimate(self, statistics: ScoreTables, settings: FrontierSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return utility change and gap for each attribute; raises FieldError where all labels are one class."""
        return tuple(item for each in statistics.scores for item in self._estimate(each, settings, how))

    def _estimate(
        self, scores: GroupScores, settings: FrontierSettings, how: Estimating
    ) -> tuple[Measurement, Measurement]:
        counts = scores.array
        if not counts.sum((0, 1)).all():
            raise FieldError("labels of one class", where="label", expected="both 0 and 1")
        base, smallest = self._bare(scores, settings, how), smallest_base(counts, settings.gap)
        if scores.nothing_to_tell:
            base.facts["why"] = scores.nothing_to_tell
        if len(scores.levels) < _GROUPS_LEAST or smallest == 0 or scores.nothing_to_tell:
            return base("fairness.frontier-utility-change"), base("fairness.frontier-gap")
        costs = settings.costs or (1.0, 1.0)
        tails = make_tails(counts, settings.gap, costs)
        chosen = _points(tails, settings)
        drawn = draw_points(tails, [point.thresholds for point in chosen], settings.gap, costs, how.seed, how.draws)
        base.facts.update(_held_out(counts, settings, costs, how.seed))
        outcome: Outcome = "measured" if smallest >= how.cell_size_min else "underpowered"
        target = next(at for at, point in enumerate(chosen) if point.name in {"by group, bound", "by group"})
        change = float(drawn.utility[target] - drawn.utility[0])
        change_drawn = drawn.utility_drawn[:, target] - drawn.utility_drawn[:, 0]
        names = [described(point, scores) for point in chosen]
        return (
            _with(base("fairness.frontier-utility-change"), outcome, change, change_drawn, (names, drawn, True), how),
            _with(
                base("fairness.frontier-gap"),
                outcome,
                float(drawn.gap[target]),
                drawn.gap_drawn[:, target],
                (names, drawn, False),
                how,
            ),
        )

    def _bare(self, scores: GroupScores, settings: FrontierSettings, how: Estimating) -> _Bare:
        smallest = smallest_base(scores.array, settings.gap)
        facts: dict[str, Fact] = {
            "attribute": scores.attribute,
            "gap_of": settings.gap,
            "utility": "accuracy" if settings.costs is None else "1 minus declared cost of errors",
            "groups": len(scores.levels),
            "smallest_cell": smallest,
            "cell_size_min": how.cell_size_min,
        }
        if settings.bound is not None:
            facts["bound"] = settings.bound
        if smallest < how.cell_size_min or len(scores.levels) < _GROUPS_LEAST:
            facts["n_needed"] = how.cell_size_min
        return _Bare(self.method, scores, facts, how)


class _Bare(NamedTuple):
    """What all measurements of one attribute share."""

    method: Method
    scores: GroupScores
    facts: dict[str, Fact]
    how: Estimating

    def __call__(self, measure: str) -> Measurement:
        return Measurement(
            measure=measure,
            unit="difference of rates" if measure.endswith("gap") else "utility a row",
            n=self.scores.n,
            outcome="underpowered",
            method=self.method,
            data_digest=self.how.data_digest,
            level=self.how.level,
            facts=self.facts,
            statistics=plain_statistics(ScoreTables(scores=(self.scores,))),
            draws=record_draws(self.how.seed, self.how.draws),
        )


def smallest_base(counts: NDArray[np.int64], gap: Gap) -> int:
    """Return the fewest rows that a rate of the gap rests on in any group, from counts (groups, bins, label 2)."""
    by_label = counts.sum(1)
    if gap == "selection_rate":
        return int(by_label.sum(1).min())
    return int(by_label[:, 1].min() if gap == "true_positive_rate" else by_label.min())


def described(point: Point, scores: GroupScores) -> str:
    """Return the point's name and its threshold by group."""
    values = [_threshold(int(at), scores.bins) for at in point.thresholds]
    if len(set(values)) == 1:
        return f"{point.name}: {values[0]}"
    by_level = ", ".join(f"{level} {value}" for level, value in zip(scores.levels, values, strict=True))
    return f"{point.name}: {by_level}"


def check_costs(costs: tuple[float, float] | None) -> None:
    """Raise FieldError for costs that are no finite numbers of 0 or more, or both 0."""
    if costs is not None and not (all(math.isfinite(cost) and cost >= 0 for cost in costs) and sum(costs) > 0):
        raise FieldError(f"{costs}", where="costs", expected="two finite numbers, none below 0 and not both 0")


def _threshold(at: int, bins: int) -> str:
    return f"{at / bins:.6g}" if at <= bins else "nobody"


def _points(tails: Tails, settings: FrontierSettings) -> list[Point]:
    """Return the single best, the best under the bound, the free optimum, and the frontier between no gap and that of the last."""
    groups = len(tails.gain)
    same = np.ones(groups, dtype=np.int64)
    free = tails.gain.argmax(1).astype(np.int64)
    points = [Point("single", best_single(tails) * same)]
    if settings.bound is not None:
        points.append(Point("single, bound", best_single(tails, settings.bound) * same))
        points.append(Point("by group, bound", best_under(tails, settings.bound)))
    points.append(Point("by group", free))
    widest, seen = gap_of(tails, free), {free.tobytes()}
    for bound in np.linspace(0.0, widest, settings.points, endpoint=False).tolist():
        found = best_under(tails, bound)
        if found.tobytes() not in seen:
            seen.add(found.tobytes())
            points.append(Point(f"gap <= {bound:.4f}", found))
    return points


def _held_out(
    counts: NDArray[np.int64], settings: FrontierSettings, costs: tuple[float, float], seed: int
) -> dict[str, Fact]:
    """Return utility change and gap of thresholds chosen on a random half of the rows, on the other half; nothing for too few rows."""
    half = generator(seed).binomial(counts, 0.5)
    if min(smallest_base(half, settings.gap), smallest_base(counts - half, settings.gap)) == 0:
        return {}
    first, second = (make_tails(part, settings.gap, costs) for part in (half, counts - half))
    free = first.gain.argmax(1).astype(np.int64)
    chosen = free if settings.bound is None else best_under(first, settings.bound)
    single = np.full(len(free), best_single(first), dtype=np.int64)
    change = second.gain[np.arange(len(free)), chosen].sum() - second.gain[np.arange(len(free)), single].sum()
    return {"held_out_utility_change": float(change), "held_out_gap": gap_of(second, chosen)}


def _with(
    bare: Measurement,
    outcome: Outcome,
    value: float,
    values_drawn: NDArray[np.float64],
    shown: tuple[list[str], Drawn, bool],
    how: Estimating,
) -> Measurement:
    """Return the measurement with estimate and parts, or as it is where the draws leave it undefined."""
    names, drawn, is_utility = shown
    limits = around(value, values_drawn, how.level)
    if limits is None:
        return bare
    point, again = (drawn.utility, drawn.utility_drawn) if is_utility else (drawn.gap, drawn.gap_drawn)
    parts = []
    for at, name in enumerate(names):
        within = around(float(point[at]), again[:, at], how.level)
        held = (float(point[at]), *within) if within else (None, None, None)
        parts.append(
            Part(
                label=name,
                n=bare.n,
                outcome=outcome if within else "underpowered",
                estimate=held[0],
                low=held[1],
                high=held[2],
            )
        )
    return Measurement(
        measure=bare.measure,
        unit=bare.unit,
        n=bare.n,
        outcome=outcome,
        method=bare.method,
        data_digest=bare.data_digest,
        level=bare.level,
        estimate=value,
        low=limits.low,
        high=limits.high,
        facts=bare.facts,
        parts=tuple(parts),
        statistics=bare.statistics,
        draws=bare.draws,
    )
