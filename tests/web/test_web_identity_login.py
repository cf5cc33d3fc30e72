from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from identity_world import FIRM, HASHER, OTHER_PASSWORD, PASSWORD, SOURCE, START_S
from sqlalchemy import select

from dualtrack.errors import (
    AuthenticationError,
    FieldError,
    ForbiddenError,
    KeyFileError,
    NotFoundError,
    RateLimitError,
)
from dualtrack.keys.ed25519 import key_id, verify
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.accounts import AccountChange, NewAccount, add_account, write_account
from dualtrack.web.identity.login import Login
from dualtrack.web.identity.passwords import HashCost, PasswordHasher
from dualtrack.web.identity.rate_limits import WEB_LOCK
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.identity.sessions import token_hash

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()


def refused(people, name, password, source=SOURCE):
    with pytest.raises(AuthenticationError) as caught:
        people.login.authenticate(name, password, source=source)
    return str(caught.value)


def test_an_account_signs_in_with_its_password(people):
    people.add("ann", roles=(ConsoleRole.OWNER, ConsoleRole.APPROVER))
    account = people.login.authenticate("ann", PASSWORD, source=SOURCE)
    assert (account.name, account.institution, account.holder) == ("ann", FIRM, "ann")
    assert account.roles == {ConsoleRole.OWNER, ConsoleRole.APPROVER}
    assert account == people.accounts.get("ann")
    kept = repr(people.rows(select(IDENTITY.account)))
    assert PASSWORD not in kept
    assert "$argon2id$" in kept


def test_unknown_closed_and_wrong_are_told_in_the_same_words(people, monkeypatch):
    people.add("ann")
    people.add("bob")
    people.accounts.edit(FIRM, "bob", AccountChange(disabled=True))
    work = []
    monkeypatch.setattr(HASHER, "verify", lambda *given: work.append(given) or PasswordHasher.verify(HASHER, *given))
    told = {
        refused(people, "ann", OTHER_PASSWORD),
        refused(people, "bob", PASSWORD),
        refused(people, "nobody", PASSWORD),
        refused(people, "no\x00body", PASSWORD),
        refused(people, "ann", ""),
        refused(people, "ann", "x" * 100_000),
    }
    assert len(told) == 1
    assert len(work) == 6  # one hash each: an unknown name is no quicker
    people.accounts.edit(FIRM, "bob", AccountChange(disabled=False))
    assert people.login.authenticate("bob", PASSWORD, source=SOURCE).name == "bob"


def test_nobody_is_locked_out_for_good(people):
    people.add()
    for _ in range(10):
        refused(people, "ann", OTHER_PASSWORD)
    with pytest.raises(RateLimitError) as caught:
        people.login.authenticate("ann", PASSWORD, source=SOURCE)
    assert caught.value.status == 429
    assert 0 < caught.value.retry_after_s <= 60
    assert people.login.authenticate("ann", PASSWORD, source="198.51.100.1").name == "ann"
    people.now_s += caught.value.retry_after_s
    assert people.login.authenticate("ann", PASSWORD, source=SOURCE).name == "ann"


def test_success_costs_no_token(people):
    people.add()
    for _ in range(30):
        people.login.authenticate("ann", PASSWORD, source=SOURCE)


def test_one_name_is_guarded_whatever_the_source(people):
    people.add()
    for number in range(20):
        refused(people, "ann", OTHER_PASSWORD, source=f"198.51.100.{number}")
    with pytest.raises(RateLimitError):
        people.login.authenticate("ann", PASSWORD, source="203.0.113.9")
    people.attempts.clear("login_name", "ann")
    assert people.login.authenticate("ann", PASSWORD, source="203.0.113.9").name == "ann"


def test_attempts_at_once_do_not_pass_the_limit(people):
    people.add()

    def attempt(_):
        try:
            people.login.authenticate("ann", OTHER_PASSWORD, source=SOURCE)
        except RateLimitError:
            return "late"
        except AuthenticationError:
            return "wrong"

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(attempt, range(24)))
    assert sorted(set(answers)) == ["late", "wrong"]
    assert answers.count("wrong") == 10


def test_a_hash_at_another_cost_is_made_anew(people):
    people.add()
    before = people.rows(select(IDENTITY.account.c.password_hash))
    dearer = PasswordHasher(HashCost(memory_kib=128, passes=2, lanes=1))
    Login(people.backend, dearer, people.attempts, people.clock).authenticate("ann", PASSWORD, source=SOURCE)
    after = people.rows(select(IDENTITY.account.c.password_hash))
    assert before != after
    assert not dearer.is_stale(after[0][0])
    assert people.login.authenticate("ann", PASSWORD, source=SOURCE).name == "ann"


def test_the_signing_key_opens_with_the_password_only(people):
    people.add(key=KEY)
    signer = people.login.unlock("ann", PASSWORD, source=SOURCE)
    assert signer.key_id == key_id(PUBLIC) == people.accounts.get("ann").key_id
    assert verify(PUBLIC, signer.sign(b"approved"), b"approved")
    assert people.accounts.get("ann").custody == "sealed by password"
    with pytest.raises(AuthenticationError):
        people.login.unlock("ann", OTHER_PASSWORD, source=SOURCE)
    people.add("bob")
    with pytest.raises(KeyFileError):
        people.login.unlock("bob", PASSWORD, source=SOURCE)


def test_a_key_is_made_later_and_replaced(people):
    people.add()
    first = people.login.give_key("ann", PASSWORD, source=SOURCE)
    second = people.login.give_key("ann", PASSWORD, source=SOURCE, key=KEY)
    assert first != second == PUBLIC
    assert people.login.unlock("ann", PASSWORD, source=SOURCE).public_key == PUBLIC


def test_a_changed_password_seals_the_key_anew_and_ends_other_sessions(people):
    people.add(key=KEY)
    here, there = people.sessions.start("ann"), people.sessions.start("ann")
    with pytest.raises(AuthenticationError):
        people.login.change_password("ann", OTHER_PASSWORD, "nine slow trams uphill", source=SOURCE)
    with pytest.raises(FieldError):
        people.login.change_password("ann", PASSWORD, "password1234", source=SOURCE)
    people.login.change_password("ann", PASSWORD, OTHER_PASSWORD, source=SOURCE, keep_session=token_hash(here))
    assert people.login.unlock("ann", OTHER_PASSWORD, source=SOURCE).public_key == PUBLIC
    refused(people, "ann", PASSWORD)
    assert people.sessions.identify(here)
    assert people.sessions.identify(there) is None


def test_a_reset_password_loses_the_key_and_says_which(people):
    people.add(key=KEY)
    token = people.sessions.start("ann")
    with pytest.raises(NotFoundError):
        people.login.reset_password("kowloon", "ann", OTHER_PASSWORD)
    assert people.login.reset_password(FIRM, "ann", OTHER_PASSWORD) == key_id(PUBLIC)
    assert people.sessions.identify(token) is None
    with pytest.raises(KeyFileError):
        people.login.unlock("ann", OTHER_PASSWORD, source=SOURCE)


def test_a_wrong_account_is_refused(people):
    for change in [
        {"name": "Ann"},
        {"name": "a/b"},
        {"holder": ""},
        {"institution": "x y"},
        {"roles": frozenset()},
        {"roles": frozenset({ConsoleRole.CALLER})},
        {"display_name": " "},
        {"display_name": "x\ny"},
        {"display_name": "x" * 101},
    ]:
        new = NewAccount("ann", FIRM, "ann", "Ann", "en", frozenset({ConsoleRole.OWNER}))
        with pytest.raises(FieldError):
            people.login.add(new._replace(**change), PASSWORD)


def test_a_name_is_taken_once(people):
    people.add()
    with pytest.raises(FieldError) as caught:
        people.add(institution="kowloon")
    assert caught.value.code == "input.field.taken"


def test_administrators_reach_their_own_institution_only(people):
    people.add("ann")
    people.add("bob", institution="kowloon")
    assert [account.name for account in people.accounts.of(FIRM)] == ["ann"]
    for name in ("bob", "nobody", "no\x00body"):
        with pytest.raises(NotFoundError):
            people.accounts.edit(FIRM, name, AccountChange(roles=frozenset([ConsoleRole.OWNER])))
        with pytest.raises(NotFoundError):
            people.accounts.edit(FIRM, name, AccountChange(disabled=True))
        with pytest.raises(NotFoundError):
            people.accounts.edit(FIRM, name, AccountChange(holder="ann"))
    people.accounts.edit(FIRM, "ann", AccountChange(holder="ann-lee"))
    people.accounts.set_language("ann", "zh-Hant")
    assert people.accounts.get("ann")[2:5] == ("ann-lee", "Ann", "zh-Hant")
    with pytest.raises(FieldError):
        people.accounts.edit(FIRM, "ann", AccountChange(roles=frozenset([ConsoleRole.CUSTOMER_LINK])))
    with pytest.raises(NotFoundError):
        people.accounts.get("nobody")


def test_whom_a_provider_signs_in_has_no_password_here(people):
    new = NewAccount("chan", FIRM, "chan", "Chan", "en", frozenset({ConsoleRole.COMPLIANCE}))
    with people.backend.write(WEB_LOCK) as connection:
        add_account(connection, new, START_S, issuer="https://idp.example", subject="s-1", custody="server")
        write_account(connection, "chan", key_id="0" * 64)
    before = people.accounts.get("chan")
    with pytest.raises(ForbiddenError) as caught:
        people.login.reset_password(FIRM, "chan", OTHER_PASSWORD)
    assert caught.value.code == "forbidden.provider"
    assert people.accounts.get("chan") == before
    with people.backend.write(WEB_LOCK) as connection:  # a password that was given before it was refused
        write_account(connection, "chan", password_hash=HASHER.hash(OTHER_PASSWORD))
    assert "the name or the password is wrong" in refused(people, "chan", OTHER_PASSWORD)


def test_an_institution_keeps_an_administrator(people):
    administrators = {"ann": "bob", "bob": "ann"}
    for name in administrators:
        people.add(name, roles=(ConsoleRole.ADMINISTRATOR,))
    people.add("far", roles=(ConsoleRole.ADMINISTRATOR,), institution="kowloon")
    changes = [AccountChange(disabled=True), AccountChange(roles=frozenset({ConsoleRole.OWNER}))]

    def turn_out(given):
        name, change = given
        try:
            people.accounts.edit(FIRM, name, change)
        except ForbiddenError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(turn_out, zip(administrators, changes, strict=True)))
    assert sorted(told, key=str) == [None, "forbidden.last-administrator"]
    left = next(name for name, said in zip(administrators, told, strict=True) if said)
    for change in changes:
        assert turn_out((left, change)) == "forbidden.last-administrator"
    assert people.accounts.edit(FIRM, left, AccountChange(holder="somebody")).roles == {ConsoleRole.ADMINISTRATOR}
    more = people.accounts.edit(
        FIRM, left, AccountChange(roles=frozenset({ConsoleRole.ADMINISTRATOR, ConsoleRole.OWNER}))
    )
    assert len(more.roles) == 2
