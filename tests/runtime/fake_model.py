"""An OpenAI-compatible upstream for tests: a real HTTP server in this process's event loop, with faults to choose from."""

from __future__ import annotations

import asyncio
import contextlib
import json


class FakeModel:
    """Answers chat completions with `text`; `fault` makes it misbehave. `calls` holds the bodies it was sent.

    `deltas` follow the text of a stream; `headers` go with whole answers; `scored` is what it answers to a row.
    """

    def __init__(self, text: str = "The fee is HK$100.", *, fault: str = "", model: str = "fake-1") -> None:
        self.text, self.fault, self.model = text, fault, model
        self.calls: list[dict] = []
        self.pause_s = 0.0
        self.tools: list[dict] = []
        self.deltas: list[dict] = []
        self.headers = b""
        self.scored: dict = {"output": 0.5, "reasons": ["late"]}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task] = set()
        self.url = ""

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                self.calls.append(body)
                if b"/embeddings" in head.split(b"\r\n")[0]:
                    data = [{"embedding": [0.5, 1.5]} for _ in body["input"]]
                    status = 500 if self.fault == "status" else 200
                    await self._whole(writer, json.dumps({"data": data, "model": self.model}).encode(), status)
                elif "messages" not in body:
                    await self._whole(writer, json.dumps(self.scored).encode())
                elif body.get("stream"):
                    await self._stream(writer)
                else:
                    await self._chat(writer)

    async def _chat(self, writer: asyncio.StreamWriter) -> None:
        if self.fault == "stall":
            await asyncio.sleep(30)
        if self.fault == "garbage":
            await self._whole(writer, b"<html>")
            return
        if self.fault == "status":
            await self._whole(writer, b"{}", status=500)
            return
        message: dict = {"role": "assistant", "content": self.text}
        if self.tools:
            message["tool_calls"] = self.tools
        body = {
            "model": self.model,
            "choices": [{"message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
        }
        await self._whole(writer, json.dumps(body).encode())

    async def _whole(self, writer: asyncio.StreamWriter, body: bytes, status: int = 200) -> None:
        writer.write(b"HTTP/1.1 %d OK\r\n%scontent-length: %d\r\n\r\n" % (status, self.headers, len(body)) + body)
        await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n")
        parts = [self.text[start : start + 4] for start in range(0, len(self.text), 4)]
        for number, part in enumerate(parts):
            if self.fault == "half-open" and number == len(parts) // 2:
                writer.close()
                return
            chunk = {"model": self.model, "choices": [{"index": 0, "delta": {"content": part}}]}
            self._event(writer, json.dumps(chunk).encode())
            await writer.drain()
            await asyncio.sleep(self.pause_s)
        for delta in self.deltas:
            self._event(writer, json.dumps({"model": self.model, "choices": [{"index": 0, "delta": delta}]}).encode())
        self._event(writer, b"[DONE]")
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    def _event(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        event = b"data: " + data + b"\n\n"
        writer.write(b"%x\r\n" % len(event) + event + b"\r\n")


async def ask(
    app, path: str, body: object, *, method: str = "POST", key: str = "dt_test", headers=()
) -> tuple[int, dict, bytes]:
    """Call an ASGI application once; return status, headers and the whole body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {key}".encode()), (b"content-length", str(len(data)).encode()), *headers,
        ],
    }  # fmt: skip
    sent: list[dict] = []
    inbox = [{"type": "http.request", "body": data, "more_body": False}]

    async def receive():
        if not inbox:
            await asyncio.Event().wait()  # the client waits for its answer, as long as it takes
        return inbox.pop(0)

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])
