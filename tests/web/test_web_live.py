"""Event streams: a change of the ledger is told, a browser that comes back is told what it missed, streams are bounded."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
from server_world import FIRM, USE, ServerWorld

from dualtrack.domain.oversight import Hold, HoldRelease
from dualtrack.runtime.ids import new_id
from dualtrack.web import live_events, live_holds, live_marks
from dualtrack.web.identity.api_keys import NewApiKey
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.live_events import TOPIC_KINDS, TOPICS
from dualtrack.web.live_marks import Channel, LiveMarks
from dualtrack.web.security import _CutError
from permit.firm import known_key


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
async def listening(served, key, topic="ledger", last=None, query=b""):
    """Open a stream as a server would; it is cut at the end, as by a browser that goes away."""
    headers = [(b"authorization", f"Bearer {key}".encode())]
    if last is not None:
        headers.append((b"last-event-id", last.encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": f"/live/{topic}", "raw_path": b"", "root_path": "", "query_string": query, "headers": headers,
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


def append(served, kind="note/1", about=FIRM) -> int:
    register = served.runtime.registers[FIRM]
    register.append_plain([(kind, about, b"{}")])
    return register.repository.size()


async def quiet(served, stream) -> str:
    """Wait until what was appended has been looked at, and return what the stream has said."""
    served.runtime.snapshots.refresh()
    await asyncio.sleep(3 * live_events.LOOK_S)
    return await stream.until("retry")


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


def test_an_open_page_keeps_nobody_signed_in(served):
    """Neither its stream that comes back nor what it reads again by itself is a use of the session; what people do is."""
    browser, idle_s = served.signed_in(ConsoleRole.OWNER), served.settings.session.idle_s
    looks = {"/live/portfolio": {}, "/uses": {"x-fragment": "live"}}
    served.later(seconds=idle_s - 100)
    for address, headers in looks.items():
        assert browser.ask("HEAD", address, headers=headers).status_code == 200
    assert browser.get("/uses", headers={"x-fragment": "1"}).status_code == 200
    served.later(seconds=idle_s - 100)
    assert browser.get("/uses", headers=looks["/uses"]).status_code == 200
    served.later(seconds=200)
    for address, headers in looks.items():
        assert browser.ask("HEAD", address, headers=headers).status_code in {401, 303}


def test_a_head_of_a_stream_ends_and_holds_no_place(served):
    key = served.key(ConsoleRole.AUDITOR)
    found = served.browser().ask("HEAD", "/live/ledger", headers={"authorization": f"Bearer {key}"})
    assert (found.status_code, found.content) == (200, b"")
    assert found.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in found.headers
    assert served.app._app.state.live.count == 0


def test_a_stream_whose_first_word_cannot_be_sent_gives_its_place_back(served):
    key, live = served.key(ConsoleRole.AUDITOR), served.app._app.state.live

    async def broken():
        async def receive():
            return {"type": "http.disconnect"}

        async def send(_message):
            assert live.count == 1
            raise OSError("gone")

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": "/live/ledger", "raw_path": b"", "root_path": "", "query_string": b"",
            "headers": [(b"authorization", f"Bearer {key}".encode())], "client": ("192.0.2.7", 1),
            "server": ("dualtrack.test", 80),
        }  # fmt: skip
        for spec in ("2.0", "2.4"):
            scope["asgi"] = {"version": "3.0", "spec_version": spec}
            with pytest.raises(_CutError):
                await served.app(dict(scope), receive, send)
            assert (live.count, live._marks.count) == (0, 0)

    served.runner.run(broken())


def test_a_bad_key_is_refused_though_a_cookie_would_do(served):
    browser = served.signed_in(ConsoleRole.AUDITOR)
    for wrong in ("Bearer dt_" + "A" * 43, "Basic eDp5", ""):
        found = browser.ask("HEAD", "/live/ledger", headers={"authorization": wrong})
        assert found.status_code == 401, wrong
    assert browser.ask("HEAD", "/live/ledger").status_code == 200


def test_an_institution_without_a_ledger_here_has_no_stream(served):
    _, key = served.services.api_keys.make(
        NewApiKey("elsewhere", "test", frozenset({ConsoleRole.AUDITOR}), None, "test", 5)
    )
    served.services.keys.refresh()

    async def story():
        async with listening(served, key, query=b"seen=5") as stream:
            assert stream.status == 404

    served.runner.run(story())


def test_a_topic_tells_of_its_own_kinds_only(served):
    key = served.key(ConsoleRole.AUDITOR)

    async def story():
        async with listening(served, key, "decisions") as decisions, listening(served, key, "complaints") as complaints:
            await decisions.until("hello")
            await complaints.until("hello")
            size = await asyncio.to_thread(append, served, "decision/1", USE)
            assert f"id: {size}\n" in await decisions.until(f"data: {size}\n\n")
            assert f"id: {size}\n" not in await quiet(served, complaints)

    served.runner.run(story())


def test_every_topic_has_kinds_and_a_page_that_shows_it(served):
    assert set(TOPIC_KINDS) == set(TOPICS)
    browser = served.signed_in(ConsoleRole.AUDITOR)
    pages = {
        "/": "portfolio", "/uses": "portfolio", "/reviews": "reviews", "/holds": "holds", "/decisions": "decisions",
        "/incidents": "incidents", "/complaints": "complaints", "/ledger": "ledger",
    }  # fmt: skip
    assert set(pages.values()) == set(TOPICS)
    size = served.runtime.registers[FIRM].repository.size()
    for place, topic in pages.items():
        html = browser.get(place).text
        assert f'data-live="/live/{topic}?seen={size}"' in html, place
        assert f'<a class="quiet" href="{place}" data-again>Read again</a>' in html
        assert "重新讀取" in browser.get(f"{place}?lang=zh-Hant").text
        assert browser.get(f"{place}?lang=en").status_code == 200
        policy = browser.get(place).headers["content-security-policy"]
        assert "unsafe" not in policy


def test_a_page_made_a_moment_ago_is_told_what_came_since(served):
    key = served.key(ConsoleRole.AUDITOR)
    seen = served.runtime.registers[FIRM].repository.size()
    size = append(served)
    served.runtime.snapshots.refresh()

    async def story():
        async with listening(served, key, query=b"seen=%d" % seen) as stream:
            assert "hello" not in await stream.until(f"id: {size}")
        async with listening(served, key, query=b"seen=%d" % (size + 50)) as stream:  # of a ledger restored since
            await stream.until(f"event: hello\nid: {size}\n")

    served.runner.run(story())


def test_who_is_narrowed_to_a_use_hears_of_that_use_and_learns_nothing_of_others(served):
    """Neither that something happened, nor how many entries there are, whatever number is sent to find out."""
    key = served.key(ConsoleRole.AUDITOR, uses=frozenset({USE}))

    async def story():
        async with listening(served, key) as stream:
            first = await stream.until("event: hello")
            own = int(first.partition("id: ")[2].partition("\n")[0])
            for kind, about in (("note/1", FIRM), ("decision/1", f"{FIRM}/other"), ("hold/1", FIRM)):
                await asyncio.to_thread(append, served, kind, about)
            assert await quiet(served, stream) == first
            size = served.runtime.registers[FIRM].repository.size()
            for guess in (own + 1, size - 1, size, size + 1):
                async with listening(served, key, query=b"seen=%d" % guess) as asked:
                    assert await asked.until("data: ") == first
            size = await asyncio.to_thread(append, served, "decision/1", USE)
            await stream.until(f"id: {size}\n")

    served.runner.run(story())


def hold(served, scope, target, *, release_of=None) -> tuple[str, int]:
    """Enter a hold, or the release of one, without the wait of its acknowledgement; returns its id and the ledger's size."""
    register = served.runtime.registers[FIRM]
    kind, record = "hold/1", Hold(new_id(), scope, target, "stop it", "compliance", register.now())
    if release_of is not None:
        kind, record = "hold-release/1", HoldRelease(release_of, "go on", "executive", register.now())
    register.append_record(kind, FIRM, record, [known_key("compliance")])
    return release_of or record.id, register.repository.size()


def test_who_is_narrowed_to_a_use_is_told_of_what_stops_it_from_outside(served):
    """A hold on the institution, or on a provider or component of this use, and its end; not one on another's provider."""
    key = served.key(ConsoleRole.AUDITOR, uses=frozenset({USE}))

    async def story():
        async with listening(served, key, "holds") as stream:
            first = await stream.until("event: hello")
            await asyncio.to_thread(hold, served, "provider", "abroad")
            assert await quiet(served, stream) == first
            for scope, target in (("provider", "in-house"), ("component", "model"), ("institution", FIRM)):
                made, size = await asyncio.to_thread(hold, served, scope, target)
                await stream.until(f"id: {size}\n")
            _, size = await asyncio.to_thread(hold, served, scope, target, release_of=made)
            await stream.until(f"id: {size}\n")

    served.runner.run(story())


def test_a_hold_from_outside_is_looked_for_within_its_stretch_and_bound(served, monkeypatch):
    register, uses = served.runtime.registers[FIRM], frozenset({USE})
    made, size = hold(served, "institution", FIRM)

    def newest(start=0, end=size, kinds=(), of=uses):
        return live_holds.newest_wide_hold(register, of, kinds, start, end)

    assert newest() == newest(kinds=live_holds.HOLD_KINDS) == size
    assert newest(start=size) == newest(end=size - 1) == newest(kinds=("decision/1",)) == newest(of=frozenset()) == 0
    register.append_plain([("hold/1", FIRM, b"{}")])
    monkeypatch.setattr(live_holds, "WIDE_HOLDS_MAX", 1)
    assert newest(end=size + 1) == 0
    assert newest(end=size) == size
    assert hold(served, "institution", FIRM, release_of=made)[1] == newest(end=size + 2) == size + 2


def test_streams_of_one_channel_ask_the_database_once(served, monkeypatch):
    looks, newest = [], LiveMarks._newest_of
    monkeypatch.setattr(LiveMarks, "_newest_of", lambda *given: looks.append(given[1:]) or newest(*given))
    marks, channel = LiveMarks(served.runtime.registers), Channel(FIRM, ("note/1",), None)
    size = append(served)
    for _ in range(8):
        marks.open(channel)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: marks.look(channel, size), range(40))) == [size] * 40
    assert len(looks) == 1
    assert marks.count == 1
    for _ in range(8):
        marks.close(channel)
    assert marks.count == 0


def test_what_is_far_back_is_not_looked_for(served, monkeypatch):
    monkeypatch.setattr(live_marks, "BACK_ENTRIES_MAX", 3)
    marks, channel = LiveMarks(served.runtime.registers), Channel(FIRM, ("complaint/1",), None)
    size = append(served, "complaint/1", USE)
    marks.open(channel)
    assert marks.known(channel, size) is None
    assert marks.look(channel, size) == size
    assert marks.known(channel, size) == size
    marks.close(channel)
    for _ in range(3):
        after = append(served)
    marks.open(channel)
    assert marks.look(channel, after) == 0
