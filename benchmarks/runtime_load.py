"""The other ends of the runtime's benchmarks: a model that answers at once, and a client that measures from outside.

Both run in processes of their own (see `in_process` in runtime_parts). The client speaks HTTP/1.1 over kept connections and
looks at every answer. Open loop: requests go out on a fixed schedule whatever comes back, and time counts from the schedule,
so that a stalled server is not spared. Closed loop: each connection sends the next request when it has its answer.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections import deque
from importlib.util import find_spec
from urllib.parse import urlsplit

TEXT = "Branches open from nine to five on weekdays, and the counter for cards closes at four. " * 3
TEXT_END = TEXT.partition("four")[2].strip()
"""What every answer ends with."""

USERS = 26**3
OPEN_CONNECTIONS_MAX = 64
WARM_UP = 20
_CHUNKS = 50


def loop_factory():
    if find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


class Model(asyncio.Protocol):
    """An OpenAI-compatible upstream without a model: one answer, whole or as a stream of 50 chunks.

    Answers differ in four letters, as questions do, so that nothing gains from having seen the same text before.
    """

    number = 0

    body = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "fixed",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 120, "completion_tokens": 60, "total_tokens": 180},
        }
    ).encode()
    whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)

    def connection_made(self, transport):
        self.transport, self.seen, self.size = transport, bytearray(), 0

    def data_received(self, data):
        self.seen += data
        if not self.size:
            end = self.seen.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.seen[:end]).lower()
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            self.size = end + 4 + int(length or 0)
        if len(self.seen) >= self.size:
            streamed = b'"stream":true' in self.seen or b'"stream": true' in self.seen
            self.seen, self.size = bytearray(), 0
            Model.number += 1
            letters = "".join(chr(97 + Model.number // 26**place % 26) for place in range(4))
            if streamed:
                self.stream(TEXT.replace("four", letters, 1))
            else:
                self.transport.write(self.whole.replace(b"four", letters.encode(), 1))

    def stream(self, text):
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        size = -(-len(text) // _CHUNKS)
        for start in range(0, len(text), size):
            self.event({"role": "assistant", "content": text[start : start + size]}, None)
        self.event({}, "stop")
        self.transport.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    def event(self, delta, finish):
        chunk = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": "fixed",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        event = b"data: " + json.dumps(chunk).encode() + b"\n\n"
        self.transport.write(b"%x\r\n%b\r\n" % (len(event), event))


async def run_model() -> None:
    """Serve the model; says its port on the first line."""
    listener = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await listener.serve_forever()


class Connection(asyncio.Protocol):
    """One kept connection: `ask` sends a request and calls back with status, body, and when its first part came."""

    def __init__(self):
        self.told, self.lost = None, False

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, _error):
        self.lost = True
        if self.told is not None:
            told, self.told = self.told, None
            told(self, 0, b"", 0.0)

    def ask(self, request, told):
        self.seen, self.body_at, self.length, self.first_s, self.told = bytearray(), 0, -1, 0.0, told
        self.transport.write(request)

    def data_received(self, data):
        self.seen += data
        if not self.body_at:
            end = self.seen.find(b"\r\n\r\n")
            if end < 0:
                return
            self.body_at = end + 4
            length = bytes(self.seen[:end]).lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self.length = int(length) if length else -1
        if not self.first_s and len(self.seen) > self.body_at:
            self.first_s = time.perf_counter()
        whole = (
            len(self.seen) - self.body_at >= self.length
            if self.length >= 0
            else self.seen.endswith((b"\r\n0\r\n\r\n", b"\n0\r\n\r\n"))
        )
        if whole and self.told is not None:
            told, self.told = self.told, None
            told(self, int(self.seen[9:12]), bytes(self.seen[self.body_at :]), self.first_s)


class Run:
    """One run of load: what is sent, and what came back."""

    def __init__(self, plan: dict) -> None:
        self.plan = plan
        target = urlsplit(plan["url"])
        assert target.hostname == "127.0.0.1", "load goes to this machine only"
        self.host, self.port = target.hostname, target.port
        self.requests = [_request(target.path, plan, number) for number in range(USERS)]
        self.wanted = [text.encode() for text in plan["wanted"]]
        self.each = [text.encode() for text in plan.get("each", [""])]
        self.calls = plan["calls"]
        self.begun, self.ended, self.wrong = 0, 0, 0
        self.took_s: list[float] = []
        self.first_s: list[float] = []
        self.example = ""
        self.warm = False

    async def connections(self, count: int) -> list[Connection]:
        loop = asyncio.get_running_loop()
        return [(await loop.create_connection(Connection, self.host, self.port))[1] for _ in range(count)]

    def note(self, number: int, status: int, body: bytes, since_s: float, first_s: float) -> None:
        self.ended += 1
        self.took_s.append(time.perf_counter() - since_s)
        self.first_s.append(first_s - since_s)
        own = self.each[number % USERS % len(self.each)]
        if status != 200 or own not in body or not all(text in body for text in self.wanted):
            self.wrong += 1
            self.example = self.example or f"{status} {body[:600].decode('utf-8', 'replace')}"

    async def closed(self) -> float:
        """Return the seconds in which all calls were answered."""
        done = asyncio.get_running_loop().create_future()

        def go(connection: Connection) -> None:
            if self.begun >= self.calls or connection.lost:
                if (self.ended >= self.calls or connection.lost) and not done.done():
                    done.set_result(None)
                return
            number, since_s = self.begun, time.perf_counter()
            self.begun += 1

            def told(connection: Connection, status: int, body: bytes, first_s: float) -> None:
                self.note(number, status, body, since_s, first_s)
                go(connection)

            connection.ask(self.requests[number % USERS], told)

        opened = await self.connections(self.plan["connections"])
        begun_s = time.perf_counter()
        for connection in opened:
            go(connection)
        await done
        seconds = time.perf_counter() - begun_s
        for connection in opened:
            connection.transport.close()
        return seconds

    async def open(self) -> float:
        """Send at `rate` a second; a timer of the operating system is used, since event loops round to milliseconds."""
        loop, rate = asyncio.get_running_loop(), self.plan["rate"]
        done = loop.create_future()
        opened = await self.connections(OPEN_CONNECTIONS_MAX)
        free, late = deque(opened), deque()
        start_s = time.perf_counter() + 0.05

        def send(since_s: float) -> None:
            connection = free.pop()
            number = self.begun
            self.begun += 1

            def told(connection: Connection, status: int, body: bytes, first_s: float) -> None:
                self.note(number, status, body, since_s, first_s)
                free.append(connection)
                if late and not connection.lost:
                    send(late.popleft())
                if (self.ended >= self.calls or connection.lost) and not done.done():
                    done.set_result(None)

            connection.ask(self.requests[number % USERS], told)

        scheduled = 0

        def tick() -> None:
            nonlocal scheduled
            now_s = time.perf_counter()
            while scheduled < self.calls and (since_s := start_s + scheduled / rate) <= now_s:
                scheduled += 1
                if free:
                    send(since_s)
                else:
                    late.append(since_s)
            if scheduled < self.calls:
                signal.setitimer(signal.ITIMER_REAL, max(start_s + scheduled / rate - time.perf_counter(), 1e-5))

        loop.add_signal_handler(signal.SIGALRM, tick)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        await done
        seconds = time.perf_counter() - start_s
        loop.remove_signal_handler(signal.SIGALRM)
        for connection in opened:
            connection.transport.close()
        return seconds

    def result(self, seconds: float) -> dict:
        took, first = sorted(self.took_s), sorted(self.first_s)
        return {
            "calls": self.ended,
            "wrong": self.wrong,
            "example": self.example,
            "per_s": self.ended / seconds,
            "p50_ms": at(took, 0.5) * 1e3,
            "p99_ms": at(took, 0.99) * 1e3,
            "first_p50_ms": at(first, 0.5) * 1e3,
            "first_p99_ms": at(first, 0.99) * 1e3,
        }


def at(ordered: list[float], share: float) -> float:
    """Return the value below which a share of ordered values lies."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _request(path: str, plan: dict, number: int) -> bytes:
    bodies = plan["bodies"]
    letters = "".join(chr(97 + number // 26**place % 26) for place in range(4))
    body = bodies[number % len(bodies)].replace("USER", f"customer {number:05d}").replace("LETTERS", letters).encode()
    headers = {"host": "127.0.0.1", "content-type": "application/json", **plan["headers"]}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body


async def run_load(plan: dict) -> dict:
    """Warm up, run the plan, return what was measured; `sent` counts every call made, those of the warm-up too."""
    warm = Run(plan | {"calls": WARM_UP, "connections": plan.get("connections", 4)})
    await warm.closed()
    run = Run(plan)
    seconds = await (run.open() if plan.get("rate") else run.closed())
    found = run.result(seconds)
    found["sent"] = run.begun + warm.begun
    found["wrong"] += warm.wrong
    found["example"] = found["example"] or warm.example
    return found


def only(role: str) -> None:
    """Be one of the processes apart: the model, or the client of the plan on standard input."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        if role == "model":
            runner.run(run_model())
        else:
            print(json.dumps(runner.run(run_load(json.load(sys.stdin)))))
