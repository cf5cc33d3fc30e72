"""The OpenAPI document is complete; that it is kept, test_web_openapi_fuzz.py and test_web_openapi_hot.py try."""

from __future__ import annotations

import re

import pytest
from server_world import ServerWorld

from dualtrack.web.identity.roles import ConsoleRole


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
        if not path.startswith("/api/"):
            continue  # the hot path has tests of its own
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


def test_what_is_edited_says_that_its_tag_is_sent_back(document):
    edited = {name for name, operation in operations(document) if "412" in operation["responses"]}
    assert edited == {"PATCH /api/v1/accounts/{name}", "PUT /api/v1/settings"}
    for name, operation in operations(document):
        tags = [item for item in operation["parameters"] if item["name"] == "If-Match"] if name in edited else []
        assert [item["required"] for item in tags] == [True] * (name in edited), name


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("", 200),
        ("*", 304),
        ('"abc"', 200),
        ('W/"abc" , "d"', 200),
        ("abc", 400),
        ('"abc', 400),
        ('"a" "b"', 400),
        ('"' + "a" * 400, 400),
    ],
)
def test_if_none_match_is_read_as_http_writes_it(served, said, status):
    key = served.key(ConsoleRole.AUDITOR)
    answer = served.browser().api("GET", "/ledger", key=key, headers={"if-none-match": said})
    assert answer.status_code == status
    assert status == 400 or answer.headers["etag"]


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
