"""The contract of a measure: rows become sufficient statistics, and statistics alone become estimates.

    gather(sample, settings) -> statistics          sees rows and the model; nothing of a row may stay in what it returns
    merge([statistics, ...]) -> statistics          shards, days and branches add up to the same as all rows at once
    suppressed(statistics, settings, least) -> statistics         pools what tells apart fewer people; all that is kept and signed
    estimate(statistics, settings, how) -> (Measurement, ...)     sees no row, so an outsider can repeat it from a bundle

A measure that only counts is a `CountingMeasure`: it says what to count, and any engine can do its gathering. One whose statistics do not add up
says so by `mergeable = False`. A firm adds a measure with one class and an entry point in the group `dualtrack.measures`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.counting import count
from dualtrack.evidence.measurement import LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measurement import Measurement, Method
    from dualtrack.evidence.sample import Roles, Sample
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["Cost", "CountingMeasure", "Estimating", "Family", "Measure", "NoSettings"]

Family = Literal[
    "benefit",
    "performance",
    "answers",
    "fairness",
    "robustness",
    "explanation",
    "drift",
    "security",
    "provenance",
    "quality",
]
"""Families of measures; the name of a measure begins with its family and a dot."""

Cost = Literal["counts", "rows", "resampling", "model", "training"]
"""What a measure takes: one pass that counts; columns in memory; draws over rows; further calls of the model; training."""

S = TypeVar("S", bound=Record)
P = TypeVar("P", bound=Record)


class NoSettings(Record, frozen=True):
    """A measure that has nothing to set."""


class Estimating(Record, frozen=True):
    """How estimates are made: coverage of intervals, seed and number of draws, and the digest of the data behind the statistics."""

    data_digest: str
    level: float = LEVEL
    seed: int = 1
    draws: int = 1_000
    cell_size_min: int = 30
    """Fewest rows of a group or segment that may be said to have a rate; from the plan, where the firm sets it."""


class Measure(ABC, Generic[S, P]):
    """One measure. The class attributes are its documentation: what it is, what it needs, in which unit, by which source.

    `needs` are roles of the sample (`sample.Roles`), `"reference"` or `"model"`; `unit` is that of the estimates; `source` the
    paper, paragraph or standard; `misleads` says when the number should not be trusted, in a sentence for the report.
    Bad input raises FieldError or EvidenceError with the reason; a run records it as not measurable, never as a number.
    """

    name: ClassVar[str]
    family: ClassVar[Family]
    title: ClassVar[Text]
    unit: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]
    cost: ClassVar[Cost]
    method: ClassVar[Method]
    misleads: ClassVar[Text]
    mergeable: ClassVar[bool] = True
    settings: ClassVar[type[Record]] = NoSettings
    statistics: ClassVar[type[Record]]

    @abstractmethod
    def gather(self, sample: Sample, settings: P) -> S:
        """Return the sufficient statistics of a sample."""

    def merge(self, parts: Sequence[S]) -> S:
        """Add statistics of separate rows; raises FieldError where they do not fit together, and always where `mergeable` is False."""
        raise FieldError(
            f"{len(parts)} parts", where=self.name, expected="one: they do not add up", fix="measure all rows at once"
        )

    def suppressed(self, statistics: S, settings: P, least: int) -> S:
        """Return the statistics as they may leave the firm: no group, segment, category or place on a score of fewer than `least` people.

        What is pooled must not look better for it: a group that may not be shown leaves the result `underpowered`. As they stand where
        a measure tells nobody apart. Called once, after all merging and before estimates.
        """
        del settings, least
        return statistics

    @abstractmethod
    def estimate(self, statistics: S, settings: P, how: Estimating) -> tuple[Measurement, ...]:
        """Return the measurements, the principal one first. Depends on nothing but its arguments."""


class CountingMeasure(Measure[S, P]):
    """A measure whose statistics are answers to tallies: any engine can gather for it, and every engine gathers the same."""

    @abstractmethod
    def tallies(self, roles: Roles, settings: P) -> tuple[Tally, ...]:
        """Return what is to be counted; raises FieldError naming a role that is not filled."""

    @abstractmethod
    def from_counted(self, counted: Sequence[Counted], settings: P) -> S:
        """Return the statistics from the answers, in the order of the tallies."""

    def with_reference(self, current: S, reference: S) -> S:
        """Join the statistics of two samples, for a measure that compares them; an engine counts each side by itself."""
        raise TypeError(f"{self.name} compares nothing with {reference!r:.40} and {current!r:.40}")

    def gather(self, sample: Sample, settings: P) -> S:
        """Count in memory."""
        return self.from_counted(
            [count(sample.columns, each) for each in self.tallies(sample.roles, settings)], settings
        )
