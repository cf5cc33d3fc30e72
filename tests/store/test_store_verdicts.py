"""Verdicts of a register: recorded, proved, verified by the single file, and how long a permit stands."""

from __future__ import annotations

from datetime import timedelta

from register_desk import Desk, refused

import dualtrack_verify as verifier
from dualtrack.domain.records import encode
from dualtrack.errors import (
    NotFoundError,
)
from dualtrack.permit.bundle import read_bundle
from dualtrack.store.anchors import anchors_document
from dualtrack.store.verdicts import current_permit, prove, record_verdict
from permit.firm import FIRM, PASSES, USE, compiled, known_key, rule


def test_a_verdict_is_recorded_proved_and_verified(desk):
    refused(desk, NotFoundError, lambda: prove(desk.register, USE))
    desk.evidence()
    recorded = record_verdict(desk.register, USE)
    assert (recorded.assessment.verdict, recorded.permit.mode) == ("permitted", "live")
    assert desk.size == recorded.permit_index + 1 == recorded.assessment_index + 2
    desk.declare()  # what comes later is not in the bundle
    data = prove(desk.register, USE)
    bundle = read_bundle(data)
    assert bundle.assessment == encode(recorded.assessment)
    assert bundle.permit == encode(recorded.permit)
    result = verifier.verify(data, anchors_document([desk.register]))
    assert (result.exit, result.detail) == (0, "")
    assert result.facts["verdict"] == "permitted"
    assert verifier.verify(data, None).exit == 3


def test_a_refusal_is_recorded_and_proved_too(desk):
    recorded = record_verdict(desk.register, USE)
    assert (recorded.assessment.verdict, recorded.permit, recorded.permit_index) == ("nothing_measured", None, None)
    result = verifier.verify(prove(desk.register, USE), anchors_document([desk.register]))
    assert (result.exit, result.facts["verdict"], result.facts["permit"]) == (0, "nothing_measured", None)


def test_an_institution_is_assessed_and_proved(empty):
    empty.found()
    pack = compiled([rule("r", "ev.strategy.adopted")], subject="institution")
    empty.register.adopt(pack, known_key("compliance"))
    fields = {"adopted": True}
    empty.evidence("strategy", fields, "compliance", kind="document", about="firm")
    recorded = record_verdict(empty.register, None)
    assert (recorded.assessment.verdict, recorded.permit) == ("requirements_evidenced", None)
    result = verifier.verify(prove(empty.register, None), anchors_document([empty.register]))
    assert (result.exit, result.detail) == (0, "")


def test_a_verdict_needs_a_declared_use_and_a_known_release(desk):
    refused(desk, NotFoundError, lambda: record_verdict(desk.register, f"{FIRM}/undeclared"))
    refused(desk, NotFoundError, lambda: record_verdict(desk.register, USE, "1" * 64))


# the standing of a permit


def standing(desk: Desk, at: str | None = None) -> tuple[str, str] | None:
    found = current_permit(desk.register, USE, at=at)
    return (found.status, found.reason) if found else None


def permitted(desk: Desk) -> Desk:
    desk.evidence()
    record_verdict(desk.register, USE)
    return desk


def test_without_a_permit_there_is_no_standing(desk):
    assert standing(desk) is None
    record_verdict(desk.register, USE)
    assert standing(desk) is None


def test_a_permit_is_in_force_until_it_expires(desk):
    permitted(desk)
    assert standing(desk) == ("in_force", "")
    assert standing(desk, "2026-08-28T08:59:59Z") == ("in_force", "")
    assert standing(desk, "2026-08-28T09:00:00Z") == ("expired", "at 2026-08-28T09:00:00Z")


def test_a_new_release_ends_a_permit_and_a_roll_back_is_permitted_anew(desk):
    permitted(desk)
    first = desk.release_digest
    desk.time += timedelta(seconds=1)
    desk.release(note="second")
    assert standing(desk) == ("lapsed", "release_changes")
    assert standing(desk, "2026-03-01T09:00:00Z") == ("in_force", "")
    record_verdict(desk.register, USE, first)
    assert standing(desk) == ("in_force", "")


def test_worse_evidence_ends_a_permit_and_better_evidence_mends_it(desk):
    permitted(desk)
    desk.evidence(fields={"estimate": 0.1, "low": 0.0, "high": 0.2, "n": 100})
    assert standing(desk) == ("lapsed", "test-pack/r")
    desk.evidence()
    assert standing(desk) == ("in_force", "")


def test_a_stricter_pack_ends_a_permit(desk):
    permitted(desk)
    desk.register.adopt(compiled([rule("strict", "ev.approval.fit")], id="pack-b"), known_key("compliance"))
    assert standing(desk) == ("lapsed", "pack-b/strict")


def test_a_permit_under_no_rules_lapses(desk):
    permitted(desk)
    desk.register.retire("test-pack", known_key("compliance"))
    assert standing(desk) == ("lapsed", "no_rules")


def test_a_revoked_key_does_not_end_what_it_signed_before(desk):
    permitted(desk)
    desk.register.revoke(known_key("validator").key_id, "left", known_key("root"))
    assert standing(desk) == ("in_force", "")


def test_a_trial_stays_in_force_though_its_plan_is_used(desk):
    fields = {"mode": "trial", "decisions_max": 5, "until": "2026-06-01", "measures": "found-earlier"}
    desk.evidence("trial_plan", fields, "executive", kind="approval")
    assert record_verdict(desk.register, USE).permit.mode == "trial"
    assert standing(desk) == ("in_force", "")
    assert record_verdict(desk.register, USE).permit is None
    grave = compiled([rule("grave", PASSES, severity="S1")], id="pack-b")
    desk.register.adopt(grave, known_key("compliance"))
    assert standing(desk) == ("lapsed", "pack-b/grave")
