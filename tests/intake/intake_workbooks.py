"""Builders of the ugly workbooks: each writes one file that a real firm could have sent, or that a hostile one would."""

import csv
import io
import zipfile
from datetime import date
from pathlib import Path

import xlwt
from openpyxl import Workbook

HEADER = ["Name", "Description", "Owner", "Accountable Exec", "Vendor", "Gen AI", "Validation date", "Status"]
PLAIN = [
    ["Margin alert", "Ranks accounts", "Fiona Lau", "Peter Ngan", "In-house", "N", date(2026, 3, 2), "Live"],
    ["Research Copilot", "Drafts notes", "Sam Wu", "", "Microsoft", "N", "", "Approved - S. Wu"],
    ["Trade alerts", "Flags wash trades", "", "Grace Lo", "NorthGate", "N", "15/8/2022", "Live"],
]


class Counted(list):
    """A list that counts how often somebody goes through it."""

    times = 0

    def __iter__(self):
        self.times += 1
        return super().__iter__()


def save(folder: Path, name: str, *sheets: tuple[str, list[list[object]]]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / name)
    return folder / name


def plain(folder: Path) -> Path:
    return save(folder, "plain.xlsx", ("Models", [HEADER, *PLAIN]))


def two_header_rows(folder: Path) -> Path:
    """A group row with merged headings over a row of names; `Owner` under `Validation` means the validator."""
    book = Workbook()
    sheet = book.active
    sheet.title = "List"
    sheet.append(["System", None, "People", None, "Validation", None, "Remarks"])
    sheet.append(["Name", "Purpose", "Owner", "Sponsor", "Owner", "Date", None])
    sheet.append(["Margin alert", "Ranks", "Fiona Lau", "Peter Ngan", "Group MRM", date(2026, 3, 2), "ok"])
    sheet.append(["Chat helper", "Answers", "Ivy Cheung", "Peter Ngan", "Vendor", date(2026, 1, 5), None])
    for area in ("A1:B1", "C1:D1", "E1:F1", "G1:G2"):
        sheet.merge_cells(area)
    book.save(folder / "two_headers.xlsx")
    return folder / "two_headers.xlsx"


def merged_cells(folder: Path) -> Path:
    """A unit merged down over three rows; the owner written once *without* a merge must not spread."""
    book = Workbook()
    sheet = book.active
    sheet.title = "M"
    sheet.append(["Name", "Business unit", "Owner", "Purpose"])
    sheet.append(["Alpha", "Brokerage", "Fiona Lau", "a"])
    sheet.append(["Beta", None, None, "b"])
    sheet.append(["Gamma", None, None, "c"])
    sheet.append(["Delta", "Risk", "Kelvin Ho", "d"])
    sheet.merge_cells("B2:B4")
    book.save(folder / "merged.xlsx")
    return folder / "merged.xlsx"


def chinese_headers(folder: Path) -> Path:
    rows = [
        ["編號", "模型名稱", "用途", "負責人", "問責高層", "供應商", "是否人工智能", "上次驗證日期", "狀態"],
        [1, "客戶適合性評分", "評估風險承受能力", "劉小姐", "顏先生", "內部", "否", "2026年3月5日", "已批准 陳大文"],
        [2, "會議紀錄", "以騰訊混元撰寫摘要", "待定", "潘先生", "騰訊雲", "否", "民國113年3月5日", ""],
    ]
    return save(folder, "chinese.xlsx", ("清單", rows))


def notes_around(folder: Path) -> Path:
    """Notes above, a section heading, a blank row, a repeated header, a total and remarks below."""
    book = Workbook()
    sheet = book.active
    sheet.title = "AI list"
    rows = [
        ["AI inventory of Example Ltd", None, None, None],
        ["Please send changes to Group Risk by Friday", None, None, None],
        [],
        ["Name", "Owner", "Purpose", "Status"],
        ["Retail"],
        ["Alpha", "Fiona Lau", "a", "Live"],
        [],
        ["Beta", "Sam Wu", "b", "Pilot"],
        ["Name", "Owner", "Purpose", "Status"],
        ["Gamma", "Kelvin Ho", "c", "Live"],
        ["Total 合計", 3],
        [],
        ["Note: desktop tools are not listed"],
    ]
    for row in rows:
        sheet.append(row)
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("A5:D5")
    book.save(folder / "notes.xlsx")
    return folder / "notes.xlsx"


def mixed_dates(folder: Path) -> Path:
    texts = [
        date(2026, 3, 5),
        46086,
        "2026-03-05",
        "5/3/2026",
        "25/12/2025",
        "2026年3月5日",
        "民國115年3月5日",
        "Q1 2026",
        "Mar-26",
        "soon",
    ]
    rows = [["Name", "Owner", "Validation date"]] + [[f"Model {n}", "Fiona Lau", text] for n, text in enumerate(texts)]
    return save(folder, "dates.xlsx", ("Dates", rows))


def duplicates(folder: Path) -> Path:
    rows = [
        ["No.", "Name", "Owner", "Purpose"],
        [1, "Trade surveillance alerts", "Bonnie", "x"],
        [2, "Rebalancing engine", "Derek", "y"],
        [3, "Rebalancing engine", "Derek", "y"],
        [4, "Trade surveillance alert", "Bonnie", "z"],
        [5, "Fraud model 1", "Joyce", "f"],
        [6, "Fraud model 2", "Joyce", "g"],
        [7, "surveillance: trade alerts", "Bonnie", "h"],
    ]
    return save(folder, "duplicates.xlsx", ("Dup", rows))


def hidden_sheets(folder: Path) -> Path:
    book = Workbook()
    shown = book.active
    shown.title = "Current"
    for row in (["Name", "Owner", "Purpose"], ["Alpha", "Fiona Lau", "a"]):
        shown.append(row)
    old = book.create_sheet("Old 2023")
    for row in (["Name", "Owner", "Purpose", "Status"], ["Secret", "K. Wong", "s", "Approved"], ["Two", "K", "t", "x"]):
        old.append(row)
    old.sheet_state = "veryHidden"
    book.save(folder / "hidden.xlsx")
    return folder / "hidden.xlsx"


def formula_errors(folder: Path) -> Path:
    book = Workbook()
    sheet = book.active
    sheet.title = "F"
    sheet.append(["Name", "Owner", "Purpose", "Validation date"])
    sheet.append(["Alpha", "Fiona Lau", "a", "#REF!"])
    sheet["D2"].data_type = "e"
    sheet.append(["Beta", "=C9", "b", date(2026, 3, 5)])
    book.save(folder / "errors.xlsx")
    return folder / "errors.xlsx"


def xls(folder: Path) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Models")
    style = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for number, row in enumerate([HEADER, *PLAIN]):
        for column, value in enumerate(row):
            if value != "":
                sheet.write(number, column, value, style) if isinstance(value, date) else sheet.write(
                    number, column, value
                )
    book.save(str(folder / "old.xls"))
    return folder / "old.xls"


def xls_far_cell(folder: Path) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Models")
    sheet.write(0, 0, "Name")
    sheet.write(65_535, 255, "stray")
    book.save(str(folder / "far.xls"))
    return folder / "far.xls"


def ods(folder: Path, body: str | None = None) -> Path:
    """An OpenDocument file by hand: merged cells, a repeated empty tail down to the last row of the format."""
    rows = body or (
        _ods_row("Name", "Owner", "Purpose")
        + '<table:table-row><table:table-cell office:value-type="string"><text:p>Alpha</text:p></table:table-cell>'
        '<table:table-cell office:value-type="string" table:number-rows-spanned="2"><text:p>Fiona Lau</text:p></table:table-cell>'
        '<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell></table:table-row>'
        '<table:table-row><table:table-cell office:value-type="string"><text:p>Beta</text:p></table:table-cell>'
        '<table:covered-table-cell/><table:table-cell office:value-type="string"><text:p>b</text:p></table:table-cell>'
        "</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048573"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.2"'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        f'<office:body><office:spreadsheet><table:table table:name="Blatt">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    path = folder / "open.ods"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return path


def _ods_row(*texts: str) -> str:
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{t}</text:p></table:table-cell>' for t in texts
    )
    return f"<table:table-row>{cells}</table:table-row>"


CHINESE_CSV = [
    ["模型名稱", "用途", "負責人", "上次驗證日期", "供應商"],
    ["交易監察模型", "偵測可疑資金流向，按月檢討", "陳大文", "2026年1月8日", "內部"],
    ["客戶服務聊天機械人", "回答客戶有關開戶及收費的查詢", "", "", "外判商"],
]


def csv_bytes(encoding: str, rows: list[list[str]] = CHINESE_CSV, delimiter: str = ",") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue().encode(encoding)


def rezip(path: Path, **changes: bytes | None) -> Path:
    """Write the archive again with parts replaced (names with `__` for `/` and a trailing `_xml` for `.xml`)."""
    wanted = {name.replace("__", "/").replace("_xml", ".xml"): data for name, data in changes.items()}
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    parts.update({name: data for name, data in wanted.items() if data is not None})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in parts.items():
            if wanted.get(name, b"") is not None:
                target.writestr(name, data)
    return path


def far_cell(folder: Path, ref: str = "XFD1048576") -> Path:
    book = Workbook()
    book.active["A1"] = "Name"
    book.active[ref] = "stray"
    book.save(folder / "far.xlsx")
    return folder / "far.xlsx"


def zip_bomb(folder: Path) -> Path:
    """A sheet of 200 MB of spaces in an archive of 200 kB."""
    path = plain(folder)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b" " * (200 * 2**20))
    return path
