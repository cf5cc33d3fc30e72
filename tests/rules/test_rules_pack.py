"""Packs: what compiles, what is refused and in which words, and compiled bytes that somebody changed."""

import copy
import json
import subprocess
import sys
from datetime import date

import pytest

from dualtrack.domain import canonical
from dualtrack.errors import DualtrackError, ExpressionError, FieldError, PackError
from dualtrack.rules.catalogue import BUILT_IN_NAMES, read_catalogue
from dualtrack.rules.pack import load_pack


def at(plain, path):
    for step in path:
        plain = plain[step]
    return plain


def test_the_sample_compiles_to_a_loadable_pack(compiled):
    pack = load_pack(compiled)
    assert (pack.id, pack.digest, pack.compiled) == ("sample-circular", canonical.digest(compiled), compiled)
    rule = pack.rule("VAL-1")
    assert rule.data.evidence == ["sample_gap"]
    assert rule.topics == ("sample_gap",)
    assert rule.names == ("def.reaches_people", "ev.sample_gap.groups", "ev.sample_gap.high", "param.gap_max")
    assert rule.requires.text == 'ev.sample_gap.high <= param.gap_max && ev.sample_gap.groups == ["a", "b"]'
    assert rule.data.crosswalk.nist == ["MEASURE 2.11"]
    assert rule.data.crosswalk.mas == []
    assert sorted(pack.data.topics) == ["sample_gap", "sample_watch"]
    assert pack.schema["ev.sample_gap.remark"] == "string"
    assert load_pack(bytes(bytearray(compiled))) is pack
    with pytest.raises(PackError, match="VAL-1, OPS-1"):
        pack.rule("VAL-2")


def test_compiling_is_a_function_of_the_source(source, compile_source, compiled):
    source["rules"][0]["requires"] = "(ev.sample_gap.high<=param.gap_max)&&(ev.sample_gap.groups==['a',\n'b'])"
    source["rules"][0]["due_days"] = None
    assert compile_source(dict(reversed(source.items()))) == compiled


def test_parameters_are_dated_and_definitions_follow(compiled):
    pack = load_pack(compiled)
    assert pack.parameters_on(date(2024, 11, 11)) == {}
    assert pack.parameters_on(date(2025, 12, 31)) == {"param.gap_max": 0.1}
    assert pack.parameters_on(date(2026, 1, 1)) == {"param.gap_max": 0.05}
    facts = {"use.customer_facing": True, "use.decision_effect": "decides", "def.serious": False, "param.other": 1}
    found = pack.with_own_facts(facts, date(2026, 1, 1))
    assert found["def.reaches_people"] is True
    assert found["def.serious"] is True
    assert "param.other" not in found
    assert "def.serious" not in pack.with_own_facts({"use.customer_facing": True}, date(2026, 1, 1))


REQUIRED = [
    *[((), name) for name in ("id", "version", "issuer", "transcriber", "title", "subject", "status", "effective_from", "grade", "source", "rules")],
    *[(("source",), name) for name in ("document", "reference", "date", "address", "checked", "checked_on", "file_digest")],
    *[
        (("rules", 1), name)
        for name in (
            "id", "cites", "title", "says", "todo", "owner", "binds", "track", "applies", "requires", "severity", "checked",
            "weight", "basis", "source_grade", "checked_source", "tests", "clock_days", "due_days",
        )
    ],
    *[(("parameters", 0), name) for name in ("name", "type", "value", "from", "cites", "basis")],
    *[(("definitions", 0), name) for name in ("name", "expr", "says")],
    *[(("tiers", 0), name) for name in ("tier", "when", "reason")],
    *[(("coverage", 0), name) for name in ("paragraph", "as", "note")],
    *[(("rules", 1, "tests", 0), name) for name in ("name", "expect")],
    ((), "coverage"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "name"), REQUIRED, ids=lambda part: ".".join(map(str, part)) if isinstance(part, tuple) else part
)
@pytest.mark.parametrize("how", ["absent", "null"])
def test_each_required_field_is_named_when_it_is_missing(source, compile_source, path, name, how):
    place = at(source, path)
    if how == "absent":
        del place[name]
    else:
        place[name] = None
    with pytest.raises(PackError) as caught:
        compile_source(source)
    assert name in str(caught.value)
    if path[:1] == ("rules",) and name != "id":
        assert "rule OPS-1" in caught.value.where


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("cites",), [], "cites is missing"),
        (("cites",), ["9", "9"], "entry 9 twice"),
        (("severity",), "S5", "severity"),
        (("severity",), "S1", "clock_days on severity S1"),
        (("clock_days",), 0, ">= 1"),
        (("due_days",), 5000, "<= 3660"),
        (("checked",), "assessment", "due_days on a rule checked at assessment"),
        (("binds",), ["bank", "casino"], "casino"),
        (("owner",), "janitor", "janitor"),
        (("title", "en"), " ", "text in en is missing"),
        (("says", "zh-Hant"), "", "text in zh-Hant is missing"),
        (("todo", "fr"), "x", "fr"),
        (("colour",), "red", "colour"),
        (("evidence",), ["sample_watch"], "derived"),
        (("id",), "VAL-1", "rule VAL-1 twice"),
        (("source_grade",), "secondary", None),
        (("source_grade",), "policy", "in a primary pack"),
        (("checked_source",), "not seen", "primary text"),
        (("tests", 0, "expect"), "not_met", "no test expects met"),
        (("tests", 1, "expect"), "met", "no test expects not_met"),
        (("tests", 0, "facts"), {"ev.sample_watch.don": True}, "unknown fact"),
        (("tests", 0, "facts"), {"ev.sample_watch.done": "yes"}, "expected: bool"),
        (("tests", 0, "name"), "nothing", "test nothing twice"),
        (("requires",), "ev.sample_watch.don", "did you mean ev.sample_watch.done"),
        (("requires",), "ev.nothing.done", "unknown name"),
        (("requires",), "ev.waiver.done", "unknown name"),
        (("requires",), 7, "where an expression must be"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_id(source, compile_source, path, value, words):
    rule = source["rules"][1]
    at(rule, path[:-1])[path[-1]] = value
    if words is None:
        assert load_pack(compile_source(source))
        return
    with pytest.raises((PackError, ExpressionError)) as caught:
        compile_source(source)
    assert words in str(caught.value)
    assert "rule" in caught.value.where


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("effective_from",), "2024-02-30", "2024-02-30"),
        (("effective_to",), "2024-01-01", "ends before it starts"),
        (("status",), "approved", "approved"),
        (("source", "checked"), "secondary source", "primary pack"),
        (("source", "checked_on"), "2020-01-01", "before it was published"),
        (("source", "date"), "12 November 2024", "source.date"),
        (("parameters", 0, "to"), "2026-01-02", "two values on one date"),
        (("parameters", 0, "to"), "2024-11-12", "ends before it starts"),
        (("parameters", 0, "value"), 1, "expected: double"),
        (("parameters", 0, "name"), "Gap", "name"),
        (("definitions", 0, "expr"), "ev.sample_watch.done", "reads ev.sample_watch.done"),
        (("definitions", 0, "expr"), "tier == 'high'", "reads tier"),
        (("definitions", 0, "expr"), "def.serious", "unknown name 'def.serious'"),
        (("parameters", 0, "name"), "if", "if"),
        (("tiers", 0, "when"), "sod.validator_independent", "reads sod."),
        (("tiers", 0, "tier"), "huge", "huge"),
        (("coverage", 1, "rules"), ["VAL-9"], "VAL-9 does not exist"),
        (("coverage", 1, "rules"), [], "no rule is named"),
        (("coverage", 3, "rules"), ["VAL-1"], "OPS-1 covers no paragraph"),
        (("coverage", 0, "paragraph"), "9", "paragraph 9 twice"),
        (("rules",), [], "rules is missing"),
        (("rules",), ["x"], "mapping"),
        (("topics",), {}, "derived"),
        (("format",), "dualtrack.pack/1", "derived"),
        (("colour",), "red", "colour"),
    ],
)
def test_a_wrong_pack_is_refused(source, compile_source, path, value, words):
    at(source, path[:-1])[path[-1]] = value
    with pytest.raises((PackError, ExpressionError)) as caught:
        compile_source(source)
    assert words in str(caught.value)


def test_two_definitions_of_one_name_are_refused(source, compile_source):
    source["definitions"].append(source["definitions"][0])
    with pytest.raises(PackError, match="definition reaches_people twice"):
        compile_source(source)


def test_a_secondary_pack_asks_and_never_refuses(source, compile_source):
    source["grade"] = "secondary"
    source["source"] |= {"checked": "secondary source", "file_digest": None}
    for rule in source["rules"]:
        rule |= {"source_grade": "secondary", "checked_source": "secondary source"}
    with pytest.raises(PackError, match="claims coverage"):
        compile_source(source)
    source["coverage"] = []
    with pytest.raises(PackError, match="severity S2 from a secondary source"):
        compile_source(source)
    source["rules"][0]["severity"] = "S4"
    assert load_pack(compile_source(source)).data.grade == "secondary"


def test_what_cannot_be_waived_has_no_proportionality(source, compile_source):
    source["rules"][0]["weight"] = "statute"
    with pytest.raises(PackError, match="cannot be waived"):
        compile_source(source)


def change(compiled, path, value):
    plain = copy.deepcopy(canonical.decode(compiled))
    at(plain, path[:-1])[path[-1]] = value
    return canonical.encode(plain)


TREE = {"call": "eq", "args": [{"fact": "ev.sample_watch.done"}, {"bool": True}]}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("rules", 1, "requires", "text"), "!ev.sample_watch.done", "not the tree printed back"),
        (("rules", 1, "requires", "text"), "ev.sample_watch.done ", "not the tree printed back"),
        (("rules", 1, "requires", "tree"), TREE, "not the tree printed back"),
        (("rules", 1, "requires"), {"text": "ev.sample_watch.done == true", "tree": TREE}, None),
        (("rules", 1, "requires"), {"text": "x", "tree": {"call": "exec", "args": []}}, "not in the table"),
        (("rules", 1, "requires"), {"text": "x", "tree": {"fact": "ev.unread.done"}}, "not known"),
        (("rules", 1, "requires"), {"text": "1", "tree": {"int": 1}}, "gives int"),
        (("rules", 1, "requires"), {"text": "true", "tree": {"bool": True}}, "evidence is sample_watch"),
        (("rules", 1, "evidence"), [], "topics differ"),
        (("rules", 1, "evidence"), ["sample_gap", "sample_watch"], "evidence is sample_gap, sample_watch"),
        (("definitions", 0, "text"), "use.customer_facing", "not the tree printed back"),
        (("tiers", 0, "when", "text"), "true", "not the tree printed back"),
        (("format",), "dualtrack.pack/2", "format"),
        (("rules", 1, "severity"), "S2", "clock_days"),
        (("topics", "sample_gap", "roles"), [], "roles"),
        (("topics", "sample_gap", "fields", "high"), "date", "fields"),
        (("topics", "sample_gap", "fields", "in"), "bool", "not a name"),
        (("topics", "unread"), {"kind": "drill", "about": "firm", "roles": ["owner"], "fields": {"done": "bool"}, "duty": None,
          "hours": 1, "title": {"en": "x", "zh-Hant": "x"}}, "topics differ"),
        (("extra",), 1, "extra"),
    ],
)  # fmt: skip
def test_changed_compiled_bytes_are_refused(compiled, path, value, words):
    changed = change(compiled, path, value)
    if words is None:
        assert load_pack(changed).rule("OPS-1").requires({"ev.sample_watch.done": True}) is True
        return
    with pytest.raises(PackError) as caught:
        load_pack(changed)
    assert words in str(caught.value)


def test_only_canonical_bytes_load(compiled):
    for data in (compiled + b"\n", compiled.replace(b":", b": ", 1), b"", b"[]", b"{}", b"\xff", b"[" * 100_000):
        with pytest.raises(PackError):
            load_pack(data)


def test_loading_needs_no_parser(compiled, tmp_path):
    """The parser is 50 MB and young; a stored pack must load without it."""
    path = tmp_path / "pack.json"
    path.write_bytes(compiled)
    script = (
        "import sys; sys.modules['cel_expr_python'] = None\n"
        "from pathlib import Path; from dualtrack.rules.pack import load_pack; from dualtrack.rules.selftest import self_test\n"
        f"print(self_test(load_pack(Path({str(path)!r}).read_bytes())))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


@pytest.mark.parametrize("name", sorted(BUILT_IN_NAMES))
def test_compiled_bytes_that_define_a_built_in_topic_do_not_load(compiled, name):
    """Nothing after the loader looks again: an assessment merges the topics of loaded packs with its own."""
    plain = json.loads(compiled.replace(b"sample_watch", name.encode()))
    assert name in plain["topics"]
    with pytest.raises(PackError, match=f"topic {name} is built in"):
        load_pack(canonical.encode(plain))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"kind: drill", b"kind: rumour", "rumour"),
        (b"unread:", b"waiver:", "built in"),
        (b"unread:", b"Unread:", "not a name"),
        (
            b"fields: {done: bool}\n  duty: null\n  hours: 1",
            b"fields: {if: bool}\n  duty: null\n  hours: 1",
            "not a name",
        ),
        (b"[owner, validator]", b"[owner, owner]", "a role twice"),
        (b"en: Unread", b"en: ''", "text in en is missing"),
        (b"  hours: 8\n", b"", "hours"),
        (b"duty: validate", b"duty: inspect", "inspect"),
    ],
)
def test_a_wrong_catalogue_is_refused(topics_source, old, new, words):
    assert topics_source.count(old) >= 1
    with pytest.raises(FieldError) as caught:
        read_catalogue(topics_source.replace(old, new, 1), where="topics")
    assert words in str(caught.value)


def test_every_refusal_is_one_of_ours(compiled):
    """Any one byte changed: refused with our own error, or a pack that is sound under another digest."""
    wanted = load_pack(compiled).digest
    refused = 0
    for position in range(0, len(compiled), 41):
        changed = compiled[:position] + bytes([compiled[position] ^ 1]) + compiled[position + 1 :]
        try:
            assert load_pack(changed).digest != wanted
        except DualtrackError:
            refused += 1
    assert refused > 50
