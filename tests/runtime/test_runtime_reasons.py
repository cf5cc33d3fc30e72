"""Words for every code that a decision can end with, and reasons in both languages wherever the words exist."""

from __future__ import annotations

import asyncio
import json
import re
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.planting import KnownWrong
from dualtrack.domain.records import Text, read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.runtime.answers import enter_for_answer, read_held
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.guards.registry import BUILT_IN
from dualtrack.runtime.lookup import decision_row, record_at
from dualtrack.runtime.models import keep_artifact
from dualtrack.runtime.opting import opt_out
from dualtrack.runtime.planting import plant
from dualtrack.runtime.reasons import (
    directed,
    every_text,
    in_language,
    is_directed,
    language_of_text,
    read_reasons,
    reason_words,
    why_code,
)
from dualtrack.runtime.receipts import find_receipt
from dualtrack.runtime.reviews import ReviewDesk
from dualtrack.runtime.upstream.client import UpstreamClient
from house_tree import ROOT
from permit.firm import FIRM, USE, declaration, known_key
from runtime.fake_model import FakeModel, ask
from runtime.planting_world import laid
from runtime.runtime_world import component, policy
from runtime.test_runtime_chat import CHAT, caller, chat_policy
from runtime.test_runtime_fallback import RULED, fails
from runtime.test_runtime_fallback_chat import CORPUS, asking

HAN = re.compile(r"[\u3400-\u9fff]")
LATE = Text(en="payments were late", zh="曾逾期還款")
ROW = {"late": 3, "used": 0.9}
FIELDS = policy()["fields"]
WATCHED = {"name": "watched", "type": "string", "required": False, "suspicion": True}
WALL = [
    {"guard": "tipping_off", "stage": "input", "action": "redact"},
    {"guard": "tipping_off", "stage": "output", "action": "block"},
]
RUNTIME = ROOT / "src" / "dualtrack" / "runtime"
CODES = sorted(
    {code for path in RUNTIME.rglob("*.py") for code in re.findall(r'code="([a-z.-]+)"', path.read_text("utf-8"))}
)
"""Codes that the runtime's source names: any error of ours may end a decision."""


def receipt(runtime, code):
    while runtime.recorder(FIRM).waiting:
        time.sleep(0.005)
    return find_receipt(runtime.registers.values(), code, runtime.gate)


# words


@pytest.mark.parametrize("code", [*CODES, *(f"guard.{name}" for name in BUILT_IN), "model.keyerror", "opted-out"])
def test_every_code_has_plain_words_in_both_languages(code):
    said = why_code(code)
    assert HAN.search(said.zh)
    assert not HAN.search(said.en)
    assert code not in said.en
    family = code.partition(".")[0]
    if family in {"guard", "opted-out", "review", "permit", "upstream", "model", "interrupted", "input"}:
        known = "review.hold" if family == "review" else code
        assert why_code(known) != reason_words().codes["other"]


def test_what_could_tell_of_a_suspicion_reads_as_other_checks_do():
    neutral = why_code("guard.tipping_off")
    assert neutral == why_code("guard.injection") == why_code("guard.output_checks") == why_code("guard.of-a-firm")
    for said in (*reason_words().codes.values(), *reason_words().made.values()):
        assert not re.search(r"suspici|investigat|report|\btip|launder", said.en, re.IGNORECASE)
        assert not re.search(r"可疑|調查|舉報|洗錢|通風報信", said.zh)


@given(st.lists(st.one_of(st.text(), st.builds(Text, en=st.text(), zh=st.text()))))
def test_sealed_reasons_read_back_and_each_language_is_whole(reasons):
    assert read_reasons(msgspec.json.encode(reasons)) == reasons
    for language in ("en", "zh-Hant"):
        said = in_language(reasons, language)
        assert len(said) == len(reasons)
        assert set(said) <= set(every_text(reasons))


@given(st.one_of(st.text(), st.builds(Text, en=st.text(), zh=st.text())), st.booleans())
def test_a_reason_of_a_signed_field_says_which_way(says, raised):
    found = directed(says, raised=raised)
    assert is_directed(found)
    assert found != directed(says, raised=not raised)
    assert found.en.endswith(says.en if isinstance(says, Text) else says)
    assert found.zh.endswith(says.zh if isinstance(says, Text) else says)
    assert not is_directed(LATE)


def test_a_low_score_has_reasons_that_say_so(world):
    world.permit()

    async def inside(runtime):
        async with UpstreamClient() as client:
            _, _, answer = await ask(HotPath(runtime, client, caller), f"/v1/decide/{USE}", {"input": {"late": 0}})
            return json.loads(answer)

    with world.open() as runtime:
        assert asyncio.run(inside(runtime))["reasons"] == ["lowered by: payments were late"]


def test_reasons_of_older_records_are_texts_of_one_language():
    assert read_reasons('["Pays late","曾逾期還款"]'.encode()) == ["Pays late", "曾逾期還款"]
    assert (language_of_text("Pays late"), language_of_text("曾逾期還款")) == ("en", "zh-Hant")


# rows


@pytest.mark.parametrize(("language", "said"), [("en", LATE.en), ("zh-Hant", LATE.zh)])
def test_a_text_is_said_in_the_callers_language_and_kept_in_both(world, language, said):
    world.permit()
    with world.open() as runtime:
        answer = decide(runtime, USE, ROW, lambda _: Scoring(0.5, (LATE, "own words")), language=language)
        assert answer.reasons == (said, "own words")
        found = receipt(runtime, answer.receipt)
    assert found.reasons == [said, "own words"]
    assert (found.explained[0].says, found.explained[0].given) == (LATE, None)
    assert (found.explained[1].says, found.explained[1].given, found.explained[1].language) == (None, "own words", "en")
    assert found.why == reason_words().made["computed"]
    assert found.deciders == [Text(en="model: card 1", zh="模型：card 1")]


def test_the_scoring_face_keeps_the_models_own_words_in_both(world):
    world.permit()

    async def inside(runtime):
        async with UpstreamClient() as client:
            body = {"input": ROW, "language": "zh-Hant"}
            _, _, answer = await ask(HotPath(runtime, client, caller), f"/v1/decide/{USE}", body)
            return json.loads(answer)

    with world.open() as runtime:
        answer = asyncio.run(inside(runtime))
        assert directed(LATE, raised=True).zh in answer["reasons"]
        found = receipt(runtime, answer["receipt"])
    assert Text(en="raised by: payments were late", zh="令結果上升：曾逾期還款") in [
        item.says for item in found.explained
    ]
    assert all(item.given is None for item in found.explained)


def test_a_fixed_rule_is_named_and_its_reasons_are_said_in_both(world):
    world.permit(**RULED)
    with world.open() as runtime:
        found = receipt(runtime, decide(runtime, USE, {"late": 4}, fails, language="zh-Hant").receipt)
    assert found.explained[0].says == Text(en="payments were late", zh="（譯）payments were late")
    assert found.why == why_code("model.keyerror")
    assert found.deciders[0] == Text(en="the firm's fixed rule late", zh="機構的固定規則 late")


def test_blocked_opted_out_and_held_rows_say_why(world):
    world.permit(opt_out=True, review={"mode": "hold", "due_minutes": 60})
    with world.open() as runtime:
        blocked = decide(runtime, USE, {"late": 99}, fails)
        held = decide(runtime, USE, ROW, lambda _: Scoring(0.5, (LATE,)))
        opt_out(world.register, runtime.subjects, USE, person="ann")
        runtime.snapshots.refresh()
        out = decide(runtime, USE, ROW, fails, person="ann")
        found = [receipt(runtime, item.receipt) for item in (blocked, held, out)]
        assert [item.outcome for item in found] == ["blocked", "routed", "routed"]
        assert [item.why for item in found] == [why_code(c) for c in ("guard.input_schema", "review.hold", "opted-out")]
        assert [item.explained for item in found] == [[], [], []]  # those of a draft wait with it
        desk = ReviewDesk(world.register, runtime.recorder(FIRM).contents)
        assert desk.get(held.review, by="rita", reason="reads").reasons == [LATE]
        for action in ("claim", "approve"):
            desk.act(held.review, action, "rita", ["reviewer"], reason=None if action == "claim" else "right")
        again = receipt(runtime, held.receipt)
        assert [item.says for item in again.explained] == [LATE]
        record = record_at(world.register, int(decision_row(world.register, held.decision)["idx"]))[1]
        live = enter_for_answer(runtime.gate, world.register, record)
        assert read_held(world.register, record, live).reasons == (LATE.en,)


def test_reasons_that_a_guard_stopped_are_not_on_the_receipt(world):
    wall = {"guard": "tipping_off", "stage": "output", "action": "block"}
    world.permit(guards=[{"guard": "input_schema", "stage": "input", "action": "block"}, wall])
    told = Text(en="a reason like any other", zh="已就此客戶提交可疑交易報告")
    with world.open() as runtime:
        answer = decide(runtime, USE, ROW, lambda _: Scoring(0.5, (told,)), language="en")
        assert (answer.outcome, answer.reasons) == ("blocked", ())  # the guards read the language nobody asked for, too
        found = receipt(runtime, answer.receipt)
    assert (found.reasons, found.explained) == ([], [])
    assert found.why == why_code("guard.injection")


# conversations


def chat(world, *, question="What is the monthly account fee?", model=None, stream=False, quotes=False):
    """Ask a use with a corpus through a fake model (or passages alone); returns the receipt."""

    async def inside():
        async with model or FakeModel() as fake:
            world.permit()
            parts = [
                component() | {"id": "model", "type": "index", "name": "passages", "version": "1"},
                component() | {"id": "llm", "type": "model", "name": "Assistant", "version": "7"},
            ]
            declared = declaration(components=parts)
            world.register.declare(read_record(declared, UseCase, where="test"), known_key("owner"))
            llm = {"id": "llm", "kind": "openai", "provider": "lab", "url": fake.url, "model": "m"}
            passages = {"id": "model", "kind": "extractive", "provider": "in-house"}
            corpus = keep_artifact(world.workspace.path("models"), msgspec.json.encode(CORPUS, order="sorted"))
            chain = [passages, llm] if quotes else [llm, passages]
            world.again(model=corpus, **chat_policy(fake.url, upstreams=chain))
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    body = asking(question) | {"stream": stream}
                    _, _, answer = await ask(HotPath(runtime, client, caller), CHAT, body)
                last = answer if not stream else answer.split(b"data: ")[-2]
                return await asyncio.to_thread(receipt, runtime, json.loads(last)["dualtrack"]["receipt"])

    return asyncio.run(inside())


@pytest.mark.parametrize("stream", [False, True])
def test_a_language_model_is_said_to_have_written_it(world, stream):
    found = chat(world, stream=stream)
    assert found.outcome == "served"
    assert found.why.en == "A language model (Assistant 7) wrote this from your question."
    assert "語言模型（Assistant 7）" in found.why.zh
    assert found.explained == []


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_cited_is_named_by_its_title(world, stream):
    found = chat(world, model=FakeModel(text="It is HK$50 a month [fees]. Ask us more [other]."), stream=stream)
    assert [item.says.en for item in found.explained] == ["Monthly account fee"]
    assert [item.says.zh for item in found.explained] == ["戶口月費"]
    assert "names the texts below" in found.why.en


def test_what_is_quoted_is_named_by_its_title(world):
    found = chat(world, quotes=True)
    assert [item.says.en for item in found.explained] == ["Monthly account fee"]
    assert found.why == reason_words().made["quoted"]


# planted items


@pytest.mark.parametrize("own", [LATE, directed(LATE, raised=True)])
def test_a_planted_items_reasons_are_kept_as_the_models_own_are(world, own):
    world.permit(
        audience="customers", review={"mode": "hold", "due_minutes": 60}, fields=[*FIELDS, WATCHED], guards=WALL
    )
    with world.open() as runtime:
        decide(runtime, USE, {"late": 1}, lambda _: Scoring("pays 1 in 10", (own,)), person="ann")
        while runtime.recorder(FIRM).waiting:
            time.sleep(0.005)
        item = KnownWrong(
            asked={"late": 1, "watched": "yes"}, draft="pays 9 in 10", wrong="9 in 10", why="1 in 10", reasons=[LATE.zh]
        )
        laid(world, runtime, items=[item])
        review = plant(runtime, USE)
        view = ReviewDesk(world.register, runtime.recorder(FIRM).contents).get(review, by="rita", reason="reads")
    assert (view.reasons, view.input) == ([own], '{"late":1}')
