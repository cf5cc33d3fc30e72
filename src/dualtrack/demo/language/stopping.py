"""The drill of the kill switch: a use is asked again and again while it is put on hold, and what came after is counted."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from dualtrack.demo.language.asking import evidence
from dualtrack.demo.language.corpus import load_corpus
from dualtrack.domain.canonical import digest, encode
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.errors import RefusedError
from dualtrack.runtime.holds import release_hold, set_hold

if TYPE_CHECKING:
    from dualtrack.demo.language.asking import Ask
    from dualtrack.domain.evidence import Predicate
    from dualtrack.keys.signer import Signer
    from dualtrack.store.register import Register

__all__ = ["kill_switch_drill"]

_PAUSE_S = 0.5
"""Time for which the use answers before the hold, and for which it must stay silent after it."""

_EVERY_S = 0.05
"""Time between two questions: as many as fit would differ tenfold between machines, and weigh as much in the demo's prices."""


def kill_switch_drill(
    register: Register, ask: Ask, use: str, name: str, *, by: Signer, released_by: Signer, limit_s: float, taken_at: str
) -> Predicate:
    """Hold the use while it answers; return seconds to its last answer, and answers after the hold was acknowledged."""
    answered_s: list[float] = []
    refused, ended = threading.Event(), threading.Event()
    question = load_corpus(use).passages[0].title.en

    def asking() -> None:
        while not ended.is_set():
            try:
                ask(({"role": "user", "content": question},), subject="drill", language="en", session="drill")
                answered_s.append(time.monotonic())
            except RefusedError:
                refused.set()
            time.sleep(_EVERY_S)

    thread = threading.Thread(target=asking, daemon=True)
    thread.start()
    time.sleep(_PAUSE_S)
    begun_s = time.monotonic()
    held = set_hold(register, by, scope="use", target=name, reason="DEMO: a drill of the kill switch (fictional)")
    acknowledged_s = time.monotonic()
    time.sleep(_PAUSE_S)
    ended.set()
    thread.join()
    release_hold(register, released_by, held.hold.id, "DEMO: the drill is over (fictional)")
    last_s = max(answered_s, default=begun_s)
    after = sum(moment > acknowledged_s for moment in answered_s)
    return evidence(
        EvidenceKind.DRILL,
        "kill_switch_drill",
        {
            "stopped": refused.is_set() and after == 0,
            "seconds_to_stop": round(max(0.0, last_s - begun_s), 3),
            "seconds_limit": limit_s,
            "outputs_after_stop": after,
        },
        how="asked twenty times a second by one client while the use was put on hold; released afterwards by another person",
        n=len(answered_s),
        data=digest(encode([use, name, len(answered_s)])),
        taken_at=taken_at,
        statistics={"answers_before": len(answered_s) - after, "acknowledged_ms": held.waited_ms},
    )
