"""Step 1: what is admitted and why not, in cases worked out by hand."""

from __future__ import annotations

import bundle_builder as made
import pytest
from bundle_assess import (
    FORM,
    KEYS,
    VALIDATION,
    WAIVER,
    approval,
    assess,
    draft,
    evidence,
    last_evidence,
    row,
    without,
)

import dualtrack_verify as verifier

# --- step 1: admission ---


def test_the_standard_case_is_the_one_worked_out_by_hand():
    assert made.canonical(assess()) == made.canonical(made.standard_assessment())


UNADMITTED = [
    ("malformed", draft("evidence/1", made.USE, b"{}")),
    ("malformed", draft("evidence/1", made.USE, made.envelope({"_type": "x"}, "evidence", KEYS["validator"]))),
    ("malformed", draft("evidence/1", made.USE, made.envelope(made.statement("validation", VALIDATION), "notice", KEYS["validator"]))),
    ("malformed", evidence("validation", VALIDATION, "validator", taken_at="yesterday")),
    ("malformed", evidence("validation", VALIDATION, "validator", extra=1)),
    ("unknown-key", evidence("validation", VALIDATION, "stranger")),
    ("unknown-topic", evidence("unheard_of", {}, "approver")),
    ("wrong-kind", evidence("validation", VALIDATION, "validator", kind="document")),
    ("wrong-role", evidence("validation", VALIDATION, "developer")),
    ("bad-fields", evidence("validation", {}, "validator")),
    ("bad-fields", evidence("validation", {"passed": 1}, "validator")),
    ("bad-fields", evidence("validation", {"passed": True, "more": 1}, "validator")),
    ("bad-fields", evidence("discrimination", made.INTERVAL, "collector", data_digest=None)),
    ("bad-fields", evidence("discrimination", made.INTERVAL | {"low": 0.75}, "collector")),
    ("bad-fields", evidence("discrimination", made.INTERVAL | {"n": 499}, "collector")),
    ("bad-fields", evidence("discrimination", made.INTERVAL | {"low": 0}, "collector")),
    ("bad-fields", evidence("discrimination", made.INTERVAL | {"n": 0}, "collector", n=0)),
    ("bad-fields", evidence("waiver", WAIVER | {"rule": 1}, "approver", kind="approval", about="use")),
    ("replayed", evidence("validation", VALIDATION, "validator", note=None)),
    ("older", evidence("validation", VALIDATION, "validator", taken_at="2026-01-03T23:59:59Z")),
    ("wrong-subject", evidence("validation", VALIDATION, "validator", about="firm")),
    ("wrong-subject", evidence("monitoring", {"running": True}, "collector", about="release")),
    ("unknown-claim", evidence("benefit", made.INTERVAL, "collector", claim="cheaper")),
    ("future", evidence("validation", VALIDATION, "validator", taken_at="2026-01-05T09:35:01Z")),
    ("too-old", evidence("validation", VALIDATION, "validator", taken_at="2016-01-08T09:29:59Z")),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "extra"), UNADMITTED)
def test_evidence_that_is_not_admitted_changes_nothing_else(reason, extra):
    result = assess(extra)
    found = last_evidence(result)
    assert (found["index"], found["admitted"], found["reason"], found["counts"]) == (13, False, reason, False)
    assert (found["topic"] is None) == (found["taken_at"] is None) == (reason == "malformed")
    assert result["rules"] == made.standard_assessment()["rules"]


def test_the_reasons_are_those_of_the_table():
    others = {"bad-signature", "demo-key", "other-release", "late-claim", "unplanned", "before-declaration"}
    assert {reason for reason, _ in UNADMITTED} | others == set(verifier.ADMISSION_REASONS)


@pytest.mark.parametrize("taken_at", ["2026-01-05T09:35:00Z", "2016-01-08T09:30:00Z"])
def test_evidence_at_the_edges_of_time_is_admitted(taken_at):
    item = evidence("validation", VALIDATION, "validator", taken_at=taken_at)
    assert last_evidence(assess(item, drafts=without(12)))["admitted"]


def test_the_same_words_signed_by_another_are_a_replay():
    statement = made.statement("validation", VALIDATION)
    other = made.envelope(statement, "evidence", KEYS["approver"])
    assert last_evidence(assess(draft("evidence/1", made.USE, other)))["reason"] == "replayed"


def test_a_statement_whose_signatures_did_not_hold_was_not_made():
    stranger = evidence("validation", VALIDATION, "stranger")
    result = assess(stranger, evidence("validation", VALIDATION, "validator"))
    assert [line["reason"] for line in result["evidence"][-2:]] == ["unknown-key", None]


def test_an_adoption_is_not_replayed_after_retirement():
    retired = draft("pack-adoption/1", made.INSTITUTION, made.adoption(made.PACK, "retire"))
    replay = draft("pack-adoption/1", made.INSTITUTION, made.adoption(made.PACK))
    anew = draft("pack-adoption/1", made.INSTITUTION, made.adoption(made.PACK, decided_at="2026-01-05T00:00:00Z"))
    result = assess(retired, replay, packs=[])
    assert (result["packs"], result["rejected"]) == (
        [],
        [{"index": 14, "kind": "pack-adoption/1", "reason": "replayed"}],
    )
    assert len(assess(retired, anew)["packs"]) == 1


def redeclared(**changes):
    claim = made.DECLARATION["claims"][0] | changes
    record = made.DECLARATION | {"claims": [claim], "template": "second"}
    return draft("declaration/1", made.USE, made.envelope(record, "declaration", KEYS["owner"]))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"minimum": 0.5}, "late-claim"), ({"baseline": None}, "late-claim"), ({"primary": False}, "late-claim"),
        ({"design": "non_inferiority", "margin": 1.0}, "late-claim"), ({"id": "slower"}, "unknown-claim"),
        ({"minimum": 1.0}, None), ({"statement": made.TEXT | {"en": "clearer"}}, None),
    ],
)  # fmt: skip
def test_a_claim_is_registered_before_it_is_measured(changes, reason):
    result = assess(redeclared(**changes))
    assert [line["reason"] for line in result["evidence"]] == [None, reason, None]


def test_a_claim_changed_and_changed_back_is_judged_by_what_was_declared_then():
    drafts = without(11)
    measured = evidence("benefit", made.INTERVAL, "collector", claim="faster")
    back = draft(
        "declaration/1", made.USE, made.envelope(made.DECLARATION | {"template": "x"}, "declaration", KEYS["owner"])
    )
    assert last_evidence(assess(redeclared(minimum=0.5), measured, back, drafts=drafts))["reason"] == "late-claim"
    assert last_evidence(assess(measured, redeclared(minimum=0.5), back, drafts=drafts))["reason"] is None


def test_an_approval_covers_only_what_was_declared_when_it_was_given():
    plan, waiver = approval("trial_plan", FORM), approval("waiver", WAIVER)
    result = assess(plan, waiver, redeclared())
    assert [line["reason"] for line in result["evidence"][-2:]] == ["before-declaration"] * 2
    assert [line["reason"] for line in result["evidence"][:3]] == [None] * 3
    assert last_evidence(assess(redeclared(), waiver))["admitted"]


def test_an_approval_of_a_packs_topic_is_bound_to_the_declaration_too():
    def approving(pack):
        pack["topics"]["validation"]["duty"] = "approve"

    result = assess(redeclared(), pack=approving)
    assert [line["reason"] for line in result["evidence"]] == [None, None, "before-declaration"]


@pytest.mark.parametrize(("claim", "reason"), [("faster", None), (None, "bad-fields")])
def test_a_field_claim_is_the_claim(claim, reason):
    def with_claim(pack):
        pack["topics"]["validation"]["fields"]["claim"] = "string"

    item = evidence("validation", VALIDATION | {"claim": "faster"}, "validator", claim=claim)
    assert last_evidence(assess(item, pack=with_claim))["reason"] == reason


def test_waivers_need_not_come_in_the_order_of_their_making():
    first, second = approval("waiver", WAIVER), approval("waiver", WAIVER, taken_at="2026-01-03T00:00:00Z")
    assert last_evidence(assess(first, second))["admitted"]
    first, second = approval("trial_plan", FORM), approval("trial_plan", FORM, taken_at="2026-01-03T00:00:00Z")
    assert last_evidence(assess(first, second))["reason"] == "older"


def test_a_false_signature_is_a_reason_of_its_own():
    item = evidence("validation", VALIDATION, "validator")
    statement = made.statement("validation", {"passed": False})
    other = made.envelope(statement, "evidence", KEYS["validator"])
    good, bad = verifier.json.loads(item.content), verifier.json.loads(other)
    item.content = made.canonical(good | {"signatures": bad["signatures"]})
    assert last_evidence(assess(item))["reason"] == "bad-signature"


def test_every_signature_must_be_by_a_granted_key():
    statement = made.statement("validation", VALIDATION)
    both = made.envelope(statement, "evidence", KEYS["validator"], KEYS["stranger"])
    assert last_evidence(assess(draft("evidence/1", made.USE, both)))["reason"] == "unknown-key"


def test_evidence_about_another_release_does_not_count():
    result = assess(release="0" * 64)
    assert [line["reason"] for line in result["evidence"]] == ["other-release"] * 3
    assert (result["verdict"], result["mode"]) == ("nothing_measured", None)


def test_a_revoked_key_signs_no_more_and_a_new_grant_brings_it_back():
    revoke = made.envelope({"keyid": KEYS["validator"].keyid, "reason": "lost"}, "key-revoke", KEYS["root"])
    regrant = made.envelope(made.grant("validator", "validator", "bo", person=False), "key-grant", KEYS["root"])
    entries = [
        draft("key-revoke/1", made.INSTITUTION, revoke),
        evidence("validation", {"passed": False}, "validator"),
        draft("key-grant/1", made.INSTITUTION, regrant),
        evidence("validation", VALIDATION, "validator"),
    ]
    result = assess(*entries)
    assert [line["reason"] for line in result["evidence"][-2:]] == ["unknown-key", None]
    assert row(result, "validated")["evidence"] == [16]


@pytest.mark.parametrize("revoked", [True, False])
def test_a_key_does_not_change_hands(revoked):
    revoke = made.envelope({"keyid": KEYS["validator"].keyid, "reason": "lost"}, "key-revoke", KEYS["root"])
    regrant = made.envelope(made.grant("validator", "validator", "bob"), "key-grant", KEYS["root"])
    entries = [draft("key-revoke/1", made.INSTITUTION, revoke)] if revoked else []
    result = assess(*entries, draft("key-grant/1", made.INSTITUTION, regrant))
    assert [line["reason"] for line in result["rejected"]] == ["malformed"]


OTHER_PACK = {
    "pack": "mini",
    "version": "1",
    "digest": made.digest(made.canonical(made.PACK)),
    "action": "adopt",
    "decided_at": made.AT,
}
REJECTED = [
    ("malformed", "key-grant/1", made.envelope(made.grant("stranger", "root", "x") | {"keyid": "0" * 64}, "key-grant", KEYS["root"])),
    ("malformed", "key-grant/1", made.envelope(made.grant("root", "root", "x"), "key-grant", KEYS["root"])),
    ("malformed", "key-revoke/1", made.envelope({"keyid": KEYS["root"].keyid, "reason": "x"}, "key-revoke", KEYS["root"])),
    ("malformed", "institution/1", made.envelope(made.INSTITUTION_RECORD | {"demo": False}, "institution", KEYS["root"])),
    ("malformed", "institution/1", made.envelope(made.INSTITUTION_RECORD | {"type": "insurer"}, "institution", KEYS["root"])),
    ("malformed", "key-grant/1", made.envelope(made.grant("stranger", "approver", "Mr X"), "key-grant", KEYS["root"])),
    ("replayed", "institution/1", made.envelope(made.INSTITUTION_RECORD, "institution", KEYS["root"])),
    ("wrong-role", "key-grant/1", made.envelope(made.grant("stranger", "approver", "x"), "key-grant", KEYS["owner"])),
    ("wrong-role", "pack-adoption/1", made.envelope(OTHER_PACK, "pack-adoption", KEYS["owner"])),
    ("wrong-role", "institution/1", made.envelope(made.INSTITUTION_RECORD | {"staff": 41}, "institution", KEYS["owner"])),
    ("wrong-role", "institution/1", made.envelope(made.INSTITUTION_RECORD | {"root_key": KEYS["owner"].b64}, "institution", KEYS["root"])),
    ("unknown-key", "pack-adoption/1", made.envelope(OTHER_PACK, "pack-adoption", KEYS["stranger"])),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "kind", "content"), REJECTED)
def test_records_that_are_not_admitted_are_listed(reason, kind, content):
    result = assess(draft(kind, made.INSTITUTION, content))
    assert result["rejected"] == [{"index": 13, "kind": kind, "reason": reason}]
    assert result["verdict"] == "permitted_with_conditions"


@pytest.mark.parametrize(
    ("kind", "record", "signer"),
    [
        ("declaration", made.DECLARATION | {"use": "harbour-bank/other"}, "owner"),
        ("declaration", made.DECLARATION | {"facts": {"customer_facing": "no"}}, "owner"),
        ("declaration", made.DECLARATION | {"facts": {"approved": True}}, "owner"),
        ("declaration", made.DECLARATION | {"builders": ["Mr X"]}, "owner"),
        ("declaration", made.DECLARATION | {"live_since": "2026-01-05T09:35:01Z"}, "owner"),
        ("release", made.RELEASE | {"builders": ["Mr X"]}, "developer"),
        ("release", made.RELEASE | {"policy": made.RELEASE["policy"] | {"durability": "none"}}, "developer"),
    ],
)
def test_records_about_the_use_that_are_malformed(kind, record, signer):
    result = assess(draft(f"{kind}/1", made.USE, made.envelope(record, kind, KEYS[signer])))
    assert result["rejected"] == [{"index": 13, "kind": f"{kind}/1", "reason": "malformed"}]


def test_a_real_institution_takes_no_demo_keys():
    drafts = without()
    record = made.INSTITUTION_RECORD | {"demo": False}
    drafts[0].content = made.envelope(record, "institution", KEYS["root"])
    result = assess(drafts=drafts, packs=[])
    assert [line["reason"] for line in result["rejected"][:6]] == ["demo-key"] * 6
    assert {line["reason"] for line in result["evidence"]} == {"unknown-key"}


def test_a_real_institution_takes_no_demo_evidence():
    drafts = without()
    record = made.INSTITUTION_RECORD | {"demo": False}
    drafts[0].content = made.envelope(record, "institution", KEYS["root"])
    for index, (name, holder) in enumerate(made.HOLDERS.items(), start=1):
        drafts[index].content = made.envelope(made.grant(name, name, holder, demo=False), "key-grant", KEYS["root"])
    assert {line["reason"] for line in assess(drafts=drafts)["evidence"]} == {"demo-key"}


@pytest.mark.parametrize("content", [b"", b"{}", made.envelope(made.INSTITUTION_RECORD, "institution", KEYS["owner"])])
def test_a_ledger_without_a_self_signed_institution_is_refused(content):
    drafts = without()
    drafts[0].content = content
    with pytest.raises(verifier.Refused) as error:
        assess(drafts=drafts)
    assert error.value.args[0] == ("institution-entry" if content else "json-syntax")


def test_entries_recorded_later_are_invisible():
    late = evidence("validation", {"passed": False}, "validator")
    late.recorded_at = "2026-01-06T00:00:01Z"
    assert made.canonical(assess(late)) == made.canonical(made.standard_assessment())


def test_kinds_that_are_not_read_count_in_the_size_only():
    result = assess(draft("something/9", made.USE, b"\xff"))
    assert result == made.standard_assessment() | {"size": 14}


def test_a_retired_pack_binds_nobody():
    result = assess(draft("pack-adoption/1", made.INSTITUTION, made.adoption(made.PACK, "retire")), packs=[])
    assert (result["packs"], result["rules"], result["tier"]["value"]) == ([], [], "high")
