"""A customer's question through a trial permit of each language use: held for a person, one approved, one left to wait.

The customer is fictional, and so is the reviewer: a program that approves a draft only where it is its passage word for word.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.demo.language.drills import ReviewItem
from dualtrack.demo.language.questions import load_questions
from dualtrack.demo.language.running import FictionalReviewer
from dualtrack.errors import RefusedError
from dualtrack.runtime.faces.chat import begin_turn, complete
from dualtrack.runtime.faces.chat_reasons import CITED
from dualtrack.runtime.faces.chat_request import read_chat
from dualtrack.runtime.passages.corpus import of_language
from dualtrack.runtime.reviews import ReviewDesk
from dualtrack.runtime.upstream.client import UpstreamClient

if TYPE_CHECKING:
    from typing import Any

    from dualtrack.domain.review import ActionName
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.passages.corpus import Language

__all__ = ["CUSTOMER", "QUESTIONS", "TrialAnswer", "ask_trial_use", "review_answer"]

CUSTOMER = "demo-customer-1"
"""Identifier of the fictional customer, as a firm's own system would send it; the record has a pseudonym."""

QUESTIONS: dict[str, Language] = {"bank": "en", "broker": "zh-Hant"}
"""The language in which the first carried question of each use is put."""

_APPROVES = "DEMO: word for word the approved passage; the reviewer is a program (fictional)"
_REJECTS = "DEMO: not word for word an approved passage; the reviewer is a program (fictional)"


class TrialAnswer(NamedTuple):
    """What came of the question: outcome, mode, receipt code, review, and where that review stands (`queued`, `approved` …)."""

    use: str
    language: Language
    outcome: str
    mode: str | None
    receipt: str | None
    review: str | None
    state: str | None
    code: str | None


def ask_trial_use(runtime: Runtime, kind: str, use: str) -> TrialAnswer:
    """Put the first question of `bank` or `broker` as the fictional customer; where no permit is live, say why."""
    language = QUESTIONS[kind]
    text = of_language(load_questions(kind).cases[0].wordings[0], language)
    try:
        live = runtime.gate.enter(use)
    except RefusedError as error:
        return TrialAnswer(use, language, "refused", None, None, None, None, error.code)
    about = asyncio.run(_ask(runtime, live, text))
    state = "queued" if about.get("review") else None
    return TrialAnswer(
        use,
        language,
        about["outcome"],
        about["mode"],
        about.get("receipt"),
        about.get("review"),
        state,
        about.get("code"),
    )


async def _ask(runtime: Runtime, live: LiveUse, text: str) -> dict[str, Any]:
    client = UpstreamClient()
    messages = [{"role": "user", "content": text}]
    asked = read_chat({"messages": messages, "user": CUSTOMER, "max_tokens": 96})
    try:
        turn = await begin_turn(runtime, live, asked, len(msgspec.json.encode(messages)))
        body = await complete(runtime, client, turn)
    finally:
        await client.close()
    about: dict[str, Any] = body["dualtrack"]
    return about


def review_answer(runtime: Runtime, kind: str, answer: TrialAnswer) -> TrialAnswer:
    """Let the fictional reviewer look at a held answer; returns it with the state of the review afterwards."""
    if answer.review is None:
        return answer
    institution = answer.use.partition("/")[0]
    desk = ReviewDesk(runtime.registers[institution], runtime.recorder(institution).contents)
    reviewer = f"{institution}-reviewer"
    desk.act(answer.review, "claim", reviewer, ["reviewer"])
    view = desk.get(answer.review, by=reviewer, reason="DEMO: to review it (fictional)")
    right = FictionalReviewer(kind)(_item(runtime, answer, view.text)).approve
    action: ActionName = "approve" if right else "reject"
    reason = _APPROVES if right else _REJECTS
    state = desk.act(answer.review, action, reviewer, ["reviewer"], reason=reason)
    return answer._replace(state=state.status)


def _item(runtime: Runtime, answer: TrialAnswer, sealed: str | None) -> ReviewItem:
    """Return the draft as a reviewer compares it: without the notice that stands before every answer."""
    draft = "" if sealed is None else str(msgspec.json.decode(sealed))
    policy = runtime.gate.enter(answer.use).policy
    if policy.disclosure is not None:
        draft = draft.removeprefix(of_language(policy.disclosure.text, answer.language)).strip()
    return ReviewItem("", draft, tuple(dict.fromkeys(CITED.findall(draft))), answer.language)
