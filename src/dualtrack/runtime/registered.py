"""MPF choices are for a registered intermediary: which decisions these are, and how the person reaches one.

Who is not registered may not advise on them (Cap. 485 section 34L), whoever has read the text. So nothing that a review
releases is given on such a decision, and the firm's contact stands beside the way to a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.domain.decision import GuardVerdict
    from dualtrack.domain.policy import RuntimePolicy

__all__ = ["MPF_GUARD", "human_contact", "needs_registered"]

MPF_GUARD = "mpf_choice"
"""The guard that finds these choices."""


def needs_registered(verdicts: Iterable[GuardVerdict]) -> bool:
    """Tell whether the guard of MPF choices fired on a decision, on what was asked or on what was answered."""
    return any(item.fired and item.guard == MPF_GUARD for item in verdicts)


def human_contact(policy: RuntimePolicy, verdicts: Iterable[GuardVerdict]) -> Text:
    """Return how to reach a person, on an MPF choice with the registered intermediary whom the policy names."""
    contact = policy.registered_intermediary
    if contact is UNSET or not needs_registered(verdicts):
        return policy.human
    return Text(en=f"{policy.human.en}\n{contact.en}", zh=f"{policy.human.zh}\n{contact.zh}")
