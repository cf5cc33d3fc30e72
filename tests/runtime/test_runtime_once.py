"""Requests done once: exactly one process acts, the others get its answer, and a dead process leaves no key stuck."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dualtrack.errors import ConflictError, FieldError, NotFoundError, StoreCorruptError
from dualtrack.runtime import once as subject
from dualtrack.runtime.once import ALIVE_S, KEPT_S, KeptAnswer, Once, forget_answers, request_key
from dualtrack.store.shared_tables import SHARED
from dualtrack.store.store import Store
from runtime.runtime_world import World

ASKED = request_key("my-bank/key", "/v1/decide/x", "order-1", b"body")
ANSWER = KeptAnswer(200, b'{"name":"Chan Tai Man"}', "application/json")
WORKER = Path(__file__).with_name("claim_worker.py")


class Two:
    """Two processes of one workspace, as far as the database can tell; the clock moves when a test moves it."""

    def __init__(self, folder, database) -> None:
        self.world = World(folder, database=database)
        self.stores = [Store.open(self.world.workspace) for _ in range(2)]
        self.first, self.second = (Once(store, self.world.clock) for store in self.stores)

    def later(self, seconds: int) -> None:
        self.world.offset += timedelta(seconds=seconds)

    def rows(self):
        with self.stores[0].backend.read() as connection:
            return connection.execute(select(SHARED.once)).all()

    def close(self) -> None:
        for once in (self.first, self.second):
            once.close()
        for store in self.stores:
            store.close()
        self.world.close()


@pytest.fixture
def two(tmp_path, database):
    made = Two(tmp_path, database)
    yield made
    made.close()


def test_the_second_is_told_to_wait_and_then_gets_the_answer(two):
    assert two.first.begin(ASKED) is None
    with pytest.raises(ConflictError) as caught:
        two.second.begin(ASKED)
    assert (caught.value.status, caught.value.retry_after_s) == (409, 1)
    two.first.end(ASKED, ANSWER)
    assert two.second.begin(ASKED) == ANSWER
    assert two.first.begin(ASKED) == ANSWER


def test_of_many_at_once_in_two_processes_one_acts(two):
    acted, told, start = [], [], threading.Barrier(8)

    def send(number: int) -> None:
        once = (two.first, two.second)[number % 2]
        start.wait()
        try:
            found = once.begin(ASKED)
        except ConflictError as error:
            told.append(error)
            return
        if found is None:
            acted.append(number)
            once.end(ASKED, ANSWER)
        else:
            told.append(found)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))
    assert len(acted) == 1
    assert len(told) == 7
    assert all(isinstance(item, ConflictError) or item == ANSWER for item in told)


@pytest.mark.parametrize("ended", [False, True])
def test_another_body_under_the_same_key_is_refused(two, ended):
    two.first.begin(ASKED)
    if ended:
        two.first.end(ASKED, ANSWER)
    with pytest.raises(FieldError) as caught:
        two.second.begin(request_key("my-bank/key", "/v1/decide/x", "order-1", b"another"))
    assert caught.value.status == 422


def test_a_key_belongs_to_who_sent_it_and_where(two):
    two.first.begin(ASKED)
    assert two.second.begin(request_key("my-bank/other", "/v1/decide/x", "order-1", b"body")) is None
    assert two.second.begin(request_key("my-bank/key", "/v1/decide/y", "order-1", b"body")) is None


def test_where_nothing_was_done_the_key_is_free_again(two):
    two.first.begin(ASKED)
    two.first.end(ASKED, None)
    assert two.second.begin(ASKED) is None
    two.second.end(ASKED, KeptAnswer(200, b"x" * (subject.ANSWER_BYTES_MAX + 1), "text/plain"))
    assert two.first.begin(ASKED) is None


def test_a_killed_process_leaves_no_key_stuck(two, tmp_path):
    command = [sys.executable, str(WORKER), str(two.world.workspace.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"claimed\n"
        finally:
            process.kill()
    asked = request_key("a", "/x", "key", b"body")
    with pytest.raises(ConflictError):
        two.second.begin(asked)
    two.later(ALIVE_S + 1)
    assert two.second.begin(asked) is None
    two.second.end(asked, ANSWER)
    assert two.first.begin(asked) == ANSWER


def test_who_lost_the_claim_writes_over_nobodys_answer(two):
    two.first.begin(ASKED)
    two.later(ALIVE_S + 1)
    two.second.begin(ASKED)
    two.first.end(ASKED, KeptAnswer(200, b"late", "text/plain"))
    two.second.end(ASKED, ANSWER)
    two.first.end(ASKED, None)
    assert two.first.begin(ASKED) == ANSWER


def test_a_claim_is_moved_on_while_it_is_worked_on(two):
    patient = Once(two.stores[0], two.world.clock, renew_s=0.02)
    try:
        patient.begin(ASKED)
        before = two.rows()[0].alive_s
        two.later(ALIVE_S - 5)
        for _ in range(500):
            if two.rows()[0].alive_s >= before + ALIVE_S - 5:
                break
            time.sleep(0.02)
        two.later(10)
        with pytest.raises(ConflictError):
            two.second.begin(ASKED)
    finally:
        patient.close()


def test_answers_are_sealed_and_bound_to_their_key(two):
    two.first.begin(ASKED)
    two.first.end(ASKED, ANSWER)
    (row,) = two.rows()
    assert b"Chan" not in bytes(row.answer)
    other = ASKED._replace(key=bytes(32))
    two.first.begin(other)
    two.first.end(other, ANSWER)
    table = SHARED.once
    with two.stores[0].backend.write("x") as connection:
        moved = table.update().where(table.c.key_hash == other.key)
        connection.execute(moved.values(answer=bytes(row.answer)))
    with pytest.raises(StoreCorruptError):
        two.second.begin(other)


def test_what_a_day_has_passed_over_is_dropped_and_no_more_than_the_most_are_kept(two, monkeypatch):
    two.first.begin(ASKED)
    two.first.end(ASKED, ANSWER)
    assert two.second.sweep() == 0
    two.later(KEPT_S + 1)
    assert two.second.begin(ASKED) is None  # also before the row is gone
    two.second.end(ASKED, ANSWER)
    two.later(KEPT_S + 1)
    assert two.second.sweep() == 1
    monkeypatch.setattr(subject, "ANSWERS_MAX", 3)
    for number in range(6):
        asked = request_key("a", "/x", str(number), b"")
        two.first.begin(asked)
        two.first.end(asked, ANSWER)
        two.later(60)
    assert two.second.sweep() == 3
    assert two.first.begin(request_key("a", "/x", "5", b"")) == ANSWER
    assert two.first.begin(request_key("a", "/x", "0", b"")) is None


def test_an_erased_person_is_in_no_answer(two):
    about = ASKED._replace(subject="a" * 64)
    two.first.begin(about)
    two.first.end(about, ANSWER)
    assert forget_answers(two.stores[1].backend, "b" * 64) == 0
    assert forget_answers(two.stores[1].backend, "a" * 64) == 1
    with pytest.raises(NotFoundError) as caught:
        two.second.begin(about)
    assert caught.value.code == "not-found.erased"
    assert forget_answers(two.stores[1].backend, "a" * 64) == 0


def test_an_erasure_while_a_request_is_under_way_keeps_nothing_of_its_answer(two):
    about = ASKED._replace(subject="c" * 64)
    assert two.first.begin(about) is None
    assert forget_answers(two.stores[1].backend, "c" * 64) == 0
    two.first.end(about, ANSWER)
    with pytest.raises(NotFoundError) as caught:
        two.second.begin(about)
    assert caught.value.code == "not-found.erased"
