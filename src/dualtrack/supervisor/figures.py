"""Every planned number and every price of a bundle computed again from its sufficient statistics, without a row of any customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.evidence import Statement
from dualtrack.domain.records import read_record
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.evidence.plans.recomputing import recompute_evidence
from dualtrack.evidence.plans.records import PLAN_KIND, MeasurementPlan
from dualtrack.evidence.pricing.recomputing import TOPIC as PRICE_TOPIC
from dualtrack.evidence.pricing.recomputing import recompute_price
from dualtrack.keys import dsse

if TYPE_CHECKING:
    from dualtrack.domain.entry import Entry
    from dualtrack.evidence.plans.recomputing import Recomputed
    from dualtrack.permit.bundle import Bundle

__all__ = ["Figure", "recompute_figures"]


class Figure(NamedTuple):
    """One measurement of a bundle: the entry, its topic, the plan's item (None without a plan), what came of it."""

    entry: int
    topic: str
    item: str | None
    found: Recomputed


def recompute_figures(bundle: Bundle) -> list[Figure]:
    """Compute every measurement in a bundle again, in the ledger's order. Whether the bundle itself holds is the verifier's part."""
    plans = {
        entry.index: read_record(_payload(entry), MeasurementPlan, where=f"entry {entry.index}")
        for entry in bundle.entries
        if entry.kind == PLAN_KIND
    }
    figures = []
    for entry in bundle.entries:
        if entry.kind != "evidence/1":
            continue
        predicate = read_record(_payload(entry), Statement, where=f"entry {entry.index}").predicate
        if predicate.kind not in {EvidenceKind.MEASUREMENT, EvidenceKind.CHALLENGE}:
            continue
        reference = predicate.statistics.get("plan")
        item = str(reference["item"]) if isinstance(reference, dict) and "item" in reference else None
        price = predicate.topic == PRICE_TOPIC
        found = recompute_price(predicate) if price else recompute_evidence(predicate, entry.index, plans)
        figures.append(Figure(entry.index, predicate.topic, item, found))
    return figures


def _payload(entry: Entry) -> object:
    return canonical.decode(dsse.parse(entry.content).payload)
