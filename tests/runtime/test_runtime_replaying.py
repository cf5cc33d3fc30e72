"""Running decisions again, with the real runtime: its guards, its model by digest, its vault."""

from __future__ import annotations

import time

import msgspec
import pytest

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Access
from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError, NotFoundError, RefusedError
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.erasing import erase_person
from dualtrack.runtime.holds import list_holds, set_hold
from dualtrack.runtime.models import Models
from dualtrack.runtime.replaying import replay
from permit.firm import known_key
from runtime.runtime_world import FIRM, USE, World

ROW = {"late": 3, "used": 0.9}


@pytest.fixture
def running(tmp_path, database):
    """An open runtime of a permitted use, on each database."""
    world = World(tmp_path, database=database)
    world.permit()
    with world.open() as runtime:
        yield runtime
    world.close()


def answered(runtime, row=ROW, *, output=None, person="customer 7") -> str:
    def score(given):
        found = runtime.models.of(runtime.gate.enter(USE)).score(given)
        return Scoring(found.output if output is None else output)

    return decide(runtime, USE, row, score, person=person).decision


def again(runtime, decision: str):
    flush(runtime)
    return replay(runtime, FIRM, decision, by="auditor", reason="sampled for the audit")


def flush(runtime) -> None:
    """Wait until buffered records are in the database."""
    recorder = runtime.recorder(FIRM)
    while recorder.waiting:
        time.sleep(0.005)


def test_the_same_input_gives_the_same_bytes_and_the_look_is_logged(running):
    name = answered(running)
    assert again(running, name)[1:] == ("same", None, None)
    register = running.registers[FIRM]
    entries = register.repository.entries(kinds=("access/1",))
    looks = [read_record(canonical.decode(entry.content), Access, where="test") for entry in entries]
    assert len({look.digest for look in looks}) == 2
    assert {(look.by, look.reason) for look in looks} == {("auditor", "sampled for the audit")}


def test_an_answer_that_the_model_did_not_give_differs(running):
    assert again(running, answered(running, output=0.5)).result == "differs"


def test_a_replay_makes_no_decision_and_no_receipt(running):
    name = answered(running)
    flush(running)
    register = running.registers[FIRM]
    before = len(register.repository.entries(kinds=("decision/1",)))
    again(running, name)
    assert len(register.repository.entries(kinds=("decision/1",))) == before


def test_why_not_is_said(running, tmp_path):
    name = answered(running)
    flush(running)
    away = type("Away", (), {"registers": running.registers, "models": Models(tmp_path / "nowhere")})()
    assert replay(away, FIRM, name, by="auditor", reason="audit").code == "artifact"
    subject = running.subjects.pseudonym(FIRM, "customer 7")
    erase_person(running.registers[FIRM], running.recorder(FIRM).contents, "compliance", subject, "asked")
    erased = again(running, name)
    assert (erased.result, erased.code) == ("not-replayable", "erased")
    assert erased.why.en
    assert erased.why.zh
    blocked = answered(running, {"late": "three"})
    assert again(running, blocked).code == "no-output"


def test_what_comes_after_an_erasure_is_replayed(running):
    """The recorder forgets the destroyed key, so what it seals afterwards opens."""
    answered(running)
    flush(running)
    subject = running.subjects.pseudonym(FIRM, "customer 7")
    erase_person(running.registers[FIRM], running.recorder(FIRM).contents, "compliance", subject, "asked")
    assert again(running, answered(running)).result == "same"


def test_another_model_is_not_run_again(desk):
    record, _ = desk.decide(upstream="backup")
    models = Models(desk.workspace.path("models"))
    runtime = type("Open", (), {"registers": {desk.register.institution: desk.register}, "models": models})()
    found = replay(runtime, desk.register.institution, record.id, by="auditor", reason="audit")
    assert found.code == "upstream"
    record, _ = desk.decide(asked="not a row")
    found = replay(runtime, desk.register.institution, record.id, by="auditor", reason="audit")
    assert found.code == "not-a-row"


def test_what_is_not_there_is_not_found(running):
    with pytest.raises(NotFoundError):
        replay(running, "nobody", "0" * 26, by="auditor", reason="audit")
    with pytest.raises(NotFoundError):
        replay(running, FIRM, "0" * 26, by="auditor", reason="audit")
    with pytest.raises(FieldError):
        replay(running, FIRM, "0" * 26, by="auditor", reason="")


def test_when_a_hold_is_acknowledged_the_gate_is_shut_and_nothing_was_served_after(running):
    answered(running)
    flush(running)
    found = set_hold(running.registers[FIRM], known_key("owner"), scope="use", target=USE, reason="stop it")
    with pytest.raises(RefusedError) as caught:
        running.gate.enter(USE)
    assert caught.value.code == "permit.held"
    assert found.last_served_us is not None
    assert found.served_after == 0
    assert len(list_holds(running.registers[FIRM])) == 1


def test_the_recorded_output_is_what_the_codec_of_the_runtime_writes():
    """Byte for byte is a promise about the encoder as well: numbers are written in one way."""
    encode = msgspec.json.Encoder(order="sorted").encode
    for value in (0.8807970779778823, 1e-9, 3, "文", [1, 2.5], {"b": 1, "a": None}):
        assert encode(msgspec.json.decode(encode(value))) == encode(value)
