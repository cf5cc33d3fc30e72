"""`POST /v1/research/ask`: a question to the desk's documents, for a program of the firm's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from dualtrack.apps.pages import HotRoute
from dualtrack.apps.research.desk import Desk
from dualtrack.domain.records import Record, read_record, to_plain
from dualtrack.errors import ForbiddenError
from dualtrack.runtime.faces.asgi import read_json
from dualtrack.runtime.faces.callers import nobody

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from dualtrack.apps.pages import HotCall
    from dualtrack.apps.research.desk import Kept
    from dualtrack.runtime.upstream.client import UpstreamClient

__all__ = ["ROUTES", "Question"]


class Question(Record, frozen=True):
    """What is sent: a question in either language."""

    question: str
    language: Literal["en", "zh-Hant"] = "en"


async def _ask(call: HotCall) -> tuple[int, Mapping[str, Any]]:
    if call.caller is None:
        raise nobody()
    caller, runtime = call.caller, call.runtime
    asked = read_record(read_json(call.body), Question, where="request body")

    loop = asyncio.get_running_loop()

    def run(asking: Callable[[UpstreamClient], Coroutine[Any, Any, Any]]) -> object:
        return asyncio.run_coroutine_threadsafe(asking(call.client), loop).result()

    def answer() -> Kept:
        with Desk(runtime, caller.institution) as desk:
            if caller.uses is not None and desk.settings.use not in caller.uses:
                raise ForbiddenError(
                    "this key is not for the research desk", where="authorization", fix="ask for a key of its use"
                )
            live = runtime.gate.enter(desk.settings.use)
            runtime.admission.enter(live)
            try:
                return desk.ask(asked.question, by=caller.name, language=asked.language, run=run)
            finally:
                runtime.admission.leave(live)

    kept = await asyncio.to_thread(answer)
    body = {"answer": kept.id, "decision": kept.decision}
    if kept.reply is None:
        return 202, {**body, "outcome": "held", "answer_path": f"/v1/decisions/{kept.decision}/answer"}
    plain: Any = to_plain(kept.reply)
    return 200, body | {name: value for name, value in plain.items() if value not in (None, [], "")}


ROUTES = (HotRoute("/v1/research/ask", _ask),)
