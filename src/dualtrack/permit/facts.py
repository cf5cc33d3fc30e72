"""Step 2, derive: the facts that rules may name, from the declaration, the firm, the release and signatures.

An answer that was not given is absent, never false (docs/assessment.md, section 8).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.assessment import TierLine
from dualtrack.domain.usecase import primary_claim
from dualtrack.domain.vocabulary import Destination, Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from dualtrack.domain.institution import Institution
    from dualtrack.domain.records import Value
    from dualtrack.domain.usecase import Task, UseCase
    from dualtrack.permit.admission import Walk
    from dualtrack.permit.evidence_check import Admitted
    from dualtrack.rules.pack import Pack
    from dualtrack.rules.records import Topic

__all__ = ["DUTY_FACTS", "Facts", "base_facts", "builders", "derive_tier", "newest_by_topic"]

Facts = dict[str, "Value"]


def base_facts(found: Walk, admitted: Sequence[Admitted], topics: Mapping[str, Topic]) -> Facts:
    """Return the facts `use.`, `firm.`, `policy.`, `claim.` and `sod.`."""
    facts = _firm_facts(found.institution)
    if found.declaration is not None:
        facts |= _use_facts(found.declaration) | _claim_facts(found.declaration)
    if found.release is not None:
        policy = found.release.release.policy
        facts |= {
            "policy.guards": list(policy.guards),
            "policy.disclosure": policy.disclosure,
            "policy.review_before_release": policy.review_before_release,
            "policy.opt_out": policy.opt_out,
        }
        facts |= _separation_of_duties(builders(found), admitted, topics)
    return facts


def builders(found: Walk) -> frozenset[str]:
    """Return the holders who built: named by the release or by any declaration, or signers of the release."""
    named = frozenset(holder for item in found.declarations for holder in item.use_case.builders)
    release = found.release
    return named | (frozenset(release.release.builders) | release.holders if release else frozenset())


def newest_by_topic(admitted: Iterable[Admitted]) -> dict[str, Admitted]:
    """Return the admitted evidence with the greatest index of each topic: the newest counts, even if it is worse."""
    return {item.predicate.topic: item for item in admitted}


def derive_tier(packs: Sequence[Pack], facts: Mapping[str, Value], on: date) -> TierLine:
    """Return the first tier that is not definitely excluded; without a pack that defines tiers, the highest."""
    pack = next((pack for pack in packs if pack.tiers), None)
    if pack is None:
        return TierLine(value=Tier.HIGH, pack=None, line=None, unknown=False)
    known = pack.with_own_facts(facts, on)
    for position, line in enumerate(pack.tiers):
        holds = line.when(known)
        if holds is not False:
            return TierLine(value=line.data.tier, pack=pack.id, line=position, unknown=holds is None)
    return TierLine(value=Tier.LOW, pack=pack.id, line=None, unknown=False)


def _firm_facts(institution: Institution) -> Facts:
    facts: Facts = {f"firm.{name}": value for name, value in institution.profile.items()}
    facts["firm.type"] = institution.type.value
    if institution.staff is not None:
        facts["firm.staff"] = institution.staff
    return facts


def _use_facts(use_case: UseCase) -> Facts:
    facts: Facts = {f"use.{name}": value for name, value in use_case.facts.items()}
    facts |= {
        "use.area": use_case.area.value,
        "use.sector": use_case.sector.value,
        "use.affected": list(use_case.affected),
        "use.has_fallback": use_case.fallback is not None,
        "use.builders": len(use_case.builders),
        "use.live": use_case.live_since is not None,
    }
    if use_case.components:
        facts["use.components_without_licence"] = sum(part.licence is None for part in use_case.components)
    if use_case.tasks:
        undecided = [task for task in use_case.tasks if task.destination is Destination.UNDECIDED]
        facts |= _sum("use.hours_released", use_case.tasks) | _sum("use.undecided_hours", undecided)
    return facts


def _sum(name: str, tasks: Iterable[Task]) -> Facts:
    # fsum rounds once, so the sum is the same on every Python version and in every order.
    try:
        total = math.fsum(task.hours_released for task in tasks)
    except OverflowError:
        return {}
    return {name: total} if math.isfinite(total) else {}


def _claim_facts(use_case: UseCase) -> Facts:
    claim = primary_claim(use_case)
    if claim is None:
        return {}
    facts: Facts = {"claim.id": claim.id}
    if claim.baseline is not None:
        facts["claim.baseline"] = claim.baseline
    if claim.design is not None:
        facts["claim.design"] = claim.design.value
    if claim.minimum is not None:
        facts["claim.minimum"] = float(claim.minimum)
    if claim.margin is not None:
        facts["claim.margin"] = float(claim.margin)
    return facts


DUTY_FACTS = {
    "validate": "sod.validator_independent",
    "approve": "sod.approver_independent",
    "monitor": "sod.monitor_independent",
}
"""The fact that says of each duty of a topic whether none of its signers built what they judge."""


def _separation_of_duties(built: frozenset[str], admitted: Sequence[Admitted], topics: Mapping[str, Topic]) -> Facts:
    signers: dict[str, frozenset[str]] = {}
    for topic, item in newest_by_topic(admitted).items():
        duty = topics[topic].duty
        if duty is not None:
            signers[duty] = signers.get(duty, frozenset()) | item.holders
    return {DUTY_FACTS[duty]: not holders & built for duty, holders in signers.items()}
