"""Train and measure one use: a pure function of the book, the use and a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.capture import list_size, measure_capture, top
from dualtrack.evidence.benefit.paired import brier_losses, measure_benefit
from dualtrack.evidence.cells import count_cells
from dualtrack.evidence.demo.baselines import bucket_rates, collection_order, early_contact_points
from dualtrack.evidence.demo.learner import train
from dualtrack.evidence.demo.portfolio import NOT_DOCUMENTED, Portfolio, split_rows
from dualtrack.evidence.fairness.groups import measure_groups
from dualtrack.evidence.measurement import Measurement
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.calibration import measure_calibration
from dualtrack.evidence.performance.discrimination import measure_auc, measure_auc_difference
from dualtrack.evidence.resampling import DRAWS, generator
from dualtrack.evidence.tables import table_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualtrack.evidence.demo.learner import TrainedModel
    from dualtrack.evidence.demo.uses import Use

__all__ = ["MONTHS_LATE_COLLECTION", "Scored", "UseResult", "covered_rows", "measure_use"]

MONTHS_LATE_COLLECTION = 2
"""Months late from which an account is in collection; before that it may still be called early."""


class UseResult(Record, frozen=True):
    """What was measured of one use. `groups` is empty where the use has no effect on persons."""

    use: str
    seed: int
    shuffled: bool
    model_digest: str
    data_digest: str
    scores_digest: str
    n_train: int
    n_test: int
    benefit: Measurement
    discrimination: Measurement
    discrimination_difference: Measurement
    calibration: tuple[Measurement, ...]
    groups: tuple[Measurement, ...]


class Scored(NamedTuple):
    """The measured part of a use: who they are, what happened, what each way of working said."""

    rows: NDArray[np.int64]
    defaulted: NDArray[np.bool_]
    ai: NDArray[np.float64]
    baseline: NDArray[np.float64]


def measure_use(
    use: Use,
    book: Portfolio,
    *,
    seed: int,
    cell_size_min: int,
    draws: int = DRAWS,
    shuffled: bool = False,
    keep: Callable[[TrainedModel], None] | None = None,
) -> UseResult:
    """Train on one part of the use's accounts and measure on the other.

    `cell_size_min` is the firm's least group size. `shuffled` deals the outcomes to the accounts at random before anything is
    learned: a control in which no benefit can exist, and none may be found. `keep` is given the model, to run it later.
    """
    defaulted = generator(seed).permutation(book.defaulted) if shuffled else book.defaulted
    parts = split_rows(covered_rows(use, book), seed=seed)
    model = train(book.features[parts.train], defaulted[parts.train], seed=seed)
    if keep is not None:
        keep(model)
    scored = Scored(
        parts.test,
        defaulted[parts.test],
        model.score(book.features[parts.test]),
        _baseline(use, book, defaulted, parts.train, parts.test),
    )
    return UseResult(
        use=use.slug,
        seed=seed,
        shuffled=shuffled,
        model_digest=model.release_digest,
        data_digest=book.digest,
        scores_digest=table_digest(
            {"row": scored.rows, "defaulted": scored.defaulted, "ai": scored.ai, "baseline": scored.baseline}
        ),
        n_train=len(parts.train),
        n_test=len(parts.test),
        benefit=_benefit(use, book, scored, seed, draws),
        discrimination=measure_auc(scored.defaulted, scored.ai, data_digest=book.digest),
        discrimination_difference=measure_auc_difference(
            scored.defaulted, scored.ai, scored.baseline, data_digest=book.digest
        ),
        calibration=measure_calibration(scored.defaulted, scored.ai, seed=seed, draws=draws, data_digest=book.digest),
        groups=_groups(use, book, scored, seed, cell_size_min, draws),
    )


def covered_rows(use: Use, book: Portfolio) -> NDArray[np.int64]:
    """Return the row numbers of the accounts that a use covers."""
    collection = book.status >= MONTHS_LATE_COLLECTION
    if use.population == "all":
        return np.arange(len(collection))
    return np.flatnonzero(collection if use.population == "two months late or more" else ~collection)


def _baseline(
    use: Use, book: Portfolio, defaulted: NDArray[np.bool_], train_rows: NDArray[np.int64], test_rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    if use.baseline == "delinquency-bucket-table":
        return bucket_rates(book, defaulted, train_rows, test_rows)
    orders = {"contact-points-card": early_contact_points, "longest-late-first": collection_order}
    if use.baseline not in orders:
        raise FieldError(f"baseline {use.baseline}", where=use.slug, expected=f"one of {sorted(orders)}")
    return orders[use.baseline](book, test_rows)


def _benefit(use: Use, book: Portfolio, scored: Scored, seed: int, draws: int) -> Measurement:
    if use.capacity is None:
        ai, baseline = brier_losses(scored.defaulted, scored.ai), brier_losses(scored.defaulted, scored.baseline)
        return measure_benefit(ai, baseline, use.plan, data_digest=book.digest)
    return measure_capture(
        scored.defaulted,
        scored.ai,
        scored.baseline,
        use.plan,
        capacity=use.capacity,
        seed=seed,
        draws=draws,
        data_digest=book.digest,
    )


def _groups(
    use: Use, book: Portfolio, scored: Scored, seed: int, cell_size_min: int, draws: int
) -> tuple[Measurement, ...]:
    """Measure who is on the AI's list, over the accounts whose sex and marital status the publisher documents.

    A code without a meaning is not a group of people; the accounts left out are few and counted by `n`.
    """
    if use.capacity is None or not use.by:
        return ()
    called = top(scored.ai, list_size(use.capacity, len(scored.rows)), seed=seed)
    attributes = {name: column[scored.rows] for name, column in book.groups.items()}
    documented = np.logical_and.reduce([column != NOT_DOCUMENTED for column in attributes.values()])
    cells = count_cells(
        scored.defaulted[documented],
        called[documented],
        {name: column[documented] for name, column in attributes.items()},
    )
    return measure_groups(cells, use.by, cell_size_min=cell_size_min, seed=seed, draws=draws, data_digest=book.digest)
