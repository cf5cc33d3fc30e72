"""The price of controls: harm averted and benefit withheld of each, with the others left on and alone, as evidence.

    price_controls(table, controls) -> one Price a control

Each control is compared on the same decisions, on against off (or another setting): a paired difference. What the price cannot
show: people and attackers who would behave otherwise without the control, and whatever was never logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dualtrack.domain.records import Record
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.arrays import check_lengths
from dualtrack.evidence.measurement import LEVEL, Fact, Measurement, Method, Outcome, Part, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.pricing.counts import ControlCounts, cell_parts, count_control, with_steps
from dualtrack.evidence.pricing.effects import acts, decisions_needed, effect_of, track_weights
from dualtrack.evidence.pricing.states import (
    CONTROLS_MAX,
    LOOKED,
    STOPPED,
    UNKNOWN,
    Control,
    columns_of,
    others_stop,
    read_states,
    read_truth,
)
from dualtrack.evidence.pricing.values import PER_DECISIONS, Values, Worth, worth_of
from dualtrack.evidence.resampling import DRAWS, record_draws
from dualtrack.evidence.tables import table_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dualtrack.domain.records import Value
    from dualtrack.evidence.pricing.effects import Effect

__all__ = [
    "Price",
    "PriceStatistics",
    "Pricing",
    "Verdict",
    "View",
    "count_controls",
    "price_at",
    "price_control",
    "price_controls",
    "price_fields",
]

Verdict = Literal["averts more", "withholds more", "cannot tell"]

_METHOD = Method(
    name="paired counterfactual on logged decisions, bounds over unknown items",
    version="1",
    source="Imbens and Manski 2004; Efron and Tibshirani 1993, 13; Cochran 1977, 9A; Clopper and Pearson 1934",
)


class Pricing(Record, frozen=True):
    """How prices are made: coverage of intervals, seed and number of draws, and the digest of the data behind the counts."""

    data_digest: str
    level: float = LEVEL
    seed: int = 1
    draws: int = DRAWS


class PriceStatistics(Record, frozen=True):
    """All that a price follows from: the counts of its control, and what an item of each kind weighs."""

    counts: ControlCounts
    worth: Worth


class View(NamedTuple):
    """A price seen alone, or with the other controls left on.

    `acted` are decisions on which the setting makes a difference, `unknown` those of unknown truth among them; effects are per
    1,000 decisions.
    """

    acted: int
    unknown: int
    averted: Effect
    withheld: Effect
    work: Effect
    net: Effect


class Price(NamedTuple):
    """The price of one control. `verdict` is of the marginal view; `n_needed` the decisions that would do, where a formula says.

    `reason` says why it cannot be told: it never acted, nobody knows the truth of what it stopped, or the sample is small.
    """

    counts: ControlCounts
    worth: Worth
    marginal: View
    alone: View
    verdict: Verdict
    reason: Literal["", "never acted", "labels", "sample"]
    n_needed: int | None
    measurement: Measurement


def price_controls(
    table: Mapping[str, NDArray[Any]],
    controls: Sequence[Control],
    *,
    truth: str = "harmful",
    values: Values | None = None,
    cluster: str | None = None,
    level: float = LEVEL,
    seed: int = 1,
    draws: int = DRAWS,
    data_digest: str | None = None,
) -> tuple[Price, ...]:
    """Price every control over columns of equal length.

    Column `truth` is 1 harmful, 0 harmless, missing where nobody knows; `cluster` names who a decision was about. Raises
    FieldError for a column that is missing or of a wrong form, and for values that a control needs and that are not declared.
    """
    counted = count_controls(table, controls, truth=truth, cluster=cluster)
    named = dict.fromkeys(
        [truth, *(name for item in controls for name in columns_of(item)), *([cluster] if cluster else [])]
    )
    digest = data_digest or table_digest({name: _masked(table[name]) for name in named})
    how = Pricing(data_digest=digest, level=level, seed=seed, draws=draws)
    return tuple(price_control(item, values, how) for item in counted)


def count_controls(
    table: Mapping[str, NDArray[Any]],
    controls: Sequence[Control],
    *,
    truth: str = "harmful",
    cluster: str | None = None,
) -> tuple[ControlCounts, ...]:
    """Return the counts of every control, with those by step of a score: all that prices and frontiers are made of."""
    if not 0 < len(controls) <= CONTROLS_MAX or len({item.name for item in controls}) != len(controls):
        raise FieldError(f"{len(controls)} controls", where="controls", expected=f"1 to {CONTROLS_MAX}, each name once")
    known = read_truth(table, truth)
    states = [read_states(table, item) for item in controls]
    check_lengths(truth=known, **{item.name: state.on for item, state in zip(controls, states, strict=True)})
    units = None if cluster is None else _numbered(table, cluster, len(known))
    found = []
    for control, state, others in zip(controls, states, others_stop(controls, states), strict=True):
        counts = count_control(control, state, known, others, units)
        if control.score is not None and control.group is None:
            counts = with_steps(counts, table[control.score], known, others, state.put_to)
        found.append(counts)
    return tuple(found)


def price_control(counts: ControlCounts, values: Values | None, how: Pricing) -> Price:
    """Return the price of one control from its counts alone: whoever has them has the same numbers."""
    return price_at(counts, worth_of(counts.control.name, counts.control.kind, values), how)


def price_at(counts: ControlCounts, worth: Worth, how: Pricing) -> Price:
    """Return the price of one control from counts and weights; raises FieldError where there is no decision."""
    if counts.n == 0:
        raise FieldError("no decisions", where=f"control {counts.control.name}", expected="at least one")
    marginal, alone = (_view(counts, worth, how, alone=alone) for alone in (False, True))
    verdict, reason = _verdict(marginal)
    needed = None
    if reason == "sample":
        needed = decisions_needed(track_weights(worth, alone=False).net, counts, level=how.level)
    facts = _facts(counts, worth, marginal, alone) | {"verdict": verdict, "reason": reason}
    facts |= {"n_needed": needed} if needed is not None else {}
    told = marginal.acted > marginal.unknown
    outcome: Outcome = "measured" if told and verdict != "cannot tell" else "underpowered"
    net = marginal.net if told or not marginal.acted else None
    measurement = Measurement(
        measure="control.price",
        unit=worth.unit,
        n=counts.n,
        outcome=outcome,
        method=_METHOD,
        data_digest=how.data_digest,
        statistics=plain_statistics(PriceStatistics(counts=counts, worth=worth)),
        level=how.level,
        estimate=None if net is None else net.estimate,
        low=None if net is None else net.low,
        high=None if net is None else net.high,
        facts=facts,
        parts=(*_parts(marginal, counts.n, ""), *_parts(alone, counts.n, " alone")),
        draws=record_draws(how.seed, how.draws),
    )
    return Price(counts, worth, marginal, alone, verdict, reason, needed, measurement)


def price_fields(price: Price) -> dict[str, Value]:
    """Return the fields of topic `control_price`; raises EvidenceError where the truth of nothing that it stopped is known."""
    view, control = price.marginal, price.counts.control
    if view.acted and view.acted == view.unknown:
        raise EvidenceError(
            f"nobody knows the truth of any of the {view.acted} decisions on which it makes a difference",
            where=f"control {control.name}", fix="give labels: --labels FILE",
        )  # fmt: skip
    n, unknown = price.counts.n, _unknown(price.counts)
    return {
        "control": control.name,
        "setting": control.setting,
        "harm_averted": view.averted.estimate,
        "harm_averted_low": view.averted.low,
        "harm_averted_high": view.averted.high,
        "benefit_withheld": view.withheld.estimate,
        "benefit_withheld_low": view.withheld.low,
        "benefit_withheld_high": view.withheld.high,
        "unit": price.worth.unit,
        "n": n,
        "labelled": (n - unknown) / n,
    }


def _view(counts: ControlCounts, worth: Worth, how: Pricing, *, alone: bool) -> View:
    cells, counted, truth = np.array(counts.cells), acts(alone=alone), cell_parts().truth
    effects = [
        effect_of(weights, counts, level=how.level, seed=how.seed, draws=how.draws)
        for weights in track_weights(worth, alone=alone)
    ]
    return View(int(cells[counted].sum()), int(cells[counted & (truth == UNKNOWN)].sum()), *effects)


def _verdict(view: View) -> tuple[Verdict, Literal["", "never acted", "labels", "sample"]]:
    if view.acted == 0:
        return "cannot tell", "never acted"
    if view.net.low > 0:
        return "averts more", ""
    if view.net.high < 0:
        return "withholds more", ""
    told_by_labels = view.unknown > 0 and view.net.bound_low <= 0 <= view.net.bound_high
    return "cannot tell", "labels" if told_by_labels else "sample"


def _facts(counts: ControlCounts, worth: Worth, marginal: View, alone: View) -> dict[str, Fact]:
    control, cells, parts = counts.control, np.array(counts.cells), cell_parts()
    looks = int(cells[(parts.on == LOOKED) | (parts.on == STOPPED)].sum()) if control.kind in {"route", "review"} else 0
    return {
        "control": control.name,
        "setting": control.setting,
        "kind": control.kind,
        "acted": marginal.acted,
        "acted_alone": alone.acted,
        "acted_unknown": marginal.unknown,
        "unknown": _unknown(counts),
        "unscored": counts.unscored,
        "looks_per_1000": PER_DECISIONS * looks / counts.n,
        "minutes_per_1000": PER_DECISIONS * looks * worth.minutes / counts.n,
        "value_harm": worth.harm,
        "value_good": worth.good,
        "value_review": worth.idle_review,
    }


def _parts(view: View, n: int, suffix: str) -> list[Part]:
    known = view.acted > view.unknown or view.acted == 0
    named = {"harm averted": view.averted, "benefit withheld": view.withheld, "work": view.work, "net": view.net}
    return [
        Part(
            label=label + suffix, n=n, outcome="measured" if known and view.acted else "underpowered",
            estimate=effect.estimate, low=effect.low, high=effect.high,
        )
        for label, effect in named.items()
    ]  # fmt: skip


def _unknown(counts: ControlCounts) -> int:
    return int(np.array(counts.cells)[cell_parts().truth == UNKNOWN].sum())


def _numbered(table: Mapping[str, NDArray[Any]], name: str, rows: int) -> NDArray[np.int64]:
    """Return each row's cluster as a number; a row about nobody in particular is a cluster of its own."""
    if name not in table:
        raise FieldError(f"no column {name!r}", where="priced table", expected=", ".join(list(table)[:40]))
    column = table[name]
    check_lengths(truth=np.empty(rows), cluster=column)
    absent = np.ma.getmaskarray(column)
    _, place = np.unique(np.ma.getdata(column)[~absent], return_inverse=True)
    numbers = np.empty(rows, dtype=np.int64)
    numbers[~absent] = place
    start = int(place.max()) + 1 if len(place) else 0
    numbers[absent] = start + np.arange(int(absent.sum()))
    return numbers


def _masked(column: NDArray[Any]) -> NDArray[Any]:
    """Return a column with NaN masked, as the digest of a table wants it."""
    return np.ma.masked_invalid(column) if column.dtype.kind == "f" else column
