"""A bank whose use was measured under a plan, once more without one, and assessed: what exports are made of."""

from __future__ import annotations

import shutil

import duckdb
import numpy as np
import yaml
from cli_world import USE, evidence_files, good, run

ROWS = 1_200
SECRET = "customer-4711"
"""A group of 40: less than the plan lets out."""

PLAN = {
    "format": "dualtrack.measurement-plan/1",
    "use": USE,
    "title": {"en": "What we will measure", "zh-Hant": "將會量度的項目"},
    "data": {"en": "The validation table", "zh-Hant": "驗證用數據表"},
    "columns": {
        "label": "defaulted",
        "score": "score",
        "baseline": "points",
        "attributes": ["branch"],
        "features": ["first", "second"],
    },
    "decision": {"at_least": 0.5},
    "cell_size_min": 100,
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
                "limit": 0.0001,
                "pick": {"measure": "calibration.expected-error"},
            },
        },
        {"id": "groups", "measure": "fairness.groups"},
        {"id": "filled", "measure": "quality.completeness"},
        {
            "id": "no-such-rows",
            "measure": "performance.lift",
            "settings": {"shares": [0.1]},
            "columns": {"label": "nobody"},
        },
    ],
}


def write_table(folder):
    random = np.random.default_rng(7)
    first, second = random.normal(size=ROWS), random.normal(size=ROWS)
    chance = 1 / (1 + np.exp(-(first + 0.5 * second)))
    columns = {
        "score": chance.tolist(),
        "points": np.clip(0.5 + 0.05 * first, 0, 1).tolist(),
        "branch": ["north"] * (ROWS // 2) + ["south"] * (ROWS // 2 - 40) + [SECRET] * 40,
        "first": [None] * 3 + first.tolist()[3:],
        "second": second.tolist(),
        "defaulted": (random.random(ROWS) < chance).astype(int).tolist(),
    }
    with duckdb.connect() as connection:
        parts = ", ".join(f"unnest(${name}) AS {name}" for name in columns)
        connection.execute(f"COPY (SELECT {parts}) TO '{folder}/t.parquet'", columns)
    return folder / "t.parquet"


def measured_bank(master, folder):
    """Copy a bank with a declared and released use, measure and assess it; returns the workspace."""
    bank = shutil.copytree(master, folder / "ws")
    data = write_table(folder)
    plan, other = folder / "plan.yaml", folder / "other.yaml"
    plan.write_text(yaml.safe_dump(PLAN, allow_unicode=True))
    other.write_text(yaml.safe_dump(PLAN | {"items": [PLAN["items"][0]], "seed": 9}, allow_unicode=True))
    good("plan", "register", plan, "--workspace", bank)
    for named in (plan, other):
        assert run("measure", USE, "--plan", named, "--data", data, "--workspace", bank).code in {0, 1}
    (folder / "facts").mkdir()
    for subject, holder, path in evidence_files(folder / "facts", bank):
        if path.stem in {"ai_governance_framework", "human_oversight_level", "benefit"}:
            good("evidence", "add", subject, path, "--as", holder, "--workspace", bank)
    run("assess", USE, "--workspace", bank)
    return bank


def values(plain, name):
    """Yield every text under a name, however deep."""
    if isinstance(plain, dict):
        for key, value in plain.items():
            if key == name and isinstance(value, str):
                yield value
            yield from values(value, name)
    elif isinstance(plain, list):
        for each in plain:
            yield from values(each, name)
