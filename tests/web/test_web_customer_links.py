"""A customer's link: made by whose role may, for one receipt and nothing else, shown once, ended at will; and doors of every verb."""

from __future__ import annotations

import html
import re

import pytest
from server_world import FIRM, ORIGIN, USE, ServerWorld
from sqlalchemy import select

from dualtrack.domain import canonical
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.lookup import decision_row
from dualtrack.runtime.opting import has_opted_out
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.store.projections import Projections
from dualtrack.web.api.access import verb_of
from dualtrack.web.api.routers import all_routes
from dualtrack.web.identity.links import LINKS_AN_HOUR_MAX
from dualtrack.web.identity.permissions import VERBS_OF, Verb
from dualtrack.web.identity.rate_limits import ATTEMPT_LIMITS
from dualtrack.web.identity.roles import ACCOUNT_ROLES, API_KEY_ROLES, ConsoleRole
from dualtrack.web.pages.receipt import LINK_DOORS
from dualtrack.web.pages.registry import console_pages

WITHOUT_DOOR = {
    Verb.ADOPT_PACK: "on the command line, where the packs lie: `Register.adopt` signs and refuses a key without the role",
    Verb.RELEASE: "on the command line, where the artefacts lie: `Register.release` signs and refuses a key without the role",
    Verb.CALL_MODEL: "the hot path under /v1: `KeyRing.caller` asks for it before a face sees the call",
    Verb.APPROVE: "the form of evidence asks for it where the topic is an approval, beside the verb of the form",
    Verb.CLAIM_REVIEW: "the form of a review asks for it where the step is to claim or give back",
}
"""Verbs that no page and no route of the JSON API asks for, each with what asks for it instead."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("served"))
    told = {"en": "A machine answers.", "zh-Hant": "由機器回應。"}
    found.world.again(audience="customers", opt_out=True, disclosure={"text": told, "every": True})
    found.runtime.snapshots.refresh()
    yield found
    found.close()


@pytest.fixture
def answer(served):
    made = decide(served.runtime, USE, {"late": 3}, lambda _row: Scoring(0.5, ("late",)), person="customer 7")
    while served.runtime.recorders[FIRM].waiting:
        pass
    return made


def looks(served):
    return [canonical.decode(item.content) for item in served.world.register.repository.every(kinds=("access/1",))]


def made_by(browser, answer, **changes):
    body = {"reason": "the customer lost the letter"} | changes
    return browser.api("POST", f"/decisions/{answer.decision}/links", body)


def path_of(made):
    assert made.status_code == 201, made.text
    return made.json()["address"].removeprefix(ORIGIN)


@pytest.fixture(scope="module")
def owner(served):
    return served.signed_in(ConsoleRole.OWNER)


@pytest.mark.parametrize("role", sorted(ACCOUNT_ROLES))
def test_a_link_is_made_by_whose_role_may(served, answer, role):
    browser, may, before = served.signed_in(role), Verb.MAKE_LINK in VERBS_OF[role], len(looks(served))
    assert made_by(browser, answer).status_code == (201 if may else 403)
    on_page = browser.post(f"/decisions/{answer.decision}/link", {"reason": "she called"})
    assert on_page.status_code == (200 if may else 403)
    assert len(looks(served)) == before + 2 * may
    shown = browser.get(f"/decisions/{answer.decision}")
    assert (f'action="/decisions/{answer.decision}/link"' in shown.text) is (may and shown.status_code == 200)
    ended = browser.api("DELETE", f"/decisions/{answer.decision}/links")
    assert (ended.status_code, ended.json().get("ended")) == ((200, 2) if may else (403, None))


@pytest.mark.parametrize("role", sorted(API_KEY_ROLES))
def test_a_program_makes_links_of_its_uses_alone(served, answer, role):
    browser, address = served.browser(), f"/decisions/{answer.decision}/links"
    key, other = served.key(role), served.key(role, uses=frozenset({f"{FIRM}/another-use"}))
    may = Verb.MAKE_LINK in VERBS_OF[role]
    assert browser.api("POST", address, {"reason": "x"}, key=key).status_code == (201 if may else 403)
    assert browser.api("POST", address, {"reason": "x"}, key=other).status_code == 403
    assert browser.api("DELETE", address, key=other).status_code == 403


def test_who_made_it_and_why_is_in_the_ledger_before(served, answer, owner):
    path_of(made_by(owner, answer))
    row = decision_row(served.world.register, answer.decision)
    found = looks(served)[-1]
    assert (found["by"], found["digest"], found["about"]) == ("owner", row["receipt"], USE)
    assert found["reason"] == "the customer lost the letter"
    size = len(looks(served))
    assert made_by(owner, answer, reason=" ").status_code == 422
    assert owner.post(f"/decisions/{answer.decision}/link", {"reason": ""}).status_code == 400
    for days in (0, 31):
        assert made_by(owner, answer, days=days).status_code == 422
    assert len(looks(served)) == size


def test_the_link_is_kept_nowhere_and_shown_once(served, answer, owner):
    headers = {"idempotency-key": f"link-{answer.decision}"}
    address, body = f"/decisions/{answer.decision}/links", {"reason": "lost"}
    first = owner.api("POST", address, body, headers=headers)
    token = first.json()["address"].partition("/c/")[2].partition("?")[0]
    again = owner.api("POST", address, body, headers=headers)
    assert (again.status_code, again.json()["type"]) == (409, "urn:dualtrack:error:conflict.done")
    with served.runtime.store.backend.read() as connection:
        kept = repr(connection.execute(select(IDENTITY.link)).all())
    assert token not in kept
    assert token.partition(".")[2] not in kept
    files = [item for item in served.world.workspace.root.rglob("*") if item.is_file()]
    assert files
    assert not [item for item in files if token.encode() in item.read_bytes()]


def test_a_customer_sees_the_receipt_in_both_languages_and_acts_on_it(served, answer, owner):
    path = path_of(made_by(owner, answer, language="zh-Hant"))
    customer = served.browser()
    chinese = customer.get(path).text
    assert "要求" in chinese
    english = customer.get(path.replace("lang=zh-Hant", "lang=en")).text
    for wanted in ("The answer was given as computed.", "Ask for a person", "Opt out", "Send the complaint"):
        assert wanted in english, wanted
    assert answer.receipt not in english
    assert "<nav" not in english
    plain = path.partition("?")[0]
    assert f'action="{plain}/person"' in html.unescape(english)
    told = {"person": {}, "opt-out": {}, "complaint": {"text": "it was wrong"}}
    for step, form in told.items():
        done = customer.post(f"{plain}/{step}", form)
        assert (done.status_code, done.headers["location"]) == (303, plain), step
    register = served.world.register
    assert "customer_asked" in {row["why"] for row in Projections(register.repository).rows("review")}
    assert has_opted_out(register, USE, served.runtime.subjects.pseudonym(FIRM, "customer 7"))
    complaints = [canonical.decode(item.content) for item in register.repository.every(kinds=("complaint/1",))]
    assert answer.decision in {item["decision"] for item in complaints}
    assert answer.decision in customer.get(f"{plain}/proof").text
    assert customer.ask("POST", f"{plain}/person", data={}, headers={"origin": ORIGIN}).status_code == 403


def test_a_link_opens_nothing_else(served, answer, owner):
    path = path_of(made_by(owner, answer)).partition("?")[0]
    token = path.removeprefix("/c/")
    customer = served.browser()
    customer.get(path)
    for page in console_pages():
        if page.method == "GET" and page.verb is not None:
            named = re.sub(r"\{[^}]+\}", "x", page.path)
            assert customer.get(named).status_code == 303, page.path
    for headers in ({"authorization": f"Bearer {token}"}, {}):
        assert served.browser().api("GET", "/uses", headers=headers).status_code == 401
    assert set(LINK_DOORS.values()) == VERBS_OF[ConsoleRole.CUSTOMER_LINK]
    assert set(LINK_DOORS) == {page.path for page in console_pages() if "{token}" in page.path}


def test_a_link_ends_when_staff_say_so_or_its_days_are_over(served, answer, owner):
    address = f"/decisions/{answer.decision}"
    first, second = (path_of(made_by(owner, answer, days=1)) for _ in range(2))
    customer = served.browser()
    assert customer.get(first).status_code == 200
    assert "Links that are open: 2" in owner.get(address).text
    assert owner.post(f"{address}/link/end").status_code == 303
    assert "Links that are open" not in owner.get(address).text
    plain = first.partition("?")[0]
    for path in (first, second, f"{plain}/proof"):
        closed = customer.get(path)
        assert (closed.status_code, "This link is over" in closed.text) == (404, True), path
    assert customer.post(f"{plain}/person").status_code == 404
    assert "此連結已失效" in customer.get(f"{plain}?lang=zh-Hant").text
    third = path_of(made_by(owner, answer, days=1))
    assert customer.get(third).status_code == 200
    served.later(days=1, minutes=1)
    assert customer.get(third).status_code == 404


def test_guessing_links_waits_by_network(served, answer, owner):
    path = path_of(made_by(served.signed_in(ConsoleRole.OWNER), answer))
    guesser, most = served.browser(peer=("198.51.100.77", 1)), int(ATTEMPT_LIMITS["receipt_source"].burst)
    statuses = [guesser.get(f"/c/nothing-{number}.like-it").status_code for number in range(most + 1)]
    assert statuses == [404] * most + [429]
    assert guesser.get(path).status_code == 429
    assert served.browser(peer=("198.51.100.78", 1)).get(path).status_code == 200


def test_of_one_maker_there_are_so_many_links_an_hour(tmp_path):
    fresh = ServerWorld(tmp_path)
    try:
        answer = decide(fresh.runtime, USE, {"late": 3}, lambda _row: Scoring(0.5, ("late",)))
        while fresh.runtime.recorders[FIRM].waiting:
            pass
        for _ in range(LINKS_AN_HOUR_MAX):
            fresh.services.links.make(FIRM, "a" * 64, made_by="owner", language="en", lifetime_s=60)
        refused = made_by(fresh.signed_in(ConsoleRole.OWNER), answer)
        assert refused.status_code == 429
        assert 3000 < int(refused.headers["retry-after"]) <= 3600  # all were made a moment ago
        assert not looks(fresh)
        assert made_by(fresh.signed_in(ConsoleRole.COMPLIANCE), answer).status_code == 201
        fresh.later(hours=1, minutes=1)
        assert made_by(fresh.signed_in(ConsoleRole.OWNER), answer).status_code == 201
    finally:
        fresh.close()


def test_every_verb_has_a_door_or_a_reason_for_none():
    doors = {page.verb for page in console_pages() if page.verb is not None} | set(LINK_DOORS.values())
    doors |= {verb_of(item.call) for route in all_routes() for item in route.dependant.dependencies} - {None}
    assert doors | set(WITHOUT_DOOR) == set(Verb)
    assert not doors & set(WITHOUT_DOOR)
    assert all(len(reason) > 40 for reason in WITHOUT_DOOR.values())
