"""`service measure` and `service plan`: a plan is registered, a table measured, the evidence signed, and the engine reads it."""

from __future__ import annotations

import csv
import io

import pytest
from cli_world import BANK, good, run

USE = f"{BANK}/answers"
DAY = ("--on", "2026-11-27")


@pytest.fixture
def passages(tmp_path):
    good("service", "starter", "bank", "--use", USE, "-o", tmp_path / "bank.yaml")
    return tmp_path / "bank.yaml"


def test_a_plan_is_registered_before_and_what_it_measures_is_evidence(bank, passages, tmp_path):
    at = ("--workspace", bank)
    draft = good("apps", "declaration", "service", "answers").out.replace("your-firm", BANK)
    (tmp_path / "use.yaml").write_text(draft, encoding="utf-8")
    good("declare", tmp_path / "use.yaml", *at)
    plan, table = tmp_path / "plan.yaml", tmp_path / "answers.csv"
    said = good("service", "plan", "answers", "--use", USE, "-o", plan, *at).out
    assert "right: no adopted pack reads factuality" in said
    assert "5 items, 2 of them with a threshold of ours" in said
    good("plan", "register", plan, *at)
    good("release", USE, "--code", passages, *at)
    shares = good("service", "measure", "answers", passages, "--split", "test", "-o", table, *DAY, "--json").json
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))
    assert len(rows) == shares[0]["n"] == 81
    done = run("measure", USE, "--plan", plan, "--data", table, *at)
    assert done.code in {0, 1}, done.err
    assert "1 of them as evidence" in done.out or "2 of them as evidence" in done.out
    judged = run("assess", USE, *at, "--json")
    assert judged.code in {0, 1}
    assert "BEN-02" in judged.out or "benefit" in judged.out


def test_conversations_are_of_a_use_and_no_rows_are_no_table(bank, tmp_path):
    done = run("service", "measure", "conversations", USE, "--workspace", bank)
    assert done.code == 2
    assert "no rows" in done.err
    menu = tmp_path / "menu.csv"
    menu.write_text("language,confirmed,complained\nen,1,0\nen,0,1\n")
    shown = good("service", "measure", "conversations", USE, "--menu", menu, "--workspace", bank).out
    assert "1 of 2" in shown
    assert run("service", "measure", "conversations", "answers", "--workspace", bank).code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("answers", "none.yaml"),
        ("weather", "{passages}"),
        ("escalations", "{passages}", "--set", "{passages}"),
        ("answers", "{passages}", "--on", "tomorrow"),
    ],
)
def test_bad_input_ends_with_2(passages, arguments):
    assert run("service", "measure", *(passages if each == "{passages}" else each for each in arguments)).code == 2
