"""A use as the gate sees it: open, with all that a call needs, or closed, with why and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.decision import RunMode
    from dualtrack.domain.policy import ReviewMode, RuntimePolicy, Upstream
    from dualtrack.domain.records import Text
    from dualtrack.domain.release import Release
    from dualtrack.runtime.duties import Duties
    from dualtrack.runtime.fallback import RuleTable
    from dualtrack.runtime.guards.registry import CompiledGuard

__all__ = ["Closed", "LiveUse", "Snapshot"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveUse:
    """An open use. Seconds are Unix time; `review` is what the policy, the rules, the mode and signals together ask.

    `rules` answer where no model does. `standby` says that the use is on hold: only what is no AI answers. `holds` are all in
    force at the institution, as (scope, target): an answer of before may rest on what this use does not call any more.
    """

    use: str
    institution: str
    release: str
    released: Release
    permit: str | None
    permit_index: int | None
    policy: RuntimePolicy
    policy_digest: str
    mode: RunMode
    durable: bool
    from_s: float
    until_s: float
    review: ReviewMode
    review_why: str
    duties: Duties
    guards: tuple[CompiledGuard, ...]
    upstreams: tuple[Upstream, ...]
    decisions_max: int | None
    opted_out: frozenset[str]
    disclosure_digest: str | None
    would_refuse: str | None
    narrowed: tuple[str, ...]
    makers: tuple[str, ...]
    rules: RuleTable | None = None
    standby: bool = False
    holds: frozenset[tuple[str, str]] = frozenset()

    @property
    def streams(self) -> bool:
        """Tell whether an answer may be streamed to the client: never where a person must see it first."""
        return self.review != "hold" and self.mode != "shadow" and not self.standby


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A closed use: a stable code as `permit.none`, the reason, what to do, and what a person is told instead.

    `standby` is what still answers while the use is on hold: the governed fallback without AI, where the policy names one.
    """

    use: str
    code: str
    reason: str
    fix: str
    message: Text | None = None
    human: Text | None = None
    standby: LiveUse | None = None

    def refusal(self) -> RefusedError:
        """Return the error that a caller gets."""
        return RefusedError(self.reason, where=self.use, fix=self.fix, code=self.code)


class Snapshot(NamedTuple):
    """All uses of a workspace at one reading; `lease_until_s` is steady time. It is replaced whole, never changed."""

    uses: Mapping[str, LiveUse | Closed]
    lease_until_s: float
    sizes: Mapping[str, int]
