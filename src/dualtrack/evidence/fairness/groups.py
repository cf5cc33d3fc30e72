"""Group rates and the gaps between them, by protected attributes and their intersections, from cell counts alone.

Rates of each group: selection, true positive, false positive, precision, accuracy, false negative. A gap is the largest rate minus the
smallest, a ratio the smallest over the largest. Intervals: bootstrap over rows as multinomial draws over the cells, percentile.
A gap is never below zero and leans upwards in small samples: hold its *high* limit against a bound; its low limit above zero
proves nothing. `difference_low` and `difference_high` (between the two groups at the ends, signed) can hold zero.

A group whose rate rests on fewer rows than `cell_size_min` makes the whole measurement `underpowered`: too few people to say
is not the same as no difference. The least size is the caller's; this room has none of its own. With a declared gap (the one the
firm would act on) it is also `underpowered` where the data exclude neither that gap nor equality, and `n_needed` says how many
rows the smallest group takes to show it.
Sources: Hardt, Price and Srebro (2016), Equality of Opportunity in Supervised Learning; Efron and Tibshirani (1993), 6.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from dualtrack.domain import canonical
from dualtrack.domain.evidence import Method
from dualtrack.domain.records import encode
from dualtrack.errors import FieldError
from dualtrack.evidence.cells import Cells, collapse
from dualtrack.evidence.fairness.draws import DEFINED_LEAST, draw_tables
from dualtrack.evidence.measurement import LEVEL, Draws, Fact, Measurement, Outcome, Part
from dualtrack.evidence.numeric import np
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.resampling import DRAWS, percentiles, record_draws
from dualtrack.evidence.sample_size.two_proportions import rows_for_two_proportions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.interval import Interval

__all__ = [
    "GROUPS_LEAST",
    "RATES",
    "Asked",
    "Fractions",
    "Rate",
    "View",
    "measure_groups",
]

Rate = Literal[
    "selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy", "false_negative_rate"
]
"""The rates of a group. Selection is the decision being 1, whether that is a benefit or a burden to the person."""

RATES: tuple[Rate, ...] = get_args(Rate)
"""All rates, in the order of the arrays of this module."""

GROUPS_LEAST = 2
"""A gap is between two groups."""

_METHOD = Method(
    name="largest minus smallest group rate, multinomial bootstrap over cell counts",
    version="1",
    source="Hardt et al. 2016; Efron and Tibshirani 1993, section 6.4",
)


class Fractions(NamedTuple):
    """Numerators and denominators of the rates, shape (..., rates, groups)."""

    top: NDArray[np.float64]
    bottom: NDArray[np.float64]

    @property
    def rate(self) -> NDArray[np.float64]:
        """The rates; NaN where a group has no rows to form one."""
        return np.divide(self.top, self.bottom, out=np.full_like(self.top, np.nan), where=self.bottom > 0)


class View(NamedTuple):
    """One way of forming groups: point values, and their draws."""

    labels: list[str]
    point: Fractions
    drawn: NDArray[np.float64]


class Asked(NamedTuple):
    """What a call asked for, the same for every rate and view."""

    cell_size_min: int
    level: float
    gap: float | None
    draws: Draws
    digest: str


def measure_groups(
    cells: Cells,
    by: Sequence[Sequence[str]],
    *,
    cell_size_min: int,
    seed: int,
    rates: Sequence[Rate] = RATES,
    draws: int = DRAWS,
    level: float = LEVEL,
    data_digest: str | None = None,
    gap: float | None = None,
) -> tuple[Measurement, ...]:
    """Measure the gap of each rate for each way of forming groups in `by`; all share the same draws.

    `by` holds tuples of attribute names; a tuple of two is their intersection. Without `data_digest` the counts are the data.
    `gap` is the difference of rates that the firm would act on, declared beforehand.
    """
    unknown = set(rates) - set(RATES)
    if unknown or cell_size_min < 1 or cells.n == 0:
        found = f"rates {sorted(unknown)}, cell_size_min {cell_size_min}, {cells.n} rows"
        raise FieldError(found, where="groups", expected=f"rates of {RATES}, a size and rows of at least 1")
    if gap is not None and not 0 < gap < 1:
        raise FieldError(f"{gap}", where="gap", expected="a difference of rates between 0 and 1")
    asked = Asked(cell_size_min, level, gap, record_draws(seed, draws), data_digest or canonical.digest(encode(cells)))
    drawn = draw_tables(cells.array, seed, draws)
    measured = []
    for names in by:
        view = _view(cells, drawn, names)
        measured += [_measure(cells, tuple(names), view, rate, asked) for rate in rates]
    return tuple(measured)


def _view(cells: Cells, drawn: NDArray[np.integer[Any]], by: Sequence[str]) -> View:
    labels, counts = collapse(cells, cells.array, by)
    _, tables = collapse(cells, drawn, by)
    return View(labels, _fractions(counts), _fractions(tables).rate)


def _fractions(counts: NDArray[Any]) -> Fractions:
    """Return numerators and denominators from counts (..., groups, outcome, decision), in the order of RATES."""
    spared, flagged_wrongly = counts[..., 0, 0], counts[..., 0, 1]
    missed, caught = counts[..., 1, 0], counts[..., 1, 1]
    selected, positive, negative = flagged_wrongly + caught, missed + caught, spared + flagged_wrongly
    rows = positive + negative
    top = (selected, caught, flagged_wrongly, caught, spared + caught, missed)
    bottom = (rows, positive, negative, selected, rows, positive)
    return Fractions(np.stack(top, axis=-2).astype(np.float64), np.stack(bottom, axis=-2).astype(np.float64))


def _measure(cells: Cells, by: tuple[str, ...], view: View, rate: Rate, asked: Asked) -> Measurement:
    row = RATES.index(rate)
    point, base, drawn = view.point.rate[row], view.point.bottom[row], view.drawn[:, row, :]
    present = np.flatnonzero(view.point.bottom[RATES.index("selection_rate")] > 0)  # groups that hold people at all
    small = [int(group) for group in present if base[group] < asked.cell_size_min]
    answered = [int(group) for group in present if base[group] > 0]
    facts: dict[str, Fact] = {
        "rate": rate,
        "attributes": ",".join(by),
        "groups": len(present),
        "groups_underpowered": len(small),
        "smallest_cell": int(base[present].min()),
        "cell_size_min": asked.cell_size_min,
    }
    gap = _gap(point, drawn, answered, asked.level, facts)
    overall = float(view.point.top[row].sum() / max(view.point.bottom[row].sum(), 1.0))
    outcome = _outcome(bool(small), gap, overall, asked, facts)
    return Measurement(
        measure=f"groups.{rate}-gap",
        unit="difference of rates",
        n=cells.n,
        outcome=outcome,
        method=_METHOD,
        data_digest=asked.digest,
        level=asked.level,
        estimate=None if gap is None else float(np.ptp(point[answered])),
        low=None if gap is None else gap[0],
        high=None if gap is None else gap[1],
        facts=facts,
        parts=tuple(
            _part(view.labels[group], point[group], base[group], drawn[:, group], asked.cell_size_min, asked.level)
            for group in present
        ),
        statistics={
            "cells": {
                "attributes": list(cells.attributes),
                "levels": [list(each) for each in cells.levels],
                "counts": list(cells.counts),
            }
        },
        draws=asked.draws,
    )


def _outcome(small: bool, gap: Interval | None, overall: float, asked: Asked, facts: dict[str, Fact]) -> Outcome:
    """Return the outcome; where it is `underpowered`, add the rows of the smallest group that would do."""
    lowest = facts.get("difference_low")
    open_either_way = (
        asked.gap is not None and gap is not None and gap.high >= asked.gap and (lowest is None or float(lowest) <= 0)
    )
    if gap is not None and no_spread(
        gap.high - gap.low
    ):  # every decision alike: draws from it are, too, and show nothing
        facts["nothing_varies"] = True
        return "underpowered"
    if not (small or gap is None or open_either_way):
        return "measured"
    needed = 0 if asked.gap is None else _rows_needed(overall, asked.gap, asked.level)
    facts["n_needed"] = max(asked.cell_size_min, needed)
    return "underpowered"


def _rows_needed(rate: float, gap: float, level: float) -> int:
    """Return the rows of each group at which a true gap from `rate` is shown, the other rate on the side of one half."""
    other = min(rate + gap, 1.0) if rate <= 1 / 2 else max(rate - gap, 0.0)
    return rows_for_two_proportions(rate=rate, rate_other=other, level=level)


def _gap(
    point: NDArray[np.float64], drawn: NDArray[np.float64], answered: list[int], level: float, facts: dict[str, Fact]
) -> Interval | None:
    """Return the gap's interval and add ratio and signed difference to `facts`; None where fewer than two groups have a rate."""
    if len(answered) < GROUPS_LEAST:
        return None
    rates, tables = point[answered], drawn[:, answered]
    tables = tables[~np.isnan(tables).all(axis=1)]
    largest, smallest = np.nanmax(tables, axis=1), np.nanmin(tables, axis=1)
    top, bottom = int(rates.argmax()), int(rates.argmin())
    facts |= {"difference": float(rates[top] - rates[bottom])}
    difference = _defined(tables[:, top] - tables[:, bottom], level, len(drawn))
    if difference:
        facts |= {"difference_low": difference.low, "difference_high": difference.high}
    above = largest > 0
    ratio = _defined(smallest[above] / largest[above], level, len(drawn))
    if ratio and rates[top] > 0:
        facts |= {"ratio": float(rates[bottom] / rates[top]), "ratio_low": ratio.low, "ratio_high": ratio.high}
    return _defined(largest - smallest, level, len(drawn))


def _part(label: str, rate: float, base: float, drawn: NDArray[np.float64], cell_size_min: int, level: float) -> Part:
    outcome: Outcome = "underpowered" if base < cell_size_min else "measured"
    interval = _defined(drawn, level, len(drawn))
    if np.isnan(rate) or interval is None:
        return Part(label=label, n=int(base), outcome="underpowered")
    return Part(label=label, n=int(base), outcome=outcome, estimate=float(rate), low=interval.low, high=interval.high)


def _defined(values: NDArray[np.float64], level: float, draws: int) -> Interval | None:
    """Return percentiles of the draws in which the value exists, or None where that is not even DEFINED_LEAST of them."""
    kept = values[~np.isnan(values)]
    return percentiles(kept, level) if len(kept) >= DEFINED_LEAST * draws else None
