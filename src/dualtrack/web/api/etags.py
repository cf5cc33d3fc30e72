"""Entity tags: what was read has a tag, and who changes it says which one they saw (RFC 9110, sections 8.8.3 and 13.1)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dualtrack.web.problems import HttpError

if TYPE_CHECKING:
    from fastapi import Request, Response
    from pydantic import BaseModel

__all__ = ["check_seen", "etag_of", "is_known"]


def etag_of(model: BaseModel) -> str:
    """Return the strong tag of a representation."""
    return f'"{hashlib.sha256(model.model_dump_json(by_alias=True).encode()).hexdigest()[:32]}"'


def is_known(request: Request, response: Response, tag: str) -> bool:
    """Tell whether the client has this already (If-None-Match); the tag goes out in any case."""
    response.headers["etag"] = tag
    response.headers["cache-control"] = "private, no-cache"
    said = request.headers.get("if-none-match", "")
    return said.strip() == "*" or tag in {part.strip().removeprefix("W/") for part in said.split(",")}


def check_seen(request: Request, tag: str) -> None:
    """Raise HttpError unless If-Match names the present tag: 428 without the header, 412 with another tag."""
    said = request.headers.get("if-match")
    if said is None:
        raise HttpError(428, "If-Match is missing", fix="read it first, and send its ETag as If-Match")
    if tag not in {part.strip() for part in said.split(",")}:
        raise HttpError(412, "it was changed since it was read", fix="read it again, and decide anew")
