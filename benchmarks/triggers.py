"""Triggers: which messages that a person should hear call one, and which others do, by kind and register, beside the list of bare words.

    python benchmarks/triggers.py [FILE] [--blind] [--words FILE] [--smoke]

FILE is a list of {text, register, expects}, `expects` a kind or none. Without it, `tests/apps/data/trigger_messages.yaml`: both of its halves were used
while rules were written, so what it gives is a figure of development. `--blind` takes `trigger_messages_blind.yaml` beside it, by a writer who had
seen no rule: it is scored once. `--words` is a list of bare words to hold beside, as `{id, en: [...], zh: [...]}`. Two counts: the kind itself was found; and a person was called by any kind but a cue of vulnerability, which only offers help. Shares carry n and
a 95 per cent Wilson interval. Time is processor time of this process, of messages that differ. Limits: 0.85 of messages of kinds other than
vulnerable call a person, 0.9 of distress and of bereavement, at most 0.08 of others do; 300 µs a message.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import unicodedata
from pathlib import Path

from dualtrack.apps.service.triggers import CHARACTERS_READ, find_triggers, shipped_triggers
from dualtrack.domain.documents import read_yaml
from dualtrack.evidence.intervals.wilson import wilson_limits

DATA = Path(__file__).parent.parent / "tests" / "apps" / "data"
REGISTERS = ("english", "written", "cantonese", "mixed")
RECALL_LEAST = {"distress": 0.9, "bereavement": 0.9}
ALL_LEAST = 0.85
FALSE_MAX = 0.08
US_MAX = 300.0
LONG = "想問下張卡嘅簽賬額點樣加大, and how long does it take to show in the app? "


def share(hits: int, n: int) -> str:
    if not n:
        return "none"
    low, high = wilson_limits(hits, n, 0.95)
    return f"{hits:>4} of {n:<4} {hits / n:.2f} [{low:.2f}, {high:.2f}]"


def read_words(path: Path):
    """Return a reader of bare words as it stood: English whole words, Chinese parts of the text without blanks."""
    listed = read_yaml(path.read_bytes(), where=path.name)
    compiled = []
    for each in listed:
        english, chinese = (
            "|".join(sorted(map(re.escape, each[name]), key=len, reverse=True)) for name in ("en", "zh")
        )
        compiled.append((each["id"], re.compile(rf"(?<![a-z0-9])(?:{english})(?![a-z])"), re.compile(chinese)))

    def find(message: str) -> set[str]:
        plain = unicodedata.normalize("NFKC", message[:CHARACTERS_READ]).casefold().replace("’", "'")
        spaced, joined = " ".join(plain.split()), "".join(plain.split())
        return {name for name, en, zh in compiled if en.search(spaced) or zh.search(joined)}

    return find


def ours(message: str) -> set[str]:
    return {each.id for each in find_triggers(message)}


def report(name: str, find, messages: list[dict], offers: set[str]) -> dict[str, bool]:
    print(name)
    found = [(item, find(item["text"])) for item in messages]
    wanted = [pair for pair in found if pair[0]["expects"] != "none"]
    print(f"  {'':<24}{'the kind itself':<32}a person is called")
    recall: dict[str, float] = {}
    for kind in [trigger.id for trigger in shipped_triggers()]:
        some = [(item, ids) for item, ids in wanted if item["expects"] == kind]
        itself, called = sum(kind in ids for _, ids in some), sum(bool(ids - offers) for _, ids in some)
        print(f"  {kind:<24}{share(itself, len(some)):<32}{'' if kind in offers else share(called, len(some))}")
        if kind not in offers and some:
            recall[kind] = called / len(some)
    hard = [(item, ids) for item, ids in wanted if item["expects"] not in offers]
    for register in REGISTERS:
        some = [(item, ids) for item, ids in hard if item["register"] == register]
        itself, called = sum(item["expects"] in ids for item, ids in some), sum(bool(ids - offers) for _, ids in some)
        print(f"  {'all, ' + register:<24}{share(itself, len(some)):<32}{share(called, len(some))}")
    itself, called = sum(item["expects"] in ids for item, ids in hard), sum(bool(ids - offers) for _, ids in hard)
    print(f"  {'all but offers':<24}{share(itself, len(hard)):<32}{share(called, len(hard))}")
    others = [(item, ids) for item, ids in found if item["expects"] == "none"]
    false = sum(bool(ids - offers) for _, ids in others)
    print(f"  {'others that call one':<24}{share(false, len(others))}")
    for register in REGISTERS:
        some = [ids for item, ids in others if item["register"] == register]
        print(f"  {'others, ' + register:<24}{share(sum(bool(ids - offers) for ids in some), len(some))}")
    print(f"  {'others offered help':<24}{share(sum(bool(ids & offers) for _, ids in others), len(others))}")
    return {
        "recall": bool(hard) and called / len(hard) >= ALL_LEAST,
        **{f"recall {kind}": recall.get(kind, 1.0) >= least for kind, least in RECALL_LEAST.items()},
        "false alarms": not others or false / len(others) <= FALSE_MAX,
    }


def timed(messages: list[dict], repeats: int) -> float:
    texts = [item["text"] for item in messages]
    least = []
    for text in texts:
        took = []
        for _ in range(repeats):
            start = time.thread_time_ns()
            find_triggers(text)
            took.append(time.thread_time_ns() - start)
        least.append(min(took) / 1e3)
    least.sort()
    start = time.process_time()
    long = (LONG * (CHARACTERS_READ // len(LONG) + 1))[:CHARACTERS_READ]
    find_triggers(long)
    whole = time.process_time() - start
    p50, p99 = least[len(least) // 2], least[int(len(least) * 0.99)]
    print(
        f"time a message: p50 {p50:.0f} µs, p99 {p99:.0f} µs (n {len(least)}, least of {repeats}; mean length "
        f"{sum(map(len, texts)) / len(texts):.0f} characters); one of {CHARACTERS_READ:,} characters {whole * 1e3:.0f} ms"
    )
    return p50


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=DATA / "trigger_messages.yaml")
    parser.add_argument("--blind", action="store_true", help="the set by a writer who had seen no rule")
    parser.add_argument("--words", type=Path, help="a list of bare words to hold beside")
    parser.add_argument("--misses", action="store_true", help="print the messages that went wrong")
    parser.add_argument("--smoke", action="store_true", help="few repeats")
    options = parser.parse_args()
    path = DATA / "trigger_messages_blind.yaml" if options.blind else options.file
    messages = read_yaml(path.read_bytes(), where=path.name)
    offers = {trigger.id for trigger in shipped_triggers() if trigger.action == "offer"}
    print(f"{path.name}: {len(messages)} messages")
    held = report("rules and weights", ours, messages, offers)
    if options.words:
        report("bare words", read_words(options.words), messages, offers)
    if options.misses:
        for item in messages:
            found = ours(item["text"])
            if found if item["expects"] == "none" else item["expects"] not in found:
                print(f"  {item['expects']}: {item['text']} -> {', '.join(sorted(found)) or 'nothing'}")
    held["time"] = timed(messages, 3 if options.smoke else 20) <= US_MAX
    print("limits: " + ", ".join(f"{name} {'held' if good else 'MISSED'}" for name, good in held.items()))
    return 0 if all(held.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
