"""Signing keys in the console: an administrator asks, the root signs here or elsewhere, and nobody grants their own."""

from __future__ import annotations

import re

import pytest
from acting_world import LANGUAGES, ActingWorld
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from identity_world import PASSWORD
from test_web_pages_people import acts, answer, page

from dualtrack.domain import canonical
from dualtrack.domain.institution import KeyGrant
from dualtrack.domain.records import read_record
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import NotFoundError
from dualtrack.keys import dsse
from dualtrack.permit.opening import payload_type
from dualtrack.store.keyring import key_path
from dualtrack.web.identity.accounts import NewAccount
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import keys
from dualtrack.web.pages.base import Download, Redirect
from dualtrack.web.visit import Upload
from permit.firm import FIRM, known_key

ONE, PASSPHRASE = "/keys/{keyid}", "nine quiet lanterns"


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, keys.PAGES)
    new = NewAccount("ann", FIRM, "ann", "Ann Ng", "en", frozenset({ConsoleRole.VALIDATOR}))
    made.services["login"].add(new, PASSWORD, key=Ed25519PrivateKey.generate())
    made.keyid = made.services["accounts"].get("ann").key_id
    yield made
    made.close()


def with_root(world, passphrase=PASSPHRASE):
    known_key("root").save(key_path(world.desk.workspace, FIRM, "root"), passphrase=passphrase)


def act(world, form, *, keyid=None, roles=("validator",), by="reviewer", **more):
    at = {"keyid": keyid or world.keyid}
    return answer(world, "POST", ONE, by=by, path=at, form=form, lists={"roles": list(roles)}, **more)


def granted(world, keyid=None):
    found = world.desk.register.case(None, None).found.keys.grants()
    return next((grant for grant in found if grant.keyid == (keyid or world.keyid)), None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_waiting_key_is_listed_with_a_way_to_its_grant(world, language):
    text = page(world, "/keys", language=language)
    assert f'href="/keys/{world.keyid}"' in text
    one = page(world, ONE, path={"keyid": world.keyid}, language=language)
    assert ("sealed under their password" in one) or ("以其密碼封存" in one)
    assert 'value="here"' not in one  # no root's key lies here
    assert re.search(r'name="roles" value="validator" checked', one)
    with pytest.raises(NotFoundError):
        page(world, ONE, path={"keyid": "0" * 64})


def test_a_request_goes_to_the_root_and_comes_back_signed(world):
    request = act(world, {"do": "request"})
    assert isinstance(request, Download)
    grant = read_record(canonical.decode(request.data), KeyGrant, where="request")
    assert (grant.holder, grant.roles, grant.keyid) == ("ann", [Role.VALIDATOR], world.keyid)
    signed = dsse.sign(request.data, payload_type("key-grant/1"), [known_key("root")])
    files = {"file": Upload("signed.json", signed)}
    silent = act(world, {"do": "signed", "reason": ""}, files=files)
    assert silent.status == 400
    assert isinstance(act(world, {"do": "signed", "reason": "joins the team"}, files=files), Redirect)
    assert granted(world).roles == [Role.VALIDATOR]
    [done] = acts(world)
    assert (done["act"], done["about"], done["reason"]) == ("key-granted", world.keyid, "joins the team")
    again = act(world, {"do": "signed", "reason": "twice"}, files=files)
    assert again.status == 403  # the same envelope twice is a replay
    revoked = act(world, {"do": "request", "reason": "left"})
    ended = dsse.sign(revoked.data, payload_type("key-revoke/1"), [known_key("root")])
    files = {"file": Upload("signed.json", ended)}
    assert isinstance(act(world, {"do": "signed", "reason": "left"}, files=files), Redirect)
    assert granted(world) is None
    with pytest.raises(NotFoundError):
        act(world, {"do": "signed", "reason": "left"}, files=files)


@pytest.mark.parametrize("by", ["validator", "developer"])
def test_only_the_root_s_signature_for_this_key_grants(world, by):
    request = act(world, {"do": "request"}).data
    wrong = [
        dsse.sign(request, payload_type("key-grant/1"), [known_key(by)]),
        dsse.sign(request.replace(b'"holder":"ann"', b'"holder":"bob"'), payload_type("key-grant/1"), [known_key("root")]).replace(b"Ym9i", b"YW5u"),
        dsse.sign(request, "application/json", [known_key("root")]),
        dsse.sign(request.replace(world.keyid.encode(), b"0" * 64), payload_type("key-grant/1"), [known_key("root")]),
        b"not a document",
        b"",
    ]  # fmt: skip
    for data in wrong:
        view = act(world, {"do": "signed", "reason": "try"}, files={"file": Upload("x", data)})
        assert view.status >= 400
        world.html(view)
    assert granted(world) is None
    assert acts(world) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_root_signs_here_where_its_key_has_a_passphrase(world, language):
    with_root(world)
    asked = act(world, {"do": "here"}, language=language)
    text = world.html(asked, language)
    assert 'name="passphrase"' in text
    form = {"do": "here", "sure": "yes", "reason": "joins the team"}
    wrong = act(world, form | {"passphrase": "not the passphrase"}, language=language)
    assert wrong.status >= 400
    assert 'name="passphrase"' in world.html(wrong, language)
    assert act(world, form, language=language).status >= 400
    assert granted(world) is None
    assert isinstance(act(world, form | {"passphrase": PASSPHRASE}), Redirect)
    assert granted(world).holder == "ann"
    revoke = {"do": "here", "sure": "yes", "reason": "left", "passphrase": PASSPHRASE}
    assert "Revoke" in world.html(act(world, {"do": "here"}))
    assert isinstance(act(world, revoke), Redirect)
    assert granted(world) is None
    assert [item["act"] for item in acts(world)] == ["key-granted", "key-revoked"]
    assert PASSPHRASE not in str(acts(world))


def test_a_root_without_a_passphrase_is_not_used_by_the_console(world):
    with_root(world, None)
    assert "could grant by themselves" in page(world, ONE, path={"keyid": world.keyid})
    view = act(world, {"do": "here", "sure": "yes", "reason": "joins"})
    assert view.status == 403
    assert granted(world) is None


def test_guesses_of_the_passphrase_are_counted(world):
    with_root(world)
    form = {"do": "here", "sure": "yes", "reason": "joins", "passphrase": "not the passphrase"}
    found = [act(world, form).status for _ in range(21)]
    assert found[-1] == 429
    assert act(world, form | {"passphrase": PASSPHRASE}).status == 429


def test_nobody_asks_for_their_own_grant_and_no_firm_key_is_touched(world):
    assert act(world, {"do": "request"}, by="ann").status == 403
    assert "your own key" in page(world, ONE, path={"keyid": world.keyid}, by="ann")
    second = NewAccount("ann-two", FIRM, "reviewer", "Ann Ng", "en", frozenset({ConsoleRole.VALIDATOR}))
    world.services["login"].add(second, PASSWORD, key=Ed25519PrivateKey.generate())
    keyid = world.services["accounts"].get("ann-two").key_id
    assert act(world, {"do": "request"}, keyid=keyid, by="reviewer").status == 403  # another account, the same person
    assert isinstance(act(world, {"do": "request"}, keyid=keyid, by="validator"), Download)
    root = known_key("root").key_id
    with pytest.raises(NotFoundError):
        act(world, {"do": "request", "reason": "x"}, keyid=root)
    assert act(world, {"do": "request"}, roles=("root",)).status == 400
    assert act(world, {"do": "request"}, roles=()).status == 400


def test_revocations_show_their_entry(world):
    world.desk.register.revoke(known_key("collector").key_id, "left", known_key("root"))
    english = page(world, "/keys")
    assert "revoked" in english
    assert "已撤銷" in page(world, "/keys", language="zh-Hant")
