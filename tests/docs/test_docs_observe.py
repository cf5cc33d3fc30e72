"""The page on observe mode: every line of it runs, and its figure is that of the settings."""

from __future__ import annotations

import pytest
from page_once import go_on, released_once
from page_shell import steps

from dualtrack.runtime.standing import standing_settings
from house_tree import ROOT

PAGE = ROOT / "docs" / "observe.md"


@pytest.mark.slow
def test_observing_goes_as_the_page_says(tmp_path, tmp_path_factory):
    shell = go_on(released_once(tmp_path_factory), tmp_path)
    for step in steps(PAGE):
        shell.do(step)


def test_its_limit_is_that_of_the_settings():
    assert f"after {standing_settings().observe_days_max} days** from the *first* observation" in PAGE.read_text(
        "utf-8"
    )
