"""What somebody meets who starts with nothing: each line says what stands, and the step it names works."""

import re

import pytest
import yaml
from cli_world import BANK, TAKEN, USE, good, plan_by_hand, refused, said

NO_PACK = "no rule pack is adopted: nothing can be permitted; next: dualtrack rules adopt PACK --as"


def line_of(done):
    return " ".join(done.out.split())


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A bank with people and a declared use, and no rule pack; what its commands said."""
    folder = tmp_path_factory.mktemp("bare") / "work"
    told = [good("init", BANK, "--type", "bank", "--name", "My Bank", "--staff", "9", "--folder", folder)]
    for holder, role in (("first-line", "owner"), ("second-line", "compliance"), ("developer", "developer")):
        told.append(good("key", "new", holder, "--role", role, "--workspace", folder))
    good("template", "show", "risk-bank", "--institution", BANK, "-o", folder / "use.yaml")
    told.append(good("declare", folder / "use.yaml", "--workspace", folder))
    return folder, [line_of(item) for item in told]


def test_first_steps_name_the_adoption_of_a_pack(bare):
    folder, (founded, owner, compliance, _, declared) = bare
    said(founded, f"dualtrack rules adopt PACK --as second-line --workspace {folder}", "--role compliance")
    said(owner, f"{NO_PACK} HOLDER")
    said(compliance, f"{NO_PACK} second-line")
    assert declared.endswith(f"next: dualtrack release {USE} --code FILE")


@pytest.mark.parametrize(
    "command", [("explain", USE), ("explain", USE, "--to-green"), ("assess", USE), ("explain", BANK), ("assess", BANK)]
)
def test_without_a_pack_it_is_said_that_nothing_can_be_permitted(bare, command):
    text = line_of(good(*command, "--workspace", bare[0]))
    said(text, NO_PACK)
    for misleading in ("0 of 0", "these refuse", "requirements evidenced", "Counts are"):
        assert misleading not in text.partition("newest recorded")[0]


def test_a_holder_without_a_key_is_told_a_command_that_is_whole(bare):
    folder = bare[0]
    text = refused(folder, "release", USE, "--code", folder / "use.yaml", "--as", "nobody", "--workspace", folder)
    said(text, "dualtrack key new nobody --role ROLE")


def test_an_explanation_says_that_it_is_not_recorded_and_what_is(bank):
    said(line_of(good("explain", USE, "--workspace", bank)), "computed now and not recorded", "none is recorded")
    assert good("explain", USE, "--workspace", bank, "--json").json["recorded"] is None
    recorded = good("assess", USE, "--workspace", bank, "--json").json
    good("assess", BANK, "--workspace", bank)
    text = line_of(good("explain", USE, "--workspace", bank))
    said(text, f"newest recorded: entry {recorded['index']}, at", f"digest {recorded['digest']}")
    assert good("explain", USE, "--workspace", bank, "--json").json["recorded"]["digest"] == recorded["digest"]


def test_the_headline_of_a_firm_counts(tmp_path):
    ws = tmp_path / "work"
    good("init", "my-dealer", "--type", "va_dealer", "--name", "My Dealer", "--folder", ws)
    good("key", "new", "second-line", "--role", "compliance", "--workspace", ws)
    for pack in ("amlo-mso-part5", "amlo-vatp-part5b", "va-dealing-2025"):
        good("rules", "adopt", pack, "--workspace", ws)
    found = good("explain", "my-dealer", "--workspace", ws, "--json").json["assessment"]["counts"].values()
    total = sum(item["applicable"] for item in found)
    assert total
    said(good("explain", "my-dealer", "--workspace", ws).out, f"my-dealer: requirements evidenced: 0 of {total}\n")


def test_a_step_that_was_observed_and_says_no_does_not_read_like_a_chore(bank, tmp_path):
    fields = {"stopped": False, "seconds_to_stop": 40.0, "seconds_limit": 300.0, "outputs_after_stop": 9}
    path = tmp_path / "drill.yaml"
    path.write_text(
        yaml.safe_dump({"kind": "drill", "topic": "kill_switch_drill", "fields": fields, "taken_at": TAKEN})
    )
    index = good("evidence", "add", USE, path, "--as", "validator", "--workspace", bank, "--json").json["index"]
    text = line_of(good("explain", USE, "--to-green", "--workspace", bank))
    said(text, f"observed already (entry {index}) and it does not show this; only a different result would do")


def test_a_claim_that_is_not_named_twice_is_told_in_plain_words(bank, tmp_path):
    text = good("evidence", "template", "benefit").out
    assert list(yaml.safe_load(text)).count("claim") == 1
    for name, value in {"claim": "closer-estimates", "baseline_measured": True, "n": 9}.items():
        text = text.replace(f"  {name}: null", f"  {name}: {str(value).lower()}")
    for name in ("cost_estimate", "cost_high", "cost_low", "cost_unit"):
        text = re.sub(rf"  {name}: .*\n", "", text)
    text = re.sub(r"  (baseline|design|unit): null", r"  \1: word", text)
    text = re.sub(r"  (estimate|low|high|power): null", r"  \1: 0.5", text)
    text = text.replace("{name: null, version: null, source: null}", "{name: a, version: b, source: c}")
    text = text.replace("data_digest: null", f"data_digest: {'ab' * 32}").replace("\nn: null", "\nn: 9")
    path = tmp_path / "benefit.yaml"
    path.write_text(text.replace("taken_at: null", f'taken_at: "{TAKEN}"'))
    words = refused(bank, "evidence", "add", USE, path, "--as", "validator", "--workspace", bank)
    said(
        " ".join(words.split()), "name the declared claim in both", "`dualtrack evidence template benefit` shows every"
    )
    assert "predicate" not in words
    path.write_text(path.read_text().replace("\nclaim: null", "\nclaim: closer-estimates"))
    said(refused(bank, "evidence", "add", USE, path, "--as", "validator", "--workspace", bank), "names no plan")
    named = plan_by_hand(bank, tmp_path)["benefit"]["plan"]
    for name, value in named.items():
        path.write_text(path.read_text().replace(f"{name}: null", f"{name}: {value}"))
    good("evidence", "add", USE, path, "--as", "validator", "--workspace", bank)


def test_a_comparison_of_packs_is_in_words():
    text = good("rules", "diff", "va-otc-customs-2024", "va-dealing-2025").out
    said(text, "pack, id: va-otc-customs-2024 -> va-dealing-2025", "pack, source: document: ")
    assert "pack ," not in text
    assert "{'" not in text
