"""`plan` and `measures`: what can be planned, who may, and what is refused before it is registered."""

import pytest
from cli_world import USE, good, refused, run, said
from measure_world import PLAN, altered


def test_a_plan_stands_once(bench):
    first, again = bench.register().json, bench.register().json
    assert first == again
    assert good("plan", "list", USE, "--workspace", bench.bank, "--json").json[0]["digest"] == first["digest"]
    assert first["digest"] in good("plan", "check", bench.folder / "plan.yaml", "--json").out


WRONG_PLANS = [
    ("no measure", altered("order", measure="performance.nonsense"), ["items[0] order", "performance.discrimination"]),
    ("no family", altered("order", measure="nonsense"), ["no measure 'nonsense'", "fairness"]),
    ("no setting", altered("lift", settings={"depth": 3}), ["settings", "depth"]),
    ("no threshold", altered("order", gate={"topic": "predictive_performance"}), ["no threshold"]),
    ("two thresholds", altered("order", gate={"topic": "predictive_performance", "target": 0.6, "limit": 0.7}), ["several"]),
    ("half a band", altered("order", gate={"topic": "monitoring_run", "limit_low": 0.6}), ["limit_low and limit_high"]),
    ("no topic", altered("order", gate={"topic": "made_up", "target": 0.6}), ["made_up", "evidence topics"]),
    ("a threshold on benefit", altered("benefit", gate={"topic": "benefit", "target": 0.1}), ["declared minimum"]),
    ("another effect than declared", altered("benefit", settings=PLAN["items"][2]["settings"] | {"plan": PLAN["items"][2]["settings"]["plan"] | {"effect": 0.0001}}), ["0.001"]),
    ("twice the same id", PLAN | {"items": [dict(PLAN["items"][4]), {"id": "lift", "measure": "performance.confusion"}]}, ["used twice"]),
    ("no items", PLAN | {"items": []}, ["items"]),
    ("a field nobody knows", PLAN | {"threshold": 0.5}, ["threshold"]),
    ("two decisions", PLAN | {"decision": {"at_least": 0.5, "capacity": 0.2}}, ["decision"]),
    ("not declared", PLAN | {"use": "my-bank/other"}, ["not declared"]),
    ("states what the topic lacks", altered("order", gate={"topic": "predictive_performance", "target": 0.6, "states": {"relevant": True}}), ["relevant"]),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "words"), [case[1:] for case in WRONG_PLANS], ids=[case[0] for case in WRONG_PLANS])
def test_a_plan_that_cannot_run_is_never_registered(bench, plan, words):
    said(bench.register(plan, how=refused), *words)


def test_who_may_not_measure_may_not_plan(bench):
    path = bench.write(PLAN)
    said(refused(bench.bank, "plan", "register", path, "--as", "first-line", "--workspace", bench.bank), "validator")


def test_measures_are_listed_with_what_they_need(bench):
    listed = {each["measure"]: each for each in good("measures", "--json").json}
    assert {item["measure"] for item in PLAN["items"]} <= set(listed)
    assert listed["performance.discrimination"]["misleads"]["zh-Hant"]
    shown = good("measures", "benefit.paired").out
    assert "plan: must be given" in shown
    assert "source" in shown
    said(run("measures", "fairness.nothing").err, "fairness.groups")


def test_a_use_that_is_not_declared_has_no_list_of_plans(bench):
    said(refused(bench.bank, "plan", "list", "my-bank/other", "--workspace", bench.bank), "not declared")


def test_a_family_is_one_that_there_is_and_never_beside_a_name():
    families = {each["family"] for each in good("measures", "--family", "drift", "--json").json}
    assert families == {"drift"}
    for arguments, words in ((["--family", "nothing"], "fairness"), (["drift.columns", "--family", "drift"], "one of")):
        done = run("measures", *arguments)
        assert (done.code, words in done.err) == (2, True)
