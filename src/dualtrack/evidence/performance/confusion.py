"""`performance.confusion`: right and wrong at a policy (a threshold, or the decision that was taken), from four counts.

Proportions have Wilson intervals; balanced accuracy, F1 and the Matthews correlation are drawn from the four counts.
Sources: Wilson (1927), JASA 22, 209-212; Matthews (1975), Biochimica et Biophysica Acta 405, 442-451; van Rijsbergen (1979), Information
Retrieval, chapter 7; Efron and Tibshirani (1993), section 6.4.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answered import answered, unanswered
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.histogram import draw_tables, label_key, outcome_of
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.resampling import percentiles
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.tally import Key, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = [
    "Confusion",
    "ConfusionSettings",
    "Outcomes",
    "balanced_accuracy",
    "f1",
    "matthews",
    "policy_key",
    "read_policy",
]

_WILSON = Method(name="proportion at a policy, Wilson interval", version="1", source="Wilson 1927")
_DRAWN = Method(
    name="function of the confusion counts, multinomial bootstrap",
    version="1",
    source="Matthews 1975; van Rijsbergen 1979; Efron and Tibshirani 1993, 6.4",
)


class ConfusionSettings(Record, frozen=True):
    """The threshold from which on a score says yes; without one, the column in role `decision` is the policy."""

    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise FieldError(f"{self.threshold}", where="settings.threshold", expected="a finite number")


class Outcomes(Record, frozen=True):
    """Rows by what the policy said and what happened."""

    true_negatives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    true_positives: int = 0

    @property
    def table(self) -> NDArray[np.int64]:
        """The counts by outcome and decision, shape (2, 2)."""
        return np.array(
            [[self.true_negatives, self.false_positives], [self.false_negatives, self.true_positives]], dtype=np.int64
        )

    @property
    def n(self) -> int:
        """Rows."""
        return self.true_negatives + self.false_positives + self.false_negatives + self.true_positives

    def plus(self, other: Outcomes) -> Outcomes:
        """Add the counts of other rows."""
        return Outcomes(
            true_negatives=self.true_negatives + other.true_negatives,
            false_positives=self.false_positives + other.false_positives,
            false_negatives=self.false_negatives + other.false_negatives,
            true_positives=self.true_positives + other.true_positives,
        )


class _Proportion(NamedTuple):
    name: str
    hits: int
    of: int


class Confusion(CountingMeasure[Outcomes, ConfusionSettings]):
    """Sensitivity, specificity, precision, negative predictive value, accuracy, balanced accuracy, F1, Matthews correlation."""

    name = "performance.confusion"
    family = "performance"
    title = Text(en="Right and wrong at the policy in use", zh="按現行政策的對與錯")
    unit = "share"
    needs = ("label",)
    cost = "counts"
    method = _DRAWN
    misleads = Text(
        en="Accuracy of a rare outcome is high for a model that never says yes: read it beside balanced accuracy. Precision and negative "
        "predictive value hold for this base rate only. All of them change with the threshold.",
        zh="結果罕見時，從不報「是」的模型準確度亦高：應與平衡準確度一併閱讀。精確率及陰性預測值只適用於此整體比率。各項數值均隨門檻而變。",
    )
    settings = ConfusionSettings
    statistics = Outcomes

    def tallies(self, roles: Roles, settings: ConfusionSettings) -> tuple[Tally, ...]:
        """Count rows by outcome and what the policy says."""
        return (Tally(name="policy", keys=(label_key(roles), policy_key(roles, settings.threshold))),)

    def from_counted(self, counted: Sequence[Counted], settings: ConfusionSettings) -> Outcomes:  # noqa: ARG002 -- the tally tells
        """Return the four counts."""
        return read_policy(counted[0])

    def merge(self, parts: Sequence[Outcomes]) -> Outcomes:
        """Add counts."""
        if not parts:
            raise FieldError("no parts", where=self.name, expected="at least one")
        return reduce(Outcomes.plus, parts)

    def estimate(self, statistics: Outcomes, settings: ConfusionSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return balanced accuracy first, then the proportions, F1 and the Matthews correlation."""
        policy = {"policy": "decision" if settings.threshold is None else f"score >= {settings.threshold!r}"}
        drawn = draw_tables(statistics.table, how)
        functions: tuple[tuple[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]], ...] = (
            ("balanced-accuracy", balanced_accuracy),
            ("f1", f1),
            ("matthews", matthews),
        )
        found = [_drawn(name, function, drawn, statistics, how, policy) for name, function in functions]
        shares = [_share(each, statistics, how, policy) for each in _proportions(statistics)]
        return (found[0], *shares, *found[1:])


def policy_key(roles: Roles, threshold: float | None) -> Key:
    """Return the axis of what the policy says: the score cut at a threshold, or the decision; raises FieldError where neither is."""
    if threshold is not None:
        return Key(column=counted_column(roles, "score"), how="bins", edges=(threshold,))
    if not roles.decision:
        raise FieldError(
            "no policy",
            where="settings.threshold",
            fix="set a threshold, or name the column of the decision that was taken",
        )
    return Key(column=counted_column(roles, "decision"))


def read_policy(counted: Counted) -> Outcomes:
    """Return the four counts from an answer with the keys (outcome, policy); raises FieldError for rows with neither 0 nor 1."""
    label, policy = counted.tally.keys
    table = [[0, 0], [0, 0]]
    for (truth, said), count in zip(counted.cells, counted.counts, strict=True):
        chosen = outcome_of("" if said == "-1" and policy.how == "bins" else said, policy.column)
        table[outcome_of(truth, label.column)][chosen] += count
    return Outcomes(
        true_negatives=table[0][0],
        false_positives=table[0][1],
        false_negatives=table[1][0],
        true_positives=table[1][1],
    )


def balanced_accuracy(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of sensitivity and specificity of tables (..., outcome, decision); NaN where a class is empty."""
    rows = table.sum(-1)
    right = np.stack([table[..., 0, 0], table[..., 1, 1]], axis=-1)
    mean: NDArray[np.float64] = _over(right, rows).mean(-1)
    return mean


def f1(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the harmonic mean of precision and sensitivity; NaN where nothing is positive in either way."""
    hits = 2 * table[..., 1, 1]
    return _over(hits, hits + table[..., 0, 1] + table[..., 1, 0])


def matthews(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of outcome and decision; NaN where either does not vary."""
    top = table[..., 1, 1] * table[..., 0, 0] - table[..., 0, 1] * table[..., 1, 0]
    margins = np.sqrt(table.sum(-1)).prod(-1) * np.sqrt(table.sum(-2)).prod(-1)
    return _over(top, margins)


def _over(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    shape = np.shape(bottom)
    ratio: NDArray[np.float64] = np.divide(top, bottom, out=np.full(shape, np.nan), where=np.asarray(bottom) > 0)
    return ratio


def _proportions(counts: Outcomes) -> tuple[_Proportion, ...]:
    spared, alarmed = counts.true_negatives, counts.false_positives
    missed, caught = counts.false_negatives, counts.true_positives
    return (
        _Proportion("sensitivity", caught, caught + missed),
        _Proportion("specificity", spared, spared + alarmed),
        _Proportion("precision", caught, caught + alarmed),
        _Proportion("negative-predictive-value", spared, spared + missed),
        _Proportion("accuracy", spared + caught, counts.n),
    )


def _share(each: _Proportion, statistics: Outcomes, how: Estimating, policy: dict[str, str]) -> Measurement:
    bare = unanswered(
        f"confusion.{each.name}",
        "share",
        statistics.n,
        _WILSON,
        how,
        statistics,
        {**policy, "hits": each.hits, "of": each.of},
    )
    if not each.of:
        return bare
    both = bool(statistics.table.sum(1).all())  # labels of one class are more often a fault than a fact
    enough = each.of >= how.cell_size_min and both
    short = each.of < how.cell_size_min
    needed = {"n_needed": math.ceil(statistics.n * how.cell_size_min / each.of)} if short else {}
    return answered(
        bare, each.hits / each.of, wilson_limits(each.hits, each.of, how.level), enough=enough, facts=needed
    )


def _drawn(
    name: str,
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    drawn: NDArray[np.float64],
    statistics: Outcomes,
    how: Estimating,
    policy: dict[str, str],
) -> Measurement:
    bare = unanswered(f"confusion.{name}", "index", statistics.n, _DRAWN, how, statistics, {**policy})
    point = float(function(statistics.table.astype(np.float64)))
    values = function(drawn)
    values = values[~np.isnan(values)]
    if math.isnan(point) or len(values) < how.draws / 2 or no_spread(float(values.std())):
        return bare
    smaller = int(statistics.table.sum(1).min())
    enough = smaller >= how.cell_size_min
    needed = {} if enough or not smaller else {"n_needed": math.ceil(statistics.n * how.cell_size_min / smaller)}
    return answered(bare, point, percentiles(values, how.level), enough=enough, facts=needed, drawn=how)
