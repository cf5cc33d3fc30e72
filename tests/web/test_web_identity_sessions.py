import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity_world import FIRM, START_S
from sqlalchemy import select

from dualtrack.errors import AuthenticationError, ForbiddenError, NotFoundError
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.accounts import AccountChange
from dualtrack.web.identity.csrf import SAFE_METHODS, RequestOrigin, check_csrf, csrf_token
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.identity.sessions import SESSIONS_MAX, cookie_name, set_cookie, token_hash

OURS = "https://dualtrack.example"
KEY = bytes(range(32))
TOKEN = "t" * 43
SAME = RequestOrigin(OURS, "same-origin")


def test_a_session_says_who_and_keeps_only_a_digest(people):
    people.add("ann", roles=(ConsoleRole.OWNER,))
    token = people.sessions.start("ann")
    found = people.sessions.identify(token)
    assert (found.name, found.institution, found.holder, found.means) == ("ann", FIRM, "ann", "session")
    assert found.roles == {ConsoleRole.OWNER}
    assert found.auth_s == START_S
    rows = people.rows(select(IDENTITY.session))
    assert bytes(rows[0].token_hash) == hashlib.sha256(token.encode()).digest() == token_hash(token)
    assert token not in repr(rows)
    assert len(token) == 43


def test_what_is_no_token_is_nobody(people):
    people.add()
    people.sessions.start("ann")
    for token in [None, "", "x" * 43, "ä" * 43, "x\x00" * 20, "' OR 1=1 --", "x" * 100_000]:
        assert people.sessions.identify(token) is None
        people.sessions.end(token)
        people.sessions.end_others("nobody", token)
        with pytest.raises(AuthenticationError):
            people.sessions.rotate(token, authenticated=True)


def test_a_planted_token_is_not_what_one_is_signed_in_with(people):
    people.add("ann")
    people.add("eve")
    planted = people.sessions.start("eve")
    token = people.sessions.start("ann", replaces=planted)
    assert token != planted
    assert people.sessions.identify(planted) is None
    assert people.sessions.identify(token).name == "ann"


def test_an_idle_session_ends(people):
    people.add()
    token = people.sessions.start("ann")
    people.now_s += 1799
    assert people.sessions.identify(token)
    people.now_s += 1799
    assert people.sessions.identify(token)
    people.now_s += 1800
    assert people.sessions.identify(token) is None
    assert people.sessions.of("ann") == []
    with pytest.raises(AuthenticationError):
        people.sessions.rotate(token, authenticated=True)


def test_a_busy_session_ends_too(people):
    people.add()
    token = people.sessions.start("ann")
    for _ in range(7):
        people.now_s += 1000
        assert people.sessions.identify(token)
    people.now_s += 200
    assert people.sessions.identify(token) is None


def test_a_rotated_session_counts_from_its_login(people):
    people.add()
    token = people.sessions.start("ann")
    people.now_s += 1000
    plain = people.sessions.rotate(token, authenticated=False)
    assert people.sessions.identify(token) is None
    assert people.sessions.identify(plain).auth_s == START_S
    fresh = people.sessions.rotate(plain, authenticated=True)
    assert people.sessions.identify(fresh).auth_s == START_S + 1000
    assert [view.created_s for view in people.sessions.of("ann")] == [START_S]


def test_a_use_is_written_down_once_a_minute(people):
    people.add()
    token = people.sessions.start("ann")
    seen = []
    for _ in range(4):
        people.now_s += 20
        people.sessions.identify(token)
        seen.append(people.rows(select(IDENTITY.session.c.seen_s))[0][0] - START_S)
    assert seen == [0, 0, 60, 60]


def test_a_look_that_is_no_use_keeps_no_session_alive(people):
    people.add()
    token = people.sessions.start("ann")
    for _ in range(2):
        people.now_s += 899
        assert people.sessions.identify(token, touch=False) is not None
    people.now_s += 2
    assert people.sessions.identify(token) is None


def test_signing_out_and_ending_one_of_ones_own(people):
    people.add("ann")
    people.add("bob")
    first, second, bobs = (people.sessions.start(name) for name in ("ann", "ann", "bob"))
    views = people.sessions.of("ann", second)
    assert [view.current for view in views].count(True) == 1
    other = next(view.id for view in views if not view.current)
    with pytest.raises(NotFoundError):
        people.sessions.revoke("bob", other)
    people.sessions.revoke("ann", other)
    assert people.sessions.identify(first) is None
    people.sessions.end(second)
    assert people.sessions.identify(second) is None
    assert people.sessions.identify(bobs).name == "bob"
    third, fourth = people.sessions.start("ann"), people.sessions.start("ann")
    people.sessions.end_others("ann", fourth)
    assert people.sessions.identify(third) is None
    assert people.sessions.identify(fourth)


def test_other_roles_or_a_closed_account_end_its_sessions(people):
    people.add()
    token = people.sessions.start("ann")
    people.accounts.edit(FIRM, "ann", AccountChange(roles=frozenset([ConsoleRole.AUDITOR])))
    assert people.sessions.identify(token) is None
    token = people.sessions.start("ann")
    assert people.sessions.identify(token).roles == {ConsoleRole.AUDITOR}
    people.accounts.edit(FIRM, "ann", AccountChange(disabled=True))
    assert people.sessions.identify(token) is None
    assert people.sessions.identify(people.sessions.start("ann")) is None


def test_a_further_login_ends_the_oldest(people):
    people.add()
    tokens = []
    for _ in range(SESSIONS_MAX + 3):
        tokens.append(people.sessions.start("ann"))
        people.now_s += 1
    living = [token for token in tokens if people.sessions.identify(token)]
    assert living == tokens[3:]


def test_dead_sessions_are_swept_at_the_next_login(people):
    people.add()
    people.sessions.start("ann")
    people.now_s += 1800
    people.sessions.start("ann")
    assert len(people.rows(select(IDENTITY.session))) == 1


def test_a_providers_time_of_login_is_never_later_than_now(people):
    people.add()
    assert people.sessions.identify(people.sessions.start("ann", auth_s=START_S - 90)).auth_s == START_S - 90
    assert people.sessions.identify(people.sessions.start("ann", auth_s=START_S + 90)).auth_s == START_S


def test_the_cookie():
    assert set_cookie(TOKEN, https=True, lifetime_s=60) == (
        f"__Host-dualtrack={TOKEN}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
    )
    assert set_cookie(None, https=False, lifetime_s=60) == "dualtrack=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    assert cookie_name(https=True) == "__Host-dualtrack"


# --- requests from foreign pages ---


def check(method="POST", *, session=TOKEN, form="right", came_from=SAME):
    token = csrf_token(KEY, TOKEN) if form == "right" else form
    check_csrf(method, key=KEY, session_token=session, form_token=token, came_from=came_from, own_origins={OURS})


@pytest.mark.parametrize("came_from", [SAME, RequestOrigin(OURS, None), RequestOrigin(None, "same-origin")])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post"])
def test_our_own_page_is_let_through(method, came_from):
    check(method, came_from=came_from)


@pytest.mark.parametrize("method", sorted(SAFE_METHODS))
def test_what_changes_nothing_needs_nothing(method):
    check(method, session=None, form=None, came_from=RequestOrigin(None, None))


@pytest.mark.parametrize(
    "came_from",
    [
        RequestOrigin(None, None),
        RequestOrigin("https://evil.example", "same-origin"),
        RequestOrigin("http://dualtrack.example", None),
        RequestOrigin("https://dualtrack.example.evil.example", None),
        RequestOrigin("null", None),
        RequestOrigin("", None),
        RequestOrigin(OURS, "cross-site"),
        RequestOrigin(OURS, "same-site"),
        RequestOrigin(OURS, "none"),
        RequestOrigin(OURS, ""),
    ],
)
def test_a_foreign_page_is_refused_even_with_the_token(came_from):
    with pytest.raises(ForbiddenError) as caught:
        check(came_from=came_from)
    assert caught.value.code.startswith("forbidden.csrf.")


@pytest.mark.parametrize(
    "form",
    [
        None,
        "",
        "x" * 64,
        csrf_token(KEY, "u" * 43),
        csrf_token(bytes(32), TOKEN),
        csrf_token(KEY, TOKEN) + "A",
        "ä" * 64,
    ],
    ids=["none", "empty", "x", "another session", "another key", "longer", "not ascii"],
)
def test_our_own_page_needs_its_token(form):
    with pytest.raises(ForbiddenError) as caught:
        check(form=form)
    assert caught.value.code == "forbidden.csrf.token"


def test_no_session_no_form():
    with pytest.raises(ForbiddenError):
        check(session=None)


@given(session=st.text(min_size=1, max_size=50), position=st.integers(0, 63), letter=st.sampled_from("AZaz09-_"))
def test_a_token_holds_unchanged_only_and_is_never_twice_the_same(session, position, letter):
    token = csrf_token(KEY, session)
    given_ = {"key": KEY, "session_token": session, "came_from": SAME, "own_origins": {OURS}}
    check_csrf("POST", form_token=token, **given_)
    assert token != csrf_token(KEY, session)
    changed = token[:position] + letter + token[position + 1 :]
    if changed != token:
        with pytest.raises(ForbiddenError):
            check_csrf("POST", form_token=changed, **given_)
