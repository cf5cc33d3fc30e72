"""The demo bank's three measured uses: claims as registered, releases, computed evidence, fictional approvals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.demo.attestations import as_predicate, demo_attestations
from dualtrack.demo.challenge import challenge_use
from dualtrack.demo.firms import HOLDERS, signer_of
from dualtrack.demo.measured import measured_predicates
from dualtrack.demo.quality import quality_fields
from dualtrack.demo.running import runtime_policy
from dualtrack.domain.canonical import digest
from dualtrack.domain.evidence import PREDICATE_TYPE, STATEMENT_TYPE, Predicate, Statement, Subject, SubjectDigest
from dualtrack.domain.ids import firm_digest, use_digest
from dualtrack.domain.release import Policy, Release, ReleaseComponent
from dualtrack.domain.templates import read_template
from dualtrack.domain.usecase import UseCase, primary_claim
from dualtrack.evidence.demo import learner
from dualtrack.evidence.demo.measuring import measure_use
from dualtrack.evidence.demo.portfolio import load_portfolio
from dualtrack.evidence.demo.uses import COLLECTION, DEMO_SEED, EARLY_CONTACT, PROVISIONING, Use
from dualtrack.evidence.tables import load_taiwan
from dualtrack.runtime.models import keep_artifact
from dualtrack.runtime.policy_check import examine_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.demo.attestations import Attestation
    from dualtrack.evidence.demo.learner import TrainedModel
    from dualtrack.evidence.demo.measuring import UseResult
    from dualtrack.evidence.demo.portfolio import Portfolio
    from dualtrack.store.register import Register
    from dualtrack.store.store import Store

__all__ = ["MEASURED", "MeasuredUse", "attest_firm", "evidence_for", "measure_all", "measured_declarations"]

MEASURED: dict[str, Use] = {"risk-bank": PROVISIONING, "service-bank": EARLY_CONTACT, "workflow-bank": COLLECTION}
"""Templates of the bank whose use is measured in the run."""


class MeasuredUse(NamedTuple):
    """A use with what the run measured of it, ready to be signed."""

    template: str
    use: Use
    result: UseResult
    predicates: list[Predicate]
    artifact: bytes


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


def measure_all(declarations: dict[str, UseCase], taken_at: str, step: Callable[[str], None]) -> list[MeasuredUse]:
    """Train and measure the three uses; everything is computed here, nothing is looked up."""
    fictional = demo_attestations()
    targets = fictional.targets
    book, table = load_portfolio(), load_taiwan()
    quality = quality_fields(table, target=targets.quality_least, answers=fictional.data_quality)
    measured = []
    for template, use in MEASURED.items():
        step(use.title.en)
        result, artifact = _measured(use, book, targets.cell_size_min)
        claim = primary_claim(declarations[template])
        assert claim is not None
        predicates = measured_predicates(
            use, claim.id, result, challenge_use(use, book, seed=DEMO_SEED), quality, targets, taken_at
        )
        measured.append(MeasuredUse(template, use, result, predicates, artifact))
    return measured


def _measured(use: Use, book: Portfolio, cell_size_min: int) -> tuple[UseResult, bytes]:
    """Measure a use; return the result with the model's own bytes, which are run later."""
    kept: list[bytes] = []

    def keep(model: TrainedModel) -> None:
        kept.append(model.artifact())

    result = measure_use(use, book, seed=DEMO_SEED, cell_size_min=cell_size_min, keep=keep)
    return result, kept[0]


def attest_firm(store: Store, register: Register, taken_at: str) -> None:
    """Add the fictional statements about the bank itself."""
    subject = Subject(name=register.institution, digest=SubjectDigest(sha256=firm_digest(register.institution)))
    for item in demo_attestations().firm:
        _add(store, register, item, subject, taken_at)


def evidence_for(store: Store, register: Register, measured: MeasuredUse, use_case: UseCase, taken_at: str) -> str:
    """Release a use and add its evidence: computed by the measuring service, the rest fictional; returns the release."""
    developer = signer_of(store, register.institution, "developer")
    keep_artifact(store.workspace.path("models"), measured.artifact)
    policy = runtime_policy(use_case.use, measured.use.slug)
    examine_policy(policy, where="policies.yaml")
    runtime = register.keep_policy(policy)
    release, _ = register.release(_release(use_case, measured, runtime), developer)
    about_release = Subject(name=use_case.use, digest=SubjectDigest(sha256=release))
    about_use = Subject(name=use_case.use, digest=SubjectDigest(sha256=use_digest(use_case.use)))
    collector = signer_of(store, register.institution, "collector")
    for predicate in measured.predicates:
        register.add_evidence(_statement(about_release, predicate), [collector])
    statements = demo_attestations()
    items = list(statements.every_measured_use)
    if use_case.facts.get("individual_effect"):
        items += statements.uses_with_effect_on_people
    topics = register.case(use_case.use, release).topics
    for item in items:
        subject = about_release if topics[item.topic].about == "release" else about_use
        _add(store, register, item, subject, taken_at)
    return release


def _add(store: Store, register: Register, item: Attestation, subject: Subject, taken_at: str) -> None:
    assert item.by in HOLDERS
    predicate = as_predicate(item, demo_attestations().note, taken_at)
    register.add_evidence(_statement(subject, predicate), [signer_of(store, register.institution, item.by)])


def _statement(subject: Subject, predicate: Predicate) -> Statement:
    return Statement(type_=STATEMENT_TYPE, subject=[subject], predicate_type=PREDICATE_TYPE, predicate=predicate)


def _release(use_case: UseCase, measured: MeasuredUse, runtime: str) -> Release:
    """Pin what really ran: the model as trained, the data as loaded, the training code as installed."""
    digests = {"model": measured.result.model_digest, "training-data": measured.result.data_digest}
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
