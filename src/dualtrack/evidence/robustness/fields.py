"""Fields changed one at a time: what the model does when one is missing or past everything it has seen.

A model that refuses (raises, or an endpoint that answers 400 or 422) has handled the case. One that answers is held to its decision on the
untouched row. One that answers with something that is no score has handled nothing: all rows count as turned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dualtrack.domain.records import Record
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.models import ask
from dualtrack.evidence.numeric import np
from dualtrack.evidence.robustness.estimates import share_measurement, share_part

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.measurement import Measurement, Method
    from dualtrack.evidence.robustness.asking import Asked

__all__ = ["CHANGES_MAX", "FieldTurned", "FieldsTurned", "Handled", "estimate_fields", "merge_fields", "turn_fields"]

CHANGES_MAX = 2_000
"""Most changes of one measurement: each is a question about all rows and a line of the statistics."""

Handled = Literal["answered", "refused", "unusable"]
"""What a model did with a changed field."""


class FieldTurned(Record, frozen=True):
    """One change of one field: what the model did with it, and rows whose decision turned."""

    field: str
    handled: Handled
    turned: int


class FieldsTurned(Record, frozen=True):
    """Rows asked, rows turned by any of the changes, each change, and rows decided 1 as they are."""

    rows: int
    turned: int
    fields: tuple[FieldTurned, ...]
    ones: int


def turn_fields(
    found: Asked,
    changes: Sequence[tuple[str, int, Callable[[NDArray[np.float64]], NDArray[np.float64]]]],
    threshold: float,
) -> FieldsTurned:
    """Ask for the rows with each change made alone; a change is a label, a column's place and what becomes of the column."""
    if len(changes) > CHANGES_MAX:
        raise FieldError(
            f"{len(changes)} changes",
            where="robustness",
            expected=f"at most {CHANGES_MAX}",
            fix="name the columns that matter",
        )
    decided = found.scores >= threshold
    any_turned = np.zeros(len(decided), dtype=np.bool_)
    fields = []
    for label, place, change in changes:
        rows = found.rows.copy()
        rows[:, place] = change(rows[:, place])
        handled, turned = _one(found, rows, decided, threshold)
        any_turned |= turned
        fields.append(FieldTurned(field=label, handled=handled, turned=int(turned.sum())))
    return FieldsTurned(rows=len(decided), turned=int(any_turned.sum()), fields=tuple(fields), ones=int(decided.sum()))


def merge_fields(parts: Sequence[FieldsTurned]) -> FieldsTurned:
    """Add statistics of separate rows; a case handled differently in different parts counts as the worse of them."""
    names = [tuple(each.field for each in part.fields) for part in parts]
    if not parts or any(each != names[0] for each in names):
        raise FieldError("other fields in another part", where="robustness", expected="the same fields in every part")
    order: tuple[Handled, ...] = ("refused", "answered", "unusable")
    fields = tuple(
        FieldTurned(
            field=same[0].field,
            handled=max((each.handled for each in same), key=order.index),
            turned=sum(each.turned for each in same),
        )
        for same in zip(*(part.fields for part in parts), strict=True)
    )
    return FieldsTurned(
        rows=sum(part.rows for part in parts),
        turned=sum(part.turned for part in parts),
        fields=fields,
        ones=sum(part.ones for part in parts),
    )


def estimate_fields(
    name: str, statistics: FieldsTurned, method: Method, how: Estimating, threshold: float
) -> Measurement:
    """Return the share of rows turned by any change; one part for each change that was not refused."""
    kinds = [each.handled for each in statistics.fields]
    worst = max(statistics.fields, key=lambda each: each.turned, default=None)
    return share_measurement(
        name,
        statistics.turned,
        statistics.rows,
        statistics,
        how,
        method=method,
        ones=statistics.ones,
        facts={
            "threshold": threshold,
            "changes": len(kinds),
            "changes_answered": kinds.count("answered"),
            "changes_refused": kinds.count("refused"),
            "changes_unusable": kinds.count("unusable"),
            "worst": worst.field if worst is not None and worst.turned else "",
        },
        parts=tuple(
            share_part(each.field, each.turned, statistics.rows, how)
            for each in statistics.fields
            if each.handled != "refused"
        ),
    )


def _one(
    found: Asked, rows: NDArray[np.float64], decided: NDArray[np.bool_], threshold: float
) -> tuple[Handled, NDArray[np.bool_]]:
    try:
        scores = ask(found.model, rows)
    except EvidenceError as error:
        if error.code == "evidence.model-raised":
            return "refused", np.zeros(len(rows), dtype=np.bool_)
        if error.code == "evidence.model-answer":
            return "unusable", np.ones(len(rows), dtype=np.bool_)
        raise  # late or unreachable: nothing was found out
    return "answered", (scores >= threshold) != decided
