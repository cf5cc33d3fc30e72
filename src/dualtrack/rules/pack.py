"""Load a compiled pack: its bytes are checked in full, then kept with their expressions ready to run.

The digest of the bytes is the pack's identity; loading needs no parser of expressions. Loading the same bytes again costs a
look-up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from dualtrack.domain import canonical
from dualtrack.errors import DocumentError, ExpressionError, PackError
from dualtrack.rules.check import check_tree
from dualtrack.rules.checks import check_pack, check_test_facts, first_underivable
from dualtrack.rules.evaluate import Facts, Program
from dualtrack.rules.facts import schema_of
from dualtrack.rules.printer import show
from dualtrack.rules.records import DefinitionData, PackData, RuleData, TierData

if TYPE_CHECKING:
    from datetime import date

    from dualtrack.rules.records import ExpressionData
    from dualtrack.rules.table import Schema

__all__ = ["BYTES_MAX", "CACHE_PACKS", "Definition", "Pack", "Rule", "TierLine", "load_pack", "read_pack_data"]

BYTES_MAX = 1 << 20
"""Bytes of a compiled pack: an adoption names it by digest, and a bundle carries it whole."""

CACHE_PACKS = 64
"""Packs kept loaded: those of every institution in a workspace, with room for the versions of a comparison."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule ready to run. `names` are all facts it reads, `topics` the evidence topics among them, both sorted."""

    data: RuleData
    applies: Program
    requires: Program
    names: tuple[str, ...]
    topics: tuple[str, ...]

    @property
    def id(self) -> str:
        """The rule's id within its pack."""
        return self.data.id


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """One definition ready to run, read by rules as `def.name`."""

    data: DefinitionData
    program: Program


@dataclass(frozen=True, slots=True, eq=False)
class TierLine:
    """One line of the tier table ready to run."""

    data: TierData
    when: Program


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """A loaded pack: its record, the exact bytes and their digest, and its expressions ready to run."""

    data: PackData
    compiled: bytes
    digest: str
    schema: Schema
    rules: tuple[Rule, ...]
    definitions: tuple[Definition, ...]
    tiers: tuple[TierLine, ...]

    @property
    def id(self) -> str:
        """The pack's id."""
        return self.data.id

    @property
    def names(self) -> frozenset[str]:
        """All facts that an expression of the pack reads: of its rules, its definitions or its tier lines."""
        rules = (name for rule in self.rules for name in rule.names)
        programs = [*(item.program for item in self.definitions), *(line.when for line in self.tiers)]
        return frozenset(rules).union(*(program.names for program in programs))

    def rule(self, rule_id: str) -> Rule:
        """Return one rule; raises PackError for an id the pack does not have."""
        for rule in self.rules:
            if rule.data.id == rule_id:
                return rule
        known_ids = ", ".join(rule.data.id for rule in self.rules)
        raise PackError(
            f"no rule {rule_id!r:.80}", where=f"pack {self.id}", expected=known_ids, code="rule.pack.no-rule"
        )

    def parameters_on(self, day: date) -> dict[str, object]:
        """Return the parameters in force on a Hong Kong date, as facts."""
        on = day.isoformat()
        return {
            f"param.{item.name}": item.value
            for item in self.data.parameters
            if item.from_ <= on and (item.to is None or on < item.to)
        }

    def with_own_facts(self, facts: Facts, day: date) -> dict[str, object]:
        """Return the facts with this pack's parameters and definitions added; an unknown definition stays absent."""
        found = {name: value for name, value in facts.items() if not name.startswith(("param.", "def."))}
        found |= self.parameters_on(day)
        for item in self.definitions:
            value = item.program(found)
            if value is not None:
                found[f"def.{item.data.name}"] = value
        return found


def load_pack(compiled: bytes) -> Pack:
    """Load compiled bytes; raises PackError for anything that compiling a sound pack would not have made."""
    return _load(compiled)


def read_pack_data(plain: object, where: str) -> PackData:
    """Convert plain data to the record; raises PackError that names the field and the rule's id."""
    try:
        return msgspec.convert(plain, PackData, strict=True)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        path = path.rstrip("`").lstrip(".")
        missing = re.fullmatch(r"Object missing required field `(.+)`", message)
        found = f"{missing[1]} is missing" if missing else message
        place = ", ".join(part for part in (where, _rule_of(plain, path), path) if part)
        raise PackError(found, where=place, fix="see docs/rule-packs.md for the form") from error


@lru_cache(maxsize=CACHE_PACKS)
def _load(compiled: bytes) -> Pack:
    if len(compiled) > BYTES_MAX:
        raise PackError(f"{len(compiled)} bytes", where="pack", expected=f"at most {BYTES_MAX}", fix="split it")
    try:
        plain = canonical.decode(compiled, where="pack")
    except DocumentError as error:
        raise PackError(error.found, where="pack", expected=error.expected, fix="compile it again") from error
    named = plain.get("id") if isinstance(plain, dict) else None
    where = f"pack {named:.64}" if isinstance(named, str) else "pack"
    data = read_pack_data(plain, where)
    check_pack(data)
    schema = schema_of(data.topics, data.parameters, ())
    definitions = []
    for item in data.definitions:
        place = f"{where}, definition {item.name}"
        program = _program(item, schema, place)
        _check_derivable(program, place)
        definitions.append(Definition(item, program))
        schema = {**schema, f"def.{item.name}": "bool"}
    tiers = [_tier_line(line, schema, f"{where}, tier line {number}") for number, line in enumerate(data.tiers, 1)]
    rules = tuple(_rule(rule, schema, f"{where}, rule {rule.id}") for rule in data.rules)
    digest = canonical.digest(compiled)
    return Pack(data, compiled, digest, schema, rules, tuple(definitions), tuple(tiers))


def _rule(data: RuleData, schema: Schema, where: str) -> Rule:
    applies = _program(data.applies, schema, f"{where}, applies")
    requires = _program(data.requires, schema, f"{where}, requires")
    topics = tuple(sorted({*applies.topics, *requires.topics}))
    if list(topics) != data.evidence:
        raise PackError(f"evidence is {', '.join(data.evidence) or 'empty'}", where=where,
                        expected=", ".join(topics) or "nothing", fix="compile the pack again")  # fmt: skip
    check_test_facts(data, schema, where)
    return Rule(data, applies, requires, tuple(sorted({*applies.names, *requires.names})), topics)


def _tier_line(data: TierData, schema: Schema, where: str) -> TierLine:
    program = _program(data.when, schema, where)
    _check_derivable(program, where)
    return TierLine(data, program)


def _check_derivable(program: Program, where: str) -> None:
    name = first_underivable(program.names)
    if name is not None:
        expected = "use., firm., policy., claim., param. and def. facts"
        raise PackError(f"it reads {name}", where=where, expected=expected, fix="read it in the rule instead")


def _program(item: ExpressionData | DefinitionData, schema: Schema, where: str) -> Program:
    """Check one expression of a compiled pack: the tree against the table, and the text against the tree."""
    try:
        found = check_tree(item.tree, schema, where=where)
    except ExpressionError as error:
        raise PackError(error.found, where=where, expected=error.expected, fix=error.fix, code=error.code) from error
    if found.type != "bool":
        raise PackError(f"the expression gives {found.type}", where=where, expected="bool")
    text = show(item.tree)
    if item.text != text:
        raise PackError(
            f"the text is not the tree printed back: {item.text[:120]}", where=where, expected=text[:400],
            fix="a pack whose text says another thing than it does is not used", code="rule.pack.text-differs",
        )  # fmt: skip
    return Program(text, item.tree, schema)


def _rule_of(plain: object, path: str) -> str:
    """Return `rule ID` for a path into the list of rules."""
    match = re.match(r"rules\[(\d+)\]", path)
    if match is None or not isinstance(plain, dict):
        return ""
    rule = plain["rules"][int(match[1])]
    return f"rule {str(rule.get('id'))[:64]}" if isinstance(rule, dict) else ""
