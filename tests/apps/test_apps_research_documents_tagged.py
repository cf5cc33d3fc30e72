"""Tagged reports and spreadsheets as documents: contexts, units, scale and sign, and files that try something."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_apps_research_documents_made import REPORT, about, made_pdf

from dualtrack.apps.research.documents import loading
from dualtrack.apps.research.documents.identities import check_identities
from dualtrack.apps.research.documents.loading import load_document
from dualtrack.apps.research.documents.model import parse_address
from dualtrack.apps.research.documents.periods import Period
from dualtrack.apps.research.units import unit_of
from dualtrack.errors import DocumentError, PathError, WorkbookError

pytest.importorskip("lxml", reason="the research extra (lxml) is not installed")

from dualtrack.apps.research.documents import xbrl
from dualtrack.apps.research.documents.xbrl import read_xbrl

HEAD = """<xbrli:context id="y25"><xbrli:entity><xbrli:identifier scheme="s">1</xbrli:identifier></xbrli:entity>
<xbrli:period><xbrli:startDate>2025-01-01</xbrli:startDate><xbrli:endDate>2025-12-31</xbrli:endDate></xbrli:period></xbrli:context>
<xbrli:context id="e25"><xbrli:entity><xbrli:identifier scheme="s">1</xbrli:identifier></xbrli:entity>
<xbrli:period><xbrli:instant>2025-12-31</xbrli:instant></xbrli:period></xbrli:context>
<xbrli:context id="part"><xbrli:entity><xbrli:identifier scheme="s">1</xbrli:identifier><xbrli:segment><x/></xbrli:segment></xbrli:entity>
<xbrli:period><xbrli:instant>2025-12-31</xbrli:instant></xbrli:period></xbrli:context>
<xbrli:unit id="hkd"><xbrli:measure>iso4217:HKD</xbrli:measure></xbrli:unit>
<xbrli:unit id="eps"><xbrli:divide><xbrli:unitNumerator><xbrli:measure>iso4217:HKD</xbrli:measure></xbrli:unitNumerator>
<xbrli:unitDenominator><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unitDenominator></xbrli:divide></xbrli:unit>
<xbrli:unit id="pure"><xbrli:measure>xbrli:pure</xbrli:measure></xbrli:unit>"""


def inline(body):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL" xmlns:xbrli="http://www.xbrl.org/2003/instance"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><head><title>r</title></head><body><div style="display:none"><ix:header>
 <ix:resources>{HEAD}</ix:resources></ix:header></div>{body}</body></html>""".encode()


def fact(name, text, **more):
    said = {
        "contextRef": "y25",
        "unitRef": "hkd",
        "scale": "6",
        "decimals": "-5",
        "format": "ixt:num-dot-decimal",
        **more,
    }
    return f'<ix:nonFraction name="ifrs-full:{name}" {" ".join(f"{key}={value!r}" for key, value in said.items())}>{text}</ix:nonFraction>'


def facts_of(body):
    return read_xbrl(inline(body), about("r.xhtml"))[1]


def test_a_tagged_page_gives_facts_with_period_unit_scale_and_place():
    body = f"<p>Revenue was {fact('Revenue', '1,310.2')} million.</p><p>{fact('CostOfSales', '850.1')} {fact('GrossProfit', '460.1')}</p>"
    document, facts = read_xbrl(inline(body), about("r.xhtml"))
    revenue = facts[0]
    assert (revenue.concept, revenue.value, revenue.unit, revenue.scale) == ("revenue", "1310200000", unit_of("HKD"), 6)
    assert revenue.period == Period(year=2025, end="2025-12-31", months=12)
    assert document.cell(parse_address(revenue.address)).text == revenue.printed == "1,310.2"
    assert document.pages[0].lines[0].text == "Revenue was 1,310.2 million."
    assert [(each.name, each.outcome) for each in check_identities(facts)] == [("gross_profit", "holds")]


@pytest.mark.parametrize(
    ("text", "more", "value"),
    [
        ("1,234", {"sign": "-"}, "-1234000000"),
        ("1.234,5", {"format": "ixt:num-comma-decimal", "scale": "3"}, "1234500"),
        ("1 234", {"scale": "0"}, "1234"),
        ("(12)", {"sign": "-", "scale": "0"}, "-12"),
        ("–", {"format": "ixt:fixed-zero"}, "0"),
        ("<b>1,</b><span>234</span>", {"scale": "0"}, "1234"),
        ("0.48", {"scale": "0", "unitRef": "eps"}, "0.48"),
    ],
)
def test_formats_signs_and_scales(text, more, value):
    (read,) = facts_of(f"<p>{fact('Assets', text, **more)}</p>")
    assert read.value == value


def test_a_tag_within_a_tag_is_two_facts():
    found = facts_of(f"<p>{fact('Assets', fact('Equity', '7', scale='0'), scale='0')}</p>")
    assert [(each.concept, each.value) for each in found] == [("total_assets", "7"), ("equity", "7")]


def test_nothing_and_words_are_no_facts_and_parts_are_not_the_whole():
    none = fact("Assets", "", **{"xsi:nil": "true"})
    words = fact("Assets", "about ten")
    part = fact("Assets", "5", contextRef="part")
    lost = fact("Assets", "5", contextRef="nowhere")
    found = facts_of(f"<p>{none}{words}{part}{lost}</p>")
    assert [(each.concept, each.value) for each in found] == [(None, "5000000")]


def instance(body):
    return f"""<xbrli:xbrl xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:i="urn:ifrs" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
{HEAD}{body}</xbrli:xbrl>""".encode()


def test_an_instance_gives_facts():
    body = """<i:Assets contextRef="e25" unitRef="hkd" decimals="-6">1420750000</i:Assets><i:Ratio contextRef="e25" unitRef="pure" decimals="INF">0.5</i:Ratio>
<i:Note contextRef="e25">words</i:Note><i:Equity contextRef="e25" unitRef="hkd" decimals="-6" xsi:nil="true"/>
<i:BasicEarningsLossPerShare contextRef="y25" unitRef="eps" decimals="2">0.48</i:BasicEarningsLossPerShare>"""
    document, facts = read_xbrl(instance(body), about("r.xml"))
    assert [(each.concept, each.value, each.unit.words, each.scale) for each in facts] == [
        ("total_assets", "1420750000", "HKD", 6), (None, "0.5", "number", 0), ("earnings_per_share", "0.48", "HKD per share", 0),
    ]  # fmt: skip
    assert facts[0].period == Period(year=2025, end="2025-12-31")
    assert document.kind == "xbrl"


@given(st.integers(-(10**12), 10**12), st.integers(0, 9))
def test_a_number_that_is_tagged_comes_back(number, scale):
    (read,) = facts_of(
        f"<p>{fact('Assets', f'{abs(number):,}', scale=str(scale), **({'sign': '-'} if number < 0 else {}))}</p>"
    )
    assert Decimal(read.value) == Decimal(number).scaleb(scale)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (BOMB, "entities"), (OUTSIDE, "entities"), (BOMB.decode().encode("utf-16"), "entities|well-formed"), (b"<html><p>open", "well-formed"),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'><p>plain</p></html>", "no tagged facts"), (b"<a>" * 300 + b"</a>" * 300, "well-formed"),
    ],
)  # fmt: skip
def test_what_is_no_tagged_report_or_tries_something_is_refused(data, words):
    with pytest.raises(DocumentError, match=words) as caught:
        read_xbrl(data, about("bad.xhtml"))
    assert caught.value.where.startswith("bad.xhtml")


@pytest.mark.parametrize("scale", ["99", "x", "-99"])
def test_a_scale_out_of_all_reason_is_refused(scale):
    with pytest.raises(DocumentError, match="scale"):
        facts_of(f"<p>{fact('Assets', '1', scale=scale)}</p>")


def test_more_facts_than_a_report_has_are_refused(monkeypatch):
    monkeypatch.setattr(xbrl, "FACTS_MAX", 1)
    with pytest.raises(DocumentError, match="more than 1 facts"):
        facts_of(f"<p>{fact('Assets', '1')}{fact('Assets', '2')}</p>")


# --- spreadsheets, and telling files apart ---

SHEET = """Consolidated income statement,,
HK$ million,2025,2024 (restated)
Revenue,"1,310.2","1,200.5"
Cost of sales,(850.1),(800.0)
Gross profit,460.1,400.5
"""


def test_a_csv_is_a_statement_like_a_printed_one(tmp_path):
    path = tmp_path / "income.csv"
    path.write_text(SHEET)
    document, facts = load_document(path, about("income.csv"))
    revenue = facts[0]
    assert (revenue.concept, revenue.statement, revenue.value, revenue.unit) == (
        "revenue",
        "income",
        "1310200000",
        unit_of("HKD"),
    )
    assert [each.restated for each in facts] == [False, True] * 3
    assert document.cell(parse_address(revenue.address)).text == "1,310.2"
    assert {each.outcome for each in check_identities(facts)} == {"holds"}


def test_sheets_of_a_workbook_are_pages(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    book = openpyxl.Workbook()
    first, second = book.active, book.create_sheet("財務狀況表")
    first.append(["Notes only"])
    for row in (
        ["綜合財務狀況表"],
        ["", "2025", "2024"],
        ["", "千港元", "千港元"],
        ["資產總值", 1420750, 1260000],
        ["負債總額", 400750, 420000],
        ["權益總額", 1020000, 840000],
    ):
        second.append(row)
    book.save(tmp_path / "book.xlsx")
    document, facts = load_document(tmp_path / "book.xlsx", about("book.xlsx"))
    assert (len(document.pages), document.kind) == (2, "spreadsheet")
    assert [(each.concept, each.value) for each in facts][:2] == [
        ("total_assets", "1420750000"),
        ("total_assets", "1260000000"),
    ]
    assert {(each.name, each.outcome) for each in check_identities(facts)} == {("assets", "holds")}


def test_a_file_is_told_by_its_first_bytes(tmp_path):
    (tmp_path / "a.csv").write_bytes(made_pdf(REPORT))
    (tmp_path / "b.pdf").write_bytes(inline(f"<p>{fact('Revenue', '1')}</p>"))
    assert load_document(tmp_path / "a.csv", about())[0].kind == "pdf"
    assert load_document(tmp_path / "b.pdf", about())[0].kind == "xbrl"


def zip_of_zips():
    import zipfile

    data = b"text"
    for name in ("c.zip", "b.zip", "a.txt"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(name, data)
        data = buffer.getvalue()
    return data


def test_a_zip_is_refused_under_any_name(tmp_path, monkeypatch):
    for name, error in (("a.pdf", DocumentError), ("a.xlsx", WorkbookError), ("a.zip", WorkbookError)):
        (tmp_path / name).write_bytes(zip_of_zips())
        with pytest.raises(error):
            load_document(tmp_path / name, about(name))
    with pytest.raises(PathError):
        load_document(tmp_path / "none.pdf", about())
    monkeypatch.setattr(loading, "BYTES_MAX", 10)
    with pytest.raises(DocumentError, match="bytes"):
        load_document(tmp_path / "a.pdf", about())
