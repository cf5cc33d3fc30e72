"""Endpoints that rate-limit, break off, stall and lie, and a language model's endpoint."""

import json
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.adapters.http import HttpScorer
from dualtrack.evidence.adapters.language import ChatAnswerer
from dualtrack.evidence.adapters.opening import open_model
from dualtrack.evidence.adapters.transport import Patience

RELEASE = "ab" * 32
ROWS = np.arange(8.0).reshape(4, 2)
QUICK = Patience(attempts_max=3, total_s=5.0, step_s=0.01, step_s_max=0.02)


class Endpoint(BaseHTTPRequestHandler):
    """Answers as scripted by the path: `/busy` says later twice, and so on. `seen` holds what was asked."""

    seen = []
    protocol_version = "HTTP/1.0"

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, question, self.headers.get("Authorization")))
        before = sum(path == self.path for path, _, _ in self.seen) - 1
        if self.path.startswith("/stall"):
            time.sleep(0.4)
        status, headers, body = self.answer(question, before)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(json.dumps(body).encode())
        except OSError:
            self.close_connection = True

    def answer(self, question, before):
        good = 200, {}, {"scores": [sum(v or 0 for v in row) for row in question.get("rows", [])]}
        if self.path.endswith("/chat/completions"):
            return self.chat(question)
        past = formatdate(time.time() - 5, usegmt=True)
        later = {"/busy": (2, 429, "0"), "/dated": (1, 503, past), "/nonsense": (1, 503, "soon"), "/never": (99, 429, "0"),
                 "/later": (99, 429, "3600"), "/gateway": (2, 502 + 2 * (before % 2), None)}  # fmt: skip
        times, status, wait = later.get(self.path, (0, 200, None))
        if before < times:
            return status, {"Retry-After": wait} if wait else {}, {}
        others = {"/refuses": (422, {}, {}), "/lies": (200, {}, {"scores": [1.0, 2.0, 3.0]})}
        return others.get(self.path, good)

    def chat(self, question):
        if self.path.startswith("/formless"):
            return 200, {}, {"choices": []}
        if self.path.startswith("/silent"):
            return 200, {}, {"choices": [{"message": {"content": None}}]}
        text = question["messages"][-1]["content"].upper()
        reason = "length" if len(text) > 5 else "stop"
        return 200, {}, {"choices": [{"message": {"content": text}, "finish_reason": reason}]}

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


@pytest.fixture(autouse=True)
def _nothing_seen():
    Endpoint.seen.clear()


@pytest.mark.parametrize(("path", "asked"), [("busy", 3), ("dated", 2), ("nonsense", 2), ("gateway", 3)])
def test_later_is_waited_out(address, path, asked):
    scorer = HttpScorer(f"{address}/{path}", release_digest=RELEASE, patience=QUICK)
    assert np.array_equal(scorer.score(ROWS), ROWS.sum(axis=1))
    assert len(Endpoint.seen) == asked


def test_waiting_ends_after_the_attempts(address):
    with pytest.raises(EvidenceError, match="status 429 3 times") as caught:
        HttpScorer(f"{address}/never", release_digest=RELEASE, patience=QUICK).score(ROWS)
    assert caught.value.code == "evidence.model-unreachable"
    assert len(Endpoint.seen) == 3


def test_a_wait_past_the_deadline_is_not_begun(address):
    with pytest.raises(EvidenceError, match="asks to wait 3600 s"):
        HttpScorer(f"{address}/later", release_digest=RELEASE, patience=QUICK).score(ROWS)
    assert len(Endpoint.seen) == 1


def test_the_deadline_is_for_all_batches_together(address):
    short = Patience(total_s=0.6)
    scorer = HttpScorer(f"{address}/stall", release_digest=RELEASE, batch_rows=1, patience=short)
    with pytest.raises(EvidenceError, match="no answer") as caught:
        scorer.score(ROWS)
    assert caught.value.code == "evidence.model-timeout"
    assert 1 <= len(Endpoint.seen) <= 2


@pytest.mark.parametrize(("path", "code"), [("refuses", "evidence.model-raised"), ("lies", "evidence.model-answer")])
def test_the_code_tells_a_refusal_from_a_lie(address, path, code):
    with pytest.raises(EvidenceError) as caught:
        open_model(f"{address}/{path}", digest=RELEASE, patience=QUICK, timeout_s=5).score(ROWS)
    assert caught.value.code == code
    assert len(Endpoint.seen) == 1  # neither is asked again


def test_a_missing_number_is_sent_as_null_and_an_infinite_one_is_not_sent(address):
    scorer = open_model(f"{address}/good", digest=RELEASE)
    assert scorer.score(np.array([[1.0, np.nan]])).tolist() == [1.0]
    assert Endpoint.seen[0][1] == {"rows": [[1.0, None]]}
    with pytest.raises(FieldError, match="infinite"):
        scorer.score(np.array([[1.0, np.inf]]))


@pytest.mark.parametrize("patience", [Patience(attempts_max=0), Patience(total_s=0)])
def test_impatience_is_refused(patience):
    with pytest.raises(FieldError):
        HttpScorer("http://h", release_digest=RELEASE, patience=patience)


def test_a_language_model_answers_prompts(address, monkeypatch):
    monkeypatch.setenv("A_KEY", "sk-secret")
    model = ChatAnswerer(
        f"{address}/v1/",
        model="m",
        release_digest=RELEASE,
        key_variable="A_KEY",
        system="be short",
        tokens_max=9,
        seed=3,
    )
    answers = model.answer(["hi", "a longer one"])
    assert [tuple(each) for each in answers] == [("HI", False), ("A LONGER ONE", True)]
    path, question, authorization = Endpoint.seen[0]
    assert (path, authorization) == ("/v1/chat/completions", "Bearer sk-secret")
    assert {name: question[name] for name in ("model", "max_tokens", "temperature", "seed")} == {
        "model": "m", "max_tokens": 9, "temperature": 0, "seed": 3,
    }  # fmt: skip
    assert question["messages"][0] == {"role": "system", "content": "be short"}


@pytest.mark.parametrize("path", ["formless", "silent"])
def test_an_answer_without_text_is_named(address, path):
    with pytest.raises(EvidenceError, match="content") as caught:
        ChatAnswerer(f"{address}/{path}", model="m", release_digest=RELEASE).answer(["hi"])
    assert "prompt 0" in caught.value.where


def test_a_key_stands_in_no_error(address, monkeypatch):
    monkeypatch.setenv("A_KEY", "sk-secret")
    model = ChatAnswerer(f"{address}/formless", model="m", release_digest=RELEASE, key_variable="A_KEY")
    with pytest.raises(EvidenceError) as caught:
        model.answer(["hi"])
    assert "secret" not in f"{caught.value!r}{caught.value}{vars(model)}"
    monkeypatch.setenv("A_KEY", "sk-secret\nX: y")
    with pytest.raises(FieldError) as refused:
        model.answer(["hi"])
    assert "secret" not in str(refused.value)
    monkeypatch.delenv("A_KEY")
    with pytest.raises(FieldError, match="no key"):
        model.answer(["hi"])


def test_a_key_is_not_sent_where_others_can_read_it():
    with pytest.raises(FieldError, match="others can read"):
        ChatAnswerer("http://models.example/v1", model="m", release_digest=RELEASE, key_variable="A_KEY")
    with pytest.raises(FieldError):
        ChatAnswerer("https://models.example/v1", model="", release_digest=RELEASE)
