"""From a file to a plan: strict, each item checked against its measure, so that a plan that cannot run is never registered."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.ids import check_slug, parse_use
from dualtrack.domain.records import Record, encode, read_record
from dualtrack.domain.usecase import primary_claim
from dualtrack.domain.vocabulary import Design, Track
from dualtrack.errors import FieldError
from dualtrack.evidence.measurement import LEVEL
from dualtrack.evidence.plans.records import DecisionRule, MeasurementPlan
from dualtrack.evidence.plans.topic_fields import STATED
from dualtrack.evidence.registry import find_measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.usecase import Claim, UseCase
    from dualtrack.evidence.plans.records import Gate, PlanItem
    from dualtrack.rules.records import Topic

__all__ = ["check_claims", "check_gates", "check_plan", "gated_claim", "item_settings", "plan_digest", "read_plan"]


def read_plan(plain: object, *, where: str) -> MeasurementPlan:
    """Read a plan from plain data (YAML or JSON); raises FieldError naming item and field."""
    plan = read_record(plain, MeasurementPlan, where=where)
    check_plan(plan, where=where)
    return plan


def plan_digest(plan: MeasurementPlan) -> str:
    """Return the digest that names a plan: that of its canonical bytes."""
    return canonical.digest(encode(plan))


def check_plan(plan: MeasurementPlan, *, where: str) -> None:
    """Check what types cannot say: ids, measures, settings, thresholds that point one way."""
    parse_use(plan.use, where=f"{where}, field use")
    ids = [item.id for item in plan.items]
    for place, item in enumerate(plan.items):
        at = f"{where}, items[{place}] {item.id}"
        check_slug(item.id, where=at)
        if ids.count(item.id) > 1:
            raise FieldError(f"{item.id!r} is used twice", where=f"{where}, field items", fix="give each its own id")
        item_settings(item, where=at)
        if item.gate is not None:
            _check_gate(item.gate, at)
    if plan.decision is not None:
        _check_decision(plan.decision, f"{where}, field decision")


def item_settings(item: PlanItem, *, where: str) -> Record:
    """Return an item's settings as its measure declares them; raises FieldError for an unknown measure or a wrong field."""
    measure = find_measure(item.measure, where=f"{where}, field measure")
    settings: Record = read_record(item.settings, measure.settings, where=f"{where}, field settings")
    return settings


def check_gates(plan: MeasurementPlan, topics: Mapping[str, Topic], *, where: str) -> None:
    """Check that each gate names a topic that the firm's adopted packs know, and states only fields that the topic has."""
    for item in plan.items:
        if item.gate is None:
            continue
        at = f"{where}, item {item.id}, field gate"
        _check_single(plan, item, at)
        topic = topics.get(item.gate.topic)
        if topic is None:
            raise FieldError(
                f"topic {item.gate.topic!r} is not known to any adopted pack",
                where=at,
                fix="see `dualtrack evidence topics`, or adopt the pack that asks for it",
            )
        shared = item.gate.part is not None and "families" not in topic.fields
        named = {str(item.gate.part), f"{item.gate.part}_target"} if shared else set()
        unknown = sorted((set(item.gate.states) | named) - set(topic.fields))
        if unknown:
            raise FieldError(f"field {unknown[0]!r}", where=at, expected=", ".join(sorted(topic.fields)))


def check_claims(plan: MeasurementPlan, declaration: UseCase, *, where: str) -> None:
    """Check that each benefit gate tests the claim as it was declared: same minimum, same margin, same unit."""
    for item in plan.items:
        if item.gate is None or item.gate.topic != "benefit":
            continue
        at = f"{where}, item {item.id}"
        claim = gated_claim(declaration, item.gate, where=at)
        tested = getattr(item_settings(item, where=at), "plan", None)
        if tested is None:
            raise FieldError(
                f"{item.measure} tests no declared effect", where=at, fix="use a measure of the family benefit"
            )
        margin = claim.margin if claim.design is Design.NON_INFERIORITY else None
        for name, declared, planned in (
            ("effect", claim.minimum, tested.effect),
            ("margin", margin, tested.margin),
            ("unit", claim.unit, tested.unit),
        ):
            if declared != planned:
                raise FieldError(
                    f"{name} {planned}",
                    where=f"{at}, settings.plan",
                    expected=f"{declared}, as claim {claim.id} declares it",
                )


def gated_claim(declaration: UseCase, gate: Gate, *, where: str) -> Claim:
    """Return the benefit claim that a gate is about: the one named, else the primary one."""
    claims = {claim.id: claim for claim in declaration.claims if claim.track is Track.BENEFIT}
    found = claims.get(gate.claim) if gate.claim else primary_claim(declaration)
    if found is None or found.baseline is None or found.minimum is None:
        raise FieldError(
            f"no benefit claim {gate.claim or 'that is primary'!r} with baseline and minimum",
            where=where,
            expected=", ".join(claims) or "a claim of the declaration",
            fix="declare it beforehand",
        )
    return found


def _check_single(plan: MeasurementPlan, item: PlanItem, where: str) -> None:
    """Refuse two items that answer one topic whole, since the later would hide the earlier, and certainty below the field's."""
    gate = item.gate
    if gate is None:
        return
    if plan.level < LEVEL:
        raise FieldError(f"level {plan.level}", where=where, expected=f"{LEVEL} or more where a threshold counts")
    same = [each for each in plan.items if each.gate is not None and each.gate.topic == gate.topic]
    if len(same) > 1 and any(each.gate is not None and each.gate.part is None for each in same):
        raise FieldError(
            f"two items answer {gate.topic}", where=where, fix="keep one, or name the part that each gives"
        )


def _check_gate(gate: Gate, where: str) -> None:
    stated = sorted(set(gate.states) - STATED)
    if stated:
        raise FieldError(
            f"field {stated[0]!r} under states", where=where, expected=", ".join(sorted(STATED)), fix="measure it"
        )
    one_sided = [value for value in (gate.target, gate.limit) if value is not None]
    band = [value for value in (gate.limit_low, gate.limit_high) if value is not None]
    benefit = gate.topic == "benefit"
    if benefit and (one_sided or band):
        raise FieldError(
            "a threshold on a benefit claim",
            where=where,
            fix="leave it out: the declared minimum or margin is the threshold",
        )
    if not benefit and (len(one_sided), len(band)) not in {(1, 0), (0, 2)}:
        raise FieldError(
            "no threshold, or several", where=where, expected="target, or limit, or limit_low and limit_high together"
        )
    if any(not math.isfinite(value) for value in (*one_sided, *band)) or (band and band[0] >= band[-1]):
        raise FieldError("thresholds that are not finite or do not rise", where=where)


def _check_decision(rule: DecisionRule, where: str) -> None:
    given = [value for value in (rule.at_least, rule.capacity) if value is not None]
    if len(given) != 1 or not math.isfinite(given[0]):
        raise FieldError(f"{len(given)} rules", where=where, expected="at_least or capacity, a finite number")
    if rule.capacity is not None and not 0 < rule.capacity < 1:
        raise FieldError(f"capacity {rule.capacity}", where=where, expected="a share of the rows between 0 and 1")
