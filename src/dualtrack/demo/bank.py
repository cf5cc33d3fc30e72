"""The demo bank's three measured uses: claims as registered, releases, computed evidence, fictional approvals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.demo.attestations import as_predicate, demo_attestations
from dualtrack.demo.firms import HOLDERS, signer_of
from dualtrack.demo.measured import Planned, item_result, measure_release, plan_use, train_use
from dualtrack.demo.running import runtime_policy
from dualtrack.domain.canonical import digest
from dualtrack.domain.evidence import PREDICATE_TYPE, STATEMENT_TYPE, Predicate, Statement, Subject, SubjectDigest
from dualtrack.domain.ids import firm_digest, use_digest
from dualtrack.domain.release import Policy, Release, ReleaseComponent
from dualtrack.domain.templates import read_template
from dualtrack.evidence.demo import learner
from dualtrack.evidence.demo.portfolio import load_portfolio
from dualtrack.evidence.demo.uses import COLLECTION, EARLY_CONTACT, PROVISIONING, Use
from dualtrack.runtime.models import keep_artifact
from dualtrack.runtime.policy_check import examine_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.demo.attestations import Attestation
    from dualtrack.domain.usecase import UseCase
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.plans.running import PlanRun
    from dualtrack.store.register import Register
    from dualtrack.store.store import Store

__all__ = ["MEASURED", "MeasuredUse", "attest_firm", "evidence_for", "measured_declarations", "plan_and_train"]

MEASURED: dict[str, Use] = {"risk-bank": PROVISIONING, "service-bank": EARLY_CONTACT, "workflow-bank": COLLECTION}
"""Templates of the bank whose use is measured in the run."""


class MeasuredUse(NamedTuple):
    """A use with its plan, its trained model and data, and, once its release was measured, the results."""

    template: str
    planned: Planned
    run: PlanRun | None = None

    @property
    def use(self) -> Use:
        """The use."""
        return self.planned.use

    @property
    def benefit(self) -> Measurement:
        """The measured effect over the baseline."""
        assert self.run is not None
        _, measured = item_result(self.run, "benefit")
        assert measured is not None
        return measured


def measured_declarations(institution: str) -> dict[str, UseCase]:
    """Return the three declarations, with the claim as the measurement will test it: registered before it."""
    declarations = {}
    for template, use in MEASURED.items():
        use_case = read_template(template, institution)
        claims = [
            msgspec.structs.replace(
                claim, statement=use.claim, baseline=use.baseline, minimum=use.plan.effect, unit=use.plan.unit
            )
            if claim.primary
            else claim
            for claim in use_case.claims
        ]
        declarations[template] = msgspec.structs.replace(use_case, claims=claims)
    return declarations


def plan_and_train(
    store: Store, register: Register, declarations: dict[str, UseCase], step: Callable[[str], None]
) -> list[MeasuredUse]:
    """Register the three plans, then train the three models: in this order, as the ledger shows."""
    collector = signer_of(store, register.institution, "collector")
    plans = {
        template: plan_use(register, use, declarations[template].use, collector) for template, use in MEASURED.items()
    }
    book = load_portfolio()
    trained = []
    for template, use in MEASURED.items():
        step(use.title.en)
        trained.append(MeasuredUse(template, train_use(use, plans[template], book)))
    return trained


def attest_firm(store: Store, register: Register, taken_at: str) -> None:
    """Add the fictional statements about the bank itself."""
    subject = Subject(name=register.institution, digest=SubjectDigest(sha256=firm_digest(register.institution)))
    for item in demo_attestations().firm:
        _add(store, register, item, subject, taken_at)


def evidence_for(
    store: Store, register: Register, measured: MeasuredUse, use_case: UseCase, taken_at: str
) -> MeasuredUse:
    """Release a use, measure the release by its plan, and add the fictional statements; returns the use with its results."""
    developer = signer_of(store, register.institution, "developer")
    keep_artifact(store.workspace.path("models"), measured.planned.prepared.model.artifact())
    policy = runtime_policy(use_case.use, measured.use.slug)
    examine_policy(policy, where="policies.yaml")
    runtime = register.keep_policy(policy)
    release, _ = register.release(_release(use_case, measured, runtime), developer)
    about_release = Subject(name=use_case.use, digest=SubjectDigest(sha256=release))
    about_use = Subject(name=use_case.use, digest=SubjectDigest(sha256=use_digest(use_case.use)))
    collector = signer_of(store, register.institution, "collector")
    run = measure_release(register, measured.planned, release, taken_at, collector)
    statements = demo_attestations()
    items = list(statements.every_measured_use)
    if use_case.facts.get("individual_effect"):
        items += statements.uses_with_effect_on_people
    topics = register.case(use_case.use, release).topics
    for item in items:
        subject = about_release if topics[item.topic].about == "release" else about_use
        _add(store, register, item, subject, taken_at)
    return measured._replace(run=run)


def _add(store: Store, register: Register, item: Attestation, subject: Subject, taken_at: str) -> None:
    assert item.by in HOLDERS
    predicate = as_predicate(item, demo_attestations().note, taken_at)
    register.add_evidence(_statement(subject, predicate), [signer_of(store, register.institution, item.by)])


def _statement(subject: Subject, predicate: Predicate) -> Statement:
    return Statement(type_=STATEMENT_TYPE, subject=[subject], predicate_type=PREDICATE_TYPE, predicate=predicate)


def _release(use_case: UseCase, measured: MeasuredUse, runtime: str) -> Release:
    """Pin what really ran: the model as trained, the data as loaded, the training code as installed."""
    prepared = measured.planned.prepared
    digests = {"model": prepared.model.release_digest, "training-data": prepared.data_digest}
    code = digest(Path(learner.__file__).read_bytes())
    return Release(
        use=use_case.use,
        components=[
            ReleaseComponent(id=part.id, digest=digests[part.id]) for part in use_case.components if part.id in digests
        ],
        code=code,
        policy=Policy(guards=["input_schema"], durability="buffered", runtime=runtime),
        builders=["developer"],
        note="DEMO: trained in this run on public data; the bank is fictional",
    )
