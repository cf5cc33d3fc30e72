"""What complaints count for: one a person, their own release only, and from a program that names nobody a look and no more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.errors import FieldError
from dualtrack.runtime.compiling import compile_use
from dualtrack.runtime.complaint_counts import LOOK_KIND, releases_of_complaints
from dualtrack.runtime.complaints import complain
from dualtrack.runtime.incidents import get_incident, list_incidents, update_incident
from dualtrack.runtime.live import Closed, LiveUse
from dualtrack.runtime.oversight import lightly_changed, read_oversight
from dualtrack.store.projections import Projections
from permit.firm import declaration, known_key
from runtime.runtime_world import FIRM, USE
from runtime.test_runtime_complaints import WORDS, contents, either, flush, served, signals

__all__ = ["either"]


def program(world, runtime, **about):
    return complain(world.register, contents(runtime), USE, WORDS, by="key-1", means="program", **about).complaint


def decided(runtime, count, first=0):
    made = [served(runtime, f"person {number}") for number in range(first, first + count)]
    flush(runtime)
    return [item.decision for item in made]


def compiled(world):
    return compile_use(world.register, USE, read_oversight(world.register))


def test_thirty_of_nobody_from_a_program_close_nothing_and_open_one_incident(world):
    world.permit()
    with world.open() as runtime:
        for number in range(30):
            invented = runtime.subjects.pseudonym(FIRM, f"made up {number}")
            assert not program(world, runtime, subject=invented if number % 2 else None).counted
    assert {item.kind for item in signals(world)} == {"complaint_unnamed"}
    live = compiled(world)
    assert isinstance(live, LiveUse)
    assert live.review == "none"
    (row,) = list_incidents(world.register)
    found = get_incident(world.register, row["id"])
    assert (found.kind, found.severity, found.use, found.facts) == (
        LOOK_KIND,
        "minor",
        USE,
        {"complaints": 10, "days": 30},
    )


def test_once_somebody_has_looked_only_new_ones_ask_for_another_look(world):
    world.permit()
    with world.open() as runtime:
        for _ in range(12):
            program(world, runtime)
        (row,) = list_incidents(world.register)
        world.offset += timedelta(minutes=1)
        update_incident(world.register, row["id"], state="closed", note="a script of ours", by="compliance")
        world.offset += timedelta(minutes=1)
        for _ in range(9):
            program(world, runtime)
        assert len(list_incidents(world.register)) == 1
        program(world, runtime)
    assert [item["state"] for item in list_incidents(world.register)] == ["open", "closed"]


def test_a_person_whom_the_use_decided_about_counts_also_from_a_program(world):
    world.permit()
    with world.open() as runtime:
        decided(runtime, 1)
        assert program(world, runtime, subject=runtime.subjects.pseudonym(FIRM, "person 0")).counted
    assert [item.kind for item in signals(world)] == ["complaint"]


def test_a_person_counts_once_in_the_days_of_the_signal_whatever_they_name(world):
    world.permit()
    with world.open() as runtime:
        first, second, third = (served(runtime) for _ in range(3))
        flush(runtime)
        assert program(world, runtime, decision=first.decision).counted
        assert not program(world, runtime, decision=second.decision).counted
        assert not program(world, runtime, subject=runtime.subjects.pseudonym(FIRM, "seven")).counted
        world.offset += timedelta(days=31)
        assert program(world, runtime, decision=third.decision).counted
    assert len(signals(world)) == 2


def test_one_person_at_the_same_moment_in_two_processes_counts_once(either):
    either.permit()
    with either.open() as runtime, either.open() as other:
        made = [served(runtime) for _ in range(8)]
        flush(runtime)

        def send(number):
            chosen = (runtime, other)[number % 2]
            register = chosen.registers[FIRM]
            return complain(
                register, contents(chosen), USE, WORDS, by="key-1", means="program", decision=made[number].decision
            ).complaint

        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(send, range(8)))
    assert sum(item.counted for item in told) == 1
    assert len(signals(either)) == 1


def test_complaints_of_an_old_release_say_nothing_of_the_new_one_and_those_of_the_new_one_do(world):
    world.permit()
    with world.open() as runtime:
        old = decided(runtime, 10)
    world.offset += timedelta(minutes=1)
    world.again()
    with world.open() as runtime:
        new = decided(runtime, 10, first=10)
        for decision in old:
            assert program(world, runtime, decision=decision).counted
        live = compiled(world)
        assert (live.review, live.narrowed) == ("none", ())
        assert lightly_changed(live, read_oversight(world.register), world.register.now()) is not None
        for decision in new[:9]:
            program(world, runtime, decision=decision)
        assert compiled(world).review == "none"
        program(world, runtime, decision=new[9])
        assert lightly_changed(live, read_oversight(world.register), world.register.now()) is None
    narrowed = compiled(world)
    assert narrowed.review == "hold"
    assert "ten complaints" in narrowed.review_why


def test_what_staff_record_of_nobody_concerns_what_runs(world):
    world.permit()
    with world.open() as runtime:
        for _ in range(30):
            complain(world.register, contents(runtime), USE, WORDS, by="owner", means="staff")
    found = compiled(world)
    assert isinstance(found, Closed)
    assert found.code == "permit.signal"


def test_few_complaints_are_not_read_at_all_and_many_once(world):
    world.permit()
    with world.open() as runtime:
        for decision in decided(runtime, 10):
            program(world, runtime, decision=decision)
    rows = Projections(world.register.repository).rows("signal")
    assert releases_of_complaints(world.register, rows[:9]) == {}
    assert set(releases_of_complaints(world.register, rows).values()) == {world.release}


def test_a_complaint_names_a_decision_of_its_use(world):
    world.permit()
    other = f"{FIRM}/another"
    plain = declaration(use=other)
    world.register.declare(read_record(plain, UseCase, where="test"), known_key("owner"))
    with world.open() as runtime:
        (decision,) = decided(runtime, 1)
        with pytest.raises(FieldError) as caught:
            complain(world.register, contents(runtime), other, WORDS, by="key-1", means="program", decision=decision)
    assert "another use" in caught.value.found
    assert signals(world) == []
