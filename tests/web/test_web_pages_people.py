"""The administrator's pages: accounts and roles, stale forms, keys as the ledger has them, API keys shown once."""

from __future__ import annotations

import re

import pytest
from acting_world import LANGUAGES, ActingWorld
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from identity_world import PASSWORD

from dualtrack.errors import NotFoundError
from dualtrack.web.identity.accounts import NewAccount
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import people
from dualtrack.web.pages.base import Redirect
from permit.firm import FIRM, known_key

ONE = "/people/{name}"


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, people.PAGES)
    new = NewAccount("ann", FIRM, "ann", "Ann <b>Ng</b>", "en", frozenset({ConsoleRole.OWNER}))
    made.services["login"].add(new, PASSWORD)
    yield made
    made.close()


def answer(world, method, pattern, *, by="validator", language="en", lists=None, **given):
    return world.answer(method, pattern, by=by, roles=["administrator"], language=language, lists=lists or {}, **given)


def page(world, pattern, **given):
    return world.html(answer(world, "GET", pattern, **given), given.get("language", "en"))


def shown_form(world, name="ann"):
    """Return the hidden fields that the page of an account carries along."""
    text = page(world, ONE, path={"name": name}).partition("reset-title")[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))


def change(world, form, *, roles=("owner",), name="ann", language="en"):
    return answer(world, "POST", ONE, path={"name": name}, form=form, lists={"roles": list(roles)}, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_accounts_are_listed_escaped(world, language):
    text = page(world, "/people", language=language)
    assert "Ann &lt;b&gt;Ng" in text
    assert ("no key" in text) or ("沒有密鑰" in text)


def test_an_account_is_made_with_a_key_that_waits_for_its_grant(world):
    form = {"name": "bob", "display_name": "Bob", "new_password": "forty green umbrellas", "key": "yes"}
    missing = answer(world, "POST", "/people/new", form=form)
    assert missing.status == 400
    text = world.html(missing)
    assert "Tick at least one" in text
    assert "forty green umbrellas" not in text
    made = answer(world, "POST", "/people/new", form=form, lists={"roles": ["validator", "reviewer"]})
    assert made.to == "/people/bob"
    assert "key not granted" in page(world, "/people")
    keys = page(world, "/keys")
    assert "not granted" in keys
    assert known_key("owner").key_id[:16] in keys
    again = answer(world, "POST", "/people/new", form=form, lists={"roles": ["owner"]})
    assert "this one is taken" in world.html(again)
    weak = answer(
        world, "POST", "/people/new", form=form | {"name": "cat", "new_password": "x"}, lists={"roles": ["owner"]}
    )
    assert "Too short, too plain" in world.html(weak)
    odd = answer(world, "POST", "/people/new", form=form | {"name": "dog"}, lists={"roles": ["caller"]})
    assert odd.status == 400


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stale_form_is_refused_with_what_changed(world, language):
    form = shown_form(world) | {"holder": "ann", "disabled": "no"}
    assert isinstance(change(world, form, roles=("owner", "developer")), Redirect)
    view = change(world, form, roles=("owner",), language=language)
    assert view.status == 409
    text = world.html(view, language)
    assert ("owner (first line) → owner (first line), developer" in text) or (
        "負責人（第一道防線） → 負責人（第一道防線）, 開發人員" in text
    )
    assert world.services["accounts"].get("ann").roles == {ConsoleRole.OWNER, ConsoleRole.DEVELOPER}


def test_roles_person_and_state_are_changed(world):
    form = shown_form(world) | {"holder": "ann-ng", "disabled": "yes"}
    assert isinstance(change(world, form, roles=("auditor",)), Redirect)
    account = world.services["accounts"].get("ann")
    assert (account.holder, account.disabled, account.roles) == ("ann-ng", True, {ConsoleRole.AUDITOR})
    bad = change(world, shown_form(world) | {"holder": "Ann Ng!", "disabled": "no"})
    assert bad.status == 400
    assert change(world, shown_form(world) | {"holder": "ann"}, roles=()).status == 400


def test_a_reset_password_names_the_key_that_is_lost(world):
    new = NewAccount("eve", FIRM, "eve", "Eve", "en", frozenset({ConsoleRole.OWNER}))
    world.services["login"].add(new, PASSWORD, key=Ed25519PrivateKey.generate())
    lost = world.services["accounts"].get("eve").key_id
    form = shown_form(world, "eve") | {"do": "password", "new_password": "forty green umbrellas"}
    found = change(world, form, name="eve")
    assert isinstance(found, Redirect)
    assert lost[:16] in found.message
    assert change(world, shown_form(world, "eve") | {"do": "password", "new_password": "x"}, name="eve").status == 400


def test_nobody_changes_their_own_account_or_one_of_another_firm(world):
    assert "your own account" in page(world, ONE, path={"name": "ann"}, by="ann")
    form = shown_form(world) | {"holder": "ann"}
    assert answer(world, "POST", ONE, by="ann", path={"name": "ann"}, form=form).status == 403
    other = NewAccount("far", "lantern", "far", "Far", "en", frozenset({ConsoleRole.OWNER}))
    world.services["login"].add(other, PASSWORD)
    with pytest.raises(NotFoundError):
        page(world, ONE, path={"name": "far"})
    with pytest.raises(NotFoundError):
        change(world, form, name="far")


def test_revocations_show_their_entry(world):
    world.desk.register.revoke(known_key("collector").key_id, "left", known_key("root"))
    english = page(world, "/keys")
    assert "revoked" in english
    assert "已撤銷" in page(world, "/keys", language="zh-Hant")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_api_key_is_shown_once_and_revoked(world, language):
    assert ("No API keys yet" in page(world, "/api-keys", language=language)) or language != "en"
    form = {"label": "<i>scoring</i>", "days": "30"}
    made = answer(world, "POST", "/api-keys", form=form, lists={"roles": ["caller"]}, language=language)
    text = world.html(made, language)
    key = re.search(r"dt_[A-Za-z0-9_-]{43}", text)
    assert key is not None
    assert "&lt;i&gt;scoring" in text
    after = page(world, "/api-keys", language=language)
    assert key.group() not in after
    ident = re.search(r"key-[0-9a-f]{12}", after).group()
    gone = answer(world, "POST", "/api-keys", form={"do": "revoke", "id": ident}, language=language)
    assert isinstance(gone, Redirect)
    after = page(world, "/api-keys", language=language)
    assert ("revoked" in after) or ("已撤銷" in after)
    assert 'value="revoke"' not in after


@pytest.mark.parametrize(
    ("form", "lists", "says"),
    [
        ({"label": "", "days": "3"}, {"roles": ["caller"]}, "printable characters"),
        ({"label": "x", "days": "0"}, {"roles": ["caller"]}, "whole number of days"),
        ({"label": "x", "days": "3"}, {}, "Tick at least one"),
        ({"label": "x", "days": "3"}, {"roles": ["approver"]}, "Tick at least one"),
        ({"label": "x", "days": "3"}, {"roles": ["caller"], "uses": ["lantern/other"]}, "missing or wrong"),
        ({"do": "revoke", "id": "key-none"}, {}, "not here"),
    ],
)
def test_what_is_wrong_with_a_key_is_named(world, form, lists, says):
    view = answer(world, "POST", "/api-keys", form=form, lists=lists)
    assert view.status in {400, 404}
    assert says in world.html(view)
    assert world.services["api_keys"].of(FIRM) == []
