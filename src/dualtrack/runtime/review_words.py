"""Words that a reviewer wrote: the use's output guards read them too, before they are kept and again before they are given.

A person stands for their words, and yet two things no person at the desk may say: what tells of a suspicion, and a choice of
MPF fund or scheme. These are refused by name. What another guard would stop or take out is named to the writer, who reads it
again and confirms it, or takes it out. No refusal repeats a word of the text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.errors import NotFoundError, ReviewError
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.registry import build_guards
from dualtrack.runtime.registered import MPF_GUARD, needs_registered
from dualtrack.runtime.review_calls import as_checked, found_at

if TYPE_CHECKING:
    from collections.abc import Collection

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.review import ActionName
    from dualtrack.runtime.review_state import ReviewState
    from dualtrack.store.content import ContentVault

__all__ = ["check_may_answer", "check_walls", "check_words", "walled_words", "without_draft"]

_WALL = "tipping_off"
_WALLS = frozenset({_WALL, MPF_GUARD})

_NOT_OF_WORDS = frozenset({"disclosure", "output_checks", "tool_use"})
"""Guards of what a model must say: the notice is added, passages lie beside the draft, calls are looked at by themselves."""

_ANY = ("allow", "redact", "route", "block")
_STOPS = ("redact", "block")

_EVERYWHERE = range(1 << 30)
"""Places of a row's findings: more than any answer has parts."""


def check_may_answer(record: Decision, state: ReviewState, action: ActionName) -> None:
    """Raise ReviewError where nobody at the desk may give an answer, or there is no draft of one to approve.

    A review after the fact may find right that a question was stopped; one that was opened with it has nothing to release.
    """
    where = f"review {state.opened.id}"
    if action not in {"approve", "modify"}:
        return
    if needs_registered(record.guards):
        raise ReviewError(
            "a choice about MPF: only a registered intermediary may answer it, whoever reads the text",
            where=where,
            fix="reject it, and the fixed message is given with the registered intermediary's contact; or escalate it",
            code="review.registered-intermediary",
        )
    if action == "approve" and without_draft(record, state) and record.review == state.opened.id:
        raise ReviewError(
            "there is no draft to approve",
            where=where,
            fix="write an answer, reject or escalate",
            code="review.no-draft",
        )


def without_draft(record: Decision, state: ReviewState) -> bool:
    """Tell whether the text under review is what was asked: no model answered it, and nobody has written an answer."""
    return record.output is None and state.text == state.opened.draft


def check_words(
    contents: ContentVault, policy: RuntimePolicy, record: Decision, output: object, *, confirmed: bool
) -> bool:
    """Check an answer that a person wrote; return whether it needed that they confirm it. Raises ReviewError.

    What `walled_words` finds nobody can confirm.
    """
    check_walls(contents, policy, record, output)
    found = _found(contents, policy, record, output, without=_WALLS | _NOT_OF_WORDS, stops=_STOPS)
    if found and not confirmed:
        raise ReviewError(
            f"guards would stop this or take it out: {'; '.join(found)}", where=f"decision {record.id}",
            expected="an answer without it, or one that its writer confirms", fix="read it again and confirm, or take it out",
            code="review.words-guarded",
        )  # fmt: skip
    return bool(found)


def check_walls(contents: ContentVault, policy: RuntimePolicy, record: Decision, output: object) -> None:
    """Raise ReviewError where an answer tells of a suspicion or makes a choice about MPF."""
    found = walled_words(contents, policy, record, output)
    if found:
        raise ReviewError(
            f"nobody may say this here: {'; '.join(found)}", where=f"decision {record.id}",
            expected="no word of a suspicion, and no choice about MPF", fix="take that out, or reject it",
            code="review.words-walled",
        )  # fmt: skip


def walled_words(contents: ContentVault, policy: RuntimePolicy, record: Decision, output: object) -> list[str]:
    """Return which walls an answer goes through, with the kinds of what each found; whatever their action is."""
    walls = replace(policy, guards=[item for item in policy.guards if item.guard in _WALLS])
    return _found(contents, walls, record, output, without=frozenset(), stops=_ANY)


def _found(
    contents: ContentVault,
    policy: RuntimePolicy,
    record: Decision,
    output: object,
    *,
    without: Collection[str],
    stops: Collection[str],
) -> list[str]:
    guards = [item for item in build_guards(policy) if item.setting.guard not in without]
    if all(item.setting.stage != "output" for item in guards):
        return []
    asked = _asked(contents, record)
    if not isinstance(asked, list):  # a row, or what was asked is erased
        row = asked if isinstance(asked, dict) else {}
        given = Checked("output", record.use, policy, record.language or "en", row=row, answer=output)
        return found_at(run_guards(guards, "output", given), _EVERYWHERE, stops=stops)
    checked, words = as_checked(contents, policy, record, output)
    pieces = (*checked.pieces[:words], Piece("assistant", _words(output)))
    found = run_guards(guards, "output", checked._replace(pieces=pieces, tools=()))
    return found_at(found, range(words - checked.calls, words + 1), stops=stops)


def _words(output: object) -> str:
    """Return all that people would read of an answer to a conversation, in whatever form it was typed."""
    if isinstance(output, str):
        return output
    if not isinstance(output, dict):
        return json.dumps(output, ensure_ascii=False)
    text = output.get("text")
    known = {"text", "tool_calls"} if isinstance(text, str) else {"tool_calls"}
    rest = {name: value for name, value in output.items() if name not in known}
    said = [text] if isinstance(text, str) else []
    return "\n".join([*said, json.dumps(rest, ensure_ascii=False)] if rest else said)


def _asked(contents: ContentVault, record: Decision) -> object:
    """Return what was asked; nothing of one that was erased."""
    try:
        return json.loads(contents.open(record.input))
    except (NotFoundError, ValueError):
        return None
