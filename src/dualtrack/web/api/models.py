"""Shapes that the API's routers share. Records of the ledger travel as they are recorded, in their canonical form."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from dualtrack.runtime.faces.asgi import PROBLEM_TYPE

__all__ = [
    "API_PREFIX",
    "ERRORS",
    "ID_PATTERN",
    "INSTANT_PATTERN",
    "TEXT_PATTERN",
    "WORDS_PATTERN",
    "Body",
    "Problem",
    "Proof",
    "Reason",
    "Record",
    "Said",
    "errors",
]

API_PREFIX = "/api/v1"
"""Where the API lies."""

ID_PATTERN = r"^[0-9a-hjkmnp-tv-z]{26}$"
"""An identifier of a decision, review, hold or incident."""

INSTANT_PATTERN = (
    r"^[12][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-9])|(0[13-9]|1[0-2])-30|(0[13578]|1[02])-31)"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"
)
"""An instant in UTC, as the ledger writes them, of the years 1000 to 2999; whether a year has a 29 February is seen later."""

TEXT_PATTERN = r"^[^\x00]*$"
"""Any text: U+0000 no column keeps and nobody types."""

WORDS_PATTERN = r"^[^\x00]*\S[^\x00]*$"
"""A text that is more than blanks."""

Record = dict[str, Any]
"""A record as it stands in the ledger."""

Reason = Annotated[str, Field(min_length=1, max_length=2_000, pattern=WORDS_PATTERN)]
"""Why somebody does something: it stays in the ledger."""


def _say_of_texts(schema: dict[str, Any], model: type[Body]) -> None:
    """Say in the OpenAPI document what `Body` asks of every text: no U+0000, and more than blanks where it may not be empty."""
    schema.update(model.also)
    parts: list[Any] = list(schema.get("properties", {}).values())
    while parts:
        part = parts.pop()
        if part.get("type") == "string" and not {"pattern", "enum", "const"} & set(part):
            part["pattern"] = WORDS_PATTERN if part.get("minLength") else TEXT_PATTERN
        if "additionalProperties" in part:
            part["propertyNames"] = {"pattern": TEXT_PATTERN}
        inside = [part.get("items"), part.get("additionalProperties"), *part.get("anyOf", ())]
        parts += [item for item in inside if isinstance(item, dict)]


class Body(BaseModel):
    """A body that is sent: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, json_schema_extra=_say_of_texts)

    also: ClassVar[dict[str, Any]] = {}
    """What the document says of the body as a whole, where its fields depend on one another."""

    @field_validator("*", mode="before")
    @classmethod
    def refuse_nul(cls, value: object) -> object:
        """Return what was sent; refuses U+0000, which no column keeps and nobody types."""
        if _has_nul(value):
            raise PydanticCustomError("unreadable_text", "text without the character U+0000")
        return value


class Said(BaseModel):
    """A text in English and Traditional Chinese."""

    en: str
    zh: str = Field(alias="zh-Hant")

    @classmethod
    def of(cls, en: str, zh: str) -> Self:
        """Return a text of both languages."""
        return cls.model_validate({"en": en, "zh-Hant": zh})


class Proof(BaseModel):
    """An entry's audit path up to a signed head (RFC 6962, hexadecimal); see docs/verification.md."""

    ledger: str
    index: int
    size: int
    leaf: str
    leaf_hash: str
    path: list[str]
    note: str
    salt: str
    content: str


class Problem(BaseModel):
    """What went wrong (RFC 9457): `type` is stable across versions."""

    type: str
    title: str
    status: int
    detail: str
    where: str | None = None
    expected: str | None = None
    fix: str | None = None


_SAYS = {
    400: "What was sent is wrong.",
    401: "Who asks is not known, or not lately enough.",
    403: "Who asks may not do this, or a signature does not hold.",
    404: "There is no such thing here.",
    409: "This cannot be done now.",
    410: "It was answered before, and the answer was erased.",
    412: "Somebody changed it since it was read.",
    413: "The body is too large.",
    415: "The body is of another kind.",
    422: "What was sent does not fit.",
    423: "It is on hold.",
    428: "If-Match is missing.",
    429: "Too many requests.",
    500: "Something failed; look for X-Request-Id in the log.",
    503: "The store cannot do this now.",
}


def _has_nul(value: object) -> bool:
    """Tell whether U+0000 stands in a text, at any depth; the reader of JSON bounded the depth."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(part) for item in value.items() for part in item)
    return isinstance(value, list) and any(_has_nul(part) for part in value)


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of an operation for the OpenAPI document."""
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _SAYS[status], "content": content} for status in statuses}


ERRORS = errors(400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503)
"""What any operation can answer with."""
