"""Compile a pack from the YAML that people write to the canonical JSON that is adopted, signed and judged.

The source form is the compiled form with expressions as plain text; topics come from the catalogue and `evidence` from the
expressions, so neither can disagree with the rules. Keys that would be null or empty may be left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain import canonical
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record, to_plain
from dualtrack.errors import FieldError, PackError
from dualtrack.rules.check import read_names
from dualtrack.rules.facts import schema_of
from dualtrack.rules.language import parse
from dualtrack.rules.pack import load_pack
from dualtrack.rules.printer import show
from dualtrack.rules.records import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dualtrack.rules.records import Topic
    from dualtrack.rules.table import Schema, Tree

__all__ = ["compile_pack"]

_PACK = (
    "id", "version", "issuer", "transcriber", "title", "subject", "status", "effective_from", "grade", "source", "rules",
)  # fmt: skip
_SOURCE = ("document", "reference", "date", "address", "checked", "checked_on")
_RULE = (
    "id", "cites", "title", "says", "todo", "owner", "binds", "track", "applies", "requires", "severity", "checked", "weight",
    "basis", "source_grade", "checked_source", "tests",
)  # fmt: skip
_HINTS = {
    "cites": "name the paragraph that the rule rests on",
    "date": "give the date of the document",
    "status": "say in_force, proposed or superseded",
    "transcriber": "say who put the text into rules: another person or firm than its issuer, or the same",
    "source": "say which document, of which date, and where it is",
}


def compile_pack(source: bytes, topics: Mapping[str, Topic], *, where: str = "pack") -> bytes:
    """Return the compiled pack; raises DocumentError, ExpressionError or PackError that names rule and field."""
    plain = _mapping(read_yaml(source, where=where), where)
    _require(plain, _PACK, where)
    name = f"pack {str(plain['id'])[:64]}"
    where = name if where == "pack" else f"{where}, {name}"
    _refuse_derived(plain, ("topics", "format"), where)
    parameters = [_with({"to": None}, item, f"{where}, parameters") for item in _items(plain, "parameters", where)]
    schema = _schema(topics, parameters, where)
    definitions = []
    for item in _items(plain, "definitions", where):
        definitions.append(_definition(item, schema, where))
        schema = {**schema, f"def.{item['name']}": "bool"}
    tiers = [
        _tier(item, schema, f"{where}, tier line {number}")
        for number, item in enumerate(_items(plain, "tiers", where), 1)
    ]
    rules = [_rule(item, schema, where) for item in _items(plain, "rules", where)]
    read = {name for rule in rules for name in rule["evidence"]}
    compiled = {
        "effective_to": None,
        **plain,
        "format": "dualtrack.pack/1",
        "source": _source(plain["source"], where),
        "parameters": parameters,
        "definitions": definitions,
        "tiers": tiers,
        "topics": {name: to_plain(topics[name]) for name in sorted(read)},
        "rules": rules,
        "coverage": [_with({"rules": []}, row, f"{where}, coverage") for row in _items(plain, "coverage", where)],
    }
    found = canonical.encode(compiled)
    load_pack(found)
    return found


def _schema(topics: Mapping[str, Topic], parameters: list[dict[str, Any]], where: str) -> Schema:
    try:
        records = [read_record(item, Parameter, where=f"{where}, parameter {item.get('name')}") for item in parameters]
    except FieldError as error:
        raise PackError(error.found, where=error.where, expected=error.expected, fix=error.fix) from error
    return schema_of(topics, records, ())


def _source(value: object, where: str) -> dict[str, Any]:
    where = f"{where}, source"
    found = _with({"file_digest": None, "note": ""}, value, where)
    _require(found, _SOURCE, where)
    return found


def _definition(item: dict[str, Any], schema: Schema, where: str) -> dict[str, Any]:
    _require(item, ("name", "expr", "says"), f"{where}, definitions")
    place = f"{where}, definition {str(item['name'])[:64]}"
    expression = _expression(item["expr"], schema, place)
    return {"cites": []} | {name: value for name, value in item.items() if name != "expr"} | expression


def _tier(item: dict[str, Any], schema: Schema, where: str) -> dict[str, Any]:
    _require(item, ("tier", "when", "reason"), where)
    return {**item, "when": _expression(item["when"], schema, f"{where}, when")}


def _rule(item: dict[str, Any], schema: Schema, where: str) -> dict[str, Any]:
    where = f"{where}, rule {str(item.get('id'))[:64]}"
    _require(item, _RULE, where)
    _refuse_derived(item, ("evidence",), where)
    applies = _expression(item["applies"], schema, f"{where}, applies")
    requires = _expression(item["requires"], schema, f"{where}, requires")
    names = read_names(applies["tree"]) | read_names(requires["tree"])
    crosswalk: dict[str, Any] = {"finos": [], "nist": [], "iso42001": [], "mas": []}
    return {
        **dict.fromkeys(("due_days", "valid_days", "clock_days", "proportionality")),
        **item,
        "applies": applies,
        "requires": requires,
        "evidence": sorted({name.split(".")[1] for name in names if name.startswith("ev.")}),
        "crosswalk": _with(crosswalk, item.get("crosswalk") or {}, f"{where}, crosswalk"),
        "tests": [_with({"facts": {}}, test, f"{where}, tests") for test in _items(item, "tests", where)],
    }


def _expression(text: object, schema: Schema, where: str) -> dict[str, Any]:
    if isinstance(text, bool):  # a bare `true` in YAML
        text = "true" if text else "false"
    if not isinstance(text, str):
        raise PackError(f"{type(text).__name__} where an expression must be", where=where, expected="text")
    tree: Tree = parse(text.strip(), schema, where=where)
    return {"text": show(tree), "tree": tree}


def _require(item: Mapping[str, object], names: Iterable[str], where: str) -> None:
    for name in names:
        if item.get(name) in (None, "", [], {}):
            raise PackError(
                f"{name} is missing", where=where, fix=_HINTS.get(name, f"add {name}"), code="rule.pack.missing"
            )


def _refuse_derived(item: Mapping[str, object], names: Iterable[str], where: str) -> None:
    for name in names:
        if name in item:
            raise PackError(
                f"{name} is given", where=where, fix="leave it out: it is derived when the pack is compiled"
            )


def _mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PackError(f"{type(value).__name__} where a mapping must be", where=where, expected="names with values")
    return value


def _items(item: Mapping[str, object], name: str, where: str) -> list[dict[str, Any]]:
    value = item.get(name) or []
    if not isinstance(value, list):
        raise PackError(f"{name} is not a list", where=where, expected="a list")
    return [_mapping(entry, f"{where}, {name}") for entry in value]


def _with(defaults: dict[str, Any], value: object, where: str) -> dict[str, Any]:
    """Fill in what may be left out; a null counts as left out."""
    given = {name: entry for name, entry in _mapping(value, where).items() if entry is not None or name not in defaults}
    return defaults | given
