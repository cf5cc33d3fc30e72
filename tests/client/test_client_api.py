"""The Python client against the real application: typed answers, pages followed, refusals with their problem document."""

from __future__ import annotations

import sys
import time

import httpx
import pytest
from server_world import FIRM, ORIGIN, PASSWORD, USE, ServerWorld

from dualtrack import client as module
from dualtrack.client import ApiError, Client, Said, connection
from dualtrack.errors import FieldError, MissingExtraError, UpstreamError
from dualtrack.ledger.merkle import verify_consistency, verify_inclusion
from dualtrack.runtime.live import LiveUse
from dualtrack.web.identity.roles import ConsoleRole


class Bridge(httpx.BaseTransport):
    """Lets a synchronous client call an application in memory."""

    def __init__(self, served) -> None:
        self.served = served
        self.inner = httpx.ASGITransport(served.app, client=("192.0.2.7", 1))

    def handle_request(self, request):
        async def ask():
            sent = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            answer = await self.inner.handle_async_request(sent)
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return self.served.runner.run(ask())


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("served"))
    yield found
    found.close()


@pytest.fixture
def connect(served):
    made = []

    def connected(**more):
        made.append(Client(ORIGIN, transport=Bridge(served), **more))
        return made[-1]

    yield connected
    for item in made:
        item.close()


def test_a_decision_its_receipt_and_its_proof(served, connect):
    client = connect(key=served.key(ConsoleRole.CALLER))
    answer = client.decide(USE, {"late": 3}, person="C-1024", language="zh-Hant")
    assert (answer.outcome, answer.mode) == ("served", "live")
    assert "令結果上升：曾逾期還款" in answer.reasons
    while served.runtime.recorders[FIRM].waiting:
        pass
    receipt = connect().receipt(answer.receipt)
    assert receipt.decision == answer.decision
    assert Said(en="raised by: payments were late", zh="令結果上升：曾逾期還款") in [
        item.says for item in receipt.explained
    ]
    assert receipt.why.en == "A model computed this from the details given."
    auditor = connect(key=served.key(ConsoleRole.AUDITOR))
    assert auditor.decision(answer.decision)["record"]["use"] == USE
    head = auditor.head()
    proof = auditor.prove(receipt.proof.index)
    path = [bytes.fromhex(step) for step in proof.path]
    root = served.runtime.registers[FIRM].repository.root(proof.size)
    verify_inclusion(proof.index, proof.size, bytes.fromhex(proof.leaf_hash), path, root)
    growth = auditor.prove_growth(3, head.size)
    steps = [bytes.fromhex(step) for step in growth.path]
    verify_consistency(3, head.size, bytes.fromhex(growth.old_root), bytes.fromhex(growth.new_root), steps)


def test_lists_are_followed_from_page_to_page(served, connect, monkeypatch):
    caller, auditor = connect(key=served.key(ConsoleRole.CALLER)), connect(key=served.key(ConsoleRole.AUDITOR))
    made = {caller.decide(USE, {"late": late}).decision for late in (0, 1, 2)}
    while served.runtime.recorders[FIRM].waiting:
        pass
    monkeypatch.setattr(auditor, "_address", lambda path, _query: f"{path}?limit=1")
    seen = [line.id for line in auditor.decisions(use=USE)]
    assert made <= set(seen)
    assert seen == sorted(seen, reverse=True)
    assert list(auditor.reviews()) == []


def test_a_refusal_carries_the_problem_document(served, connect):
    client = connect(key=served.key(ConsoleRole.CALLER))
    with pytest.raises(ApiError) as caught:
        client.decide(f"{FIRM}/never-declared", {"late": 1})
    error = caught.value
    assert (error.status, error.code) == (403, "permit.unknown-use")
    assert error.document["detail"] == error.found
    assert error.fix
    with pytest.raises(ApiError, match="none of the roles"):
        client.head()


def test_a_person_holds_and_another_releases(served, connect):
    stopping, releasing = connect(), connect()
    stopping.sign_in("compliance", PASSWORD)
    releasing.sign_in("approver", PASSWORD)
    made = stopping.set_hold("use", USE, reason="a drill", password=PASSWORD)
    hold = made["hold"]["id"]
    assert [line.id for line in stopping.holds()] == [hold]
    with pytest.raises(ApiError) as caught:
        stopping.release_hold(hold, reason="over", password=PASSWORD)
    assert caught.value.code == "signature.four-eyes"
    assert releasing.release_hold(hold, reason="over", password=PASSWORD).released_by == "executive"
    assert stopping.holds() == []
    until_s = time.monotonic() + 10
    while not isinstance(served.runtime.snapshots.current.uses[USE], LiveUse):  # the next test decides
        assert time.monotonic() < until_s
        time.sleep(0.02)
    with pytest.raises(ApiError):
        stopping.act_on_review("0" * 26, "claim")


def test_a_server_that_is_not_there_is_said(connect):
    with Client("http://127.0.0.1:9", timeout_s=2) as client, pytest.raises(UpstreamError, match="cannot be reached"):
        client.head()


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json={"size": "x"})])
def test_an_answer_of_another_kind_is_said(answer):
    with Client(ORIGIN, transport=httpx.MockTransport(lambda _: answer)) as client, pytest.raises(UpstreamError):
        client.head()


@pytest.mark.parametrize("answer", [httpx.Response(502, text="<html>"), httpx.Response(500, json=[1])])
def test_a_refusal_without_a_document_is_still_one(answer):
    with Client(ORIGIN, transport=httpx.MockTransport(lambda _: answer)) as client, pytest.raises(ApiError) as caught:
        client.head()
    assert caught.value.status == answer.status_code


@pytest.mark.parametrize("code", ["../session", "a?b=c", "a#b", "a/b", "a\nb", "\ud800", "é"])
def test_what_was_typed_as_a_code_stays_one_part_of_the_path(code):
    asked = []

    def served(request):
        asked.append(request.url.raw_path)
        return httpx.Response(404, json={})

    with Client(ORIGIN, transport=httpx.MockTransport(served)) as client, pytest.raises(ApiError):
        client.receipt(code)
    assert asked[0].startswith(b"/api/v1/receipts/")
    assert not set(asked[0].removeprefix(b"/api/v1/receipts/")) & set(b"/?#\n")


def test_what_is_no_address_is_said():
    with pytest.raises(FieldError, match="no address"):
        Client("http://127.0.0.1:1\n")
    with Client(ORIGIN) as client, pytest.raises(UpstreamError, match="cannot be reached"):
        client.receipt("x" * 70_000)


def test_a_list_without_an_end_is_refused_not_cut(monkeypatch):
    monkeypatch.setattr(connection, "PAGES_MAX", 3)
    endless = httpx.Response(200, json=[], headers={"link": '</api/v1/holds?after=1>; rel="next"'})
    served = httpx.MockTransport(lambda _: endless)
    with Client(ORIGIN, transport=served) as client, pytest.raises(UpstreamError, match="more than 3 pages"):
        client.holds()


def test_without_httpx_the_part_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtraError):
        Client(ORIGIN)
    assert module.__all__


def test_complaints_are_recorded_listed_and_read(served, connect):
    caller, staff = connect(key=served.key(ConsoleRole.CALLER)), connect(key=served.key(ConsoleRole.COMPLIANCE))
    answer = caller.decide(USE, {"late": 3}, person="C-9")
    while served.runtime.recorders[FIRM].waiting:
        pass
    assert connect().complain_by_receipt(answer.receipt, "It was wrong.")["id"]
    made = caller.complain(USE, "So was this.", decision=answer.decision)
    assert (made.use, made.decision, made.counted) == (USE, answer.decision, False)
    lines = staff.complaints(use=USE)
    assert [line.means for line in lines] == ["program", "receipt"]
    assert staff.open_complaint(made.entry, reason="handling it") == "So was this."
