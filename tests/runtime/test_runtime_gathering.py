"""Gathering: nothing is lost or out of order, what is urgent wakes at once, a lingering batch waits, close ends."""

from __future__ import annotations

import threading
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from dualtrack.runtime.gathering import Gathering


class Item(NamedTuple):
    number: int
    entries: int = 1
    taken_s: float = 0.0
    urgent: bool = False


@given(st.lists(st.integers(1, 5), max_size=60), st.integers(5, 20))
def test_batches_hold_everything_in_order_and_within_the_bound(sizes, most):
    gathering: Gathering[Item] = Gathering(0.0, most)
    for number, entries in enumerate(sizes):
        gathering.put(Item(number, entries))
    gathering.close()
    taken: list[Item] = []
    while batch := gathering.take():
        assert sum(item.entries for item in batch) <= most
        taken += batch
    assert [item.number for item in taken] == list(range(len(sizes)))
    assert gathering.oldest_s() is None


def test_what_nobody_waits_for_lingers_and_what_is_urgent_takes_it_along():
    gathering: Gathering[Item] = Gathering(3_600.0, 100, clock=lambda: 0.0)
    taken: list[list[Item]] = []
    done = threading.Event()

    def work():
        taken.append(list(gathering.take()))
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    gathering.put(Item(0))
    gathering.put(Item(1))
    assert not done.wait(0.05)
    assert gathering.oldest_s() == 0.0
    gathering.put(Item(2, urgent=True))
    assert done.wait(10)
    thread.join()
    assert [item.number for item in taken[0]] == [0, 1, 2]


def test_a_full_batch_does_not_linger():
    gathering: Gathering[Item] = Gathering(3_600.0, 2, clock=lambda: 0.0)
    for number in range(3):
        gathering.put(Item(number))
    assert [item.number for item in gathering.take()] == [0, 1]
    gathering.close()
    assert [item.number for item in gathering.take()] == [2]
    assert not gathering.take()


def test_closing_ends_a_wait():
    gathering: Gathering[Item] = Gathering(1.0, 10)
    taken: list[object] = []
    thread = threading.Thread(target=lambda: taken.append(gathering.take()))
    thread.start()
    gathering.close()
    thread.join(10)
    assert [list(batch) for batch in taken] == [[]]
