"""OSCAL 1.2 assessment results: each result and each piece of evidence an observation, each rule's outcome a finding.

Source: NIST, OSCAL 1.2.3, assessment-results model. `satisfied` there means that our test of the rule is met, and a finding
says so; what had no evidence is `not-satisfied` with its own reason. Every identifier is a UUID of version 5 over digests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack import __version__
from dualtrack.domain.vocabulary import Outcome
from dualtrack.errors import NotFoundError
from dualtrack.supervisor.formats.common import DISCLAIMER, TOOL, one_line, pretty_bytes, rule_test, stable_uuid
from dualtrack.supervisor.formats.oscal_observations import OscalIds, observations, prop, resources

if TYPE_CHECKING:
    from dualtrack.domain.assessment import RuleLine
    from dualtrack.rules.records import RuleData
    from dualtrack.supervisor.formats.case import ExportCase, Verdict

__all__ = ["OSCAL_VERSION", "oscal_bytes", "oscal_document"]

OSCAL_VERSION = "1.2.3"
"""The version of OSCAL that the document is written to."""

_REASONS = {
    Outcome.MET: ("satisfied", "pass"),
    Outcome.NOT_MET: ("not-satisfied", "fail"),
    Outcome.NO_EVIDENCE: ("not-satisfied", "other"),
    Outcome.WAIVED: ("not-satisfied", "other"),
}
"""Outcome to state and reason; what does not apply is no finding."""

_OUTCOME_WORDS = {
    Outcome.MET: "is met",
    Outcome.NOT_MET: "is not met",
    Outcome.NO_EVIDENCE: "has no evidence, which counts as not met",
    Outcome.WAIVED: "is not met and was waived by the institution",
}


def oscal_bytes(case: ExportCase) -> bytes:
    """Return the document as bytes; raises NotFoundError for a release without a verdict."""
    return pretty_bytes(oscal_document(case))


def oscal_document(case: ExportCase) -> dict[str, Any]:
    """Return the assessment results of a release's newest verdict."""
    if case.verdict is None:
        raise NotFoundError(
            f"release {case.digest[:16]} of {case.use} has no verdict", fix=f"`dualtrack assess {case.use}` first"
        )
    ids = OscalIds(case, case.verdict)
    return {
        "assessment-results": {
            "uuid": ids.document,
            "metadata": _metadata(case, case.verdict, ids),
            "import-ap": {
                "href": f"#{ids.plan}",
                "remarks": "The plan is in the ledger: the registered measurement plans and the adopted rule packs.",
            },
            "results": [_result(case, case.verdict, ids)],
            "back-matter": {"resources": resources(case, ids)},
        }
    }


def _metadata(case: ExportCase, verdict: Verdict, ids: OscalIds) -> dict[str, Any]:
    firm = case.institution
    return {
        "title": f"Assessment of {one_line(case.declaration.title.en)}",
        "last-modified": case.as_of,
        "version": verdict.digest[:16],
        "oscal-version": OSCAL_VERSION,
        "props": [
            prop("use", case.use),
            prop("release", case.digest),
            prop("assessment", verdict.digest),
            prop("made-by", TOOL),
            *([prop("demo", "true")] if case.demo else []),
        ],
        "parties": [{"uuid": ids.party, "type": "organization", "name": one_line(firm.name.en)}],
        "remarks": DISCLAIMER,
    }


def _result(case: ExportCase, verdict: Verdict, ids: OscalIds) -> dict[str, Any]:
    assessment = verdict.assessment
    lines = [line for line in assessment.rules if line.outcome in _REASONS]
    observed = observations(case, ids)
    result: dict[str, Any] = {
        "uuid": stable_uuid("result", verdict.digest),
        "title": f"Verdict: {assessment.verdict.value.replace('_', ' ')}",
        "description": f"Computed at ledger size {assessment.size} from admitted evidence and adopted rule packs.",
        "start": case.released_at,
        "end": assessment.at,
        "props": [
            prop("verdict", assessment.verdict.value),
            prop("mode", assessment.mode.value if assessment.mode else "none"),
            prop("tier", assessment.tier.value.value),
            *([prop("expires", assessment.expires)] if assessment.expires else []),
            *(prop("pack", f"{line.id} {line.version} {line.digest}") for line in assessment.packs),
        ],
        "local-definitions": {
            "components": [_component(case, ids)],
            "assessment-assets": {
                "assessment-platforms": [{"uuid": ids.platform, "title": "Dualtrack", "props": [_version_prop()]}]
            },
        },
        "reviewed-controls": {"control-selections": [_selection(lines)]},
        "remarks": DISCLAIMER,
    }
    if observed:
        result["observations"] = observed
    findings = [_finding(case, ids, line) for line in lines]
    if findings:
        result["findings"] = findings
    return result


def _version_prop() -> dict[str, str]:
    return {"name": "version", "value": __version__}


def _component(case: ExportCase, ids: OscalIds) -> dict[str, Any]:
    return {
        "uuid": ids.subject,
        "type": "software",
        "title": one_line(case.declaration.title.en),
        "description": one_line(case.declaration.purpose.en),
        "props": [prop("release", case.digest), prop("code", case.release.code)],
        "status": {"state": "other", "remarks": "What may run, and in which mode, is what the permit says."},
    }


def _selection(lines: list[RuleLine]) -> dict[str, Any]:
    text = "The rules of the adopted packs that apply to this use; their identifiers are those of the packs."
    if not lines:
        return {"description": text}
    return {"description": text, "include-controls": [{"control-id": _control(line)} for line in lines]}


def _control(line: RuleLine) -> str:
    """Return a rule's name as a token, which must begin with a letter."""
    name = f"{line.pack}.{line.rule}"
    return name if name[0].isalpha() else f"_{name}"


def _finding(case: ExportCase, ids: OscalIds, line: RuleLine) -> dict[str, Any]:
    rule = case.packs[line.pack].rule(line.rule).data
    state, reason = _REASONS[line.outcome]
    test, words = rule_test(rule), _OUTCOME_WORDS[line.outcome]
    finding: dict[str, Any] = {
        "uuid": stable_uuid("finding", ids.verdict.digest, line.pack, line.rule),
        "title": f"{test[0].upper()}{test[1:]} {words}",
        "description": _source_words(case, line, rule),
        "props": [
            prop("outcome", line.outcome.value),
            prop("effect", line.effect.value),
            prop("severity", line.severity.value),
            prop("track", line.track.value),
            *(prop("missing", name) for name in line.missing),
            *(prop("expired", name) for name in line.expired),
            *([prop("due", line.due)] if line.due else []),
        ],
        "target": {
            "type": "objective-id",
            "target-id": _control(line),
            "status": {"state": state, "reason": reason, "remarks": f"This is {test}; it {words}."},
        },
    }
    related = [{"observation-uuid": ids.evidence(index)} for index in line.evidence if ids.has_evidence(index)]
    if related:
        finding["related-observations"] = related
    return finding


def _source_words(case: ExportCase, line: RuleLine, rule: RuleData) -> str:
    source = case.packs[line.pack].data.source
    return f"{rule.title.en}. Our paraphrase of {source.document}: {rule.says.en}"
