"""Doors of the console: who gets through which, forms that are not ours, sessions, headers and bodies."""

from __future__ import annotations

import re

import pytest
import structlog
from identity_world import OTHER_PASSWORD
from server_world import FIRM, ORIGIN, PASSWORD, USE, ServerWorld

from dualtrack.keys.ed25519 import key_id
from dualtrack.web.assets import CONTENT_SECURITY_POLICY
from dualtrack.web.identity.permissions import VERBS_OF
from dualtrack.web.identity.roles import ACCOUNT_ROLES, ConsoleRole
from dualtrack.web.logs import configure_logs
from dualtrack.web.pages.registry import console_pages
from dualtrack.web.security import FORM_BODY_BYTES_MAX, UPLOAD_BODY_BYTES_MAX

PAGES = console_pages()
GUARDED = [page for page in PAGES if page.verb is not None]
COOKIE = "dualtrack"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("served"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def people(served):
    return {role: served.signed_in(role) for role in ACCOUNT_ROLES}


@pytest.fixture
def fresh(tmp_path, identity_database):
    found = ServerWorld(tmp_path, database=identity_database)
    yield found
    found.close()


def address(page):
    named = page.path.replace("{institution}", FIRM).replace("{use}", USE.partition("/")[2])
    return re.sub(r"\{[^}]+\}", "0" * 26, named)


def named(pages):
    return [pytest.param(page, id=f"{page.method} {page.path}") for page in pages]


def test_there_are_pages_to_guard():
    assert {"/", "/uses"} <= {page.path for page in GUARDED}


@pytest.mark.parametrize("page", named(GUARDED))
def test_a_page_opens_to_whose_role_has_its_verb_and_to_no_other(served, people, page):
    for role, browser in people.items():
        if page.method == "GET":
            answer = browser.get(address(page))
        elif page.verb in VERBS_OF[role]:
            continue  # what a form does is the page's own test
        else:
            answer = browser.post(address(page))
        denied = answer.status_code == 403 and "forbidden.role" in answer.text
        assert denied is (page.verb not in VERBS_OF[role]), (role, answer.status_code, answer.text[-600:])


@pytest.mark.parametrize("page", named(GUARDED))
def test_nobody_is_led_to_the_door(served, page):
    browser = served.browser()
    answer = browser.get(address(page)) if page.method == "GET" else browser.post(address(page))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.fixture(scope="module")
def tokens(people):
    return people[ConsoleRole.COMPLIANCE].token(), people[ConsoleRole.OWNER].token()


@pytest.mark.parametrize("page", named([page for page in PAGES if page.method == "POST"]))
@pytest.mark.parametrize(
    "case", ["no token", "token of another", "foreign origin", "no origin", "cross-site", "null origin"]
)
def test_a_form_that_is_not_ours_changes_nothing(served, people, tokens, page, case):
    browser, (token, of_another) = people[ConsoleRole.COMPLIANCE], tokens
    size = served.runtime.registers[FIRM].repository.size()
    headers = {"origin": ORIGIN}
    if case == "no token":
        token = ""
    elif case == "token of another":
        token = of_another
    elif case == "foreign origin":
        headers = {"origin": "https://evil.example"}
    elif case == "no origin":
        headers = {}
    elif case == "null origin":
        headers = {"origin": "null"}
    else:
        headers = {"origin": ORIGIN, "sec-fetch-site": "cross-site"}
    answer = browser.ask("POST", address(page), data={"token": token}, headers=headers)
    assert answer.status_code == 403
    assert "forbidden.csrf" in answer.text
    assert served.runtime.registers[FIRM].repository.size() == size


def test_a_planted_session_is_not_the_one_that_is_signed_in(fresh):
    browser = fresh.browser()
    planted = fresh.services.sessions.start("reviewer")  # an attacker's own session, put into a victim's browser
    browser.http.cookies.set(COOKIE, planted, domain="dualtrack.test", path="/")
    browser.post("/sign-out")
    browser.http.cookies.set(COOKIE, planted, domain="dualtrack.test", path="/")
    assert browser.sign_in("auditor").status_code == 303
    token = browser.http.cookies[COOKIE]
    assert token != planted
    assert fresh.services.sessions.identify(planted) is None
    assert fresh.services.sessions.identify(token).name == "auditor"


def test_signing_in_while_somebody_is_signed_in_ends_that_session(fresh):
    browser = fresh.signed_in(ConsoleRole.OWNER)
    before = browser.http.cookies[COOKIE]
    browser.sign_in("auditor")
    assert fresh.services.sessions.identify(before) is None


def test_a_wrong_password_and_an_unknown_name_are_told_alike(fresh):
    answers = [fresh.browser().sign_in(name, "wrong wooden lantern") for name in ("auditor", "nobody-here")]
    texts = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert texts[0] == texts[1]


def test_too_many_failures_wait(fresh):
    browser = fresh.browser()
    statuses = [browser.sign_in("auditor", "wrong wooden lantern").status_code for _ in range(12)]
    assert statuses[:10] == [401] * 10
    assert set(statuses[10:]) == {429}


def test_the_door_leads_on_to_our_own_pages_only(served):
    for asked, onward in {
        "/account": "/account",
        "https://evil.example/": "/",
        "//evil.example": "/",
        "/\\evil.example": "/",
        "/account\r\nx: y": "/",
    }.items():
        browser = served.browser()
        answer = browser.post("/sign-in", {"name": "auditor", "password": PASSWORD, "next": asked})
        assert answer.headers["location"] == onward, asked


def test_a_cookie_is_for_this_server_alone(served, tmp_path):
    cookie = served.browser().sign_in("auditor").headers.get_list("set-cookie")[0]
    assert re.fullmatch(r"dualtrack=[\w-]{43}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax", cookie)
    secure = ServerWorld(tmp_path, https=True, public_address="https://dualtrack.test")
    try:
        browser = secure.browser()
        page = browser.get("https://dualtrack.test/sign-in")
        assert page.headers["strict-transport-security"].startswith("max-age=31536000")
        assert all("Secure" in value for value in page.headers.get_list("set-cookie"))
    finally:
        secure.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sign-in"), ("GET", "/nothing"), ("GET", "/api/v1/nothing"), ("GET", "/api/v1/openapi.json"),
        ("POST", "/healthz"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/"),
        ("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("GET", "/static/nothing.css"), ("GET", "/live/ledger"),
        ("DELETE", "/account"), ("POST", "/sign-in"),
    ],
)  # fmt: skip
def test_every_answer_has_the_headers(served, method, path):
    headers = served.browser().ask(method, path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "no-store" in headers["cache-control"]
    assert re.fullmatch(r"[0-9a-f]{16}", headers["x-request-id"])
    assert "strict-transport-security" not in headers


def test_static_files_may_be_kept(served):
    page = served.browser().get("/sign-in").text
    found = re.findall(r'"(/static/[^"]+)"', page)
    assert len(found) >= 4
    for name in found:
        answer = served.browser().get(name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "size", "kind", "status"),
    [
        ("/sign-in", FORM_BODY_BYTES_MAX + 1, "application/x-www-form-urlencoded", 413),
        ("/sign-in", UPLOAD_BODY_BYTES_MAX + 1, "multipart/form-data; boundary=x", 413),
        ("/sign-in", 100, "multipart/form-data", 400),
        ("/api/v1/session", (1 << 20) + 1, "application/json", 413),
        ("/api/v1/session", 10, "application/json", 422),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
def test_bodies_have_bounds(served, path, size, kind, status, announced):
    async def pieces():
        for start in range(0, size, 65_536):
            yield b"x" * min(65_536, size - start)

    content = b"x" * size if announced else pieces()
    answer = served.browser().ask("POST", path, content=content, headers={"content-type": kind, "origin": ORIGIN})
    # A form's own parser stops at its longest field before the body's bound is reached.
    stopped = {400, 413} if status == 413 and not announced else {status}
    assert answer.status_code in stopped, answer.text


def test_methods_and_addresses_that_are_not_there(served):
    browser = served.browser()
    assert browser.ask("DELETE", "/account").status_code == 405
    assert "請檢查網址" in browser.get("/nothing?lang=zh-Hant").text
    problem = browser.get("/nothing", headers={"accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["status"] == 404


def test_language_comes_from_the_address_the_cookie_the_account_then_the_browser(fresh):
    browser = fresh.browser()
    assert 'lang="zh-Hant-HK"' in browser.get("/sign-in", headers={"accept-language": "zh-HK,en;q=0.8"}).text[:200]
    assert 'lang="en-HK"' in browser.get("/sign-in").text[:200]
    assert 'lang="zh-Hant-HK"' in browser.get("/sign-in?lang=zh-Hant").text[:200]
    assert 'lang="zh-Hant-HK"' in browser.get("/sign-in").text[:200]
    fresh.add(ConsoleRole.AUDITOR, "mei", language="zh-Hant")
    other = fresh.browser()
    other.sign_in("mei")
    assert 'lang="zh-Hant-HK"' in other.get("/account").text[:200]


def test_the_look_is_remembered_and_messages_are_shown_once(fresh):
    browser = fresh.signed_in(ConsoleRole.AUDITOR)
    answer = browser.post("/appearance", {"theme": "dark", "next": "/account"})
    assert answer.headers["location"] == "/account"
    assert "theme-dark" in browser.get("/account").text
    browser.post("/account/language", {"language": "en"})
    assert browser.get("/account").text.count("Saved.") == 1
    assert "Saved." not in browser.get("/account").text


def test_a_message_cannot_be_forged(fresh):
    browser = fresh.signed_in(ConsoleRole.AUDITOR)
    other = fresh.signed_in(ConsoleRole.OWNER)
    other.post("/account/language", {"language": "en"})
    stolen = other.http.cookies["dualtrack-flash"]
    for value in (stolen, "Zm9v." + "A" * 43, "x" * 5000):
        browser.http.cookies.set("dualtrack-flash", value, domain="dualtrack.test", path="/")
        assert "Saved." not in browser.get("/account").text


def test_a_password_change_ends_other_sessions_and_renews_this_one(fresh):
    browser, elsewhere = fresh.signed_in(ConsoleRole.VALIDATOR), fresh.signed_in(ConsoleRole.VALIDATOR)
    before = browser.http.cookies[COOKIE]
    answer = browser.post("/account/password", {"old": PASSWORD, "new": OTHER_PASSWORD})
    assert answer.status_code == 303
    assert browser.http.cookies[COOKIE] != before
    assert browser.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303
    assert fresh.browser().sign_in("validator").status_code == 401
    refused = browser.post("/account/password", {"old": OTHER_PASSWORD, "new": "short"})
    assert refused.status_code == 400


def test_a_person_ends_their_own_sessions_only(fresh):
    browser, elsewhere = fresh.signed_in(ConsoleRole.OWNER), fresh.signed_in(ConsoleRole.OWNER)
    other = fresh.signed_in(ConsoleRole.AUDITOR)
    theirs = fresh.services.sessions.of("auditor")[0].id
    assert browser.post("/account/sessions", {"session": theirs}).status_code == 404
    mine = next(
        item.id for item in fresh.services.sessions.of("owner", browser.http.cookies[COOKIE]) if not item.current
    )
    assert browser.post("/account/sessions", {"session": mine}).status_code == 303
    assert elsewhere.get("/account").status_code == 303
    assert other.get("/account").status_code == 200
    again, third = fresh.signed_in(ConsoleRole.OWNER), fresh.signed_in(ConsoleRole.OWNER)
    assert "End all other sessions" in browser.get("/account").text
    assert browser.post("/account/sessions", {"session": "others"}).status_code == 303
    assert [item.get("/account").status_code for item in (browser, again, third, other)] == [200, 303, 303, 200]
    assert "End all other sessions" not in browser.get("/account").text


def test_a_person_makes_their_signing_key_under_a_password_that_nobody_else_had(fresh):
    fresh.add(ConsoleRole.OFFICER, "boss")
    browser, elsewhere = fresh.browser(), fresh.browser()
    for one in (browser, elsewhere):
        one.sign_in("boss")
    form = {"old": PASSWORD, "new": OTHER_PASSWORD, "seen": ""}
    assert browser.post("/account/key", form | {"old": "wrong"}).status_code == 401
    assert browser.post("/account/key", form).status_code == 303
    made = fresh.services.accounts.get("boss").key_id
    assert made[:16] in browser.get("/account").text
    assert elsewhere.get("/account").status_code == 303
    assert key_id(fresh.services.custody.public_key("boss")) == made
    again = {"old": OTHER_PASSWORD, "new": "nine quiet green lanterns"}
    for unseen in ({"seen": ""}, {"seen": made}, {"seen": "0" * 64, "lost": "yes"}):
        assert browser.post("/account/key", again | unseen).status_code == 400
    assert browser.post("/account/key", again | {"seen": made, "lost": "yes"}).status_code == 303
    assert fresh.services.accounts.get("boss").key_id not in {made, None}
    assert 'action="/account/key"' not in fresh.signed_in(ConsoleRole.ADMINISTRATOR).get("/account").text


def test_an_unexpected_fault_says_nothing_but_where_to_look(fresh, monkeypatch):
    browser = fresh.signed_in(ConsoleRole.OWNER)

    def broken(*_args, **_named):
        raise RuntimeError("customer Chan Tai Man, A123456(3)")

    monkeypatch.setattr(fresh.services.accounts, "get", broken)
    page = browser.get("/account")
    assert page.status_code == 500
    assert page.headers["x-request-id"] in page.text
    assert "Chan" not in page.text
    assert "RuntimeError" not in page.text


@pytest.mark.parametrize(
    "asked",
    [
        "/incidents/%00",
        "/decisions?after=%00",
        "/api/v1/uses?after=%00",
        "/api/v1/receipts/%00",
        "/r/a%00",
        "/sign-in?%00",
    ],
)
def test_nul_in_an_address_is_refused_before_anything_is_asked(served, people, asked):
    for browser in (served.browser(), people[ConsoleRole.OWNER]):
        answer = browser.get(asked)
        assert answer.status_code == 400, asked
        assert "U+0000" in answer.text or "未能" in answer.text or "cannot be" in answer.text


def test_nul_in_a_form_is_refused(people):
    browser = people[ConsoleRole.COMPLIANCE]
    answer = browser.post("/holds", {"target": f"use:{USE}", "reason": "stop\x00it", "password": PASSWORD})
    assert answer.status_code == 400
    assert "field reason" in answer.text


def test_nobody_is_told_where_the_store_lies(tmp_path, capsys):
    configure_logs()
    gone = ServerWorld(tmp_path)
    try:
        backend = gone.runtime.store.backend
        owner = gone.signed_in(ConsoleRole.OWNER)
        backend.reader.dispose()
        path = backend.path.rename(backend.path.with_suffix(".gone"))
        answers = [
            gone.browser().api("GET", "/receipts/ABCD1234EFGH"),
            gone.browser().get("/r/ABCD1234EFGH"),
            gone.browser().ask("POST", "/api/v1/session", json={"name": "ann", "password": "y"}),
            owner.get("/uses"),
        ]
        for answer in answers:
            assert answer.status_code == 503
            assert "main.db" not in answer.text
            assert str(tmp_path) not in answer.text
        assert str(tmp_path) in capsys.readouterr().err
        path.rename(path.with_suffix(".db"))
        assert owner.get("/uses").status_code == 200
    finally:
        structlog.reset_defaults()
        gone.close()
