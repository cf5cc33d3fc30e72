"""Tools in a conversation: their texts for the guards, calls gathered from a stream, and the content that records them.

What a tool is given or gives back is JSON. Guards read its keys, texts and numbers, one after another, each on a line of its
own, so that no escape hides a word from them; what they take out is put back into its place.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "ARGUMENTS_CHARACTERS_MAX",
    "CALLS_MAX",
    "LEVELS_MAX",
    "PARTS_MAX",
    "Extra",
    "Output",
    "ToolDeltas",
    "call_extra",
    "lines_of",
    "output_content",
    "plain_extra",
    "put_back",
    "read_call",
    "read_calls",
    "read_id",
    "read_output",
]

CALLS_MAX = 128
"""Tool calls of one message: more is a loop, and each is read by every guard."""

ARGUMENTS_CHARACTERS_MAX = 100_000
"""Arguments of one call: some fifty pages; they are held in memory until a stream has ended."""

PARTS_MAX = 10_000
"""Keys, texts and numbers of one JSON value: each becomes a line that guards read."""

LEVELS_MAX = 40
"""Levels of one JSON value: schemas have a dozen."""

_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_ID = re.compile(r"[A-Za-z0-9_.:|/+=-]{1,200}")
_encode = msgspec.json.Encoder(order="sorted").encode


class Extra(NamedTuple):
    """JSON of a request beside the texts of its messages: where it stood, as sent, as guards read it, and their lines."""

    part: str
    value: Any
    walked: Any
    text: str

    def restored(self, text: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Return the value with its lines as the guards left them, or None where they no longer fit it."""
        if text == self.text:
            return self.value
        found = put_back(self.walked, self.text, text)
        if found is None or self.walked is self.value:
            return found
        ((name, arguments),) = found.items()
        return self.value | {"function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}}


class Output(NamedTuple):
    """What an answer's content holds: its text, and the tool calls it asks for in OpenAI's form."""

    text: str
    tool_calls: list[dict[str, Any]]


class ToolDeltas:
    """Gathers the fragments of a stream's tool calls; nothing of them is given on before the last is there."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, str]] = {}

    def add(self, deltas: object) -> None:
        """Take in the member `tool_calls` of one chunk; raises FieldError for another form, or beyond a bound."""
        if not isinstance(deltas, list) or len(deltas) > CALLS_MAX:
            raise _other("delta.tool_calls")
        for delta in deltas:
            index = delta.get("index") if isinstance(delta, dict) else None
            if type(index) is not int or not 0 <= index < CALLS_MAX:
                raise _other("delta.tool_calls")
            call = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
            function = delta.get("function") or {}
            if not isinstance(function, dict) or (delta.get("type") or "function") != "function":
                raise _other("delta.tool_calls")
            said = _text(delta.get("id"))
            if said and call["id"] not in ("", said):
                raise _other("delta.tool_calls.id")
            call["id"] = said or call["id"]
            call["name"] += _text(function.get("name"))
            call["arguments"] += _text(function.get("arguments"))
            if len(call["arguments"]) > ARGUMENTS_CHARACTERS_MAX or len(call["name"]) > ARGUMENTS_CHARACTERS_MAX:
                raise _other("delta.tool_calls.function")

    def calls(self) -> list[dict[str, Any]]:
        """Return the whole calls in their order; raises FieldError where one is not whole or is missing."""
        if sorted(self._calls) != list(range(len(self._calls))):
            raise _other("delta.tool_calls.index")
        parts = [self._calls[index] for index in range(len(self._calls))]
        return read_calls(
            [{"id": p["id"], "function": {"name": p["name"], "arguments": p["arguments"]}} for p in parts],
            where="delta.tool_calls",
        )


def read_calls(found: object, *, where: str) -> list[dict[str, Any]]:
    """Read the member `tool_calls` of a message; raises FieldError for another form. None is none."""
    if found is None:
        return []
    if not isinstance(found, list) or len(found) > CALLS_MAX:
        raise _other(where)
    return [read_call(item, number, where=f"{where}[{number}]") for number, item in enumerate(found)]


def read_call(item: object, number: int, *, where: str) -> dict[str, Any]:
    """Read one call: name, and arguments that are a JSON object; other members are left out."""
    function = item.get("function") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(function, dict) or (item.get("type") or "function") != "function":
        raise _other(where)
    name, arguments = function.get("name"), function.get("arguments") or "{}"
    if type(name) is not str or not _NAME.fullmatch(name):
        raise _other(f"{where}.function.name")
    if type(arguments) is not str or len(arguments) > ARGUMENTS_CHARACTERS_MAX:
        raise _other(f"{where}.function.arguments")
    arguments = arguments if arguments.strip() else "{}"
    _decoded(arguments, f"{where}.function.arguments")
    said = read_id(item["id"], where=f"{where}.id") if item.get("id") else f"call_{number}"
    return {"id": said, "type": "function", "function": {"name": name, "arguments": arguments}}


def read_id(found: object, *, where: str) -> str:
    """Read the id of a call: it goes to the upstream unseen, so that it may not be a text."""
    if type(found) is not str or not _ID.fullmatch(found):
        raise FieldError("not an id", where=where, expected="at most 200 letters, digits and _ . : | / + = -")
    return found


def call_extra(call: dict[str, Any], part: str) -> Extra:
    """Return a call as guards read it: the tool's name, then its arguments."""
    function = call["function"]
    walked = {function["name"]: _decoded(function["arguments"], part)}
    return Extra(part, call, walked, lines_of(walked, where=part))


def plain_extra(value: object, part: str) -> Extra:
    """Return a JSON value of a request as guards read it."""
    return Extra(part, value, value, lines_of(value, where=part))


def lines_of(value: object, *, where: str) -> str:
    """Return the keys, texts and numbers of a JSON value, each on a line; raises FieldError beyond the bounds."""
    lines: list[str] = []
    for _, text in _walk(value, 0, where):
        lines.append(text)
        if len(lines) > PARTS_MAX:
            raise FieldError(f"more than {PARTS_MAX} parts", where=where, fix="send less")
    text = "\n".join(lines)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FieldError("half a character", where=where, expected="Unicode text") from error
    return text


def put_back(value: object, before: str, after: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return a value whose lines were `before` with the lines `after`; None where a key changed or lines are missing."""
    old, new = before.split("\n"), after.split("\n")
    if len(old) != len(new):
        return None
    lines = iter(new)
    try:
        return _rebuilt(value, lines)
    except KeyError:
        return None


def output_content(text: str, tool_calls: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """Return the content that records an answer, as `Decision.output` seals it.

    Without tool calls it is the text as a JSON string, as ever. With some it is the JSON object
    `{"text": "…", "tool_calls": [{"function": {"arguments": "…", "name": "…"}, "id": "…", "type": "function"}]}`, members
    sorted, `arguments` a JSON object as text. `read_output` reads both.
    """
    return _encode({"text": text, "tool_calls": list(tool_calls)} if tool_calls else text)


def read_output(content: bytes | str) -> Output:
    """Read the content of an answer; whatever has another form, as a text that a reviewer wrote, is a text."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Output(text, [])
    if isinstance(found, str):
        return Output(found, [])
    if isinstance(found, dict) and set(found) == {"text", "tool_calls"} and isinstance(found["text"], str):
        try:
            return Output(found["text"], read_calls(found["tool_calls"], where="tool_calls"))
        except FieldError:
            pass
    return Output(text, [])


def _walk(value: object, level: int, where: str) -> Iterator[tuple[bool, str]]:
    """Yield keys (True) and scalars (False) in their order."""
    if level > LEVELS_MAX:
        raise FieldError(f"more than {LEVELS_MAX} levels", where=where, fix="send less")
    if isinstance(value, dict):
        for key, part in value.items():
            yield True, str(key)
            yield from _walk(part, level + 1, where)
    elif isinstance(value, list):
        for part in value:
            yield from _walk(part, level + 1, where)
    elif isinstance(value, str):
        yield False, value
    elif value is not None and not isinstance(value, bool):
        yield False, str(value)


def _rebuilt(value: object, lines: Iterator[str]) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if isinstance(value, dict):
        found = {}
        for key, part in value.items():
            if _taken(str(key), lines) != str(key):
                raise KeyError(key)
            found[key] = _rebuilt(part, lines)
        return found
    if isinstance(value, list):
        return [_rebuilt(part, lines) for part in value]
    if value is None or isinstance(value, bool):
        return value
    text = _taken(str(value), lines)
    return value if text == str(value) else text


def _taken(text: str, lines: Iterator[str]) -> str:
    return "\n".join(next(lines) for _ in range(text.count("\n") + 1))


def _decoded(arguments: str, where: str) -> dict[str, Any]:
    """Read arguments: a key that stands twice would hide a value from the guards."""
    try:
        found = json.loads(arguments, object_pairs_hook=_once, parse_constant=_never)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise FieldError(
            "arguments that are no JSON object", where=where, expected='a text as {"page": 3}, each key once'
        )
    lines_of(found, where=where)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key that stands twice")
    return found


def _never(name: str) -> object:
    raise ValueError(name)


def _text(found: object) -> str:
    if found is None:
        return ""
    if type(found) is not str:
        raise _other("delta.tool_calls")
    return found


def _other(where: str) -> FieldError:
    return FieldError("tool calls of another form", where=where, expected="OpenAI's form", fix="send whole calls")
