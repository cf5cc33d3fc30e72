"""The page of prices: rows with intervals and a verdict in both languages, frontiers as pictures with their table, and what is missing."""

from __future__ import annotations

import pytest
from acting_world import ActingWorld, words
from page_language import english_in

from dualtrack.errors import ForbiddenError
from dualtrack.runtime.pricing.reading import Span
from dualtrack.runtime.pricing.report import Asked, price_use
from dualtrack.web.identity.permissions import VERBS_OF, Verb
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import price, use
from dualtrack.web.views.price import CHARTS_MAX, compared_lines, frontier_charts, nothing_priced
from dualtrack.web.views.wording import Say
from permit.firm import FIRM, USE
from runtime.pricing_log import log_decisions

PATTERN = "/uses/{institution}/{use}/price"
PATH = {"institution": FIRM, "use": USE.partition("/")[2]}
GUARDS = [
    {"guard": "injection", "stage": "input", "action": "block", "threshold": 500},
    {"guard": "opt_out", "stage": "input", "action": "route", "threshold": 500},
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = ActingWorld(tmp_path_factory.mktemp("price"), (*price.PAGES, *use.PAGES), guards=GUARDS)
    yield made
    made.close()


def test_without_decisions_it_says_so(world):
    english, chinese = world.both("GET", PATTERN, by="auditor", path=PATH)
    assert "No decision to compare" in english
    assert "沒有可比較的決定" in chinese


def test_a_price_has_both_tracks_with_intervals_and_a_verdict(world):
    log_decisions(
        world.desk, [{"injection/input": 900 if n < 12 else 100, "opt_out/input": 0, "review": "sample", "end": "approve" if n % 12 else "reject"}
                     for n in range(40)]
    )  # fmt: skip
    log_decisions(world.desk, [{"injection/input": 0}], mode="drill")
    english, chinese = world.both("GET", PATTERN, by="executive", roles=("approver",), path=PATH)
    said = words(english)
    assert "injection/input" in said
    assert "25 (" in said  # 1 of 40: the one harmful item that it stopped
    assert "withholds more than it averts" in said
    assert "cannot tell: it made no difference in 40 decisions" in said
    assert "Apart, drills: 1." in said
    assert "Human review has no price here" in said
    assert "所扣起的多於所避免的" in chinese
    assert "另計（演練）：1。" in chinese
    assert english_in(chinese) == []


def test_a_frontier_is_a_picture_with_the_same_numbers_as_a_table(world):
    report = price_use(world.desk.register, USE, Asked(span=Span(newest=100)))
    (chart,) = frontier_charts(report, Say("en"))
    assert chart.title == "injection/input: what each threshold trades"
    assert any("(now)" in row[0] for row in chart.rows)
    page = world.show("GET", PATTERN, by="auditor", path=PATH)
    assert page.count('<svg class="chart"') == 1 <= CHARTS_MAX
    assert 'role="img" aria-labelledby="frontier-0-title frontier-0-desc"' in page
    for row in chart.rows:
        assert all(cell.replace("\u2212", "−") in page for cell in row)
    assert "<script" not in page.partition("<main")[2].partition("</main")[0]


def test_whoever_sees_decisions_opens_it_and_nobody_else():
    (page,) = price.PAGES
    assert page.verb is Verb.SEE_DECISIONS
    readers = {role for role, verbs in VERBS_OF.items() if page.verb in verbs}
    assert {ConsoleRole.COMPLIANCE, ConsoleRole.VALIDATOR, ConsoleRole.APPROVER, ConsoleRole.AUDITOR} <= readers
    assert not {ConsoleRole.CALLER, ConsoleRole.COLLECTOR, ConsoleRole.CUSTOMER_LINK} & readers


def test_a_collector_is_refused(world):
    with pytest.raises(ForbiddenError):
        world.answer("GET", PATTERN, by="collector", path=PATH)


def test_what_has_no_price_is_named_with_its_reason(world):
    report = price_use(world.desk.register, USE, Asked(span=Span(newest=100)))
    without = report._replace(
        prices=(), refused={"human_review": "more than half by one reviewer", "opt_out/input": "no score"}
    )
    english = " ".join(compared_lines(without, Say("en")))
    assert "a figure needs 10 reviewers or more, none with over half of the reviews" in english
    assert "opt_out/input has no price here: no decision has a score of it." in english
    chinese = " ".join(map(str, compared_lines(without, Say("zh-Hant"))))
    assert english_in(f"<p>{chinese}</p>") == []
    assert nothing_priced(without, Say("en"))[0] == "No control to price"
    erased = without._replace(compared=report.compared._replace(erased=2, decisions=[]))
    assert "content was erased: 2." in " ".join(compared_lines(erased, Say("en")))
    assert nothing_priced(erased, Say("en"))[0] == "No decision to compare"
