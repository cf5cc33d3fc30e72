"""The verifier's assessment of the standard drafts and variants of them, without archive and log."""

from __future__ import annotations

import copy

import bundle_builder as made

import dualtrack_verify as verifier

KEYS = made.KEYS
VALIDATION = {"passed": True}
FORM = {"mode": "trial", "decisions_max": 50, "until": "2026-03-01", "measures": "faster"}
WAIVER = {"rule": "mini/validated", "reason": "small firm", "until": "2026-06-01", "proportionality": False}


def draft(kind, about, content, minute=30, **more):
    return made.Draft(kind, about, content, f"2026-01-05T09:{minute}:00Z", **more)


def evidence(topic, fields, signer, minute=30, **more):
    statement = made.statement(topic, fields, **{"note": "again", **more})  # else it would be a replay
    about = statement["subject"][0]["name"]
    return draft("evidence/1", about, made.envelope(statement, "evidence", KEYS[signer]), minute)


def approval(topic, fields, **more):
    about = "release" if topic == "trial_plan" else "use"
    return evidence(
        topic, fields, "approver", kind="approval", about=about, method=None, n=None, data_digest=None, **more
    )


def permit(**changes):
    """Return an earlier permit, recorded when it began."""
    record = made.permit_for(made.standard_assessment()) | {"from": "2026-01-05T09:31:00Z"} | changes
    return made.Draft("permit/1", made.USE, made.canonical(record), record["from"])


def without(*indices):
    return [item for index, item in enumerate(made.standard_drafts()[:13]) if index not in indices]


def assess(*extra, drafts=None, pack=None, packs=None, at=made.AT, use=made.USE, release=made.RELEASE_DIGEST):
    """Return the assessment of the standard drafts, or others, followed by `extra`; `pack` edits the adopted pack."""
    drafts = without() if drafts is None else drafts
    adopted = [copy.deepcopy(made.PACK)] if packs is None else packs
    if pack is not None:
        pack(adopted[0])
        drafts[7].content = made.adoption(adopted[0])
    entries = [
        verifier.Entry(index, item.kind, item.about, verifier.seconds(item.recorded_at), item.content)
        for index, item in enumerate([*drafts, *extra])
    ]
    manifest = {"institution": made.INSTITUTION, "use": use, "release": release, "at": at}
    register = verifier.Register(manifest, entries)
    read = [verifier.read_pack(made.canonical(p), made.digest(made.canonical(p))) for p in adopted]
    read = [p | {"digest": made.digest(made.canonical(p))} for p in read if p["id"] in register.adoptions]
    return verifier.Assessor(register, read, release).assess()


def row(result, rule):
    return next(line for line in result["rules"] if line["rule"] == rule)


def last_evidence(result):
    return result["evidence"][-1]
