"""The price of every control of a use, from its logged decisions: what was compared, what was left out, prices and frontiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import FieldError, NotFoundError
from dualtrack.evidence.numeric import np
from dualtrack.evidence.pricing.frontier import frontier_of
from dualtrack.evidence.pricing.prices import Pricing, price_controls
from dualtrack.evidence.tables import table_digest
from dualtrack.runtime.lookup import find_declaration, find_policy
from dualtrack.runtime.pricing.columns import HUMAN_REVIEW, control_of_guard, decision_columns, guard_name
from dualtrack.runtime.pricing.reading import Span, read_comparable
from dualtrack.runtime.pricing.rerun import rerun_guard
from dualtrack.runtime.pricing.truth import read_reviews, refused_figure, truths_of
from dualtrack.runtime.review_evidence import group_evidence
from dualtrack.runtime.review_group import measure_reviewers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.policy import GuardSetting, RuntimePolicy
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.pricing.frontier import Frontier
    from dualtrack.evidence.pricing.prices import Price
    from dualtrack.evidence.pricing.values import Values
    from dualtrack.runtime.pricing.columns import Columns
    from dualtrack.runtime.pricing.reading import Comparable, Population
    from dualtrack.runtime.pricing.rerun import Asker, Rerun
    from dualtrack.runtime.pricing.truth import Truths
    from dualtrack.store.register import Register

__all__ = ["CAUGHT_REVIEWS_MAX", "Asked", "Report", "Trial", "price_use"]

CAUGHT_REVIEWS_MAX = 10_000
"""Newest reviews among which planted items are looked for: as many as the command on reviewers looks at."""


_UNTRIED = "none of the sampled contents could be shown to it"


class Trial(NamedTuple):
    """A guard that is not in the policy, or not at this setting, to be run over a sample of contents."""

    setting: GuardSetting
    sample: int
    asker: Asker
    seed: int = 1


class Asked(NamedTuple):
    """What is to be priced: which decisions, with which labels and values, against which other thresholds."""

    span: Span = Span()
    population: Population = "decided"
    labels: Mapping[str, bool] = {}
    values: Values | None = None
    control: str | None = None
    against: Mapping[str, float] = {}
    trial: Trial | None = None
    seed: int = 1
    draws: int = 1_000


class Report(NamedTuple):
    """Prices by control with their frontiers, and everything that a reader must know beside them.

    `refused` says by control why it has no price; `caught` is the share of planted known-wrong items that people caught.
    """

    use: str
    compared: Comparable
    truths: Truths
    prices: tuple[Price, ...]
    frontiers: dict[str, Frontier]
    refused: dict[str, str]
    caught: Measurement | None
    rerun: Rerun | None
    data_digest: str | None


def price_use(register: Register, use: str, asked: Asked) -> Report:
    """Return the prices of a use's controls; a use without decisions has none, and says so by counts of 0.

    Raises NotFoundError for a use that is not declared, and FieldError for a control that the policy does not have.
    """
    find_declaration(register, use)
    compared = read_comparable(register, use, asked.span, asked.population)
    ids = [item.id for item in compared.decisions]
    reviews = read_reviews(register, use, ids, compared.start)
    truths = truths_of(register, use, ids, reviews, asked.labels, compared.start)
    if not compared.decisions:
        return Report(use, compared, truths, (), {}, {}, None, None, None)
    policy = find_policy(register, use, compared.policy)
    refused = _refusals(reviews and refused_figure(reviews))
    columns = decision_columns(
        compared.decisions, policy, truths.harmful, None if HUMAN_REVIEW in refused else reviews, asked.against
    )
    refused |= dict.fromkeys(columns.unlogged, "no decision has a score of it")
    columns, rerun = _with_trial(register, policy, ids, columns, asked)
    if rerun is not None and asked.trial is not None:
        _say_what_was_tried(asked.trial, columns, refused)
    if not columns.controls:
        return Report(use, compared, truths, (), {}, refused, _caught(register, use), rerun, None)
    digest = table_digest(columns.table)
    prices = price_controls(
        columns.table, columns.controls, values=asked.values, cluster="subject", seed=asked.seed, draws=asked.draws,
        data_digest=digest,
    )  # fmt: skip
    prices = _named(prices, asked.control, refused)
    how = Pricing(data_digest=digest, seed=asked.seed, draws=asked.draws)
    frontiers = {
        item.counts.control.name: frontier_of(item.counts, asked.values, how)
        for item in prices
        if item.counts.control.score is not None
    }
    return Report(use, compared, truths, prices, frontiers, refused, _caught(register, use), rerun, digest)


def _refusals(why: object) -> dict[str, str]:
    return {HUMAN_REVIEW: str(why)} if why else {}


def _say_what_was_tried(trial: Trial, columns: Columns, refused: dict[str, str]) -> None:
    """Take a guard that was run over the sample out of those without a price, or say why it still has none."""
    name = guard_name(trial.setting.guard, trial.setting.stage)
    if any(item.name == name for item in columns.controls):
        refused.pop(name, None)
    else:
        refused[name] = _UNTRIED


def _named(prices: tuple[Price, ...], wanted: str | None, refused: Mapping[str, str]) -> tuple[Price, ...]:
    """Return the price of the control asked for (a guard's name stands for all its stages), or all."""
    if wanted is None:
        return prices
    found = tuple(
        item for item in prices if wanted in {item.counts.control.name, item.counts.control.name.partition("/")[0]}
    )
    named = {name for control in refused for name in (control, control.partition("/")[0])}
    if not found and wanted not in named:
        names = ", ".join(item.counts.control.name for item in prices)
        raise NotFoundError(f"no control {wanted!r}", where="--control", expected=names or "none was logged")
    return found


def _caught(register: Register, use: str) -> Measurement | None:
    """Return the share of planted known-wrong items that people caught; None where nothing was planted that may be told."""
    evidence = group_evidence(register, limit=CAUGHT_REVIEWS_MAX, use=use)
    if not evidence.planted:
        return None
    return measure_reviewers(evidence.reviews, floor_seconds=1)[0]


def _with_trial(
    register: Register, policy: RuntimePolicy, ids: list[str], columns: Columns, asked: Asked
) -> tuple[Columns, Rerun | None]:
    """Return the columns narrowed to the sample, with the guard that was run over it among the controls."""
    trial = asked.trial
    if trial is None:
        return columns, None
    name = guard_name(trial.setting.guard, trial.setting.stage)
    if any(item.name == name for item in columns.controls):
        raise FieldError(
            f"{name} has logged scores", where="--try", fix="compare it at another threshold with --against instead"
        )
    rerun = rerun_guard(register, policy, trial.setting, ids, trial.asker, sample=trial.sample, seed=trial.seed)
    control = control_of_guard(trial.setting)
    table = {key: column[rerun.places] for key, column in columns.table.items()} | {control.score or "": rerun.scores}
    kept = ~np.ma.getmaskarray(rerun.scores)
    if not kept.any():
        return columns, rerun
    table = {key: column[kept] for key, column in table.items()}
    return columns._replace(table=table, controls=(*columns.controls, control)), rerun
