"""`dualtrack monitor`: what is watched is shown with its error; a use without decisions has nothing to watch; a wrong name ends with 2."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from cli_world import USE, good, run
from running_world import decide_rows, permit, running_bank

from dualtrack.cli import desk


@pytest.fixture(scope="module")
def live_master(tmp_path_factory):
    """A bank with a live use that has decided three rows."""
    folder = tmp_path_factory.mktemp("monitored")
    workspace = running_bank(folder)
    permit(workspace, folder)
    decide_rows(workspace, [{"late": 3}, {"late": 2}, {"late": "text"}])
    return workspace


@pytest.fixture
def live(live_master, tmp_path):
    return shutil.copytree(live_master, tmp_path / "ws")


def test_before_a_window_has_ended_there_is_nothing_to_watch(live):
    said = good("monitor", USE, "--run", "--workspace", live).out
    assert "windows run: 0, alarms: 0" in said
    assert f"{USE}: nothing to watch" in said
    assert good("monitor", "--workspace", live, "--json").json["uses"][0]["series"] == []


def test_a_window_that_ended_is_run_once_and_shown_with_its_error(live, monkeypatch):
    clock = desk.clock
    monkeypatch.setattr(desk, "clock", lambda: clock() + timedelta(hours=25))
    said = good("monitor", USE, "--once", "--workspace", live).out
    assert "windows run: 2, alarms: 0" in said
    assert "at most 1 a year (figure: ours" in " ".join(said.split())
    assert "learning" in said
    found = good("monitor", USE, "--run", "--workspace", live, "--json").json
    assert found["windows_run"] == 0
    series = {(each["schedule"], each["series"]): each for each in found["uses"][0]["series"]}
    failed = series["hourly", "failed"]
    assert series["hourly", "slow"]["estimate"] is None  # what is slow is not known yet
    assert (failed["n"], failed["estimate"], failed["phase"]) == (3, 0.0, "learning")
    assert failed["low"] <= 0 <= failed["high"]
    assert failed["windows_to_false_alarm"] > 10_000
    assert series["daily", "blocked"]["estimate"] == pytest.approx(1 / 3)
    total = sum(each["false_alarms_per_year"] for each in series.values())
    assert 0 < total <= found["uses"][0]["false_alarms_per_year"] == 1.0


def test_a_use_that_is_not_there_ends_with_2(live):
    assert run("monitor", "my-bank/other", "--workspace", live).code == 2
    assert run("monitor", "no use", "--workspace", live).code == 2
    assert run("monitor", USE, "--institution", "second-bank", "--workspace", live).code == 2


def test_all_windows_and_one_window_are_not_asked_for_together(live):
    done = run("monitor", USE, "--run", "--once", "--workspace", live)
    assert (done.code, "give one of them" in done.err) == (2, True)
