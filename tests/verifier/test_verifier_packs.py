"""Packs that do not load, each for one broken law; and what a sound pack may do."""

from __future__ import annotations

from pathlib import Path

import bundle_builder as made
import pytest
from bundle_assess import assess, row

import dualtrack_verify as verifier

ROOT = Path(__file__).parents[2]

BROKEN_PACKS = [
    ("pack-invalid", lambda p: p.pop("source")),
    ("pack-invalid", lambda p: p["source"].pop("date")),
    ("pack-invalid", lambda p: p["rules"][0].update(cites=[])),
    ("pack-invalid", lambda p: p["rules"][3].update(clock_days=None)),
    ("pack-invalid", lambda p: p["rules"][4].update(due_days=None)),
    ("pack-invalid", lambda p: p["rules"][1].update(severity="S1")),
    ("pack-invalid", lambda p: p["rules"][0].update(source_grade="secondary")),
    ("pack-invalid", lambda p: p["rules"][0].update(evidence=[])),
    ("pack-invalid", lambda p: p["rules"][0].update(tests=[])),
    ("pack-invalid", lambda p: p["rules"][1].update(id="discriminates")),
    ("pack-invalid", lambda p: p["rules"][0].update(valid_days=10**9)),
    ("pack-invalid", lambda p: p["parameters"][0].update(value=1)),
    ("pack-invalid", lambda p: p["parameters"].append(dict(p["parameters"][0]))),
    ("pack-invalid", lambda p: p["topics"].update(waiver=p["topics"]["training"])),
    ("pack-invalid", lambda p: p["topics"]["training"].update(fields={"done": "text"})),
    ("pack-invalid", lambda p: p["coverage"][0].update(rules=["no such rule"])),
    ("pack-invalid", lambda p: p["definitions"].append(p["definitions"][0])),
    ("pack-invalid", lambda p: p["rules"][0]["requires"]["tree"].update(call="matches")),
    ("pack-invalid", lambda p: p["rules"][0].update(valid_days=0)),
    ("pack-invalid", lambda p: p["rules"][0].update(clock_days=10)),
    ("pack-invalid", lambda p: p["rules"][0].update(due_days=10)),
    ("pack-invalid", lambda p: p["rules"][0].update(source_grade="policy")),
    ("pack-invalid", lambda p: p["rules"][0].update(checked_source="secondary source")),
    ("pack-invalid", lambda p: p["rules"][0].update(proportionality="where practicable")),
    ("pack-invalid", lambda p: p["rules"][0].update(id="x/y")),
    ("pack-invalid", lambda p: p["rules"][0]["tests"][0].update(facts={"use.unheard_of": True})),
    ("pack-invalid", lambda p: p["rules"][0]["tests"][0].update(facts={"param.auc_min": 1})),
    ("pack-invalid", lambda p: p["rules"][0]["title"].update(en=" ")),
    ("pack-invalid", lambda p: p.update(grade="secondary")),
    ("pack-invalid", lambda p: p.update(grade="policy")),
    ("pack-invalid", lambda p: p.update(coverage=[])),
    ("pack-invalid", lambda p: p.update(version="1-rc")),
    ("pack-invalid", lambda p: p["coverage"][0]["rules"].pop()),
    ("pack-invalid", lambda p: p["source"].update(file_digest=None)),
    ("pack-invalid", lambda p: p["source"].update(checked="secondary source")),
    ("pack-invalid", lambda p: p["topics"].update(idle=p["topics"]["training"])),
    ("pack-invalid", lambda p: p["parameters"][0].update(to=p["parameters"][0]["from"])),
    (
        "pack-invalid",
        lambda p: p["definitions"][0].update(
            made.expression("sod.approver_independent", made.fact("sod.approver_independent"))
        ),
    ),
    (
        "pack-invalid",
        lambda p: p["definitions"][0].update(made.expression("ev.training.done", made.fact("ev.training.done"))),
    ),
    (
        "pack-invalid",
        lambda p: p["tiers"][0].update(
            when=made.expression('tier == "low"', made.call("eq", made.fact("tier"), {"string": "low"}))
        ),
    ),
    (
        "pack-invalid",
        lambda p: p["rules"][0].update(applies=made.expression("firm.unheard_of", made.fact("firm.unheard_of"))),
    ),
    (
        "pack-invalid",
        lambda p: p["parameters"].extend(p["parameters"][0] | {"name": f"p{number}"} for number in range(100)),
    ),
    ("pack-invalid", lambda p: p["rules"].extend(p["rules"][0] | {"id": f"r{number}"} for number in range(195))),
    (
        "pack-invalid",
        lambda p: p["definitions"].extend(p["definitions"][0] | {"name": f"d{number}"} for number in range(50)),
    ),
    ("pack-invalid", lambda p: p["tiers"].extend(p["tiers"] * 25)),
    (
        "pack-invalid",
        lambda p: p["coverage"].extend(p["coverage"][0] | {"paragraph": f"p{number}"} for number in range(500)),
    ),
    ("pack-invalid", lambda p: p["topics"]["training"]["fields"].update({f"f{number}": "int" for number in range(40)})),
    ("pack-invalid", lambda p: p["rules"][0]["tests"].extend(p["rules"][0]["tests"] * 13)),
    ("pack-text", lambda p: p["rules"][0]["requires"]["tree"].update(call="gt")),
    ("pack-text", lambda p: p["rules"][0]["requires"].update(text="true")),
    ("pack-text", lambda p: p["definitions"][0].update(text="(use.individual_effect)")),
    ("pack-text", lambda p: p["tiers"][0]["when"].update(text="use.customer_facing ")),
]


@pytest.mark.parametrize(("reason", "edit"), BROKEN_PACKS)
def test_broken_packs_are_refused(reason, edit):
    with pytest.raises(verifier.Refused) as error:
        assess(pack=edit)
    assert error.value.args[0] == reason


def test_a_parameter_may_change_its_value_from_a_date():
    def changing(pack):
        first = pack["parameters"][0]
        pack["parameters"].append(first | {"from": "2026-01-01", "value": 0.65})
        first["to"] = "2026-01-01"

    assert row(assess(pack=changing), "discriminates")["outcome"] == "not_met"


def test_a_secondary_pack_without_coverage_is_read():
    def secondary(pack):
        pack.update(grade="secondary", coverage=[])
        for item in pack["rules"]:
            item.update(source_grade="secondary", severity="S4", clock_days=None)

    assert assess(pack=secondary)["packs"][0]["grade"] == "secondary"


def test_facts_of_a_firm_are_those_of_the_published_questions():
    """The one list that is repeated here by hand."""
    published = (ROOT / "src" / "dualtrack" / "rules" / "firm_facts.yaml").read_text()
    names = {
        line.rstrip(":") for line in published.splitlines() if line.endswith(":") and not line.startswith((" ", "#"))
    }
    assert names == set(verifier.RECORDS["firm-answers"])
