"""A held use and a stock of known-wrong items for it, for the tests of planting."""

from __future__ import annotations

import time

from dualtrack.domain.planting import STOCK_FORMAT, KnownWrong, StockFile
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.plant_shelf import lay_in
from dualtrack.runtime.review_read import read_review
from dualtrack.runtime.reviews import ReviewDesk
from permit.firm import known_key
from runtime.runtime_world import FIRM, USE

R = ["reviewer"]
HELD = {"mode": "hold", "due_minutes": 60}


def stock(drafts=("pays 9 in 10",), share=25, **changes):
    items = [
        KnownWrong(asked={"late": 1}, draft=draft, wrong="9 in 10", why="the card says 1 in 10", reasons=["late"])
        for draft in drafts
    ]
    return StockFile(**{"format": STOCK_FORMAT, "use": USE, "share_percent": share, "items": items} | changes)


def ask(runtime):
    """Decide as a caller does, and wait until it is in the database."""
    found = decide(runtime, USE, {"late": 1}, lambda _row: Scoring("pays 1 in 10", ("late",)), person="ann")
    while runtime.recorder(FIRM).waiting:
        time.sleep(0.005)
    return found


def laid(world, runtime, **changes):
    return lay_in(world.register, runtime.recorder(FIRM).contents, stock(**changes), known_key("validator"))


def opened(runtime, review):
    return read_review(runtime.registers[FIRM], review).state.opened


def act(runtime, review, action, by="rita", **given):
    desk = ReviewDesk(runtime.registers[FIRM], runtime.recorder(FIRM).contents)
    desk.act(review, "claim", by, R)
    desk.act(review, action, by, R, reason="read", **given)
    return desk
