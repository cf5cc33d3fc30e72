"""The page on running it: its commands run, and the codes, files and limits it names are those of the program."""

from __future__ import annotations

import re
import tomllib

import msgspec
import pytest
from page_shell import BLOCK, free_port, new_shell, steps

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.planting import STOCK_FORMAT, StockFile, check_item
from dualtrack.domain.records import read_record
from dualtrack.runtime.holds import acknowledge_s
from dualtrack.runtime.recorder import AT_RISK_MS
from dualtrack.runtime.retention import retention_classes
from dualtrack.runtime.review_group import REVIEWERS_MIN
from dualtrack.runtime.telemetry import telemetry_settings
from dualtrack.runtime.telemetry_export import LOOK_S
from dualtrack.web.identity.api_keys import OVERLAP_S_MAX
from dualtrack.web.pages.staff import PAGE_USES
from dualtrack.web.settings import WebSettings
from house_tree import ROOT

PAGE = ROOT / "docs" / "operating.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_its_commands_run_as_they_stand(tmp_path):
    shell = new_shell(tmp_path, {"8181": str(free_port())})
    try:
        for step in steps(PAGE):
            shell.do(step)
        made = {path.name for path in (shell.folder / "my-workspace" / "keys").iterdir()}
        assert {"subjects.key", "web.secret", "vault-main.key"} <= made
    finally:
        shell.close()


def test_every_code_it_names_is_one_of_ours():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "dualtrack").rglob("*.py"))
    named = set(re.findall(r"`((?:permit|store|overload)\.[a-z-]+)`", TEXT))
    assert len(named) >= 8
    built = {"permit.expired", "permit.lapsed"}  # made of the permit's status
    assert {code for code in named - built if f'"{code}"' not in source} == set()


def test_its_settings_are_settings():
    (shown,) = [body for kind, body in BLOCK.findall(TEXT) if kind == "toml"]
    assert msgspec.convert(tomllib.loads(shown), WebSettings).https


def test_its_stock_of_wrong_items_is_one():
    (shown,) = [body for kind, body in BLOCK.findall(TEXT) if kind == "yaml"]
    stock = read_record(read_yaml(shown.encode(), where="page"), StockFile, where="page")
    assert stock.format == STOCK_FORMAT
    check_item(stock.items[0], "page")
    assert f"fewer than {REVIEWERS_MIN} reviewers" in TEXT


def test_every_setting_of_the_server_is_in_its_table_with_its_default():
    rows = {line.split("`")[1].strip("[]"): line for line in TEXT.splitlines() if line.startswith("| `")}
    for field in msgspec.structs.fields(WebSettings):
        assert field.name in rows, field.name
        if isinstance(field.default, bool):
            assert str(field.default).lower() in rows[field.name]
        elif isinstance(field.default, int):
            assert f"| {field.default} |" in rows[field.name]
    plain = WebSettings()
    assert f"`idle_s` {plain.session.idle_s}, `absolute_s` {plain.session.absolute_s}" in rows["session"]
    assert f"`burst` {plain.rate.burst}, `a_second` {plain.rate.a_second:g}" in rows["rate"]


def test_its_figures_are_those_of_the_program():
    assert f"at most {AT_RISK_MS} ms of records wait" in TEXT
    assert acknowledge_s() == 1.05
    assert "(1 s and 50 ms)" in TEXT
    assert all(f"`{name}`" in TEXT for name in retention_classes())


def test_its_figures_on_traces_keys_and_staff_are_those_of_the_program():
    assert "at most two seconds after they are in the ledger" in TEXT
    assert LOOK_S == 2
    assert f"conventions for generative AI, {telemetry_settings().schema_url.rpartition('/')[2]}:" in TEXT
    assert "may open for up to seven days beside its successor" in TEXT
    assert OVERLAP_S_MAX == 7 * 24 * 3600
    assert f"every use that this person may see, {PAGE_USES} a page" in TEXT
