"""The standard case: an institution, a tiny pack, one use with its evidence, and its assessment worked out by hand.

The expected assessment is written down, not computed, so that it is an oracle for the verifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bundle_parts import KEYS, canonical, digest, envelope

INSTITUTION = "harbour-bank"
USE = "harbour-bank/triage"
ORIGIN = f"dualtrack.local/{INSTITUTION}/main"
AT = "2026-01-06T00:00:00Z"
TAKEN = "2026-01-04T00:00:00Z"
TEXT = {"en": "text", "zh-Hant": "文字"}


# --- the pack ---


def fact(name: str) -> dict[str, Any]:
    return {"fact": name}


def call(name: str, *args: object) -> dict[str, Any]:
    return {"call": name, "args": list(args)}


def expression(text: str, tree: object) -> dict[str, Any]:
    return {"text": text, "tree": tree}


ALWAYS = expression("true", {"bool": True})


def rule(name: str, requires: dict[str, Any], evidence: list[str], **more: object) -> dict[str, Any]:
    base = {
        "id": name, "cites": ["1"], "title": TEXT, "says": TEXT, "todo": TEXT, "owner": "validator", "binds": ["bank"],
        "track": "safety", "applies": ALWAYS, "requires": requires, "evidence": evidence, "severity": "S2",
        "checked": "assessment", "due_days": None, "valid_days": 365, "weight": "circular", "basis": "text",
        "proportionality": None, "source_grade": "primary", "checked_source": "primary text", "clock_days": None,
        "crosswalk": {"finos": [], "nist": [], "iso42001": [], "mas": []},
        "tests": [{"name": n, "facts": {}, "expect": n} for n in ("met", "not_met", "no_evidence")],
    }  # fmt: skip
    return base | more


def topic(kind: str, about: str, roles: list[str], duty: str | None = None, **fields: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "about": about,
        "roles": roles,
        "fields": fields,
        "duty": duty,
        "title": TEXT,
        "hours": 1,
        "planned": False,
    }


TOPICS = {
    "discrimination": topic(
        "measurement", "release", ["collector"], estimate="double", low="double", high="double", n="int"
    ),
    "benefit": topic("measurement", "release", ["collector"], estimate="double", low="double", high="double", n="int"),
    "validation": topic("attestation", "release", ["validator"], duty="validate", passed="bool", remarks="string?"),
    "monitoring": topic("drill", "use", ["collector"], running="bool"),
    "training": topic("attestation", "firm", ["compliance"], done="bool"),
}

PACK: dict[str, Any] = {
    "format": "dualtrack.pack/1", "id": "mini", "version": "1", "issuer": "Nobody", "transcriber": "Dualtrack",
    "title": TEXT, "subject": "use", "status": "in_force", "effective_from": "2025-01-01", "effective_to": None,
    "grade": "primary",
    "source": {
        "document": "D", "reference": "R", "date": "2025-01-01", "address": "a", "file_digest": digest(b"the source"),
        "checked": "primary text", "checked_on": "2025-02-01", "note": "",
    },
    "parameters": [
        {"name": "auc_min", "type": "double", "value": 0.5, "from": "2025-01-01", "to": None, "cites": "1", "basis": "firm"}
    ],
    "definitions": [
        {"name": "heavy", **expression("use.individual_effect", fact("use.individual_effect")), "cites": ["1"], "says": TEXT}
    ],
    "tiers": [
        {"tier": "high", "when": expression("use.customer_facing", fact("use.customer_facing")), "reason": TEXT},
        {"tier": "medium", "when": expression("def.heavy", fact("def.heavy")), "reason": TEXT},
    ],
    "topics": TOPICS,
    "rules": [
        rule(
            "discriminates",
            expression(
                "ev.discrimination.low >= param.auc_min", call("ge", fact("ev.discrimination.low"), fact("param.auc_min"))
            ),
            ["discrimination"],
            severity="S1",
        ),
        rule(
            "helps",
            expression("ev.benefit.low > 0.0", call("gt", fact("ev.benefit.low"), {"double": 0.0})),
            ["benefit"],
            track="benefit",
        ),
        rule(
            "validated",
            expression(
                "ev.validation.passed && sod.validator_independent",
                call("and", fact("ev.validation.passed"), fact("sod.validator_independent")),
            ),
            ["validation"],
        ),
        rule("trained", expression("ev.training.done", fact("ev.training.done")), ["training"], severity="S3", clock_days=90),
        rule(
            "monitored",
            expression("ev.monitoring.running", fact("ev.monitoring.running")),
            ["monitoring"],
            checked="operation",
            due_days=30,
        ),
        rule(
            "generative",
            expression("policy.disclosure", fact("policy.disclosure")),
            [],
            applies=expression("use.generative", fact("use.generative")),
        ),
    ],
    "coverage": [
        {
            "paragraph": "1", "as": "rule", "note": TEXT,
            "rules": ["discriminates", "helps", "validated", "trained", "monitored", "generative"],
        }
    ],
}  # fmt: skip


# --- the records ---

INSTITUTION_RECORD: dict[str, Any] = {
    "id": INSTITUTION, "name": TEXT, "type": "bank", "licences": [], "staff": 40, "root_key": KEYS["root"].b64,
    "profile": {"has_board": True}, "demo": True,
}  # fmt: skip
DECLARATION: dict[str, Any] = {
    "use": USE, "title": TEXT, "purpose": TEXT, "area": "service", "sector": "bank", "affected": ["customers"],
    "accountable_executive": "Chan", "lines": {"first": "Au", "second": "Bo", "third": "Ho"}, "builders": ["au"],
    "scope": {"does": TEXT, "does_not": TEXT, "intents": [], "languages": ["en"], "monthly_volume": 10},
    "facts": {"customer_facing": False, "generative": False},
    "tasks": [
        {"name": TEXT, "hours_per_month": 10, "hours_released": 0.1, "destination": "undecided"},
        {"name": TEXT, "hours_per_month": 10, "hours_released": 0.2, "destination": "retrain"},
    ],
    "components": [
        {
            "id": "model", "type": "model", "name": "m", "version": "1", "digest": None, "provider": None,
            "licence": None, "source": None, "reservation": None, "indemnity": None,
        }
    ],
    "claims": [
        {
            "id": "faster", "track": "benefit", "topic": "benefit", "primary": True, "statement": TEXT, "baseline": "queue",
            "design": "superiority", "minimum": 1, "margin": None, "unit": "minutes",
        }
    ],
    "fallback": None, "live_since": None, "template": None, "demo": True,
}  # fmt: skip
RELEASE: dict[str, Any] = {
    "use": USE, "components": [{"id": "model", "digest": digest(b"model")}], "code": digest(b"code"),
    "policy": {
        "guards": ["pii"], "disclosure": True, "review_before_release": False, "opt_out": False, "durability": "durable", "runtime": None,
    },
    "builders": ["lee"], "note": "",
}  # fmt: skip
RELEASE_DIGEST = digest(canonical(RELEASE))


def statement(topic_name: str, fields: dict[str, object], **more: object) -> dict[str, Any]:
    definition = TOPICS.get(topic_name) or {"kind": "approval", "about": "use"}
    about = more.pop("about", definition["about"])
    name = INSTITUTION if about == "firm" else USE
    subject_digest = RELEASE_DIGEST if about == "release" else digest(f"{about}:{name}".encode())
    measured = definition["kind"] == "measurement"
    predicate = {
        "kind": definition["kind"], "topic": topic_name, "claim": None, "fields": fields,
        "method": {"name": "m", "version": "1", "source": "s"} if measured else None,
        "data_digest": digest(b"data") if measured else None, "document_digest": None, "n": 500 if measured else None,
        "seed": None, "statistics": {}, "taken_at": TAKEN, "minutes": None, "supersedes": None, "note": None, "demo": True,
    }  # fmt: skip
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": subject_digest}}],
        "predicateType": "urn:dualtrack:evidence:1",
        "predicate": predicate | more,
    }


@dataclass
class Draft:
    """An entry before it is logged; `shown` says whether the bundle holds it."""

    kind: str
    about: str
    content: bytes
    recorded_at: str
    institution: str = INSTITUTION
    shown: bool = True


def grant(name: str, role: str, holder: str, **more: object) -> dict[str, Any]:
    base = {"keyid": KEYS[name].keyid, "public_key": KEYS[name].b64, "holder": holder, "name": "a key"}
    return base | {"person": True, "roles": [role], "demo": True} | more


HOLDERS = {
    "owner": "chan",
    "developer": "lee",
    "validator": "bo",
    "approver": "ng",
    "compliance": "ma",
    "collector": "bot",
}
INTERVAL = {"estimate": 0.7, "low": 0.6, "high": 0.8, "n": 500}


def standard_drafts() -> list[Draft]:
    """Return the entries before the assessment: indices 0 to 13; entry 13 is about another use and is not shown."""
    root, keys = KEYS["root"], KEYS
    made: list[tuple[str, str, bytes]] = [
        ("institution/1", INSTITUTION, envelope(INSTITUTION_RECORD, "institution", root)),
        *(
            ("key-grant/1", INSTITUTION, envelope(grant(role, role, holder), "key-grant", root))
            for role, holder in HOLDERS.items()
        ),
        ("pack-adoption/1", INSTITUTION, adoption(PACK)),
        ("declaration/1", USE, envelope(DECLARATION, "declaration", keys["owner"])),
        ("release/1", USE, envelope(RELEASE, "release", keys["developer"])),
        ("evidence/1", USE, envelope(statement("discrimination", INTERVAL), "evidence", keys["collector"])),
        ("evidence/1", USE, envelope(statement("benefit", INTERVAL, claim="faster"), "evidence", keys["collector"])),
        ("evidence/1", USE, envelope(statement("validation", {"passed": True}), "evidence", keys["validator"])),
        ("declaration/1", f"{INSTITUTION}/other", b"something else"),
    ]
    drafts = [Draft(kind, about, data, f"2026-01-05T09:{i:02}:00Z") for i, (kind, about, data) in enumerate(made)]
    drafts[13].shown = False
    return drafts


def adoption(pack: dict[str, Any], action: str = "adopt", decided_at: str = TAKEN) -> bytes:
    record = {"pack": pack["id"], "version": pack["version"], "digest": digest(canonical(pack)), "action": action}
    record |= {"decided_at": decided_at}
    return envelope(record, "pack-adoption", KEYS["compliance"])


def line(name: str, severity: str, outcome: str, **more: object) -> dict[str, Any]:
    base = {
        "pack": "mini", "rule": name, "severity": severity, "track": "safety", "outcome": outcome, "applies": True,
        "effect": "none", "due": None, "until": None, "evidence": [], "missing": [], "expired": [], "waiver": None,
    }  # fmt: skip
    return base | more


YEAR_END = "2027-01-04T00:00:00Z"  # evidence taken on 2026-01-04 and valid for 365 days
DUE = "2026-04-06T00:00:00Z"  # 90 days after the assessment
MONITORED = "2026-02-05T00:00:00Z"  # 30 days after the assessment, when live use is to be monitored


def standard_assessment() -> dict[str, Any]:
    """Return the assessment of the standard drafts, worked out by hand."""
    return {
        "format": "dualtrack.assessment/1", "institution": INSTITUTION, "use": USE, "release": RELEASE_DIGEST, "at": AT,
        "size": 13, "demo": True,
        "packs": [
            {"id": "mini", "version": "1", "digest": digest(canonical(PACK)), "status": "in_force", "binding": True,
             "grade": "primary"}
        ],
        "tier": {"value": "medium", "pack": "mini", "line": 1, "unknown": True},
        "facts": {
            "firm.type": "bank", "firm.staff": 40, "firm.has_board": True, "use.customer_facing": False,
            "use.generative": False, "use.area": "service", "use.sector": "bank", "use.affected": ["customers"],
            "use.has_fallback": False, "use.builders": 1, "use.hours_released": 0.30000000000000004,
            "use.undecided_hours": 0.1, "use.components_without_licence": 1, "use.live": False,
            "claim.id": "faster", "claim.baseline": "queue", "claim.design": "superiority", "claim.minimum": 1.0,
            "policy.guards": ["pii"], "policy.disclosure": True, "policy.review_before_release": False,
            "policy.opt_out": False, "sod.validator_independent": True, "tier": "medium",
        },
        "evidence": [
            {"index": index, "topic": name, "taken_at": TAKEN, "admitted": True, "reason": None, "counts": True}
            for index, name in ((10, "discrimination"), (11, "benefit"), (12, "validation"))
        ],
        "rejected": [],
        "rules": [
            line("discriminates", "S1", "met", until=YEAR_END, evidence=[10]),
            line("helps", "S2", "met", until=YEAR_END, evidence=[11], track="benefit"),
            line("validated", "S2", "met", until=YEAR_END, evidence=[12]),
            line("trained", "S3", "no_evidence", effect="condition", due=DUE, missing=["ev.training"]),
            line("monitored", "S2", "no_evidence", effect="due_later", missing=["ev.monitoring"]),
            line("generative", "S2", "not_applicable", applies=False),
        ],
        "counts": {
            "safety": {"applicable": 4, "met": 2, "not_met": 0, "no_evidence": 2, "waived": 0},
            "benefit": {"applicable": 1, "met": 1, "not_met": 0, "no_evidence": 0, "waived": 0},
        },
        "verdict": "permitted_with_conditions", "mode": "live",
        "conditions": [{"pack": "mini", "rule": "trained", "due": DUE}], "refusals": [], "expires": MONITORED, "plan": None,
    }  # fmt: skip


def permit_for(assessment: dict[str, Any]) -> dict[str, Any]:
    copied = ("institution", "use", "release", "mode", "expires", "conditions", "demo")
    return {name: assessment[name] for name in copied} | {
        "format": "dualtrack.permit/1", "from": assessment["at"], "assessment": digest(canonical(assessment)),
        "decisions_max": None, "durability": "durable",
        "lapses_if": ["release_changes", "evidence_expires", "pack_changes", "key_revoked", "hold", "signal"],
        "statement": "internal authorisation by the institution; not a regulator's approval",
    }  # fmt: skip
