"""scikit-learn's estimators, and whatever has their methods: predict_proba, else decision_function, else predict.

A pickle is a program: reading one runs what is in it, with all rights of this process. It is therefore read only when its SHA-256 is
the one given, which shows that it is the file somebody meant and not that it is harmless. Prefer ONNX or LightGBM's text.
"""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

from dualtrack.errors import EvidenceError, MissingExtraError
from dualtrack.evidence.adapters.files import read_model_file
from dualtrack.evidence.models import Contributions, checked_digest, checked_scores
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from dualtrack.evidence.models import Scorer

__all__ = ["EstimatorScorer", "LinearScorer", "estimator_scorer", "load_pickled"]

_WAYS = ("predict_proba", "decision_function", "predict")
_TWO = 2


class EstimatorScorer:
    """An estimator as a scorer: the probability of its second class, else its decision function, else what it predicts."""

    def __init__(self, estimator: Any, *, release_digest: str) -> None:  # noqa: ANN401 - an optional package without types
        way = next((each for each in _WAYS if callable(getattr(estimator, each, None))), None)
        if way is None:
            raise EvidenceError(
                f"a {type(estimator).__name__} without {', '.join(_WAYS)}", where="the model", expected="one of them"
            )
        self._estimator, self._way = estimator, way
        self.release_digest = checked_digest(release_digest)

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one score a row; raises EvidenceError where the estimator has more than two classes."""
        found = np.asarray(getattr(self._estimator, self._way)(rows))
        if self._way == "predict_proba":
            if found.ndim != _TWO or found.shape[1] != _TWO:
                raise EvidenceError(
                    f"probabilities of shape {found.shape}",
                    where="the model",
                    expected="two classes",
                    fix="wrap it in a function that returns the probability of the outcome measured",
                    code="evidence.model-answer",
                )
            found = found[:, 1]
        return checked_scores(found, len(rows), "the model")


class LinearScorer(EstimatorScorer):
    """A linear or logistic regression: each feature adds its coefficient times its value, to the intercept."""

    def contributions(self, rows: NDArray[np.float64]) -> Contributions:
        """Return coefficient times value; of a classifier in log-odds."""
        coefficients = np.asarray(self._estimator.coef_, dtype=np.float64).reshape(-1)
        base = float(np.asarray(self._estimator.intercept_, dtype=np.float64).reshape(-1)[0])
        return Contributions(rows * coefficients, base, "logit" if self._way == "predict_proba" else "identity")


def estimator_scorer(estimator: Any, *, release_digest: str) -> Scorer:  # noqa: ANN401 - an optional package without types
    """Return the adapter that fits: with reasons where the estimator is linear and has one output."""
    coefficients = np.asarray(getattr(estimator, "coef_", ()))
    one = coefficients.size > 0 and (coefficients.ndim == 1 or len(coefficients) == 1)
    kinds = {"LogisticRegression", "LinearRegression", "Ridge", "Lasso", "ElasticNet"}  # links known to be what we say
    if one and type(estimator).__name__ in kinds:
        return LinearScorer(estimator, release_digest=release_digest)
    return EstimatorScorer(estimator, release_digest=release_digest)


def load_pickled(path: Path, *, file_digest: str) -> Any:  # noqa: ANN401 - whatever was pickled
    """Return what is pickled in a file (pickle or joblib) whose SHA-256 is `file_digest`. This runs the code in it.

    Raises EvidenceError where the digest is another or the content cannot be loaded.
    """
    data = read_model_file(path, file_digest)
    try:
        if path.suffix == ".joblib":
            return _joblib(data)
        return pickle.loads(data)  # noqa: S301 - the bytes are those whose digest the caller gave
    except MissingExtraError:
        raise
    except Exception as error:  # a pickle may raise anything while it loads; it is named, not hidden
        raise EvidenceError(
            f"cannot be loaded: {type(error).__name__}: {error}",
            where=str(path),
            fix="install the versions that it was saved with",
            code="evidence.model-file",
        ) from error


def _joblib(data: bytes) -> Any:  # noqa: ANN401 - whatever was pickled
    try:
        import joblib  # noqa: PLC0415 - only for files of that form
    except ImportError as error:
        raise MissingExtraError("models", "reading a joblib file") from error
    return joblib.load(io.BytesIO(data))
