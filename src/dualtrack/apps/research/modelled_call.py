"""A question under the desk's permit with a model behind the rules: one decision, whose record has every attempt, its tokens, and why not.

The rules answer first. What they leave is put to the chain's language models, once the guards have read all that a model would read; what
comes of it meets the guards on outputs, the review and a hold as any other answer does.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from dualtrack.apps.research.asking import AskedModel
from dualtrack.apps.research.modelled_words import HELD, words_of
from dualtrack.domain.records import Text
from dualtrack.errors import UpstreamError
from dualtrack.runtime.decide import Ended, Scoring, check_row, conclude_row, fail_row, held
from dualtrack.runtime.faces.answer_form import AnswerForm, formed_body, note_formed
from dualtrack.runtime.faces.chat_upstream import ask_chat
from dualtrack.runtime.guards.base import Checked
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.tipping_off import without_suspicion

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from dualtrack.domain.policy import Upstream
    from dualtrack.domain.records import Record
    from dualtrack.runtime.call import Answer, Call, Language
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.chat_upstream import Completion
    from dualtrack.runtime.guards.base import Piece
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.upstream.client import UpstreamClient

    Run = Callable[[Callable[[UpstreamClient], Coroutine[Any, Any, Any]]], Any]

__all__ = ["Begun", "QuestionForm", "decide_asking", "models_of"]

_HELD = "permit.held"
_NOT_ASKED = frozenset({"route", "block"})
_encode = msgspec.json.Encoder(order="sorted").encode


class QuestionForm(AnswerForm, Protocol):
    """A form of answers that says first what a model would read."""

    def pieces(self, question: str) -> tuple[Piece, ...]:
        """Return what goes to the model with the question."""

    def why(self) -> str:
        """Return the code of why the last answer does not hold."""


class Begun(NamedTuple):
    """What rules made of a row: what a model is asked then (None: nothing), and the output, given the models that were asked."""

    form: QuestionForm | None
    output: Callable[[tuple[AskedModel, ...]], Record]


def models_of(live: LiveUse | None) -> tuple[Upstream, ...]:
    """Return the language models of a use's chain that may be asked now."""
    return tuple(item for item in live.upstreams if item.kind == "openai") if live is not None else ()


def decide_asking(
    runtime: Runtime,
    use: str,
    question: str,
    rules: Callable[[str, LiveUse], Begun],
    run: Run,
    *,
    language: Language = "en",
) -> Answer:
    """Decide in this thread, with the models asked in the loop of `run`; returns when the record allows the answer to leave.

    Raises as `runtime.decide.decide` does; what a model does wrong is in the record and in the answer, and raises nothing.
    """
    live = runtime.gate.enter(use, standby=True)
    row: Mapping[str, Any] = {"question": question}
    call = runtime.call(live, _encode(without_suspicion(live.policy, row)), language=language)
    with call:
        checked = check_row(runtime, call, row)
        if isinstance(checked, Ended):
            return _recorded(call, checked)
        seen = checked.row or {}
        if live.standby:
            return _recorded(call, fail_row(runtime, call, held(live), row=seen))
        begun_ns = time.perf_counter_ns()
        try:
            begun = rules(str(seen["question"]), live)
            models = _ask_models(runtime, call, str(seen["question"]), begun.form, run) if begun.form else ()
            output = begun.output(models)
        except Exception as error:  # recorded whatever it is, and raised again
            _recorded(call, fail_row(runtime, call, error, row=seen))
            raise
        call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000
        return _recorded(call, conclude_row(runtime, call, seen, _scoring(output, models)))


def _scoring(output: Record, models: Sequence[AskedModel]) -> Scoring:
    reasons = tuple(
        Text(en=f"Model {each.model or each.component}: {each.words.en} ({each.code or each.outcome}).", zh=f"模型{each.model or each.component}：{each.words.zh}（{each.code or each.outcome}）。")
        for each in models
    )  # fmt: skip
    return Scoring(msgspec.to_builtins(output), reasons)


def _recorded(call: Call, ended: Ended) -> Answer:
    waiting = call.recorder.put(ended.record, durable=call.live.durable)
    if waiting is not None:
        waiting.result()
    return ended.answer


def _ask_models(runtime: Runtime, call: Call, question: str, form: QuestionForm, run: Run) -> tuple[AskedModel, ...]:
    """Ask the chain's models one after another until a proposal holds."""
    live, chain = call.live, models_of(call.live)
    begun_ns = time.perf_counter_ns()
    checked = Checked("input", live.use, live.policy, call.language, pieces=form.pieces(question))
    found = run_guards(live.guards, "input", checked)
    call.input_us += (time.perf_counter_ns() - begun_ns) // 1000
    call.verdicts += found.verdicts
    if found.action in _NOT_ASKED and live.mode != "observe":
        return tuple(_asked(call, each, "refused", "guard") for each in chain)
    messages = form.ask(found.pieces)
    asked: list[AskedModel] = []
    for upstream in chain if messages is not None else ():
        if live.durable and not call.intended:
            waiting = call.recorder.put(call.intent(), durable=True)
            if waiting is not None:
                waiting.result()
        asked.append(_ask_one(runtime, call, upstream, form, messages or [], run))
        if asked[-1].outcome == "held" or asked[-1].code == _HELD:
            break
    return tuple(asked)


def _ask_one(
    runtime: Runtime,
    call: Call,
    upstream: Upstream,
    form: QuestionForm,
    messages: Sequence[Mapping[str, str]],
    run: Run,
) -> AskedModel:
    body = formed_body({"model": upstream.model}, messages)

    async def ask(client: UpstreamClient) -> Completion:
        return await ask_chat(runtime, client, upstream, call, body)

    try:
        completion: Completion = run(ask)
    except UpstreamError as error:
        return _asked(call, upstream, "failed", error.code)
    if note_formed(call, form, completion) is not None:
        return _asked(call, upstream, "held", "")
    return _asked(call, upstream, "refused", "tools" if completion.tool_calls else form.why())


def _asked(call: Call, upstream: Upstream, outcome: Any, code: str) -> AskedModel:  # noqa: ANN401 - one of three words
    last = call.upstream[-1] if call.upstream else None
    words, settles = words_of(code) if code else (HELD, HELD)
    return AskedModel(
        component=upstream.id, model=upstream.model or "", outcome=outcome, code=code, words=words, settles=settles,
        reported=(last.fingerprint or "") if last is not None and last.component == upstream.id else "",
    )  # fmt: skip
