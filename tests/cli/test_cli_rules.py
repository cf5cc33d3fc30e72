"""`dualtrack rules`: packs are listed, opened to the paragraph, compared, tested, compiled, adopted and retired."""

import json
import time
from pathlib import Path

import pytest
from cli_world import BANK, USE, declared_bank, good, run

import dualtrack.rules

SOURCE = Path(dualtrack.rules.__file__).parent / "packs" / "dualtrack-policy.yaml"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DUALTRACK_WORKSPACE", raising=False)


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    return declared_bank(tmp_path_factory.mktemp("rules") / "work")


@pytest.fixture
def looser(tmp_path):
    """Our policy without the need to show the benefit: version 2."""
    text = SOURCE.read_text(encoding="utf-8").replace("version: 1.1.0", "version: 2.0.0", 1)
    start, end = text.index("  - id: BEN-02"), text.index("  - id: BEN-03")
    path = tmp_path / "looser.yaml"
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    return path


def test_list_says_grade_and_what_is_adopted(bank):
    listed = good("rules", "list", "--json").json
    assert {"sfc-24ec55", "hkma-genai-2024", "va-dealing-2025"} <= {item["pack"] for item in listed}
    assert not any(item["adopted"] for item in listed)
    here = good("rules", "list", "--workspace", bank, "--json").json
    assert {item["pack"] for item in here if item["adopted"]} >= {"dualtrack-policy", "hkma-genai-2024"}
    assert "secondary" in good("rules", "list").out


def test_show_opens_a_rule_to_its_paragraph_source_and_digest():
    out = good("rules", "show", "sfc-24ec55", "--rule", "RUN-02", "--lang", "both").out
    for text in (
        "our test for paragraph 18(d)",
        "我們就第 18(d) 段所設的測試",
        "file digest c157ef",
        "requires ",
        "pack digest ",
    ):
        assert text in out
    whole = good("rules", "show", "sfc-24ec55", "--json").json
    assert len(whole["rules"]) > 40
    assert all(item["our_test_for"] for item in whole["rules"])


def test_show_of_what_is_not_there():
    done = run("rules", "show", "nothing", "--json")
    assert done.code == 2
    assert "sfc-24ec55" in json.loads(done.out)["expected"]
    assert run("rules", "show", "sfc-24ec55", "--rule", "NO-1").code == 2


def test_coverage_accounts_for_every_paragraph_with_its_share():
    found = good("rules", "coverage", "--json").json
    assert {item["pack"] for item in found} == {"sfc-24ec55", "hkma-genai-2024", "hkma-principles-2019"}
    for item in found:
        assert sum(item["counts"].values()) == item["total"] == len(item["paragraphs"])
    out = good("rules", "coverage", "sfc-24ec55").out
    assert "paragraphs: rule " in out
    assert "%)" in out
    assert run("rules", "coverage", "pcpd-framework-2024").code == 2


def test_diff_of_two_regimes_and_of_a_pack_with_itself():
    found = good("rules", "diff", "va-otc-customs-2024", "va-dealing-2025", "--json").json
    assert found["verdicts"] is None
    assert {change["kind"] for change in found["changes"]} == {"added", "removed", "changed"}
    assert good("rules", "diff", "sfc-24ec55", "sfc-24ec55").out.strip() == "no change"
    assert good("rules", "diff", "sfc-24ec55", "sfc-24ec55", "--lang", "zh").out.strip() == "沒有更改"


def test_diff_in_a_workspace_rehearses_the_verdicts_and_records_nothing(bank, looser):
    before = good("explain", USE, "--workspace", bank, "--json").json["assessment"]["size"]
    found = good("rules", "diff", "dualtrack-policy", looser, "--workspace", bank, "--json").json
    assert [item["subject"] for item in found["verdicts"]] == [USE]
    assert "dualtrack-policy/BEN-02" in found["verdicts"][0]["no_longer"]
    assert found["verdicts"][0]["refuses"] == []
    out = good("rules", "diff", "dualtrack-policy", looser, "--workspace", bank).out
    assert "would no longer refuse: dualtrack-policy/BEN-02" in out
    assert "No verdict here rests on sfc-24ec55" in good("rules", "diff", "sfc-24ec55", looser, "--workspace", bank).out
    assert good("explain", USE, "--workspace", bank, "--json").json["assessment"]["size"] == before


def test_the_tests_of_a_pack_run_and_a_failing_one_stops_compile_and_adopt(bank, tmp_path):
    assert good("rules", "test", "sfc-24ec55", "--json").json["failures"] == []
    assert "tests hold" in good("rules", "test", "sfc-24ec55").out
    text = SOURCE.read_text(encoding="utf-8")
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace("expect: met", "expect: not_met", 1), encoding="utf-8")
    done = run("rules", "test", broken, "--json")
    assert done.code == 1
    assert len(json.loads(done.out)["failures"]) == 1
    out = tmp_path / "broken.json"
    assert run("rules", "compile", broken, "-o", out).code == 1
    assert not out.exists()
    refused = run("rules", "adopt", broken, "--workspace", bank)
    assert refused.code == 1
    assert "not adopted" in refused.err


def test_compile_writes_what_test_and_show_read(looser, tmp_path):
    out = tmp_path / "looser.json"
    digest = good("rules", "compile", looser, "-o", out, "--json").json["digest"]
    assert good("rules", "show", out, "--json").json["digest"] == digest
    assert run("rules", "compile", looser, "-o", out).code == 2
    good("rules", "compile", looser, "-o", out, "--force")


def test_adopt_and_retire_are_signed_entries_that_change_what_is_assessed(bank, looser):
    adopted = good("rules", "adopt", looser, "--workspace", bank, "--json").json
    assert adopted["institution"] == BANK
    packs = {
        line["id"]: line for line in good("explain", USE, "--workspace", bank, "--json").json["assessment"]["packs"]
    }
    assert packs["dualtrack-policy"]["version"] == "2.0.0"
    assert good("rules", "show", "dualtrack-policy", "--workspace", bank, "--json").json["version"] == "2.0.0"
    good("rules", "retire", "dualtrack-policy", "--workspace", bank)
    packs = [line["id"] for line in good("explain", USE, "--workspace", bank, "--json").json["assessment"]["packs"]]
    assert "dualtrack-policy" not in packs
    assert run("rules", "retire", "dualtrack-policy", "--workspace", bank).code == 2
    refused = run("rules", "adopt", "dualtrack-policy", "--as", "developer", "--workspace", bank)
    assert refused.code == 2
    time.sleep(1)  # in the same second these would be the very words of the first adoption
    good("rules", "adopt", "dualtrack-policy", "--workspace", bank)
