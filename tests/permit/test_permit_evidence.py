"""Step 1 for evidence: every reason for which an observation does not count, produced and told apart."""

from __future__ import annotations

import copy

import pytest
from firm import (
    BENEFIT,
    CHECK,
    FIRM,
    GAUGE,
    T0,
    USE,
    Firm,
    compiled,
    declaration,
    known_key,
    ready,
    rule,
    text,
)

from dualtrack.domain import canonical
from dualtrack.keys import dsse
from dualtrack.permit.reasons import REASONS

CLAIM = declaration()["claims"][0]
IN_TOTO = "application/vnd.in-toto+json"


def reason_of(firm: Firm, entry) -> str | None:
    return next(line.reason for line in firm.assess().evidence if line.index == entry.index)


ADOPTION = {"pack": "p", "version": "1", "digest": "0" * 64, "action": "adopt", "decided_at": T0}


def rejected(firm: Firm) -> list[tuple[int, str, str]]:
    return [(item.index, item.kind, item.reason) for item in firm.assess().rejected]


def stranger(firm):
    firm.keys["stranger"] = known_key("stranger")
    return firm.evidence("check", CHECK, "stranger")


def forged(firm):
    good = canonical.decode(firm.evidence("check", CHECK).content)
    good["signatures"][0]["sig"] = "A" * 86 + "=="
    return firm.append("evidence/1", USE, canonical.encode(good))


def by_demo_key(firm):
    return firm.evidence("check", CHECK, demo=True)


def replayed(firm):
    return firm.append("evidence/1", USE, firm.evidence("check", CHECK).content)


def late_claim(firm):
    entry = firm.evidence("check", CHECK, claim="found-earlier")
    firm.declare(claims=[CLAIM | {"minimum": 0.001}])
    return entry


def unplanned(firm):
    firm.adopt(compiled([rule("g", "ev.gauge.high <= ev.gauge.limit")], id="pack-g"))
    return firm.evidence("gauge", GAUGE)


def before_declaration(firm):
    entry = firm.plan("2026-06-01")
    firm.declare()
    return entry


def older(firm):
    firm.evidence("check", CHECK)
    return firm.evidence("check", CHECK, taken_at="2026-01-10T08:59:59Z")


EVIDENCE = {
    "malformed": lambda firm: firm.append("evidence/1", USE, b"{}"),
    "unknown-key": stranger,
    "bad-signature": forged,
    "replayed": replayed,
    "demo-key": by_demo_key,
    "unknown-topic": lambda firm: firm.evidence("unheard", CHECK),
    "wrong-kind": lambda firm: firm.evidence("check", CHECK, kind="drill"),
    "wrong-role": lambda firm: firm.evidence("check", CHECK, "owner"),
    "bad-fields": lambda firm: firm.evidence("check", {**CHECK, "n": 100.0}),
    "wrong-subject": lambda firm: firm.evidence("check", CHECK, about="firm"),
    "other-release": lambda firm: firm.evidence("check", CHECK, digest="1" * 64),
    "unknown-claim": lambda firm: firm.evidence("check", CHECK, claim="undeclared"),
    "late-claim": late_claim,
    "unplanned": unplanned,
    "before-declaration": before_declaration,
    "future": lambda firm: firm.evidence("check", CHECK, taken_at="2026-01-10T09:05:01Z"),
    "too-old": lambda firm: firm.evidence("check", CHECK, taken_at="2016-01-13T08:59:59Z"),
    "older": older,
}


def test_every_reason_is_produced_and_explained():
    assert set(EVIDENCE) == set(REASONS)
    assert all(reason.found and reason.fix for reason in REASONS.values())


@pytest.mark.parametrize("reason", EVIDENCE)
def test_evidence_is_refused_for(reason):
    firm = ready()
    entry = EVIDENCE[reason](firm)
    line = next(line for line in firm.assess().evidence if line.index == entry.index)
    assert (line.reason, line.admitted, line.counts) == (reason, False, False)
    assert (line.topic is None, line.taken_at is None) == (reason == "malformed",) * 2


@pytest.mark.parametrize(
    ("taken_at", "reason"),
    [
        ("2026-01-10T09:05:00Z", None),
        ("2026-01-10T09:05:01Z", "future"),
        ("2016-01-13T09:00:00Z", None),
        ("2016-01-13T08:59:59Z", "too-old"),
    ],
)
def test_the_bounds_of_time_hold_to_the_second(taken_at, reason):
    firm = ready()
    assert reason_of(firm, firm.evidence("check", CHECK, taken_at=taken_at)) == reason


def test_reasons_are_tried_in_their_order():
    """An entry with every fault at once is named for the first; taking that away names the next."""
    firm = ready()
    faults = {"taken_at": "2026-02-01T00:00:00Z", "claim": "undeclared", "digest": "1" * 64, "about": "firm"}
    fields = {**CHECK, "n": 100.0}
    by, topic = "owner", "unheard"
    found = [reason_of(firm, firm.evidence(topic, fields, by, kind="drill", demo=True, **faults))]
    found.append(reason_of(firm, firm.evidence(topic, fields, by, kind="drill", **faults)))
    topic = "check"
    found.append(reason_of(firm, firm.evidence(topic, fields, by, kind="drill", **faults)))
    found.append(reason_of(firm, firm.evidence(topic, fields, by, **faults)))
    found.append(reason_of(firm, firm.evidence(topic, fields, **faults)))
    found.append(reason_of(firm, firm.evidence(topic, CHECK, **faults)))
    del faults["about"]
    found.append(reason_of(firm, firm.evidence(topic, CHECK, **faults)))
    del faults["digest"]
    found.append(reason_of(firm, firm.evidence(topic, CHECK, **faults)))
    del faults["claim"]
    found.append(reason_of(firm, firm.evidence(topic, CHECK, **faults)))
    order = ["demo-key", "unknown-topic", "wrong-kind", "wrong-role", "bad-fields", "wrong-subject", "other-release"]
    assert found == [*order, "unknown-claim", "future"]


@pytest.mark.parametrize(
    "fields",
    [
        {"estimate": 0.7, "low": 0.6, "high": 0.8},
        {**CHECK, "extra": 1},
        {**CHECK, "estimate": 1},
        {**CHECK, "estimate": "0.7"},
        {**CHECK, "estimate": 0.5},
        {**CHECK, "low": 0.9},
        {**CHECK, "n": 99},
        {**CHECK, "n": True},
        {},
    ],
)
def test_fields_are_exactly_those_of_the_topic(fields):
    firm = ready()
    assert reason_of(firm, firm.evidence("check", fields)) == "bad-fields"


@pytest.mark.parametrize("absent", ["method", "data_digest", "n"])
def test_a_measurement_says_how_on_what_and_on_how_many(absent):
    firm = ready()
    assert reason_of(firm, firm.evidence("check", CHECK, **{absent: None})) == "bad-fields"


def test_evidence_about_another_use_is_about_another_subject():
    firm = ready()
    statement = firm.statement("check", CHECK)
    statement["subject"][0]["name"] = f"{FIRM}/another"
    entry = firm.put_statement(statement)
    assert reason_of(firm, entry) == "wrong-subject"


def test_a_leaf_about_something_else_than_its_statement_is_refused():
    firm = ready()
    content = dsse.sign(canonical.encode(firm.statement("check", CHECK)), IN_TOTO, [firm.keys["validator"]])
    assert reason_of(firm, firm.append("evidence/1", FIRM, content)) == "wrong-subject"


def test_evidence_about_an_earlier_release_does_not_count_for_the_next():
    firm = ready()
    entry = firm.evidence("check", CHECK)
    assert firm.assess().verdict == "permitted"
    firm.freeze(note="second")
    assert reason_of(firm, entry) == "other-release"
    assert firm.assess().verdict == "nothing_measured"


def test_a_claim_must_be_in_the_current_declaration():
    firm = ready()
    entry = firm.evidence("check", CHECK, claim="found-earlier")
    assert reason_of(firm, entry) is None
    firm.declare(claims=[])
    assert reason_of(firm, entry) == "unknown-claim"


@pytest.mark.parametrize(
    "path", [(), ("predicate",), ("predicate", "method"), ("subject", 0), ("subject", 0, "digest")]
)
def test_a_signed_statement_has_every_field_and_no_other(path):
    firm = ready()
    whole = firm.statement("check", CHECK)
    place = whole
    for step in path:
        place = place[step]
    for name in sorted(place):
        fewer = copy.deepcopy(whole)
        inner = fewer
        for step in path:
            inner = inner[step]
        del inner[name]
        content = dsse.sign(canonical.encode(fewer), IN_TOTO, [firm.keys["validator"]])
        assert reason_of(firm, firm.append("evidence/1", USE, content)) == "malformed", name
    place["unknown"] = 1
    assert reason_of(firm, firm.put_statement(whole)) == "malformed"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content + b"\n",
        lambda content: content.replace(b'"payload":', b'"payload" :'),
        lambda _content: b"{}",
        lambda _content: b"",
        lambda _content: b"[" * 100_000,
        lambda _content: b"\xff",
    ],
)
def test_an_envelope_has_one_form(spoil):
    firm = ready()
    content = spoil(firm.evidence("check", CHECK).content)
    assert reason_of(firm, firm.append("evidence/1", USE, content)) == "malformed"


@pytest.mark.parametrize("media", ["application/json", "application/vnd.dualtrack.evidence.v1+json"])
def test_evidence_of_another_payload_type_is_malformed(media):
    firm = ready()
    content = dsse.sign(canonical.encode(firm.statement("check", CHECK)), media, [firm.keys["validator"]])
    assert reason_of(firm, firm.append("evidence/1", USE, content)) == "malformed"


# other entries


def test_a_claim_is_registered_before_it_is_measured_with_the_terms_it_still_has():
    firm = ready(rule("r", "ev.benefit.low > 0.0", track="benefit"))
    firm.declare(claims=[])
    early = firm.evidence("benefit", BENEFIT, claim="found-earlier")
    firm.declare()
    late = firm.evidence("benefit", BENEFIT, claim="found-earlier")
    assert (reason_of(firm, early), reason_of(firm, late)) == ("late-claim", None)
    firm.declare(area="crime")
    assert reason_of(firm, late) is None  # another declaration, the same terms
    for name, value in {"minimum": 0.02, "baseline": "nothing", "design": "non_inferiority", "unit": "hours"}.items():
        firm.declare(claims=[CLAIM | {name: value}])
        assert reason_of(firm, late) == "late-claim", name
    firm.declare(claims=[CLAIM | {"statement": text("said in other words")}])
    assert reason_of(firm, late) is None


def test_a_measurement_of_a_claim_names_it_twice_alike():
    firm = ready(rule("r", "ev.benefit.low > 0.0", track="benefit"))
    assert reason_of(firm, firm.evidence("benefit", BENEFIT)) == "bad-fields"
    assert reason_of(firm, firm.evidence("benefit", BENEFIT | {"claim": "x"}, claim="found-earlier")) == "bad-fields"


@pytest.mark.parametrize(
    "decide", [lambda f: f.approve(), lambda f: f.plan("2026-06-01"), lambda f: f.waive("test-pack/r", "2026-06-01")]
)
def test_an_approval_is_of_the_declaration_that_stood_then(decide):
    firm = ready(rule("r", "ev.approval.fit"))
    entry = decide(firm)
    assert reason_of(firm, entry) is None
    firm.declare(area="crime")
    assert reason_of(firm, entry) == "before-declaration"
    assert reason_of(firm, decide(firm)) is None


def planned(firm, named, fields=GAUGE, **changes):
    return firm.evidence("gauge", fields, statistics={"plan": named}, **changes)


def test_a_planned_topic_counts_only_with_a_plan_that_stood_before():
    firm = ready(rule("r", "ev.gauge.high <= ev.gauge.limit"))
    named = firm.measurement_plan()
    assert reason_of(firm, planned(firm, named)) is None
    later = {**named, "index": firm.entries[-1].index + 2}
    early = planned(firm, later)
    assert firm.measurement_plan() != named
    assert reason_of(firm, early) == "unplanned"
    assert reason_of(firm, planned(firm, {**later, "digest": named["digest"]})) == "unplanned"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"item": "other"}, {}), ({"item": "none"}, {}), ({"index": 0}, {}), ({"index": True}, {}), ({"index": "3"}, {}),
        ({"digest": "0" * 64}, {}), ({}, {"limit": 0.95}),
    ],
)  # fmt: skip
def test_what_names_another_item_or_states_another_threshold_was_not_planned(change, fields):
    firm = ready(rule("r", "ev.gauge.high <= ev.gauge.limit"))
    named = firm.measurement_plan() | change
    assert reason_of(firm, planned(firm, named, GAUGE | fields)) == "unplanned"


@pytest.mark.parametrize(
    "made", [{"by": "owner"}, {"use": "test-bank/other"}, {"topic": "check"}, {"part": "share"}, {"limit": 0.5}]
)
def test_a_plan_by_somebody_else_or_of_something_else_is_none(made):
    firm = ready(rule("r", "ev.gauge.high <= ev.gauge.limit"))
    assert reason_of(firm, planned(firm, firm.measurement_plan(**made))) == "unplanned"


def test_each_part_is_planned_or_none_is():
    firm = ready(rule("r", "ev.gauge.high <= ev.gauge.limit"))
    share, other = firm.measurement_plan(part="share"), firm.measurement_plan(part="other")
    for parts, reason in (
        ({"share": {"plan": share}, "other": {"plan": other}}, None),
        ({"share": {"plan": share}, "other": {"plan": share}}, "unplanned"),
        ({"share": {"plan": share}, "other": {}}, "unplanned"),
        ({}, "unplanned"),
    ):
        assert reason_of(firm, firm.evidence("gauge", GAUGE, statistics={"parts": parts})) == reason


def test_observations_outlive_a_new_declaration():
    firm = ready()
    entry = firm.evidence("check", CHECK)
    firm.declare(area="crime")
    assert reason_of(firm, entry) is None


def test_an_earlier_observation_does_not_displace_a_later_one():
    firm = ready()
    first = firm.evidence("check", CHECK)
    same = firm.evidence("check", CHECK)
    assert (reason_of(firm, first), reason_of(firm, same)) == (None, None)
    old = firm.evidence("check", CHECK, taken_at="2026-01-10T08:59:59Z")
    assert reason_of(firm, old) == "older"
    other = firm.approve(taken_at="2026-01-09T00:00:00Z")
    assert reason_of(firm, other) == "unknown-topic"  # of another topic: its age is its own
