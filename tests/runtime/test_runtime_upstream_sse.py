"""Server-sent events: the same events wherever the stream is cut, also inside a character, and none too large."""

from __future__ import annotations

import asyncio
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upstream_servers import run, serve

from dualtrack.errors import UpstreamError
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.runtime.upstream.limits import Timeouts
from dualtrack.runtime.upstream.sse import SseReader


def read(data, cuts=()):
    reader = SseReader(10_000)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    events = [event for start, end in itertools.pairwise(edges) for event in reader.feed(data[start:end])]
    reader.finish()
    return events


lines = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)
noise = st.sampled_from([": ping", "event: delta", "id: 7", "retry: 10", "unknown", "dataset: x"])


@given(
    st.lists(st.tuples(st.lists(lines, min_size=1, max_size=3), st.lists(noise, max_size=2)), max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.lists(st.integers(0, 10_000), max_size=10),
)
def test_events_are_the_same_wherever_the_stream_is_cut(events, eol, blank, cuts):
    mark = "data: " if blank else "data:"
    text = "".join(eol.join([*others, *(mark + line for line in data), "", ""]) for data, others in events)
    data = text.encode()
    expected = ["\n".join(line if blank else line.removeprefix(" ") for line in data).encode() for data, _ in events]
    assert read(data) == expected
    assert read(data, cuts) == expected
    assert read(data, range(len(data))) == expected


@given(
    st.lists(st.sampled_from([b"data", b":", b" ", b"\r", b"\n", b"x", b"\xef\xbb\xbf"]), max_size=30),
    st.integers(1, 5),
)
def test_any_bytes_at_all_give_the_same_events_wherever_they_are_cut(parts, width):
    data = b"".join(parts) + b"\n\n"
    assert read(data) == read(data, range(0, len(data), width)) == read(data, range(len(data)))


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data\n\n", [b""]),
        (b"\n\n\ndata: a\n\n", [b"a"]),
        (b": only a comment\n\nevent: x\n\n", []),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        ("data: 人手覆核\r\n\r\n".encode(), ["人手覆核".encode()]),
    ],
)
def test_known_streams(data, events):
    assert read(data) == events


def test_an_event_is_given_as_soon_as_its_blank_line_is_there():
    reader = SseReader()
    assert reader.feed(b"data: a\r\n\r") == [b"a"]
    assert reader.feed(b"\ndata: b\r\r") == [b"b"]


@pytest.mark.parametrize("piece", [b"x", b"data: x\n", b"data: x", b"event: y\ndata: x\n"])
def test_an_endless_event_is_refused(piece):
    reader = SseReader(1_000)
    with pytest.raises(UpstreamError) as caught:
        sum(len(reader.feed(piece)) for _ in range(1_001))
    assert caught.value.fault == "event_too_large"


def test_comments_that_keep_a_stream_alive_are_no_endless_event():
    reader = SseReader(1_000)
    for _ in range(1_000):
        assert reader.feed(b": ping\n") == []
    assert reader.feed(b"data: a\n\n") == [b"a"]


@pytest.mark.parametrize("rest", [b"data: a", b"data: a\n", b"da"])
def test_a_stream_that_ends_inside_an_event_is_no_whole_stream(rest):
    reader = SseReader()
    assert reader.feed(b"data: a\n\n" + rest) == [b"a"]
    with pytest.raises(UpstreamError) as caught:
        reader.finish()
    assert caught.value.fault == "closed_early"


def test_a_model_stream_from_a_server_that_cuts_every_byte():
    words = ["請", "致電", " 2345", "\n"]
    sent = b"".join(b"data: %b\n\n" % json.dumps({"d": word}, ensure_ascii=False).encode() for word in words)

    async def script(server, peer):
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for at in range(len(sent)):
            await peer.send(b"1\r\n%b\r\n" % sent[at : at + 1])
            await asyncio.sleep(0)
        await peer.send(b"0\r\n\r\n")
        await peer.reader.read()

    async def work():
        reader, got = SseReader(), []
        async with serve(script) as server, UpstreamClient() as client:
            response = await client.send("POST", server.url(), {}, b"{}", Timeouts())
            async for piece in response.stream(100_000):
                got += reader.feed(piece)
        reader.finish()
        return [json.loads(event)["d"] for event in got]

    assert run(work) == words
