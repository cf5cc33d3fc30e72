"""Turns of the customer-service chat without a model: `POST /v1/service/turns` on two workers, and one process's time by kind of turn.

    python benchmarks/service_turns.py [--rounds 3] [--smoke]

The starter passages of a bank (85 with other ways of asking, and the glossary), all guards, every decision durable. A turn over HTTP begins a
conversation of its own: what it writes (conversation, message, decision, answer) is in the ledger before it is answered. Questions are
those of the starter's evaluation set. Server and client run in processes of their own on this machine. In process, a conversation
goes on for five turns, and its time is that of this process's processor. Beside it stands the search alone, which is all that a keyword
index such as SQLite FTS5 would answer (`python benchmarks/retrieval.py`). Limits: 200 turns a second on two workers, 30 ms a turn. Ends with 1
for a wrong answer, a turn that is missing in the ledger, or a missed limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from runtime_parts import GUARDS, NOTICE, Bed, cpu_s, load, median, said_load, serving, settle
from sqlalchemy import func, select

from dualtrack.apps.service.answering import take_turn
from dualtrack.apps.service.conversations import begin
from dualtrack.apps.service.evidence import read_questions
from dualtrack.apps.service.settings import find_chat, read_settings
from dualtrack.apps.service.starting import starter_corpus
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.runtime.engine import Runtime
from dualtrack.runtime.models import keep_artifact
from dualtrack.runtime.passages.search import open_index
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from dualtrack.web.identity.api_keys import ApiKeys, NewApiKey
from dualtrack.web.identity.roles import ConsoleRole
from permit.firm import PASSES, compiled, declaration, known_key, rule
from runtime.runtime_world import FIRM, USE, World, component

STARTER = Path(__file__).parent.parent / "src" / "dualtrack" / "apps" / "service" / "starter"
WORKERS, CONNECTIONS = 2, 32
PER_S_MIN, TURN_MS_MAX = 200.0, 30.0
TURNS = 5
SETTINGS = f"""
format: dualtrack.service/1
chats:
  - use: {USE}
    title: {{en: Ask, zh-Hant: 查詢}}
    welcome: {{en: Ask, zh-Hant: 查詢}}
    cannot: {{en: No advice, zh-Hant: 不提供意見}}
    team: {{en: The team, zh-Hant: 團隊}}
"""


def questions():
    """Return the questions of the evaluation set that a passage of the bank answers."""
    known = {item.id for item in starter_corpus("bank").passages}
    read = read_questions((STARTER / "evaluation.yaml").read_bytes(), where="evaluation.yaml")
    return [each.text for each in read if each.passage in known]


def make_chat(folder: Path) -> Bed:
    """Found a firm with a chat over the starter passages of a bank."""
    folder.mkdir(parents=True)
    world = World(folder)
    try:
        world.register.adopt(compiled([rule("r", PASSES)]), known_key("compliance"))
        corpus = keep_artifact(world.workspace.path("models"), encode(starter_corpus("bank", USE)))
        part = component() | {"id": "model", "type": "index", "name": "passages", "version": "1"}
        plain = declaration(components=[part])
        world.register.declare(read_record(plain, UseCase, where="benchmark"), known_key("owner"))
        world.again(
            flags={"durability": "durable"}, model=corpus, audience="customers", output={}, fields=[], opt_out=True,
            guards=[{"guard": guard, "stage": stage, "action": action} for guard, stage, action in GUARDS],
            upstreams=[{"id": "model", "kind": "extractive", "provider": "in-house"}], fallback="extractive",
            disclosure={"text": NOTICE, "every": False},
        )  # fmt: skip
        world.workspace.path("service.yaml").write_text(SETTINGS, "utf-8")
        new = NewApiKey(FIRM, "bench", frozenset({ConsoleRole.CALLER}), None, "bench", 30)
        _, key = ApiKeys(world.store.backend, lambda: datetime.now(UTC)).make(new)
    finally:
        world.close()
    return Bed(world.workspace.root, USE, key)


def written(folder: Path, kind: str) -> int:
    with Store.open(Workspace.open(folder)) as store, store.backend.read() as connection:
        entry = store.tables.entry
        asked = select(func.count()).select_from(entry).where(entry.c.kind == kind)
        return int(connection.execute(asked).scalar_one())


def over_http(bed: Bed, asked: list[str], calls: int, rounds: int) -> list[str]:
    """Measure turns over HTTP; return what was wrong or missed a limit."""
    rows, sent = [], 0
    bodies = [json.dumps({"use": bed.use, "message": text, "person": "USER"}) for text in asked]
    plan = {
        "url": "", "bodies": bodies, "headers": {"authorization": f"Bearer {bed.key}"}, "wanted": ['"assistant"', '"outcome"'],
        "calls": calls, "connections": CONNECTIONS,
    }  # fmt: skip
    with serving(bed, workers=WORKERS) as (address, process):
        for _ in range(rounds):
            before = cpu_s(process.pid)
            found = load(plan | {"url": f"{address}/v1/service/turns"})
            found["cpu_ms"] = (cpu_s(process.pid) - before) / found["sent"] * 1e3
            sent += found["sent"]
            rows.append(found)
    wrong = [f"WRONG: {row['wrong']} answers, as {row['example']}" for row in rows if row["wrong"]]
    kept = {kind: written(bed.folder, kind) for kind in ("service-conversation/1", "service-message/1", "decision/1")}
    if kept != {"service-conversation/1": sent, "service-message/1": 2 * sent, "decision/1": sent}:
        wrong.append(f"WRONG: {sent} turns, in the ledger {kept}")
    per_s = median(rows, "per_s")
    print(
        f"{WORKERS} workers, {CONNECTIONS} connections, first turns: {per_s:,.0f} turns/s (limit {PER_S_MIN:.0f}), p50 "
        f"{median(rows, 'p50_ms'):.1f} ms, p99 {median(rows, 'p99_ms'):.1f}, {median(rows, 'cpu_ms'):.2f} cpu-ms a turn; {said_load()}"
    )
    return wrong + ([f"limit missed: {per_s:,.0f} turns/s < {PER_S_MIN:.0f}"] if per_s < PER_S_MIN else [])


async def conversations(runtime: Runtime, bed: Bed, asked: list[str], count: int) -> list[list[float]]:
    """Return the processor milliseconds of each turn, by its place in the conversation."""
    chat = find_chat(read_settings(runtime.store.workspace), bed.use)
    took: list[list[float]] = [[] for _ in range(TURNS)]
    async with UpstreamClient() as client:
        for number in range(count):
            _, found = begin(runtime, bed.use, channel="program", language="en", person=f"person {number}")
            for place in range(TURNS):
                text = asked[(number * TURNS + place) % len(asked)]
                begun = time.process_time()
                found, _ = await take_turn(runtime, client, chat, found, text, person=f"person {number}")
                took[place].append((time.process_time() - begun) * 1e3)
    return took


def in_process(bed: Bed, asked: list[str], count: int) -> list[str]:
    """Measure turns of one process and the search beside them; return what missed a limit."""
    index = open_index(starter_corpus("bank"), "en", on=datetime.now(UTC).date())
    begun = time.process_time()
    for text in asked:
        index.answer(text)
    search_ms = (time.process_time() - begun) / len(asked) * 1e3
    with Runtime.open(Workspace.open(bed.folder)) as runtime:
        took = asyncio.run(conversations(runtime, bed, asked, count))
    first, last = statistics.median(took[0][1:] or took[0]), statistics.median(took[-1])
    print(
        f"one process: first turn {first:.2f} cpu-ms, turn {TURNS} {last:.2f} (medians of {count}; limit {TURN_MS_MAX:.0f} ms), "
        f"search alone {search_ms:.2f}: {first / search_ms:.0f} times that"
    )
    return [f"limit missed: {last:.1f} ms > {TURN_MS_MAX:.0f}"] if max(first, last) > TURN_MS_MAX else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="small sizes, no limits")
    options = parser.parse_args()
    settle()
    calls, rounds, count = (60, 1, 3) if options.smoke else (1_500, options.rounds, 60)
    asked = questions()
    with tempfile.TemporaryDirectory(prefix="dualtrack-bench-") as name:
        said = over_http(make_chat(Path(name) / "http"), asked, calls, rounds)
        said += in_process(make_chat(Path(name) / "one"), asked, count)
    kept = [line for line in said if line.startswith("WRONG") or not options.smoke]
    for line in kept:
        print(line)
    return int(bool(kept))


if __name__ == "__main__":
    sys.exit(main())
