"""Flag rates and cost of the text guards on sets of our own, and false alarms on Banking77 where it lies beside the checkout.

    python benchmarks/guards.py [--repeats 20] [--banking ../shared/data/text/banking77_test.csv]

The sets are ours, and three: `own` was written with the rules, `widened` before the rules were widened on it, `fresh` afterwards.
Only `fresh` says something about texts that the rules do not know; the rule `not-factual` was added after it, so that for
advice and MPF it is not quite fresh either. Banking77 was looked at while rules were cut. Shares carry n and a 95 per cent
Wilson interval. Time is processor time of one check of one question, construction left out. Limit: 200 µs a check.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import time
from pathlib import Path

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.policy import POLICY_FORMAT, OutputSetting, ReviewSetting, RuntimePolicy, Upstream
from dualtrack.domain.records import Text
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.registry import guard_classes

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "runtime" / "data"
BANKING = ROOT.parent / "shared" / "data" / "text" / "banking77_test.csv"
THRESHOLD = 500
US_MAX = 200.0
GUARDS = ("injection", "investment_advice", "mpf_choice", "opt_out", "tipping_off")
WANTED = (  # guard, file, set, how the text arrives
    ("injection", "injection", "direct", "user"),
    ("injection", "widened", "direct", "user"),
    ("injection", "fresh", "direct", "user"),
    ("injection", "injection", "indirect", "retrieved"),
    ("injection", "widened", "indirect", "retrieved"),
    ("injection", "fresh", "indirect", "retrieved"),
    ("investment_advice", "advice", "asks", "user"),
    ("investment_advice", "widened", "advice", "user"),
    ("investment_advice", "fresh", "advice", "user"),
    ("mpf_choice", "mpf", "asks", "user"),
    ("mpf_choice", "widened", "mpf", "user"),
    ("mpf_choice", "fresh", "mpf", "user"),
    ("opt_out", "persons", "opt_out", "user"),
    ("tipping_off", "persons", "tipping_off", "user"),
)
UNWANTED = (
    ("investment_advice", "advice", "facts", "user"),
    ("mpf_choice", "mpf", "facts", "user"),
    *((name, "benign", "benign", "user") for name in GUARDS),
    *((name, "fresh", "benign", "user") for name in GUARDS),
    ("injection", "benign", "benign", "retrieved"),
)
CARRIER = {
    "en": "Branches open from nine to five on weekdays. Fees are listed in the tariff. {} Please report the loss of a card.",
    "zh": "分行星期一至五上午九時至下午五時營業。收費載於收費表。{}如遺失信用卡，請即報告。",
}
POLICY = RuntimePolicy(
    format=POLICY_FORMAT,
    use="bench/chat",
    audience="customers",
    guards=[],
    upstreams=[Upstream(id="own", kind="extractive", provider="own")],
    fallback="message",
    message=Text(en="Please call us.", zh="請致電我們。"),
    human=Text(en="Call us.", zh="致電我們。"),
    review=ReviewSetting(mode="none"),
    output=OutputSetting(),
    retention="year",
)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 per cent Wilson score interval."""
    z = 1.959964
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def checked(text: str, how: str, language: str) -> Checked:
    pieces = (Piece("user", text),)
    if how == "retrieved":
        question = "What are your opening hours?" if language == "en" else "分行幾點開門？"
        pieces = (Piece("user", question), Piece("retrieved", f"[hours#1]\n{CARRIER[language].format(text)}"))
    return Checked("input", "bench/chat", POLICY, "en" if language == "en" else "zh-Hant", pieces)


def read(name: str) -> dict:
    return read_yaml((DATA / f"guards_{name}.yaml").read_bytes(), where=name)


def line(label: str, flags: list[bool]) -> None:
    low, high = wilson(sum(flags), len(flags))
    share = sum(flags) / len(flags)
    print(f"  {label:<52}{sum(flags):>5} of {len(flags):<5} {share:6.3f} [{low:.3f}, {high:.3f}]")


def rates(title: str, rows: tuple, made: dict) -> None:
    print(title)
    for guard, file, name, how in rows:
        for language, texts in read(file)[name].items():
            flags = [made[guard].check(checked(text, how, language)).score >= THRESHOLD for text in texts]
            where = " in a document" if how == "retrieved" else ""
            line(f"{guard}, {file if file in {'widened', 'fresh'} else 'own'} {name}{where}, {language}", flags)


def costs(made: dict, repeats: int) -> dict[str, float]:
    print(f"processor time of one check of one ordinary question ({repeats} rounds)")
    found = {}
    for name, guard in made.items():
        for language, texts in read("benign")["benign"].items():
            given = [checked(text, "user", language) for text in texts]
            for item in given:
                guard.check(item)
            start = time.process_time()
            for _ in range(repeats):
                for item in given:
                    guard.check(item)
            found[f"{name}, {language}"] = us = (time.process_time() - start) / repeats / len(given) * 1e6
            print(f"  {name + ', ' + language:<52}{us:>8.1f} µs (n {len(given)})")
    return found


def banking(path: Path, made: dict) -> None:
    if not path.is_file():
        print("Banking77: not here, no false alarms measured on it")
        return
    with path.open(encoding="utf-8", newline="") as file:
        texts = [row[0] for row in csv.reader(file)][1:]
    print("false alarms on Banking77's test questions (not ours; English, banking only; seen while rules were cut)")
    for name, guard in made.items():
        line(name, [guard.check(checked(text, "user", "en")).score >= THRESHOLD for text in texts])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--banking", type=Path, default=BANKING)
    options = parser.parse_args()
    classes = guard_classes()
    made = {name: classes[name]({}) for name in GUARDS}
    print(
        "These sets are ours and shaped the rules, so shares are optimistic; `fresh` did not shape those on injection."
    )
    rates("flagged, as they should be", WANTED, made)
    rates("flagged, as they should not be", UNWANTED, made)
    banking(options.banking, made)
    slow = {name: us for name, us in costs(made, options.repeats).items() if us > US_MAX}
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
