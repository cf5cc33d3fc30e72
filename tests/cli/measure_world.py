"""A validator's bench: a bank, a model's module, a plan, and the commands that register and run it."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler

import yaml
from cli_world import USE, good, refused, run

MODEL = """
import numpy as np

def predict(rows):
    return 1 / (1 + np.exp(-(rows[:, 0] + 0.5 * rows[:, 1])))

def flat(rows):
    return np.full(len(rows), 0.5)

def short(rows):
    return [0.5]

def nan(rows):
    return np.full(len(rows), np.nan)

def broken(rows):
    raise KeyError("column nobody knows")

number = 3
"""
ROWS = 3_000


class Endpoint(BaseHTTPRequestHandler):
    """Scores rows as `predict` does, in plain Python: an independent model behind HTTP."""

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["rows"]
        scores = [1 / (1 + 2.718281828459045 ** -(row[0] + 0.5 * row[1])) for row in rows]
        body = json.dumps({"scores": scores}).encode()
        self.send_response(200 if self.path == "/score" else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


PLAN = {
    "format": "dualtrack.measurement-plan/1",
    "use": USE,
    "title": {"en": "What we will measure", "zh-Hant": "將會量度的項目"},
    "data": {"en": "The validation table", "zh-Hant": "驗證用數據表"},
    "columns": {
        "label": "defaulted",
        "score": "model",
        "baseline": "points",
        "attributes": ["sex"],
        "features": ["first", "second"],
    },
    "decision": {"at_least": 0.5},
    "cell_size_min": 100,
    "rows_min": 1000,
    "items": [
        {
            "id": "order",
            "measure": "performance.discrimination",
            "gate": {"topic": "predictive_performance", "target": 0.6},
        },
        {
            "id": "calibration",
            "measure": "performance.calibration",
            "gate": {
                "topic": "calibration_performance",
                "limit": 0.05,
                "pick": {"measure": "calibration.expected-error"},
            },
        },
        {
            "id": "benefit",
            "measure": "benefit.paired",
            "settings": {
                "plan": {"unit": "squared probability", "direction": "lower is better", "effect": 0.001},
                "compare": "brier",
            },
            "gate": {"topic": "benefit"},
        },
        {
            "id": "gap",
            "measure": "fairness.groups",
            "gate": {"topic": "group_outcomes", "limit": 0.1},
        },
        {"id": "lift", "measure": "performance.lift", "settings": {"shares": [0.1, 0.5]}},
    ],
}
MODEL_OPTIONS = ["--model", "scoring_of_test:predict"]


def planned(**changes):
    """Return the plan as plain data; `items` may be given as ids to keep."""
    wanted = changes.pop("only", None)
    items = [item for item in PLAN["items"] if wanted is None or item["id"] in wanted]
    return PLAN | {"items": items} | changes


def altered(item, **changes):
    """Return the plan with only one item, changed."""
    found = next(each for each in PLAN["items"] if each["id"] == item)
    return PLAN | {"items": [found | changes]}


class Bench:
    """A folder with the model's module, a bank, and the commands of a validator."""

    def __init__(self, bank, folder):
        self.bank, self.folder = bank, folder

    def write(self, plan, name="plan.yaml"):
        path = self.folder / name
        path.write_text(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    def register(self, plan=PLAN, how=good):
        arguments = ["plan", "register", self.write(plan), "--workspace", self.bank]
        return how(self.bank, *arguments) if how is refused else how(*arguments, "--json")

    def measure(self, *arguments, data, plan=None, how=run):
        named = [] if plan is None else ["--plan", self.write(plan)]
        line = ["measure", USE, "--data", data, *named, "--workspace", self.bank, *arguments]
        return how(self.bank, *line) if how is refused else how(*line)

    def evidence(self):
        return good("evidence", "list", USE, "--workspace", self.bank, "--json").json

    def kinds(self):
        found = good("ledger", "show", "--workspace", self.bank, "--json").json
        return [entry["kind"] for entry in found["entries"]]
