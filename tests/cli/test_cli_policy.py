"""`dualtrack policy`: a template that runs once it is filled in, and mistakes told before a release."""

import pytest
import yaml
from cli_world import USE, good, run
from running_world import write_policy


@pytest.mark.parametrize("kind", ["row", "chat"])
def test_a_template_that_is_not_filled_in_is_refused_by_name(kind, tmp_path):
    path = tmp_path / "policy.yaml"
    good("policy", "template", "--kind", kind, "-o", path)
    done = run("policy", "check", path)
    assert done.code == 2
    assert "use" in done.err
    good("policy", "template", "--kind", kind, "--use", USE, "-o", path, "--force")
    done = run("policy", "check", path)
    assert done.code == 2
    assert "policy.yaml, field " in done.err


def test_a_filled_in_template_can_run(tmp_path):
    path = write_policy(tmp_path)
    said = good("policy", "check", path, "--json").json
    assert said["use"] == USE
    assert [line["guard"] for line in said["guards"]] == ["input_schema"]
    assert said["notes"] == []
    shown = good("policy", "check", path).out
    assert said["digest"] in shown
    assert "SFC 24EC55" in shown


def test_the_chat_template_can_run_with_its_guards(tmp_path):
    text = good("policy", "template", "--kind", "chat", "--use", USE).out
    plain = yaml.safe_load(text)
    plain["upstreams"][0] |= {"provider": "lab", "url": "http://127.0.0.1:9000/v1", "model": "m"}
    plain["human"] = {"en": "Call", "zh-Hant": "致電"}
    path = tmp_path / "chat.yaml"
    path.write_text(yaml.safe_dump(plain, allow_unicode=True))
    said = good("policy", "check", path, "--json").json
    assert said["guards"][0]["guard"] == "tipping_off"
    assert len(said["guards"]) == len(plain["guards"])
    (note,) = said["notes"]
    assert "without a fingerprint" in note


def test_the_digest_is_the_one_that_a_release_pins(bank, tmp_path):
    path = write_policy(tmp_path)
    (tmp_path / "code.py").write_text("1\n")
    good("release", USE, "--code", tmp_path / "code.py", "--policy", path, "--workspace", bank)
    digest = good("policy", "check", path, "--json").json["digest"]
    assert good("standing", "--workspace", bank, "--json").json[0]["code"] == "permit.none"
    kept = good("ledger", "show", "--kind", "release/1", "--workspace", bank, "--json").out
    assert digest in kept or "release/1" in kept


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"retention": "for-ever"}, "sfo-7y"),
        ({"guards": "[{guard: nothing_such, stage: input, action: block}]"}, "no such guard"),
        ({"guards": "[{guard: disclosure, stage: input, action: block}]"}, "stage input"),
        ({"guards": "[{guard: input_schema, stage: input, action: block, settings: {x: 1}}]"}, "unknown setting"),
        ({"upstreams": "[]"}, "no upstream"),
        ({"review": "{mode: sample}"}, "sample_percent"),
    ],
)
def test_what_could_not_run_is_refused(changes, word, tmp_path):
    plain = yaml.safe_load(write_policy(tmp_path).read_text(encoding="utf-8"))
    plain |= {name: yaml.safe_load(value) for name, value in changes.items()}
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(plain, allow_unicode=True))
    done = run("policy", "check", path)
    assert done.code == 2
    assert word in done.err


def test_what_is_doubtful_is_noted(tmp_path):
    path = write_policy(tmp_path, audience="customers")
    said = good("policy", "check", path, "--json").json
    assert said["notes"] == ["answers go to customers and there is no disclosure"]
    assert "note: answers go to customers" in good("policy", "check", path).out


def test_a_template_is_not_written_over_a_file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("mine")
    assert run("policy", "template", "-o", path).code == 2
    assert path.read_text() == "mine"
    assert good("policy", "template", "--json").json["policy"]["use"] == "INSTITUTION/USE"
