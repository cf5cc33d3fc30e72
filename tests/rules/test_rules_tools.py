"""Self-tests, differences, coverage, the schema and the shipped packs."""

import copy
from datetime import date

import pytest

from dualtrack.domain import canonical
from dualtrack.domain.answers import ANSWER_TYPES
from dualtrack.errors import NotFoundError, PackError
from dualtrack.rules.catalogue import shipped_topics
from dualtrack.rules.coverage import coverage
from dualtrack.rules.diff import diff, diff_lines
from dualtrack.rules.facts import BASE_FACTS, firm_facts
from dualtrack.rules.pack import load_pack
from dualtrack.rules.selftest import self_test


def test_a_sound_pack_passes_its_own_tests(compiled):
    assert self_test(load_pack(compiled)) == []


def test_a_failing_test_says_what_was_found(source, compile_source):
    tests = source["rules"][0]["tests"]
    tests[1]["facts"]["ev.sample_gap.high"] = 0.01
    tests[4]["facts"] = {"use.customer_facing": False}
    failures = self_test(load_pack(compile_source(source)))
    assert [(item.rule, item.test, item.expected, item.found) for item in failures] == [
        ("VAL-1", "large gap", "not_met", "no_evidence"),
        ("VAL-1", "nobody reached", "not_applicable", "no_evidence"),
    ]
    assert failures[0].missing == ("ev.sample_gap.groups",)
    assert str(failures[1]) == (
        "rule VAL-1, test 'nobody reached': expected not_applicable, found no_evidence "
        "(absent: def.reaches_people, ev.sample_gap.groups, ev.sample_gap.high)"
    )


def test_parameters_of_the_first_day_unless_asked_or_given(source, compile_source):
    test = {
        "name": "between",
        "facts": {"use.customer_facing": True, "ev.sample_gap.high": 0.08, "ev.sample_gap.groups": ["a", "b"]},
    }
    source["rules"][0]["tests"] += [test | {"expect": "met"}]
    strict = test | {"name": "given", "facts": test["facts"] | {"param.gap_max": 0.01}, "expect": "not_met"}
    source["rules"][0]["tests"] += [strict]
    pack = load_pack(compile_source(source))
    assert self_test(pack) == []
    assert [item.test for item in self_test(pack, on=date(2026, 6, 1))] == ["between"]


def test_diff_names_every_field(source, compile_source):
    before = load_pack(compile_source(source))
    changed = copy.deepcopy(source)
    changed |= {"version": "2.0", "status": "proposed"}
    changed["parameters"][1]["value"] = 0.02
    changed["rules"][0]["requires"] = "ev.sample_gap.high <= param.gap_max"
    changed["rules"][0]["severity"] = "S1"
    del changed["rules"][0]["proportionality"]
    changed["rules"][1]["id"] = "OPS-2"
    changed["coverage"][3]["rules"] = ["OPS-2"]
    changes = diff(before, load_pack(compile_source(changed)))
    assert [(item.part, item.name, item.kind, item.field) for item in changes] == [
        ("pack", "", "changed", "version"),
        ("pack", "", "changed", "status"),
        ("parameter", "gap_max from 2026-01-01", "changed", "value"),
        ("rule", "VAL-1", "changed", "requires"),
        ("rule", "VAL-1", "changed", "severity"),
        ("rule", "VAL-1", "changed", "proportionality"),
        ("rule", "OPS-1", "removed", None),
        ("rule", "OPS-2", "added", None),
        ("coverage", "9", "changed", "rules"),
    ]
    lines = diff_lines(changes)
    assert lines[4].en == "rule VAL-1, severity: S2 -> S1"
    assert lines[4].zh == "規則 VAL-1，severity：S2 → S1"
    assert lines[6].zh == "規則 OPS-1：刪除"
    assert [line.en for line in diff_lines(diff(before, before))] == ["no change"]


def test_diff_tells_who_transcribed_and_in_which_order(source, compile_source):
    before = load_pack(compile_source(source))
    changed = copy.deepcopy(source) | {"transcriber": "Somebody else"}
    changed["rules"].reverse()
    lines = diff_lines(diff(before, load_pack(compile_source(changed))))
    assert [line.en for line in lines] == [
        "pack, transcriber: Dualtrack -> Somebody else",
        "rule, order: VAL-1, OPS-1 -> OPS-1, VAL-1",
    ]


def changed_once(value):
    """Yield every value that differs from this one in a single leaf, or in the order of two neighbours in a list."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from ({**value, name: other} for other in changed_once(item))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in changed_once(item))
            if place:
                yield [*value[: place - 1], item, value[place - 1], *value[place + 1 :]]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, float(value), -value)
    elif isinstance(value, str):
        yield from (f"{value} again", "2025-12-30", "b" * 64, "policy", "proposed", "firm", "S4", "use", "owner")


def test_packs_of_different_bytes_never_give_no_change(source, compile_source):
    for item in source["parameters"]:
        item["value"] = 0.0  # equal to -0.0 and yet other bytes
    compiled = compile_source(source)
    before, said = load_pack(compiled), set()
    for plain in changed_once(canonical.decode(compiled)):
        other = canonical.encode(plain)
        try:
            after = load_pack(other)
        except PackError:
            continue  # no pack at all
        changes = diff(before, after)
        assert bool(changes) is (other != compiled)
        assert (diff_lines(changes)[0].en == "no change") is (other == compiled)
        said |= {(change.part, change.field) for change in changes}
    parts = ("parameter", "coverage", "rule")  # a definition may read an earlier one, so these two keep their order
    assert {
        *((part, "order") for part in parts),
        ("topic", "hours"),
        ("parameter", "value"),
        ("pack", "source"),
    } <= said


def test_coverage_counts_paragraphs(compiled, source, compile_source):
    found = coverage(load_pack(compiled))
    assert found.counts == {"rule": 2, "question": 1, "information": 1, "not_covered": 1}
    assert found.line().en == "5 paragraphs: 2 rule, 1 question, 1 information, 1 not covered"
    assert found.line().zh == "共 5 段：規則 2 段、問題 1 段、資料 1 段、未涵蓋 1 段"
    source |= {"grade": "secondary", "coverage": []}
    source["source"] |= {"checked": "not seen", "file_digest": None}
    for rule in source["rules"]:
        rule |= {"source_grade": "secondary", "checked_source": "secondary source", "severity": "S3", "clock_days": 30}
    with pytest.raises(PackError, match="no coverage"):
        coverage(load_pack(compile_source(source)))


def test_the_schema_is_the_closed_list():
    assert {f"use.{name}" for name in ANSWER_TYPES} <= set(BASE_FACTS)
    assert BASE_FACTS["use.builders"] == "int"
    assert BASE_FACTS["claim.margin"] == "double"
    assert all(fact.ask.en and fact.ask.zh for fact in firm_facts().values())
    assert len(shipped_topics()) > 10


def test_shipped_packs_are_the_pinned_ones_and_pass_their_tests():
    from dualtrack.rules.shipped import shipped, shipped_ids, shipped_packs

    assert shipped_ids()
    for pack in shipped_packs():
        assert self_test(pack) == []
        assert shipped(pack.id) is pack
    with pytest.raises(NotFoundError, match="no shipped pack 'nope'"):
        shipped("nope")


def test_pins_and_compiled_files_match_their_sources():
    from pathlib import Path
    from runpy import run_path

    script = run_path(str(Path(__file__).parents[2] / "scripts" / "pin_packs.py"))
    current = {path.name: path.read_bytes() for path in script["PACKS"].glob("*.json")}
    assert script["build"]() == current, "run scripts/pin_packs.py"


def test_a_changed_file_is_not_the_pinned_pack(monkeypatch):
    from dualtrack.rules import shipped as module

    first = module.shipped_ids()[0]
    module.shipped.cache_clear()
    read = module._read
    monkeypatch.setattr(module, "_read", lambda name: read(name) + b" ")
    try:
        with pytest.raises(PackError, match="its digest is"):
            module.shipped(first)
    finally:
        module.shipped.cache_clear()
