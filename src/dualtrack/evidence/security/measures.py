"""The measures of the family `security`, as registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.evidence.security.canary import CanaryLeakage
from dualtrack.evidence.security.injection import Injection
from dualtrack.evidence.security.membership import MembershipInference

if TYPE_CHECKING:
    from dualtrack.evidence.measure import Measure

__all__ = ["MEASURES"]

MEASURES: tuple[type[Measure[Any, Any]], ...] = (CanaryLeakage, Injection, MembershipInference)
