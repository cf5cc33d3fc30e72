"""`research compute` and `research check`: what people see, what they can keep, and what ends with which code."""

import json

import pytest
from cli_world import good, run

CSV = 'HK$ million,2024,2025\nRevenue,"1,200.5","1,310.2"\nMargin,33.4%,n/a\n'


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "income.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def test_a_figure_is_shown_kept_and_checked(data, tmp_path):
    kept = tmp_path / "growth.json"
    shown = good("research", "compute", "(C2 - B2) / B2", "--data", data, "--unit", "HKD", "--output", kept)
    assert "income!C2" in shown.out
    assert "n1 - n2" in shown.out
    plain = good("research", "compute", "(C2 - B2) / B2", "--data", data, "--unit", "HKD", "--json").json
    assert plain == json.loads(kept.read_text())
    assert good("research", "check", kept, "--data", data, "--json").json == {
        "holds": True,
        "problems": [],
        "cells_checked": True,
    }
    assert "cells were not looked at" in good("research", "check", kept).out


def test_what_does_not_hold_ends_with_1(data, tmp_path):
    kept = tmp_path / "growth.json"
    good("research", "compute", "C2 / B2", "--data", data, "--output", kept)
    data.write_text(CSV.replace("1,310.2", "1,310.3"), encoding="utf-8")
    done = run("research", "check", kept, "--data", data)
    assert (done.code, "another file" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("C3",), "no single number"), (("B2 + B3", "--unit", "HKD"), "do not go together"), (("B2 +",), "ends too early"),
        (("B2", "--unit", "a b"), "as HKD or share"), (("1 / 0",), "has no result"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_ends_with_2(data, arguments, words):
    done = run("research", "compute", *arguments, "--data", data)
    assert (done.code, words in " ".join(done.err.split())) == (2, True), done.err


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 2000, b'{"format": "dualtrack.figure/2"}'])
def test_a_file_that_is_no_figure_ends_with_2(tmp_path, content):
    path = tmp_path / "figure.json"
    path.write_bytes(content)
    assert run("research", "check", path).code == 2
    assert run("research", "check", tmp_path / "none.json").code == 2
    assert run("research", "check", tmp_path).code == 2


def test_a_figure_that_is_there_is_not_overwritten(data, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text("mine")
    done = run("research", "compute", "B2", "--data", data, "--output", kept)
    assert (done.code, kept.read_text()) == (2, "mine")
