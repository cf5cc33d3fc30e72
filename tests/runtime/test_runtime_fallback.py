"""Fixed rules in place of a model: over rows, when it fails, on hold, without a permit, and again in a replay."""

from __future__ import annotations

import asyncio
import json
import time

import msgspec
import pytest

from dualtrack.domain import canonical
from dualtrack.domain.decision import Decision
from dualtrack.domain.fallback import RULES_COMPONENT
from dualtrack.domain.oversight import Hold, HoldRelease, Signal
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import RefusedError
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.faces.callers import Caller
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.opting import opt_out
from dualtrack.runtime.receipts import find_receipt
from dualtrack.runtime.replaying import replay
from dualtrack.runtime.upstream.client import UpstreamClient
from permit.firm import known_key
from runtime.fake_model import ask
from runtime.runtime_world import FIRM, USE


def says(english: str) -> list[dict[str, str]]:
    return [{"en": english, "zh-Hant": f"（譯）{english}"}]


ROWS = [
    {"id": "late", "when": "row.late >= 3.0", "output": "refer", "says": says("payments were late")},
    {"id": "used", "when": "row.used > 0.8 && row.late < 3.0", "output": "watch", "says": says("the limit is used")},
    {"id": "unclear", "when": "row.late == 2.0", "person": True},
]
RULES = {"rows": ROWS, "otherwise": {"output": "leave", "says": says("nothing stands out")}}
RULED = {"fallback": "rules", "rules": RULES}
PHRASES = [
    {"id": "card", "phrases": ["lost card", "信用卡不見了"], "answer": {"en": "Call 1.", "zh-Hant": "致電一。"}},
    {"id": "fee", "phrases": ["fee", "收費"], "answer": {"en": "HK$100.", "zh-Hant": "一百元。"}},
]


def fails(_row):
    raise KeyError("the name of a customer")


def never(_row):
    raise AssertionError("the model was called")


def recorded(world) -> list[Decision]:
    entries = world.register.repository.every(kinds=("decision/1",))
    return [read_record(canonical.decode(entry.content), Decision, where="test") for entry in entries]


def hold(world, scope: str = "use", target: str = USE, about: str = USE) -> Hold:
    found = Hold(id=new_id(), scope=scope, target=target, reason="test", by="executive", at=world.register.now())
    world.register.append_record("hold/1", about, found, [known_key("executive")])
    world.settle()
    return found


# a decision


def test_when_the_model_fails_the_rules_answer_with_reasons_and_a_receipt(world):
    world.permit(**RULED)
    with world.open() as runtime:
        answer = decide(runtime, USE, {"late": 4}, fails, person="seven", language="zh-Hant")
        assert (answer.outcome, answer.output, answer.code) == ("fallback", "refer", "model.keyerror")
        assert answer.reasons == ("（譯）payments were late",)
        assert answer.message is None
        time.sleep(0.2)
        receipt = find_receipt(runtime.registers.values(), answer.receipt)
    assert receipt.outcome == "fallback"
    assert receipt.reasons == ["（譯）payments were late"]
    assert receipt.decided_by == ["fallback-rules: late"]
    assert receipt.says.en.startswith("No AI")
    found = recorded(world)[0]
    assert (found.upstream[-1].component, found.upstream[-1].model) == (RULES_COMPONENT, "late")
    assert "customer" not in str(found)


def test_the_rules_may_send_the_case_to_a_person(world):
    world.permit(**RULED)
    with world.open() as runtime:
        answer = decide(runtime, USE, {"late": 2}, fails)
    assert (answer.outcome, answer.output) == ("routed", None)
    assert answer.message is not None
    assert answer.review is not None


def test_without_rules_a_failure_stays_one(world):
    world.permit()
    with world.open() as runtime, pytest.raises(KeyError):
        decide(runtime, USE, {"late": 2}, fails)
    assert recorded(world)[0].outcome == "failed"


def test_the_disclosure_stands_with_an_answer_of_the_rules(world):
    told = {"text": {"en": "A machine answers.", "zh-Hant": "由機器回應。"}, "every": True}
    world.permit(**RULED, disclosure=told)
    with world.open() as runtime:
        assert decide(runtime, USE, {"late": 4}, fails).disclosure.en == "A machine answers."
    assert recorded(world)[0].disclosure is not None


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"review": {"mode": "hold"}}, "routed"),
        ({"guards": [{"guard": "output_checks", "stage": "output", "action": "block"}]}, "fallback"),
    ],
)
def test_review_and_output_checks_bind_the_rules_too(world, changes, outcome):
    world.permit(**(RULED | changes))
    with world.open() as runtime:
        answer = decide(runtime, USE, {"late": 4}, fails)
    assert answer.outcome == outcome
    assert (answer.output is None) is (outcome == "routed")


def test_a_person_who_opted_out_gets_a_person_also_from_the_rules(world):
    world.permit(**RULED, opt_out=True)
    with world.open() as runtime:
        opt_out(world.register, runtime.subjects, USE, person="seven")
        world.settle()
        answer = decide(runtime, USE, {"late": 4}, never, person="seven")
    assert (answer.outcome, answer.code) == ("routed", "opted-out")


# on hold


def test_on_hold_the_rules_answer_and_the_model_is_not_called(world):
    world.permit(**RULED)
    with world.open() as runtime:
        found = hold(world)
        answer = decide(runtime, USE, {"late": 4}, never)
        assert (answer.outcome, answer.output, answer.code) == ("fallback", "refer", "permit.held")
        assert answer.receipt
        with pytest.raises(RefusedError) as caught:
            runtime.gate.enter(USE)  # no model
        assert caught.value.code == "permit.held"
        end = HoldRelease(hold=found.id, reason="well again", by="owner", at=world.register.now())
        world.register.append_record("hold-release/1", USE, end, [known_key("owner")])
        world.settle()
        assert decide(runtime, USE, {"late": 4}, lambda _row: Scoring(0.5, ("late",))).outcome == "served"


@pytest.mark.parametrize(
    ("scope", "ruled"),
    [("use", True), ("component", True), ("provider", True), ("release", False), ("institution", False)],
)
def test_what_a_hold_leaves_depends_on_what_is_held(world, scope, ruled):
    world.permit(**RULED)
    target = {
        "use": USE, "component": "model", "provider": "in-house", "release": world.release, "institution": FIRM,
    }[scope]  # fmt: skip
    with world.open() as runtime:
        hold(world, scope, target, USE if scope in {"use", "release"} else FIRM)
        if ruled:
            assert decide(runtime, USE, {"late": 4}, never).outcome == "fallback"
        else:
            with pytest.raises(RefusedError):
                decide(runtime, USE, {"late": 4}, never)


def test_on_hold_a_policy_without_rules_leaves_the_message(world):
    world.permit()
    with world.open() as runtime:
        hold(world)
        with pytest.raises(RefusedError) as caught:
            decide(runtime, USE, {"late": 4}, never)
        assert runtime.gate.closed(USE).message.en
    assert caught.value.code == "permit.held"
    assert not recorded(world)


def test_without_a_permit_no_rule_answers_held_or_not(world):
    world.permit(**RULED)
    with world.open() as runtime:
        signal = Signal(use=USE, kind="fingerprint_changed", at=world.register.now(), value=1, of=1)
        world.register.append_plain([("signal/1", USE, encode(signal))])
        world.settle()
        with pytest.raises(RefusedError) as caught:
            decide(runtime, USE, {"late": 4}, never)
        assert caught.value.code == "permit.signal"
        hold(world)
        with pytest.raises(RefusedError):
            decide(runtime, USE, {"late": 4}, never)
    assert not recorded(world)


def test_a_shadow_use_on_hold_answers_nobody(world):
    world.permit(plan="shadow", **RULED)
    with world.open() as runtime:
        hold(world)
        with pytest.raises(RefusedError):
            decide(runtime, USE, {"late": 4}, never)


def test_on_hold_a_trial_sends_the_rules_answer_to_a_person(world):
    world.permit(plan="trial", **RULED)
    with world.open() as runtime:
        hold(world)
        answer = decide(runtime, USE, {"late": 4}, never)
    assert (answer.outcome, answer.code, answer.output) == ("routed", "review.hold", None)


def test_a_replay_of_a_rules_answer_gives_the_same_bytes(world):
    world.permit(**RULED)
    with world.open() as runtime:
        name = decide(runtime, USE, {"late": 4}, fails).decision
        time.sleep(0.2)
        assert replay(runtime, FIRM, name, by="auditor", reason="audit").result == "same"


# over HTTP


def over_http(world, scenario, **changes):
    async def inside():
        world.permit(**changes)
        with world.open() as runtime:
            async with UpstreamClient() as client:
                return await scenario(HotPath(runtime, client, lambda _header: Caller("key", FIRM, None)), runtime)

    return asyncio.run(inside())


DEAD = {"id": "model", "kind": "http", "provider": "lab", "url": "http://127.0.0.1:9/score", "connect_ms": 200}


def test_an_endpoint_that_is_down_and_then_rests_leaves_the_rules(world):
    async def scenario(app, _runtime):
        return [await ask(app, f"/v1/decide/{USE}", {"input": {"late": 4}}) for _ in range(8)]

    answers = over_http(world, scenario, **RULED, upstreams=[DEAD])
    assert [status for status, _, _ in answers] == [200] * 8
    assert {json.loads(body)["outcome"] for _, _, body in answers} == {"fallback"}
    assert {json.loads(body)["output"] for _, _, body in answers} == {"refer"}
    assert json.loads(answers[-1][2])["code"] == "upstream.resting"


def test_on_hold_decide_over_http_answers_by_the_rules(world):
    async def scenario(app, _runtime):
        await asyncio.to_thread(hold, world)
        return await ask(app, f"/v1/decide/{USE}", {"input": {"late": 4}})

    status, _, body = over_http(world, scenario, **RULED)
    found = msgspec.json.decode(body)
    assert (status, found["outcome"], found["code"], found["output"]) == (200, "fallback", "permit.held", "refer")


def test_on_hold_a_row_is_not_answered_by_rules_for_conversations(world):
    async def scenario(app, _runtime):
        await asyncio.to_thread(hold, world)
        return await ask(app, f"/v1/decide/{USE}", {"input": {"late": 4}})

    status, _, body = over_http(world, scenario, fallback="rules", rules={"phrases": PHRASES})
    found = msgspec.json.decode(body)
    assert (status, found["outcome"], found["code"], found["output"]) == (423, "stopped", "permit.held", None)


def test_a_model_in_process_that_fails_over_http_leaves_the_rules(world, monkeypatch):
    class Broken:
        says = {}

        def score(self, _row):
            raise ZeroDivisionError

    async def scenario(app, runtime):
        monkeypatch.setattr(runtime.models, "of", lambda _live: Broken())
        return await ask(app, f"/v1/decide/{USE}", {"input": {"late": 4}})

    status, _, body = over_http(world, scenario, **RULED)
    found = msgspec.json.decode(body)
    assert (status, found["outcome"], found["code"]) == (200, "fallback", "model.zerodivisionerror")
