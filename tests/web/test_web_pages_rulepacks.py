"""Rule packs: which decide, what became of each paragraph, each rule in both languages, and what changed."""

from __future__ import annotations

import pytest
from acting_world import words
from page_world import HOSTILE, PageWorld

from dualtrack.errors import DualtrackError, NotFoundError
from dualtrack.rules.shipped import shipped_packs
from dualtrack.web.pages import rulepacks
from permit.firm import PASSES, compiled, known_key, rule, text

ONE, DIFF = "/packs/{id}", "/packs/{id}/diff"


@pytest.fixture
def world(tmp_path):
    made = PageWorld(tmp_path, rulepacks.PAGES)
    made.permit()
    yield made.start()
    made.close()


def adopt(world, *rules, **changes) -> str:
    from dualtrack.domain import canonical

    pack = compiled(list(rules), **changes)
    world.register.adopt(pack, known_key("compliance"))
    return canonical.digest(pack)


def test_adopted_packs_come_first_and_shipped_ones_are_marked(world):
    english, chinese = world.both("GET", "/packs")
    assert english.index("test-pack") < english.index("sfc-24ec55")
    assert english.count("Not adopted") == len(shipped_packs())
    assert "49 paragraphs: 35 rule" in english
    assert "已採用" in chinese
    assert words(world.show("GET", "/rules")) == words(english)


@pytest.mark.parametrize("pack", shipped_packs(), ids=lambda pack: pack.id)
def test_every_shipped_pack_has_its_page(world, pack):
    english, chinese = world.both("GET", ONE, path={"id": pack.id})
    for item in pack.rules:
        assert f'id="{item.id}"' in english
    assert pack.digest in english
    assert pack.data.source.document.split("&")[0] in english.replace("&#39;", "'")
    for row in pack.data.coverage:
        assert row.note.zh.split("&")[0][:10] in chinese.replace("&#39;", "'").replace("&#34;", '"')
    assert ("No coverage is claimed" in english) is (pack.data.grade.value == "secondary" or not pack.data.coverage)


def test_a_rule_card_says_both_languages_and_what_it_asks(world):
    said = words(world.show("GET", ONE, path={"id": "test-pack"}))
    for wanted in (
        "r says",
        "（譯）r says",
        "ev.check.estimate &gt;= 0.5",
        "Our test for paragraph 1",
        "S2, refuses live use",
        "Adopted",
    ):
        assert wanted in said, wanted


def test_two_versions_are_compared_rule_by_rule(world):
    before = world.register.adopted_packs()[0].digest
    after = adopt(world, rule("r", "ev.check.estimate >= 0.6"), rule("new", PASSES), version="1.1")
    page = world.show("GET", ONE, path={"id": "test-pack"})
    assert "Was adopted" in page
    assert f"/packs/test-pack/diff?from={before}&amp;to={after}" in page
    english, chinese = world.both("GET", DIFF, path={"id": "test-pack"}, query={"from": before, "to": after})
    said = words(english)
    assert "1.0 → 1.1" in said
    assert "rule new: added" in said
    assert "rule open: removed" in said
    assert "規則 new：新增" in chinese
    assert "No change" in world.show("GET", DIFF, path={"id": "test-pack"}, query={"from": after, "to": after})
    old = world.show("GET", ONE, path={"id": "test-pack"}, query={"digest": before})
    assert "ev.check.estimate &gt;= 0.5" in old


@pytest.mark.parametrize("query", [{"digest": "x"}, {"digest": "0" * 64}])
def test_a_version_that_is_not_here_is_refused(world, query):
    with pytest.raises(DualtrackError) as caught:
        world.answer("GET", ONE, path={"id": "test-pack"}, query=query)
    assert caught.value.fix or caught.value.expected


def test_a_pack_that_is_not_here_is_not_found(world):
    with pytest.raises(NotFoundError):
        world.answer("GET", ONE, path={"id": HOSTILE})


def test_words_of_a_pack_are_text(world):
    adopt(
        world,
        rule("r", PASSES, title=text(HOSTILE), says=text(HOSTILE), todo=text(HOSTILE)),
        title=text(HOSTILE),
        version="1.2",
    )
    for page in (*world.both("GET", ONE, path={"id": "test-pack"}), *world.both("GET", "/packs")):
        assert "&lt;script&gt;" in page
