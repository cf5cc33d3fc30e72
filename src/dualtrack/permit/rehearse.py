"""Rehearsals: the same case with one rule pack in place of another, so that a change is seen before it is adopted.

Nothing is recorded. Evidence is admitted again, because topics travel with packs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.institution import PackAdoption
from dualtrack.domain.time import format_instant
from dualtrack.permit.assess import Case, merge_topics
from dualtrack.permit.evidence_check import Subjects, admit_evidence

if TYPE_CHECKING:
    from dualtrack.rules.pack import Pack

__all__ = ["with_pack_instead"]


def with_pack_instead(case: Case, removed: str, pack: Pack) -> Case:
    """Return the case with `pack` adopted and the pack of id `removed` not; raises PackError where topics clash."""
    kept = [item for item in case.packs if item.id not in {removed, pack.id}]
    packs = sorted([*kept, pack], key=lambda item: item.id)
    adopted = {name: item for name, item in case.found.adopted.items() if name not in {removed, pack.id}}
    adopted[pack.id] = PackAdoption(
        pack=pack.id,
        version=pack.data.version,
        digest=pack.digest,
        action="adopt",
        decided_at=format_instant(case.at),
    )
    found = case.found._replace(adopted=adopted)
    topics = merge_topics(packs)
    admitted, lines = admit_evidence(found, topics, Subjects.of(found.institution.id, case.use, case.release))
    return case._replace(found=found, packs=packs, topics=topics, admitted=admitted, lines=lines)
