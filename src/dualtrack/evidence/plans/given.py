"""What a run is given, and the sample that comes of it: the table, the model's scores, the baseline's, the decisions made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import convert
from msgspec.structs import replace

from dualtrack.errors import FieldError
from dualtrack.evidence.arrays import reals
from dualtrack.evidence.benefit.capture import list_size, top
from dualtrack.evidence.models import ask
from dualtrack.evidence.numeric import np
from dualtrack.evidence.sample import Roles, Sample, make_sample

if TYPE_CHECKING:
    from dualtrack.evidence.models import Scorer
    from dualtrack.evidence.plans.records import DecisionRule, MeasurementPlan, PlanItem
    from dualtrack.evidence.tables import Column, Table

__all__ = ["BASELINE", "DECISION", "MODEL", "Given", "given_sample", "item_sample"]

MODEL, BASELINE, DECISION = "model", "baseline", "decision"
"""Names of the columns that a run makes, where the table has none of that name."""


class Given(NamedTuple):
    """The data of a run: the table, and the same table of an earlier time or of training; scorers of the AI and of the baseline.

    `named` says what the scorer is: a file with its digest, a function, an address.
    """

    table: Table
    reference: Table | None = None
    model: Scorer | None = None
    baseline: Scorer | None = None
    named: str = ""


def given_sample(plan: MeasurementPlan, given: Given) -> Sample:
    """Return the sample of a plan's columns; raises FieldError for a column that is missing, EvidenceError for a model that fails."""
    roles = plan.columns
    if plan.decision is not None and roles.decision is None:
        roles = replace(roles, decision=DECISION)
    reference = None
    if given.reference is not None:
        earlier = _filled(given.reference, roles, given, plan, whole=False)
        reference = make_sample(earlier, _present(roles, earlier))
    table = _filled(given.table, roles, given, plan, whole=True)
    return make_sample(table, roles, reference=reference, model=given.model)


def item_sample(sample: Sample, item: PlanItem, given: Given) -> Sample:
    """Return the sample of an item that names columns of its own, else that of the plan."""
    if item.columns is None:
        return sample
    columns = {**given.table, **sample.columns}
    return make_sample(columns, item.columns, reference=sample.reference, model=sample.model)


def _filled(table: Table, roles: Roles, given: Given, plan: MeasurementPlan, *, whole: bool) -> dict[str, Column]:
    """Return the table with the columns that the run makes: scores of the model and the baseline, then decisions.

    What cannot be made is refused for the table that must be `whole`; an earlier one may lack it.
    """
    columns = dict(table)
    for role, name, scorer in ((roles.score, MODEL, given.model), (roles.baseline, BASELINE, given.baseline)):
        if role == name and name not in columns:
            if scorer is None and not whole:
                continue
            if scorer is None:
                raise FieldError(
                    f"no {name} was given", where="run", fix=f"name it with --{name}, or its column in the plan"
                )
            columns[name] = _scores(scorer, columns, roles, name)
    scored = whole or roles.score in columns
    if roles.decision == DECISION and DECISION not in columns and plan.decision is not None and scored:
        columns[DECISION] = _decided(plan.decision, columns, roles, plan.seed)
    return columns


def _scores(scorer: Scorer, columns: dict[str, Column], roles: Roles, name: str) -> Column:
    rows = make_sample(columns, Roles(features=roles.features)).features()
    return ask(scorer, rows, f"--{name}")


def _decided(rule: DecisionRule, columns: dict[str, Column], roles: Roles, seed: int) -> Column:
    if roles.score is None or roles.score not in columns:
        raise FieldError("no score to decide by", where="plan, field decision", fix="name the column of the score")
    score = reals(columns[roles.score], roles.score)
    if rule.at_least is not None:
        return (score >= rule.at_least).astype(np.int64)
    assert rule.capacity is not None
    return top(score, list_size(rule.capacity, len(score)), seed=seed).astype(np.int64)


def _present(roles: Roles, columns: dict[str, Column]) -> Roles:
    """Keep of the roles what the earlier table has: it may lack labels that are not known yet."""
    held = {
        role: tuple(name for name in value if name in columns) if isinstance(value, tuple) else value
        for role in roles.__struct_fields__
        for value in [getattr(roles, role)]
        if isinstance(value, tuple) or value in columns
    }
    return convert(held, Roles)
