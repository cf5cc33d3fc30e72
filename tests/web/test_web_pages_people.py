"""The administrator's pages of accounts: roles, a page that asks before a change, stale forms, and an entry of every act."""

from __future__ import annotations

import re

import pytest
from acting_world import LANGUAGES, ActingWorld
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from identity_world import PASSWORD

from dualtrack.domain import canonical
from dualtrack.errors import NotFoundError
from dualtrack.web.identity.accounts import NewAccount
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import people
from dualtrack.web.pages.base import Redirect
from permit.firm import FIRM

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


def acts(world):
    """Return what the ledger says of administrators' acts."""
    kept = world.desk.register.repository.every(kinds=("administration/1",))
    return [canonical.decode(entry.content) for entry in kept]


def shown_form(world, name="ann"):
    """Return the hidden fields that the page of an account carries along."""
    text = page(world, ONE, path={"name": name}).partition("reset-title")[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))


def change(world, form, *, roles=("owner",), name="ann", language="en", sure=True):
    given = {"reason": "moved to another team"} | form | ({"sure": "yes"} if sure else {})
    return answer(world, "POST", ONE, path={"name": name}, form=given, lists={"roles": list(roles)}, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_accounts_are_listed_escaped(world, language):
    text = page(world, "/people", language=language)
    assert "Ann &lt;b&gt;Ng" in text
    assert ("no key" in text) or ("沒有密鑰" in text)


def test_an_account_is_made_with_a_reason_and_without_a_key(world):
    form = {"name": "bob", "display_name": "Bob", "new_password": "forty green umbrellas", "reason": "new colleague"}
    missing = answer(world, "POST", "/people/new", form=form)
    assert missing.status == 400
    text = world.html(missing)
    assert "Tick at least one" in text
    assert "forty green umbrellas" not in text
    silent = answer(world, "POST", "/people/new", form=form | {"reason": " "}, lists={"roles": ["validator"]})
    assert "Say why, in a sentence." in world.html(silent)
    assert acts(world) == []
    made = answer(world, "POST", "/people/new", form=form, lists={"roles": ["validator", "reviewer"]})
    assert made.to == "/people/bob"
    assert world.services["accounts"].get("bob").key_id is None
    again = answer(world, "POST", "/people/new", form=form, lists={"roles": ["owner"]})
    assert "this one is taken" in world.html(again)
    weak = answer(
        world, "POST", "/people/new", form=form | {"name": "cat", "new_password": "x"}, lists={"roles": ["owner"]}
    )
    assert "Too short, too plain" in world.html(weak)
    odd = answer(world, "POST", "/people/new", form=form | {"name": "dog"}, lists={"roles": ["caller"]})
    assert odd.status == 400
    [done] = acts(world)
    assert (done["act"], done["about"], done["by"], done["reason"]) == (
        "account-made", "bob", "validator", "new colleague",
    )  # fmt: skip
    assert done["detail"] == "open; person bob; roles reviewer validator"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_change_is_shown_before_it_is_made(world, language):
    form = shown_form(world) | {"holder": "ann", "disabled": "yes"}
    asked = change(world, form, roles=("auditor",), language=language, sure=False)
    text = world.html(asked, language)
    assert 'name="sure" value="yes"' in text
    assert ("owner (first line) → auditor" in text) or ("負責人（第一道防線） → 審計人員" in text)
    assert acts(world) == []
    assert not world.services["accounts"].get("ann").disabled
    carried = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))
    silent = answer(world, "POST", ONE, path={"name": "ann"}, form=carried, lists={"roles": ["auditor"]})
    assert silent.status == 400
    assert "Say why, in a sentence." in world.html(silent)
    done = answer(
        world, "POST", ONE, path={"name": "ann"}, form=carried | {"reason": "left"}, lists={"roles": ["auditor"]}
    )
    assert isinstance(done, Redirect)
    assert world.services["accounts"].get("ann").disabled
    twice = answer(
        world, "POST", ONE, path={"name": "ann"}, form=carried | {"reason": "left"}, lists={"roles": ["auditor"]}
    )
    assert twice.status == 409
    assert [item["detail"] for item in acts(world)] == ["closed; person ann; roles auditor"]


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


def test_a_form_in_which_nothing_differs_asks_and_records_nothing(world):
    form = shown_form(world) | {"holder": "ann", "disabled": "no"}
    view = change(world, form)
    assert view.status == 400
    assert "Nothing differs" in world.html(view)
    assert acts(world) == []


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
    assert change(world, form | {"reason": ""}, name="eve").status == 400
    found = change(world, form, name="eve")
    assert isinstance(found, Redirect)
    assert lost[:16] in found.message
    assert change(world, shown_form(world, "eve") | {"do": "password", "new_password": "x"}, name="eve").status == 400
    assert [item["act"] for item in acts(world)] == ["password-reset"]
    assert "umbrellas" not in str(acts(world))


def test_nobody_changes_their_own_account_or_one_of_another_firm(world):
    assert "your own account" in page(world, ONE, path={"name": "ann"}, by="ann")
    form = shown_form(world) | {"holder": "ann", "sure": "yes", "reason": "mine"}
    assert answer(world, "POST", ONE, by="ann", path={"name": "ann"}, form=form).status == 403
    other = NewAccount("far", "lantern", "far", "Far", "en", frozenset({ConsoleRole.OWNER}))
    world.services["login"].add(other, PASSWORD)
    with pytest.raises(NotFoundError):
        page(world, ONE, path={"name": "far"})
    with pytest.raises(NotFoundError):
        change(world, form, name="far")
