"""API keys in the console: shown once, asked about before each act, rotated with an overlap, and no form makes two."""

from __future__ import annotations

import re

import pytest
from acting_world import LANGUAGES, ActingWorld
from test_web_pages_people import acts, answer, page

from dualtrack.web.pages import api_keys
from dualtrack.web.pages.base import Redirect
from permit.firm import FIRM, USE

KEY = re.compile(r"dt_[A-Za-z0-9_-]{43}")
MAKE = {"label": "<i>scoring</i>", "days": "30"}


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, api_keys.PAGES)
    yield made
    made.close()


def carried(text):
    """Return the hidden fields of the page that asks, and the lists among them."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text)
    return dict(found), {name: [value for other, value in found if other == name] for name in ("roles", "uses")}


def send(world, form, *, lists=None, language="en"):
    return answer(world, "POST", "/api-keys", form=form, lists=lists or {"roles": ["caller"]}, language=language)


def do(world, form, reason="nightly scoring", *, language="en"):
    """Go through both pages; return what the second gives and what it was sent."""
    asked = world.html(send(world, form, lists={"roles": ["caller"], "uses": [USE]}, language=language), language)
    assert not KEY.search(asked)
    fields, lists = carried(asked)
    given = fields | {"label": form.get("label", ""), "reason": reason}
    return send(world, given, lists=lists, language=language), (given, lists)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_key_is_made_after_a_second_page_and_shown_once(world, language):
    assert {"en": "No API keys yet", "zh-Hant": "未有 API 密鑰"}[language] in page(
        world, "/api-keys", language=language
    )
    made, sent = do(world, MAKE, language=language)
    text = world.html(made, language)
    key = KEY.search(text).group()
    assert "&lt;i&gt;scoring" in text
    assert key not in page(world, "/api-keys", language=language)
    [kept] = world.services["api_keys"].of(FIRM)
    assert (kept.uses, kept.made_by) == ({USE}, "validator")
    again = send(world, sent[0], lists=sent[1], language=language)
    assert again.status == 409
    assert not KEY.search(world.html(again, language))
    [done] = acts(world)
    assert (done["act"], done["about"], done["reason"]) == ("api-key-made", kept.id, "nightly scoring")
    assert done["detail"] == f"30 days; roles caller; uses {USE}"
    assert key not in str(done)


def test_a_key_is_revoked_once_and_with_a_reason(world):
    do(world, MAKE)
    ident = world.services["api_keys"].of(FIRM)[0].id
    silent, _ = do(world, {"do": "revoke", "id": ident}, "")
    assert silent.status == 400
    for _ in range(2):
        gone, _ = do(world, {"do": "revoke", "id": ident}, "the program is gone")
        assert isinstance(gone, Redirect)
    text = page(world, "/api-keys")
    assert "revoked" in text
    assert 'value="revoke"' not in text
    assert [item["act"] for item in acts(world)] == ["api-key-made", "api-key-revoked"]


@pytest.mark.parametrize(("overlap", "still"), [("0", False), ("86400", True)])
def test_a_rotated_key_has_a_successor_for_the_same(world, overlap, still):
    do(world, MAKE)
    keys = world.services["api_keys"]
    old = keys.of(FIRM)[0]
    made, sent = do(world, {"do": "rotate", "id": old.id, "days": "60", "overlap": overlap}, "yearly")
    assert KEY.search(world.html(made))
    assert send(world, sent[0], lists=sent[1]).status in {400, 409}
    new = next(item for item in keys.of(FIRM) if item.id != old.id)
    assert (new.label, new.roles, new.uses) == (old.label, old.roles, old.uses)
    now = keys.one(FIRM, old.id)
    assert (now.revoked_s is None) is still
    assert now.expires_s <= old.expires_s
    assert len(keys.of(FIRM)) == 2
    assert [item["act"] for item in acts(world)] == ["api-key-made", "api-key-rotated"]


@pytest.mark.parametrize(
    ("form", "lists", "says"),
    [
        ({"label": "", "days": "3"}, {"roles": ["caller"]}, "printable characters"),
        ({"label": "x", "days": "0"}, {"roles": ["caller"]}, "whole number of days"),
        ({"label": "x", "days": "3"}, {"roles": []}, "Tick at least one"),
        ({"label": "x", "days": "3"}, {"roles": ["approver"]}, "Tick at least one"),
        ({"label": "x", "days": "3"}, {"roles": ["caller"], "uses": ["lantern/other"]}, "missing or wrong"),
        ({"label": "x", "days": "3", "once": "../x", "sure": "yes", "reason": "y"}, {"roles": ["caller"]}, "missing or wrong"),
        ({"do": "revoke", "id": "key-none"}, {}, "not here"),
        ({"do": "rotate", "id": "key-none", "days": "3", "overlap": "0"}, {}, "not here"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_key_is_named(world, form, lists, says):
    view = answer(world, "POST", "/api-keys", form=form, lists=lists)
    assert view.status in {400, 404}
    assert says in world.html(view)
    assert world.services["api_keys"].of(FIRM) == []


def test_an_overlap_is_one_that_is_offered(world):
    do(world, MAKE)
    ident = world.services["api_keys"].of(FIRM)[0].id
    assert send(world, {"do": "rotate", "id": ident, "days": "3", "overlap": "9999999"}).status == 400
