"""Builds a small valid bundle from the contract alone, with the cryptography package: nothing of dualtrack is imported.

The expected assessment is written down by hand, not computed, so that it is an oracle for the verifier. Hooks change
the bundle on its way: `drafts` (what is logged), `assessment`, `permit`, `rows`, `checkpoint`, `manifest`, `members`.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

INSTITUTION = "harbour-bank"
USE = "harbour-bank/triage"
ORIGIN = f"dualtrack.local/{INSTITUTION}/main"
AT = "2026-01-06T00:00:00Z"
TAKEN = "2026-01-04T00:00:00Z"
TEXT = {"en": "text", "zh-Hant": "文字"}


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- keys, envelopes, notes ---


class Signer:
    """A key made from its name, so that every run builds the same bytes."""

    def __init__(self, name: str) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"test key " + name.encode()).digest())
        self.public = self.private.public_key().public_bytes_raw()
        self.keyid = digest(self.public)

    @property
    def b64(self) -> str:
        return base64.b64encode(self.public).decode()

    def vkey(self, name: str, kind: int) -> str:
        material = bytes([kind]) + self.public
        short = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
        return f"{name}+{short.hex()}+{base64.b64encode(material).decode()}"

    def note_line(self, name: str, text: bytes) -> bytes:
        return mark(name, self.vkey(name, 1), self.private.sign(text))

    def cosign_line(self, name: str, text: bytes, time: int) -> bytes:
        message = b"cosignature/v1\ntime " + str(time).encode() + b"\n" + text
        return mark(name, self.vkey(name, 4), struct.pack(">Q", time) + self.private.sign(message))


def mark(name: str, vkey: str, signature: bytes) -> bytes:
    short = bytes.fromhex(vkey.split("+")[1])
    return f"— {name} {base64.b64encode(short + signature).decode()}\n".encode()


NAMES = ("root", "owner", "developer", "validator", "approver", "compliance", "collector", "stranger")
KEYS = {name: Signer(name) for name in NAMES}
LOG, WITNESS, SECOND_WITNESS = Signer("log"), Signer("witness"), Signer("second witness")
WITNESS_NAME = "witness.example/one"


def envelope(payload: object, kind: str, *signers: Signer) -> bytes:
    return raw_envelope(canonical(payload), kind, *signers)


def raw_envelope(body: bytes, kind: str, *signers: Signer) -> bytes:
    payload_type = "application/vnd.in-toto+json" if kind == "evidence" else f"application/vnd.dualtrack.{kind}.v1+json"
    pae = b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(body), body)
    signatures = [
        {"keyid": signer.keyid, "sig": base64.b64encode(signer.private.sign(pae)).decode()}
        for signer in sorted(signers, key=lambda signer: signer.keyid)
    ]
    encoded = base64.b64encode(body).decode()
    return canonical({"payload": encoded, "payloadType": payload_type, "signatures": signatures})


# --- Merkle tree (RFC 6962, section 2.1, written as defined there) ---


def tree_root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = split_point(len(leaves))
    return hashlib.sha256(b"\1" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()


def tree_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = split_point(len(leaves))
    if index < split:
        return [*tree_path(index, leaves[:split]), tree_root(leaves[split:])]
    return [*tree_path(index - split, leaves[split:]), tree_root(leaves[:split])]


def split_point(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


# --- archive ---


def archive(members: dict[str, bytes] | list[tuple[str, bytes]]) -> bytes:
    pairs = sorted(members.items()) if isinstance(members, dict) else members
    body = directory = b""
    for name, data in pairs:
        fixed = (20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<6H3I5H2I", 20, *fixed, 0, 0, 0, 0, len(body)) + name.encode()
        body += b"PK\3\4" + struct.pack("<5H3I2H", *fixed) + name.encode() + data
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, len(pairs), len(pairs), len(directory), len(body), 0)
    return body + directory + end


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
    return {"kind": kind, "about": about, "roles": roles, "fields": fields, "duty": duty, "title": TEXT, "hours": 1}


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
        "document": "D", "reference": "R", "date": "2025-01-01", "address": "a", "file_digest": None,
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
    "coverage": [{"paragraph": "1", "as": "rule", "rules": ["helps"], "note": TEXT}],
}  # fmt: skip


# --- the records ---

INSTITUTION_RECORD: dict[str, Any] = {
    "id": INSTITUTION, "name": TEXT, "type": "bank", "licences": [], "staff": 40, "root_key": KEYS["root"].b64,
    "profile": {"has_board": True}, "demo": True,
}  # fmt: skip
DECLARATION: dict[str, Any] = {
    "use": USE, "title": TEXT, "purpose": TEXT, "area": "service", "sector": "bank", "affected": ["customers"],
    "accountable_executive": "Chan", "lines": {"first": "Au", "second": "Bo", "third": "Ho"}, "builders": ["Au"],
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
        "guards": ["pii"], "disclosure": True, "review_before_release": False, "opt_out": False, "durability": "durable",
    },
    "builders": ["Lee"], "note": "",
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
    base = {"keyid": KEYS[name].keyid, "public_key": KEYS[name].b64, "holder": holder, "name": TEXT}
    return base | {"person": True, "roles": [role], "demo": True} | more


HOLDERS = {
    "owner": "Chan",
    "developer": "Lee",
    "validator": "Bo",
    "approver": "Ng",
    "compliance": "Ma",
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


def adoption(pack: dict[str, Any], action: str = "adopt") -> bytes:
    record = {"pack": pack["id"], "version": pack["version"], "digest": digest(canonical(pack)), "action": action}
    return envelope(record, "pack-adoption", KEYS["compliance"])


def line(name: str, severity: str, outcome: str, **more: object) -> dict[str, Any]:
    base = {
        "pack": "mini", "rule": name, "severity": severity, "track": "safety", "outcome": outcome, "applies": True,
        "effect": "none", "due": None, "until": None, "evidence": [], "missing": [], "expired": [], "waiver": None,
    }  # fmt: skip
    return base | more


YEAR_END = "2027-01-04T00:00:00Z"  # evidence taken on 2026-01-04 and valid for 365 days
DUE = "2026-04-06T00:00:00Z"  # 90 days after the assessment


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
        "conditions": [{"pack": "mini", "rule": "trained", "due": DUE}], "refusals": [], "expires": DUE, "plan": None,
    }  # fmt: skip


def permit_for(assessment: dict[str, Any]) -> dict[str, Any]:
    copied = ("institution", "use", "release", "mode", "expires", "conditions", "demo")
    return {name: assessment[name] for name in copied} | {
        "format": "dualtrack.permit/1", "from": assessment["at"], "assessment": digest(canonical(assessment)),
        "decisions_max": None, "durability": "durable",
        "lapses_if": ["release_changes", "evidence_expires", "pack_changes", "key_revoked", "hold", "signal"],
        "statement": "internal authorisation by the institution; not a regulator's approval",
    }  # fmt: skip


# --- the bundle ---


@dataclass
class Work:
    """The bundle in the making; a hook may change anything in it."""

    drafts: list[Draft] = field(default_factory=standard_drafts)
    packs: list[dict[str, Any]] = field(default_factory=lambda: [copy.deepcopy(PACK)])
    assessment: dict[str, Any] = field(default_factory=standard_assessment)
    permit: dict[str, Any] | None = None
    extra_after: list[Draft] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    log_signer: Signer = LOG
    witnesses: list[tuple[str, Signer]] = field(default_factory=lambda: [(WITNESS_NAME, WITNESS)])
    witness_time: int = 1767657660  # 2026-01-06T00:01:00Z
    origin: str = ORIGIN
    note: bytes = b""
    manifest: dict[str, Any] = field(default_factory=dict)
    members: dict[str, bytes] = field(default_factory=dict)
    use: str | None = USE
    release: str | None = RELEASE_DIGEST
    at: str = AT


def build(**hooks: Any) -> bytes:
    """Return the bytes of a bundle; each hook is called with the Work at its stage."""
    work = Work()

    def stage(name: str) -> None:
        if name in hooks:
            hooks[name](work)

    stage("drafts")
    stage("assessment")
    subject = work.use or INSTITUTION
    if work.assessment["mode"] is not None:
        work.permit = permit_for(work.assessment)
    stage("permit")
    assessment_bytes = canonical(work.assessment)
    permit_bytes = canonical(work.permit) if work.permit is not None else None
    index = len(work.drafts)
    drafts = [*work.drafts, Draft("assessment/1", subject, assessment_bytes, "2026-01-06T00:00:05Z")]
    if permit_bytes is not None:
        drafts.append(Draft("permit/1", subject, permit_bytes, "2026-01-06T00:00:06Z"))
    log_entries(work, [*drafts, *work.extra_after])
    stage("rows")
    sign_head(work)
    stage("checkpoint")
    work.members = {"assessment.json": assessment_bytes, "checkpoint": work.note, "entries.json": canonical(work.rows)}
    work.members |= {f"packs/{digest(canonical(pack))}.json": canonical(pack) for pack in work.packs}
    if permit_bytes is not None:
        work.members["permit.json"] = permit_bytes
    stage("members")
    permit_named = {"index": index + 1, "digest": digest(permit_bytes)} if permit_bytes is not None else None
    work.manifest = {
        "format": "dualtrack.bundle/1", "institution": INSTITUTION, "use": work.use, "release": work.release,
        "at": work.at, "demo": work.assessment["demo"], "assessment": {"index": index, "digest": digest(assessment_bytes)},
        "permit": permit_named, "members": {name: digest(data) for name, data in work.members.items()},
        "made_by": "dualtrack 0.1.0",
    }  # fmt: skip
    stage("manifest")
    work.members["manifest.json"] = canonical(work.manifest)
    return archive(work.members)


def log_entries(work: Work, drafts: list[Draft]) -> None:
    salts = [hashlib.sha256(b"salt %d" % index).digest() for index in range(len(drafts))]
    work.leaves = [leaf_of(draft, salt) for draft, salt in zip(drafts, salts, strict=True)]
    work.rows = [
        {
            "index": index, "leaf": work.leaves[index].decode(), "salt": salts[index].hex(),
            "content": draft.content.decode(), "proof": [step.hex() for step in tree_path(index, work.leaves)],
        }
        for index, draft in enumerate(drafts)
        if draft.shown
    ]  # fmt: skip


def leaf_of(draft: Draft, salt: bytes) -> bytes:
    commitment = digest(b"dualtrack/commitment/v1\0" + salt + draft.content)
    record = {"v": 1, "kind": draft.kind, "institution": draft.institution, "id": draft.about}
    return canonical(record | {"recorded_at": draft.recorded_at, "commitment": commitment})


def sign_head(work: Work) -> None:
    root = base64.b64encode(tree_root(work.leaves)).decode()
    text = f"{work.origin}\n{len(work.leaves)}\n{root}\n".encode()
    work.note = text + b"\n" + work.log_signer.note_line(work.origin, text)
    for name, witness in work.witnesses:
        work.note += witness.cosign_line(name, text, work.witness_time)


def anchors(quorum: int = 1, **changes: object) -> bytes:
    """Return the anchors file that trusts the standard institution."""
    record = {
        "root_key": KEYS["root"].b64,
        "log": LOG.vkey(ORIGIN, 1),
        "witnesses": [WITNESS.vkey(WITNESS_NAME, 4), SECOND_WITNESS.vkey("witness.example/two", 4)],
        "quorum": quorum,
    }
    institutions = {INSTITUTION: record | changes}
    return json.dumps({"format": "dualtrack.anchors/1", "institutions": institutions}, indent=1).encode()
