"""What every measure that asks the model again shares: the rows asked, the columns disturbed, the first answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.adapters.determinism import determinism_check
from dualtrack.evidence.models import ask
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.roles import refuse_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.models import Scorer
    from dualtrack.evidence.sample import Sample

__all__ = ["Asked", "asked", "columns_of", "need_reference", "positive", "refuse_constant"]

_TWO_VALUES = 2


class Asked(NamedTuple):
    """The model, rows given to it (some of the sample, by seed), its scores, and the rows that spreads and ranges come from."""

    model: Scorer
    names: tuple[str, ...]
    rows: NDArray[np.float64]
    scores: NDArray[np.float64]
    base: NDArray[np.float64]

    @property
    def spread(self) -> NDArray[np.float64]:
        """Standard deviation of each column where it has values, else 0."""
        known = np.isfinite(self.base)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, self.base, 0.0).sum(axis=0) / count
        spread: NDArray[np.float64] = np.sqrt((np.where(known, self.base - mean, 0.0) ** 2).sum(axis=0) / count)
        return spread


def asked(sample: Sample, *, rows_max: int, seed: int) -> Asked:
    """Ask the model for at most `rows_max` rows; raises EvidenceError where there is none or it answers twice differently."""
    if sample.model is None:
        raise EvidenceError(
            "no model to ask", where="model", fix="name it in the plan: a function, a file or an address"
        )
    if rows_max < 1:
        raise FieldError(f"{rows_max} rows", where="settings.rows", expected="at least 1")
    refuse_weights(sample.roles)
    every = sample.features()
    rows = every if len(every) <= rows_max else every[_some(len(every), rows_max, seed)]
    base = sample.reference.features() if sample.reference is not None and sample.reference.roles.features else every
    if base.shape[1] != every.shape[1]:
        raise FieldError(f"{base.shape[1]} features", where="reference", expected=f"{every.shape[1]}, as in the data")
    twice = determinism_check(sample.model, rows)
    if not twice.alike:
        raise EvidenceError(
            f"{twice.differing} of {twice.rows} rows scored differently the second time, by up to {twice.difference_max:g}",
            where="the model",
            expected="the same score for the same row",
            fix="fix its seed, or measure it as language models are measured: several answers a question",
            code="evidence.model-not-deterministic",
        )
    return Asked(sample.model, sample.roles.features, rows, ask(sample.model, rows), base)


def refuse_constant(found: Asked) -> None:
    """Refuse a model that says the same of every row asked: whatever its reasons, they explain nothing."""
    if len(found.scores) > 1 and np.ptp(found.scores) == 0:
        raise EvidenceError(
            "the same score for every row",
            where="the model",
            expected="scores that differ",
            fix="look at the model, or ask it for rows that differ",
            code="evidence.model-constant",
        )


def columns_of(found: Asked, named: Sequence[str], where: str) -> list[int]:
    """Return the places of the columns named; of none named, those with more than two values (a flag is not disturbed by noise)."""
    unknown = [name for name in named if name not in found.names]
    if unknown:
        raise FieldError(f"no feature {unknown[0]!r}", where=where, expected=", ".join(found.names[:40]))
    if named:
        return [found.names.index(name) for name in named]
    many = [
        place
        for place in range(len(found.names))
        if len(np.unique(found.base[np.isfinite(found.base[:, place]), place])) > _TWO_VALUES
    ]
    if not many:
        raise FieldError("no feature with more than two values", where=where, fix="name the columns")
    return many


def need_reference(sample: Sample, name: str) -> Sample:
    """Return the reference; raises FieldError where there is none."""
    if sample.reference is None:
        raise FieldError("no reference", where=name, fix="name the table that the model was trained on as reference")
    return sample.reference


def positive(value: float, where: str) -> None:
    """Refuse a setting that is not a finite number above 0."""
    if not (np.isfinite(value) and value > 0):
        raise FieldError(f"{value}", where=where, expected="a finite number above 0")


def _some(n: int, k: int, seed: int) -> NDArray[np.intp]:
    chosen: NDArray[np.intp] = np.sort(generator(seed).choice(n, size=k, replace=False))
    return chosen
