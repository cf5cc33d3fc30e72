"""Whether the score moves only the way that was declared: more arrears never lower the risk, more income never raises it.

Each declared feature is swept over the values that occur (quantiles of the reference), all else of the row held. A row violates when the
score moves against the declared direction at any step by more than the tolerance. Source: H. Daniels and M. Velikova (2010), IEEE
Transactions on Neural Networks 21(6), 906-917 (partial monotonicity); the sweep is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Measurement, Method
from dualtrack.evidence.models import ask
from dualtrack.evidence.numeric import np
from dualtrack.evidence.robustness.asking import asked, columns_of, refuse_constant
from dualtrack.evidence.robustness.estimates import share_measurement, share_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.robustness.asking import Asked
    from dualtrack.evidence.sample import Sample

__all__ = ["Direction", "FieldViolations", "Monotonicity", "MonotonicitySettings", "Violations"]

Direction = Literal["up", "down"]
"""The way in which a score may move when the feature rises."""

_STEPS_LEAST = 2


class MonotonicitySettings(Record, frozen=True):
    """`directions` by feature: `up` where the score may only rise with it, `down` where it may only fall; declared by the firm."""

    directions: dict[str, Direction]
    steps: int = 20
    tolerance: float = 1e-9
    rows: int = 500
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.directions or self.steps < _STEPS_LEAST or not self.tolerance >= 0:
            raise FieldError(
                f"{len(self.directions)} directions, {self.steps} steps, tolerance {self.tolerance}",
                where="settings",
                expected="at least one direction and two steps, a tolerance of 0 or more",
            )


class FieldViolations(Record, frozen=True):
    """Rows that violate one declared direction."""

    field: str
    direction: Direction
    rows: int


class Violations(Record, frozen=True):
    """Rows swept, rows that violate any declared direction, and each direction's."""

    rows: int
    violating: int
    fields: tuple[FieldViolations, ...]


class Monotonicity(Measure[Violations, MonotonicitySettings]):
    """Share of rows on which a declared direction is violated."""

    name: ClassVar[str] = "explanation.monotonicity"
    family: ClassVar[Family] = "explanation"
    title: ClassVar[Text] = Text(en="Declared directions violated", zh="違反所宣告方向的個案")
    unit: ClassVar[str] = "share of rows"
    needs: ClassVar[tuple[str, ...]] = ("features", "model")
    cost: ClassVar[Cost] = "model"
    method: ClassVar[Method] = Method(
        name="share of rows on which a sweep moves the score against a declared direction, Wilson interval",
        version="1",
        source="Daniels and Velikova 2010; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="Between the steps of the sweep a violation stays unseen. Rows are swept to values that may not go with the rest of them.",
        zh="掃描步距之間的違反不會被發現。掃描所用的數值可能與個案其餘資料不相配。",
    )
    settings: ClassVar[type[Record]] = MonotonicitySettings
    statistics: ClassVar[type[Record]] = Violations

    def gather(self, sample: Sample, settings: MonotonicitySettings) -> Violations:
        """Sweep each declared feature."""
        found = asked(sample, rows_max=settings.rows, seed=settings.seed)
        refuse_constant(found)
        places = columns_of(found, tuple(settings.directions), f"{self.name}, directions")
        violating = np.zeros(len(found.rows), dtype=np.bool_)
        fields = []
        for place, (name, direction) in zip(places, settings.directions.items(), strict=True):
            against = _violates(found, place, direction, settings)
            violating |= against
            fields.append(FieldViolations(field=name, direction=direction, rows=int(against.sum())))
        return Violations(rows=len(found.rows), violating=int(violating.sum()), fields=tuple(fields))

    def merge(self, parts: Sequence[Violations]) -> Violations:
        """Add counts of separate rows swept over the same reference."""
        names = [[(each.field, each.direction) for each in part.fields] for part in parts]
        if not parts or any(each != names[0] for each in names):
            raise FieldError("other directions in another part", where=self.name, expected="the same directions")
        fields = tuple(
            FieldViolations(field=same[0].field, direction=same[0].direction, rows=sum(each.rows for each in same))
            for same in zip(*(part.fields for part in parts), strict=True)
        )
        return Violations(
            rows=sum(part.rows for part in parts), violating=sum(part.violating for part in parts), fields=fields
        )

    def estimate(
        self, statistics: Violations, settings: MonotonicitySettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return the share of rows that violate any declared direction; one part a direction."""
        return (
            share_measurement(
                self.name,
                statistics.violating,
                statistics.rows,
                statistics,
                how,
                facts={
                    "directions": len(statistics.fields),
                    "directions_violated": sum(each.rows > 0 for each in statistics.fields),
                    "steps": settings.steps,
                    "tolerance": settings.tolerance,
                },
                parts=tuple(
                    share_part(f"{each.field} {each.direction}", each.rows, statistics.rows, how)
                    for each in statistics.fields
                ),
                method=self.method,
            ),
        )


def _violates(found: Asked, place: int, direction: Direction, settings: MonotonicitySettings) -> NDArray[np.bool_]:
    known = found.base[np.isfinite(found.base[:, place]), place]
    values = np.unique(np.quantile(known, np.linspace(0, 1, settings.steps))) if len(known) else known
    if len(values) < _STEPS_LEAST:
        raise FieldError("a constant column", where=found.names[place], fix="leave its direction out: it shows nothing")
    sign = 1.0 if direction == "up" else -1.0
    rows, before = found.rows.copy(), np.full(len(found.rows), -np.inf)
    violates = np.zeros(len(rows), dtype=np.bool_)
    for value in values:
        rows[:, place] = value
        scores = sign * ask(found.model, rows)
        violates |= scores < before - settings.tolerance  # before any earlier step, not only the last
        before = np.maximum(before, scores)
    return violates
