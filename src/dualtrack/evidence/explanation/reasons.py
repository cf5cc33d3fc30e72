"""What the measures of reasons share: asking for them, the strongest few, occlusion as a second way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import FieldError
from dualtrack.evidence.models import ask, ask_reasons
from dualtrack.evidence.numeric import np
from dualtrack.evidence.robustness.asking import asked, refuse_constant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.models import Contributions, Scorer
    from dualtrack.evidence.robustness.asking import Asked
    from dualtrack.evidence.sample import Sample

__all__ = ["Reasoned", "check_top", "occlusion", "overlap", "reasoned", "shown", "strongest", "usual"]

_EDGE = 1e-12  # a probability nearer to 0 or 1 has no log-odds worth a comparison


class Reasoned(NamedTuple):
    """Rows asked, and the reasons given for them."""

    asked: Asked
    reasons: Contributions


def reasoned(sample: Sample, *, rows_max: int, seed: int) -> Reasoned:
    """Ask the model for scores and reasons; raises EvidenceError where it gives none."""
    found = asked(sample, rows_max=rows_max, seed=seed)
    refuse_constant(found)
    return Reasoned(found, ask_reasons(found.model, found.rows))


def check_top(top: int, features: int) -> None:
    """Refuse a number of reasons that is not between 1 and one fewer than the features: all of them always agree."""
    if not 0 < top < features:
        raise FieldError(
            f"the {top} strongest of {features} features", where="settings.top", expected=f"1 to {features - 1}"
        )


def strongest(values: NDArray[np.float64], top: int) -> NDArray[np.bool_]:
    """Return for each row which features are its `top` strongest, whatever their direction; ties go to the first feature."""
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :top]
    chosen = np.zeros(values.shape, dtype=np.bool_)
    np.put_along_axis(chosen, order, True, axis=1)
    return chosen


def overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return for each row the share of the first's features that are also the second's."""
    common: NDArray[np.float64] = (first & second).sum(axis=1) / first.sum(axis=1)
    return common


def shown(reasons: Contributions) -> NDArray[np.float64]:
    """Return the score that base and contributions add up to."""
    total: NDArray[np.float64] = reasons.base + reasons.values.sum(axis=1)
    return 1 / (1 + np.exp(-np.clip(total, -700, 700))) if reasons.link == "logit" else total


def usual(base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each column over its values, 0 where it has none."""
    known = np.isfinite(base)
    columns = [base[known[:, place], place] for place in range(base.shape[1])]
    return np.array([float(np.median(column)) if len(column) else 0.0 for column in columns])


def occlusion(model: Scorer, rows: NDArray[np.float64], base: NDArray[np.float64], link: str) -> NDArray[np.float64]:
    """Return what each feature's value does to the score beside the usual value, one feature at a time, in the unit of `link`.

    Source: M. D. Zeiler and R. Fergus (2014), ECCV (occlusion), for tables.
    """
    whole, instead = _linked(ask(model, rows), link), usual(base)
    values = np.empty(rows.shape)
    for place in range(rows.shape[1]):
        without = rows.copy()
        without[:, place] = instead[place]
        values[:, place] = whole - _linked(ask(model, without), link)
    return values


def _linked(scores: NDArray[np.float64], link: str) -> NDArray[np.float64]:
    if link != "logit":
        return scores
    held = np.clip(scores, _EDGE, 1 - _EDGE)
    odds: NDArray[np.float64] = np.log(held) - np.log1p(-held)
    return odds
