"""A pack in the terminal: which of its parameters decide something, and which are only told."""

from io import StringIO

import pytest
from rich.console import Console

from dualtrack.cli.rules_lines import print_pack
from dualtrack.rules.pack import load_pack


def shown(pack, rules, *, lang="en", whole=False):
    out = Console(file=StringIO(), width=400, highlight=False)
    print_pack(out, pack, rules, lang, whole=whole)
    return [line.strip() for line in out.file.getvalue().splitlines()]


@pytest.fixture
def told(source, compile_source):
    """Return the sample pack with parameters that no rule, only a definition, and only a tier line reads."""
    dated = {"from": "2024-11-12", "cites": "1", "basis": "text"}
    source["parameters"] += [
        {"name": "authority", "type": "string", "value": "The [Office]"} | dated,
        {"name": "listed", "type": "list", "value": ["a", "b"]} | dated,
        {"name": "count_max", "type": "int", "value": 3} | dated,
    ]
    source["definitions"].append(
        {"name": "by_list", "expr": "use.area in param.listed", "says": {"en": "In the list.", "zh-Hant": "在名單上。"}}
    )
    source["tiers"].insert(
        0, {"tier": "high", "when": "use.builders > param.count_max", "reason": {"en": "Many.", "zh-Hant": "人多。"}}
    )
    return load_pack(compile_source(source))


def test_parameters_are_listed_and_those_that_no_rule_reads_are_marked(told):
    assert [line for line in shown(told, told.rules) if line.startswith("parameter")] == [
        "parameter gap_max: 0.1 from 2024-11-12 to 2026-01-01 (ours: 7)",
        "parameter gap_max: 0.05 from 2026-01-01 (ours: 7)",
        "parameter authority: The [Office] from 2024-11-12 (text: 1); for information, read by no rule",
        "parameter listed: a, b from 2024-11-12 (text: 1)",
        "parameter count_max: 3 from 2024-11-12 (text: 1)",
    ]
    assert any(line.endswith("僅供參考，沒有規則讀取") for line in shown(told, told.rules, lang="zh"))


def test_one_rule_is_shown_without_the_parameters_of_the_pack(told):
    lines = shown(told, told.rules[:1], whole=True)
    assert any(line.startswith("requires") for line in lines)
    assert not any(line.startswith("parameter") for line in lines)


def test_a_pack_says_who_transcribed_it(source, compile_source):
    pack = load_pack(compile_source(source | {"transcriber": "My Bank"}))
    assert any(line.endswith("transcribed by My Bank") for line in shown(pack, pack.rules))
