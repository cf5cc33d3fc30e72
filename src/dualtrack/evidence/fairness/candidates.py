"""Candidates of the search for less discriminatory alternatives: settings drawn by lot, and models trained by LightGBM.

The first candidate is the base: all features, middle settings. Up to half of the others are the base without one feature, each
another one; the rest leave out up to `drop_max` features and vary depth, size and regularisation. One thread, a fixed seed and a fixed order of sums, so that a candidate trains to the same trees again.
Source: Ke et al. (2017), LightGBM; Gillis, Meursault and Ustun (2024), Operationalizing the Search for Less Discriminatory Alternatives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dualtrack.domain.records import Record
from dualtrack.errors import MissingExtraError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["CandidateSettings", "draw_candidates", "train_candidate"]

_RATE = 0.05


class CandidateSettings(Record, frozen=True):
    """What makes a candidate: features left out, leaves and trees, least rows of a leaf, penalty of squared weights."""

    left_out: tuple[str, ...]
    leaves: int
    trees: int
    leaf_rows: int
    penalty: float


def draw_candidates(
    features: Sequence[str], number: int, *, drop_max: int, trees_max: int, seed: int
) -> list[CandidateSettings]:
    """Return the base and `number` - 1 others, all different."""
    lot = generator(seed)
    base = CandidateSettings(left_out=(), leaves=8, trees=trees_max // 2, leaf_rows=50, penalty=1.0)
    alone = number // 2 if drop_max and len(features) > 1 else 0
    found = [base, *(replace(base, left_out=(name,)) for name in lot.permutation(list(features))[:alone].tolist())]
    while len(found) < number:
        count = int(lot.integers(0, min(drop_max, len(features) - 1) + 1))
        left_out = tuple(sorted(lot.choice(list(features), count, replace=False).tolist()))
        drawn = CandidateSettings(
            left_out=left_out,
            leaves=int(lot.choice([3, 4, 8, 15])),
            trees=int(lot.integers(trees_max // 4, trees_max + 1)),
            leaf_rows=int(lot.choice([20, 50, 100])),
            penalty=float(lot.choice([0.0, 1.0, 10.0])),
        )
        if drawn not in found:
            found.append(drawn)
    return found


def train_candidate(
    features: NDArray[np.float64], truth: NDArray[np.bool_], rows: NDArray[np.float64], candidate: CandidateSettings
) -> NDArray[np.float64]:
    """Train on features and truth, and return the scores of other rows; raises MissingExtraError without LightGBM."""
    try:
        import lightgbm  # noqa: PLC0415  (optional)
    except ImportError as error:
        raise MissingExtraError("models", "searching for less discriminatory alternatives") from error
    parameters: dict[str, Any] = {
        "objective": "binary",
        "num_leaves": candidate.leaves,
        "learning_rate": _RATE,
        "min_data_in_leaf": candidate.leaf_rows,
        "lambda_l2": candidate.penalty,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": 1,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(features, truth.astype(np.int8))
    booster = lightgbm.train(parameters, data, num_boost_round=candidate.trees)
    return np.asarray(booster.predict(rows, num_threads=1), dtype=np.float64)
