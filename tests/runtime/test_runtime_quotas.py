"""Capped permits: never more decisions than the cap, whatever the number of processes."""

from __future__ import annotations

import dataclasses

import pytest

from dualtrack.errors import RefusedError
from dualtrack.runtime.quotas import Quotas
from runtime.runtime_world import USE


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
