"""Clients that vanish, drip, do not read, lie about lengths or send nonsense, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import threading
import time

import pytest
import uvicorn
from fault_checks import look, partial
from fault_client import QUESTION, Asked, ask, read_answer, request_bytes, send
from fault_model import ENDLESS_PARTS
from fault_world import USE, FaultWorld

from dualtrack.runtime.faces import asgi
from dualtrack.web import patience, security
from dualtrack.web.app import create_app
from dualtrack.web.serving import SERVER_OPTIONS
from dualtrack.web.settings import WebSettings

CHAT = "/v1/chat/completions"
PLACES = 3

pytestmark = pytest.mark.slow


def streamed(fault: str) -> bytes:
    asked = QUESTION | {"stream": True, "messages": [{"role": "user", "content": f"What is the fee? fault={fault}"}]}
    return json.dumps(asked).encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """One process with few places, so that a place that is lost is missed."""
    faults = FaultWorld(tmp_path_factory.mktemp("clients"), bounds={"in_flight": PLACES})
    yield faults, faults.serve()
    faults.close()


def posted(served, body: object, path: str = CHAT, more: str = "") -> Asked:
    faults, server = served
    return asyncio.run(ask(server.port, path, body, faults.key, more=more))


async def vanish(port: int, key: str) -> str:
    """Ask for a long stream, read its first part, and go; return the decision's id."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes(CHAT, streamed("slow"), key))
    await reader.readuntil(b"\r\n\r\n")
    part = await reader.readuntil(b"\n\n")
    writer.transport.abort()
    return json.loads(part.partition(b"data: ")[2])["id"].removeprefix("chatcmpl-")


def wait_for(true, longest_s: float = 30.0) -> None:
    until_s = time.monotonic() + longest_s
    while not true():
        assert time.monotonic() < until_s
        time.sleep(0.05)


def test_a_client_that_vanishes_midway_frees_its_place_and_the_model(served):
    faults, server = served
    open_before = faults.counts()["open"]
    gone = [asyncio.run(vanish(server.port, faults.key)) for _ in range(PLACES)]
    wait_for(lambda: set(gone) <= set(look(faults.workspace).decisions))
    found = look(faults.workspace)
    assert {(found.decisions[name].outcome, found.decisions[name].code) for name in gone} == {("failed", "input.gone")}
    wait_for(lambda: faults.counts()["open"] <= open_before + 1)  # one connection may be kept
    parts = faults.counts()["parts"]
    assert parts < PLACES * 400  # each whole stream has 400
    for _ in range(PLACES + 1):
        assert posted(served, QUESTION).status == 200
    assert faults.counts()["parts"] == parts


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\x00", 400),
        (b'{"model": NaN}', 400),
        (b"[" * 200_000, 400),
        (b'{"a":' * 100_000, 400),
        (json.dumps(QUESTION).encode("utf-16"), 400),
        (json.dumps(QUESTION).encode("utf-32"), 400),
        (json.dumps(QUESTION).replace("fee", "caf\xe9").encode("latin-1"), 400),
        (json.dumps(QUESTION, ensure_ascii=False).replace("fee", "\ud800").encode("utf-8", "surrogatepass"), 400),
        (gzip.compress(json.dumps(QUESTION).encode()), 400),
        (b'{"model": "' + b"x" * 250_000 + b'"}', 400),
        (json.dumps(QUESTION | {"user": "x" * 300_000}).encode(), 400),
        (b"x" * (asgi.BODY_BYTES_MAX + 1), 413),
    ],
)
def test_a_body_that_is_none(served, body, status):
    call = posted(served, body)
    assert (call.status, call.headers["content-type"]) == (status, "application/problem+json")
    assert call.json["type"].startswith("urn:dualtrack:error:")
    assert call.json["error"]["message"]
    assert len(call.body) < 2000  # nothing that was sent comes back


def raw(served, data: bytes) -> Asked:
    _, server = served
    return asyncio.run(send(server.port, data))


def test_a_body_whose_length_is_not_what_was_announced(served):
    faults, server = served
    body = json.dumps(QUESTION).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {faults.key}\r\nconnection: close\r\n"
    count = len(look(faults.workspace).rows)
    short = raw(served, f"{head}content-length: {len(body) - 9}\r\n\r\n".encode() + body)
    assert short.status == 400
    with socket.create_connection(("127.0.0.1", server.port)) as half:  # announces more, and goes
        half.sendall(f"{head}content-length: {len(body) + 9}\r\n\r\n".encode() + body)
    for framing in ("content-length: -1", "content-length: 1e3", "content-length: 5\r\ncontent-length: 6"):
        assert raw(served, f"{head}{framing}\r\n\r\n".encode() + body).status == 400
    both = raw(served, f"{head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n".encode() + body)
    assert both.status in {0, 400}
    chunks = b"%x\r\n" % (1 << 20) + b" " * (1 << 20) + b"\r\n"
    assert raw(served, f"{head}transfer-encoding: chunked\r\n\r\n".encode() + chunks * 5).status == 413
    assert raw(served, b"\x16\x03\x01\x02\x00\x01").status == 400
    assert raw(served, b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 100_000 + b"\r\n\r\n").status in {400, 303}
    assert len(look(faults.workspace).rows) == count
    assert posted(served, QUESTION).status == 200


def test_after_all_of_it_the_record_is_whole(served):
    faults, server = served
    assert not server.faults()
    found = look(faults.workspace)
    assert not partial(found)
    assert not found.findings


@pytest.fixture
def impatient(tmp_path, monkeypatch):
    """A server in this process, on a real socket, whose waits are tenths of a second."""
    monkeypatch.setattr(patience, "HEAD_WAIT_S", 0.4)
    monkeypatch.setattr(patience, "READ_WAIT_S", 0.4)
    monkeypatch.setattr(asgi, "BODY_WAIT_S", 0.4)
    monkeypatch.setattr(security, "BODY_WAIT_S", 0.4)
    faults = FaultWorld(tmp_path, bounds={"in_flight": PLACES})
    runtime = faults.world.open()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # else the system takes in megabytes nobody reads
    app = create_app(runtime, WebSettings(), at_end=runtime.close)
    server = uvicorn.Server(uvicorn.Config(app, **SERVER_OPTIONS))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]))
    thread.start()
    wait_for(lambda: server.started)
    yield faults, listening.getsockname()[1]
    server.should_exit = True
    thread.join()
    listening.close()
    faults.close()


async def drip(port: int, first: bytes, rest: bytes) -> Asked:
    """Send the rest byte by byte, each sooner than any wait, until the server has had enough."""
    asked = Asked("drip", 0.0, 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.ensure_future(read_answer(reader, asked))
    writer.write(first)
    for byte in rest:
        if answer.done():
            break
        with contextlib.suppress(ConnectionError):
            writer.write(bytes([byte]))
            await writer.drain()
        await asyncio.sleep(0.1)
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        await asyncio.wait_for(answer, 30)
    writer.close()
    return asked


def test_a_head_or_a_body_that_drips_is_given_up(impatient):
    faults, port = impatient
    head = asyncio.run(drip(port, b"POST /v1/chat", request_bytes(CHAT, b"{}", faults.key)))
    assert (head.status, head.json["error"]["code"]) == (408, "input.slow")
    whole = request_bytes(CHAT, json.dumps(QUESTION).encode(), faults.key)
    body = asyncio.run(drip(port, whole[:-60], whole[-60:]))
    assert (body.status, body.json["error"]["code"]) == (408, "input.slow")
    form = request_bytes("/api/v1/session", b'{"name": "x", "password": "x"}' + b" " * 60, faults.key)
    api = asyncio.run(drip(port, form[:-60], form[-60:]))
    assert (api.status, api.json["type"]) == (408, "urn:dualtrack:error:http.408")
    silent = asyncio.run(drip(port, b"", b""))
    assert silent.status == 408
    assert not look(faults.workspace).rows
    assert asyncio.run(ask(port, CHAT, QUESTION, faults.key)).status == 200


def test_a_second_head_on_a_connection_may_not_drip_either(impatient):
    faults, port = impatient
    first = request_bytes(CHAT, json.dumps(QUESTION).encode(), faults.key).replace(b"connection: close\r\n", b"")

    async def twice() -> Asked:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        one, two = Asked("one", 0.0, 0), Asked("two", 0.0, 0)
        await read_answer(reader, one)
        assert one.status == 200
        answer = asyncio.ensure_future(read_answer(reader, two))
        for byte in first[:60]:
            if answer.done():
                break
            with contextlib.suppress(ConnectionError):
                writer.write(bytes([byte]))
                await writer.drain()
            await asyncio.sleep(0.1)
        await asyncio.wait_for(answer, 30)
        writer.close()
        return two

    assert asyncio.run(twice()).status == 408


def test_a_client_that_does_not_read_its_stream_loses_its_place(impatient):
    faults, port = impatient
    stuck = []
    try:
        for _ in range(PLACES):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(request_bytes(CHAT, streamed("endless"), faults.key))
            stuck.append(client)
        wait_for(lambda: len(look(faults.workspace).decisions) == PLACES)
        found = look(faults.workspace)
        assert {record.code for record in found.decisions.values()} == {"input.gone"}
        assert faults.counts()["parts"] < ENDLESS_PARTS * PLACES  # buffers on the way take some in
        for _ in range(PLACES + 1):
            assert asyncio.run(ask(port, f"/v1/decide/{USE}", {"input": {"late": 1}}, faults.key)).status == 200
    finally:
        for client in stuck:
            client.close()
