"""Questions over a table and text without a model: exact match, silence against error, wording, and gold calculations run again.

    python benchmarks/tatqa.py [--data ../shared/data/text] [--part tuned|held|both] [--smoke]

TAT-QA's development part (Zhu et al. 2021, MIT): 278 tables, 1,668 questions. Its tables are cut in two halves by the seed below. Every constant of the
solver was set while looking at the first half; the second was scored after that. The score is exact match of value and scale as the dataset's authors
define it, in an implementation of our own: a number is rounded to two places and multiplied by its scale, other text loses case, punctuation and articles.
Beside it stands a trivial baseline: the cell with most words of the question, read as it is. ConvFinQA's development programs (Chen et al. 2022, MIT) and the
gold derivations of TAT-QA run in the closed calculator. Shares carry n and a 95 per cent Wilson interval; time is processor time of this process.
Limits: arithmetic 50 per cent on the second half, derivations 99.8 per cent, ConvFinQA all programs that can be executed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import string
import sys
import time
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from dualtrack.apps.research.calculate import calculate, numeral, replays
from dualtrack.apps.research.expression import read_expression
from dualtrack.apps.research.program import Operand
from dualtrack.apps.research.reported import SCALES, read_reported
from dualtrack.apps.research.solving.answer import Abstained, Answer, Answered, Quoted
from dualtrack.apps.research.solving.solve import solve
from dualtrack.apps.research.solving.table import Table, body_of
from dualtrack.apps.research.solving.words import words
from dualtrack.errors import DualtrackError
from dualtrack.evidence.intervals.wilson import wilson_limits

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "text"
SEED = 20261127
ARITHMETIC_LEAST = 0.50
DERIVATIONS_LEAST = 0.998
CONFIDENT = 0.9
CUTS = (0.4, 0.6, 0.8, 0.9, 1.0, 1.2)
FACTORS = {"": 1.0, "hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "percent": 0.01}
ARTICLES = re.compile(r"\b(?:a|an|the)\b")
REWORDINGS = (
    lambda text: text.rstrip(" ?") + " ?",
    lambda text: text.upper(),
    lambda text: re.sub(r"^[Ww]hat (?:is|was) the", "Calculate the", text),
    lambda text: re.sub(r"^[Ww]hat (?:is|was) the", "Please tell me the", text),
    lambda text: re.sub(r"\bfrom (\d{4}) to (\d{4})", r"between \1 and \2", text),
    lambda text: re.sub(r"\bbetween (\d{4}) and (\d{4})", r"from \1 to \2", text),
    lambda text: text.replace("percentage change", "percent change"),
    lambda text: re.sub(r"\bin (\d{4})\b", r"for \1", text),
    lambda text: "According to the table, " + text[:1].lower() + text[1:],
)
"""Other ways to ask the same, that change no word of the line."""


class Asked(NamedTuple):
    """A question of the set with its table and text."""

    table: Table
    paragraphs: tuple[str, ...]
    gold: dict


class Given(NamedTuple):
    """What was answered, how sure, and whether it is right."""

    kind: str
    match: float | None
    right: bool


def line(label: str, hits: int, n: int) -> float:
    low, high = wilson_limits(hits, n, 0.95) if n else (0.0, 0.0)
    print(f"{label}: {hits}/{n} = {hits / max(n, 1):.1%} [{low:.1%}, {high:.1%}]")
    return hits / max(n, 1)


# The score, after the definition that the dataset's authors publish.


def cleaned(text: str) -> str:
    return "".join(each for each in text if each not in "'\"\\$€£¥%(),[]")


def is_number(text: str) -> bool:
    """Say whether the first word is a number, and the second, if any, a word of scale."""
    parts = " ".join(cleaned(each) for each in text.split()).split()
    try:
        value = float(parts[0]) if parts else float("nan")
    except ValueError:
        return False
    return not math.isnan(value) and (len(parts) < 2 or factor_in(parts[1]) != 1)


def factor_in(text: str) -> float:
    return next(
        (FACTORS[each] for each in ("hundred", "thousand", "million", "billion", "percent") if each in text.lower()),
        1.0,
    )


def number_of(text: str) -> float | None:
    """Return the last number of a text; in brackets it is negative, with a sign a share, with a word of scale that many."""
    found = re.findall(r"[+-]?\d+(?:\.\d+)?|[+-]?\.\d+", cleaned(text))
    if not found:
        return None
    scaled = re.search(r"[\d.]+\s?[a-zA-Z]+", text)
    sign = -1 if re.search(r"\([\d.\s]+\)", text.strip()) else 1
    return round(
        float(found[-1])
        * (factor_in(scaled[0]) if scaled else 1)
        * sign
        * (0.01 if re.search(r"[\d.\s]+%", text.strip()) else 1),
        4,
    )


def answer_text(answers: list[str], scale: str) -> str:
    made = []
    for each in sorted(map(str, answers)):
        value = number_of(each) if is_number(each) else None
        if value is None:
            made.append(f"{each} {scale}" if scale else each)
        else:
            made.append(f"{value:.4f}" if "%" in each else f"{round(value, 2) * FACTORS[scale]:.4f}")
    return " ".join(made)


def plain(text: str) -> str:
    parts = []
    for each in text.split(" "):
        lower = each.lower()
        part = (
            str(number_of(lower))
            if is_number(lower)
            else "".join(one for one in lower if one not in string.punctuation)
        )
        parts.append(" ".join(ARTICLES.sub(" ", part).split()))
    return " ".join(filter(None, parts))


def exact(answers: list[str], scale: str, gold: dict) -> bool:
    """Say whether an answer is the gold one to the letter, scale included; a number without a scale may also be the bare value of it."""
    if not answers:
        return False
    kind, truth = gold["answer_type"], gold["answer"]
    wanted = plain(
        answer_text(
            truth if isinstance(truth, list) else [str(int(truth)) if kind == "count" else str(truth)], gold["scale"]
        )
    )
    given = [answer_text(answers, scale)]
    if len(answers) == 1 and not scale and "%" not in answers[0] and is_number(answers[0]):
        given.append(f"{number_of(answers[0]):.4f}")
    return any(plain(each) == wanted for each in given)


def said(answer: Answer) -> tuple[list[str], str]:
    """Return an answer as the score reads it: a value looked up as printed, a computed one to two places, a choice in words."""
    if isinstance(answer, Quoted):
        return [answer.text], ""
    if isinstance(answer, Abstained):
        return [], ""
    if answer.choice and answer.intent == "compare":
        return [answer.choice.split()[-1]], ""
    if answer.expression == "a":
        return [answer.operands[0].text], answer.scale if answer.scale in FACTORS and answer.operands[
            0
        ].address.startswith("table/") else ""
    return [
        str(Decimal(answer.shown).quantize(Decimal("0.01"), ROUND_HALF_UP))
    ], answer.scale if answer.scale in FACTORS else ""


# The parts of the report.


def read_set(path: Path) -> tuple[list[Asked], list[Asked]]:
    """Return the questions of the tables that constants were set on, and of the others."""
    documents = json.loads(path.read_text("utf-8"))
    order = list(range(len(documents)))
    random.Random(SEED).shuffle(order)
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    return tuple([each for at in sorted(half) for each in asked_of(documents[at])] for half in halves)  # type: ignore[return-value]


def asked_of(document: dict) -> list[Asked]:
    table = Table(name="table", rows=tuple(tuple(map(str, row)) for row in document["table"]["table"]))
    paragraphs = tuple(each["text"] for each in document["paragraphs"])
    return [Asked(table, paragraphs, each) for each in document["questions"]]


def give(asked: Asked) -> tuple[Given, Answer]:
    answer = solve(asked.gold["question"], asked.table, asked.paragraphs)
    if isinstance(answer, Answered) and not replays(answer.trace):
        raise SystemExit(f"a trace does not come out again: {asked.gold['question']}")
    match = None if isinstance(answer, Abstained) else answer.match
    return Given(asked.gold["answer_type"], match, exact(*said(answer), asked.gold)), answer


def nearest(asked: Asked) -> bool:
    """Answer with the cell that has most words of the question, years among them: the trivial baseline."""
    body = body_of(asked.table)
    wanted = set(words(asked.gold["question"])) | set(re.findall(r"\d{4}", asked.gold["question"]))
    best = max(
        body.cells, default=None,
        key=lambda each: len(wanted & (set(words(f"{each.label} {each.heading}")) | set(re.findall(r"\d{4}", f"{each.label} {each.heading}")))),
    )  # fmt: skip
    return best is not None and exact([best.text], "", asked.gold)


def report_part(name: str, part: list[Asked]) -> tuple[float, list[tuple[Asked, Answer]]]:
    started = time.process_time()
    given = [give(each) for each in part]
    spent = time.process_time() - started
    print(
        f"== {name}: {len({id(each.table) for each in part})} tables, {len(part)} questions, {spent / len(part) * 1e3:.2f} ms of processor a question"
    )
    quoted = [(each, answer) for each, (_, answer) in zip(part, given, strict=True) if isinstance(answer, Quoted)]
    shares = {}
    for kind in ("arithmetic", "count", "span", "multi-span"):
        own = [each for each, _ in given if each.kind == kind]
        answered = [each for each in own if each.match is not None]
        shares[kind] = line(f"{kind}, exact match", sum(each.right for each in own), len(own))
        line("  answered", len(answered), len(own))
        line("  right of those answered", sum(each.right for each in answered), len(answered))
        sure = [each for each in answered if each.match is not None and each.match >= CONFIDENT]
        line(
            f"  wrong of those answered with a match of {CONFIDENT} or more",
            sum(not each.right for each in sure),
            len(sure),
        )
    figures = [each for each, answer in given if isinstance(answer, Answered) and each.kind == "span"]
    line("span questions answered by a figure, right", sum(each.right for each in figures), len(figures))
    line(
        "quotes that hold a gold answer whole",
        sum(
            any(each in answer.text for each in map(str, asked.gold["answer"]))
            for asked, answer in quoted
            if isinstance(asked.gold["answer"], list)
        ),
        len(quoted),
    )
    line("all questions, exact match", sum(each.right for each, _ in given), len(given))
    arithmetic = [each for each, _ in given if each.kind == "arithmetic"]
    twice = [
        each
        for each, answer in given
        if each.kind == "arithmetic" and isinstance(answer, Answered) and answer.second is not None
    ]
    line("arithmetic with a second way that agrees, right", sum(each.right for each in twice), len(twice))
    print("abstention curve, arithmetic: least match, answered, right of those")
    for cut in CUTS:
        kept = [each for each in arithmetic if each.match is not None and each.match >= cut]
        line(
            f"  {cut:.1f}  answered {len(kept) / len(arithmetic):.1%}, right",
            sum(each.right for each in kept),
            len(kept),
        )
    line(
        "without the scale, arithmetic, value right of all",
        sum(value_right(each, answer) for each, answer in zip(part, (a for _, a in given), strict=True)),
        len(arithmetic),
    )
    line(
        "nearest cell, arithmetic",
        sum(nearest(each) for each in part if each.gold["answer_type"] == "arithmetic"),
        len(arithmetic),
    )
    line("nearest cell, all", sum(map(nearest, part)), len(part))
    reasons = Counter(
        answer.reason for each, answer in given if isinstance(answer, Abstained) and each.kind == "arithmetic"
    )
    print("reasons of silence, arithmetic:", ", ".join(f"{reason} {n}" for reason, n in reasons.most_common()))
    return shares["arithmetic"], [(asked, answer) for asked, (_, answer) in zip(part, given, strict=True)]


def value_right(asked: Asked, answer: Answer) -> bool:
    if asked.gold["answer_type"] != "arithmetic" or not isinstance(answer, Answered):
        return False
    return exact([said(answer)[0][0]], asked.gold["scale"], asked.gold)


def report_wording(answered: list[tuple[Asked, Answer]]) -> None:
    same = asked = silent = 0
    for each, answer in answered:
        if not isinstance(answer, Answered) or each.gold["answer_type"] != "arithmetic":
            continue
        for reword in REWORDINGS:
            text = reword(each.gold["question"])
            if text == each.gold["question"]:
                continue
            again = solve(text, each.table, each.paragraphs)
            asked += 1
            same += isinstance(again, Answered) and (again.value, again.scale) == (answer.value, answer.scale)
            silent += not isinstance(again, Answered)
    line("other wordings of answered arithmetic: the same figure", same, asked)
    line("  no figure", silent, asked)
    line("  another figure", asked - same - silent, asked)


def computed(text: str, *, accounting: bool) -> Decimal:
    read = read_expression(text, accounting=accounting)
    operands = []
    for each in read.written:
        reported = read_reported(each.text)
        if reported is None:
            raise InvalidOperation
        operands.append(Operand(each.name, "written", each.text, numeral(reported.value)))
    return Decimal(calculate(read.program, operands).value)


def derivation_agrees(gold: dict) -> bool | None:
    """Say whether a gold derivation gives its answer, as a number or in per cent, in its scale, whatever its sign; None where that is no number."""
    try:
        truth = Decimal(str(gold["answer"]).replace(",", ""))
    except InvalidOperation:
        return None
    try:
        values = [computed(gold["derivation"], accounting=way) for way in (False, True)]
    except (DualtrackError, InvalidOperation):
        return False
    unit = Decimal(1).scaleb(int(truth.as_tuple().exponent))
    ways = [
        value * factor
        for value in values
        for factor in (1, 100, -1, -100, Decimal(1).scaleb(-SCALES.get(gold["scale"], 0)))
    ]
    return any(abs(each.quantize(unit, ROUND_HALF_UP) - truth) <= unit for each in ways)


def report_gold(questions: list[Asked], conversations: list[dict]) -> tuple[float, bool]:
    found = [derivation_agrees(each.gold) for each in questions if each.gold["answer_type"] == "arithmetic"]
    share = line(
        "gold derivations that give their answer",
        sum(each is True for each in found),
        sum(each is not None for each in found),
    )
    counted: Counter[str] = Counter()
    for each in conversations:
        for at, program in enumerate(each["programs"]):
            try:
                value = computed(re.sub(r"\bans\s*=", "", program), accounting=False)
            except DualtrackError:
                counted["refused"] += 1
                continue
            counted["executed"] += 1
            if at == len(each["programs"]) - 1:
                truth = Decimal(str(each["answer"]))
                near = max(abs(truth) * Decimal("0.005"), Decimal("0.0006"))
                counted["right" if min(abs(value - truth), abs(value / 100 - truth)) <= near else "wrong"] += 1
    print(f"ConvFinQA programs: {counted['executed']} executed, {counted['refused']} not (they hold a comparison)")
    line("ConvFinQA last programs that give their answer", counted["right"], counted["right"] + counted["wrong"])
    return share, counted["wrong"] == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--part", choices=("tuned", "held", "both"), default="both")
    parser.add_argument("--smoke", action="store_true", help="a few tables of the first half")
    chosen = parser.parse_args()
    if not (chosen.data / "tatqa_dev.json").exists():
        print(f"no data at {chosen.data}")
        return 0
    print(f"load {os.getloadavg()[0]:.1f}, seed {SEED}")
    tuned, held = read_set(chosen.data / "tatqa_dev.json")
    conversations = json.loads((chosen.data / "convfinqa_dev.json").read_text("utf-8"))
    if chosen.smoke:
        tuned, chosen.part, conversations = tuned[:60], "tuned", conversations[:20]
    shares, answered = [], []
    for name, part in (("tuned", tuned), ("held", held)):
        if chosen.part in (name, "both"):
            share, given = report_part(
                "constants were set on this half" if name == "tuned" else "scored after that", part
            )
            shares.append(share)
            answered += given
    report_wording(answered)
    derivations, programs = report_gold([*tuned, *held], conversations)
    return 0 if shares[-1] >= ARITHMETIC_LEAST and derivations >= DERIVATIONS_LEAST and programs else 1


if __name__ == "__main__":
    sys.exit(main())
