"""Made reports: their figures keep every sum, what is planted breaks what it says and nothing else, and the PDF prints the truth."""

from __future__ import annotations

import csv
import json
import sys
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.apps.research.documents.labels import labels
from dualtrack.apps.research.generator.errors import ERRORS, HIDDEN, NO_ERRORS
from dualtrack.apps.research.generator.figures import YEARS, year_figures
from dualtrack.apps.research.generator.issuer import SEED_MAX, issuer_names, make_issuer
from dualtrack.apps.research.generator.make import make_pair, make_report, make_truth
from dualtrack.apps.research.generator.sums import SUMS, broken_sums, changed_comparatives, check_sums
from dualtrack.apps.research.generator.truth import Truth
from dualtrack.apps.research.generator.write import truth_json
from dualtrack.apps.research.metrics import catalogue
from dualtrack.apps.research.reported import read_reported
from dualtrack.apps.research.units import unit_of
from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError, MissingExtraError

LISTED = Path(__file__).parents[3] / "shared" / "data" / "text" / "hk_listed_issuers.csv"

seeds = st.integers(0, SEED_MAX)
years = st.integers(*YEARS)
kinds = st.sets(st.sampled_from(ERRORS)).filter(lambda each: not {"restated", "unmarked_change"} <= each)


def fact_of(truth, table, line, year=None):
    return next(
        each
        for each in truth.facts
        if each.table == table and each.line == line and each.period.year == (year or truth.year)
    )


# --- figures ---


@given(seeds, years)
@settings(max_examples=60, deadline=None)
def test_every_year_balances(seed, year):
    issuer = make_issuer(seed)
    for each in year_figures(issuer, year).values():
        money = each.money
        assert money["total_assets"] == money["total_liabilities"] + money["equity"]
        assert money["cash"] == money["cash_end"] > 0
        assert money["debt"] == money["borrowings_current"] + money["borrowings_non_current"]
        assert sum(revenue for revenue, _ in each.segments) == money["revenue"] > 0


@given(seeds, years)
@settings(max_examples=20, deadline=None)
def test_a_year_is_what_the_year_before_left(seed, year):
    issuer = make_issuer(seed)
    figures = year_figures(issuer, year)
    assert figures[year].money["cash_start"] == figures[year - 1].money["cash_end"]
    if year > YEARS[0]:
        assert year_figures(issuer, year - 1)[year - 1] == figures[year - 1]


@given(seeds, years)
@settings(max_examples=30, deadline=None)
def test_a_plain_report_keeps_every_sum(seed, year):
    truth = make_truth(seed, year=year)
    checked = check_sums(truth.facts)
    assert broken_sums(truth) == ()
    assert {each.name for each in SUMS} - {each.name for each in checked} == {
        "two_periods_revenue",
        "two_periods_profit",
    }
    assert truth.planted == ()


# --- what is planted ---


@given(seeds, years, kinds, st.sampled_from(["en", "zh-Hant", "both"]))
@settings(max_examples=60, deadline=None)
def test_planted_errors_break_just_what_they_say(seed, year, errors, language):
    truth = make_truth(seed, year=year, errors=errors, language=language)
    assert {each.kind for each in truth.planted} == errors
    assert set(broken_sums(truth)) == {name for each in truth.planted for name in each.breaks}
    for each in truth.planted:
        assert each.error == (each.kind not in NO_ERRORS)
        assert bool(each.breaks) == (each.kind in {"total_off", "sign", "prose_scale"})


@pytest.mark.parametrize("kind", ["total_off", "sign", "prose_scale"])
def test_a_wrong_number_is_named_with_what_it_should_be(kind):
    for seed in range(12):
        truth, plain = make_truth(seed, errors=[kind]), make_truth(seed)
        (planted,) = truth.planted
        there, should = (fact_of(each, planted.table, planted.line) for each in (truth, plain))
        assert (there.printed, should.printed) == (planted.printed, planted.right)
        changed = [one for one, other in zip(truth.facts, plain.facts, strict=True) if one.printed != other.printed]
        assert changed == [there]
        assert planted.page == there.page


def test_a_lost_bracket_is_the_same_number_with_the_other_sign():
    (planted,) = make_truth(3, errors=["sign"]).planted
    assert planted.right == f"({planted.printed})"


def test_thousands_called_millions_are_a_thousand_times_too_many():
    truth = make_truth(5, errors=["prose_scale"])
    wrong, right = (Decimal(fact_of(truth, table, "revenue").value) for table in ("chairman", "income"))
    assert abs(wrong / right - 1000) < Decimal("0.01")


@pytest.mark.parametrize(("errors", "marked"), [(["unmarked_change"], {False}), (["restated"], {True}), ([], set())])
def test_the_year_before_differs_only_where_that_is_planted(errors, marked):
    for seed in range(8):
        issuer = make_issuer(seed)
        last = make_truth(seed, issuer=issuer, year=2024)
        this = make_truth(seed, issuer=issuer, year=2025, errors=errors)
        changed = changed_comparatives(this, last)
        assert {each.line for each in changed} == (
            {"cost_of_sales", "gross_profit", "selling_admin"} if errors else set()
        )
        assert {each.marked for each in changed} == marked
        assert broken_sums(this) == ()


def test_one_statement_is_in_another_scale():
    for seed in range(8):
        truth, plain = make_truth(seed, errors=["mixed_scales"]), make_truth(seed)
        (planted,) = truth.planted
        own = {each.scale for each in truth.facts if each.table == planted.table and each.unit == unit_of("HKD")}
        others = {each.scale for each in truth.facts if each.table == "income" and each.unit == unit_of("HKD")}
        assert len(own) == len(others) == 1
        assert own != others
        for one, other in zip(truth.facts, plain.facts, strict=True):
            assert abs(Decimal(one.value) - Decimal(other.value)) <= one.step / 2


def test_a_page_that_is_left_out_keeps_its_number_in_the_contents():
    truth, plain = make_truth(4, errors=["missing_page"]), make_truth(4)
    out = [leaf for leaf in truth.pages if leaf.number == 0]
    assert len(out) == 1
    assert {each.table for each in plain.facts} - {each.table for each in truth.facts} >= {out[0].key}
    assert [leaf.printed for leaf in truth.pages] == list(range(1, len(truth.pages) + 1))
    assert max(leaf.number for leaf in truth.pages) == len(truth.pages) - 1
    assert truth.planted[0].page == 0


def test_a_note_in_us_dollars_adds_up_in_us_dollars():
    truth = make_truth(6, errors=["currency_switch"])
    notes = [each for each in truth.facts if each.table == "borrowings"]
    assert {each.unit for each in notes} == {unit_of("USD")}
    assert not [each for each in truth.facts if each.unit == unit_of("USD") and each.table != "borrowings"]
    assert "repayment" in {each.name for each in check_sums(truth.facts)}
    assert "borrowings_agree" not in {each.name for each in check_sums(truth.facts)}


def test_half_a_year_and_the_year_stand_in_one_column():
    for seed in range(8):
        truth = make_truth(seed, errors=["two_periods"])
        found = [each for each in truth.facts if each.table == "two_periods"]
        assert {each.period.months for each in found} == {6, 12}
        half, whole = (
            next(each for each in found if each.line == "revenue" and each.period.months == n) for n in (6, 12)
        )
        assert half.period.end < whole.period.end
        assert 0 < Decimal(half.value) < Decimal(whole.value)
        assert half.column_label == whole.column_label


# --- the truth ---


def test_the_same_seed_gives_the_same_truth():
    assert make_truth(11, errors=ERRORS[:6]) == make_truth(11, errors=reversed(ERRORS[:6]))
    assert make_truth(11).facts != make_truth(12).facts


def test_the_truth_can_be_written_and_read():
    truth = make_truth(2, language="both", errors=["sign", "image_page"])
    assert read_record(json.loads(truth_json(truth)), Truth, where="truth") == truth


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_every_fact_says_what_it_prints(seed):
    truth = make_truth(seed)
    for fact in truth.facts:
        shown = read_reported(fact.printed)
        assert shown is not None
        exponent = 0 if shown.percent else fact.scale
        assert shown.value.scaleb(exponent) == Decimal(fact.value)
        assert shown.nil == fact.nil
        assert abs(Decimal(fact.role_value)) == abs(Decimal(fact.value))
        assert fact.prose or fact.row_label


def test_concepts_are_roles_of_the_catalogue_or_names_of_the_labels():
    known = {*catalogue().roles, *labels().concepts}
    used = {each.concept for each in make_truth(1, errors=["two_periods"]).facts} - {None}
    assert used <= known
    assert len(used & set(catalogue().roles)) > 20


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_roles_feed_the_definitions(seed):
    truth = make_truth(seed)
    revenue, cost, gross = (
        Decimal(fact_of(truth, "income", line).role_value) for line in ("revenue", "cost_of_sales", "gross_profit")
    )
    assert cost > 0
    assert gross == revenue - cost
    before, tax, after = (
        Decimal(fact_of(truth, "income", line).role_value) for line in ("profit_before_tax", "tax", "profit")
    )
    assert after == before - tax
    assert Decimal(fact_of(truth, "taxation", "tax_total").role_value) == tax
    assert Decimal(fact_of(truth, "cash_flow", "capital_expenditure").role_value) > 0


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_claims_are_supported_where_the_table_says_the_same(seed):
    truth = make_truth(seed)
    assert {each.verdict for each in truth.claims} == {"supported", "contradicted", "unsupported", "vague"}
    rows = {(each.page, each.row_label) for each in truth.facts if each.table == "emissions"}
    for claim in truth.claims:
        has_row = claim.verdict in {"supported", "contradicted"}
        assert ((claim.evidence_page, claim.evidence_row) in rows) == has_row
    shown = {each.printed for each in truth.facts if each.table == "emissions" and each.period.year == truth.year}
    for fact in truth.facts:
        if fact.prose and fact.line in {"scopes", "scope_1", "energy"}:
            assert fact.printed in shown
        if fact.prose and fact.line == "scope_2_wrong":
            right = Decimal(fact_of(truth, "emissions", "scope_2").value)
            assert Decimal(fact.value) < right * Decimal("0.9")


def test_no_issuer_bears_a_real_name():
    if not LISTED.exists():
        pytest.skip("the list of Hong Kong issuers of ../shared/data is not here")
    with LISTED.open(encoding="utf-8", newline="") as file:
        real = " ".join(row["name"] for row in csv.DictReader(file)).casefold()
    assert "hutchison" in real
    taken = [first for first, _ in issuer_names().first if first.casefold() in real]
    assert taken == []


@pytest.mark.parametrize(
    ("seed", "said"),
    [(-1, {}), (True, {}), (SEED_MAX + 1, {}), (1, {"year": 2017}), (1, {"language": "fr"}), (1, {"errors": ["typo"]}),
     (1, {"errors": ["restated", "unmarked_change"]})],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(seed, said):
    with pytest.raises(FieldError):
        make_truth(seed, **said)


# --- the file ---


def test_without_typst_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingExtraError, match="reports"):
        make_report(1)


@cache
def made(seed, language, *errors):
    pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
    pdfium = pytest.importorskip("pypdfium2", reason="the research extra (pypdfium2) is not installed")
    from dualtrack.evidence.reporting.typst import CHINESE_FONTS

    fonts = sys.modules["typst"].Fonts().families()
    if language != "en" and not set(CHINESE_FONTS) & set(fonts):
        pytest.skip("no font with Traditional Chinese is installed")
    report = make_report(seed, language=language, errors=errors)
    file = pdfium.PdfDocument(report.pdf)
    texts = [page.get_textpage().get_text_range() for page in file]
    file.close()
    return report, texts


HARD = (
    "missing_page",
    "hidden_instruction",
    "image_page",
    "mixed_scales",
    "restated",
    "two_periods",
    "currency_switch",
)


@pytest.mark.parametrize(
    ("seed", "language", "errors"), [(7, "en", ()), (8, "both", HARD), (9, "zh-Hant", ("prose_scale",))]
)
def test_every_number_stands_on_its_page(seed, language, errors):
    report, texts = made(seed, language, *errors)
    assert len(texts) == max(leaf.number for leaf in report.truth.pages)
    assert 12 <= len(texts) <= 30
    missing = [fact for fact in report.truth.facts if not fact.image and fact.printed not in texts[fact.page - 1]]
    assert missing == []


def test_a_picture_has_no_text_and_white_text_is_there():
    report, texts = made(8, "both", *HARD)
    found = {each.kind: each for each in report.truth.planted}
    assert texts[found["image_page"].page - 1].strip() == ""
    flat = " ".join(texts[found["hidden_instruction"].page - 1].split())
    assert HIDDEN.en in flat
    assert HIDDEN.zh[:10] in flat
    out = next(leaf for leaf in report.truth.pages if leaf.number == 0)
    assert out.title.en in texts[1]
    assert not any(out.title.en in text for text in texts[2:])
    assert "(restated)" in " ".join(texts)


def test_the_same_seed_gives_the_same_file():
    report, _ = made(7, "en")
    assert make_report(7).pdf == report.pdf


def test_a_pair_is_two_years_of_one_issuer():
    pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
    pair = make_pair(13, errors=["unmarked_change"])
    assert pair.last.truth.issuer == pair.this.truth.issuer
    assert (pair.last.truth.year, pair.this.truth.year) == (2024, 2025)
    assert pair.last.truth.planted == ()
    assert changed_comparatives(pair.this.truth, pair.last.truth)
