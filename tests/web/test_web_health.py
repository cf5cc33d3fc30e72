"""Probes, figures and logs: who sees them, and that nothing personal is in them."""

from __future__ import annotations

import json
import logging
import os

import msgspec
import pytest
import structlog
from identity_world import PASSWORD
from server_world import FIRM, USE, ServerWorld

from dualtrack.domain.decision import UpstreamCall, encode_decision
from dualtrack.runtime.decisions import get_decision
from dualtrack.runtime.ids import new_id
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.logs import LOG_FIELDS, configure_logs

HERE = ("127.0.0.1", 4000)
PERSON = "C-1024-CHAN"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("served"))
    yield found
    found.close()


def figures(served, **more):
    return served.browser(peer=HERE).ask("GET", "http://127.0.0.1/metrics", **more)


def decide(served, **row):
    headers = {"authorization": f"Bearer {served.key(ConsoleRole.CALLER)}"}
    body = {"input": row, "person": PERSON}
    answer = served.browser().ask("POST", f"/v1/decide/{USE}", json=body, headers=headers).json()
    while served.runtime.recorders[FIRM].waiting:
        pass
    return answer


def test_the_process_is_up_and_ready(served):
    browser = served.browser()
    assert browser.get("/healthz").json() == {"status": "up"}
    assert browser.get("/readyz").json()["status"] == "ready"


def test_a_process_whose_permits_are_not_read_any_more_is_not_ready(tmp_path):
    found = ServerWorld(tmp_path)
    try:
        found.runtime.snapshots.close()
        current = found.runtime.snapshots.current
        found.runtime.snapshots.current = current._replace(lease_until_s=0.0)
        headers = {"authorization": f"Bearer {found.key(ConsoleRole.CALLER)}"}
        for _ in range(3):
            refused = found.browser().ask("POST", f"/v1/decide/{USE}", json={"input": {"late": 1}}, headers=headers)
            assert refused.json()["error"]["code"] == "permit.stale-snapshot"
        for _ in range(2):  # looked at twice, counted once
            assert f'dualtrack_stale_refusals_total{{process="{os.getpid()}"}} 3.0' in figures(found).text
        answer = found.browser().get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"permits": False, "recorder": True}
        assert found.browser().get("/healthz").status_code == 200
    finally:
        found.close()


def test_figures_count_decisions_and_guards(served):
    before = figures(served).text
    decide(served, late=2)
    decide(served, late=99)  # outside its declared range: the guard blocks it
    text = figures(served).text
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    here = f'process="{os.getpid()}"'
    for outcome in ("served", "blocked"):
        assert float(lines[f'dualtrack_decisions_total{{mode="live",outcome="{outcome}",{here},use="{USE}"}}']) >= 1
    assert any(name.startswith("dualtrack_guard_fired_total") and "input_schema" in name for name in lines)
    assert float(lines[f'dualtrack_ledger_size{{institution="{FIRM}",{here}}}']) > 0
    assert float(lines[f"dualtrack_snapshot_age_seconds{{{here}}}"]) < 1.5
    assert float(lines[f"dualtrack_stale_refusals_total{{{here}}}"]) == 0
    assert text != before


def test_calls_to_models_are_told_under_the_names_of_the_conventions(served):
    register = served.runtime.registers[FIRM]
    record = get_decision(register, decide(served, late=2)["decision"]).record
    calls = [
        UpstreamCall("model", "mistral", "m-1", "m-1", 200, None, 30_000, 12, None, operation="embeddings"),
        UpstreamCall("model", "mistral", "m-1", None, 0, "reset", 50, None, None, operation="embeddings"),
    ]
    figures(served)
    register.append_plain(
        [("decision/1", USE, encode_decision(msgspec.structs.replace(record, id=new_id(), upstream=calls)))]
    )
    lines = dict(line.rsplit(" ", 1) for line in figures(served).text.splitlines() if not line.startswith("#"))
    told = 'gen_ai_operation_name="embeddings",gen_ai_provider_name="mistral_ai",gen_ai_request_model="m-1"'
    here = f'process="{os.getpid()}",use="{USE}"'
    name = "gen_ai_client_operation_duration_seconds"
    assert lines[f'{name}_sum{{error_type="",{told},{here}}}'] == "0.03"
    assert lines[f'{name}_bucket{{error_type="reset",{told},le="0.01",{here}}}'] == "1.0"
    tokens = f'{told},gen_ai_token_type="input",{here}'
    assert lines[f"gen_ai_client_token_usage_sum{{{tokens}}}"] == "12.0"
    assert not any(line.startswith("gen_ai_client_token_usage") and '"output"' in line for line in lines)


def test_figures_name_nobody(served):
    answer = decide(served, late=2)
    text = figures(served).text
    for personal in (PERSON, answer["receipt"], answer["decision"], "administrator", "192.0.2.7"):
        assert personal not in text


def test_figures_are_for_this_machine_and_for_two_roles(served):
    assert figures(served).status_code == 200
    far = served.browser(peer=("192.0.2.7", 1))
    assert far.ask("GET", "http://127.0.0.1/metrics").status_code == 401
    # a page elsewhere whose name was pointed at this machine shows by its Host
    assert served.browser(peer=HERE).ask("GET", "http://evil.example/metrics").status_code == 401
    for role, status in {ConsoleRole.AUDITOR: 200, ConsoleRole.OWNER: 403, ConsoleRole.CALLER: 403}.items():
        headers = {"authorization": f"Bearer {served.key(role)}"}
        assert far.ask("GET", "/metrics", headers=headers).status_code == status, role
    administrator = served.signed_in(ConsoleRole.ADMINISTRATOR)
    assert administrator.get("/metrics").status_code == 200


def test_behind_a_proxy_nobody_is_on_this_machine(tmp_path):
    found = ServerWorld(tmp_path, proxies=1)
    try:
        assert figures(found).status_code == 401
        assert figures(found, headers={"x-forwarded-for": "127.0.0.1"}).status_code == 401
    finally:
        found.close()


@pytest.fixture
def lines(capsys):
    """Log as a server does, and give what was written."""
    before = structlog.get_config()
    configure_logs()
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    structlog.configure(**before)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate, logger.disabled = [], True, False


def test_logs_hold_patterns_and_ids_and_nothing_of_anybody(served, lines, monkeypatch):
    answer = decide(served, late=2)
    browser = served.browser(peer=("198.51.100.77", 1))
    browser.sign_in("administrator")
    browser.get(f"/account?note={PERSON}", headers={"referer": f"http://dualtrack.test/{PERSON}"})
    browser.get(f"/{PERSON}")
    browser.api("GET", f"/receipts/{answer['receipt']}")
    browser.api("GET", f"/decisions/{answer['decision']}")
    browser.ask("GET", "/api/v1/uses", headers={"authorization": "Bearer dt_" + "S" * 43})
    browser.sign_in("administrator", f"wrong {PERSON}")

    def broken(*_args, **_named):
        raise RuntimeError(f"fault about {PERSON}")

    monkeypatch.setattr(served.services.accounts, "get", broken)
    browser.get("/account")
    logging.getLogger("uvicorn.error").error("Exception in ASGI application for %s", PERSON)
    written = lines()
    assert len(written) >= 8
    assert {name for line in written for name in line} <= LOG_FIELDS
    routes = {line.get("route") for line in written}
    assert {"/account", "/api/v1/receipts/{code}", "/api/v1/decisions/{decision}", "none"} <= routes
    assert any(line.get("fault") == "RuntimeError" and line["at"].startswith("test_web_health.py:") for line in written)
    whole = json.dumps(written, ensure_ascii=False)
    personal = (
        PERSON, answer["receipt"], answer["receipt"].lower(), answer["decision"], "administrator", PASSWORD, "198.51.100",
        "192.0.2", "dt_", "note=", FIRM,
    )  # fmt: skip
    for word in personal:
        assert word not in whole, word
