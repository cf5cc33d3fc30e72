import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from identity_world import FIRM, START_S
from sqlalchemy import insert, select

from dualtrack.errors import (
    AuthenticationError,
    ConflictError,
    FieldError,
    ForbiddenError,
    NotFoundError,
    RateLimitError,
)
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.web.identity.api_keys import (
    API_KEY_DAYS_MAX,
    DEAD_KEYS_LISTED_MAX,
    OVERLAP_S_MAX,
    ApiKeyUses,
    NewApiKey,
    Rotation,
    api_keys_snapshot,
    identify_api_key,
    presented_key,
)
from dualtrack.web.identity.links import LINK_S_MAX, LINKS_AN_HOUR_MAX
from dualtrack.web.identity.permissions import Verb, require
from dualtrack.web.identity.rate_limits import WEB_LOCK
from dualtrack.web.identity.roles import ConsoleRole

CALLER = frozenset({ConsoleRole.CALLER})
USES = frozenset({"harbour/credit", "harbour/chat"})
NEW = NewApiKey(FIRM, "scoring service", CALLER, USES, "ann", 30)
DAY_S = 86_400
RECEIPT = "7K3M-9QXA-22PD"


def snapshot(people, **options):
    with people.backend.read() as connection:
        return api_keys_snapshot(connection, **options)


def test_a_key_is_shown_once_and_opens_what_it_is_for(people):
    ident, key = people.api_keys.make(NEW)
    assert key.startswith("dt_")
    assert len(key) == 46
    found = identify_api_key(snapshot(people), key, START_S)
    assert found.id == ident == found.identity.name
    assert (found.identity.institution, found.identity.roles, found.identity.uses) == (FIRM, CALLER, USES)
    assert (found.identity.means, found.identity.auth_s) == ("api_key", None)
    rows = people.rows(select(IDENTITY.api_key))
    assert bytes(rows[0].key_hash) == hashlib.sha256(key.encode()).digest()
    assert key not in repr(rows)
    assert key[3:] not in repr(rows)
    require(found.identity, Verb.CALL_MODEL, institution=FIRM, use="harbour/chat")
    for verb, institution, use in [
        (Verb.CALL_MODEL, FIRM, "harbour/other"),
        (Verb.CALL_MODEL, "kowloon", "harbour/chat"),
        (Verb.SEE_USE, FIRM, "harbour/chat"),
    ]:
        with pytest.raises(ForbiddenError):
            require(found.identity, verb, institution=institution, use=use)


def test_a_key_without_uses_is_for_the_institution(people):
    _, key = people.api_keys.make(NEW._replace(uses=None))
    found = identify_api_key(snapshot(people), key, START_S)
    assert require(found.identity, Verb.CALL_MODEL, institution=FIRM, use="harbour/other")


def test_no_database_is_read_on_the_way_of_a_call(people, monkeypatch):
    _, key = people.api_keys.make(NEW)
    taken = snapshot(people)
    monkeypatch.setattr(people.backend, "read", None)
    assert identify_api_key(taken, key, START_S)
    with pytest.raises(TypeError):
        taken[b""] = None


def test_a_key_expires_and_is_revoked(people):
    ident, key = people.api_keys.make(NEW)
    _, other = people.api_keys.make(NEW)
    taken = snapshot(people)
    assert identify_api_key(taken, key, START_S + 30 * DAY_S - 1)
    assert identify_api_key(taken, key, START_S + 30 * DAY_S) is None
    assert snapshot(people, now_s=START_S + 30 * DAY_S) == {}
    with pytest.raises(NotFoundError):
        people.api_keys.revoke("kowloon", ident)
    people.api_keys.revoke(FIRM, ident)
    people.now_s += 5
    people.api_keys.revoke(FIRM, ident)
    assert identify_api_key(snapshot(people), key, START_S) is None
    assert identify_api_key(snapshot(people), other, START_S)
    assert {view.revoked_s for view in people.api_keys.of(FIRM)} == {START_S, None}
    assert people.api_keys.of("kowloon") == []


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Bearer dt_" + "a" * 43, "dt_" + "a" * 43),
        ("bearer dt_" + "a" * 43, "dt_" + "a" * 43),
        ("Basic dt_" + "a" * 43, None),
        ("Bearer dt_" + "a" * 42, None),
        ("Bearer dt_" + "a" * 43 + "\n", None),
        ("Bearer sk-" + "a" * 43, None),
        ("Bearer  dt_" + "a" * 43, None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_bearer_with_our_form_is_a_key(header, found):
    assert presented_key(header) == found


def test_an_unknown_key_is_nobody(people):
    people.api_keys.make(NEW)
    assert identify_api_key(snapshot(people), "dt_" + "a" * 43, START_S) is None
    assert identify_api_key(snapshot(people), None, START_S) is None


def test_a_key_too_wide_or_too_long_is_refused(people):
    for change in [
        {"roles": frozenset()},
        {"roles": frozenset({ConsoleRole.APPROVER})},
        {"roles": frozenset({ConsoleRole.ADMINISTRATOR})},
        {"uses": frozenset()},
        {"uses": frozenset({"kowloon/chat"})},
        {"uses": frozenset({"harbour/a b"})},
        {"uses": frozenset({f"harbour/u{number}" for number in range(201)})},
        {"days": 0},
        {"days": API_KEY_DAYS_MAX + 1},
        {"label": ""},
        {"label": "x\x00"},
        {"institution": "Harbour"},
    ]:
        with pytest.raises(FieldError):
            people.api_keys.make(NEW._replace(**change))


def test_of_the_last_use_only_the_day_is_kept(people):
    ident, _ = people.api_keys.make(NEW)
    uses = ApiKeyUses()
    assert uses.write(people.backend) == 0
    for second in (0, 1, 3600):
        uses.note(ident, START_S + second)
    assert uses.write(people.backend) == 1
    assert people.api_keys.of(FIRM)[0].last_used == "2026-11-22"
    uses.note(ident, START_S + 7200)
    assert uses.write(people.backend) == 0
    uses.note(ident, START_S + 8 * 3600)  # midnight in Hong Kong
    assert uses.write(people.backend) == 1
    assert people.api_keys.of(FIRM)[0].last_used == "2026-11-23"
    late = ApiKeyUses()
    late.note(ident, START_S)
    late.write(people.backend)
    assert people.api_keys.of(FIRM)[0].last_used == "2026-11-23"


# --- links for customers ---


def make(people, **changes):
    given = {"made_by": "ann", "language": "zh-Hant", "lifetime_s": DAY_S}
    return people.links.make(FIRM, RECEIPT, **given | changes)


def test_a_link_opens_one_receipt_for_a_while(people):
    token = make(people)
    found = people.links.open(token)
    assert (found.institution, found.receipt, found.language, found.means) == (FIRM, RECEIPT, "zh-Hant", "link")
    assert require(found, Verb.REQUEST_PERSON, institution=FIRM, receipt=RECEIPT)
    with pytest.raises(ForbiddenError):
        require(found, Verb.SEE_RECEIPT, institution=FIRM, receipt="7K3M-9QXA-22PE")
    with pytest.raises(ForbiddenError):
        require(found, Verb.SEE_USE, institution=FIRM, receipt=RECEIPT)
    people.now_s += DAY_S - 1
    assert people.links.open(token)
    people.now_s += 1
    with pytest.raises(AuthenticationError):
        people.links.open(token)
    assert RECEIPT not in repr(people.rows(select(IDENTITY.link)))


def test_a_link_is_ended_early_and_old_ones_are_swept(people):
    token, other = make(people), make(people)
    assert people.links.end("kowloon", RECEIPT) == 0
    assert people.links.end(FIRM, RECEIPT) == 2
    assert people.links.end(FIRM, RECEIPT) == 0
    for one in (token, other):
        with pytest.raises(AuthenticationError):
            people.links.open(one)
    people.now_s += DAY_S
    make(people)
    assert len(people.rows(select(IDENTITY.link))) == 1


def test_a_changed_link_opens_nothing(people):
    token = make(people)
    payload, _, mac = token.partition(".")
    wrong = [payload, mac, f"{payload}.", f"{payload}A.{mac}", f"{payload}.{mac[:-2]}AA", "x" * 10_000, "", "ä.b"]
    wrong += [token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in range(0, 60, 7)]
    for one in wrong:
        with pytest.raises(AuthenticationError) as caught:
            people.links.open(one)
        assert caught.value.code == "authentication.link"


def test_a_link_is_for_a_receipt(people):
    for receipt in ["", "abc", "a b c d", "x" * 65, "abcd\n"]:
        with pytest.raises(FieldError):
            people.links.make(FIRM, receipt, made_by="ann", language="en", lifetime_s=60)


def test_a_link_is_short_lived(people):
    for lifetime_s in [0, -1, LINK_S_MAX + 1]:
        with pytest.raises(FieldError):
            make(people, lifetime_s=lifetime_s)


def test_a_rotation_is_whole_and_ends_the_old_key_in_time(people):
    ident, _ = people.api_keys.make(NEW)
    found = people.api_keys.rotate(FIRM, ident, Rotation("eve", 30, overlap_s=60))
    new, old = people.api_keys.one(FIRM, found.id), people.api_keys.one(FIRM, ident)
    assert (new.roles, new.uses, new.label, new.made_by) == (NEW.roles, NEW.uses, NEW.label, "eve")
    assert (old.revoked_s, old.expires_s) == (None, people.now_s + 60)
    people.now_s += 61
    with pytest.raises(FieldError):
        people.api_keys.rotate(FIRM, ident, Rotation("eve", 30))
    with pytest.raises(NotFoundError):
        people.api_keys.rotate("lantern", found.id, Rotation("eve", 30))
    for wrong in (
        Rotation("eve", 0),
        Rotation("eve", 30, -1),
        Rotation("eve", 30, OVERLAP_S_MAX + 1),
        Rotation("eve", 30, 0, "no"),
    ):
        with pytest.raises(FieldError):
            people.api_keys.rotate(FIRM, found.id, wrong)
    assert len(people.api_keys.of(FIRM)) == 2
    last = people.api_keys.rotate(FIRM, found.id, Rotation("eve", 30, once="0" * 12))
    assert people.api_keys.one(FIRM, found.id).revoked_s == people.now_s
    with pytest.raises(ConflictError):
        people.api_keys.rotate(FIRM, last.id, Rotation("eve", 30, once="0" * 12))
    assert people.api_keys.one(FIRM, last.id).revoked_s is None


def test_a_living_key_is_listed_however_many_died_since(people):
    ident, _ = people.api_keys.make(NEW)
    dead = [
        {
            "id": f"key-{number:012x}", "key_hash": number.to_bytes(32, "big"), "institution": FIRM, "label": "x", "roles": "caller",
            "made_by": "ann", "created_s": START_S + 1 + number, "expires_s": START_S + DAY_S, "revoked_s": START_S + 2,
        }
        for number in range(DEAD_KEYS_LISTED_MAX + 1)
    ]  # fmt: skip
    with people.backend.write(WEB_LOCK) as connection:
        connection.execute(insert(IDENTITY.api_key), dead)
    people.now_s += DAY_S // 2
    later, _ = people.api_keys.make(NEW)
    listed = [view.id for view in people.api_keys.of(FIRM)]
    assert len(listed) == DEAD_KEYS_LISTED_MAX + 2
    assert (listed[0], listed[1], listed[-1]) == (later, dead[-1]["id"], ident)
    assert dead[0]["id"] not in listed


def test_makers_at_once_make_no_more_links_than_one_after_another(people):
    for _ in range(LINKS_AN_HOUR_MAX - 2):
        make(people)

    def attempt(_):
        try:
            people.links.check_rate(FIRM, "ann")  # what the desk asks first, before it writes down why
            return make(people)
        except RateLimitError:
            return None

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(attempt, range(6)))
    assert sum(token is not None for token in made) == 2


def test_the_wait_for_another_link_ends_when_one_is_an_hour_old(people):
    make(people, lifetime_s=60)
    people.now_s += 600  # the first is over, and still counts
    for _ in range(LINKS_AN_HOUR_MAX - 1):
        make(people)
    people.now_s += 120
    for ask in (lambda: people.links.check_rate(FIRM, "ann"), lambda: make(people)):
        with pytest.raises(RateLimitError) as caught:
            ask()
        assert caught.value.retry_after_s == 3600 - 720
    make(people, made_by="bob")
    people.now_s += caught.value.retry_after_s - 1
    with pytest.raises(RateLimitError):
        make(people)
    people.now_s += 1
    make(people)
    with pytest.raises(RateLimitError) as caught:
        make(people)
    assert caught.value.retry_after_s == 600


def test_links_that_are_over_are_neither_open_nor_ended(people):
    make(people, lifetime_s=60)
    make(people)
    people.now_s += 60
    assert people.links.living(FIRM, RECEIPT) == 1
    assert people.links.end(FIRM, RECEIPT) == 1
    assert people.links.end(FIRM, RECEIPT) == people.links.living(FIRM, RECEIPT) == 0
