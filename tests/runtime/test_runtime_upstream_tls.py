"""TLS against a real server with a certificate of our own authority: trust, names, and sessions that are used again."""

from __future__ import annotations

import pytest
from upstream_servers import LOOPS, answer, keeps_alive, make_certificate, run, serve, until

from dualtrack.errors import UpstreamError
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.runtime.upstream.limits import Timeouts

PATIENT = Timeouts(20_000, 20_000, 20_000)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


async def get(client, url):
    async with await client.send("GET", url, {}, b"", PATIENT) as response:
        return await response.read(1_000_000)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_trusted_server_is_called_over_one_connection(certificate, loop):
    authorities, context = certificate

    async def work():
        body = b"x" * 500_000
        async with serve(keeps_alive(answer(body)), tls=context) as server:
            async with UpstreamClient(authorities=authorities) as client:
                for _ in range(3):
                    assert await get(client, server.url(host="localhost")) == body
            return server.connections

    assert run(work, loop) == 1


@pytest.mark.parametrize("loop", LOOPS)
def test_a_new_connection_takes_up_the_last_session(certificate, loop):
    authorities, context = certificate
    reused = []

    async def script(server, peer):
        reused.append(peer.writer.get_extra_info("ssl_object").session_reused)
        await peer.request()
        await peer.send(answer(b"x"))

    async def work():
        async with serve(script, tls=context) as server, UpstreamClient(authorities=authorities) as client:
            for _ in range(3):
                assert await get(client, server.url(host="localhost")) == b"x"
                await until(lambda: not any(pool.open for pool in client._pools.values()))

    run(work, loop)
    assert reused == [False, True, True]


@pytest.mark.parametrize("loop", LOOPS)
def test_who_is_not_trusted_is_not_called(certificate, loop):
    _, context = certificate

    async def work():
        async with serve(keeps_alive(answer(b"x")), tls=context) as server, UpstreamClient() as client:
            with pytest.raises(UpstreamError) as caught:
                await get(client, server.url(host="localhost"))
            assert server.requests == []
            return caught.value

    fault = run(work, loop)
    assert (fault.fault, fault.before_first_byte) == ("tls", True)
    assert "certificate does not hold" in fault.found


@pytest.mark.parametrize("loop", LOOPS)
def test_a_certificate_for_another_name_does_not_hold(certificate, loop):
    authorities, context = certificate

    async def work():
        script = keeps_alive(answer(b"x"))
        async with serve(script, tls=context) as server, UpstreamClient(authorities=authorities) as client:
            with pytest.raises(UpstreamError) as caught:
                await get(client, server.url(host="127.0.0.1"))
            assert server.requests == []
            return caught.value.fault

    assert run(work, loop) == "tls"


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_without_tls_is_told(certificate, loop):
    async def garbles(server, peer):
        await peer.reader.read(100)
        await peer.send(answer(b"no TLS here"))

    async def hangs_up(server, peer):
        await peer.reader.read(100)
        peer.cut()

    async def work():
        for script in (garbles, hangs_up):
            async with serve(script) as server, UpstreamClient(authorities=certificate[0]) as client:
                with pytest.raises(UpstreamError) as caught:
                    await get(client, server.url().replace("http:", "https:"))
                assert caught.value.fault == "tls"

    run(work, loop)
