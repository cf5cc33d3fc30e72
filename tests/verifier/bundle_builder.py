"""Builds a small valid bundle from the contract alone, with the cryptography package: nothing of dualtrack is imported.

Hooks change the bundle on its way: `drafts` (what is logged), `assessment`, `permit`, `rows`, `checkpoint`, `manifest`,
`members`. The names of `bundle_parts` and `bundle_case` are to be had here too.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from bundle_case import (
    ALWAYS,
    AT,
    DECLARATION,
    DUE,
    HOLDERS,
    INSTITUTION,
    INSTITUTION_RECORD,
    INTERVAL,
    MONITORED,
    ORIGIN,
    PACK,
    RELEASE,
    RELEASE_DIGEST,
    TAKEN,
    TEXT,
    TOPICS,
    USE,
    YEAR_END,
    Draft,
    adoption,
    call,
    expression,
    fact,
    grant,
    line,
    permit_for,
    rule,
    standard_assessment,
    standard_drafts,
    statement,
    topic,
)
from bundle_parts import (
    KEYS,
    LOG,
    NAMES,
    SECOND_WITNESS,
    WITNESS,
    WITNESS_NAME,
    Signer,
    archive,
    canonical,
    digest,
    envelope,
    mark,
    raw_envelope,
    split_point,
    tree_path,
    tree_root,
)

__all__ = [
    "ALWAYS",
    "AT",
    "DECLARATION",
    "DUE",
    "HOLDERS",
    "INSTITUTION",
    "INSTITUTION_RECORD",
    "INTERVAL",
    "KEYS",
    "LOG",
    "MONITORED",
    "NAMES",
    "ORIGIN",
    "PACK",
    "RELEASE",
    "RELEASE_DIGEST",
    "SECOND_WITNESS",
    "TAKEN",
    "TEXT",
    "TOPICS",
    "USE",
    "WITNESS",
    "WITNESS_NAME",
    "YEAR_END",
    "Draft",
    "Signer",
    "Work",
    "adoption",
    "anchors",
    "archive",
    "build",
    "call",
    "canonical",
    "digest",
    "envelope",
    "expression",
    "fact",
    "grant",
    "leaf_of",
    "line",
    "log_entries",
    "mark",
    "permit_for",
    "raw_envelope",
    "rule",
    "sign_head",
    "split_point",
    "standard_assessment",
    "standard_drafts",
    "statement",
    "topic",
    "tree_path",
    "tree_root",
]

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
    recorded_at: str = "2026-01-06T00:00:05Z"  # of the assessment


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
    drafts = [*work.drafts, Draft("assessment/1", subject, assessment_bytes, work.recorded_at)]
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
