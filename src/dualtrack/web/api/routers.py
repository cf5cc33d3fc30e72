"""All routers of the API in one list, and what they share in the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from dualtrack.web.api import (
    accounts,
    api_keys,
    complaints,
    decisions,
    ledger,
    links,
    oversight,
    receipts,
    reviews,
    settings,
    uses,
)
from dualtrack.web.api.etags import TAGS_CHARACTERS_MAX, TAGS_PATTERN
from dualtrack.web.api.hot_document import KEY_PARAMETER, add_hot_path
from dualtrack.web.api.idempotency import ApiRoute
from dualtrack.web.api.models import API_PREFIX, Problem

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI

__all__ = ["add_api", "all_routes"]

_ROUTERS: tuple[APIRouter, ...] = (
    uses.router,
    decisions.router,
    links.router,
    receipts.router,
    reviews.router,
    oversight.router,
    complaints.router,
    ledger.router,
    accounts.router,
    api_keys.router,
    settings.router,
)
_KEPT = "The same key with the same body within a day is answered as before and done once."
_SHOWN_ONCE = (
    "The same key with the same body within a day is not done again. The answer is kept nowhere, so it is not repeated "
    "either: 409, `conflict.done`. If the first answer was lost: {again}."
)
_KNOWN = "The tags of earlier answers: one that still holds is answered with 304 and no body."
_SEEN = "The tag that was read: what was changed since is not changed again (412); without it nothing is (428)."
_TAGS = {"type": "string", "pattern": TAGS_PATTERN, "maxLength": TAGS_CHARACTERS_MAX}
_PUBLIC = f"{API_PREFIX}/receipts/"


def add_api(app: FastAPI) -> None:
    """Add every router to the application."""
    for router in _ROUTERS:
        app.include_router(router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's own way to change the document


def all_routes() -> list[ApiRoute]:
    """Return every route of the API."""
    return [item for router in _ROUTERS for item in router.routes if isinstance(item, ApiRoute)]


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = found.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key, `dt_…`."},
            "session": {"type": "apiKey", "in": "cookie", "name": "dualtrack", "description": "A person's session."},
        }
        shown = {item.path_format: item.again for item in all_routes() if item.again}
        for path, item in found["paths"].items():
            for method, operation in item.items():
                _complete(path, method, operation, shown.get(path) if method == "post" else None)
        add_hot_path(found)
        app.openapi_schema = found
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any], again: str | None) -> None:
    """Add what holds for every operation: who may ask, the header by which a POST is done once, the tag of a GET."""
    public = path.startswith(_PUBLIC) or (path == f"{API_PREFIX}/session" and method == "post")
    operation["security"] = [] if public else [{"key": []}, {"session": []}]
    if method == "get":
        _tag(operation)
    if "412" in operation["responses"]:
        seen = {"name": "If-Match", "in": "header", "required": True, "schema": _TAGS, "description": _SEEN}
        operation.setdefault("parameters", []).append(seen)
    if method == "post":
        operation.setdefault("parameters", []).append(
            KEY_PARAMETER | {"description": _KEPT if again is None else _SHOWN_ONCE.format(again=again)}
        )


def _tag(operation: dict[str, Any]) -> None:
    """Add the entity tag of a GET: sent with the answer, and sent back to hear whether it is still so."""
    tag = {"description": "Its entity tag.", "schema": {"type": "string"}}
    for status in ("200", "304"):
        said = operation["responses"].setdefault(status, {"description": "It is as it was."})
        said.setdefault("headers", {})["ETag"] = tag
    operation.setdefault("parameters", []).append(
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "schema": _TAGS,
            "description": _KNOWN,
        }
    )
