"""A model that stalls, lies about lengths, talks nonsense or changes its name: the fixed message, and a record of the fault."""

from __future__ import annotations

import asyncio
import time

import pytest
from fault_checks import look, partial
from fault_client import QUESTION, ask
from fault_model import TEXT
from fault_world import USE, FaultWorld

CHAT = "/v1/chat/completions"
MESSAGE = "A colleague will look at this."
WHOLE = {
    "stall": "first_byte_timeout",
    "stall-in-body": "gap_timeout",
    "length-short": "length_mismatch",
    "length-long": "length_mismatch",
    "length-both": "bad_headers",
    "chunk-size": "bad_chunk",
    "garbage": "upstream.garbage",
    "list": "upstream.garbage",
    "utf-16": "upstream.garbage",
    "compressed": "bad_encoding",
    "status": "upstream.status",
    "no-http": "bad_status_line",
}
STREAMED = {
    "half-open": "closed_early",
    "stall": "gap_timeout",
    "chunk-size": "bad_chunk",
    "chunk-word": "bad_chunk",
    "garbage": "upstream.garbage",
    "not-a-chunk": "upstream.garbage",
    "not-utf8": "upstream.garbage",
    "no-end-mark": "upstream.closed",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    faults = FaultWorld(tmp_path_factory.mktemp("upstream"))
    yield faults, faults.serve()
    faults.close()


def question(fault: str, **more):
    return QUESTION | {"messages": [{"role": "user", "content": f"What is the fee? fault={fault}"}]} | more


def asked(served, body):
    faults, server = served
    return asyncio.run(ask(server.port, CHAT, body, faults.key))


def recorded(served, decision: str):
    faults, _ = served
    return look(faults.workspace).decisions[decision]


@pytest.mark.parametrize("fault", WHOLE)
def test_a_whole_answer_that_is_none(served, fault):
    call = asked(served, question(fault))
    assert (call.status, call.about["outcome"]) == (200, "fallback")
    assert call.text.startswith(MESSAGE)
    assert TEXT[:8] not in call.text
    record = recorded(served, call.about["decision"])
    assert [(item.component, item.fault) for item in record.upstream] == [("chat", WHOLE[fault])]
    assert record.output is None
    assert asked(served, question("none")).text == TEXT  # and the next call is as ever


@pytest.mark.parametrize("fault", STREAMED)
def test_a_stream_that_breaks(served, fault):
    call = asked(served, question(fault, stream=True))
    assert call.ended
    assert (call.status, call.about["outcome"]) == (200, "failed")
    assert call.chunks[-1]["choices"][0]["finish_reason"] == "content_filter"
    shown, _, told = call.text.partition("\n\n")
    assert TEXT.startswith(shown)
    assert told == MESSAGE
    record = recorded(served, call.about["decision"])
    assert [item.fault for item in record.upstream] == [STREAMED[fault]]
    assert record.output is not None
    assert asked(served, question("none", stream=True)).text == TEXT


def test_the_served_process_has_no_fault_of_its_own(served):
    faults, server = served
    assert not server.faults()
    assert not partial(look(faults.workspace))
    assert faults.counts()["cut"] <= len(WHOLE) + len(STREAMED)


@pytest.mark.parametrize(("fault", "stream"), [("other-model", False), ("other-model-midway", True)])
def test_a_model_that_changes_its_name_closes_the_use(tmp_path, fault, stream):
    """Also midway: what was released is not what goes on talking."""
    faults = FaultWorld(tmp_path, fingerprint="fake-1")
    try:
        served = faults, faults.serve()
        assert asked(served, question("none", stream=stream)).about["outcome"] == "served"
        call = asked(served, question(fault, stream=stream))
        assert call.about["outcome"] == ("failed" if stream else "fallback")
        assert call.text.endswith("A colleague will look at this." if stream else "(fictional)")
        record = recorded(served, call.about["decision"])
        assert record.code == "upstream.fingerprint"
        until_s = time.monotonic() + 30
        while (refused := asked(served, question("none"))).status == 200 and time.monotonic() < until_s:
            pass
        assert (refused.status, refused.json["type"]) == (403, "urn:dualtrack:error:permit.signal")
        assert refused.json["where"] == USE
    finally:
        faults.close()
