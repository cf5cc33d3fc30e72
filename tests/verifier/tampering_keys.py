"""Kinds of tampering by somebody who holds keys of the institution, even the log's: hooks for `bundle_builder.build`."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import bundle_builder as made

if TYPE_CHECKING:
    from collections.abc import Callable


def replace_draft(index: int, content: bytes) -> Callable[[made.Work], None]:
    def hook(work: made.Work) -> None:
        work.drafts[index].content = content

    return hook


def evidence(topic: str, fields: dict[str, object], signer: str, **more: object) -> bytes:
    return made.envelope(made.statement(topic, fields, **more), "evidence", made.KEYS[signer])


def with_pack(edit: Callable[[dict[str, Any]], None]) -> Callable[[made.Work], None]:
    """Return the hook that adopts an altered pack by a good signature."""

    def hook(work: made.Work) -> None:
        edit(work.packs[0])
        work.drafts[7].content = made.adoption(work.packs[0])

    return hook


def alter_tree(pack: dict[str, Any]) -> None:
    pack["rules"][0]["requires"]["tree"]["call"] = "le"


def two_tiered_packs(work: made.Work) -> None:
    other = copy.deepcopy(work.packs[0]) | {"id": "other"}
    work.packs.append(other)
    work.drafts.insert(8, made.Draft("pack-adoption/1", made.INSTITUTION, made.adoption(other), "2026-01-05T09:08:00Z"))


def clashing_topics(work: made.Work) -> None:
    other = copy.deepcopy(work.packs[0]) | {"id": "other", "tiers": []}
    other["topics"]["training"]["hours"] = 2
    work.packs.append(other)
    work.drafts.insert(8, made.Draft("pack-adoption/1", made.INSTITUTION, made.adoption(other), "2026-01-05T09:08:00Z"))


def forged_institution(work: made.Work) -> None:
    work.drafts[0].content = made.envelope(made.INSTITUTION_RECORD, "institution", made.KEYS["stranger"])


def other_root(work: made.Work) -> None:
    record = made.INSTITUTION_RECORD | {"root_key": made.KEYS["stranger"].b64}
    work.drafts[0].content = made.envelope(record, "institution", made.KEYS["stranger"])


def resigned_log(work: made.Work) -> None:
    work.log_signer = made.KEYS["stranger"]


def forked(work: made.Work) -> None:
    """Show this reader another log than the witness saw: the real log key signs, the witness does not."""
    work.drafts[13].content = b"another entry"
    work.witnesses = []


def truncated(work: made.Work) -> None:
    """Sign a shorter log with the real key: what came after entry 12 was never there."""
    del work.drafts[13]
    work.witnesses = []


def after_assessment(work: made.Work) -> None:
    work.extra_after = [made.Draft("evidence/1", made.USE, work.drafts[10].content, "2026-01-07T00:00:00Z")]


def set_work(**changes: str) -> Callable[[made.Work], None]:
    return lambda work: vars(work).update(changes)


def recorded(index: int, moment: str) -> Callable[[made.Work], None]:
    def hook(work: made.Work) -> None:
        work.drafts[index].recorded_at = moment

    return hook


def set_assessment(**changes: object) -> Callable[[made.Work], None]:
    return lambda work: work.assessment.update(changes)


def set_permit(**changes: object) -> Callable[[made.Work], None]:
    return lambda work: work.permit.update(changes) if work.permit else None


def permit_of_refusal(work: made.Work) -> None:
    """Remove the evidence of a rule that refuses, yet keep the permit."""
    del work.drafts[10]


def unasked_permit(work: made.Work) -> None:
    """Log a permit although the verdict gives no mode."""
    work.permit = made.permit_for(made.standard_assessment())


def no_mode(work: made.Work) -> None:
    """Leave out the release: an honest verdict without a mode."""
    work.drafts[9].content = b"{}"


def honest_refusal(work: made.Work) -> None:
    """Write the verdict that follows when no release was admitted."""
    facts = work.assessment["facts"]
    work.assessment["facts"] = {n: v for n, v in facts.items() if not n.startswith(("policy.", "sod."))}
    work.assessment["rejected"] = [{"index": 9, "kind": "release/1", "reason": "malformed"}]
    refusal = {"effect": "refuses_live", "outcome": "no_evidence", "until": "2027-01-04T00:00:00Z"}
    work.assessment["rules"][2] |= refusal | {"missing": ["sod.validator_independent"]}
    work.assessment["counts"]["safety"] |= {"met": 1, "no_evidence": 3}
    work.assessment["refusals"] = [{"pack": "mini", "rule": "validated", "effect": "refuses_live"}]
    work.assessment |= {"verdict": "refused", "mode": None, "expires": None}


STALE = {"taken_at": "2026-01-05T00:00:00Z"}
POOR = {"estimate": 0.5, "low": 0.4, "high": 0.6, "n": 500}
BUILDER_CASES: list[tuple[str, dict[str, Callable[[made.Work], None]], str]] = [
    (
        "stale evidence re-dated, signed by another key",
        {"drafts": replace_draft(10, evidence("discrimination", made.INTERVAL, "stranger", **STALE))},
        "assessment-mismatch",
    ),
    (
        "evidence signed in another role",
        {"drafts": replace_draft(12, evidence("validation", {"passed": True}, "developer"))},
        "assessment-mismatch",
    ),
    (
        "evidence worse than the verdict says",
        {"drafts": replace_draft(10, evidence("discrimination", POOR, "collector"))},
        "assessment-mismatch",
    ),
    (
        "evidence with an unknown field",
        {"drafts": replace_draft(12, evidence("validation", {"passed": True, "perfect": True}, "validator"))},
        "assessment-mismatch",
    ),
    ("evidence withheld from the verdict", {"drafts": permit_of_refusal}, "assessment-mismatch"),
    ("verdict typed in", {"assessment": set_assessment(verdict="permitted", conditions=[])}, "assessment-mismatch"),
    ("expiry typed in", {"assessment": set_assessment(expires="2027-01-06T00:00:00Z")}, "assessment-mismatch"),
    ("verdict with an unknown field", {"assessment": set_assessment(approved=True)}, "assessment-mismatch"),
    ("demo stripped from the verdict", {"assessment": set_assessment(demo=False)}, "assessment-mismatch"),
    ("permit extended and logged", {"permit": set_permit(expires="2027-01-06T00:00:00Z")}, "permit-mismatch"),
    ("permit in a wider mode", {"permit": set_permit(decisions_max=5)}, "permit-mismatch"),
    (
        "permit against the verdict",
        {"drafts": no_mode, "assessment": honest_refusal, "permit": unasked_permit},
        "permit-mismatch",
    ),
    ("tree against text", {"drafts": with_pack(alter_tree)}, "pack-text"),
    ("pack with an unknown field", {"drafts": with_pack(lambda pack: pack.update(secret=1))}, "pack-invalid"),
    (
        "pack whose rule does not type",
        {
            "drafts": with_pack(
                lambda p: p["rules"][1].update(requires=made.expression("use.area", made.fact("use.area")))
            )
        },
        "pack-invalid",
    ),
    ("two packs with tiers", {"drafts": two_tiered_packs}, "pack-clash"),
    ("two packs with one topic", {"drafts": clashing_topics}, "pack-clash"),
    ("institution signed by a stranger", {"drafts": forged_institution}, "institution-entry"),
    ("another root key", {"drafts": other_root}, "root-key"),
    ("log signed again with a wrong key", {"drafts": resigned_log}, "log-signature"),
    ("forked log", {"drafts": forked}, "quorum"),
    ("truncated log", {"drafts": truncated}, "quorum"),
    ("entry after the assessment", {"drafts": after_assessment}, "entry-position"),
    ("entry before the one before it", {"drafts": recorded(12, "2026-01-05T09:10:59Z")}, "entries-time"),
    ("entry later than the verdict saw", {"drafts": recorded(12, "2026-01-06T00:00:01Z")}, "entries-time"),
    ("verdict dated back", {"drafts": set_work(recorded_at="2026-01-06T00:05:01Z")}, "entries-time"),
    ("verdict dated ahead", {"drafts": set_work(recorded_at="2026-01-05T23:54:59Z")}, "entries-time"),
]
