"""Guesses of receipts: right ones cost nothing, wrong ones their source, also where many come at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dualtrack.errors import FieldError, NotFoundError, RateLimitError
from dualtrack.web import receipt_guesses
from dualtrack.web.identity.buckets import Limit
from dualtrack.web.identity.rate_limits import ATTEMPT_LIMITS, Attempts
from dualtrack.web.receipt_guesses import AT_ONCE_MAX, look_up

ADDRESS, BURST = "203.0.113.5", ATTEMPT_LIMITS["receipt_source"].burst


class Shelf:
    """Receipts of which none is under a wrong code; counts what is looked up, and how much of it at once."""

    def __init__(self, attempts) -> None:
        self.attempts, self.looks, self.now, self.most = attempts, 0, 0, 0
        self._mutex, self._company = threading.Lock(), threading.Event()

    def look(self, *, right: bool) -> str:
        with self._mutex:
            self.looks, self.now = self.looks + 1, self.now + 1
            self.most = max(self.most, self.now)
            if self.now == AT_ONCE_MAX:
                self._company.set()
        self._company.wait(0.2)  # for others, so that some are at it together
        with self._mutex:
            self.now -= 1
        if not right:
            raise NotFoundError("no receipt")
        return "here"

    def ask(self, *, right: bool) -> str:
        try:
            return look_up(self.attempts, ADDRESS, lambda: self.look(right=right))
        except NotFoundError:
            return "missed"
        except RateLimitError:
            return "wait"


def test_as_many_as_like_open_right_ones_at_once(people):
    shelf = Shelf(people.attempts)
    with ThreadPoolExecutor(40) as threads:
        assert list(threads.map(lambda _: shelf.ask(right=True), range(40))) == ["here"] * 40
    assert shelf.most == AT_ONCE_MAX


def test_guesses_sent_together_are_bounded_and_waited_for(people):
    shelf = Shelf(people.attempts)
    with ThreadPoolExecutor(60) as threads:
        told = list(threads.map(lambda _: shelf.ask(right=False), range(60)))
    assert told.count("missed") == BURST
    over = shelf.looks - BURST
    assert 0 <= over < AT_ONCE_MAX
    assert shelf.ask(right=True) == "wait", "the bucket is empty"
    assert shelf.looks == BURST + over
    people.now_s += 60 * (over + 1) - 1
    assert shelf.ask(right=True) == "wait", "what came at once is waited for"
    people.now_s += 60
    assert shelf.ask(right=True) == "here"


def test_over_an_hour_guesses_are_as_many_as_promised(people):
    shelf = Shelf(people.attempts)
    shelf._company.set()
    for _ in range(60):
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: shelf.ask(right=False), range(8)))
        people.now_s += 60
    assert shelf.looks <= BURST + 60 + AT_ONCE_MAX


def test_in_a_flood_guesses_are_counted_in_memory(people):
    shelf = Shelf(Attempts(people.backend, people.secret.key("rate"), people.clock, writes=Limit(1, 0.001)))
    shelf._company.set()
    told = [shelf.ask(right=False) for _ in range(2 * BURST)]
    assert told == ["missed"] * (BURST + 1) + ["wait"] * (BURST - 1)
    assert shelf.looks == BURST + 2
    assert shelf.ask(right=True) == "wait"
    people.now_s += 61
    assert shelf.ask(right=True) == "here"


def test_another_refusal_of_a_right_code_is_no_guess(people):
    def refuse():
        raise FieldError("nobody")

    for _ in range(2 * BURST):
        with pytest.raises(FieldError):
            look_up(people.attempts, ADDRESS, refuse)
    assert look_up(people.attempts, ADDRESS, lambda: "here") == "here"


def test_sources_share_a_fixed_number_of_queues():
    assert len(receipt_guesses._turns) == receipt_guesses.TURNS
