"""Tool calls that a reviewer wrote: the output guards look at them as at those that a model asks for.

A call acts by itself, in a program: what a person wrote into one is refused where a guard of the use would stop or redact it,
and the refusal says which guard found what. A guard that sends to a person is content: the person is here. Their words are the
subject of review_words.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dualtrack.errors import NotFoundError, ReviewError
from dualtrack.runtime.faces.chat_tools import call_extra, read_output
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.registry import build_guards

if TYPE_CHECKING:
    from collections.abc import Container

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.runtime.guards.chain import ChainResult
    from dualtrack.store.content import ContentVault

__all__ = ["as_checked", "calls_in", "check_changed_calls", "found_at", "found_in_calls"]

_STOPS = ("block", "redact")
_FAILED = "guard-failed"


def calls_in(output: object) -> list[dict[str, Any]] | None:
    """Return the tool calls of an answer as it is kept; None where it has some that cannot be read."""
    if not isinstance(output, dict) or not output.get("tool_calls"):
        return []
    return read_output(json.dumps(output)).tool_calls or None


def check_changed_calls(
    contents: ContentVault, policy: RuntimePolicy, record: Decision, before: str, after: str
) -> None:
    """Raise ReviewError where a changed text asks for tools in a way that may not be given: unread, unlisted, or guarded.

    `before` and `after` are answers of a conversation; one whose calls are as they were has been looked at.
    """
    changed = calls_in(_plain(after))
    if changed is None:
        raise ReviewError(
            "its tool calls cannot be read", where=f"decision {record.id}", expected='{"text": "…", "tool_calls": […]}',
            fix="write them as the draft has them", code="review.call-unread",
        )  # fmt: skip
    if not changed or changed == calls_in(_plain(before)):
        return
    listed = {tool.name for tool in policy.tools}
    others = sorted({str(call["function"]["name"]) for call in changed} - listed)
    if others:
        raise ReviewError(
            f"the tool {others[0][:60]!r} is not on the policy's list", where=f"decision {record.id}",
            expected=", ".join(sorted(listed)) or "no tool", fix="ask for a tool that is listed", code="review.call-unlisted",
        )  # fmt: skip
    found = found_in_calls(contents, policy, record, _plain(after))
    if found:
        raise ReviewError(
            f"guards stop the changed call: {'; '.join(found)}", where=f"decision {record.id}",
            expected=f"nothing of {'; '.join(found)}", fix="take that out, or reject it", code="review.call-guarded",
        )  # fmt: skip


def found_in_calls(contents: ContentVault, policy: RuntimePolicy, record: Decision, output: object) -> list[str]:
    """Return which guards would stop the tool calls of a readable answer, with the kinds of what each found in them."""
    checked, words = as_checked(contents, policy, record, output)
    found = run_guards(build_guards(policy), "output", checked)
    return found_at(found, range(words - checked.calls, words), stops=_STOPS)


def as_checked(contents: ContentVault, policy: RuntimePolicy, record: Decision, output: object) -> tuple[Checked, int]:
    """Return an answer to a conversation as guards read it, and which piece its words are; calls are the pieces before."""
    calls = calls_in(output) or []
    text = str(output.get("text", "")) if isinstance(output, dict) else output if isinstance(output, str) else ""
    asked = _asked(contents, record)
    arguments = tuple(Piece("assistant", call_extra(call, "tool_calls").text) for call in calls)
    checked = Checked(
        "output",
        record.use,
        policy,
        record.language or "en",
        pieces=(*asked, *arguments, Piece("assistant", text)),
        answer=text,
        tools=tuple(str(call["function"]["name"]) for call in calls),
        turn=sum(piece.role == "user" for piece in asked),
        calls=len(arguments),
    )
    return checked, len(asked) + len(arguments)


def found_at(result: ChainResult, places: Container[int], *, stops: Container[str]) -> list[str]:
    """Return guards whose action is one of `stops`, by the kinds of what they found at these places.

    One that failed, or says no place, counts as well.
    """
    said = []
    for verdict in result.verdicts:
        if not verdict.fired or verdict.action not in stops:
            continue
        mine = [finding for guard, finding in result.findings if guard == verdict.guard]
        there = {item.kind for item in mine if item.piece in places or item.kind == _FAILED}
        if there or not mine:
            said.append(f"{verdict.guard} ({', '.join(sorted(there))})" if there else verdict.guard)
    return said


def _asked(contents: ContentVault, record: Decision) -> tuple[Piece, ...]:
    """Return the conversation as it was asked; nothing of one that was erased."""
    try:
        plain = json.loads(contents.open(record.input))
    except NotFoundError:
        return ()
    return tuple(Piece(item["role"], item["text"]) for item in plain)


def _plain(text: str) -> object:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):  # words that a person wrote
        return text
