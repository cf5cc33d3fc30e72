"""Reviews expire and escalate by the clock of Hong Kong business time, without anybody looking."""

from __future__ import annotations

import contextlib
import time

from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.timer import ReviewTimer
from dualtrack.store.projections import Projections
from runtime.runtime_world import USE, timedelta


def states(world):
    return [row["state"] for row in Projections(world.register.repository).rows("review")]


def incidents(world):
    return [row["kind"] for row in Projections(world.register.repository).rows("incident")]


def test_a_review_past_its_due_instant_expires_and_is_escalated(world):
    world.permit(review={"mode": "hold", "due_minutes": 60})
    with world.open() as runtime:
        answer = decide(runtime, USE, {"late": 1}, lambda _row: Scoring(0.5, ("late",)))
        with contextlib.closing(ReviewTimer(runtime, every_s=0.1)) as timer:
            time.sleep(0.4)
            assert states(world) == ["queued"]  # not due yet
            world.offset = timedelta(days=12)  # past any holiday
            deadline = time.monotonic() + 30
            while not incidents(world) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert states(world) == ["expired"]
            assert incidents(world) == ["review-overdue"]
            assert timer.look() == 0
        assert answer.review is not None
