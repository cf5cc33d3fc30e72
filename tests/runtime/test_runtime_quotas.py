"""Capped permits and tokens of the day: never more than the cap, whatever the number of processes."""

from __future__ import annotations

import asyncio
import dataclasses
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from dualtrack.errors import RefusedError
from dualtrack.runtime.faces.callers import Caller
from dualtrack.runtime.faces.openai_face import HotPath
from dualtrack.runtime.quotas import DayTokens, Quotas
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.store.shared_tables import SHARED
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from runtime.fake_model import ask
from runtime.runtime_world import FIRM, USE


@pytest.mark.parametrize("cap", [1, 7, 120])
def test_two_processes_together_never_pass_the_cap(world, cap):
    world.permit()
    with world.open() as runtime:
        live = dataclasses.replace(runtime.gate.enter(USE), decisions_max=cap, mode="trial")
    both = [Quotas(world.store), Quotas(world.store)]
    taken = refused = 0
    for turn in range(3 * cap):
        try:
            both[turn % 2].take(live)
            taken += 1
        except RefusedError:
            refused += 1
    with pytest.raises(RefusedError) as caught:
        both[0].take(live)
    assert caught.value.code == "permit.used-up"
    assert taken == cap
    assert refused == 2 * cap


def test_an_uncapped_permit_takes_nothing(world):
    world.permit()
    with world.open() as runtime:
        live = runtime.gate.enter(USE)
        for _ in range(10):
            runtime.quotas.take(live)
    with world.store.backend.read() as connection:
        assert connection.execute(world.store.tables.quota.select()).all() == []


def trial(world, cap):
    """Return a live use under a capped permit."""
    with world.open() as runtime:
        return dataclasses.replace(runtime.gate.enter(USE), decisions_max=cap, mode="trial")


def take_in_process(root: str, cap: int, calls: int, ready, counts) -> None:
    """Make many calls at once under one permit; tell how many were let through."""
    live = SimpleNamespace(institution=FIRM, use=USE, permit="a" * 64, decisions_max=cap, mode="trial")
    with Store.open(Workspace.open(Path(root))) as store:
        quotas = Quotas(store)

        async def many() -> int:
            found = await asyncio.gather(*(quotas.taken(live) for _ in range(calls)), return_exceptions=True)
            assert all(item is None or isinstance(item, RefusedError) for item in found)
            return found.count(None)

        ready.wait(60)
        counts.put(asyncio.run(many()))
        quotas.close()


@pytest.mark.slow
def test_two_real_processes_with_many_calls_at_once_take_no_more_than_the_cap(world):
    world.permit()
    context, cap = multiprocessing.get_context("spawn"), 157
    ready, counts = context.Barrier(2), context.Queue()
    given = (str(world.workspace.root), cap, 200, ready, counts)
    callers = [context.Process(target=take_in_process, args=given) for _ in range(2)]
    for caller in callers:
        caller.start()
    taken = [counts.get(timeout=60) for _ in callers]
    for caller in callers:
        caller.join(60)
        assert caller.exitcode == 0
    assert sum(taken) == cap


@pytest.mark.parametrize("cap", [1, 37, 1_000])
def test_many_calls_at_once_in_two_processes_take_no_more_than_the_cap(world, cap):
    world.permit()
    live = trial(world, cap)
    with Store.open(world.workspace) as other:
        both = [Quotas(world.store), Quotas(other)]

        async def try_(quotas: Quotas) -> bool:
            try:
                await quotas.taken(live)
            except RefusedError:
                return False
            return True

        async def many(quotas: Quotas) -> int:
            return sum(await asyncio.gather(*(try_(quotas) for _ in range(cap + 20))))

        def in_thread(quotas: Quotas) -> int:
            return asyncio.run(many(quotas))

        with ThreadPoolExecutor(2) as pool:
            taken = list(pool.map(in_thread, both))
        for quotas in both:
            quotas.close()
    assert sum(taken) == cap
    with world.store.backend.read() as connection:
        assert connection.execute(select(world.store.tables.quota.c.reserved)).scalars().all() == [cap]


def test_the_loop_goes_on_while_a_reservation_waits_for_the_database(world):
    world.permit()
    live, quotas = trial(world, 100), Quotas(world.store)
    other = dataclasses.replace(live, permit="0" * 64)
    quotas.take(other)  # a block of two, so one is left
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with world.store.backend.write(world.store.repository(FIRM).ledger):
            held.set()
            free.wait(60)

    async def scenario() -> None:
        waiting = asyncio.create_task(quotas.taken(live))
        await asyncio.sleep(0)
        await asyncio.wait_for(quotas.taken(other), 30)  # another call, for which there is something left
        assert not waiting.done()
        free.set()
        await waiting

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(60)
    try:
        asyncio.run(asyncio.wait_for(scenario(), 60))
    finally:
        free.set()
        holder.join()
        quotas.close()


def test_no_face_writes_a_reservation_in_its_event_loop(world, monkeypatch):
    world.permit(plan="trial")
    wrote = []

    async def inside() -> list[int]:
        with world.open() as runtime:
            whole = runtime.quotas._backend.write

            def write(key, **more):
                wrote.append(threading.current_thread())
                return whole(key, **more)

            monkeypatch.setattr(runtime.quotas._backend, "write", write)
            async with UpstreamClient() as client:
                face = HotPath(runtime, client, lambda _header: Caller("key", FIRM, None))
                asks = [ask(face, f"/v1/decide/{USE}", {"input": {"late": 3}, "person": "c"}) for _ in range(9)]
                return [status for status, _, _ in await asyncio.gather(*asks)]

    assert asyncio.run(inside()) == [202] * 9
    assert wrote
    assert threading.main_thread() not in wrote
    assert any(thread.name.startswith("quotas") for thread in wrote)


class Tokens:
    """The day's tokens of two processes over one database."""

    def __init__(self, world) -> None:
        self.world = world
        self.both = [DayTokens(world.store.backend, world.clock) for _ in range(2)]

    def ask(self, which: int, cap: int) -> bool:
        return asyncio.run(self.both[which].has_some(USE, "model", cap))

    def call(self, which: int, cap: int, tokens: int) -> bool:
        """Make a call if there are tokens for it, as a face does."""
        if not self.ask(which, cap):
            return False
        self.both[which].spend(USE, "model", cap, tokens)
        return True

    def reserved(self) -> list[int]:
        with self.world.store.backend.read() as connection:
            return list(connection.execute(select(SHARED.budget.c.reserved)).scalars())

    def close(self) -> None:
        for one in self.both:
            one.close()


@pytest.fixture
def tokens(world):
    found = Tokens(world)
    yield found
    found.close()


@pytest.mark.parametrize(("cap", "a_call"), [(20, 12), (1_000, 7), (100_000, 900), (50, 1)])
def test_two_processes_spend_no_more_tokens_than_the_day_has(tokens, cap, a_call):
    spent, refused, turn = 0, set(), 0
    while len(refused) < 2:
        if tokens.call(turn % 2, cap, a_call):
            spent += a_call
        else:
            refused.add(turn % 2)
        turn += 1
    assert cap - cap // 16 - 2 * a_call <= spent < cap + 2 * a_call  # each may end the call that it is in
    tokens.close()
    assert tokens.reserved() == [spent]


def test_a_restart_goes_on_with_what_was_spent(tokens, world):
    assert tokens.call(0, 1_000, 990)
    tokens.close()
    again = Tokens(world)
    assert again.call(1, 1_000, 20)
    while again.reserved() != [1_010]:  # it is charged in the background
        time.sleep(0.01)
    assert not again.ask(0, 1_000)
    again.close()
    assert again.reserved() == [1_010]


def test_the_tokens_come_back_with_the_day_in_hong_kong(tokens, world):
    assert tokens.call(0, 100, 200)
    assert not tokens.ask(0, 100)
    world.offset += timedelta(days=1)
    assert tokens.ask(0, 100)
    tokens.both[0].sweep()
    assert len(tokens.reserved()) == 1


def test_many_calls_at_once_wait_for_one_reservation(tokens):
    async def many() -> list[bool]:
        return await asyncio.gather(*(tokens.both[0].has_some(USE, "model", 1_000) for _ in range(50)))

    assert all(asyncio.run(many()))
    assert tokens.reserved() == [10]
