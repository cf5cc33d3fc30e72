"""The rule language: text of trees, types, and values in Kleene logic, against cases worked out by hand."""

from __future__ import annotations

import pytest
from bundle_builder import call, fact
from hypothesis import given, settings
from hypothesis import strategies as st

import dualtrack_verify as verifier

A, B, C, X, Y = fact("use.a"), fact("use.b"), fact("use.c"), fact("firm.x"), fact("firm.y")
NESTED = call("not", A)
for _ in range(21):
    NESTED = call("and", NESTED, B)  # 23 levels
ONE, HALF, WORD, YES = {"int": 1}, {"double": 0.5}, {"string": "w"}, {"bool": True}

TEXTS = [
    (call("or", call("or", A, B), C), "use.a || use.b || use.c"),
    (call("or", A, call("and", B, C)), "use.a || use.b && use.c"),
    (call("and", call("or", A, B), C), "(use.a || use.b) && use.c"),
    (call("or", call("and", A, B), C), "use.a && use.b || use.c"),
    (call("not", call("and", A, B)), "!(use.a && use.b)"),
    (call("and", call("not", A), B), "!use.a && use.b"),
    (call("not", call("eq", X, Y)), "!(firm.x == firm.y)"),
    (call("eq", call("not", A), B), "!use.a == use.b"),
    (call("eq", call("eq", A, B), C), "(use.a == use.b) == use.c"),
    (call("eq", A, call("eq", B, C)), "use.a == (use.b == use.c)"),
    (call("lt", call("add", X, ONE), call("mul", Y, ONE)), "firm.x + 1 < firm.y * 1"),
    (call("mul", call("add", X, ONE), ONE), "(firm.x + 1) * 1"),
    (call("sub", call("sub", X, ONE), ONE), "firm.x - 1 - 1"),
    (call("sub", X, call("sub", ONE, ONE)), "firm.x - (1 - 1)"),
    (call("mul", X, call("mul", ONE, ONE)), "firm.x * (1 * 1)"),
    (call("sub", X, {"int": -1}), "firm.x - -1"),
    (call("in", WORD, {"list": [WORD, {"string": "v"}]}), '"w" in ["w", "v"]'),
    (call("ge", call("size", X), ONE), "size(firm.x) >= 1"),
    (call("and", call("has", A), YES), "has(use.a) && true"),
    ({"double": 1.0}, "1.0"),
    ({"double": 1e16}, "1e+16"),
    ({"double": -0.5}, "-0.5"),
    ({"string": 'a"b\\c\nd\te文'}, '"a\\"b\\\\c\\nd\\te文"'),
    (call("and", NESTED, B), "!use.a" + " && use.b" * 22),
    (fact("ev.topic.field"), "ev.topic.field"),
]


@pytest.mark.parametrize(("tree", "text"), TEXTS)
def test_trees_have_one_text(tree, text):
    assert verifier.is_tree(tree)
    assert verifier.print_tree(tree) == text


@pytest.mark.parametrize(
    "tree",
    [
        None, {}, [], {"bool": 1}, {"int": True}, {"int": 1.0}, {"double": 1}, {"string": 1}, {"fact": "other.x"},
        {"fact": "use.X"}, {"fact": "ev.topic"}, {"call": "or", "args": [YES]}, {"call": "or", "args": [YES, YES, YES]},
        {"call": "matches", "args": [WORD, WORD]}, {"call": ["or"], "args": [YES, YES]}, {"list": [A]}, {"list": [{"list": []}]},
        {"call": "has", "args": [fact("ev.t.f")]}, {"call": "has", "args": [YES]}, {"bool": True, "int": 1},
        {"call": "not", "args": [YES], "note": 1}, {"call": "not"}, {"fact": ["use.a"]}, {"list": []}, {"list": [YES]},
        {"list": [ONE] * 65}, {"string": "w" * 201}, {"string": "\x7f"}, {"string": "\u200b"}, {"string": "\u202e"}, call("not", call("not", A)),
        call("or", A, call("or", B, C)), call("and", A, call("and", B, C)), call("and", call("and", NESTED, A), B),
        call("and", call("in", ONE, {"list": [ONE] * 64}), call("or", *[call("in", ONE, {"list": [ONE] * 64})] * 2)) | {"x": 1},
        call("or", call("or", *[call("in", ONE, {"list": [ONE] * 64})] * 2), call("and", *[call("in", ONE, {"list": [ONE] * 64})] * 2)),
    ],
)  # fmt: skip
def test_other_trees_are_refused(tree):
    assert not verifier.PLAIN["tree"](tree)


# --- values: T true, F false, U unknown ---

T, F, U = True, False, None


def value(tree, **facts):
    return verifier.evaluate(tree, {f"use.{name}": item for name, item in facts.items() if item is not None})


@pytest.mark.parametrize(
    ("first", "second", "both", "any_"),
    [
        (T, T, T, T),
        (T, F, F, T),
        (F, T, F, T),
        (F, F, F, F),
        (T, U, U, T),
        (U, T, U, T),
        (F, U, F, U),
        (U, F, F, U),
        (U, U, U, U),
    ],
)
def test_kleene_logic(first, second, both, any_):
    assert value(call("and", A, B), a=first, b=second) is both
    assert value(call("or", A, B), a=first, b=second) is any_


@pytest.mark.parametrize(("operand", "expected"), [(T, F), (F, T), (U, U)])
def test_not(operand, expected):
    assert value(call("not", A), a=operand) is expected


VALUES = [
    (call("eq", ONE, ONE), True),
    (call("ne", ONE, ONE), False),
    (call("eq", ONE, {"double": 1.0}), None),
    (call("eq", {"list": [WORD]}, {"list": [WORD]}), True),
    (call("eq", {"list": []}, {"list": [WORD]}), False),
    (call("eq", {"list": [ONE]}, {"list": [WORD]}), None),
    (call("lt", WORD, {"string": "x"}), True),
    (call("lt", YES, YES), None),
    (call("ge", HALF, HALF), True),
    (call("in", WORD, {"list": []}), False),
    (call("in", WORD, {"list": [WORD]}), True),
    (call("in", ONE, {"list": [{"double": 1.0}]}), None),
    (call("size", {"string": "文字"}), 2),
    (call("size", {"list": [ONE, ONE]}), 2),
    (call("size", ONE), None),
    (call("add", {"int": 2**53}, ONE), None),
    (call("sub", {"int": -(2**53)}, ONE), None),
    (call("mul", {"int": 2**27}, {"int": 2**26}), 2**53),
    (call("mul", {"int": 2**27}, {"int": 2**27}), None),
    (call("add", {"double": 1e308}, {"double": 1e308}), None),
    (call("sub", HALF, {"double": 0.25}), 0.25),
    (call("add", WORD, WORD), None),
    (call("add", ONE, HALF), None),
    (call("not", ONE), None),
    (call("and", ONE, {"bool": False}), False),
    (call("and", ONE, YES), None),
    (call("or", ONE, YES), True),
    (call("has", A), False),
    (call("lt", A, ONE), None),
    (call("or", call("lt", A, ONE), YES), True),
]


@pytest.mark.parametrize(("tree", "expected"), VALUES)
def test_values(tree, expected):
    found = value(tree)
    assert found == expected
    assert type(found) is type(expected)


def test_presence_of_a_false_fact():
    assert value(call("has", A), a=False) is True


# --- types ---

TYPES = {"use.a": "bool", "use.n": "int", "use.d": "double", "use.s": "string", "use.l": "[string]"}
N, DOUBLE, S, LIST = fact("use.n"), fact("use.d"), fact("use.s"), fact("use.l")


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (call("and", A, A), "bool"), (call("lt", N, ONE), "bool"), (call("lt", N, HALF), None), (call("add", N, ONE), "int"),
        (call("mul", DOUBLE, HALF), "double"), (call("add", S, S), None), (call("size", LIST), "int"), (call("size", N), None),
        (call("in", S, LIST), "bool"), (call("in", N, LIST), None), (call("in", S, S), None), (call("eq", N, DOUBLE), None),
        (call("eq", LIST, LIST), "bool"), (call("eq", LIST, {"list": [ONE]}), None), (call("not", N), None),
        (call("and", X, A), None), (call("in", N, {"list": [ONE]}), "bool"), (call("in", A, {"list": [ONE]}), None),
        (fact("use.unheard_of"), None), ({"list": [ONE, WORD]}, None), (call("lt", A, A), None), (call("lt", S, S), "bool"),
        (call("has", N), "bool"), (call("eq", A, A), "bool"), (call("has", X), None), (call("size", {"list": [ONE]}), None),
    ],
)  # fmt: skip
def test_types(tree, expected):
    try:
        found = verifier.tree_type(tree, TYPES, "test")
    except verifier.Refused:
        found = None
    assert found == expected


LITERAL = st.sampled_from([YES, ONE, HALF, WORD, {"list": [WORD]}, A, B, N, S, LIST, X])


@st.composite
def trees(draw, depth=3):
    if depth == 0 or draw(st.booleans()):
        return draw(LITERAL)
    name = draw(st.sampled_from([name for name in verifier.ARGUMENTS if name != "has"]))
    return call(name, *(draw(trees(depth=depth - 1)) for _ in range(verifier.ARGUMENTS[name])))


@settings(max_examples=150)
@given(
    trees(),
    st.dictionaries(
        st.sampled_from(["use.a", "use.n", "use.s", "firm.x"]), st.sampled_from([True, 3, "w", 0.5, ["w"]])
    ),
)
def test_no_tree_fails_to_have_a_value_or_none(tree, view):
    found = verifier.evaluate(tree, view)
    assert found is None or type(found) in (bool, int, float, str, list)
