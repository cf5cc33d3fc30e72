"""The first fetch of a held answer is an entry: once, by whom, without content; and a planted item is not told by its lack."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update

from dualtrack.domain import canonical
from dualtrack.domain.oversight import AnswerFetch
from dualtrack.domain.records import read_record
from dualtrack.domain.time import parse_instant
from dualtrack.errors import DualtrackError
from dualtrack.runtime.answer_fetches import first_fetch, note_fetch
from dualtrack.runtime.decisions import get_decision
from dualtrack.runtime.holds import set_hold
from dualtrack.runtime.lookup import find_decision
from dualtrack.runtime.plant_fetches import due_fetch, look_at_fetches
from dualtrack.runtime.planting import plant
from dualtrack.runtime.receipts import BY_CODE, find_receipt
from dualtrack.runtime.review_read import read_review
from permit.firm import known_key
from runtime.planting_world import HELD, act, laid
from runtime.planting_world import ask as asked
from runtime.runtime_world import FIRM, USE
from runtime.test_runtime_answers import DECIDE, ROW, rows

SEVERAL = tuple(f"pays 9 in 10, or {number}" for number in range(4))


def fetches(world) -> list[AnswerFetch]:
    entries = world.register.repository.every(kinds=("answer-fetch/1",))
    return [read_record(canonical.decode(entry.content), AnswerFetch, where="test") for entry in entries]


def test_the_first_fetch_by_a_program_is_recorded_once_and_no_look_before_it_ended(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        assert (await held.fetch(routed["decision"]))[0] == 202
        assert fetches(world) == []
        await held.act(routed["review"], "approve")
        for _ in range(3):
            assert (await held.fetch(routed["decision"]))[0] == 200
        code = routed["receipt"]
        receipt = await asyncio.to_thread(find_receipt, held.runtime.registers.values(), code, held.runtime.gate)
        return routed["decision"], receipt

    decision, receipt = rows(world, scenario)
    (found,) = fetches(world)
    assert (found.decision, found.use, found.by, found.means) == (decision, USE, "key", "program")
    assert receipt.fetched_at == found.at
    assert get_decision(world.register, decision).fetched == found
    entry = next(iter(world.register.repository.every(kinds=("answer-fetch/1",))))
    assert b"customer" not in entry.content


def test_a_receipt_that_shows_an_answer_fetches_it_and_one_that_waits_or_is_on_hold_does_not(world):
    async def scenario(held):
        def receipt(code, gate=held.runtime.gate):
            return find_receipt(held.runtime.registers.values(), code, gate, shown_to=BY_CODE)

        _, routed = await held.ask(DECIDE, ROW)
        code = routed["receipt"]
        before = [await asyncio.to_thread(receipt, code)]
        await held.act(routed["review"], "reject")
        before.append(await asyncio.to_thread(receipt, code, None))
        await asyncio.to_thread(set_hold, world.register, known_key("executive"), scope="use", target=USE, reason="odd")
        held.runtime.snapshots.refresh()
        before.append(await asyncio.to_thread(receipt, code))
        return before

    before = rows(world, scenario)
    assert [item.fetched_at for item in before] == [None] * 3
    assert fetches(world) == []


def test_the_message_in_place_of_an_answer_is_an_answer_too(world):
    async def scenario(held):
        _, routed = await held.ask(DECIDE, ROW)
        await held.act(routed["review"], "reject")
        given = (held.runtime.registers.values(), routed["receipt"], held.runtime.gate)
        looked = await asyncio.to_thread(find_receipt, *given)
        return looked, await asyncio.to_thread(find_receipt, *given, shown_to=BY_CODE)

    looked, receipt = rows(world, scenario)
    (found,) = fetches(world)
    assert looked.message == receipt.message
    assert looked.fetched_at is None, "it was shown to no customer"
    assert (found.by, found.means, found.at) == ("customer", "receipt", receipt.fetched_at)


def test_two_processes_at_once_record_one(world):
    world.permit(review=HELD, audience="customers")
    with world.open() as one, world.open() as other:
        answer = asked(one)
        act(one, answer.review, "approve")
        record = find_decision(world.register, answer.decision)
        registers = [runtime.registers[FIRM] for runtime in (one, other)] * 4

        def note(number):
            return note_fetch(registers[number], record, by=f"key-{number}", means="program")

        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(note, range(8)))
    (found,) = fetches(world)
    assert told == [found] * 8


def test_an_answer_nobody_fetched_says_so(world):
    world.permit(review=HELD, audience="customers")
    with world.open() as runtime:
        answer = asked(runtime)
        act(runtime, answer.review, "approve")
        assert first_fetch(world.register, answer.decision) is None
        assert get_decision(world.register, answer.decision).fetched is None


def test_a_planted_item_is_fetched_as_the_ordinary_ones_were(world):
    """In time, name and likelihood: here every one is, a second or a little more after."""
    world.permit(review=HELD, audience="customers")
    with world.open() as runtime:
        laid(world, runtime, drafts=SEVERAL)
        register, waits = runtime.registers[FIRM], []
        for _ in range(3):
            ordinary = asked(runtime)
            act(runtime, ordinary.review, "approve")
            world.offset += timedelta(seconds=1)
            first = note_fetch(register, find_decision(register, ordinary.decision), by="key-7", means="program")
            waits.append(parse_instant(first.at) - read_review(register, ordinary.review).state.last_at)
        review = plant(runtime, USE)
        planted = read_review(register, review).state.opened.decision
        assert look_at_fetches(register) == 1
        assert first_fetch(register, planted) is None, "its review goes on"
        act(runtime, review, "approve")
        due = due_fetch(register, read_review(register, review))
        waited = due.at - read_review(register, review).state.last_at
        assert 0.8 * min(waits) <= waited <= 1.25 * max(waits)
        until = time.monotonic() + 15
        while first_fetch(register, planted) is None:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert first_fetch(register, planted).by == "key-7"
        assert look_at_fetches(register) == 0


def test_where_nobody_fetched_the_ordinary_ones_nobody_fetches_a_planted_one(world):
    world.permit(review=HELD, audience="customers")
    with world.open() as runtime:
        laid(world, runtime)
        act(runtime, asked(runtime).review, "approve")
        review = plant(runtime, USE)
        act(runtime, review, "reject")
        register = runtime.registers[FIRM]
        assert due_fetch(register, read_review(register, review)) is None
        look_at_fetches(register)
    assert fetches(world) == []


def test_a_fetch_that_is_long_due_is_made_up_at_the_next_look(world):
    world.permit(review=HELD, audience="customers")
    with world.open() as runtime:
        laid(world, runtime)
        register = runtime.registers[FIRM]
        ordinary = asked(runtime)
        act(runtime, ordinary.review, "approve")
        world.offset += timedelta(hours=1)
        note_fetch(register, find_decision(register, ordinary.decision), by="key-7", means="program")
        review = plant(runtime, USE)
        act(runtime, review, "reject")
        look_at_fetches(register)
        assert len(fetches(world)) == 1
        world.offset += timedelta(hours=2)
        look_at_fetches(register)
    assert len(fetches(world)) == 2


def test_a_link_lends_a_planted_item_its_time_and_not_its_name(world):
    world.permit(review=HELD, audience="customers")
    with world.open() as runtime:
        laid(world, runtime)
        register = runtime.registers[FIRM]
        ordinary = asked(runtime)
        act(runtime, ordinary.review, "approve")
        world.offset += timedelta(hours=1)  # so long that no thread waits for it: the look below does it
        note_fetch(register, find_decision(register, ordinary.decision), by="link-0123456789ab", means="link")
        review = plant(runtime, USE)
        act(runtime, review, "reject")
        world.offset += timedelta(hours=2)
        look_at_fetches(register)
    link, planted = fetches(world)
    assert (link.by, link.means) == ("link-0123456789ab", "link")
    assert (planted.by, planted.means) == ("customer", "receipt")


def test_what_cannot_be_arranged_for_a_planted_item_is_no_error_to_who_decided_it(world):
    world.permit(review=HELD, audience="customers")
    with world.open() as runtime:
        laid(world, runtime)
        ordinary = asked(runtime)
        act(runtime, ordinary.review, "approve")
        review = plant(runtime, USE)
        repository = world.register.repository
        table = repository.tables.review
        with repository.backend.write("test") as connection:
            connection.execute(update(table).where(table.c.id == ordinary.review).values(idx=0))
        act(runtime, review, "reject")
        assert read_review(world.register, review).state.status == "rejected"
        with pytest.raises(DualtrackError):
            look_at_fetches(runtime.registers[FIRM])
