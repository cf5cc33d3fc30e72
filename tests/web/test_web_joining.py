"""Joined writes: one piece in one turn of the loop, nothing lost at a close, nothing held beyond the bound."""

from __future__ import annotations

import asyncio

from dualtrack.web.joining import JOINED_BYTES_MAX, JoinedTransport


class Wire:
    """The transport beneath, that remembers what it was told."""

    def __init__(self):
        self.told = []

    def write(self, data):
        self.told.append(bytes(data))

    def close(self):
        self.told.append("closed")

    def is_closing(self):
        return "closed" in self.told


def test_what_is_written_in_one_turn_goes_out_in_one_piece():
    async def turn():
        wire = Wire()
        joined = JoinedTransport(wire, asyncio.get_running_loop())
        joined.write(b"head ")
        joined.write(b"body")
        assert wire.told == []
        await asyncio.sleep(0)
        joined.write(b"next")
        await asyncio.sleep(0)
        return wire.told

    assert asyncio.run(turn()) == [b"head body", b"next"]


def test_a_close_sends_what_is_held_first_and_the_rest_is_the_transports_own():
    async def turn():
        wire = Wire()
        joined = JoinedTransport(wire, asyncio.get_running_loop())
        joined.write(b"last words")
        assert not joined.is_closing()
        joined.close()
        assert joined.is_closing()
        await asyncio.sleep(0)
        return wire.told

    assert asyncio.run(turn()) == [b"last words", "closed"]


def test_more_than_the_bound_is_not_held():
    async def turn():
        wire = Wire()
        joined = JoinedTransport(wire, asyncio.get_running_loop())
        joined.write(b"a")
        joined.write(b"b" * JOINED_BYTES_MAX)
        return [len(data) for data in wire.told]

    assert asyncio.run(turn()) == [JOINED_BYTES_MAX + 1]
