"""The client against real servers that answer well, badly, late, too much or not at all."""

from __future__ import annotations

import asyncio

import pytest
from upstream_servers import (
    LOOPS,
    MAX,
    PATIENT,
    answer,
    ask,
    chunked,
    dribbles,
    floods,
    keeps_alive,
    once,
    run,
    serve,
    stalls,
    until,
)

from dualtrack.errors import UpstreamError
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.runtime.upstream.faults import FAULTS
from dualtrack.runtime.upstream.limits import Limits, Timeouts

BRIEF = Timeouts(20_000, 60, 60)


async def fault_of(script, *, timeouts=PATIENT, **options):
    """Make a call to a server that plays a script; return the fault's code and whether it came before the first byte."""
    async with serve(script) as server, UpstreamClient() as client:
        with pytest.raises(UpstreamError) as caught:
            await ask(client, server, timeouts=timeouts, **options)
        assert type(caught.value) is FAULTS[caught.value.fault]
        assert "127.0.0.1" in caught.value.where
        return caught.value.fault, caught.value.before_first_byte


@pytest.mark.parametrize("loop", LOOPS)
def test_calls_share_one_connection_and_send_what_was_given(loop):
    async def work():
        async with serve(keeps_alive(answer(b'{"a":1}'), chunked(b'{"a"', b":2}"))) as server:
            async with UpstreamClient() as client:
                assert await ask(client, server) == (200, b'{"a":1}')
                assert await ask(client, server) == (200, b'{"a":2}')
            return server

    server = run(work, loop)
    assert server.connections == 1
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b'{"q":1}'
    assert head.split(b"\r\n") == [
        b"POST /v1/answer HTTP/1.1",
        b"host: 127.0.0.1:%d" % server.port,
        b"accept-encoding: identity",
        b"content-type: application/json",
        b"content-length: 7",
    ]


def test_calls_at_once_take_a_connection_each_and_give_it_back():
    async def work():
        async with serve(keeps_alive(answer(b"x"))) as server, UpstreamClient() as client:
            for _ in range(3):
                assert await asyncio.gather(*(ask(client, server) for _ in range(8))) == [(200, b"x")] * 8
            return server.connections

    assert run(work) == 8


def test_more_calls_than_connections_are_shed_and_not_queued():
    async def work():
        async with serve(stalls()) as server, UpstreamClient(Limits(connections=2)) as client:
            waiting = [asyncio.create_task(ask(client, server)) for _ in range(2)]
            await until(lambda: len(server.requests) == 2)
            with pytest.raises(UpstreamError) as caught:
                await ask(client, server)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            return caught.value

    assert run(work).fault == "pool_full"


@pytest.mark.parametrize("status", ["301 Moved", "404 Not Found", "429 Slow down", "500 Oh"])
def test_any_status_is_an_answer_and_nothing_is_followed(status):
    async def work():
        async with serve(keeps_alive(answer(b"x", "location: /elsewhere", status=status))) as server:
            async with UpstreamClient() as client:
                assert await ask(client, server) == (int(status[:3]), b"x")
            assert len(server.requests) == 1

    run(work)


def test_head_no_content_and_interim_answers():
    async def work():
        replies = (
            b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n",
            b"HTTP/1.1 204 None\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: a\r\n\r\n" + answer(b"real"),
        )
        async with serve(keeps_alive(*replies)) as server, UpstreamClient() as client:
            assert await ask(client, server, method="HEAD", body=b"") == (200, b"")
            assert await ask(client, server, method="GET", body=b"") == (204, b"")
            assert await ask(client, server) == (200, b"real")
            return server.connections

    assert run(work) == 1


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("reply", [answer(b"hello"), chunked(b"hel", b"lo", trailers=b"x: y\r\n")])
def test_an_answer_sent_byte_by_byte_is_the_same(reply, loop):
    async def work():
        async with serve(dribbles(reply)) as server, UpstreamClient() as client:
            assert await ask(client, server) == (200, b"hello")
            assert await ask(client, server) == (200, b"hello")
            return server.connections

    assert run(work, loop) == 1


def test_a_connection_that_the_peer_closes_is_not_used_again():
    async def work():
        async with serve(once(answer(b"x", "connection: close"))) as server, UpstreamClient() as client:
            for _ in range(3):
                assert await ask(client, server) == (200, b"x")
            return server.connections

    assert run(work) == 3


def test_a_body_without_length_ends_with_the_connection_and_says_so():
    async def work():
        async with serve(once(b"HTTP/1.1 200 OK\r\n\r\nall of it")) as server, UpstreamClient() as client:
            response = await client.send("GET", server.url(), {}, b"", PATIENT)
            assert not response.framed
            assert await response.read(MAX) == b"all of it"

    run(work)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("script", "fault"),
    [
        (stalls(), "first_byte_timeout"),
        (stalls(b"HTTP/1.1 200 OK\r\nconte"), "first_byte_timeout"),
        (stalls(b"HTTP/1.1 100 Continue\r\n\r\n"), "first_byte_timeout"),
        (stalls(answer(b"part", length=9)), "gap_timeout"),
        (stalls(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n"), "gap_timeout"),
        (once(b""), "closed_early"),
        (once(b"", reset=True), "closed_early"),
        (once(b"HTTP/1.1 200 OK\r\ncontent-le"), "closed_early"),
        (once(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n"), "closed_early"),
        (once(answer(b"part", length=9)), "length_mismatch"),
        (once(answer(b"too much", length=3)), "length_mismatch"),
        (once(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_status_line"),
        (once(b"\x00" * 100), "bad_status_line"),
        (once(answer(b"x", "a b: c")), "bad_headers"),
        (once(answer(b"x", "a: " + "b" * 1_000_000)), "headers_too_large"),
        (once(answer(b"x", *["a: b"] * 200)), "headers_too_large"),
        (once(answer(b"\x1f\x8b", "content-encoding: gzip")), "bad_encoding"),
        (once(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"), "bad_chunk"),
        (once(answer(b"x" * (MAX + 1))), "body_too_large"),
        (floods(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n", b"x" * 65_536), "body_too_large"),
        (
            floods(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"8000\r\n" + b"x" * 0x8000 + b"\r\n"),
            "body_too_large",
        ),
        (floods(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536), "body_too_large"),
        (floods(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 100), "headers_too_large"),
        (floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "bad_headers"),
    ],
)
def test_each_broken_peer_is_told_by_name(script, fault, loop):
    timeouts = BRIEF if fault.endswith("timeout") else PATIENT
    found, _ = run(lambda: fault_of(script, timeouts=timeouts), loop)
    assert found == fault


def test_a_fault_says_whether_an_answer_had_begun():
    assert run(lambda: fault_of(stalls(), timeouts=BRIEF)) == ("first_byte_timeout", True)
    assert run(lambda: fault_of(stalls(b"HTTP/1.1 2"), timeouts=BRIEF)) == ("first_byte_timeout", False)
    assert run(lambda: fault_of(once(b""))) == ("closed_early", True)
    assert run(lambda: fault_of(once(b"HTTP/1.1 2"))) == ("closed_early", False)


def test_an_endless_trickle_ends_with_the_total_time():
    async def trickles(server, peer):
        await peer.request()
        await peer.send(answer(b"", length=50_000))
        while True:
            await peer.send(b"x")
            await asyncio.sleep(0.01)

    timeouts = Timeouts(20_000, 20_000, 20_000, total_ms=120)
    assert run(lambda: fault_of(trickles, timeouts=timeouts)) == ("total_timeout", False)


@pytest.mark.parametrize("loop", LOOPS)
def test_an_abandoned_answer_is_cut_when_its_time_is_over(loop):
    async def work():
        async with serve(stalls(answer(b"part", length=9))) as server, UpstreamClient() as client:
            response = await client.send("GET", server.url(), {}, b"", Timeouts(20_000, 20_000, 20_000, total_ms=50))
            await asyncio.wait_for(server.peers[0].reader.read(), 20)  # the end, as the client cuts it
            with pytest.raises(UpstreamError) as caught:
                await response.read(MAX)
            assert caught.value.fault == "total_timeout"

    run(work, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_nobody_there_and_no_such_host(loop):
    async def work():
        async with serve(stalls()) as server:
            gone = server.url()
        async with UpstreamClient() as client:
            for url, fault in ((gone, "connect_refused"), ("http://no-such-host.invalid/", "unknown_host")):
                with pytest.raises(UpstreamError) as caught:
                    await client.send("GET", url, {}, b"", PATIENT)
                assert (caught.value.fault, caught.value.before_first_byte) == (fault, True)

    run(work, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_tls_handshake_that_is_not_answered_is_a_connect_timeout(loop):
    async def work():
        async with serve(stalls()) as server, UpstreamClient() as client:
            url = server.url().replace("http:", "https:")
            with pytest.raises(UpstreamError) as caught:
                await client.send("GET", url, {}, b"", Timeouts(connect_ms=60))
            assert caught.value.fault == "connect_timeout"

    run(work, loop)


# --- streams ---


@pytest.mark.parametrize("loop", LOOPS)
def test_a_stream_gives_each_piece_when_it_comes(loop):
    async def script(server, peer):
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for number in range(3):
            await peer.send(b"1\r\n%d\r\n" % number)
            await server.seen.acquire()
        await peer.send(b"0\r\n\r\n")
        await peer.reader.read()

    async def work():
        async with serve(script) as server, UpstreamClient() as client:
            server.seen = asyncio.Semaphore(0)
            pieces = []
            async with await client.send("GET", server.url(), {}, b"", PATIENT) as response:
                async for piece in response.stream(MAX):
                    pieces.append(piece)
                    server.seen.release()
            return pieces

    assert run(work, loop) == [b"0", b"1", b"2"]


def test_pieces_before_a_fault_are_given_and_then_the_fault():
    async def work():
        reply = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\ngood\r\nzzz"
        async with serve(once(reply + b"\r\n")) as server, UpstreamClient() as client:
            response = await client.send("GET", server.url(), {}, b"", PATIENT)
            pieces = []

            async def read():
                async for piece in response.stream(MAX):
                    pieces.append(piece)  # noqa: PERF401 - what came before the fault is looked at

            with pytest.raises(UpstreamError) as caught:
                await read()
            assert caught.value.fault == "bad_chunk"
            return b"".join(pieces)

    assert run(work) == b"good"


@pytest.mark.parametrize("loop", LOOPS)
def test_a_slow_reader_holds_the_peer_back(loop):
    size, limits = 16_000_000, Limits(buffer_bytes=65_536)

    async def script(server, peer):
        await peer.request()
        await peer.send(answer(b"", length=size))
        for _ in range(size // 100_000):
            await peer.send(b"x" * 100_000)
        server.all_sent = True
        await peer.reader.read()

    async def work():
        async with serve(script) as server, UpstreamClient(limits) as client:
            server.all_sent = False
            response = await client.send("GET", server.url(), {}, b"", PATIENT)
            await until(lambda: response._connection._paused)
            held = response._parser.received
            await asyncio.sleep(0.05)
            assert response._parser.received == held < 1_000_000
            assert not server.all_sent
            total = 0
            async for piece in response.stream(size):
                total += len(piece)
            assert total == size

    run(work, loop)
