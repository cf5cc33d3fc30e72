"""A use with a registered plan and real results of it, for the tests of reports: one item of each standing, made on a small table."""

from __future__ import annotations

import numpy as np

from dualtrack.evidence.plans.given import Given
from dualtrack.evidence.plans.reading import read_plan
from dualtrack.evidence.plans.recording import newest_plan
from dualtrack.evidence.plans.records import PLAN_KIND, RESULT_KIND
from dualtrack.evidence.plans.running import Asked, run_plan
from permit.firm import USE, known_key

ROWS = 1_200
FIRST = ["order", "strict", "calibration", "groups", "lift", "moved"]
PLAN = {
    "format": "dualtrack.measurement-plan/1",
    "use": USE,
    "title": {"en": "What will be measured", "zh-Hant": "將會量度的項目"},
    "data": {"en": "A made-up table", "zh-Hant": "虛構的數據表"},
    "columns": {"label": "defaulted", "score": "points", "decision": "chosen", "attributes": ["sex", "area"]},
    "draws": 200,
    "cell_size_min": 30,
    "items": [
        {"id": "order", "measure": "performance.discrimination", "gate": {"topic": "order", "target": 0.55}},
        {"id": "strict", "measure": "performance.discrimination", "gate": {"topic": "order", "target": 0.99}},
        {
            "id": "calibration",
            "measure": "performance.calibration",
            "gate": {"topic": "promise", "limit": 0.02, "pick": {"measure": "calibration.expected-error"}},
        },
        {
            "id": "groups",
            "measure": "fairness.groups",
            "settings": {"by": [["sex"], ["area"]]},
            "rows_min": ROWS + 1,
            "gate": {"topic": "group_outcomes", "limit": 0.4, "pick": {"rate": "selection_rate"}},
        },
        {"id": "lift", "measure": "performance.lift", "settings": {"shares": [0.1, 0.5]}},
        {
            "id": "moved",
            "measure": "drift.ks-exact",
            "settings": {"columns": ["points"]},
            "gate": {"topic": "drift", "limit": 0.1},
        },
        {"id": "later", "measure": "quality.completeness", "gate": {"topic": "quality", "target": 0.95}},
    ],
}


def table():
    """Return scores that order outcomes well but promise too little, with one small area."""
    random = np.random.default_rng(11)
    points = np.round(random.random(ROWS), 3)
    return {
        "points": points,
        "defaulted": (random.random(ROWS) < 0.2 + 0.6 * points).astype(np.int64),
        "chosen": (points > 0.5).astype(np.int64),
        "sex": np.array(["female", "male"])[random.integers(0, 2, ROWS)],
        "area": np.array(["east", "west", "isle"])[np.where(np.arange(ROWS) < 9, 2, random.integers(0, 2, ROWS))],
    }


def plan_of(items=None):
    """Return the plan, with these items only if any are named."""
    kept = [item for item in PLAN["items"] if items is None or item["id"] in items]
    return read_plan(PLAN | {"items": kept}, where="test")


def measure(register, release, *, only=FIRST, exploratory=False, register_plan=True):
    """Register the plan, run these items on a release, and record what came of it; returns the results."""
    plan, signer = plan_of(), known_key("collector")
    if register_plan:
        register.append_record(PLAN_KIND, USE, plan, [signer])
    known = None if exploratory else newest_plan(register, USE)
    asked = Asked(release=release, plan=known.reference if known else None, variants=1, taken_at=register.now())
    run = run_plan(plan, Given(table()), asked, only=frozenset(only))
    register.append_records(RESULT_KIND, USE, run.results, [signer])
    return run.results
