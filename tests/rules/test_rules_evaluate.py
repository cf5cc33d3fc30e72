"""One meaning, four ways: the CEL library, the Python function, the walked tree and DuckDB's SQL."""

import duckdb
import pytest
from cel_expr_python import cel

from dualtrack.errors import RuleError
from dualtrack.rules.evaluate import Program, compile_tree, evaluate_explained, known, missing_facts
from dualtrack.rules.language import parse
from dualtrack.rules.printer import show
from dualtrack.rules.sql import evaluate_bulk, facts_relation

CEL_TYPES = {
    "bool": cel.Type.BOOL, "int": cel.Type.INT, "double": cel.Type.DOUBLE, "string": cel.Type.STRING,
    "list": cel.Type.List(cel.Type.STRING),
}  # fmt: skip


def cel_environment(schema):
    asked = {f"has_.{name}": "bool" for name in schema if name.startswith(("use.", "firm."))}
    return cel.NewEnv(variables={name: CEL_TYPES[kind] for name, kind in (schema | asked).items()}), asked


def cel_value(expression, facts, asked):
    data = dict(facts) | {name: name.removeprefix("has_.") in facts for name in asked}
    value = expression.eval(data=data)
    return value.value() if value.type().name() == "BOOL" else None


@pytest.mark.parametrize("seed", range(3))
def test_library_function_walk_and_sql_agree(maker, schema, seed):
    """240 trees on 25 incomplete facts each, without overflow: CEL's integers are wider than ours."""
    drawn = maker(1000 + seed)
    environment, asked = cel_environment(schema)
    rows = [drawn.facts(absent=0.35) for _ in range(25)]
    trees = [drawn.tree() for _ in range(80)]
    columns = sql_columns(rows, trees, schema)
    seen = set()
    for tree, column in zip(trees, columns, strict=True):
        text = show(tree)
        expression = environment.compile(text.replace("has(", "(has_."))
        run = compile_tree(tree, schema)
        for facts, from_sql in zip(rows, column, strict=True):
            wanted = cel_value(expression, facts, asked)
            assert (run(facts), evaluate_explained(tree, facts, schema).value, from_sql) == (wanted,) * 3, (text, facts)
            seen.add(wanted)
    assert seen == {True, False, None}


@pytest.mark.parametrize("seed", range(3))
def test_overflow_and_bad_values_are_unknown_everywhere(maker, schema, seed):
    drawn = maker(2000 + seed, wide=True)
    rows = [drawn.facts(absent=0.1, bad=0.15) for _ in range(40)]
    trees = [drawn.tree(depth=6) for _ in range(60)]
    columns = sql_columns(rows, trees, schema)
    for tree, column in zip(trees, columns, strict=True):
        run = compile_tree(tree, schema)
        for facts, from_sql in zip(rows, column, strict=True):
            walked = evaluate_explained(tree, facts, schema).value
            assert (run(facts), from_sql) == (walked, walked), (show(tree), facts)


def sql_columns(rows, trees, schema):
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        programs = {f"p{i}": Program(show(tree), tree, schema) for i, tree in enumerate(trees)}
        relation = facts_relation(connection, rows, schema)
        found = evaluate_bulk(connection, relation, programs).fetchall()
    return list(zip(*found, strict=True))


def test_what_is_true_with_facts_missing_stays_true(maker, schema):
    """Kleene soundness: no completion of the facts overturns a definite answer (has(...) apart, which asks just that)."""
    drawn = maker(77, asks=False)
    definite = 0
    for _ in range(400):
        run = compile_tree(drawn.tree(), schema)
        facts = drawn.facts(absent=0.6)
        found = run(facts)
        if found is None:
            continue
        definite += 1
        for _ in range(10):
            assert run(drawn.facts(absent=0.2) | facts) is found
    assert definite > 100


@pytest.mark.parametrize(
    ("text", "facts", "value"),
    [
        ("ev.test.n + 1 > 0", {"ev.test.n": 2**53}, None),
        ("ev.test.n - 1 > 0", {"ev.test.n": 2**53}, True),
        ("ev.test.n + 1 - 1 > 0", {"ev.test.n": 2**53}, None),
        ("ev.test.n * ev.test.n < 0", {"ev.test.n": -(2**53)}, None),
        ("ev.test.n * ev.test.n > 0", {"ev.test.n": 94906265}, True),
        ("ev.test.n * ev.test.n > 0", {"ev.test.n": 94906266}, None),
        ("ev.test.low * 10.0 > 1.0", {"ev.test.low": 1e308}, None),
        ("ev.test.low * 10.0 - ev.test.low * 10.0 == 0.0", {"ev.test.low": 1e308}, None),
        ("ev.test.low == 0.0", {"ev.test.low": -0.0}, True),
        ("ev.test.n == 1", {"ev.test.n": True}, None),
        ("ev.test.n == 1", {"ev.test.n": 1.0}, None),
        ("ev.test.low == 1.0", {"ev.test.low": 1}, None),
        ("use.flag", {"use.flag": 1}, None),
        ("use.flag && def.high", {"use.flag": 1, "def.high": False}, False),
        ("use.flag || def.high", {"use.flag": 1, "def.high": True}, True),
        ("size(use.people) == 0", {"use.people": []}, True),
        ("size(use.people) == 0", {"use.people": [1]}, None),
        ("use.people == ['a', 'b']", {"use.people": ("a", "b")}, True),
        ("size(tier) == 2", {"tier": "中文"}, True),
        ("size(tier) == 5", {"tier": "🤦🏼\u200d♂️"}, True),
        ("tier < '中'", {"tier": "z"}, True),
        ("has(use.count)", {"use.count": 2**53 + 1}, False),
        ("has(use.flag) || use.flag", {}, None),
        ("!has(firm.staff)", {}, True),
        ("true", {}, True),
    ],
)
def test_cases_by_hand(schema, text, facts, value):
    tree = parse(text, schema)
    assert compile_tree(tree, schema)(facts) is value
    assert evaluate_explained(tree, facts, schema).value is value
    assert sql_columns([facts], [tree], schema) == [(value,)]


def test_an_explanation_names_what_is_missing(schema):
    tree = parse("ev.test.passed && (ev.test.low > param.limit || def.high)", schema)
    node = evaluate_explained(tree, {"ev.test.passed": True, "def.high": False, "param.limit": 0.5}, schema)
    assert node.value is None
    assert node.missing == ("ev.test.low",)
    assert [child.value for child in node.children] == [True, None]
    assert node.children[1].children[0].text == "ev.test.low > param.limit"
    assert evaluate_explained(tree, {"ev.test.passed": False}, schema).missing == ()


def test_a_program_knows_what_it_reads(schema):
    text = 'has(use.kind) && ev.test.n > 1 && tier == "a"'
    program = Program(text, parse(text, schema), schema)
    assert program.names == ("ev.test.n", "tier", "use.kind")
    assert program.topics == ("test",)
    assert missing_facts(program.names, {"tier": "a", "use.kind": 1}, schema) == ("ev.test.n", "use.kind")
    assert program({"use.kind": "x", "ev.test.n": 2, "tier": "a"}) is True
    assert known([], "list") == ()


def test_bulk_refuses_a_column_of_another_type_and_takes_an_absent_one_as_unknown(schema):
    program = Program("x", parse("ev.test.n > 1 || use.flag", schema), schema)
    with duckdb.connect() as connection:
        wrong = connection.sql("""SELECT '2' AS "ev.test.n" """)
        with pytest.raises(RuleError, match=r"ev\.test\.n is VARCHAR"):
            evaluate_bulk(connection, wrong, {"p": program})
        half = connection.sql("""SELECT unnest([1, 2]::BIGINT[]) AS "ev.test.n" """)
        assert evaluate_bulk(connection, half, {"p": program}).fetchall() == [(None,), (True,)]


def test_nested_arithmetic_stays_small_in_sql(schema):
    tree = {"fact": "ev.test.n"}
    for _ in range(20):
        tree = {"call": "add", "args": [tree, {"int": 1}]}
    tree = {"call": "gt", "args": [tree, {"int": 0}]}
    assert sql_columns([{"ev.test.n": 1}, {"ev.test.n": 2**53 - 5}], [tree], schema) == [(True, None)]


def test_hostile_strings_stay_data(schema):
    text = "'); DROP TABLE x; --"
    tree = {"call": "eq", "args": [{"fact": "tier"}, {"string": text}]}
    assert compile_tree(tree, schema)({"tier": text}) is True
    assert sql_columns([{"tier": text}], [tree], schema) == [(True,)]
