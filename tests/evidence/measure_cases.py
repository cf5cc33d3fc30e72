"""One case a registered measure: a small seeded sample, settings, and the gate that only a good use may meet.

Columns are those of three small worlds: lending (rows with scores), a desk (minutes and arms), and answers in text.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from measure_worlds import (
    CANARIES,
    DIGEST,
    FEATURES,
    LENDING,
    PAIRS,
    Columns,
    Linear,
    answers,
    attempts,
    desk,
    lending,
)

from dualtrack.domain.usecase import Component
from dualtrack.domain.vocabulary import ComponentType
from dualtrack.evidence.answers.citation import CitationSettings
from dualtrack.evidence.answers.consistency import ConsistencySettings as AnswersSettings
from dualtrack.evidence.answers.exact import ExactSettings
from dualtrack.evidence.answers.faithfulness import FaithfulnessSettings
from dualtrack.evidence.answers.flagged import FlaggedSettings
from dualtrack.evidence.answers.numeric import NumericSettings
from dualtrack.evidence.benefit.before_after import BeforeAfterSettings
from dualtrack.evidence.benefit.capture_measure import CaptureSettings
from dualtrack.evidence.benefit.cost_and_minutes import CostSettings as MinutesSettings
from dualtrack.evidence.benefit.energy import Assumed, EnergySettings
from dualtrack.evidence.benefit.paired import Plan
from dualtrack.evidence.benefit.paired_measure import PairedSettings
from dualtrack.evidence.benefit.sequential import SequentialSettings
from dualtrack.evidence.benefit.switchback import SwitchbackSettings
from dualtrack.evidence.benefit.two_arm import TwoArmSettings
from dualtrack.evidence.drift.exact import KsSettings
from dualtrack.evidence.drift.performance import PerformanceSettings
from dualtrack.evidence.drift.settings import reference_edges
from dualtrack.evidence.explanation.agreement import AgreementSettings
from dualtrack.evidence.explanation.fidelity import FidelitySettings
from dualtrack.evidence.explanation.monotonicity import MonotonicitySettings
from dualtrack.evidence.explanation.sparsity import SparsitySettings
from dualtrack.evidence.explanation.stability import StabilitySettings
from dualtrack.evidence.fairness.alternatives import AlternativesSettings
from dualtrack.evidence.fairness.attributes import AttributeSettings
from dualtrack.evidence.fairness.calibration_within import CalibrationSettings as WithinSettings
from dualtrack.evidence.fairness.consistency import ConsistencySettings as AlikeSettings
from dualtrack.evidence.fairness.flips import FlipSettings
from dualtrack.evidence.fairness.frontier import FrontierSettings
from dualtrack.evidence.fairness.group_rates import GroupSettings
from dualtrack.evidence.fairness.mitigation import MitigationSettings
from dualtrack.evidence.fairness.proxies import ProxySettings
from dualtrack.evidence.performance.binned_calibration import CalibrationSettings
from dualtrack.evidence.performance.binned_discrimination import DiscriminationSettings
from dualtrack.evidence.performance.confusion import ConfusionSettings
from dualtrack.evidence.performance.cost_curve import CostSettings
from dualtrack.evidence.performance.discrimination_difference import DifferenceSettings
from dualtrack.evidence.performance.error import ErrorSettings
from dualtrack.evidence.performance.lift import LiftSettings
from dualtrack.evidence.performance.segments import SegmentSettings
from dualtrack.evidence.plans.records import Gate
from dualtrack.evidence.provenance.licences import LicenceSettings
from dualtrack.evidence.provenance.overlap import OverlapSettings
from dualtrack.evidence.provenance.reservations import ReservationSettings
from dualtrack.evidence.quality.accuracy import AccuracySettings, Codes, Range, Verified
from dualtrack.evidence.quality.completeness import CompletenessSettings
from dualtrack.evidence.quality.consistency import ConsistencySettings, Rule
from dualtrack.evidence.quality.duplicates import DuplicateSettings
from dualtrack.evidence.quality.leakage import LeakageSettings
from dualtrack.evidence.quality.leaks import Known
from dualtrack.evidence.quality.timeliness import TimelinessSettings
from dualtrack.evidence.robustness.boundary import BoundarySettings
from dualtrack.evidence.robustness.controls import ControlSettings
from dualtrack.evidence.robustness.gaps import GapSettings, RangeSettings
from dualtrack.evidence.robustness.paraphrase import ParaphraseSettings
from dualtrack.evidence.robustness.perturbation import NoiseSettings
from dualtrack.evidence.robustness.poisoning import PoisonSettings
from dualtrack.evidence.robustness.repeats import RepeatSettings
from dualtrack.evidence.sample import Roles, Sample, make_sample
from dualtrack.evidence.security.canary import CanarySettings
from dualtrack.evidence.security.injection import InjectionSettings
from dualtrack.evidence.security.membership import MembershipSettings

if TYPE_CHECKING:
    from dualtrack.domain.records import Record


class Case(NamedTuple):
    """What a measure is tried on. `gate` is generous: the case's own good sample meets it, or it is None (nothing is good).

    `whole` names the column whose rows of one value stay together in a shard; `halves` says that the reference comes in shards, too.
    """

    columns: Columns
    roles: Roles
    settings: Record
    gate: Gate | None = None
    reference: Columns | None = None
    model: Any = None
    whole: str | None = None
    halves: bool = False

    def sample(self) -> Sample:
        """Return the sample of the case."""
        reference = None if self.reference is None else make_sample(self.reference, self.roles, digest=DIGEST)
        return make_sample(self.columns, self.roles, reference=reference, model=self.model, digest=DIGEST)


_MINUTES = Plan(unit="minutes", direction="lower is better", effect=1.0)
_BRIER = Plan(unit="squared error", direction="lower is better", effect=0.001)
_BENEFIT = Gate(topic="benefit")


def _component(name: str) -> Component:
    return Component(id=name, type=ComponentType.DATA_SET, name=name, version="1", licence="MIT", reservation="none")


def _target(value: float, **pick: Any) -> Gate:
    return Gate(topic="predictive_performance", target=value, pick=pick)


def _limit(value: float, **pick: Any) -> Gate:
    return Gate(topic="predictive_performance", limit=value, pick=pick)


@cache
def cases() -> dict[str, Case]:
    """Return the case of each measure by its name."""
    return {**_of_lending(), **_of_desk(), **_of_answers(), **_others()}


def _of_lending() -> dict[str, Case]:
    columns, earlier = lending(240, 1), lending(240, 2)
    in_pairs = {"benefit.paired", "benefit.sequential"}
    return {
        name: Case(
            columns,
            PAIRS if name in in_pairs else LENDING,
            settings,
            gate,
            earlier,
            Linear(),
            "customer",
            name.startswith("drift."),
        )
        for name, (settings, gate) in (_benefit_to_fairness(earlier) | _performance_to_security()).items()
    }


def _benefit_to_fairness(earlier: Columns) -> dict[str, tuple[Record, Gate | None]]:
    edges = reference_edges({name: earlier[name] for name in ("a", "b", "race")}, bins=40)
    scores = reference_edges({"score": earlier["score"]}, bins=40)
    flips = FlipSettings(attribute="sex", levels=(1.0, 2.0), sets={"sex": (1.0, 2.0)}, threshold=0.4, rows_max=240)
    return {
        "benefit.capture": (
            CaptureSettings(
                plan=Plan(unit="share of outcomes", direction="higher is better", effect=0.05), capacity=0.3
            ),
            _BENEFIT,
        ),
        "benefit.paired": (PairedSettings(plan=_BRIER, compare="brier"), _BENEFIT),
        "benefit.sequential": (
            SequentialSettings(plan=_BRIER, compare="brier", kind="asymptotic", rows_planned=240),
            _BENEFIT,
        ),
        "drift.columns": (edges, _limit(0.3)),
        "drift.ks-exact": (KsSettings(columns=("a", "b")), _limit(0.3)),
        "drift.performance": (PerformanceSettings(threshold=0.4, bins=50), _target(0.5)),
        "drift.score": (scores, _limit(0.3)),
        "explanation.agreement": (AgreementSettings(top=2, rows=240), _target(0.2)),
        "explanation.fidelity": (FidelitySettings(top=1, repeats=2, rows=240), _target(0.5)),
        "explanation.monotonicity": (MonotonicitySettings(directions={"a": "up"}, steps=5, rows=240), _limit(0.2)),
        "explanation.sparsity": (SparsitySettings(share=0.8, rows=240), _limit(3.9)),
        "explanation.stability": (StabilitySettings(noise=0.05, top=2, repeats=2, rows=240), _target(0.5)),
        "fairness.alternatives": (
            AlternativesSettings(
                attribute="sex", share=0.5, favourable="low", auc_loss_max=0.05, candidates=2, trees_max=4
            ),
            None,
        ),
        "fairness.attributes": (AttributeSettings(on="2026-11-27"), None),
        "fairness.calibration-within-groups": (WithinSettings(bins=5), _limit(0.9)),
        "fairness.consistency": (AlikeSettings(persons_max=100), _target(0.3)),
        "fairness.counterfactual-flips": (flips, _limit(0.6)),
        "fairness.frontier": (FrontierSettings(bins=50, points=5, bound=0.5), None),
        "fairness.groups": (GroupSettings(by=(("sex",), ("race",))), _limit(0.9)),
        "fairness.mitigation": (MitigationSettings(threshold=0.4, bound=0.5, bins=50), _limit(0.9)),
        "fairness.proxies": (
            ProxySettings(bins=5, edges={"a": (-1.0, 0.0, 1.0), "b": (-1.0, 0.0, 1.0), "c": (0.0,)}),
            _limit(0.9),
        ),
    }


def _performance_to_security() -> dict[str, tuple[Record, Gate | None]]:
    return {
        "performance.calibration": (CalibrationSettings(bins=100, groups=5), _limit(0.5)),
        "performance.confusion": (ConfusionSettings(), _target(0.2)),
        "performance.cost-curve": (
            CostSettings(cost_false_positive=1.0, cost_false_negative=3.0, unit="HKD", threshold=0.4, bins=100),
            _limit(0.6),
        ),
        "performance.discrimination": (DiscriminationSettings(bins=200), _target(0.5)),
        "performance.discrimination-difference": (DifferenceSettings(bins=50), _target(0.0)),
        "performance.error": (ErrorSettings(unit="share"), _limit(0.9)),
        "performance.lift": (LiftSettings(shares=(0.2,), bins=100), _target(1.0, measure="lift.lift")),
        "performance.segments": (SegmentSettings(by=("race",), metrics=("auc",)), _target(0.4)),
        "quality.accuracy": (
            AccuracySettings(
                verified=(Verified(column="a", truth="checked"),),
                ranges=(Range(column="b", low=-9, high=9),),
                codes=(Codes(column="race", allowed=("northern people", "southern people", "western people")),),
            ),
            _target(0.5),
        ),
        "quality.completeness": (CompletenessSettings(), _target(0.5)),
        "quality.consistency": (
            ConsistencySettings(rules=(Rule(id="band", form="not_above", columns=("low", "high")),)),
            _target(0.5),
        ),
        "quality.duplicates": (DuplicateSettings(columns=FEATURES), _limit(0.5)),
        "quality.leakage": (
            LeakageSettings(known=(Known(feature="a", column="known"),), alone_auc_max=0.95),
            _limit(0.5),
        ),
        "quality.timeliness": (TimelinessSettings(at="2026-06-01T00:00:00Z", age_days_max=60), _target(0.5)),
        "robustness.boundary": (BoundarySettings(threshold=0.4, rows=240, others=8, halvings=6), _target(0.001)),
        "robustness.missing-fields": (GapSettings(threshold=0.4, rows=240), _limit(0.9)),
        "robustness.out-of-range": (RangeSettings(threshold=0.4, beyond=1.0, rows=240), _limit(1.0)),
        "robustness.perturbation": (NoiseSettings(noise=0.05, threshold=0.4, repeats=2, rows=240), _limit(0.5)),
        "robustness.poisoned-labels": (PoisonSettings(share=0.1, trainer="measure_worlds:train"), _limit(0.1)),
        "robustness.random-model": (ControlSettings(repeats=10), _limit(0.6)),
        "robustness.retrain": (RepeatSettings(threshold=0.4, trainer="measure_worlds:train", trainings=3), _limit(0.7)),
        "robustness.seed": (RepeatSettings(threshold=0.4, trainer="measure_worlds:train", trainings=3), _limit(0.7)),
        "robustness.shuffled-labels": (
            ControlSettings(trainer="measure_worlds:train", repeats=10),
            _limit(0.8),
        ),
        "security.membership-inference": (MembershipSettings(), _limit(0.5)),
    }


def _of_desk() -> dict[str, Case]:
    columns = desk(320, 3)
    stated = Assumed(low=20, likely=40, high=80, source="meter of the test bench")
    grid = Assumed(low=0.4, likely=0.6, high=0.7, source="factor of the test bench")
    starts = "2026-03-01T00:00:00Z"

    def case(settings: Record, gate: Gate | None, whole: str | None = "customer", **roles: Any) -> Case:
        return Case(columns, Roles(**roles), settings, gate, None, None, whole)

    return {
        "benefit.before-after": case(
            BeforeAfterSettings(plan=_MINUTES, changed_at="2026-03-10T12:00:00Z", period_hours=12, trend=False),
            _BENEFIT,
            label="by_day",
            time="time",
        ),
        "benefit.cost-and-minutes": case(
            MinutesSettings(plan=_MINUTES, design="paired"),
            _BENEFIT,
            score="with_ai",
            baseline="without",
            cluster="customer",
        ),
        "benefit.energy": case(
            EnergySettings(watts=stated, grid_kg_per_kwh=grid), _limit(1.0), label="seconds", cluster="customer"
        ),
        "benefit.switchback": case(
            SwitchbackSettings(plan=_MINUTES, starts_at=starts, period_hours=12, carry_over_periods=0),
            _BENEFIT,
            label="by_turn",
            time="time",
            arm="turn",
        ),
        "benefit.two-arm": case(
            TwoArmSettings(plan=_MINUTES, outcome="mean", share_expected=0.5, mismatch_level=0.001),
            _BENEFIT,
            label="by_lot",
            arm="lot",
            cluster="customer",
        ),
    }


def _of_answers() -> dict[str, Case]:
    columns = answers(90, 4)
    corpus = {
        **columns,
        "sources": np.array(
            [f"Another text about harbours, number {at}, of no account." for at in range(90)], dtype=object
        ),
    }
    roles = Roles(question="asked", answer="said", expected="fee", passages="sources", cluster="asked")
    short = Roles(question="asked", answer="short", expected="fee", cluster="asked")

    def case(settings: Record, gate: Gate | None, chosen: Roles = roles) -> Case:
        return Case(columns, chosen, settings, gate, corpus, None, "asked")

    return {
        "answers.citation": case(CitationSettings(), _target(0.5)),
        "answers.consistency": case(AnswersSettings(alike=0.5), _limit(0.5)),
        "answers.exact": case(ExactSettings(), _target(0.5), short),
        "answers.faithfulness": case(FaithfulnessSettings(coverage=0.5), _limit(0.5)),
        "answers.flagged": case(FlaggedSettings(), _limit(0.9), Roles(label="wrong", cluster="asked")),
        "answers.numeric": case(NumericSettings(relative_tolerance=0.001), _target(0.5), short),
        "provenance.overlap": case(OverlapSettings(span_min=12), _limit(500)),
        "robustness.paraphrase": case(ParaphraseSettings(), _target(0.5)),
        "security.canary-leakage": case(CanarySettings(canaries=CANARIES, near_chars=10), _limit(0.5)),
    }


def _others() -> dict[str, Case]:
    columns, tried = lending(40, 5), attempts(200, 6)
    components = tuple(_component(f"part-{at}") for at in range(40))
    return {
        "provenance.licences": Case(
            columns, LENDING, LicenceSettings(components=components, purposes=("commercial",)), _target(0.5)
        ),
        "provenance.reservations": Case(columns, LENDING, ReservationSettings(components=components), _target(0.5)),
        "security.injection": Case(
            tried,
            Roles(label="outcome", attributes=("family", "language", "state_changing"), cluster="template"),
            InjectionSettings(attack_set="test attacks"),
            _limit(0.5),
            whole="template",
        ),
    }
