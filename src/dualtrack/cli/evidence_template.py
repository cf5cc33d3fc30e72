"""A YAML file to fill in for one topic of evidence: every field with its type, and what it means where the catalogue says.

What is not filled in stays null, and null is refused by name: a template that was forgotten can never count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.rules.topic_words import field_meaning

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

_PLANNED = [
    "statistics:  # counts only with a plan that was registered before: `dualtrack plan list USE`; `dualtrack measure` fills this in",
    "  plan: {index: null, digest: null, item: null}  # entry and digest of the plan, and the item that this answers",
]

_NO_CLAIM = "# claim: the-claim-id    where the declaration registered a claim that this measures"


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
    for field, declared in topic.fields.items():
        optional = " (optional)" if declared.endswith("?") else ""
        known = field_meaning(name, field)
        meaning = f": {known.en}" if known else ""
        lines.append(f"  {field}: null  # {_TYPES[declared.rstrip('?')]}{optional}{meaning}")
    if topic.kind is EvidenceKind.MEASUREMENT:
        lines += [
            "method: {name: null, version: null, source: null}  # how it was measured, so that others can do it again",
            "data_digest: null  # SHA-256 of the data measured, 64 hexadecimal digits",
            "n: null  # number of cases, a whole number",
            *([] if "claim" in topic.fields else [_NO_CLAIM]),
            *(_PLANNED if topic.planned else []),
        ]
    elif topic.kind is EvidenceKind.DOCUMENT:
        lines.append("document_digest: null  # SHA-256 of the document (sha256sum FILE), or leave null")
    lines.append("# note: anything a reader should know")
    return "\n".join(lines) + "\n"
