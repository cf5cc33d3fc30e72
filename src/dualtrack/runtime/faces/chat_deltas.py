"""What an upstream's stream says, chunk by chunk: its one choice, read strictly; whatever else stands there is garbage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError, InputError, UpstreamError
from dualtrack.runtime.faces.asgi import read_json
from dualtrack.runtime.faces.chat_tools import ToolDeltas
from dualtrack.runtime.faces.chat_upstream import finish_reason, whole_numbers
from dualtrack.runtime.upstream.sse import SseReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dualtrack.domain.policy import Upstream

__all__ = ["Deltas", "chunks_of"]


class Deltas:
    """Reads the chunks of one answer. Its text is handed on as it comes; calls, reason and usage are kept to the end.

    `told` is what the stream has said of its model; `answers`, whether a chunk had a choice yet: before that, a chunk
    that names no model says nothing about it.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._tools = ToolDeltas()
        self._reason: object = None
        self.told: dict[str, Any] = {}
        self.answers = False
        self.spoke = False

    @property
    def usage(self) -> dict[str, int]:
        """Return the tokens that the stream reported."""
        return whole_numbers(self.told.get("usage"))

    def renamed(self, chunk: dict[str, Any]) -> bool:
        """Take in what a chunk says of its model; tell whether that is other than before."""
        told = {name: chunk[name] for name in ("model", "system_fingerprint", "usage") if chunk.get(name)}
        other = any(self.told.get(name) != told[name] for name in told if name != "usage")
        self.told |= told
        self.answers = self.answers or bool(chunk.get("choices"))
        return other

    def text(self, chunk: dict[str, Any]) -> str:
        """Return the text of a chunk; raises UpstreamError for more than one choice, or another than the first."""
        try:
            choices = chunk["choices"]
            choice = choices[0] if choices else {"delta": {}}
            delta = choice["delta"]
            alone = len(choices) <= 1 and choice.get("index", 0) == 0
            content = (delta.get("content") or "") if alone else None
            self._reason = choice.get("finish_reason") or self._reason
            if delta.get("tool_calls"):
                self._tools.add(delta["tool_calls"])
        except (KeyError, IndexError, TypeError, AttributeError, FieldError):
            content = None
        if type(content) is not str:
            raise self._garbage("not a chunk of a completion")
        self.spoke = self.spoke or bool(content.strip())
        return content

    def end(self) -> tuple[list[dict[str, Any]], str]:
        """Return the whole calls and why the answer ended; raises UpstreamError where there was neither text nor a call."""
        try:
            calls = self._tools.calls()
        except FieldError as error:
            raise self._garbage("tool calls that are not whole") from error
        if not self.spoke and not calls:
            raise self._garbage("an empty answer")
        return calls, finish_reason(self._reason, calls)

    def _garbage(self, found: str) -> UpstreamError:
        return UpstreamError(found, where=self._upstream.id, code="upstream.garbage")


async def chunks_of(stream: AsyncIterator[bytes], upstream: Upstream) -> AsyncIterator[dict[str, Any]]:
    """Yield the chunks of a stream; raises UpstreamError when it ends without its end mark or holds no JSON."""
    reader = SseReader(where=upstream.id)
    async for data in stream:
        for event in reader.feed(data):
            if event == b"[DONE]":
                return
            try:
                yield read_json(event)
            except InputError as error:
                raise UpstreamError("not JSON", where=upstream.id, code="upstream.garbage") from error
    raise UpstreamError("the stream ended without its end", where=upstream.id, code="upstream.closed")
