"""Pages that are pictures: what the recogniser saw becomes rows and cells with how sure it was, and what is doubtful is no number."""

from __future__ import annotations

import importlib.util
import io
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.apps.research.documents import ocr, pdf
from dualtrack.apps.research.documents.layout import is_figure
from dualtrack.apps.research.documents.limits import OCR_PAGES_MAX
from dualtrack.apps.research.documents.model import About, Document
from dualtrack.apps.research.documents.ocr import DOUBT, page_of, read_pictures
from dualtrack.apps.research.documents.pdf import read_pdf
from dualtrack.apps.research.documents.store import DocumentStore
from dualtrack.apps.research.local import ask_files
from dualtrack.apps.research.solving.answer import Abstained, Answered
from dualtrack.apps.research.solving.recognised import READ_BY_OCR
from dualtrack.apps.research.solving.solve import solve
from dualtrack.apps.research.solving.table import table_in
from dualtrack.errors import DocumentError, MissingExtraError

SIZE = (4000, 3000)
QUESTION = "What was the revenue of Lantern in 2025?"


def words(text, left, top, sure=990, wide=60):
    """Return words as the recogniser gives them: `wide` tenths of a point a letter, 100 high."""
    return (text, left, top, left + wide * len(text), top + 100, sure, [])


def statement(revenue="1,250", sure=990, total="Gross profit 500360"):
    """Return a small statement; the last row of numbers comes as one."""
    return [
        words("HK$ million", 200, 200), words("2025", 2460, 200), words("2024", 3060, 200),
        words("Revenue", 200, 400), words(revenue, 2700 - 60 * len(revenue), 400, sure), words("1,000", 3000, 400),
        words("Cost of sales", 200, 600), words("(750)", 2400, 600), words("(640)", 3000, 600),
        (total, 200, 800, 3300, 900, 970, [("Gross", 200, 500), ("profit", 560, 920), ("500", 2520, 2700), ("360", 3120, 3300)]),
    ]  # fmt: skip


def document(seen):
    page = page_of(1, *SIZE, seen)
    about = About(name="scan.pdf", licence="made for tests", ocr=True)
    return Document(about=about, sha256="a" * 64, kind="pdf", language="en", pages=(page,))


def cells(seen):
    (table,) = page_of(1, *SIZE, seen).tables
    return {cell.text: cell.confidence for row in table.rows for cell in row}


def test_words_become_a_table_and_a_row_of_numbers_is_split():
    """The recogniser saw the last row as one, and no blank between its numbers."""
    page = page_of(1, *SIZE, statement())
    assert (page.width, page.height, page.confidence) == (400.0, 300.0, 0.985)
    assert [line.text for line in page.lines][1] == "Revenue 1,250 1,000"
    (table,) = page.tables
    assert [[cell.text for cell in row] for row in table.rows][-1] == ["Gross profit", "500", "360"]


def test_years_at_the_head_of_columns_that_stand_close_are_split():
    seen = statement()[3:]
    head = ("二零二五年二零二四年", 2400, 200, 3300, 300, 990, [("二零二五年", 2400, 2700), ("二零二四年", 2940, 3300)])
    (table,) = page_of(1, *SIZE, [words("港幣百萬元", 200, 200), head, *seen]).tables
    assert [column.text for column in table.columns[1:]] == ["二零二五年", "二零二四年"]


def test_a_blank_that_was_left_out_around_a_number_is_put_back():
    page = page_of(1, *SIZE, [words("cut by20.2%within 2 years, CO2 by1,250 t, m3, ISO14001", 200, 200)])
    assert page.text == "cut by 20.2% within 2 years, CO2 by 1,250 t, m3, ISO14001"


def test_a_page_of_which_the_recogniser_is_not_sure_stays_unread():
    assert page_of(1, *SIZE, []) is None
    assert page_of(1, *SIZE, [words("Revenue of the Group", 200, 200, sure=899)]) is None
    assert page_of(1, *SIZE, [words("Revenue of the Group", 200, 200, sure=900)]) is not None


def test_a_cell_is_as_sure_as_what_was_read_there_and_ends_with_a_mark_where_that_is_not_enough():
    assert cells(statement())["1,250"] == 0.99
    assert cells(statement())["500"] == 0.97
    assert cells(statement(sure=949))[f"1,250{DOUBT}"] == 0.949
    assert not is_figure(f"1,250{DOUBT}")
    assert f"12501000{DOUBT}" in cells(statement("12501000"))


@given(st.integers(min_value=1_000, max_value=10**9), st.booleans())
def test_a_point_before_three_last_digits_is_doubtful_since_small_commas_are_read_as_points(number, brackets):
    whole = f"({number:,})" if brackets else f"{number:,}"
    assert whole in cells(statement(whole))
    misread = ".".join(whole.rsplit(",", 1))
    assert f"{misread}{DOUBT}" in cells(statement(misread))


@pytest.mark.parametrize("text", ["0.125", "7.75", "12.5%", "1,250.25"])
def test_other_decimals_are_not(text):
    assert text in cells(statement(text))


def test_a_figure_says_that_it_was_read_by_ocr_and_a_doubtful_number_gives_none():
    table = table_in(document(statement()), 1, 1)
    answer = solve("What was the revenue in 2025?", table, ["HK$ million"])
    assert isinstance(answer, Answered)
    assert (answer.shown, answer.operands[0].confidence) == ("1250", 0.99)
    assert answer.definition.en.endswith(READ_BY_OCR.en)
    assert answer.definition.zh.endswith(READ_BY_OCR.zh)
    for misread in (statement("1.250"), statement(sure=940)):
        none = solve("What was the revenue in 2025?", table_in(document(misread), 1, 1), ["HK$ million"])
        assert isinstance(none, Abstained)
        assert "1 number of the table" in none.settles.en
        assert "表內1個數字" in none.settles.zh


def test_a_bounded_number_of_pages_is_read_and_what_fails_is_named(monkeypatch):
    asked = []

    def reader(answer):
        def ask(child, arguments, _data, _where, seconds):
            asked.append((child, json.loads(arguments[-1]), seconds))
            return json.dumps(answer).encode()

        return ask

    monkeypatch.setattr(ocr, "find_spec", lambda _: True)
    seen = [[1, *SIZE, statement()], [2, *SIZE, [words("smudge", 0, 0, sure=300)]]]
    assert set(read_pictures(b"", range(1, 100), "scan.pdf", reader({"pages": seen}))) == {1}
    assert asked[0][:2] == ("ocr_child.py", list(range(1, OCR_PAGES_MAX + 1)))
    with pytest.raises(DocumentError, match="characters") as error:
        read_pictures(b"", [1], "scan.pdf", reader({"error": "too-much", "page": 7, "says": "more than 5 characters"}))
    assert (error.value.where, error.value.code) == ("scan.pdf, page 7", "input.document.too-much")
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError) as missing:
        read_pictures(b"", [1], "scan.pdf", reader({}))
    assert "dualtrack[ocr]" in str(missing.value)


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF", b"II*\0\x08\0", b"\0\0\0\x18ftypheic\0"]
)
def test_a_file_that_is_a_picture_is_refused_with_what_to_do(data):
    with pytest.raises(DocumentError) as error:
        read_pdf(data, About(name="page.png", licence="made for tests", ocr=True))
    assert (error.value.code, "print it to a PDF" in error.value.fix) == ("input.document.picture", True)


def test_the_same_bytes_are_taken_again_only_where_more_of_their_pages_were_read(tmp_path):
    read = document(statement())
    page = read.pages[0]
    bare = Document(
        about=About(name="scan.pdf", licence="made for tests"), sha256=read.sha256, kind="pdf", language="en",
        pages=(page, type(page)(number=2, width=1, height=1, lines=())), unread=(2,),
    )  # fmt: skip
    with DocumentStore(tmp_path / "documents.db") as store:
        assert store.add(bare, original=b"x")
        assert not store.add(bare)
        assert store.add(read, original=b"x")
        assert store.document(read.sha256).unread == ()
        assert not store.add(bare)
        assert len(store.documents()) == 1


SCAN = """
#set page(width: 300pt, height: 110pt, margin: 16pt)
#set text(size: 12pt)
#table(columns: (1fr, auto, auto), stroke: none, align: (x, y) => if x == 0 { left } else { right },
  [HK\\$ million], [2025], [2024], [Revenue], [1,250], [1,000], [Cost of sales], [(750)], [(640)])
"""


@pytest.fixture
def scan(tmp_path):
    """Return a PDF of one page that is a picture, 150 dots an inch."""
    typst = pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
    pdfium = pytest.importorskip("pypdfium2", reason="the research extra (pypdfium2) is not installed")
    pytest.importorskip("PIL", reason="no Pillow here to make a scan with")
    picture = pdfium.PdfDocument(typst.compile(SCAN.encode(), format="pdf"))[0].render(scale=150 / 72).to_pil()
    made = io.BytesIO()
    picture.convert("L").save(made, "PDF", resolution=150)
    path = tmp_path / "scan.pdf"
    path.write_bytes(made.getvalue())
    return path


def ask(path, **more):
    given = {"licence": "made for tests", "issuer": "Lantern", "period": "FY2025", "on": date(2026, 11, 27)} | more
    return ask_files(QUESTION, [path], **given)


def test_a_scan_is_not_read_unless_that_is_asked_for(scan):
    with pytest.raises(DocumentError) as error:
        ask(scan)
    assert (error.value.code, "--ocr" in error.value.fix) == ("input.document.needs-ocr", True)


def test_a_scan_on_which_nothing_is_sure_is_refused(scan, monkeypatch):
    monkeypatch.setattr(pdf, "read_pictures", lambda *_: {})
    with pytest.raises(DocumentError) as error:
        ask(scan, ocr=True)
    assert (error.value.code, error.value.fix) == ("input.document.ocr-unsure", "ask the issuer for the original")


@pytest.mark.skipif(
    importlib.util.find_spec("rapidocr") is None or importlib.util.find_spec("onnxruntime") is None,
    reason="the ocr extra (rapidocr, onnxruntime) is not installed",
)
def test_a_scan_is_read_and_its_figure_cited(scan):
    reply = ask(scan, ocr=True)
    assert reply.outcome == "figure"
    assert (reply.figure.shown, reply.figure.scale, reply.figure.unit.words) == ("1250", "million", "HKD")
    (operand,) = reply.figure.operands
    assert (operand.text, operand.confidence > ocr.CELL_CONFIDENCE_MIN) == ("1,250", True)
    assert READ_BY_OCR.en in reply.figure.definition.en
