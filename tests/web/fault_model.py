"""An OpenAI-compatible model as a process of its own, which misbehaves as the question asks: "fault=stall please".

Prints its address; `GET /counts` says how many calls came, how many connections are open and how many were cut on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys

TEXT = "The fee is HK$100. " * 4
STALL_S = 30.0
"""Longer than any wait of the policies in these tests."""

ENDLESS = 50_000
"""Repetitions of the text in a stream that no buffer on the way takes in."""

PART_CHARACTERS = 19
ENDLESS_PARTS = ENDLESS * len(range(0, len(TEXT), PART_CHARACTERS))

PAUSE_S = 0.05
"""Between the parts of a slow stream."""

_FAULT = re.compile(rb"fault=([a-z0-9-]+)")
_LENGTH = re.compile(rb"content-length: *([0-9]+)")


class Model:
    """Counts what happens to it and answers one request after another on a connection."""

    def __init__(self) -> None:
        self.counts = {"calls": 0, "open": 0, "cut": 0, "parts": 0}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the peer goes away."""
        self.counts["open"] += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).lower()
                    if head.startswith(b"get /counts"):
                        _write(writer, json.dumps(self.counts).encode())
                        continue
                    body = await reader.readexactly(int(_LENGTH.search(head)[1]))
                    self.counts["calls"] += 1
                    found = _FAULT.search(body)
                    fault = found[1].decode() if found else ""
                    if json.loads(body).get("stream"):
                        await self._stream(writer, fault)
                    else:
                        await _whole(writer, fault)
                    await writer.drain()
                    if writer.is_closing():
                        return
        except ConnectionError:
            self.counts["cut"] += 1
        finally:
            self.counts["open"] -= 1
            writer.close()

    async def _stream(self, writer: asyncio.StreamWriter, fault: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n")
        parts = [TEXT[start : start + PART_CHARACTERS] for start in range(0, len(TEXT), PART_CHARACTERS)]
        if fault in {"slow", "endless"}:
            parts *= 100 if fault == "slow" else ENDLESS
        for number, part in enumerate(parts):
            self.counts["parts"] += 1
            model = "other-1" if fault == "other-model-midway" and number else "fake-1"
            event = json.dumps({"model": model, "choices": [{"index": 0, "delta": {"content": part}}]}).encode()
            if number == 2 and fault:
                event = await _spoil(writer, fault, event)
            _event(writer, event)
            await writer.drain()
            if fault == "slow":
                await asyncio.sleep(PAUSE_S)
        if fault != "no-end-mark":
            _event(writer, b"[DONE]")
        writer.write(b"0\r\n\r\n")


async def _spoil(writer: asyncio.StreamWriter, fault: str, event: bytes) -> bytes:
    """Do to a stream what the fault is, in its third part; return the event to send."""
    match fault:
        case "half-open":
            writer.close()
            raise ConnectionResetError
        case "stall":
            await writer.drain()
            await asyncio.sleep(STALL_S)
        case "chunk-size":
            writer.write(b"5\r\nmore than five\r\n")
        case "chunk-word":
            writer.write(b"none\r\n\r\n")
        case "garbage":
            return b'{"model": "fake-1", "choices'
        case "not-a-chunk":
            return b'{"model": "fake-1", "choices": [7]}'
        case "not-utf8":
            return b'{"model": "fake-1", "choices": [{"index": 0, "delta": {"content": "\xff\xfe"}}]}'
    return event


async def _whole(writer: asyncio.StreamWriter, fault: str) -> None:
    message = {"role": "assistant", "content": TEXT}
    plain = {
        "model": "other-1" if fault == "other-model" else "fake-1",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
    }
    body = json.dumps(plain).encode()
    match fault:
        case "stall":
            await asyncio.sleep(STALL_S)
        case "stall-in-body":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body[:20])
            await writer.drain()
            await asyncio.sleep(STALL_S)
        case "length-short":
            _write(writer, body, length=len(body) - 9)
        case "length-long":
            _write(writer, body, length=len(body) + 9)
            writer.close()
        case "length-both":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")
        case "chunk-size":
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nmore than five\r\n0\r\n\r\n")
        case "garbage":
            _write(writer, b"<html>")
        case "list":
            _write(writer, b"[]")
        case "utf-16":
            _write(writer, body.decode().encode("utf-16"))
        case "compressed":
            _write(writer, body, more=b"content-encoding: gzip\r\n")
        case "status":
            _write(writer, b"{}", status=500)
        case "no-http":
            writer.write(b"SSH-2.0-model\r\n")
            writer.close()
        case _:
            _write(writer, body)


def _write(
    writer: asyncio.StreamWriter, body: bytes, *, status: int = 200, length: int | None = None, more: bytes = b""
) -> None:
    size = len(body) if length is None else length
    writer.write(b"HTTP/1.1 %d OK\r\n%scontent-length: %d\r\n\r\n" % (status, more, size) + body)


def _event(writer: asyncio.StreamWriter, data: bytes) -> None:
    event = b"data: " + data + b"\n\n"
    writer.write(b"%x\r\n" % len(event) + event + b"\r\n")


async def main() -> None:
    """Serve on a free port until killed."""
    server = await asyncio.start_server(Model().serve, "127.0.0.1", 0, backlog=1000)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
