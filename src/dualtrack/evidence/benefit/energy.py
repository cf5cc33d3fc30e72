"""`benefit.energy`: kWh and kg of CO2 equivalent per 1,000 decisions: processor seconds times stated watts times a stated grid factor.

Watts and grid factor are assumptions, not measurements: they come with the settings as low, likely and high with their
source, and the limits hold the whole of their range beside the sampling of the seconds. There is no point without them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.counted_moments import moments_by_level, moments_tally
from dualtrack.evidence.benefit.effects import unanswered
from dualtrack.evidence.benefit.moments import UNITS_LEAST, Moments, add_moments
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.quantiles import student_quantile
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.tally import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["DECISIONS", "Assumed", "Energy", "EnergySettings", "Seconds"]

DECISIONS = 1_000
"""Decisions that energy is stated for."""

_JOULES_PER_KWH = 3_600_000


class Assumed(Record, frozen=True):
    """A number that was not measured here: its range, its likely value, where it comes from."""

    low: float
    likely: float
    high: float
    source: str

    def __post_init__(self) -> None:
        if not (0 < self.low <= self.likely <= self.high < math.inf) or not self.source.strip():
            found = f"{self.low}, {self.likely}, {self.high} from {self.source!r}"
            raise FieldError(found, where="assumption", expected="0 < low <= likely <= high, with a source")


class EnergySettings(Record, frozen=True):
    """`watts` drawn at the wall for each busy processor, cooling and idle share included; `grid_kg_per_kwh` of CO2 equivalent.

    `scale_bits` of fixed point: with 30 a decision may take 46,000 seconds.
    """

    watts: Assumed
    grid_kg_per_kwh: Assumed
    scale_bits: int = 30


class Seconds(Record, frozen=True):
    """Moments of processor seconds a decision."""

    moments: Moments


class Energy(CountingMeasure[Seconds, EnergySettings]):
    """Energy and emissions per 1,000 decisions; role label holds the processor seconds of a decision."""

    name: ClassVar[str] = "benefit.energy"
    family: ClassVar[Family] = "benefit"
    title: ClassVar[Text] = Text(en="Energy per 1,000 decisions", zh="每千項決定的能源用量")
    unit: ClassVar[str] = "kWh per 1,000 decisions"
    needs: ClassVar[tuple[str, ...]] = ("label",)
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="mean processor seconds (Student interval) times the range of stated watts and grid factor",
        version="1",
        source="Cochran 1977, section 9A; interval arithmetic over the stated assumptions",
    )
    misleads: ClassVar[Text] = Text(
        en="Watts and grid factor are assumed, not metered. Training, storage, networks and what a provider runs elsewhere are not "
        "in it. Processor seconds say little of work done on accelerators.",
        zh="功率與電網排放系數均為假設，並非儀錶讀數；不包括訓練、儲存、網絡及供應商在別處的用量；處理器時間亦難以反映加速器的工作。",
    )
    settings: ClassVar[type[Record]] = EnergySettings
    statistics: ClassVar[type[Record]] = Seconds

    def tallies(self, roles: Roles, settings: EnergySettings) -> tuple[Tally, ...]:
        """Ask for the moments of the seconds, and whether any is below zero."""
        below = Key(column=counted_column(roles, "label"), how="bins", edges=(0.0,))
        return (moments_tally(self.name, roles, ("label",), by=None, bits=settings.scale_bits, check=below),)

    def from_counted(self, counted: Sequence[Counted], settings: EnergySettings) -> Seconds:
        """Return the moments; raises FieldError for time below zero."""
        del settings  # their scale stands in the tally
        found = moments_by_level(counted[0], ("label",), by=None)
        if any(cell[1] == "0" for cell in counted[0].cells):
            raise FieldError("processor seconds below zero", where="label", expected="at least 0")
        return Seconds(moments=found[""])

    def merge(self, parts: Sequence[Seconds]) -> Seconds:
        """Add moments of separate rows; parts must not share a cluster."""
        return Seconds(moments=add_moments([part.moments for part in parts]))

    def estimate(self, statistics: Seconds, settings: EnergySettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return energy, then emissions; both carry their assumptions as facts."""
        moments, watts, grid = statistics.moments, settings.watts, settings.grid_kg_per_kwh
        facts: dict[str, Fact] = {"independent_units": moments.units, "processor_seconds": moments.mean("label")}
        facts |= _stated("watts", watts) | _stated("grid_kg_per_kwh", grid)
        energy = Measurement(
            measure=self.name,
            unit=self.unit,
            n=moments.rows,
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            statistics=plain_statistics(statistics),
        )
        carbon = replace(energy, measure="benefit.emissions", unit="kg CO2e per 1,000 decisions")
        error = math.sqrt(moments.covariance("label", "label"))
        if moments.units < UNITS_LEAST or error <= 0:
            why = "too few units" if moments.units < UNITS_LEAST else "no spread"
            return unanswered(energy, why, facts), unanswered(carbon, why, facts)
        half = student_quantile(0.5 + how.level / 2, moments.units - 1) * error
        mean, per = moments.mean("label"), DECISIONS / _JOULES_PER_KWH
        ranges = [(max(0.0, mean - half) * per, watts.low, grid.low), (mean * per, watts.likely, grid.likely)]
        ranges.append(((mean + half) * per, watts.high, grid.high))
        low, point, high = (seconds * power for seconds, power, _ in ranges)
        measured = replace(energy, outcome="measured", estimate=point, low=low, high=high, facts=facts)
        low, point, high = (seconds * power * factor for seconds, power, factor in ranges)
        return measured, replace(carbon, outcome="measured", estimate=point, low=low, high=high, facts=facts)


def _stated(name: str, assumed: Assumed) -> dict[str, Fact]:
    return {
        f"assumed_{name}": assumed.likely,
        f"assumed_{name}_low": assumed.low,
        f"assumed_{name}_high": assumed.high,
        f"assumed_{name}_source": assumed.source,
    }
