"""Commands run in this process, and a small bank that is made with nothing but commands."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
import sys
from contextlib import closing
from importlib import resources
from typing import NamedTuple

import yaml

from dualtrack.cli import main
from dualtrack.demo.attestations import demo_attestations

BANK = "my-bank"
USE = "my-bank/provisioning-estimates"
HOLDERS = {
    "first-line": "owner",
    "second-line": "compliance",
    "third-line": "auditor",
    "developer": "developer",
    "validator": "validator",
    "executive": "approver",
    "collector": "collector",
    "officer": "officer",
}
PACKS = ["anti-discrimination", "dualtrack-policy", "hkma-genai-2024", "hkma-principles-2019", "pcpd-framework-2024"]
TAKEN = "2026-06-01T09:00:00Z"


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def run(*arguments, stdin: str = "") -> Done:
    """Run `dualtrack ARGUMENTS` in this process; whatever is no exit of ours passes through and fails the test."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    code = None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main([str(item) for item in arguments])
            except SystemExit as ended:
                code = ended.code
    finally:
        sys.stdin = before
    assert isinstance(code, int), "main must end the process"
    return Done(code, out.getvalue(), err.getvalue())


def good(*arguments, stdin: str = "") -> Done:
    """Run a command that must succeed."""
    done = run(*arguments, stdin=stdin)
    assert done.code == 0, f"dualtrack {' '.join(map(str, arguments))}: {done.err or done.out}"
    return done


def found_bank(folder, name=BANK):
    """Make a workspace with a bank, its people and its packs; returns its path."""
    good(
        "init",
        name,
        "--type",
        "bank",
        "--name",
        "My Bank",
        "--name-zh",
        "我的銀行",
        "--staff",
        "900",
        "--folder",
        folder,
    )
    for holder, role in HOLDERS.items():
        good("key", "new", holder, "--role", role, "--workspace", folder, "--institution", name)
    for pack in PACKS:
        good("rules", "adopt", pack, "--workspace", folder, "--institution", name)
    return folder


def declared_bank(folder):
    """Make the bank of `found_bank` with one declared and released use."""
    found_bank(folder)
    text = good("template", "show", "risk-bank", "--institution", BANK).out
    (folder.parent / "use.yaml").write_text(text, encoding="utf-8")
    (folder.parent / "model.py").write_text("def score(rows): return rows[:, 0]\n")
    good("declare", folder.parent / "use.yaml", "--workspace", folder)
    good("release", USE, "--code", folder.parent / "model.py", "--workspace", folder)
    return folder


def plan_by_hand(workspace, folder):
    """Register the demo's plan for the bank's own use; returns by topic the statistics that name its items."""
    text = (resources.files("dualtrack.evidence.demo") / "plans" / "provisioning-estimates.yaml").read_text("utf-8")
    plan = yaml.safe_load(text) | {"use": USE}
    for item in plan["items"]:
        if item["id"] == "benefit":
            item["settings"]["plan"]["effect"] = 0.001  # as the template's claim has it
    path = folder / "plan-by-hand.yaml"
    path.write_text(yaml.safe_dump(plan, allow_unicode=True), encoding="utf-8")
    done = good("plan", "register", path, "--as", "collector", "--workspace", workspace, "--json").json
    named: dict[str, dict[str, object]] = {}
    for item in plan["items"]:
        gate = item.get("gate", {})
        reference = {"plan": {"index": done["index"], "digest": done["digest"], "item": item["id"]}}
        if "part" in gate:
            named.setdefault(gate["topic"], {"parts": {}})["parts"][gate["part"]] = reference
        elif gate:
            named[gate["topic"]] = reference
    return named


def evidence_files(folder, workspace) -> list[tuple[str, str, object]]:
    """Write a YAML file for each topic that the bank's use needs; returns subject, holder and path of each."""
    statements, planned = demo_attestations(), plan_by_hand(workspace, folder)
    written = []
    for item in [*statements.firm, *statements.every_measured_use]:
        subject = BANK if item in statements.firm else USE
        body = {"kind": item.kind.value, "topic": item.topic, "fields": item.fields, "taken_at": TAKEN}
        written.append((subject, item.by, _write(folder, item.topic, body)))
    for topic, claim, fields in MEASURED:
        body = {
            "kind": "measurement",
            "topic": topic,
            "claim": claim,
            "fields": fields,
            "taken_at": TAKEN,
            "method": {"name": "by hand", "version": "1", "source": "the validator's notebook"},
            "data_digest": "ab" * 32,
            "n": fields["n"],
            "statistics": planned[topic],
        }
        written.append((USE, "collector", _write(folder, topic, body)))
    body = {
        "kind": "challenge",
        "topic": "adversarial_test",
        "fields": {
            "families": ["noise"],
            "attempts": 500,
            "successes": 3,
            "open_critical": 0,
            "training_data_covered": True,
        },
        "taken_at": TAKEN,
    }
    written.append((USE, "validator", _write(folder, "adversarial_test", body)))
    return written


def _write(folder, topic, body):
    path = folder / f"{topic}.yaml"
    path.write_text(yaml.safe_dump(body, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


QUALITY = ("accuracy", "completeness", "timeliness", "consistency")
INTERVAL = {"estimate": 0.75, "low": 0.73, "high": 0.77, "n": 4000}
MEASURED = [
    ("predictive_performance", None, {"metric": "auc", "target": 0.55, **INTERVAL}),
    (
        "calibration_performance",
        None,
        {"metric": "ece", "limit": 0.05, "estimate": 0.01, "low": 0.008, "high": 0.012, "n": 4000},
    ),
    (
        "benefit",
        "closer-estimates",
        {
            "claim": "closer-estimates",
            "baseline": "delinquency-bucket-table",
            "baseline_measured": True,
            "design": "superiority",
            "power": 0.95,
            "unit": "squared probability",
            "estimate": 0.003,
            "low": 0.0021,
            "high": 0.004,
            "n": 4000,
        },
    ),
    (
        "data_quality",
        None,
        {
            **dict.fromkeys(QUALITY, 0.99),
            **dict.fromkeys((f"{name}_target" for name in QUALITY), 0.95),
            "n": 4000,
            "relevant": True,
            "defects_overdue": 0,
        },
    ),
]


def picture(folder):
    """Return every file below a folder with its bytes; the database is stood for by its entries."""
    files = {path for path in folder.rglob("*") if path.is_file()}
    volatile = {
        path
        for path in files
        if path.suffix in {".db", ".db-wal", ".db-shm", ".lock"} or path.name.startswith("main.db")
    }
    return {str(path.relative_to(folder)): path.read_bytes() for path in files - volatile}


def entries(workspace):
    """Return the number of entries, asked of the database itself."""
    with closing(sqlite3.connect(f"file:{workspace}/main.db?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM main_entry").fetchone()[0]


def refused(workspace, *arguments, stdin=""):
    """Run a command that must be refused, and check that it changed nothing; returns what it said."""
    before, size = picture(workspace.parent), entries(workspace)
    done = run(*arguments, stdin=stdin)
    assert done.code == 2, done.out + done.err
    assert picture(workspace.parent) == before, "something was left behind"
    assert entries(workspace) == size, "something was recorded"
    assert "Traceback" not in done.err
    return done.err


def said(text, *words):
    missing = [word for word in words if word not in text]
    assert not missing, f"{missing} not in: {text}"
