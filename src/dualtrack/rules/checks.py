"""What a pack must have beyond the types of its fields. Raises PackError that names the rule and the field.

Checked when a pack is compiled and again whenever compiled bytes are loaded, since those come from outside.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from dualtrack.domain.time import parse_date
from dualtrack.domain.vocabulary import Check, Grade, Severity, Track, Weight
from dualtrack.errors import FieldError, PackError
from dualtrack.rules.catalogue import BUILT_IN_NAMES, check_text, check_topic
from dualtrack.rules.evaluate import known
from dualtrack.rules.facts import check_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.rules.records import PackData, Parameter, RuleData
    from dualtrack.rules.table import Schema

__all__ = ["check_pack", "check_test_facts", "first_underivable"]

_DEFINITION_PREFIXES = ("use.", "firm.", "policy.", "claim.", "param.", "def.")
_EXPECTED = ("met", "not_met", "no_evidence")
_GRADES = {
    Grade.PRIMARY: frozenset({Grade.PRIMARY, Grade.SECONDARY}),
    Grade.SECONDARY: frozenset({Grade.SECONDARY}),
    Grade.POLICY: frozenset({Grade.POLICY}),
}
"""Grades that the rules of a pack of each grade may have."""


def check_pack(pack: PackData) -> None:
    """Check the whole pack except its expressions; raises PackError for the first thing that is wrong."""
    where = f"pack {pack.id}"
    try:
        _check_dates(pack, where)
        _check_names(pack, where)
        for topic_name, topic in pack.topics.items():
            check_topic(topic_name, topic, where=where)
        _check_texts(pack, where)
        _check_parameters(pack.parameters, where)
    except FieldError as error:
        raise PackError(error.found, where=error.where, expected=error.expected, fix=error.fix) from error
    _check_source(pack, where)
    for rule in pack.rules:
        _check_rule(rule, pack, f"{where}, rule {rule.id}")
    _check_coverage(pack, where)
    read = {topic for rule in pack.rules for topic in rule.evidence}
    if read != set(pack.topics):
        raise PackError(
            f"topics differ from those its rules read: {', '.join(sorted(read ^ set(pack.topics)))}",
            where=f"{where}, topics", fix="compile the pack again",
        )  # fmt: skip


def check_test_facts(rule: RuleData, schema: Schema, where: str) -> None:
    """Check that the facts of a rule's tests exist and have their types."""
    for test in rule.tests:
        place = f"{where}, test {test.name!r}"
        for name, value in test.facts.items():
            if name not in schema:
                raise PackError(f"unknown fact {name!r:.80}", where=place, fix="use a name that expressions may use")
            if known(value, schema[name]) is None:
                raise PackError(
                    f"{name} is {value!r:.60}", where=place, expected=schema[name], fix="write 5.0 for a double"
                )


def first_underivable(names: Iterable[str]) -> str | None:
    """Return the first fact that a definition or a tier line must not read, if any.

    Evidence is left out because it goes out of date rule by rule, `tier` and `sod.` because they are derived later.
    """
    return next((name for name in names if not name.startswith(_DEFINITION_PREFIXES)), None)


def _check_dates(pack: PackData, where: str) -> None:
    start = parse_date(pack.effective_from, where=f"{where}, effective_from")
    if pack.effective_to is not None and parse_date(pack.effective_to, where=f"{where}, effective_to") < start:
        raise PackError("it ends before it starts", where=f"{where}, effective_to", expected="a later date")
    published = parse_date(pack.source.date, where=f"{where}, source.date")
    if parse_date(pack.source.checked_on, where=f"{where}, source.checked_on") < published:
        raise PackError("checked before it was published", where=f"{where}, source.checked_on")


def _check_names(pack: PackData, where: str) -> None:
    _check_once((rule.id for rule in pack.rules), f"{where}, rules", "rule")
    _check_once((item.name for item in pack.definitions), f"{where}, definitions", "definition")
    for item in pack.definitions:
        check_name(item.name, where=f"{where}, definitions")
    if built_in := BUILT_IN_NAMES & set(pack.topics):
        raise PackError(f"topic {min(built_in)} is built in", where=f"{where}, topics", fix="use another topic")


def _check_once(names: Iterable[str], where: str, what: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise PackError(f"{what} {twice[0]} twice", where=where, fix="give each its own id")


def _check_texts(pack: PackData, where: str) -> None:
    check_text(pack.title, where=f"{where}, title")
    for item in pack.definitions:
        check_text(item.says, where=f"{where}, definition {item.name}, says")
    for number, line in enumerate(pack.tiers, 1):
        check_text(line.reason, where=f"{where}, tier line {number}, reason")
    for rule in pack.rules:
        for field, text in (("title", rule.title), ("says", rule.says), ("todo", rule.todo)):
            check_text(text, where=f"{where}, rule {rule.id}, {field}")
    for row in pack.coverage:
        check_text(row.note, where=f"{where}, coverage of {row.paragraph}, note")


def _check_parameters(parameters: list[Parameter], where: str) -> None:
    spans: dict[str, list[tuple[str, str, str]]] = {}
    for item in parameters:
        place = f"{where}, parameter {item.name}"
        check_name(item.name, where=place)
        parse_date(item.from_, where=f"{place}, from")
        if item.to is not None and parse_date(item.to, where=f"{place}, to").isoformat() <= item.from_:
            raise PackError("it ends before it starts", where=place, expected="from before to")
        if known(item.value, item.type) is None:
            raise PackError(f"its value is {item.value!r:.60}", where=place, expected=item.type)
        spans.setdefault(item.name, []).append((item.from_, item.to or "9999-12-31", item.type))
    for name, dated in spans.items():
        if len({kind for _, _, kind in dated}) > 1:
            raise PackError("it changes its type", where=f"{where}, parameter {name}", expected="one type")
        if any(later[0] < earlier[1] for earlier, later in pairwise(sorted(dated))):
            raise PackError(
                "two values on one date", where=f"{where}, parameter {name}", fix="end one before the other"
            )


def _check_source(pack: PackData, where: str) -> None:
    source = pack.source
    if pack.grade is Grade.PRIMARY and (source.checked != "primary text" or source.file_digest is None):
        raise PackError(
            f"a primary pack whose source is '{source.checked}'" if source.file_digest else "file_digest is missing",
            where=f"{where}, source", expected="checked: primary text, and the digest of the file that was read",
            fix="read the text, or grade the pack secondary",
        )  # fmt: skip
    if pack.grade is Grade.SECONDARY and pack.coverage:
        raise PackError("a secondary pack claims coverage", where=f"{where}, coverage", fix="remove the list")
    if pack.grade is Grade.PRIMARY and not pack.coverage:
        raise PackError("coverage is missing", where=where, expected="every paragraph of the source", fix="list them")


def _check_rule(rule: RuleData, pack: PackData, where: str) -> None:
    """Check one rule's grades, clocks and tests."""
    if rule.source_grade not in _GRADES[pack.grade]:
        raise PackError(f"source_grade {rule.source_grade} in a {pack.grade} pack", where=where,
                        expected=" or ".join(sorted(_GRADES[pack.grade])))  # fmt: skip
    if rule.source_grade is Grade.PRIMARY and rule.checked_source != "primary text":
        raise PackError(
            f"checked_source is '{rule.checked_source}'", where=where, expected="primary text, or grade secondary"
        )
    if rule.source_grade is Grade.SECONDARY and rule.severity in {Severity.S1, Severity.S2}:
        raise PackError(
            f"severity {rule.severity} from a secondary source", where=where, expected="S3 or S4",
            fix="a text nobody here has read may ask or set a condition, never refuse",
        )  # fmt: skip
    if rule.track is Track.BENEFIT and rule.severity is Severity.S1:
        raise PackError("severity S1 on the benefit track", where=where, expected="S2, S3 or S4",
                        fix="want of benefit refuses live use, not a trial that would measure it")  # fmt: skip
    if (rule.severity is Severity.S3) != (rule.clock_days is not None):
        found = "clock_days is missing" if rule.clock_days is None else f"clock_days on severity {rule.severity}"
        raise PackError(found, where=where, expected="clock_days (days to remedy) on S3, and only there")
    if (rule.checked is Check.OPERATION) != (rule.due_days is not None):
        found = "due_days is missing" if rule.due_days is None else f"due_days on a rule checked at {rule.checked}"
        raise PackError(
            found, where=where, expected="due_days (days after going live) where checked: operation, only there"
        )
    if rule.proportionality and (rule.severity is Severity.S1 or rule.weight is Weight.STATUTE):
        raise PackError("proportionality on what cannot be waived", where=where, expected="neither S1 nor statute")
    for field in ("cites", "binds", "evidence"):
        _check_once(map(str, getattr(rule, field)), f"{where}, {field}", "entry")
    _check_once((test.name for test in rule.tests), f"{where}, tests", "test")
    lacking = [name for name in _EXPECTED if all(test.expect != name for test in rule.tests)]
    if lacking:
        raise PackError(f"no test expects {lacking[0]}", where=f"{where}, tests", expected=", ".join(_EXPECTED))


def _check_coverage(pack: PackData, where: str) -> None:
    _check_once((row.paragraph for row in pack.coverage), f"{where}, coverage", "paragraph")
    rules = {rule.id for rule in pack.rules}
    for row in pack.coverage:
        place = f"{where}, coverage of {row.paragraph}"
        if unknown := sorted(set(row.rules) - rules):
            raise PackError(f"rule {unknown[0]} does not exist", where=place, fix="name rules of this pack")
        if row.as_ == "rule" and not row.rules:
            raise PackError("no rule is named", where=place, fix="name the rules, or say question or information")
    listed = {name for row in pack.coverage for name in row.rules}
    if pack.coverage and (lost := sorted(rules - listed)):
        raise PackError(
            f"rule {lost[0]} covers no paragraph", where=f"{where}, coverage", fix="name it at its paragraph"
        )
