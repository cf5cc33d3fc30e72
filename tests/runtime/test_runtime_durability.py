"""Which live uses run durable: those for customers, those of high risk, and what a firm may choose with its reason on file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.assessment import TierLine
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.domain.vocabulary import Tier
from dualtrack.runtime.compiling import compile_use
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.durability import is_high_risk, must_be_durable
from dualtrack.runtime.oversight import read_oversight
from dualtrack.runtime.receipts import find_receipt
from permit.firm import PASSES, compiled, declaration, rule, text
from runtime.runtime_world import FIRM, USE, policy
from runtime.test_runtime_complaints import flush
from runtime.test_runtime_modes import observed

ADVICE = {"language_model": True, "gives_advice": True, "after_sales_only": False}
WHY = "the desk can ask again; 50 ms of ranks are worth less than the wait"


def tiered(tier):
    return [compiled([rule("r", PASSES)], tiers=[{"tier": tier, "when": "true", "reason": text(tier)}])]


def is_durable(world):
    return compile_use(world.register, USE, read_oversight(world.register)).durable


@given(
    st.sampled_from(["durable", "buffered"]), st.sampled_from(["customers", "staff", "system"]), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_only_a_reasoned_choice_buffers_what_is_risky_and_none_what_goes_to_customers(
    released, audience, risky, chosen
):
    plain = policy(audience=audience) | ({"buffered_because": WHY} if chosen else {})
    found = must_be_durable(released, read_record(plain, RuntimePolicy, where="test"), high_risk=risky)
    assert found is (released == "durable" or audience == "customers" or (risky and not chosen))


@pytest.mark.parametrize(
    ("sector", "facts", "tier", "pack", "high"),
    [
        ("bank", {}, "high", "policy", True),
        ("bank", ADVICE, "high", None, False),
        ("bank", ADVICE, "medium", "policy", False),
        ("licensed_corporation", ADVICE, "medium", "policy", True),
        ("licensed_corporation", {}, "high", None, True),
        ("licensed_corporation", ADVICE | {"after_sales_only": True}, "low", "policy", False),
        ("va_dealer", ADVICE, "low", None, True),
    ],
)
def test_risk_is_high_by_a_table_of_tiers_or_as_the_sfc_means_it(sector, facts, tier, pack, high):
    declared = read_record(declaration(sector=sector, facts=facts), UseCase, where="test")
    assert is_high_risk(TierLine(value=Tier(tier), pack=pack, line=None, unknown=False), declared) is high


def test_a_high_tier_runs_durable_and_the_receipt_says_so_unless_the_policy_says_why_not(world):
    world.permit(packs=tiered("high"))
    with world.open() as runtime:
        answer = decide(runtime, USE, {"late": 1}, lambda _row: Scoring(0.5, ("late",)))
        flush(runtime)
        assert answer.durability == "durable"
        assert find_receipt(runtime.registers.values(), answer.receipt).durability == "durable"
    world.again(buffered_because=WHY)
    assert not is_durable(world)
    world.again(audience="customers", buffered_because=WHY)
    assert is_durable(world)


def test_a_lower_tier_runs_as_its_release_says(world):
    world.permit(packs=tiered("medium"))
    assert not is_durable(world)
    world.again(flags={"durability": "durable"})
    assert is_durable(world)


@pytest.mark.parametrize(("tier", "durable"), [("high", True), ("low", False)])
def test_an_observed_use_is_held_to_the_same(world, tier, durable):
    line = {"tier": tier, "when": "true", "reason": text(tier)}
    never = rule("never", "ev.monitor.n > 0 && ev.check.n < 0")
    world.permit(packs=[compiled([rule("r", PASSES), never], tiers=[line])])
    observed(world)
    found = compile_use(world.register, USE, read_oversight(world.register))
    assert (found.institution, found.mode, found.durable) == (FIRM, "observe", durable)


def test_a_policy_without_a_choice_has_the_bytes_it_had():
    assert b"buffered_because" not in encode(read_record(policy(), RuntimePolicy, where="test"))
