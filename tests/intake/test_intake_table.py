"""Finding the table: headers of one to three rows, merges, and what stands around; nothing is dropped."""

from datetime import date

import intake_workbooks as ugly
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dualtrack.errors import NotFoundError, WorkbookError
from dualtrack.intake.records import Cell, Merge, Sheet
from dualtrack.intake.report import gap_report
from dualtrack.intake.table import find_table
from dualtrack.intake.workbook import read_workbook

AT = date(2026, 11, 22)


def report(path, **more):
    return gap_report(path, at=AT, **more)


def fields(path):
    return {match.column: match.field for match in report(path).matches}


def test_two_header_rows_are_one_name(tmp_path):
    path = ugly.two_header_rows(tmp_path)
    got = report(path)
    assert got.header_rows == (1, 2)
    assert got.matches[4].header == "Validation – Owner"
    assert fields(path) == {
        "A": "name", "B": "purpose", "C": "owner", "D": "executive", "E": "validator", "F": "validation_date", "G": ""
    }  # fmt: skip
    assert [row.row for row in got.rows] == [3, 4]


def test_a_merge_fills_down_and_nothing_else_does(tmp_path):
    rows = report(ugly.merged_cells(tmp_path)).rows
    assert [row.text("unit") for row in rows] == ["Brokerage", "Brokerage", "Brokerage", "Risk"]
    assert [row.text("owner") for row in rows] == ["Fiona Lau", "", "", "Kelvin Ho"]
    beta = rows[1].fields["unit"]
    assert (beta.ref, beta.via) == ("M!B2", "M!B3")
    assert [cell.ref for cell in rows[1].original] == ["M!A3", "M!D3"]


def test_merges_of_ods_fill_down(tmp_path):
    rows = report(ugly.ods(tmp_path)).rows
    assert [row.text("owner") for row in rows] == ["Fiona Lau", "Fiona Lau"]


def test_what_stands_around_is_set_aside_with_its_reason(tmp_path):
    got = report(ugly.notes_around(tmp_path))
    assert got.header_rows == (4,)
    assert [(aside.row, aside.reason) for aside in got.aside] == [
        (1, "above"), (2, "above"), (5, "section"), (9, "repeated-header"), (11, "total"), (13, "note")
    ]  # fmt: skip
    assert [row.text("name") for row in got.rows] == ["Alpha", "Beta", "Gamma"]
    assert {row.section for row in got.rows} == {"Retail"}


def test_chinese_headers(tmp_path):
    assert list(fields(ugly.chinese_headers(tmp_path)).values()) == [
        "", "name", "purpose", "owner", "executive", "vendor", "is_ai", "validation_date", "status"
    ]  # fmt: skip


def test_hidden_sheets_are_reported_and_read_only_by_name(tmp_path):
    path = ugly.hidden_sheets(tmp_path)
    got = report(path)
    assert (got.sheet, len(got.rows)) == ("Current", 1)
    assert [(one.name, one.hidden, one.hits) for one in got.other_sheets] == [("Old 2023", True, 4)]
    assert all("Secret" not in cell.text for row in got.rows for cell in row.original)
    asked = report(path, sheet="old 2023")
    assert (asked.sheet, asked.sheet_hidden, asked.rows[0].text("name")) == ("Old 2023", True, "Secret")
    with pytest.raises(NotFoundError, match="no sheet 'Nope'") as caught:
        report(path, sheet="Nope")
    assert "'Old 2023' (hidden)" in caught.value.expected


def test_empty_and_hidden_only_workbooks(tmp_path):
    with pytest.raises(WorkbookError, match="every sheet is empty"):
        report(ugly.save(tmp_path, "empty.xlsx", ("A", []), ("B", [])))
    with pytest.raises(WorkbookError, match="header and no rows"):
        report(ugly.save(tmp_path, "head.xlsx", ("A", [ugly.HEADER])))
    with pytest.raises(WorkbookError, match="no row looks like a header"):
        report(ugly.save(tmp_path, "prose.xlsx", ("A", [["Dear all"], ["please find below"]])))


def test_a_second_table_below_is_not_mixed_in(tmp_path):
    rows = [
        ["Name", "Owner", "Purpose"],
        ["A", "x", "p"],
        ["Tool name", "Vendor", "Status", "Tier"],
        ["B", "v", "s", "1"],
    ]
    got = report(ugly.save(tmp_path, "two.xlsx", ("S", rows)))
    assert [row.text("name") for row in got.rows] == ["A"]
    assert [(aside.row, aside.reason) for aside in got.aside] == [(3, "second-table"), (4, "second-table")]


def test_a_single_short_cell_below_stays_a_row(tmp_path):
    rows = [["Name", "Owner", "Purpose"], ["A", "x", "p"], ["Notebook helper"], ["Notes: nothing"]]
    got = report(ugly.save(tmp_path, "tail.xlsx", ("S", rows)))
    assert [row.text("name") for row in got.rows] == ["A", "Notebook helper"]
    assert [aside.reason for aside in got.aside] == ["note"]


def test_quoted_sheet_names(tmp_path):
    rows = [["Name", "Owner"], ["A", ""], ["B", "x"]]
    got = report(ugly.save(tmp_path, "q.xlsx", ("Bob's list", rows)))
    assert next(f for f in got.findings if f.kind == "no-owner").cells[0].ref == "'Bob''s list'!B2"


def test_merges_are_gone_through_as_often_for_many_rows_as_for_few():
    def times(height):
        names = {(1, column): text for column, text in enumerate(["Name", "Owner", "Purpose", "Status"], start=1)}
        texts = names | {(row, 1): f"Unit {row}" if row % 2 else f"Model {row}" for row in range(2, height)}
        cells = {place: Cell(row=place[0], column=place[1], text=text) for place, text in texts.items()}
        merges = ugly.Counted(Merge(top=row, left=1, bottom=row, right=3) for row in range(3, height, 2))
        table = find_table(Sheet(name="S", hidden=False, cells=cells, merges=merges), "x")
        assert [row.row for row in table.aside if row.reason == "section"] == list(range(3, height, 2))
        assert table.rows == tuple(range(2, height, 2))
        return merges.times

    assert times(10) == times(300)


@pytest.mark.parametrize(("right", "section"), [(1, False), (2, True), (4, True)])
def test_a_heading_is_merged_over_half_of_the_columns(right, section):
    texts = {(1, 1): "Name", (1, 2): "Owner", (1, 3): "Purpose", (1, 4): "Status", (2, 1): "Retail", (3, 1): "A"}
    cells = {place: Cell(row=place[0], column=place[1], text=text) for place, text in texts.items()}
    merges = (Merge(top=2, left=1, bottom=2, right=right), Merge(top=2, left=1, bottom=2, right=1))
    table = find_table(Sheet(name="S", hidden=False, cells=cells, merges=merges), "x")
    assert [row.reason for row in table.aside] == ["section"] * section


WORDS = st.sampled_from(
    ["Name", "Owner", "Purpose", "負責人", "Total", "Note: x", "alpha", "2024-03-05", "Y", "x" * 90, "Status", "Vendor"]
)


@st.composite
def sheets(draw):
    width, height = draw(st.integers(2, 6)), draw(st.integers(2, 12))
    places = st.tuples(st.integers(1, height), st.integers(1, width))
    texts = draw(st.dictionaries(places, WORDS, min_size=4, max_size=40))
    merges = draw(st.lists(st.tuples(places, st.integers(0, 3), st.integers(0, 3)), max_size=4))
    cells = {place: Cell(row=place[0], column=place[1], text=text) for place, text in sorted(texts.items())}
    ranges = [Merge(top=r, left=c, bottom=r + down, right=c + across) for (r, c), down, across in merges]
    return Sheet(name="S", hidden=False, cells=cells, merges=tuple(ranges))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sheets())
def test_every_cell_ends_in_exactly_one_place(sheet):
    try:
        table = find_table(sheet, "x")
    except WorkbookError:
        return
    aside = [row.row for row in table.aside]
    placed = [*table.header_rows, *table.rows, *aside]
    assert len(placed) == len(set(placed))
    assert {row for row, _ in sheet.cells} == {row for row in placed if any(r == row for r, _ in sheet.cells)}
    for row in table.aside:
        assert [cell.text for cell in row.cells] == [c.text for (r, _), c in sheet.cells.items() if r == row.row]


FILLER = st.text(alphabet="abc 甲乙=+-@<&\"'", min_size=1, max_size=8).filter(str.strip)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.one_of(st.none(), FILLER), min_size=4, max_size=4), min_size=1, max_size=8))
def test_every_data_cell_is_kept_beside_its_row(tmp_path, rows):
    path = ugly.save(tmp_path, "p.xlsx", ("S", [["Name", "Owner", "Whatever", "Status"], *rows]))
    sheet = read_workbook(path).sheets[0]
    if sheet.rows < 2:
        return
    try:
        got = report(path)
    except WorkbookError:
        assert all(row == 1 for row, _ in sheet.cells) or not find_table(sheet, "x").rows
        return
    kept = {cell.ref: cell.text for row in got.rows for cell in row.original}
    kept |= {cell.ref: cell.text for row in got.aside for cell in row.cells}
    assert kept == {f"S!{'ABCD'[c - 1]}{r}": cell.text for (r, c), cell in sheet.cells.items() if r > 1}
    for row in got.rows:
        for value in row.fields.values():
            assert kept[value.ref] == value.text
