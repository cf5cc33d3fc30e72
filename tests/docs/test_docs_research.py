"""The page on figures: every line of it runs."""

from page_shell import new_shell, steps

from house_tree import ROOT


def test_figures_go_as_the_page_says(tmp_path):
    shell = new_shell(tmp_path)
    for step in steps(ROOT / "docs" / "research.md"):
        shell.do(step)
