"""Decisions over one row through the gate, with a real workspace, ledger and clock."""

from __future__ import annotations

import time

import pytest

from dualtrack.domain import canonical
from dualtrack.domain.decision import Decision, encode_decision
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import RefusedError
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.store.verify import verify_store
from runtime.runtime_world import FIRM, USE, timedelta

ROW = {"late": 3, "used": 0.9}


def scored(runtime):
    def score(row):
        found = runtime.models.of(runtime.gate.enter(USE)).score(row)
        return Scoring(found.output, tuple(name for name, _ in found.reasons))

    return score


def decisions(world) -> list[Decision]:
    entries = world.register.repository.every(kinds=("decision/1",))
    return [read_record(canonical.decode(entry.content), Decision, where="test") for entry in entries]


def test_a_permitted_use_decides_and_everything_is_recorded(world):
    world.permit()
    with world.open() as runtime:
        answer = decide(runtime, USE, ROW, scored(runtime), person="customer 7")
        assert answer.outcome == "served"
        assert 0.8 < answer.output < 0.9  # 1 / (1 + exp(-(-1 + 2 + 1)))
        assert answer.reasons == ("late", "used")
    found = decisions(world)
    assert [item.outcome for item in found] == ["served"]
    assert found[0].permit is not None
    assert found[0].release == world.release
    assert found[0].guards[0].guard == "input_schema"
    assert "customer 7" not in str(found[0])
    assert found[0].receipt is not None
    assert not [finding for report in verify_store(world.store) for finding in report.findings]


def test_the_fast_encoder_writes_canonical_bytes(world):
    world.permit()
    with world.open() as runtime:
        decide(runtime, USE, ROW, scored(runtime))
    for item in decisions(world):
        assert encode_decision(item) == encode(item)


def test_without_a_permit_nothing_is_called(world):
    called = []
    with world.open() as runtime, pytest.raises(RefusedError) as caught:
        decide(runtime, USE, ROW, lambda row: called.append(row) or Scoring(1.0))
    assert caught.value.code == "permit.unknown-use"
    assert caught.value.fix
    assert not called


def test_another_release_is_refused(world):
    world.permit()
    with world.open() as runtime, pytest.raises(RefusedError) as caught:
        decide(runtime, USE, ROW, scored(runtime), release="1" * 64)
    assert caught.value.code == "permit.other-release"


def test_an_artifact_that_was_changed_is_refused(world):
    world.permit()
    path = world.workspace.path("models") / world.model
    path.write_bytes(path.read_bytes().replace(b"0.75", b"0.76"))
    with world.open() as runtime, pytest.raises(RefusedError) as caught:
        decide(runtime, USE, ROW, scored(runtime))
    assert caught.value.code == "permit.component-changed"


def test_a_permit_lapses_by_the_clock(world):
    recorded = world.permit()
    with world.open() as runtime:
        assert decide(runtime, USE, ROW, scored(runtime)).outcome == "served"
        live = runtime.gate.enter(USE)
        assert recorded.permit.expires is not None
        world.offset = timedelta(seconds=live.until_s + 1 - time.time())
        with pytest.raises(RefusedError) as caught:
            decide(runtime, USE, ROW, scored(runtime))
    assert caught.value.code == "permit.expired"


def test_a_clock_that_runs_backwards_stops_everything(world):
    world.permit()
    with world.open() as runtime:
        decide(runtime, USE, ROW, scored(runtime))
        world.offset = -timedelta(seconds=60)
        with pytest.raises(RefusedError) as caught:
            decide(runtime, USE, ROW, scored(runtime))
    assert caught.value.code == "permit.clock"


def not_stale(runtime):
    return steady_s() < runtime.snapshots.current.lease_until_s


@pytest.mark.real_lease
def test_a_stale_snapshot_refuses(world):
    world.permit()
    with world.open() as runtime:
        runtime.snapshots.close()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not_stale(runtime):
            time.sleep(0.05)
        with pytest.raises(RefusedError) as caught:
            decide(runtime, USE, ROW, scored(runtime))
        assert caught.value.code == "permit.stale-snapshot"


def test_a_new_release_lapses_the_permit_within_a_second(world):
    world.permit()
    with world.open() as runtime:
        decide(runtime, USE, ROW, scored(runtime))
        record = world.register.repository.newest("release/1", USE)
        assert record is not None
        from dualtrack.domain.release import Release
        from dualtrack.keys import dsse
        from permit.firm import known_key

        again = read_record(
            canonical.decode(dsse.parse(record.content).payload) | {"note": "another"}, Release, where="test"
        )
        world.register.release(again, known_key("developer"))
        time.sleep(1.0)
        with pytest.raises(RefusedError) as caught:
            decide(runtime, USE, ROW, scored(runtime))
    assert caught.value.code == "permit.lapsed"


@pytest.mark.parametrize("row", [{"late": 99}, {"late": "3"}, {"used": 0.5}, {"late": 1, "more": 2}, {"late": True}])
def test_a_row_outside_the_declared_fields_is_blocked_and_recorded(world, row):
    world.permit()
    with world.open() as runtime:
        answer = decide(runtime, USE, row, scored(runtime))
        assert (answer.outcome, answer.code, answer.output) == ("blocked", "guard.input_schema", None)
        assert answer.message is not None
    assert decisions(world)[0].outcome == "blocked"


def test_review_before_release_holds_the_output(world):
    world.permit(review={"mode": "hold"}, flags={"review_before_release": True})
    with world.open() as runtime:
        answer = decide(runtime, USE, ROW, scored(runtime))
        assert (answer.outcome, answer.output, answer.reasons) == ("routed", None, ())
        assert answer.review is not None
    kinds = [entry.kind for entry in world.register.repository.entries()]
    assert kinds[-2:] == ["decision/1", "review/1"]


def test_a_model_that_fails_is_recorded_and_its_words_are_not(world):
    world.permit()

    def fails(_row):
        raise ValueError("the name of a customer")

    with world.open() as runtime, pytest.raises(ValueError, match="customer"):
        decide(runtime, USE, ROW, fails)
    found = decisions(world)
    assert (found[0].outcome, found[0].code) == ("failed", "model.valueerror")


def test_a_policy_that_keeps_less_than_the_release_promises_stays_closed(world):
    world.permit(flags={"guards": ["personal_data"]})
    with world.open() as runtime, pytest.raises(RefusedError) as caught:
        runtime.gate.enter(USE)
    assert caught.value.code == "permit.policy-gap"
    assert "personal_data" in caught.value.found


def test_a_release_without_a_policy_stays_closed(world):
    world.permit(flags={"runtime": None})
    with world.open() as runtime, pytest.raises(RefusedError) as caught:
        runtime.gate.enter(USE)
    assert caught.value.code == "permit.no-policy"


def test_decisions_are_numbered_and_indexed(world):
    world.permit()
    with world.open() as runtime:
        for _ in range(20):
            decide(runtime, USE, ROW, scored(runtime))
    found = decisions(world)
    assert [item.seq for item in found] == list(range(1, 21))
    table = world.store.tables.decision
    with world.store.backend.read() as connection:
        rows = connection.execute(table.select()).all()
    assert {row.id for row in rows} == {item.id for item in found}
    assert all(row.outcome == "served" and row.ledger.endswith(f"{FIRM}/main") for row in rows)


def test_what_was_asked_opens_from_the_vault(world):
    world.permit()
    with world.open() as runtime:
        decide(runtime, USE, ROW, scored(runtime), person="customer 7")
        recorder = runtime.recorder(FIRM)
        time.sleep(0.2)
        item = decisions(world)[0]
        assert recorder.contents.open(item.input) == b'{"late":3,"used":0.9}'
        assert recorder.contents.open(item.reasons) == b'["late","used"]'
        gone = recorder.contents.erase_subject(item.subject, at=world.register.now())
        assert gone.contents == 3
    assert not [finding for report in verify_store(world.store) for finding in report.findings]


def test_the_offset_clock_is_what_the_ledger_records(world):
    world.offset = timedelta(hours=1)
    world.permit()
    assert world.register.repository.entry(0).recorded_at


def test_personal_data_in_what_a_scorer_says_is_not_given(world):
    world.permit(guards=[{"guard": "personal_data", "stage": "output", "action": "redact"}])
    with world.open() as runtime:
        answer = decide(runtime, USE, {"late": 1}, lambda _row: Scoring(0.5, ("his HKID A123456(3)",)))
    assert (answer.outcome, answer.code, answer.reasons) == ("blocked", "guard.personal_data", ())
    assert decisions(world)[0].guards[0].score >= 900
