"""Train a use and lay out what its plan measures: the accounts measured, those trained on, the model and the way without AI."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack.domain.documents import read_yaml
from dualtrack.errors import FieldError
from dualtrack.evidence.demo.baselines import bucket_rates, collection_order, early_contact_points
from dualtrack.evidence.demo.learner import train
from dualtrack.evidence.demo.portfolio import FEATURES, split_rows
from dualtrack.evidence.numeric import np
from dualtrack.evidence.plans.given import Given
from dualtrack.evidence.plans.reading import read_plan
from dualtrack.evidence.plans.running import Asked, run_plan
from dualtrack.evidence.resampling import DRAWS, generator
from dualtrack.evidence.tables import load_taiwan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualtrack.evidence.demo.learner import TrainedModel
    from dualtrack.evidence.demo.portfolio import Portfolio
    from dualtrack.evidence.demo.uses import Use
    from dualtrack.evidence.plans.records import MeasurementPlan, MeasurementResult
    from dualtrack.evidence.tables import Column

__all__ = ["MONTHS_LATE_COLLECTION", "Prepared", "covered_rows", "measure_use", "prepare_use", "use_plan"]

MONTHS_LATE_COLLECTION = 2
"""Months late from which an account is in collection; before that it may still be called early."""

_QUALITY_COLUMNS = ("education", "marriage", "age", "pay_0", "limit_bal")
"""Columns of the carried table that no model sees and whose quality is measured all the same."""


_NO_INSTANT = "1970-01-01T00:00:00Z"
"""Stands for the instant of a measurement that is kept nowhere."""


class Prepared(NamedTuple):
    """A trained model with the data of its plan; `data_digest` is that of the whole carried table, `n_train` and `n_test` are accounts."""

    model: TrainedModel
    data_digest: str
    given: Given
    n_train: int
    n_test: int


def use_plan(use: Use, name: str) -> MeasurementPlan:
    """Return what the fictional bank plans to measure of a use, for the use of this name (institution/use)."""
    data = (resources.files("dualtrack.evidence.demo") / "plans" / f"{use.slug}.yaml").read_bytes()
    plan = read_plan(read_yaml(data, where=f"{use.slug}.yaml"), where=f"{use.slug}.yaml")
    return replace(plan, use=name, columns=replace(plan.columns, features=FEATURES))


def prepare_use(use: Use, book: Portfolio, *, seed: int, shuffled: bool = False) -> Prepared:
    """Train on one part of the use's accounts and lay out the other; a pure function of book, use and seed.

    `shuffled` deals the outcomes to the accounts at random before anything is learned: a control in which no benefit can exist.
    """
    defaulted = generator(seed).permutation(book.defaulted) if shuffled else book.defaulted
    parts = split_rows(covered_rows(use, book), seed=seed)
    model = train(book.features[parts.train], defaulted[parts.train], seed=seed)
    baseline = _baseline(use, book, defaulted, parts.train, parts.test)
    test = _columns(book, defaulted, parts.test) | {"baseline": baseline}
    return Prepared(
        model=model,
        data_digest=book.digest,
        given=Given(
            table=test,
            reference=_columns(book, defaulted, parts.train),
            model=model,
            named=f"the model trained in this run, SHA-256 {model.release_digest}",
        ),
        n_train=len(parts.train),
        n_test=len(parts.test),
    )


def measure_use(
    use: Use,
    book: Portfolio,
    *,
    seed: int,
    shuffled: bool = False,
    only: frozenset[str] | None = None,
    draws: int = DRAWS,
) -> dict[str, MeasurementResult]:
    """Train and measure a use by its plan with a seed of one's own, registering nothing; returns the results by item."""
    plan = replace(use_plan(use, f"demo/{use.slug}"), seed=seed, draws=draws)
    prepared = prepare_use(use, book, seed=seed, shuffled=shuffled)
    asked = Asked(prepared.model.release_digest, None, plan.variants, taken_at=_NO_INSTANT)
    return {result.item.id: result for result in run_plan(plan, prepared.given, asked, only=only).results}


def covered_rows(use: Use, book: Portfolio) -> NDArray[np.int64]:
    """Return the row numbers of the accounts that a use covers."""
    collection = book.status >= MONTHS_LATE_COLLECTION
    if use.population == "all":
        return np.arange(len(collection))
    return np.flatnonzero(collection if use.population == "two months late or more" else ~collection)


def _columns(book: Portfolio, defaulted: NDArray[np.bool_], rows: NDArray[np.int64]) -> dict[str, Column]:
    """Return the columns of some accounts: outcome, features, protected attributes, and what its quality is measured on."""
    carried = load_taiwan()
    return {
        "defaulted": defaulted[rows],
        **{name: book.features[rows, place] for place, name in enumerate(FEATURES)},
        **{name: column[rows] for name, column in book.groups.items()},
        **{name: carried[name][rows] for name in _QUALITY_COLUMNS},
    }


def _baseline(
    use: Use, book: Portfolio, defaulted: NDArray[np.bool_], train_rows: NDArray[np.int64], test_rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    if use.baseline == "delinquency-bucket-table":
        return bucket_rates(book, defaulted, train_rows, test_rows)
    orders = {"contact-points-card": early_contact_points, "longest-late-first": collection_order}
    if use.baseline not in orders:
        raise FieldError(f"baseline {use.baseline}", where=use.slug, expected=f"one of {sorted(orders)}")
    return orders[use.baseline](book, test_rows)
