"""Arithmetic questions with a language model that proposes: what its proposals come to under the checks, and beside the rules.

    python benchmarks/tatqa_model.py --endpoint http://127.0.0.1:8080/v1 [--model NAME] [--questions 60] [--data ../shared/data/text]

TAT-QA's development part (Zhu et al. 2021, MIT), the half of `benchmarks/tatqa.py` that constants were set on; questions are drawn by its seed. Each is put
to the endpoint as the research desk puts it: table and text fenced, one calculation asked for. Nothing was set while looking at an endpoint's answers. Shares carry n
and a 95 per cent Wilson interval. It reports by endpoint and has no limit: which model answers is the firm's choice.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tatqa import DATA, SEED, exact, line, read_set, said

from dualtrack.apps.research.asking import LookedAt, PageRead
from dualtrack.apps.research.modelled import gather, judge
from dualtrack.apps.research.solving.answer import Answered
from dualtrack.apps.research.solving.prompt import PROMPT_CHARS_MAX, make_messages
from dualtrack.apps.research.solving.solve import solve
from dualtrack.demo.language.model import NotRun, find_model

if TYPE_CHECKING:
    from tatqa import Asked

    from dualtrack.apps.research.modelled import Sources
    from dualtrack.demo.language.model import ModelFound

TIMEOUT_S = 120


def ask(found: ModelFound, messages: list[dict[str, str]]) -> str | None:
    """Return what the endpoint answers, None where it answers nothing that is a chat completion."""
    parts = urlsplit(found.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    body = json.dumps({"model": found.model, "messages": messages, "temperature": 0})
    try:
        connection.request("POST", f"{parts.path}/chat/completions", body, {"content-type": "application/json"})
        return str(json.loads(connection.getresponse().read())["choices"][0]["message"]["content"])
    except (OSError, ValueError, KeyError, IndexError, TypeError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def sources_of(asked: Asked) -> Sources:
    place = LookedAt(document="report", sha256="0" * 64, page=1)
    return gather([PageRead(place, "MIT", (asked.table,), asked.paragraphs)], characters=PROMPT_CHARS_MAX)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--endpoint")
    parser.add_argument("--model")
    parser.add_argument("--questions", type=int, default=60)
    chosen = parser.parse_args()
    found = find_model(chosen.endpoint, model=chosen.model)
    if isinstance(found, NotRun) or not (chosen.data / "tatqa_dev.json").exists():
        print(f"not run: {found.why.en if isinstance(found, NotRun) else f'no data at {chosen.data}'}")
        return 0
    tuned, _ = read_set(chosen.data / "tatqa_dev.json")
    arithmetic = [each for each in tuned if each.gold["answer_type"] == "arithmetic"]
    drawn = random.Random(SEED).sample(arithmetic, min(chosen.questions, len(arithmetic)))
    print(f"model {found.model}, {len(drawn)} questions, load {os.getloadavg()[0]:.1f}, seed {SEED}")
    codes: Counter[str] = Counter()
    held = right = by_rules = rules_right = left = left_held = left_right = 0
    begun_s = time.monotonic()
    for asked in drawn:
        question, sources = asked.gold["question"], sources_of(asked)
        own = solve(question, asked.table, asked.paragraphs)
        text = ask(found, make_messages(sources.text, question))
        judged = judge(text, question, sources) if text is not None else None
        figure = judged.figure if judged is not None else None
        good = figure is not None and exact(*said(figure), asked.gold)
        codes["no completion" if judged is None else judged.code or "held"] += 1
        held, right = held + (figure is not None), right + good
        if isinstance(own, Answered):
            by_rules, rules_right = by_rules + 1, rules_right + exact(*said(own), asked.gold)
        else:
            left, left_held, left_right = left + 1, left_held + (figure is not None), left_right + good
    line("proposals that hold under the checks", held, len(drawn))
    line("  right of those", right, held)
    line("rules answer", by_rules, len(drawn))
    line("  right of those", rules_right, by_rules)
    line("left by rules: the model's proposal holds", left_held, left)
    line("  right of those", left_right, left_held)
    line("rules, then model: right of all", rules_right + left_right, len(drawn))
    print("what came of the proposals:", ", ".join(f"{code} {n}" for code, n in codes.most_common()))
    print(f"{(time.monotonic() - begun_s) / len(drawn):.1f} s of wall time a question")
    return 0


if __name__ == "__main__":
    sys.exit(main())
