"""The page on green claims: its files are written and its commands run."""

import pytest
from page_shell import new_shell, steps

from house_tree import ROOT

pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
pytest.importorskip("pypdfium2", reason="the research extra (pypdfium2) is not installed")


def test_green_claims_go_as_the_page_says(tmp_path):
    shell = new_shell(tmp_path)
    for step in steps(ROOT / "docs" / "green-claims.md"):
        shell.do(step)
