"""The AI of the demo: gradient-boosted trees (LightGBM), small, seeded and deterministic.

The release digest is that of the model's own text, so that a model trained again from the same rows and seed is the same release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.errors import MissingExtraError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

try:
    import lightgbm
except ModuleNotFoundError as error:
    raise MissingExtraError("models", "training the demo's models") from error

__all__ = ["PARAMETERS", "TREES", "TrainedModel", "train"]

TREES = 150
"""Trees of each model: on these accounts more of them learn the noise of one half."""

PARAMETERS = {
    "objective": "binary",
    "num_leaves": 8,
    "learning_rate": 0.05,
    "min_data_in_leaf": 60,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "feature_fraction": 0.3,
    "lambda_l2": 10.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
"""Settings of every model, fixed before measuring; one thread, so that sums have one order on every machine."""


class TrainedModel(NamedTuple):
    """A model that can be measured: it satisfies `dualtrack.evidence.models.Scorer`."""

    booster: lightgbm.Booster
    release_digest: str

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of default of each row."""
        return np.asarray(self.booster.predict(rows, num_threads=1), dtype=np.float64)

    def artifact(self) -> bytes:
        """Return the model's own text: the bytes whose digest is the release's."""
        return self.booster.model_to_string().encode()


def train(features: NDArray[np.float64], defaulted: NDArray[np.bool_], seed: int) -> TrainedModel:
    """Train on the rows given; the same rows and seed give the same model."""
    data = lightgbm.Dataset(features, label=defaulted.astype(np.int8), free_raw_data=True)
    booster = lightgbm.train({**PARAMETERS, "seed": seed}, data, num_boost_round=TREES)
    return TrainedModel(booster, canonical.digest(booster.model_to_string().encode()))
