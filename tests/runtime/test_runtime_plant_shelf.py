"""What is laid in: checked whole, sealed, signed; and in a chat a planted item leaves the marks of an ordinary one."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.domain.planting import KnownWrong, Said, check_item, repaired
from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError, ReviewError, SignatureError
from dualtrack.runtime.decisions import get_decision
from dualtrack.runtime.erasing import erase_person
from dualtrack.runtime.faces.callers import Caller
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.plant_shelf import lay_in, read_shelf
from dualtrack.runtime.planting import plant
from dualtrack.runtime.provider_shares import provider_shares
from dualtrack.runtime.review_read import read_review
from dualtrack.runtime.reviews import ReviewDesk
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.store.projections import Projections
from permit.firm import known_key
from runtime.fake_model import FakeModel
from runtime.fake_model import ask as ask_face
from runtime.planting_world import HELD, act, laid, opened, stock
from runtime.runtime_world import FIRM, USE, timedelta


@pytest.fixture
def held(world):
    world.permit(review=HELD)
    with world.open() as runtime:
        yield runtime


@pytest.mark.parametrize("holder", ["owner", "developer", "executive"])
def test_only_the_second_line_lays_in(world, held, holder):
    with pytest.raises(SignatureError):
        lay_in(world.register, held.recorder(FIRM).contents, stock(), known_key(holder))


def test_a_stock_is_checked_whole(world, held):
    with pytest.raises(FieldError, match="not in the draft"):
        laid(world, held, drafts=["pays 9 in 10", "pays 8 in 10"])
    with pytest.raises(FieldError, match="there already"):
        laid(world, held, drafts=["pays 9 in 10"] * 2)
    with pytest.raises(FieldError, match="format"):
        laid(world, held, format="dualtrack.review-stock/9")
    assert read_shelf(world.register).items == {}
    laid(world, held)
    with pytest.raises(FieldError, match="there already"):
        laid(world, held)


def test_a_conversation_ends_with_a_question():
    with pytest.raises(FieldError, match="question"):
        check_item(KnownWrong(asked=[Said(role="assistant", text="a")], draft="b", wrong="b", why="c"), "item")


@given(st.text(max_size=30), st.text(min_size=1, max_size=10), st.text(max_size=30))
def test_a_text_with_the_wrong_passage_is_never_repaired(before, wrong, after):
    item = KnownWrong(asked={"late": 1}, draft=wrong, wrong=wrong, why="x")
    spaced = "\n ".join(wrong.upper()) if wrong.isascii() else wrong
    bare = not "".join(wrong.split())
    assert not repaired(item, before + spaced + after) or bare or not wrong.isascii()
    assert not repaired(item, msgspec.json.encode(wrong).decode())


def test_a_stock_entry_is_signed_and_says_only_how_many(world, held):
    digests = laid(world, held)
    entry = world.register.repository.newest("review-stock/1", USE)
    payload = read_record(canonical.decode(entry.content), dict, where="test")
    assert payload["signatures"]
    assert digests == list(read_shelf(world.register).items)


def test_the_shelf_stands_on_both_databases(desk):
    register = desk.register
    (digest,) = lay_in(register, desk.contents, stock(drafts=["wrong 9 in 10"]), known_key("compliance"))
    shelf = read_shelf(register)
    assert (list(shelf.items), shelf.unused(USE), shelf.plants) == ([digest], [digest], {})
    assert shelf.items[digest].by == "compliance"
    erase_person(register, desk.contents, "compliance", desk.subjects.pseudonym(FIRM, "ann"), "asked to")
    assert read_shelf(register).items == shelf.items  # nobody's erasure reaches it


NOTICE = {"en": "You are talking to AI. It may be wrong.", "zh-Hant": "你正與人工智能對話，內容可能有誤。"}
QUESTION = {"model": USE, "user": "customer 7", "messages": [{"role": "user", "content": "What is the fee?"}]}
WRONG_FEE = KnownWrong(
    asked=[Said(role="user", text="What does it cost?")],
    draft="The fee is HK$900.",
    wrong="HK$900",
    why="it is HK$100",
)


def chat(world, scenario, question=QUESTION, *, called=(), **policy):
    """Permit a chat use whose answers are held, in front of a local model, and run a scenario with it."""

    async def inside():
        async with FakeModel() as fake:
            fake.tools = list(called)
            upstream = {"id": "model", "kind": "openai", "provider": "lab", "url": fake.url, "model": "m"}
            guards = [{"guard": "injection", "stage": "input", "action": "block"}]
            world.permit(
                audience="customers", guards=guards, upstreams=[upstream], output={}, fields=[], review=HELD,
                disclosure={"text": NOTICE, "every": False}, **policy,
            )  # fmt: skip
            with world.open() as runtime:
                async with UpstreamClient() as client:
                    app = HotPath(runtime, client, lambda _header: Caller("key", FIRM, None))
                    _, _, body = await ask_face(app, "/v1/chat/completions", question)
                    return await asyncio.to_thread(scenario, runtime, len(fake.calls), body)

    return asyncio.run(inside())


@pytest.mark.parametrize("system", [(), ("You help customers of a bank.", "Be brief.")])
def test_in_a_chat_it_leaves_the_marks_of_an_ordinary_one(world, system):
    messages = [*({"role": "system", "content": text} for text in system), *QUESTION["messages"]]

    def scenario(runtime, calls, _body):
        ordinary = read_review(world.register, Projections(world.register.repository).rows("review")[0]["id"])
        lay_in(world.register, runtime.recorder(FIRM).contents, stock(items=[WRONG_FEE]), known_key("validator"))
        start = world.register.repository.size()
        review = plant(runtime, USE)
        kinds = [entry.parsed.kind for entry in world.register.repository.entries(start=start)]
        desk = ReviewDesk(world.register, runtime.recorder(FIRM).contents)
        views = [desk.get(item, by="rita", reason="looks") for item in (ordinary.state.opened.id, review)]
        desk = act(runtime, review, "approve")
        return calls, kinds, views, desk.released(review)

    calls, kinds, (one, other), released = chat(world, scenario, QUESTION | {"messages": messages})
    assert calls == 1  # the model was asked once, for the ordinary question
    assert kinds == ["decision-intent/1", "decision/1", "review/1"]
    assert other.draft == one.draft.replace("HK$100", "HK$900")
    assert other.input == one.input.replace("What is the fee?", "What does it cost?")
    varied = {"us", "tokens_in", "tokens_out"}
    (real,), (lent,) = one.decision.upstream, other.decision.upstream
    for name in set(real.__struct_fields__) - varied:
        assert getattr(real, name) == getattr(lent, name)
    for name in ("outcome", "code", "mode", "disclosure", "language", "durability", "permit"):
        assert getattr(one.decision, name) == getattr(other.decision, name), name
    assert [item.guard for item in one.decision.guards] == [item.guard for item in other.decision.guards]
    assert other.decision.timing.upstream_us >= lent.us
    assert released.text is None


LATER_TURN = (("user", "Hello"), ("assistant", "Hello"), ("user", "What does it cost?"))


@pytest.mark.parametrize(
    ("said", "named", "fits"),
    [
        (LATER_TURN[2:], True, True),
        (LATER_TURN, True, False),
        (LATER_TURN[1:], True, False),
        (LATER_TURN[::2], True, False),
        (LATER_TURN, False, True),
    ],
)
def test_where_people_are_named_no_item_speaks_of_turns_that_its_person_never_had(world, said, named, fits):
    asked = [Said(role=role, text=text) for role, text in said]
    question = QUESTION if named else {name: value for name, value in QUESTION.items() if name != "user"}

    def scenario(runtime, _calls, _body):
        items = [msgspec.structs.replace(WRONG_FEE, asked=asked)]
        lay_in(world.register, runtime.recorder(FIRM).contents, stock(items=items), known_key("validator"))
        if not fits:
            with pytest.raises(ReviewError, match="looks like"):
                plant(runtime, USE)
            return None
        return get_decision(world.register, opened(runtime, plant(runtime, USE)).decision).record.subject

    subject = chat(world, scenario, question)
    assert (subject is not None) is (named and fits)


def test_the_shares_of_providers_do_not_move_when_it_ends(world):
    """Its calls are lent by an ordinary decision, so they are counted as long as leaving them out would tell."""

    def scenario(runtime, _calls, _body):
        lay_in(world.register, runtime.recorder(FIRM).contents, stock(items=[WRONG_FEE]), known_key("validator"))
        review = plant(runtime, USE)
        windows = [provider_shares(world.register, None, since="")]
        act(runtime, review, "reject")
        windows.append(provider_shares(world.register, None, since=""))
        world.offset = timedelta(days=1)
        return [*windows, provider_shares(world.register, None, since="")]

    before, ended, after = chat(world, scenario)
    assert ended == before
    assert [sum(share.calls for share in window.shares) for window in (before, after)] == [2, 1]
    assert [(window.decisions, window.whole) for window in (before, after)] == [(2, True)] * 2  # the size never tells
