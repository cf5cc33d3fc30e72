"""LightGBM: a booster from its text file, with its reasons.

Reasons are path-dependent tree Shapley values, the same as the library's `pred_contrib`, by `tree_reasons` where the
trees have the usual form and by the library itself where they do not (categorical splits). Linear leaves have none.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from dualtrack.errors import EvidenceError, MissingExtraError
from dualtrack.evidence.adapters.files import read_model_file
from dualtrack.evidence.adapters.tree_reasons import compile_trees
from dualtrack.evidence.models import Contributions, checked_digest, checked_scores
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    from numpy.typing import NDArray

    from dualtrack.evidence.adapters.tree_reasons import Trees

__all__ = ["BoosterScorer", "load_booster"]

_PLAIN = {"regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg"}
"""Objectives whose prediction is the sum of the trees as it is."""


class BoosterScorer:
    """A LightGBM booster of one output, on one thread, so that sums have one order."""

    def __init__(self, booster: Any, *, release_digest: str) -> None:  # noqa: ANN401 - an optional package without types
        if booster.num_model_per_iteration() != 1:
            raise EvidenceError(
                f"{booster.num_model_per_iteration()} outputs", where="the model", expected="one output a row"
            )
        self._booster = booster
        self.release_digest = checked_digest(release_digest)

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the booster's prediction in its own unit: a probability where the objective is one."""
        return checked_scores(self._booster.predict(rows, num_threads=1), len(rows), "the model")

    def contributions(self, rows: NDArray[np.float64]) -> Contributions:
        """Return each feature's Shapley value, in log-odds for a binary objective; EvidenceError for a link that is neither."""
        link, scale = self._link
        trees = self._trees
        if trees is not None and rows.shape[1] == trees.features:
            return Contributions(scale * trees.contributions(rows), scale * trees.base, link)
        found = scale * np.asarray(self._booster.predict(rows, pred_contrib=True, num_threads=1), dtype=np.float64)
        return Contributions(found[:, :-1], float(found[0, -1]) if len(found) else 0.0, link)

    @cached_property
    def _dump(self) -> dict[str, Any]:
        dump: dict[str, Any] = self._booster.dump_model()
        return dump

    @cached_property
    def _trees(self) -> Trees | None:
        return compile_trees(self._dump)

    @cached_property
    def _link(self) -> tuple[Literal["identity", "logit"], float]:
        """How the sum of the trees becomes the prediction: its link, and what the sum is multiplied by (a forest takes the mean)."""
        name, *more = str(self._dump.get("objective") or "regression").split(" ")
        share = 1 / self._booster.num_trees() if self._dump.get("average_output") else 1.0
        if name == "binary":
            steep = [float(each.partition(":")[2]) for each in more if each.startswith("sigmoid:")]
            return "logit", share * (steep[0] if steep else 1.0)
        if name == "cross_entropy":
            return "logit", share
        if name in _PLAIN and "sqrt" not in more:
            return "identity", share
        raise EvidenceError(
            f"objective {name!r}",
            where="the model",
            expected="an objective whose prediction is a sum, or a probability with its log-odds a sum",
            fix="explain it by occlusion",
        )


def load_booster(path: Path, *, file_digest: str, release_digest: str) -> BoosterScorer:
    """Open a booster's text file whose SHA-256 is `file_digest`; raises EvidenceError where it cannot be."""
    data = read_model_file(path, file_digest)
    try:
        import lightgbm  # noqa: PLC0415 - needed only for such models
    except ImportError as error:
        raise MissingExtraError("models", "opening a LightGBM model") from error
    try:
        booster = lightgbm.Booster(model_str=data.decode())
    except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
        raise EvidenceError(
            f"not a LightGBM model: {error}", where=str(path), expected="the text that save_model writes"
        ) from error
    return BoosterScorer(booster, release_digest=release_digest)
