"""What the rules ask of every decision of a use: read from its assessment and `data/enforcement.yaml`.

A rule that applies, or of which that is not known, binds. One that is checked at decisions and that the runtime does not
know how to enforce stops the use: it is never passed over.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.domain.vocabulary import Check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.assessment import Assessment
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.release import Policy
    from dualtrack.rules.pack import Pack

__all__ = ["Duties", "DutyName", "Enforcement", "duties_of", "enforcement", "policy_gap"]

DutyName = Literal["disclosure", "disclosure_every", "review_hold", "opt_out"]


class Enforcement(Record, frozen=True):
    """How one rule is enforced, and where its source lets the regulator be flexible."""

    pack: str
    rule: str
    cites: str
    duty: DutyName
    flexibility: str | None = None


class _Table(Record, frozen=True):
    checked_on: str
    rules: list[Enforcement]


class Duties(NamedTuple):
    """Duties with the paragraphs they come from; `unknown` names rules that nothing here can enforce."""

    by_name: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...]

    def why(self, duty: DutyName) -> str:
        """Return the paragraphs that a duty rests on, or nothing where it does not bind."""
        return "; ".join(self.by_name.get(duty, ()))


@cache
def enforcement() -> Mapping[tuple[str, str], Enforcement]:
    """Return how rules are enforced, by pack and rule."""
    data = (resources.files("dualtrack.runtime") / "data" / "enforcement.yaml").read_bytes()
    found = read_record(read_yaml(data, where="enforcement.yaml"), _Table, where="enforcement.yaml")
    return {(item.pack, item.rule): item for item in found.rules}


_BY_FACT: dict[str, DutyName] = {
    "policy.disclosure": "disclosure_every",
    "policy.review_before_release": "review_hold",
    "policy.opt_out": "opt_out",
}
"""What a rule of a pack unknown to us asks for, by the policy fact it names: the stricter reading."""


def duties_of(assessment: Assessment, packs: Mapping[str, Pack], policy: RuntimePolicy) -> Duties:
    """Return what binds every decision under this assessment; `packs` are those it was made with, by id."""
    found: dict[str, list[str]] = {}
    unknown = []
    binding = {line.id for line in assessment.packs if line.binding}
    for line in assessment.rules:
        if line.applies is False or line.pack not in binding:
            continue
        pack = packs.get(line.pack)
        rule = next((item for item in pack.rules if item.id == line.rule), None) if pack else None
        if rule is None or rule.data.checked is not Check.DECISION or line.outcome == "not_applicable":
            continue
        known = enforcement().get((line.pack, line.rule))
        if known is not None:
            if known.duty == "review_hold" and known.flexibility and policy.review.flexibility:
                continue  # the regulator's reference is on file, and printed with every decision's policy
            found.setdefault(known.duty, []).append(known.cites)
            continue
        duties = {_BY_FACT[name] for name in rule.names if name in _BY_FACT}
        if not duties:
            unknown.append(f"{line.pack}/{line.rule}")
        for duty in duties:
            found.setdefault(duty, []).append(f"{line.pack}/{line.rule}")
    return Duties({name: tuple(cites) for name, cites in found.items()}, tuple(unknown))


def policy_gap(promised: Policy, policy: RuntimePolicy, duties: Duties) -> str | None:
    """Return what the runtime policy lacks of what the release promises or a rule demands, or None."""
    named = {item.guard for item in policy.guards}
    missing = sorted(set(promised.guards) - named)
    shown = policy.disclosure
    due = promised.disclosure or duties.why("disclosure") or duties.why("disclosure_every")
    gaps = {
        f"no way to enforce {', '.join(duties.unknown)}": bool(duties.unknown),
        f"the release promises the guard {''.join(missing[:1])}, which the runtime policy lacks": bool(missing),
        "a disclosure is due and the runtime policy has none": bool(due) and shown is None,
        f"the disclosure is due at every interaction ({duties.why('disclosure_every')})": bool(
            duties.why("disclosure_every") and shown is not None and not shown.every
        ),
        "the release promises review before release, and the runtime policy does not hold": (
            promised.review_before_release and policy.review.mode != "hold"
        ),
        "opting out is due and the runtime policy does not honour it": (
            bool(promised.opt_out or duties.why("opt_out")) and not policy.opt_out
        ),
    }
    return next((said for said, holds in gaps.items() if holds), None)
