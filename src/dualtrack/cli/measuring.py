"""One measurement of a model on a table, as the observation of a topic: what `dualtrack evidence measure` computes.

Loaded only when something is measured, since it needs numpy. The numbers come from `dualtrack.evidence`; here columns are
chosen, the model is found and called, and the declared claim becomes the plan that the benefit is tested against.
"""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.domain.evidence import Predicate
from dualtrack.domain.usecase import UseCase, primary_claim
from dualtrack.domain.vocabulary import Design, EvidenceKind
from dualtrack.errors import DualtrackError, EvidenceError, FieldError
from dualtrack.evidence.arrays import labels, reals
from dualtrack.evidence.benefit.capture import measure_capture
from dualtrack.evidence.benefit.paired import Plan, brier_losses, measure_benefit
from dualtrack.evidence.cells import count_cells
from dualtrack.evidence.fairness.groups import measure_groups
from dualtrack.evidence.fields import benefit_fields, calibration_fields, group_fields, performance_fields
from dualtrack.evidence.models import CallableScorer, HttpScorer
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.calibration import measure_calibration
from dualtrack.evidence.performance.discrimination import measure_auc
from dualtrack.evidence.tables import load_table, table_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from dualtrack.domain.records import Value
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.models import Scorer

__all__ = ["Asked", "Observed", "observe"]


class Asked(NamedTuple):
    """What was asked on the command line."""

    topic: str
    data: Path
    label: str
    model: str | None
    endpoint: str | None
    features: tuple[str, ...]
    baseline: str | None
    metric: Literal["brier", "capture"]
    capacity: float | None
    bound: float | None
    groups: tuple[str, ...]
    threshold: float | None
    cell_size_min: int
    seed: int


class Observed(NamedTuple):
    """The observation, and the columns that the model was given."""

    predicate: Predicate
    features: list[str]


def observe(asked: Asked, use_case: UseCase, release: str, taken_at: str) -> Observed:
    """Measure what was asked; raises FieldError for a wrong column or option, EvidenceError for a model that fails."""
    table = load_table(asked.data)
    features = _features(asked, table)
    digest = table_digest({name: table[name] for name in (*features, asked.label, *_others(asked, table))})
    rows = np.column_stack([reals(table[name], name) for name in features])
    truth = labels(table[asked.label], asked.label)
    score = _score(_scorer(asked, release), rows)
    claim = None
    if asked.topic == "benefit":
        found = primary_claim(use_case)
        if found is None or found.minimum is None or found.baseline is None:
            raise FieldError(
                "no primary benefit claim with baseline and minimum", where=use_case.use, fix="declare it beforehand"
            )
        claim = found.id
        plan = Plan(
            unit=found.unit or asked.metric,
            direction="lower is better" if asked.metric == "brier" else "higher is better",
            effect=found.minimum,
            margin=found.margin if found.design is Design.NON_INFERIORITY else None,
        )
        measured = _benefit(asked, plan, truth, score, _baseline(asked, table, rows), digest)
        fields = benefit_fields(measured, claim=found.id, baseline=found.baseline)
    else:
        measured, fields = _safety(asked, table, truth, score, digest)
    predicate = Predicate(
        kind=EvidenceKind.MEASUREMENT,
        topic=asked.topic,
        fields=fields,
        taken_at=taken_at,
        claim=claim,
        **measured.predicate(),
    )
    return Observed(predicate, features)


def _safety(
    asked: Asked, table: dict[str, NDArray[Any]], truth: NDArray[np.bool_], score: NDArray[np.float64], digest: str
) -> tuple[Measurement, dict[str, Value]]:
    if asked.bound is None:
        raise FieldError("no target or limit", where="--bound", fix="give the one your firm set beforehand")
    if not math.isfinite(asked.bound):  # no record can hold it; said here, so that a dry run says it too
        raise FieldError(f"{asked.bound}", where="--bound", expected="a finite number")
    if asked.topic == "predictive_performance":
        measured = measure_auc(truth, score, data_digest=digest)
        return measured, performance_fields(measured, target=asked.bound)
    if asked.topic == "calibration_performance":
        found = measure_calibration(truth, score, seed=asked.seed, data_digest=digest)
        measured = next(item for item in found if item.measure == "calibration.expected-error")
        return measured, calibration_fields(measured, limit=asked.bound)
    if not asked.groups or asked.threshold is None:
        raise FieldError(
            "no groups or no threshold",
            where="--group, --threshold",
            fix="name the columns, and the score that selects",
        )
    cells = count_cells(truth, score >= asked.threshold, {name: table[name] for name in asked.groups})
    (measured,) = measure_groups(
        cells,
        (asked.groups,),
        cell_size_min=asked.cell_size_min,
        seed=asked.seed,
        rates=("selection_rate",),
        data_digest=digest,
    )
    return measured, group_fields(measured, limit=asked.bound)


def _benefit(
    asked: Asked,
    plan: Plan,
    truth: NDArray[np.bool_],
    score: NDArray[np.float64],
    baseline: NDArray[np.float64],
    digest: str,
) -> Measurement:
    if asked.metric == "brier":
        return measure_benefit(brier_losses(truth, score), brier_losses(truth, baseline), plan, data_digest=digest)
    if asked.capacity is None:
        raise FieldError("no capacity", where="--capacity", fix="give the share of rows that can be worked through")
    return measure_capture(truth, score, baseline, plan, capacity=asked.capacity, seed=asked.seed, data_digest=digest)


def _features(asked: Asked, table: dict[str, NDArray[Any]]) -> list[str]:
    """Return the columns that the model is given: those named, else every number that has no other part to play."""
    others = {asked.label, *_others(asked, table)}
    for name in (*asked.features, *others):
        if name not in table:
            raise FieldError(f"no column {name!r}", where=str(asked.data), expected=", ".join(list(table)[:40]))
    features = list(asked.features) or [
        name for name, column in table.items() if name not in others and column.dtype.kind in "biuf"
    ]
    if asked.label in features:
        raise FieldError("the label is among the features", where="--feature", fix="leave it out: it is the answer")
    if not features:
        raise FieldError("no column with numbers is left for the model", where=str(asked.data), fix="name --feature")
    return features


def _others(asked: Asked, table: dict[str, NDArray[Any]]) -> list[str]:
    column = asked.baseline if asked.baseline and (asked.baseline in table or ":" not in asked.baseline) else None
    return [*dict.fromkeys((*asked.groups, *([column] if column else [])))]


def _baseline(asked: Asked, table: dict[str, NDArray[Any]], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    if asked.baseline is None:
        raise FieldError("no baseline", where="--baseline", fix="name a column, or module:function, of the non-AI way")
    if asked.baseline in table:
        return reals(table[asked.baseline], asked.baseline)
    return _score(CallableScorer(_function(asked.baseline, "--baseline"), release_digest="0" * 64), rows)


def _scorer(asked: Asked, release: str) -> Scorer:
    if (asked.model is None) == (asked.endpoint is None):
        raise FieldError("one model is needed", where="--model, --endpoint", fix="give one of the two")
    if asked.endpoint is not None:
        return HttpScorer(asked.endpoint, release_digest=release)
    return CallableScorer(_function(asked.model or "", "--model"), release_digest=release)


def _score(scorer: Scorer, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        return scorer.score(rows)
    except DualtrackError:
        raise
    except Exception as error:  # somebody else's code may raise anything; it is named, not hidden
        raise EvidenceError(
            f"the model raised {type(error).__name__}: {error}",
            where="--model",
            expected="a function from an array (rows, features) to one number a row",
            fix="call it on the same table by hand",
        ) from error


def _function(text: str, where: str) -> Callable[[NDArray[np.float64]], ArrayLike]:
    """Find `module:function`; the current folder is searched too, last, so that a file in it replaces nothing of ours."""
    module, _, name = text.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found: Callable[[NDArray[np.float64]], ArrayLike] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise FieldError(f"{text!r} cannot be found: {error}", where=where, expected="module:function") from error
    if not callable(found):
        raise FieldError(f"{text!r} is no function", where=where, expected="module:function")
    return found
