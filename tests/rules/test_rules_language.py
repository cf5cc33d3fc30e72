"""Parsing: laws, refusals with position and fix, hostile input."""

import time

import pytest

from dualtrack.errors import ExpressionError
from dualtrack.rules.check import check_tree
from dualtrack.rules.language import parse
from dualtrack.rules.printer import show
from dualtrack.rules.table import COST_MAX, DEPTH_MAX, LIST_MAX, NODES_MAX, STRING_MAX, TEXT_MAX


@pytest.mark.parametrize("seed", range(4))
def test_parse_of_show_is_the_tree(maker, schema, seed):
    drawn = maker(seed)
    for _ in range(300):
        tree = drawn.tree(depth=6)
        check_tree(tree, schema, where="drawn")
        assert parse(show(tree), schema) == tree


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("use.flag&&(tier=='a'&&def.high)", 'use.flag && tier == "a" && def.high'),
        ("(use.flag || def.high) && def.high", "(use.flag || def.high) && def.high"),
        ("(use.flag && def.high) || def.high", "use.flag && def.high || def.high"),
        ("!(tier == 'a')", '!(tier == "a")'),
        ("!!use.flag", "use.flag"),
        ("has( use.kind )", "has(use.kind)"),
        ("tier.size() > 1", "size(tier) > 1"),
        ("ev.test.n - (1 - 2) * 3 < - 4", "ev.test.n - (1 - 2) * 3 < -4"),
        ("ev.test.low < 1e-7 || .5 < param.limit", "ev.test.low < 1e-07 || 0.5 < param.limit"),
        ("(tier == 'a') == use.flag", '(tier == "a") == use.flag'),
        ('tier == "has(use.kind) // no"', 'tier == "has(use.kind) // no"'),
        ('tier == "\\u4e2d\\x41"', 'tier == "中A"'),
        ("tier\n  in ['a',\n 'b']", 'tier in ["a", "b"]'),
    ],
)
def test_one_normal_form(schema, text, normal):
    tree = parse(text, schema)
    assert show(tree) == normal
    assert parse(normal, schema) == tree


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("use.flag &&", "syntax", "line 1, column 12"),
        ("use.flog", "name", "did you mean use.flag"),
        ("has(use.flog)", "name", "'use.flog'"),
        ("use.flag &&\n  tier", "type", "does not take (bool, string)"),
        ("tier == 1", "type", "(string, int)"),
        ("ev.test.low <= 5", "type", "5.0"),
        ("ev.test.n", "type", "gives int"),
        ("tier + 'a' == 'b'", "type", "'+' does not take"),
        ("def.high < true", "type", "'<' does not take"),
        ("use.flag ? def.high : def.high", "function", "a && b || !a && c"),
        ("ev.test.n / 2 == 1", "function", "multiply"),
        ("ev.test.n % 2 == 1", "function", "remainder"),
        ("-ev.test.n == 1", "function", "0 - x"),
        ("use.people[0] == 'a'", "function", "in list"),
        ("use.people.all(x, x == 'a')", "function", "macro"),
        ("tier.matches('^(a+)+$')", "function", "regular"),
        ("tier.startsWith('a')", "function", "startsWith"),
        ("int(tier) == 1", "function", "int"),
        ("timestamp('2024-01-01T00:00:00Z') == timestamp(tier)", "function", "timestamp"),
        ("{'a': 1}.a == 1", "function", "not in the language"),
        ("dyn(tier) == 1", "function", "dyn"),
        ("1u == 1u", "type", "unsigned"),
        ("null == null", "type", "null"),
        ("r'a' == tier", "syntax", "raw"),
        ("'''a''' == tier", "syntax", "triple"),
        ("use.flag // why", "syntax", "comment"),
        ("has(ev.test.n)", "function", "never grants"),
        ("has(tier)", "function", "never grants"),
        ("has_.use.kind", "name", "has_"),
        ("use.people == []", "node", "size"),
        ("tier in ['a', 1]", "type", "mixed"),
        ("true in [true]", "type", "mixed or boolean"),
        ("ev.test.n == 9007199254740993", "node", "2^53"),
        ("param.limit < 1e400", "node", "finite"),
        ("tier == 'a\\u0007'", "node", "control"),
        ("tier == 'e\\u0301'", "node", "NFC"),
        ("tier == '\u202e'", "syntax", "reordering"),
        ("", "syntax", "line 1, column 1"),
    ],
)
def test_refusals_say_where_and_how_to_fix(schema, text, code, words):
    with pytest.raises(ExpressionError) as caught:
        parse(text, schema, where="pack p, rule r, requires")
    assert caught.value.code == f"rule.expression.{code}"
    assert words in str(caught.value)
    assert str(caught.value).startswith("pack p, rule r, requires")


def test_caret_points_at_the_place_in_wide_text(schema):
    with pytest.raises(ExpressionError) as caught:
        parse("use.flag ||\n'中文' == tier && nothing.here", schema)
    message = str(caught.value).splitlines()
    assert "line 2, column" in message[0]
    place = message[1].index("nothing")
    assert message[2].index("^") in range(place, place + len("nothing.here"))


HOSTILE = {
    "long text": "use.flag && " * TEXT_MAX,
    "brackets": "(" * (TEXT_MAX // 2 - 10),
    "nested brackets": "(" * 1900 + "true" + ")" * 1900,
    "lists": "[" * 1500 + "]" * 1500 + " == []",
    "negations": "!" * 3000 + "true",
    "minus": "-" * 3001 + "1 == 1",
    "sums": "1+" * 1900 + "1 == 1",
    "chain": " && ".join(["use.flag"] * (DEPTH_MAX + 1)),
    "wide chain": "||".join(["def.high"] * 390),
    "long list": "ev.test.n in [" + "1," * LIST_MAX + "1]",
    "long string": "tier == '" + "a" * (STRING_MAX + 1) + "'",
    "macros": "use.people.all(a, use.people.all(b, use.people.all(c, a == b || b == c)))",
    "calls": "size(" * 900,
    "selects": "tier" + ".a" * 1900,
    "quotes": "'" * 3999,
    "has": "has(" * 999,
}


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"negations"}))
def test_hostile_text_is_refused_fast(schema, name):
    started = time.process_time()
    with pytest.raises(ExpressionError):
        parse(HOSTILE[name], schema)
    assert time.process_time() - started < 1.0


def test_negations_cancel_without_nesting(schema):
    assert show(parse(HOSTILE["negations"], schema)) == "true"


def test_the_budget_is_spent_before_the_tree_is_large(schema):
    term = {"call": "in", "args": [{"fact": "ev.test.n"}, {"list": [{"int": 1}] * LIST_MAX}]}
    deep = wide = term
    for _ in range(DEPTH_MAX):
        deep = {"call": "not", "args": [{"call": "eq", "args": [deep, {"bool": True}]}]}
    for _ in range(NODES_MAX // LIST_MAX + 1):
        wide = {"call": "and", "args": [wide, term]}
    for tree in (deep, wide):
        with pytest.raises(ExpressionError) as caught:
            check_tree(tree, schema, where="x")
        assert caught.value.code == "rule.expression.budget"
    facts = {"call": "eq", "args": [{"fact": "use.people"}, {"fact": "ev.test.groups"}]}
    tree = facts
    for _ in range(19):
        tree = {"call": "and", "args": [tree, facts]}
    assert check_tree(tree, schema, where="x").cost <= COST_MAX


@pytest.mark.parametrize(
    "tree",
    [
        None, [], "true", {}, {"bool": 1}, {"int": True}, {"int": 1.0}, {"double": 1}, {"string": 1}, {"null": None},
        {"bool": True, "int": 1}, {"fact": "nope"}, {"fact": 1}, {"fact": ["tier"]}, {"list": "ab"}, {"list": [1]},
        {"list": [{"fact": "tier"}]}, {"list": [{"list": [{"int": 1}]}]}, {"call": "div", "args": [{"int": 1}, {"int": 1}]},
        {"call": ["and"], "args": []}, {"call": "and", "args": [{"bool": True}]}, {"call": "and", "args": None},
        {"call": "and", "args": [{"bool": True}, {"bool": True}], "x": 1}, {"call": "size", "args": [{"int": 1}]},
        {"call": "not", "args": [{"call": "not", "args": [{"bool": True}]}]},
        {"call": "and", "args": [{"bool": True}, {"call": "and", "args": [{"bool": True}, {"bool": True}]}]},
        {"call": "has", "args": [{"fact": "tier"}]}, {"call": "has", "args": [{"bool": True}]},
        {"call": "has", "args": [{"fact": "ev.test.n"}]}, {"call": "eq", "args": [{"int": 1}, {"double": 1.0}]},
        {"int": 2**53 + 1}, {"double": float("nan")}, {"string": "\ud800"}, {"string": "a\x00"},
    ],
)  # fmt: skip
def test_broken_trees_are_refused(schema, tree):
    with pytest.raises(ExpressionError):
        check_tree(tree, schema, where="compiled pack")
