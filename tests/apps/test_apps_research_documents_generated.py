"""Made annual reports, whose every number is known: what share is read, what is read wrongly, which planted errors are seen."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import pytest
from test_apps_research_documents_made import about

from dualtrack.apps.research.documents.identities import check_identities
from dualtrack.apps.research.documents.model import parse_address
from dualtrack.apps.research.documents.pdf import read_pdf
from dualtrack.apps.research.documents.statements import document_facts
from dualtrack.errors import MissingExtraError, NotFoundError

make = pytest.importorskip("dualtrack.apps.research.generator.make", reason="the generator of reports is not here")


@cache
def made(seed, language, errors=()):
    """Return the truth of a made report and the facts read of its PDF; skips where it cannot be printed."""
    try:
        report = make.make_report(seed, language=language, errors=errors)
    except (MissingExtraError, NotFoundError) as error:
        pytest.skip(str(error))
    return report.truth, document_facts(read_pdf(report.pdf, about("made.pdf")))


def place(fact):
    return parse_address(fact.address).page, fact.period.year, fact.printed


def table_facts(truth):
    """Return the numbers of tables that a page's text has, without columns of changes, which are not read as facts."""
    return [each for each in truth.facts if not each.prose and not each.image and not each.line.endswith("_change")]


@pytest.mark.parametrize("language", ["en", "zh-Hant", "both"])
def test_numbers_of_statements_are_read_with_their_roles(language):
    truth, facts = made(11, language)
    read = defaultdict(list)
    for each in facts:
        read[place(each)].append((each.value, each.unit, each.concept, each.role_value))
    wanted = table_facts(truth)
    found = [
        each
        for each in wanted
        if any(one[:2] == (each.value, each.unit) for one in read[each.page, each.period.year, each.printed])
    ]
    roles = [each for each in wanted if each.concept and each.statement]
    right = [
        each
        for each in roles
        if any(one[2:] == (each.concept, each.role_value) for one in read[each.page, each.period.year, each.printed])
    ]
    assert len(wanted) > 200
    assert len(found) >= 0.9 * len(wanted)
    assert len(right) >= 0.98 * len(roles)


@pytest.mark.parametrize("language", ["en", "zh-Hant", "both"])
def test_what_is_said_to_be_a_role_is_that_role(language):
    truth, facts = made(11, language)
    known = {(each.page, each.period.year, each.concept, each.role_value) for each in truth.facts}
    said = [each for each in facts if each.concept]
    wrong = [
        each
        for each in said
        if (parse_address(each.address).page, each.period.year, each.concept, each.role_value) not in known
    ]
    assert len(said) > 100
    assert len(wrong) <= 0.01 * len(said)
    assert {each.outcome for each in check_identities(facts)} == {"holds"}


@pytest.mark.parametrize("error", ["total_off", "sign"])
def test_a_planted_error_of_a_statement_breaks_a_sum_that_it_stands_in(error):
    seen = 0
    for seed in (11, 13):
        truth, facts = made(seed, "en", (error,))
        (planted,) = truth.planted
        by_address = {each.address: each for each in facts}
        broken = [each for each in check_identities(facts) if each.outcome != "holds"]
        seen += any(
            by_address[one].printed == planted.printed and by_address[one].period.year == planted.year
            for each in broken
            for one in each.addresses
        )
    assert seen == 2


def test_restated_columns_mixed_scales_and_another_currency_are_read_as_they_are_headed():
    truth, facts = made(12, "en", ("restated", "mixed_scales", "currency_switch"))
    assert {each.printed for each in facts if each.restated} >= {
        each.printed for each in table_facts(truth) if each.restated and each.concept
    }
    values = {(*place(each), each.value, each.unit) for each in facts}
    stated = [each for each in table_facts(truth) if each.statement]
    right = [each for each in stated if (each.page, each.period.year, each.printed, each.value, each.unit) in values]
    assert len({each.scale for each in stated}) > 1
    assert len(right) >= 0.9 * len(stated)


def test_an_instruction_that_is_hidden_in_a_page_changes_no_fact():
    _, plain = made(12, "en")
    _, hidden = made(12, "en", ("hidden_instruction",))
    assert [(each.concept, each.value, each.period) for each in hidden] == [
        (each.concept, each.value, each.period) for each in plain
    ]
