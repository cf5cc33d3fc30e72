"""Shares of providers: every attempt counts once, estimates carry their intervals, drills and other firms' uses are out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_desk import ServiceDesk

from dualtrack.domain.records import encode
from dualtrack.runtime.provider_shares import IN_PROCESS, provider_shares, shares_of
from dualtrack.runtime.recent import Recent
from permit.firm import USE

CALL = st.fixed_dictionaries(
    {
        "component": st.sampled_from(["model", "model", "fallback-rules"]),
        "provider": st.sampled_from(["lab", "cloud", "house"]),
        "fault": st.sampled_from([None, None, "upstream.status", "upstream.garbage"]),
        "us": st.integers(0, 10**7),
        "tokens_in": st.none() | st.integers(0, 10**6),
        "tokens_out": st.none() | st.integers(0, 10**6),
    }
)


def records(found, use=USE):
    return [Recent(str(n), "r", "live", encode({"use": use, "upstream": calls})) for n, calls in enumerate(found)]


@given(st.lists(st.lists(CALL, max_size=3), max_size=20))
def test_every_attempt_is_in_one_share_and_every_estimate_in_its_interval(found):
    shares = shares_of(records(found))
    every = [call for calls in found for call in calls if call["component"] != "fallback-rules"]
    assert sum(share.calls for share in shares) == len(every)
    assert sum(share.failed for share in shares) == sum(call["fault"] is not None for call in every)
    assert [share.calls for share in shares] == sorted((share.calls for share in shares), reverse=True)
    for share in shares:
        mine = [call for call in every if call["provider"] == share.provider]
        assert share.n == len(every)
        assert share.low <= share.calls / share.n <= share.high
        assert share.failed_low <= share.failed / share.calls <= share.failed_high
        good = sorted(call["us"] for call in mine if call["fault"] is None)
        assert (share.ms is None) == (not good)
        assert share.ms is None or share.ms * 1000 == pytest.approx(good[(len(good) - 1) // 2])
        assert share.ms is None or share.ms_low <= share.ms <= share.ms_high
        pairs = [(call["tokens_in"], call["tokens_out"]) for call in mine]
        assert share.told == sum(pair != (None, None) for pair in pairs)
        assert share.tokens == sum((asked or 0) + (told or 0) for asked, told in pairs)


def of_record(**changes):
    plain = {"use": USE, "upstream": [], "outcome": "served", "code": None, "output": "d", "timing": {"upstream_us": 7}}
    return Recent("1", "r", "live", encode(plain | changes))


def answered(component="model", fault=None):
    told = {"tokens_in": None, "tokens_out": None}
    return {"component": component, "provider": "lab", "fault": fault, "us": 1, **told}


@pytest.mark.parametrize(
    ("changes", "calls"),
    [
        ({}, {IN_PROCESS: 0}),
        ({"outcome": "routed", "code": "review.hold"}, {IN_PROCESS: 0}),
        ({"outcome": "shadowed"}, {IN_PROCESS: 0}),
        ({"outcome": "failed", "code": "model.valueerror", "output": None}, {IN_PROCESS: 1}),
        ({"outcome": "fallback", "code": "model.keyerror", "upstream": [answered("fallback-rules")]}, {IN_PROCESS: 1}),
        ({"upstream": [answered(fault="upstream.status")]}, {IN_PROCESS: 0, "lab": 1}),
        ({"upstream": [answered()]}, {"lab": 0}),
        ({"outcome": "failed", "upstream": [answered(fault="upstream.closed")]}, {"lab": 1}),
        ({"outcome": "fallback", "code": "permit.held", "upstream": [answered("fallback-rules")]}, {}),
        ({"outcome": "blocked", "code": "guard.injection", "output": None}, {}),
        ({"outcome": "failed", "code": "interrupted"}, {}),
    ],
)
def test_a_model_in_process_counts_as_the_firm_s_own_where_it_ran_and_only_there(changes, calls):
    shares = shares_of([of_record(**changes)])
    assert {share.provider: share.failed for share in shares} == calls
    assert all(share.ms == 0.007 for share in shares if share.provider == IN_PROCESS and not share.failed)


@given(st.lists(st.booleans(), max_size=30))
def test_shares_add_up_to_all_calls(found):
    shares = shares_of([of_record(upstream=[answered()] if hosted else []) for hosted in found])
    assert sum(share.calls for share in shares) == len(found)
    assert all(share.n == len(found) for share in shares)


def test_the_window_is_of_the_uses_asked_for_and_of_the_time(tmp_path):
    desk = ServiceDesk(tmp_path)
    try:
        for _ in range(3):
            desk.decide(upstream="card")
        desk.decide()
        window = provider_shares(desk.register, None, since="")
        assert (window.decisions, window.whole) == (4, True)
        assert [(share.provider, share.calls, share.n, share.uses) for share in window.shares] == [
            ("cloud", 3, 4, (USE,)),
            (IN_PROCESS, 1, 4, (USE,)),
        ]
        assert provider_shares(desk.register, {USE}, since="") == window
        assert provider_shares(desk.register, {"another/use"}, since="").decisions == 0
        assert provider_shares(desk.register, None, since="z").shares == []
    finally:
        desk.store.close()
