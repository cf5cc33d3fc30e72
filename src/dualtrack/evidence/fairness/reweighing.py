"""Reweighing: weights that make group and outcome independent in the training rows, and what training with them changes.

A row of group a and outcome y gets (rows of a) (rows of y) / (rows) / (rows of both). The weights are a table of counts alone.
Their effect needs training again: the caller gives a trainer, which is called once without weights and once with them, on the same
training rows; both models then decide about the same other rows, so that changes are paired.
Source: Kamiran and Calders (2012), Knowledge and Information Systems 33, 1-33, section 4.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.arrays import check_lengths, labels, reals
from dualtrack.evidence.fairness.draws import around, draw_tables
from dualtrack.evidence.fairness.points import gaps
from dualtrack.evidence.fairness.thresholds import utilities
from dualtrack.evidence.measurement import Fact, Measurement, Method, Part
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import record_draws

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from dualtrack.evidence.fairness.thresholds import Gap
    from dualtrack.evidence.measure import Estimating

    _Trainer = Callable[
        [NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]], Callable[[NDArray[np.float64]], ArrayLike]
    ]

__all__ = ["Trial", "measure_reweighing", "reweighing"]

_METHOD = Method(
    name="paired change by training with reweighed rows, multinomial bootstrap over test rows",
    version="1",
    source="Kamiran and Calders 2012",
)


class Trial(NamedTuple):
    """What a retraining is judged by: the score from which the decision is 1, the gap, and the costs of a wrong 1 and wrong 0."""

    threshold: float
    gap: Gap
    costs: tuple[float, float] = (1.0, 1.0)


def reweighing(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return weights from counts (..., groups, label 2); NaN where a group has no row of an outcome."""
    held = counts.astype(np.float64)
    expected = held.sum(-1, keepdims=True) * held.sum(-2, keepdims=True) / held.sum((-1, -2), keepdims=True)
    weights: NDArray[np.float64] = np.divide(expected, held, out=np.full(held.shape, np.nan), where=held > 0)
    return weights


def measure_reweighing(
    features: NDArray[np.float64],
    label: ArrayLike,
    attribute: NDArray[Any],
    train: ArrayLike,
    trainer: _Trainer,
    trial: Trial,
    how: Estimating,
) -> tuple[Measurement, Measurement]:
    """Return the change of gap and of utility by reweighing, on the rows that `train` (0/1) leaves out; a fall of the gap is below 0.

    Raises FieldError where a group has no training row of an outcome, EvidenceError for a model that answers in the wrong shape.
    """
    truth, trains = labels(label, "label"), labels(train, "train")
    check_lengths(features=features, label=truth, attribute=attribute, train=trains)
    if np.ma.is_masked(attribute):
        raise FieldError("missing values", where="attribute", fix="give them a value of their own")
    levels, place = np.unique(np.ma.getdata(attribute), return_inverse=True)
    if len(levels) < 2 or trains.all() or not trains.any():  # noqa: PLR2004  (a gap is between two groups)
        raise FieldError(f"{len(levels)} groups", where="attribute", expected="2 or more, with training and other rows")
    weight = reweighing(_count(place[trains] * 2 + truth[trains], (len(levels), 2)))
    if np.isnan(weight).any():
        raise FieldError(
            "a group without training rows of one outcome", where="attribute", fix="merge groups or gather more cases"
        )
    decided = [
        _decide(trainer, features, truth, trains, weights, trial.threshold)
        for weights in (np.ones(int(trains.sum())), weight[place[trains], truth[trains].astype(np.int64)])
    ]
    rest = ~trains
    cell = ((place[rest] * 2 + truth[rest]) * 2 + decided[0]) * 2 + decided[1]
    return _changes(_count(cell, (len(levels), 2, 2, 2)), trial, how)


def _decide(
    trainer: _Trainer,
    features: NDArray[np.float64],
    truth: NDArray[np.bool_],
    trains: NDArray[np.bool_],
    weights: NDArray[np.float64],
    threshold: float,
) -> NDArray[np.bool_]:
    rest = features[~trains]
    scores = reals(trainer(features[trains], truth[trains], weights)(rest), "score of the trained model")
    if len(scores) != len(rest):
        raise EvidenceError(f"{len(scores)} scores for {len(rest)} rows", where="trainer", expected="one score a row")
    decided: NDArray[np.bool_] = scores >= threshold
    return decided


def _count(cell: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    return np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)


def _changes(counts: NDArray[np.int64], trial: Trial, how: Estimating) -> tuple[Measurement, Measurement]:
    """Return both changes from counts (groups, label, decision before, decision after)."""
    drawn = draw_tables(counts, how.seed, how.draws).astype(np.float64)
    sides = [(counts.astype(np.float64).sum(axis), drawn.sum(axis)) for axis in (-1, -2)]
    smallest = int((counts.sum((1, 2, 3)) if trial.gap == "selection_rate" else counts.sum((2, 3)).min(1)).min())
    made = []
    for measure, unit in (
        ("fairness.reweighing-gap-change", "difference of rates"),
        ("fairness.reweighing-utility-change", "utility a row"),
    ):
        (before, before_drawn), (after, after_drawn) = (
            tuple(gaps(each, trial.gap) if "gap" in measure else utilities(each, trial.costs) for each in side)
            for side in sides
        )
        change = float(after - before)
        limits = around(change, after_drawn - before_drawn, how.level)
        facts: dict[str, Fact] = {
            "gap_of": trial.gap,
            "smallest_cell": smallest,
            "cell_size_min": how.cell_size_min,
            "threshold": trial.threshold,
        }
        enough = limits is not None and smallest >= how.cell_size_min
        parts = (
            _part("as trained", float(before), before_drawn, int(counts.sum()), how),
            _part("reweighed", float(after), after_drawn, int(counts.sum()), how),
        )
        made.append(
            Measurement(
                measure=measure,
                unit=unit,
                n=int(counts.sum()),
                outcome="measured" if enough else "underpowered",
                method=_METHOD,
                data_digest=how.data_digest,
                level=how.level,
                estimate=None if limits is None else change,
                low=None if limits is None else limits.low,
                high=None if limits is None else limits.high,
                facts=facts if enough else facts | {"n_needed": how.cell_size_min},
                parts=parts,
                statistics={"count_group_label_before_after": counts.tolist(), "costs": list(trial.costs)},
                draws=record_draws(how.seed, how.draws),
            )
        )
    return made[0], made[1]


def _part(label: str, value: float, drawn: NDArray[np.float64], n: int, how: Estimating) -> Part:
    limits = around(value, drawn, how.level)
    if limits is None:
        return Part(label=label, n=n, outcome="underpowered")
    return Part(label=label, n=n, outcome="measured", estimate=value, low=limits.low, high=limits.high)
