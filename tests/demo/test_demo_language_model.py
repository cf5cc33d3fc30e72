"""Finding a model: an endpoint that answers, or "not run" with the reason; a real small model where one is installed."""

from __future__ import annotations

import json
import sys
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dualtrack.demo.language.model import ModelFound, NotRun, find_model
from dualtrack.errors import FieldError

sys.path.insert(0, str(Path(__file__).parents[1] / "runtime"))
from local_model import local_model


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


@pytest.mark.slow
def test_a_real_model_generates_and_streams():
    with local_model() as url:
        found = find_model(url)
        assert isinstance(found, ModelFound)
        asked = {
            "model": found.model,
            "messages": [{"role": "user", "content": "Question: What is a bank?"}],
            "max_tokens": 8,
            "temperature": 0,
        }
        for stream in (False, True):
            request = urllib.request.Request(
                f"{found.url}/chat/completions",
                json.dumps({**asked, "stream": stream}).encode(),
                {"content-type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=120) as response:
                body = response.read().decode()
            if stream:
                assert body.count("data: ") > 3
                assert "[DONE]" in body
            else:
                answer = json.loads(body)
                assert answer["choices"][0]["message"]["content"].strip()
                assert 0 < answer["usage"]["completion_tokens"] <= 8
