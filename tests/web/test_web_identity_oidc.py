import httpx
import pytest
from identity_world import FIRM, PASSWORD, SOURCE, START_S
from oidc_provider import CLIENT, PERSON, SECRET, Provider

from dualtrack.domain.records import encode, read_record
from dualtrack.errors import AuthenticationError, FieldError, ForbiddenError, SignatureError
from dualtrack.keys import dsse
from dualtrack.keys.signer import FileSigner
from dualtrack.web.identity.accounts import AccountChange
from dualtrack.web.identity.assertion import ASSERTION_TYPE, FreshLogin, assert_login, read_assertion
from dualtrack.web.identity.oidc import FRESH_LOGIN_S_MAX, LOGIN_S_MAX, OidcClient
from dualtrack.web.identity.oidc_accounts import sign_in_from_provider
from dualtrack.web.identity.oidc_provider import DOCUMENTS_S_MAX, KEYS_S_MIN
from dualtrack.web.identity.oidc_settings import OidcSettings
from dualtrack.web.identity.roles import ConsoleRole

REDIRECT = "https://dualtrack.example/oidc/callback"
KEY = bytes(range(32))


@pytest.fixture(scope="module")
def running():
    provider = Provider()
    yield provider
    provider.stop()


@pytest.fixture
def provider(running):
    running.set(mode="right", now=START_S, person=PERSON, auth_time=None)
    return running


@pytest.fixture(scope="module")
def http():
    with httpx.Client(trust_env=False) as client:
        yield client


def settings(provider, **changes) -> OidcSettings:
    plain = {
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "institution": FIRM,
        "roles": {"risk": ["validator"], "heads": ["approver", "owner"]},
        "client_secret_file": "keys/oidc.secret",
    }
    return read_record(plain | changes, OidcSettings, where="web.toml, oidc")


def client(provider, http, *, secret=SECRET, **changes) -> OidcClient:
    return OidcClient(settings(provider, **changes), KEY, http, client_secret=secret)


def browse(http, start) -> str:
    """Go where a browser would and return the query it comes back with."""
    answer = http.get(start.url, follow_redirects=False)
    assert answer.status_code == 302
    address, _, query = answer.headers["Location"].partition("?")
    assert address == REDIRECT
    return query


def sign_in(one, http, *, now_s=START_S, **options):
    start = one.begin(now_s, **options)
    return one.finish(browse(http, start), start.cookie, now_s)


def refused(one, http, *, now_s=START_S, **options) -> str:
    with pytest.raises(AuthenticationError) as caught:
        sign_in(one, http, now_s=now_s, **options)
    assert "evil" not in str(caught.value)
    return caught.value.code


def test_somebody_signs_in(provider, http):
    login = sign_in(client(provider, http), http)
    assert (login.issuer, login.subject, login.name) == (provider.issuer, "u-1", "Ann.Lee@example.com")
    assert (login.display_name, login.auth_time_s, login.purpose) == ("Ann Lee", START_S, "login")
    assert login.roles == {ConsoleRole.VALIDATOR}
    assert len(login.id_token_digest) == 64


def test_the_address_carries_what_protects_the_login(provider, http):
    one = client(provider, http)
    first, second = one.begin(START_S), one.begin(START_S)
    query, other = (dict(httpx.URL(start.url).params) for start in (first, second))
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert query["scope"] == "openid profile"
    assert all(query[name] != other[name] for name in ("state", "nonce", "code_challenge"))
    assert query["state"] not in first.cookie
    assert "max_age" not in query
    fresh = dict(httpx.URL(one.begin(START_S, fresh=True).url).params)
    assert (fresh["prompt"], fresh["max_age"]) == ("login", "0")
    aged = client(provider, http, max_age_s=3600).begin(START_S)
    assert dict(httpx.URL(aged.url).params)["max_age"] == "3600"


WRONG_TOKENS = [
    "wrong_nonce", "no_nonce", "wrong_audience", "two_audiences", "wrong_azp", "wrong_issuer", "expired",
    "from_the_future", "not_yet", "no_expiry", "no_subject", "wrong_at_hash", "unsigned", "public_key_as_secret",
    "another_key", "unknown_key",
]  # fmt: skip


@pytest.mark.parametrize("mode", WRONG_TOKENS)
def test_a_token_that_does_not_hold_signs_nobody_in(provider, http, mode):
    provider.set(mode=mode)
    assert refused(client(provider, http), http) == "authentication.oidc.token"


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("wrong_state", "authentication.oidc.state"),
        ("denied", "authentication.oidc.denied"),
        ("answer_issuer", "authentication.oidc.issuer"),
        ("no_answer_issuer", "authentication.oidc.issuer"),
        ("metadata_issuer", "authentication.oidc.issuer"),
        ("no_s256", "authentication.oidc"),
        ("plain_endpoint", "authentication.oidc"),
        ("broken_keys", "authentication.oidc"),
        ("no_id_token", "authentication.oidc"),
        ("huge", "authentication.oidc"),
        ("not_json", "authentication.oidc"),
        ("redirect", "authentication.oidc"),
        ("long_subject", "authentication.oidc"),
        ("future_auth_time", "authentication.oidc.auth-time"),
    ],
)
def test_a_provider_that_misbehaves_signs_nobody_in(provider, http, mode, code):
    provider.set(mode=mode)
    assert refused(client(provider, http), http) == code


def test_a_clock_a_little_off_is_forgiven(provider, http):
    provider.set(mode="just_expired")
    assert sign_in(client(provider, http), http).subject == "u-1"
    assert refused(client(provider, http, clock_skew_s=0), http) == "authentication.oidc.token"


def test_keys_turn_over(provider, http):
    one = client(provider, http)
    sign_in(one, http)
    provider.set(rotate=True)
    assert refused(one, http, now_s=START_S + KEYS_S_MIN - 1) == "authentication.oidc.token"  # looked just now
    assert sign_in(one, http, now_s=START_S + KEYS_S_MIN).subject == "u-1"


def test_documents_are_kept_for_a_while(provider, http):
    one = client(provider, http)
    sign_in(one, http)
    before = http.get(f"{provider.issuer}/counts").json()
    sign_in(one, http)
    assert http.get(f"{provider.issuer}/counts").json()["/keys"] == before["/keys"]
    provider.set(now=START_S + DOCUMENTS_S_MAX)
    sign_in(one, http, now_s=START_S + DOCUMENTS_S_MAX)
    assert http.get(f"{provider.issuer}/counts").json()["/keys"] == before["/keys"] + 1


def test_a_login_is_finished_once_by_the_browser_that_began_it(provider, http):
    one = client(provider, http)
    start, other = one.begin(START_S), one.begin(START_S)
    query = browse(http, start)
    for cookie in (None, "", "x", other.cookie, start.cookie[:-4] + "AAAA", "ä"):
        with pytest.raises(AuthenticationError) as caught:
            one.finish(query, cookie, START_S)
        assert caught.value.code == "authentication.oidc.state"
    for now_s in (START_S - 1, START_S + LOGIN_S_MAX + 1):
        with pytest.raises(AuthenticationError):
            one.finish(query, start.cookie, now_s)
    for wrong in (query + "&state=x", query.replace("code=", "kode="), "", query + "&x=" + "y" * 9000):
        with pytest.raises(AuthenticationError):
            one.finish(wrong, start.cookie, START_S)
    assert one.finish(query, start.cookie, START_S).subject == "u-1"
    with pytest.raises(AuthenticationError):
        one.finish(query, start.cookie, START_S)


def test_pkce_and_the_clients_secret_are_asked_for(provider, http):
    one = client(provider, http)
    assert refused(client(provider, http, secret="wrong"), http) == "authentication.oidc"
    start, stolen = one.begin(START_S), one.begin(START_S)
    code = dict(httpx.QueryParams(browse(http, stolen)))["code"]
    own = dict(httpx.QueryParams(browse(http, start)))
    with pytest.raises(AuthenticationError):  # another login's code, with this login's verifier
        one.finish(str(httpx.QueryParams(own | {"code": code})), start.cookie, START_S)


def test_a_grave_step_needs_a_password_entered_for_it(provider, http):
    one = client(provider, http)
    assert sign_in(one, http, fresh=True, purpose="approve 1234").purpose == "approve 1234"
    for auth_time in (START_S - FRESH_LOGIN_S_MAX - 61, START_S - 61):
        provider.set(auth_time=auth_time)
        assert refused(one, http, fresh=True) == "authentication.oidc.auth-time"
        assert sign_in(one, http).auth_time_s == auth_time
    provider.set(mode="no_auth_time")
    assert refused(one, http, fresh=True) == "authentication.oidc.auth-time"
    assert sign_in(one, http).auth_time_s is None
    aged = client(provider, http, max_age_s=600)
    assert refused(aged, http) == "authentication.oidc.auth-time"
    provider.set(mode="right", auth_time=START_S - 661)
    assert refused(aged, http) == "authentication.oidc.auth-time"
    provider.set(auth_time=START_S - 660)
    assert sign_in(aged, http).auth_time_s == START_S - 660


@pytest.mark.parametrize("groups", [[], None, "staff", ["staff"], ["RISK"], [1], {"risk": 1}])
def test_who_has_no_mapped_group_does_not_get_in(provider, http, groups):
    provider.set(person=PERSON | {"groups": groups})
    with pytest.raises(ForbiddenError) as caught:
        sign_in(client(provider, http), http)
    assert caught.value.code == "forbidden.oidc-roles"
    assert "staff" not in str(caught.value)


def test_groups_add_up(provider, http):
    provider.set(person=PERSON | {"groups": ["heads", "risk", "staff"]})
    roles = {ConsoleRole.VALIDATOR, ConsoleRole.APPROVER, ConsoleRole.OWNER}
    assert sign_in(client(provider, http), http).roles == roles


def test_an_absent_provider_is_an_error_in_words(http):
    gone = Provider()
    gone.stop()
    with pytest.raises(AuthenticationError) as caught:
        client(gone, http).begin(START_S)
    assert caught.value.code == "authentication.oidc.unreachable"


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "http://provider.example"},
        {"issuer": "provider.example"},
        {"redirect_uri": "http://dualtrack.example/x"},
        {"redirect_uri": "https://dualtrack.example/x#y"},
        {"issuer": "https://me:secret@provider.example"},
        {"scopes": ["profile"]},
        {"scopes": ["openid profile"]},
        {"algorithms": []},
        {"clock_skew_s": 301},
        {"clock_skew_s": -1},
        {"max_age_s": 0},
        {"roles": {}},
        {"roles": {"x": []}},
        {"roles": {"x": ["caller"]}},
        {"roles": {"x": ["root"]}},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"institution": "No Slug"},
        {"secret": "x"},
    ],
)
def test_settings_without_meaning_are_refused(provider, change):
    with pytest.raises(FieldError):
        settings(provider, **change).check("web.toml, oidc")


# --- accounts and assertions ---


def test_a_first_login_makes_an_account_and_later_ones_change_its_roles(people, provider, http):
    one = client(provider, http)
    first = sign_in_from_provider(people.backend, one.settings, sign_in(one, http), START_S)
    assert (first.name, first.holder, first.display_name) == ("ann-lee", "ann-lee", "Ann Lee")
    assert (first.custody, first.key_id, first.roles) == ("server", None, {ConsoleRole.VALIDATOR})
    token = people.sessions.start(first.name, auth_s=START_S)
    provider.set(person=PERSON | {"groups": ["heads"], "preferred_username": "someone-else"})
    again = sign_in_from_provider(people.backend, one.settings, sign_in(one, http), START_S + 5)
    assert again.name == "ann-lee"
    assert people.sessions.identify(token).roles == again.roles == {ConsoleRole.OWNER, ConsoleRole.APPROVER}
    with pytest.raises(AuthenticationError):
        people.login.authenticate("ann-lee", "", source=SOURCE)
    people.accounts.edit(FIRM, "ann-lee", AccountChange(disabled=True))
    with pytest.raises(AuthenticationError) as caught:
        sign_in_from_provider(people.backend, one.settings, sign_in(one, http), START_S + 6)
    assert caught.value.code == "authentication.closed"


def test_a_wished_name_never_leads_to_somebody_elses_account_or_holder(people, provider, http):
    people.add("ann-lee", roles=(ConsoleRole.ADMINISTRATOR,))
    people.add("bo")
    people.accounts.edit(FIRM, "bo", AccountChange(holder="chan-bo"))
    one = client(provider, http)
    names = []
    for subject, wish in [("u-1", "ann-lee"), ("u-2", "Chan Bo"), ("u-3", "///"), ("u-4", None), ("u-5", "陳")]:
        provider.set(person=PERSON | {"sub": subject, "preferred_username": wish})
        made = sign_in_from_provider(people.backend, one.settings, sign_in(one, http), START_S)
        names.append(made.name)
        assert made.name == made.holder
    assert names[0].startswith("ann-lee-")
    assert names[1].startswith("chan-bo-")
    assert all(name.startswith("person-") for name in names[2:])
    assert len(set(names)) == 5
    assert people.login.authenticate("ann-lee", PASSWORD, source=SOURCE).roles == {ConsoleRole.ADMINISTRATOR}


def test_an_assertion_says_under_which_login_a_key_in_custody_signs(people, provider, http):
    one = client(provider, http)
    login = sign_in(one, http, fresh=True, purpose="again /account")
    account = sign_in_from_provider(people.backend, one.settings, login, START_S)
    fresh = FreshLogin(login.issuer, login.subject, login.auth_time_s, login.id_token_digest, START_S)
    key = FileSigner.generate("key in custody")
    known = {key.key_id: key.public_key}
    envelope = dsse.sign(encode(assert_login(fresh, account, "sign " + "0" * 64)), ASSERTION_TYPE, [key])
    found = read_assertion(envelope, known)
    assert (found.custody, found.issuer, found.subject) == ("server", provider.issuer, "u-1")
    assert (found.auth_time, found.id_token) == ("2026-11-22T08:00:00Z", login.id_token_digest)
    assert (found.purpose, found.account, found.holder) == ("sign " + "0" * 64, "ann-lee", "ann-lee")
    other = FileSigner.generate("other")
    with pytest.raises(SignatureError):
        read_assertion(envelope, {other.key_id: other.public_key})
    with pytest.raises(FieldError):
        read_assertion(dsse.sign(encode(found), "x/y", [key]), known)
    broken = encode(found).replace(b"2026-11-22T08:00:00Z", b"yesterday")
    with pytest.raises(FieldError):
        read_assertion(dsse.sign(broken, ASSERTION_TYPE, [key]), known)
    for changed in (fresh._replace(auth_time_s=None), fresh._replace(subject="u-2")):
        with pytest.raises(AuthenticationError):
            assert_login(changed, account, "sign")
