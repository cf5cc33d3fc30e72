"""Claims about the environment in a report: what is found, what bears it out, what contradicts it, and what is only pointed at."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.apps.research.calculate import replays
from dualtrack.apps.research.documents.facts import Fact
from dualtrack.apps.research.documents.model import About, Box, Cell, Column, Document, Line, Page, Table, parse_address
from dualtrack.apps.research.documents.periods import Period
from dualtrack.apps.research.green.cells import measures_of
from dualtrack.apps.research.green.check import check_report, report_year, share_of
from dualtrack.apps.research.green.claims import is_statement, years_of
from dualtrack.apps.research.green.compute import shown
from dualtrack.apps.research.green.reading import amounts, metric_in, scopes_in, standards_in, unit_in
from dualtrack.apps.research.green.reasons import reason, reason_texts
from dualtrack.apps.research.green.sentences import clauses, page_sentences
from dualtrack.apps.research.green.taxonomy import map_claim, taxonomy
from dualtrack.apps.research.green.words import green_words, is_chinese, pattern_of, plain
from dualtrack.apps.research.units import unit_of
from dualtrack.domain.records import Text
from dualtrack.errors import NotFoundError

ROWS = (
    ("Greenhouse gas emissions",),
    ("Scope 1", "tCO2e", "1,000", "1,200"),
    ("Scope 2 (location-based)", "tCO2e", "10,440", "11,800"),
    ("Total (Scope 1 and 2)", "tCO2e", "11,440", "13,000"),
    ("Emission intensity", "tCO2e per HK$ million", "8.7", "9.9"),
    ("Renewable electricity", "MWh", "3,500", "2,000"),
    ("Total electricity consumption", "MWh", "10,000", "10,500"),
    ("Water consumption", "m3", "48,000", "50,000"),
    ("Waste recycled", "tonnes", "60", "50"),
    ("Total waste", "tonnes", "200", "210"),
)
STATEMENT = (
    "Independent assurance statement",
    "We have performed a limited assurance engagement on the greenhouse gas data in accordance with ISAE 3000.",
)


def table(rows=ROWS, header=("Indicator", "Unit", "2025", "2024"), title="Environmental performance", page=2):
    columns = tuple(Column(at, text, "label" if at == 1 else "value") for at, text in enumerate(header, 1))
    cells = tuple(
        tuple(Cell(row, at, text) for at, text in enumerate(each, 1) if text) for row, each in enumerate(rows, 1)
    )
    return Table(page=page, number=1, title=title, columns=columns, rows=cells)


ENVIRONMENT = table()


def page(number, *lines, tables=()):
    return Page(number=number, width=595, height=842, lines=tuple(map(Line, lines)), tables=tuple(tables))


def report(*pages, period="2025", unread=()):
    about = About(name="r.pdf", licence="made for tests", period=period)
    return Document(about=about, sha256="0" * 64, kind="pdf", language="both", pages=pages, unread=unread)


def checked(*lines, tables=(ENVIRONMENT,), more=()):
    return check_report(report(page(1, *lines), page(2, tables=tables), *more))


def only(*lines, **more):
    found = checked(*lines, **more)
    assert len(found.claims) == 1, [each.text for each in found.claims]
    return found.claims[0], found.verdicts[0]


@pytest.mark.parametrize(
    ("text", "kind", "outcome"),
    [
        ("Our Scope 1 and 2 emissions fell by 12% in 2025 compared with 2024.", "quantified", "supported"),
        ("Scope 1 emissions fell by 25% in the year.", "quantified", "contradicted"),
        ("Scope 3 emissions fell by 25% in the year.", "quantified", "unsupported"),
        ("Scope 1 emissions fell by 25% from 2019.", "quantified", "unsupported"),
        ("Water consumption rose by 4%.", "quantified", "contradicted"),
        ("Water use fell by more than 3.5%.", "quantified", "supported"),
        ("Water use fell by more than 5%.", "quantified", "contradicted"),
        ("Water use fell by about 4.5%.", "quantified", "contradicted"),
        ("Water use fell by about 4.1%.", "quantified", "supported"),
        ("Total water consumption was 48,000 m3.", "quantified", "supported"),
        ("Total water consumption was 48,001 m3.", "quantified", "contradicted"),
        ("Water use fell by 2,000 m3 to 48,000 m3.", "quantified", "supported"),
        ("Water use fell by 3,000 m3 to 48,000 m3.", "quantified", "contradicted"),
        ("Water use fell by 4% to 47,000 m3.", "quantified", "contradicted"),
        ("Our solar panels produced 800 MWh of electricity.", "quantified", "unsupported"),
        ("GHG emissions per HK$ million of revenue fell from 9.9 to 8.7 tCO2e.", "quantified", "supported"),
        ("More than a third of our electricity, 35%, is now renewable.", "quantified", "supported"),
        ("Half of our waste is recycled.", "quantified", "contradicted"),
        ("我們三成廢物得到回收。", "quantified", "supported"),
        ("Water consumption of our hotels was 31,000 m3.", "quantified", "unsupported"),
        ("Water consumption of our hotels fell by 4%.", "quantified", "partly"),
        ("Renewable sources made up 35% of our electricity.", "quantified", "supported"),
        ("We recycled 30% of our waste.", "quantified", "supported"),
        ("Greenhouse gas emissions reached 11.4 thousand tonnes of CO2 equivalent.", "quantified", "supported"),
        ("We aim to reach net zero by 2050.", "target", "unsupported"),
        ("By 2030 we will cut our Scope 1 and 2 emissions by 50% against a 2024 baseline.", "target", "partly"),
        ("Our emissions are lower than the industry average.", "comparison", "unsupported"),
        ("Our water use was lower than last year.", "comparison", "supported"),
        ("Our water use was higher than last year.", "comparison", "contradicted"),
        ("Our packaging is eco-friendly.", "vague", "unsupported"),
        ("Our greenhouse gas data have been independently verified.", "certified", "unsupported"),
        ("We have an environmental management system in place.", "process", "not checkable"),
        ("本集團範圍一及二的溫室氣體排放較二零二四年減少12%。", "quantified", "supported"),
        ("本集团范围一及二的温室气体排放较2024年减少15%。", "quantified", "contradicted"),
        ("用水量減少百分之四。", "quantified", "supported"),
        ("可再生能源佔用電量的40%。", "quantified", "contradicted"),
        ("用水量為四萬立方米，其中一半為海水。", None, None),
        ("我們承諾於2050年前達至碳中和。", "target", "unsupported"),
        ("我們以2024年為基準年，目標於2030年將範圍一及二排放減少50%。", "target", "partly"),
        ("我們的產品十分環保。", "vague", "unsupported"),
        ("本集團的溫室氣體排放數據已獲獨立核證。", "certified", "unsupported"),
        ("本集團已設立環境管理系統。", "process", "not checkable"),
    ],
)
def test_a_claim_is_found_and_judged_by_the_reports_own_figures(text, kind, outcome):
    if kind is None:
        assert not checked(text).claims
        return
    claim, verdict = only(text)
    assert (claim.kind, verdict.outcome) == (kind, outcome)
    assert claim.text in text
    assert claim.language == ("zh" if is_chinese(text) else "en")
    assert verdict.reasons
    assert all(each.en and each.zh for each in verdict.reasons)


@pytest.mark.parametrize(
    "text",
    [
        "The Government aims to reach carbon neutrality before 2050.",
        "Climate change may reduce demand for our energy products by 10%.",
        "Scope 1 means direct greenhouse gas emissions.",
        "Revenue rose by 12% to HK$1,310 million.",
        "Electricity costs rose by 12% to HK$310 million.",
        "Interest income on green bonds held was HK$12 million.",
        "We do not claim that our products are eco-friendly.",
        "Sustainable growth of earnings is our aim.",
        "香港政府的目標是於2050年前實現碳中和。",
        "收入增加12%。",
        "氣候變化可能令能源需求減少10%。",
        "本集團繼續按持續經營基準編製報表。",
    ],
)
def test_what_others_aim_at_what_may_be_and_what_is_no_matter_of_the_environment_is_no_claim(text):
    assert not checked(text).claims


def test_a_recomputed_claim_has_its_cells_and_a_calculation_that_replays():
    document = report(page(1, "Scope 1 and 2 emissions fell by 12%."), page(2, tables=(table(),)))
    (verdict,) = check_report(document).verdicts
    assert [each.text for each in verdict.evidence] == ["11,440", "13,000"]
    assert [document.cell(parse_address(each.address)).text for each in verdict.evidence] == ["11,440", "13,000"]
    assert verdict.trace is not None
    assert replays(verdict.trace)
    assert Decimal(verdict.trace.value) == Decimal("-0.12")
    assert "2024" in verdict.reasons[-1].en  # the base year that the sentence left out


def test_a_row_in_both_languages_is_compared_in_the_claims_own():
    both = table((("Waste sent to landfill 送往堆填區的廢物", "tonnes", "200", "210"),))
    for text in ("Waste sent to landfill fell by 4.8%.", "送往堆填區的廢物減少4.8%。"):
        assert only(text, tables=(both,))[1].outcome == "supported"
    assert only("Waste fell by 4.8%.", tables=(both,))[1].outcome == "partly"


def test_scopes_without_a_total_row_are_added_up():
    claim, verdict = only("Scope 1 and 2 emissions fell by 12%.", tables=(table(ROWS[:3]),))
    assert verdict.outcome == "supported"
    assert len(verdict.evidence) == 4
    assert claim.scopes == (1, 2)


def test_a_table_without_units_bears_out_changes_and_no_amounts():
    bare = table([(each[0], *each[2:]) for each in ROWS[1:]], header=("Indicator", "2025", "2024"), title="Data")
    assert only("Water use fell by 4%.", tables=(bare,))[1].outcome == "supported"
    assert only("Water use was 48,000 m3.", tables=(bare,))[1].outcome == "not checkable"


def test_another_sentence_bears_a_claim_out_and_its_translation_does_not():
    twice = checked("Water use fell by 7%.", "In 2025 our water use fell by 7% on 2024, thanks to new taps.", tables=())
    assert [each.outcome for each in twice.verdicts] == ["supported", "supported"]
    other = checked("Water use fell by 7%.", "In 2025 our water use fell by 9% on 2024, thanks to new taps.", tables=())
    assert [each.outcome for each in other.verdicts] == ["contradicted", "contradicted"]
    both = checked("Water use fell by 7%.", "用水量減少7%。", tables=())
    assert [each.outcome for each in both.verdicts] == ["unsupported", "unsupported"]
    levels = checked(
        "Water use fell by 7%.", "Water use was 93 m3 in 2025.", "In 2024 our water use was 100 m3.", tables=()
    )
    assert levels.verdicts[0].outcome == "supported"
    assert [each.page for each in levels.verdicts[0].evidence] == [1, 1]


def test_assurance_needs_the_assurers_statement_with_its_standard():
    said = "Our greenhouse gas data have been independently verified."
    assert only(said, more=(page(3, *STATEMENT),))[1].outcome == "supported"
    assert only(said, more=(page(3, STATEMENT[1].replace(" in accordance with ISAE 3000", "")),))[1].outcome == "partly"
    other = "Our emission data were verified to ISO 14064."
    assert only(other, more=(page(3, *STATEMENT),))[1].outcome == "partly"
    leed = "Our offices were awarded LEED certification."
    assert only(leed, more=(page(3, *STATEMENT),))[1].outcome == "unsupported"
    assert is_statement(STATEMENT[1])
    assert not is_statement(said)


def test_a_vague_word_with_a_definition_is_borne_out_in_part():
    found = checked("Our packaging is eco-friendly.", "Eco-friendly means made of at least 90 recycled fibres.")
    assert found.verdicts[0].outcome == "partly"
    assert found.verdicts[0].evidence[0].text.startswith("Eco-friendly means")


def test_a_fact_counts_where_its_cell_is_in_no_table():
    fact = Fact(
        document="r.pdf", address="r.pdf#p9/t1/r2c3", statement=None, concept=None, label="Green bonds issued", printed="2,000",
        value="2000000000", role_value="2000000000", unit=unit_of("HKD"), scale=6, period=Period(year=2025),
    )  # fmt: skip
    document = report(page(1, "We issued green bonds of HK$2 billion in 2025."))
    assert check_report(document).verdicts[0].outcome == "unsupported"
    (verdict,) = check_report(document, [fact]).verdicts
    assert (verdict.outcome, verdict.evidence[0].page) == ("supported", 9)


def test_a_report_without_claims_and_one_with_pages_unread_say_so():
    empty = check_report(report(page(1, "Revenue rose.")))
    assert (empty.claims, empty.unsupported.share, sum(empty.counts.values())) == ((), None, 0)
    assert "No claims" in empty.notes[0].en
    scanned = check_report(report(page(1), page(2), page(3), unread=tuple(range(1, 31))))
    assert scanned.unread[:2] == (1, 2)
    assert "30 pages" in scanned.notes[1].en
    assert "30頁" in scanned.notes[1].zh


def test_the_share_of_unsupported_claims_has_its_interval():
    found = checked("Our packaging is eco-friendly.", "Water use fell by 4%.").unsupported
    assert (found.count, found.n, found.share) == (1, 2, 0.5)
    assert found.low == pytest.approx(0.0945, abs=1e-4)  # Wilson (1927) for 1 of 2
    assert share_of(0, 0).low is None


def test_two_thousand_pages_are_checked_and_every_claim_is_found():
    pages = [
        page(at, f"Water use of plant {at + 3_000} fell by 4%.", "The weather was fine.") for at in range(1, 2_001)
    ]
    found = check_report(report(*pages, page(2_001, tables=(table(page=2_001),))))
    assert len(found.claims) == 2_000
    assert found.counts["partly"] == 2_000


def test_the_year_is_the_one_said_of_the_report_else_that_of_its_figures():
    document = report(page(1), page(2, tables=(table(),)), period="")
    assert report_year(document, measures_of(document)) == 2025
    assert report_year(replace(document, pages=()), measures_of(replace(document, pages=()))) is None
    bare = check_report(report(page(1, "Water use fell by 4%."), period=""))
    assert bare.verdicts[0].outcome == "not checkable"


@given(st.integers(20_000, 99_999), st.integers(10_000, 99_999), st.integers(-3, 3))
@settings(max_examples=40, deadline=None)
def test_a_change_is_supported_exactly_when_it_is_the_one_of_the_cells(old, new, off):
    rows = (("Water consumption", "m3", f"{new:,}", f"{old:,}"),)
    change = (Decimal(new) - old) / old * 100
    said = round(change) + off
    if said == 0 or abs(abs(change - round(change)) - Decimal("0.5")) < Decimal("0.1"):
        return
    verb = "fell" if said < 0 else "rose"
    _, verdict = only(f"Water use {verb} by {abs(said)}%.", tables=(table(rows),))
    assert verdict.outcome == ("supported" if off == 0 else "contradicted")


# --- reading ---


def test_numbers_units_scopes_and_years_are_read_as_written():
    (share,) = amounts(plain("百分之十二點五"))
    assert (share.value, share.step) == (Decimal("0.125"), Decimal("0.001"))
    (mass,) = amounts(plain("1.2 million tonnes of CO₂ equivalent"))
    assert (mass.value, mass.unit, mass.step) == (Decimal(1_200_000), "tco2e", Decimal(100_000))
    assert [each.unit for each in amounts(plain("ISO 14064, scope 2, 2025 and 5 GWh"))] == ["kwh"]
    assert [each.unit for each in amounts("120 trees in 2025", counts=True)] == ["number"]
    assert amounts("up by 3 percentage points")[0].points
    assert scopes_in(plain("Scopes 1 to 3")) == (1, 2, 3)
    assert scopes_in("範圍一及二") == scopes_in("scope 1 and scope 2") == (1, 2)
    assert unit_in("thousand tonnes co2e") == ("tco2e", 3)
    assert unit_in("indicator") is None
    assert metric_in("non-hazardous waste") == "waste"
    assert metric_in("hazardous waste") == "hazardous_waste"
    assert standards_in(plain("ISAE 3000 and GHG Protocol")) == ("ISAE 3000", "GHG Protocol")
    assert years_of("fell by 5% against a 2019 baseline", 2025) == (None, 2019, None)
    assert years_of("in 2025 compared with 2024", 2025) == (2025, 2024, None)
    assert years_of("by 2030 against 2020", 2025) == (None, 2020, 2030)
    assert shown(Decimal(11440), "tco2e") == "11,440 tCO2e"
    assert shown(Decimal(412_730_500), "kwh") == "412,730.5 MWh"
    assert shown(Decimal(-800), "kg") == "-800 kg"


def test_sentences_run_over_lines_and_leave_out_tables():
    box = Box(50, 300, 500, 400)
    lines = (
        Line("Environment", Box(50, 50, 120, 60)),
        Line("Our emissions in the year fell by a good deal, since the Group bought", Box(50, 70, 500, 80)),
        Line("less power. Water use fell too.", Box(50, 85, 300, 95)),
        Line("Water 48,000 50,000", Box(50, 350, 400, 360)),
        Line("我們的溫室氣體排放於年內大幅下降，原因是本集團購買的電力較少，並且採", Box(50, 500, 500, 510)),
        Line("用節能照明。", Box(50, 515, 120, 525)),
    )
    made = replace(table(), box=box)
    found = page_sentences(Page(number=1, width=595, height=842, lines=lines, tables=(made,)))
    assert [each.text for each in found] == [
        "Environment",
        "Our emissions in the year fell by a good deal, since the Group bought less power.",
        "Water use fell too.",
        "我們的溫室氣體排放於年內大幅下降，原因是本集團購買的電力較少，並且採用節能照明。",
    ]
    assert clauses("Water use fell by 4%, while energy use rose by 2%.", lambda _: True) == (
        "Water use fell by 4%",
        "energy use rose by 2%.",
    )


# --- words and taxonomy ---


def test_the_words_are_whole_and_the_standards_known():
    words = green_words()
    assert set(words.assurance_standards) <= set(words.standards)
    assert all(whole in words.metrics for each in words.metrics.values() for whole in each.whole)
    assert all(not each.same or each.same in words.units for each in words.units.values())
    assert pattern_of(["green bond*"]).search("green bonds")
    assert not pattern_of(["green"]).search("evergreen or greenery")
    assert not pattern_of([]).search("")


def test_reasons_are_in_both_languages_with_the_same_places():
    for name, text in reason_texts().items():
        places = [sorted(part.split("}")[0] for part in side.split("{")[1:]) for side in (text.en, text.zh)]
        assert places[0] == places[1], name
    assert reason("no_figure", metric=Text(en="water", zh="水"), year=2025).zh.startswith("報告沒有2025年的水")
    with pytest.raises(NotFoundError, match="no reason"):
        reason("nothing")


def test_the_taxonomy_is_dated_cited_of_secondary_grade_and_never_says_aligned():
    found = taxonomy()
    assert (found.grade, found.read_itself) == ("secondary", False)
    assert all(row.cites and set(row.cites) <= set(found.sources) for row in found.rows)
    (claim, _) = only("Our solar panels are eco-friendly.")
    (mapping,) = map_claim(claim)
    assert (mapping.activity, mapping.grade) == ("energy.power", "indicative")
    assert mapping.as_of == found.as_of
    assert "Indicative only" in mapping.why.en
    texts = [text for row in found.rows for text in (row.name.en, row.name.zh)]
    assert not any("align" in text.lower() for text in (*texts, *(each.en for each in reason_texts().values())))
