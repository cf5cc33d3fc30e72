"""`dualtrack explain`: from verdict to data digest, the way to green, and the dossier, in a real workspace."""

import json

import pytest
from cli_world import BANK, USE, declared_bank, evidence_files, good, run


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    folder = declared_bank(tmp_path_factory.mktemp("explain") / "work")
    for subject, holder, path in evidence_files(folder.parent, folder):
        if path.stem == "data_quality":
            good("evidence", "add", subject, path, "--as", holder, "--workspace", folder)
    return folder


def explain(bank, *more):
    return good("explain", USE, *more, "--workspace", bank)


def test_the_default_lists_what_bites_with_paragraph_outcome_and_todo(bank):
    out = explain(bank).out
    assert f"{USE}: refused" in out
    assert "our test for" in out
    assert "to do (" in out
    assert "digest " in out
    assert "Not established" in out
    assert "[bold]" not in out
    assert "complies with" not in out.lower()


def test_evidence_is_walked_to_its_method_and_data_digest(bank):
    out = explain(bank, "--all").out
    assert "method by hand 1 (the validator's notebook)" in out
    assert f"data {'ab' * 32}" in out
    assert "measurement by collector" in out


def test_to_green_names_steps_roles_hours_and_the_verified_verdict(bank):
    out = explain(bank, "--to-green").out
    assert "Verified by assessing again with these steps: the verdict would be permitted" in out
    assert "1. " in out
    assert "hours" in out
    assert "would do, for example: " in out
    found = explain(bank, "--to-green", "--json").json["to_green"]
    assert found["reached"] is True
    assert found["verdict_after"].startswith("permitted")
    assert [step["number"] for step in found["steps"]] == list(range(1, len(found["steps"]) + 1))
    assert all(step["asked_by"] and step["roles"] for step in found["steps"])


def test_one_rule_and_one_that_does_not_apply(bank):
    found = explain(bank, "--rule", "dualtrack-policy/BEN-02", "--json").json
    assert [item["rule"] for item in found["rules"]] == ["BEN-02"]
    assert found["rules"][0]["our_test_for"] == ["Dualtrack policy, benefit 2"]
    assert found["rules"][0]["outcome"] == "no_evidence"
    done = run("explain", USE, "--rule", "dualtrack-policy/NO-99", "--workspace", bank, "--json")
    assert done.code == 2
    assert json.loads(done.out)["detail"] == "no rule 'dualtrack-policy/NO-99' applies"


def test_languages_of_rule_texts(bank):
    english, chinese, both = (explain(bank, "--lang", lang).out for lang in ("en", "zh", "both"))
    assert "相對" not in english
    assert "我們就" in chinese
    assert "our test for" in both
    assert "我們就" in both


def test_html_writes_the_dossier_and_keeps_an_existing_file(bank, tmp_path):
    page = tmp_path / "dossier.html"
    assert "wrote" in explain(bank, "--html", page).out
    text = page.read_text()
    assert "What this page does not establish" in text
    assert "The way to green" in text
    done = run("explain", USE, "--html", page, "--workspace", bank)
    assert done.code == 2
    assert "exists" in done.err
    explain(bank, "--html", page, "--force")


def test_an_institution_is_explained_but_has_no_way_to_green(bank):
    assert "requirements evidenced" in good("explain", BANK, "--workspace", bank).out
    assert run("explain", BANK, "--to-green", "--workspace", bank).code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((f"{BANK}/nothing",), "not declared"),
        ((USE, "--release", "0" * 64), "no release"),
        (("other/use",), "no institution"),
    ],
)
def test_what_is_not_there_is_said(bank, arguments, message):
    done = run("explain", *arguments, "--workspace", bank)
    assert done.code == 2
    assert message in done.err


def test_nothing_is_recorded_by_explaining(bank):
    before = explain(bank, "--json").json["assessment"]["size"]
    explain(bank, "--to-green")
    assert explain(bank, "--json").json["assessment"]["size"] == before
