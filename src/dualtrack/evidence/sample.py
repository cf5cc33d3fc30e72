"""What a measure is given: columns in their roles, a reference to compare with, the model that made the scores.

A sample is made once per run and read by every measure. Roles say what a column is; a measure asks for roles, never for
names, so that the same plan runs on the table of another firm. Nothing here is changed after it was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.arrays import labels, reals
from dualtrack.evidence.numeric import np
from dualtrack.evidence.tables import table_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dualtrack.evidence.models import Scorer

__all__ = ["Roles", "Sample", "make_sample"]


class Roles(Record, frozen=True):
    """Which column plays which part; a role left out is a column that the data do not have.

    `label` what really happened (0 or 1, or a number), `score` what the model says, `decision` what was done with it (0 or 1),
    `baseline` what the way without AI says, `weight` how many a row stands for (above 0), `attributes` the protected ones,
    `features` what the model was given, `time` when the row was known (ISO 8601 text or epoch seconds), `cluster` the
    independent unit (a customer with several rows), `arm` the assignment of an experiment (0 or 1), `split` train or test.
    `extra` are columns that a check reads by name: verified values, times at which something was known, segments.
    For language models: `question`, `answer`, `expected`, `passages` (text columns; passages separated by a blank line).
    """

    label: str | None = None
    score: str | None = None
    decision: str | None = None
    baseline: str | None = None
    weight: str | None = None
    attributes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    time: str | None = None
    cluster: str | None = None
    arm: str | None = None
    split: str | None = None
    question: str | None = None
    answer: str | None = None
    expected: str | None = None
    passages: str | None = None
    extra: tuple[str, ...] = ()


class Sample(NamedTuple):
    """Columns of equal length by name, their roles, the digest of exactly these columns.

    `reference` is another sample to compare with (training data, last quarter, a retrained model's scores); `model` is the
    release's scorer where a measure may ask it again. Make one with `make_sample`.
    """

    columns: Mapping[str, NDArray[Any]]
    roles: Roles
    digest: str
    reference: Sample | None = None
    model: Scorer | None = None

    @property
    def n(self) -> int:
        """Rows."""
        return len(next(iter(self.columns.values())))

    def has(self, role: str) -> bool:
        """Say whether a role is filled."""
        return bool(getattr(self.roles, role))

    def column(self, role: str) -> NDArray[Any]:
        """Return the column of a role as it is; raises FieldError naming the role where the data have none."""
        name = getattr(self.roles, role)
        if not isinstance(name, str):
            raise FieldError(
                f"no column plays {role!r}", where="plan, field columns", fix=f"name the column of {role!r}"
            )
        return self.columns[name]

    def reals(self, role: str) -> NDArray[np.float64]:
        """Return a role's column as finite numbers; raises FieldError naming column and row otherwise."""
        return reals(self.column(role), str(getattr(self.roles, role)))

    def labels(self, role: str = "label") -> NDArray[np.bool_]:
        """Return a role's column as 0/1 labels."""
        return labels(self.column(role), str(getattr(self.roles, role)))

    def attributes(self) -> dict[str, NDArray[Any]]:
        """Return the protected attributes by name; raises FieldError where none is named."""
        if not self.roles.attributes:
            raise FieldError("no protected attribute", where="plan, field columns", fix="name them under attributes")
        return {name: self.columns[name] for name in self.roles.attributes}

    def features(self) -> NDArray[np.float64]:
        """Return what the model was given as an array (rows, features), missing numbers as NaN."""
        if not self.roles.features:
            raise FieldError(
                "no feature", where="plan, field columns", fix="name what the model is given under features"
            )
        return np.column_stack([_feature(self.columns[name], name) for name in self.roles.features])


def _feature(column: NDArray[Any], name: str) -> NDArray[np.float64]:
    try:
        values: NDArray[np.float64] = np.ma.filled(np.ma.asarray(column).astype(np.float64), np.nan)
    except (TypeError, ValueError, OverflowError) as error:
        raise FieldError("not numbers", where=name, expected="a column of numbers") from error
    if np.isinf(values).any():
        raise FieldError(
            "an infinite number", where=f"{name}[{int(np.argmax(np.isinf(values)))}]", fix="mask what is no measurement"
        )
    return values


def make_sample(
    columns: Mapping[str, NDArray[Any]],
    roles: Roles,
    *,
    reference: Sample | None = None,
    model: Scorer | None = None,
    digest: str | None = None,
) -> Sample:
    """Return a sample of the columns that have a role; raises FieldError for a role without its column or unequal lengths."""
    named = list(dict.fromkeys(name for value in _filled(roles) for name in value))
    for name in named:
        if name not in columns:
            raise FieldError(f"no column {name!r}", where="plan, field columns", expected=", ".join(list(columns)[:40]))
    if not named:
        raise FieldError("no column has a role", where="plan, field columns", fix="name at least one column")
    if roles.label is not None and roles.label in roles.features:
        raise FieldError(
            "the label is among the features", where="plan, field columns", fix="leave it out: it is the answer"
        )
    kept = {name: columns[name] for name in named}
    lengths = {len(column) for column in kept.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise FieldError(f"columns of {sorted(lengths)} rows", where="data", expected="one length, at least one row")
    return Sample(kept, roles, digest or table_digest(kept), reference, model)


def _filled(roles: Roles) -> list[tuple[str, ...]]:
    values = [getattr(roles, name) for name in roles.__struct_fields__]
    return [value if isinstance(value, tuple) else (value,) for value in values if value]
