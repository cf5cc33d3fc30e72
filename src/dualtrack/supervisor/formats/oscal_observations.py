"""The observations of an OSCAL document and the resources they point to: ledger entries by digest, never their contents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.evidence.plans.running import gated_measurement
from dualtrack.evidence.reporting.plots import groups_of
from dualtrack.supervisor.formats.common import NAMESPACE, cell_size_min, number, one_line, stable_uuid

if TYPE_CHECKING:
    from dualtrack.supervisor.formats.case import ExportCase, Observed, Planned, Resulted, Verdict

__all__ = ["OscalIds", "observations", "prop", "resources"]

_METHODS = {
    EvidenceKind.MEASUREMENT: "TEST",
    EvidenceKind.CHALLENGE: "TEST",
    EvidenceKind.DRILL: "TEST",
    EvidenceKind.ATTESTATION: "EXAMINE",
    EvidenceKind.DOCUMENT: "EXAMINE",
    EvidenceKind.APPROVAL: "EXAMINE",
}
"""Kind of evidence to OSCAL's way of assessing."""


class OscalIds:
    """The identifiers of one document, each a function of digests in the ledger."""

    def __init__(self, case: ExportCase, verdict: Verdict) -> None:
        self.verdict = verdict
        self.document = stable_uuid("assessment-results", verdict.digest)
        self.plan = stable_uuid("plan", verdict.digest)
        self.party = stable_uuid("institution", case.institution.id)
        self.platform = stable_uuid("platform", verdict.digest)
        self.subject = stable_uuid("release", case.digest)
        self._evidence = {item.index: item.digest for item in _shown_evidence(case)}

    def has_evidence(self, index: int) -> bool:
        """Say whether the evidence at a ledger index is an observation of the document."""
        return index in self._evidence

    def evidence(self, index: int) -> str:
        """Return the identifier of the observation of the evidence at a ledger index."""
        return stable_uuid("evidence", self.verdict.digest, self._evidence[index])

    def result(self, item: Resulted) -> str:
        """Return the identifier of the observation of a result."""
        return stable_uuid("measurement-result", self.verdict.digest, item.digest)

    @staticmethod
    def resource(digest: str) -> str:
        """Return the identifier of the resource for the ledger entry of a digest."""
        return stable_uuid("entry", digest)


def prop(name: str, value: str) -> dict[str, str]:
    """Return a property in our namespace; a value there is one line without blanks around it, and never empty."""
    return {"name": name, "ns": NAMESPACE, "value": one_line(value)}


def observations(case: ExportCase, ids: OscalIds) -> list[dict[str, Any]]:
    """Return the observations: evidence first, then results, each in the ledger's order."""
    return [
        *(_of_evidence(case, ids, item) for item in _shown_evidence(case)),
        *(_of_result(case, ids, item) for item in case.results),
    ]


def resources(case: ExportCase, ids: OscalIds) -> list[dict[str, Any]]:
    """Return the resources: what stands for the plan, and the ledger entry of every plan, observation and the verdict."""
    firm = case.institution.id
    entries: list[Observed | Planned | Resulted] = [*case.plans, *_shown_evidence(case), *case.results]
    return [
        {
            "uuid": ids.plan,
            "title": "What was planned",
            "description": "Rule packs adopted and measurement plans registered, by their digests; there is no OSCAL plan.",
            "props": [
                *(prop("pack", f"{line.id} {line.digest}") for line in ids.verdict.assessment.packs),
                *(prop("measurement-plan", f"entry {plan.index} {plan.digest}") for plan in case.plans),
                prop("assessment", ids.verdict.digest),
            ],
            "rlinks": [_entry_link(firm, ids.verdict)],
        },
        *(
            {
                "uuid": ids.resource(item.digest),
                "title": f"Entry {item.index} of the ledger of {firm}",
                "rlinks": [_entry_link(firm, item)],
            }
            for item in entries
        ),
    ]


def _entry_link(firm: str, item: Observed | Planned | Resulted | Verdict) -> dict[str, Any]:
    """Return the name of a ledger entry, which no network resolves, with the digest of what it holds."""
    return {
        "href": f"urn:dualtrack:entry:{firm}:{item.index}",
        "media-type": "application/json",
        "hashes": [{"algorithm": "SHA-256", "value": item.digest}],
    }


def _shown_evidence(case: ExportCase) -> list[Observed]:
    """Return the evidence that was admitted and stood in the ledger when the verdict was computed."""
    before = case.verdict.index if case.verdict is not None else 0
    return [item for item in case.observed if item.admitted and item.index < before]


def _of_evidence(case: ExportCase, ids: OscalIds, item: Observed) -> dict[str, Any]:
    predicate = item.predicate
    kind = predicate.kind.value
    figures = [
        prop(name.replace("_", "-"), number(value))
        for name, value in predicate.fields.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return {
        "uuid": ids.evidence(item.index),
        "title": f"Evidence: {predicate.topic.replace('_', ' ')}",
        "description": f"{kind.capitalize()} on topic {predicate.topic}, entry {item.index} of the ledger.",
        "props": [
            prop("topic", predicate.topic),
            prop("kind", kind),
            prop("evidence", item.digest),
            *([prop("data", predicate.data_digest)] if predicate.data_digest else []),
            *figures,
        ],
        "methods": [_METHODS[predicate.kind]],
        "types": ["control-objective"],
        **_found(case, ids, item.digest, predicate.taken_at),
    }


def _of_result(case: ExportCase, ids: OscalIds, item: Resulted) -> dict[str, Any]:
    result = item.result
    measured = gated_measurement(result)
    least = cell_size_min(case, result.plan.index if result.plan else None)
    figures = []
    if measured is not None and measured.estimate is not None and measured.n >= least:
        shown = {"estimate": measured.estimate, "low": measured.low, "high": measured.high}
        figures = [prop("measure", measured.measure), prop("unit", measured.unit), prop("n", str(measured.n))]
        figures += [prop(name, number(value)) for name, value in shown.items() if value is not None]
        figures += [prop("groups", groups_of(measured))] if groups_of(measured) else []
    planned = f"planned in entry {result.plan.index}" if result.plan else "not planned beforehand: exploratory"
    return {
        "uuid": ids.result(item),
        "title": f"Result: {result.item.id}",
        "description": f"{result.item.measure}: {result.standing}; {planned}; entry {item.index} of the ledger.",
        "props": [
            prop("standing", result.standing.replace(" ", "-")),
            prop("exploratory", str(result.exploratory).lower()),
            prop("result", item.digest),
            prop("data", result.data_digest),
            prop("level", number(result.level)),
            prop("variants", str(result.variants)),
            *figures,
        ],
        "methods": ["TEST"],
        "types": ["control-objective" if not result.exploratory else "historic"],
        **_found(case, ids, item.digest, result.taken_at),
    }


def _found(case: ExportCase, ids: OscalIds, digest: str, taken_at: str) -> dict[str, Any]:
    return {
        "origins": [{"actors": [{"type": "party", "actor-uuid": ids.party}]}],
        "subjects": [{"subject-uuid": ids.subject, "type": "component", "title": one_line(case.declaration.title.en)}],
        "relevant-evidence": [
            {"href": f"#{ids.resource(digest)}", "description": f"The signed entry, SHA-256 {digest}."}
        ],
        "collected": taken_at,
    }
