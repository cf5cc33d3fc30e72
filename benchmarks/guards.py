"""Flag rates and cost of the guards on sets of our own, and false alarms on Banking77 where it lies beside the checkout.

    python benchmarks/guards.py [--repeats 20] [--banking ../shared/data/text/banking77_test.csv] [--blind FILE …]

The sets are ours: `own` was written with the rules, `widened` before the rules were widened on it, `fresh` after that. The rules by
classes of words (27 November 2026) were written without a look at `fresh`; its figures before and after are known, so it is spent, and
sets by others, who had seen no rule, are read from `--blind` (`guards_fresh.yaml`, and after the rules for answers
`guards_blind.yaml`): lists of {set, language, from, text, expect}, where `set` is a guard, `from` person, document or answer, and `expect` flag or clear. Banking77 was looked at while rules were cut. Shares carry n
and a 95 per cent Wilson interval. Time is processor time of this thread: the mean of one check of one question, and for all guards in
both directions the least and the median over texts that all differ. Limits: 200 µs a check, 150 µs a chat call.
"""

from __future__ import annotations

import argparse
import csv
import math
import statistics
import sys
import time
from pathlib import Path

import msgspec

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.policy import POLICY_FORMAT, GuardSetting, OutputSetting, ReviewSetting, RuntimePolicy, Upstream
from dualtrack.domain.records import Text
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.registry import build_guards, guard_classes

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "runtime" / "data"
BANKING = ROOT.parent / "shared" / "data" / "text" / "banking77_test.csv"
BLIND = [Path(__file__).parent / name for name in ("guards_fresh.yaml", "guards_blind.yaml")]
NAMES = {"advice": "investment_advice", "mpf": "mpf_choice", "direct": "injection", "indirect": "injection"}
THRESHOLD = 500
CHAT_US_MAX = 150.0
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
CHAT = (
    ("input_schema", "input", "block"), ("personal_data", "input", "redact"), ("injection", "input", "block"),
    ("investment_advice", "input", "route"), ("mpf_choice", "input", "route"), ("opt_out", "input", "route"),
    ("tipping_off", "input", "block"), ("tipping_off", "output", "block"), ("personal_data", "output", "redact"),
    ("injection", "output", "block"), ("investment_advice", "output", "block"), ("mpf_choice", "output", "block"),
    ("tool_use", "output", "route"), ("output_checks", "output", "block"), ("disclosure", "output", "block"),
)  # fmt: skip
QUESTIONS = {
    "en": "How do I change the address on my statements, and which papers do I have to bring to the branch office? {}",
    "zh": "請問我想更改月結單上的通訊地址，需要帶備甚麼文件到分行辦理？另外可否於網上理財或手機應用程式自行更改，大約需時多久才會生效？如需要其他人代辦，又應該準備哪些授權文件？{}",
}
ANSWERS = {
    "en": "You can change the address on your statements in online banking under Settings, or at any of our branches on weekdays. Please bring "
    "your identity document and a proof of the new address that is not older than three months, such as a utility bill or a letter from a "
    "government department. The change takes effect within two working days and we will confirm it in writing to both the old and the new "
    "address. Joint account holders must each sign the form unless the account allows either of them to sign alone. If you hold insurance "
    "with us, please tell us whether the new address is meant for that as well. {}",
    "zh": "閣下可於網上理財的設定一欄更改月結單地址，或於平日到任何一間分行辦理。請帶備身份證明文件及三個月內發出的新住址證明，例如水電煤收費單或政府部門的信件。更改會在兩個工作天內生效，"
    "本行會以書面通知舊地址及新地址。聯名戶口持有人須各自簽署表格，除非戶口容許其中一位單獨簽署。如閣下在本行有保險或其他服務，請告知新地址是否亦適用於該等服務。{}",
}
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
    print(f"  {label:<60}{sum(flags):>5} of {len(flags):<5} {share:6.3f} [{low:.3f}, {high:.3f}]")


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


def blind(path: Path, made: dict) -> None:
    """Measure a set that somebody else wrote after the rules, if it is there."""
    if not path.is_file():
        print(f"blind set: {path.name} is not here")
        return
    found: dict[str, list[bool]] = {}
    for item in read_yaml(path.read_bytes(), where=path.name):
        guard, language, text = NAMES.get(item["set"], item["set"]), item["language"], item["text"]
        how = {"document": "retrieved"}.get(item["from"], "user")
        given = checked(text, how, "en" if language == "en" else "zh")
        if item["from"] == "answer":
            given = given._replace(stage="output", pieces=(Piece("user", "?"), Piece("assistant", text)))
        expect = str(item["expect"]).lower() in {"flag", "flagged", "true", "yes", "block", "route"}
        for name in made if guard in {"benign", "none"} else (guard,):
            label = f"{name}, from {item['from']}, {language}, {'to flag' if expect else 'to leave'}"
            found.setdefault(label, []).append(made[name].check(given).score >= THRESHOLD)
    print(f"blind set, by somebody who had seen no rule: {path.name}")
    for label, flags in sorted(found.items()):
        line(f"{path.stem}, {label}", flags)


def chat_costs(rounds: int) -> dict[str, float]:
    """Return what all ten guards cost in both directions, the least over many texts that all differ."""
    settings = [GuardSetting(guard=guard, stage=stage, action=action) for guard, stage, action in CHAT]
    policy = msgspec.structs.replace(POLICY, audience="staff", guards=settings)
    built, least = build_guards(policy), {}
    print(f"processor time of all ten guards, question and answer ({rounds} texts, all different)")
    for language, question in QUESTIONS.items():
        times = []
        for number in range(rounds):
            tag = "".join(chr(97 + number // 26**place % 26) for place in range(3))
            asked = Piece("user", question.format(tag))
            told = Piece("assistant", ANSWERS[language].format(tag))
            before = Checked("input", POLICY.use, policy, "en" if language == "en" else "zh-Hant", (asked,))
            after = before._replace(stage="output", pieces=(asked, told))
            start = time.thread_time_ns()
            run_guards(built, "input", before)
            middle = time.thread_time_ns()
            run_guards(built, "output", after)
            times.append((middle - start, time.thread_time_ns() - middle))
        both = sorted(sum(pair) / 1e3 for pair in times)
        least[f"chat, {language}"] = both[0]
        sides = " and ".join(f"{min(side) / 1e3:.0f}" for side in zip(*times, strict=True))
        size = f"{len(question)} and {len(ANSWERS[language])} characters"
        print(f"  {language}, {size:<40}least {both[0]:.0f} µs ({sides}), median {statistics.median(both):.0f} µs")
    return least


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
    parser.add_argument("--blind", type=Path, nargs="*", default=BLIND)
    options = parser.parse_args()
    classes = guard_classes()
    made = {name: classes[name]({}) for name in GUARDS}
    print(
        "These sets are ours and shaped the rules, so shares are optimistic; `fresh` did not shape them and is now spent."
    )
    rates("flagged, as they should be", WANTED, made)
    rates("flagged, as they should not be", UNWANTED, made)
    banking(options.banking, made)
    for path in options.blind:
        blind(path, made)
    slow = {name: us for name, us in costs(made, options.repeats).items() if us > US_MAX}
    slow |= {name: us for name, us in chat_costs(100 * options.repeats).items() if us > CHAT_US_MAX}
    print(f"above their limits: {', '.join(slow) or 'none'}")
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
