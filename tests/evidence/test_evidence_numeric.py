"""Without numpy every module of this room loads or says what to install: none ends in an import error."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import importlib, json, pkgutil, sys
sys.modules["numpy"] = None
import dualtrack.evidence as room
from dualtrack.errors import MissingExtraError
found = {}
for item in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    try:
        importlib.import_module(item.name)
        found[item.name] = "loads"
    except MissingExtraError as error:
        found[item.name] = error.fix
print(json.dumps(found))
"""
INSTALL = "pip install 'dualtrack[evidence]'"


def test_without_numpy_a_module_loads_or_names_the_part_that_is_missing():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    found = {name.removeprefix("dualtrack.evidence."): says for name, says in json.loads(done.stdout).items()}
    assert set(found.values()) == {"loads", INSTALL}
    assert {found[name] for name in ("interval", "measurement", "quantiles")} == {"loads"}
    assert {found[name] for name in ("tables", "demo.baselines", "demo.learner", "demo.portfolio")} == {INSTALL}
