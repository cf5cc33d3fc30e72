"""The demo's uses at work: runtime policies, and live traffic of real accounts through the gate. The bank is fictional."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.demo.firms import signer_of
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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.time import Clock
    from dualtrack.evidence.demo.uses import Use
    from dualtrack.runtime.call import Answer
    from dualtrack.runtime.holds import HoldSet
    from dualtrack.store.workspace import Workspace

__all__ = ["TRAFFIC", "Traffic", "drive_traffic", "runtime_policy"]

TRAFFIC = {PROVISIONING.slug: 200, EARLY_CONTACT.slug: 40}
"""Accounts decided on in the run, by use."""


class _Policy(Record, frozen=True):
    audience: Audience
    schema_action: Action
    review: ReviewSetting
    message: Text
    human: Text
    rules: FallbackRules


class Traffic(NamedTuple):
    """What the run did: decisions by use and outcome, the review that waits, and the hold that was set."""

    outcomes: dict[str, dict[str, int]]
    review: str | None
    hold: HoldSet


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
    """Decide on accounts of the measured halves, send one case to review, and put one use on hold."""
    outcomes: dict[str, dict[str, int]] = {}
    review = None
    with Runtime.open(workspace, clock) as runtime:
        for use in (PROVISIONING, EARLY_CONTACT):
            name = f"{institution}/{use.slug}"
            for row in _rows(use, TRAFFIC[use.slug]):
                _count(outcomes, name, _decide(runtime, name, row))
        name = f"{institution}/{EARLY_CONTACT.slug}"
        answer = _decide(runtime, name, _rows(EARLY_CONTACT, 1)[0] | {"limit": None})
        _count(outcomes, name, answer)
        review = answer.review
        executive = signer_of(runtime.store, institution, "executive")
        hold = set_hold(
            runtime.registers[institution],
            executive,
            scope="use",
            target=name,
            reason="DEMO: the call list is being looked at (fictional)",
        )
    return Traffic(outcomes, review, hold)


def _rows(use: Use, count: int) -> list[dict[str, float | None]]:
    """Return accounts that the use's model was not trained on, as rows of named fields."""
    book = load_portfolio()
    chosen = split_rows(covered_rows(use, book), seed=DEMO_SEED).test[:count]
    return [dict(zip(FEATURES, map(float, book.features[number]), strict=True)) for number in chosen]


def _decide(runtime: Runtime, use: str, row: Mapping[str, float | None]) -> Answer:
    model = runtime.models.of(runtime.gate.enter(use))

    def score(asked: Mapping[str, object]) -> Scoring:
        found = model.score(asked)
        return Scoring(found.output, tuple(model.says[name].en for name, _ in found.reasons))

    return decide(runtime, use, row, score, person=None)


def _count(outcomes: dict[str, dict[str, int]], use: str, answer: Answer) -> None:
    mine = outcomes.setdefault(use, {})
    mine[answer.outcome] = mine.get(answer.outcome, 0) + 1
