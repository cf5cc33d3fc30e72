"""A licensed corporation of five people takes an advisory language model live: who signs what, and which decisions it needs.

Invariant 6 of the product: separation of duties is checked from signatures, and a firm of five must be able to pass.
"""

from __future__ import annotations

from dualtrack.domain.records import to_plain
from dualtrack.domain.templates import read_template
from dualtrack.rules.catalogue import shipped_topics
from dualtrack.rules.shipped import shipped
from permit.firm import FIRM, USE, Firm, known_key

TAKEN, NOW = "2026-11-20T09:00:00Z", "2026-11-22T09:00:00Z"
PACKS = ("sfc-24ec55", "dualtrack-policy", "anti-discrimination", "pcpd-framework-2024")
PEOPLE = {
    "ro-one": ["approver"],  # responsible officer, answers for the use
    "ro-two": ["owner", "approver"],  # responsible officer, runs the business
    "analyst": ["developer", "validator", "collector"],  # builds it
    "compliance-officer": ["compliance"],
    "operations": ["validator", "collector"],
}
BLANK = {"bool": True, "int": 0, "double": 0.0, "string": "stated", "list": ["stated"]}
WAIVED = ("dualtrack-policy/SAF-03", "sfc-24ec55/MRM-01a")
"""What must be decided where only the builder can judge the model; MRM-01b, 120 days after going live, needs none: compliance signs the monitoring."""


class SmallFirm(Firm):
    """Five people with their roles; the template of the research assistant, its release, and evidence signed as it may be."""

    def __init__(self, *, validator: str, builders: list[str]) -> None:
        super().__init__(kind="licensed_corporation")
        for holder, roles in PEOPLE.items():
            self.keys[holder] = known_key(holder)
            self.grant(holder, roles)
        for name in PACKS:
            self.adopt(shipped(name).compiled)
        use_case = to_plain(read_template("research-licensed_corporation", FIRM))
        claim = use_case["claims"][0]
        for part in use_case["components"]:
            part["licence"] = part["licence"] or "contract on file"
        for task in use_case["tasks"]:
            task["destination"] = "service"
        self.declare(
            **use_case | {"use": USE, "builders": builders, "claims": [claim], "accountable_executive": "ro-one"}
        )
        self.freeze(disclosure=True, review_before_release=True, opt_out=True)
        for topic, fields in good_evidence(claim).items():
            if topic == "monitoring_run":  # there is none before going live
                continue
            self.give(topic, fields, validator)

    def give(self, topic, fields, validator):
        described = shipped_topics()[topic]
        wanted = {"validator": validator, "developer": "analyst", "collector": "operations", "compliance": "compliance-officer",
                  "approver": "ro-one", "owner": "ro-two"}  # fmt: skip
        by = (
            validator
            if described.duty == "validate"
            else next(wanted[role] for role in described.roles if role in wanted)
        )
        measured = described.kind == "measurement"
        bare = {} if measured else {"method": None, "data_digest": None, "n": None}
        number = {"n": fields["n"]} if measured and "n" in fields else {}
        named = {"plan": self.measurement_plan("operations", topic=topic, limit=None)} if described.planned else {}
        self.evidence(
            topic,
            fields,
            by,
            kind=str(described.kind),
            about=str(described.about),
            at=TAKEN,
            taken_at=TAKEN,
            claim=fields.get("claim"),
            statistics=named,
            **bare | number,
        )

    def decide(self, rule, by="ro-two"):
        fields = {
            "rule": rule,
            "reason": "nobody else of the five can judge a model",
            "until": "2027-03-01",
            "proportionality": True,
        }
        changes = {"kind": "approval", "about": "use", "method": None, "data_digest": None, "n": None}
        self.evidence("waiver", fields, by, at=TAKEN, taken_at=TAKEN, **changes)


def good_evidence(claim):
    """Fields that meet every rule of the packs, taken from the rules' own tests; what no rule reads is filled in."""
    found = {}
    for name in PACKS:
        for rule in shipped(name).rules:
            facts = next(test.facts for test in rule.data.tests if test.expect == "met")
            for fact, value in facts.items():
                if fact.startswith("ev."):
                    _, topic, field = fact.split(".")
                    found.setdefault(topic, {})[field] = value
    found["benefit"] |= {"claim": claim["id"], "baseline": claim["baseline"], "design": claim["design"], "low": 0.0, "estimate": 0.001,
                         "high": 0.002, "cost_low": 30.0, "n": 400}  # fmt: skip
    found["protected_attribute_note"]["attributes"] = [
        "sex",
        "marital_status",
        "pregnancy",
        "disability",
        "family_status",
        "race",
    ]
    for topic, fields in found.items():
        for field, kind in shipped_topics()[topic].fields.items():
            if field not in fields and not kind.endswith("?"):
                fields[field] = _filled(topic, field, kind, fields)
    return found


def _filled(topic, field, kind, fields):
    if field == "n":
        return 400
    ends = {
        "estimate": ("low", "high"),
        "low": ("estimate", "high"),
        "high": ("estimate", "low"),
        "gap": ("gap_high",),
        "gap_low": ("gap",),
    }
    near = next((fields[end] for end in ends.get(field, ()) if end in fields), None)
    return near if near is not None else BLANK[kind]


def refusing(assessment):
    return {f"{item.pack}/{item.rule}" for item in assessment.refusals}


def test_five_people_with_a_validator_who_did_not_build_need_no_decision():
    firm = SmallFirm(validator="operations", builders=["analyst", "developer"])
    found = firm.assess(NOW)
    assert [line for line in found.evidence if not line.admitted] == []
    assert (refusing(found), found.verdict) == (set(), "permitted")


def test_five_people_of_whom_only_the_builder_can_judge_a_model_need_two_decisions():
    firm = SmallFirm(validator="analyst", builders=["analyst", "developer"])
    assert refusing(firm.assess(NOW)) == set(WAIVED)
    for rule in WAIVED:
        firm.decide(rule)
    found = firm.assess(NOW)
    assert (refusing(found), found.verdict) == (set(), "permitted")
    assert found.expires == "2027-03-01T00:00:00Z"  # the permit ends with the decision


def test_a_builder_cannot_take_the_decision_himself():
    firm = SmallFirm(validator="analyst", builders=["analyst", "developer", "ro-two"])
    for rule in WAIVED:
        firm.decide(rule, by="ro-two")
    assert refusing(firm.assess(NOW)) == set(WAIVED)
    for rule in WAIVED:
        firm.decide(rule, by="ro-one")
    assert refusing(firm.assess(NOW)) == set()


def test_a_firm_in_which_everybody_builds_has_nobody_to_approve_or_decide():
    firm = SmallFirm(validator="analyst", builders=[*PEOPLE, "developer"])
    for rule in WAIVED:
        firm.decide(rule, by="ro-one")
    assert refusing(firm.assess(NOW)) == {*WAIVED, "dualtrack-policy/SAF-02"}
