"""Release: the frozen digest of the components, code and policy that run together. Evidence is about a release."""

from __future__ import annotations

from dualtrack.domain.records import Record

__all__ = ["Policy", "Release", "ReleaseComponent"]


class ReleaseComponent(Record, frozen=True):
    """A component of the declaration, pinned by digest."""

    id: str
    digest: str


class Policy(Record, frozen=True):
    """What the runtime is configured to enforce on every decision of this release."""

    guards: list[str] = []
    disclosure: bool = False
    review_before_release: bool = False
    opt_out: bool = False
    durability: str = "durable"


class Release(Record, frozen=True):
    """One release; its id is the SHA-256 of its signed payload bytes. `builders` are holders who built it."""

    use: str
    components: list[ReleaseComponent]
    code: str
    policy: Policy
    builders: list[str] = []
    note: str = ""
