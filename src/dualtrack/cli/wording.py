"""What the decoder of records says, in words for whoever wrote the file: the choices there are, the form that is asked."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec import inspect

from dualtrack.domain import forms
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["in_words"]

_KINDS = {
    "object": "names with values (name: value)",
    "array": "a list",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}
"""The decoder's names of kinds of values."""

_FORMS = {
    forms.Digest: "64 lower-case hexadecimal digits (SHA-256)",
    forms.Slug: "a-z, 0-9 and inner hyphens, 1 to 64 characters",
    forms.UseName: "institution/use, each of a-z, 0-9 and inner hyphens",
    forms.TopicName: "a topic, as in `dualtrack evidence topics`",
}
"""Forms of short texts in words."""

_STEP = re.compile(r"\.([^.\[]+)|\[(\.\.\.|\d+)\]")


def in_words(error: FieldError, kind: type, *, where: str) -> FieldError:
    """Return the error with what was expected at its field; one that is in words already is returned as it is."""
    path = error.where.removeprefix(where).removeprefix(", field ")
    found, expected = error.found, error.expected
    if kinds := re.fullmatch(r"Expected `(.+)`, got `(.+)`", found):
        expected = " or ".join(_KINDS.get(word, word) for word in kinds[1].split(" | ") if word != "null")
        found = f"{_KINDS.get(kinds[2], kinds[2])} was found" if path else "no declaration or record was found"
    elif missing := re.fullmatch(r"Object missing required field `(.+)`", found):
        found = f"field {missing[1]} is missing"
    elif unknown := re.fullmatch(r"Object contains unknown field `(.+)`", found):
        found = f"field {unknown[1]} is not one of its fields"
        expected = ", ".join(name for node in _at(kind, path) for name in _fields(node))
    elif wrong := re.fullmatch(r"Invalid enum value (.+)", found):
        found, expected = wrong[1], ", ".join(word for node in _at(kind, path) for word in _choices(node))
    elif found.startswith("Expected `str` matching regex "):
        found = "not in the form that is asked here"
        expected = "; ".join(_form(node) for node in _at(kind, path) if _form(node))
    return FieldError(found, where=error.where, expected=expected, fix=error.fix, code=error.code)


def _at(kind: type, path: str) -> Iterator[inspect.Type]:
    """Yield the types that a value at this path may have, members of unions one by one."""
    nodes = list(_members(_type_info(kind)))
    for name, place in _STEP.findall(f".{path}" if path and not path.startswith("[") else path):
        nodes = [inner for node in nodes for inner in _inside(node, name, place)]
    yield from nodes


@cache
def _type_info(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def _inside(node: inspect.Type, name: str, place: str) -> Iterator[inspect.Type]:
    if isinstance(node, inspect.StructType) and name:
        for field in node.fields:
            if field.encode_name == name:
                yield from _members(field.type)
    elif isinstance(node, inspect.ListType) and place:
        yield from _members(node.item_type)
    elif isinstance(node, inspect.DictType) and place:
        yield from _members(node.value_type)


def _members(node: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(node, inspect.UnionType):
        for inner in node.types:
            yield from _members(inner)
    else:
        yield node


def _fields(node: inspect.Type) -> list[str]:
    return [field.encode_name for field in node.fields] if isinstance(node, inspect.StructType) else []


def _choices(node: inspect.Type) -> list[str]:
    if isinstance(node, inspect.EnumType):
        return [str(item.value) for item in node.cls]
    return [str(value) for value in node.values] if isinstance(node, inspect.LiteralType) else []


def _form(node: inspect.Type) -> str:
    pattern = node.pattern if isinstance(node, inspect.StrType) else None
    return next((words for form, words in _FORMS.items() if _pattern(form) == pattern), "")


def _pattern(form: object) -> str | None:
    meta = getattr(form, "__metadata__", ())
    return meta[0].pattern if meta else None
