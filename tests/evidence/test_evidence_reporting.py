"""The assurance report: what is in it comes from the ledger whole, nothing weak is ever green, and what was not tested is said."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.domain import canonical
from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError, MissingExtraError, NotFoundError
from dualtrack.evidence.measurement import Measurement
from dualtrack.evidence.plans.judging import judge
from dualtrack.evidence.plans.records import Gate
from dualtrack.evidence.registry import measures
from dualtrack.evidence.reporting.content import assurance_report
from dualtrack.evidence.reporting.curves import curves_of
from dualtrack.evidence.reporting.drawing import Axes, ForestRow, Line, curve_plot, forest_plot
from dualtrack.evidence.reporting.html import report_html
from dualtrack.evidence.reporting.plain import report_json
from dualtrack.evidence.reporting.plots import ROWS_DRAWN_MAX
from dualtrack.evidence.reporting.records import AssuranceReport
from dualtrack.evidence.reporting.typst import can_print, report_pdf
from dualtrack.evidence.reporting.view import report_view
from dualtrack.evidence.reporting.words import STANDING_SIGNS, STANDING_TONES, STANDING_WORDS, Words
from dualtrack.keys import dsse
from evidence.reported import FIRST, PLAN, ROWS, measure, table
from permit.firm import USE
from runtime.service_desk import ServiceDesk
from web.page_language import english_in

LANGUAGES = ("en", "zh-Hant")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """One release with results of every standing, and an exploratory result beside them."""
    made = ServiceDesk(tmp_path_factory.mktemp("reported"))
    measure(made.register, made.release_digest)
    measure(made.register, made.release_digest, only=["order"], exploratory=True, register_plan=False)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def report(desk):
    return assurance_report(desk.register, USE)


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Two releases, the first measured twice."""
    made = ServiceDesk(tmp_path_factory.mktemp("again"))
    for _ in range(2):
        measure(made.register, made.release_digest, only=["order"], register_plan=made.register.repository.size() < 20)
    yield made
    made.store.close()


def item(report, name):
    return next(each for each in report.items if each.result.item.id == name)


# --- what is in it ---


def test_each_planned_item_stands_as_it_was_judged(report):
    standings = {each.result.item.id: each.result.standing for each in report.items}
    assert standings == {
        "order": "met",
        "strict": "missed",
        "calibration": "missed",
        "groups": "underpowered",
        "lift": "reported",
        "moved": "not measurable",
    }
    assert [each.result.item.id for each in report.items] == FIRST


def test_head_and_digests_are_those_of_the_ledger(desk, report):
    def payload(index):
        return dsse.parse(desk.register.repository.entry(index).content).payload

    assert report.plan.digest == hashlib.sha256(payload(report.plan.entry)).hexdigest()
    assert report.plan.signed_by == ["collector"]
    assert (report.release, report.entries) == (desk.release_digest, desk.register.repository.size())
    for each in report.items:
        assert each.digest == hashlib.sha256(payload(each.entry)).hexdigest()
        assert each.signed_by == ["collector"]


def test_json_is_the_whole_record(report):
    plain = canonical.decode(report_json(report).rstrip(b"\n"))
    assert read_record(plain, AssuranceReport, where="report") == report
    statistics = plain["items"][0]["result"]["measurements"][0]["statistics"]
    assert sum(statistics["positives"]) + sum(statistics["negatives"]) == ROWS


def test_a_use_or_release_that_is_not_known_is_an_error(desk):
    with pytest.raises(NotFoundError, match="not declared"):
        assurance_report(desk.register, "test-bank/nothing")
    with pytest.raises(NotFoundError, match="no release"):
        assurance_report(desk.register, USE, "ab" * 32)


def test_earlier_runs_and_releases_are_never_hidden(again):
    report = assurance_report(again.register, USE)
    assert [each.result.item.id for each in report.items] == ["order"]
    assert len(report.history) == 1
    assert report.history[0].entry < report.items[0].entry
    first = again.release_digest
    again.release("another")
    later = assurance_report(again.register, USE)
    assert later.items == []
    assert {each.release for each in later.history} == {first}
    assert len(later.history) == 2
    assert {each.lack for each in later.not_tested.items} == {"no result"}
    assert assurance_report(again.register, USE, first).items == report.items


# --- what was not tested ---


def test_what_was_not_tested_is_listed(report):
    found = report.not_tested
    planned = {each["measure"] for each in PLAN["items"]}
    assert not {each.name for each in found.measures} & planned
    assert "security" in found.families
    assert "performance" not in found.families
    assert {each.name for each in found.attributes} >= {"race", "disability"}
    assert "sex" not in {each.name for each in found.attributes}
    assert {each.label for each in found.groups} == {"area=(pooled)"}, "an area of nine people is not named"
    lacks = {each.item: each.lack for each in found.items}
    assert lacks == {"groups": "underpowered", "moved": "not measurable", "later": "no result"}
    reference = next(each for each in found.items if each.item == "moved")
    assert "reference" in reference.reason


def test_protected_attributes_stand_in_chinese(report):
    (block,) = [each for each in report_view(report, "zh-Hant").blocks if "受保護特徵" in each.title]
    assert [cell.text for cell in block.table.rows[-1]] == ["種族", "第602章"]
    (block,) = [each for each in report_view(report, "en").blocks if "attributes" in each.title]
    assert [cell.text for cell in block.table.rows[-1]] == ["race", "Cap. 602"]


def test_topics_without_evidence_name_their_rules(report):
    for each in report.not_tested.topics:
        assert each.rules == sorted(each.rules)
        assert each.rules


# --- what it says ---


def test_only_what_was_met_is_green_and_every_standing_has_its_own_sign():
    assert [each for each, tone in STANDING_TONES.items() if tone == "good"] == ["met"]
    assert set(STANDING_SIGNS) == set(STANDING_WORDS) == set(STANDING_TONES)
    assert len(set(STANDING_SIGNS.values())) == len(STANDING_SIGNS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_exploratory_is_green_or_counts(report, language):
    view = report_view(report, language)
    (section,) = view.exploratory
    assert report.exploratory[0].result.standing == "met"
    assert section.tone == "note"
    assert section.mark
    assert all(row[-1].text != f"{section.entry:,}" for row in view.verdict.rows)


def test_an_item_without_result_stands_in_the_verdict(report):
    rows = report_view(report, "en").verdict.rows
    (row,) = [row for row in rows if row[0].sub == "later"]
    assert row[5].text == "no result"
    assert row[5].tone == "medium"
    assert report_view(report, "en").counts.endswith("1 have no result.")


def test_underpowered_numbers_are_said_beside_a_gate(report):
    rows = {row[0].sub: row for row in report_view(report, "en").verdict.rows}
    assert rows["groups"][5].tone == "medium"
    assert "the plan asks for 1201; about 1,201 rows would settle it" in rows["groups"][5].sub
    assert "numbers are underpowered" in rows["groups"][5].sub
    assert rows["strict"][5].sub == "the whole interval lies below 0.99"


NEAR = [(0.5, 0.4, 0.6), (0.5, 0.51, 0.6), (0.2, 0.1, 0.3), (0.9, 0.8, 1.0), (None, None, None)]
GATES = [Gate(topic="a", target=0.45), Gate(topic="a", limit=0.45), Gate(topic="a", target=0.55), Gate(topic="a", limit=0.55),
         Gate(topic="benefit")]  # fmt: skip


@pytest.mark.parametrize("gate", GATES, ids=[f"{gate.topic}-{gate.target}-{gate.limit}" for gate in GATES])
@pytest.mark.parametrize("facts", [{}, {"declared_effect": 0.7}, {"margin": 0.1}, {"declared_effect": 0.55}])
def test_every_reason_of_a_judgement_is_said_in_chinese(report, gate, facts):
    like = item(report, "order").result.measurements[0]
    for values in NEAR:
        fields = dict(zip(("estimate", "low", "high"), values, strict=True))
        if values[0] is not None:
            fields["low"] = min(fields["low"], fields["estimate"])
        outcome = "underpowered" if values[0] is None else "measured"
        kept = {name: getattr(like, name) for name in ("measure", "unit", "n", "method", "data_digest", "statistics")}
        measured = Measurement(**kept, **fields, outcome=outcome, facts=facts)
        for rows in (1, ROWS + 1):
            reason = judge(measured, gate, rows_min=rows).reason
            assert reason is None or re.search("[\u4e00-\u9fff]", Words("zh-Hant").reason(reason))


def test_an_unknown_reason_is_quoted_as_it_was_recorded():
    assert Words("zh-Hant").reason("KeyError: nobody knows") == "KeyError: nobody knows"


def test_every_unit_of_every_measure_has_chinese_words():
    words = Words("zh-Hant")
    bare = {each.unit for each in measures().values() if words.unit(each.unit) == f"「{each.unit}」"}
    assert bare == set()
    assert words.unit("cups of tea") == "「cups of tea」", "a unit that somebody declared stands as it was declared"


# --- plots ---


def plots(report, name, language="en"):
    entry = item(report, name).entry
    return next(each for each in report_view(report, language).sections if each.entry == entry).plots


def test_roc_is_that_of_the_rows(report):
    (roc,) = [each for each in plots(report, "order") if each.title.startswith("ROC")]
    rows = table()
    order = np.argsort(-rows["points"], kind="stable")
    truth = rows["defaulted"][order]
    up, across = np.cumsum(truth) / truth.sum(), np.cumsum(1 - truth) / (1 - truth).sum()
    for share, shown in roc.rows:
        assert float(shown) == pytest.approx(np.interp(float(share), across, up), abs=0.01)


def test_reliability_shows_observed_rates_of_equal_groups(report):
    (plot,) = [each for each in plots(report, "calibration") if each.title.startswith("Reliability")]
    assert sum(int(row[3].replace(",", "")) for row in plot.rows) == ROWS
    rows = table()
    first = np.argsort(rows["points"])[: int(plot.rows[0][3])]
    assert float(plot.rows[0][0]) == pytest.approx(rows["points"][first].mean(), abs=0.01)
    assert float(plot.rows[0][1]) == pytest.approx(rows["defaulted"][first].mean(), abs=0.02)


def test_weak_groups_are_drawn_hollow_and_said_in_the_table(report):
    (areas,) = [each for each in plots(report, "groups") if each.title == "Parts of selection_rate-gap, area"]
    assert [row[-1] for row in areas.rows if row[0] == "area=(pooled)"] == ["underpowered"]
    assert 'stroke-dasharray="4 3"' in areas.picture or "no estimate" in areas.picture


def test_every_item_with_a_number_has_a_plot_with_words_and_a_table(report):
    for section in report_view(report, "zh-Hant").sections:
        measured = next(each for each in report.items if each.entry == section.entry).result.measurements
        assert bool(section.plots) == bool(measured)
        for plot in section.plots:
            assert plot.rows
            assert all(len(row) == len(plot.head) for row in plot.rows)
            assert "<desc id=" in plot.picture
            assert 'role="img" aria-labelledby=' in plot.picture


def test_rows_of_a_forest_are_told_apart_by_their_levels():
    names = [f"sex={sex} & marital_status={status}" for sex in ("female", "male") for status in ("married", "single")]
    drawn = forest_plot("k", "t", "d", [ForestRow(name, "1", None, weak=True) for name in names])
    shown = re.findall(r'text-anchor="end"[^>]*>([^<]+)</text>', drawn)
    assert {"female &amp; married", "female &amp; single", "male &amp; married", "male &amp; single"} <= set(shown)
    short = forest_plot("k", "t", "d", [ForestRow("sex=female", "1", None, weak=True)])
    assert ">sex=female<" in short


def test_an_interval_is_never_broken_behind_its_dash(report):
    for section in report_view(report, "en").sections:
        for row in section.numbers.rows:
            assert row[2].text == "–" or re.fullmatch(r"\S+\u00a0–\u2060\u00a0\S+", row[2].text)


def test_draws_are_said_of_the_number_that_was_drawn_for(report):
    drawn = {section.name.partition(" ")[0]: next(fact.value for fact in section.facts if fact.term == "Draws")
             for section in report_view(report, "en").sections}  # fmt: skip
    assert re.fullmatch(r"none for auc, whose interval is a formula; others: [\d,]+, seed \d+ .*", drawn["order"])
    assert re.match(r"[\d,]+, seed \d+", drawn["groups"])


def test_of_one_class_there_is_no_curve(report):
    whole = item(report, "order")
    first = whole.result.measurements[0]
    statistics = first.statistics | {"positives": [0] * len(first.statistics["positives"])}
    one = replace(whole, result=replace(whole.result, measurements=[replace(first, statistics=statistics)]))
    titles = [plot.title for plot in curves_of(one, Words("en"))]
    assert titles == ["How scores lie, by outcome"]


finite = st.floats(-1e6, 1e6)


@settings(max_examples=25)
@given(st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=ROWS_DRAWN_MAX), st.booleans())
def test_a_forest_stays_inside_its_picture(rows, weak):
    drawn = forest_plot("k", "t", "d", [ForestRow("長" * 40, "1", tuple(sorted(each)), weak) for each in rows])
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', drawn).groups())
    for name, value in re.findall(r' ([xy][12]?)="(-?[\d.]+)"', drawn):
        assert 0 <= float(value) <= (width if name[0] == "x" else height)
    assert "nan" not in drawn.lower()


def test_what_is_not_finite_is_not_drawn():
    with pytest.raises(FieldError, match="not finite"):
        forest_plot("k", "t", "d", [ForestRow("a", "1", (0.0, float("nan"), 1.0), weak=False)])
    with pytest.raises(FieldError, match="without reach"):
        curve_plot("k", "t", "d", Axes("a", "b", (0.0, 0.0), (0.0, 1.0)), [Line("a", ((0.0, 0.0),))])


# --- forms ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_alone_and_the_same_each_time(desk, report, language):
    page = report_html(report, language)
    assert page == report_html(assurance_report(desk.register, USE), language)
    assert not re.search(r"<script|<link|src=|https?://(?!www\.w3\.org/2000/svg)", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    levels = [int(level) for level in re.findall(r"<h(\d)", page)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.count("<svg") == page.count("<title id=") == page.count("<desc id=")


def test_the_chinese_page_is_chinese(report):
    assert english_in(report_html(report, "zh-Hant")) == []


def test_a_use_without_a_plan_says_so(tmp_path):
    bare = ServiceDesk(tmp_path)
    report = assurance_report(bare.register, USE)
    bare.store.close()
    assert "nothing here can count" in report_view(report, "en").counts
    assert json.loads(report_json(report))["plan"] is None
    assert "<h1>" in report_html(report, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_has_title_language_and_the_same_bytes(report, language):
    typst = pytest.importorskip("typst", reason="the part `reports` is not installed")
    if not any("CJK" in name for name in typst.Fonts().families()):
        pytest.skip("no font with Chinese")
    made = report_pdf(report, language)
    assert made[:5] == b"%PDF-"
    assert language == "en" or made == report_pdf(report, language)
    said = made + b"".join(_inflated(each) for each in re.findall(rb"stream\r?\n(.*?)endstream", made, re.DOTALL))
    assert (b"en-GB" if language == "en" else b"zh-HK") in said
    assert b"pdfuaid:part>1<" in said


def _inflated(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_without_a_chinese_font_or_typst_the_pdf_is_refused_in_words(report, monkeypatch):
    typst = pytest.importorskip("typst", reason="the part `reports` is not installed")
    bare = typst.Fonts(include_system_fonts=False)
    monkeypatch.setattr(typst, "Fonts", lambda: bare)
    with pytest.raises(NotFoundError, match="fonts-noto-cjk"):
        report_pdf(report, "zh-Hant")
    monkeypatch.setitem(sys.modules, "typst", None)
    assert not can_print()
    with pytest.raises(MissingExtraError, match="reports"):
        report_pdf(report, "en")
