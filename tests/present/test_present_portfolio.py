"""The portfolio: every use in its place, in words, with what binds those that are only declared."""

import functools
from collections import Counter

import present_cases as cases
from page_scan import sound

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Effect
from dualtrack.present.portfolio import Listed, portfolio_page

STATEMENT = Text(en="The data are from elsewhere.", zh="資料來自別處。")
NAMES = ["refused", "permitted", "nothing_measured"]


@functools.cache
def listed():
    found = [Listed(cases.explained(getattr(cases, name)())[0], f"{name}.html") for name in NAMES]
    return (*found, Listed(cases.explained(cases.dealer(), None)[0], "dealer.html"))


@functools.cache
def page():
    return sound(portfolio_page(listed(), statement=STATEMENT))


def test_the_statement_about_the_data_is_the_first_line():
    assert page().words.removeprefix("Dualtrack portfolio Dualtrack 用途總覽 ").startswith(STATEMENT.en)
    assert STATEMENT.zh in page().words
    assert STATEMENT.en not in portfolio_page(listed())


def test_every_use_links_to_its_dossier_and_says_both_tracks():
    pages = [f"{name}.html" for name in NAMES]
    links = [named["href"] for tag, named in page().tags if tag == "a" and not named["href"].startswith("#")]
    assert set(pages) <= {link.partition("#")[0] for link in links}
    assert page().outside(pages=[*pages, "dealer.html"]) == []
    for item in listed()[:3]:
        safety = item.explanation.assessment.counts["safety"]
        assert f"{safety.met + safety.waived}/{safety.applicable}" in page().words


def test_areas_are_rows_and_sectors_columns_with_headers():
    rows = [named for tag, named in page().tags if tag == "th" and named["scope"] == "row"]
    assert len(rows) == 6
    assert "Banking" in page().words
    assert "Virtual assets 虛擬資產" not in page().words  # nobody declared a use there


def test_measured_benefits_have_their_interval_in_text_and_drawing():
    assert "0.0120 (−0.0040 – 0.0280), n = 10,714" in page().words.replace(" ( ", " (")
    charts = [named for tag, named in page().tags if tag == "svg"]
    assert len(charts) == 2
    assert "The interval holds zero: no benefit is shown." in page().words


def test_what_is_only_declared_says_which_paragraphs_would_bind():
    start = page().words.index("Declared, nothing measured: what would bind")
    bound = page().words[start:]
    rules = listed()[2].explanation.assessment.rules
    refusing = Counter(line.pack for line in rules if line.effect in {Effect.REFUSES, Effect.REFUSES_LIVE})
    assert sum(refusing.values()) > 20
    for count in refusing.values():
        assert f"{count} refusing" in bound
    assert "9(a)" in bound
    assert bound.index("9(a)") < bound.index("18(b)")
    assert "secondary source: text not seen" in bound


def test_due_dates_are_listed_soonest_first_with_the_end_of_the_permit():
    start, end = (page().words.index(name) for name in ("What falls due 到期事項", "Declared, nothing measured: what"))
    dues = page().words[start:end]
    assert "The permit ends" in dues
    assert dues.index("22 January 2027") < dues.index("21 February 2027")


def test_a_dealer_has_requirements_evidenced_and_no_licence():
    assert "0 / 28" in page().words
    assert "never a licence" in page().words
    assert "superseded 已被取代" in page().words
    assert "simulated: shown, not counted" in page().words


def test_no_use_at_all_is_a_page_too():
    empty = sound(portfolio_page([]))
    assert "none declared" in empty.words
    assert "No benefit has been measured." in empty.words


def test_counts_are_named_as_rules_and_what_was_not_verified_stands_under_the_matrix():
    assert "benefit rules 效益規則" in page().words
    assert "safety rules 安全規則" in page().words
    assert "No AI instrument of the Insurance Authority or the MPFA was verified" in page().words
    assert "declared beforehand" not in page().words
    assert "事先申報" not in page().words
