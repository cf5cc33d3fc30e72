"""Laws that hold for every ledger: absence never grants, what no rule reads changes nothing, bad news is never good news."""

from __future__ import annotations

import random

from firm import AT, CHECK, FIRM, T0, TOPICS, USE, Firm, compiled, known_key, ready, rule
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_packs import random_pack

from dualtrack.domain.records import to_plain
from dualtrack.domain.vocabulary import Mode, Outcome
from dualtrack.permit.assess import conclude
from dualtrack.rules.catalogue import read_catalogue
from dualtrack.rules.pack import load_pack

KINDS = {
    "check": ("release", "validator", "measurement"),
    "approval": ("release", "executive", "approval"),
    "benefit": ("release", "collector", "measurement"),
    "monitor": ("use", "collector", "measurement"),
    "strategy": ("firm", "compliance", "document"),
}
NUMBERS = st.sampled_from([-1.0, 0.0, 0.1, 0.3, 0.5, 0.51, 0.8, 0.9, 2.0])
RANK = {None: 0, Mode.SHADOW: 1, Mode.TRIAL: 2, Mode.LIVE: 3}
LAWS = settings(max_examples=60, deadline=None)


@st.composite
def observations(draw, topic: str | None = None):
    """Draw a topic and fields of it."""
    name = topic or draw(st.sampled_from(sorted(KINDS)))
    if name in {"approval", "strategy"}:
        return name, {{"approval": "fit", "strategy": "adopted"}[name]: draw(st.booleans())}
    low, estimate, high = sorted(draw(st.tuples(NUMBERS, NUMBERS, NUMBERS)))
    claim = {"claim": "found-earlier"} if name == "benefit" else {}
    return name, {"low": low, "estimate": estimate, "high": high, "n": 100, **claim}


def observe(firm: Firm, topic: str, fields: dict[str, object]):
    about, by, kind = KINDS[topic]
    return firm.evidence(topic, fields, by, kind=kind, about=about, claim=fields.get("claim"))


def a_firm(packs: list[int], answers: dict[str, bool]) -> Firm:
    firm = Firm(profile={"has_shop": True})
    for number in packs:
        firm.adopt(random_pack(number))
    firm.declare(facts=answers)
    firm.freeze()
    return firm


PACKS = st.lists(st.integers(0, 89), min_size=1, max_size=2, unique_by=lambda number: number % 3)
ANSWERS = st.dictionaries(st.sampled_from(["individual_effect", "language_model"]), st.booleans())


@LAWS
@given(PACKS, ANSWERS, st.lists(observations(), max_size=4), st.data())
def test_a_rule_met_without_an_observation_is_met_whatever_it_would_have_said(packs, answers, others, data):
    """Nothing is granted for a thing unmeasured: where it is absent, the outcome is met only if it cannot matter."""
    topic = data.draw(st.sampled_from(sorted(KINDS)))
    without, with_it = a_firm(packs, answers), a_firm(packs, answers)
    for name, fields in [item for item in others if item[0] != topic]:
        observe(without, name, fields)
        observe(with_it, name, fields)
    observe(with_it, *data.draw(observations(topic)))
    before, after = without.assess(), with_it.assess()
    duties = {"check": "validator", "approval": "approver", "monitor": "monitor"}
    assume(not (topic in duties and after.facts.get(f"sod.{duties[topic]}_independent") is False))
    for old, new in zip(before.rules, after.rules, strict=True):
        if old.outcome is Outcome.MET:
            assert new.outcome is Outcome.MET, (old, new)
        if old.applies is not None:
            assert new.applies == old.applies


@LAWS
@given(PACKS, ANSWERS, st.lists(observations(), max_size=5), st.data())
def test_taking_evidence_away_never_beats_its_worst_value(packs, answers, given_evidence, data):
    """Without an observation every rule weighs at least as much as with the worst thing it could have said."""
    topic = data.draw(st.sampled_from(sorted(KINDS)))
    others = [item for item in given_evidence if item[0] != topic]

    def assessed(*observation):
        firm = a_firm(packs, answers)
        for item in [*others, *observation]:
            observe(firm, *item)
        return firm.assess()

    absent, present = assessed(), assessed(data.draw(observations(topic)))
    assert RANK[absent.mode] <= RANK[present.mode]
    for without, with_it in zip(absent.rules, present.rules, strict=True):
        assert WEIGHT[without.effect] >= WEIGHT[with_it.effect]


WEIGHT = {"none": 0, "advice": 1, "due_later": 1, "condition": 2, "refuses_live": 3, "refuses": 4}


@LAWS
@given(PACKS, ANSWERS, st.lists(observations(), max_size=3), st.data())
def test_evidence_of_a_topic_that_no_rule_reads_changes_no_verdict(packs, answers, others, data):
    firm = a_firm(packs, answers)
    for item in others:
        observe(firm, *item)
    before = firm.assess()
    read = {topic for data in firm.packs.values() for topic in load_pack(data).data.topics}
    unread = sorted(set(KINDS) - read)
    assume(unread)
    observe(firm, *data.draw(observations(data.draw(st.sampled_from(unread)))))
    after = firm.assess()
    assert [line.reason for line in after.evidence][-1] == "unknown-topic"
    assert judged(after) == judged(before)


def judged(assessment) -> dict[str, object]:
    """Return the assessment without what lists the entries themselves."""
    return {name: value for name, value in to_plain(assessment).items() if name not in {"size", "evidence", "rejected"}}


def unrelated(firm: Firm, pick: random.Random) -> None:
    """Append an entry that has nothing to do with this use."""
    kind = pick.choice(["notice/1", "decision/1", "received/1", "grant", "institution-kept", "late"])
    if kind == "grant":
        name = f"somebody-{len(firm.entries)}"
        firm.keys[name] = known_key(name)
        firm.grant(name, ["validator", "approver", "owner"])
    elif kind == "institution-kept":
        firm.signed("institution/1", FIRM, firm.record | {"licences": [str(len(firm.entries))]}, ["root"])
    elif kind == "late":
        firm.append("evidence/1", USE, b"not a statement")
    else:
        firm.append(kind, USE, str(pick.random()).encode())


@LAWS
@given(PACKS, ANSWERS, st.lists(observations(), max_size=4), st.integers(0, 2**32))
def test_unrelated_entries_change_no_verdict(packs, answers, others, seed):
    pick = random.Random(seed)
    quiet, noisy = a_firm(packs, answers), a_firm(packs, answers)
    for item in others:
        observe(quiet, *item)
        for _ in range(pick.randint(0, 2)):
            unrelated(noisy, pick)
        observe(noisy, *item)
    unrelated(noisy, pick)
    calm, disturbed = judged(quiet.assess()), judged(noisy.assess())
    moved = {entry.index: position for position, entry in enumerate(evidence_of(noisy))}
    kept = {entry.index: position for position, entry in enumerate(evidence_of(quiet))}
    for line in calm["rules"]:
        line["evidence"] = [kept[index] for index in line["evidence"]]
    for line in disturbed["rules"]:
        line["evidence"] = [moved[index] for index in line["evidence"]]
    assert calm == disturbed


def evidence_of(firm: Firm):
    return [entry for entry in firm.entries if entry.kind == "evidence/1" and entry.content != b"not a statement"]


@LAWS
@given(st.lists(observations(), max_size=5), st.integers(0, 5))
def test_what_is_recorded_later_never_changes_an_earlier_verdict(items, cut):
    firm = ready(rule("r", "ev.check.low > 0.2 && ev.approval.fit && ev.monitor.n > 1"))
    early, late = items[:cut], items[cut:]
    for item in early:
        observe(firm, *item)
    before = to_plain(firm.assess(T0))
    firm.append("notice/1", USE, b"", "2026-02-01T00:00:00Z")
    for item in late:
        observe(firm, *item)
    assert to_plain(firm.assess(T0)) == before


@LAWS
@given(PACKS, st.lists(observations(), max_size=5))
def test_the_parts_of_an_assessment_agree(packs, items):
    firm = a_firm(packs, {"individual_effect": True})
    for item in items:
        observe(firm, *item)
    found = conclude(firm.case(AT))
    binding = {pack.id for pack in found.packs if pack.binding}
    for track in ("safety", "benefit"):
        lines = [line for line in found.rules if line.pack in binding and line.track == track]
        counts = found.counts[track]
        assert counts.applicable == counts.met + counts.not_met + counts.no_evidence + counts.waived
        assert counts.applicable == sum(line.outcome != "not_applicable" for line in lines)
    assert all(line.effect == "none" for line in found.rules if line.pack not in binding)
    assert [item.rule for item in found.refusals] == [
        line.rule for line in found.rules if line.effect.startswith("refuses")
    ]
    assert [item.rule for item in found.conditions] == [line.rule for line in found.rules if line.effect == "condition"]
    assert (found.expires is None) == (found.mode is None)
    if found.mode is not None:
        assert found.expires > found.at
        assert not any(item.effect == "refuses" for item in found.refusals)
    if found.mode is Mode.LIVE:
        assert found.refusals == []


def test_the_topics_of_the_laws_are_those_of_the_firm():
    assert {*KINDS, "gauge"} == set(read_catalogue(TOPICS, where="test")), (
        "a planned topic is judged in test_permit_evidence"
    )


def test_a_firm_with_no_evidence_is_never_better_off_than_with_the_worst():
    """The same on the nose: a rule that fails and a rule without evidence have the same effect."""
    for severity in ("S1", "S2", "S3", "S4"):
        clock = {"clock_days": 9} if severity == "S3" else {}
        item = rule("r", "ev.check.estimate >= 0.5", severity=severity, **clock)
        silent, failing = ready(item), ready(item)
        failing.evidence("check", CHECK | {"estimate": 0.1, "low": 0.0})
        assert (silent.line().effect, silent.line().due) == (failing.line().effect, failing.line().due)
        assert silent.assess().mode == failing.assess().mode
    assert compiled([rule("r", "true")]) == compiled([rule("r", "true")])
