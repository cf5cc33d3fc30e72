from __future__ import annotations

import time

import pytest

from dualtrack.domain.decision import encode_decision
from dualtrack.domain.oversight import Hold
from dualtrack.errors import FieldError, NotFoundError, SignatureError
from dualtrack.runtime import holds
from dualtrack.runtime.hold_scope import held_part, targets
from dualtrack.runtime.holds import acknowledge_s, list_holds, release_hold, served_in, set_hold
from dualtrack.runtime.snapshots import LEASE_S
from permit.firm import FIRM, USE, known_key

US = 1_000_000


@pytest.fixture
def no_wait(monkeypatch):
    """A steady clock that runs ahead by itself, so that a test need not wait for the lease."""
    ticks = iter(range(1000))
    monkeypatch.setattr(holds, "steady_s", lambda: float(next(ticks)))


def put(desk, scope: str, target: str, by: str = "auditor"):
    return set_hold(desk.register, known_key(by), scope=scope, target=target, reason="it misbehaves")


def test_a_hold_is_acknowledged_only_after_every_lease_has_run_out(desk):
    begun = time.monotonic()
    found = put(desk, "use", USE)
    assert time.monotonic() - begun >= LEASE_S  # the wait itself is what is promised
    assert found.waited_ms >= acknowledge_s() * 1000 - 1
    assert (found.last_served_us, found.last_served_after_ms, found.served_after) == (None, None, 0)
    assert desk.kinds(found.entry) == ["hold/1"]


def test_a_hold_says_what_was_served_last_and_how_many_after_it(desk, no_wait, monkeypatch):
    served = desk.decide(done_us=time.time_ns() // 1000 - 5 * US)[0].id
    before = put(desk, "institution", FIRM)
    assert before.last_served_after_ms <= -5000
    assert before.last_served == served
    assert before.served_after == 0
    desk.decide(done_us=time.time_ns() // 1000 + 60 * US)
    desk.decide(done_us=time.time_ns() // 1000 + 60 * US, outcome="stopped")
    after = put(desk, "use", USE, by="boss")
    assert after.last_served_after_ms > 50_000
    assert after.served_after == 1


def test_what_was_served_is_counted_by_scope(desk):
    old = desk.release_digest
    desk.decide(done_us=100)
    desk.release_digest = desk.release("second")
    desk.decide(done_us=200)
    newest = desk.decide(done_us=300, upstream="backup")[0].id
    desk.decide(done_us=400, upstream="card", outcome="blocked")
    cases = {
        ("institution", FIRM): (300, 2),
        ("use", USE): (300, 2),
        ("release", old): (100, 0),
        ("release", desk.release_digest): (300, 2),
        ("component", "backup"): (300, 1),
        ("provider", "cloud"): (300, 1),
        ("component", "card"): (None, 0),
    }
    for (scope, target), expected in cases.items():
        found = served_in(desk.register, scope, target, since_us=150)
        assert (found.last_us, found.after) == expected, (scope, target)
        assert (found.last == newest) is (expected[0] == 300), (scope, target)


def test_a_part_that_a_release_cannot_do_without_counts_whatever_it_served(make_desk):
    desk = make_desk(upstreams=[{"id": "card", "kind": "python", "provider": "us"}])
    served = desk.decide(done_us=700)[0].id
    part = held_part(desk.register, "component", "card")
    assert (part.needed_by, part.optional_in) == ((desk.release_digest,), ())
    assert served_in(desk.register, "provider", "us", since_us=1) == (700, 1, served)


def test_what_was_served_last_until_an_instant_is_not_what_came_after(desk):
    begun_us = int(desk.time.timestamp()) * US
    first = desk.decide(done_us=begun_us + 5)[0].id
    desk.forward(hours=1)
    second = desk.decide(done_us=begun_us + 3600 * US + 5)[0].id
    known = {"since_us": begun_us, "until_us": begun_us + 60 * US}
    assert served_in(desk.register, "use", USE, since_us=begun_us) == (begun_us + 3600 * US + 5, 2, second)
    assert served_in(desk.register, "use", USE, **known) == (begun_us + 5, 1, first)
    assert served_in(desk.register, "use", USE, since_us=1, until_us=begun_us - 60 * US) == (None, 0, None)


def test_a_decision_of_long_ago_is_still_found(desk):
    desk.decide(done_us=5)
    desk.forward(days=30)
    assert served_in(desk.register, "use", USE, since_us=time.time_ns() // 1000).last_us == 5


@pytest.mark.parametrize("scope", ["institution", "use", "release", "component", "provider"])
def test_a_mistyped_target_is_refused(desk, scope):
    size = desk.register.repository.size()
    with pytest.raises(FieldError) as caught:
        put(desk, scope, "nothing-like-it")
    assert targets(desk.register, scope)[0] in caught.value.expected
    assert desk.register.repository.size() == size


def test_a_hold_of_a_release_is_entered_under_its_use(desk, no_wait):
    put(desk, "release", desk.release_digest)
    assert desk.register.repository.newest("hold/1", USE) is not None


@pytest.mark.parametrize("by", ["developer", "validator", "collector"])
def test_who_builds_may_not_hold(desk, by):
    with pytest.raises(SignatureError, match="may not set a hold"):
        put(desk, "use", USE, by=by)


def test_a_key_that_was_never_granted_may_not_hold(desk):
    with pytest.raises(SignatureError, match="no key"):
        put(desk, "use", USE, by="stranger")


def test_a_hold_needs_a_reason(desk):
    with pytest.raises(FieldError, match="a reason of"):
        set_hold(desk.register, known_key("auditor"), scope="use", target=USE, reason=" ")


def test_another_person_releases_a_hold_once(desk, no_wait):
    hold = put(desk, "use", USE, by="compliance").hold
    assert isinstance(hold, Hold)
    with pytest.raises(SignatureError, match="whoever set a hold"):
        release_hold(desk.register, known_key("compliance"), hold.id, "fixed")
    with pytest.raises(SignatureError, match="may not release"):
        release_hold(desk.register, known_key("auditor"), hold.id, "fixed")
    release_hold(desk.register, known_key("executive"), hold.id, "fixed")
    assert list_holds(desk.register) == []
    assert [row["released_by"] for row in list_holds(desk.register, open_only=False)] == ["executive"]
    with pytest.raises(NotFoundError, match="released already"):
        release_hold(desk.register, known_key("executive"), hold.id, "again")
    with pytest.raises(NotFoundError, match="no such hold"):
        release_hold(desk.register, known_key("executive"), "0" * 26, "why")


def test_the_fixture_writes_decisions_as_the_runtime_does(desk):
    record, _ = desk.decide()
    assert desk.register.repository.newest("decision/1", USE).content == encode_decision(record)
