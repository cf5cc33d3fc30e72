"""Complaints: sealed words, one signal a decision, opened for a reason; enough of them close the gate by themselves."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Access, Signal
from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError, ForbiddenError, NotFoundError, RefusedError
from dualtrack.runtime.complaints import (
    COMPLAINT_CHARACTERS_MAX,
    COMPLAINTS_OF_ONE_MAX,
    complain,
    complain_by_receipt,
    erase_complaint,
    find_complaint,
    list_complaints,
    open_complaint,
)
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.erasing import erase_person
from runtime.runtime_world import FIRM, USE, World

WORDS = "I was told no, and nobody says why. My number is 9123 4567. 我不滿意。"


def served(runtime, person="seven"):
    return decide(runtime, USE, {"late": 1}, lambda _row: Scoring(0.5, ("late",)), person=person)


def contents(runtime):
    return runtime.recorder(FIRM).contents


def flush(runtime):
    while runtime.recorder(FIRM).waiting:
        time.sleep(0.005)


def signals(world) -> list[Signal]:
    entries = world.register.repository.every(kinds=("signal/1",))
    return [read_record(canonical.decode(entry.content), Signal, where="test") for entry in entries]


def test_a_customer_complains_by_the_receipt_and_the_words_are_sealed(world):
    world.permit()
    with world.open() as runtime:
        answer = served(runtime)
        flush(runtime)
        found = complain_by_receipt(runtime.registers.values(), runtime.recorders, answer.receipt, WORDS)
        record = find_complaint(world.register, found.entry)
        assert record == found.complaint
        assert (record.decision, record.by, record.means, record.counted) == (
            answer.decision,
            "customer",
            "receipt",
            True,
        )
        assert record.subject == runtime.subjects.pseudonym(FIRM, "seven")
        for entry in world.register.repository.entries():
            assert b"9123 4567" not in entry.content
        text = open_complaint(world.register, contents(runtime), record, by="compliance", reason="handling it")
        assert text == WORDS
    looks = [
        read_record(canonical.decode(entry.content), Access, where="test")
        for entry in world.register.repository.every(kinds=("access/1",))
    ]
    assert [(look.by, look.digest, look.reason) for look in looks] == [("compliance", record.text, "handling it")]
    assert [(item.kind, item.about) for item in signals(world)] == [("complaint", record.id)]


def test_without_a_reason_nothing_is_opened(world):
    world.permit()
    with world.open() as runtime:
        found = complain(world.register, contents(runtime), USE, WORDS, by="owner", means="staff")
        with pytest.raises(FieldError):
            open_complaint(world.register, contents(runtime), found.complaint, by="compliance", reason="")
    assert not list(world.register.repository.every(kinds=("access/1",)))


def test_a_decision_counts_once_and_takes_a_few_complaints(world):
    world.permit()
    with world.open() as runtime:
        answer = served(runtime)
        flush(runtime)
        given = (world.register, contents(runtime), USE, WORDS)
        for number in range(COMPLAINTS_OF_ONE_MAX):
            found = complain(*given, by="owner", means="staff", decision=answer.decision)
            assert found.complaint.counted is (number == 0)
        with pytest.raises(ForbiddenError):
            complain(*given, by="owner", means="staff", decision=answer.decision)
    assert len(signals(world)) == 1
    listed = list_complaints(world.register, [USE])
    assert [item.entry for item in listed] == sorted((item.entry for item in listed), reverse=True)
    assert len(list_complaints(world.register, [USE], limit=2)) == 2


@pytest.mark.parametrize("text", ["", "   ", "x" * (COMPLAINT_CHARACTERS_MAX + 1)])
def test_words_out_of_bounds_are_refused(world, text):
    world.permit()
    with world.open() as runtime, pytest.raises(FieldError):
        complain(world.register, contents(runtime), USE, text, by="owner", means="staff")


def test_what_is_not_there_is_not_found(world):
    world.permit()
    with world.open() as runtime:
        for more in ({"use": f"{FIRM}/other"}, {"use": USE, "decision": "0" * 26}):
            use = more.pop("use")
            with pytest.raises(NotFoundError):
                complain(world.register, contents(runtime), use, WORDS, by="owner", means="staff", **more)
        with pytest.raises(NotFoundError):
            complain_by_receipt(runtime.registers.values(), runtime.recorders, "0" * 12, WORDS)
        with pytest.raises(NotFoundError):
            find_complaint(world.register, 0)


def test_the_words_go_with_the_person_and_the_record_stays(world):
    world.permit()
    with world.open() as runtime:
        subject = runtime.subjects.pseudonym(FIRM, "seven")
        found = complain(world.register, contents(runtime), USE, WORDS, by="owner", means="staff", subject=subject)
        erase_person(world.register, contents(runtime), "compliance", subject, "asked")
        with pytest.raises(NotFoundError):
            open_complaint(world.register, contents(runtime), found.complaint, by="compliance", reason="handling it")
    assert find_complaint(world.register, found.entry).counted


@pytest.fixture
def either(tmp_path, database):
    found = World(tmp_path, database=database)
    yield found
    found.close()


def test_thirty_at_the_same_moment_through_two_registers_count_once_and_five_are_kept(either):
    either.permit()
    with either.open() as runtime, either.open() as other:
        answer = served(runtime)
        flush(runtime)
        start = Barrier(30)

        def send(number):
            chosen = (runtime, other)[number % 2]
            start.wait()
            try:
                return complain_by_receipt(chosen.registers.values(), chosen.recorders, answer.receipt, WORDS)
            except ForbiddenError as error:
                return error.code

        with ThreadPoolExecutor(30) as threads:
            told = list(threads.map(send, range(30)))
        kept = [item for item in told if not isinstance(item, str)]
        assert [item for item in told if isinstance(item, str)] == ["complaint.enough"] * 25
        assert len(kept) == COMPLAINTS_OF_ONE_MAX
        assert [item.complaint.counted for item in sorted(kept, key=lambda item: item.entry)] == [True] + [False] * 4
        for item in kept:
            assert contents(runtime).open(item.complaint.text).decode() == WORDS
    assert list_complaints(either.register, [USE]) == sorted(kept, key=lambda item: -item.entry)
    assert len(signals(either)) == 1


def test_complaints_of_other_decisions_at_the_same_moment_all_count(world):
    world.permit()
    with world.open() as runtime:
        codes = [served(runtime, str(number)).receipt for number in range(8)]
        flush(runtime)
        given = runtime.registers.values(), runtime.recorders
        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(lambda code: complain_by_receipt(*given, code, WORDS), codes))
    assert all(item.complaint.counted for item in told)
    assert len(signals(world)) == 8


@pytest.mark.parametrize("by_receipt", [False, True])
def test_the_words_about_nobody_are_erased_alone(world, by_receipt):
    world.permit()
    with world.open() as runtime:
        answer = served(runtime, None)
        flush(runtime)
        made = [
            complain(
                world.register, contents(runtime), USE, WORDS, by="owner", means="staff",
                decision=answer.decision if by_receipt else None,
            ).complaint
            for _ in range(2)
        ]  # fmt: skip
        for item in made:
            assert item.subject is None
        reply = erase_complaint(world.register, contents(runtime), made[0], by="compliance", reason="asked by phone")
        assert (reply.contents, reply.kept) == (1, [])
        with pytest.raises(NotFoundError) as caught:
            open_complaint(world.register, contents(runtime), made[0], by="compliance", reason="handling it")
        assert caught.value.code == "not-found.erased"
        text = open_complaint(world.register, contents(runtime), made[1], by="compliance", reason="handling it")
    assert text == WORDS


def test_the_words_of_somebody_go_with_the_person_and_not_alone(world):
    world.permit()
    with world.open() as runtime:
        subject = runtime.subjects.pseudonym(FIRM, "seven")
        found = complain(world.register, contents(runtime), USE, WORDS, by="owner", means="staff", subject=subject)
        with pytest.raises(FieldError):
            erase_complaint(world.register, contents(runtime), found.complaint, by="compliance", reason="asked")
        assert contents(runtime).open(found.complaint.text).decode() == WORDS


def test_ten_complaints_narrow_and_thirty_lapse_without_anyone_looking(world):
    world.permit()
    with world.open() as runtime:
        for number in range(30):
            if number == 9:
                world.settle()
                assert served(runtime).outcome == "served"
            complain(world.register, contents(runtime), USE, WORDS, by="owner", means="staff")
            if number == 9:
                world.settle()
                assert served(runtime).outcome == "routed"
                assert "ten complaints" in runtime.gate.enter(USE).review_why
        world.settle()
        with pytest.raises(RefusedError) as caught:
            served(runtime)
    assert caught.value.code == "permit.signal"
    assert "thirty complaints" in caught.value.found
