"""The records of a plan and of a result, as they stand in the ledger (kinds `measurement-plan/1`, `measurement-result/1`)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from dualtrack.domain.forms import Digest, Slug, TopicName, UseName
from dualtrack.domain.records import Record, Text, Value
from dualtrack.evidence.measurement import LEVEL, Measurement
from dualtrack.evidence.sample import Roles
from dualtrack.permit.planned import PLAN_KIND

__all__ = [
    "ITEMS_MAX",
    "PLAN_KIND",
    "RESULT_KIND",
    "DecisionRule",
    "Gate",
    "MeasurementPlan",
    "MeasurementResult",
    "PlanItem",
    "PlanReference",
    "Standing",
]

RESULT_KIND = "measurement-result/1"

ITEMS_MAX = 200
"""Most items of a plan: a plan with more is several plans."""

Standing = Literal["met", "missed", "underpowered", "not measurable", "reported"]
"""What became of an item.

`met`: the whole interval lies on the right side of the threshold. `missed`: it lies on the wrong side. `underpowered`: the data
cannot tell. `not measurable`: no number could be formed, for the reason given. `reported`: planned without a threshold.
"""


class Gate(Record, frozen=True):
    """What an item counts as: an evidence topic, and the threshold registered for it.

    `target`: the low limit must reach it. `limit`: the high limit must not pass it. `limit_low` and `limit_high` are a band.
    `part` names the field of a topic that several items fill together (the four shares of `data_quality`), with its target.
    `claim` names the benefit claim of the declaration. `pick` chooses among a measure's results, by `measure` and by facts; where
    several remain the worst one counts. `states` are fields of the topic that no measure can compute, as the planner states them.
    """

    topic: TopicName
    target: float | None = None
    limit: float | None = None
    limit_low: float | None = None
    limit_high: float | None = None
    part: str | None = None
    claim: Slug | None = None
    pick: dict[str, Value] = {}
    states: dict[str, Value] = {}


class DecisionRule(Record, frozen=True):
    """The decision column made from the score: 1 from `at_least` on, or for the `capacity` (share of rows) with the highest scores."""

    at_least: float | None = None
    capacity: float | None = None


class PlanItem(Record, frozen=True):
    """One measurement that will be made: measure, settings, threshold, and the fewest rows it may be made on."""

    id: Slug
    measure: str
    settings: dict[str, Any] = {}
    gate: Gate | None = None
    rows_min: int = 0
    columns: Roles | None = None


class MeasurementPlan(Record, frozen=True):
    """What will be measured about a use's releases. `variants` is how many versions were or will be tried on the same data.

    Every threshold, group size and level here is the firm's, fixed before the data are seen. `columns` says which column plays
    which part; `model` and `baseline` there are the scores that the run computes. `cell_size_min` is the fewest rows of a group that
    may have a rate, `people_min` the fewest people whom the counts that are kept may tell apart (else the figure that
    `evidence/data/suppression.yaml` gives for the day).
    """

    format: Literal["dualtrack.measurement-plan/1"]
    use: UseName
    title: Text
    data: Text
    columns: Roles
    items: Annotated[list[PlanItem], Meta(min_length=1, max_length=ITEMS_MAX)]
    decision: DecisionRule | None = None
    level: Annotated[float, Meta(ge=0.5, lt=1)] = LEVEL
    seed: Annotated[int, Meta(ge=0)] = 1
    draws: Annotated[int, Meta(ge=100, le=100_000)] = 1_000
    cell_size_min: Annotated[int, Meta(ge=1)] = 30
    people_min: Annotated[int, Meta(ge=2)] | None = None
    rows_min: Annotated[int, Meta(ge=1)] = 1
    variants: Annotated[int, Meta(ge=1)] = 1


class PlanReference(Record, frozen=True):
    """The registered plan behind a result: its entry, its digest, when the ledger took it in."""

    index: int
    digest: Digest
    recorded_at: str


class MeasurementResult(Record, frozen=True):
    """What one item of a run gave: every measurement in full, or the reason why there is none.

    `plan` is None where the plan was not registered before: the result is then `exploratory` and counts for nothing.
    `level` is the coverage used, after correction for `variants` (versions tried on these data, as planned or as found in the
    ledger, whichever is more). `data_digest` is that of the columns measured, scores of the model among them; `given_digest` that of
    the table as it was given, so that tries on the same data are seen to be such. `scores_from` says where the scores came from: the
    model that was named and asked, or a column of the table, of which only its signer can say that the release made it. `n_needed` is the sample that would settle an underpowered item, where a formula says. `people_min` is the fewest people whom
    the kept counts tell apart.
    """

    format: Literal["dualtrack.measurement-result/1"]
    use: UseName
    release: Digest
    run: Digest
    plan: PlanReference | None
    exploratory: bool
    item: PlanItem
    standing: Standing
    reason: str | None
    data_digest: Digest
    given_digest: Digest
    scores_from: str
    rows: int
    level: float
    variants: int
    n_needed: int | None
    engine: str
    software: str
    taken_at: str
    people_min: int | None = None
    measurements: list[Measurement] = []
    demo: bool = False
