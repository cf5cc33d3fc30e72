"""Upstreams that say what a test puts into their mouths, and one that keeps its answer back until it is let go."""

from __future__ import annotations

import asyncio
import json

from dualtrack.domain.oversight import Hold
from dualtrack.runtime.ids import new_id
from permit.firm import known_key
from runtime.fake_model import FakeModel
from runtime.runtime_world import USE


class SayingModel(FakeModel):
    """Answers a conversation with `body`, or as a stream with the chunks in `says`."""

    def __init__(self, *, body: dict | None = None, says: list[dict] | None = None) -> None:
        super().__init__()
        self.body = body or {}
        self.says = says or []

    async def _chat(self, writer: asyncio.StreamWriter) -> None:
        await self._whole(writer, json.dumps(self.body).encode())

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n\r\n")
        for chunk in self.says:
            self._event(writer, json.dumps(chunk).encode())
        self._event(writer, b"[DONE]")
        writer.write(b"0\r\n\r\n")
        await writer.drain()


class RawModel(FakeModel):
    """Answers everything with the bytes in `raw`."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self.raw = raw

    async def _whole(self, writer: asyncio.StreamWriter, body: bytes, status: int = 200) -> None:
        del body
        await super()._whole(writer, self.raw, status)


class SlowModel(FakeModel):
    """Answers with `status` when `go` is set; `asked` is set when it was asked."""

    def __init__(self, status: int = 200) -> None:
        super().__init__()
        self.status = status
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def _whole(self, writer: asyncio.StreamWriter, body: bytes, status: int = 200) -> None:
        self.asked.set()
        await self.go.wait()
        await super()._whole(writer, body, self.status if status == 200 else status)


def chunk(text: str, *, index: int = 0, reason: str | None = None, model: str | None = "fake-1") -> dict:
    """Return one chunk of a stream."""
    named = {"model": model} if model else {}
    return named | {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": reason}]}


async def hold_now(world, runtime) -> None:
    """Put the use on hold, and let the runtime know it, as it does within a second by itself."""
    hold = Hold(id=new_id(), scope="use", target=USE, reason="test", by="executive", at=world.register.now())
    await asyncio.to_thread(world.register.append_record, "hold/1", USE, hold, [known_key("executive")])
    await asyncio.to_thread(runtime.snapshots.refresh)
