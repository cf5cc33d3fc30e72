"""Complaints over HTTP: who may make, list and read them; enough of them close the gate within a second or two."""

from __future__ import annotations

import time

import pytest
from server_world import FIRM, PASSWORD, USE, ServerWorld
from test_web_api import decided

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Access
from dualtrack.domain.records import read_record
from dualtrack.web.identity.permissions import VERBS_OF, Verb
from dualtrack.web.identity.roles import ACCOUNT_ROLES, API_KEY_ROLES, ConsoleRole

WORDS = "Nobody could tell me why. My number is 9123 4567."


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("served"))
    yield found
    found.close()


@pytest.fixture
def fresh(tmp_path):
    found = ServerWorld(tmp_path)
    yield found
    found.close()


def made(served, **more):
    key = served.key(ConsoleRole.CALLER)
    return served.browser().api("POST", "/complaints", {"use": USE, "text": WORDS} | more, key=key)


@pytest.mark.parametrize("role", sorted(API_KEY_ROLES))
def test_every_role_of_a_key_is_tried_on_every_verb_of_complaints(served, role):
    key, entry = served.key(role), made(served).json()["entry"]
    tries = {
        Verb.COMPLAIN: ("POST", "/complaints", {"use": USE, "text": WORDS}, 201),
        Verb.SEE_INCIDENTS: ("GET", "/complaints", None, 200),
        Verb.SEE_CONTENT: ("POST", f"/complaints/{entry}/text", {"reason": "handling it"}, 200),
    }
    for verb, (method, path, body, status) in tries.items():
        answer = served.browser().api(method, path, body, key=key)
        assert answer.status_code == (status if verb in VERBS_OF[role] else 403), (verb, answer.text)


@pytest.mark.parametrize("role", sorted(ACCOUNT_ROLES))
def test_every_role_of_a_person_is_tried_on_every_page_of_complaints(served, role):
    browser, entry = served.signed_in(role), made(served).json()["entry"]
    pages = {
        "/complaints": Verb.SEE_INCIDENTS, f"/complaints/{entry}": Verb.SEE_INCIDENTS, "/complaints/new": Verb.COMPLAIN,
    }  # fmt: skip
    for path, verb in pages.items():
        answer = browser.get(path)
        assert answer.status_code == (200 if verb in VERBS_OF[role] else 403), path
        assert ("Complaints a day, last 30 days" in answer.text) is (
            path == "/complaints" and answer.status_code == 200
        )
        assert "9123 4567" not in answer.text
    opened = browser.post(f"/complaints/{entry}", {"reason": "handling it"})
    assert ("9123 4567" in opened.text) is (Verb.SEE_CONTENT in VERBS_OF[role])
    erased = browser.post(f"/complaints/{entry}/erase", {"reason": "asked"})
    assert erased.status_code == (303 if Verb.ERASE_CONTENT in VERBS_OF[role] else 403)
    sent = browser.post("/complaints/new", {"use": USE, "text": WORDS})
    assert sent.status_code == (303 if Verb.COMPLAIN in VERBS_OF[role] else 403)


def test_a_key_that_is_narrowed_reaches_its_uses_only(served):
    other = served.key(ConsoleRole.COMPLIANCE, uses=frozenset({f"{FIRM}/other"}))
    entry = made(served).json()["entry"]
    ask = served.browser().api
    assert ask("POST", "/complaints", {"use": USE, "text": WORDS}, key=other).status_code == 403
    assert ask("GET", f"/complaints?use={USE}", key=other).status_code == 403
    assert ask("GET", "/complaints", key=other).json() == []
    assert ask("POST", f"/complaints/{entry}/text", {"reason": "x"}, key=other).status_code == 403


def test_a_program_records_once_a_key_and_the_list_has_no_words(fresh):
    key, headers = fresh.key(ConsoleRole.CALLER), {"idempotency-key": "c-1"}
    body = {"use": USE, "text": WORDS, "person": "C-1024"}
    answers = [fresh.browser().api("POST", "/complaints", body, key=key, headers=headers) for _ in range(2)]
    assert answers[0].status_code == 201
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["means"] == "program"
    listed = fresh.signed_in(ConsoleRole.COMPLIANCE).api("GET", f"/complaints?use={USE}")
    assert [item["id"] for item in listed.json()] == [answers[0].json()["id"]]
    assert "9123 4567" not in listed.text


def test_who_reads_the_words_stands_in_the_ledger(fresh):
    entry = made(fresh).json()["entry"]
    browser = fresh.signed_in(ConsoleRole.COMPLIANCE)
    assert browser.api("POST", f"/complaints/{entry}/text", {"reason": ""}).status_code == 422
    answer = browser.api("POST", f"/complaints/{entry}/text", {"reason": "handling it"})
    assert answer.json() == {"entry": entry, "text": WORDS}
    entries = fresh.world.register.repository.every(kinds=("access/1",))
    looks = [read_record(canonical.decode(item.content), Access, where="test") for item in entries]
    assert [(look.by, look.reason) for look in looks] == [("compliance", "handling it")]


def test_a_customer_complains_by_the_receipt_over_page_and_api(fresh):
    code = decided(fresh)["receipt"]
    page = fresh.browser()
    assert "Make a complaint" in page.get(f"/r/{code}").text
    sent = page.post(f"/r/{code}/complaint", {"text": WORDS})
    assert sent.status_code == 303
    assert page.post(f"/r/{code}/complaint", {"text": " "}).status_code == 400
    answer = fresh.browser().api("POST", f"/receipts/{code}/complaint", {"text": WORDS}, key="")
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "at"}
    assert fresh.browser().api("POST", "/receipts/0000-0000-0000/complaint", {"text": WORDS}, key="").status_code == 404
    assert page.post("/r/000000000000/complaint", {"text": WORDS}).status_code == 404
    listed = fresh.signed_in(ConsoleRole.COMPLIANCE).api("GET", "/complaints").json()
    assert [item["counted"] for item in listed] == [False, True]
    assert {item["means"] for item in listed} == {"receipt"}


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""}, {"text": "x" * 4001}, {"use": "Bad Name/x"}, {"decision": "nope"}, {"person": ""}, {"more": 1},
        {"decision": "0" * 26, "person": "C-1"},
    ],
)  # fmt: skip
def test_bad_complaints_are_problem_documents_that_repeat_nothing(served, body):
    answer = made(served, **body)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "9123 4567" not in answer.text


def test_complaints_over_http_narrow_and_then_close_the_gate_within_two_seconds(fresh):
    key = fresh.key(ConsoleRole.CALLER)
    ask = fresh.browser()

    def decide(person=None):
        headers = {"authorization": f"Bearer {key}"}
        body = {"input": {"late": 1}} | ({"person": person} if person else {})
        return ask.ask("POST", f"/v1/decide/{USE}", json=body, headers=headers)

    def within_two_s(status: int) -> float:
        begun = time.monotonic()
        while (found := decide()).status_code != status:
            assert time.monotonic() - begun < 10, found.text
            time.sleep(0.05)
        return time.monotonic() - begun

    decisions = [decide(f"C-{number}").json()["decision"] for number in range(30)]
    assert not made(fresh).json()["counted"]
    assert not made(fresh, person="C-77").json()["counted"], "nobody whom the use decided about"
    for decision in decisions[:10]:
        assert made(fresh, decision=decision).json()["counted"]
    within_two_s(202)
    assert decide().json()["outcome"] == "routed"
    for decision in decisions[10:]:
        assert made(fresh, decision=decision).json()["counted"]
    within_two_s(403)
    refused = decide().json()
    assert refused["type"] == "urn:dualtrack:error:permit.signal"
    assert "thirty complaints" in refused["detail"]


def test_what_a_person_says_by_telephone_is_erased_with_them_and_their_identifier_is_never_shown(fresh):
    browser = fresh.signed_in(ConsoleRole.COMPLIANCE)
    said = {"use": USE, "text": WORDS, "person": " C-77-1 "}
    assert browser.post("/complaints/new", said).status_code == 303
    for more in ({"text": ""}, {"decision": "0" * 26}, {"person": "C-77-1" + "x" * 200}):
        refused = browser.post("/complaints/new", said | more)
        assert refused.status_code == 400
        assert "C-77-1" not in refused.text
    entry = browser.api("GET", "/complaints").json()[0]["entry"]
    assert "Erase the words" not in browser.get(f"/complaints/{entry}").text
    alone = browser.post(f"/complaints/{entry}/erase", {"reason": "asked"})
    assert alone.status_code == 400
    assert "9123" in browser.post(f"/complaints/{entry}", {"reason": "handling it"}).text
    browser.post("/erasure", {"do": "erase", "subject": subject_of(fresh, "C-77-1"), "reason": "asked"})
    gone = browser.post(f"/complaints/{entry}", {"reason": "handling it"})
    assert gone.status_code == 404
    assert "9123 4567" not in gone.text


def subject_of(world, person: str) -> str:
    return world.runtime.subjects.pseudonym(FIRM, person)


def test_the_words_of_a_complaint_about_nobody_are_erased_by_themselves(fresh):
    browser = fresh.signed_in(ConsoleRole.COMPLIANCE)
    for _ in range(2):
        browser.post("/complaints/new", {"use": USE, "text": WORDS})
    first, second = (item["entry"] for item in browser.api("GET", "/complaints").json())
    assert "Erase the words" in browser.get(f"/complaints/{first}").text
    assert browser.post(f"/complaints/{first}/erase", {"reason": " "}).status_code == 400
    assert browser.post(f"/complaints/{first}/erase", {"reason": "asked"}).headers["location"] == f"/complaints/{first}"
    assert browser.post(f"/complaints/{first}", {"reason": "handling it"}).status_code == 404
    assert "9123" in browser.post(f"/complaints/{second}", {"reason": "handling it"}).text


def test_a_line_end_of_the_form_counts_once(fresh):
    browser = fresh.signed_in(ConsoleRole.COMPLIANCE)
    assert browser.post("/complaints/new", {"use": USE, "text": "x\r\n" * 2000}).status_code == 303
    assert browser.post("/complaints/new", {"use": USE, "text": "x\r\n" * 2000 + "x"}).status_code == 400


def test_pages_in_both_languages_and_at_every_refusal(fresh):
    browser = fresh.signed_in(ConsoleRole.COMPLIANCE)
    assert "No complaints" in browser.get("/complaints").text
    answer = decided(fresh)
    shown = browser.get(f"/decisions/{answer['decision']}").text
    assert f"/complaints/new?use={USE}&amp;decision={answer['decision']}" in shown
    form = browser.get(f"/complaints/new?use={USE}&decision={answer['decision']}").text
    assert answer["decision"] in form
    wrong = browser.post("/complaints/new", {"use": USE, "text": "", "decision": answer["decision"]})
    assert wrong.status_code == 400
    good = browser.post("/complaints/new", {"use": USE, "text": "<b>no</b>", "decision": answer["decision"]})
    assert good.headers["location"] == f"/decisions/{answer['decision']}"
    entry = browser.api("GET", "/complaints").json()[0]["entry"]
    assert browser.post(f"/complaints/{entry}", {"reason": ""}).status_code == 400
    opened = browser.post(f"/complaints/{entry}", {"reason": "handling it"}).text
    assert "&lt;b&gt;no&lt;/b&gt;" in opened
    assert browser.get("/complaints/0").status_code == 404
    assert browser.get("/complaints/x").status_code == 404
    browser.get("/complaints?lang=zh-Hant")
    assert PASSWORD not in opened
