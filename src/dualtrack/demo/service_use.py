"""The shipped plan of answers, registered for a language use of a fictional firm before anything is asked, and measured on what its drill was answered.

Nothing is asked a second time: the table is made of the replies of the governed path, with a keyword menu over the same passages beside
them. Passages and questions come from one hand, so the shares are upper bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.service.evidence.answers import answer_table
from dualtrack.apps.service.evidence.plans import fit_plan, shipped_plan
from dualtrack.apps.service.evidence.questions import TestQuestion
from dualtrack.apps.service.evidence.replies import Replied
from dualtrack.apps.service.evidence.rows import table_columns
from dualtrack.demo.language.asking import answer_of, plain
from dualtrack.domain.time import hong_kong_date
from dualtrack.evidence.plans.given import Given
from dualtrack.evidence.plans.reading import plan_digest
from dualtrack.evidence.plans.recording import find_plan, record_run, register_plan
from dualtrack.evidence.plans.running import Asked, run_plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from typing import Literal

    from dualtrack.apps.service.evidence.rows import Row
    from dualtrack.demo.language.asking import Reply, Turn
    from dualtrack.demo.language.questions import Asked as Question
    from dualtrack.evidence.plans.running import PlanRun
    from dualtrack.keys.signer import Signer
    from dualtrack.runtime.passages.corpus import Corpus
    from dualtrack.store.register import Register

__all__ = ["measure_answers", "plan_answers", "reply_rows"]

_REGISTERS: tuple[Literal["written", "cantonese", "mixed"], ...] = ("written", "cantonese", "mixed")
"""Registers of the Chinese wordings of a case, in the order of the questions' files."""


def plan_answers(register: Register, use: str, collector: Signer) -> None:
    """Register what will be measured of a declared use: the thresholds that its firm's packs read, the rest reported."""
    fitted = fit_plan(shipped_plan("answers", use), register.case(use, None).topics)
    register_plan(register, fitted.plan, collector, where="plans.yaml, answers")


def measure_answers(
    register: Register,
    use: str,
    release: str,
    corpus: Corpus,
    turns: Sequence[Turn],
    collector: Signer,
    *,
    taken_at: str,
) -> PlanRun:
    """Run the registered plan over the replies of a drill and record every result; those with a threshold become evidence."""
    plan = fit_plan(shipped_plan("answers", use), register.case(use, None).topics).plan
    found = find_plan(register, use, plan_digest(plan))
    assert found is not None, "the plan stands before anything is asked"
    rows = reply_rows(corpus, turns, on=hong_kong_date(register.clock()))
    asked = Asked(release, found.reference, plan.variants, taken_at=taken_at, demo=True)
    run = run_plan(plan, Given(table_columns(rows), named="the use as released, asked in a drill"), asked)
    record_run(register, run, collector)
    return run


def reply_rows(corpus: Corpus, turns: Sequence[Turn], *, on: date) -> list[Row]:
    """Return a row for each fair question of a drill, with what the use and the keyword menu gave."""
    fair = [turn for turn in turns if turn.asked.case.expect == "answer"]
    replies = {turn.asked.text: _replied(turn.reply) for turn in fair}
    questions = [_question(turn.asked) for turn in fair]
    return answer_table(corpus, questions, on=on, ask=replies.__getitem__)


def _question(asked: Question) -> TestQuestion:
    first, *others = asked.case.passages
    return TestQuestion(
        text=asked.text,
        register="english" if asked.language == "en" else _REGISTERS[asked.wording % len(_REGISTERS)],
        passage=first,
        also=tuple(others),
        case=asked.case.id,
    )


def _replied(reply: Reply) -> Replied:
    said = answer_of(reply)
    called = reply.outcome == "routed" and reply.code != "review.hold"
    return Replied(text=None if said is None else plain(said), sources=reply.citations, called=called)
