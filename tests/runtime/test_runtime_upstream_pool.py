"""Kept connections: stale ones, idle ones, half-read ones, and bytes that nobody asked for."""

from __future__ import annotations

import asyncio

import pytest
from upstream_servers import (
    LOOPS,
    MAX,
    PATIENT,
    answer,
    ask,
    keeps_alive,
    once,
    run,
    serve,
    stalls,
    streams,
    until,
)

from dualtrack.errors import UpstreamError
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.runtime.upstream.limits import Limits


def closes_kept():
    """Answer the first request of a connection well, and end the connection at the second, unanswered."""

    async def script(server, peer):
        server.requests.append(await peer.request())
        await peer.send(answer(b"x"))
        if request := await peer.request():
            server.requests.append(request)

    return script


@pytest.mark.parametrize("loop", LOOPS)
def test_a_stale_connection_is_replaced_only_for_what_may_be_sent_twice(loop):
    async def work():
        async with serve(closes_kept()) as server, UpstreamClient() as client:
            await ask(client, server)
            assert await ask(client, server, repeatable=True) == (200, b"x")
            assert (server.connections, len(server.requests)) == (2, 3)
            with pytest.raises(UpstreamError) as caught:
                await ask(client, server)
            assert (caught.value.fault, caught.value.before_first_byte) == ("closed_early", True)
            assert server.connections == 2

    run(work, loop)


def test_a_new_connection_that_closes_is_not_tried_again():
    async def work():
        async with serve(once(b"")) as server, UpstreamClient() as client:
            with pytest.raises(UpstreamError):
                await ask(client, server, repeatable=True)
            return server.connections

    assert run(work) == 1


def test_nothing_is_sent_again_once_an_answer_has_begun():
    async def script(server, peer):
        await peer.request()
        await peer.send(answer(b"x"))
        await peer.request()
        await peer.send(b"HTTP/1.1 200")

    async def work():
        async with serve(script) as server, UpstreamClient() as client:
            await ask(client, server)
            with pytest.raises(UpstreamError) as caught:
                await ask(client, server, repeatable=True)
            assert (caught.value.fault, server.connections) == ("closed_early", 1)

    run(work)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_closed_while_idle_is_noticed_before_the_next_call(loop):
    async def work():
        async with serve(once(answer(b"x"))) as server, UpstreamClient() as client:
            for _ in range(3):
                assert await ask(client, server) == (200, b"x")
                await until(lambda: not any(pool.open for pool in client._pools.values()))
            return server.connections

    assert run(work, loop) == 3


@pytest.mark.parametrize("loop", LOOPS)
def test_an_idle_connection_is_closed_after_its_limit(loop):
    async def work():
        async with serve(keeps_alive(answer(b"x"))) as server, UpstreamClient(Limits(idle_ms=30)) as client:
            await ask(client, server)
            (pool,) = client._pools.values()
            assert len(pool.open) == 1
            await until(lambda: not pool.open)
            assert await ask(client, server) == (200, b"x")
            return server.connections

    assert run(work, loop) == 2


def test_bytes_that_nobody_asked_for_never_begin_the_next_answer():
    async def script(server, peer):
        await peer.request()
        await peer.send(answer(b"first"))
        if peer.number == 1:
            await asyncio.sleep(0.02)
            await peer.send(answer(b"smuggled"))
        await peer.reader.read()

    async def work():
        async with serve(script) as server, UpstreamClient() as client:
            assert await ask(client, server) == (200, b"first")
            (pool,) = client._pools.values()
            await until(lambda: not pool.open)
            assert await ask(client, server) == (200, b"first")
            return server.connections

    assert run(work) == 2


@pytest.mark.parametrize("loop", LOOPS)
def test_a_half_read_answer_is_dropped_with_its_connection(loop):
    async def work():
        pieces = (answer(b"half", length=8), b"rest")
        async with serve(streams(*pieces, pause_s=0.02)) as server, UpstreamClient() as client:
            response = await client.send("GET", server.url(), {}, b"", PATIENT)
            response.close()
            with pytest.raises(UpstreamError) as caught:
                await response.read(MAX)
            assert caught.value.fault == "closed_early"
            assert await ask(client, server) == (200, b"halfrest")
            return server.connections

    assert run(work, loop) == 2


@pytest.mark.parametrize("sent", [b"", answer(b"part", length=9)])
def test_a_cancelled_call_leaves_no_connection_behind(sent):
    async def work():
        async with serve(stalls(sent)) as server, UpstreamClient() as client:
            task = asyncio.create_task(ask(client, server))
            await until(lambda: server.requests)
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            (pool,) = client._pools.values()
            await until(lambda: not pool.open)
            assert await server.peers[0].reader.read() == b""

    run(work)


def test_closing_the_client_ends_what_is_under_way():
    async def work():
        async with serve(stalls()) as server:
            client = UpstreamClient()
            task = asyncio.create_task(ask(client, server))
            await until(lambda: server.requests)
            await client.close()
            with pytest.raises(UpstreamError) as caught:
                await task
            assert caught.value.fault == "closed_early"
            with pytest.raises(UpstreamError, match="closed"):
                await ask(client, server)

    run(work)
