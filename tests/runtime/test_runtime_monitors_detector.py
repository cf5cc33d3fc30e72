"""The detector: its mean time to a false alarm is what it says, a planted shift is found, and rounding never hastens an alarm."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.runtime.monitors.detector import (
    MICRONATS,
    Limits,
    alternatives,
    evidence_log,
    reference_limits,
    updated,
)

RATIOS = (1.25, 1.6, 2.5, 5.0)


def binomial(chance: random.Random, n: int, share: float) -> int:
    return sum(chance.random() < share for _ in range(n))


def windows_to_alarm(
    chance: random.Random, limits: Limits, share: float, threshold: float, *, most: int, n: int
) -> int:
    sought, evidence = alternatives(limits, RATIOS, both=True), ()
    for window in range(1, most + 1):
        evidence = updated(evidence, sought, binomial(chance, n, share), n)
        if evidence_log(evidence) >= math.log(threshold):
            return window
    return most


def test_the_mean_time_to_a_false_alarm_is_at_least_the_threshold():
    chance = random.Random(11)
    limits = Limits(0.1, 0.1)  # the worst case: the truth lies on the limit
    times = [windows_to_alarm(chance, limits, 0.1, 40, most=400, n=20) for _ in range(150)]
    mean = sum(times) / len(times)
    error = math.sqrt(sum((each - mean) ** 2 for each in times) / len(times) ** 2)
    assert mean >= 40 - 2 * error
    assert mean < 400  # or it would never raise an alarm, and this test say nothing


@given(st.floats(0.02, 0.98), st.sampled_from(RATIOS), st.integers(1, 30), st.floats(0, 1))
def test_a_ratio_is_an_e_value_for_every_share_within_the_limits(limit, ratio, n, part):
    for up in (True, False):
        limits = Limits(0.0, limit) if up else Limits(limit, 1.0)
        (sought,) = alternatives(limits, (ratio,), both=True)
        share = limit * part if up else limit + (1 - limit) * part
        mean = math.fsum(
            math.comb(n, k) * share**k * (1 - share) ** (n - k) * math.exp(k * sought.hit + (n - k) * sought.miss)
            for k in range(n + 1)
        )
        assert mean <= 1 + 1e-9


@pytest.mark.parametrize(("share", "most"), [(0.15, 12), (0.30, 3), (0.0, 12)])
def test_a_planted_shift_is_found_soon(share, most):
    limits = reference_limits(50, 1_000, 0.001)
    took = windows_to_alarm(random.Random(5), limits, share, 50_000, most=100, n=200)
    assert took <= most


def test_limits_hold_the_truth():
    chance, missed = random.Random(3), 0
    for _ in range(400):
        low, high = reference_limits(binomial(chance, 100, 0.07), 100, 0.1)
        missed += not low <= 0.07 <= high
    assert missed / 400 <= 0.1
    assert reference_limits(0, 0, 0.01) == (0.0, 1.0)
    assert reference_limits(0, 50, 0.01).low == 0.0
    assert reference_limits(50, 50, 0.01).high == 1.0


@given(st.integers(0, 500), st.integers(1, 500), st.floats(1e-6, 0.5))
def test_limits_are_limits(hits, n, risk):
    hits = min(hits, n)
    low, high = reference_limits(hits, n, risk)
    assert 0 <= low <= hits / n <= high <= 1


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=12))
def test_whole_numbers_never_hasten_an_alarm(windows):
    (sought,) = alternatives(Limits(0.2, 0.2), (2.0,), both=False)
    exact, evidence = 0.0, ()
    for hits, misses in windows:
        exact = (1 + exact) * math.exp(hits * sought.hit + misses * sought.miss)
        evidence = updated(evidence, (sought,), hits, hits + misses)
    assert evidence_log(evidence) <= math.log(exact) + 1e-9
    assert evidence_log(evidence) >= math.log(exact) - len(windows) * 2 / MICRONATS


def test_nothing_is_sought_beyond_a_limit_of_none_or_all():
    assert alternatives(Limits(0.0, 1.0), RATIOS, both=True) == ()
    assert evidence_log(()) == -math.inf
