"""What became of an answer that a person had to see first: what they released, or the fixed message. Never the draft.

Only the review that was opened with the decision releases it; a look afterwards, which a customer asks for, does not. A planted
item gives nothing to anybody: nobody waits for it. While its review is open it looks as any other, because a different answer
would tell a reviewer before they decide.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.errors import ConflictError, NotFoundError, RefusedError
from dualtrack.runtime.answer_fetches import first_fetch
from dualtrack.runtime.lookup import (
    contents_of,
    decision_row,
    find_decision,
    find_policy,
    find_release,
    is_conversation,
)
from dualtrack.runtime.reasons import in_language, read_reasons
from dualtrack.runtime.registered import human_contact, needs_registered
from dualtrack.runtime.review_calls import calls_in, found_in_calls
from dualtrack.runtime.review_read import read_review, said_state
from dualtrack.runtime.review_seals import seals_of
from dualtrack.runtime.review_words import walled_words
from dualtrack.runtime.typed_output import read_typed

if TYPE_CHECKING:
    from collections.abc import Collection

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.records import Text
    from dualtrack.runtime.gate import Gate
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.review_state import ReviewState
    from dualtrack.store.register import Register

__all__ = ["SETTLE_S", "HeldAnswer", "answer_path", "enter_for_answer", "find_held", "read_held"]

SETTLE_S = 0.25
"""Seconds after which an unknown decision is looked for once more: a buffered one is in the database that soon, or sooner."""

_RELEASED = ("approved", "modified")


class HeldAnswer(NamedTuple):
    """Where a held answer stands. `state` is `waiting`, or how its review ended (`taken_up`: approved without a draft).

    `output` is there where a person released one (`given`), else, once it has ended, `message`. `reasons` go with an output
    that nobody changed. For a chat the disclosure stands in the text where it is due; for a row it is a member of its own.
    `withheld` says that one was released which the person, who opted out before it was fetched, is not given.
    """

    decision: str
    use: str
    state: str
    due_at: str
    mode: str
    language: str
    review: str
    given: bool
    output: Any
    reasons: tuple[str, ...]
    disclosure: Text | None
    message: Text | None
    human: Text
    withheld: bool = False

    @property
    def waiting(self) -> bool:
        """Whether a person has yet to decide."""
        return self.state == "waiting"


def answer_path(decision: str) -> str:
    """Return where a program asks what became of a held answer."""
    return f"/v1/decisions/{decision}/answer"


def find_held(register: Register | None, decision: str, uses: Collection[str] | None) -> Decision:
    """Return the record of a held decision of these uses, None meaning all of the institution's.

    Raises NotFoundError in the same words whatever is missing, ConflictError for a decision that was answered at once.
    """
    if register is None:
        raise _unknown()
    try:
        row = decision_row(register, decision)
    except NotFoundError:
        raise _unknown() from None
    if row["mode"] == "drill" or not (uses is None or row["use_id"] in uses):
        raise _unknown()
    if row["outcome"] == "begun":
        raise ConflictError("it is still being answered", where=f"decision {decision}", fix="wait for its answer")
    if row["outcome"] != "routed" or row["review"] is None:
        raise ConflictError(
            f"it was answered at once: {row['outcome']}", where=f"decision {decision}",
            fix="use the answer that was given then; only a routed decision is answered later", code="answer.not-held",
        )  # fmt: skip
    return find_decision(register, decision)


def enter_for_answer(gate: Gate, register: Register, record: Decision) -> LiveUse:
    """Return the use that may give this answer now; raises RefusedError.

    It takes a permit in force, and no hold on the use or on what the answer came from: its release, a component, a model or
    its provider. A person stands for the text, so that a newer release under permit does not take it back.
    """
    live = gate.enter(record.use)
    if live.mode == "shadow":
        raise RefusedError(
            "the use runs in shadow: no output reaches anybody",
            where=record.use,
            fix="ask again under a live or trial permit",
            code="permit.shadow",
        )
    if live.mode == "observe" and record.mode != "observe":
        raise RefusedError(
            "it was held under a permit, and now the use is only observed",
            where=record.use,
            fix=f"`dualtrack explain {record.use} --to-green` says what a permit needs",
            code="permit.observe",
        )
    held = _on_hold(register, record, live)
    if held is not None:
        raise RefusedError(
            f"the {held} that it came from is on hold", where=record.use, fix="ask who set the hold", code="permit.held"
        )
    return live


def _on_hold(register: Register, record: Decision, live: LiveUse) -> str | None:
    """Return what of a decision's own making is on hold: it may not be what the use would call today."""
    if ("release", record.release) in live.holds:
        return "release"
    for call in record.upstream:
        if call.fault is None:
            for scope, target in (("component", call.component), ("provider", call.provider)):
                if (scope, target) in live.holds:
                    return scope
    held = {target for scope, target in live.holds if scope == "component"}
    if held:
        called = {item.id for item in find_policy(register, record.use, record.policy).upstreams}
        parts = {part.id for part in find_release(register, record.use, record.release).components}
        if held & (parts - called):  # a model that failed and was replaced by another does not count
            return "component"
    return None


def read_held(register: Register, record: Decision, live: LiveUse | None) -> HeldAnswer:
    """Return where a held answer stands, for the use that may give it; None gives no text. Raises NotFoundError for a planted item's.

    Who has opted out of AI since they asked, and had not fetched what it drafted, is given the fixed message in its place with
    the way to a person. What was fetched before stays theirs to read.
    """
    if record.review is None or record.outcome != "routed":
        raise _unknown()
    state = read_review(register, record.review).state
    policy = find_policy(register, record.use, record.policy)
    output, given = None, False
    if state.status in _RELEASED and state.ended:
        if seals_of(register).planted(state.opened) is True:
            raise _unknown()
        output, given = _released(register, record, state, policy)
    withheld = given and live is not None and _opted_out(register, record, live)
    if live is None or withheld:
        output, given = None, False
    chat, noticed = is_conversation(register, record), given and record.output is not None
    if noticed and chat:
        output = _with_notice(output, record, policy)
    return HeldAnswer(
        decision=record.id,
        use=record.use,
        state=said_state(record, state) if state.ended else "waiting",
        due_at=state.opened.due_at,
        mode=record.mode,
        language=record.language or "en",
        review=record.review,
        given=given,
        output=output,
        reasons=_reasons(register, record) if given and state.status == "approved" else (),
        disclosure=policy.disclosure.text if noticed and not chat and policy.disclosure is not None else None,
        message=policy.message if state.ended and not given else None,
        human=human_contact(policy, record.guards),
        withheld=withheld,
    )


def _opted_out(register: Register, record: Decision, live: LiveUse) -> bool:
    """Tell whether a model's draft is withheld: nobody can take back what was read before its person opted out."""
    return record.output is not None and record.subject in live.opted_out and first_fetch(register, record.id) is None


def _unknown() -> NotFoundError:
    """Return the one error for all that this caller may not know of: it repeats nothing of what was asked."""
    return NotFoundError(
        "no answer of this key's uses waits under this id", where="decision", fix="use the id that came with the answer"
    )


def _released(register: Register, record: Decision, state: ReviewState, policy: RuntimePolicy) -> tuple[Any, bool]:
    """Return what somebody stands for and True; None and False where there was no draft, or it was erased."""
    if record.output is None and state.released == state.opened.draft:
        return None, False  # what was asked went to a person: who approves that takes it up, and has written no answer
    text = _opened(register, state.released)
    if text is None or needs_registered(record.guards):
        return None, False
    if state.status == "approved":
        output = json.loads(text)
    else:
        chat = is_conversation(register, record)
        output = read_typed(contents_of(register), record, text, chat=chat)
        if chat and not _may_call(register, record, policy, output):
            return None, False
    return (None, False) if walled_words(contents_of(register), policy, record, output) else (output, True)


def _may_call(register: Register, record: Decision, policy: RuntimePolicy, output: object) -> bool:
    """Tell whether a changed answer's tool calls may be given. Whoever changed it was told; a record may be older than that."""
    calls = calls_in(output)
    if not calls:
        return calls is not None
    names = {str(call["function"]["name"]) for call in calls}
    listed = {tool.name for tool in policy.tools}
    return names <= listed and not found_in_calls(contents_of(register), policy, record, output)


def _with_notice(output: Any, record: Decision, policy: RuntimePolicy) -> Any:  # noqa: ANN401 - a text, unless the draft was none
    """Put the disclosure before a text where it is due and whoever changed the text took it out."""
    if policy.disclosure is None or record.disclosure is None:
        return output
    if isinstance(output, dict) and isinstance(output.get("text"), str):
        return output | {"text": _with_notice(output["text"], record, policy)}
    if not isinstance(output, str):
        return output
    notice = policy.disclosure.text.zh if record.language == "zh-Hant" else policy.disclosure.text.en
    return output if output.startswith(notice) else f"{notice}\n\n{output}"


def _reasons(register: Register, record: Decision) -> tuple[str, ...]:
    found = _opened(register, record.reasons)
    return in_language(read_reasons(found.encode()), record.language or "en") if found is not None else ()


def _opened(register: Register, digest: str | None) -> str | None:
    if digest is None:
        return None
    try:
        return contents_of(register).open(digest).decode("utf-8", "replace")
    except NotFoundError:
        return None
