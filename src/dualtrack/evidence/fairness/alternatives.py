"""The search for less discriminatory alternatives: whether a model as good, with more equal outcomes, is among those tried.

Rows are split in three by lot: candidates train on the first part, are chosen on the second and valued on the third, so that the
number tried does not flatter the chosen one. Chosen is the candidate with the highest adverse impact ratio (smallest over largest
group rate of the favourable outcome at the declared share of people) among those that lose no more than the declared AUC. The
estimate is the change of that ratio against the base on the third part; parts are all candidates there, with limits corrected for
their number (Bonferroni). Refused candidates stay in the statistics as numbers.
Sources: Gillis, Meursault and Ustun (2024), Operationalizing the Search for Less Discriminatory Alternatives in Fair Lending;
DeLong et al. (1988), Biometrics 44, 837-845.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.cells import attribute_levels
from dualtrack.evidence.fairness.candidates import CandidateSettings, draw_candidates, train_candidate
from dualtrack.evidence.fairness.counts import attribute_names
from dualtrack.evidence.fairness.draws import around, draw_tables
from dualtrack.evidence.measure import Estimating, Measure
from dualtrack.evidence.measurement import Fact, Measurement, Method, Outcome, Part, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.discrimination import placements
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.resampling import generator, record_draws
from dualtrack.evidence.suppression import hidden_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Sample

__all__ = ["Alternatives", "AlternativesSettings", "Candidate", "Tried"]

_GROUPS_LEAST = 2
_CANDIDATES_LEAST = 2
_CANDIDATES_MAX = 100
_CLASS_LEAST = 2
_SHARES = (0.5, 0.25)  # train, choose; the rest is for the estimate


class AlternativesSettings(Record, frozen=True):
    """What to search.

    `attribute` forms the groups. `share` is the share of people who get the favourable outcome and `favourable` the end of the
    score that gets it; `auc_loss_max` is what the firm would give up. All three come from the plan.
    """

    attribute: str
    share: float
    favourable: Literal["low", "high"]
    auc_loss_max: float
    candidates: int = 24
    drop_max: int = 2
    trees_max: int = 200
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or not 0 <= self.auc_loss_max < 1:
            raise FieldError(
                f"share {self.share}, loss {self.auc_loss_max}", where="settings", expected="a share, a loss of AUC"
            )
        if not _CANDIDATES_LEAST <= self.candidates <= _CANDIDATES_MAX or self.drop_max < 0 or self.trees_max < 4:  # noqa: PLR2004  (a quarter is 1)
            raise FieldError(f"{self.candidates} candidates", where="settings", expected="2 to 100, of 4 trees or more")


class Candidate(Record, frozen=True):
    """One candidate as numbers: on the part for choosing its AUC and people selected by group; on the last part the same with variances.

    `both` counts the last part's people by group, favoured by the base, favoured by this one (flattened, 2 by 2 a group);
    `auc_change` is against the base on the same rows.
    """

    settings: CandidateSettings
    choose_auc: float
    choose_favoured: tuple[int, ...]
    auc: float
    auc_variance: float
    auc_change: float
    auc_change_variance: float
    both: tuple[int, ...]


class Tried(Record, frozen=True):
    """All candidates, the base first, and the people of each group on the part for choosing."""

    attribute: str
    levels: tuple[str, ...]
    choose_people: tuple[int, ...]
    candidates: tuple[Candidate, ...]


class Alternatives(Measure[Tried, AlternativesSettings]):
    """Change of the adverse impact ratio by the best alternative that loses no more AUC than declared."""

    name = "fairness.alternatives"
    family = "fairness"
    title = Text(en="Search for less discriminatory alternatives", zh="尋找歧視性較低的替代模型")
    unit = "ratio of rates"
    needs = ("label", "features", "attributes")
    cost = "training"
    method = Method(
        name="candidates by lot, chosen on one part of the rows and valued on another, multinomial bootstrap",
        version="1",
        source="Gillis et al. 2024; DeLong et al. 1988",
    )
    misleads = Text(
        en="That none of those tried is better does not show that none exists: the search is a lot, not a proof. Candidates are "
        "trees whatever the release is, and the labels are taken as true.",
        zh="嘗試過的模型均未見更佳，並不證明沒有更佳者：搜尋只是抽樣，而非證明。不論現行模型為何，候選者均為樹狀模型，並視標籤為正確。",
    )
    mergeable = False
    settings = AlternativesSettings
    statistics = Tried

    def gather(self, sample: Sample, settings: AlternativesSettings) -> Tried:
        """Train the candidates and count; raises FieldError for one class or group in a part, MissingExtraError without LightGBM."""
        names = attribute_names(sample.roles)
        if settings.attribute not in names:
            raise FieldError(f"{settings.attribute!r:.80}", where="attribute", expected=f"one of {list(names)}")
        truth, features = sample.labels(), sample.features()
        levels, place = attribute_levels(settings.attribute, sample.columns[settings.attribute])
        if len(levels) < _GROUPS_LEAST:
            raise FieldError("one group", where=settings.attribute, expected="2 or more")
        parts = _split(len(truth), settings.seed)
        for part in parts:
            if min(truth[part].sum(), (~truth[part]).sum()) < _CLASS_LEAST:
                raise FieldError("labels of one class", where="label", expected="both in every part of the rows")
        kept = [at for at, name in enumerate(sample.roles.features) if name not in set(names)]
        given = [sample.roles.features[at] for at in kept]
        if not given:
            raise FieldError("no feature beside the attributes", where="features", expected="at least one")
        trainer = _Trainer(features[:, kept], given, truth, place, len(levels), parts, settings)
        drawn = draw_candidates(
            given, settings.candidates, drop_max=settings.drop_max, trees_max=settings.trees_max, seed=settings.seed
        )
        return Tried(
            attribute=settings.attribute,
            levels=levels,
            choose_people=tuple(np.bincount(place[parts[1]], minlength=len(levels)).tolist()),
            candidates=tuple(trainer.tried(candidate) for candidate in drawn),
        )

    def suppressed(self, statistics: Tried, settings: AlternativesSettings, least: int) -> Tried:
        """Empty groups of fewer people on either part, which leaves no ratio; raises FieldError where no group has enough."""
        del settings
        tables = _both(statistics, statistics.candidates[0]).sum((1, 2))
        people = np.array(statistics.choose_people, dtype=np.int64)
        kept = ~(hidden_groups(tables, least) | hidden_groups(people, least))
        if not kept.any():
            raise FieldError("too few people in every group", where=statistics.attribute, expected=f"{least} or more")
        return replace(
            statistics,
            choose_people=tuple((people * kept).tolist()),
            candidates=tuple(
                replace(
                    each,
                    choose_favoured=tuple((np.array(each.choose_favoured) * kept).tolist()),
                    both=tuple((_both(statistics, each) * kept[:, None, None]).ravel().tolist()),
                )
                for each in statistics.candidates
            ),
        )

    def estimate(self, statistics: Tried, settings: AlternativesSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the change of the ratio by the chosen candidate, 0 where the base was chosen, and the change of AUC."""
        chosen = _chosen(statistics, settings.auc_loss_max)
        found = statistics.candidates[chosen]
        tables = _both(statistics, found)
        drawn = draw_tables(tables, how.seed, how.draws).astype(np.float64)
        change = float(_ratio(tables.sum(1)) - _ratio(tables.sum(2)))
        limits = around(change, _ratio(drawn.sum(2)) - _ratio(drawn.sum(3)), how.level)
        smallest = int(min(*tables.sum((1, 2)).tolist(), *statistics.choose_people))
        enough = limits is not None and smallest >= how.cell_size_min
        half = z_two_sided(how.level) * math.sqrt(found.auc_change_variance)
        facts: dict[str, Fact] = {
            "attribute": statistics.attribute,
            "candidates": len(statistics.candidates),
            "chosen": chosen,
            "left_out": ",".join(found.settings.left_out),
            "ratio": _known(_ratio(tables.sum(1))),
            "ratio_base": _known(_ratio(tables.sum(2))),
            "auc": found.auc,
            "auc_base": statistics.candidates[0].auc,
            "auc_change": found.auc_change,
            "auc_change_low": found.auc_change - half,
            "auc_change_high": found.auc_change + half,
            "auc_loss_max": settings.auc_loss_max,
            "smallest_cell": smallest,
            "cell_size_min": how.cell_size_min,
        }
        if not enough:
            facts["n_needed"] = math.ceil(how.cell_size_min / min(_SHARES[1], 1 - sum(_SHARES)))
        outcome: Outcome = "measured" if enough else "underpowered"
        measured = Measurement(
            measure="fairness.alternative-ratio-change",
            unit=self.unit,
            n=int(tables.sum()),
            outcome=outcome,
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            estimate=change if limits else None,
            low=limits.low if limits else None,
            high=limits.high if limits else None,
            facts=facts,
            parts=_frontier(statistics, outcome, how),
            statistics=plain_statistics(statistics),
            draws=record_draws(how.seed, how.draws),
        )
        return (measured,)


class _Trainer:
    """Trains candidates on one part of the rows and takes their numbers on the two others."""

    def __init__(
        self,
        features: NDArray[np.float64],
        names: list[str],
        truth: NDArray[np.bool_],
        place: NDArray[np.int64],
        groups: int,
        parts: list[NDArray[np.int64]],
        settings: AlternativesSettings,
    ) -> None:
        self._features, self._names, self._truth, self._place = features, names, truth, place
        self._groups, self._parts, self._settings = groups, parts, settings
        self._base: NDArray[np.float64] | None = None

    def tried(self, candidate: CandidateSettings) -> Candidate:
        """Return a candidate's numbers; the first asked for is the base."""
        kept = np.flatnonzero([name not in set(candidate.left_out) for name in self._names])
        train, choose, last = self._parts
        others = np.concatenate([choose, last])
        score = train_candidate(
            self._features[np.ix_(train, kept)], self._truth[train], self._features[np.ix_(others, kept)], candidate
        )
        to_choose, to_value = score[: len(choose)], score[len(choose) :]
        base = self._base = to_value if self._base is None else self._base
        favoured = self._favoured(to_choose)
        cell = (self._place[last] * 2 + self._favoured(base)) * 2 + self._favoured(to_value)
        first, second = placements(self._truth[last], to_value), placements(self._truth[last], base)
        return Candidate(
            settings=candidate,
            choose_auc=placements(self._truth[choose], to_choose).auc,
            choose_favoured=tuple(np.bincount(self._place[choose][favoured], minlength=self._groups).tolist()),
            auc=first.auc,
            auc_variance=_variance(first.positives) + _variance(first.negatives),
            auc_change=first.auc - second.auc,
            auc_change_variance=_variance(first.positives - second.positives)
            + _variance(first.negatives - second.negatives),
            both=tuple(np.bincount(cell, minlength=self._groups * 4).tolist()),
        )

    def _favoured(self, score: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return who gets the favourable outcome: the declared share at its end of the score; people tied at the cut-off all do."""
        sign = 1 if self._settings.favourable == "high" else -1
        ranked = sign * score
        size = max(1, math.floor(self._settings.share * len(score)))
        favoured: NDArray[np.bool_] = ranked >= np.partition(ranked, len(score) - size)[len(score) - size]
        return favoured


def _split(rows: int, seed: int) -> list[NDArray[np.int64]]:
    order = generator(seed).permutation(rows)
    ends = [math.floor(rows * _SHARES[0]), math.floor(rows * sum(_SHARES))]
    return np.split(order, ends)


def _variance(placed: NDArray[np.float64]) -> float:
    return float(placed.var(ddof=1)) / len(placed)


def _both(statistics: Tried, candidate: Candidate) -> NDArray[np.int64]:
    return np.array(candidate.both, dtype=np.int64).reshape(len(statistics.levels), 2, 2)


def _ratio(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return smallest over largest favourable rate, from counts (..., groups, favoured 2); NaN where nobody is favoured or a group is empty."""
    people = counts.sum(-1)
    rate = np.divide(counts[..., 1], people, out=np.full(people.shape, np.nan), where=people > 0)
    largest = rate.max(-1)
    ratio: NDArray[np.float64] = np.divide(rate.min(-1), largest, out=np.full(largest.shape, np.nan), where=largest > 0)
    return ratio


def _known(value: NDArray[np.float64]) -> Fact:
    return float(value) if math.isfinite(float(value)) else "not defined"


def _chosen(statistics: Tried, auc_loss_max: float) -> int:
    """Return the candidate with the highest ratio on the part for choosing among those that lose little enough; ties go to the earlier."""
    people = np.array(statistics.choose_people)
    favoured = np.array([each.choose_favoured for each in statistics.candidates])
    ratio = np.nan_to_num(_ratio(np.stack([people - favoured, favoured], axis=-1)), nan=-1.0)
    auc = np.array([each.choose_auc for each in statistics.candidates])
    return int(np.where(auc >= auc[0] - auc_loss_max, ratio, -2.0).argmax())


def _frontier(statistics: Tried, outcome: Outcome, how: Estimating) -> tuple[Part, ...]:
    """Return every candidate's ratio on the last part, with limits that hold for all of them together."""
    level = 1 - (1 - how.level) / len(statistics.candidates)
    parts = []
    for number, each in enumerate(statistics.candidates):
        table = _both(statistics, each).sum(1)
        value = float(_ratio(table))
        limits = around(value, _ratio(draw_tables(table, how.seed, how.draws)), level)
        label = f"candidate {number}: AUC {each.auc:.4f}, without {', '.join(each.settings.left_out) or 'nothing'}"
        if limits is None:
            parts.append(Part(label=label, n=int(table.sum()), outcome="underpowered"))
            continue
        held = Part(label=label, n=int(table.sum()), outcome=outcome, estimate=value, low=limits.low, high=limits.high)
        parts.append(held)
    return tuple(parts)
