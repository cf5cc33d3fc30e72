"""From a verdict to its rules, to its evidence, to the leaf: each step on a page, each recomputed, and the bundle."""

from __future__ import annotations

import json

import pytest
from acting_world import words
from page_world import HOSTILE, OF_USE, USE, PageWorld

import dualtrack_verify
from dualtrack.domain.evidence import Statement
from dualtrack.domain.records import read_record
from dualtrack.errors import ForbiddenError, NotFoundError
from dualtrack.ledger.merkle import leaf_hash
from dualtrack.store.anchors import anchors_document
from dualtrack.web.pages import assessment
from dualtrack.web.pages.base import Download
from permit import firm as made
from permit.firm import CHECK, known_key

PATH = OF_USE
ONE, OF_ENTRY, EVIDENCE = "/uses/{institution}/{use}/assessment", "/assessments/{idx}", "/evidence/{idx}"


@pytest.fixture
def world(tmp_path):
    made = PageWorld(tmp_path, assessment.PAGES)
    made.recorded = made.permit()
    yield made.start()
    made.close()


def indices(world, kind):
    return [str(entry.index) for entry in world.register.repository.entries(kinds=(kind,))]


def test_every_rule_shows_both_languages_paragraph_source_and_outcome(world):
    english, chinese = world.both("GET", ONE, path=PATH)
    for page in (english, chinese):
        assert "r says" in page
        assert "（譯）r says" in page
        assert 'id="test-pack--r"' in page
        assert 'id="test-pack--open"' in page
    said = words(english)
    for wanted in (
        "Our test for paragraph 1",
        "Test circular, T/1, 2025-01-01",
        "Circular",
        "S2, refuses live use",
        "Our own policy, no legal duty",
        "ev.check.estimate &gt;= 0.5",
        "0.700 (0.600 – 0.800)",
        "n = 100",
        "do open",
        "the same, byte for byte",
        world.recorded.case.release,
    ):
        assert wanted in said, wanted
    assert "不准正式使用" in chinese
    assert "comply" not in said.lower()


def test_the_same_assessment_is_found_by_its_entry(world):
    by_use = world.show("GET", ONE, path=PATH)
    assert world.show("GET", OF_ENTRY, path={"idx": str(world.recorded.assessment_index)}) == by_use


def test_an_older_assessment_stays_readable_and_has_no_bundle(world):
    world.assess()
    old = world.show("GET", OF_ENTRY, path={"idx": str(world.recorded.assessment_index)})
    assert "the same, byte for byte" in old
    assert "/bundle" not in old
    assert "/bundle" in world.show("GET", ONE, path=PATH)
    with pytest.raises(NotFoundError):
        world.answer("GET", "/assessments/{idx}/bundle", path={"idx": str(world.recorded.assessment_index)})


def test_the_bundle_is_recomputed_by_the_verifier_alone(world, tmp_path):
    found = world.answer("GET", "/assessments/{idx}/bundle", path={"idx": str(world.recorded.assessment_index)})
    assert isinstance(found, Download)
    assert found.name == USE.replace("/", ".") + ".zip"
    (tmp_path / "bundle.zip").write_bytes(found.data)
    (tmp_path / "anchors.json").write_bytes(anchors_document([world.register]))
    assert dualtrack_verify.main([str(tmp_path / "bundle.zip"), "--trust", str(tmp_path / "anchors.json")]) == 0


def test_a_piece_of_evidence_down_to_its_leaf(world):
    index = indices(world, "evidence/1")[0]
    english, chinese = world.both("GET", EVIDENCE, path={"idx": index})
    said = words(english)
    entry = world.register.repository.entry(int(index))
    for wanted in (
        "0.7",
        "n = 100",
        leaf_hash(entry.leaf).hex(),
        known_key("validator").key_id,
        "validator",
        f"dualtrack ledger proof {index}",
    ):
        assert wanted in said, wanted
    assert "independent validator" in said
    assert "獨立驗證人員" in chinese
    assert "0.600" in english.split("<svg")[-1] or "<svg" in english
    assert "test-pack/r" in english
    assert "Admitted by the newest assessment" in english


def test_evidence_that_nobody_used_says_so(world):
    factory = made.Firm()
    factory.release_digest = world.world.release
    now = world.world.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    plain = factory.statement("check", CHECK, taken_at=now, seed=7, note=HOSTILE)
    receipt = world.register.add_evidence(read_record(plain, Statement, where="test"), [known_key("validator")])
    page = world.show("GET", EVIDENCE, path={"idx": str(receipt.index)})
    assert "It came after the newest assessment" in page
    assert "&lt;script&gt;alert(1)" in page
    assert f"dualtrack measure {USE} --data FILE --model MODEL --dry-run" in page
    world.assess()
    old = indices(world, "evidence/1")[0]
    assert "newer evidence of its topic counts instead" in world.show("GET", EVIDENCE, path={"idx": old})
    assert "replaced by newer evidence" in world.show("GET", ONE, path=PATH)


@pytest.mark.parametrize(("pattern", "kind"), [(OF_ENTRY, "evidence/1"), (EVIDENCE, "assessment/1")])
def test_an_entry_of_another_kind_is_not_found(world, pattern, kind):
    for index in (indices(world, kind)[0], "999999", "x", "-1"):
        with pytest.raises(NotFoundError):
            world.answer("GET", pattern, path={"idx": index})


def test_an_account_for_other_uses_reaches_none_of_it(world):
    for pattern, kind in (
        (OF_ENTRY, "assessment/1"),
        (EVIDENCE, "evidence/1"),
        ("/assessments/{idx}/bundle", "assessment/1"),
    ):
        with pytest.raises(ForbiddenError):
            world.answer("GET", pattern, path={"idx": indices(world, kind)[0]}, uses=frozenset({"test-bank/other"}))


def test_a_use_without_an_assessment_has_no_such_page(world):
    world.declare(use="test-bank/other")
    with pytest.raises(NotFoundError) as caught:
        world.answer("GET", ONE, path={"institution": "test-bank", "use": "other"})
    assert caught.value.fix


def test_sufficient_statistics_are_printed_and_bounded(world):
    factory = made.Firm()
    factory.release_digest = world.world.release
    now = world.world.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    statistics = {"level": 0.95, "sufficient": {"many": list(range(9000)), "said": HOSTILE}}
    plain = factory.statement("check", CHECK, taken_at=now, statistics=statistics)
    receipt = world.register.add_evidence(read_record(plain, Statement, where="test"), [known_key("validator")])
    page = world.show("GET", EVIDENCE, path={"idx": str(receipt.index)})
    assert "95% interval" in page
    assert len(page) < 200_000
    assert json.dumps(statistics) not in page
