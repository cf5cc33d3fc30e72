"""Finding a model: an endpoint that answers, or "not run" with the reason; a real small model where one is installed."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from dualtrack.demo.language.model import ModelFound, NotRun, find_model
from dualtrack.errors import FieldError
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.upstream.client import UpstreamClient
from runtime.fake_model import ask
from runtime.local_model import local_model
from runtime.runtime_world import USE, World
from runtime.test_runtime_chat import CHAT, NOTICE, caller, chat_policy, recorded


@pytest.fixture
def world(tmp_path):
    found = World(tmp_path)
    yield found
    found.close()


@contextmanager
def endpoint(body, status=200):
    """Serve one body under /v1/models, on a real socket."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/v1/models" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def model():
    with local_model() as url:
        yield url


MODELS = json.dumps({"object": "list", "data": [{"id": "first", "object": "model"}, {"id": "second"}]}).encode()


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_an_endpoint_is_found_with_its_first_model(path):
    with endpoint(MODELS) as url:
        assert find_model(url + path) == ModelFound(f"{url}/v1", "first")
        assert find_model(url + path, model="second") == ModelFound(f"{url}/v1", "second")


@pytest.mark.parametrize(("body", "status", "model"), [
    (b"not json", 200, None), (b'{"data": []}', 200, None), (b'{"models": []}', 200, None), (MODELS, 500, None),
    (MODELS, 200, "third"), (b" " * (1 << 20) + MODELS, 200, None),
])  # fmt: skip
def test_whatever_else_an_endpoint_says_is_not_run_with_a_reason(body, status, model):
    with endpoint(body, status) as url:
        found = find_model(url, model=model)
    assert isinstance(found, NotRun)
    assert found.why.en.startswith("not run: ")
    assert found.why.zh.startswith("未執行：")


def test_no_address_and_nobody_there_are_not_run():
    with endpoint(MODELS) as url:
        pass
    for address in (None, "", url):
        assert isinstance(find_model(address), NotRun)


@pytest.mark.parametrize(
    "address", ["ftp://127.0.0.1/v1", "127.0.0.1:80", "http://user:secret@127.0.0.1/v1", "http://"]
)
def test_an_address_that_is_none_is_refused_and_not_repeated(address):
    with pytest.raises(FieldError) as caught:
        find_model(address)
    assert "secret" not in str(caught.value)


ASKED = {"model": USE, "user": "customer 7", "max_tokens": 8, "temperature": 0}
ASKED["messages"] = [{"role": "user", "content": "Question: What is a bank?"}]
ENGINE = """
class Llama:
    def __init__(self, model_path, n_ctx, n_threads, verbose):
        assert model_path.endswith("small.gguf")

    def create_completion(self, prompt, max_tokens, temperature, stream):
        assert prompt == "Question: What is a bank?\\n\\nAnswer:", prompt
        assert (max_tokens, temperature) == (8, 0)
        words = ["A bank ", "keeps ", "money."]
        if stream:
            return ({"choices": [{"text": word, "finish_reason": None}]} for word in words)
        usage = {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11}
        return {"choices": [{"text": "".join(words), "finish_reason": "stop"}], "usage": usage}
"""
"""The two calls of llama-cpp-python that the server makes, for where it is not installed."""


def governed(world, url, *, plan=None):
    """Permit a use in front of a model that was found, and ask it whole and as a stream; returns both answers."""
    found = find_model(url)
    assert isinstance(found, ModelFound)
    upstream = {
        "id": "model", "kind": "openai", "provider": "local", "url": found.url, "model": found.model, "first_byte_ms": 120_000,
        "gap_ms": 120_000,
    }  # fmt: skip
    world.permit(plan=plan, **chat_policy(found.url, upstreams=[upstream]))

    async def inside(runtime):
        async with UpstreamClient() as client:
            app = HotPath(runtime, client, caller)
            return [await ask(app, CHAT, ASKED | {"stream": stream}) for stream in (False, True)]

    with world.open() as runtime:
        return asyncio.run(inside(runtime))


def served(world, url):
    """Hold what a model answered under a permit to what the path promises; returns both texts."""
    (status, _, whole), (again, _, stream) = governed(world, url)
    assert (status, again) == (200, 200)
    answer = json.loads(whole)
    text = answer["choices"][0]["message"]["content"]
    assert text.startswith(NOTICE["en"])
    assert len(answer["dualtrack"]["receipt"]) == 12
    events = [line[6:] for line in stream.decode().split("\n\n") if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    streamed = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
    assert streamed.startswith(NOTICE["en"])
    assert chunks[-1]["dualtrack"]["outcome"] == "served"
    decisions = recorded(world)
    assert [item.outcome for item in decisions] == ["served", "served"]
    assert all(item.permit and item.output and item.upstream[0].component == "model" for item in decisions)
    assert 0 < decisions[0].upstream[0].tokens_out <= 8
    return text[len(NOTICE["en"]) :].strip(), streamed[len(NOTICE["en"]) :].strip()


def test_llama_cpp_python_is_served_where_it_is_the_engine(world, tmp_path, monkeypatch):
    (tmp_path / "llama_cpp.py").write_text(ENGINE)
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("DUALTRACK_TEST_MODEL_PYTHON", sys.executable)
    monkeypatch.setenv("DUALTRACK_TEST_MODEL_GGUF", str(tmp_path / "small.gguf"))
    with local_model() as url:
        assert served(world, url) == ("A bank keeps money.", "A bank keeps money.")


@pytest.mark.slow
def test_a_real_model_answers_under_a_permit_whole_and_streamed(world, model):
    assert all(served(world, model))


@pytest.mark.slow
def test_what_a_real_model_says_under_a_trial_permit_waits_for_a_person(world, model):
    for _, _, body in governed(world, model, plan="trial"):
        assert b"A colleague will look at this." in body
    decisions = recorded(world)
    assert [(item.mode, item.outcome, item.code) for item in decisions] == [("trial", "routed", "review.hold")] * 2
    assert all(item.review and item.output for item in decisions)
