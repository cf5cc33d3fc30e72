"""The gate's clock: never falls, stands still during a small step back, says nothing after a large one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dualtrack.runtime.clock import BACKWARDS_S, WallClock

NOW_S = 1_790_000_000.0


@pytest.fixture
def shown():
    return [NOW_S]


@pytest.fixture
def clock(shown):
    return WallClock(lambda: datetime.fromtimestamp(shown[0], UTC))


def test_time_goes_on(clock, shown):
    assert clock.now() == NOW_S
    shown[0] = NOW_S + 5
    assert clock.now() == NOW_S + 5


def test_it_stands_still_during_a_small_step_back(clock, shown):
    shown[0] = NOW_S - BACKWARDS_S / 2
    assert clock.now() == NOW_S
    shown[0] = NOW_S + 1
    assert clock.now() == NOW_S + 1


def test_it_says_nothing_after_a_large_step_back_until_it_has_caught_up(clock, shown):
    shown[0] = NOW_S - BACKWARDS_S - 1
    assert clock.now() is None
    shown[0] = NOW_S + 1
    assert clock.now() == NOW_S + 1
