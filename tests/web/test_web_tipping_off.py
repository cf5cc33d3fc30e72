"""The wall of suspicion from end to end: a customer who is flagged and one who is not give the same answer, receipt, pages and log."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path

import pytest
from page_world import FIRM, USE, PageWorld
from structlog.testing import capture_logs

from dualtrack.domain import canonical
from dualtrack.domain.canonical import digest
from dualtrack.domain.records import Text, encode
from dualtrack.runtime.decide import Scoring
from dualtrack.runtime.decisions import get_decision
from dualtrack.runtime.faces.callers import Caller
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.governed import Governor
from dualtrack.runtime.guards.tipping_off import walled_content
from dualtrack.runtime.ids import shown_code
from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.lookup import contents_of
from dualtrack.runtime.receipts import find_receipt
from dualtrack.runtime.reviews import ReviewDesk
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.web.pages import decisions, receipt, reviews
from permit import firm as made
from runtime.fake_model import ask

CODE = digest(Path(__file__).read_bytes())
FIELD, FLAG = "watch_note", "REPORTED-XYZ"
FIELDS = [
    {"name": "late", "type": "number", "low": 0, "high": 12},
    {"name": "used", "type": "number", "low": 0, "high": 2, "required": False},
    {"name": FIELD, "type": "string", "required": False, "suspicion": True},
]
PLAIN = {"late": 3, "used": 0.9}
FLAGGED = PLAIN | {FIELD: FLAG}
SCHEMA = {"guard": "input_schema", "stage": "input", "action": "route"}
WALL = [
    {"guard": "tipping_off", "stage": "input", "action": "redact"},
    {"guard": "tipping_off", "stage": "output", "action": "block"},
]
LEAKS = "A suspicious transaction report was filed."
CASES = {
    "served": ({}, {}),
    "held": ({"review": {"mode": "hold", "due_minutes": 60}}, {}),
    "routed": ({}, {"late": 99}),
    "blocked": ({}, {"late": 12}),
}
"""How a call ends: what the policy has beside, and what the row says."""

VARIED = re.compile(
    r"(?:\d+ h )?\d+ min|(?:\d+ ?小時 ?)?\d+ ?分鐘|[0-9a-f]{16,}|[0-9a-hjkmnp-tv-z]{26}|\d+(?:[.,:]\d+)*"
)
"""Digests, ids, figures and times of two calls differ; words may not."""


def score(row):
    assert FIELD not in row
    if row["late"] == 12:
        return Scoring(0.5, (LEAKS,))
    return Scoring(row["late"] / 12, (Text(en="payments were late", zh="曾逾期還款"), "own words"))


@pytest.fixture
def world(tmp_path):
    found = PageWorld(tmp_path, (*receipt.PAGES, *decisions.PAGES, *reviews.PAGES))
    yield found
    found.close()


def permit(world, monkeypatch, **changes) -> None:
    """Permit the use with this file as its released code."""
    plain = made.release
    monkeypatch.setattr(made, "release", lambda **policy: plain(**policy) | {"code": CODE})
    world.permit(fields=FIELDS, guards=[SCHEMA, *WALL], **changes)


def written(runtime) -> None:
    while runtime.recorder(FIRM).waiting:
        time.sleep(0.005)


def over_http(runtime, row):
    async def inside():
        async with UpstreamClient() as client:
            app = HotPath(runtime, client, lambda _header: Caller("key", FIRM, None))
            return await ask(app, f"/v1/decide/{USE}", {"input": row, "person": "ann", "language": "en"})

    status, _, body = asyncio.run(inside())
    found = json.loads(body)
    return [status, found], found["decision"], found.get("receipt"), found.get("review")


def by_decorator(govern, row):
    answer = govern(USE)(score).decide(row, person="ann", language="en")
    return list(answer), answer.decision, answer.receipt, answer.review


def seen(world, decision, code, review) -> dict[str, object]:
    """Return all that anybody reads about a decision afterwards: customer, caller, reviewer, auditor."""
    register, runtime = world.register, world.runtime
    record = get_decision(register, decision).record
    vault = contents_of(register)
    found: dict[str, object] = {
        "contents": [vault.open(item) for item in (record.input, record.output, record.reasons) if item],
        "record": [record.outcome, record.code, [(item.guard, item.score, item.fired) for item in record.guards]],
        "receipt": unsigned(encode(find_receipt(runtime.registers.values(), code, runtime.gate)), code),
        "proof": unsigned(world.answer("GET", "/r/{code}/proof", path={"code": code}).data, code),
    }
    look = {"reason": "an inspection"}
    for language in ("en", "zh-Hant"):
        said = world.show("GET", "/r/{code}", path={"code": code}, language=language)
        found[f"receipt page {language}"] = to_words(said, code)
        for method, pattern, form in (
            ("GET", "/decisions/{id}", {}),
            ("POST", "/decisions/{id}/content", look),
            ("POST", "/decisions/{id}/replay", look),
        ):
            page = world.show(method, pattern, path={"id": decision}, form=form, language=language, by="auditor")
            found[f"{pattern} {language}"] = to_words(page, decision)
    if review is not None:
        view = ReviewDesk(register, runtime.recorder(FIRM).contents).get(review, by="rita", reason="reads")
        found["review"] = [view.draft, view.text, view.input, view.reasons]
        page = world.show("POST", "/reviews/{id}", path={"id": review}, form={"do": "look", "reason": "reads"})
        found["review page"] = to_words(page, review, decision)
    return found


def unsigned(data: bytes, code: str) -> str:
    """Return a receipt or its proof without head and path, which are other numbers for every entry."""
    plain = json.loads(data)
    proof = plain.get("proof", plain)
    del proof["note"], proof["path"]
    return to_words(json.dumps(plain, ensure_ascii=False), code)


def to_words(page: str, *names: str) -> str:
    """Return a page without what tells one call from the next whoever it is about."""
    for name in names:
        for form in (name, name.upper(), shown_code(name), name[-8:]):  # pages say the end of an id
            page = page.replace(form, "?")
    return VARIED.sub("#", page)


@pytest.fixture
def govern(world, monkeypatch, request):
    """Govern under a policy as the case says; its runtime is the one that the pages read."""
    permit(world, monkeypatch, **CASES[request.node.callspec.params["case"]][0])
    with Governor(world.world.workspace.root, world.world.clock) as found:
        world.runtime = found.runtime
        yield found
        world.runtime = None


@pytest.mark.parametrize(
    ("face", "case"),
    [*(("decorator", case) for case in CASES), *(("http", case) for case in CASES if case != "blocked")],
)
def test_flagged_and_unflagged_are_told_apart_by_nothing(world, govern, face, case):
    found = []
    for asked in (PLAIN | CASES[case][1], FLAGGED | CASES[case][1]):
        with capture_logs() as lines:
            answer, *named = by_decorator(govern, asked) if face == "decorator" else over_http(world.runtime, asked)
            written(world.runtime)
        shown = seen(world, *named)
        assert shown["record"][0] == {"held": "routed"}.get(case, case)
        answer = to_words(json.dumps(answer, default=repr, sort_keys=True), named[1])
        found.append(shown | {"answer": answer, "log": to_words(json.dumps(lines, default=repr), named[1])})
    unflagged, flagged = found
    for name, what in unflagged.items():
        assert flagged[name] == what, name
    assert flagged.keys() == unflagged.keys()
    entries = [entry.content for entry in world.register.repository.every(kinds=("decision/1", "review/1"))]
    for hidden in (FIELD, FLAG):
        assert hidden not in repr(flagged) + str(entries)


def test_a_row_recorded_before_the_wall_stood_there_is_read_behind_it(world, monkeypatch):
    permit(world, monkeypatch, **CASES["routed"][0])
    world.start()
    live = world.runtime.gate.enter(USE)
    assert isinstance(live, LiveUse)
    call = world.runtime.call(live, canonical.encode(FLAGGED), person="ann")
    record, code, review = call.end(
        "routed", code="guard.input_schema", output=None, review=world.runtime.review("guard_routed", live)
    )
    call.recorder.put(record, durable=True).result()
    shown = repr({name: what for name, what in seen(world, call.id, code, review).items() if name != "contents"})
    assert "late" in shown
    assert FLAG not in shown
    assert FIELD not in shown


@pytest.mark.parametrize("content", [b"[1]", b'"text"', b"\xff", b"{", b'{"late":3}'])
def test_what_is_no_walled_row_is_left_as_it_is(world, monkeypatch, content):
    permit(world, monkeypatch)
    world.start()
    assert walled_content(world.runtime.gate.enter(USE).policy, content) == content
