"""What a fairness constraint buys: how far the gap between groups moves, on the same rows under both settings.

`prices` says what a constraint (a threshold for each group against one for all) averts and withholds; this says what it is for.
The gap is the largest difference between two groups in the share of items that pass, among all items and among good ones (equal
opportunity: Hardt, Price and Srebro 2016, Advances in Neural Information Processing Systems 29). The largest of several
differences is above zero by chance alone; the change between two settings of the same rows does not share that fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.records import Record
from dualtrack.errors import FieldError
from dualtrack.evidence.measurement import Measurement, Method, Outcome, Part
from dualtrack.evidence.numeric import np
from dualtrack.evidence.pricing.states import HARMLESS, STOPPED, Control, read_states, read_truth
from dualtrack.evidence.resampling import generator, percentiles, record_draws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dualtrack.evidence.pricing.prices import Pricing

__all__ = ["GROUPS_LEAST", "GapCounts", "count_gap", "measure_gaps"]

GROUPS_LEAST = 2
"""Fewest groups between which there is a gap."""

_SHAPE = (2, 2, 3)
"""Stopped on, stopped against, truth."""

_METHOD = Method(
    name="change of the largest gap between groups, multinomial bootstrap", version="1", source="Hardt et al. 2016"
)


class GapCounts(Record, frozen=True):
    """Rows by group, stopped on, stopped against, and truth, flattened with the last running fastest."""

    control: str
    groups: tuple[str, ...]
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.groups) * int(np.prod(_SHAPE)) or min(self.counts, default=0) < 0:
            raise FieldError(f"{len(self.counts)} counts", where="gap counts", expected="twelve a group, none below 0")


def count_gap(table: Mapping[str, NDArray[Any]], control: Control, *, group: str, truth: str = "harmful") -> GapCounts:
    """Count the rows of a control by group; raises FieldError for fewer than two groups or a row without one."""
    states, known = read_states(table, control), read_truth(table, truth)
    if group not in table:
        raise FieldError(f"no column {group!r}", where="priced table", expected=", ".join(list(table)[:40]))
    if np.ma.is_masked(table[group]):
        raise FieldError("missing values", where=group, fix="give them a value of their own, such as 'not stated'")
    levels, place = np.unique(np.ma.getdata(table[group]), return_inverse=True)
    if len(levels) < GROUPS_LEAST:
        raise FieldError(f"{len(levels)} groups", where=group, expected="at least two")
    cell = ((place * 2 + (states.on == STOPPED)) * 2 + (states.against == STOPPED)) * 3 + known
    counts = np.bincount(cell, minlength=len(levels) * int(np.prod(_SHAPE)))
    return GapCounts(
        control=control.name, groups=tuple(str(level) for level in levels.tolist()), counts=tuple(counts.tolist())
    )


def measure_gaps(counted: GapCounts, how: Pricing, *, cell_size_min: int) -> tuple[Measurement, ...]:
    """Return the change of the gap among all items and among good ones: below zero the setting brings groups closer.

    Underpowered where a group has fewer rows than `cell_size_min`, which is the firm's to set, or the interval holds zero.
    """
    cells = np.array(counted.counts, dtype=np.int64)
    n = int(cells.sum())
    drawn = generator(how.seed).multinomial(n, cells / n, size=how.draws)
    both = np.concatenate([cells[None], drawn]).reshape(-1, len(counted.groups), *_SHAPE)
    return (
        _measured(counted, both.sum(axis=-1), "control.gap-passed", how, cell_size_min),
        _measured(counted, both[..., HARMLESS], "control.gap-good-passed", how, cell_size_min),
    )


def _measured(counted: GapCounts, rows: NDArray[Any], measure: str, how: Pricing, least: int) -> Measurement:
    """Return one gap's change from counts (draws, groups, stopped on, stopped against), the first draw the data itself."""
    size = rows.sum(axis=(-1, -2))
    passed_on, passed_against = rows[..., 0, :].sum(axis=-1), rows[..., :, 0].sum(axis=-1)
    n, smallest = int(size[0].sum()), int(size[0].min())
    kept = (size > 0).all(axis=1)
    outcome: Outcome = "underpowered"
    estimate = low = high = None
    facts = {"smallest_group": smallest, "groups": len(counted.groups), "draws_without_a_group": int((~kept).sum())}
    parts: tuple[Part, ...] = ()
    if smallest > 0:
        shares = [side[kept] / size[kept] for side in (passed_on, passed_against)]
        gaps = [share.max(axis=1) - share.min(axis=1) for share in shares]
        change = gaps[0] - gaps[1]
        limits = percentiles(change[1:], how.level) if len(change) > 1 else None
        if limits is not None:
            estimate = float(change[0])
            low, high = min(limits.low, estimate), max(limits.high, estimate)
            told = smallest >= least and not low <= 0 <= high
            outcome = "measured" if told else "underpowered"
        parts = tuple(
            Part(label=f"{group}, {name}", n=int(size[0, at]), outcome="measured" if size[0, at] >= least else "underpowered",
                 estimate=float(share[0, at]), low=float(np.quantile(share[:, at], (1 - how.level) / 2)),
                 high=float(np.quantile(share[:, at], (1 + how.level) / 2)))
            for name, share in zip(("on", "against"), shares, strict=True)
            for at, group in enumerate(counted.groups)
        )  # fmt: skip
    return Measurement(
        measure=measure, unit="share", n=n, outcome=outcome, method=_METHOD, data_digest=how.data_digest,
        statistics={"gap": counted}, level=how.level, estimate=estimate, low=low, high=high, facts=dict(facts),
        parts=parts, draws=record_draws(how.seed, how.draws),
    )  # fmt: skip
