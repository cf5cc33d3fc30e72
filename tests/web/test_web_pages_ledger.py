"""The ledger's pages: heads and witnesses, a verification that finds a changed byte, entries, and the proof of one."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from acting_world import words
from page_world import FIRM, HOSTILE, USE, PageWorld
from sqlalchemy import insert, update

from dualtrack.domain.oversight import Access
from dualtrack.domain.records import encode
from dualtrack.errors import ForbiddenError, NotFoundError
from dualtrack.ledger.merkle import leaf_hash
from dualtrack.store.erasure import erase
from dualtrack.store.projectors import PROJECTED_KINDS
from dualtrack.store.shared_tables import SHARED
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import ledger
from dualtrack.web.pages.base import Download, Redirect
from dualtrack.web.views.ledger import kind_name
from dualtrack.web.views.rendering import Language
from dualtrack.web.views.wording import Say

ONE, PROOF = "/ledger/{idx}", "/ledger/{idx}/proof"


@pytest.fixture
def world(tmp_path):
    made = PageWorld(tmp_path, ledger.PAGES)
    made.recorded = made.permit()
    yield made.start()
    made.close()


def test_heads_kinds_and_entries_are_there(world):
    english, chinese = world.both("GET", "/ledger")
    size = world.register.repository.size()
    assert f"{size:,} entries" in english
    assert world.register.repository.root(size).hex() in english
    assert "None is listed: only the firm's own key" in words(english).replace("&#39;", "'")
    assert "evidence/1" in english
    assert "核實" in chinese
    assert "申報" in chinese, "kinds of entries are said in words"


def test_every_kind_that_the_tables_are_made_of_has_words():
    say = Say(Language.ZH)
    assert [kind for kind in PROJECTED_KINDS if kind_name(kind, say) == kind] == []
    assert kind_name("unheard/1", say) == "unheard/1"


def verified(world, **given) -> str:
    """Begin a verification and return the page when it has ended."""
    begun = world.answer("POST", "/ledger/verify")
    assert isinstance(begun, Redirect)
    assert begun.to == "/ledger"
    world.runtime.verifications.wait()
    return world.show("GET", "/ledger", **given)


def test_a_whole_ledger_is_said_to_be_whole(world):
    english = verified(world)
    assert "Whole." in english
    assert world.register.repository.root(world.register.repository.size()).hex() in english
    assert "完整無缺" in world.show("GET", "/ledger", language="zh-Hant")


def test_a_verification_under_way_is_shown_and_not_begun_again(world):
    table, now_s = SHARED.verification, int(world.world.clock().timestamp())
    row = {"institution": FIRM, "holder": b"elsewhere", "begun_s": now_s, "read": 256, "size": 1_024}
    with world.runtime.store.backend.write("x") as connection:
        connection.execute(insert(table).values(alive_s=now_s + 60, **row))
    assert isinstance(world.answer("POST", "/ledger/verify"), Redirect)
    english, chinese = world.both("GET", "/ledger")
    assert "256 of 1,024 entries read" in words(english)
    assert 'action="/ledger/verify"' not in english
    assert "Whole." not in english
    assert "正在核實" in chinese
    world.world.offset += timedelta(seconds=61)  # that process has died
    english, chinese = world.both("GET", "/ledger")
    assert "Not verified." in english
    assert "未能核實" in chinese
    assert "Whole." in verified(world)


def test_a_changed_byte_is_found_and_placed(world):
    repository = world.register.repository
    entry = repository.tables.entry
    with repository.backend.write(repository.ledger) as connection:
        connection.execute(update(entry).where(entry.c.idx == 3).values(recorded_at="2020-01-01T00:00:00Z"))
    page = verified(world)
    assert "Not whole." in page
    assert '<div class="alert bad" role="alert">' in page
    assert "What was found" in page
    assert "Whole.</span>" not in page.replace("Not whole.", "")


def test_a_finding_stays_on_the_page_when_a_newer_verification_was_interrupted(world):
    repository = world.register.repository
    entry, table = repository.tables.entry, SHARED.verification
    with repository.backend.write(repository.ledger) as connection:
        connection.execute(update(entry).where(entry.c.idx == 3).values(recorded_at="2020-01-01T00:00:00Z"))
    before = verified(world)
    (as_of,) = re.findall(r"Verified as it stood on ([^;]+);", before)
    world.world.offset += timedelta(days=1)
    begun_s = int(world.world.clock().timestamp())
    newer = {"holder": b"elsewhere", "begun_s": begun_s, "alive_s": begun_s + 60, "read": 5, "ended_s": None}
    with world.runtime.store.backend.write("x") as connection:  # as another process begins it
        connection.execute(update(table).values(newer))
    under_way = world.show("GET", "/ledger")
    assert "Being verified." in under_way
    assert "Not whole." in under_way
    world.world.offset += timedelta(seconds=61)  # and dies
    english, chinese = world.both("GET", "/ledger")
    assert "Not whole." in english
    assert f"Verified as it stood on {as_of};" in english
    assert "Interrupted." in english
    (said,) = re.findall(r"The verification begun on ([^<]+?) did not come to its end", english)
    assert said != as_of
    assert "已中斷" in chinese
    assert "Interrupted." not in verified(world)


def test_entries_are_filtered_by_kind_and_paged(world, monkeypatch):
    page = world.show("GET", "/ledger", query={"kind": "evidence/1"})
    listed = page.split('id="entries"')[1]
    assert "key-grant/1</span>" not in listed
    monkeypatch.setattr("dualtrack.web.views.ledger.ENTRIES_SHOWN", 4)
    monkeypatch.setattr(ledger, "ENTRIES_SHOWN", 4)
    first = world.show("GET", "/ledger")
    last = world.register.repository.size() - 1
    assert f"/ledger?before={last - 3}" in first
    assert f'href="/ledger/{last - 4}"' in world.show("GET", "/ledger", query={"before": str(last - 3)})
    with pytest.raises(NotFoundError):
        world.answer("GET", "/ledger", query={"before": "x"})


def test_one_entry_shows_content_signer_and_proof(world):
    repository = world.register.repository
    entry = next(item for item in repository.entries(kinds=("declaration/1",)))
    english, chinese = world.both("GET", ONE, path={"idx": str(entry.index)})
    said = words(english)
    for wanted in (leaf_hash(entry.leaf).hex(), "owner", "early-warning", f"dualtrack ledger proof {entry.index}"):
        assert wanted in said, wanted
    assert f'href="/uses/{USE}"' in english
    assert "已簽署的日誌頭" in chinese


def test_the_proof_leads_from_the_leaf_to_the_head(world):
    found = world.answer("GET", PROOF, path={"idx": "2"})
    assert isinstance(found, Download)
    proof = json.loads(found.data)
    assert proof["index"] == 2
    assert proof["size"] == world.register.repository.size()


def test_an_erased_content_leaves_its_leaf(world):
    repository = world.register.repository
    look = Access(by="ann", digest="0" * 64, about=USE, reason="named a customer", at=world.register.now())
    index = world.register.append_plain([("notice/1", USE, encode(look))])[0].index
    erase(repository, index, reason="a court's order <b>", at=world.world.clock())
    page = world.show("GET", ONE, path={"idx": str(index)})
    assert "Content erased." in page
    assert "order &lt;b&gt;" in page
    assert "Leaf hash" in page
    with pytest.raises(NotFoundError):
        world.answer("GET", PROOF, path={"idx": str(index)})


@pytest.mark.parametrize("index", ["999999", "x", "-1", "9" * 40, "２"])
def test_what_is_no_entry_is_not_found(world, index):
    with pytest.raises(NotFoundError):
        world.answer("GET", ONE, path={"idx": index})


def test_typed_text_in_an_entry_is_text(world):
    world.declare(title={"en": HOSTILE, "zh-Hant": HOSTILE})
    index = world.register.repository.size() - 1
    page = world.show("GET", ONE, path={"idx": str(index)})
    assert "&lt;script&gt;alert(1)" in page


def test_an_administrator_counts_entries_and_opens_none(world):
    page = world.show("GET", "/ledger", roles={ConsoleRole.ADMINISTRATOR})
    assert 'href="/ledger/1"' not in page
    with pytest.raises(ForbiddenError):
        world.answer("GET", ONE, path={"idx": str(world.recorded.assessment_index)}, uses=frozenset({f"{USE}-other"}))
