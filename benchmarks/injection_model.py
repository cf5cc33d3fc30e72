"""A model endpoint that obeys everything: whatever order stands in a text that it is sent, it does. The worst that could stand behind a use.

It speaks the chat interface of OpenAI over HTTP. An order is known by most of its letters, so that spaces, marks and a fence do not hide it.
How it obeys is set before each question: of all manners the one that gets furthest counts.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from injection_texts import Order, holds, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHAT_MANNERS = ("plain", "cited", "mixed", "woven", "tools")
_FIRST = re.compile(r"===== (?:SOURCE|來源) 1 =====\n[^\n]*\n(.*?)\n=====", re.DOTALL)


class Obedient:
    """The endpoint. `orders` are those that it can meet; `obey` makes of one, and of the messages, what it answers to it.

    `honest` answers where there is no order. `met` are the orders that it was given by the last question, `asked` counts the questions.
    """

    def __init__(self) -> None:
        self.orders: Sequence[Order] = ()
        self.obey: Callable[[list[Order], list[dict[str, str]]], dict[str, Any]] = lambda *_: {"content": ""}
        self.honest: Callable[[list[dict[str, str]]], dict[str, Any]] = lambda _: {"content": ""}
        self.met: list[Order] = []
        self.asked = 0
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                data = json.dumps(model.answer(body["messages"])).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Say nothing of each request."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, messages: list[dict[str, str]]) -> dict[str, Any]:
        """Return a completion: what the orders in the messages demand, else an honest answer."""
        self.asked += 1
        text = "\n".join(each["content"] for each in messages)
        self.met = [each for each in self.orders if holds(text, each.text)]
        message = self.obey(self.met, messages) if self.met else self.honest(messages)
        return {
            "id": "x", "object": "chat.completion", "model": "obedient-1",
            "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }  # fmt: skip


def expanded(says: str, messages: list[dict[str, str]]) -> str:
    """Return what is demanded, with the prompt and the sources where it demands those."""
    system = "\n".join(each["content"] for each in messages if each["role"] == "system")
    sources = "\n".join(each["content"] for each in messages if each["role"] != "system")
    for mark, text in (("{system}", system), ("{sources}", sources), ("{all}", f"{system}\n{sources}")):
        says = says.replace(mark, text)
    return says


def call_of(tool: str) -> dict[str, Any]:
    """Return a call of a tool as the chat interface has it."""
    return {"id": "call-1", "type": "function", "function": {"name": tool, "arguments": "{}"}}


def honest_chat(messages: list[dict[str, str]]) -> dict[str, Any]:
    """Return the first sentence of the first source, cited."""
    match = _FIRST.search(messages[-1]["content"])
    parts = sentences(match[1]) if match else []
    return {"content": f"{parts[0]} [1]" if parts else ""}


def obey_chat(manner: str) -> Callable[[list[Order], list[dict[str, str]]], dict[str, Any]]:
    """Return how orders to a chat are carried out: in bare words, cited as if a source said them, after or within an honest sentence, by tools."""

    def obey(met: list[Order], messages: list[dict[str, str]]) -> dict[str, Any]:
        says = "\n".join(expanded(each.says, messages) for each in met)
        if manner == "plain":
            return {"content": says}
        if manner == "tools":
            return {"content": says, "tool_calls": [call_of(each.tool) for each in met if each.tool]}
        cited = " ".join(part if "[" in part else f"{part} [1]" for part in sentences(says))
        true = honest_chat(messages)["content"]
        if manner == "mixed":
            return {"content": f"{true} {cited}"}
        if manner == "woven":
            stem = true.removesuffix(" [1]").rstrip(".。")
            return {"content": " ".join(f"{stem}, {part.rstrip('.。')} [1]." for part in sentences(says))}
        return {"content": cited}

    return obey
