"""Faults of data and models, each a change to a case; None where the case has nothing that could be wrong in this way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from measure_worlds import RELEASE, Linear

if TYPE_CHECKING:
    from collections.abc import Callable

    from measure_cases import Case

FAULTS: dict[str, Any] = {}


def fault(function: Callable[[Case], Case | None]) -> Callable[[Case], Case | None]:
    """Enter a fault under its name in words."""
    FAULTS[function.__name__.replace("_", " ")] = function
    return function


def changed(case: Case, role: str, change: Callable[[Any], Any]) -> Case | None:
    """Return the case with the column of a role changed (of several columns the first); None where no column plays it."""
    name = getattr(case.roles, role)
    if isinstance(name, tuple):
        name = name[0] if name else None
    if name is None:
        return None
    return case._replace(columns=case.columns | {name: change(case.columns[name])})


def with_value(case: Case, role: str, value: float) -> Case | None:
    """Put one value that is no number into the fourth row."""

    def put(column: Any) -> Any:
        if column.dtype.kind == "O":
            return column
        reals = column.astype(np.float64)
        reals[3] = value
        return reals

    found = changed(case, role, put)
    return None if found is None or _text(case, role) else found


def _text(case: Case, role: str) -> bool:
    name = getattr(case.roles, role)
    first = name[0] if isinstance(name, tuple) else name
    return bool(case.columns[first].dtype.kind == "O")


def _constant(value: float) -> Callable[[Any], Any]:
    return lambda column: np.full(len(column), value)


def _masked(column: Any) -> Any:
    return np.ma.array(column, mask=True)


def _words(column: Any) -> Any:
    return np.array(["a word"] * len(column), dtype=object)


for _role in ("label", "score", "baseline", "decision"):
    for _value in (0.0, 1.0) if _role in {"label", "decision"} else (0.5,):
        FAULTS[f"{_role} all {_value:g}"] = lambda case, role=_role, value=_value: changed(case, role, _constant(value))
for _role in ("label", "score", "baseline", "decision", "features"):
    for _value in (np.nan, np.inf):
        FAULTS[f"{_value} in {_role}"] = lambda case, role=_role, value=_value: with_value(case, role, value)
    FAULTS[f"text in {_role}"] = lambda case, role=_role: changed(case, role, _words)
for _role in (
    "label", "score", "baseline", "decision", "features", "attributes", "time", "cluster", "arm", "split", "answer",
    "expected", "passages",
):  # fmt: skip
    FAULTS[f"{_role} all missing"] = lambda case, role=_role: changed(case, role, _masked)


@fault
def score_and_model_constant(case: Case) -> Case | None:
    """Let the model say the same of everybody, in the column and when asked."""
    if case.model is None:
        return None
    columns = {name: np.full(len(values), 0.5) if name == "score" else values for name, values in case.columns.items()}
    return case._replace(columns=columns, model=Constant())


@fault
def one_row(case: Case) -> Case:
    """Keep a single row."""
    return case._replace(columns={name: values[:1] for name, values in case.columns.items()})


@fault
def two_equal_rows(case: Case) -> Case:
    """Keep one row, twice: a spread of nought is no certainty."""
    return case._replace(columns={name: values[[0, 0]] for name, values in case.columns.items()})


@fault
def constant_features(case: Case) -> Case | None:
    """Let every row be the same for the model."""
    if not case.roles.features:
        return None
    flat = {name: np.full(len(case.columns[name]), case.columns[name][0]) for name in case.roles.features}
    return case._replace(columns=case.columns | flat)


@fault
def a_group_of_one(case: Case) -> Case | None:
    """Give one row a level of its own."""

    def put(column: Any) -> Any:
        found = column.copy()
        found[0] = 9 if found.dtype.kind != "O" else "alone"
        return found

    return changed(case, "attributes", put)


@fault
def attribute_of_one_level(case: Case) -> Case | None:
    """Let everybody be of one group."""
    return changed(case, "attributes", lambda column: np.repeat(column[:1], len(column)))


@fault
def level_the_reference_does_not_know(case: Case) -> Case | None:
    """Let a third of the rows be of a group that the reference never saw."""

    def put(column: Any) -> Any:
        found = column.copy()
        found[::3] = 7 if found.dtype.kind != "O" else "newly come"
        return found

    return changed(case, "attributes", put)


@fault
def attributes_not_named(case: Case) -> Case | None:
    """Leave the role of protected attributes empty."""
    if not case.roles.attributes:
        return None
    return case._replace(roles=msgspec.structs.replace(case.roles, attributes=()))


def _weighted(value: float) -> Callable[[Case], Case]:
    def change(case: Case) -> Case:
        rows = len(next(iter(case.columns.values())))
        weights = 1.0 + np.arange(rows) % 3
        weights[2] = value
        roles = msgspec.structs.replace(case.roles, weight="weight")
        reference = case.reference and case.reference | {"weight": weights[: len(next(iter(case.reference.values())))]}
        return case._replace(columns=case.columns | {"weight": weights}, roles=roles, reference=reference)

    return change


FAULTS |= {"weights": _weighted(2.0), "a weight of nought": _weighted(0.0), "a weight below nought": _weighted(-1.0)}


@fault
def reference_is_the_sample(case: Case) -> Case | None:
    """Test on the rows of training."""
    return None if case.reference is None else case._replace(reference=case.columns)


@fault
def splits_hold_the_same_rows(case: Case) -> Case | None:
    """Copy every training row into the test split."""
    if case.roles.split is None:
        return None
    train = case.columns["split"] == "train"
    half = {name: values[train] for name, values in case.columns.items()}
    twice = {name: np.concatenate([values, values]) for name, values in half.items()}
    twice["split"] = np.repeat(np.array(["train", "test"], dtype=object), int(train.sum()))
    return case._replace(columns=twice)


@fault
def time_in_the_future(case: Case) -> Case | None:
    """Date every row forty years ahead."""
    return changed(
        case, "time", lambda column: np.array([each.replace("2026-", "2066-") for each in column], dtype=object)
    )


@fault
def time_unreadable(case: Case) -> Case | None:
    """Write no time where time should be."""
    return changed(case, "time", _words)


class Constant(Linear):
    """Says one half of everybody, for no reason."""

    def score(self, rows: Any) -> Any:
        """Return one half."""
        return np.full(len(rows), 0.5)

    def contributions(self, rows: Any) -> Any:
        """Return no reasons."""
        return super().contributions(rows)._replace(values=np.zeros(rows.shape), base=0.0)


class _Broken:
    """A model that does one thing wrong, in its scores and in its reasons."""

    release_digest = RELEASE

    def __init__(self, how: str) -> None:
        self._how, self._asked = how, 0
        self._whole = Linear()

    def score(self, rows: Any) -> Any:
        """Return scores spoilt."""
        return self._spoilt(self._whole.score(rows))

    def contributions(self, rows: Any) -> Any:
        """Return reasons spoilt."""
        found = self._whole.contributions(rows)
        return found._replace(values=self._spoilt(found.values))

    def _spoilt(self, found: Any) -> Any:
        self._asked += 1
        if self._how == "raises":
            raise RuntimeError("the model is out of order")
        if self._how == "short":
            return found[:-1]
        if self._how == "wide":
            return np.stack([found, found], axis=-1)
        if self._how == "text":
            return ["high"] * len(found)
        if self._how == "restless":
            return found + np.random.default_rng(self._asked).normal(0, 0.05, found.shape)
        spoilt = found.copy()
        spoilt[-1] = np.nan
        return spoilt


for _how in ("raises", "short", "wide", "text", "restless", "nan"):
    FAULTS[f"model: {_how}"] = lambda case, how=_how: case.model and case._replace(model=_Broken(how))


def raises(features: Any, label: Any, seed: int) -> Any:
    """Fail to train."""
    raise RuntimeError("training is out of order")


def returns_nothing(features: Any, label: Any, seed: int) -> Any:
    """Train nothing that scores."""
    return 3


def trains_nan(features: Any, label: Any, seed: int) -> Any:
    """Train a model without numbers."""
    return lambda rows: np.full(len(rows), np.nan)


def trains_constant(features: Any, label: Any, seed: int) -> Any:
    """Train a model that says one half of everybody."""
    return lambda rows: np.full(len(rows), 0.5)


def _trained(name: str) -> Callable[[Case], Case | None]:
    def change(case: Case) -> Case | None:
        if not getattr(case.settings, "trainer", ""):
            return None
        return case._replace(settings=msgspec.structs.replace(case.settings, trainer=f"measure_faults:{name}"))

    return change


for _name in ("raises", "returns_nothing", "trains_nan", "trains_constant", "no_such_function"):
    FAULTS[f"trainer: {_name}"] = _trained(_name)
