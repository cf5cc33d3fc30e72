"""The register: what would not be admitted is refused before anything is written, in words with a place and a fix."""

from __future__ import annotations

import base64
from datetime import timedelta

import msgspec
import pytest
from register_desk import Desk, refused

from dualtrack.domain import canonical
from dualtrack.domain.institution import KeyGrant
from dualtrack.domain.records import read_record
from dualtrack.domain.release import Release, ReleaseComponent
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import (
    DualtrackError,
    EvidenceError,
    FieldError,
    LedgerError,
    NotFoundError,
    PackError,
    SignatureError,
    StoreError,
)
from dualtrack.store.faults import STORE_LOST
from dualtrack.store.verdicts import record_verdict
from permit import firm as made
from permit.firm import CHECK, FIRM, PASSES, USE, compiled, declaration, known_key, rule, text


def test_the_ledger_begins_with_the_institution(empty):
    assert "create the institution" in refused(empty, LedgerError, lambda: empty.grant("owner", ["owner"])).fix
    empty.found()
    assert empty.size == 1 + len(made.ROLES)


@pytest.mark.parametrize(
    "change", [{"profile": {"type": "x"}}, {"profile": {"has_shop": "yes"}}, {"id": "another-bank"}]
)
def test_an_institution_that_no_assessment_would_take_is_not_founded(empty, change):
    record = msgspec.structs.replace(empty.institution(), **change)
    refused(empty, DualtrackError, lambda: empty.register.found(record, known_key("root")))
    assert empty.size == 0


def test_the_root_key_is_the_signers_own(empty):
    error = refused(empty, SignatureError, lambda: empty.register.found(empty.institution(), known_key("stranger")))
    assert error.fix == "name the root's own key"


# demo and real


def test_demo_keys_demo_firms_and_demo_declarations_stay_out_of_a_real_workspace(desk):
    error = refused(desk, SignatureError, lambda: desk.grant("actor", ["owner"], demo=True))
    assert (error.code, error.fix) == ("signature.demo", "make a new key with `dualtrack key new`")
    refused(desk, FieldError, lambda: desk.declare(demo=True))
    error = refused(desk, EvidenceError, lambda: desk.evidence(demo=True))
    assert error.code == "evidence.demo-key"
    record = desk.institution(demo=True)
    error = refused(desk, SignatureError, lambda: desk.register.found(record, known_key("root")))
    assert error.code == "signature.demo"


def test_a_demo_workspace_takes_them(tmp_path):
    desk = Desk(tmp_path, demo=True)
    desk.set_up()
    desk.grant("actor", ["validator"], demo=True)
    desk.evidence(by="actor", demo=True)
    assert record_verdict(desk.register, USE).assessment.demo is True
    desk.store.close()


# every verb refuses before it writes


def test_grants_are_by_the_root_and_of_sound_keys(desk):
    grant = KeyGrant(
        keyid="0" * 64, public_key="AA==", holder="x", name="x", person=True, roles=[Role.OWNER], demo=False
    )
    assert (
        refused(desk, SignatureError, lambda: desk.register.grant(grant, known_key("root"))).code
        == "signature.malformed"
    )
    error = refused(desk, SignatureError, lambda: desk.grant("somebody", ["validator"], key="validator"))
    assert error.code == "signature.malformed"  # a key stays with its first holder
    signer = known_key("new")
    sound = msgspec.structs.replace(grant, keyid=signer.key_id, public_key=base64.b64encode(signer.public_key).decode())
    error = refused(desk, SignatureError, lambda: desk.register.grant(sound, known_key("owner")))
    assert error.code == "signature.wrong-role"
    error = refused(desk, SignatureError, lambda: desk.register.grant(sound, known_key("stranger")))
    assert error.code == "signature.unknown-key"


def test_a_key_is_revoked_once_and_only_by_the_root(desk):
    keyid = known_key("validator").key_id
    refused(desk, NotFoundError, lambda: desk.register.revoke("0" * 64, "", known_key("root")))
    refused(desk, SignatureError, lambda: desk.register.revoke(keyid, "left", known_key("owner")))
    refused(desk, SignatureError, lambda: desk.register.revoke(known_key("root").key_id, "coup", known_key("root")))
    desk.register.revoke(keyid, "left", known_key("root"))
    refused(desk, NotFoundError, lambda: desk.register.revoke(keyid, "left", known_key("root")))
    assert refused(desk, EvidenceError, desk.evidence).code == "evidence.unknown-key"


def test_packs_are_adopted_by_compliance_whole_and_without_contradiction(desk):
    other = compiled([rule("s", PASSES)], id="pack-b")
    error = refused(desk, SignatureError, lambda: desk.register.adopt(other, known_key("owner")))
    assert error.code == "signature.wrong-role"
    refused(desk, PackError, lambda: desk.register.adopt(b"{}", known_key("compliance")))
    clash = canonical.decode(other)
    clash["topics"]["check"]["hours"] = 99
    refused(desk, PackError, lambda: desk.register.adopt(canonical.encode(clash), known_key("compliance")))
    tiers = [{"tier": "high", "when": "true", "reason": text("x")}]
    desk.register.adopt(compiled([rule("s", PASSES)], id="pack-b", tiers=tiers), known_key("compliance"))
    second = compiled([rule("s", PASSES)], id="pack-c", tiers=tiers)
    refused(desk, PackError, lambda: desk.register.adopt(second, known_key("compliance")))


@pytest.mark.parametrize("kept", [True, False])
def test_a_pack_stays_unless_its_adoption_is_known_not_to_stand(desk, monkeypatch, kept):
    """The server took the entry, or did not, and broke off before it said so."""
    compiled_pack = compiled([rule("s", PASSES)], id="pack-b")
    digest, append = canonical.digest(compiled_pack), desk.register._writer.append

    def lost(items):
        if kept:
            append(items)
        raise StoreError("the database server went away", code=STORE_LOST)

    monkeypatch.setattr(desk.register._writer, "append", lost)
    with pytest.raises(StoreError):
        desk.register.adopt(compiled_pack, known_key("compliance"))
    assert desk.register.packs.holds(digest) is kept
    assert ("pack-b" in {pack.id for pack in desk.register.adopted_packs()}) is kept


def test_a_pack_stays_where_it_cannot_be_learnt_whether_its_adoption_stands(desk, monkeypatch):
    compiled_pack, size = compiled([rule("s", PASSES)], id="pack-b"), desk.register.repository.size

    def lost(_):
        monkeypatch.setattr(desk.register.repository, "size", lambda: lost(()))
        raise StoreError("the database server went away", code=STORE_LOST)

    monkeypatch.setattr(desk.register._writer, "append", lost)
    with pytest.raises(StoreError):
        desk.register.adopt(compiled_pack, known_key("compliance"))
    monkeypatch.setattr(desk.register.repository, "size", size)
    assert desk.register.packs.holds(canonical.digest(compiled_pack))


def test_a_pack_is_retired_and_adopted_again(desk):
    refused(desk, NotFoundError, lambda: desk.register.retire("unheard", known_key("compliance")))
    desk.register.retire("test-pack", known_key("compliance"))
    assert desk.register.adopted_packs() == []
    refused(desk, NotFoundError, lambda: desk.register.retire("test-pack", known_key("compliance")))
    desk.time += timedelta(seconds=1)
    desk.register.adopt(compiled([rule("r", PASSES)]), known_key("compliance"))
    assert [pack.id for pack in desk.register.adopted_packs()] == ["test-pack"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"use": "another-bank/early-warning"}, "use 'another-bank/early-warning'"),
        ({"accountable_executive": "Mr Chan"}, "'Mr Chan'"),
        ({"live_since": "2026-03-01T09:05:01Z"}, "not a well-formed statement"),
        ({"claims": [declaration()["claims"][0]] * 2}, "'found-earlier' is used twice"),
    ],
)
def test_a_declaration_is_checked(desk, change, place):
    error = refused(desk, DualtrackError, lambda: desk.declare(**change))
    assert place in str(error)
    assert "declaration" in error.where


def test_an_answer_outside_the_questions_is_named(desk):
    use_case = msgspec.structs.replace(desk.use_case(), facts={"phase": "late"})
    error = refused(desk, FieldError, lambda: desk.register.declare(use_case, known_key("owner"), where="use.yaml"))
    assert (error.where, error.found, error.expected) == ("use.yaml, field facts", "answer phase", "early, mature")


def test_a_declaration_is_by_its_owner_and_said_once(desk):
    use_case = desk.use_case()
    error = refused(desk, SignatureError, lambda: desk.register.declare(use_case, known_key("validator")))
    assert error.code == "signature.wrong-role"
    desk.register.declare(use_case, known_key("owner"))
    error = refused(desk, SignatureError, lambda: desk.register.declare(use_case, known_key("owner")))
    assert error.code == "signature.replayed"


def test_a_release_is_of_a_declared_use_and_of_declared_parts(desk):
    plain = read_record(made.release(), Release, where="test")
    other = msgspec.structs.replace(plain, use=f"{FIRM}/undeclared")
    refused(desk, NotFoundError, lambda: desk.register.release(other, known_key("developer")))
    foreign = msgspec.structs.replace(plain, use="another-bank/x")
    refused(desk, FieldError, lambda: desk.register.release(foreign, known_key("developer")))
    parts = msgspec.structs.replace(plain, components=[ReleaseComponent(id="model", digest="0" * 64)])
    error = refused(desk, FieldError, lambda: desk.register.release(parts, known_key("developer")))
    assert "component 'model' is not declared" in error.found
    noted = msgspec.structs.replace(plain, note="again")
    refused(desk, SignatureError, lambda: desk.register.release(noted, known_key("owner")))
    assert desk.register.latest_release(USE) == desk.release_digest


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"topic": "unheard"}, "unknown-topic", "no adopted pack knows this topic"),
        ({"kind": "drill"}, "wrong-kind", "kind measurement, found drill"),
        ({"by": "owner"}, "wrong-role", "signed as validator, collector"),
        ({"fields": {**CHECK, "n": 1.0}}, "bad-fields", "field n is not of type int"),
        ({"fields": {**CHECK, "spare": True}}, "bad-fields", "field spare is unknown to topic check"),
        ({"about": "use"}, "other-release", "there is none of this digest|about another release"),
        ({"digest": "1" * 64}, "other-release", "about another release"),
        ({"claim": "undeclared"}, "unknown-claim", "found 'undeclared'"),
        ({"taken_at": "2026-03-01T09:05:01Z"}, "future", "found taken_at 2026-03-01T09:05:01Z"),
        ({"taken_at": "2016-03-01T09:00:00Z"}, "too-old", "observe again"),
    ],
)
def test_evidence_is_refused_in_words(desk, change, code, words):
    error = refused(desk, EvidenceError, lambda: desk.evidence(**change))
    assert error.code == f"evidence.{code}"
    assert any(part in str(error) for part in words.split("|")), str(error)
    assert "about test-bank/early-warning" in error.where


def test_evidence_that_comes_too_late_is_refused(desk):
    desk.evidence()
    error = refused(desk, EvidenceError, lambda: desk.evidence(taken_at="2026-02-28T00:00:00Z"))
    assert error.code == "evidence.older"
    statement = desk.statement("check", CHECK)
    desk.register.add_evidence(statement, [known_key("validator")])
    error = refused(desk, EvidenceError, lambda: desk.register.add_evidence(statement, [known_key("collector")]))
    assert error.code == "evidence.replayed"


def test_what_the_register_takes_an_assessment_admits(desk):
    desk.evidence()
    found = record_verdict(desk.register, USE).assessment
    assert ([line.reason for line in found.evidence], found.rejected) == ([None], [])


def test_roles_of_a_signer(desk):
    assert desk.register.roles_of(known_key("validator")) == [Role.VALIDATOR]
    assert desk.register.roles_of(known_key("stranger")) == []


def test_the_ledgers_time_does_not_run_backwards(desk):
    desk.time -= timedelta(days=1)
    assert desk.register.now() == "2026-03-01T09:00:00Z"
    desk.declare()
    assert desk.register.case(USE, None).found.declaration is not None


# verdicts
