"""Declarations: what the institution claims, the signed entries it rests on, and each outcome of a rule as our test of a paragraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.vocabulary import Outcome
from dualtrack.supervisor.formats.common import DISCLAIMER, rule_test

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.domain.assessment import RuleLine
    from dualtrack.supervisor.formats.case import ExportCase, Observed

__all__ = ["declarations", "standards"]

_WORDS = {
    Outcome.MET: "is met",
    Outcome.NOT_MET: "is not met",
    Outcome.NO_EVIDENCE: "has no evidence, which counts as not met",
    Outcome.WAIVED: "is not met and was waived by the institution",
}
"""Outcome in words; a rule that does not apply is not in the document."""

_ASSESSOR = "assessor"


def declarations(case: ExportCase, target: str) -> dict[str, Any]:
    """Return the claims about `target` with their evidence, and the attestation of the newest verdict, where there is one."""
    kept = [item for item in case.observed if item.admitted]
    found: dict[str, Any] = {
        "assessors": [
            {"bom-ref": _ASSESSOR, "thirdParty": False, "organization": {"name": case.institution.name.en}},
        ],
        "claims": [*_declared(case, target, kept), *_tested(case, target, kept)],
        "evidence": [_evidence(case, item) for item in kept],
    }
    if case.verdict is not None:
        found["attestations"] = [
            {"summary": DISCLAIMER, "assessor": _ASSESSOR, "map": [_mapped(case, line) for line in _applying(case)]}
        ]
    return found


def standards(case: ExportCase) -> list[dict[str, Any]]:
    """Return the rule packs of the verdict with those of their rules that apply, named as our tests."""
    found = []
    for pack_id, pack in case.packs.items():
        lines = [line for line in _applying(case) if line.pack == pack_id]
        if not lines:
            continue
        found.append(
            {
                "bom-ref": f"pack-{pack_id}",
                "name": pack.data.title.en,
                "version": pack.data.version,
                "description": f"Our rule pack for {pack.data.source.document}; compiled SHA-256 {pack.digest}.",
                "owner": pack.data.transcriber,
                "requirements": [_requirement(case, line) for line in lines],
            }
        )
    return found


def _applying(case: ExportCase) -> list[RuleLine]:
    return [line for line in case.verdict.assessment.rules if line.outcome in _WORDS] if case.verdict else []


def _requirement(case: ExportCase, line: RuleLine) -> dict[str, Any]:
    rule = case.packs[line.pack].rule(line.rule).data
    return {
        "bom-ref": _rule_ref(line),
        "identifier": line.rule,
        "title": rule_test(rule),
        "text": f"{rule.title.en}. Our paraphrase: {rule.says.en}",
    }


def _rule_ref(line: RuleLine) -> str:
    return f"rule-{line.pack}-{line.rule}"


def _claim_ref(line: RuleLine) -> str:
    return f"claim-{_rule_ref(line)}"


def _declared(case: ExportCase, target: str, kept: Iterable[Observed]) -> list[dict[str, Any]]:
    """Return the claims of the declaration, as its owner states them."""
    claims = []
    for claim in case.declaration.claims:
        bearing = [_evidence_ref(item) for item in kept if item.predicate.claim == claim.id]
        found = {
            "bom-ref": f"claim-declared-{claim.id}",
            "target": target,
            "predicate": claim.statement.en,
            "reasoning": f"Declared on the {claim.track.value} track; whether evidence bears it out, the verdict says.",
        }
        claims.append(found | ({"evidence": bearing} if bearing else {}))
    return claims


def _tested(case: ExportCase, target: str, kept: Iterable[Observed]) -> list[dict[str, Any]]:
    """Return one claim for each rule that applies: the outcome of our test, with the evidence it rested on."""
    known = {item.index: item for item in kept}
    claims = []
    for line in _applying(case):
        test = rule_test(case.packs[line.pack].rule(line.rule).data)
        found: dict[str, Any] = {
            "bom-ref": _claim_ref(line),
            "target": target,
            "predicate": f"{test} {_WORDS[line.outcome]}",
        }
        bearing = [_evidence_ref(known[index]) for index in line.evidence if index in known]
        if bearing:
            found["evidence" if line.outcome is Outcome.MET else "counterEvidence"] = bearing
        claims.append(found)
    return claims


def _mapped(case: ExportCase, line: RuleLine) -> dict[str, Any]:
    """Return where the attestation says what came of a rule; no score, for a test that is met is no degree of anything."""
    side = "claims" if line.outcome is Outcome.MET else "counterClaims"
    test = rule_test(case.packs[line.pack].rule(line.rule).data)
    return {
        "requirement": _rule_ref(line),
        side: [_claim_ref(line)],
        "conformance": {"rationale": f"{test} {_WORDS[line.outcome]}"},
    }


def _evidence_ref(item: Observed) -> str:
    return f"evidence-{item.index}"


def _evidence(case: ExportCase, item: Observed) -> dict[str, Any]:
    """Return a pointer to a signed entry: its digest and topic, not what it says."""
    predicate = item.predicate
    return {
        "bom-ref": _evidence_ref(item),
        "propertyName": predicate.topic,
        "description": f"{predicate.kind.value} in a signed entry of the ledger, SHA-256 {item.digest}",
        "created": predicate.taken_at,
        "data": [
            {
                "name": f"entry {item.index}",
                "contents": {"url": f"urn:dualtrack:entry:{case.institution.id}:{item.index}#sha256={item.digest}"},
            }
        ],
    }
