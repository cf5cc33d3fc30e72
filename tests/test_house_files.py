"""Tests mirror the tree, data parse, locks are whole, one version number: what the house asks of files that are not code."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import dualtrack
from house_tree import (
    PACKAGE,
    ROOT,
    SOURCE,
    functions,
    has_logic,
    name_of,
    none_of,
    room_of,
    source_trees,
    texts,
    trees,
)


def test_every_room_is_tested():
    rooms = {room_of(path) for path, tree in source_trees().items() if PACKAGE in path.parents and has_logic(tree)}
    tested = {
        path.stem.split("_")[1]
        for path, tree in trees().items()
        if path.name.startswith("test_") and any(name.split(".")[-1].startswith("test_") for name, _ in functions(tree))
    }
    none_of(f"{room}: no tests/{room}/test_{room}_*.py" for room in rooms - tested)


def test_test_files_mirror_the_tree():
    rooms = {path.stem for path in PACKAGE.iterdir()} | {"docs", "verifier"}  # a room may be one file
    found = [path for path in trees() if ROOT / "tests" in path.parents]
    names = [path.name for path in found if path.name != "conftest.py"]
    offences = [f"{name}: two test files of one name" for name in set(names) if names.count(name) > 1]
    for path in found:
        folder = path.relative_to(ROOT / "tests").parts[0]
        if path.name == "__init__.py":
            offences.append(f"{name_of(path)}: test folders are no packages")
        if folder != path.name and folder not in rooms:
            offences.append(f"{name_of(path)}: there is no room {folder}")
        elif path.name.startswith("test_") and folder != path.name and not path.name.startswith(f"test_{folder}_"):
            offences.append(f"{name_of(path)}: call it test_{folder}_{path.name.removeprefix('test_')}")
    none_of(offences)


def test_data_files_parse():
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    offences = []
    for path, text in texts().items():
        try:
            if path.suffix in {".yaml", ".yml"}:
                yaml.load(text, Loader=loader)
            elif path.suffix == ".json":
                json.loads(text)
            elif path.suffix == ".toml":
                tomllib.loads(text)
        except (yaml.YAMLError, ValueError) as error:
            offences.append(f"{name_of(path)}: {error}")
    none_of(offences)


def locked(name):
    """Return what a lock pins: versions by package name."""
    pins: dict[str, set[Version]] = {}
    for package, version in re.findall(r"(?m)^([a-z0-9.-]+)==(\S+)", texts()[ROOT / name]):
        pins.setdefault(package, set()).add(Version(version))
    return pins


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-demo.txt"])
def test_locks_have_hashes_and_no_address(name):
    text = texts()[ROOT / name]
    assert not re.search(r"https?:|file:|--(extra-)?index|--find-links|@ ", text)
    blocks = re.split(r"(?m)^(?=[a-z0-9])", text)[1:]
    none_of(block.split("\n")[0] for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", block))


def test_locks_hold_what_the_project_asks_for():
    project = tomllib.loads(texts()[ROOT / "pyproject.toml"])
    extras = project["project"]["optional-dependencies"]
    core = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    everything = [*core, *(text for texts_ in extras.values() for text in texts_), *project["dependency-groups"]["dev"]]
    asked = {"constraints.txt": everything, "constraints-demo.txt": [*core, *extras["models"], *extras["evidence"]]}
    none_of(
        f"{name}: {text} is not locked: run scripts/lock.sh"
        for name, needs in asked.items()
        for text in needs
        for need in [Requirement(text)]
        for versions in [locked(name).get(need.name.lower(), set())]
        if not versions or not all(version in need.specifier for version in versions)
    )
    assert all(
        locked("constraints.txt").get(name) == versions for name, versions in locked("constraints-demo.txt").items()
    )


def test_one_version_number():
    project = tomllib.loads(texts()[ROOT / "pyproject.toml"])["project"]
    assert project["version"] == dualtrack.__version__
    assert f"## {dualtrack.__version__}" in texts()[ROOT / "CHANGELOG.md"]


def test_benchmarks_have_a_smoke_run():
    listed = yaml.safe_load(texts()[ROOT / "benchmarks" / "smoke.yaml"])
    found = {
        path.name for path, tree in trees().items() if path.parent.name == "benchmarks" and "__main__" in texts()[path]
    }
    assert set(listed) == found


def test_source_folder_holds_the_package_and_the_verifier():
    assert {path.name for path in SOURCE.iterdir() if path.name != "__pycache__"} <= {
        "dualtrack",
        "dualtrack_verify.py",
    }
