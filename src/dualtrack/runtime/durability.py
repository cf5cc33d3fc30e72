"""Which decisions must be on disk before an answer leaves: those for customers, and those of a high-risk use.

A firm may choose otherwise for a high-risk use that answers nobody outside: its release says buffered and its runtime policy
says why. Both are signed or pinned, so the choice stands in the ledger. For customers there is no choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from dualtrack.domain.vocabulary import Sector, Tier
from dualtrack.runtime.drafts import is_sfc_high_risk

if TYPE_CHECKING:
    from dualtrack.domain.assessment import TierLine
    from dualtrack.domain.forms import Durability
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.usecase import UseCase

__all__ = ["is_high_risk", "must_be_durable"]

_LICENSED = {Sector.LICENSED_CORPORATION, Sector.VA_DEALER}
"""Whom 24EC55 binds."""


def is_high_risk(tier: TierLine, declared: UseCase) -> bool:
    """Tell whether a use counts as high-risk: by a pack's table of tiers, or in the sense of 24EC55 paragraph 8.

    Where no adopted pack has such a table the tier is the highest for want of one; that says nothing of this use.
    """
    by_table = tier.value is Tier.HIGH and tier.pack is not None
    return by_table or (declared.sector in _LICENSED and is_sfc_high_risk(declared))


def must_be_durable(released: Durability, policy: RuntimePolicy, *, high_risk: bool) -> bool:
    """Tell whether a live use, released as durable or buffered, runs durable."""
    if released == "durable" or policy.audience == "customers":
        return True
    return high_risk and policy.buffered_because is UNSET
