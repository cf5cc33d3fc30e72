"""A chat completion request as OpenAI's clients send it: read strictly, so that nothing passes that no guard has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.errors import FieldError, ForbiddenError
from dualtrack.runtime.guards.base import Piece

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.runtime.call import Language
    from dualtrack.runtime.guards.base import Role

__all__ = ["MESSAGES_MAX", "ChatRequest", "check_tools", "language_in", "read_chat", "upstream_body"]

MESSAGES_MAX = 500
"""Messages of one conversation: a day of chat; each is read by every guard."""

_PASSED = frozenset({
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "presence_penalty", "frequency_penalty",
    "response_format", "tool_choice", "parallel_tool_calls", "reasoning_effort", "logit_bias",
})  # fmt: skip
"""Parameters that go to the upstream as they are: they steer the model and carry no text of a person."""

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
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


class ChatRequest(NamedTuple):
    """What was asked. `messages` are as sent; `pieces` are their texts, in the same order; `turn` counts from 1.

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


def read_chat(plain: Mapping[str, Any]) -> ChatRequest:
    """Read a request; raises FieldError naming the field."""
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
        pieces=pieces,
        stream=plain.get("stream") is True,
        person=person,
        turn=turn,
        tools=_tools(plain.get("tools")),
        passed={name: value for name, value in plain.items() if name in _PASSED},
        baseline=baseline,
    )


def check_tools(asked: ChatRequest, policy: RuntimePolicy) -> None:
    """Refuse tools that the use's policy does not list: a model is never offered what it may not use."""
    listed = {tool.name for tool in policy.tools}
    for tool in asked.tools:
        name = str(tool["function"]["name"])
        if name not in listed:
            raise ForbiddenError(
                f"tool {name[:60]!r} is not on the allow-list",
                where="field tools",
                fix="list it in the use's policy and release",
            )


def upstream_body(asked: ChatRequest, pieces: Sequence[Piece], model: str | None, *, stream: bool) -> dict[str, Any]:
    """Return the body for the upstream: messages with their texts as the guards left them, and extra pieces before them."""
    extra = len(pieces) - len(asked.messages)
    messages: list[dict[str, Any]] = [
        {"role": "user" if p.role == "retrieved" else p.role, "content": p.text} for p in pieces[:extra]
    ]
    for message, piece in zip(asked.messages, pieces[extra:], strict=True):
        kept: dict[str, Any] = {
            name: message[name] for name in ("role", "tool_calls", "tool_call_id") if name in message
        }
        messages.append({**kept, "content": piece.text if message.get("content") is not None else None})
    body: dict[str, Any] = {"model": model, "messages": messages, **asked.passed}
    if asked.tools:
        body["tools"] = asked.tools
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
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or type(function.get("name")) is not str:
            raise FieldError("no function with a name", where=f"field tools[{number}]")
    return found
