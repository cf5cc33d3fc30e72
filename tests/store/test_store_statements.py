"""Statements made from observations: about what their topic is about, and only where they could ever count."""

from __future__ import annotations

import pytest

from dualtrack.domain.evidence import Predicate
from dualtrack.domain.ids import firm_digest, use_digest
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.errors import FieldError, NotFoundError, SignatureError
from dualtrack.store.built_in_topics import built_in_problems
from dualtrack.store.statements import make_statement, read_signed
from permit.firm import FIRM, PASSES, USE, compiled, known_key, rule
from runtime.service_desk import ServiceDesk

AT = "2026-11-23T01:30:00Z"
WAIVER = {"rule": "none/x", "reason": "y", "until": "soon", "proportionality": False}
PLAN = {"mode": "fast", "decisions_max": 5, "until": "2027-01-01", "measures": "x"}


@pytest.fixture
def register(tmp_path):
    desk = ServiceDesk(tmp_path)
    desk.register.adopt(compiled([rule("r", PASSES), rule("a", "ev.approval.fit")]), known_key("compliance"))
    yield desk.register
    desk.store.close()


def observed(topic, fields, kind=EvidenceKind.APPROVAL):
    return Predicate(kind=kind, topic=topic, fields=fields, taken_at=AT)


def test_a_statement_is_about_what_its_topic_is_about(register):
    topics = register.case(None, None).topics
    expected = {
        "release": register.latest_release(USE),
        "use": use_digest(USE),
        "firm": firm_digest(FIRM),
    }
    for name, topic in topics.items():
        if name in {"waiver", "trial_plan"}:
            continue
        statement = make_statement(register, USE, observed(name, {}, topic.kind))
        assert statement.subject[0].digest.sha256 == expected[topic.about], name
        assert statement.subject[0].name == (FIRM if topic.about == "firm" else USE)


def test_all_problems_of_a_waiver_are_found_and_the_first_is_raised(register):
    found = built_in_problems(register, USE, observed("waiver", WAIVER), where="form")
    assert list(found) == ["until", "rule"]
    assert found["rule"].where == "form, field fields.rule"
    with pytest.raises(FieldError) as caught:
        make_statement(register, USE, observed("waiver", WAIVER), where="form")
    assert str(caught.value) == str(found["until"])


def test_all_problems_of_a_plan_are_found(register):
    assert list(built_in_problems(register, USE, observed("trial_plan", PLAN))) == ["mode", "measures"]


def test_another_topic_has_no_such_problems(register):
    assert built_in_problems(register, USE, observed("approval", {"until": "soon"})) == {}


def test_a_use_that_is_not_declared_has_no_statement(register):
    with pytest.raises(NotFoundError, match="not declared"):
        make_statement(register, f"{FIRM}/absent", observed("approval", {}))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"payload": "e30="}'])
def test_what_is_no_envelope_is_refused(content):
    with pytest.raises(SignatureError) as caught:
        read_signed(content, where="file")
    assert caught.value.code == "signature.malformed"
