"""The page on the price of controls: every line of it runs over the demo, and every number on it is what comes out."""

from __future__ import annotations

import shutil

import pytest
from page_shell import new_shell, steps

from dualtrack.runtime.review_group import REVIEWERS_MIN
from house_tree import ROOT

PAGE = ROOT / "docs" / "price.md"


@pytest.mark.slow
def test_pricing_goes_as_the_page_says(demo_run, tmp_path):
    shell = new_shell(tmp_path)
    shutil.copytree(demo_run.folder, shell.folder / "dualtrack-demo")
    first, *rest = steps(PAGE)
    assert first.line == "dualtrack demo", "its folder is the one that was made for all"
    for step in rest:
        shell.do(step)
    assert "<svg" in (shell.folder / "frontier.html").read_text("utf-8")


def test_its_least_number_of_people_is_that_of_the_program():
    assert REVIEWERS_MIN == 10
    assert "only where ten or more took part" in PAGE.read_text("utf-8")
