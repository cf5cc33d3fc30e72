"""Bad input and faults: for every measure a reason, an `underpowered`, or a number that the fault does not concern; never a green one.

Each fault runs as a plan runs, since that is what a user sees. A threshold may be met under a fault only where the result is the
one without it and the fault touches nothing that the measure needs, or where FINE says why the number is right.
"""

import re
from functools import cache

import pytest
from measure_cases import Case, cases
from measure_faults import FAULTS
from measure_worlds import RELEASE

from dualtrack.domain.records import Text, to_plain
from dualtrack.errors import DualtrackError
from dualtrack.evidence.plans.given import Given
from dualtrack.evidence.plans.records import MeasurementPlan, PlanItem
from dualtrack.evidence.plans.running import Asked, run_plan
from dualtrack.evidence.registry import measures

FOREIGN = re.compile(r"^[A-Za-z_.]*(Error|Exception|Warning|Interrupt|Exit): ")
SLOW = {"fairness.alternatives"}
"""Trained with a library: asked only where a fault touches what it needs."""

NEVER_MET = {
    "splits hold the same rows": {"quality.leakage", "quality.duplicates", "security.membership-inference"},
    "reference is the sample": {
        *(name for name in measures() if name.startswith("drift.") and name != "drift.performance"),
        *(name for name in measures() if measures()[name].cost == "training" and "reference" in measures()[name].needs),
        "provenance.overlap",
        "robustness.shuffled-labels",
    },
}
"""Faults under which these must not be met, whatever FINE says of others."""

_MISSING = "a model that takes missing values is asked with them; the share that is missing is quality.completeness"
_GROUPS = "another forming of groups is another question, answered for the groups that there are"
_ASKED = "other rows are other questions to the model"
_OTHER = "the other attribute is measured as before; this one is underpowered"
_LEFT_OUT = "protected attributes are only left out of the distance"
_TWINS = "rows are compared whatever their values are; the rest is found by quality.accuracy and quality.completeness"
_PARTS = "families and languages only divide the attempts into parts"
_MODEL = ("explanation.", "robustness.", "fairness.counterfactual-flips")

FINE: dict[str, dict[tuple[str, ...], str]] = {
    "splits hold the same rows": {("",): "rows given twice are found by quality.duplicates and quality.leakage"},
    "reference is the sample": {
        (*_MODEL, "drift.performance"): "the reference only says which values are usual",
        (
            "security.",
            "quality.",
            "performance.",
            "benefit.",
            "fairness.",
            "answers.",
        ): "it does not look at the reference",
    },
    "level the reference does not know": {
        ("fairness.", "explanation.", "robustness."): _GROUPS,
        ("quality.leakage",): _TWINS,
        ("security.injection",): _PARTS,
    },
    **{
        fault: {
            ("explanation.", "robustness."): _ASKED,
            ("fairness.attributes",): "an attribute without two large groups counts as not measured: the share falls",
            ("fairness.consistency",): _LEFT_OUT,
            ("fairness.frontier",): _OTHER,
            ("quality.leakage",): _TWINS,
            ("security.injection",): _PARTS,
        }
        for fault in ("attribute of one level", "a group of one")
    },
    **{
        fault: {
            ("fairness.attributes",): "too few rows for any group: no attribute is measured, and the share is nought"
        }
        for fault in ("one row", "two equal rows")
    },
    "constant features": {
        ("fairness.attributes",): "an attribute without two large groups counts as not measured: the share falls",
        ("fairness.frontier",): _OTHER,
    },
    "text in features": {("quality.leakage",): _TWINS},
    "time in the future": {
        ("benefit.switchback",): "a measure has no clock: that rows are dated ahead is found by quality.timeliness"
    },
    "attributes all missing": {
        ("explanation.", "robustness."): _MISSING,
        ("fairness.consistency",): _LEFT_OUT,
        ("quality.leakage",): _TWINS,
    },
    "attributes not named": {("quality.completeness",): "one column fewer is looked at"},
    "features all missing": {
        (*_MODEL, "fairness.consistency", "fairness.proxies", "fairness.alternatives"): _MISSING,
        ("quality.leakage",): _TWINS,
    },
    "nan in features": {
        (*_MODEL, "fairness.consistency", "fairness.proxies"): _MISSING,
        ("drift.",): "a value that comes to be missing is a change, and counted as one",
        ("quality.",): "one value of many is missing, and counted so",
    },
    "inf in features": {("quality.accuracy",): "it lies outside the declared range, and is counted so"},
    "nan in score": {
        ("drift.score",): "a score that comes to be missing is a change, and counted as one",
        ("quality.completeness",): "one value of many is missing, and counted so",
    },
    **{
        f"nan in {role}": {("quality.completeness",): "one value of many is missing, and counted so"}
        for role in ("label", "baseline", "decision")
    },
    "baseline all 0.5": {
        (
            "benefit.",
            "performance.discrimination-difference",
        ): "a rate that is the same for everybody is a way to work without AI"
    },
    "label all 0": {
        ("fairness.groups",): "who is selected does not depend on labels; rates that do are underpowered",
        ("security.injection",): "no attempt got through; the upper limit says how little that shows",
        ("answers.flagged",): "nothing was marked; the upper limit says how little that shows",
        ("performance.error",): "labels are amounts here, and amounts may be alike",
    },
    "label all 1": {
        ("fairness.groups",): "who is selected does not depend on labels; rates that do are underpowered",
        ("performance.error",): "labels are amounts here, and amounts may be alike",
    },
    **{
        fault: {
            ("quality.completeness",): "one column more is looked at",
            ("provenance.overlap",): "it counts texts, whatever a row stands for",
        }
        for fault in FAULTS
        if "weight" in fault
    },
}
"""Faults under which a number stands, by the beginning of the measures' names, and why it is right."""


@cache
def clean(name):
    return {_key(each) for each in run(name, cases()[name]).measurements}


def run(name, case: Case):
    """Run the measure as the one item of a plan."""
    item = PlanItem(id="it", measure=name, settings=to_plain(case.settings), gate=case.gate)
    plan = MeasurementPlan(
        format="dualtrack.measurement-plan/1",
        use="people/test-of-faults",
        title=Text(en="Faults", zh="故障"),
        data=Text(en="Made up", zh="虛構"),
        columns=case.roles,
        items=[item],
        draws=100,
        cell_size_min=20,
    )
    asked = Asked(release=RELEASE, plan=None, variants=1, taken_at="2026-11-27T00:00:00Z")
    return run_plan(plan, Given(table=case.columns, reference=case.reference, model=case.model), asked).results[0]


def _key(found):
    return found.measure, found.outcome, found.n, found.estimate, found.low, found.high, found.facts.get("attributes")


def _fine(fault, name):
    return any(name.startswith(begins) for begins in FINE.get(fault, {}))


def _touches(name, before: Case, after: Case):
    """Say whether a fault changes anything that the measure says it needs."""
    for need in measures()[name].needs:
        if need in {"reference", "model"}:
            if getattr(before, need) is not getattr(after, need):
                return True
            continue
        columns = getattr(before.roles, need)
        for column in (columns,) if isinstance(columns, str) else columns or ():
            if before.columns[column] is not after.columns.get(column):
                return True
        if getattr(after.roles, need) != columns:
            return True
    return False


def judged(fault, name):
    """Return what is wrong with the outcome of a fault, or nothing."""
    case = cases()[name]
    faulty = FAULTS[fault](case)
    if faulty is None or (name in SLOW and not _touches(name, case, faulty)):
        return None
    try:
        result = run(name, faulty)
    except DualtrackError:
        return None  # no sample could be made at all, and the reason was said
    if result.standing == "not measurable":
        foreign = not result.reason or FOREIGN.match(result.reason)
        return f"not by a reason of its own: {result.reason}" if foreign else None
    held_back = result.standing in {"missed", "underpowered"}
    if held_back or all(each.outcome == "underpowered" for each in result.measurements):
        return None
    return _stands(fault, name, result, touched=_touches(name, case, faulty))


def _stands(fault, name, result, *, touched):
    """Return why a number may not stand under a fault, or nothing."""
    same = {_key(each) for each in result.measurements if each.outcome == "measured"} <= clean(name)
    if name in NEVER_MET.get(fault, ()):
        return f"{result.standing} although the rows are the same"
    if _fine(fault, name) or (same and not touched):
        return None
    return f"{result.standing}, {'the same' if same else 'another'} number: {result.measurements[0].estimate}"


@pytest.mark.parametrize("name", sorted(measures()))
def test_no_fault_yields_a_green_number(name):
    wrong = {fault: found for fault in FAULTS if (found := judged(fault, name))}
    assert wrong == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one(fault):
    """Where nothing were refused or withheld, a fault would test nothing."""
    assert any(FAULTS[fault](case) for case in cases().values())


def test_every_exception_from_the_rule_is_used():
    """An entry of FINE that covers nothing hides the next fault that it would cover."""
    for fault, entries in FINE.items():
        assert fault in FAULTS
        for begins, why in entries.items():
            assert why
            assert any(name.startswith(begins) for name in measures())
