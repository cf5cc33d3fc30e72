"""Gather an assurance report from the ledger: the newest plan, its newest results for a release, and everything beside them.

Of several results of one item the newest counts here as it does in assessments; the earlier ones stand in the history. The
instant of every judgement is that of the newest entry, so that the same ledger gives the same report on any day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry, read_leaf
from dualtrack.domain.institution import KeyGrant
from dualtrack.domain.records import read_record
from dualtrack.errors import NotFoundError
from dualtrack.evidence.plans.recording import newest_plan, results_of
from dualtrack.evidence.plans.running import gated_measurement
from dualtrack.evidence.registry import measures
from dualtrack.evidence.reporting.not_tested import not_tested
from dualtrack.evidence.reporting.records import REPORT_FORMAT, AssuranceReport, HistoryLine, ItemReport, PlanHead
from dualtrack.keys import dsse
from dualtrack.present.text import same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.records import Text
    from dualtrack.evidence.plans.recording import Registered
    from dualtrack.evidence.plans.records import MeasurementResult
    from dualtrack.rules.records import Topic
    from dualtrack.store.register import Register

__all__ = ["assurance_report", "measure_title"]


def assurance_report(register: Register, use: str, release: str | None = None) -> AssuranceReport:
    """Return the report of a use's release, the newest if none is named; raises NotFoundError for a use or release not known."""
    wanted = release or register.latest_release(use)
    size = register.repository.size()
    as_of = read_leaf(register.repository.leaves(size - 1, size)[0]).recorded_at
    case = register.case(use, wanted, at=as_of)
    declared = case.found.declaration
    if declared is None:
        raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
    if release is not None and case.found.release is None:
        raise NotFoundError(f"{use} has no release {release[:16]}", fix=f"see `dualtrack release {use}`")
    plan, found = newest_plan(register, use), results_of(register, use)
    made = _Maker(register, _holders(register), case.topics)
    shown = _newest(found, plan, wanted, _payload_digest(register, plan.reference.index) if plan else "")
    planned = [made.item(index, result) for index, result in shown]
    free = [made.item(index, result) for index, result in reversed(found) if result.exploratory]
    used = {index for index, _ in shown}
    earlier = [pair for pair in reversed(found) if pair[0] not in used and not pair[1].exploratory]
    return AssuranceReport(
        format=REPORT_FORMAT,
        institution=register.institution,
        use=use,
        title=declared.title,
        release=wanted,
        demo=declared.demo or case.found.institution.demo or any(result.demo for _, result in shown),
        as_of=as_of,
        entries=size,
        plan=made.head(plan) if plan else None,
        items=planned,
        exploratory=free,
        history=[made.line(index, result) for index, result in earlier],
        not_tested=not_tested(case, plan.plan if plan else None, shown, as_of),
    )


def measure_title(name: str) -> Text:
    """Return the title of a measure; of one that is not installed here, its name."""
    found = measures().get(name)
    return found.title if found else same(name)


def _newest(
    found: Sequence[tuple[int, MeasurementResult]], plan: Registered | None, release: str | None, digest: str
) -> list[tuple[int, MeasurementResult]]:
    """Return the newest counting result of each planned item for the release, in the plan's order."""
    if plan is None:
        return []
    by_item = {
        result.item.id: (index, result)
        for index, result in found
        if not result.exploratory
        and result.release == release
        and result.plan is not None
        and (result.plan.index, result.plan.digest) == (plan.reference.index, digest)
    }
    return [by_item[item.id] for item in plan.plan.items if item.id in by_item]


def _payload_digest(register: Register, index: int) -> str:
    """Return the digest of a signed record as it stands in the ledger, byte for byte."""
    return canonical.digest(dsse.parse(register.repository.entry(index).content).payload)


def _holders(register: Register) -> dict[str, str]:
    """Return the holder of every key that was ever granted, revoked ones too: a signature stays its signer's."""
    found = register.repository.every(kinds=("key-grant/1",), ids=(register.institution,))
    grants = [
        read_record(canonical.decode(dsse.parse(entry.content).payload), KeyGrant, where=f"entry {entry.index}")
        for entry in found
        if isinstance(entry, Entry)
    ]
    return {grant.keyid: grant.holder for grant in grants}


class _Maker(NamedTuple):
    """Makes the report's lines from entries."""

    register: Register
    holders: Mapping[str, str]
    topics: Mapping[str, Topic]

    def head(self, plan: Registered) -> PlanHead:
        whole, reference = plan.plan, plan.reference
        return PlanHead(
            entry=reference.index,
            digest=_payload_digest(self.register, reference.index),
            recorded_at=reference.recorded_at,
            signed_by=self._signers(reference.index),
            title=whole.title,
            data=whole.data,
            items=len(whole.items),
            level=whole.level,
            seed=whole.seed,
            draws=whole.draws,
            cell_size_min=whole.cell_size_min,
            rows_min=whole.rows_min,
            variants=whole.variants,
        )

    def item(self, index: int, result: MeasurementResult) -> ItemReport:
        known = measures().get(result.item.measure)
        chosen = gated_measurement(result)
        topic = self.topics.get(result.item.gate.topic) if result.item.gate else None
        return ItemReport(
            entry=index,
            recorded_at=self.register.repository.entry(index).recorded_at,
            digest=_payload_digest(self.register, index),
            signed_by=self._signers(index),
            title=measure_title(result.item.measure),
            misleads=known.misleads if known else None,
            topic_title=topic.title if topic else None,
            chosen=next((at for at, each in enumerate(result.measurements) if each is chosen), None),
            result=result,
        )

    def line(self, index: int, result: MeasurementResult) -> HistoryLine:
        chosen = gated_measurement(result)
        return HistoryLine(
            entry=index,
            recorded_at=self.register.repository.entry(index).recorded_at,
            item=result.item.id,
            measure=result.item.measure,
            title=measure_title(result.item.measure),
            release=result.release,
            plan=result.plan.index if result.plan else None,
            standing=result.standing,
            n=chosen.n if chosen else None,
            estimate=chosen.estimate if chosen else None,
            low=chosen.low if chosen else None,
            high=chosen.high if chosen else None,
            level=result.level,
            data_digest=result.data_digest,
        )

    def _signers(self, index: int) -> list[str]:
        signed = dsse.parse(self.register.repository.entry(index).content).signatures
        return sorted(self.holders.get(each.keyid, each.keyid) for each in signed)
