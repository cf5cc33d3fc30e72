"""What was not tested: measures outside the plan, topics without evidence, attributes and groups nobody could look at, items without answer.

A report that lists only what was measured flatters. What is listed here is what the registry, the adopted packs, the pack on
discrimination and the plan itself make known; beyond that nobody can list what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.domain.vocabulary import Outcome
from dualtrack.errors import FieldError
from dualtrack.evidence.fairness.attributes import protected_on
from dualtrack.evidence.registry import measures
from dualtrack.evidence.reporting.records import (
    NotTested,
    OpenTopic,
    SmallGroup,
    Unanswered,
    UnmeasuredAttribute,
    UntestedMeasure,
)
from dualtrack.permit.assess import conclude_whole
from dualtrack.present.text import same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.plans.records import MeasurementPlan, MeasurementResult, PlanItem
    from dualtrack.evidence.reporting.records import Lack
    from dualtrack.permit.assess import Case

__all__ = ["not_tested"]

_Shown = tuple[int, "MeasurementResult"]


def not_tested(
    case: Case, plan: MeasurementPlan | None, shown: Sequence[tuple[int, MeasurementResult]], as_of: str
) -> NotTested:
    """Return what the results shown leave open, for a case judged at `as_of`."""
    planned = {item.measure for item in plan.items} if plan else set()
    left = [
        UntestedMeasure(name=name, family=each.family, title=each.title)
        for name, each in measures().items()
        if name not in planned
    ]
    families = {each.family for each in measures().values()}
    return NotTested(
        families=sorted(families - {name.partition(".")[0] for name in planned}),
        measures=left,
        topics=_open_topics(case),
        attributes=_attributes([result for _, result in shown], as_of),
        groups=_small_groups(shown),
        items=_unanswered(plan, shown),
    )


def _open_topics(case: Case) -> list[OpenTopic]:
    """Return the topics that applying rules read and that had no evidence in date, each with those rules."""
    topic_of = {item.index: item.predicate.topic for item in case.admitted}
    rules: dict[str, list[str]] = {}
    binding: set[str] = set()
    for item in conclude_whole(case).judged:
        if item.result.outcome is not Outcome.NO_EVIDENCE:
            continue
        answered = {topic_of.get(index) for index in item.result.evidence}
        for topic in item.rule.topics:
            if topic not in answered:
                rules.setdefault(topic, []).append(f"{item.pack.id}/{item.rule.id}")
                binding |= {topic} if item.binding else set()
    return [
        OpenTopic(topic=name, title=case.topics[name].title, rules=sorted(found), binding=name in binding)
        for name, found in sorted(rules.items())
    ]


def _attributes(results: Sequence[MeasurementResult], as_of: str) -> list[UnmeasuredAttribute]:
    """Return the protected attributes that no measurement names with an estimate; the columns of the items say which is which."""
    seen: set[str] = set()
    for result in results:
        named = result.item.settings.get("columns")
        other = named if isinstance(named, dict) else {}
        for each in result.measurements:
            if each.estimate is None:
                continue
            listed = str(each.facts.get("attributes", "")).split(",")
            seen |= {str(other.get(name.strip(), name.strip())).lower() for name in listed}
            if each.measure == "fairness.attributes":
                seen |= {part.label for part in each.parts if part.outcome == "measured"}
    try:
        _, protected = protected_on(hong_kong_date(parse_instant(as_of)).isoformat())
    except FieldError:  # a day before the first ordinance of the pack: there is no list to hold against
        return []
    return [UnmeasuredAttribute(name=each.name, cites=each.cites) for each in protected if each.name not in seen]


def _small_groups(shown: Sequence[_Shown]) -> list[SmallGroup]:
    return [
        SmallGroup(entry=index, item=result.item.id, measure=each.measure, label=part.label, n=part.n)
        for index, result in shown
        for each in result.measurements
        for part in each.parts
        if part.outcome == "underpowered"
    ]


def _unanswered(plan: MeasurementPlan | None, shown: Sequence[_Shown]) -> list[Unanswered]:
    found = {result.item.id: (index, result) for index, result in shown}
    open_items = []
    for item in plan.items if plan else ():
        if item.id not in found:
            open_items.append(_without(item, "no result", None, None))
            continue
        index, result = found[item.id]
        if result.standing in {"not measurable", "underpowered"}:
            lack: Lack = "underpowered" if result.standing == "underpowered" else "not measurable"
            open_items.append(_without(item, lack, index, result))
    return open_items


def _without(item: PlanItem, lack: Lack, entry: int | None, result: MeasurementResult | None) -> Unanswered:
    known = measures().get(item.measure)
    return Unanswered(
        item=item.id,
        measure=item.measure,
        title=known.title if known else same(item.measure),
        lack=lack,
        entry=entry,
        reason=result.reason if result else None,
        n_needed=result.n_needed if result else None,
    )
