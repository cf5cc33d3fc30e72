"""The closed calculator: exact against fractions, replayed digit for digit, strict about units, and nothing but arithmetic."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.apps.research.calculate import STEPS_MAX, calculate, replays
from dualtrack.apps.research.expression import read_expression
from dualtrack.apps.research.program import Operand, Program, Step
from dualtrack.apps.research.units import NUMBER, UNSTATED, unit_of
from dualtrack.errors import ExpressionError, FieldError

HKD, SHARES = unit_of("HKD"), unit_of("share")


def run(text, **units):
    """Calculate a text of plain numbers; a name that `units` has gets that unit."""
    read = read_expression(text)
    operands = [
        Operand(each.name, "written", each.text, each.text.replace(",", ""), units.get(each.text, NUMBER))
        for each in read.written
    ]
    return calculate(read.program, operands)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("[1,000 - 250] ÷ 3", "250"), ("2^10", "1024"), ("-2^2", "-4"),
        ("10 - 3 - 2", "5"), ("100 / 5 / 2", "10"), ("x = 60.94 - 25.14; x / 25.14", None), ("--5", "5"), ("7", "7"),
        ("a = 2; b = a * a; b + a;", "6"), ("1/3", "0.3333333333333333333333333333333333"),
    ],
)  # fmt: skip
def test_arithmetic_is_that_of_school(text, value):
    found = run(text)
    assert value is None or found.value == value
    assert replays(found)


numbers = st.integers(1, 99_999).map(str)
texts = st.recursive(
    numbers,
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=12,
)


def fraction(program, operands):
    known = {each.name: Fraction(each.value) for each in operands}
    for step in program.steps:
        values = [known[name] for name in step.arguments]
        known[step.name] = {
            "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b, "divide": lambda a, b: a / b,
        }[step.operation](*values)  # fmt: skip
    return known[program.result]


@given(texts)
@settings(max_examples=80)
def test_it_agrees_with_exact_fractions(text):
    read = read_expression(text)
    operands = [Operand(each.name, "written", each.text, each.text) for each in read.written]
    try:
        exact = fraction(read.program, operands)
    except ZeroDivisionError:
        return  # whether the decimal divisor is a zero, too, depends on rounding: either an error or far out of range
    try:
        found = Fraction(calculate(read.program, operands).value)
    except FieldError:
        assume(False)  # beyond the range, or a divisor that rounds to zero
        return
    sizes = [abs(Fraction(each.value)) for each in operands]
    assert abs(found - exact) <= Fraction(1, 10**20) * (abs(exact) + max(sizes) ** len(sizes))


@given(texts, st.data())
@settings(max_examples=40)
def test_a_changed_number_does_not_replay(text, data):
    try:
        trace = run(text)
    except FieldError:
        assume(False)
    assert replays(trace)
    assume(trace.steps)
    place = data.draw(st.integers(0, len(trace.steps) - 1))
    changed = list(trace.steps)
    changed[place] = replace(
        changed[place], value=changed[place].value + "1" if "." in changed[place].value else changed[place].value + ".1"
    )
    assert not replays(replace(trace, steps=tuple(changed)))
    assert not replays(replace(trace, value=trace.value + "1" if "." in trace.value else trace.value + ".1"))


def test_units_follow_the_arithmetic():
    each = {"500": HKD, "20": SHARES, "300": HKD}
    assert run("500 / 20", **each).unit.words == "HKD per share"
    assert run("(500 - 300) / 300", **each).unit == NUMBER
    assert run("500 * 2", **each).unit == HKD
    assert run("500 / 20 * 20", **each).unit == HKD
    assert run("500 * 300", **each).unit.words == "HKD^2"
    for text in ("500 + 20", "500 - 2", "2 ^ 500", "500 ^ 0.5"):
        with pytest.raises(FieldError, match="do not go together"):
            run(text, **each)


def test_what_is_not_stated_mixes_with_nothing_that_is():
    each = {"500": UNSTATED, "20": UNSTATED, "300": HKD}
    assert run("500 - 20", **each).unit == UNSTATED
    assert not run("500 / 20", **each).unit.stated
    with pytest.raises(FieldError, match="unit not stated and HKD"):
        run("500 + 300", **each)


@pytest.mark.parametrize("text", ["1/0", "0^-1", "(-8)^(1/3)", "99999999^90", "1/(3-3)", "2^101"])
def test_what_has_no_result_has_none(text):
    with pytest.raises(FieldError):
        run(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "1 +", "(1", "1)", "1 2", "__import__('os')", "x", "x = 1; x = 2", "1; ; 2", "a.b", "1 if 2 else 3", "lambda: 1",
        "open('f')", "1 << 9", "'a'", "(" * 60 + "1" + ")" * 60, "-" * 60 + "1", "+".join(["1"] * 250), "1" + " " * 5_000, "B7()", "=", "1=2", "x=",
    ],
)  # fmt: skip
def test_what_is_no_calculation_is_refused(text):
    with pytest.raises(ExpressionError):
        read_expression(text)


@given(st.text(max_size=60))
def test_any_text_is_a_calculation_or_refused(text):
    try:
        read = read_expression(text)
    except ExpressionError:
        return
    assert read.program.result


def test_a_program_by_somebody_else_is_held_to_the_same():
    two = (Operand("a", "income!B2", "2", "2"), Operand("b", "income!B3", "3", "3"))
    for steps, result in (
        ([Step("s", "add", ("a", "later")), Step("later", "add", ("a", "b"))], "s"),
        ([Step("a", "add", ("a", "b"))], "a"),
        ([Step("s", "negate", ("a", "b"))], "s"),
        ([], "nothing"),
        ([Step(f"s{at}", "add", ("a", "b")) for at in range(STEPS_MAX + 1)], "s0"),
    ):
        with pytest.raises(FieldError):
            calculate(Program(tuple(steps), result), two)
    for value in ("NaN", "1e5", "0x1", "", "1_000", "Infinity", "1.50", "9" * 40):
        with pytest.raises(FieldError, match="numeral"):
            calculate(Program((), "a"), [Operand("a", "income!B2", "x", value)])
