"""Shadow and trial permits rest on a registered plan to get the missing evidence (docs/assessment.md, section 8).

A plan is used once: without new evidence for the claim it was to measure, it gives no further mode.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from dualtrack.domain.assessment import PlanLine
from dualtrack.domain.bounds import PLAN_DAYS_MAX, TRIAL_DECISIONS_MAX
from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.domain.vocabulary import Mode
from dualtrack.errors import DualtrackError
from dualtrack.permit.facts import builders, newest_by_topic
from dualtrack.rules.catalogue import BUILT_IN_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dualtrack.permit.admission import PastPermit, Walk
    from dualtrack.permit.evidence_check import Admitted

__all__ = ["granted_plan"]


def granted_plan(
    admitted: Sequence[Admitted], found: Walk, release: str, at: datetime
) -> tuple[Mode | None, PlanLine | None]:
    """Return the mode and plan that the newest registered plan gives at `at`, or (None, None)."""
    item = newest_by_topic(admitted).get("trial_plan")
    if item is None or item.holders & builders(found):
        return None, None
    fields = item.predicate.fields
    mode, until, decisions = fields["mode"], fields["until"], fields["decisions_max"]
    claims = {claim.id for claim in found.declaration.claims} if found.declaration else set()
    if mode not in {Mode.SHADOW.value, Mode.TRIAL.value} or fields["measures"] not in claims:
        return None, None
    if not isinstance(decisions, int) or not 1 <= decisions <= TRIAL_DECISIONS_MAX:
        return None, None
    try:
        end = parse_instant(f"{until}T00:00:00Z")
    except DualtrackError:
        return None, None
    too_long = end - parse_instant(item.predicate.taken_at) > timedelta(days=PLAN_DAYS_MAX)
    if end <= at or too_long or _used_up(admitted, found.permits, release, fields["measures"]):
        return None, None
    return Mode(mode), PlanLine(index=item.index, decisions_max=decisions, until=format_instant(end))


def _used_up(admitted: Sequence[Admitted], permits: Sequence[PastPermit], release: str, claim: object) -> bool:
    used = [
        past.index
        for past in permits
        if past.permit.release == release and past.permit.mode in {Mode.SHADOW, Mode.TRIAL}
    ]
    if not used:
        return False
    # The built-in topics are decisions, not observations: another decision does not renew a trial.
    return not any(
        item.index > used[-1] and item.predicate.claim == claim and item.predicate.topic not in BUILT_IN_NAMES
        for item in admitted
    )
