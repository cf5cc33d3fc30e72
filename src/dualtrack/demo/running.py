"""The demo's uses at work: runtime policies, and live traffic of real accounts through the gate. The bank is fictional."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.demo.chats import hold_conversations
from dualtrack.demo.firms import signer_of
from dualtrack.demo.language.answering import QUESTIONS, ask_trial_use, review_answer
from dualtrack.demo.language.uses import load_declaration
from dualtrack.demo.receipts import GivenReceipt, write_receipts
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.fallback import FallbackRules
from dualtrack.domain.policy import (
    POLICY_FORMAT,
    Action,
    Audience,
    FieldSetting,
    GuardSetting,
    OutputSetting,
    ReviewSetting,
    RuntimePolicy,
    Upstream,
)
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.evidence.demo.measuring import covered_rows
from dualtrack.evidence.demo.portfolio import FEATURES, load_portfolio, split_rows
from dualtrack.evidence.demo.uses import DEMO_SEED, EARLY_CONTACT, PROVISIONING
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.engine import Runtime
from dualtrack.runtime.holds import set_hold
from dualtrack.runtime.reasons import directed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.demo.language.answering import TrialAnswer
    from dualtrack.domain.time import Clock
    from dualtrack.evidence.demo.uses import Use
    from dualtrack.runtime.call import Answer, Language
    from dualtrack.runtime.holds import HoldSet
    from dualtrack.store.workspace import Workspace

__all__ = ["TRAFFIC", "Traffic", "drive_traffic", "runtime_policy"]

TRAFFIC = {PROVISIONING.slug: 200, EARLY_CONTACT.slug: 40}
"""Accounts decided on in the run, by use."""


_DECIDED = Text(en="decided, with its reasons", zh="已作決定，附理由")
_REVIEWED = {
    "approved": Text(en="answer approved by the fictional reviewer", zh="回覆已獲虛構覆核人員批准"),
    "rejected": Text(en="answer rejected by the fictional reviewer", zh="回覆被虛構覆核人員拒絕"),
    "queued": Text(en="answer waits for a reviewer", zh="回覆等待人手覆核"),
}
_NO_REVIEW = Text(en="no answer, and nothing to review", zh="沒有回覆，亦無須覆核")


class _Policy(Record, frozen=True):
    audience: Audience
    schema_action: Action
    review: ReviewSetting
    message: Text
    human: Text
    rules: FallbackRules


class Traffic(NamedTuple):
    """What the run did: decisions by use and outcome, the review that waits, the hold that was set.

    `answers` are those of the trial uses, `receipts` what the fictional customers were given; their codes are in the folder too.
    """

    outcomes: dict[str, dict[str, int]]
    review: str | None
    hold: HoldSet
    answers: list[TrialAnswer]
    receipts: list[GivenReceipt]


@cache
def _data(name: str) -> object:
    return read_yaml((resources.files("dualtrack.demo") / "data" / name).read_bytes(), where=name)


def runtime_policy(use: str, slug: str) -> RuntimePolicy:
    """Return the runtime policy of a measured use, with a field for each column of its model."""
    set_ = read_record(_data("policies.yaml"), dict[str, _Policy], where="policies.yaml")[slug]
    words = read_record(_data("features.yaml"), dict[str, Text], where="features.yaml")
    return RuntimePolicy(
        format=POLICY_FORMAT,
        use=use,
        audience=set_.audience,
        guards=[GuardSetting(guard="input_schema", stage="input", action=set_.schema_action)],
        upstreams=[Upstream(id="model", kind="python", provider="in-house")],
        fallback="rules",
        rules=set_.rules,
        message=set_.message,
        human=set_.human,
        review=set_.review,
        output=OutputSetting(reasons=False),
        retention="none",
        fields=[FieldSetting(name=name, type="number", says=words[name]) for name in FEATURES],
    )


def drive_traffic(workspace: Workspace, institution: str, clock: Clock) -> Traffic:
    """Decide on accounts of the measured halves, send one case to review, ask both trial uses, and put one use on hold.

    Early calls are about customers, so each decision names one, in the language of that customer. The receipts of the
    traffic are written into the demo's folder.
    """
    outcomes: dict[str, dict[str, int]] = {}
    with Runtime.open(workspace, clock) as runtime:
        name = f"{institution}/{PROVISIONING.slug}"
        for row in _rows(PROVISIONING, TRAFFIC[PROVISIONING.slug]):
            _count(outcomes, name, _decide(runtime, name, row).outcome)
        name = f"{institution}/{EARLY_CONTACT.slug}"
        receipts = _early_contacts(runtime, name, outcomes)
        held = _decide(runtime, name, _rows(EARLY_CONTACT, 1)[0] | {"limit": None}, person="demo-customer-0")
        _count(outcomes, name, held.outcome)
        answers = _ask_trial_uses(runtime)
        for answer in answers:
            _count(outcomes, answer.use, answer.outcome)
        receipts += [given for answer in answers if (given := _given(answer)) is not None]
        for chatted in hold_conversations(runtime):
            _count(outcomes, chatted.use, chatted.outcome)
        executive = signer_of(runtime.store, institution, "executive")
        hold = set_hold(
            runtime.registers[institution],
            executive,
            scope="use",
            target=name,
            reason="DEMO: the call list is being looked at (fictional)",
        )
    write_receipts(workspace, receipts)
    return Traffic(outcomes, held.review, hold, answers, receipts)


def _early_contacts(runtime: Runtime, use: str, outcomes: dict[str, dict[str, int]]) -> list[GivenReceipt]:
    """Decide on each account as one of a customer; return the first receipt whose decision has reasons."""
    given: list[GivenReceipt] = []
    for number, row in enumerate(_rows(EARLY_CONTACT, TRAFFIC[EARLY_CONTACT.slug]), 1):
        language: Language = "en" if number % 2 else "zh-Hant"
        answer = _decide(runtime, use, row, person=f"demo-customer-{number}", language=language)
        _count(outcomes, use, answer.outcome)
        if answer.receipt is not None and answer.reasons and not given:
            given.append(GivenReceipt(answer.receipt, use, _DECIDED))
    return given


def _ask_trial_uses(runtime: Runtime) -> list[TrialAnswer]:
    """Ask each trial use one question; the first answer is reviewed, the other is left to wait for whoever looks."""
    answers = []
    for place, kind in enumerate(QUESTIONS):
        answer = ask_trial_use(runtime, kind, load_declaration(kind).use)
        answers.append(review_answer(runtime, kind, answer) if place == 0 else answer)
    return answers


def _given(answer: TrialAnswer) -> GivenReceipt | None:
    if answer.receipt is None:
        return None
    return GivenReceipt(answer.receipt, answer.use, _REVIEWED.get(answer.state or "", _NO_REVIEW))


def _rows(use: Use, count: int) -> list[dict[str, float | None]]:
    """Return accounts that the use's model was not trained on, as rows of named fields."""
    book = load_portfolio()
    chosen = split_rows(covered_rows(use, book), seed=DEMO_SEED).test[:count]
    return [dict(zip(FEATURES, map(float, book.features[number]), strict=True)) for number in chosen]


def _decide(
    runtime: Runtime,
    use: str,
    row: Mapping[str, float | None],
    *,
    person: str | None = None,
    language: Language = "en",
) -> Answer:
    """Decide on one account, with reasons in the language of its customer."""
    model = runtime.models.of(runtime.gate.enter(use))

    def score(asked: Mapping[str, object]) -> Scoring:
        found = model.score(asked)
        said = tuple(directed(model.says[name], raised=points > 0) for name, points in found.reasons)
        return Scoring(found.output, said)

    return decide(runtime, use, row, score, person=person, language=language)


def _count(outcomes: dict[str, dict[str, int]], use: str, outcome: str) -> None:
    mine = outcomes.setdefault(use, {})
    mine[outcome] = mine.get(outcome, 0) + 1
