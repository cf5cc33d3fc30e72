"""The catalogue of figures: every definition reads, has its units and its words; a figure by name points at its cells."""

import msgspec
import pytest

from dualtrack.apps.research.calculate import calculate
from dualtrack.apps.research.expression import read_expression
from dualtrack.apps.research.figure import Stated, check_figure, make_named
from dualtrack.apps.research.metrics import catalogue, find_metric, metric_roles, role_unit
from dualtrack.apps.research.program import Operand
from dualtrack.apps.research.units import NUMBER, unit_of
from dualtrack.errors import DualtrackError, FieldError, NotFoundError
from dualtrack.intake.workbook import read_workbook

CSV = 'HK$ million,2024,2025\nRevenue,"1,200.5","1,310.2"\nCost,(800),(850.1)\nShares,20 million,21 million\nProfit,100,120\nRate,33%,US$5\n'
A_SHARE = {
    "basic_eps", "diluted_eps", "book_value_per_share", "tangible_book_per_share", "cash_flow_per_share",
}  # fmt: skip
MONEY = {
    "gross_profit", "ebitda", "nopat", "revenue_per_employee", "working_capital", "net_debt", "free_cash_flow", "market_value",
    "enterprise_value",
}  # fmt: skip


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "income.csv"
    path.write_text(CSV, encoding="utf-8")
    return read_workbook(path)


@pytest.mark.parametrize("name", sorted(catalogue().metrics))
def test_a_definition_computes_in_the_unit_that_its_name_promises(name):
    metric = find_metric(name)
    read = read_expression(metric.formula, names=True)
    operands = [
        Operand(
            each.name, each.text, "", str(at + 2) if each.kind == "name" else each.text,
            role_unit(each.text, "HKD") if each.kind == "name" else NUMBER,
        )
        for at, each in enumerate(read.written)
    ]  # fmt: skip
    unit = calculate(read.program, operands).unit
    expected = "HKD per share" if name in A_SHARE else "HKD" if name in MONEY else "number"
    assert unit.words == expected
    assert metric.source
    assert metric.zh != metric.en
    assert len(metric_roles(metric)) >= 2


def test_the_catalogue_is_large_and_nothing_in_it_is_idle_or_double():
    found = catalogue()
    assert len(found.metrics) >= 80
    used = {role for metric in found.metrics.values() for role in metric_roles(metric)}
    assert used == set(found.roles)
    for words in ("en", "zh", "formula"):
        said = [getattr(metric, words) for metric in found.metrics.values()]
        assert len(set(said)) == len(said), words


def test_a_figure_by_name_points_at_its_cells(book):
    stated = Stated(unit="HKD", scale="million")
    figure = make_named("gross_margin", {"revenue": "C2", "cost_of_sales": "-C3"}, book, stated)
    assert figure.trace.value.startswith("0.35116776064722943")
    assert check_figure(figure, book) == []
    moved = msgspec.structs.replace(figure, roles={"revenue": "B2", "cost_of_sales": "-C3"})
    assert check_figure(moved, book)
    redefined = msgspec.structs.replace(
        figure, metric="operating_margin", roles={"operating_profit": "C5", "revenue": "C2"}
    )
    assert "defined otherwise" in check_figure(redefined, book)[0]


def test_scale_is_of_money_and_shares_keep_their_own(book):
    roles = {"profit_owners": "C5", "preference_dividends": "0 * C5", "shares": "C4"}
    figure = make_named("basic_eps", roles, book, Stated(unit="HKD", scale="million"))
    assert figure.trace.value.startswith("5.714285714")
    assert figure.trace.unit.words == "HKD per share"
    assert role_unit("shares", "HKD") == unit_of("share")


@pytest.mark.parametrize(
    ("name", "roles", "stated", "words"),
    [
        ("gross_margin", {"revenue": "C2"}, Stated(unit="HKD"), "cost_of_sales is not pointed at"),
        ("gross_margin", {"revenue": "C2", "cost_of_sales": "C3", "tax": "C5"}, Stated(unit="HKD"), "tax is no part"),
        ("gross_margin", {"revenue": "C2", "cost_of_sales": "C3"}, Stated(), "no currency"),
        ("gross_margin", {"revenue": "B6", "cost_of_sales": "B6"}, Stated(unit="HKD"), "number"),
        ("gross_margin", {"revenue": "C6", "cost_of_sales": "C3"}, Stated(unit="HKD"), "do not go together"),
        ("gross_margin", {"revenue": "C2 +", "cost_of_sales": "C3"}, Stated(unit="HKD"), "ends too early"),
        ("cost_to_income", {"operating_expenses": "7", "operating_income": "9"}, Stated(unit="HKD"), "number"),
    ],
)  # fmt: skip
def test_a_role_that_does_not_fit_is_refused(book, name, roles, stated, words):
    with pytest.raises(DualtrackError) as failed:
        make_named(name, roles, book, stated)
    assert words in str(failed.value)


def test_an_unknown_figure_names_those_alike():
    with pytest.raises(NotFoundError, match="gross_margin"):
        find_metric("gross_result")
    with pytest.raises(FieldError):
        make_named("price_earnings", {"share_price": "1", "earnings_per_share": "2"}, None, Stated())
