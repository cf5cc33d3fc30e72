"""A raw HTTP client for fault tests: every call on a connection of its own, and a load that does not wait for answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from permit.firm import USE

WAIT_S = 40.0
"""Longest wait for an answer: beyond it the call counts as cut."""

IN_FLIGHT_MAX = 400
"""Calls of the load under way at once; beyond it a beat is left out and counted, so that a slow machine is not drowned."""

QUESTION = {"model": USE, "user": "customer 7", "messages": [{"role": "user", "content": "What is the fee?"}]}


@dataclass
class Asked:
    """A call and what came back. `whole` tells that the answer came to its end; seconds are of the steady clock."""

    kind: str
    sent_s: float
    sent_us: int
    first_s: float = 0.0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    whole: bool = False

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """Return the chunks of a stream so far."""
        lines = [line[6:] for line in self.body.split(b"\n\n") if line.startswith(b"data: {")]
        found = []
        for line in lines:
            with contextlib.suppress(ValueError):  # the last one may be cut
                found.append(json.loads(line))
        return found

    @property
    def about(self) -> dict[str, Any]:
        """Return what the answer says of its decision; for a cut stream only the id."""
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            chunks = self.chunks
            if not chunks:
                return {}
            return chunks[-1].get("dualtrack") or {"decision": chunks[-1]["id"].removeprefix("chatcmpl-")}
        if not self.whole or self.headers.get("content-type") != "application/json":
            return {}
        plain = self.json
        return plain.get("dualtrack") or plain

    @property
    def text(self) -> str:
        """Return what a person would have read."""
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in self.chunks)
        return self.json["choices"][0]["message"]["content"]

    @property
    def ended(self) -> bool:
        """Tell whether the answer is whole in its own terms, too: a stream has its end mark."""
        streamed = self.headers.get("content-type", "").startswith("text/event-stream")
        return self.whole and (not streamed or self.body.endswith(b"data: [DONE]\n\n"))


def request_bytes(path: str, body: bytes, key: str, *, more: str = "") -> bytes:
    """Return a POST of JSON as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nhost: dualtrack\r\nauthorization: Bearer {key}\r\nconnection: close\r\n{more}"
    return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def ask(port: int, path: str, body: object, key: str, *, kind: str = "", more: str = "") -> Asked:
    """Send a call and read its answer to the end, or to where it was cut."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await send(port, request_bytes(path, data, key, more=more), kind=kind)


async def send(port: int, data: bytes, *, kind: str = "") -> Asked:
    """Send bytes and read one answer."""
    asked = Asked(kind, time.monotonic(), time.time_ns() // 1000)
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(WAIT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(data)
                await read_answer(reader, asked)
            finally:
                writer.close()
    return asked


async def read_answer(reader: asyncio.StreamReader, asked: Asked) -> None:
    """Read an answer into `asked`; raises where the connection ends first."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    asked.first_s = time.monotonic()
    asked.status = int(head[0].split()[1])
    asked.headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    if asked.headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            asked.body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    else:
        asked.body = await reader.readexactly(int(asked.headers.get("content-length", "0")))
    asked.whole = True


CALLS = (
    ("decide", f"/v1/decide/{USE}", {"input": {"late": 3, "used": 0.5}, "person": "customer 7"}),
    ("chat", "/v1/chat/completions", QUESTION),
    ("stream", "/v1/chat/completions", QUESTION | {"stream": True}),
)
"""What the load asks, in turn."""


class Load:
    """Calls at a steady rate, whatever comes back, in a thread of its own; `asked` holds all of them after `stop`."""

    def __init__(self, ports: list[int], key: str, *, a_second: float = 200.0) -> None:
        self.asked: list[Asked] = []
        self.left_out = 0
        self._ports, self._key, self._pause_s = ports, key, 1 / a_second
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")
        self._thread.start()

    def served(self) -> int:
        """Return how many calls were answered by the model so far."""
        return sum(asked.status == 200 and asked.whole for asked in list(self.asked))

    def wait_served(self, more: int, *, longest_s: float = 60.0) -> None:
        """Wait until so many more calls were answered."""
        wanted, until_s = self.served() + more, time.monotonic() + longest_s
        while self.served() < wanted:
            assert time.monotonic() < until_s, f"{self.served()} of {wanted} answered, {self.statuses()}"
            time.sleep(0.05)

    def statuses(self) -> dict[int, int]:
        """Return how often each status came; 0 is a connection without an answer."""
        found: dict[int, int] = {}
        for asked in list(self.asked):
            found[asked.status] = found.get(asked.status, 0) + 1
        return found

    def stop(self) -> None:
        """Send no more and wait for what is under way."""
        self._stop.set()
        self._thread.join()

    async def _run(self) -> None:
        tasks: set[asyncio.Task[None]] = set()
        next_s = time.monotonic()
        for number, (kind, path, body) in enumerate(itertools.cycle(CALLS)):
            if self._stop.is_set():
                break
            next_s += self._pause_s
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))
            if len(tasks) >= IN_FLIGHT_MAX:
                self.left_out += 1
                continue
            task = asyncio.create_task(self._one(self._ports[number % len(self._ports)], kind, path, body))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)

    async def _one(self, port: int, kind: str, path: str, body: object) -> None:
        self.asked.append(await ask(port, path, body, self._key, kind=kind))
