"""A turn of a conversation in the governed runtime: the customer's words are kept first, then the use answers, or a person is called.

The hard triggers come before anything else: the person whom they call is recorded with the words themselves. The runtime's guards come
before any model, its record before any word leaves. What it answers with, and why, is kept with the conversation; where it may not or
cannot answer, the customer is told how to reach a person, and one is called.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from dualtrack.apps.service.citing import read_marks
from dualtrack.apps.service.conversations import MESSAGE_CHARACTERS_MAX, Line, Seen, lines, moved, reread, say
from dualtrack.apps.service.gaps import at_odds
from dualtrack.apps.service.generating import GroundedForm
from dualtrack.apps.service.handing_over import (
    called_by_answer,
    called_by_words,
    hard_triggers,
    record_complaint,
    wait_for_person,
)
from dualtrack.apps.service.language import detect
from dualtrack.apps.service.naming import name_intent
from dualtrack.apps.service.queueing import in_turn
from dualtrack.apps.service.triggers import find_triggers
from dualtrack.domain.records import Text, to_plain
from dualtrack.domain.time import format_instant, hong_kong_date
from dualtrack.errors import DualtrackError, FieldError, RateLimitError
from dualtrack.runtime.faces.chat import begin_turn, complete
from dualtrack.runtime.faces.chat_request import read_chat
from dualtrack.runtime.passages.shelf import RETRIEVED_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.apps.service.citing import Shown
    from dualtrack.apps.service.conversations import Conversation
    from dualtrack.apps.service.language import Language
    from dualtrack.apps.service.naming import Named
    from dualtrack.apps.service.settings import ChatSettings
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.live import Closed, LiveUse
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = ["HISTORY_MAX", "take_turn"]

HISTORY_MAX = 20
"""Earlier messages that go with a question: what is pointed back to was said lately, and each is read by every guard."""

_MINUTE_MAX = 12
"""Messages of one conversation in a minute: nobody reads answers faster."""

_MINUTE_S = 60.0

_OF_INTENT_MAX = 2
"""Near questions of the named intent: one place stays for what the words alone find."""

_TRIGGERED = "service.trigger"
"""The code of a decision that a hard trigger sent to a person, whatever guards the use's policy has."""
_ANSWERS = frozenset({"served", "fallback"})
_NO_ANSWER = Text(en="No answer can be given here now.", zh="目前未能在此作答。")
_log = structlog.get_logger("dualtrack.service")


async def take_turn(
    runtime: Runtime,
    client: UpstreamClient,
    chat: ChatSettings,
    found: Conversation,
    text: str,
    *,
    person: str | None = None,
    fresh: bool = False,
) -> tuple[Conversation, list[Line]]:
    """Take in what a customer wrote; return the conversation and the messages that came of it, theirs first.

    `person` is the caller's identifier of the customer, where the conversation was begun with one. A `fresh` one has just begun: nothing was
    said in it, and it is not looked for.

    While a person is awaited or answers, the message is theirs to read and no AI is asked. Whatever keeps an answer away once the message
    is kept, a person is called. Raises FieldError for no words or too many, RateLimitError for more messages than anybody reads answers to,
    ConflictError in a closed conversation: then nothing was taken in.
    """
    async with in_turn(found.id) as waited:
        if waited:  # others were answered meanwhile, or a person was called
            found = await asyncio.to_thread(reread, found)
        size, before = await asyncio.to_thread(
            lambda: (found.register.repository.size(), [] if fresh else lines(found))
        )
        _check(text, before, runtime)
        person = person or f"conversation {found.id}"
        if runtime.subjects.pseudonym(found.register.institution, person) != found.row["subject"]:
            raise FieldError(
                "another person", where="field person", fix="name the customer whom the conversation began with"
            )
        hard = hard_triggers(find_triggers(text))
        calls = await asyncio.to_thread(called_by_words, runtime, chat, found, hard)
        seen = Seen(before[-1].number if before else 0, size)
        kept = await asyncio.to_thread(say, runtime, found, "customer", {"text": text}, seen=seen, steps=calls)
        said = [kept.line]
        if found.status == "assistant":
            asked = _Asked(text, person, bool(hard), _language(text, before, found))
            if any(each.id == "complaint" for each in hard):
                await asyncio.to_thread(record_complaint, runtime, found, text, before)
            try:
                said.append(await _reply(runtime, client, chat, found, before, asked, kept.seen))
            except Exception as error:  # noqa: BLE001 - whatever failed, words that were kept are not left without an answer
                code = error.code if isinstance(error, DualtrackError) else type(error).__name__
                _log.warning("a turn failed", conversation=found.id, code=code)
                await asyncio.to_thread(wait_for_person, runtime, chat, found, why=("no-answer",), by="rules")
        return await asyncio.to_thread(lambda: (reread(found) if moved(found, size) else found, said))


class _Asked(NamedTuple):
    """What a customer wrote, who they are to the runtime, whether a hard trigger was met, and in which language they are answered."""

    text: str
    person: str
    hard: bool
    language: Language


async def _reply(
    runtime: Runtime,
    client: UpstreamClient,
    chat: ChatSettings,
    found: Conversation,
    before: Sequence[Line],
    asked: _Asked,
    seen: Seen,
) -> Line:
    """Answer a message and record the answer, together with the person whom it calls where it is none."""
    content, about = await _answer(runtime, client, chat, found, before, asked)
    calls = await asyncio.to_thread(called_by_answer, runtime, chat, found, about)
    answer = await asyncio.to_thread(say, runtime, found, "assistant", content, seen=seen, steps=calls, **about)
    return answer.line


def _language(text: str, before: Sequence[Line], found: Conversation) -> Language:
    """Return the language of the last part of a message that says something; of the answer before where it has no word (an emoji, a number)."""
    spoken = next((line.row["language"] for line in reversed(before) if line.row["language"]), found.row["language"])
    return detect(text, otherwise="zh-Hant" if spoken == "zh-Hant" else "en").language


def _check(text: str, before: Sequence[Line], runtime: Runtime) -> None:
    if not text.strip() or len(text) > MESSAGE_CHARACTERS_MAX:
        raise FieldError(
            "no words" if not text.strip() else f"{len(text)} characters", where="message",
            expected=f"1 to {MESSAGE_CHARACTERS_MAX} characters", fix="write a shorter message",
        )  # fmt: skip
    since = format_instant(
        runtime.clock().fromtimestamp(runtime.clock().timestamp() - _MINUTE_S, runtime.clock().tzinfo)
    )
    if sum(line.who == "customer" and line.at > since for line in before) >= _MINUTE_MAX:
        raise RateLimitError(f"more than {_MINUTE_MAX} messages in a minute", where="conversation", retry_after_s=20)


async def _answer(
    runtime: Runtime,
    client: UpstreamClient,
    chat: ChatSettings,
    found: Conversation,
    before: Sequence[Line],
    asked: _Asked,
) -> tuple[dict[str, Any], dict[str, str | None]]:
    """Return the content of the answer and what the message says of it."""
    text, language = asked.text, asked.language
    live: LiveUse | None = None
    try:
        live = runtime.gate.enter(found.use, standby=True)
        named = await asyncio.to_thread(name_intent, runtime, chat, live, text)
        runtime.admission.enter(live)
        try:
            body, shown = await _governed(runtime, client, live, before, asked)
        finally:
            runtime.admission.leave(live)
    except DualtrackError as error:  # closed, held, overrun, or out of bounds: none of it is the customer's to wait for
        said = _instead(runtime.gate.closed(found.use), live)
        return {"text": _joined(said, language)}, {"outcome": "refused", "code": error.code, "language": language}
    told = body["dualtrack"]
    answer = str(body["choices"][0]["message"]["content"])
    titles = runtime.shelf.titles(live, language)
    cited = read_marks(answer, shown, titles if told["outcome"] in _ANSWERS else ())
    sources = [{"id": name, "en": titles[name].en, "zh-Hant": titles[name].zh} for name in cited.ids if name in titles]
    content = {"text": cited.text, "sources": sources, "receipt": told.get("receipt"), "human": told["human"]}
    if named is not None:
        content["intent"] = {"id": named.id, "score": round(named.score, 3), "title": to_plain(named.title)}
    if sources and (differs := await asyncio.to_thread(_differing, runtime, live, sources)):
        content["differs"] = [to_plain(title) for title in differs]
    if told["outcome"] == "fallback" and not sources:
        content["nearest"] = [to_plain(title) for title in _nearest(runtime, live, text, language, named)]
    about = {"decision": told["decision"], "outcome": told["outcome"], "code": told.get("code"), "language": language}
    return content, about


def _instead(closed: Closed | None, live: LiveUse | None) -> list[Text]:
    """Return what a customer is told where the use may not answer: the policy's words, where one is known."""
    words = (closed.message, closed.human) if closed is not None else ()
    if closed is None and live is not None:
        words = (live.policy.message, live.policy.human)
    return [part for part in words if part is not None] or [_NO_ANSWER]


async def _governed(
    runtime: Runtime, client: UpstreamClient, live: LiveUse, before: Sequence[Line], asked: _Asked
) -> tuple[Mapping[str, Any], tuple[Shown, ...]]:
    """Return the body of the answer, and the sentences that it was made of where a model wrote it."""
    request = read_chat(
        {
            "model": live.use,
            "messages": [
                *_history(before, live.policy.bounds.characters - len(asked.text)),
                {"role": "user", "content": asked.text},
            ],
            "user": asked.person,
        }
    )
    turn = await begin_turn(runtime, live, request, len(asked.text.encode()), language=asked.language)
    form = None
    if any(upstream.kind == "openai" for upstream in live.upstreams):
        form = _form(runtime, live, turn.call.language)
        turn = turn._replace(form=form)
    if asked.hard:  # in every mode: no model is asked, and no other guard turns it away
        turn = turn._replace(stopped=("blocked" if live.mode == "shadow" else "routed", _TRIGGERED))
    with turn.call:
        body = await complete(runtime, client, turn)
    return body, form.shown if form is not None else ()


def _nearest(runtime: Runtime, live: LiveUse, text: str, language: Language, named: Named | None) -> list[Text]:
    """Return titles of near questions, those of the named intent first."""
    titles = runtime.shelf.titles(live, language)
    first = [titles[name] for name in (named.passages if named else ()) if name in titles][:_OF_INTENT_MAX]
    return list(dict.fromkeys((*first, *runtime.shelf.nearest(live, text, language))))[:RETRIEVED_MAX]


def _form(runtime: Runtime, live: LiveUse, language: Language) -> GroundedForm:
    """Return the form that a model answers in: without it nothing that a model writes reaches a customer."""
    corpus = runtime.shelf.corpus(live.policy, live.released)
    serving = corpus.serving(hong_kong_date(runtime.clock())) if corpus is not None else ()
    return GroundedForm({item.id: item for item in serving}, language)


def _history(before: Sequence[Line], characters: int) -> list[dict[str, str]]:
    """Return the newest questions that were answered, with their answers, as a chat has them, as far as they fit.

    What went to a person is left out: it was theirs, and what called them would call them again at every turn.
    """
    kept: list[dict[str, str]] = []
    for asked, line in reversed(list(pairwise(before[-HISTORY_MAX:]))):
        if asked.who != "customer" or line.who != "assistant" or line.row["outcome"] not in _ANSWERS:
            continue
        characters -= len(asked.text) + len(line.text)
        if characters < 0:
            break
        if asked.text and line.text:
            kept += [{"role": "assistant", "content": line.text}, {"role": "user", "content": asked.text}]
    return kept[::-1]


def _differing(runtime: Runtime, live: LiveUse, sources: Sequence[Mapping[str, str]]) -> list[Text]:
    """Return the titles of passages in force that state other numbers than those cited: nobody but a person can say which holds."""
    corpus = runtime.shelf.corpus(live.policy, live.released)
    if corpus is None:
        return []
    serving = corpus.serving(hong_kong_date(runtime.clock()))
    cited = {source["id"] for source in sources}
    found = [other for each in serving if each.id in cited for other in at_odds(each, serving)]
    return list(dict.fromkeys(other.title for other in found if other.id not in cited))


def _joined(texts: Sequence[Text], language: str) -> str:
    return "\n\n".join(text.zh if language == "zh-Hant" else text.en for text in texts)
