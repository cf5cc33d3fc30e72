"""The page on formats: every line of it runs, and the versions it names are those of the program."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from page_once import function_once, go_on
from page_shell import steps

from dualtrack.evidence.adapters.mlflow_rest import ANSWER_BYTES_MAX, TIMEOUT_S, TOKEN_VARIABLE
from dualtrack.supervisor.formats.common import NAMESPACE
from dualtrack.supervisor.formats.cyclonedx import SPEC_VERSION
from dualtrack.supervisor.formats.openlineage import SPEC
from dualtrack.supervisor.formats.oscal import OSCAL_VERSION
from house_tree import ROOT

PAGE = ROOT / "docs" / "formats.md"
MLFLOW = ROOT / "tests" / "evidence" / "data" / "mlflow"


@pytest.mark.slow
def test_exporting_goes_as_the_page_says(tmp_path, tmp_path_factory):
    shell = go_on(function_once(tmp_path_factory), tmp_path)
    text = (MLFLOW / "registry.sql").read_text(encoding="utf-8").replace("@ARTIFACTS@", str(MLFLOW / "artifacts"))
    with closing(sqlite3.connect(shell.folder / "mlflow.db")) as connection:
        connection.executescript(text)
    for step in steps(PAGE):
        shell.do(step)


def test_its_versions_and_limits_are_those_of_the_program():
    text = PAGE.read_text(encoding="utf-8")
    assert f"## CycloneDX {SPEC_VERSION}:" in text
    assert f"(OSCAL {OSCAL_VERSION})" in text
    assert f"## OpenLineage {SPEC.split('/')[4]}:" in text
    assert f"`{NAMESPACE}`" in text
    assert f"`{TOKEN_VARIABLE}`" in text
    assert f"{TIMEOUT_S:g} seconds and four megabytes" in text
    assert ANSWER_BYTES_MAX == 4 << 20
