"""The model under measurement: callables and HTTP endpoints that behave and that do not."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.adapters.http import HttpScorer
from dualtrack.evidence.models import CallableScorer, Scorer

RELEASE = "ab" * 32


class Endpoint(BaseHTTPRequestHandler):
    """Scores a row as its sum; the path chooses a misbehaviour."""

    seen = []

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["rows"]
        self.seen.append((self.path, len(rows), self.headers.get("X-Key")))
        answers = {
            "/good": json.dumps({"scores": [sum(row) for row in rows]}),
            "/short": json.dumps({"scores": [1.0]}),
            "/text": json.dumps({"scores": ["high"] * len(rows)}),
            "/nan": '{"scores": [' + ",".join(["NaN"] * len(rows)) + "]}",
            "/list": json.dumps([1, 2]),
            "/html": "<html>",
            "/deep": "[" * 100_000,
            "/flood": " " * 1_000_000,
        }
        if self.path == "/slow":
            time.sleep(1)
        status = {"/error": 500, "/moved": 302}.get(self.path, 200)
        body = answers.get(self.path.partition("?")[0], "{}").encode()
        self.send_response(status)
        self.send_header("Location", "/good")
        self.send_header("Content-Length", str(len(body) if self.path != "/trickle" else 99))
        self.end_headers()
        try:
            if self.path == "/trickle":
                for _ in range(20):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.05)
            self.wfile.write(body)
        except OSError:  # the client gave up, as it should
            self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


ROWS = np.arange(12.0).reshape(6, 2)


def test_callable_and_endpoint_give_the_same_scores(address):
    Endpoint.seen.clear()
    local = CallableScorer(lambda rows: rows.sum(axis=1), release_digest=RELEASE)
    remote = HttpScorer(f"{address}/good?v=1", release_digest=RELEASE, batch_rows=4, headers={"X-Key": "k"})
    assert isinstance(local, Scorer)
    assert isinstance(remote, Scorer)
    assert np.array_equal(local.score(ROWS), remote.score(ROWS))
    assert Endpoint.seen == [("/good?v=1", 4, "k"), ("/good?v=1", 2, "k")]
    assert len(remote.score(ROWS[:0])) == 0


@pytest.mark.parametrize(
    ("path", "message"),
    [("short", "1 scores for 6 rows"), ("text", "not numbers"), ("nan", "not finite"), ("list", "without a list"), ("html", "not JSON"),
     ("deep", "not JSON|more than"), ("flood", "more than 4480 bytes"), ("error", "status 500"), ("moved", "status 302")],
)  # fmt: skip
def test_a_wrong_answer_is_named(address, path, message):
    with pytest.raises(EvidenceError, match=message) as caught:
        HttpScorer(f"{address}/{path}", release_digest=RELEASE).score(ROWS)
    assert f"/{path}, rows from 0" in caught.value.where


@pytest.mark.parametrize("path", ["slow", "trickle"])
def test_a_slow_answer_ends(address, path):
    start = time.monotonic()
    with pytest.raises(EvidenceError, match="timed out"):
        HttpScorer(f"{address}/{path}", release_digest=RELEASE, timeout_s=0.2).score(ROWS)
    assert time.monotonic() - start < 0.9


def test_nobody_there_is_named_without_secrets():
    scorer = HttpScorer("http://user:secret@127.0.0.1:9/score?key=secret", release_digest=RELEASE, timeout_s=1)
    with pytest.raises(EvidenceError, match="no answer") as caught:
        scorer.score(ROWS)
    assert "secret" not in str(caught.value)


def test_a_callable_is_checked_too():
    with pytest.raises(EvidenceError, match="2 scores for 6 rows"):
        CallableScorer(lambda _: [1, 2], release_digest=RELEASE).score(ROWS)


@pytest.mark.parametrize(
    "make",
    [
        lambda: HttpScorer("file:///etc/passwd", release_digest=RELEASE),
        lambda: HttpScorer("http://h:99999/", release_digest=RELEASE),
        lambda: HttpScorer("http://", release_digest=RELEASE),
        lambda: HttpScorer("http://h", release_digest="short"),
        lambda: HttpScorer("http://h", release_digest=RELEASE, batch_rows=0),
        lambda: HttpScorer("http://h", release_digest=RELEASE, timeout_s=0),
        lambda: CallableScorer(len, release_digest="Z" * 64),
    ],
)
def test_wrong_settings_are_refused(make):
    with pytest.raises(FieldError):
        make()
