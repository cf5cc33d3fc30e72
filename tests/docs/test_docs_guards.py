"""The page on guards: its own guard works as an installed package, and its table names what there is."""

from __future__ import annotations

import os
import tomllib

import pytest
from page_shell import new_shell, steps

from dualtrack.domain.documents import read_yaml
from dualtrack.runtime.guards.registry import BUILT_IN, guard_classes
from dualtrack.runtime.review_group import wilson
from house_tree import ROOT
from runtime.guard_case import DATA, answer, question

BLIND = ROOT / "benchmarks" / "guards_blind.yaml"

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


@pytest.mark.parametrize(
    ("name", "made", "file", "half", "rounds", "kinds"),
    [
        ("investment_advice", answer, "advice_answers", "held", ("second", "third", "fourth"), ("recommends", "facts")),
        ("investment_advice", answer, "advice_answers", "tuned", ("first", "second", "third", "fourth"), ("recommends", "facts")),
        ("mpf_choice", question, "mpf_questions", "held", ("second", "fourth"), ("asks", "facts")),
    ],
)  # fmt: skip
def test_what_todays_rules_find_on_our_own_rounds_is_what_it_says(name, made, file, half, rounds, kinds):
    guard, sets, said = guard_classes()[name]({}), read_yaml((DATA / f"{file}.yaml").read_bytes(), where=file), []
    for kind in kinds:
        texts = [text for part in rounds for listed in sets[part][half][kind].values() for text in listed]
        found, n = sum(guard.check(made(text)).score >= 500 for text in texts), len(texts)
        low, high = wilson(found, n)
        said.append((f"{found} of {n}", f"{found} of {n}: {found / n:.2f} [{low:.2f}, {high:.2f}]"))
    (row,) = [line for line in PAGE.read_text("utf-8").splitlines() if f"| {said[0][half == 'held']} " in line]
    assert "today's rules" in row
    assert f"| {said[1][half == 'held']} " in row


def test_what_is_found_of_mpf_choices_read_as_answers_is_what_it_says():
    guard, found = guard_classes()["mpf_choice"]({}), {"flag": [], "clear": []}
    for item in read_yaml(BLIND.read_bytes(), where=BLIND.name):
        if item["set"] == "mpf":
            found[item["expect"]].append(guard.check(answer(item["text"])).score >= 500)
    assert [(sum(flags), len(flags)) for flags in found.values()] == [(4, 40), (0, 40)]
    low, high = wilson(4, 18)
    assert f"flags 4 of these 18: {4 / 18:.2f} [{low:.2f}, {high:.2f}]**, and none of the 40 others" in PAGE.read_text(
        "utf-8"
    )
