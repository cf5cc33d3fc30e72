"""The page on measuring: every line of it runs in the bank of the first page, and its tests leave evidence, once."""

from __future__ import annotations

import pytest
from page_once import go_on, released_once
from page_shell import Command, steps

from dualtrack.evidence.plans.records import DecisionRule, Gate, MeasurementPlan, PlanItem
from dualtrack.evidence.sample import Roles
from house_tree import ROOT

PAGE = ROOT / "docs" / "measure.md"
TEXT = PAGE.read_text("utf-8")
LISTED = Command("dualtrack evidence list my-bank/provisioning-estimates --json > listed.json", ())
COUNTED = Command("python -c \"import json; print(len(json.load(open('listed.json'))))\"", ())

ONLY = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "dualtrack.cli.pytest_plugin,xdist.plugin"}
"""The page's tests load only the plugins they need, which is quicker. That ours is found by itself is tested beside the commands."""


def evidence_of(shell):
    shell.do(LISTED)
    return int(shell.run(COUNTED.line).stdout)


@pytest.mark.slow
def test_measuring_goes_as_the_page_says(tmp_path, tmp_path_factory):
    shell = go_on(released_once(tmp_path_factory), tmp_path)
    shell.environment |= ONLY
    added = {}
    for step in steps(PAGE):
        watched = getattr(step, "line", "").startswith(("pytest", "dualtrack measure"))
        before = evidence_of(shell) if watched else 0
        shell.do(step)
        if watched:
            added[step.line.partition("    #")[0]] = evidence_of(shell) - before
    assert {line: count for line, count in added.items() if line.startswith("pytest")} == {
        "pytest --dualtrack test_claims.py": 3,
        "pytest --dualtrack -n 2 test_claims.py": 3,
    }
    assert [count for line, count in added.items() if line.startswith("dualtrack")] == [3, 0, 0]
    assert "calibration" in (shell.folder / "report.html").read_text("utf-8")


def test_it_names_every_field_of_a_plan():
    named = {*MeasurementPlan.__struct_fields__, *PlanItem.__struct_fields__, *Gate.__struct_fields__}
    named |= {*Roles.__struct_fields__, *DecisionRule.__struct_fields__}
    assert [name for name in sorted(named) if f"{name}:" not in TEXT and f"`{name}`" not in TEXT] == []


def test_its_defaults_are_those_of_the_record():
    said = dict(
        zip(reversed(MeasurementPlan.__struct_fields__), reversed(MeasurementPlan.__struct_defaults__), strict=False)
    )
    assert f"({said['level']}), seed ({said['seed']}) and number of draws ({said['draws']:,})" in TEXT
    assert f"may be said to have a rate ({said['cell_size_min']})" in TEXT
