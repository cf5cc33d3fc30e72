"""Event streams: a change of the ledger is told, a browser that comes back is told what it missed, streams are bounded."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from server_world import FIRM, ServerWorld

from dualtrack.web import live_events
from dualtrack.web.identity.roles import ConsoleRole


@pytest.fixture
def served(tmp_path):
    found = ServerWorld(tmp_path, live_connections=3)
    yield found
    found.close()


class Stream:
    """One open stream: its status, and its events as they come."""

    def __init__(self) -> None:
        self.status, self.headers, self._text = 0, {}, ""
        self.begun, self._more = asyncio.Event(), asyncio.Event()

    async def send(self, message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self.begun.set()
        else:
            self._text += message.get("body", b"").decode()
        self._more.set()

    async def until(self, wanted: str) -> str:
        async with asyncio.timeout(10):
            while wanted not in self._text:
                self._more.clear()
                await self._more.wait()
        return self._text


@asynccontextmanager
async def listening(served, key, topic="ledger", last=None):
    """Open a stream as a server would; it is cut at the end, as by a browser that goes away."""
    headers = [(b"authorization", f"Bearer {key}".encode())]
    if last is not None:
        headers.append((b"last-event-id", last.encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": f"/live/{topic}", "raw_path": b"", "root_path": "", "query_string": b"", "headers": headers,
        "client": ("192.0.2.7", 1), "server": ("dualtrack.test", 80),
    }  # fmt: skip
    stream, gone, asked = Stream(), asyncio.Event(), False

    async def receive():
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    task = asyncio.create_task(served.app(scope, receive, stream.send))
    try:
        async with asyncio.timeout(10):
            await stream.begun.wait()
        yield stream
    finally:
        gone.set()
        await asyncio.wait([task], timeout=5)
        assert task.done()


def append(served) -> int:
    register = served.runtime.registers[FIRM]
    register.append_plain([("note/1", FIRM, b"{}")])
    return register.repository.size()


def test_a_change_of_the_ledger_is_told(served):
    key = served.key(ConsoleRole.AUDITOR)

    async def story():
        async with listening(served, key) as stream:
            assert stream.status == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            await stream.until("event: hello")
            size = await asyncio.to_thread(append, served)
            text = await stream.until(f"id: {size}")
            assert f"data: {size}\n\n" in text

    served.runner.run(story())


def test_who_comes_back_is_told_at_once_what_it_missed(served):
    key = served.key(ConsoleRole.AUDITOR)
    seen = served.runtime.registers[FIRM].repository.size()
    size = append(served)
    served.runtime.snapshots.refresh()

    async def story():
        async with listening(served, key, last=str(seen)) as stream:
            assert "hello" not in await stream.until(f"id: {size}")
        async with listening(served, key, last="nonsense") as stream:
            await stream.until("event: hello")

    served.runner.run(story())


def test_silence_is_broken_now_and_then(served, monkeypatch):
    monkeypatch.setattr(live_events, "HEARTBEAT_S", 0.3)
    key = served.key(ConsoleRole.AUDITOR)

    async def story():
        async with listening(served, key) as stream:
            await stream.until(": still here")

    served.runner.run(story())


def test_streams_are_bounded_and_given_back(served):
    key = served.key(ConsoleRole.AUDITOR)

    async def story():
        three = (listening(served, key), listening(served, key), listening(served, key))
        async with three[0], three[1], three[2], listening(served, key) as fourth:
            assert fourth.status == 503
        async with listening(served, key) as again:
            assert again.status == 200

    served.runner.run(story())


def test_a_stream_takes_the_verb_of_its_topic(served):
    collector = served.key(ConsoleRole.COLLECTOR)

    async def story():
        for topic, status in {"ledger": 403, "portfolio": 200, "nothing": 404}.items():
            async with listening(served, collector, topic) as stream:
                assert stream.status == status, topic
        async with listening(served, "dt_" + "A" * 43) as stream:
            assert stream.status == 401

    served.runner.run(story())


def test_a_stream_ends_by_itself_so_that_the_session_is_looked_at_again(served, monkeypatch):
    monkeypatch.setattr(live_events, "CONNECTION_S_MAX", 0.3)
    browser = served.signed_in(ConsoleRole.OWNER)
    assert browser.get("/live/holds").status_code == 200
    browser.post("/sign-out")
    assert browser.get("/live/holds").status_code == 401
