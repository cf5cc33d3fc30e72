"""`pytest --dualtrack`: real sessions of pytest on a bank with a registered plan.

Most run inside this process, which is quicker; those with workers or a signal run in processes of their own.
"""

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from copy import deepcopy
from typing import NamedTuple

import pytest
import yaml
from cli_world import USE, good

from dualtrack.evidence.plans.records import RESULT_KIND

PLAN = {
    "format": "dualtrack.measurement-plan/1",
    "use": USE,
    "title": {"en": "What tests measure", "zh-Hant": "測試所量度的項目"},
    "data": {"en": "Made by a seed", "zh-Hant": "按種子產生"},
    "columns": {"label": "defaulted", "score": "model", "baseline": "points", "features": ["first"]},
    "rows_min": 500,
    "items": [
        {
            "id": "order",
            "measure": "performance.discrimination",
            "gate": {"topic": "predictive_performance", "target": 0.6},
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
        {"id": "lift", "measure": "performance.lift", "settings": {"shares": [0.5]}},
    ],
}
HEAD = """
import os, time
import numpy as np
import pytest

random = np.random.default_rng(5)
first = random.normal(size=1500)
chance = 1 / (1 + np.exp(-first))
TABLE = {"first": first, "points": np.full(1500, 0.5), "defaulted": (random.random(1500) < chance).astype(int)}
MODEL = "scoring_by_test:predict"
"""
ORDER = """
@pytest.mark.claim("order")
def test_order(claim):
    assert claim.measure(TABLE, model=MODEL).standing == "met"
"""
BENEFIT = """
@pytest.mark.claim("benefit")
def test_benefit(claim):
    result = claim.measure(TABLE, model=MODEL)
    assert result.measurements[0].n == 1500
"""
OPTIONS = ["-p", "no:cacheprovider", "-p", "no:randomly", "--import-mode=importlib", "--color=no"]


class Ended(NamedTuple):
    """How a session ended."""

    code: int
    said: str


class Project:
    """A folder with tests and a plan, beside a bank."""

    def __init__(self, folder, bank):
        self.folder, self.bank = folder, bank

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def plan(self, *, register=True, target=None):
        plan = deepcopy(PLAN)
        if target is not None:
            plan["items"][0]["gate"]["target"] = target
        self.write("plan.yaml", yaml.safe_dump(plan, allow_unicode=True))
        if register:
            good("plan", "register", self.folder / "plan.yaml", "--workspace", self.bank)

    def command(self, *arguments):
        """Return the command of a session that loads only the plugins it needs, which is quicker."""
        plugins = ["-p", "dualtrack.cli.pytest_plugin", "-p", "xdist"]
        return [sys.executable, "-m", "pytest", *plugins, *OPTIONS, *map(str, arguments)]

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        return kept | {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "DUALTRACK_WORKSPACE": str(self.bank),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, *arguments):
        """Run a session in this process."""
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            patch.chdir(self.folder)
            patch.setenv("DUALTRACK_WORKSPACE", str(self.bank))
            patch.delenv("PYTEST_XDIST_WORKER", raising=False)
            patch.delenv("PYTEST_ADDOPTS", raising=False)
            patch.setattr(sys, "path", [*sys.path])
            for name in ("test_a", "test_b"):  # of the session before
                sys.modules.pop(name, None)
            code = pytest.main([*OPTIONS, "--capture=sys", *map(str, arguments)])
        return Ended(int(code), said.getvalue())

    def run_workers(self, *arguments):
        """Run a session with two workers, a file each."""
        done = subprocess.run(
            self.command(*arguments, "-n", "2", "--dist", "loadfile"), cwd=self.folder, env=self.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout)

    def evidence(self):
        return [each["topic"] for each in good("evidence", "list", USE, "--workspace", self.bank, "--json").json]

    def results(self):
        found = good("ledger", "show", "--workspace", self.bank, "--json").json
        return [entry["kind"] for entry in found["entries"]].count(RESULT_KIND)


@pytest.fixture
def project(bank, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    found = Project(folder, bank)
    found.write("pytest.ini", "[pytest]\ndualtrack_plan = plan.yaml\n")
    found.write(
        "scoring_by_test.py", "import numpy as np\n\ndef predict(rows):\n    return 1 / (1 + np.exp(-rows[:, 0]))\n"
    )
    return found


def test_what_was_planned_and_tested_becomes_evidence_in_one_process_and_in_two(project):
    project.plan()
    project.write("test_a.py", HEAD + ORDER)
    project.write("test_b.py", HEAD + BENEFIT)
    alone = project.run("--dualtrack")
    assert alone.code == 0, alone.said
    assert "dualtrack: recorded 2 results, 2 of them as evidence" in alone.said
    assert sorted(project.evidence()) == ["benefit", "predictive_performance"]
    shared = project.run_workers("--dualtrack")
    assert shared.code == 0, shared.said
    assert "dualtrack: recorded 2 results, 2 of them as evidence" in shared.said
    assert project.results() == 4
    assert sorted(project.evidence()) == ["benefit", "benefit", "predictive_performance", "predictive_performance"]


def test_without_the_option_the_same_tests_run_and_nothing_is_recorded(project):
    project.plan()
    project.write("test_a.py", HEAD + ORDER)
    project.bank = project.bank.rename(project.bank.with_name("elsewhere"))
    done = project.run("--dualtrack-workspace", "nowhere")
    assert done.code == 0, done.said
    assert "recorded" not in done.said
    assert (project.results(), project.evidence()) == (0, [])


def test_a_claim_that_is_missed_or_cannot_be_told_fails_with_the_reason_and_is_recorded(project):
    project.plan(target=0.95)
    project.write("test_a.py", HEAD + ORDER)
    missed = project.run("--dualtrack")
    assert missed.code == 1
    assert "order: missed: the whole interval lies below 0.95" in missed.said
    assert "Traceback" not in missed.said
    assert project.evidence() == ["predictive_performance"]
    project.plan(target=0.745)
    unsure = project.run("--dualtrack")
    assert unsure.code == 1
    assert "order: underpowered: the interval reaches below 0.745" in unsure.said
    assert "rows would settle it" in unsure.said
    assert len(project.evidence()) == 2


def test_a_plan_that_was_not_registered_counts_for_nothing(project):
    project.plan(register=False)
    project.write("test_a.py", HEAD + ORDER)
    done = project.run("--dualtrack")
    assert "dualtrack: recorded 1 results, 0 of them as evidence" in done.said
    assert "exploratory and count for nothing" in done.said
    assert (project.results(), project.evidence()) == (1, [])


def test_an_item_measured_twice_fails_and_the_first_number_stands(project):
    project.plan()
    second = ORDER.replace("test_order", "test_again").replace("model=MODEL", "model='scoring_by_test:absent'")
    project.write("test_a.py", HEAD + ORDER + second.replace("absent", "predict"))
    done = project.run("--dualtrack")
    assert done.code == 1
    assert "1 failed, 1 passed" in done.said
    assert "item 'order' is measured twice" in done.said
    assert project.evidence() == ["predictive_performance"]


def test_an_item_that_two_workers_measured_leaves_nothing(project):
    project.plan()
    project.write("test_a.py", HEAD + ORDER)
    project.write("test_b.py", HEAD + ORDER)
    done = project.run_workers("--dualtrack")
    assert done.code == 1, done.said
    assert "nothing was recorded: claim: item 'order' is measured twice" in done.said
    assert project.results() == 0


def test_a_session_that_loses_a_worker_leaves_nothing(project):
    project.plan()
    project.write("test_a.py", HEAD + ORDER)
    project.write("test_b.py", HEAD + "def test_dies():\n    os._exit(3)\n")
    done = project.run_workers("--dualtrack")
    assert done.code != 0
    assert "nothing was recorded: a worker was lost" in done.said
    assert project.results() == 0


def _interruptible():
    """Take Ctrl-C, also where the whole suite runs in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupted_session_leaves_nothing(project):
    project.plan()
    waits = "def test_waits():\n    open('waiting', 'w').close()\n    time.sleep(100)\n"
    project.write("test_a.py", HEAD + ORDER + waits)
    process = subprocess.Popen(
        project.command("--dualtrack"), cwd=project.folder, env=project.environment(), stdout=subprocess.PIPE, text=True,
        preexec_fn=_interruptible,  # noqa: PLW1509 - the test has one thread
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while not (project.folder / "waiting").exists():
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "nothing was recorded: the session did not end by itself" in said
    assert (project.results(), project.evidence()) == (0, [])


WRONG = {
    "an item that the plan lacks": (
        'pytest.mark.claim("speed")', "claim.measure(TABLE, model=MODEL)", ["no item 'speed'", "order, benefit, lift"],
    ),
    "a model that is not there": (
        'pytest.mark.claim("order")', 'claim.measure(TABLE, model="scoring_by_test:absent")', ["absent"],
    ),
    "a file that was not released": (
        'pytest.mark.claim("order")', 'claim.measure(TABLE, model="pytest.ini")', ["none that the release pins"],
    ),
    "a column that is missing": (
        'pytest.mark.claim("order")', 'claim.measure({"first": first}, model=MODEL)', ["no column"],
    ),
    "no model": ('pytest.mark.claim("order")', "claim.measure(TABLE)", ["no model was given"]),
    "no mark": ('pytest.mark.filterwarnings("error")', "claim.measure(TABLE)", ["is not marked"]),
}  # fmt: skip


def test_what_is_wrong_is_said_in_words_and_leaves_nothing(project):
    project.plan()
    tests = [
        f"@{mark}\ndef test_{number}(claim):\n    {call}\n" for number, (mark, call, _) in enumerate(WRONG.values())
    ]
    project.write("test_a.py", HEAD + "\n".join(tests))
    done = project.run("--dualtrack")
    assert done.code == 1
    for words in WRONG.values():
        for word in words[2]:
            assert word in done.said, word
    assert "dualtrack: no claim was measured, nothing was recorded" in done.said
    assert project.results() == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--dualtrack-plan", "absent.yaml"], "absent.yaml: cannot be read"),
        (["--dualtrack-as", "first-line"], "its roles do not admit measurements"),
        (["--dualtrack-release", "ab" * 32], "no release"),
        (["--dualtrack-workspace", "nowhere"], "nowhere"),
    ],
    ids=["plan", "holder", "release", "workspace"],
)
def test_a_session_that_could_not_record_fails_before_it_measures(project, options, words):
    project.plan()
    project.write("test_a.py", HEAD + ORDER)
    done = project.run("--dualtrack", *options)
    assert done.code == 1
    assert words in done.said
    assert "Traceback" not in done.said
    assert project.results() == 0


def test_a_session_without_claims_is_left_alone(project):
    project.write("test_a.py", "import sys\n\ndef test_a():\n    assert 'dualtrack.evidence' not in sys.modules\n")
    done = subprocess.run(
        project.command("--dualtrack"), cwd=project.folder, env=project.environment(), capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "no claim was measured, nothing was recorded" in done.stdout


def test_a_plan_named_on_the_command_line_is_looked_for_where_pytest_was_called(project):
    project.plan()
    (project.folder / "below").mkdir()
    (project.folder / "plan.yaml").rename(project.folder / "below" / "other.yaml")
    (project.folder / "scoring_by_test.py").rename(project.folder / "below" / "scoring_by_test.py")
    project.write("below/test_a.py", HEAD + ORDER)
    found = project.folder
    project.folder = found / "below"
    done = project.run("--dualtrack-plan", "other.yaml", "--rootdir", found)
    assert done.code == 0, done.said
