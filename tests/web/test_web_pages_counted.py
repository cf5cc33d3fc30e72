"""From a number to its evidence: what a page counts is linked to a list of exactly so many."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from acting_world import ActingWorld
from sqlalchemy import update

from dualtrack.domain.oversight import Signal
from dualtrack.domain.records import encode
from dualtrack.errors import NotFoundError
from dualtrack.runtime.holds import set_hold
from dualtrack.web.pages import decisions, holds, portfolio, providers, reviews, signals, use
from dualtrack.web.pages.base import View
from permit.firm import FIRM, USE, known_key

OF_USE = {"institution": FIRM, "use": USE.partition("/")[2]}
LINKED = re.compile(r'<a href="([^"]+)">([\d,]+)</a>')
STAT = re.compile(r'<a href="([^"]+)">([^<]+)</a></span>\s*<span class="value">([\d,]+)')


@pytest.fixture
def world(tmp_path):
    modules = (portfolio, use, decisions, reviews, holds, signals, providers)
    made = ActingWorld(tmp_path, tuple(page for module in modules for page in module.PAGES))
    yield made
    made.close()


def drill(world, decision: str) -> None:
    """Make a decision one of a drill, which no count has."""
    repository = world.desk.register.repository
    table = repository.tables.decision
    with repository.backend.write(repository.ledger) as connection:
        connection.execute(update(table).where(table.c.id == decision).values(mode="drill"))


def shown(world, pattern, *, roles=("auditor",), **given) -> str:
    return world.show("GET", pattern, by="auditor", roles=roles, **given)


def listed(world, href: str) -> int:
    """Return how many rows the list behind a link has."""
    parts = urlsplit(unescape(href))
    of_use = parts.path.startswith(f"/uses/{USE}/")
    pattern = parts.path.replace(f"/uses/{USE}", "/uses/{institution}/{use}") if of_use else parts.path
    query = dict(parse_qsl(parts.query))
    found = world.answer("GET", pattern, by="auditor", path=OF_USE if of_use else {}, query=query)
    assert isinstance(found, View)
    return len(found.context["items"] if pattern == "/reviews" else found.context["rows"])


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_each_number_of_the_overview_leads_to_a_list_of_so_many(world):
    for _ in range(3):
        world.desk.decide()
    drill(world, world.desk.decide()[0].id)
    world.desk.decide(review="hold_before_release", outcome="routed")
    page = shown(world, "/")
    row = [(href, number(n)) for href, n in LINKED.findall(page.split('id="uses"')[1])]
    assert [n for _, n in row] == [4, 1]
    assert all(f"use={USE.replace('/', '%2F')}" in href for href, _ in row)
    head = {unescape(label): (href, number(n)) for href, label, n in STAT.findall(page)}
    assert head["Decisions today"][1] == 4
    assert head["Reviews waiting"][1] == 1
    assert {"Open now", "On hold"} <= set(head)
    for href, n in [*row, *head.values()]:
        assert listed(world, href) == n, href


def test_what_is_on_hold_leads_to_the_holds_of_that_use(world):
    set_hold(world.desk.register, known_key("owner"), scope="provider", target="cloud", reason="of the provider")
    set_hold(world.desk.register, known_key("owner"), scope="use", target=USE, reason="of this use")
    world.runtime.snapshots.refresh()
    page = shown(world, "/")
    href = re.search(r'<a href="(/holds\?use=[^"]+)"><span class="badge bad strong">', page)[1]
    found = world.answer("GET", "/holds", by="auditor", query=dict(parse_qsl(urlsplit(unescape(href)).query)))
    assert [row["reason"] for row in found.context["open"]] == ["of this use", "of the provider"]
    assert world.answer("GET", "/holds", by="auditor", query={"use": "other/use"}).context["of_use"] == ""
    (stat,) = [item for item in world.answer("GET", "/", by="auditor").context["stats"] if item.label == "On hold"]
    assert listed(world, stat.href) == number(stat.value) == 1


def test_who_may_not_see_a_list_is_led_to_none(world):
    world.desk.decide()
    page = shown(world, "/", roles=("administrator",))
    assert "/decisions?" not in page
    assert "/reviews?" not in page
    assert "/holds?" not in page


def test_each_signal_seen_is_listed_with_its_entry(world):
    register = world.desk.register
    for value in (1, 0, 1):
        signal = Signal(use=USE, kind="override", at=register.now(), value=value, of=1, about="a review")
        register.append_plain([("signal/1", USE, encode(signal))])
    page = shown(world, "/uses/{institution}/{use}", path=OF_USE).split("<caption>Signals")[1]
    linked = [(href, number(n)) for href, n in LINKED.findall(page) if "/signals?" in href]
    assert 2 in [n for _, n in linked]
    for href, n in linked:
        assert listed(world, href) == n, href
    chinese = world.show(
        "GET", "/uses/{institution}/{use}/signals", language="zh-Hant", by="auditor", path=OF_USE,
        query={"kind": "override", "days": "30"},
    )  # fmt: skip
    assert "日誌項目" in chinese
    assert 'href="/ledger/' in chinese
    with pytest.raises(NotFoundError):
        shown(world, "/uses/{institution}/{use}/signals", path=OF_USE, query={"kind": "override", "days": "x"})


def test_each_call_of_a_provider_is_listed_with_its_decision(world):
    made = [world.desk.decide(upstream="card")[0].id for _ in range(2)]
    world.desk.decide()
    page = shown(world, "/providers")
    linked = [(href, number(n)) for href, n in LINKED.findall(page)]
    assert sorted({n for _, n in linked}) == [0, 1, 2, 3]
    for href, n in linked:
        assert listed(world, href) == n, href
    english, chinese = world.both("GET", "/providers/calls", by="auditor", query={"provider": "cloud"})
    assert all(f'href="/decisions/{decision}"' in english for decision in made)
    assert "最新決定在先" in chinese
