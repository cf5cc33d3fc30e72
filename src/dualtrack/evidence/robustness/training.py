"""Training again: the one door through which a measure reaches a firm's own training code.

A trainer is a function `(features, labels, seed) -> model`; the model is a function from rows to scores, an estimator or a scorer. A plan
names it as `module:function`; that runs code of that name, as naming a model does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from dualtrack.errors import DualtrackError, EvidenceError, FieldError
from dualtrack.evidence.adapters.estimators import estimator_scorer
from dualtrack.evidence.adapters.opening import find_object
from dualtrack.evidence.models import CallableScorer, Scorer, ask
from dualtrack.evidence.numeric import np
from dualtrack.evidence.roles import refuse_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Sample

__all__ = ["TRAININGS_MAX", "Trainer", "find_trainer", "train_and_score", "training_rows"]

TRAININGS_MAX = 1_000
"""Most trainings of one measurement."""

_NO_RELEASE = "0" * 64  # a model trained for a test is no release


class Trainer(Protocol):
    """Training code."""

    def __call__(self, features: NDArray[np.float64], label: NDArray[np.bool_], seed: int, /) -> Any:  # noqa: ANN401 - function, estimator or scorer
        """Return a model trained on the rows, the same for the same seed."""


def find_trainer(given: Trainer | None, named: str, where: str) -> Trainer | None:
    """Return the trainer given in Python, else the one that the plan names, else None."""
    if given is not None or not named:
        return given
    found = find_object(named, where)
    if not callable(found):
        raise FieldError(
            f"{named!r} is no function", where=where, expected="a function (features, labels, seed) -> model"
        )
    trainer: Trainer = found
    return trainer


def training_rows(sample: Sample, where: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return features and labels of the reference, which is what is trained on; raises FieldError where there is none."""
    refuse_weights(sample.roles)
    if sample.reference is None:
        raise FieldError("no rows to train on", where=where, fix="name the training table as reference")
    if _same_rows(sample, sample.reference):
        raise FieldError(
            "training rows and tested rows are the same",
            where=where,
            fix="name the table of training, not that of the test",
        )
    return sample.reference.features(), sample.reference.labels()


def _same_rows(sample: Sample, other: Sample) -> bool:
    """Say whether both hold the same features row by row: what was trained on them is not tested."""
    return sample.n == other.n and np.array_equal(sample.features(), other.features(), equal_nan=True)


def train_and_score(
    trainer: Trainer,
    features: NDArray[np.float64],
    label: NDArray[np.bool_],
    seed: int,
    rows: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the scores of `rows` by a model trained on the rest; whatever goes wrong becomes an EvidenceError with the reason."""
    try:
        found = trainer(features, label, seed)
    except DualtrackError:
        raise
    except Exception as error:  # somebody else's code may raise anything; it is named, not hidden
        raise EvidenceError(
            f"the trainer raised {type(error).__name__}: {error}",
            where=f"training with seed {seed}",
            fix="call it on the same rows by hand",
            code="evidence.training",
        ) from error
    return ask(_scorer(found), rows, f"the model trained with seed {seed}")


def _scorer(found: Any) -> Scorer:  # noqa: ANN401 - whatever the trainer returns
    if isinstance(found, Scorer):
        return found
    if hasattr(found, "predict"):
        return estimator_scorer(found, release_digest=_NO_RELEASE)
    if callable(found):
        return CallableScorer(found, release_digest=_NO_RELEASE)
    raise EvidenceError(
        f"the trainer returned a {type(found).__name__}",
        where="training",
        expected="a function from rows to scores, an estimator or a scorer",
        code="evidence.training",
    )
