"""Cases on the shipped packs and templates: nothing measured, permitted, refused for want of benefit, a dealer."""

from __future__ import annotations

from dualtrack.domain.records import to_plain
from dualtrack.domain.templates import read_template
from dualtrack.permit.explain import explain
from dualtrack.permit.to_green import to_green
from dualtrack.rules.shipped import shipped
from permit.firm import FIRM, USE, Firm, compiled, rule

TAKEN = "2026-11-20T02:00:00Z"
ON = "2026-11-23T04:00:00Z"
BANK_PACKS = (
    "hkma-genai-2024",
    "hkma-principles-2019",
    "pcpd-framework-2024",
    "anti-discrimination",
    "dualtrack-policy",
)
BROKER_PACKS = ("sfc-24ec55", "pcpd-framework-2024", "anti-discrimination", "dualtrack-policy")
DEALER_PACKS = ("amlo-mso-part5", "amlo-vatp-part5b", "va-dealing-2025", "va-otc-customs-2024")
SIGNERS = {
    "validator": "validator",
    "collector": "collector",
    "developer": "developer",
    "approver": "executive",
    "compliance": "compliance",
    "owner": "owner",
}


def firm_with(kind, packs, *, demo=False, proposed=False):
    firm = Firm(kind=kind, demo=demo)
    for pack in packs:
        firm.adopt(shipped(pack).compiled)
    if proposed:
        rules = [rule("NEW-01", "policy.disclosure", cites=["4(b)"], severity="S2")]
        firm.adopt(compiled(rules, id="proposed-pack", status="proposed"))
    return firm


def declared(template, kind="bank", packs=BANK_PACKS, *, release=True, demo=False, proposed=False, **changes):
    """A firm with one declared use from a shipped template."""
    firm = firm_with(kind, packs, demo=demo, proposed=proposed)
    plain = to_plain(read_template(template, FIRM)) | {"use": USE, "demo": demo} | changes
    firm.signed("declaration/1", USE, plain, ["owner"], at=TAKEN)
    if release:
        firm.freeze(disclosure=True)
    return firm


def give(firm, topic, fields, role, **changes):
    about = firm.case(ON).topics[topic]
    kind = about.kind.value
    if kind not in {"measurement", "challenge"}:
        changes = {"method": None, "data_digest": None, "n": None} | changes
    changes = {"claim": fields.get("claim")} | changes
    if about.planned:
        named = {"plan": firm.measurement_plan(SIGNERS["collector"], topic=topic, limit=None)}
        changes["statistics"] = changes.get("statistics", {}) | named
    demo = firm.record["demo"]
    return firm.evidence(
        topic, fields, by=SIGNERS[role], at=TAKEN, taken_at=TAKEN, about=about.about, kind=kind, demo=demo, **changes
    )


def evidence_all(firm, *, instead=None):
    """Make every step of the way to green true, except topics given other fields in `instead`."""
    steps = to_green(firm.case(ON)).steps
    for step in steps:
        if step.kind == "policy":
            firm.freeze(**{"disclosure": True, step.name.removeprefix("policy."): step.fields[step.name]})
    for step in steps:
        if step.kind == "evidence":
            role = next(item for item in step.roles if item in SIGNERS and item != "developer")
            fields = step.fields | (instead or {}).get(step.name, {})
            n = fields["n"] if isinstance(fields.get("n"), int) else 100
            give(firm, step.name, fields, role, n=n)


SHORT = {"estimate": 0.012, "low": -0.004, "high": 0.028, "power": 0.81, "n": 10714}


def refused():
    """The measured benefit holds zero; one measurement by group is underpowered; one entry is not admitted."""
    firm = declared("risk-bank", demo=False, proposed=True)
    evidence_all(firm, instead={"benefit": SHORT})
    parts = [
        {"label": "female", "n": 6110, "outcome": "measured", "estimate": 0.21, "low": 0.19, "high": 0.23},
        {"label": "male, others", "n": 19, "outcome": "underpowered", "estimate": 0.1, "low": 0.01, "high": 0.4},
    ]
    fields = {
        "outcome": "selection_rate", "attributes": ["sex", "marital_status"], "gap": 0.06, "gap_low": 0.02,
        "gap_high": 0.31, "limit": 0.1, "n": 10714, "smallest_cell": 19, "underpowered": True,
    }  # fmt: skip
    give(firm, "group_outcomes", fields, "validator", n=10714, statistics={"parts": parts})
    give(firm, "group_outcomes", fields, "approver", n=10714)
    return firm


def permitted():
    firm = declared("risk-bank")
    evidence_all(firm, instead={"benefit": {"estimate": 0.034, "low": 0.027, "high": 0.041, "power": 0.99, "n": 10714}})
    return firm


def nothing_measured():
    return declared("research-licensed_corporation", "licensed_corporation", BROKER_PACKS, release=False)


def dealer():
    return firm_with("va_dealer", DEALER_PACKS, demo=True)


def explained(firm, use=USE):
    case = firm.case(ON, use)
    return explain(case), to_green(case) if use else None
