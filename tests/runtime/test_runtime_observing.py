from __future__ import annotations

import pytest

from dualtrack.errors import FieldError, NotFoundError, SignatureError
from dualtrack.runtime.observing import begin_observe, end_observe, observe_ends_at
from dualtrack.runtime.standing import standing_settings
from dualtrack.store.projections import Projections
from permit.firm import USE, known_key

MAX = standing_settings().observe_days_max
LIVE = "2025-01-01T00:00:00Z"


@pytest.fixture
def running(make_desk):
    return make_desk(live_since=LIVE)


def begin(desk, by: str = "executive", days: int = 30):
    return begin_observe(desk.register, known_key(by), USE, "it ran before", days)


def test_a_use_that_was_live_is_observed_on_its_newest_release_until_a_day(running):
    newest = running.release("newer")
    record = begin(running)
    assert record.release == newest
    assert (record.by, record.until) == ("executive", "2026-12-23T02:00:00Z")
    assert Projections(running.register.repository).rows("observe")[0]["until"] == record.until


@pytest.mark.parametrize("by", ["owner", "compliance", "auditor", "boss"])
def test_only_the_accountable_executive_begins_it(running, by):
    with pytest.raises(SignatureError, match="may not put it on observe"):
        begin(running, by=by)


def test_another_approver_is_not_the_accountable_executive(running):
    running.grant("other", ["approver"])
    with pytest.raises(SignatureError, match="not its accountable executive"):
        begin(running, by="other")


def test_a_use_that_was_not_live_is_not_observed(desk):
    with pytest.raises(FieldError, match="not live before"):
        begin(desk)


@pytest.mark.parametrize("days", [0, -1, MAX + 1])
def test_days_are_bounded(running, days):
    with pytest.raises(FieldError) as caught:
        begin(running, days=days)
    assert caught.value.expected


def test_renewing_does_not_move_the_last_day(running):
    latest = observe_ends_at(running.register, USE)
    begin(running, days=MAX)
    running.forward(days=10)
    with pytest.raises(FieldError, match="until"):
        begin(running, days=MAX)
    assert observe_ends_at(running.register, USE) == latest
    assert begin(running, days=MAX - 10).until == latest


def test_it_can_be_ended_before_its_day_once(running):
    begin(running)
    with pytest.raises(SignatureError):
        end_observe(running.register, known_key("developer"), USE, "enough")
    end_observe(running.register, known_key("compliance"), USE, "enough")
    assert Projections(running.register.repository).rows("observe")[0]["ended_at"] is not None
    with pytest.raises(NotFoundError, match="not observed now"):
        end_observe(running.register, known_key("compliance"), USE, "again")
