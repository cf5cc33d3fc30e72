"""Attempts, the breaker, and noticing that another model answers."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upstream_servers import answer, keeps_alive, once, run, serve, stalls

from dualtrack.errors import UpstreamError
from dualtrack.runtime.upstream.breaker import Breaker, BreakerSettings
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.runtime.upstream.faults import FAULTS
from dualtrack.runtime.upstream.fingerprint import NAME_LENGTH_MAX, Fingerprint, fingerprint
from dualtrack.runtime.upstream.limits import Timeouts
from dualtrack.runtime.upstream.retry import Backoff, retrying

GOOD = answer(b"good")


async def retried(script, *, attempts=3, repeatable=True, timeouts=None):
    """Return the outcome of attempts, how many requests and connections the server saw, and the waits between."""
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    async with serve(script) as server, UpstreamClient() as client:

        async def attempt():
            return await client.send("POST", server.url(), {}, b"{}", timeouts or Timeouts())

        try:
            response = await retrying(
                attempt,
                attempts=attempts,
                repeatable=repeatable,
                backoff=Backoff(100, 250),
                sleep=sleep,
                chance=lambda: 1.0,
            )
            outcome = response.status
            await response.read(1_000)
        except UpstreamError as fault:
            outcome = fault.fault
        return outcome, len(server.requests), server.connections, waits


def closes(times, *, sent=b""):
    """End the first connections after `sent`, then answer well."""

    async def script(server, peer):
        server.requests.append(await peer.request())
        await peer.send(GOOD if peer.number > times else sent)

    return script


@pytest.mark.parametrize("status", ["429 Slow", "502 Bad", "503 Busy", "504 Late"])
def test_a_busy_peer_is_asked_again_on_another_connection_or_the_same(status):
    script = keeps_alive(answer(b"", status=status), answer(b"", status=status), GOOD)
    assert run(lambda: retried(script)) == (200, 3, 1, [0.1, 0.2])


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 500, 501])
def test_any_other_status_is_the_answer(status):
    script = keeps_alive(answer(b"", status=f"{status} Word"))
    assert run(lambda: retried(script)) == (status, 1, 1, [])


def test_the_last_busy_answer_is_returned_as_it_is():
    script = keeps_alive(answer(b"", status="503 Busy"))
    assert run(lambda: retried(script, attempts=5)) == (503, 5, 1, [0.1, 0.2, 0.25, 0.25])


def test_retry_after_is_heard_within_the_bound():
    for asked, waits in (("0", [0.1]), ("1", [0.25]), ("999999", [0.25]), ("soon", [0.1])):
        script = keeps_alive(answer(b"", f"retry-after: {asked}", status="429 Slow"), GOOD)
        assert run(lambda script=script: retried(script))[3] == waits


def test_a_fault_before_the_first_byte_is_tried_again_only_where_that_does_no_harm():
    assert run(lambda: retried(closes(2)))[:3] == (200, 3, 3)
    assert run(lambda: retried(closes(2), repeatable=False))[:3] == ("closed_early", 1, 1)
    assert run(lambda: retried(closes(9)))[:3] == ("closed_early", 3, 3)


def test_once_an_answer_began_nothing_is_sent_again():
    assert run(lambda: retried(closes(2, sent=b"HTTP/1.1 2")))[:3] == ("closed_early", 1, 1)
    assert run(lambda: retried(once(b"garbage")))[:3] == ("bad_status_line", 1, 1)


def test_what_may_not_be_sent_twice_is_repeated_only_when_it_was_refused():
    refused = keeps_alive(answer(b"", status="429 Slow"), GOOD)
    assert run(lambda: retried(refused, repeatable=False))[:2] == (200, 2)
    late = keeps_alive(answer(b"", status="504 Late"), GOOD)
    assert run(lambda: retried(late, repeatable=False))[:2] == (504, 1)
    brief = Timeouts(20_000, 30, 30)
    assert run(lambda: retried(stalls(), repeatable=False, timeouts=brief))[:2] == ("first_byte_timeout", 1)
    assert run(lambda: retried(stalls(), attempts=2, timeouts=brief))[:2] == ("first_byte_timeout", 2)


def test_a_refused_connection_is_always_tried_again_and_bad_tls_never():
    async def count(kind):
        made = 0

        async def attempt():
            nonlocal made
            made += 1
            raise FAULTS[kind]("no")

        with pytest.raises(FAULTS[kind]):
            await retrying(attempt, attempts=4, repeatable=False, sleep=lambda _: asyncio.sleep(0))
        return made

    assert run(lambda: count("connect_refused")) == 4
    assert run(lambda: count("connect_timeout")) == 4
    assert run(lambda: count("tls")) == 1
    assert run(lambda: count("pool_full")) == 1


# --- the breaker ---


def test_a_breaker_opens_tries_once_and_closes():
    breaker = Breaker(BreakerSettings(failures=3, open_s=10, open_s_max=25))
    for _ in range(2):
        assert breaker.allows(0)
        breaker.failed(0)
    breaker.succeeded()
    for _ in range(3):
        assert breaker.allows(1)
        breaker.failed(1)
    assert (breaker.state, breaker.allows(10.9)) == ("open", False)
    assert [breaker.allows(11), breaker.allows(11), breaker.state] == [True, False, "half_open"]
    breaker.failed(12)
    assert [breaker.allows(31.9), breaker.allows(32)] == [False, True]
    breaker.failed(32)
    assert [breaker.allows(56.9), breaker.allows(57)] == [False, True]
    breaker.succeeded()
    assert (breaker.state, breaker.allows(57)) == ("closed", True)


def test_a_try_that_never_reports_is_given_up():
    breaker = Breaker(BreakerSettings(failures=1, open_s=10))
    breaker.failed(0)
    assert [breaker.allows(10), breaker.allows(19.9), breaker.allows(20)] == [True, False, True]


def test_late_reports_change_an_open_breaker_nothing():
    breaker = Breaker(BreakerSettings(failures=1, open_s=10))
    breaker.failed(0)
    breaker.failed(9)
    breaker.succeeded()
    assert [breaker.state, breaker.allows(10)] == ["open", True]


@given(st.lists(st.tuples(st.sampled_from(["ask", "good", "bad"]), st.floats(0, 30)), max_size=60))
def test_whatever_happens_an_upstream_is_left_alone_while_open_and_never_for_ever(events):
    settings = BreakerSettings(failures=2, open_s=5, open_s_max=20)
    breaker, now, opened = Breaker(settings), 0.0, None
    for event, step in events:
        now += step
        before = breaker.state
        if event == "ask":
            allowed = breaker.allows(now)
            assert not (allowed and before == "open" and now - opened < settings.open_s)
            assert allowed or before != "closed"
        elif event == "good":
            breaker.succeeded()
        else:
            breaker.failed(now)
        if breaker.state == "open" and before != "open":
            opened = now
    assert breaker.allows(now + settings.open_s_max)


# --- which model answered ---


@pytest.mark.parametrize(
    ("body", "headers", "text"),
    [
        ({"model": "m-1", "system_fingerprint": "fp_2"}, {}, "m-1/fp_2"),
        ({"model": "m-1", "system_fingerprint": None}, {}, "m-1"),
        ({"score": 3}, {"x-model-version": "7"}, "7"),
        ({"model": 7}, {"openai-model": "m"}, "m"),
        ({"model": "a\nb"}, {}, ""),
        ({"model": "x" * 900}, {}, "x" * NAME_LENGTH_MAX),
        (["no", "object"], {}, ""),
        (None, {}, ""),
    ],
)
def test_the_reported_model_is_read_from_body_and_headers(body, headers, text):
    assert str(fingerprint(body, headers)) == text


def test_a_policy_may_expect_either_part_or_both():
    found = Fingerprint("m-1", "fp_2")
    assert all(found.matches(expected) for expected in (None, "m-1", "fp_2", "m-1/fp_2"))
    assert not any(found.matches(expected) for expected in ("m-2", "fp_1", "", "m-1/fp_3"))
    assert not Fingerprint(None, None).matches("m-1")


def test_a_model_that_changes_between_two_calls_is_noticed():
    replies = [answer(json.dumps({"model": name, "system_fingerprint": "fp"}).encode()) for name in ("m-1", "m-2")]

    async def work():
        async with serve(keeps_alive(*replies)) as server, UpstreamClient() as client:
            found = []
            for _ in replies:
                response = await client.send("POST", server.url(), {}, b"{}", Timeouts())
                found.append(fingerprint(json.loads(await response.read(1_000)), response.headers))
            return [one.matches("m-1/fp") for one in found]

    assert run(work) == [True, False]
