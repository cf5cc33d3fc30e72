"""What the fields of evidence topics are called and mean, for the people who fill them in."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record

__all__ = ["field_meaning", "field_name"]


class _Words(Record, frozen=True):
    """`topic_words.yaml`: Chinese names by field, meanings by topic and field."""

    names: dict[str, str]
    meanings: dict[str, dict[str, Text]]


def field_name(field: str) -> Text:
    """Return what a field is called; a pack's own field is called as it is written."""
    plain = field.replace("_", " ")
    return Text(en=plain, zh=_words().names.get(field, plain))


def field_meaning(topic: str, field: str) -> Text | None:
    """Return what a field of a topic means, or None where its name says it."""
    return _words().meanings.get(topic, {}).get(field)


@cache
def _words() -> _Words:
    data = resources.files("dualtrack.rules").joinpath("topic_words.yaml").read_bytes()
    return read_record(read_yaml(data, where="topic_words.yaml"), _Words, where="topic_words.yaml")
