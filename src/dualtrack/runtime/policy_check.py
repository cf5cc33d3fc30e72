"""Looks at a runtime policy before a release pins it: what is wrong is refused, what is only doubtful is noted.

The same checks that close a use at run time are made here, where the mistake costs a minute and not an outage.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import UNSET

from dualtrack.domain import canonical
from dualtrack.domain.ids import parse_use
from dualtrack.domain.policy import check_policy
from dualtrack.domain.records import Record, encode
from dualtrack.errors import FieldError
from dualtrack.runtime.fallback import read_rules
from dualtrack.runtime.guards.registry import build_guards
from dualtrack.runtime.registered import MPF_GUARD
from dualtrack.runtime.retention import retention_classes

if TYPE_CHECKING:
    from dualtrack.domain.policy import RuntimePolicy

__all__ = ["PLACEHOLDER", "GuardLine", "PolicyCheck", "PolicyKind", "examine_policy", "policy_template"]

PolicyKind = Literal["row", "chat"]

PLACEHOLDER = "INSTITUTION/USE"
"""What a template writes for the use; no use can have this name, so a forgotten one is refused."""


class GuardLine(Record, frozen=True):
    """A guard of a policy as it will run, with the source it serves."""

    guard: str
    stage: str
    action: str
    threshold: int
    source: str


class PolicyCheck(NamedTuple):
    """A policy that can run: its digest, as the release pins it, its guards in order, and what is doubtful in words."""

    digest: str
    guards: list[GuardLine]
    notes: list[str]


def policy_template(kind: PolicyKind, use: str | None = None) -> str:
    """Return a policy to fill in, as YAML with comments; `use` fills in the name."""
    text = (resources.files("dualtrack.runtime") / "data" / f"policy-{kind}.yaml").read_text(encoding="utf-8")
    if use is None:
        return text
    parse_use(use, where="--use")
    lines = text.splitlines(keepends=True)  # the comments at the top speak of the placeholder itself
    return "".join(line if line.startswith("#") else line.replace(PLACEHOLDER, use) for line in lines)


def examine_policy(policy: RuntimePolicy, *, where: str) -> PolicyCheck:
    """Check a policy, make its guards and read its rules.

    Raises FieldError for what could not run or could not protect, ExpressionError for a rule that cannot be read.
    """
    check_policy(policy, where=where)
    read_rules(policy, where=where)
    if policy.retention not in retention_classes():
        raise FieldError(
            f"class {policy.retention!r}",
            where=f"{where}, field retention",
            expected=", ".join(retention_classes()),
            fix="name one of these: contents of another class are never erased",
        )
    if (policy.review.mode == "sample") != (policy.review.sample_percent > 0):
        raise FieldError(
            f"mode {policy.review.mode} with sample_percent {policy.review.sample_percent}",
            where=f"{where}, field review",
            fix="give a share with mode sample, and none with another mode",
        )
    _check_registered(policy, where)
    lines = [
        GuardLine(
            guard=item.setting.guard,
            stage=item.setting.stage,
            action=item.setting.action,
            threshold=item.setting.threshold,
            source=item.guard.source,
        )
        for item in build_guards(policy)
    ]
    return PolicyCheck(canonical.digest(encode(policy)), lines, _notes(policy))


def _check_registered(policy: RuntimePolicy, where: str) -> None:
    """Check that who is sent to a person for an MPF choice is told whom to ask; raises FieldError.

    Only here and not where a use runs: releases from before the field go on, and give nothing that a review wrote.
    """
    contact = policy.registered_intermediary
    routed = any(item.guard == MPF_GUARD and item.action == "route" for item in policy.guards)
    if contact is UNSET and not routed:
        return
    if contact is UNSET or not (contact.en.strip() and contact.zh.strip()):
        raise FieldError(
            "mpf_choice sends to a person, and no registered intermediary is named"
            if contact is UNSET
            else "an empty text",
            where=f"{where}, field registered_intermediary",
            expected="how to reach one, in English and Traditional Chinese",
            fix="say whom to ask about an MPF choice, or set mpf_choice to block",
        )


def _notes(policy: RuntimePolicy) -> list[str]:
    """Return what is allowed and rarely meant."""
    named = {(item.guard, item.stage) for item in policy.guards}
    asks = policy.output
    chat = any(item.kind in {"openai", "extractive"} for item in policy.upstreams)
    found = {
        "answers go to customers and there is no disclosure": policy.audience == "customers" and not policy.disclosure,
        "the model reads text and no guard looks for injection at input": chat and ("injection", "input") not in named,
        "the model reads text and no guard takes personal data out at input": (
            chat and ("personal_data", "input") not in named
        ),
        "a model is called over HTTP without a fingerprint: if another answers in its place, nobody notices": any(
            item.kind in {"openai", "http"} and not item.fingerprint for item in policy.upstreams
        ),
        "tools are listed and no guard tool_use sends those that change state to a person": (
            any(tool.changes_state for tool in policy.tools) and ("tool_use", "output") not in named
        ),
        "tools are listed and no guard tool_use scores what a model asks for: only what is off the list is blocked": (
            bool(policy.tools)
            and all(not tool.changes_state for tool in policy.tools)
            and ("tool_use", "output") not in named
        ),
        "fields are listed and no guard input_schema holds rows to them": (
            bool(policy.fields) and ("input_schema", "input") not in named
        ),
        "output asks for something and no guard output_checks looks for it": (
            (asks.reasons or asks.citations or asks.numbers_from_sources) and ("output_checks", "output") not in named
        ),
        "fallback is extractive and no upstream quotes passages": (
            policy.fallback == "extractive" and all(item.kind != "extractive" for item in policy.upstreams)
        ),
        "the rules have none for what this use answers": (
            policy.rules is not UNSET and not (policy.rules.phrases if chat else policy.rules.rows)
        ),
        "a guard with action allow only measures": any(item.action == "allow" for item in policy.guards),
    }
    return [says for says, holds in found.items() if holds]
