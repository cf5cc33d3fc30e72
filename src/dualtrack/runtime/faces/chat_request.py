"""A chat completion request as OpenAI's clients send it: read strictly, so that nothing passes that no guard has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.errors import FieldError, ForbiddenError
from dualtrack.runtime.faces.chat_tools import call_extra, plain_extra, read_calls, read_id
from dualtrack.runtime.guards.base import Piece

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.runtime.call import Language
    from dualtrack.runtime.faces.chat_tools import Extra
    from dualtrack.runtime.guards.base import Role

__all__ = [
    "MESSAGES_MAX",
    "ChatRequest",
    "check_tools",
    "input_content",
    "language_in",
    "read_chat",
    "upstream_body",
    "with_extras",
]

MESSAGES_MAX = 500
"""Messages of one conversation: a day of chat; each is read by every guard."""

_PASSED = frozenset({
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "presence_penalty", "frequency_penalty",
    "response_format", "tool_choice", "parallel_tool_calls", "reasoning_effort", "logit_bias",
})  # fmt: skip
"""Parameters that go to the upstream: they steer the model. Those that are more than a number are read by the guards."""

_READ = frozenset(
    {
        "model",
        "messages",
        "stream",
        "stream_options",
        "tools",
        "user",
        "safety_identifier",
        "n",
        "metadata",
        "store",
        "baseline",
    }
)
_OLD = frozenset({"functions", "function_call"})
_FUNCTION = {
    "name": (str,),
    "description": (str, type(None)),
    "parameters": (dict, type(None)),
    "strict": (bool, type(None)),
}
_CHOICES = frozenset({"none", "auto", "required"})
_NUMBERS = (bool, int, float)
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


class ChatRequest(NamedTuple):
    """What was asked. `messages` are as sent; `pieces` are their texts, in the same order; `turn` counts from 1.

    `extras` are tool calls, tools and parameters: their texts are the last pieces, in the same order, without authority.
    `baseline` is what the person was told by the way without AI: in shadow mode it is kept beside the model's answer.
    """

    messages: list[dict[str, Any]]
    pieces: tuple[Piece, ...]
    stream: bool
    person: str | None
    turn: int
    tools: list[dict[str, Any]]
    passed: dict[str, Any]
    baseline: str | None = None
    extras: tuple[Extra, ...] = ()


def read_chat(plain: Mapping[str, Any]) -> ChatRequest:
    """Read a request; raises FieldError naming the field."""
    old = sorted(_OLD & set(plain))
    if old:
        raise FieldError(
            f"parameter {old[0]!r}", where="request body", expected="tools and tool_choice",
            fix="send functions as tools: the older form is not governed",
        )  # fmt: skip
    unknown = sorted(set(plain) - _PASSED - _READ)
    if unknown:
        raise FieldError(
            f"parameter {unknown[0][:60]!r}",
            where="request body",
            expected="parameters that are governed",
            fix="leave it out",
        )
    if plain.get("n", 1) != 1:
        raise FieldError("more than one answer", where="field n", expected="1")
    messages = plain.get("messages")
    if not isinstance(messages, list) or not 0 < len(messages) <= MESSAGES_MAX:
        raise FieldError("no list of messages, or too many", where="field messages", expected=f"1 to {MESSAGES_MAX}")
    pieces = tuple(_piece(message, number) for number, message in enumerate(messages))
    messages = [_with_calls(message, number) for number, message in enumerate(messages)]
    tools = _tools(plain.get("tools"))
    _check_choice(plain.get("tool_choice"))
    passed = {name: value for name, value in plain.items() if name in _PASSED}
    extras = _extras(messages, tools, passed)
    person = plain.get("safety_identifier") or plain.get("user")
    if person is not None and type(person) is not str:
        raise FieldError("not a text", where="field user", expected="an identifier of the person")
    baseline = plain.get("baseline")
    if baseline is not None and type(baseline) is not str:
        raise FieldError("not a text", where="field baseline", expected="what the person was told without AI")
    turn = sum(message["role"] == "user" for message in messages)
    if not turn:
        raise FieldError("no message of a user", where="field messages")
    return ChatRequest(
        messages=messages,
        pieces=(*pieces, *(Piece("tool", extra.text) for extra in extras)) if extras else pieces,
        stream=plain.get("stream") is True,
        person=person,
        turn=turn,
        tools=tools,
        passed=passed,
        baseline=baseline,
        extras=extras,
    )


def check_tools(asked: ChatRequest, policy: RuntimePolicy) -> None:
    """Refuse tools that the use's policy does not list: a model is never offered what it may not use, nor told to use it."""
    listed = {tool.name for tool in policy.tools}
    chosen = asked.passed.get("tool_choice")
    named = [("tools", tool) for tool in asked.tools]
    named += [("tool_choice", chosen)] if isinstance(chosen, dict) else []
    for field, tool in named:
        name = str(tool["function"]["name"])
        if name not in listed:
            raise ForbiddenError(
                f"tool {name[:60]!r} is not on the allow-list",
                where=f"field {field}",
                fix="list it in the use's policy and release",
            )


def input_content(asked: ChatRequest) -> list[dict[str, Any]]:
    """Return what the record of a call keeps of its input: each piece as guards read it, and extras also as sent.

    An extra has `part`, where it stood, and `value`; whoever reads roles and texts only reads it as any other piece.
    """
    kept: list[dict[str, Any]] = [{"role": piece.role, "text": piece.text} for piece in asked.pieces]
    for item, message in zip(kept, asked.messages, strict=False):
        if "tool_call_id" in message:
            item["tool_call_id"] = message["tool_call_id"]
    for item, extra in zip(kept[len(kept) - len(asked.extras) :], asked.extras, strict=True):
        item |= {"part": extra.part, "value": extra.value}
    return kept


def with_extras(asked: ChatRequest, pieces: tuple[Piece, ...]) -> tuple[tuple[Piece, ...], bool]:
    """Return pieces of which every extra can be sent, and whether that is so of what the guards left.

    A redaction that takes out a key, or runs over two values, leaves no JSON that says the same: the piece as asked
    stands in for it, and whoever may not send that must stop.
    """
    begin = len(pieces) - len(asked.extras)
    stuck = {
        begin + number: Piece("tool", extra.text)
        for number, extra in enumerate(asked.extras)
        if extra.restored(pieces[begin + number].text) is None
    }
    if not stuck:
        return pieces, True
    return tuple(stuck.get(number, piece) for number, piece in enumerate(pieces)), False


def upstream_body(asked: ChatRequest, pieces: Sequence[Piece], model: str | None, *, stream: bool) -> dict[str, Any]:
    """Return the body for the upstream: everything as the guards left it, and extra pieces before the messages."""
    ends = len(pieces) - len(asked.extras)
    begins = ends - len(asked.messages)
    values = iter([extra.restored(piece.text) for extra, piece in zip(asked.extras, pieces[ends:], strict=True)])
    messages: list[dict[str, Any]] = [
        {"role": "user" if p.role == "retrieved" else p.role, "content": p.text} for p in pieces[:begins]
    ]
    for message, piece in zip(asked.messages, pieces[begins:ends], strict=True):
        kept: dict[str, Any] = {name: message[name] for name in ("role", "tool_call_id") if name in message}
        if "tool_calls" in message:
            kept["tool_calls"] = [next(values) for _ in message["tool_calls"]]
        messages.append({**kept, "content": piece.text if message.get("content") is not None else None})
    tools = [next(values) for _ in asked.tools]
    body: dict[str, Any] = {"model": model, "messages": messages, **asked.passed, **next(values, {})}
    if tools:
        body["tools"] = tools
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def language_in(pieces: Sequence[Piece]) -> Language:
    """Return the language that the person writes: Chinese where the newest message of a user has any Han character."""
    last = next((piece.text for piece in reversed(pieces) if piece.role == "user"), "")
    return "zh-Hant" if not last.isascii() and any("\u3400" <= sign <= "\u9fff" for sign in last) else "en"


def _piece(message: object, number: int) -> Piece:
    where = f"field messages[{number}]"
    if not isinstance(message, dict) or type(message.get("role")) is not str or message["role"] not in _ROLES:
        raise FieldError("no role that is known", where=where, expected=", ".join(sorted(_ROLES)))
    unknown = sorted(set(message) - {"role", "content", "name", "tool_calls", "tool_call_id", "refusal"})
    if unknown:
        raise FieldError(f"member {unknown[0][:60]!r}", where=where, fix="leave it out")
    content = message.get("content")
    if content is None and message["role"] == "assistant":
        content = ""
    if isinstance(content, list):
        if not all(isinstance(p, dict) and p.get("type") == "text" and type(p.get("text")) is str for p in content):
            raise FieldError("a part that is not text", where=f"{where}.content", expected="text", fix="send text only")
        content = "\n".join(part["text"] for part in content)
    if type(content) is not str:
        raise FieldError("no text", where=f"{where}.content", expected="a text or a list of texts")
    return Piece(_ROLES[message["role"]], content)


def _tools(found: object) -> list[dict[str, Any]]:
    if found is None:
        return []
    if not isinstance(found, list) or len(found) > MESSAGES_MAX:
        raise FieldError("not a list of tools", where="field tools")
    for number, tool in enumerate(found):
        function = _function(tool, where=f"field tools[{number}]")
        for name, value in function.items():
            if type(value) not in _FUNCTION.get(name, ()):
                raise FieldError(
                    f"member {name[:60]!r}", where=f"field tools[{number}].function",
                    expected="name, description, parameters, strict", fix="leave it out",
                )  # fmt: skip
    return found


def _check_choice(choice: object) -> None:
    """Refuse a choice of a tool in another form than a word or one function."""
    if choice is None or (type(choice) is str and choice in _CHOICES):
        return
    if set(_function(choice, where="field tool_choice")) != {"name"}:
        raise FieldError("more than a name", where="field tool_choice.function", expected="name")


def _function(tool: object, *, where: str) -> dict[str, Any]:
    """Return the function of a tool. A provider runs tools of other types itself, where no guard sees them."""
    function = tool.get("function") if isinstance(tool, dict) and set(tool) == {"type", "function"} else None
    if not isinstance(tool, dict) or tool.get("type") != "function" or not isinstance(function, dict):
        raise FieldError(
            "a tool of another form", where=where, expected='{"type": "function", "function": {…}}',
            fix="send functions only: a provider runs other tools itself",
        )  # fmt: skip
    if type(function.get("name")) is not str:
        raise FieldError("no function with a name", where=where)
    return function


def _with_calls(message: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a message whose tool calls have been read; only an assistant asks for tools, and only a tool answers one."""
    if "tool_calls" not in message and "tool_call_id" not in message:
        return message
    where = f"field messages[{number}]"
    found = {name: value for name, value in message.items() if name not in {"tool_calls", "tool_call_id"}}
    calls = read_calls(message.get("tool_calls"), where=f"{where}.tool_calls")
    answers = message.get("tool_call_id")
    if (calls and message["role"] != "assistant") or (answers is not None and message["role"] != "tool"):
        raise FieldError(
            "a member of another role", where=where, expected="tool_calls of assistant, tool_call_id of tool"
        )
    if calls:
        found["tool_calls"] = calls
    if answers is not None:
        found["tool_call_id"] = read_id(answers, where=f"{where}.tool_call_id")
    return found


def _extras(
    messages: list[dict[str, Any]], tools: list[dict[str, Any]], passed: Mapping[str, Any]
) -> tuple[Extra, ...]:
    """Return what carries texts beside the messages: calls, tools with descriptions and schemas, parameters."""
    found = [
        call_extra(call, f"messages[{number}].tool_calls[{place}]")
        for number, message in enumerate(messages)
        for place, call in enumerate(message.get("tool_calls", ()))
    ]
    found += [plain_extra(tool, f"tools[{number}]") for number, tool in enumerate(tools)]
    texts = {name: value for name, value in passed.items() if value is not None and type(value) not in _NUMBERS}
    if texts:
        found.append(plain_extra(texts, "parameters"))
    return tuple(found)
