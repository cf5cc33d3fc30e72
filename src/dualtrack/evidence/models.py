"""The model under measurement: what it must be able to do, and what is done with one that cannot.

A `Scorer` has the digest of the release it speaks for, so that what is measured is bound to what is permitted. An `Explainer`
gives the reasons of each score too; an `Answerer` answers prompts. Whatever comes back is checked: one finite number a row. How a model
is reached (a function, a file, an endpoint) is the matter of `dualtrack.evidence.adapters`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from dualtrack.errors import DualtrackError, EvidenceError, FieldError
from dualtrack.evidence.arrays import reals
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "DIGEST_DIGITS",
    "Answer",
    "Answerer",
    "CallableScorer",
    "Contributions",
    "Explainer",
    "Scorer",
    "ask",
    "ask_reasons",
    "checked_digest",
    "checked_scores",
]

DIGEST_DIGITS = 64
"""Digits of a SHA-256 in hexadecimal."""


@runtime_checkable
class Scorer(Protocol):
    """A model that can be measured."""

    @property
    def release_digest(self) -> str:
        """Digest of the release whose scores these are."""

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one score a row."""


class Contributions(NamedTuple):
    """Additive reasons: what each feature adds, in the unit of `link`, to a base; base and contributions add up to the score.

    `values` has the shape (rows, features). With the link `logit` they add up to the log-odds of a score that is a probability.
    """

    values: NDArray[np.float64]
    base: float
    link: Literal["identity", "logit"]


@runtime_checkable
class Explainer(Scorer, Protocol):
    """A model that says what each feature added."""

    def contributions(self, rows: NDArray[np.float64]) -> Contributions:
        """Return the contributions of the features of each row."""


class Answer(NamedTuple):
    """The text that a language model gave, and whether it was cut at the most tokens allowed."""

    text: str
    cut_short: bool


@runtime_checkable
class Answerer(Protocol):
    """A language model that can be measured."""

    @property
    def release_digest(self) -> str:
        """Digest of the release whose answers these are."""

    def answer(self, prompts: Sequence[str]) -> tuple[Answer, ...]:
        """Return one answer a prompt, in their order."""


class CallableScorer:
    """A Python function from rows (n, features) to n scores. Nothing bounds its time: `adapters.isolated` does."""

    def __init__(self, function: Callable[[NDArray[np.float64]], ArrayLike], *, release_digest: str) -> None:
        self._function = function
        self.release_digest = checked_digest(release_digest)

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the function's scores; its own exceptions pass through, wrong results raise EvidenceError."""
        return checked_scores(self._function(rows), len(rows), "the callable")


def ask(scorer: Scorer, rows: NDArray[np.float64], where: str = "the model") -> NDArray[np.float64]:
    """Return the scores of the rows; whatever the model does wrong becomes an EvidenceError with the reason.

    The code tells the cases apart: `evidence.model-raised` (it refused or broke), `evidence.model-answer` (wrong shape, no number).
    """
    try:
        scores = scorer.score(rows)
    except DualtrackError:
        raise
    except Exception as error:  # somebody else's code may raise anything; it is named, not hidden
        raise _raised(error, where) from error
    return checked_scores(scores, len(rows), where)


def ask_reasons(scorer: Scorer, rows: NDArray[np.float64], where: str = "the model") -> Contributions:
    """Return the contributions of the rows, checked for shape and finite numbers; raises EvidenceError as `ask` does."""
    if not isinstance(scorer, Explainer):
        raise EvidenceError(
            "the model gives no reasons",
            where=where,
            expected="an Explainer: contributions(rows) beside score(rows)",
            fix="open it through an adapter that has reasons (LightGBM, linear, additive), or use occlusion",
        )
    try:
        found = scorer.contributions(rows)
    except DualtrackError:
        raise
    except Exception as error:  # as above: named, not hidden
        raise _raised(error, where) from error
    values = np.asarray(found.values, dtype=np.float64)
    if values.shape != rows.shape or not np.isfinite(values).all() or not np.isfinite(found.base):
        raise EvidenceError(
            f"contributions of shape {values.shape} for rows of shape {rows.shape}",
            where=where,
            expected="one finite contribution a row and feature, and a finite base",
            code="evidence.model-answer",
        )
    return Contributions(values, float(found.base), found.link)


def checked_scores(scores: ArrayLike, rows: int, where: str) -> NDArray[np.float64]:
    """Return one finite score a row; raises EvidenceError (code `evidence.model-answer`) for anything else."""
    try:
        array = reals(scores, "score")
    except FieldError as error:
        raise EvidenceError(
            f"{error.where}: {error.found}",
            where=where,
            expected="one finite number a row",
            code="evidence.model-answer",
        ) from error
    if len(array) != rows:
        raise EvidenceError(
            f"{len(array)} scores for {rows} rows",
            where=where,
            expected="one score a row",
            code="evidence.model-answer",
        )
    return array


def checked_digest(digest: str, where: str = "release_digest") -> str:
    """Return a SHA-256 in hexadecimal as it is; raises FieldError for anything else."""
    if len(digest) != DIGEST_DIGITS or not set(digest) <= set("0123456789abcdef"):
        raise FieldError("not a SHA-256 in hexadecimal", where=where, fix="give the digest of the release measured")
    return digest


def _raised(error: Exception, where: str) -> EvidenceError:
    return EvidenceError(
        f"the model raised {type(error).__name__}: {error}",
        where=where,
        expected="one number a row for an array (rows, features)",
        fix="call it on the same rows by hand",
        code="evidence.model-raised",
    )
