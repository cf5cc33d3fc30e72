"""The OpenAPI document: complete, and what is sent by its letter is answered as it says, never with a fault."""

from __future__ import annotations

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from server_world import ORIGIN, ServerWorld

from dualtrack.web.identity.roles import API_KEY_ROLES, ConsoleRole

EXAMPLES = 6
"""Requests to each operation; there are some forty operations, and each request opens the database."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    found = ServerWorld(tmp_path_factory.mktemp("served"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def document(served):
    return served.browser().ask("GET", "/api/v1/openapi.json").json()


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_says_what_can_go_wrong_and_who_may(document):
    found = dict(operations(document))
    assert len(found) > 35
    for name, operation in found.items():
        for status in ("400", "401", "403", "404", "422", "429", "500", "503"):
            content = operation["responses"][status]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}, name
        assert "security" in operation, name
        assert operation["description"], name
        assert operation["summary"], name
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])
    assert {name for name, operation in found.items() if operation["security"] == []} == {
        "POST /api/v1/session", "GET /api/v1/receipts/{code}", "POST /api/v1/receipts/{code}/person",
        "POST /api/v1/receipts/{code}/opt-out", "POST /api/v1/receipts/{code}/complaint",
    }  # fmt: skip


def test_every_reference_leads_somewhere(document):
    text = str(document)
    for name in set(re.findall(r"#/components/schemas/(\w+)", text)):
        assert name in document["components"]["schemas"], name


def test_a_post_may_carry_an_idempotency_key(document):
    for name, operation in operations(document):
        said = any(item["name"] == "Idempotency-Key" for item in operation.get("parameters", ()))
        assert said is name.startswith("POST"), name


def test_a_list_says_how_to_read_on_and_a_get_how_to_ask_again(document):
    lists = 0
    for name, operation in operations(document):
        named = {item["name"] for item in operation.get("parameters", ())}
        said = operation["responses"]
        schemas = [body.get("schema", {}) for body in said.get("200", {}).get("content", {}).values()]
        if any(schema.get("type") == "array" for schema in schemas):
            lists += 1
            assert {"limit", "after"} <= named, name
        get = name.startswith("GET")
        assert ("If-None-Match" in named) is get, name
        assert ("304" in said) is get, name
        assert not get or "ETag" in said["200"]["headers"], name
    assert lists >= 11


@pytest.mark.slow
def test_what_is_sent_by_the_letter_is_answered_as_the_document_says(served, document):
    schema = schemathesis.openapi.from_dict(document)
    key = served.key(*API_KEY_ROLES)
    browser = served.signed_in(ConsoleRole.ADMINISTRATOR)
    token = browser.token()
    credentials = [
        {"authorization": f"Bearer {key}"},
        {"origin": ORIGIN, "x-csrf-token": token},
    ]
    found = [item.ok() for item in schema.get_all_operations()]
    for operation in found:
        try_operation(browser, operation, document, credentials)
    assert len(found) == len(dict(operations(document)))


def try_operation(browser, operation, document, credentials):
    said = document["paths"][operation.path][operation.method.lower()]["responses"]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), credential=st.sampled_from(credentials))
    def answered(case, credential):
        sent = case.as_transport_kwargs(base_url=ORIGIN)
        headers = dict(sent.pop("headers") or {}) | {"accept": "application/json"} | credential
        sent.pop("cookies", None)
        answer = browser.ask(sent.pop("method"), sent.pop("url"), headers=headers, **sent)
        assert answer.status_code < 500, (operation.label, answer.text)
        assert str(answer.status_code) in said, (operation.label, answer.status_code, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"

    answered()
