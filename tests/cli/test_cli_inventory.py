"""A firm's own spreadsheet by `try` and `import`: reports, drafts that can be completed and declared, rows kept."""

import io
import json
import zipfile

import openpyxl
import pytest
import yaml
from cli_world import BANK, good, picture, refused, run, said

from dualtrack.cli.desk import sitting
from dualtrack.errors import StoreFullError
from dualtrack.intake import inventory, sample_path
from dualtrack.keys import dsse
from dualtrack.store.register import Register

ROWS = [
    ["AI system", "Purpose", "Owner", "Vendor", "Is it an LLM?", "Customer facing", "Personal data", "Validated on"],
    ["Early warning", "Warns early [red]", "A. Chan", "", "no", "no", "yes", "2025-03-01"],
    ["客戶服務機械人", "答問", "", "Vendor Ltd", "Y", "Y", "是", ""],
    ["Early warning", "Twice\x0b named", "B. Lee", "", "maybe", "", "", "n/a"],
]


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "inventory.xlsx"
    sheet = openpyxl.Workbook()
    for row in ROWS:
        sheet.active.append([cell.replace("\x0b", " ") for cell in row])
    sheet.save(path)
    return path


@pytest.mark.usefixtures("offline")
def test_try_without_a_file_uses_the_sample_and_says_so(tmp_path):
    done = good("try", "-o", tmp_path)
    assert "carried sample of a fictional firm" in done.out
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "gap-report.html",
        "gap-report.xlsx",
        "inventory-sample.xlsx",
    ]
    page = (tmp_path / "gap-report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http" not in page.split("</style>")[0].replace('http-equiv="', "")


@pytest.mark.usefixtures("offline")
def test_try_with_a_file(book, tmp_path):
    done = good("try", book, "-o", tmp_path / "deep" / "out")
    assert "inventory.xlsx" in done.out
    assert "3 rows" in done.out
    assert (tmp_path / "deep" / "out" / "gap-report.html").exists()
    said = good("try", book, "-o", tmp_path / "j", "--json").json
    assert [row["fields"]["name"]["text"] for row in said["rows"]] == [ROWS[1][0], ROWS[2][0], ROWS[3][0]]
    assert openpyxl.load_workbook(tmp_path / "j" / "gap-report.xlsx").sheetnames


def bomb():
    """Return an xlsx whose sheet unpacks to a gigabyte."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(200):
                part.write(b" " * (1 << 20))
    return data.getvalue()


WORKBOOKS = {
    "bomb.xlsx": bomb,
    "broken.xlsx": lambda: b"PK\x03\x04" + b"\x00" * 200,
    "broken.xls": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 600,
    "empty.xlsx": lambda: b"",
    "words.csv": lambda: b"\x00\x01\x02",
    "header.csv": lambda: b"AI system,Owner,Purpose\n",
    "deep.xlsx": lambda: b"PK\x05\x06" + b"\x00" * 18,
}


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_that_cannot_be_read_leaves_nothing(bank, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WORKBOOKS[name]())
    for arguments in (
        ["try", path, "-o", tmp_path / "out"],
        ["import", path, "--sector", "bank", "--yes", "-o", tmp_path / "out", "--workspace", bank],
    ):
        text = refused(bank, *arguments)
        said(text, name)
    assert not (tmp_path / "out").exists()


def test_try_refuses_wrong_places_and_columns(book, tmp_path):
    (tmp_path / "file").write_text("x")
    for arguments, words in (
        (["try", "absent.xlsx"], ["absent.xlsx"]),
        (["try", book, "--sheet", "Nope"], ["Nope", "Sheet"]),
        (["try", book, "--map", "owner"], ["--map", "FIELD=COLUMN"]),
        (["try", book, "--map", "owner=ZZ"], ["ZZ"]),
        (["try", book, "--map", "colour=A"], ["colour"]),
        (["try", book, "-o", tmp_path / "file" / "out"], ["folder cannot be made"]),
    ):
        before = picture(tmp_path)
        done = run(*arguments)
        assert done.code == 2, arguments
        said(done.err, *words)
        assert picture(tmp_path) == before


@pytest.mark.parametrize("name", ["gap-report.html", "gap-report.xlsx", "inventory-sample.xlsx"])
def test_try_writes_all_its_files_or_none(tmp_path, name):
    (tmp_path / "out" / name).mkdir(parents=True)
    before = picture(tmp_path)
    done = run("try", "-o", tmp_path / "out")
    assert done.code == 2
    said(done.err, name, "is a folder")
    assert picture(tmp_path) == before


def test_import_shows_the_mapping_and_asks(bank, book, tmp_path):
    asked = run("import", book, "--sector", "bank", "-o", tmp_path / "d", "--workspace", bank, stdin="n\n")
    assert asked.code == 1
    for word in ("taken for", "confidence", "Is it an LLM?", "customer_facing", "nothing was taken in"):
        assert word in asked.out
    assert not (tmp_path / "d").exists()
    ended = run("import", book, "--sector", "bank", "-o", tmp_path / "d", "--workspace", bank)
    assert ended.code == 2
    assert "input ended" in ended.err
    assert asked.out.count("not understood") == 1
    unasked = run("import", book, "--sector", "bank", "-o", tmp_path / "d", "--workspace", bank, "--json")
    assert unasked.code == 2
    assert "--yes" in unasked.json["where"]
    accepted = run("import", book, "--sector", "bank", "-o", tmp_path / "d", "--workspace", bank, stdin="y\n")
    assert accepted.code == 0
    assert "3 drafts" in accepted.out


def test_an_inventory_without_names_is_refused(bank, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("Thing,Owner,Purpose\nA,B,C\nD,E,F\n")
    text = refused(bank, "import", path, "--sector", "bank", "--yes", "-o", tmp_path / "d", "--workspace", bank)
    said(text, "odd.csv", "A (Thing)", "--map name=COLUMN")
    good("import", path, "--sector", "bank", "--yes", "--map", "name=A", "-o", tmp_path / "d", "--workspace", bank)


def kept_rows(bank):
    """Return the rows of the newest import, as the ledger holds them."""
    with sitting(bank, BANK) as desk:
        contents = [entry.content for entry in desk.register.repository.entries(kinds=("inventory/1",))]
    parts = [json.loads(dsse.parse(content).payload) for content in contents]
    assert [part["part"] for part in parts] == list(range(1, parts[0]["parts"] + 1))
    return [row for part in parts for row in part["rows"]]


@pytest.mark.usefixtures("offline")
def test_drafts_hold_what_the_sheet_says_and_can_be_declared_when_completed(bank, book, tmp_path):
    made = good(
        "import",
        book,
        "--sector",
        "bank",
        "--yes",
        "--map",
        "is_language_model=E",
        "-o",
        tmp_path / "d",
        "--workspace",
        bank,
        "--json",
    ).json
    assert made["drafts"] == ["early-warning", "row-3", "early-warning-2"]
    rows = kept_rows(bank)
    assert [list(row.values()) for row in rows] == [
        [cell.replace("\x0b", " ") for cell in row if cell] for row in ROWS[1:]
    ]
    bodies = [yaml.safe_load((tmp_path / "d" / f"{slug}.yaml").read_text(encoding="utf-8")) for slug in made["drafts"]]
    assert [body["facts"] for body in bodies] == [
        {"language_model": False, "customer_facing": False, "personal_data": True},
        {"language_model": True, "customer_facing": True, "personal_data": True},
        {},
    ]
    assert bodies[0]["title"]["en"] == "Early warning"
    assert bodies[0]["purpose"]["en"] == "Warns early [red]"
    assert bodies[1]["components"][0]["provider"] == "Vendor Ltd"
    assert bodies[1]["components"][0]["licence"] is None
    for slug in made["drafts"]:
        path = tmp_path / "d" / f"{slug}.yaml"
        text = path.read_text(encoding="utf-8")
        assert "# The original row:" in text
        unfinished = refused(bank, "declare", path, "--workspace", bank)
        said(unfinished, "field area")
        path.write_text(text.replace("area: ''", "area: risk"), encoding="utf-8")
        good("declare", path, "--workspace", bank)
    verdicts = good("assess", "--all", "--workspace", bank, "--json").json
    assert len(verdicts) == 4


def test_a_draft_is_not_overwritten_and_nothing_is_recorded_then(bank, book, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "row-3.yaml").write_text("mine")
    said(
        refused(bank, "import", book, "--sector", "bank", "--yes", "-o", tmp_path / "d", "--workspace", bank),
        "row-3.yaml",
        "exists",
    )


def test_when_the_rows_cannot_be_recorded_the_drafts_are_taken_away(bank, book, tmp_path, monkeypatch):
    def full(*_):
        raise StoreFullError("no room")

    monkeypatch.setattr(Register, "append_records", full)
    refused(bank, "import", book, "--sector", "bank", "--yes", "-o", tmp_path / "a" / "b", "--workspace", bank)
    assert not (tmp_path / "a").exists()


def test_a_long_inventory_is_kept_in_parts(bank, tmp_path, monkeypatch):
    monkeypatch.setattr(inventory, "ROWS_BYTES_MAX", 2_000)
    lines = [f"System {number},Purpose {number},Owner {number}" for number in range(100)]
    path = tmp_path / "long.csv"
    path.write_text("AI system,Purpose,Owner\n" + "\n".join(lines))
    good("import", path, "--sector", "bank", "--yes", "-o", tmp_path / "d", "--workspace", bank)
    assert [",".join(row.values()) for row in kept_rows(bank)] == lines
    assert len(list((tmp_path / "d").iterdir())) == 100


def test_the_sample_can_be_imported(bank, tmp_path):
    done = good("import", sample_path(), "--sector", "bank", "--yes", "-o", tmp_path / "d", "--workspace", bank)
    assert "drafts in" in done.out
    for path in (tmp_path / "d").iterdir():
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["use"].startswith("my-bank/")
