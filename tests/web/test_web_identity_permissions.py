import pytest

from dualtrack.domain.vocabulary import Role
from dualtrack.errors import AuthenticationError, FieldError, ForbiddenError
from dualtrack.web.identity.permissions import (
    FRESH_S_MAX,
    FRESH_VERBS,
    PERSON_VERBS,
    VERBS_OF,
    Verb,
    allowed,
    require,
    require_fresh,
    visible_uses,
)
from dualtrack.web.identity.roles import (
    ACCOUNT_ROLES,
    API_KEY_ROLES,
    ROLE_NAMES,
    SIGNING_ROLES,
    ConsoleRole,
    check_roles,
    read_roles,
    write_roles,
)
from dualtrack.web.identity.who import Identity

LONG = {
    "own": "owner", "dev": "developer", "val": "validator", "com": "compliance", "app": "approver", "rev": "reviewer",
    "aud": "auditor", "off": "officer", "sup": "supervisor", "adm": "administrator", "cal": "caller",
    "col": "collector", "lnk": "customer_link",
}  # fmt: skip

# Written by hand from what each person does, not from the product's table: one line a verb, the roles that have it.
EXPECTED = """
see_portfolio     own dev val com app rev aud off sup adm col
see_use           own dev val com app rev aud off sup col
see_decisions     own dev val com app rev aud off sup
see_content       own val com rev aud off
see_reviews       own dev val com app rev aud off sup
see_incidents     own dev val com app aud off sup
declare           own dev
import_inventory  own dev com
release           own dev
add_evidence      own dev val com app aud off col
assess            own dev val com app off
approve           app
adopt_pack        com
claim_review      app rev
decide_review     app rev
plant_review      val com
set_hold          own dev val com app rev off
release_hold      com app off
sign_observe      own off
open_incident     own dev val com app rev off
close_incident    com off
replay            own dev val com aud
erase_content     com
answer_notice     com off
manage_accounts   adm
manage_keys       adm
manage_api_keys   adm
manage_settings   adm
verify_ledger     own dev val com app aud off sup adm
export_bundle     own dev val com app aud off sup
call_model        own dev val cal
make_link         own com rev
see_receipt       own com rev aud off cal lnk
request_person    own rev cal lnk
opt_out           own rev cal lnk
complain          own com rev off cal lnk
"""
GRANTED = {line.split()[0]: {LONG[role] for role in line.split()[1:]} for line in EXPECTED.strip().splitlines()}
USE = "harbour/credit"


def who(role="owner", **changes) -> Identity:
    roles = frozenset({ConsoleRole(role)})
    given = {"name": "ann", "institution": "harbour", "roles": roles, "means": "session", "auth_s": 1000}
    return Identity(**given | changes)


def test_the_literal_table_names_every_verb_and_role():
    assert set(GRANTED) == {verb.value for verb in Verb}
    assert set(LONG.values()) == {role.value for role in ConsoleRole} == {role.value for role in VERBS_OF}


@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize("role", list(ConsoleRole))
def test_every_role_on_every_verb(role, verb):
    granted = role.value in GRANTED[verb.value]
    assert allowed([role], verb) is granted
    receipt = "dt-1234" if role is ConsoleRole.CUSTOMER_LINK else None
    identity = who(role, receipt=receipt)
    if granted:
        assert require(identity, verb, institution="harbour", use=USE, receipt=receipt) is identity
    else:
        with pytest.raises(ForbiddenError) as caught:
            require(identity, verb, institution="harbour", use=USE, receipt=receipt)
        assert caught.value.code == "forbidden.role"
    with pytest.raises(ForbiddenError):
        require(identity, verb, institution="kowloon", use="kowloon/credit", receipt=receipt)


def test_roles_add_up_and_none_has_nothing():
    both = [ConsoleRole.DEVELOPER, ConsoleRole.APPROVER]
    assert allowed(both, Verb.RELEASE)
    assert allowed(both, Verb.APPROVE)
    assert not any(allowed([], verb) for verb in Verb)


def test_a_supervisor_reads_and_verifies_only():
    changing = {verb for verb in VERBS_OF[ConsoleRole.SUPERVISOR] if not verb.startswith("see_")}
    assert changing == {Verb.VERIFY_LEDGER, Verb.EXPORT_BUNDLE}
    assert Verb.SEE_CONTENT not in VERBS_OF[ConsoleRole.SUPERVISOR]


def test_nobody_is_asked_to_sign_in():
    with pytest.raises(AuthenticationError) as caught:
        require(None, Verb.SEE_PORTFOLIO, institution="harbour")
    assert caught.value.status == 401


def test_what_a_person_does_no_key_does():
    for verb in PERSON_VERBS:
        for role in ConsoleRole:
            with pytest.raises(ForbiddenError):
                require(who(role, means="api_key"), verb, institution="harbour", use=USE)
    assert require(who("developer", means="api_key"), Verb.RELEASE, institution="harbour", use=USE)
    assert FRESH_VERBS < PERSON_VERBS


def test_a_link_opens_its_receipt_only():
    link = who("customer_link", means="link", receipt="AAAA-BBBB", auth_s=None)
    assert require(link, Verb.SEE_RECEIPT, institution="harbour", receipt="AAAA-BBBB") is link
    for receipt in ("AAAA-BBBC", None):
        with pytest.raises(ForbiddenError) as caught:
            require(link, Verb.SEE_RECEIPT, institution="harbour", receipt=receipt)
        assert caught.value.code == "forbidden.receipt"


def test_a_narrowed_key_must_be_asked_about_its_use():
    key = who("developer", means="api_key", uses=frozenset({USE}))
    assert require(key, Verb.CALL_MODEL, institution="harbour", use=USE)
    assert require(key, Verb.SEE_PORTFOLIO, institution="harbour")
    assert require(key, Verb.SEE_DECISIONS, institution="harbour", listed=True)
    for use, listed in [("harbour/other", False), ("harbour/other", True), (None, False)]:
        with pytest.raises(ForbiddenError) as caught:
            require(key, Verb.SEE_DECISIONS, institution="harbour", use=use, listed=listed)
        assert caught.value.code == "forbidden.use"


def test_a_grave_step_asks_for_the_password_again():
    require_fresh(who(), 1000)
    require_fresh(who(), 1000 + FRESH_S_MAX)
    for identity, now_s in [(who(), 1001 + FRESH_S_MAX), (who(), 999), (who(auth_s=None), 1000), (who(auth_s=0), 1000)]:
        with pytest.raises(AuthenticationError) as caught:
            require_fresh(identity, now_s)
        assert caught.value.code == "authentication.step-up"


def test_lists_are_narrowed_to_what_an_identity_may_see():
    assert visible_uses(who()) is None
    assert visible_uses(who(uses=frozenset({USE}))) == {USE}
    assert visible_uses(who(uses=frozenset())) == frozenset()
    assert visible_uses(who("customer_link", receipt="AAAA-BBBB")) == frozenset()


def test_every_role_has_names_a_signing_role_and_a_holder():
    assert set(ROLE_NAMES) == set(SIGNING_ROLES) == set(ConsoleRole)
    assert all(name.en and name.zh for name in ROLE_NAMES.values())
    signed = {role for role in SIGNING_ROLES.values() if role}
    assert signed == set(Role) - {Role.ROOT, Role.LOG, Role.WITNESS}
    assert all(role is None or role.value == console.value for console, role in SIGNING_ROLES.items())
    assert ConsoleRole.APPROVER not in API_KEY_ROLES
    assert ConsoleRole.ADMINISTRATOR not in API_KEY_ROLES
    assert ACCOUNT_ROLES | API_KEY_ROLES | {ConsoleRole.CUSTOMER_LINK} == set(ConsoleRole)


def test_roles_are_written_and_checked():
    roles = frozenset({ConsoleRole.OWNER, ConsoleRole.AUDITOR})
    assert write_roles(roles) == "auditor owner"
    assert read_roles("auditor owner") == roles
    for wrong in ((), (ConsoleRole.CALLER,)):
        with pytest.raises(FieldError):
            check_roles(wrong, ACCOUNT_ROLES, where="x")
