"""The page on guards: its own guard works as an installed package, and its table names what there is."""

from __future__ import annotations

import os
import tomllib

import pytest
from page_shell import new_shell, steps

from dualtrack.runtime.guards.registry import BUILT_IN, guard_classes
from house_tree import ROOT

PAGE = ROOT / "docs" / "guards.md"


def installed(folder):
    """Do to a folder what `pip install` does: put its metadata beside its modules."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.mark.slow
def test_a_firms_own_guard_works_as_the_page_says(tmp_path):
    path = os.pathsep.join([str(tmp_path / "visitor"), *filter(None, [os.environ.get("PYTHONPATH")])])
    shell = new_shell(tmp_path, PYTHONPATH=path)
    for step in steps(PAGE):
        shell.do(step)
        if getattr(step, "name", "") == "pyproject.toml":
            installed(shell.folder)


def rows():
    """Return the lines of the page's table of guards by name."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return {
        line.split("`")[1]: [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.count("|") == 7
    }


def test_the_table_names_every_guard_with_its_stages_and_actions():
    assert set(rows()) == set(BUILT_IN)
    for name, cells in rows().items():
        kind = guard_classes()[name]
        stages = {"both"} if kind.stages == {"input", "output"} else set(kind.stages)
        assert {cells[1]} == stages, name
        actions = getattr(kind, "actions", None)
        assert set(cells[2].split(", ")) == (set(actions) if actions else {"any"}), name


def test_the_table_gives_the_sources_that_the_guards_give():
    for name, cells in rows().items():
        for part in guard_classes()[name].source.split(";"):
            first = part.strip().split(",")[0].replace("Model Personal Data Protection Framework", "framework")
            words = [word for word in first.replace("(", "").replace(")", "").split() if any(c.isdigit() for c in word)]
            assert all(word in cells[5].replace("(", "").replace(")", "") for word in words), (name, part)
