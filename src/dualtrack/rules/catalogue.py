"""The catalogue of evidence topics: one list for all packs, so that a test, drill or document is made once.

`topics.yaml` maps each topic to its record (rules/records.py, Topic). A compiled pack carries the topics its rules read, so
that it can be judged without the catalogue.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.errors import FieldError
from dualtrack.rules.facts import check_name
from dualtrack.rules.records import Topic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Text

__all__ = [
    "BUILT_IN_NAMES",
    "TEXT_CHARACTERS_MAX",
    "check_text",
    "check_topic",
    "read_catalogue",
    "shipped_hours",
    "shipped_topics",
]

BUILT_IN_NAMES = frozenset({"waiver", "trial_plan"})
"""Topics of the assessment itself (docs/assessment.md, section 8); no pack may define or read them."""


TEXT_CHARACTERS_MAX = 2_000
"""Characters of one text for people; a paraphrase that needs more is several rules."""


def read_catalogue(data: bytes, *, where: str) -> Mapping[str, Topic]:
    """Read and check a catalogue; raises DocumentError or FieldError naming topic and field."""
    found = read_record(read_yaml(data, where=where), dict[str, Topic], where=where)
    for name, topic in found.items():
        check_topic(name, topic, where=where)
    return MappingProxyType(found)


@cache
def shipped_topics() -> Mapping[str, Topic]:
    """Return the shipped catalogue."""
    data = resources.files("dualtrack.rules").joinpath("topics.yaml").read_bytes()
    return read_catalogue(data, where="topics.yaml")


@cache
def shipped_hours() -> Mapping[str, float]:
    """Return our estimates of effort beside the catalogue's: of the built-in topics, and of steps that are no evidence."""
    data = resources.files("dualtrack.rules").joinpath("hours.yaml").read_bytes()
    return MappingProxyType(read_record(read_yaml(data, where="hours.yaml"), dict[str, float], where="hours.yaml"))


def check_topic(name: str, topic: Topic, *, where: str) -> None:
    """Check what types cannot say: names, roles once each, both languages."""
    where = f"{where}, topic {name}"
    check_name(name, where=where)
    if name in BUILT_IN_NAMES:
        raise FieldError(f"{name} is built in", where=where, fix="use another name")
    for field in topic.fields:
        check_name(field, where=f"{where}, fields")
    if len(set(topic.roles)) != len(topic.roles):
        raise FieldError("a role twice", where=f"{where}, roles", fix="name each once")
    check_text(topic.title, where=f"{where}, title")
    if topic.planned and (topic.kind is not EvidenceKind.MEASUREMENT or topic.about == "firm"):
        raise FieldError(
            f"planned, of kind {topic.kind.value} about a {topic.about}",
            where=f"{where}, planned",
            expected="a measurement about a release or a use",
        )


def check_text(text: Text, *, where: str) -> None:
    """Refuse a text for people that lacks one of its languages or runs on."""
    for language, words in (("en", text.en), ("zh-Hant", text.zh)):
        if not words.strip():
            raise FieldError(f"the text in {language} is missing", where=where, expected="both languages")
        if len(words) > TEXT_CHARACTERS_MAX:
            raise FieldError(
                f"{len(words)} characters in {language}", where=where, expected=f"at most {TEXT_CHARACTERS_MAX}"
            )
