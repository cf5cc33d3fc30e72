"""A figure over a file: cells looked up, units and scale stated once, kept and computed again; nothing guessed."""

import json

import msgspec
import pytest

from dualtrack.apps.research.figure import Figure, Stated, check_figure, make_figure
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.intake.workbook import read_workbook

CSV = 'HK$ million,2024,2025\nRevenue,"1,200.5","1,310.2"\nCost,(800),(850.1)\nMargin,33.4%,n/a\nShares,20 million,\nDividend,HK$0.50,—\n'


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "income.csv"
    path.write_text(CSV, encoding="utf-8")
    return read_workbook(path)


def test_growth_from_two_cells(book):
    found = make_figure("(C2 - B2) / B2", book, Stated(unit="HKD", scale="million"))
    assert found.trace.value.startswith("0.09137859225322782")
    assert found.trace.unit.words == "number"
    assert {each.source: (each.text, each.value) for each in found.trace.operands} == {
        "income!C2": ("1,310.2", "1310200000"),
        "income!B2": ("1,200.5", "1200500000"),
    }
    assert found.data.sha256 == book.sha256


def test_what_a_cell_says_itself_goes_before_what_the_heading_says(book):
    stated = Stated(unit="HKD", scale="million")
    assert make_figure("B4", book, stated).trace.value == "0.334"
    assert make_figure("B5 * 1", book, Stated(unit="share", scale="thousand")).trace.value == "20000000"
    assert make_figure("B6", book, Stated()).trace.unit.words == "HKD"
    assert make_figure("C6", book, stated).trace.value == "0"
    assert make_figure("C3", book, stated).trace.value == "-850100000"


def test_a_figure_is_read_back_and_holds(book):
    figure = make_figure("x = income!C2 + 'income'!C3; x / C2", book, Stated(unit="HKD"))
    again = read_record(json.loads(encode(figure)), Figure, where="test")
    assert again == figure
    assert check_figure(again, book) == []
    assert check_figure(again, None) == []


def test_a_figure_that_was_changed_does_not_hold(book, tmp_path):
    figure = make_figure("C2 - B2", book, Stated(unit="HKD"))
    lied = msgspec.structs.replace(figure.trace, value="110")
    assert check_figure(msgspec.structs.replace(figure, trace=lied), None) == [
        "a number does not follow from its operands"
    ]
    other = make_figure("C2 - B2", book, Stated(unit="USD"))
    assert "does not say that" in check_figure(msgspec.structs.replace(other, stated=Stated(unit="HKD")), book)[0]
    path = tmp_path / "other.csv"
    path.write_text(CSV.replace("1,310.2", "1,310.3"), encoding="utf-8")
    assert "another file" in check_figure(figure, read_workbook(path))[0]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("C4", "no single number"), ("A2", "no single number"), ("D9", "empty cell"), ("balance!B2", "sheet 'balance'"),
        ("B2 + B4", "do not go together"), ("B2 + 1", "do not go together"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_says_which_cell(book, expression, words):
    with pytest.raises(DualtrackError) as failed:
        make_figure(expression, book, Stated(unit="HKD"))
    assert words in str(failed.value)


def test_a_cell_without_a_file_and_odd_statements_are_refused(book):
    with pytest.raises(FieldError, match="no file"):
        make_figure("B2", None, Stated())
    for made in ({"unit": "H K D"}, {"scale": "dozen"}):
        with pytest.raises(FieldError):
            Stated(**made)
