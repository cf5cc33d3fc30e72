"""Counterfactual flips: ask the model again with a protected attribute changed, and count the decisions that change.

A change is declared for the attribute and, where it does not stand alone, for its proxy columns: for each level the value that
each column takes. Every asked row is asked at every other level. A decision flips where it differs at any of them. Only this
direct path is seen: what the attribute caused elsewhere in the row stays as it was.
Source: Kusner et al. (2017), Counterfactual Fairness, for the question; Wilson (1927) for the interval.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.intervals.wilson import wilson
from dualtrack.evidence.measure import Estimating, Measure
from dualtrack.evidence.measurement import Fact, Measurement, Method, Outcome, Part, plain_statistics
from dualtrack.evidence.models import ask
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import POWER
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.roles import refuse_weights
from dualtrack.evidence.suppression import hidden_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.models import Scorer
    from dualtrack.evidence.sample import Sample

__all__ = ["CounterfactualFlips", "FlipCounts", "FlipSettings"]

_LEVELS_LEAST = 2


class FlipSettings(Record, frozen=True):
    """What is changed, and which score decides.

    `attribute` is the column whose value says a row's own level; `levels` are its values; `sets` gives, for each feature that
    changes with it, the value at each level, in the order of `levels` (the attribute itself among them where the model is given
    it). `threshold` is the score from which the decision is 1. At most `rows_max` rows are asked, drawn with `seed`. `share_max`
    is the share that the firm would act on: with it, too few rows to tell are `underpowered`.
    """

    attribute: str
    levels: tuple[float, ...]
    sets: dict[str, tuple[float, ...]]
    threshold: float
    rows_max: int = 2_000
    seed: int = 1
    share_max: float | None = None

    def __post_init__(self) -> None:
        if len(set(self.levels)) != len(self.levels) or len(self.levels) < _LEVELS_LEAST:
            raise FieldError(f"{len(self.levels)} levels", where="levels", expected="2 or more, all different")
        if not self.sets or any(len(values) != len(self.levels) for values in self.sets.values()):
            raise FieldError("columns without a value for each level", where="sets", expected="one value a level")
        if self.rows_max < 1 or not math.isfinite(self.threshold):
            raise FieldError(f"{self.rows_max} rows, threshold {self.threshold}", where="settings")


class FlipCounts(Record, frozen=True):
    """Rows asked by own level, rows flipped at any other, and by own and other level: flipped to 1, flipped to 0 (flattened); rows decided 1."""

    attribute: str
    levels: tuple[str, ...]
    rows: tuple[int, ...]
    flipped: tuple[int, ...]
    to_one: tuple[int, ...]
    to_zero: tuple[int, ...]
    ones: int


class CounterfactualFlips(Measure[FlipCounts, FlipSettings]):
    """Share of decisions that change when nothing but the attribute changes."""

    name = "fairness.counterfactual-flips"
    family = "fairness"
    title = Text(en="Decisions that flip with a protected attribute", zh="隨受保護特徵改變的決定")
    unit = "share of decisions"
    needs = ("model", "features")
    cost = "model"
    method = Method(
        name="share of rows whose decision changes with the attribute, Wilson interval",
        version="1",
        source="Wilson 1927",
    )
    misleads = Text(
        en="No flips means only that the model does not use the columns that were changed. What the attribute shaped elsewhere "
        "(income, district) stays as it was, and some changed rows describe nobody.",
        zh="沒有改變只表示模型沒有使用被更改的欄位。該特徵對其他欄位（如收入、地區）的影響並未更改，而更改後的某些資料未必是真實的人。",
    )
    settings = FlipSettings
    statistics = FlipCounts

    def gather(self, sample: Sample, settings: FlipSettings) -> FlipCounts:
        """Ask the model for the rows as they are, twice, and at every other level.

        Raises FieldError for columns that are no features or levels that rows do not have, EvidenceError for a model that fails,
        answers in the wrong shape or answers the same question differently.
        """
        refuse_weights(sample.roles)
        if sample.model is None:
            raise FieldError("no model", where="sample", fix="give the release's model, or leave this measure out")
        features = sample.features()
        stray = sorted(set(settings.sets) - set(sample.roles.features))
        if stray:
            raise FieldError(
                f"column {stray[0]!r:.80} is no feature",
                where="sets",
                expected=f"some of {list(sample.roles.features)[:40]}",
                fix="change what the model is given, or leave this measure out: what it is not given cannot flip it",
            )
        own = _own_levels(sample, settings)
        chosen = np.sort(generator(settings.seed).permutation(len(own))[: settings.rows_max])
        rows, own = features[chosen], own[chosen]
        before = _decide(sample.model, rows, settings.threshold)
        if not np.array_equal(before, _decide(sample.model, rows, settings.threshold)):
            raise EvidenceError(
                "two answers to one question", where="model", expected="a model that repeats its decisions"
            )
        size = len(settings.levels)
        to_one, to_zero, any_flip = (
            np.zeros((size, size), np.int64),
            np.zeros((size, size), np.int64),
            np.zeros(len(own), np.bool_),
        )
        for level in range(size):
            asked = np.flatnonzero(own != level)
            if not len(asked):
                continue
            changed = rows[asked].copy()
            for name, values in settings.sets.items():
                changed[:, sample.roles.features.index(name)] = values[level]
            after = _decide(sample.model, changed, settings.threshold)
            any_flip[asked] |= after != before[asked]
            to_one[:, level] = np.bincount(own[asked][after & ~before[asked]], minlength=size)
            to_zero[:, level] = np.bincount(own[asked][~after & before[asked]], minlength=size)
        return FlipCounts(
            attribute=settings.attribute,
            levels=tuple(f"{level:g}" for level in settings.levels),
            rows=tuple(np.bincount(own, minlength=size).tolist()),
            flipped=tuple(np.bincount(own[any_flip], minlength=size).tolist()),
            to_one=tuple(to_one.ravel().tolist()),
            to_zero=tuple(to_zero.ravel().tolist()),
            ones=int(before.sum()),
        )

    def merge(self, parts: Sequence[FlipCounts]) -> FlipCounts:
        """Add counts of separate rows; raises FieldError where attribute or levels differ."""
        if not parts or any((each.attribute, each.levels) != (parts[0].attribute, parts[0].levels) for each in parts):
            raise FieldError("different attributes or levels", where="statistics", expected="the same in every part")
        added = {
            name: tuple(map(sum, zip(*(getattr(part, name) for part in parts), strict=True)))
            for name in ("rows", "flipped", "to_one", "to_zero")
        }
        return FlipCounts(
            attribute=parts[0].attribute, levels=parts[0].levels, ones=sum(part.ones for part in parts), **added
        )

    def suppressed(self, statistics: FlipCounts, settings: FlipSettings, least: int) -> FlipCounts:
        """Empty levels of fewer people: too few then have that level to tell."""
        del settings
        size = len(statistics.levels)
        kept = ~hidden_groups(np.array(statistics.rows, dtype=np.int64), least)
        emptied = {
            name: tuple((np.array(getattr(statistics, name)).reshape(size, -1) * kept[:, None]).ravel().tolist())
            for name in ("rows", "flipped", "to_one", "to_zero")
        }
        return replace(statistics, **emptied)

    def estimate(self, statistics: FlipCounts, settings: FlipSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share of flipped decisions; parts are the rows of each level."""
        n, flipped, size = sum(statistics.rows), sum(statistics.flipped), len(statistics.levels)
        if n == 0:
            raise FieldError("no rows", where="statistics", expected="rows that were asked")
        low, high = _limits(flipped, n, how.level)
        held = [rows for rows in statistics.rows if rows]
        facts: dict[str, Fact] = {
            "attribute": statistics.attribute,
            "flipped_to_one": sum(statistics.to_one),
            "flipped_to_zero": sum(statistics.to_zero),
            "smallest_cell": min(held),
            "cell_size_min": how.cell_size_min,
        }
        alike = statistics.ones in {0, n}
        if alike:
            facts["why"] = "one decision for everybody"
        small = min(held) < how.cell_size_min or len(held) < size
        undecided = settings.share_max is not None and low < settings.share_max <= high
        if small or undecided:
            facts["n_needed"] = max(how.cell_size_min * size, _rows_needed(flipped / n, settings, how.level))
        parts = tuple(
            _part(level, rows, hits, how)
            for level, rows, hits in zip(statistics.levels, statistics.rows, statistics.flipped, strict=True)
        )
        measured = Measurement(
            measure="fairness.counterfactual-flips",
            unit=self.unit,
            n=n,
            outcome="underpowered" if small or undecided or alike else "measured",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            estimate=flipped / n,
            low=low,
            high=high,
            facts=facts,
            parts=parts,
            statistics=plain_statistics(statistics),
        )
        return (measured,)


def _own_levels(sample: Sample, settings: FlipSettings) -> NDArray[np.int64]:
    if settings.attribute not in sample.columns:
        raise FieldError(f"no column {settings.attribute!r:.80}", where="attribute", expected="an attribute or feature")
    column = sample.columns[settings.attribute]
    if np.ma.is_masked(column) or column.dtype.kind not in "biuf":
        raise FieldError("missing values or no numbers", where=settings.attribute, expected="a number in every row")
    values = np.ma.getdata(column).astype(np.float64)
    same = values[:, None] == np.array(settings.levels)[None, :]
    if not same.any(1).all():
        found = float(values[int(np.argmin(same.any(1)))])
        raise FieldError(f"level {found:g}", where=settings.attribute, expected=f"one of {list(settings.levels)}")
    return np.asarray(same.argmax(1), dtype=np.int64)


def _decide(model: Scorer, rows: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    decided: NDArray[np.bool_] = ask(model, rows, "model") >= threshold
    return decided


def _rows_needed(share: float, settings: FlipSettings, level: float) -> int:
    """Return the rows at which the interval would lie on one side of the share to act on, with the usual power."""
    if settings.share_max is None or share == settings.share_max:
        return 0
    z = z_two_sided(level) + z_two_sided(2 * POWER - 1)
    spread = max(share * (1 - share), settings.share_max * (1 - settings.share_max))
    return math.ceil(z * z * spread / (share - settings.share_max) ** 2)


def _limits(hits: int, rows: int, level: float) -> Interval:
    answer = wilson(hits, rows, level=level)
    assert isinstance(answer, Interval)  # there are rows
    return answer


def _part(level: str, rows: int, hits: int, how: Estimating) -> Part:
    if not rows:
        return Part(label=level, n=0, outcome="underpowered")
    low, high = _limits(hits, rows, how.level)
    outcome: Outcome = "measured" if rows >= how.cell_size_min else "underpowered"
    return Part(label=level, n=rows, outcome=outcome, estimate=hits / rows, low=low, high=high)
