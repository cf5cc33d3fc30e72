import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity_world import OTHER_PASSWORD, PASSWORD, START_S
from sqlalchemy import select

from dualtrack.errors import AuthenticationError, RateLimitError
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.buckets import Limit, full, give_back, refill, settled_s, take
from dualtrack.web.identity.rate_limits import (
    ATTEMPT_LIMITS,
    KNOWN_S,
    REFUSED_S,
    Attempts,
    RateLimiter,
    address_prefix,
)

LIMITS = st.builds(Limit, st.integers(1, 50), st.floats(0.001, 100))
STEPS_S = st.lists(st.floats(0, 500), max_size=60)


@given(limit=LIMITS, steps_s=STEPS_S)
def test_never_more_than_burst_and_what_came_in(limit, steps_s):
    now_s, taken, bucket = 1000.0, [], full(limit, 1000.0)
    for step_s in steps_s:
        now_s += step_s
        taking = take(bucket, limit, now_s)
        bucket = taking.bucket
        assert 0 <= bucket.tokens <= limit.burst
        if not taking.retry_after_s:
            taken.append(now_s)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= limit.burst + limit.rate_a_s * (taken[last] - taken[first]) + 1e-6


@given(limit=LIMITS, steps_s=STEPS_S)
def test_whoever_waits_as_told_gets_one(limit, steps_s):
    now_s, bucket = 0.0, full(limit, 0.0)
    for step_s in [*steps_s, *[0.0] * (limit.burst + 1)]:
        now_s += step_s
        taking = take(bucket, limit, now_s)
        bucket = taking.bucket
        if taking.retry_after_s:
            assert take(bucket, limit, now_s + taking.retry_after_s + 1e-6).retry_after_s == 0


@given(limit=LIMITS, at_s=st.floats(0, 1e6), back_s=st.floats(0, 1e6))
def test_a_clock_that_goes_back_gives_nothing(limit, at_s, back_s):
    spent = take(full(limit, at_s), limit, at_s).bucket
    assert refill(spent, limit, at_s - back_s) == spent


@given(limit=LIMITS, count=st.integers(0, 60))
def test_giving_back_never_overfills_and_settling_is_when_it_is_full(limit, count):
    bucket = full(limit, 0.0)
    for _ in range(count):
        bucket = take(bucket, limit, 0.0).bucket
    assert refill(bucket, limit, settled_s(bucket, limit)).tokens == pytest.approx(limit.burst)
    for _ in range(count + 3):
        bucket = give_back(bucket, limit)
    assert bucket.tokens == limit.burst


def test_in_memory_each_has_a_bucket_of_its_own():
    limiter = RateLimiter(Limit(2, 0.5))
    limiter.check("a", 0.0)
    limiter.check("a", 0.0)
    limiter.check("b", 0.0)
    with pytest.raises(RateLimitError) as caught:
        limiter.check("a", 0.5)
    assert caught.value.retry_after_s == 2
    assert caught.value.fix == "try again in 2 seconds"
    limiter.check("a", 2.0)


@given(asked=st.lists(st.tuples(st.integers(0, 9), st.floats(0, 3)), max_size=80))
def test_many_sources_get_no_more_than_the_buckets_there_are(asked):
    limiter, now_s, let = RateLimiter(Limit(2, 0.1), buckets_max=3), 0.0, {}
    for who, step_s in asked:
        now_s += step_s
        try:
            limiter.check(str(who), now_s)
        except RateLimitError:
            continue
        let.setdefault(who, []).append(now_s)
    assert len(limiter) <= 3
    for times in let.values():
        assert len(times) <= 2 * (2 + 0.1 * now_s) + 1e-6  # its own bucket, and once the shared one


def test_a_flood_of_sources_shares_one_bucket_until_there_is_room():
    limiter = RateLimiter(Limit(1, 1.0), buckets_max=2)
    for who in "abc":
        limiter.check(who, 0.0)
    with pytest.raises(RateLimitError):
        limiter.check("d", 0.0)
    limiter.check("d", 5.0)
    assert len(limiter) == 1


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_an_address_is_counted_by_its_network(address, prefix):
    assert address_prefix(address) == prefix


def test_guesses_of_receipts_are_counted_across_restarts_without_the_address(people):
    burst = ATTEMPT_LIMITS["receipt_source"].burst
    for _ in range(burst):
        people.attempts.reserve(("receipt_source", "192.0.2.7/32"))
    again = Attempts(people.backend, people.secret.key("rate"), people.clock)
    with pytest.raises(RateLimitError) as caught:
        again.reserve(("receipt_source", "192.0.2.7/32"))
    assert caught.value.code == "rate-limit.attempts"
    again.reserve(("receipt_source", "192.0.2.8/32"))
    again.reserve(("login_source", "192.0.2.7/32"))
    rows = people.rows(select(IDENTITY.rate))
    assert len(rows) == 3
    assert b"192.0.2" not in b"".join(bytes(row.source_hash) for row in rows)
    assert all(len(bytes(row.source_hash)) == 32 for row in rows)


def test_a_refused_attempt_takes_no_token_of_the_others(people):
    for _ in range(10):
        people.attempts.reserve(("login_source", "x"))
    before = people.rows(select(IDENTITY.rate))
    with pytest.raises(RateLimitError):
        people.attempts.reserve(("login_name", "ann"), ("login_source", "x"))
    assert people.rows(select(IDENTITY.rate)) == before


def test_rows_vanish_when_they_say_nothing_any_more(people):
    people.attempts.reserve(("login_source", "x"))
    taken = people.attempts.reserve(("login_source", "x"))
    people.attempts.succeeded(taken)
    assert [row.tokens for row in people.rows(select(IDENTITY.rate))] == [9.0]
    people.now_s = START_S + 61
    people.attempts.reserve(("login_source", "y"))
    assert len(people.rows(select(IDENTITY.rate))) == 1
    people.attempts.succeeded(taken)  # its row has gone: nothing to give back to
    assert len(people.rows(select(IDENTITY.rate))) == 1


def test_guesses_from_elsewhere_do_not_lock_out_where_somebody_signed_in(people):
    people.add()
    people.login.authenticate("ann", PASSWORD, source="203.0.113.9")
    for number in range(ATTEMPT_LIMITS["login_name"].burst):
        with pytest.raises(AuthenticationError):
            people.login.authenticate("ann", OTHER_PASSWORD, source=f"198.51.100.{number}")
    with pytest.raises(RateLimitError):
        people.login.authenticate("ann", PASSWORD, source="198.51.100.250")
    assert people.login.authenticate("ann", PASSWORD, source="203.0.113.9").name == "ann"
    for _ in range(ATTEMPT_LIMITS["login_known"].burst):  # and there guesses are counted as well
        with pytest.raises(AuthenticationError):
            people.login.authenticate("ann", OTHER_PASSWORD, source="203.0.113.9")
    with pytest.raises(RateLimitError):
        people.login.authenticate("ann", PASSWORD, source="203.0.113.9")
    people.now_s += KNOWN_S + 1
    people.attempts.reserve(("login_source", "x"))
    assert len(people.rows(select(IDENTITY.rate))) == 1


def test_two_processes_together_allow_what_one_does(people):
    other = Attempts(people.backend, people.secret.key("rate"), people.clock)
    let = 0
    for number in range(3 * ATTEMPT_LIMITS["login_source"].burst):
        try:
            (people.attempts, other)[number % 2].reserve(("login_source", "192.0.2.7/32"))
        except RateLimitError:
            continue
        let += 1
    assert let == ATTEMPT_LIMITS["login_source"].burst


class Counted:
    """A database that counts what is asked of it."""

    def __init__(self, backend) -> None:
        self._backend = backend
        self.reads = self.writes = 0

    def read(self):
        self.reads += 1
        return self._backend.read()

    def write(self, key):
        self.writes += 1
        return self._backend.write(key)


def test_who_is_refused_writes_nothing_and_is_asked_about_seldom(people):
    counted = Counted(people.backend)
    attempts = Attempts(counted, people.secret.key("rate"), people.clock)
    for _ in range(ATTEMPT_LIMITS["receipt_source"].burst):
        attempts.reserve(("receipt_source", "x"))
    counted.reads = counted.writes = 0
    for _ in range(500):
        with pytest.raises(RateLimitError) as caught:
            attempts.reserve(("receipt_source", "x"))
    assert 0 < caught.value.retry_after_s <= 60
    assert (counted.reads, counted.writes) == (2, 0)
    people.attempts.clear("receipt_source", "x")  # in another process
    people.now_s += int(REFUSED_S)
    attempts.reserve(("receipt_source", "x"))


def test_a_flood_of_sources_is_no_flood_of_writes_and_locks_nobody_out(people):
    counted = Counted(people.backend)
    attempts = Attempts(counted, people.secret.key("rate"), people.clock, writes=Limit(5, 0.5))
    for number in range(100):
        attempts.reserve(("login_source", f"flood {number}"), ("login_name", f"name {number}"))
    assert counted.writes == 5
    for _ in range(ATTEMPT_LIMITS["login_source"].burst):  # somebody else comes in, and is counted in memory meanwhile
        attempts.succeeded(attempts.reserve(("login_source", "y")))
    with pytest.raises(RateLimitError):
        attempts.reserve(("login_source", "y"))
    people.now_s += 2
    attempts.reserve(("login_source", "z"))
    assert counted.writes == 6
