"""The page on monitors: every line of it runs, and its figures are those of the settings."""

from __future__ import annotations

import pytest
from page_once import go_on, released_once
from page_shell import steps

from dualtrack.runtime.monitors.settings import monitor_settings
from house_tree import ROOT

PAGE = ROOT / "docs" / "monitoring.md"


@pytest.mark.slow
def test_monitoring_goes_as_the_page_says(tmp_path, tmp_path_factory):
    shell = go_on(released_once(tmp_path_factory), tmp_path)
    for step in steps(PAGE):
        shell.do(step)


def test_its_figures_are_those_of_the_settings():
    text, settings = " ".join(PAGE.read_text("utf-8").split()), monitor_settings()
    assert f"at most **{settings.false_alarms_per_year:g} false alarm a year**" in text
    hourly, daily = settings.schedules
    spans = f"its first {hourly.reference_windows} hours or {daily.reference_windows} days with cases"
    assert f"{spans}, and at least {settings.reference_min} cases" in text
    assert f"a chance of {settings.reference_risk:g}." in text
    assert f"more than {settings.decisions_read_max:,} decisions" in text
    assert ", ".join(f"{edge / 1000:g}" for edge in settings.score_edges[:2]) in text
    assert [f"`{schedule.name}`" in text for schedule in settings.schedules] == [True, True]
