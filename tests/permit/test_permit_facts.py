"""Step 2: facts from declaration, firm, release, claims and signatures; tiers, definitions, parameters and their dates."""

from __future__ import annotations

import pytest
from firm import AT, CHECK, FIRM, PASSES, USE, Firm, compiled, declaration, known_key, ready, rule, text

from dualtrack.errors import PackError

TASK = {"name": text("calls"), "hours_per_month": 40.0, "destination": "redeploy"}
PART = {"id": "part", "type": "model", "name": "m", "version": "1"} | dict.fromkeys(
    ["digest", "provider", "licence", "source", "reservation", "indemnity"]
)
CLAIM = declaration()["claims"][0]


def facts(firm: Firm, at: str = AT) -> dict[str, object]:
    return firm.assess(at).facts


def test_answers_become_facts_and_an_absent_answer_is_no_fact():
    found = facts(ready(facts={"language_model": False, "development": ["rag"], "phase": "early"}))
    assert (found["use.language_model"], found["use.development"], found["use.phase"]) == (False, ["rag"], "early")
    assert "use.generative" not in found


def test_the_declaration_gives_its_derived_facts():
    firm = ready()
    tasks = [TASK | {"hours_released": hours} for hours in (0.1, 0.2, 0.3)]
    tasks.append(TASK | {"hours_released": 1, "destination": "undecided"})
    firm.declare(tasks=tasks, components=[PART, PART | {"id": "other", "licence": "MIT"}], builders=["a", "b"])
    found = facts(firm)
    assert found["use.hours_released"] == 1.6
    assert found["use.undecided_hours"] == 1.0
    assert type(found["use.undecided_hours"]) is float
    assert (found["use.components_without_licence"], found["use.builders"]) == (1, 2)
    assert (found["use.live"], found["use.has_fallback"]) == (False, False)
    firm.declare(components=[])
    assert "use.components_without_licence" not in facts(firm)
    assert (found["use.area"], found["use.sector"], found["use.affected"]) == ("risk", "bank", ["customers"])


def test_without_tasks_no_hours_are_known_and_an_overflow_is_not_known_either():
    firm = ready()
    assert "use.hours_released" not in facts(firm)
    firm.declare(tasks=[TASK | {"hours_released": 1.7e308}, TASK | {"hours_released": 1.7e308}])
    found = facts(firm)
    assert "use.hours_released" not in found
    assert found["use.undecided_hours"] == 0.0


def test_sums_do_not_depend_on_the_order_of_tasks():
    hours = [1e16, 1.0, -0.0, 1e-3, 3.3, 1e16]
    sums = set()
    for turn in range(len(hours)):
        firm = ready()
        firm.declare(tasks=[TASK | {"hours_released": hour} for hour in hours[turn:] + hours[:turn]])
        sums.add(facts(firm)["use.hours_released"])
    assert len(sums) == 1


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], {}),
        ([CLAIM | {"primary": False}], {}),
        ([CLAIM | {"track": "safety"}], {}),
        ([CLAIM, CLAIM | {"id": "second"}], {}),
        (
            [CLAIM | {"minimum": 1, "margin": None}],
            {"id": "found-earlier", "baseline": "rule-card", "design": "superiority", "minimum": 1.0},
        ),
        (
            [CLAIM | {"design": "non_inferiority", "margin": 0.05, "baseline": None, "minimum": None}],
            {"id": "found-earlier", "design": "non_inferiority", "margin": 0.05},
        ),
    ],
)
def test_the_one_primary_benefit_claim_gives_its_facts(claims, expected):
    firm = ready()
    firm.declare(claims=claims)
    found = {name: value for name, value in facts(firm).items() if name.startswith("claim.")}
    assert found == {f"claim.{name}": value for name, value in expected.items()}
    assert all(type(value) in {str, float} for value in found.values())


def test_the_newest_declaration_counts():
    firm = ready()
    firm.declare(area="crime")
    assert facts(firm)["use.area"] == "crime"


def test_firm_and_policy_facts():
    firm = Firm(profile={"has_shop": True, "limits": ["a"]})
    firm.adopt(compiled([rule("r", PASSES)]))
    firm.declare()
    firm.freeze(disclosure=True, guards=["pii"])
    found = facts(firm)
    assert (found["firm.type"], found["firm.staff"]) == ("bank", 40)
    assert (found["firm.has_shop"], found["firm.limits"]) == (True, ["a"])
    assert (found["policy.disclosure"], found["policy.guards"], found["policy.opt_out"]) == (True, ["pii"], False)


def test_without_a_release_there_is_no_policy_and_no_separation_of_duties():
    firm = Firm()
    firm.adopt(compiled([rule("r", "sod.validator_independent")]))
    firm.declare()
    firm.release_digest = "0" * 64
    assert not [name for name in facts(firm) if name.startswith(("policy.", "sod."))]
    assert firm.line().missing == ["sod.validator_independent"]
    assert firm.assess().mode is None


# separation of duties comes from signatures


SOD = rule("r", "sod.validator_independent && " + PASSES)


def independent(firm: Firm) -> object:
    return facts(firm).get("sod.validator_independent")


def test_nobody_has_validated_while_there_is_no_evidence_of_it():
    firm = ready(SOD)
    assert independent(firm) is None
    firm.approve()
    assert independent(firm) is None


def test_a_validator_who_did_not_build_is_independent():
    firm = ready(SOD)
    firm.evidence("check", CHECK)
    assert independent(firm) is True


@pytest.mark.parametrize("builders", [{"declared": ["validator"]}, {"released": ("validator",)}])
def test_a_builder_by_declaration_or_release_is_not(builders):
    firm = ready(SOD)
    if "declared" in builders:
        firm.declare(builders=builders["declared"])
    else:
        firm.freeze(builders=builders["released"])
    firm.evidence("check", CHECK)
    assert independent(firm) is False
    assert firm.line().outcome == "not_met"


def test_who_was_once_declared_a_builder_stays_one():
    firm = ready(SOD)
    firm.declare(builders=["validator"])
    firm.declare(builders=["developer"])
    firm.evidence("check", CHECK)
    assert independent(firm) is False


def test_who_signed_the_release_built_it():
    firm = Firm()
    firm.adopt(compiled([SOD]))
    firm.declare(builders=[])
    firm.grant("validator", ["validator", "developer"])
    from firm import release

    from dualtrack.domain import canonical

    record = release() | {"builders": []}
    firm.signed("release/1", USE, record, ["validator"])
    firm.release_digest = canonical.digest(canonical.encode(record))
    firm.evidence("check", CHECK)
    assert independent(firm) is False


def test_two_keys_of_one_person_are_one_person():
    firm = ready(SOD)
    firm.keys["developer-at-home"] = known_key("developer-at-home")
    firm.grant("developer", ["validator"], key="developer-at-home")
    firm.evidence("check", CHECK, "developer-at-home")
    assert independent(firm) is False


def test_a_second_signature_by_a_builder_spoils_it_and_newer_evidence_mends_it():
    firm = ready(SOD)
    firm.evidence("check", CHECK, "validator developer")
    assert independent(firm) is False
    firm.evidence("check", CHECK, "validator")
    assert independent(firm) is True


def test_every_topic_with_the_duty_counts():
    firm = ready(SOD, rule("second", "ev.approval.fit && sod.approver_independent"))
    firm.evidence("check", CHECK)
    firm.approve()
    found = facts(firm)
    assert (found["sod.validator_independent"], found["sod.approver_independent"]) == (True, True)
    firm.declare(builders=["executive"])
    firm.approve()
    found = facts(firm)
    assert (found["sod.validator_independent"], found["sod.approver_independent"]) == (True, False)


# tiers, definitions, parameters


def tiered(*lines: tuple[str, str], **pack: object) -> bytes:
    listed = [{"tier": tier, "when": when, "reason": text(tier)} for tier, when in lines]
    return compiled([rule("r", PASSES)], tiers=listed, **pack)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("medium", "use.individual_effect")], ("medium", "test-pack", 0, False)),
        ([("medium", "use.language_model")], ("low", "test-pack", None, False)),
        ([("medium", "use.generative")], ("medium", "test-pack", 0, True)),
        ([("high", "use.language_model"), ("low", "use.individual_effect")], ("low", "test-pack", 1, False)),
        ([("high", "use.generative"), ("low", "true")], ("high", "test-pack", 0, True)),
    ],
)
def test_the_first_line_that_is_not_definitely_false_gives_the_tier(lines, expected):
    firm = Firm()
    firm.adopt(tiered(*lines))
    firm.declare()
    firm.freeze()
    tier = firm.assess().tier
    assert (tier.value, tier.pack, tier.line, tier.unknown) == expected
    assert facts(firm)["tier"] == expected[0]


def test_without_tiers_a_use_is_high():
    tier = ready().assess().tier
    assert (tier.value, tier.pack, tier.line, tier.unknown) == ("high", None, None, False)


def test_two_packs_with_tiers_are_an_error():
    firm = Firm()
    firm.adopt(tiered(("high", "true")))
    firm.adopt(tiered(("low", "true"), id="pack-b"))
    firm.declare()
    with pytest.raises(PackError, match="second pack with tiers"):
        firm.assess()


def test_definitions_are_of_their_pack_and_see_those_before_them():
    says = text("defined")
    own = [
        {"name": "first", "expr": "use.individual_effect", "says": says},
        {"name": "second", "expr": "!def.first", "says": says},
        {"name": "lost", "expr": "use.generative && def.first", "says": says},
    ]
    firm = Firm()
    firm.adopt(compiled([rule("r", "def.first"), rule("not", "def.second"), rule("lost", "def.lost")], definitions=own))
    others = [{"name": "first", "expr": "use.language_model", "says": says}]
    firm.adopt(compiled([rule("other", "def.first")], definitions=others, id="pack-b"))
    firm.declare()
    firm.freeze()
    outcomes = {line.rule: line.outcome for line in firm.assess().rules}
    assert outcomes == {"r": "met", "not": "not_met", "lost": "no_evidence", "other": "not_met"}
    assert firm.line("lost").missing == ["def.lost"]


LIMIT = {"name": "limit", "type": "double", "cites": "1", "basis": "ours"}


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        ("2026-02-28T15:59:58Z", "met"),
        ("2026-02-28T15:59:59Z", "met"),
        ("2026-02-28T16:00:00Z", "not_met"),
        ("2026-03-31T15:59:59Z", "not_met"),
        ("2026-03-31T16:00:00Z", "no_evidence"),
        ("2026-01-31T15:59:59Z", "no_evidence"),
        ("2026-01-31T16:00:00Z", "met"),
    ],
)
def test_parameters_change_at_midnight_in_hong_kong(at, outcome):
    dated = [
        LIMIT | {"value": 0.5, "from": "2026-02-01", "to": "2026-03-01"},
        LIMIT | {"value": 0.9, "from": "2026-03-01", "to": "2026-04-01"},
    ]
    firm = ready(rule("r", "ev.check.estimate >= param.limit"), parameters=dated)
    firm.evidence("check", CHECK)
    line = firm.line(at=at)
    assert line.outcome == outcome
    assert line.missing == (["param.limit"] if outcome == "no_evidence" else [])


@pytest.mark.parametrize(
    ("at", "binding"),
    [
        ("2026-01-31T15:59:59Z", False),
        ("2026-01-31T16:00:00Z", True),
        ("2026-02-28T15:59:59Z", True),
        ("2026-02-28T16:00:00Z", False),
    ],
)
def test_a_pack_binds_from_midnight_to_midnight_in_hong_kong_both_days_included(at, binding):
    firm = ready(effective_from="2026-02-01", effective_to="2026-02-28")
    found = firm.assess(at)
    assert [pack.binding for pack in found.packs] == [binding]
    assert (found.refusals != []) is binding


def test_an_institution_is_assessed_on_its_own_facts_alone():
    firm = Firm(profile={"has_shop": True})
    firm.adopt(compiled([rule("r", "firm.has_shop")], subject="institution"))
    firm.adopt(compiled([rule("use-rule", PASSES)], id="pack-b"))
    firm.declare()
    firm.freeze()
    own = [entry for entry in firm.entries if entry.parsed.id == FIRM]
    firm.entries = own
    found = firm.assess(use=None)
    assert (found.verdict, found.mode, found.use, found.release) == ("requirements_evidenced", None, None, None)
    assert [(line.rule, line.outcome) for line in found.rules] == [("r", "met")]
    assert set(found.facts) == {"firm.type", "firm.staff", "firm.has_shop"}
    assert (found.tier.value, found.tier.pack) == ("high", None)
