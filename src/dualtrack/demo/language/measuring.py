"""All that is computed of one language use, from one governed path: nine observations, against targets set beforehand."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dualtrack.demo.language import accuracy, drills
from dualtrack.demo.language.corpus import load_corpus, read_data
from dualtrack.demo.language.questions import load_questions
from dualtrack.demo.language.uses import load_policy
from dualtrack.domain.records import Record, read_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.demo.language.asking import Ask
    from dualtrack.demo.language.drills import ReviewItem, Verdict
    from dualtrack.domain.evidence import Predicate

__all__ = ["Targets", "load_targets", "measure_language_use"]


class Targets(Record, frozen=True):
    """What the fictional firms set before they measured."""

    format: str
    factuality_target: float
    hallucination_limit: float
    paraphrase_limit: float
    end_to_end_target: float
    monitoring_low: float
    escaped_limit: int
    seconds_floor: float
    stop_seconds_limit: float
    review_seed: int


@cache
def load_targets() -> Targets:
    """Return `targets.yaml`."""
    return read_record(read_data("targets.yaml"), Targets, where="targets.yaml")


def measure_language_use(
    use: str,
    ask: Ask,
    review: Callable[[ReviewItem], Verdict | None],
    *,
    prominent: bool,
    covers: list[str],
    taken_at: str,
) -> list[Predicate]:
    """Ask everything through `ask` and return the evidence; nothing is taken from anywhere else.

    `prominent`: what a test of the client's page found. `covers`: the parts of the path that `ask` goes through. The period of
    `monitoring_run` is this one run, so it is of use only where it is repeated. `escapes_reviewed` and what is overdue are
    not known to a program: they are false and none until a person says otherwise.
    """
    corpus, questions, targets = load_corpus(use), load_questions(use), load_targets()
    run = accuracy.run_questions(ask, corpus, questions, prefix="measure", taken_at=taken_at)
    return [
        drills.disclosure_drill(ask, questions, prominent=prominent, taken_at=taken_at),
        drills.opt_out_drill(ask, questions, human=load_policy(use).human, taken_at=taken_at),
        drills.human_review_drill(
            ask, review, questions, seconds_floor=targets.seconds_floor, seed=targets.review_seed, taken_at=taken_at
        ),
        accuracy.end_to_end_test(run, target=targets.end_to_end_target, covers=covers),
        accuracy.hallucination_test(run, limit=targets.hallucination_limit, vendor_claim_tested=True),
        accuracy.factuality(run, target=targets.factuality_target),
        accuracy.paraphrase_robustness(run, limit=targets.paraphrase_limit),
        accuracy.monitoring_run(run, limit_low=targets.monitoring_low, actions_overdue=0),
        accuracy.scope_test(run, escaped_limit=targets.escaped_limit, escapes_reviewed=False),
    ]
