"""The page of providers: computed shares with n and interval in both languages, and nothing of uses that are not one's own."""

from __future__ import annotations

import pytest
from acting_world import ActingWorld, words

from dualtrack.web.pages import providers
from permit.firm import USE


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, providers.PAGES)
    yield made
    made.close()


def test_without_calls_it_says_so(world):
    world.desk.decide(outcome="blocked", output=None)
    english, chinese = world.both("GET", "/providers", by="auditor")
    assert "No calls to a provider" in english
    assert "沒有對供應商的調用" in chinese


def test_a_share_has_its_interval_its_n_and_a_way_to_hold_it(world):
    for _ in range(4):
        world.desk.decide(upstream="card")
    english, chinese = world.both("GET", "/providers", by="executive", roles=("approver",))
    said = words(english)
    assert "cloud" in said
    assert "100.0% 51.0–100.0%, n = 4" in said
    assert "0.0–49.0%, n = 4" in said
    assert "All 4 decisions of the last 30 days" in said
    assert f'href="/uses/{USE}"' in english
    assert 'href="/holds?scope=provider&amp;target=cloud"' in english
    assert "供應商（按使用次數排列）" in chinese


def test_models_in_process_are_the_firm_s_own_and_no_provider_to_hold(world):
    world.desk.decide()
    world.desk.decide(upstream="card")
    english, chinese = world.both("GET", "/providers", by="executive", roles=("approver",))
    assert "In process, the firm's own" in words(english).replace("&#39;", "'")
    assert "本機構進程內" in words(chinese)
    assert "n = 2" in words(english)
    assert english.count("/holds?scope=provider") == 1


def test_who_may_not_hold_is_offered_no_hold(world):
    world.desk.decide(upstream="card")
    english, _ = world.both("GET", "/providers", by="auditor")
    assert "/holds?" not in english


def test_decisions_older_than_the_days_do_not_count(world):
    world.desk.decide(upstream="card")
    world.desk.forward(days=providers.DAYS + 1)
    english, _ = world.both("GET", "/providers", by="auditor")
    assert "No calls to a provider" in english
