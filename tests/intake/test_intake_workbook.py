"""Reading files: formats, encodings, and every way of being broken or hostile that we thought of."""

import re
import struct
import zipfile

import intake_workbooks as ugly
import pytest

from dualtrack.errors import PathError, WorkbookError
from dualtrack.intake import delimited, limits
from dualtrack.intake.workbook import read_workbook


def texts(path, sheet=0):
    return {(cell.row, cell.column): cell.text for cell in read_workbook(path).sheets[sheet].cells.values()}


@pytest.mark.parametrize(("build", "kind"), [(ugly.plain, "xlsx"), (ugly.xls, "xls")])
def test_xlsx_and_xls_read_alike(tmp_path, build, kind):
    path = build(tmp_path)
    book = read_workbook(path)
    assert book.format == kind
    assert len(book.sha256) == 64
    got = texts(path)
    assert got[1, 1] == "Name"
    assert got[2, 7] == "2026-03-02"
    assert book.sheets[0].cells[2, 7].kind == "date"
    assert (3, 7) not in got


def test_ods_with_merge_and_repeated_empty_tail(tmp_path):
    sheet = read_workbook(ugly.ods(tmp_path)).sheets[0]
    assert sheet.name == "Blatt"
    assert sheet.cells[3, 3].text == "b"
    assert [(m.top, m.left, m.bottom, m.right) for m in sheet.merges] == [(2, 2, 3, 2)]


def test_xlsx_errors_and_formulas_without_result_are_seen(tmp_path):
    cells = read_workbook(ugly.formula_errors(tmp_path)).sheets[0].cells
    assert (cells[2, 4].text, cells[2, 4].kind) == ("#REF!", "error")
    assert (cells[3, 2].text, cells[3, 2].kind) == ("=C9", "formula")


def test_a_formula_whose_result_is_empty_text_is_an_empty_cell(tmp_path):
    path = ugly.formula_errors(tmp_path)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    stored = re.search(r'<c r="B3".*?</c>', sheet)
    for cell, expected in (
        ('<c r="B3" t="str"><f>C9</f><v></v></c>', None),
        ('<c r="B3" t="str"><f>C9</f><v>Fiona</v></c>', ("Fiona", "text")),
        ('<c r="B3" t="str"><f>C9</f></c>', ("=C9", "formula")),
        ('<c r="B3"><f>C9</f><v></v></c>', ("=C9", "formula")),
    ):
        ugly.rezip(path, xl__worksheets__sheet1_xml=sheet.replace(stored[0], cell).encode())
        found = read_workbook(path).sheets[0].cells.get((3, 2))
        assert (found and (found.text, found.kind)) == expected


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("big5hkscs", "Big5-HKSCS"),
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8, by its byte order mark"),
        ("utf-16", "UTF-16, by its byte order mark"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
    ],
)
def test_csv_encodings_are_found_and_stated(tmp_path, encoding, named):
    path = tmp_path / "list.csv"
    path.write_bytes(ugly.csv_bytes(encoding))
    book = read_workbook(path)
    assert named in book.decoding.en
    assert texts(path)[2, 1] == "交易監察模型"


def test_csv_mainland_encoding(tmp_path):
    rows = [["模型名称", "用途", "负责人"], ["交易监察模型", "侦测可疑资金流向，按月检讨", "陈大文"]]
    path = tmp_path / "list.csv"
    path.write_bytes(ugly.csv_bytes("gb18030", rows))
    assert "GB 18030" in read_workbook(path).decoding.en
    assert texts(path)[2, 1] == "交易监察模型"


@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_csv_delimiters(tmp_path, delimiter):
    path = tmp_path / "list.csv"
    path.write_bytes(ugly.csv_bytes("utf-8", [["Name", "Owner", "Purpose"], ["a, b; c", "d", "e"]], delimiter))
    assert texts(path)[2, 1] == "a, b; c"
    assert texts(path)[2, 3] == "e"


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('Name,Owner,Purpose\nA,B,C\nD,"E,F\nG,H,I\nJ,K,L\n', "row 3"),
        ('Name,Owner,Purpose\nA,"B "the boss" Chan",C\nD,E,F\n', "row 2"),
        ('"Name,Owner,Purpose\nA,B,C\n', "row 1"),
    ],
)
def test_csv_with_a_stray_quotation_mark_is_refused_not_swallowed(tmp_path, text, row):
    path = tmp_path / "stray.csv"
    path.write_text(text)
    with pytest.raises(WorkbookError, match=f"{row}: a quotation mark") as caught:
        read_workbook(path)
    assert "stray.csv" in caught.value.where


def test_csv_quotation_marks_in_their_place_are_read(tmp_path):
    path = tmp_path / "fine.csv"
    path.write_text('Name,Owner,Purpose\n"A ""one""\nof two",5" screen,"C,D"\nE,F,G\n')
    assert [texts(path)[2, column] for column in (1, 2, 3)] == ['A "one"\nof two', '5" screen', "C,D"]
    assert texts(path)[3, 1] == "E"


def test_csv_bytes_of_no_encoding_are_refused():
    with pytest.raises(WorkbookError, match="neither UTF-8"):
        delimited.decode(b"Name,Owner\n\xff\xff\xff\x80\n", "x.csv")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"PK\x03\x04 not a zip", "archive cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 40, "structure is cut off|unusual size"),
        (b"<html><table><tr><td>Name</td></tr></table></html>", "web page"),
    ],
)
def test_broken_files_are_named(tmp_path, data, found):
    path = tmp_path / "bad.xlsx"
    path.write_bytes(data)
    with pytest.raises(WorkbookError, match=found) as caught:
        read_workbook(path)
    assert caught.value.where.startswith("bad.xlsx")
    assert caught.value.fix


def test_every_truncation_of_a_workbook_is_an_input_error(tmp_path):
    for build in (ugly.plain, ugly.xls, ugly.ods):
        whole = build(tmp_path).read_bytes()
        for size in range(0, len(whole) - 1, max(1, len(whole) // 60)):
            path = tmp_path / "cut.bin"
            path.write_bytes(whole[:size])
            with pytest.raises(WorkbookError):
                read_workbook(path)


def test_flipped_bytes_never_end_in_another_error(tmp_path):
    for build in (ugly.plain, ugly.xls, ugly.ods):
        whole = bytearray(build(tmp_path).read_bytes())
        for position in range(7, len(whole), len(whole) // 25):
            changed = bytearray(whole)
            changed[position] ^= 0x55
            path = tmp_path / "flip.bin"
            path.write_bytes(bytes(changed))
            try:
                read_workbook(path)
            except WorkbookError:
                continue


def test_no_such_file(tmp_path):
    with pytest.raises(PathError, match="No such file"):
        read_workbook(tmp_path / "absent.xlsx")
    with pytest.raises(PathError):
        read_workbook(tmp_path)


def test_zip_bomb_is_refused(tmp_path):
    with pytest.raises(WorkbookError, match="unpacks to"):
        read_workbook(ugly.zip_bomb(tmp_path))


def test_zip_bomb_with_a_false_size_is_refused(tmp_path):
    path = ugly.zip_bomb(tmp_path)
    data = bytearray(path.read_bytes())
    size = struct.pack("<I", 200 * 2**20)
    assert data.count(size) == 2
    path.write_bytes(bytes(data.replace(size, struct.pack("<I", 100))))
    with pytest.raises(WorkbookError, match=r"too large|not what the archive"):
        read_workbook(path)


def test_doubled_entries_are_refused(tmp_path):
    path = ugly.plain(tmp_path)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(WorkbookError, match="two entries of one name"):
        read_workbook(path)


@pytest.mark.parametrize("ref", ["XFD1048576", "A20001", "IW1"])
def test_a_stray_cell_far_away_is_refused_before_reading(tmp_path, ref):
    with pytest.raises(WorkbookError, match="a value lies in row"):
        read_workbook(ugly.far_cell(tmp_path, ref))


def test_the_last_allowed_cell_is_read(tmp_path):
    assert texts(ugly.far_cell(tmp_path, "IV20000"))[20_000, 256] == "stray"


def test_huge_claimed_dimensions_without_values_are_harmless(tmp_path):
    path = ugly.plain(tmp_path)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    changed = sheet.replace(b'<dimension ref="A1:H4"', b'<dimension ref="A1:XFD1048576"')
    changed = changed.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>')
    assert changed != sheet
    ugly.rezip(path, xl__worksheets__sheet1_xml=changed)
    assert len(texts(path)) == 29


def test_cells_without_places_are_counted(tmp_path):
    path = ugly.plain(tmp_path)
    row = b"<row>" + b'<c t="str"><v>x</v></c>' * 257 + b"</row>"
    sheet = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + row
    )
    ugly.rezip(path, xl__worksheets__sheet1_xml=sheet + b"</sheetData></worksheet>")
    with pytest.raises(WorkbookError, match="column 257"):
        read_workbook(path)


def test_ods_values_repeated_beyond_the_bounds_are_refused(tmp_path):
    body = (
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell office:value-type="string"'
        ' table:number-columns-repeated="99999999999"><text:p>x</text:p></table:table-cell></table:table-row>'
    )
    with pytest.raises(WorkbookError, match="a value lies in row 1,048,576"):
        read_workbook(ugly.ods(tmp_path, body))


def test_xls_far_cell_and_false_dimensions_are_refused(tmp_path):
    with pytest.raises(WorkbookError, match="a value lies in row 65,536"):
        read_workbook(ugly.xls_far_cell(tmp_path))
    data = bytearray(ugly.xls(tmp_path).read_bytes())
    at = data.index(struct.pack("<HHIIHH", 0x0200, 14, 0, 4, 0, 8)) + 8
    data[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    path = tmp_path / "claims.xls"
    path.write_bytes(bytes(data))
    with pytest.raises(WorkbookError, match="a sheet claims"):
        read_workbook(path)


def test_entities_are_refused(tmp_path):
    path = ugly.plain(tmp_path)
    sheet = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData/></worksheet>'
    with pytest.raises(WorkbookError, match="document type"):
        read_workbook(ugly.rezip(path, xl__worksheets__sheet1_xml=sheet))


def test_a_sheet_that_points_nowhere_is_refused(tmp_path):
    path = ugly.plain(tmp_path)
    with zipfile.ZipFile(path) as archive:
        rels = archive.read("xl/_rels/workbook.xml.rels")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/_rels/workbook.xml.rels"] = rels.replace(b"sheet1.xml", b"sheet1.dat")
    parts["xl/worksheets/sheet1.dat"] = parts.pop("xl/worksheets/sheet1.xml")
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(WorkbookError, match="points to a part that is not there"):
        read_workbook(path)


def test_too_long_a_text_is_refused(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("Name,Owner\n" + "x" * (limits.CELL_CHARS_MAX + 1) + ",y\n")
    with pytest.raises(WorkbookError, match="field larger"):
        read_workbook(path)


def test_too_large_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("dualtrack.intake.workbook.BYTES_MAX", 10)
    with pytest.raises(WorkbookError, match="bytes"):
        read_workbook(ugly.plain(tmp_path))


def test_a_reader_that_crashes_does_not_take_us_along(tmp_path, monkeypatch):
    monkeypatch.setattr("dualtrack.intake.biff.check", lambda *_: None)
    whole = ugly.xls(tmp_path).read_bytes()
    path = tmp_path / "cut.xls"
    path.write_bytes(whole[: 512 * 2 + 18])  # calamine 0.9.1 panics on it: a slice of 64 bytes out of 18
    with pytest.raises(WorkbookError, match="cannot be read"):
        read_workbook(path)
