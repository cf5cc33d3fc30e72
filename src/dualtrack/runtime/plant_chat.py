"""A known-wrong answer to a conversation, as an ordinary call would have recorded it: the same request, guards, draft and review.

Where ordinary drafts ask for tools, so does this one: ids have the form of the model's, arguments the spacing that it writes.
"""

from __future__ import annotations

import json
import secrets
import string
import time
from typing import TYPE_CHECKING, Any

import msgspec

from dualtrack.runtime.faces.chat import Turn, check_output, disclosure_due
from dualtrack.runtime.faces.chat_reasons import cited_titles
from dualtrack.runtime.faces.chat_request import check_tools, input_content, language_in, read_chat, with_extras
from dualtrack.runtime.faces.chat_retrieved import judge_retrieved
from dualtrack.runtime.faces.chat_tools import output_content
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.plant_look import Dressed, begin_call, refused, wait_as

if TYPE_CHECKING:
    from dualtrack.domain.planting import DraftCall, KnownWrong
    from dualtrack.runtime.call import Call
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.chat_request import ChatRequest
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.plant_look import Look

__all__ = ["dress_chat"]

_CHANCE_MIN = 4
"""Signs of an id's end from which on it is taken for chance; shorter ones are numbers."""

_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
_chance = secrets.SystemRandom()
_encode = msgspec.json.Encoder(order="sorted").encode


def dress_chat(runtime: Runtime, live: LiveUse, item: KnownWrong, look: Look) -> Dressed:
    """Return the record of an item that is a conversation; raises ReviewError where a guard or a hold stops it."""
    asked = _request(item, look)
    check_tools(asked, live.policy)
    call = begin_call(runtime, live, language_in(asked.pieces), look, _encode(input_content(asked)))
    with call:
        turn = _turn(runtime, asked, call)
        wait_as(call, look, intended=live.durable)
        notice, draft = disclosure_due(turn), str(item.draft)
        text = f"{notice}\n\n{draft}" if notice else draft
        calls = [_called(part, like) for part, like in zip(item.calls, look.tools.called, strict=True)]
        judged = check_output(turn, text, calls)
        if judged.action in {"route", "block", "redact"} or not runtime.gate.still(live):
            raise _stopped(live.use)
        output = output_content(text, calls)
        record, _, review = call.end(
            "routed", code="review.hold", output=output, reasons=cited_titles(runtime, call, output),
            review=runtime.review("hold_before_release", live), shown=notice is not None,
        )  # fmt: skip
        assert review is not None, "a review was asked for"
        return Dressed(record, review)


def _request(item: KnownWrong, look: Look) -> ChatRequest:
    """Return an item as a request of the firm's program, read as any other."""
    assert not isinstance(item.asked, dict), "asked of conversations only"
    messages = [{"role": piece.role, "content": piece.text} for piece in look.system]
    messages += [{"role": said.role, "content": said.text} for said in item.asked]
    plain, extras = read_chat({"messages": messages}), look.tools.extras
    pieces = (*plain.pieces, *(Piece("tool", extra.text) for extra in extras))
    return plain._replace(pieces=pieces, extras=extras, tools=look.tools.offered)


def _turn(runtime: Runtime, asked: ChatRequest, call: Call) -> Turn:
    """Run the guards on what is asked, as on any other."""
    live = call.live
    nearest = runtime.shelf.retrieve(live, asked.pieces, call.language)
    begun_ns = time.perf_counter_ns()
    checked = Checked("input", live.use, live.policy, call.language, pieces=asked.pieces, turn=asked.turn)
    found = run_guards(live.guards, "input", checked)
    retrieved = judge_retrieved(live, nearest, call.language)
    call.input_us = (time.perf_counter_ns() - begun_ns) // 1000
    call.verdicts += [*found.verdicts, *retrieved.verdicts]
    left, fits = with_extras(asked, found.pieces)
    if found.action in {"route", "block"} or not fits:
        raise _stopped(live.use)
    return Turn(asked, call, (*retrieved.pieces, *left), None)


def _called(part: DraftCall, like: dict[str, Any]) -> dict[str, Any]:
    """Return a tool call of an item in the form of one that the model made."""
    written, arguments = str(like["function"]["arguments"]), json.loads(part.arguments)
    spaced = '": ' in written or '":' not in written
    separators = (", ", ": ") if spaced else (",", ":")
    said = json.dumps(arguments, ensure_ascii="\\u" in written, separators=separators)
    return {"id": _id_like(str(like["id"])), "type": "function", "function": {"name": part.tool, "arguments": said}}


def _id_like(said: str) -> str:
    """Return an id of the same form: chance where the model's has chance, the same number where it counts."""
    head, mark, tail = said.rpartition("_")
    if len(tail) < _CHANCE_MIN:
        return said
    return head + mark + "".join(_sign_like(sign) for sign in tail)


def _sign_like(sign: str) -> str:
    kind = next((kind for kind in _KINDS if sign in kind), None)
    return _chance.choice(kind) if kind else sign


def _stopped(use: str) -> Exception:
    return refused(use, "a guard stops the item", "plant what would have come to people")
