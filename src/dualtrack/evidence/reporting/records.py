"""The records of an assurance report: plain, complete, in no language of their own; as JSON they are the report for a program.

Instants are those of the ledger, and no clock is read: the same ledger gives the same report.
"""

from __future__ import annotations

from typing import Literal

from dualtrack.domain.records import Record, Text
from dualtrack.evidence.plans.records import MeasurementResult

__all__ = [
    "REPORT_FORMAT",
    "AssuranceReport",
    "HistoryLine",
    "ItemReport",
    "Lack",
    "NotTested",
    "OpenTopic",
    "PlanHead",
    "SmallGroup",
    "Unanswered",
    "UnmeasuredAttribute",
    "UntestedMeasure",
]

REPORT_FORMAT: Literal["dualtrack.assurance-report/1"] = "dualtrack.assurance-report/1"
"""The form of the JSON."""

Lack = Literal["no result", "not measurable", "underpowered"]
"""Why a planned item has no answer."""


class PlanHead(Record, frozen=True):
    """The registered plan behind the report: its entry, digest and instant, who signed it, and what holds for all its items."""

    entry: int
    digest: str
    recorded_at: str
    signed_by: list[str]
    title: Text
    data: Text
    items: int
    level: float
    seed: int
    draws: int
    cell_size_min: int
    rows_min: int
    variants: int


class ItemReport(Record, frozen=True):
    """One result with its entry, and what the registry says of its measure. `chosen` is the place of the gated measurement.

    `digest` is that of the result's record; `result` is that record, with every measurement and its sufficient statistics.
    """

    entry: int
    recorded_at: str
    digest: str
    signed_by: list[str]
    title: Text
    misleads: Text | None
    topic_title: Text | None
    chosen: int | None
    result: MeasurementResult


class HistoryLine(Record, frozen=True):
    """An earlier result, of another run, release or plan: never left out, whatever it said."""

    entry: int
    recorded_at: str
    item: str
    measure: str
    title: Text
    release: str
    plan: int | None
    standing: str
    n: int | None
    estimate: float | None
    low: float | None
    high: float | None
    level: float
    data_digest: str


class UntestedMeasure(Record, frozen=True):
    """A measure of the registry that no item of the plan makes."""

    name: str
    family: str
    title: Text


class OpenTopic(Record, frozen=True):
    """A topic that rules of adopted packs ask of this use and that no admitted evidence answers; `binding` if a rule of it binds."""

    topic: str
    title: Text
    rules: list[str]
    binding: bool


class UnmeasuredAttribute(Record, frozen=True):
    """An attribute that the shipped pack lists as protected and that no result of the report looks at."""

    name: str
    cites: str


class SmallGroup(Record, frozen=True):
    """A group or segment on which the data could not answer."""

    entry: int
    item: str
    measure: str
    label: str
    n: int


class Unanswered(Record, frozen=True):
    """A planned item without an answer, with the reason and the sample that would settle it, where they are known."""

    item: str
    measure: str
    title: Text
    lack: Lack
    entry: int | None
    reason: str | None
    n_needed: int | None


class NotTested(Record, frozen=True):
    """What the report does not say anything about, as far as it can be known."""

    families: list[str]
    measures: list[UntestedMeasure]
    topics: list[OpenTopic]
    attributes: list[UnmeasuredAttribute]
    groups: list[SmallGroup]
    items: list[Unanswered]


class AssuranceReport(Record, frozen=True):
    """The whole report of a use's release. `as_of` is the instant of the newest entry, and `entries` how many the ledger had."""

    format: Literal["dualtrack.assurance-report/1"]
    institution: str
    use: str
    title: Text
    release: str | None
    demo: bool
    as_of: str
    entries: int
    plan: PlanHead | None
    items: list[ItemReport]
    exploratory: list[ItemReport]
    history: list[HistoryLine]
    not_tested: NotTested
