"""Planted items behind the real doors: the second line plants, a reviewer sees no difference, nobody else is told."""

from __future__ import annotations

import re
import time

import pytest
from acting_world import words
from server_world import FIRM, PASSWORD, USE, ServerWorld

from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.plant_shelf import read_shelf
from dualtrack.runtime.review_read import read_review
from dualtrack.web.identity.roles import ConsoleRole

ITEM = {
    "do": "lay", "use": USE, "share": "5", "kind": "row", "asked": "late: 1", "draft": "pays 9 in 10", "wrong": "9 in 10",
    "why": "the card says 1 in 10", "reasons": "late", "language": "en", "password": PASSWORD,
}  # fmt: skip


def ask(world):
    answer = decide(world.runtime, USE, {"late": 1}, lambda _row: Scoring("pays 1 in 10", ("late",)), person="ann")
    while world.runtime.recorder(FIRM).waiting:
        time.sleep(0.005)
    return answer


@pytest.fixture
def world(tmp_path):
    made = ServerWorld(tmp_path)
    made.world.again(audience="customers", review={"mode": "hold", "due_minutes": 60, "four_eyes": True})
    made.runtime.snapshots.refresh()
    made.answer = ask(made)
    yield made
    made.close()


@pytest.fixture
def planted(world):
    """A planted review beside an ordinary one, laid in and planted by the pages of the second line."""
    validator = world.signed_in(ConsoleRole.VALIDATOR)
    assert validator.post("/reviews/planted", ITEM).status_code == 303
    done = validator.post("/reviews/planted", {"do": "plant", "use": USE})
    assert done.status_code == 303
    assert "9 in 10" not in validator.get("/reviews/planted").text
    (review,) = read_shelf(world.runtime.registers[FIRM]).plants
    return review


def decision_of(world, review):
    return read_review(world.runtime.registers[FIRM], review).state.opened.decision


def bare(text):
    """Take out what differs between any two decisions: ids, digests, times, numbers, and the two drafts."""
    text = re.sub(r"\b[0-9a-hjkmnp-tv-z]{26}\b|\b[0-9a-f]{64}\b", "ID", text)
    text = re.sub(r"token\" value=\"[^\"]+|nonce=\"[^\"]+", "TOKEN", text)
    text = re.sub(r"(?<=[\s>\"])[0-9a-z]{8}(?=[\s<\"])", "END", text)
    text = re.sub(r"\d+ h (?=\d+ min)", "", text)  # of an hour that has just begun to run out
    text = text.replace("9 in 10", "TEXT").replace("1 in 10", "TEXT")
    return re.sub(r"\d+(?:[.,:]\d+)*", "0", text)


def both(world, planted, look):
    """Return what somebody sees of the ordinary and of the planted item."""
    return [bare(look(review, decision_of(world, review))) for review in (world.answer.review, planted)]


ADDRESSES = ["/reviews/{review}", "/decisions/{decision}"]


@pytest.mark.parametrize("role", [ConsoleRole.REVIEWER, ConsoleRole.APPROVER, ConsoleRole.AUDITOR, ConsoleRole.OWNER])
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_page_tells_a_planted_item_before_it_ends(world, planted, role, address):
    browser = world.signed_in(role)
    ordinary, other = both(
        world, planted, lambda review, decision: browser.get(address.format(review=review, decision=decision)).text
    )
    assert 'class="panel' in ordinary
    assert ordinary == other


@pytest.mark.parametrize("role", [ConsoleRole.REVIEWER, ConsoleRole.APPROVER])
def test_nor_does_it_once_it_is_claimed_and_half_approved(world, planted, role):
    reviewer = world.signed_in(ConsoleRole.REVIEWER)
    for review in (world.answer.review, planted):
        assert reviewer.post(f"/reviews/{review}", {"do": "claim"}).status_code == 303
    reviewer.get("/reviews")  # shows what was said last, once
    seen = both(world, planted, lambda review, _: reviewer.get(f"/reviews/{review}").text)
    assert seen[0] == seen[1]
    assert "TEXT" in seen[0]
    for review in (world.answer.review, planted):
        assert reviewer.post(f"/reviews/{review}", {"do": "approve", "reason": "read"}).status_code == 303
    reviewer.get("/reviews")
    browser = world.signed_in(role)
    seen = both(world, planted, lambda review, _: browser.get(f"/reviews/{review}").text)
    assert seen[0] == seen[1]


def test_lists_show_both_alike(world, planted):
    reviewer = world.signed_in(ConsoleRole.REVIEWER)
    for address in ("/reviews", "/decisions", "/decisions?outcome=routed", f"/uses/{USE}", "/"):
        page = reviewer.get(address).text
        assert "planted" not in page.lower()
        assert "wrong item" not in page.lower()
    rows = re.findall(r"<tr.*?</tr>", reviewer.get("/reviews").text, flags=re.DOTALL)
    ours = {bare(row) for row in rows if planted[-8:] in row or world.answer.review[-8:] in row}
    assert len(ours) == 1


@pytest.mark.parametrize("path", ["/reviews/{review}", "/decisions/{decision}"])
def test_the_api_tells_no_difference(world, planted, path):
    reviewer = world.signed_in(ConsoleRole.REVIEWER)
    ordinary, other = both(
        world, planted, lambda review, decision: reviewer.api("GET", path.format(review=review, decision=decision)).text
    )
    assert ordinary.startswith("{")
    drop = re.compile(r'"path":\[.*?\]')  # the proof's hashes: as many as the place in the tree asks
    assert drop.sub("", ordinary) == drop.sub("", other)
    queue = reviewer.api("GET", "/reviews").json()
    assert {line["why"] for line in queue} == {"hold_before_release"}
    assert len({frozenset(line) for line in queue}) == 1


def test_the_ledger_that_an_approver_reads_has_the_same_kinds_for_both(world, planted):
    register = world.runtime.registers[FIRM]
    about = {review: decision_of(world, review) for review in (world.answer.review, planted)}
    found = [
        [
            entry.parsed.kind
            for entry in register.repository.entries()
            if review.encode() in entry.content or decision.encode() in entry.content
        ]
        for review, decision in about.items()
    ]
    assert found[0] == found[1]


def test_the_stock_s_entry_is_shown_without_its_texts(world, planted):
    entry = world.runtime.registers[FIRM].repository.newest("review-stock/1", USE)
    page = world.signed_in(ConsoleRole.APPROVER).get(f"/ledger/{entry.index}")
    assert page.status_code == 200
    assert "validator" in page.text
    assert "9 in 10" not in page.text
    assert planted not in page.text


def test_approving_it_releases_nothing_to_anybody(world, planted):
    """Two people approve by the API; no customer's way leads to the text, and a caller may not read reviews at all."""
    people = [world.signed_in(ConsoleRole.REVIEWER), world.signed_in(ConsoleRole.APPROVER)]
    for person in people:
        assert person.api("POST", f"/reviews/{planted}/actions", {"action": "claim"}).status_code == 201
        done = person.api("POST", f"/reviews/{planted}/actions", {"action": "approve", "reason": "fine"})
        assert done.status_code == 201, done.text
    assert done.json()["status"] == "approved"
    caller = world.key(ConsoleRole.CALLER)
    for path in (f"/reviews/{planted}", f"/decisions/{decision_of(world, planted)}"):
        assert world.browser().api("GET", path, key=caller).status_code == 403
    row = world.runtime.registers[FIRM].repository.tables.decision
    with world.runtime.store.backend.read() as connection:
        receipts = [item.receipt for item in connection.execute(row.select())]
    assert len(set(receipts)) == len(receipts) == 2  # the planted one is the digest of a code that nobody has


def main_of(page):
    """Return what a page's main part says, without what differs between looks."""
    return bare_times(words(page[page.index("<main") :]))


def bare_times(text):
    return re.sub(r"\b\d{1,2}:\d{2}(?::\d{2})?\b", "0:00", text)


@pytest.mark.parametrize("address", ["/decisions", f"/uses/{USE}", "/"])
def test_no_figure_moves_otherwise_when_a_planted_item_ends(world, planted, address):
    """The counts of an ordinary and of a planted item go the same way, on the day on which they end."""
    reviewer, approver = (world.signed_in(role) for role in (ConsoleRole.REVIEWER, ConsoleRole.APPROVER))
    counted = []
    for review in (world.answer.review, planted):
        before = re.findall(r"(?<![\w-])\d+(?![\w-])", main_of(reviewer.get(address).text))
        reviewer.post(f"/reviews/{review}", {"do": "claim"})
        assert reviewer.post(f"/reviews/{review}", {"do": "reject", "reason": "no"}).status_code == 303
        reviewer.get("/reviews")  # shows what was said last, once
        after = re.findall(r"(?<![\w-])\d+(?![\w-])", main_of(reviewer.get(address).text))
        assert approver.get(address).status_code == 200
        counted.append([int(later) - int(sooner) for sooner, later in zip(before, after, strict=False)])
    assert counted[0] == counted[1]


def test_by_hand_the_share_holds_too(world, planted):
    """A second click is refused, and says what to do; whose click the first was lies sealed with it."""
    validator = world.signed_in(ConsoleRole.VALIDATOR)
    assert validator.post("/reviews/planted", ITEM | {"draft": "pays 9 in 10 or so"}).status_code == 303
    answer = validator.post("/reviews/planted", {"do": "plant", "use": USE})
    assert answer.status_code == 409
    assert "As many are planted as the share allows." in answer.text
    assert "more ordinary reviews have opened" in answer.text
    plants = read_shelf(world.runtime.registers[FIRM]).plants
    assert {review: plant.by for review, plant in plants.items()} == {planted: "validator"}


def test_an_auditor_alone_is_told_once_it_has_ended(world, planted):
    for role in (ConsoleRole.REVIEWER, ConsoleRole.APPROVER):
        person = world.signed_in(role)
        person.post(f"/reviews/{planted}", {"do": "claim"})
        assert person.post(f"/reviews/{planted}", {"do": "approve", "reason": "fine"}).status_code == 303
    told = "planted by the firm"
    auditor = world.signed_in(ConsoleRole.AUDITOR)
    page = words(auditor.get(f"/reviews/{planted}").text)
    assert told in page
    assert ITEM["why"] not in page
    looked = auditor.post(f"/reviews/{planted}", {"do": "look", "reason": "yearly audit"})
    assert ITEM["why"] in looked.text  # that somebody looked is in the ledger
    assert told not in words(auditor.get(f"/reviews/{world.answer.review}").text)
    for role in (ConsoleRole.REVIEWER, ConsoleRole.APPROVER, ConsoleRole.OWNER, ConsoleRole.VALIDATOR):
        assert told not in words(world.signed_in(role).get(f"/reviews/{planted}").text)


def test_the_group_page_counts_it_from_the_next_day(world, planted):
    person = world.signed_in(ConsoleRole.REVIEWER)
    person.post(f"/reviews/{planted}", {"do": "claim"})
    assert person.post(f"/reviews/{planted}", {"do": "reject", "reason": "it is 1 in 10"}).status_code == 303
    group = words(person.get("/reviews/group").text)
    assert "Planted, review ended 0" in group
    assert "Planted errors caught Fewer than ten: not shown" in group
    world.later(days=1)
    person = world.signed_in(ConsoleRole.REVIEWER)
    assert "Planted, review ended 1" in words(person.get("/reviews/group").text)
    own = words(world.signed_in(ConsoleRole.COMPLIANCE).get("/reviews/planted").text)
    assert "Planted, review ended 1" in own
    assert "Fewer than ten" in own


@pytest.mark.parametrize("role", sorted(set(ConsoleRole) & {
    ConsoleRole.REVIEWER, ConsoleRole.APPROVER, ConsoleRole.OWNER, ConsoleRole.DEVELOPER, ConsoleRole.AUDITOR,
}))  # fmt: skip
def test_the_page_is_for_the_second_line(world, role):
    browser = world.signed_in(role)
    assert browser.get("/reviews/planted").status_code == 403
    assert browser.post("/reviews/planted", ITEM).status_code == 403
    assert 'href="/reviews/planted"' not in browser.get("/reviews/group").text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"share": "lots"}, "Give a whole number."),
        ({"share": "99"}, "stock, field share_percent"),
        ({"wrong": "8 in 10"}, "Quote it as the draft has it."),
        ({"password": "not this one"}, "password"),
        ({"asked": "{"}, "stock, field asked"),
    ],
)
def test_a_bad_item_is_refused_and_what_was_typed_stays(world, changes, says):
    validator = world.signed_in(ConsoleRole.VALIDATOR)
    answer = validator.post("/reviews/planted", ITEM | changes)
    assert answer.status_code in {400, 401, 422}, answer.text
    assert says in answer.text
    assert "pays 9 in 10" in answer.text
    assert read_shelf(world.runtime.registers[FIRM]).items == {}


def test_the_page_stands_in_both_languages(world):
    compliance = world.signed_in(ConsoleRole.COMPLIANCE)
    assert "Nothing is laid in" in compliance.get("/reviews/planted").text
    compliance.get("/reviews/planted?lang=zh-Hant")
