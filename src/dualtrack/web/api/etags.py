"""Entity tags: what was read has a tag, and who changes it says which one they saw (RFC 9110, sections 8.8.3 and 13.1).

Every answer to a GET of the API has one (`tagged`): a client that polls sends it back as If-None-Match, and is told 304 without
a body while nothing has changed. What can be edited has a strong tag of its own; the others a weak one over their bytes. No
cache between may keep them: `no-store` stands as on every other answer, for there may be persons in them.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from fastapi import Response

from dualtrack.errors import FieldError
from dualtrack.web.problems import HttpError

if TYPE_CHECKING:
    from fastapi import Request
    from pydantic import BaseModel

__all__ = ["TAGS_CHARACTERS_MAX", "TAGS_PATTERN", "check_known", "check_seen", "etag_of", "tagged"]

TAGS_PATTERN = r'^(\*|((W/)?"[\x21\x23-\x7e]*"([ \t]*,[ \t]*(W/)?"[\x21\x23-\x7e]*")*)?)$'
"""`*`, or tags in quotes; a list may be empty (RFC 9110, section 5.6.1.2)."""

TAGS_CHARACTERS_MAX = 400
"""Longest list of tags: ten of ours."""

_OK = 200
_TAGS = re.compile(TAGS_PATTERN)
_TAG_CHARACTERS = 32
_KEPT = ("etag", "cache-control", "link")
"""Headers that a 304 repeats (RFC 9110, section 15.4.5)."""


def etag_of(model: BaseModel) -> str:
    """Return the strong tag of a representation."""
    return f'"{hashlib.sha256(model.model_dump_json(by_alias=True).encode()).hexdigest()[:_TAG_CHARACTERS]}"'


def check_known(request: Request) -> None:
    """Raise FieldError where If-None-Match is no list of tags: taken as another tag, it would never match, and nobody would know."""
    _check_form(request.headers.get("if-none-match", "").strip(" \t"), "If-None-Match")


def tagged(request: Request, response: Response) -> Response:
    """Return the answer to a GET with its tag, or 304 where the client says that it has it (If-None-Match)."""
    if response.status_code != _OK:
        return response
    tag = response.headers.get("etag") or f'W/"{hashlib.sha256(response.body).hexdigest()[:_TAG_CHARACTERS]}"'
    response.headers["etag"] = tag
    said = request.headers.get("if-none-match", "").strip()
    known = {part.strip().removeprefix("W/") for part in said.split(",")}
    if said != "*" and tag.removeprefix("W/") not in known:
        return response
    kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
    return Response(status_code=304, headers=kept)


def check_seen(request: Request, tag: str) -> None:
    """Raise HttpError unless If-Match names the present tag: 428 without the header, 412 with another tag."""
    said = request.headers.get("if-match")
    if said is None:
        raise HttpError(428, "If-Match is missing", fix="read it first, and send its ETag as If-Match")
    _check_form(said.strip(" \t"), "If-Match")
    if said.strip() != "*" and tag not in {part.strip() for part in said.split(",")}:
        raise HttpError(412, "it was changed since it was read", fix="read it again, and decide anew")


def _check_form(said: str, where: str) -> None:
    if len(said) > TAGS_CHARACTERS_MAX or not _TAGS.fullmatch(said):
        raise FieldError(
            "no list of tags",
            where=where,
            expected='tags in double quotes, as "abc", or *',
            fix="send the ETag as it came",
        )
