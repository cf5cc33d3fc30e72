"""The benefit track of a use as people read it: the claim, what was measured, and the chart of one against the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.domain.usecase import primary_claim
from dualtrack.domain.vocabulary import Design
from dualtrack.present.charts import IntervalPlot, Mark, interval_plot, plain_interval, plain_number
from dualtrack.present.phrases import load_words
from dualtrack.present.text import fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from dualtrack.domain.evidence import Predicate
    from dualtrack.domain.usecase import Claim
    from dualtrack.permit.assess import Case
    from dualtrack.permit.evidence_check import Admitted

__all__ = ["BenefitView", "Estimate", "benefit_view", "estimates_of", "level_of"]


class Estimate(NamedTuple):
    """A measured effect with its interval, n, power, method and data; `entry` is its place in the ledger."""

    entry: int
    estimate: float
    low: float
    high: float
    n: int | None
    power: float | None
    unit: str
    level: float | None
    cost: tuple[float, float, float] | None
    cost_unit: str
    shown: tuple[str, str, str]
    data_digest: str | None
    method: str
    taken_at: str


class BenefitView(NamedTuple):
    """The primary claim (None if there is none), the newest measurement that answers it, earlier ones, the chart."""

    claim: Claim | None
    bound: float | None
    newest: Estimate | None
    earlier: list[Estimate]
    chart: Markup | None
    reads: Text


def _both_sides(text: Text) -> str:
    return f"{text.en} {text.zh}"


def benefit_view(case: Case, *, key: str = "effect", say: Callable[[Text], str] = _both_sides) -> BenefitView:
    """Return the benefit track of a case; the words say how the interval reads against zero and the declared bound.

    `key` names the chart and is unique on the page; `say` gives the chart's own words, in both languages unless told.
    """
    claim = primary_claim(case.found.declaration) if case.found.declaration else None
    words = load_words("dossier")
    if claim is None:
        return BenefitView(None, None, None, [], None, words["benefit_no_claim"])
    found = estimates_of(case, claim.topic)
    bound = _bound(claim)
    if not found:
        return BenefitView(claim, bound, None, [], None, words["benefit_not_measured"])
    newest, earlier = found[-1], found[:-1]
    reads = fill(_reading(claim, newest, bound), bound=plain_number(bound or 0.0))
    return BenefitView(claim, bound, newest, earlier, _chart(key, claim, newest, bound, reads, say), reads)


def estimates_of(case: Case, topic: str) -> list[Estimate]:
    """Return the admitted measurements of a topic that carry an estimate, oldest first; the last one counts."""
    listed = (_estimate(item) for item in case.admitted if item.predicate.topic == topic)
    return [item for item in listed if item is not None]


def _estimate(item: Admitted) -> Estimate | None:
    fields, predicate = item.predicate.fields, item.predicate
    point, low, high = (_double(fields.get(name)) for name in ("estimate", "low", "high"))
    if point is None or low is None or high is None:
        return None
    costs = [_double(fields.get(name)) for name in ("cost_estimate", "cost_low", "cost_high")]
    known = [cost for cost in costs if cost is not None]
    method = predicate.method
    return Estimate(
        entry=item.index,
        estimate=point,
        low=low,
        high=high,
        n=predicate.n,
        power=_double(fields.get("power")),
        unit=str(fields.get("unit", "")),
        level=level_of(predicate),
        cost=(known[0], known[1], known[2]) if len(known) == len(costs) else None,
        cost_unit=str(fields.get("cost_unit", "")),
        shown=plain_interval(point, low, high),
        data_digest=predicate.data_digest,
        method=f"{method.name} {method.version} ({method.source})" if method else "",
        taken_at=predicate.taken_at,
    )


def level_of(predicate: Predicate) -> float | None:
    """Return the level of a measurement's interval, such as 0.95, or None where it is not recorded."""
    return _double(predicate.statistics.get("level"))


def _double(value: object) -> float | None:
    return value if isinstance(value, float) else None


def _bound(claim: Claim) -> float | None:
    if claim.design is Design.NON_INFERIORITY:
        return -float(claim.margin) if claim.margin is not None else None
    return float(claim.minimum) if claim.minimum is not None else None


def _reading(claim: Claim, newest: Estimate, bound: float | None) -> Text:
    """Choose the sentence that says how the interval lies; whether it suffices is for the rules."""
    words = load_words("dossier")
    if claim.design is Design.NON_INFERIORITY:
        inside = bound is not None and newest.low > bound
        return words["benefit_within_margin" if inside else "benefit_outside_margin"]
    if newest.high < 0:
        return words["benefit_below_zero"]
    if newest.low <= 0:
        return words["benefit_holds_zero"]
    reaches = bound is not None and newest.estimate >= bound
    return words["benefit_reaches" if reaches else "benefit_short"]


def _chart(
    key: str, claim: Claim, newest: Estimate, bound: float | None, reads: Text, say: Callable[[Text], str]
) -> Markup:
    words = load_words("dossier")
    marks = [Mark(0.0, "0", dashed=False)]
    if bound is not None:
        name = words["margin" if claim.design is Design.NON_INFERIORITY else "minimum"]
        marks.append(Mark(bound, f"{say(name)} {plain_number(bound)}", dashed=True))
    point, low, high = newest.shown
    described = fill(words["chart_described"], point=point, low=low, high=high)
    plot = IntervalPlot(
        key=key,
        title=say(words["chart_title"]),
        description=say(Text(en=f"{described.en} {reads.en}", zh=f"{described.zh}{reads.zh}")),
        estimate=newest.estimate,
        low=newest.low,
        high=newest.high,
        marks=tuple(marks),
    )
    return interval_plot(plot)
