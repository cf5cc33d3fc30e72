"""The JSON API: who may, what comes back, pages of lists, keys of POSTs, tags of what is edited, problems everywhere."""

from __future__ import annotations

import pytest
from identity_world import PASSWORD
from server_world import FIRM, ORIGIN, USE, ServerWorld

from dualtrack.domain import canonical
from dualtrack.ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from dualtrack.web.identity.permissions import VERBS_OF, Verb
from dualtrack.web.identity.rate_limits import ATTEMPT_LIMITS
from dualtrack.web.identity.roles import ACCOUNT_ROLES, API_KEY_ROLES, ConsoleRole

READS = {
    "/uses": Verb.SEE_PORTFOLIO,
    f"/uses/{USE}": Verb.SEE_USE,
    f"/uses/{USE}/permit": Verb.SEE_USE,
    "/assessments": Verb.SEE_PORTFOLIO,
    "/evidence": Verb.SEE_USE,
    "/decisions": Verb.SEE_DECISIONS,
    "/reviews": Verb.SEE_REVIEWS,
    "/holds": Verb.SEE_USE,
    "/observed": Verb.SEE_PORTFOLIO,
    "/incidents": Verb.SEE_INCIDENTS,
    "/complaints": Verb.SEE_INCIDENTS,
    "/ledger": Verb.VERIFY_LEDGER,
    "/ledger/checkpoint": Verb.VERIFY_LEDGER,
    "/ledger/tile/0/000.p/3": Verb.VERIFY_LEDGER,
    "/ledger/tile/entries/000.p/3": Verb.VERIFY_LEDGER,
    "/ledger/entries/0": Verb.VERIFY_LEDGER,
    "/ledger/entries/0/proof": Verb.VERIFY_LEDGER,
    "/ledger/inclusion?index=0&size=2": Verb.VERIFY_LEDGER,
    "/ledger/consistency?old=1&new=2": Verb.VERIFY_LEDGER,
    "/accounts": Verb.MANAGE_ACCOUNTS,
    "/accounts/owner": Verb.MANAGE_ACCOUNTS,
    "/api-keys": Verb.MANAGE_API_KEYS,
    "/settings": Verb.MANAGE_SETTINGS,
}
ADMIN, COMPLIANCE, AUDITOR = ConsoleRole.ADMINISTRATOR, ConsoleRole.COMPLIANCE, ConsoleRole.AUDITOR


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("served"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def people(served):
    return {role: served.signed_in(role) for role in ACCOUNT_ROLES}


@pytest.fixture(scope="module")
def keys(served):
    return {role: served.key(role) for role in API_KEY_ROLES}


@pytest.fixture
def fresh(tmp_path):
    found = ServerWorld(tmp_path)
    yield found
    found.close()


def decided(served, late=3, **more):
    """Let the use decide a row through the hot path; return the answer."""
    caller = served.key(ConsoleRole.CALLER)
    answer = served.browser().ask(
        "POST",
        f"/v1/decide/{USE}",
        json={"input": {"late": late}, "person": "C-1024"} | more,
        headers={"authorization": f"Bearer {caller}"},
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    recorder = served.runtime.recorders[FIRM]
    while recorder.waiting:
        pass
    return found


@pytest.mark.parametrize("path", READS)
def test_reading_takes_the_verb_in_a_session_and_with_a_key(served, people, keys, path):
    for role, browser in people.items():
        answer = browser.api("GET", path)
        assert (answer.status_code == 200) is (READS[path] in VERBS_OF[role]), (role, answer.text)
        assert answer.status_code in {200, 403}
    for role, key in keys.items():
        answer = served.browser().api("GET", path, key=key)
        may = READS[path] in VERBS_OF[role]
        assert (answer.status_code == 200) is may, (role, answer.text)
    nobody = served.browser().api("GET", path)
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    unknown = served.browser().api("GET", path, key="dt_" + "A" * 43)
    assert unknown.status_code == 401


def test_a_wrong_key_is_not_saved_by_a_session(people):
    browser = people[AUDITOR]
    assert browser.api("GET", "/uses").status_code == 200
    assert browser.api("GET", "/uses", key="dt_" + "A" * 43).status_code == 401


def test_a_key_that_is_narrowed_sees_its_uses_alone(served):
    mine = served.key(ConsoleRole.OWNER, uses=frozenset({USE}))
    other = served.key(ConsoleRole.OWNER, uses=frozenset({f"{FIRM}/another-use"}))
    browser = served.browser()
    assert [item["use"] for item in browser.api("GET", "/uses", key=mine).json()] == [USE]
    assert browser.api("GET", "/uses", key=other).json() == []
    for path in (f"/uses/{USE}", f"/uses/{USE}/permit", f"/evidence?use={USE}", f"/decisions?use={USE}"):
        assert browser.api("GET", path, key=mine).status_code == 200, path
        assert browser.api("GET", path, key=other).status_code == 403, path
    for path in ("/evidence", "/assessments", "/decisions"):
        assert browser.api("GET", path, key=other).json() == [], path
    assert browser.api("GET", "/ledger/entries/0", key=other).status_code == 403
    assert browser.api("GET", "/ledger/tile/entries/000.p/3", key=other).status_code == 403


def test_another_institutions_use_is_refused(people):
    assert people[AUDITOR].api("GET", "/uses/other-bank/early-warning").status_code == 403


def test_a_use_tells_its_standing(people):
    found = people[AUDITOR].api("GET", f"/uses/{USE}").json()
    assert found["standing"]["open"] is True
    assert found["standing"]["mode"] == "live"
    assert found["title"]["zh-Hant"]
    permit = people[AUDITOR].api("GET", f"/uses/{USE}/permit").json()
    assert permit["status"] == "in_force"
    assert permit["permit"]["release"] == found["standing"]["release"]


def test_lists_are_read_page_by_page(served, people):
    browser, seen, path = people[AUDITOR], [], "/decisions?limit=2"
    made = [decided(served, late)["decision"] for late in (1, 2, 3, 4, 5)]
    while path is not None:
        answer = browser.api("GET", path)
        seen += [item["id"] for item in answer.json()]
        link = answer.links.get("next")
        path = link["url"].removeprefix("/api/v1") if link else None
    assert [item for item in seen if item in made] == sorted(made, reverse=True)
    assert len(seen) == len(set(seen))


def test_a_decision_comes_with_its_proof(served, people):
    answer = decided(served)
    found = people[AUDITOR].api("GET", f"/decisions/{answer['decision']}").json()
    proof = found["proof"]
    root = served.runtime.registers[FIRM].repository.root(proof["size"])
    path = [bytes.fromhex(step) for step in proof["path"]]
    assert leaf_hash(proof["leaf"].encode()).hex() == proof["leaf_hash"]
    verify_inclusion(proof["index"], proof["size"], bytes.fromhex(proof["leaf_hash"]), path, root)
    assert found["record"]["use"] == USE
    assert "C-1024" not in str(found)
    again = people[AUDITOR].api("POST", f"/decisions/{answer['decision']}/replay", {"reason": "a look"})
    assert again.json()["result"] == "same"


def test_the_ledger_is_proved_to_grow(served, people):
    browser = people[AUDITOR]
    head = browser.api("GET", "/ledger").json()
    found = browser.api("GET", f"/ledger/consistency?old=3&new={head['size']}").json()
    path = [bytes.fromhex(step) for step in found["path"]]
    verify_consistency(3, head["size"], bytes.fromhex(found["old_root"]), bytes.fromhex(found["new_root"]), path)
    assert found["new_root"] == head["root"]
    tile = browser.api("GET", "/ledger/tile/0/000.p/3")
    assert len(tile.content) == 96
    assert "immutable" in tile.headers["cache-control"]
    entry = browser.api("GET", "/ledger/entries/1").json()
    assert tile.content[32:64].hex() == entry["leaf_hash"]
    for beyond in (f"/ledger/entries/{head['size'] + 50}", f"/ledger/inclusion?index=0&size={head['size'] + 50}"):
        assert browser.api("GET", beyond).status_code == 404
    assert browser.api("GET", "/ledger/tile/0/nonsense").status_code == 409


def test_a_receipt_is_read_by_its_code_alone(served):
    answer = decided(served)
    browser = served.browser()
    found = browser.api("GET", f"/receipts/{answer['receipt']}").json()
    assert found["decision"] == answer["decision"]
    assert found["human"]["zh-Hant"]
    asked = [browser.api("POST", f"/receipts/{answer['receipt']}/person").json() for _ in range(2)]
    assert asked[0]["opened"] is True
    assert asked[1] == asked[0] | {"opened": False}


def test_guessing_codes_waits_by_network(fresh):
    browser = fresh.browser(peer=("198.51.100.9", 1))
    limit = ATTEMPT_LIMITS["receipt_source"].burst
    statuses = [browser.api("GET", f"/receipts/AAAA-AAAA-{number:04d}").status_code for number in range(limit + 2)]
    assert statuses == [404] * limit + [429] * 2
    assert fresh.browser(peer=("198.51.100.10", 1)).api("GET", "/receipts/AAAA-AAAA-0000").status_code == 404


def test_a_hold_stops_the_use_and_another_person_releases_it(fresh):
    browser, caller = fresh.signed_in(COMPLIANCE), fresh.key(ConsoleRole.CALLER)
    body = {"scope": "use", "target": USE, "reason": "complaints", "password": PASSWORD}
    made = browser.api("POST", "/holds", body)
    assert made.status_code == 201, made.text
    ask = {"json": {"input": {"late": 1}}, "headers": {"authorization": f"Bearer {caller}"}}
    stopped = fresh.browser().ask("POST", f"/v1/decide/{USE}", **ask)
    assert stopped.status_code == 423
    hold = made.json()["hold"]["id"]
    release = {"reason": "looked into", "password": PASSWORD}
    assert browser.api("POST", f"/holds/{hold}/release", release).status_code == 403
    done = fresh.signed_in(ConsoleRole.APPROVER).api("POST", f"/holds/{hold}/release", release)
    assert done.status_code == 201, done.text
    assert done.json()["released_by"] == "executive"
    assert [item["id"] for item in browser.api("GET", "/holds?open_only=false").json()] == [hold]


def test_what_is_signed_takes_a_person(served, people, keys):
    body = {"scope": "use", "target": USE, "reason": "x", "password": PASSWORD}
    by_key = served.browser().api("POST", "/holds", body, key=keys[COMPLIANCE])
    assert (by_key.status_code, by_key.json()["type"]) == (400, "urn:dualtrack:error:input.field.password")
    assert people[COMPLIANCE].api("POST", "/holds", body | {"password": "wrong"}).status_code == 401
    release = served.browser().api("POST", f"/holds/{'0' * 26}/release", body, key=keys[COMPLIANCE])
    assert release.status_code in {403, 422}


def test_a_grave_step_asks_for_the_password_again(fresh):
    browser = fresh.signed_in(ADMIN)
    body = {"label": "x", "roles": ["caller"]}
    assert browser.api("POST", "/api-keys", body).status_code == 201
    fresh.later(minutes=6)
    stale = browser.api("POST", "/api-keys", body)
    assert (stale.status_code, stale.json()["type"]) == (401, "urn:dualtrack:error:authentication.step-up")
    assert browser.post("/sign-in/again", {"password": PASSWORD}).status_code == 303
    assert browser.api("POST", "/api-keys", body).status_code == 201


@pytest.mark.parametrize(
    "headers", [{"x-csrf-token": ""}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_session_needs_the_form_token_to_change_something(people, headers):
    answer = people[ADMIN].api("POST", "/api-keys", {"label": "x", "roles": ["caller"]}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["type"].startswith("urn:dualtrack:error:forbidden.csrf")


def test_a_post_with_a_key_is_done_once(served, people):
    browser, body = people[COMPLIANCE], {"kind": "outage", "severity": "minor", "note": "the feed stopped"}
    headers = {"idempotency-key": "order-1"}
    first = browser.api("POST", "/incidents", body, headers=headers)
    again = browser.api("POST", "/incidents", body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = browser.api("POST", "/incidents", body | {"note": "another"}, headers=headers)
    assert other.status_code == 422
    mine = [item for item in browser.api("GET", "/incidents").json() if item["kind"] == "outage"]
    assert len(mine) == 1
    by_another = people[ConsoleRole.OWNER].api("POST", "/incidents", body, headers=headers)
    assert by_another.json()["id"] != first.json()["id"]  # a key belongs to who sent it
    assert browser.api("POST", "/incidents", body, headers={"idempotency-key": "a b"}).status_code == 400


def test_what_failed_is_not_kept_under_its_key(people):
    browser, headers = people[COMPLIANCE], {"idempotency-key": "order-2"}
    wrong = {"kind": "outage", "severity": "minor", "note": "x", "use": f"{FIRM}/nothing"}
    assert browser.api("POST", "/incidents", wrong, headers=headers).status_code == 404
    right = {"kind": "outage", "severity": "minor", "note": "x"}
    assert browser.api("POST", "/incidents", right, headers=headers).status_code == 201


def test_of_two_administrators_the_second_is_told(fresh):
    fresh.add(ADMIN, "second-admin")
    first, second = fresh.signed_in(ADMIN), fresh.browser()
    second.sign_in("second-admin")
    seen = [browser.api("GET", "/accounts/owner") for browser in (first, second)]
    tags = [answer.headers["etag"] for answer in seen]
    assert tags[0] == tags[1]
    assert first.api("GET", "/accounts/owner", headers={"if-none-match": tags[0]}).status_code == 304
    assert first.api("PATCH", "/accounts/owner", {"roles": ["auditor"], "reason": "moved"}).status_code == 428
    wider, closed = {"roles": ["owner", "developer"], "reason": "moved"}, {"disabled": True, "reason": "left"}
    changed = first.api("PATCH", "/accounts/owner", wider, headers={"if-match": tags[0]})
    assert changed.status_code == 200, changed.text
    late = second.api("PATCH", "/accounts/owner", closed, headers={"if-match": tags[1]})
    assert late.status_code == 412
    assert fresh.services.accounts.get("owner").roles == {ConsoleRole.OWNER, ConsoleRole.DEVELOPER}
    again = second.api("PATCH", "/accounts/owner", closed, headers={"if-match": changed.headers["etag"]})
    assert again.json()["disabled"] is True


def test_settings_are_edited_as_they_were_read(fresh):
    browser = fresh.signed_in(ADMIN)
    found = browser.api("GET", "/settings")
    body = found.json() | {"session_idle_s": 900}
    assert browser.api("PUT", "/settings", body, headers={"if-match": '"other"'}).status_code == 412
    changed = browser.api("PUT", "/settings", body, headers={"if-match": found.headers["etag"]})
    assert changed.json()["session_idle_s"] == 900
    assert browser.api("PUT", "/settings", body, headers={"if-match": found.headers["etag"]}).status_code == 412


def test_accounts_and_keys_are_managed(fresh):
    browser = fresh.signed_in(ADMIN)
    body = {"name": "new-owner", "display_name": "陳小文", "roles": ["owner"], "password": "seven plain wooden ferries"}
    assert browser.api("POST", "/accounts", body).status_code == 422  # nobody said why
    body["reason"] = "new colleague"
    assert browser.api("POST", "/accounts", body).status_code == 201
    assert browser.api("POST", "/accounts", body).status_code == 400
    assert fresh.browser().sign_in("new-owner", "seven plain wooden ferries").status_code == 303
    again = {"password": "nine quiet green lanterns", "reason": "forgotten"}
    reset = browser.api("POST", "/accounts/validator/password", again)
    assert len(reset.json()["key_lost"]) == 64
    made = browser.api("POST", "/api-keys", {"label": "branch", "roles": ["auditor"], "uses": [USE]}).json()
    assert fresh.browser().api("GET", "/uses", key=made["key"]).status_code == 200
    turned = browser.api("POST", f"/api-keys/{made['id']}/rotate", {"days": 30, "overlap_s": 60, "reason": "yearly"})
    assert turned.status_code == 201, turned.text
    both = (made["key"], turned.json()["key"])
    assert [fresh.browser().api("GET", "/uses", key=key).status_code for key in both] == [200, 200]
    assert browser.api("DELETE", f"/api-keys/{made['id']}").status_code == 204
    assert browser.api("POST", f"/api-keys/{made['id']}/rotate", {}).status_code == 400
    assert [fresh.browser().api("GET", "/uses", key=key).status_code for key in both] == [401, 200]
    kept = fresh.world.register.repository.every(kinds=("administration/1",))
    done = [canonical.decode(entry.content) for entry in kept]
    assert [item["act"] for item in done] == [
        "account-made", "password-reset", "api-key-made", "api-key-rotated", "api-key-revoked",
    ]  # fmt: skip
    assert done[3]["reason"] == "yearly"
    refused = browser.api("POST", "/api-keys", {"label": "x", "roles": ["approver"]})
    assert refused.status_code == 400


def test_a_person_is_erased_and_told_what_is_kept(fresh):
    browser = fresh.signed_in(COMPLIANCE)
    decided(fresh)
    answer = browser.api("POST", "/erasures", {"person": "C-1024", "reason": "asked on 26 November"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["says"]["zh-Hant"]
    assert browser.api("POST", "/erasures", {"reason": "nobody"}).status_code == 400


def test_opting_out_is_noted(fresh):
    caller = fresh.key(ConsoleRole.CALLER)
    body = {"use": USE, "person": "C-7"}
    answers = [fresh.browser().api("POST", "/opt-outs", body, key=caller).json() for _ in range(2)]
    assert [answer["changed"] for answer in answers] == [True, False]


def test_signing_in_over_the_api_gives_a_session_and_its_form_token(fresh):
    browser = fresh.browser()
    body = {"name": "administrator", "password": PASSWORD}
    crossed = browser.ask("POST", "/api/v1/session", json=body, headers={"origin": "https://evil.example"})
    assert crossed.status_code == 403
    found = browser.ask("POST", "/api/v1/session", json=body)
    assert found.status_code == 201
    token = found.json()["form_token"]
    headers = {"origin": ORIGIN, "x-csrf-token": token}
    made = browser.ask("POST", "/api/v1/api-keys", json={"label": "x", "roles": ["caller"]}, headers=headers)
    assert made.status_code == 201
    assert browser.ask("GET", "/api/v1/session").json()["means"] == "session"
    assert browser.ask("POST", "/api/v1/session", json=body | {"password": "wrong"}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("PUT", "/uses", 405),
        ("GET", "/uses?limit=0", 422),
        ("GET", "/uses?limit=x", 422),
        ("GET", "/uses/Bad%20Name/x", 422),
        ("GET", "/decisions/nope", 422),
        ("GET", f"/decisions/{'0' * 26}", 404),
        ("GET", "/decisions?outcome=won", 422),
        ("GET", "/decisions?since=2026-99-99T00:00:00Z", 422),
        ("GET", "/decisions?since=2026-02-29T00:00:00Z", 400),
        ("GET", "/reviews?after=x", 422),
        ("GET", f"/reviews/{'0' * 26}", 404),
        ("GET", f"/incidents/{'0' * 26}", 404),
        ("GET", "/ledger/inclusion?index=9&size=3", 409),
        ("POST", "/incidents", 422),
    ],
)
def test_every_refusal_is_a_problem_document(people, method, path, status):
    answer = people[COMPLIANCE].api(method, path, {} if method == "POST" else None)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == status
    assert found["type"].startswith("urn:dualtrack:error:")


def test_a_refusal_does_not_repeat_what_was_sent(people):
    answer = people[ADMIN].api(
        "POST", "/accounts", {"name": "x", "password": "secret-of-somebody", "roles": "A123456(3)"}
    )
    assert answer.status_code == 422
    assert "secret-of-somebody" not in answer.text
    assert "A123456" not in answer.text
