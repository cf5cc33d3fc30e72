"""RuntimePolicy: what the runtime does on every decision of a release. The release pins it by digest.

It is a document of its own, so that a release stays short and its text can be read without a key; whoever holds the
signed release can check that this is the document it was released with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from dualtrack.domain.fallback import RULES_COMPONENT, FallbackRules, check_fallback_rules
from dualtrack.domain.forms import Slug, TopicName, UseName
from dualtrack.domain.records import Record, Text, Value
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sized

__all__ = [
    "LIST_MAX",
    "POLICY_FORMAT",
    "Action",
    "Audience",
    "Bounds",
    "Disclosure",
    "FieldSetting",
    "GuardSetting",
    "Name",
    "OutputSetting",
    "PerMille",
    "ReviewMode",
    "ReviewSetting",
    "RuntimePolicy",
    "Stage",
    "ToolSetting",
    "Upstream",
    "check_policy",
]

POLICY_FORMAT = "dualtrack.runtime-policy/1"

LIST_MAX = 500
"""Guards, fields, upstreams or tools of one policy: the widest scorecard we know has 300 fields."""

Audience = Literal["customers", "staff", "system"]
"""Who gets the answer: people outside, people inside, or another program."""

Action = Literal["allow", "redact", "route", "block"]
"""What a guard does when it fires; `route` sends the turn to a person. Ordered from the mildest to the strictest."""

Stage = Literal["input", "output"]

ReviewMode = Literal["none", "sample", "hold"]
"""Nobody looks, a share is looked at afterwards, or nothing is released before a person has approved it."""

PerMille = Annotated[int, Meta(ge=0, le=1000)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class GuardSetting(Record, frozen=True):
    """A guard in use: it fires when its score (0 to 1000) reaches `threshold`, and then does `action`."""

    guard: TopicName
    stage: Stage
    action: Action
    threshold: PerMille = 500
    settings: dict[str, Value] = {}


class FieldSetting(Record, frozen=True):
    """A field of a tabular input; `low` and `high` bound a number, `values` closes a set of texts, `says` is it as a reason."""

    name: Name
    type: Literal["number", "integer", "string", "boolean"]
    required: bool = True
    low: float | None = None
    high: float | None = None
    values: list[str] = []
    personal: bool = False
    suspicion: bool = False
    says: Text | None = None


class Upstream(Record, frozen=True):
    """One model or endpoint of the fallback chain. `id` is a component of the release; a secret is named, never held."""

    id: Slug
    kind: Literal["openai", "http", "python", "extractive"]
    provider: Slug
    url: str | None = None
    model: str | None = None
    secret: Slug | None = None
    fingerprint: str | None = None
    connect_ms: Annotated[int, Meta(ge=1, le=600_000)] = 2_000
    first_byte_ms: Annotated[int, Meta(ge=1, le=600_000)] = 30_000
    gap_ms: Annotated[int, Meta(ge=1, le=600_000)] = 15_000
    attempts: Annotated[int, Meta(ge=1, le=5)] = 1
    tokens_per_day: int | None = None


class ToolSetting(Record, frozen=True):
    """A tool that the model may ask for; one that changes state needs a person every time."""

    name: Name
    changes_state: bool


class Disclosure(Record, frozen=True):
    """What people are told before the first output, and with `every` at each interaction (24EC55 paragraphs 17, 18(d))."""

    text: Text
    every: bool


class ReviewSetting(Record, frozen=True):
    """Human review: `sample_percent` for mode sample; `flexibility` is the regulator's reference (24EC55 footnote 16)."""

    mode: ReviewMode
    sample_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    due_minutes: Annotated[int, Meta(ge=1, le=100_000)] = 240
    four_eyes: bool = False
    flexibility: str | None = None


class OutputSetting(Record, frozen=True):
    """What an output must carry before there is a receipt for it."""

    reasons: bool = False
    citations: bool = False
    numbers_from_sources: bool = False


class Bounds(Record, frozen=True):
    """Limits of one call and of all calls of a key."""

    body_bytes: Annotated[int, Meta(ge=1, le=16_777_216)] = 262_144
    characters: Annotated[int, Meta(ge=1, le=4_000_000)] = 60_000
    in_flight: Annotated[int, Meta(ge=1, le=100_000)] = 512
    per_minute: Annotated[int, Meta(ge=1, le=100_000_000)] = 1_000_000


class RuntimePolicy(Record, frozen=True):
    """Everything the runtime enforces for one release. `human` says how to reach a person; both languages.

    `rules` belong to `fallback: rules`. They are left out of the bytes where there are none, so older digests stand.
    So is `buffered_because`: why a high-risk use for staff or systems, whose release says buffered, may run so.
    And `registered_intermediary`: how to reach who may advise on MPF.
    """

    format: str
    use: UseName
    audience: Audience
    guards: list[GuardSetting]
    upstreams: list[Upstream]
    fallback: Literal["message", "extractive", "rules"]
    message: Text
    human: Text
    review: ReviewSetting
    output: OutputSetting
    retention: Slug
    disclosure: Disclosure | None = None
    opt_out: bool = False
    individual: bool = False
    purpose: Text | None = None
    tools: list[ToolSetting] = []
    fields: list[FieldSetting] = []
    bounds: Bounds = Bounds()
    rules: FallbackRules | UnsetType = UNSET
    registered_intermediary: Text | UnsetType = UNSET
    buffered_because: Annotated[str, Meta(pattern=r"\S", max_length=400)] | UnsetType = UNSET


def check_policy(policy: RuntimePolicy, *, where: str) -> None:
    """Check what types cannot say; raises FieldError naming the field."""
    if policy.format != POLICY_FORMAT:
        raise FieldError(f"format {policy.format!r}", where=where, expected=POLICY_FORMAT)
    lists: dict[str, Sized] = {
        "guards": policy.guards,
        "upstreams": policy.upstreams,
        "tools": policy.tools,
        "fields": policy.fields,
    }
    for name, items in lists.items():
        if len(items) > LIST_MAX:
            raise FieldError(f"{len(items)} items", where=f"{where}, field {name}", expected=f"at most {LIST_MAX}")
    _unique([f"{item.guard}/{item.stage}" for item in policy.guards], f"{where}, field guards")
    _unique([item.id for item in policy.upstreams], f"{where}, field upstreams")
    _unique([item.name for item in policy.tools], f"{where}, field tools")
    _unique([item.name for item in policy.fields], f"{where}, field fields")
    if not policy.upstreams:
        raise FieldError(
            "no upstream", where=f"{where}, field upstreams", fix="name the model or endpoint that answers"
        )
    for upstream in policy.upstreams:
        if upstream.kind in {"openai", "http"} and not upstream.url:
            raise FieldError("no url", where=f"{where}, upstream {upstream.id}", expected="http:// or https:// address")
        if upstream.url is not None and not upstream.url.startswith(("http://", "https://")):
            raise FieldError(f"url {upstream.url[:80]!r}", where=f"{where}, upstream {upstream.id}", expected="http(s)")
    for item in policy.fields:
        if item.low is not None and item.high is not None and item.low > item.high:
            raise FieldError("low above high", where=f"{where}, field {item.name}", fix="swap them")
    _check_fallback(policy, where)


def _check_fallback(policy: RuntimePolicy, where: str) -> None:
    """Check that what stands in for the models is there, and is what `fallback` says."""
    if policy.rules is UNSET:
        if policy.fallback == "rules":
            raise FieldError(
                "fallback is rules and there are none", where=f"{where}, field rules", expected="rows or phrases",
                fix="give the rules, or set fallback: message",
            )  # fmt: skip
        return
    if policy.fallback != "rules":
        raise FieldError(
            f"rules, and fallback is {policy.fallback}", where=f"{where}, field fallback", fix="set fallback: rules"
        )
    if any(item.id == RULES_COMPONENT for item in policy.upstreams):
        raise FieldError(
            f"upstream {RULES_COMPONENT}",
            where=f"{where}, field upstreams",
            fix="the rules are recorded under this name",
        )
    check_fallback_rules(policy.rules, where=f"{where}, field rules")


def _unique(names: list[str], where: str) -> None:
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FieldError(f"{twice!r} is there twice", where=where, fix="keep one of them")
