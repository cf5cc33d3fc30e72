"""A bank whose use has a live permit and a runtime policy, made with nothing but commands; its scorecard runs in process."""

from __future__ import annotations

import json

from cli_world import USE, evidence_files, found_bank, good

from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.engine import Runtime
from dualtrack.store.workspace import Workspace

CARD = {
    "format": "dualtrack.additive/1",
    "intercept": -1.0,
    "link": "logit",
    "reasons": 1,
    "features": [
        {
            "name": "late",
            "cuts": [0.5],
            "points": [0.0, 1.5],
            "missing": 0.0,
            "says": {"en": "payments were late", "zh-Hant": "曾逾期還款"},
        }
    ],
}


def write_policy(folder, **changes):
    """Fill in the shipped template as a person would; returns the file."""
    path = folder / "policy.yaml"
    good("policy", "template", "--kind", "row", "--use", USE, "-o", path, "--force")
    text = path.read_text(encoding="utf-8")
    text = text.replace("human: {en: null, zh-Hant: null}", "human: {en: Call 2000 0000, zh-Hant: 致電 2000 0000}")
    text = text.replace(
        "{name: null, type: number, low: 0, high: 100}", "{name: late, type: number, low: 0, high: 100}"
    )
    for name, value in changes.items():
        text = text.replace(f"\n{name}: ", f"\n{name}: {value}  # was: ")
    path.write_text(text, encoding="utf-8")
    return path


def running_bank(folder):
    """Make the bank in `folder`/ws with a permitted use; returns the workspace."""
    workspace = found_bank(folder / "ws")
    text = good("template", "show", "risk-bank", "--institution", "my-bank").out
    (folder / "use.yaml").write_text(text, encoding="utf-8")
    (folder / "card.json").write_text(json.dumps(CARD))
    digest = good("model", "keep", folder / "card.json", "--workspace", workspace).out.strip()
    (folder / "model.py").write_text("# the scorecard is the model\n")
    good("declare", folder / "use.yaml", "--workspace", workspace)
    good(
        "release", USE, "--code", folder / "model.py", "--component", f"model={folder / 'card.json'}",
        "--policy", write_policy(folder), "--workspace", workspace,
    )  # fmt: skip
    assert len(digest) == 64
    return workspace


def permit(workspace, folder):
    """Add all evidence and assess."""
    for subject, holder, path in evidence_files(folder, workspace):
        good("evidence", "add", subject, path, "--as", holder, "--workspace", workspace)
    assert good("assess", USE, "--workspace", workspace, "--json").json["permit"]["mode"] == "live"


def decide_rows(workspace, rows):
    """Decide some rows through the runtime; returns the answers."""
    with Runtime.open(Workspace.open(workspace)) as runtime:
        model = runtime.models.of(runtime.gate.enter(USE))
        return [decide(runtime, USE, row, lambda row: Scoring(model.score(row).output)) for row in rows]
