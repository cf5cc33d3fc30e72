"""The hot path in the OpenAPI document: five operations that FastAPI does not serve, described in `hot_path.yaml`."""

from __future__ import annotations

import functools
import importlib.resources
from typing import Any

from dualtrack.domain.documents import read_yaml
from dualtrack.runtime.faces.asgi import PROBLEM_TYPE

__all__ = ["KEY_PARAMETER", "add_hot_path", "hot_paths"]

KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,100}$"},
}
"""The header by which a POST is done once, as the document has it."""

_FILE = "hot_path.yaml"
_TAG = "hot path"
_SCHEMAS = "#/components/schemas/"
_KEPT = "The same key with the same body within a day is answered as before and decided once."
_REPLAYED = {"description": "It was given before, under this key.", "schema": {"const": "true"}}
_WAIT = {"description": "Seconds after which to try again.", "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"}}
_WAITS = ("409", "429", "503")
"""Answers that may say when to try again."""


def add_hot_path(document: dict[str, Any]) -> None:
    """Add the operations and their shapes; what the document has already is left as it is."""
    found = _described()
    document["components"]["schemas"] |= found["schemas"]
    for path, item in found["paths"].items():
        document["paths"][path] = {method: _operation(told, found["errors"]) for method, told in item.items()}


def hot_paths() -> tuple[str, ...]:
    """Return the paths of the hot path as the document has them."""
    return tuple(_described()["paths"])


@functools.cache
def _described() -> dict[str, Any]:
    data = importlib.resources.files("dualtrack.web.api").joinpath(_FILE).read_bytes()
    found: Any = read_yaml(data, where=_FILE)
    assert isinstance(found, dict)
    return found


def _operation(told: dict[str, Any], errors: dict[str, str]) -> dict[str, Any]:
    """Return an operation in OpenAPI's form; what holds for all of them is said once, here."""
    named = {name: told[name] for name in ("operationId", "summary", "description")}
    parameters = list(told.get("parameters", ()))
    once = told.get("once", False)
    if once:
        parameters.append(KEY_PARAMETER | {"description": _KEPT})
    operation = named | {"tags": [_TAG], "security": [{"key": []}], "parameters": parameters}
    if "body" in told:
        operation["requestBody"] = {"required": True, "content": _json(told["body"])}
    said = {status: _error(status, words) for status, words in errors.items()}
    for status, answer in told["answers"].items():
        content = _json(answer["schema"]) | ({"text/event-stream": {"schema": {}}} if "events" in answer else {})
        headers = {"Idempotency-Replayed": _REPLAYED} if once else {}
        before = said.get(status, {"content": {}, "headers": {}})
        said[status] = {
            "description": answer["description"],
            "content": content | before["content"],
            "headers": headers | before.get("headers", {}),
        }
    return operation | {"responses": dict(sorted(said.items()))}


def _error(status: str, words: str) -> dict[str, Any]:
    problem = {"description": words, "content": {PROBLEM_TYPE: {"schema": _named("HotProblem")}}}
    return problem | ({"headers": {"Retry-After": _WAIT}} if status in _WAITS else {})


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": _named(schema)}}


def _named(schema: str) -> dict[str, str]:
    return {"$ref": f"{_SCHEMAS}{schema}"}
