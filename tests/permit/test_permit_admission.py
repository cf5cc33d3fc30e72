"""Step 1: every reason for which an entry does not count, each really produced, and the time of the ledger."""

from __future__ import annotations

import pytest
from firm import (
    AT,
    CHECK,
    FIRM,
    PASSES,
    T0,
    USE,
    Firm,
    compiled,
    declaration,
    known_key,
    ready,
    release,
    rule,
)

from dualtrack.domain import canonical
from dualtrack.domain.entry import leaf_bytes, make_entry
from dualtrack.errors import FieldError, LedgerError, PackError, SignatureError
from dualtrack.keys import dsse
from dualtrack.permit.admission import walk
from dualtrack.permit.assess import assess
from dualtrack.permit.keytable import Refused
from dualtrack.permit.opening import open_record

CLAIM = declaration()["claims"][0]
IN_TOTO = "application/vnd.in-toto+json"


def reason_of(firm: Firm, entry) -> str | None:
    return next(line.reason for line in firm.assess().evidence if line.index == entry.index)


ADOPTION = {"pack": "p", "version": "1", "digest": "0" * 64, "action": "adopt", "decided_at": T0}


def rejected(firm: Firm) -> list[tuple[int, str, str]]:
    return [(item.index, item.kind, item.reason) for item in firm.assess().rejected]


def test_an_honest_ledger_has_nothing_rejected():
    firm = ready()
    entry = firm.evidence("check", CHECK)
    assert rejected(firm) == []
    assert reason_of(firm, entry) is None
    assert firm.assess().verdict == "permitted"


# evidence, in the order in which reasons are tried


def test_other_entries_are_refused_for_each_of_their_reasons():
    firm = ready()
    firm.keys["stranger"] = known_key("stranger")
    record = declaration(facts={})
    expected = []
    expected.append((firm.append("declaration/1", USE, b"{}").index, "declaration/1", "malformed"))
    expected.append((firm.signed("declaration/1", USE, record, ["stranger"]).index, "declaration/1", "unknown-key"))
    good = canonical.decode(firm.signed("declaration/1", USE, record, ["owner"]).content)
    good["signatures"][0]["sig"] = "A" * 86 + "=="
    forgery = firm.append("declaration/1", USE, canonical.encode(good))
    expected.append((forgery.index, "declaration/1", "bad-signature"))
    firm.grant("owner", ["owner"], demo=True)
    expected.append((len(firm.entries) - 1, "key-grant/1", "demo-key"))
    expected.append((firm.signed("declaration/1", USE, record, ["owner"]).index, "declaration/1", "replayed"))
    record = declaration(facts={}, area="crime")
    expected.append((firm.signed("declaration/1", USE, record, ["developer"]).index, "declaration/1", "wrong-role"))
    expected.append((firm.signed("declaration/1", USE, record, ["owner"]).index, "declaration/1", "replayed"))
    assert rejected(firm) == expected


@pytest.mark.parametrize(
    ("kind", "subject", "record", "signer"),
    [
        ("declaration/1", USE, declaration(use=f"{FIRM}/another"), "owner"),
        ("declaration/1", USE, declaration(facts={"not_a_question": True}), "owner"),
        ("declaration/1", USE, declaration(facts={"language_model": "yes"}), "owner"),
        ("declaration/1", USE, declaration(facts={"development": ["magic"]}), "owner"),
        ("declaration/1", USE, declaration(live_since="2026-02-30T00:00:00Z"), "owner"),
        ("declaration/1", USE, declaration(affected=["martians"]), "owner"),
        ("declaration/1", FIRM, declaration(), "owner"),
        ("release/1", USE, release() | {"use": f"{FIRM}/another"}, "developer"),
        ("release/1", USE, release() | {"code": "abc"}, "developer"),
        ("declaration/1", USE, declaration(live_since="2026-01-10T09:05:01Z"), "owner"),
        ("declaration/1", USE, declaration(builders=["Mr Builder"]), "owner"),
        ("release/1", USE, release() | {"builders": [""]}, "developer"),
        ("release/1", USE, release(durability="forgetful"), "developer"),
        ("release/1", FIRM, release(), "developer"),
        ("pack-adoption/1", FIRM, ADOPTION | {"action": "admire"}, "compliance"),
        ("pack-adoption/1", FIRM, {"pack": "p", "version": "1", "digest": "0" * 64, "action": "adopt"}, "compliance"),
        ("pack-adoption/1", FIRM, ADOPTION | {"decided_at": "today"}, "compliance"),
        ("pack-adoption/1", FIRM, ADOPTION | {"digest": "0" * 63}, "compliance"),
        ("pack-adoption/1", USE, ADOPTION, "compliance"),
        ("key-revoke/1", FIRM, {"keyid": known_key("root").key_id, "reason": "coup"}, "root"),
        ("key-revoke/1", FIRM, {"keyid": "x", "reason": ""}, "root"),
    ],
)
def test_a_record_that_is_not_well_formed_is_malformed(kind, subject, record, signer):
    """Also when a stranger signed it: the form is judged before the signature."""
    firm = ready()
    firm.keys["stranger"] = known_key("stranger")
    expected = [
        (firm.signed(kind, subject, record, [signer]).index, kind, "malformed"),
        (firm.signed(kind, subject, record, ["stranger"]).index, kind, "malformed"),
    ]
    assert rejected(firm) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"keyid": "0" * 64},
        {"public_key": "AA=="},
        {"public_key": "A" * 43 + "="},
        {"roles": []},
        {"roles": ["owner", "owner"]},
        {"roles": ["king"]},
        {"holder": ""},
        {"holder": "Mr Owner"},
        {"holder": "somebody-else"},
    ],
)
def test_a_grant_of_no_sound_key_is_malformed(change):
    firm = ready()
    firm.grant("owner", ["owner"])
    record = canonical.decode(dsse.parse(firm.entries[-1].content).payload) | change
    entry = firm.signed("key-grant/1", FIRM, record, ["root"])
    assert rejected(firm) == [(entry.index, "key-grant/1", "malformed")]


def test_the_root_key_is_never_granted_to_anybody():
    firm = ready()
    firm.grant("owner", ["root", "owner"], key="root")
    assert rejected(firm) == [(len(firm.entries) - 1, "key-grant/1", "malformed")]


def test_only_the_root_grants_and_a_granted_root_may():
    firm = ready()
    firm.keys["second"] = known_key("second")
    record = canonical.decode(dsse.parse(firm.entries[1].content).payload)
    refused = firm.signed("key-grant/1", FIRM, record | {"name": "by the owner"}, ["owner"])
    firm.grant("second", ["root"])
    allowed = firm.signed("key-grant/1", FIRM, record | {"name": "by the second"}, ["second"])
    assert rejected(firm) == [(refused.index, "key-grant/1", "wrong-role")]
    assert allowed.index > refused.index


def test_the_institution_may_change_its_answers_but_not_its_root_nor_its_reality():
    firm = ready()
    firm.keys["second"] = known_key("second")
    firm.grant("second", ["root"])
    firm.signed("institution/1", FIRM, firm.record | {"staff": 99}, ["root"])
    expected = [
        (firm.signed("institution/1", FIRM, firm.record | {"demo": True}, ["root"]).index, "malformed"),
        (firm.signed("institution/1", FIRM, firm.record | {"id": "another"}, ["root"]).index, "malformed"),
        (firm.signed("institution/1", FIRM, firm.record | {"type": "insurer"}, ["root"]).index, "malformed"),
        (firm.signed("institution/1", FIRM, firm.record | {"profile": {"staff": 1}}, ["root"]).index, "malformed"),
        (
            firm.signed("institution/1", FIRM, firm.record | {"profile": {"has_shop": "yes"}}, ["root"]).index,
            "malformed",
        ),
        (firm.signed("institution/1", FIRM, firm.record | {"root_key": "AA=="}, ["root"]).index, "wrong-role"),
        (firm.signed("institution/1", FIRM, firm.record | {"staff": 7}, ["second"]).index, "wrong-role"),
    ]
    assert [(index, reason) for index, _, reason in rejected(firm)] == expected
    assert firm.assess().facts["firm.staff"] == 99


# keys are judged by index


def test_a_key_counts_after_its_grant_and_up_to_its_revocation_by_index_not_by_clock():
    """Every entry here is recorded in the same second."""
    firm = ready()
    firm.keys["late"] = known_key("late")
    early = firm.evidence("check", CHECK, "late")
    firm.grant("late", ["validator"])
    good = firm.evidence("check", CHECK, "late")
    firm.revoke("late")
    after = firm.evidence("check", CHECK, "late")
    firm.grant("late", ["validator"])
    again = firm.evidence("check", CHECK, "late")
    assert {entry.recorded_at for entry in firm.entries} == {T0}
    reasons = [reason_of(firm, entry) for entry in (early, good, after, again)]
    assert reasons == ["unknown-key", None, "unknown-key", None]


def test_a_revoked_key_stays_with_its_first_holder():
    firm = ready()
    firm.revoke("validator")
    firm.grant("somebody-else", ["validator"], key="validator")
    entry = firm.evidence("check", CHECK)
    assert rejected(firm) == [(entry.index - 1, "key-grant/1", "malformed")]
    assert reason_of(firm, entry) == "unknown-key"


# a statement counts once


def test_the_same_words_signed_by_somebody_else_are_a_replay():
    firm = ready()
    statement = firm.statement("check", CHECK)
    first, second = firm.put_statement(statement), firm.put_statement(statement, "collector")
    assert (reason_of(firm, first), reason_of(firm, second)) == (None, "replayed")


def test_words_that_did_not_count_cannot_be_played_back_when_they_would():
    """Signed by a key without the role at first: granting it the role later does not revive the statement."""
    firm = ready()
    statement = firm.statement("check", CHECK)
    first = firm.put_statement(statement, "owner")
    firm.grant("owner", ["owner", "validator"])
    second = firm.put_statement(statement, "owner")
    assert (reason_of(firm, first), reason_of(firm, second)) == ("wrong-role", "replayed")


def test_what_was_never_validly_signed_is_not_played_back():
    firm = ready()
    statement = firm.statement("check", CHECK)
    firm.keys["stranger"] = known_key("stranger")
    first, second = firm.put_statement(statement, "stranger"), firm.put_statement(statement)
    assert (reason_of(firm, first), reason_of(firm, second)) == ("unknown-key", None)


def test_a_pack_is_adopted_again_by_a_new_decision_only():
    firm = ready()
    old = next(entry for entry in firm.entries if entry.kind == "pack-adoption/1")
    pack = next(iter(firm.packs.values()))
    firm.adopt(pack, action="retire")
    firm.append("pack-adoption/1", FIRM, old.content)
    assert firm.assess().packs == []
    firm.adopt(pack)
    assert [line.id for line in firm.assess().packs] == ["test-pack"]


# claims are registered before they are measured, approvals come after the declaration they are of


def test_a_revocation_does_not_undo_what_was_signed_before():
    firm = ready()
    firm.evidence("check", CHECK)
    firm.revoke("validator")
    assert firm.assess().verdict == "permitted"


def test_rotation_moves_a_person_to_a_new_key():
    firm = ready()
    firm.keys["validator-2"] = known_key("validator-2")
    firm.grant("validator", ["validator"], key="validator-2")
    firm.revoke("validator")
    old, new = firm.evidence("check", CHECK), firm.evidence("check", CHECK, "validator-2")
    assert (reason_of(firm, old), reason_of(firm, new)) == ("unknown-key", None)


def test_a_later_grant_of_the_same_key_replaces_its_roles():
    firm = ready()
    before = firm.evidence("check", CHECK)
    firm.grant("validator", ["owner"])
    after = firm.evidence("check", CHECK)
    assert (reason_of(firm, before), reason_of(firm, after)) == (None, "wrong-role")


def test_every_signature_must_hold_not_only_one():
    firm = ready()
    firm.keys["stranger"] = known_key("stranger")
    assert reason_of(firm, firm.evidence("check", CHECK, "validator collector")) is None
    assert reason_of(firm, firm.evidence("check", CHECK, "validator owner")) is None
    assert reason_of(firm, firm.evidence("check", CHECK, "validator stranger")) == "unknown-key"


# demo and real


def test_demo_keys_and_demo_evidence_count_in_a_demo_firm_only():
    assert ready(demo=True).assess().demo is True
    demo_firm = ready(demo=True)
    entry = demo_firm.evidence("check", CHECK, demo=True)
    assert reason_of(demo_firm, entry) is None
    real = ready()
    real.keys["actor"] = known_key("actor")
    real.grant("actor", ["validator"], demo=True)
    grant = len(real.entries) - 1
    entry = real.evidence("check", CHECK, "actor")
    assert rejected(real) == [(grant, "key-grant/1", "demo-key")]
    assert reason_of(real, entry) == "unknown-key"
    assert reason_of(real, real.evidence("check", CHECK, demo=True)) == "demo-key"


# what is not read, and when


def test_kinds_that_are_not_read_change_nothing():
    firm = ready()
    firm.evidence("check", CHECK)
    before = firm.assess()
    for kind in ("notice/1", "return/1", "received/1", "decision/1", "assessment/1", "permit/1"):
        firm.append(kind, USE, b"anything")
    after = firm.assess()
    assert after.size == before.size + 6
    assert canonical.encode(plain(after) | {"size": before.size}) == canonical.encode(plain(before))


def plain(assessment):
    from dualtrack.domain.records import to_plain

    return to_plain(assessment)


def test_entries_recorded_later_are_invisible():
    firm = ready()
    firm.evidence("check", CHECK)
    before = firm.assess()
    worse = {**CHECK, "estimate": 0.1, "low": 0.0, "high": 0.2}
    firm.evidence("check", worse, at="2026-03-01T09:00:01Z", taken_at="2026-03-01T09:00:01Z")
    assert plain(firm.assess(AT)) == plain(before)
    assert firm.assess("2026-03-01T09:00:01Z").verdict == "refused"


def test_broken_input_is_an_error_and_no_outcome():
    firm = ready()
    arguments = {"institution": FIRM, "use": USE, "release": firm.release_digest, "at": AT}
    first, second, *others = firm.entries
    with pytest.raises(LedgerError, match="no institution entry comes first"):
        assess([], firm.packs, **arguments)
    with pytest.raises(LedgerError, match="no institution entry comes first"):
        assess([second, *others], firm.packs, **arguments)
    with pytest.raises(LedgerError, match="follows"):
        assess([first, *others, second], firm.packs, **arguments)
    earlier = firm.append("notice/1", USE, b"", at="2026-01-10T08:59:59Z")
    with pytest.raises(LedgerError, match="of 2026-01-10T08:59:59Z follows"):
        assess([*firm.entries[:-1], earlier], firm.packs, **arguments)
    firm.entries.pop()
    with pytest.raises(LedgerError, match="the ledger is of"):
        assess(firm.entries, firm.packs, **(arguments | {"institution": "another"}))
    with pytest.raises(FieldError, match="not an instant"):
        assess(firm.entries, firm.packs, **(arguments | {"at": "2026-03-01"}))
    with pytest.raises(PackError, match="not at hand"):
        assess(firm.entries, {}, **arguments)
    with pytest.raises(PackError, match="not the one adopted"):
        assess(firm.entries, dict.fromkeys(firm.packs, compiled([rule("other", PASSES)])), **arguments)


def test_a_first_entry_that_the_root_did_not_sign_is_an_error():
    firm = ready()
    content = dsse.sign(
        canonical.encode(firm.record), "application/vnd.dualtrack.institution.v1+json", [known_key("x")]
    )
    salt = bytes(32)
    other = make_entry(0, leaf_bytes("institution/1", FIRM, FIRM, T0, salt, content), salt, content)
    with pytest.raises(SignatureError, match="not a self-signed institution"):
        walk([other, *firm.entries[1:]], institution=FIRM, use=USE, release=None, at=AT)


def test_an_adopted_digest_of_another_pack_is_an_error():
    firm = ready()
    data = compiled([rule("other", PASSES)], id="pack-b")
    firm.packs[canonical.digest(data)] = data
    record = {"pack": "pack-c", "version": "1.0", "digest": canonical.digest(data)}
    record = ADOPTION | record
    firm.signed("pack-adoption/1", FIRM, record, ["compliance"])
    with pytest.raises(PackError, match="the adopted digest is of pack-b"):
        firm.assess()


def test_two_packs_that_define_one_topic_differently_are_an_error():
    firm = ready()
    other = canonical.decode(compiled([rule("other", PASSES)], id="pack-b"))
    other["topics"]["check"]["hours"] = 99
    firm.adopt(canonical.encode(other))
    with pytest.raises(PackError, match="topic check is defined otherwise"):
        firm.assess()


def test_a_retired_pack_no_longer_judges_and_a_newer_version_replaces_it():
    firm = ready()
    second = compiled([rule("stricter", "ev.check.estimate >= 0.9")], version="2.0")
    firm.adopt(second)
    assert [line.rule for line in firm.assess().rules] == ["stricter"]
    firm.adopt(second, action="retire")
    assert (firm.assess().rules, firm.assess().packs) == ([], [])


def test_opening_is_remembered_by_content_and_refuses_again():
    firm = ready()
    content = firm.evidence("check", CHECK).content
    assert open_record(content, "evidence/1") is open_record(bytes(bytearray(content)), "evidence/1")
    for _ in range(2):
        with pytest.raises(Refused, match="malformed"):
            open_record(content, "release/1")
