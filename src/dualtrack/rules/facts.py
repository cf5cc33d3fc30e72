"""The schema: every fact that an expression of a pack may name, with its type.

Declaration, release and claim facts are closed lists (docs/assessment.md, sections 2 to 4); `ev.` facts come from the topics a
pack carries, `param.` and `def.` from the pack itself, further `firm.` facts from the shipped list of questions to a firm.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from dualtrack.domain.answers import ANSWER_TYPES
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dualtrack.rules.records import Parameter, Topic
    from dualtrack.rules.table import FactType, Schema

__all__ = ["BASE_FACTS", "FirmFact", "check_name", "firm_facts", "schema_of"]

_USE: dict[str, FactType] = {
    "area": "string",
    "sector": "string",
    "affected": "list",
    "has_fallback": "bool",
    "builders": "int",  # how many; who they are is nobody's business in a rule
    "hours_released": "double",
    "undecided_hours": "double",
    "components_without_licence": "int",
    "live": "bool",
}
"""Facts derived from the declaration, beside its answers."""

_OTHER: dict[str, FactType] = {
    "firm.type": "string",
    "firm.staff": "int",
    "policy.guards": "list",
    "policy.disclosure": "bool",
    "policy.review_before_release": "bool",
    "policy.opt_out": "bool",
    "claim.id": "string",
    "claim.baseline": "string",
    "claim.design": "string",
    "claim.minimum": "double",
    "claim.margin": "double",
    "sod.validator_independent": "bool",
    "sod.approver_independent": "bool",
    "sod.monitor_independent": "bool",
    "tier": "string",
}

_TYPES: dict[str, FactType] = {"bool": "bool", "int": "int", "double": "double", "string": "string", "list": "list"}

BASE_FACTS: Mapping[str, FactType] = MappingProxyType(
    {f"use.{name}": _TYPES[kind] for name, kind in ANSWER_TYPES.items()}
    | {f"use.{name}": kind for name, kind in _USE.items()}
    | _OTHER
)
"""Facts that exist for every pack."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED = frozenset(
    {
        "as", "break", "const", "continue", "else", "false", "for", "function", "has", "has_", "if", "import", "in", "let",
        "loop", "namespace", "null", "package", "return", "true", "var", "void", "while",
    }
)  # fmt: skip
"""Words that the syntax keeps for itself (CEL language definition, Syntax)."""


class FirmFact(Record, frozen=True):
    """A question to a firm, answered once in its profile."""

    type: Literal["bool", "int", "double", "string", "list"]
    ask: Text


@cache
def firm_facts() -> Mapping[str, FirmFact]:
    """Return the shipped list of firm facts beyond `firm.type` and `firm.staff`, by name without prefix."""
    data = resources.files("dualtrack.rules").joinpath("firm_facts.yaml").read_bytes()
    found = read_record(read_yaml(data, where="firm_facts.yaml") or {}, dict[str, FirmFact], where="firm_facts.yaml")
    for name in found:
        check_name(name, where="firm_facts.yaml")
        if f"firm.{name}" in BASE_FACTS:
            raise FieldError(f"{name!r} is built in", where="firm_facts.yaml", fix="remove it")
    return MappingProxyType(found)


def check_name(name: str, *, where: str) -> str:
    """Return the name of a topic, field, parameter, definition or firm fact, or raise FieldError."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        expected = "a lower-case letter, then letters, digits and _, at most 63, and no word of the language"
        raise FieldError(f"{name!r:.80} is not a name", where=where, expected=expected)
    return name


def schema_of(topics: Mapping[str, Topic], parameters: Iterable[Parameter], definitions: Iterable[str]) -> Schema:
    """Return every fact that a pack with these topics, parameters and definitions may name."""
    found: dict[str, FactType] = dict(BASE_FACTS)
    found |= {f"firm.{name}": fact.type for name, fact in firm_facts().items()}
    for name, topic in topics.items():
        found |= {f"ev.{name}.{field}": _TYPES[kind.removesuffix("?")] for field, kind in topic.fields.items()}
    found |= {f"param.{parameter.name}": parameter.type for parameter in parameters}
    found |= dict.fromkeys((f"def.{name}" for name in definitions), "bool")
    return found
