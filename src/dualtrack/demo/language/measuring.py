"""All that is computed of one language use, from one governed path: nine observations, against targets set beforehand."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.demo.language import accuracy, drills
from dualtrack.demo.language.corpus import load_corpus, read_data
from dualtrack.demo.language.questions import load_questions
from dualtrack.demo.language.uses import load_policy
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.demo.language.asking import Ask, Turn
    from dualtrack.demo.language.drills import ReviewItem, Verdict
    from dualtrack.domain.evidence import Predicate

__all__ = ["Measured", "Targets", "load_targets", "measure_language_use"]


class Measured(NamedTuple):
    """The evidence, of what there is none with the reason, and what was asked and answered."""

    evidence: list[Predicate]
    missing: list[str]
    turns: tuple[Turn, ...]


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
) -> Measured:
    """Ask everything through `ask` and return the evidence; nothing is taken from anywhere else.

    `prominent`: what a test of the client's page found. `covers`: the parts of the path that `ask` goes through. The period of
    `monitoring_run` is this one run, so it is of use only where it is repeated. `escapes_reviewed` and what is overdue are
    not known to a program: they are false and none until a person says otherwise. What gave nothing to count, such as the
    reviews of a model that never gave a draft, is no evidence.
    """
    corpus, questions, targets = load_corpus(use), load_questions(use), load_targets()
    run = accuracy.run_questions(ask, corpus, questions, prefix="measure", taken_at=taken_at)
    steps: tuple[Callable[[], Predicate], ...] = (
        lambda: drills.disclosure_drill(ask, questions, prominent=prominent, taken_at=taken_at),
        lambda: drills.opt_out_drill(ask, questions, human=load_policy(use).human, taken_at=taken_at),
        lambda: drills.human_review_drill(
            ask, review, questions, seconds_floor=targets.seconds_floor, seed=targets.review_seed, taken_at=taken_at
        ),
        lambda: accuracy.end_to_end_test(run, target=targets.end_to_end_target, covers=covers),
        lambda: accuracy.hallucination_test(run, limit=targets.hallucination_limit, vendor_claim_tested=True),
        lambda: accuracy.factuality(run, target=targets.factuality_target),
        lambda: accuracy.paraphrase_robustness(run, limit=targets.paraphrase_limit),
        lambda: accuracy.monitoring_run(run, limit_low=targets.monitoring_low, actions_overdue=0),
        lambda: accuracy.scope_test(run, escaped_limit=targets.escaped_limit, escapes_reviewed=False),
    )
    found, missing = [], []
    for step in steps:
        try:
            found.append(step())
        except EvidenceError as error:
            missing.append(str(error).partition("\n")[0])
    return Measured(found, missing, run.turns)
