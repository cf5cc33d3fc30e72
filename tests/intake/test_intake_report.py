"""The page and the workbook: safe, the same every time, both languages, nothing half written."""

import json
import re
import subprocess
import sys
import zipfile
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import canonicalize

import intake_workbooks as ugly
import openpyxl
import pytest

from dualtrack.domain import canonical
from dualtrack.errors import PathError
from dualtrack.intake import sample_path
from dualtrack.intake.report import HTML_NAME, XLSX_NAME, as_records, gap_report, write_html, write_xlsx

AT = date(2026, 11, 22)
NASTY = [
    '=HYPERLINK("http://x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    'a\x0bb & "c"',
    "{braces} {0}",
]


def gap_report_in(folder, path):
    """Write both files of a report into a folder, as `try` does."""
    report = gap_report(path, at=AT)
    write_html(report, folder / HTML_NAME)
    write_xlsx(report, folder / XLSX_NAME)
    return report


@pytest.fixture
def written(tmp_path):
    report = gap_report_in(tmp_path, sample_path())
    return report, (tmp_path / HTML_NAME).read_text(), tmp_path / XLSX_NAME


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.ids, self.links = [], set(), [], []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "br", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_is_self_contained_and_well_formed(written):
    _, page, _ = written
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "iframe", "object", "form"}
    assert len(tags.ids) == len(set(tags.ids))
    assert all(link.startswith("#") and link[1:] in tags.ids for link in tags.links)
    assert "url(" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_page_says_everything_in_both_languages(written):
    report, page, _ = written
    for finding in report.findings:
        for text in (finding.title, finding.question, finding.action):
            assert text.en.replace("'", "&#39;") in page
            assert text.zh in page
        assert f'id="{finding.number}"' in page
    assert "39 rows. 4 lack an owner" in page
    assert "共39列" in page
    assert page.count('lang="zh-Hant-HK"') > 300


def test_page_never_says_compliant_of_its_own(written):
    _, page, _ = written
    text = re.sub(r"<[^>]+>", " ", page)
    assert re.findall(r"complies with|is compliant|approved by Dualtrack", text) == []


def test_cells_cannot_inject(tmp_path):
    rows = [
        ["Name", "Owner", "Purpose", "Status"],
        *[[text.replace("\x0b", "_x000B_"), "", "p", text.replace("\x0b", "")] for text in NASTY],
    ]
    path = ugly.save(tmp_path, "nasty.xlsx", ("=cmd", rows))
    # openpyxl stores "=..." as a formula without a result: write those as text instead
    book = openpyxl.load_workbook(path)
    for row in book.worksheets[0].iter_rows():
        for cell in row:
            cell.data_type = "s"
    book.save(path)
    report = gap_report_in(tmp_path, path)
    assert report.rows[0].text("name") == NASTY[0]
    page = (tmp_path / HTML_NAME).read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    with zipfile.ZipFile(tmp_path / XLSX_NAME) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
        styles = archive.read("xl/styles.xml").decode()
    assert all("<f>" not in sheet and "<f " not in sheet for sheet in sheets)
    assert 'quotePrefix="1"' in styles
    values = [cell.value for row in openpyxl.load_workbook(tmp_path / XLSX_NAME)["Rows"].iter_rows() for cell in row]
    assert {NASTY[0], NASTY[1], NASTY[2], NASTY[3]} <= set(values)


def test_workbook_has_five_sheets_and_the_original_beside_each_field(written):
    report, _, path = written
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Summary", "To do", "Findings", "Rows", "Mapping"]
    assert book["Findings"].max_row == len(report.findings) + 1
    assert book["To do"].max_row == sum(owner.steps for owner in report.todo) + 1
    header, first = [[cell.value for cell in row] for row in book["Rows"].iter_rows(max_row=2)]
    at = header.index("Owner 負責人")
    assert first[at : at + 2] == ["Fiona Lau", "'AI list'!E7"]
    assert first[header.index("Original 原文 E: People 人員 – Owner 負責人")] == "Fiona Lau"
    assert header[4:6] == ["Purpose or description 用途或說明", "Cell 儲存格 (C)"]


def test_same_input_same_bytes_in_another_process(written, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    code = (
        "from datetime import date; from pathlib import Path; from dualtrack.intake import sample_path;"
        "from dualtrack.intake.report import HTML_NAME, XLSX_NAME, gap_report, write_html, write_xlsx;"
        "report = gap_report(sample_path(), at=date(2026, 11, 22));"
        f"write_html(report, Path({str(other)!r}) / HTML_NAME); write_xlsx(report, Path({str(other)!r}) / XLSX_NAME)"
    )
    environment = {"PYTHONHASHSEED": "7", "TZ": "America/New_York", "LC_ALL": "C", "PATH": ""}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=environment)
    for name in (HTML_NAME, XLSX_NAME):
        assert (other / name).read_bytes() == (tmp_path / name).read_bytes()


def test_records_are_json(written):
    report, _, _ = written
    records = as_records(report)
    assert json.loads(canonical.encode(records))["counts"][0]["n"] == 11
    assert records["rows"][0]["original"][1] == {
        "ref": "'AI list'!B7",
        "text": "Margin call early warning",
        "kind": "text",
    }


def test_a_folder_that_is_not_there(tmp_path):
    report = gap_report(sample_path(), at=AT)
    for write in (write_html, write_xlsx):
        with pytest.raises(PathError, match="cannot be written"):
            write(report, tmp_path / "absent" / "report")


def test_csv_report_states_its_encoding(tmp_path):
    path = tmp_path / "清單.csv"
    path.write_bytes(ugly.csv_bytes("big5hkscs"))
    report = gap_report_in(tmp_path, path)
    assert report.sheet == "清單"
    page = (tmp_path / HTML_NAME).read_text()
    assert "Big5-HKSCS" in page
    assert "merged cell of a csv file" in page


def test_many_findings_are_cut_on_the_page_and_whole_in_the_workbook(tmp_path):
    rows = [["Name", "Owner", "Purpose"], *[[f"Model {n}", "", "p"] for n in range(230)]]
    report = gap_report_in(tmp_path, ugly.save(tmp_path, "many.xlsx", ("S", rows)))
    assert report.rows_with("no-owner") == 230
    page = (tmp_path / HTML_NAME).read_text()
    assert page.count("30 more are in the workbook") == 2
    assert openpyxl.load_workbook(tmp_path / XLSX_NAME)["Findings"].max_row == len(report.findings) + 1


def test_a_sheet_without_gaps_gets_no_verdict(tmp_path):
    header = ["Name", "Purpose", "Owner", "Accountable exec", "Opportunity area", "Validation date"]
    path = ugly.save(tmp_path, "ok.xlsx", ("S", [header, ["A", "p", "Fiona", "Peter", "risk", date(2026, 9, 1)]]))
    report = gap_report_in(tmp_path, path)
    assert report.findings == ()
    assert "This is not a verdict" in (tmp_path / HTML_NAME).read_text()


def test_the_carried_sample_is_what_its_script_builds(tmp_path, monkeypatch):
    script = Path(__file__).parents[2] / "scripts" / "build_sample_inventory.py"
    scope = {"__name__": "sample", "__file__": str(script)}
    exec(compile(script.read_text(), str(script), "exec"), scope)
    scope["TARGET"] = tmp_path / "sample.xlsx"
    scope["main"]()
    with zipfile.ZipFile(tmp_path / "sample.xlsx") as new, zipfile.ZipFile(sample_path()) as carried:
        assert parts_of(new) == parts_of(carried)


def parts_of(book):
    """Return the parts of a workbook in canonical XML: its writer prints otherwise where lxml is installed."""
    return {name: canonicalize(book.read(name).decode()) for name in book.namelist()}
