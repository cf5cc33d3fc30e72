"""From results to evidence: one observation a gated item, or one of several items that fill a topic together.

Nothing exploratory becomes evidence. A number that missed its threshold, or could not be told from it, is evidence too: the rule
decides, and the newest observation counts. Where no number could be formed there is nothing to observe, and a number that looks
good on data that cannot answer (too few rows, clusters or people in a group) is none; the result entry says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.evidence import Predicate
from dualtrack.errors import FieldError
from dualtrack.evidence.plans.group_gate import group_outcome
from dualtrack.evidence.plans.judging import judge_numbers
from dualtrack.evidence.plans.reading import gated_claim
from dualtrack.evidence.plans.running import chosen_measurement
from dualtrack.evidence.plans.topic_fields import topic_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dualtrack.domain.records import Value
    from dualtrack.domain.usecase import UseCase
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.plans.records import Gate, MeasurementResult, PlanItem
    from dualtrack.rules.records import Topic

__all__ = ["evidence_of"]


def evidence_of(
    results: Sequence[MeasurementResult],
    items: Sequence[PlanItem],
    topics: Mapping[str, Topic],
    declaration: UseCase,
) -> list[Predicate]:
    """Return the observations of a run, in the order of its results; raises FieldError where a topic's field is filled by nothing.

    `items` are those of the whole plan: a topic in parts is answered by all of its planned parts, or not at all.
    """
    answered = [(result, gate, chosen) for result in results for gate, chosen in _answer(result)]
    found = [
        _single(result, gate, chosen, topics[gate.topic], declaration)
        for result, gate, chosen in answered
        if gate.part is None
    ]
    together: dict[str, list[tuple[MeasurementResult, Gate, Measurement]]] = {}
    for result, gate, chosen in answered:
        if gate.part is not None:
            together.setdefault(gate.topic, []).append((result, gate, chosen))
    for name, parts in together.items():
        planned = {item.gate.part for item in items if item.gate is not None and item.gate.topic == name}
        if planned == {gate.part for _, gate, _ in parts}:
            found.append(_merged(name, parts, topics[name]))
    return found


def _answer(result: MeasurementResult) -> Iterable[tuple[Gate, Measurement]]:
    """Yield the gate of a result and the measurement it is about, where there is a number that may count."""
    gate = result.item.gate
    if gate is None or result.exploratory or result.standing in {"not measurable", "reported"}:
        return
    chosen = chosen_measurement(result.measurements, gate)
    if chosen is None or chosen.estimate is None:
        return
    if result.standing == "underpowered" and judge_numbers(chosen, gate).standing == "met":
        return
    yield gate, chosen


def _single(
    result: MeasurementResult, gate: Gate, chosen: Measurement, topic: Topic, declaration: UseCase
) -> Predicate:
    claim = gated_claim(declaration, gate, where=result.item.id) if gate.topic == "benefit" else None
    fields = topic_fields(chosen, gate, topic, claim, met=result.standing == "met")
    if gate.topic == "group_outcomes":
        fields = group_outcome(result.measurements, gate, fields)
    common = chosen.predicate()
    common["statistics"] = common["statistics"] | {"plan": _plan(result)}
    return Predicate(
        kind=topic.kind,
        topic=gate.topic,
        fields=fields,
        taken_at=result.taken_at,
        claim=claim.id if claim else None,
        demo=result.demo,
        **common,
    )


def _merged(name: str, parts: Sequence[tuple[MeasurementResult, Gate, Measurement]], topic: Topic) -> Predicate:
    """Return one observation of several items; `n` is the fewest rows of any, and each part keeps its own statistics."""
    fields = _families(parts) if "families" in topic.fields else _shares(parts)
    for _, gate, _ in parts:
        fields |= {name: value for name, value in gate.states.items() if name not in fields}
    rows = min(chosen.n for _, _, chosen in parts)
    fields["n"] = rows
    missing = [field for field, kind in topic.fields.items() if field not in fields and not kind.endswith("?")]
    if missing:
        raise FieldError(
            f"nothing gives field {missing[0]!r}",
            where=f"gate of topic {name}",
            fix="plan an item for each part, and state what no measure computes",
        )
    first, _, measured = parts[0]
    return Predicate(
        kind=topic.kind,
        topic=name,
        fields={field: fields[field] for field in topic.fields if field in fields},
        taken_at=first.taken_at,
        method=measured.method,
        data_digest=measured.data_digest,
        n=rows,
        statistics={
            "parts": {
                str(gate.part): chosen.predicate()["statistics"] | {"plan": _plan(result)}
                for result, gate, chosen in parts
            }
        },
        demo=first.demo,
    )


def _shares(parts: Sequence[tuple[MeasurementResult, Gate, Measurement]]) -> dict[str, Value]:
    """Return the share of each part with its target."""
    fields: dict[str, Value] = {}
    for _, gate, chosen in parts:
        assert gate.part is not None
        assert chosen.estimate is not None
        fields[gate.part] = chosen.estimate
        if gate.target is not None:
            fields[f"{gate.part}_target"] = gate.target
    return fields


def _families(parts: Sequence[tuple[MeasurementResult, Gate, Measurement]]) -> dict[str, Value]:
    """Return a challenge in several families: attempts and successes added up, each limit that was not met open as critical.

    A family whose number is no share of attempts (an effect of one attack) is one attempt, which succeeded if it missed its limit.
    """
    attempts, successes = 0, 0
    for result, _, chosen in parts:
        assert chosen.estimate is not None
        share = chosen.unit.startswith("share")
        attempts += chosen.n if share else 1
        successes += round(chosen.estimate * chosen.n) if share else int(result.standing != "met")
    missed = sum(result.standing != "met" for result, _, _ in parts)
    names: list[str] = [str(gate.part) for _, gate, _ in parts]
    return {"families": names, "attempts": attempts, "successes": successes, "open_critical": missed}


def _plan(result: MeasurementResult) -> dict[str, Any]:
    assert result.plan is not None
    return {
        "index": result.plan.index,
        "digest": result.plan.digest,
        "recorded_at": result.plan.recorded_at,
        "item": result.item.id,
        "standing": result.standing,
        "variants": result.variants,
        "scores_from": result.scores_from,
    }
