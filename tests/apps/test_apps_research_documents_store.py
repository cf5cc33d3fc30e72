"""The store and its index: documents in and out, questions in both languages, issuers, what is open is asked."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_apps_research_documents_made import REPORT, made_pdf, made_report

from dualtrack.apps.research.documents import find
from dualtrack.apps.research.documents.find import search
from dualtrack.apps.research.documents.issuers import Issuer, IssuerNames, read_issuers
from dualtrack.apps.research.documents.model import About, Document, Line, Page
from dualtrack.apps.research.documents.periods import Period
from dualtrack.apps.research.documents.resolver import resolve
from dualtrack.apps.research.documents.store import DocumentStore
from dualtrack.apps.research.documents.wording import index_terms, meant_by
from dualtrack.errors import ConflictError, FieldError, NotFoundError, PathError, StoreError

ROOT = Path(__file__).resolve().parents[2]
LISTED = ROOT.parent / "shared" / "data" / "text" / "hk_listed_issuers.csv"

HARBOUR = Issuer(
    code="00901", name="Harbour Lantern Holdings Limited", name_zh="海港燈籠控股有限公司", aliases=("HLH",)
)
FERRY = Issuer(code="00902", name="Harbour Ferry Limited", name_zh="海港渡輪有限公司", aliases=("HF", "Ferry"))
OTHER = Issuer(code="02025", name="Ferry Group Limited", aliases=("Ferry",))
NAMES = IssuerNames([HARBOUR, FERRY, OTHER])


def plain_document(name, *pages, issuer="00901", period="FY2025", form="annual"):
    made = tuple(
        Page(number=number, width=595, height=842, lines=tuple(Line(each) for each in text.split("\n")))
        for number, text in enumerate(pages, 1)
    )
    said = About(name=name, licence="made for tests", issuer=issuer, period=period, form=form)
    return Document(
        about=said, sha256=f"{hash((name, pages)) & (2**256 - 1):064x}", kind="pdf", language="both", pages=made
    )


@pytest.fixture
def store():
    with DocumentStore(":memory:") as opened:
        yield opened


SAID = {"issuer": "00901", "period": "FY2025", "form": "annual"}


@pytest.fixture
def full(store):
    report, facts = made_report(**SAID)
    store.add(report, facts, original=made_pdf(REPORT))
    store.add(
        plain_document(
            "old.pdf",
            "The chairman on revenue of the year\nRevenue fell",
            "Statement of nothing\n收入減少，主要由於渡輪停航",
            period="FY2024",
        )
    )
    store.add(
        plain_document("ferry.pdf", "Ferry routes and piers", "Capital expenditure on vessels rose", issuer="00902")
    )
    return store


# --- in and out ---


def test_what_goes_in_comes_out(full):
    report, facts = made_report(**SAID)
    assert full.document(report.sha256) == report
    assert full.page(report.sha256, 2) == report.pages[1]
    assert full.facts(sha256=report.sha256) == facts
    assert full.original(report.sha256) == made_pdf(REPORT)
    (fact,) = full.facts(concept="revenue", year=2024)
    assert fact.value == "1200500000"
    assert [each.about.name for each in full.documents()] == ["report.pdf", "old.pdf", "ferry.pdf"]


def test_the_same_bytes_go_in_once_and_another_of_the_name_only_when_asked(store):
    first, second = plain_document("a.pdf", "one revenue"), plain_document("a.pdf", "two turnover")
    assert store.add(first)
    assert not store.add(first)
    with pytest.raises(ConflictError, match="another document"):
        store.add(second)
    assert store.add(second, replace=True)
    assert [each.sha256 for each in store.documents()] == [second.sha256]
    assert search(store, "one") == ()
    with pytest.raises(NotFoundError):
        store.document(first.sha256)
    with pytest.raises(NotFoundError):
        store.original(second.sha256)
    with pytest.raises(NotFoundError):
        store.page(second.sha256, 2)


def test_a_document_taken_out_leaves_nothing(full):
    for each in full.documents():
        full.remove(each.sha256)
    left = [
        full._db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        for name in ("documents", "pages", "facts", "postings")
    ]
    assert left == [0, 0, 0, 0]
    assert search(full, "revenue") == ()
    with pytest.raises(NotFoundError):
        full.remove("0" * 64)


def test_a_failure_half_way_leaves_the_store_as_it_was(full, monkeypatch):
    from dualtrack.apps.research.documents import store as module

    def fails(_):
        raise ZeroDivisionError

    before = full.documents()
    monkeypatch.setattr(module, "_postings", fails)
    with pytest.raises(ZeroDivisionError):
        full.add(plain_document("ferry.pdf", "another"), replace=True)
    assert full.documents() == before


def test_another_connection_sees_what_was_added(tmp_path):
    with DocumentStore(tmp_path / "desk.db") as one, DocumentStore(tmp_path / "desk.db") as two:
        assert two.documents() == ()
        one.add(plain_document("a.pdf", "revenue of ferries"))
        assert [hit.about.name for hit in search(two, "ferries")] == ["a.pdf"]
    (tmp_path / "bad.db").write_bytes(b"no database at all, but long enough to look at" * 50)
    with pytest.raises(StoreError):
        DocumentStore(tmp_path / "bad.db")


# --- finding ---


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("What was the revenue in FY2025?", 2),
        ("gross margin of the Group", 2),
        ("How large are its inventories?", 3),
        ("存貨有多少？", 3),
        ("流動比率是多少", 3),
        ("capex in 2025", 4),
        ("經營活動現金淨額", 4),
        ("sales on the Mainland grew", 1),
    ],
)
def test_the_page_with_the_line_comes_first(full, question, page):
    hits = search(full, question, issuer="00901", period="2025")
    assert (hits[0].about.name, hits[0].page) == ("report.pdf", page)
    assert [each.score for each in hits] == sorted((each.score for each in hits), reverse=True)


def test_issuer_period_and_form_narrow_a_question(full):
    assert {each.about.name for each in search(full, "revenue", issuer="00901", period="FY2024")} == {"old.pdf"}
    assert {each.about.name for each in search(full, "revenue", period="2023")} == {
        "old.pdf"
    }  # the column of the year before
    assert {each.about.name for each in search(full, "capital expenditure", issuer="00902")} == {"ferry.pdf"}
    assert {each.about.name for each in search(full, "revenue", form="results", period="2024")} == {"old.pdf"}
    assert search(full, "revenue", form="circular") == ()
    assert search(full, "revenue", issuer="99999") == ()
    assert len(search(full, "revenue", most=1)) == 1
    assert search(full, "revenue", most=0) == ()


def test_a_line_that_says_it_is_the_excerpt(full):
    (hit, *_) = search(full, "渡輪停航")
    assert hit.excerpt == "收入減少，主要由於渡輪停航"


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60))
def test_no_question_breaks_the_search(question):
    with DocumentStore(":memory:") as opened:
        opened.add(plain_document("a.pdf", "revenue 收入"))
        hits = search(opened, question)
        assert len(hits) <= 1
        assert resolve(question, NAMES, on=date(2026, 5, 1)) is not None


def test_looking_up_common_words_gives_the_scores_of_adding_them(full, monkeypatch):
    question = "chairman fell, routes and piers 停航"
    whole = {hit[:3]: hit.score for hit in search(full, question)}
    monkeypatch.setattr(find, "_SCORED_MAX", 0)
    few = search(full, question)
    assert 0 < len(few) < len(whole)
    assert all(hit.score == pytest.approx(whole[hit[:3]]) for hit in few)


def test_terms_are_stems_and_pairs_without_numbers():
    assert index_terms("Revenues of the Group in 2025: 收入增加") == ["revenue", "收入", "入增", "增加"]
    assert index_terms("1,234 (56)") == []


# --- resolving ---


def test_a_question_is_resolved_before_anything_is_searched():
    read = resolve("What was the gross margin of Harbour Lantern in FY2025?", NAMES)
    assert read.issuers == (HARBOUR,)
    assert read.periods == (Period(year=2025, months=12),)
    assert (read.metrics, set(read.concepts), read.statements) == (
        ("gross_margin",),
        {"revenue", "cost_of_sales"},
        ("income",),
    )
    assert read.clarify == ()


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("HLH revenue 2025", "00901"), ("海港燈籠二零二五年度收入", "00901"), ("0902.HK capex FY25", "00902"), ("股份代號：902 的存貨 2025", "00902"),
        ("stock code 901, 2025 profit", "00901"), ("00902 2025 interim results", "00902"), ("Harbour Ferry's revenue in 2025", "00902"),
    ],
)  # fmt: skip
def test_issuers_are_known_by_name_alias_and_code(question, code):
    read = resolve(question, NAMES)
    assert [each.code for each in read.issuers] == [code]
    assert read.clarify == ()


def test_a_name_of_several_issuers_is_asked_back():
    read = resolve("Revenue of Ferry in 2025?", NAMES)
    assert read.issuers == ()
    assert "Harbour Ferry Limited (00902) or Ferry Group Limited (02025)" in read.clarify[0].en
    assert "海港渡輪有限公司（00902）還是" in read.clarify[0].zh


def test_a_year_is_no_code_and_a_word_no_name():
    assert resolve("revenue in 2025", NAMES).issuers == ()
    assert resolve("the ferry is late in 2025", NAMES).issuers == ()


def test_what_is_not_said_is_asked_and_not_guessed():
    read = resolve("What was the revenue?", NAMES)
    assert [each.en[:5] for each in read.clarify] == ["Which", "Which"]
    assert "issuer" in read.clarify[0].en
    assert "period" in read.clarify[1].en


def test_last_year_needs_the_day_it_is_counted_from():
    question = "HLH revenue last year"
    assert resolve(question, NAMES).clarify[0].en.startswith("Which year")
    assert resolve(question, NAMES, on=date(2026, 5, 1)).periods == (Period(year=2025),)
    assert resolve("HLH 去年收入", NAMES, on=date(2026, 5, 1)).periods == (Period(year=2025),)


@pytest.mark.parametrize(
    ("question", "forms"),
    [("2025 interim results of HLH", ("interim",)), ("HLH 2025年報", ("annual",)), ("HLH 通函", ("circular",)), ("ESG report 2025 HLH", ("esg",)), ("HLH", ())],
)  # fmt: skip
def test_forms_are_told_by_their_names(question, forms):
    assert resolve(question, NAMES).forms == forms


def test_a_half_year_is_six_months():
    assert resolve("2025 interim revenue of HLH", NAMES).periods == (Period(year=2025, months=6),)
    assert resolve("HLH 二零二五年中期收入", NAMES).periods == (Period(year=2025, months=6),)


def test_a_longer_phrase_takes_its_words():
    assert meant_by("net gearing").metrics == ("net_gearing",)
    assert "cost_of_sales" in meant_by("What were the cost of sales?").concepts
    assert "revenue" not in meant_by("What were the cost of sales?").concepts
    assert meant_by("the balance sheet").statements == ("position",)


# --- lists ---


def test_a_list_is_read_with_its_faults(tmp_path):
    path = tmp_path / "issuers.csv"
    path.write_text("code,name,name_zh,aliases\n901,Harbour Lantern Holdings Limited,海港燈籠控股有限公司,HLH\n")
    assert read_issuers(path) == (HARBOUR,)
    path.write_text("code,name\nX1,Nobody\n")
    with pytest.raises(FieldError, match="row 2"):
        read_issuers(path)
    path.write_text("issuer\nNobody\n")
    with pytest.raises(FieldError, match="columns code"):
        read_issuers(path)
    with pytest.raises(PathError):
        read_issuers(tmp_path / "none.csv")


@pytest.mark.skipif(not LISTED.exists(), reason="the shared data (data/text) are not beside this checkout")
def test_listed_issuers_are_found_by_code_and_by_name_or_asked_back():
    issuers = read_issuers(LISTED)
    names = IssuerNames(issuers)
    with LISTED.open(encoding="utf-8-sig", newline="") as file:
        assert len(issuers) == sum(1 for _ in csv.DictReader(file))
    sample = issuers[::7]
    by_code = [names.find(f"{each.code} revenue 2025") for each in sample]
    assert all(found[0].issuers == (each,) for found, each in zip(by_code, sample, strict=True))
    by_name = [names.find(f"What was the revenue of {each.name} in 2025?") for each in sample]
    right = sum(any(each in one.issuers for one in found) for found, each in zip(by_name, sample, strict=True))
    wrong = sum(
        any(len(one.issuers) == 1 and one.issuers != (each,) for one in found)
        for found, each in zip(by_name, sample, strict=True)
    )
    assert right >= 0.98 * len(sample)
    assert wrong <= 0.01 * len(sample)
