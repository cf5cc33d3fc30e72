"""A YAML file to fill in for one topic of evidence: every field with its type, and what it means where the catalogue says.

What is not filled in stays null, and null is refused by name: a template that was forgotten can never count.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dualtrack.domain.vocabulary import EvidenceKind

if TYPE_CHECKING:
    from dualtrack.rules.records import Topic

__all__ = ["template_text"]

_TYPES = {
    "bool": "true or false",
    "int": "a whole number",
    "double": "a number",
    "string": "text",
    "list": "a list of texts, as [one, two]",
}
_ABOUT = {"release": "a release of a use", "use": "a use, whatever its release", "firm": "the institution"}

_NO_CLAIM = "# claim: the-claim-id    where the declaration registered a claim that this measures"

_TOPIC = re.compile(r"^([a-z][a-z0-9_]*):")
_FIELD = re.compile(r"^    ([a-z][a-z0-9_]*):[^#]*#\s*(.+?)\s*$")


def template_text(name: str, topic: Topic) -> str:
    """Return the YAML text for a topic."""
    roles = ", ".join(role.value for role in topic.roles)
    lines = [
        f"# {topic.title.en} {topic.title.zh}",
        f"# About {_ABOUT[topic.about]}; signed by a holder with one of the roles: {roles}.",
        f"# Takes about {topic.hours:g} hours the first time. Fill in every null; a field with (optional) may be left out.",
        "",
        f"kind: {topic.kind.value}",
        f"topic: {name}",
        'taken_at: null  # when it was observed, UTC, as "2026-03-31T09:30:00Z"',
        "fields:" if topic.fields else "fields: {}",
    ]
    if "claim" in topic.fields:
        lines.insert(-1, "claim: null  # the claim that the declaration registered; its id stands here and in fields")
    meanings = _meanings().get(name, {})
    for field, declared in topic.fields.items():
        optional = " (optional)" if declared.endswith("?") else ""
        meaning = f": {meanings[field]}" if field in meanings else ""
        lines.append(f"  {field}: null  # {_TYPES[declared.rstrip('?')]}{optional}{meaning}")
    if topic.kind is EvidenceKind.MEASUREMENT:
        lines += [
            "method: {name: null, version: null, source: null}  # how it was measured, so that others can do it again",
            "data_digest: null  # SHA-256 of the data measured, 64 hexadecimal digits",
            "n: null  # number of cases, a whole number",
            *([] if "claim" in topic.fields else [_NO_CLAIM]),
        ]
    elif topic.kind is EvidenceKind.DOCUMENT:
        lines.append("document_digest: null  # SHA-256 of the document (sha256sum FILE), or leave null")
    lines.append("# note: anything a reader should know")
    return "\n".join(lines) + "\n"


@cache
def _meanings() -> dict[str, dict[str, str]]:
    """Return what the comments of the shipped catalogue say about each field; they are there for its readers."""
    found: dict[str, dict[str, str]] = {}
    topic = ""
    for line in (resources.files("dualtrack.rules") / "topics.yaml").read_text(encoding="utf-8").splitlines():
        if heading := _TOPIC.match(line):
            topic = heading[1]
        elif field := _FIELD.match(line):
            found.setdefault(topic, {})[field[1]] = field[2]
    return found
